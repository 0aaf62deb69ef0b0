//! What the stack costs, and which part of it.

use hms_machine::{Component, Duration};
use hms_scenario::model::Scenario;
use hms_sim::world::SeriesRow;

use crate::statistics::ratio;

/// Shares of the capacity and of the traffic of the cluster, over the time that the series covers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Overhead {
    /// CPU time of the stack / CPU time of the hosts (cores x time).
    pub cpu: Option<f64>,
    /// Bytes of the stack's messages / bytes of all messages.
    pub bytes: Option<f64>,
    /// The same, for each of [`Component::ALL`]; `None` where the series does not tell them apart.
    pub by_component: [Shares; Component::ALL.len()],
}

/// Shares of one component.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Shares {
    /// Of the CPU time of the hosts.
    pub cpu: Option<f64>,
    /// Of the bytes of all messages.
    pub bytes: Option<f64>,
}

/// CPU time and bytes of each component in an interval.
type ByComponent = [(Duration, u64); Component::ALL.len()];

/// What an interval of the series tells of the components; `None` where it tells their sum only.
fn by_component(row: &SeriesRow) -> ByComponent {
    std::array::from_fn(|index| (row.stack_cpu_by[index], row.stack_bytes_by[index]))
}

/// Reads the figures off a series.
pub(crate) fn check(scenario: &Scenario, series: &[SeriesRow]) -> Overhead {
    let cores: u32 = scenario.cluster.hosts.iter().map(|host| host.cores).sum();
    let capacity = f64::from(cores) * series.last().map_or(0.0, |row| row.at.as_secs_f64());
    let sum = |read: fn(&SeriesRow) -> f64| series.iter().map(read).sum::<f64>();
    let bytes = sum(|row| row.stack_bytes as f64) + sum(|row| row.service_bytes as f64);
    let parts: Vec<ByComponent> = series.iter().map(by_component).collect();
    let share = |parts: &[ByComponent], component: Component| {
        let parts = || parts.iter().map(|row| row[component.index()]);
        Shares {
            cpu: ratio(parts().map(|(cpu, _)| cpu.as_secs_f64()).sum(), capacity),
            bytes: ratio(parts().map(|(_, bytes)| bytes as f64).sum(), bytes),
        }
    };
    Overhead {
        cpu: ratio(sum(|row| row.stack_cpu.as_secs_f64()), capacity),
        bytes: ratio(sum(|row| row.stack_bytes as f64), bytes),
        by_component: Component::ALL.map(|component| share(&parts, component)),
    }
}

impl Overhead {
    /// Share of the hosts' CPU time that a component takes; `None` where components are not told apart.
    pub fn cpu_of(&self, component: Component) -> Option<f64> {
        self.by_component[component.index()].cpu
    }
}
