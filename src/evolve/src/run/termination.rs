//! When a search is over.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// A reason to stop.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Rule {
    /// So many evaluations were told.
    Evaluations(u64),
    /// So many generations are complete.
    Generations(u64),
    /// The best feasible first objective is at most this.
    Target(f64),
    /// The hypervolume is at least this.
    HypervolumeTarget(f64),
    /// The best first objective has gained less than this share of itself over so many generations.
    Stagnation {
        /// Generations.
        generations: u64,
        /// Share, for example 1e-3.
        gain: f64,
    },
    /// The hypervolume has gained less than this share of itself over so many generations.
    HypervolumePlateau {
        /// Generations.
        generations: u64,
        /// Share, for example 1e-3.
        gain: f64,
    },
}

/// The rule that ended a search.
pub type Reason = Rule;

/// What rules look at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Evaluations told.
    pub evaluations: u64,
    /// Generations complete.
    pub generation: u64,
    /// Best feasible first objective.
    pub best: Option<f64>,
    /// Hypervolume, if it is measured.
    pub hypervolume: Option<f64>,
}

/// Rules, any of which ends the search, with what they remember.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Termination {
    rules: Vec<Rule>,
    /// Progress at the end of recent generations.
    recent: VecDeque<Progress>,
}

impl Termination {
    /// Ends a search by any of these rules; never, without rules.
    pub fn new(rules: Vec<Rule>) -> Self {
        Termination { rules, recent: VecDeque::new() }
    }

    /// The first rule that says stop. Call it after every result, or at least after every generation.
    pub fn check(&mut self, progress: Progress) -> Option<Reason> {
        if self.recent.back().is_none_or(|last| last.generation < progress.generation) {
            self.recent.push_back(progress);
            let longest = self.rules.iter().map(|rule| match rule {
                Rule::Stagnation { generations, .. } | Rule::HypervolumePlateau { generations, .. } => *generations,
                Rule::Evaluations(_) | Rule::Generations(_) | Rule::Target(_) | Rule::HypervolumeTarget(_) => 0,
            });
            let longest = longest.max().unwrap_or(0) as usize + 1;
            while self.recent.len() > longest {
                self.recent.pop_front();
            }
        }
        self.rules.iter().copied().find(|rule| self.says_stop(rule, progress))
    }

    fn says_stop(&self, rule: &Rule, progress: Progress) -> bool {
        let before = |generations: u64| {
            let then = progress.generation.checked_sub(generations)?;
            self.recent.iter().find(|past| past.generation == then)
        };
        let flat = |old: Option<f64>, new: Option<f64>, gain: f64| match (old, new) {
            (Some(old), Some(new)) => (new - old).abs() <= gain * old.abs().max(new.abs()),
            // Still nothing feasible: that is not convergence.
            (None, _) | (_, None) => false,
        };
        match *rule {
            Rule::Evaluations(most) => progress.evaluations >= most,
            Rule::Generations(most) => progress.generation >= most,
            Rule::Target(target) => progress.best.is_some_and(|best| best <= target),
            Rule::HypervolumeTarget(target) => progress.hypervolume.is_some_and(|volume| volume >= target),
            Rule::Stagnation { generations, gain } => {
                before(generations).is_some_and(|past| flat(past.best, progress.best, gain))
            }
            Rule::HypervolumePlateau { generations, gain } => {
                before(generations).is_some_and(|past| flat(past.hypervolume, progress.hypervolume, gain))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(generation: u64, best: f64) -> Progress {
        Progress { evaluations: 10 * generation, generation, best: Some(best), hypervolume: Some(best) }
    }

    fn ends(rule: Rule, value: impl Fn(u64) -> f64) -> Option<u64> {
        let mut termination = Termination::new(vec![rule]);
        (0..100).find(|&generation| termination.check(at(generation, value(generation))).is_some())
    }

    #[test]
    fn each_rule_stops_when_it_says() {
        assert_eq!(ends(Rule::Evaluations(50), |_| 1.0), Some(5));
        assert_eq!(ends(Rule::Generations(7), |_| 1.0), Some(7));
        assert_eq!(ends(Rule::Target(90.0), |generation| 100.0 - generation as f64), Some(10));
        assert_eq!(ends(Rule::HypervolumeTarget(5.0), |generation| generation as f64), Some(5));
        let flat_from_20 = |generation: u64| 100.0 - generation.min(20) as f64;
        assert_eq!(ends(Rule::Stagnation { generations: 5, gain: 1e-6 }, flat_from_20), Some(25));
        assert_eq!(ends(Rule::HypervolumePlateau { generations: 5, gain: 1e-6 }, flat_from_20), Some(25));
        assert_eq!(ends(Rule::Stagnation { generations: 5, gain: 1e-6 }, |generation| -(generation as f64)), None);
    }

    #[test]
    fn a_search_that_finds_nothing_feasible_does_not_stagnate() {
        let mut termination = Termination::new(vec![Rule::Stagnation { generations: 2, gain: 0.1 }]);
        for generation in 0..50 {
            assert_eq!(termination.check(Progress { generation, ..Progress::default() }), None);
        }
    }
}
