//! Parameters of alerting.

use hms_machine::Duration;

use crate::configuration::Conflict;
use crate::tunables::{hours, ms, parameters, secs};

parameters! {
    /// Parameters of alerts. Times of what people read after Prometheus' Alertmanager (30 s, 5 min, 4 h), shortened to what a machine's incident lasts.
    pub struct AlertConfiguration("alerts") {
        enabled: bool = switch(true),
            "Makes alerts from changes of health and hands them to supervisor, breakers and operators; off: nobody is told.";
        group_wait: Duration = duration(ms(1), hours(1), secs(1)),
            "Time for which a new group waits for more of its kind before the operator is told. Longer: fewer, fuller notifications, later.";
        group_interval: Duration = duration(ms(1), hours(1), secs(10)),
            "Least time between two notifications of one group to the operator.";
        repeat_interval: Duration = duration(secs(1), hours(720), hours(1)),
            "An alert that goes on for this long is told again.";
        inhibition: bool = switch(true),
            "An alert of a node keeps those of its agents quiet, one of a zone those of its nodes; off: everything is told.";
        rate_max: u32 = integer(1, 10_000, 50),
            "Most notifications to one receiver in a period; what is over waits, and is counted. Fewer: calmer in a storm, later.";
        rate_period: Duration = duration(ms(10), hours(1), secs(1)),
            "The period of the greatest rate.";
    }
}

impl AlertConfiguration {
    /// Rules that concern more than one parameter.
    pub fn conflicts(&self) -> Vec<Conflict> {
        let mut conflicts = Vec::new();
        if self.repeat_interval < self.group_interval {
            conflicts.push(Conflict {
                names: ["alerts.repeat_interval", "alerts.group_interval"],
                message: format!(
                    "alerts.repeat_interval ({}) must be at least alerts.group_interval ({}): a group is not told more often than that",
                    self.repeat_interval, self.group_interval
                ),
            });
        }
        conflicts
    }
}
