//! Round-trip times from where regions lie on the globe.

use serde::{Deserialize, Serialize};

use super::{ParameterError, value};

/// Round-trip times between places: light in fibre along the great circle, times a factor for detours and equipment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WanModel {
    /// Name, unique in the file.
    pub name: String,
    /// Where these values stand, or how they were made from what stands there.
    pub source: String,
    /// Measured round-trip time over that of light in fibre along the great circle, at least 1.
    pub inflation: f64,
    /// Round-trip time within a place in milliseconds, above 0.
    pub within_ms: f64,
    /// Standard deviation of a round-trip time as a share of its mean, 0..=1.
    pub deviation: f64,
    /// The places, at least two, each name once.
    pub places: Vec<Place>,
}

/// A point on the globe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Name of the region.
    pub name: String,
    /// Degrees north, −90..=90.
    pub latitude: f64,
    /// Degrees east, −180..=180.
    pub longitude: f64,
}

impl WanModel {
    pub(super) fn check(&self) -> Result<(), ParameterError> {
        let WanModel { name, source: _, inflation, within_ms, deviation, places } = self;
        let place = |key: &str| format!("model `{name}`, `{key}`");
        if !(*inflation >= 1.0 && inflation.is_finite()) {
            return Err(value(&place("inflation"), "a factor of at least 1", inflation));
        }
        if !(*within_ms > 0.0 && within_ms.is_finite()) {
            return Err(value(&place("within_ms"), "a time above 0", within_ms));
        }
        if !(0.0..=1.0).contains(deviation) {
            return Err(value(&place("deviation"), "a share between 0 and 1", deviation));
        }
        if places.len() < 2 {
            return Err(value(&place("places"), "at least two places", &places.len()));
        }
        for (index, Place { name, latitude, longitude }) in places.iter().enumerate() {
            let here = |key: &str| place(&format!("places.{name}.{key}"));
            if places[..index].iter().any(|earlier| earlier.name == *name) {
                return Err(value(&here("name"), "every name once", name));
            }
            if !(-90.0..=90.0).contains(latitude) {
                return Err(value(&here("latitude"), "degrees north between -90 and 90", latitude));
            }
            if !(-180.0..=180.0).contains(longitude) {
                return Err(value(&here("longitude"), "degrees east between -180 and 180", longitude));
            }
        }
        Ok(())
    }
}
