//! Which of the replicas gets a call.
//!
//! First the candidates are narrowed, each step only if somebody is left:
//! 1. to the eligible ones (not suspected, not ejected, breaker closed). Where the share of eligible ones is below the panic threshold, or
//!    none is eligible, what judges them is more likely wrong than all of them gone, and the survivors could not carry the load of all:
//!    everybody is a candidate again (Envoy's panic threshold).
//! 2. to all but the replica that the attempt before was sent to: a retry goes elsewhere.
//! 3. with zone awareness to those of the caller's zone, if enough of the zone is left to carry its load.
//!
//! Then one is chosen. `power_of_two` takes the less busy of two at random: with n calls on n replicas the busiest has about ln ln n / ln 2
//! where choice at random gives ln n / ln ln n (Azar et al. 1994; Mitzenmacher 1996; R12). Looking at *all* replicas for the least busy
//! would be better still with exact knowledge; but each caller knows only its own calls, and then all callers run to the same one.
//! `peak_ewma` is power of two by latency × (calls in progress + 1), so that a slow replica gets fewer calls before it fails any.

use hms_machine::{AgentId, Draw, Duration};

use crate::tunables::{choices, mins, ms, parameters, secs};

choices! {
    /// How one of the candidates is chosen.
    pub enum BalancingChoice {
        /// Any, equally likely.
        Random = "random",
        /// One after the other.
        RoundRobin = "round_robin",
        /// The one with fewer calls in progress of two at random.
        PowerOfTwo = "power_of_two",
        /// The one with the lower latency × (calls in progress + 1) of two at random.
        PeakEwma = "peak_ewma",
        /// The one with the fewest calls in progress; at random among equals.
        LeastOutstanding = "least_outstanding",
    }
}

parameters! {
    /// Parameters of load balancing.
    pub struct BalancingConfiguration("balancing") {
        choice: BalancingChoice = choice(BalancingChoice::NAMES, BalancingChoice::PeakEwma.name()),
            "How one of the replicas is chosen.";
        decay: Duration = duration(ms(100), mins(10), secs(10)),
            "Time in which an old latency of a replica fades (Finagle: 10 s). Shorter: replicas that were slow are tried again sooner.";
        panic: f64 = real(0.0, 1.0, 0.0),
            "Below this share of eligible replicas all are tried (Envoy: 0.5). 0: only when none is eligible. More: survivors are spared, calls go to the dead.";
        zone_aware: bool = switch(false),
            "Prefers replicas in the caller's zone: lower latency and less traffic between zones, uneven load where callers are uneven.";
        zone_share: f64 = real(0.0, 1.0, 0.5),
            "The caller's zone is preferred while at least this share of its replicas is left.";
    }
}

/// A replica, as the caller sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Which one.
    pub agent: AgentId,
    /// Whether nothing speaks against it.
    pub eligible: bool,
    /// The caller's calls to it that are in progress.
    pub outstanding: u32,
    /// Its recent latency ([`PeakLatency`](super::PeakLatency)); zero: unknown.
    pub latency: Duration,
    /// Whether it stands in the caller's zone.
    pub zone_local: bool,
}

/// What a call brings to the choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The replica that the attempt before this one was sent to.
    pub previous: Option<AgentId>,
    /// How many calls the caller has placed so far, for taking turns.
    pub ordinal: u64,
}

impl BalancingConfiguration {
    /// The replica for a call; `None` if there are none at all.
    pub fn pick(&self, candidates: &[Candidate], turn: Turn, draw: &mut Draw) -> Option<AgentId> {
        let (narrowed, count) = self.narrow(candidates, turn.previous);
        if count == candidates.len() {
            return self.choose(count, |position| candidates[position], turn.ordinal, draw);
        }
        let left: Vec<_> = candidates.iter().copied().filter(|candidate| narrowed.keeps(candidate)).collect();
        self.choose(count, |position| left[position], turn.ordinal, draw)
    }

    /// Whether a call chooses among all of its candidates where every one of them is eligible: then [`BalancingConfiguration::choose`] gives
    /// what [`BalancingConfiguration::pick`] gives, without looking at all of them.
    pub fn takes_any(&self, previous: Option<AgentId>) -> bool {
        previous.is_none() && !self.zone_aware
    }

    /// One of `count` candidates, who are known by position; `None` if there are none. `ordinal`: see [`Turn`].
    pub fn choose(&self, count: usize, candidate: impl Fn(usize) -> Candidate, ordinal: u64, draw: &mut Draw) -> Option<AgentId> {
        if count == 0 {
            return None;
        }
        let nth = |nth: u64| candidate(nth as usize);
        let count = count as u64;
        let mut lesser_of_two = |cost: fn(&Candidate) -> u64| {
            let first = draw.below(count);
            if count == 1 {
                return nth(first);
            }
            let other = draw.below(count - 1);
            let (first, second) = (nth(first), nth(other + u64::from(other >= first)));
            if cost(&second) < cost(&first) { second } else { first }
        };
        let chosen = match self.choice {
            BalancingChoice::PowerOfTwo => lesser_of_two(|candidate| u64::from(candidate.outstanding)),
            BalancingChoice::PeakEwma => lesser_of_two(Candidate::expected_latency),
            BalancingChoice::Random => nth(draw.below(count)),
            BalancingChoice::RoundRobin => nth(ordinal % count),
            BalancingChoice::LeastOutstanding => {
                let left: Vec<_> = (0..count).map(nth).collect();
                let least = left.iter().map(|candidate| candidate.outstanding).min().unwrap_or(0);
                let idlest = || left.iter().filter(|candidate| candidate.outstanding == least);
                let tie = draw.below(idlest().count() as u64) as usize;
                *idlest().nth(tie).expect("as many as were counted")
            }
        };
        Some(chosen.agent)
    }

    /// Which candidates are left, and how many: none only where there were none.
    fn narrow(&self, candidates: &[Candidate], previous: Option<AgentId>) -> (Narrowed, usize) {
        let counted = |narrowed: Narrowed| {
            let count = candidates.iter().filter(|candidate| narrowed.keeps(candidate)).count();
            (narrowed, count)
        };
        let all = Narrowed { eligible: false, except: None, local: false };
        let eligible = counted(Narrowed { eligible: true, ..all });
        let panic = eligible.1 == 0 || (eligible.1 as f64) < self.panic * candidates.len() as f64;
        let mut left = if panic { (all, candidates.len()) } else { eligible };
        if previous.is_some() {
            let elsewhere = counted(Narrowed { except: previous, ..left.0 });
            left = if elsewhere.1 > 0 { elsewhere } else { left };
        }
        if self.zone_aware {
            let (local, whole) = (counted(Narrowed { local: true, ..left.0 }), counted(Narrowed { local: true, ..all }));
            let enough = local.1 as f64 >= self.zone_share * whole.1 as f64;
            left = if local.1 > 0 && enough { local } else { left };
        }
        left
    }
}

/// Which candidates are left.
#[derive(Clone, Copy)]
struct Narrowed {
    eligible: bool,
    except: Option<AgentId>,
    local: bool,
}

impl Narrowed {
    fn keeps(self, candidate: &Candidate) -> bool {
        (candidate.eligible || !self.eligible) && self.except != Some(candidate.agent) && (candidate.zone_local || !self.local)
    }
}

impl Candidate {
    /// Nanoseconds that one more call would take if calls in progress were worked on one by one. A replica of which nothing is known is
    /// tried by one call and then left alone until that has been answered, as in Finagle.
    fn expected_latency(&self) -> u64 {
        match (self.latency.as_nanos(), self.outstanding) {
            (0, 0) => 0,
            (0, outstanding) => u64::MAX / 2 + u64::from(outstanding),
            (nanos, outstanding) => nanos.saturating_mul(u64::from(outstanding) + 1).min(u64::MAX / 2),
        }
    }
}

#[cfg(test)]
mod tests {
    use hms_machine::{Purpose, Seed, Streams};
    use proptest::prelude::*;

    use super::*;

    const CHOICES: [BalancingChoice; 5] = [
        BalancingChoice::Random,
        BalancingChoice::RoundRobin,
        BalancingChoice::PowerOfTwo,
        BalancingChoice::PeakEwma,
        BalancingChoice::LeastOutstanding,
    ];

    fn with(choice: BalancingChoice) -> BalancingConfiguration {
        BalancingConfiguration { choice, ..BalancingConfiguration::default() }
    }

    fn draw(ordinal: u64) -> Draw {
        Streams::new(Seed(11)).draw(Purpose::named("test/balancing"), 0, ordinal)
    }

    fn candidate(agent: u32) -> Candidate {
        Candidate { agent: AgentId(agent), eligible: true, outstanding: 0, latency: ms(10), zone_local: false }
    }

    fn first(ordinal: u64) -> Turn {
        Turn { previous: None, ordinal }
    }

    /// How often each of the candidates is picked in a thousand calls that all end before the next.
    fn counts(configuration: &BalancingConfiguration, candidates: &[Candidate], previous: Option<u32>) -> Vec<u32> {
        let mut counts = vec![0; candidates.len()];
        for ordinal in 0..1_000 {
            let turn = Turn { previous: previous.map(AgentId), ordinal };
            let agent = configuration.pick(candidates, turn, &mut draw(ordinal)).expect("there are replicas");
            counts[candidates.iter().position(|candidate| candidate.agent == agent).expect("one of them")] += 1;
        }
        counts
    }

    #[test]
    fn equal_replicas_get_equal_shares_by_every_choice() {
        let replicas = [4, 5, 6].map(candidate);
        for choice in CHOICES {
            let counts = counts(&with(choice), &replicas, None);
            // Binomial(1000, 1/3): standard deviation 15.
            assert!(counts.iter().all(|count| (273..=393).contains(count)), "{choice:?}: {counts:?}");
        }
    }

    #[test]
    fn the_ineligible_get_nothing_unless_all_are_ineligible_or_too_many() {
        for choice in CHOICES {
            let mut replicas = [4, 5, 6].map(candidate);
            replicas[1].eligible = false;
            assert_eq!(counts(&with(choice), &replicas, None)[1], 0, "{choice:?}");
            replicas[0].eligible = false;
            assert_eq!(counts(&with(choice), &replicas, None), [0, 0, 1_000], "{choice:?}");
            let cautious = BalancingConfiguration { panic: 0.5, ..with(choice) };
            assert!(counts(&cautious, &replicas, None).iter().all(|count| *count > 0), "{choice:?}");
            replicas[2].eligible = false;
            assert!(counts(&with(choice), &replicas, None).iter().all(|count| *count > 0), "{choice:?}");
        }
    }

    #[test]
    fn a_retry_goes_elsewhere_while_there_is_an_eligible_elsewhere() {
        for choice in CHOICES {
            let mut replicas = [4, 5, 6].map(candidate);
            assert_eq!(counts(&with(choice), &replicas, Some(4))[0], 0, "{choice:?}");
            replicas[1].eligible = false;
            replicas[2].eligible = false;
            assert_eq!(counts(&with(choice), &replicas, Some(4)), [1_000, 0, 0], "{choice:?}");
        }
    }

    #[test]
    fn a_zone_is_preferred_while_enough_of_it_is_left() {
        let aware = BalancingConfiguration { zone_aware: true, ..BalancingConfiguration::default() };
        let mut replicas = [4, 5, 6, 7].map(candidate);
        replicas[0].zone_local = true;
        replicas[1].zone_local = true;
        assert_eq!(counts(&aware, &replicas, None)[2..], [0, 0]);
        assert!(counts(&BalancingConfiguration::default(), &replicas, None)[2] > 100);
        replicas[1].eligible = false;
        assert_eq!(counts(&aware, &replicas, None), [1_000, 0, 0, 0]);
        assert!(counts(&BalancingConfiguration { zone_share: 0.6, ..aware }, &replicas, None)[2] > 100);
    }

    #[test]
    fn a_slow_replica_gets_less_from_peak_ewma_and_an_equal_share_from_the_others() {
        let mut replicas = [4, 5, 6].map(candidate);
        replicas[1].latency = ms(1_000);
        assert_eq!(counts(&with(BalancingChoice::PeakEwma), &replicas, None)[1], 0);
        assert!(counts(&with(BalancingChoice::PowerOfTwo), &replicas, None)[1] > 273);
    }

    #[test]
    fn an_unknown_replica_is_tried_by_one_call() {
        let mut replicas = [4, 5].map(candidate);
        replicas[1].latency = Duration::ZERO;
        assert_eq!(counts(&with(BalancingChoice::PeakEwma), &replicas, None), [0, 1_000]);
        replicas[1].outstanding = 1;
        assert_eq!(counts(&with(BalancingChoice::PeakEwma), &replicas, None), [1_000, 0]);
    }

    #[test]
    fn a_service_without_replicas_has_none_to_pick() {
        assert!(CHOICES.into_iter().all(|choice| with(choice).pick(&[], first(0), &mut draw(0)).is_none()));
    }

    /// Mean over several worlds of the greatest number of calls on one of n replicas after n calls, none of which ends.
    fn load_max(choice: BalancingChoice, n: u32, worlds: u64) -> f64 {
        let mut sum = 0;
        for world in 0..worlds {
            let mut replicas: Vec<_> = (0..n).map(candidate).collect();
            for ball in 0..u64::from(n) {
                let picked = with(choice).pick(&replicas, first(ball), &mut draw(world << 32 | ball));
                replicas[picked.expect("there are replicas").index()].outstanding += 1;
            }
            sum += replicas.iter().map(|replica| replica.outstanding).max().expect("there are replicas");
        }
        f64::from(sum) / worlds as f64
    }

    #[test]
    fn r12_two_choices_hold_the_maximum_load_near_ln_ln_n_over_ln_2() {
        const N: u32 = 1_024;
        let ln_n = libm::log(f64::from(N));
        // ln n / ln ln n = 3.58 is the leading term, which the maximum exceeds by a factor that tends to 1; Γ⁻¹(n) − 3/2 = 5.7 (Gonnet 1981) is its mean.
        let one = load_max(BalancingChoice::Random, N, 8);
        assert!((one - 5.7).abs() < 0.7 && one > ln_n / libm::log(ln_n), "{one}");
        // ln ln n / ln 2 + O(1).
        let two = load_max(BalancingChoice::PowerOfTwo, N, 8);
        let expected = libm::log(ln_n) / std::f64::consts::LN_2;
        assert!((two - expected).abs() < 1.0, "{two} against {expected}");
        assert_eq!(load_max(BalancingChoice::RoundRobin, N, 1), 1.0);
        assert_eq!(load_max(BalancingChoice::LeastOutstanding, N, 1), 1.0);
    }

    fn any_candidates() -> impl Strategy<Value = Vec<Candidate>> {
        let states = prop::collection::vec((any::<bool>(), 0u32..5, 0u64..100, any::<bool>()), 1..12);
        states.prop_map(|states| {
            let candidates = states.into_iter().zip(0..);
            candidates
                .map(|((eligible, outstanding, millis, zone_local), agent)| Candidate {
                    agent: AgentId(agent),
                    eligible,
                    outstanding,
                    latency: ms(millis),
                    zone_local,
                })
                .collect()
        })
    }

    proptest! {
        #[test]
        fn there_is_always_a_pick_and_it_respects_eligibility_and_the_previous_attempt(
            candidates in any_candidates(), which in 0usize..5, previous in prop::option::of(0u32..12), ordinal: u64, zone_aware: bool,
        ) {
            let configuration = BalancingConfiguration { zone_aware, ..with(CHOICES[which]) };
            let previous = previous.map(AgentId);
            let agent = configuration.pick(&candidates, Turn { previous, ordinal }, &mut draw(ordinal)).expect("there are replicas");
            let picked = candidates[agent.index()];
            let eligible = candidates.iter().filter(|candidate| candidate.eligible).count();
            prop_assert!(picked.eligible || eligible == 0);
            let elsewhere = candidates.iter().any(|other| Some(other.agent) != previous && (other.eligible || eligible == 0));
            prop_assert!(Some(agent) != previous || !elsewhere);
        }
    }
}
