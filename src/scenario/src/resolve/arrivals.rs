//! When requests arrive.

use hms_dataset::rates;
use hms_machine::Instant;

use super::Resolver;
use crate::file::{self, ArrivalsTable};
use crate::model;
use crate::place::Place;
use crate::problem::Problem;
use crate::quantity::{Rate, Time};

impl Resolver<'_> {
    pub(super) fn arrivals(&mut self, arrivals: file::Arrivals, place: &Place) -> model::Arrivals {
        let table = match arrivals {
            file::Arrivals::Rate(rate) => {
                return model::Arrivals::Poisson { rate: self.positive_rate(rate, place) };
            }
            file::Arrivals::Table(table) => table,
        };
        match table {
            ArrivalsTable::Poisson { rate } => model::Arrivals::Poisson { rate: self.positive_rate(rate, &place.key("rate")) },
            ArrivalsTable::Regular { rate } => model::Arrivals::Regular { rate: self.positive_rate(rate, &place.key("rate")) },
            ArrivalsTable::Steps { steps } => self.steps(&steps, &place.key("steps")),
            ArrivalsTable::Modulated { phases } => self.modulated(&phases, &place.key("phases")),
            ArrivalsTable::Diurnal { mean, amplitude, period, shift } => {
                self.positive(period, &place.key("period"));
                model::Arrivals::Diurnal {
                    mean: self.positive_rate(mean, &place.key("mean")),
                    amplitude: amplitude.0,
                    period: period.0,
                    shift: shift.0,
                }
            }
            ArrivalsTable::Counts { file, scale } => {
                self.require(scale.is_finite() && scale > 0.0, scale, "a number above 0", &place.key("scale"));
                model::Arrivals::Counts { counts: self.counts(&file, &place.key("file")), scale }
            }
            ArrivalsTable::Timestamps { file, from } => {
                model::Arrivals::Timestamps { at: self.timestamps(&file, from, &place.key("file")) }
            }
            ArrivalsTable::Closed { clients, think } => {
                model::Arrivals::Closed { clients, think: self.law(think, &place.key("think")) }
            }
        }
    }

    fn positive_rate(&mut self, rate: Rate, place: &Place) -> f64 {
        self.require(rate.0 > 0.0, rate.0, "a rate above 0", place);
        rate.0
    }

    fn steps(&mut self, steps: &[file::RateStep], place: &Place) -> model::Arrivals {
        self.some_rate(steps.iter().map(|step| step.rate), place);
        for (index, pair) in steps.windows(2).enumerate() {
            let (before, step) = (&pair[0], &pair[1]);
            if step.at <= before.at {
                let problem = Problem::new("", format!("the step at {} does not follow the one at {}", step.at, before.at));
                self.blame(&place.index(index + 1).key("at"), problem.expected("steps in order of time, no two at the same"));
            }
        }
        let steps = steps.iter().enumerate().map(|(index, step)| model::RateStep {
            at: self.within_run(step.at, "a step", &place.index(index).key("at")),
            rate: step.rate.0,
        });
        model::Arrivals::Steps { steps: steps.collect() }
    }

    fn modulated(&mut self, phases: &[file::Phase], place: &Place) -> model::Arrivals {
        self.some_rate(phases.iter().map(|phase| phase.rate), place);
        let phases = phases.iter().enumerate().map(|(index, phase)| {
            self.positive(phase.stay, &place.index(index).key("stay"));
            model::Phase { rate: phase.rate.0, stay: phase.stay.0 }
        });
        model::Arrivals::Modulated { phases: phases.collect() }
    }

    fn some_rate(&mut self, mut rates: impl Iterator<Item = Rate>, place: &Place) {
        if !rates.any(|rate| rate.0 > 0.0) {
            self.blame(
                place,
                Problem::new("", "no request would ever arrive").expected("at least one entry with a rate above 0"),
            );
        }
    }

    fn counts(&mut self, file: &str, place: &Place) -> Vec<u32> {
        let Some(text) = self.side_file(file, place) else { return Vec::new() };
        match rates::CountSeries::parse(&text) {
            Ok(series) => {
                if series.total() == 0 {
                    let problem = Problem::new("", format!("`{file}` counts no request at all"));
                    self.blame(place, problem.expected("at least one line with a number above 0"));
                }
                series.counts
            }
            Err(error) => {
                self.blame(place, Problem::new("", format!("`{file}`: {error}")));
                Vec::new()
            }
        }
    }

    fn timestamps(&mut self, file: &str, from: Time, place: &Place) -> Vec<Instant> {
        let Some(text) = self.side_file(file, place) else { return Vec::new() };
        let arrivals = match rates::Arrivals::from_csv(&text) {
            Ok(arrivals) => arrivals,
            Err(error) => {
                self.blame(place, Problem::new("", format!("`{file}`: {error}")));
                return Vec::new();
            }
        };
        let start = Instant::ZERO.saturating_add(from.0);
        let end = start.saturating_add(self.duration);
        let within = arrivals.as_slice().iter().map(|arrival| arrival.time).filter(|time| (start..end).contains(time));
        let at: Vec<Instant> = within.map(|time| Instant::ZERO.saturating_add(time.saturating_since(start))).collect();
        if at.is_empty() {
            let message = format!("`{file}` has no request between {from} and {}", Time(end.saturating_since(Instant::ZERO)));
            let help = "choose `from` so that the run covers a part of the file, or a longer `run.duration`";
            self.blame(place, Problem::new("", message).help(help));
        }
        at
    }
}
