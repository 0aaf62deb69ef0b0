//! Two-sample tests against rand_distr, which samples most of these laws by other methods.

use rand::rand_core::TryRng;
use rand_distr::Distribution as Oracle;

use super::*;
use crate::random::Draw;

/// One endless draw as rand's generator.
struct Words(Draw);

impl TryRng for Words {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok((self.0.next_u64() >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(self.0.next_u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        bytes.chunks_mut(8).for_each(|chunk| chunk.copy_from_slice(&self.0.next_u64().to_le_bytes()[..chunk.len()]));
        Ok(())
    }
}

fn assert_same_law(name: &str, law: &Distribution, oracle: impl Oracle<f64>) {
    const COUNT: usize = 100_000;
    let mut ours = samples(law, 4, COUNT as u64);
    let mut words = Words(Streams::new(Seed(5)).draw(TEST, 1, 0));
    let mut theirs: Vec<f64> = (0..COUNT).map(|_| oracle.sample(&mut words)).collect();
    ours.sort_by(f64::total_cmp);
    theirs.sort_by(f64::total_cmp);
    let share = |values: &[f64], x: f64| values.partition_point(|&value| value <= x) as f64 / COUNT as f64;
    let distance = ours.iter().chain(&theirs).map(|&x| (share(&ours, x) - share(&theirs, x)).abs()).fold(0.0, f64::max);
    assert!(distance < critical_distance(COUNT as f64 / 2.0), "{name}: {distance}");
}

#[test]
fn samples_agree_with_those_of_rand_distr() {
    assert_same_law("exponential", &exponential(2.5), rand_distr::Exp::new(0.4).unwrap());
    assert_same_law("normal", &normal(10.0, 3.0), rand_distr::Normal::new(10.0, 3.0).unwrap());
    assert_same_law("lognormal", &lognormal(400.0, 0.5), rand_distr::LogNormal::new(libm::log(400.0), 0.5).unwrap());
    assert_same_law("weibull", &weibull(0.7, 3.0), rand_distr::Weibull::new(3.0, 0.7).unwrap());
    assert_same_law("pareto", &pareto(1.5, 4.0), rand_distr::Pareto::new(4.0, 1.5).unwrap());
    for shape in [0.3, 1.0, 4.5, 120.0] {
        assert_same_law("gamma", &gamma(shape, 2.0), rand_distr::Gamma::new(shape, 2.0).unwrap());
    }
    for (n, exponent) in [(40, 0.0), (1_000, 1.0), (1_000, 0.99), (1_000_000, 2.5)] {
        assert_same_law("zipf", &zipf(n, exponent), rand_distr::Zipf::new(n as f64, exponent).unwrap());
    }
}
