//! Round-trip times from distances on the globe, see [`WanModel`].

use std::f64::consts::PI;

use hms_machine::Duration;

use crate::parameters::{Place, WanModel};
use crate::rtt::{Rtt, RttMatrix};

/// Mean radius of the Earth in km (IUGG).
const EARTH_RADIUS_KM: f64 = 6_371.008_8;
/// Speed of light in vacuum over the group index 1.468 of common fibre (ITU-T G.652 at 1550 nm), km per ms.
const FIBRE_KM_PER_MS: f64 = 299.792_458 / 1.468;

pub(super) fn synthesise(model: &WanModel) -> RttMatrix {
    let places = &model.places;
    let mut matrix = RttMatrix::empty(places.iter().map(|place| place.name.clone()).collect());
    for (row, from) in places.iter().enumerate() {
        for (column, to) in places.iter().enumerate() {
            let light_ms = 2.0 * distance_km(from, to) / FIBRE_KM_PER_MS;
            let rtt_ms = if row == column { model.within_ms } else { libm::round(model.inflation * light_ms).max(1.0) };
            let deviation_us = libm::round(1_000.0 * rtt_ms * model.deviation);
            let mut rtt = Rtt::of(Duration::from_nanos_f64(libm::round(1e6 * rtt_ms)));
            rtt.deviation = Some(Duration::from_micros(deviation_us as u64));
            matrix.set(row, column, Some(rtt));
        }
    }
    matrix
}

/// Great-circle distance by the haversine formula.
fn distance_km(one: &Place, other: &Place) -> f64 {
    let radians = |degrees: f64| degrees * PI / 180.0;
    let squared_half_sine = |angle: f64| {
        let sine = libm::sin(angle / 2.0);
        sine * sine
    };
    let (latitude, other_latitude) = (radians(one.latitude), radians(other.latitude));
    let haversine = squared_half_sine(latitude - other_latitude)
        + libm::cos(latitude) * libm::cos(other_latitude) * squared_half_sine(radians(one.longitude - other.longitude));
    2.0 * EARTH_RADIUS_KM * libm::asin(libm::sqrt(haversine.min(1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(name: &str, latitude: f64, longitude: f64) -> Place {
        Place { name: name.to_owned(), latitude, longitude }
    }

    #[test]
    fn a_quarter_of_the_globe_takes_ten_thousand_kilometres() {
        let quarter = distance_km(&place("pole", 90.0, 0.0), &place("equator", 0.0, 33.0));
        assert!((quarter - 10_007.6).abs() < 0.1, "{quarter}");
        assert!((distance_km(&place("a", 10.0, 179.0), &place("b", 10.0, -179.0)) - 219.0).abs() < 0.5);
    }

    #[test]
    fn round_trips_are_symmetric_whole_milliseconds() {
        let model = WanModel {
            name: "two".to_owned(),
            source: String::new(),
            inflation: 2.0,
            within_ms: 0.1,
            deviation: 0.01,
            places: vec![place("pole", 90.0, 0.0), place("equator", 0.0, 0.0)],
        };
        let expected = "from,to,rtt_ms,min_ms,max_ms,mdev_ms\n\
            pole,pole,0.100,,,0.001\npole,equator,196.000,,,1.960\nequator,pole,196.000,,,1.960\nequator,equator,0.100,,,0.001\n";
        assert_eq!(synthesise(&model).to_csv(), expected);
    }
}
