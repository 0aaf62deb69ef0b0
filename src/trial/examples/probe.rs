//! Scratch.
#![allow(clippy::all, reason = "scratch")]
use hms_machine::Seed;
use hms_trial::*;
use std::sync::Arc;
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let text = std::fs::read_to_string(&args[1]).unwrap();
    let stack = std::fs::read_to_string(args.get(2).map(String::as_str).unwrap_or("/dev/null")).unwrap();
    let document =
        hms_scenario::parse(&text, &|_| Err("none".to_owned())).unwrap_or_else(|p| panic!("{}", p[0].render("x", &text)));
    let scenario = Arc::new(document.scenario);
    let stack = parse_stack(&stack).unwrap_or_else(|p| panic!("{}", p[0].render("stack", &stack)));
    let seeds: u64 = args.get(3).and_then(|s| s.parse().ok()).unwrap_or(1);
    let verbose = args.get(4).is_some();
    let from: u64 = std::env::var("FROM").ok().and_then(|s| s.parse().ok()).unwrap_or(1);
    for seed in from..=seeds {
        let started = std::time::Instant::now();
        let outcome = Trial::new(Arc::clone(&scenario), stack, Seed(seed)).run().unwrap();
        println!("seed {seed} hash {} events {} in {:.2}s", outcome.hash, outcome.events, started.elapsed().as_secs_f64());
        if std::env::var("R8").is_ok() { let g = |a: f64, b: f64| { let (mut st, mut ok) = (0u64, 0u64); for row in &outcome.recorder.series { let t = row.at.as_secs_f64(); if t > a && t <= b { st += row.requests.started; ok += row.requests.succeeded; } } ok as f64 / st as f64 }; println!("R8 before {:.3} 135-165 {:.3} late {:.3}", g(20., 120.), g(135., 165.), g(300., 400.)); }
        if !verbose { let o = |n: &str| outcome.objective(n).map_or("-".to_string(), |v| format!("{v:.4}")); println!("   avail {} det99 {} fp {} rec95 {} first {} recs {} kept {} lost {} casc {:?} moved {} quar {} dl {} twice {} restored {}", o("availability"), o("detection_p99"), o("false_positives"), o("service_recovery_p95"), o("first_attempt"), o("recoveries"), o("state_kept"), o("state_lost"), outcome.findings.cascades.iter().map(|c| (c.at.to_string(), c.kind.name())).collect::<Vec<_>>(), o("moved"), o("quarantined"), o("double_leadership"), o("started_twice"), o("restored")); }
        if verbose {
            for i in &outcome.incidents {
                println!(
                    "{:8} {:12} {:26} det {:9} {:10} rest {:10} first {:?} poss {} rungs {}",
                    i.start.to_string(),
                    i.kind,
                    i.victims.chars().take(26).collect::<String>(),
                    i.detection_time().map_or("-".into(), |d| d.to_string()),
                    i.cause.map_or("-", |c| c.name()),
                    i.service_recovery().map_or("-".into(), |d| d.to_string()),
                    i.first_attempt(),
                    i.possible,
                    i.rungs().unwrap_or_default()
                );
            }
            println!("{:?}", outcome.findings.cascades);
            for objective in &outcome.objectives {
                println!("   {:24} {:?}", objective.definition.name, objective.value);
            }
            let mut counts = std::collections::BTreeMap::new();
            for row in &outcome.recorder.trace {
                if let TraceKind::Stack { record, justified, .. } = row.kind {
                    *counts
                        .entry(format!("{record:?} {justified}").split(['(', '{']).next().unwrap().to_string())
                        .or_insert(0u32) += 1;
                }
            }
            println!("{counts:?}");
            let series = &outcome.recorder.series;
            let step = (series.len() / 60).max(1);
            for chunk in series.chunks(step) {
                let mut r = (0, 0, 0, 0);
                for row in chunk {
                    r.0 += row.requests.started;
                    r.1 += row.requests.succeeded;
                    r.2 += row.requests.failed;
                    r.3 += row.shed;
                }
                println!(
                    "S {} started {} ok {} failed {} shed {} ready {} susp {}",
                    chunk.last().unwrap().at,
                    r.0,
                    r.1,
                    r.2,
                    r.3,
                    chunk.last().unwrap().agents_ready,
                    chunk.last().unwrap().suspicions
                );
            }
            if args.get(4).is_some_and(|v| v == "full") {
                for row in &outcome.recorder.trace {
                    println!("{} {:?}", row.at, row.kind);
                }
            }
        }
    }
}
