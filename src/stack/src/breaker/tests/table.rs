//! The whole table: what each state does with each input.

use std::fmt::Write;

use super::*;

/// The time of every input.
const NOW: u64 = 10_000;

/// A breaker in some state, tickets of its own, and one from before.
struct Scene {
    name: &'static str,
    bench: Bench,
    own: Option<Ticket>,
    earlier: Ticket,
}

fn scenes() -> Vec<Scene> {
    let configuration = BreakerConfiguration {
        permits: 2,
        successes: 2,
        open_jitter: 0.0,
        failure_ratio: 0.0,
        consecutive: 2,
        slow_ratio: 0.8,
        ..Default::default()
    };
    let mut fresh = Bench::new(configuration);
    let earlier = fresh.ticket(at(0)).unwrap();
    let opened = |at_millis| fresh.clone().tripped(at(at_millis));
    let mut closed = fresh.clone();
    let first = closed.ticket(at(NOW)).unwrap();
    let mut about_to_open = closed.clone();
    about_to_open.call(FAILED, at(NOW)).unwrap();
    let half_open = |probes_before: usize| {
        let mut bench = opened(NOW - 2_000);
        (0..probes_before).for_each(|_| assert_eq!(bench.call(OK, at(NOW - 500)), Some(None)));
        let ticket = bench.ticket(at(NOW - 500));
        (bench, ticket)
    };
    let mut ramp = opened(NOW - 2_000);
    (0..2).for_each(|_| assert!(ramp.call(OK, at(NOW)).is_some()));
    let on_ramp = std::iter::repeat_with(|| ramp.ticket(at(NOW))).flatten().next();
    let mut full = half_open(0);
    let second = full.0.ticket(at(NOW - 400));
    assert!(second.is_some());
    let mut lost = opened(NOW - 5_000);
    let given_up = lost.ticket(at(NOW - 2_000));
    let forced = |forced| {
        let mut bench = closed.clone();
        bench.breaker.force(forced, at(NOW - 1));
        let ticket = bench.ticket(at(NOW));
        (bench, ticket)
    };
    let mut all = vec![("closed", (closed.clone(), Some(first)))];
    // One more failure is the second in a row.
    all.push(("closed, one failure", (about_to_open, Some(first))));
    all.push(("closed, ramp begins", (ramp, on_ramp)));
    all.push(("open", (opened(NOW - 1), None)));
    all.push(("open, time over", (opened(NOW - 1_000), None)));
    all.push(("half-open, a probe under way", half_open(0)));
    all.push(("half-open, full", full));
    all.push(("half-open, last probe", half_open(1)));
    all.push(("half-open, probe lost", (lost, given_up)));
    all.push(("forced open", forced(Forced::Open)));
    all.push(("forced closed", forced(Forced::Closed)));
    all.push(("disabled", forced(Forced::Disabled)));
    all.into_iter().map(|(name, (bench, own))| Scene { name, bench, own, earlier }).collect()
}

fn told(transition: Option<Transition>) -> String {
    transition.map_or("stays".to_owned(), |transition| {
        format!("{} -> {} ({:?})", transition.from.name(), transition.to.name(), transition.why)
    })
}

fn answered(permit: Permit) -> String {
    match permit {
        Permit::Granted(ticket) if ticket.is_probe() => "granted, probe".to_owned(),
        Permit::Granted(Ticket::UNWATCHED) => "granted, unwatched".to_owned(),
        Permit::Granted(_) => "granted".to_owned(),
        Permit::Rejected { rejection, until: Instant::MAX } => format!("rejected ({rejection:?})"),
        Permit::Rejected { rejection, until } => format!("rejected ({rejection:?}) until {until}"),
    }
}

#[test]
fn every_state_answers_every_input() {
    type Input = (&'static str, fn(&mut Bench, &Scene) -> String);
    let inputs: [Input; 12] = [
        ("permit", |bench, _| answered(bench.permit(at(NOW)))),
        ("success", |bench, scene| scene.own.map_or("-".to_owned(), |own| told(bench.outcome(own, OK, at(NOW))))),
        ("failure", |bench, scene| scene.own.map_or("-".to_owned(), |own| told(bench.outcome(own, FAILED, at(NOW))))),
        ("slow success", |bench, scene| {
            let ended = slow(&bench.configuration);
            scene.own.map_or("-".to_owned(), |own| told(bench.outcome(own, ended, at(NOW))))
        }),
        ("cancel, permit", |bench, scene| {
            scene.own.map_or("-".to_owned(), |own| {
                bench.breaker.cancel(own);
                answered(bench.permit(at(NOW)))
            })
        }),
        ("first call fails", |bench, scene| told(bench.outcome(scene.earlier, FAILED, at(NOW)))),
        ("settle", |bench, _| told(bench.breaker.settle(&bench.configuration, at(NOW)))),
        ("trip", |bench, _| told(bench.breaker.trip(&bench.configuration, at(NOW), &mut bench.draw))),
        ("force open", |bench, _| told(bench.breaker.force(Forced::Open, at(NOW)))),
        ("force closed", |bench, _| told(bench.breaker.force(Forced::Closed, at(NOW)))),
        ("force disabled", |bench, _| told(bench.breaker.force(Forced::Disabled, at(NOW)))),
        ("release", |bench, _| told(bench.breaker.release(at(NOW)))),
    ];
    let mut table = String::new();
    for scene in scenes() {
        writeln!(table, "{} (reads {})", scene.name, scene.bench.phase(at(NOW)).name()).unwrap();
        for (input, act) in inputs {
            let mut bench = scene.bench.clone();
            let answer = act(&mut bench, &scene);
            let until = bench.report(at(NOW)).until.map_or(String::new(), |until| format!(", open until {until}"));
            writeln!(table, "    {input:<18} {answer}; then {}{until}", bench.phase(at(NOW)).name()).unwrap();
        }
    }
    insta::assert_snapshot!(table);
}
