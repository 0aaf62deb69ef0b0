//! Which draws carry the luck that a change of one gene does not share with the base.
//!
//! Where one-gene mutants differ from the base by chance ([`neighbours`](super::neighbours)), some draw has come apart: messages or requests meet other values of it than they did. Which draws can do such harm shows when the base runs on the same seeds in the
//! same worlds but for one kind of draw, which is taken from another world: the variance of the difference over the sum of both variances is what that draw carries, on the scale of the mutants' own. It says what a draw that has come apart costs, not that it has;
//! what can come apart first, a count or a call, is told by its [`Key`](hms_trial::luck::Key).

use hms_machine::Seed;
use hms_stack::Configuration;
use hms_trial::Luck;
use hms_trial::luck::LUCK;

use super::super::evaluator::Stopped;
use super::super::pilot::ratio;
use super::ground::{Ground, Losses};
use super::neighbours::{NAMED_ABOVE, Neighbours, SEEDS_MAX};
use crate::presets::Measured;

/// Trials that the look may take, all scenarios together; with more than three scenarios, two seeds of each kind of draw take more.
pub(crate) const TRIALS_MAX: usize = 200;
/// Seeds on which every kind of draw is tried; those that change nothing on them are left at that.
const SEEDS_FIRST: usize = 3;
/// Draws that a report names, at most.
pub(crate) const NAMED_MAX: usize = 5;

/// Runs the base under seeds, each with one kind of draw taken from another world.
pub(crate) type Redraw<'a> = dyn Fn(&Configuration, &[(Luck, Seed)]) -> Result<Vec<Measured>, Stopped> + 'a;

/// A draw that changes what the base loses.
#[derive(Clone, Debug)]
pub struct Carrier {
    /// Which.
    pub luck: Luck,
    /// Variance of the difference / sum of the variances, target by target; `None` where it does not vary, or the target is no mean.
    pub shares: Vec<Option<f64>>,
}

/// Which draws carry luck.
#[derive(Clone, Debug, Default)]
pub struct Chances {
    /// Kinds of draws that were tried; 0 where mutants share the base's luck and nothing was looked for.
    pub tried: usize,
    /// Seeds of those that change anything; the others had three, or two.
    pub seeds: usize,
    /// Those that change anything on the first seeds, in the order of [`LUCK`].
    pub carriers: Vec<Carrier>,
}

impl Chances {
    /// Those that carry more than [`NAMED_ABOVE`] of a target, the greatest share first.
    pub fn carrying(&self, target: usize) -> Vec<(&Carrier, f64)> {
        let share = |carrier: &Carrier| carrier.shares[target].filter(|share| *share > NAMED_ABOVE);
        let mut found: Vec<_> = self.carriers.iter().filter_map(|carrier| share(carrier).map(|share| (carrier, share))).collect();
        found.sort_by(|one, other| other.1.total_cmp(&one.1));
        found
    }

    /// Whether too many carry much to blame one: more than are named, and most of those that change anything.
    pub fn chaotic(&self, target: usize) -> bool {
        let carrying = self.carrying(target).len();
        carrying > NAMED_MAX && 2 * carrying > self.carriers.len()
    }
}

/// Tries every kind of draw, for about so many trials, if the mutants' median share is above [`NAMED_ABOVE`] in a target.
///
/// # Errors
/// [`Stopped`].
pub(crate) fn look(
    ground: &Ground<'_>,
    redraw: &Redraw<'_>,
    base: &Configuration,
    neighbours: &Neighbours,
    trials: usize,
) -> Result<Chances, Stopped> {
    let targets = &ground.question.targets;
    if !(0..targets.len()).any(|target| neighbours.share(target).is_some_and(|(share, _)| share > NAMED_ABOVE)) {
        return Ok(Chances::default());
    }
    let own = ground.losses(std::slice::from_ref(base), SEEDS_MAX)?.remove(0);
    let first = (trials / LUCK.len()).clamp(2, SEEDS_FIRST).min(own.len());
    let measure = |lucks: &[Luck], seeds: &[Seed]| -> Result<Vec<Losses>, Stopped> {
        let cells: Vec<(Luck, Seed)> = lucks.iter().flat_map(|luck| seeds.iter().map(|seed| (*luck, *seed))).collect();
        let measured = redraw(base, &cells)?;
        Ok(lucks.iter().enumerate().map(|(place, _)| ground.of(&measured[place * seeds.len()..][..seeds.len()])).collect())
    };
    let tried = LUCK.iter().copied().zip(measure(&LUCK, &ground.seeds[..first])?);
    let (alive, mut losses): (Vec<Luck>, Vec<Losses>) = tried.filter(|(_, theirs)| *theirs != own[..first]).unzip();
    let left = trials.saturating_sub(first * LUCK.len()) / alive.len().max(1);
    let seeds = first + left.min(own.len() - first);
    for (theirs, more) in losses.iter_mut().zip(measure(&alive, &ground.seeds[first..seeds])?) {
        theirs.extend(more);
    }
    let carrier = |(luck, theirs): (Luck, Losses)| {
        let share = |target: usize| -> Option<f64> {
            let pairs: Vec<(f64, f64)> = own.iter().zip(&theirs).filter_map(|(a, b)| Some((a[target]?, b[target]?))).collect();
            targets[target].is_mean().then(|| ratio(&pairs)).flatten()
        };
        Carrier { luck, shares: (0..targets.len()).map(share).collect() }
    };
    Ok(Chances { tried: LUCK.len(), seeds, carriers: alive.into_iter().zip(losses).map(carrier).collect() })
}

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::Cell;

    use super::super::ground::fixture;
    use super::super::neighbours;
    use super::*;

    /// A world in which the messages on links carry all luck, the work of requests next to none, and everything else none.
    pub(crate) fn redraw(base: &Configuration, cells: &[(Luck, Seed)]) -> Result<Vec<Measured>, Stopped> {
        let one = |(luck, seed): &(Luck, Seed)| {
            let world = if luck.name == "network/link" { Seed(seed.0 + 1_000_003) } else { *seed };
            let mut cell = fixture::measure(std::slice::from_ref(base), &[world])?.remove(0).remove(0);
            if luck.name == "service/work" {
                let seconds = cell.as_mut().unwrap().iter_mut().flatten();
                seconds.for_each(|value| *value *= 1.0 + 0.01 * (seed.0 % 2) as f64);
            }
            Ok(cell)
        };
        cells.iter().map(one).collect()
    }

    /// The base, and one that differs so much from it by one gene that the look is worth while.
    fn pair() -> [Configuration; 2] {
        let base = Configuration::default();
        let mut slow = base;
        slow.health.heartbeat = hms_machine::Duration::from_nanos(base.health.heartbeat.as_nanos() * 3);
        [base, slow]
    }

    #[test]
    fn the_draw_that_carries_the_luck_is_named_and_one_that_carries_none_is_not() {
        let (genes, question) = fixture::world();
        let seeds = fixture::seeds();
        let ground = Ground { genes: &genes, question: &question, measure: &fixture::measure, seeds: &seeds };
        let found = neighbours::look(&ground, &pair()).unwrap();
        let trials = Cell::new(0);
        let counted = |base: &Configuration, cells: &[(Luck, Seed)]| {
            trials.set(trials.get() + cells.len());
            redraw(base, cells)
        };
        let chances = look(&ground, &counted, &pair()[0], &found, TRIALS_MAX).unwrap();
        assert_eq!((chances.tried, chances.seeds, trials.get()), (LUCK.len(), SEEDS_MAX, 3 * LUCK.len() + 2 * 7));
        let names: Vec<&str> = chances.carriers.iter().map(|carrier| carrier.luck.name).collect();
        assert_eq!(names, ["service/work", "network/link"], "what changes nothing carries nothing");
        let carrying = chances.carrying(0);
        assert!(carrying.len() == 1 && carrying[0].0.luck.name == "network/link" && carrying[0].1 > 0.3, "{carrying:?}");
        assert!(!chances.chaotic(0));
    }

    #[test]
    fn where_everything_carries_much_the_world_is_chaotic_and_the_trials_stay_within_their_number() {
        let (genes, question) = fixture::world();
        let seeds = fixture::seeds();
        let ground = Ground { genes: &genes, question: &question, measure: &fixture::measure, seeds: &seeds };
        let found = neighbours::look(&ground, &pair()).unwrap();
        let trials = Cell::new(0);
        let elsewhere = |base: &Configuration, cells: &[(Luck, Seed)]| {
            trials.set(trials.get() + cells.len());
            let worlds: Vec<Seed> = cells.iter().map(|(luck, seed)| Seed(seed.0 ^ luck.purpose().hash())).collect();
            Ok(fixture::measure(std::slice::from_ref(base), &worlds)?.remove(0))
        };
        let chances = look(&ground, &elsewhere, &pair()[0], &found, TRIALS_MAX).unwrap();
        assert!(chances.chaotic(0) && chances.carriers.len() == LUCK.len());
        assert_eq!((chances.seeds, trials.get()), (6, 6 * LUCK.len()));
        assert!(trials.get() <= TRIALS_MAX);
    }

    #[test]
    fn nothing_is_run_where_mutants_share_the_luck_of_the_base() {
        let (genes, question) = fixture::world();
        let seeds = fixture::seeds();
        let ground = Ground { genes: &genes, question: &question, measure: &fixture::measure, seeds: &seeds };
        let mut near = pair()[0];
        near.retry.attempts += 1;
        let found = neighbours::look(&ground, &[pair()[0], near]).unwrap();
        assert!(found.share(0).unwrap().0 < NAMED_ABOVE);
        let never: &Redraw<'_> = &|_, _| panic!("there is nothing to look for");
        assert_eq!(look(&ground, never, &near, &found, TRIALS_MAX).unwrap().tried, 0);
    }
}
