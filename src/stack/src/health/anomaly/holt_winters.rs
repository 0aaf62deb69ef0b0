//! Forecast with level, trend and additive season (Holt 1957, Winters 1960); an anomaly is a large error of the forecast (Brutlag 2000).
//!
//! The robust form of Gelper, Fried and Croux (2010): what is learned from a value is what it would be within two spreads of the forecast, so an
//! anomaly does not become the forecast. Memory: one number for each reading of a season.

use super::AnomalyConfiguration;

/// Weights of the newest reading in level, trend and season. Slow: a fault is to stand out against the forecast for a while.
const LEVEL: f64 = 0.1;
const TREND: f64 = 0.001;
const SEASON: f64 = 0.2;
/// Weight of the newest error in the spread.
const SPREAD: f64 = 0.02;
/// Errors are learned from up to this many spreads (Gelper et al. 2010, §2).
const CLIP: f64 = 2.0;
/// The mean absolute value of normal errors, in standard deviations: √(2/π).
const ABSOLUTE: f64 = 0.797_884_560_802_865_4;
/// A spread is at least this share of the level's magnitude.
const SPREAD_MIN: f64 = 1e-3;

#[derive(Clone, Debug)]
pub(super) struct HoltWinters {
    limit: f64,
    seen: usize,
    level: f64,
    trend: f64,
    /// Mean absolute error of the forecast.
    error: f64,
    season: Vec<f64>,
}

impl HoltWinters {
    pub(super) fn new(configuration: &AnomalyConfiguration) -> Self {
        let AnomalyConfiguration { season, season_limit: limit, .. } = *configuration;
        HoltWinters { limit, seen: 0, level: 0.0, trend: 0.0, error: 0.0, season: vec![0.0; season.max(2) as usize] }
    }

    /// The error of the forecast, in limits; zero in the first two seasons.
    pub(super) fn observe(&mut self, value: f64) -> f64 {
        let length = self.season.len();
        let (seen, place) = (self.seen, self.seen % length);
        self.seen += 1;
        if seen < length {
            self.season[place] = value;
            if self.seen == length {
                self.level = self.season.iter().sum::<f64>() / length as f64;
                for season in &mut self.season {
                    *season -= self.level;
                }
            }
            return 0.0;
        }
        let error = value - (self.level + self.trend + self.season[place]);
        let second = self.seen - length;
        if seen < 2 * length {
            // The plain mean over the second season: there is no spread yet to be robust against.
            self.error += (error.abs() - self.error) / second as f64;
            self.learn(place, error);
            return 0.0;
        }
        let spread = (self.error / ABSOLUTE).max(SPREAD_MIN * self.level.abs()).max(f64::MIN_POSITIVE);
        let known = error.clamp(-CLIP * spread, CLIP * spread);
        self.error += SPREAD * (known.abs() - self.error);
        self.learn(place, known);
        error.abs() / (self.limit * spread)
    }

    /// The error-correction form of the method: each part takes its share of the error.
    fn learn(&mut self, place: usize, error: f64) {
        self.level += self.trend + LEVEL * error;
        self.trend += TREND * error;
        self.season[place] += SEASON * (1.0 - LEVEL) * error;
    }
}
