//! One sender of heartbeats and one observer.

use hms_machine::{Draw, Duration, Instant, Purpose, Ratio, Seed, Streams};
use hms_stack::health::{Detector, HealthConfiguration, Heartbeat, Heartbeats, Verdict};

const DELAY: Purpose = Purpose::named("test/pair-delay");

/// The path and the sender.
#[derive(Clone, Copy)]
pub(crate) struct World {
    pub(crate) configuration: HealthConfiguration,
    pub(crate) loss: f64,
    /// Mean of the exponential delay.
    pub(crate) delay: Duration,
    /// The sender stops this long, once in every ten seconds.
    pub(crate) pause: Duration,
    /// The sender's last heartbeat is the last that is due before this.
    pub(crate) end: Instant,
    pub(crate) seed: u64,
}

/// What the observer believed.
#[derive(Debug, Default)]
pub(crate) struct Beliefs {
    /// Mistakes: from suspicion to trust.
    pub(crate) mistakes: Vec<(Instant, Instant)>,
    /// When the final suspicion began.
    pub(crate) convicted: Option<Instant>,
}

impl Beliefs {
    /// Average of T_MR in seconds: between the beginnings of two mistakes.
    pub(crate) fn recurrence(&self) -> f64 {
        let (first, last) = (self.mistakes[0].0, self.mistakes[self.mistakes.len() - 1].0);
        (last - first).as_secs_f64() / (self.mistakes.len() - 1) as f64
    }

    /// Average of T_M in seconds: length of a mistake.
    pub(crate) fn length(&self) -> f64 {
        self.mistaken() / self.mistakes.len() as f64
    }

    /// Seconds in mistakes.
    pub(crate) fn mistaken(&self) -> f64 {
        self.mistakes.iter().map(|(from, to)| (*to - *from).as_secs_f64()).sum()
    }
}

impl World {
    /// What arrives: when, and which.
    fn arrivals(&self) -> Vec<(Instant, Heartbeat)> {
        let streams = Streams::new(Seed(self.seed));
        let loss = Ratio::new(self.loss).expect("a share");
        let mut heartbeats = Heartbeats::new(Instant::ZERO, self.configuration.heartbeat);
        let mut arrivals = Vec::new();
        loop {
            let mut now = heartbeats.deadline();
            let cycle = Duration::from_secs(10);
            let into = Duration::from_nanos(now.as_nanos() % cycle.as_nanos());
            // The stop begins at a place that wanders through the period of the heartbeats.
            let begins = Duration::from_secs(5) + Duration::from_millis(now.as_nanos() / cycle.as_nanos() * 13 % 100);
            if into >= begins && into < begins + self.pause {
                now += begins + self.pause - into;
            }
            if now >= self.end {
                break;
            }
            let sequence = heartbeats.due(now).expect("it is the deadline");
            let mut draw = streams.draw(DELAY, 0, sequence);
            let lost = draw.chance(loss);
            let age = exponential(&mut draw, self.delay);
            if !lost {
                arrivals.push((now + age, Heartbeat { incarnation: 1, sequence, age }));
            }
        }
        arrivals.sort_by_key(|(at, heartbeat)| (*at, heartbeat.sequence));
        arrivals
    }

    pub(crate) fn run(&self) -> Beliefs {
        let mut detector = Detector::new(&self.configuration, 1, Instant::ZERO);
        let mut beliefs = Beliefs::default();
        let arrivals = self.arrivals().into_iter().map(|(at, heartbeat)| (at, Some(heartbeat)));
        for (at, heartbeat) in arrivals.chain([(self.end + Duration::from_secs(3600), None)]) {
            // What arrives at a deadline has arrived in time.
            while let Some(deadline) = detector.deadline().filter(|deadline| *deadline < at) {
                detector.look(deadline, |verdict| {
                    assert_eq!(verdict, Verdict::Suspected(0));
                    beliefs.convicted = Some(deadline);
                });
            }
            if let Some(heartbeat) = heartbeat
                && detector.heard(0, heartbeat, at) == Some(Verdict::Trusted(0))
            {
                beliefs.mistakes.push((beliefs.convicted.take().expect("it was suspected"), at));
            }
        }
        beliefs
    }
}

pub(crate) fn exponential(draw: &mut Draw, mean: Duration) -> Duration {
    mean.mul_f64(-libm::log(draw.open_uniform()))
}
