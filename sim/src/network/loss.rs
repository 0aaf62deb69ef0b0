//! Messages that vanish: each alone (Bernoulli), or in bursts (Gilbert-Elliott).
//!
//! The Gilbert-Elliott chain (Gilbert, "Capacity of a burst-noise channel", 1960; Elliott, "Estimates of error rates for codes on burst-noise
//! channels", 1963) has a good and a bad state with a loss rate each. It belongs to a link, begins in the good state and takes one step
//! before each message that is sent there, so that with enter probability p and leave probability r:
//! the share of messages in the bad state is p / (p + r), and stays in it last 1 / r messages on average.

use hms_machine::Draw;
use hms_scenario::model::Loss;

use super::links::Link;

/// Steps the link's chain where there is one, and says whether the message is lost. Takes two words, whatever the model.
pub(super) fn loses(loss: &Loss, link: &mut Link, draw: &mut Draw) -> bool {
    let (lost, step) = (draw.next_u64(), draw.next_u64());
    match loss {
        Loss::Bernoulli(share) => share.happens(lost),
        Loss::GilbertElliott { enter, leave, good, bad } => {
            let turns = if link.bad { leave } else { enter }.happens(step);
            link.bad ^= turns;
            if link.bad { bad } else { good }.happens(lost)
        }
    }
}

#[cfg(test)]
mod tests {
    use hms_machine::{Purpose, Ratio, Seed, Streams};

    use super::*;

    const MESSAGES: u64 = 200_000;

    fn ratio(value: f64) -> Ratio {
        Ratio::new(value).unwrap()
    }

    fn losses(loss: &Loss) -> Vec<bool> {
        let streams = Streams::new(Seed(11));
        let mut link = Link::default();
        (0..MESSAGES).map(|ordinal| loses(loss, &mut link, &mut streams.draw(Purpose::named("test/loss"), 0, ordinal))).collect()
    }

    fn share(flags: &[bool]) -> f64 {
        flags.iter().filter(|&&flag| flag).count() as f64 / flags.len() as f64
    }

    /// Mean length of the runs of lost messages.
    fn burst(flags: &[bool]) -> f64 {
        let ends = flags.windows(2).filter(|pair| pair[0] && !pair[1]).count();
        flags.iter().filter(|&&flag| flag).count() as f64 / ends as f64
    }

    #[test]
    fn bernoulli_losses_have_their_share_and_come_alone() {
        let lost = losses(&Loss::Bernoulli(ratio(0.1)));
        // Five standard deviations: sqrt(0.1 × 0.9 / 200,000) = 0.00067.
        assert!((share(&lost) - 0.1).abs() < 0.0034, "{}", share(&lost));
        // Runs of a coin of probability p are 1 / (1 - p) long.
        assert!((burst(&lost) - 1.0 / 0.9).abs() < 0.02, "{}", burst(&lost));
    }

    #[test]
    fn gilbert_elliott_losses_have_the_share_and_burst_length_of_the_chain() {
        let loss = Loss::GilbertElliott { enter: ratio(0.01), leave: ratio(0.2), good: Ratio::ZERO, bad: Ratio::ONE };
        let lost = losses(&loss);
        // Share 0.01 / 0.21; its deviation is that of a coin times sqrt((1 + λ) / (1 - λ)), λ = 1 - 0.21: 0.00048 × 2.92 = 0.0014.
        assert!((share(&lost) - 0.01 / 0.21).abs() < 0.007, "{}", share(&lost));
        // Bursts are geometric with mean 1 / 0.2 and deviation sqrt(0.8) / 0.2 = 4.5, about 1,900 of them: 0.10 each.
        assert!((burst(&lost) - 5.0).abs() < 0.52, "{}", burst(&lost));
    }

    #[test]
    fn gilbert_elliott_mixes_the_losses_of_both_states() {
        let loss = Loss::GilbertElliott { enter: ratio(0.05), leave: ratio(0.15), good: ratio(0.01), bad: ratio(0.5) };
        let expected = 0.75 * 0.01 + 0.25 * 0.5;
        assert!((share(&losses(&loss)) - expected).abs() < 0.01);
    }

    #[test]
    fn certain_and_impossible_losses_are_exact() {
        assert_eq!(share(&losses(&Loss::Bernoulli(Ratio::ZERO))), 0.0);
        assert_eq!(share(&losses(&Loss::Bernoulli(Ratio::ONE))), 1.0);
    }
}
