//! The pause of a caller before a retry.

use hms_machine::{Draw, Duration};
use hms_scenario::model::Backoff;

/// The pause before the `retry`-th retry (from 1): `base × factor^(retry − 1)`, at most `max`, of which the share `jitter` is multiplied by a
/// uniform number. So a pause lies between `1 − jitter` and the whole of it; jitter 1 is what is called full jitter
/// (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog 2015).
pub fn backoff(policy: &Backoff, retry: u32, draw: &mut Draw) -> Duration {
    if policy.base.is_zero() {
        return Duration::ZERO;
    }
    let growth = libm::pow(policy.factor, f64::from(retry.saturating_sub(1)));
    let pause = policy.base.mul_f64(growth).min(policy.max);
    let jitter = policy.jitter.get();
    if jitter == 0.0 { pause } else { pause.mul_f64(1.0 - jitter * draw.uniform()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hms_machine::{Purpose, Ratio, Seed, Streams};
    use proptest::prelude::*;

    fn draw(ordinal: u64) -> Draw {
        Streams::new(Seed(1)).draw(Purpose::named("test/backoff"), 0, ordinal)
    }

    fn policy(jitter: f64) -> Backoff {
        Backoff {
            base: Duration::from_millis(100),
            factor: 2.0,
            max: Duration::from_secs(1),
            jitter: Ratio::new(jitter).unwrap(),
        }
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let pauses: Vec<_> = (1..=6).map(|retry| backoff(&policy(0.0), retry, &mut draw(0)).as_millis_f64()).collect();
        assert_eq!(pauses, [100.0, 200.0, 400.0, 800.0, 1000.0, 1000.0]);
        assert_eq!(backoff(&policy(0.0), u32::MAX, &mut draw(0)), Duration::from_secs(1));
    }

    #[test]
    fn without_a_base_retries_come_at_once() {
        let immediate = Backoff { base: Duration::ZERO, ..policy(1.0) };
        assert_eq!(backoff(&immediate, 5_000, &mut draw(0)), Duration::ZERO);
    }

    #[test]
    fn full_jitter_is_uniform_below_the_pause() {
        let mean = (0..10_000).map(|k| backoff(&policy(1.0), 2, &mut draw(k)).as_millis_f64()).sum::<f64>() / 10_000.0;
        assert!((mean - 100.0).abs() < 3.0, "{mean}");
    }

    proptest! {
        #[test]
        fn a_pause_lies_between_its_fixed_share_and_the_whole(jitter in 0.0..=1.0, retry in 1u32..40, ordinal: u64) {
            let whole = backoff(&policy(0.0), retry, &mut draw(ordinal)).as_millis_f64();
            let pause = backoff(&policy(jitter), retry, &mut draw(ordinal)).as_millis_f64();
            prop_assert!(pause <= whole && pause >= whole * (1.0 - jitter) - 1e-5);
        }
    }
}
