//! A host's memory, which its agents share.
//!
//! Picture a tank into which every agent pours: a base amount from its start, more for each request that it holds, a
//! little that each request leaves behind for ever, and what a leak adds with time. When the tank overflows, the
//! largest agent is killed, as Linux's out-of-memory killer does with equal `oom_score_adj` (`mm/oom_kill.c`: the badness of a
//! process is essentially its resident size). There is no swap and no page cache, and the node's own software takes no part.
//!
//! Units. Bytes; leaks in bytes per second of true time. What leaked is kept in 10^-9 bytes, so it is exact at every
//! nanosecond; the host's usage is the exact sum, rounded down once to whole bytes.
//!
//! Contract. Usage changes by the calls, and by leaks as time passes. After every call the caller asks
//! [`Memory::oom_victim`], stops the victim until there is none, and re-arms one timer at [`Memory::next_exhaustion`]. All calls but
//! [`Memory::oom_victim`] on an overflowing tank take constant time.

use hms_machine::{Bytes, Instant};
use hms_scenario::model;

/// Parts of a byte in which leaks are counted: at a byte per second, one per nanosecond.
const BILLION: u128 = 1_000_000_000;

/// An agent's place among those of its host, 0 for the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgentSlot(pub usize);

/// The memory of one host.
#[derive(Clone, Debug)]
pub struct Memory {
    capacity: u64,
    /// Indexed by [`AgentSlot`]; `None` while the process does not run.
    agents: Vec<Option<Usage>>,
    /// What all agents occupy without leaks, bytes.
    plain: u128,
    /// What all of them have leaked.
    leaked: Leak,
}

/// What one process occupies.
#[derive(Clone, Debug)]
struct Usage {
    per_request: u128,
    growth: u128,
    /// Without the leak, bytes.
    plain: u128,
    live: u64,
    leaked: Leak,
}

/// An amount that grows steadily.
#[derive(Clone, Copy, Debug, Default)]
struct Leak {
    /// In 10^-9 bytes, true at `since`.
    amount: u128,
    since: u64,
    /// Bytes per second, which is 10^-9 bytes per nanosecond.
    rate: u128,
}

impl Leak {
    fn amount(&self, now: Instant) -> u128 {
        let elapsed = now.as_nanos().checked_sub(self.since).expect("memory was asked about the past");
        self.amount + self.rate * u128::from(elapsed)
    }

    fn settle(&mut self, now: Instant) {
        self.amount = self.amount(now);
        self.since = now.as_nanos();
    }
}

impl Memory {
    /// The memory of a host with this capacity and places for `agents` agents, none of which runs.
    pub fn new(capacity: Bytes, agents: usize) -> Self {
        Memory { capacity: capacity.0, agents: vec![None; agents], plain: 0, leaked: Leak::default() }
    }

    /// One more place, for an agent that comes to this host.
    pub fn add(&mut self) -> AgentSlot {
        self.agents.push(None);
        AgentSlot(self.agents.len() - 1)
    }

    /// The process of an agent starts and occupies its base.
    ///
    /// # Panics
    /// When it runs.
    pub fn start(&mut self, now: Instant, slot: AgentSlot, profile: &model::Memory) {
        let agent = &mut self.agents[slot.0];
        assert!(agent.is_none(), "agent {} of the host was started twice", slot.0);
        *agent = Some(Usage {
            per_request: u128::from(profile.per_request.0),
            growth: u128::from(profile.growth.0),
            plain: u128::from(profile.base.0),
            live: 0,
            leaked: Leak { since: now.as_nanos(), ..Leak::default() },
        });
        self.plain += u128::from(profile.base.0);
    }

    /// The process of an agent ends, and all that it occupied is free. Does nothing when it does not run.
    pub fn stop(&mut self, now: Instant, slot: AgentSlot) {
        if let Some(agent) = self.agents[slot.0].take() {
            self.plain -= agent.plain;
            self.leaked.settle(now);
            self.leaked.amount -= agent.leaked.amount(now);
            self.leaked.rate -= agent.leaked.rate;
        }
    }

    /// The host crashes: nothing runs.
    pub fn clear(&mut self, now: Instant) {
        self.agents.fill(None);
        self.plain = 0;
        self.leaked = Leak { since: now.as_nanos(), ..Leak::default() };
    }

    /// An agent takes a request into its queue or to a worker.
    ///
    /// # Panics
    /// When the agent does not run.
    pub fn request_begins(&mut self, slot: AgentSlot) {
        let agent = running(&mut self.agents, slot);
        agent.live += 1;
        agent.plain += agent.per_request;
        self.plain += agent.per_request;
    }

    /// A request has left an agent, whatever the result, and its growth stays behind.
    ///
    /// # Panics
    /// When the agent does not run or holds no request.
    pub fn request_ends(&mut self, slot: AgentSlot) {
        let agent = running(&mut self.agents, slot);
        agent.live = agent.live.checked_sub(1).expect("a request ended that had not begun");
        agent.plain = agent.plain - agent.per_request + agent.growth;
        self.plain = self.plain - agent.per_request + agent.growth;
    }

    /// From now on an agent leaks `rate` bytes per second, 0 for none. What has leaked stays until the process ends. The
    /// caller adds up faults that overlap, and sets the rate again after a restart; a stopped world does not leak.
    ///
    /// # Panics
    /// When the agent does not run.
    pub fn set_leak(&mut self, now: Instant, slot: AgentSlot, rate: Bytes) {
        let agent = running(&mut self.agents, slot);
        agent.leaked.settle(now);
        self.leaked.settle(now);
        self.leaked.rate = self.leaked.rate - agent.leaked.rate + u128::from(rate.0);
        agent.leaked.rate = u128::from(rate.0);
    }

    /// What all agents occupy, which may exceed the capacity.
    pub fn used(&self, now: Instant) -> Bytes {
        Bytes(u64::try_from(self.plain + self.leaked.amount(now) / BILLION).unwrap_or(u64::MAX))
    }

    /// What one agent occupies, rounded down to whole bytes; zero while it does not run.
    pub fn used_by(&self, now: Instant, slot: AgentSlot) -> Bytes {
        let exact = self.agents[slot.0].as_ref().map_or(0, |agent| agent.exact(now));
        Bytes(u64::try_from(exact / BILLION).unwrap_or(u64::MAX))
    }

    /// The size of the memory.
    pub fn capacity(&self) -> Bytes {
        Bytes(self.capacity)
    }

    /// Who is to be killed: while more is used than there is, the agent that occupies most, of equal ones the first.
    pub fn oom_victim(&self, now: Instant) -> Option<AgentSlot> {
        if self.used(now).0 <= self.capacity {
            return None;
        }
        let mut largest = None;
        for (slot, agent) in self.agents.iter().enumerate() {
            let Some(exact) = agent.as_ref().map(|agent| agent.exact(now)) else { continue };
            if largest.is_none_or(|(most, _)| exact > most) {
                largest = Some((exact, slot));
            }
        }
        largest.map(|(_, slot)| AgentSlot(slot))
    }

    /// The first instant, not before `now`, at which more is used than there is if everything stays as it is; `None` if leaks
    /// do not bring it about before the end of time.
    pub fn next_exhaustion(&self, now: Instant) -> Option<Instant> {
        let Some(room) = u128::from(self.capacity).checked_sub(self.plain) else { return Some(now) };
        let missing = ((room + 1) * BILLION).saturating_sub(self.leaked.amount(now));
        if missing == 0 {
            return Some(now);
        }
        if self.leaked.rate == 0 {
            return None;
        }
        let wait = u64::try_from(missing.div_ceil(self.leaked.rate)).ok()?;
        now.as_nanos().checked_add(wait).map(Instant::from_nanos)
    }
}

impl Usage {
    /// In 10^-9 bytes.
    fn exact(&self, now: Instant) -> u128 {
        self.plain * BILLION + self.leaked.amount(now)
    }
}

fn running(agents: &mut [Option<Usage>], slot: AgentSlot) -> &mut Usage {
    agents[slot.0].as_mut().expect("memory of a process that does not run")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const A: AgentSlot = AgentSlot(0);
    const B: AgentSlot = AgentSlot(1);
    const SECOND: u64 = 1_000_000_000;

    const fn at(nanos: u64) -> Instant {
        Instant::from_nanos(nanos)
    }

    fn profile(base: u64) -> model::Memory {
        model::Memory { base: Bytes(base), per_request: Bytes(10), growth: Bytes(1) }
    }

    /// Two agents of 100 and 200 bytes on a host of 1000.
    fn host() -> Memory {
        let mut memory = Memory::new(Bytes(1_000), 3);
        memory.start(at(0), A, &profile(100));
        memory.start(at(0), B, &profile(200));
        memory
    }

    #[test]
    fn an_agent_occupies_its_base_its_requests_and_what_they_left_behind() {
        let mut memory = host();
        (0..5).for_each(|_| memory.request_begins(A));
        (0..3).for_each(|_| memory.request_ends(A));
        assert_eq!(memory.used_by(at(0), A), Bytes(100 + 20 + 3));
        assert_eq!(memory.used(at(0)), Bytes(323));
        assert_eq!((memory.used_by(at(0), AgentSlot(2)), memory.capacity()), (Bytes(0), Bytes(1_000)));
    }

    #[test]
    fn a_restart_frees_everything_and_ends_the_leak() {
        let mut memory = host();
        memory.set_leak(at(0), A, Bytes(50));
        memory.request_begins(A);
        memory.stop(at(2 * SECOND), A);
        memory.stop(at(2 * SECOND), A);
        assert_eq!(memory.used(at(3 * SECOND)), Bytes(200));
        memory.start(at(4 * SECOND), A, &profile(100));
        assert_eq!((memory.used(at(9 * SECOND)), memory.next_exhaustion(at(9 * SECOND))), (Bytes(300), None));
    }

    #[test]
    fn a_leak_adds_its_rate_times_the_time_and_keeps_fractions_of_a_byte() {
        let mut memory = host();
        for millisecond in 0..1_000 {
            memory.set_leak(at(millisecond * 1_000_000), A, Bytes(millisecond % 2));
        }
        // Half of a second at a byte per second, in 500 pieces.
        memory.set_leak(at(SECOND), A, Bytes(1));
        assert_eq!(memory.used_by(at(SECOND + SECOND / 2 - 1), A), Bytes(100));
        assert_eq!(memory.used_by(at(SECOND + SECOND / 2), A), Bytes(101));
    }

    #[test]
    fn the_largest_agent_is_killed_and_of_equal_ones_the_first() {
        let mut memory = host();
        assert_eq!(memory.oom_victim(at(0)), None);
        (0..71).for_each(|_| memory.request_begins(A));
        assert_eq!(memory.oom_victim(at(0)), Some(A));
        memory.stop(at(0), A);
        memory.start(at(0), A, &profile(900));
        (0..70).for_each(|_| memory.request_begins(B));
        assert_eq!(memory.oom_victim(at(0)), Some(A));
        memory.stop(at(0), A);
        assert_eq!(memory.oom_victim(at(0)), None);
    }

    #[test]
    fn a_full_memory_is_not_yet_exhausted() {
        let mut memory = host();
        (0..70).for_each(|_| memory.request_begins(A));
        assert_eq!((memory.used(at(0)), memory.oom_victim(at(0)), memory.next_exhaustion(at(0))), (Bytes(1_000), None, None));
        memory.request_begins(A);
        assert_eq!(memory.next_exhaustion(at(5)), Some(at(5)));
    }

    #[test]
    fn exhaustion_by_several_leaks_is_foretold_to_the_nanosecond() {
        let mut memory = host();
        memory.set_leak(at(0), A, Bytes(3));
        memory.set_leak(at(SECOND), B, Bytes(4));
        // 3 bytes by the first second, then 7 a second: 698 bytes more to the first too many, in 99.714285714… s.
        let end = memory.next_exhaustion(at(2 * SECOND)).unwrap();
        assert_eq!(end, at(SECOND + 99_714_285_715));
        assert_eq!(memory.oom_victim(at(end.as_nanos() - 1)), None);
        assert_eq!(memory.oom_victim(end), Some(B));
    }

    #[test]
    fn a_crash_of_the_host_empties_the_memory() {
        let mut memory = host();
        memory.set_leak(at(0), A, Bytes(1 << 40));
        memory.clear(at(SECOND));
        assert_eq!((memory.used(at(SECOND)), memory.next_exhaustion(at(SECOND))), (Bytes(0), None));
        memory.start(at(SECOND), A, &profile(1));
        assert_eq!(memory.used(at(2 * SECOND)), Bytes(1));
    }

    #[test]
    fn a_leak_beyond_all_bounds_saturates() {
        let mut memory = host();
        memory.set_leak(at(0), A, Bytes(u64::MAX));
        assert_eq!((memory.used(Instant::MAX), memory.oom_victim(Instant::MAX)), (Bytes(u64::MAX), Some(A)));
    }

    proptest! {
        #[test]
        fn exhaustion_is_the_first_instant_with_a_victim(
            steps in prop::collection::vec((0u64..5 * SECOND, 0usize..3, 0u64..200, 0u8..4), 1..30),
        ) {
            let mut memory = Memory::new(Bytes(2_000), 3);
            let mut now = 0;
            for (gap, slot, amount, step) in steps {
                now += gap;
                let slot = AgentSlot(slot);
                let running = memory.agents[slot.0].is_some();
                match step {
                    0 if !running => memory.start(at(now), slot, &profile(amount)),
                    1 if running => memory.stop(at(now), slot),
                    2 if running => memory.set_leak(at(now), slot, Bytes(amount)),
                    3 if running => memory.request_begins(slot),
                    _ => {}
                }
                let sum: u128 = memory.agents.iter().flatten().map(|agent| agent.exact(at(now))).sum();
                prop_assert_eq!(u128::from(memory.used(at(now)).0), sum / BILLION);
                match memory.next_exhaustion(at(now)) {
                    Some(end) => {
                        prop_assert!(memory.oom_victim(end).is_some());
                        prop_assert!(end == at(now) || memory.oom_victim(at(end.as_nanos() - 1)).is_none());
                    }
                    None => prop_assert!(memory.oom_victim(at(now + 1_000_000 * SECOND)).is_none()),
                }
            }
        }
    }
}
