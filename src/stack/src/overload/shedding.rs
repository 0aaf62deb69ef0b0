//! Load shedding at a server: which calls are let into the queue, so that what is worked on is still wanted when it is done.
//!
//! An overloaded server without shedding works on calls whose callers have gone, answers nobody, and stays so after the load has fallen (a
//! metastable failure; Bronson et al., HotOS'21). Three gates, each of which can be switched off:
//! - *deadline*: the wait is estimated as queue × mean service time / workers. A call that would not be answered before its deadline is
//!   refused while its caller can still go elsewhere, and one whose deadline has passed in the queue is dropped unworked (Google SRE book,
//!   ch. 22 "Addressing cascading failures").
//! - *delay*: where even the shortest wait of an interval was above a target, the queue is a standing one and only adds latency; calls that
//!   would wait more than twice the target are then refused (CoDel, Nichols and Jacobson, ACM Queue 2012, in the form for servers of
//!   Maurer, "Fail at scale", ACM Queue 2015). CoDel's fixed target fits packets; here it is at least `target_services` mean service times,
//!   and the interval twice that, so that slow services are not always "overloaded".
//! - *priority*: an admission level that sinks while the mean wait of an interval is above the target, and rises slowly when not (DAGOR,
//!   Zhou et al., "Overload control for scaling WeChat microservices", SoCC'18, §4.2). A call's level is its priority (0 highest to 3) and,
//!   within it, the rank of its user, so that one user's calls share a fate along a chain of services. As in the paper the level is found
//!   from a histogram of the levels seen, sinks to admit a share less and rises to admit a share more. Priority 0 is never refused by this
//!   gate.

use hms_machine::{Duration, Instant};

use crate::configuration::Conflict;
use crate::tunables::{mins, ms, parameters};

parameters! {
    /// Parameters of load shedding.
    pub struct SheddingConfiguration("shedding") {
        enabled: bool = switch(true),
            "Refuses calls that a server cannot answer in time; off: an overloaded server works on calls that nobody waits for.";
        by_deadline: bool = switch(true),
            "Refuses calls whose deadline would pass in the queue, and drops those whose deadline has.";
        margin: f64 = real(0.5, 4.0, 1.25),
            "The estimated wait is multiplied by this before it is held against a deadline. More: fewer calls that come too late, more refused in vain.";
        by_delay: bool = switch(true),
            "Refuses calls that would wait long while a queue stands.";
        target: Duration = duration(ms(1), mins(1), ms(20)),
            "A wait that is no sign of overload (DAGOR: 20 ms; CoDel: 5 ms). Shorter: shorter queues, bursts are refused.";
        target_services: f64 = real(1.0, 100.0, 20.0),
            "The target is at least this many mean service times, divided by the workers. Fewer: bursts are refused (one worker used to 80 % exceeds 20 in 1.5 % of the time, 10 in 11 %).";
        interval: Duration = duration(ms(10), mins(10), ms(100)),
            "How long the wait must have been above the target (CoDel: 100 ms); at least twice the target in use.";
        by_priority: bool = switch(false),
            "Refuses calls of low priority while waits are long.";
        decrease: f64 = real(0.01, 0.5, 0.05),
            "Priority: share by which fewer calls are admitted after an interval of overload (DAGOR: 5 %).";
        increase: f64 = real(0.001, 0.5, 0.25),
            "Priority: share by which more calls are admitted after an interval without (DAGOR: 1 %, for intervals of a second and thousands of calls). Less: calls are kept out long after an overload.";
    }
}

impl SheddingConfiguration {
    /// Rules that concern more than one parameter.
    pub fn conflicts(&self) -> Vec<Conflict> {
        let message = || format!("shedding.interval ({}) must be at least shedding.target ({})", self.interval, self.target);
        let names = ["shedding.interval", "shedding.target"];
        (self.interval < self.target).then(|| Conflict { names, message: message() }).into_iter().collect()
    }
}

/// A call that arrives at a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// 0 (highest) to 3; greater numbers count as 3.
    pub priority: u8,
    /// Any number that stays with the user or the trace; spread evenly, a hash.
    pub user: u64,
    /// When its caller stops waiting.
    pub deadline: Option<Instant>,
}

/// What the server looks like when a call arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// Calls that wait, without those being worked on.
    pub waiting: u32,
    /// Calls that can be worked on at a time; 0 counts as 1.
    pub workers: u32,
}

/// Whether a call may join the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It may.
    Admit,
    /// It is refused.
    Shed(Shed),
}

/// Why a call is not worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shed {
    /// It would not be answered before its deadline.
    Late,
    /// The queue stands, and it would wait too long.
    Delay,
    /// Its priority is too low for the present load.
    Priority,
}

/// Priorities.
const PRIORITIES: usize = 4;
/// Levels within a priority. DAGOR has 128 for users; fewer react as well where an interval sees some hundred calls.
const RANKS: usize = 32;
const LEVELS: usize = PRIORITIES * RANKS;
/// Share of a new service time in the mean (a memory of about 20 calls).
const SMOOTHING: f64 = 0.05;

/// The admission of one server.
#[derive(Clone, Debug)]
pub struct Shedder {
    configuration: SheddingConfiguration,
    /// Mean service time in nanoseconds; `None` before the first call has ended.
    service: Option<f64>,
    /// When the present interval ends.
    interval_ends: Instant,
    waits: Waits,
    /// Whether the queue stood in the last interval.
    standing: bool,
    /// Levels below this are admitted; at least those of priority 0.
    level: usize,
    /// Arrivals of the interval by level.
    seen: [u32; LEVELS],
}

/// Waits of the calls that were started in an interval.
#[derive(Clone, Copy, Debug, Default)]
struct Waits {
    count: u32,
    shortest: Duration,
    sum: Duration,
}

impl Shedder {
    /// A shedder that has seen nothing and admits all.
    pub fn new(configuration: SheddingConfiguration) -> Self {
        Shedder {
            configuration,
            service: None,
            interval_ends: Instant::ZERO,
            waits: Waits::default(),
            standing: false,
            level: LEVELS,
            seen: [0; LEVELS],
        }
    }

    /// Whether a call that arrives now may join the queue.
    pub fn admit(&mut self, arrival: Arrival, load: Load, now: Instant) -> Admission {
        if !self.configuration.enabled {
            return Admission::Admit;
        }
        self.turn(load.workers, now);
        let level = level_of(arrival);
        self.seen[level] += 1;
        // Nothing is refused while nothing waits: there is no overload to protect from.
        let queued = load.waiting > 0;
        let wait = self.expected_wait(load);
        let late =
            self.configuration.by_deadline && queued && arrival.deadline.is_some_and(|deadline| self.late(wait, deadline, now));
        let target = self.target(load.workers);
        if late {
            Admission::Shed(Shed::Late)
        } else if self.configuration.by_delay && self.standing && wait > target.saturating_mul(2) {
            Admission::Shed(Shed::Delay)
        } else if self.configuration.by_priority && queued && level >= self.level {
            Admission::Shed(Shed::Priority)
        } else {
            Admission::Admit
        }
    }

    /// A call leaves the queue after it `waited`. False: its deadline has passed, do not work on it.
    pub fn started(&mut self, waited: Duration, deadline: Option<Instant>, now: Instant) -> bool {
        let Waits { count, shortest, sum } = self.waits;
        let shortest = if count == 0 { waited } else { shortest.min(waited) };
        self.waits = Waits { count: count + 1, shortest, sum: sum.saturating_add(waited) };
        let dead = deadline.is_some_and(|deadline| deadline <= now);
        !(self.configuration.enabled && self.configuration.by_deadline && dead)
    }

    /// A call was worked on for this long, without its wait.
    pub fn finished(&mut self, service: Duration) {
        let nanos = service.as_nanos() as f64;
        self.service = Some(self.service.map_or(nanos, |mean| mean + SMOOTHING * (nanos - mean)));
    }

    /// Time that a call arriving at this load is expected to wait: zero before a service time is known.
    pub fn expected_wait(&self, load: Load) -> Duration {
        let per_call = self.service.unwrap_or(0.0) / f64::from(load.workers.max(1));
        Duration::from_nanos_f64(per_call * f64::from(load.waiting))
    }

    /// Whether the queue stood during the last interval.
    pub fn standing(&self) -> bool {
        self.standing
    }

    fn late(&self, wait: Duration, deadline: Instant, now: Instant) -> bool {
        let service = Duration::from_nanos_f64(self.service.unwrap_or(0.0));
        let needed = wait.saturating_add(service).mul_f64(self.configuration.margin);
        deadline.saturating_since(now) < needed
    }

    /// The target in use.
    fn target(&self, workers: u32) -> Duration {
        let services = self.configuration.target_services * self.service.unwrap_or(0.0) / f64::from(workers.max(1));
        self.configuration.target.max(Duration::from_nanos_f64(services))
    }

    /// Closes the interval if it is over.
    fn turn(&mut self, workers: u32, now: Instant) {
        if now < self.interval_ends {
            return;
        }
        let target = self.target(workers);
        let waits = std::mem::take(&mut self.waits);
        self.standing = waits.count > 0 && waits.shortest > target;
        let overloaded = waits.count > 0 && waits.sum / u64::from(waits.count) > target;
        self.move_level(overloaded);
        self.interval_ends = now.saturating_add(self.configuration.interval.max(target.saturating_mul(2)));
    }

    /// Sinks or raises the level so that of the calls seen a share fewer or more would have been admitted.
    fn move_level(&mut self, overloaded: bool) {
        let seen = std::mem::replace(&mut self.seen, [0; LEVELS]);
        let admitted: u32 = seen[..self.level].iter().sum();
        if overloaded {
            let fewer = f64::from(admitted) * self.configuration.decrease;
            let mut refused = 0.0;
            while self.level > RANKS && refused < fewer {
                self.level -= 1;
                refused += f64::from(seen[self.level]);
            }
        } else {
            // One level that is in use at least, or a level under which nobody calls would stay for ever.
            let more = f64::from(admitted) * self.configuration.increase;
            let mut welcomed = 0.0;
            while self.level < LEVELS && welcomed <= more {
                welcomed += f64::from(seen[self.level]);
                self.level += 1;
            }
        }
    }
}

fn level_of(arrival: Arrival) -> usize {
    let priority = usize::from(arrival.priority).min(PRIORITIES - 1);
    priority * RANKS + (arrival.user % RANKS as u64) as usize
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;

    use super::*;
    use crate::tunables::secs;

    const IDLE: Load = Load { waiting: 0, workers: 1 };

    fn at(millis: u64) -> Instant {
        Instant::from_nanos(millis * 1_000_000)
    }

    fn call(priority: u8, deadline: u64) -> Arrival {
        Arrival { priority, user: 0, deadline: Some(at(deadline)) }
    }

    fn waiting(waiting: u32) -> Load {
        Load { waiting, workers: 1 }
    }

    /// A server whose calls take 10 ms; with a target of 10 of them, 100 ms, and so an interval of 200 ms.
    fn server(configuration: SheddingConfiguration) -> Shedder {
        let mut shedder = Shedder::new(SheddingConfiguration { target_services: 10.0, ..configuration });
        shedder.finished(ms(10));
        shedder
    }

    /// Lets an interval pass in which every call waited for `wait` milliseconds.
    fn interval(shedder: &mut Shedder, from: u64, wait: u64) {
        shedder.admit(call(3, u64::MAX / 2_000_000), IDLE, at(from));
        (0..20).for_each(|step| {
            shedder.started(ms(wait), None, at(from + step));
        });
        shedder.turn(1, at(from + 200));
    }

    #[test]
    fn a_call_that_would_be_answered_too_late_is_refused_and_admitted_with_the_gate_off() {
        let mut on = server(SheddingConfiguration::default());
        // (30 + 1) × 10 ms × 1.25 = 387.5 ms.
        assert_eq!(on.admit(call(0, 387), waiting(30), at(0)), Admission::Shed(Shed::Late));
        assert_eq!(on.admit(call(0, 388), waiting(30), at(0)), Admission::Admit);
        assert_eq!(on.admit(call(0, 388), Load { waiting: 60, workers: 2 }, at(0)), Admission::Admit);
        assert!(!on.started(ms(400), Some(at(400)), at(400)));
        assert!(on.started(ms(400), Some(at(401)), at(400)));
        let mut off = server(SheddingConfiguration { by_deadline: false, ..SheddingConfiguration::default() });
        assert_eq!(off.admit(call(0, 1), waiting(30), at(0)), Admission::Admit);
        assert!(off.started(ms(400), Some(at(1)), at(400)));
    }

    #[test]
    fn a_standing_queue_is_cut_to_twice_the_target_and_a_burst_is_not() {
        let configuration = SheddingConfiguration { by_priority: false, ..SheddingConfiguration::default() };
        let mut shedder = server(configuration);
        interval(&mut shedder, 0, 90);
        assert_eq!(shedder.admit(call(0, 100_000), waiting(50), at(200)), Admission::Admit);
        interval(&mut shedder, 400, 110);
        assert_eq!(shedder.admit(call(0, 100_000), waiting(21), at(601)), Admission::Shed(Shed::Delay));
        assert_eq!(shedder.admit(call(0, 100_000), waiting(20), at(601)), Admission::Admit);
        // One call that did not wait: the queue has drained.
        shedder.started(ms(0), None, at(700));
        assert_eq!(shedder.admit(call(0, 100_000), waiting(50), at(900)), Admission::Admit);
    }

    #[test]
    fn long_waits_shut_out_low_priorities_first_and_never_the_highest() {
        let mut shedder =
            server(SheddingConfiguration { by_delay: false, by_priority: true, ..SheddingConfiguration::default() });
        let mut shut_out_at = [None; PRIORITIES];
        for round in 0..200u64 {
            let now = round * 200;
            shedder.turn(1, at(now));
            for user in 0..RANKS as u64 {
                for priority in 0..PRIORITIES as u8 {
                    let arrival = Arrival { priority, user, deadline: None };
                    if user == 0 && shedder.admit(arrival, waiting(1), at(now)) == Admission::Shed(Shed::Priority) {
                        shut_out_at[usize::from(priority)].get_or_insert(round);
                    }
                    shedder.admit(arrival, waiting(1), at(now));
                }
            }
            shedder.started(ms(500), None, at(now));
        }
        assert!(shut_out_at[3] < shut_out_at[2] && shut_out_at[2] < shut_out_at[1], "{shut_out_at:?}");
        assert!(shut_out_at[3].is_some());
        assert_eq!(shut_out_at[0], None);
        // Waits are short again: all priorities come back.
        for round in 200..1_000u64 {
            shedder.turn(1, at(round * 200));
            shedder.started(ms(1), None, at(round * 200));
        }
        assert_eq!(shedder.admit(call(3, 10_000_000), waiting(1), at(200_000)), Admission::Admit);
    }

    #[test]
    fn off_it_admits_all() {
        let mut off = server(SheddingConfiguration { enabled: false, ..SheddingConfiguration::default() });
        interval(&mut off, 0, 10_000);
        assert_eq!(off.admit(call(3, 0), waiting(10_000), at(1_000)), Admission::Admit);
        assert!(off.started(ms(9), Some(at(0)), at(1_000)));
    }

    #[test]
    fn an_interval_shorter_than_the_target_is_a_conflict() {
        let configuration = SheddingConfiguration { target: secs(1), ..SheddingConfiguration::default() };
        assert_eq!(configuration.conflicts()[0].names, ["shedding.interval", "shedding.target"]);
        assert_eq!(SheddingConfiguration::default().conflicts(), []);
    }

    #[test]
    fn the_complete_table_of_states_and_arrivals() {
        let mut unknown = Shedder::new(SheddingConfiguration::default());
        unknown.turn(1, at(600));
        let calm = server(SheddingConfiguration::default());
        let mut standing = server(SheddingConfiguration { by_priority: false, ..SheddingConfiguration::default() });
        interval(&mut standing, 400, 110);
        let mut low = server(SheddingConfiguration { by_delay: false, by_priority: true, ..SheddingConfiguration::default() });
        low.level = RANKS * 2;
        low.interval_ends = at(10_000);
        let mut table = String::new();
        let states = [("no service time known", unknown), ("calm", calm), ("standing queue", standing), ("low level", low)];
        for (state, shedder) in states {
            for queue in [0, 15, 30] {
                for priority in [0, 3] {
                    for left in [5, 250, 10_000] {
                        let verdict = shedder.clone().admit(call(priority, 600 + left), waiting(queue), at(600));
                        writeln!(table, "{state}, {queue} waiting, priority {priority}, {left} ms left: {verdict:?}")
                            .expect("a string");
                    }
                }
            }
        }
        insta::assert_snapshot!(table);
    }

    proptest! {
        #[test]
        fn a_longer_queue_or_a_nearer_deadline_never_helps(
            steps in prop::collection::vec((0u64..500, 0u64..100, 0u8..4, 0u64..64), 0..200),
            short in 0u32..50, more in 0u32..50, near in 0u64..2_000, further in 0u64..2_000, priority in 0u8..4,
        ) {
            let mut shedder = server(SheddingConfiguration { by_priority: true, ..SheddingConfiguration::default() });
            let mut now = 0;
            for (wait, gap, priority, user) in steps {
                now += gap;
                shedder.admit(Arrival { priority, user, deadline: None }, waiting(1), at(now));
                shedder.started(ms(wait), None, at(now));
            }
            let admits = |queue, left, priority| {
                shedder.clone().admit(call(priority, now + left), waiting(queue), at(now)) == Admission::Admit
            };
            prop_assert!(!admits(short + more, near, priority) || admits(short, near, priority));
            prop_assert!(!admits(short, near, priority) || admits(short, near + further, priority));
            prop_assert!(!admits(short, near, priority) || admits(short, near, priority.saturating_sub(1)));
            prop_assert!((RANKS..=LEVELS).contains(&shedder.level));
            prop_assert!(admits(0, 0, priority));
        }
    }
}
