//! Cost of a draw and of a sample of each law: `cargo bench -p hms-machine`.

use divan::Bencher;
use hms_machine::{Distribution, Interpolation, Purpose, Seed, ShapeScale, Streams, Weighted};

const BENCH: Purpose = Purpose::named("bench/random");

/// Nothing that the compiler knows: a world has its seed, and what is redrawn in it, from outside.
fn streams() -> Streams {
    divan::black_box(Streams::new(Seed(1)))
}

fn main() {
    divan::main();
}

/// One word of each of 1,000 draws, as a model takes it: another ordinal each time.
#[divan::bench]
fn thousand_draws_of_one_word() -> u64 {
    let streams = streams();
    (0..1_000).fold(0, |sum, ordinal| sum ^ streams.draw(BENCH, divan::black_box(3), ordinal).next_u64())
}

/// As above, but each draw waits for the one before: the latency of the bijection.
#[divan::bench]
fn thousand_dependent_draws_of_one_word() -> u64 {
    let streams = streams();
    (0..1_000).fold(0, |last, ordinal| streams.draw(BENCH, last, ordinal).next_u64())
}

#[divan::bench]
fn thousand_words_of_one_draw() -> u64 {
    let mut draw = streams().draw(BENCH, divan::black_box(3), 0);
    (0..1_000).fold(0, |sum, _| sum ^ draw.next_u64())
}

const LAWS: [&str; 13] = [
    "constant",
    "uniform",
    "exponential",
    "normal",
    "lognormal",
    "weibull",
    "gamma",
    "pareto",
    "zipf",
    "empirical",
    "mixture",
    "truncated lognormal",
    "truncated gamma",
];

fn law(name: &str) -> Distribution {
    let shape_scale = ShapeScale { shape: 2.5, scale: 3.0 };
    let made = match name {
        "constant" => Distribution::constant(1.0),
        "uniform" => Distribution::uniform(1.0, 2.0),
        "exponential" => Distribution::exponential(2.0),
        "normal" => Distribution::normal(1.0, 2.0),
        "lognormal" => Distribution::lognormal(4e5, 0.5),
        "weibull" => Distribution::weibull(shape_scale),
        "gamma" => Distribution::gamma(shape_scale),
        "pareto" => Distribution::pareto(shape_scale),
        "zipf" => Distribution::zipf(1_000_000, 0.99),
        "empirical" => Distribution::empirical(&(0..1_000).map(f64::from).collect::<Vec<_>>(), Interpolation::Linear),
        "mixture" => Distribution::mixture(vec![
            Weighted { weight: 0.99, item: law("lognormal") },
            Weighted { weight: 0.01, item: law("uniform") },
        ]),
        "truncated lognormal" => law("lognormal").truncated(1e5, 1e6),
        "truncated gamma" => law("gamma").truncated(1.0, 20.0),
        other => panic!("no law is called {other}"),
    };
    made.expect("parameters are valid")
}

/// One sample from each of 1,000 draws.
#[divan::bench(args = LAWS)]
fn thousand_samples(bencher: Bencher, name: &str) {
    let (law, streams) = (divan::black_box(law(name)), streams());
    bencher.bench_local(|| (0..1_000).fold(0.0, |sum, ordinal| sum + law.sample(&mut streams.draw(BENCH, 3, ordinal))));
}
