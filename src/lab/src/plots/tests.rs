use super::*;
use crate::fixture;

fn run() -> Run {
    let inputs = fixture::inputs(1);
    Run::of(&inputs, &fixture::run(&inputs))
}

#[test]
fn the_same_run_gives_the_same_bytes() {
    let (first, second) = (run(), run());
    for kind in Kind::ALL {
        for format in Format::ALL {
            assert_eq!(draw(kind, format, Tone::Light, &first), draw(kind, format, Tone::Light, &second), "{kind:?} {format:?}");
        }
    }
}

#[test]
fn a_picture_from_a_folder_is_that_of_the_outcome() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("a");
    let inputs = fixture::inputs(1);
    let outcome = fixture::run(&inputs);
    crate::results::write(&folder, &inputs, &outcome, &crate::results::Build::default()).unwrap();
    let read = Run::read(&crate::results::read(&folder).unwrap()).unwrap();
    assert_eq!(read, Run::of(&inputs, &outcome));
}

#[test]
fn every_picture_says_what_it_shows() {
    let run = run();
    for (kind, words) in [
        (Kind::Timeline, &["partition", "agent crash", "first noticed", "simulated time (s)", "requests ended per second"][..]),
        (Kind::Goodput, &["answered in time, %", "99th percentile", "a fault acts", "a fault strikes"]),
        (Kind::Latency, &["within that time", "beyond that time", "users: answered in time", "p99.9"]),
    ] {
        let svg = String::from_utf8(draw(kind, Format::Svg, Tone::Light, &run)).unwrap();
        assert!(svg.starts_with("<svg width=\"1200\" height=\"") && svg.contains("small: "), "{kind:?}");
        for word in words {
            assert!(svg.contains(word), "{kind:?} lacks {word}");
        }
    }
}

#[test]
fn a_png_is_1200_pixels_wide() {
    let png = draw(Kind::Latency, Format::Png, Tone::Dark, &run());
    assert_eq!(&png[1..4], b"PNG");
    assert_eq!(png[16..20], 1_200u32.to_be_bytes());
}

#[test]
fn a_run_without_faults_and_requests_has_pictures_that_say_so() {
    let empty = Run { faults: Vec::new(), intervals: Vec::new(), curves: Vec::new(), availability: None, ..run() };
    for kind in Kind::ALL {
        let svg = String::from_utf8(draw(kind, Format::Svg, Tone::Dark, &empty)).unwrap();
        assert!(svg.contains("no requests ended in this run"), "{kind:?}");
    }
}

#[test]
fn faults_of_a_kind_share_a_lane_where_there_are_many() {
    let mut run = run();
    run.faults =
        (0..40).map(|index| Fault { start: f64::from(index) / 3.0, ..run.faults[(index % 2) as usize].clone() }).collect();
    let svg = String::from_utf8(draw(Kind::Timeline, Format::Svg, Tone::Light, &run)).unwrap();
    assert_eq!(svg.matches("× 20").count(), 2);
}

#[test]
fn folding_a_series_keeps_its_requests() {
    let run = run();
    let requests = |intervals: &[Interval]| intervals.iter().map(|step| step.ended()).sum::<f64>();
    let folded = run.folded(7);
    assert!(folded.len() <= 7 && requests(&folded) == requests(&run.intervals));
    assert_eq!(folded.last().unwrap().to, run.intervals.last().unwrap().to);
}
