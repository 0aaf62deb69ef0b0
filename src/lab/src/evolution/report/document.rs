//! The report in Markdown: the headline first, then what stands behind it, then method and seeds.
//!
//! Nothing in it depends on the machine or on how often the search was interrupted.

use std::fmt::Write as _;

use hms_evolve::proof::bootstrap::Interval;
use hms_trial::luck::Key;

use super::super::document::{converged, figure, found, judged, searched};
use super::super::plan::Plan;
use super::super::study::Study;
use super::super::tidy;
use super::super::verdict::Comparison;
use super::robustness::{DRIFT, worst};
use super::{Analysis, Carrier, Drifted, Followed, Mix, NAMED_ABOVE, Neighbour, chances, figures, start};
use crate::presets::DEFAULT;

/// What is to be shown: so much better than the default.
const GOAL: f64 = 0.15;
/// What intervals without a p-value are.
const UNCORRECTED: &str =
    "These are 95 % BCa intervals one by one: they are not corrected for their number, and only the verdict's p-values are.";
/// Rows of long tables.
const ROWS: usize = 12;
/// Seeds that are named.
const SEEDS_NAMED: usize = 5;

/// The whole report.
pub(in super::super) fn report(plan: &Plan, study: &Study) -> String {
    let mut text = format!("# {}\n\n", plan.name);
    if !plan.description.is_empty() {
        let _ = write!(text, "{}\n\n", plan.description);
    }
    headline(&mut text, plan, study);
    judged(&mut text, plan, study);
    if let Some(analysis) = &study.analysis {
        holds(&mut text, plan, study, analysis);
    }
    found(&mut text, plan, study);
    why(&mut text, plan, study);
    if let Some(analysis) = &study.analysis {
        bought(&mut text, plan, analysis);
        drifts(&mut text, plan, analysis);
        genes(&mut text, plan, analysis);
        rivals(&mut text, plan, analysis);
        changes(&mut text, plan, analysis);
    }
    converged(&mut text, study);
    let _ = write!(text, "\n![Best value and hypervolume over trials]({})\n\n", figures::CONVERGENCE);
    searched(&mut text, plan, study);
    text
}

/// How the search followed changes of its conditions.
fn changes(text: &mut String, plan: &Plan, analysis: &Analysis) {
    let Some(seeds) = analysis.followed.first().map(|one| one.seeds) else { return };
    text.push_str(
        "## Changes\n\n| conditions from generation | best from before them | first best under them | in the end | of a fresh search | back within 5 % after |\n|---|---|---|---|---|---|\n",
    );
    let shown = |loss: Option<f64>| loss.map_or_else(|| "–".to_owned(), |loss| figure(plan.question.targets[0].shown(loss)));
    for one in &analysis.followed {
        let best = |place: Option<&(u64, f64)>| shown(place.map(|best| best.1));
        let back = match one.back() {
            Some(generations) => format!("{generations} generations"),
            None => "**never**".to_owned(),
        };
        let first =
            one.bests.first().map_or_else(|| "–".to_owned(), |(after, loss)| format!("{} after {after}", shown(Some(*loss))));
        let last = best(one.bests.last());
        let _ = writeln!(text, "| {} | {} | {first} | {last} | {} | {back} |", one.begin, shown(one.before), shown(one.fresh));
    }
    let _ = write!(
        text,
        "\n`{}` of the best of each generation, on the same {seeds} held-out seeds under the conditions of its time. Back: within 5 % of the least loss of these and of a search that began afresh under them, with as many generations. The verdict is about the last conditions.\n\n",
        plan.question.targets[0].name
    );
    course(text, &analysis.followed, shown);
}

/// The best of every generation, conditions beside each other.
pub(super) fn course(text: &mut String, followed: &[Followed], shown: impl Fn(Option<f64>) -> String) {
    text.push_str("<details><summary>By generation</summary>\n\n| generations under them |");
    for one in followed {
        let _ = write!(text, " from {} |", one.begin);
    }
    let _ = writeln!(text, "\n|---|{}", "---|".repeat(followed.len()));
    for generation in 1..=followed.iter().map(|one| one.generations).max().unwrap_or(0) {
        let _ = write!(text, "| {generation} |");
        for one in followed {
            let found = one.bests.iter().find(|best| best.0 == generation).map(|best| best.1);
            let _ = write!(text, " {} |", if generation > one.generations { String::new() } else { shown(found) });
        }
        text.push('\n');
    }
    text.push_str("\n</details>\n\n");
}

/// The winner against the default and the best preset, in a sentence for each objective.
fn headline(text: &mut String, plan: &Plan, study: &Study) {
    let Some(choice) = study.chosen.first() else {
        text.push_str("**Nothing was chosen**: no finalist could be measured on every validation seed.\n\n");
        return;
    };
    for (target, about) in plan.question.targets.iter().enumerate() {
        let Some(own) = study.verdict.comparison(0, DEFAULT, target) else { continue };
        let _ = write!(text, "**`{}` loses {} {} than the default**", choice.name, less(own.improvement), about.name);
        if let Some(best) = study.verdict.best_preset(target) {
            let name = &study.verdict.contenders[best].name;
            let other = study.verdict.comparison(0, name, target).and_then(|found| found.improvement);
            let _ = write!(text, ", and {} than the best preset (`{name}`)", less(other));
        }
        let _ = writeln!(text, ", on {} seeds that the search never saw. {}\n", own.pairs, shown(own));
    }
    if !plan.question.constraints.is_empty() {
        let own = &study.verdict.contenders[0];
        let missed = plan.question.missed(&own.evaluation, &own.cells);
        let _ = match missed.as_slice() {
            [] => writeln!(text, "On these seeds it keeps every constraint.\n"),
            missed => writeln!(text, "On these seeds it **does not keep every constraint**: {}.\n", missed.join(", ")),
        };
    }
    let _ = writeln!(text, "Ready to run: `hms run SCENARIO --stack {}/{}.toml`.\n", super::super::study::BEST, choice.name);
}

/// `31.2 % [28.0, 34.1] less`.
fn less(improvement: Option<Interval>) -> String {
    match improvement {
        Some(Interval { estimate, low, high }) if estimate >= 0.0 => {
            format!("{:.1} % [{:.1}, {:.1}] less", 100.0 * estimate, 100.0 * low, 100.0 * high)
        }
        Some(Interval { estimate, low, high }) => {
            format!("{:.1} % [{:.1}, {:.1}] *more*", -100.0 * estimate, -100.0 * high, -100.0 * low)
        }
        None => "an amount that cannot be compared".to_owned(),
    }
}

/// What the comparison with the default shows.
fn shown(own: &Comparison) -> &'static str {
    match own.improvement {
        _ if own.p_corrected > 0.05 => "That it is better is **not shown**.",
        Some(interval) if interval.low >= GOAL => "The whole interval lies above 15 %.",
        Some(interval) if interval.low > 0.0 => "That it is better is shown; that it is 15 % better is not.",
        Some(_) | None => "That it is better is **not shown**.",
    }
}

/// Power, and where the claim does not hold.
fn holds(text: &mut String, plan: &Plan, study: &Study, analysis: &Analysis) {
    text.push_str("## How firm this is, and where it does not hold\n\n");
    for (about, evidence) in plan.question.targets.iter().zip(&analysis.evidence) {
        let (mean, deviation) = evidence.difference;
        let _ = write!(
            text,
            "- `{}`: the default loses {} more {} (deviation {} per seed{}, {} pairs). Chance that a repetition shows it: {:.0} %",
            about.name,
            figure(mean),
            if about.is_mean() { "per seed" } else { "over all seeds" },
            figure(deviation),
            if about.is_mean() { "" } else { ", by the bootstrap: a rough guess for so rare days" },
            evidence.pairs,
            100.0 * evidence.power
        );
        match evidence.seeds_for_90 {
            Some(needed) => {
                let _ = writeln!(text, "; {needed} seeds give 90 %.");
            }
            None => text.push_str(".\n"),
        }
        if evidence.worse_on.is_empty() {
            text.push_str("  It is better or equal on every seed.\n");
            continue;
        }
        let _ = write!(
            text,
            "  **Worse than the default on {} of {} seeds**, the worst first:",
            evidence.worse_on.len(),
            evidence.pairs
        );
        let named = evidence.worse_on.iter().take(SEEDS_NAMED);
        let named: Vec<String> = named
            .map(|(seed, before, after)| format!(" {} ({} instead of {})", seed.0, figure(*after), figure(*before)))
            .collect();
        let _ = writeln!(text, "{}. `hms run SCENARIO --seed …` shows what happens there.", named.join(","));
    }
    if !analysis.scenarios.is_empty() {
        text.push_str("\n| scenario | against |");
        columns(text, plan, |name| format!(" {name} |"));
        let _ = writeln!(text, "\n|---|---|{}", "---|".repeat(plan.question.targets.len()));
        for one in &analysis.scenarios {
            let cells: Vec<String> = one.improvements.iter().map(|found| format!(" {} |", verdict(*found))).collect();
            let _ = writeln!(text, "| {} | {} |{}", one.scenario, one.baseline, cells.concat());
        }
        let lost =
            analysis.scenarios.iter().filter(|one| one.improvements.iter().flatten().any(|found| found.low <= 0.0)).count();
        if lost > 0 {
            let _ = writeln!(text, "\nOn {lost} of these {} rows an improvement is not shown.", analysis.scenarios.len());
        }
        let _ = writeln!(text, "\n{UNCORRECTED}");
    }
    mixes(text, plan, analysis);
    shared(text, plan, analysis);
    let _ = writeln!(
        text,
        "\nSeeds of the verdict: root {}, held-out numbers 0 to {}.\n",
        plan.settings.root.0,
        study.verdict.seeds.len().saturating_sub(1)
    );
}

/// The proof by kinds of faults.
fn mixes(text: &mut String, plan: &Plan, analysis: &Analysis) {
    if analysis.mixes.is_empty() {
        return;
    }
    text.push_str("\n| seeds with this fault | how many |");
    columns(text, plan, |name| format!(" less {name} than the default |"));
    let _ = writeln!(text, "\n|---|---|{}", "---|".repeat(plan.question.targets.len()));
    let shown = |mix: &Mix| mix.improvements.iter().all(|found| found.is_some_and(|found| found.low > 0.0));
    // All where it is not shown; of the others there may be many.
    for mix in analysis.mixes.iter().enumerate().filter(|(row, mix)| *row < ROWS || !shown(mix)).map(|(_, mix)| mix) {
        let cells: Vec<String> = mix.improvements.iter().map(|found| format!(" {} |", verdict(*found))).collect();
        let _ = writeln!(text, "| {} | {} |{}", mix.fault, mix.seeds, cells.concat());
    }
    let lost = analysis.mixes.iter().filter(|mix| !shown(mix)).count();
    let _ = writeln!(
        text,
        "\nUnder {lost} of {} kinds of fault an improvement is not shown, by fewer seeds than the whole verdict; kinds that all seeds have, or fewer than six, are left out. {UNCORRECTED}",
        analysis.mixes.len()
    );
}

/// The head of a column, or two, for each objective.
fn columns(text: &mut String, plan: &Plan, head: impl Fn(&str) -> String) {
    plan.question.targets.iter().for_each(|target| text.push_str(&head(&target.name)));
}

fn verdict(found: Option<Interval>) -> String {
    match found {
        Some(found) => {
            let sign = if found.low > 0.0 { "" } else { " (not shown)" };
            format!("{}{sign}", share(found))
        }
        None => "–".to_owned(),
    }
}

/// `+31.2 % [+28.0, +34.1]`.
fn share(found: Interval) -> String {
    format!("{:+.1} % [{:+.1}, {:+.1}]", 100.0 * found.estimate, 100.0 * found.low, 100.0 * found.high)
}

/// Why this point of the front.
fn why(text: &mut String, plan: &Plan, study: &Study) {
    let Some(choice) = study.chosen.first() else { return };
    text.push_str("### Why this one\n\n");
    let targets = &plan.question.targets;
    let winner = &study.finalists[choice.finalist];
    let validation = plan.settings.validation as usize;
    // What has decided: the race, or the seeds that everybody met.
    let (evaluation, seeds) =
        winner.raced.as_ref().map_or((&winner.evaluation, validation), |raced| (&raced.evaluation, raced.seeds));
    if targets.len() == 1 {
        let among = least_among(plan, evaluation.violation());
        let _ = match study.runoff.rounds.last() {
            Some(last) => {
                let _ = write!(
                    text,
                    "Of the {} finalists who met {seeds} validation seeds it loses least on these{among}.",
                    last.finalists.len()
                );
                if winner.front { Ok(()) } else { write!(text, " On the first {validation} another one led.") }
            }
            None if study.finalists.len() == 1 => write!(text, "It is the only finalist."),
            None => write!(text, "Of {} finalists it loses least on validation seeds{among}.", study.finalists.len()),
        };
        if !winner.set_back.is_empty() {
            let names: Vec<String> = winner.set_back.iter().map(|name| format!("`{name}`")).collect();
            let _ = write!(
                text,
                " It is the best of the search with what it does not need set back to the base's (on all search seeds it lost no more than {:.1} % by that): {}.",
                100.0 * tidy::COST_MAX,
                names.join(", ")
            );
        }
        let _ = writeln!(text, " {}\n", raced(plan, study));
        return;
    }
    let knee = "to the best value of every objective at once, each measured by its span over the front";
    let _ = match study.runoff.rounds.last() {
        Some(last) => write!(
            text,
            "Several points of the front lay nearest {knee}, and raced. Of the {} that met {seeds} validation seeds it is the nearest on these.",
            last.finalists.len()
        ),
        None => write!(text, "It is the point of the front nearest {knee}."),
    };
    let _ = write!(text, " {} ", raced(plan, study));
    if seeds > validation {
        let _ = writeln!(text, "On its {seeds} seeds it gives up, of the spans of the front on the first {validation}:\n");
    } else {
        text.push_str("It gives up:\n\n");
    }
    for (target, about) in targets.iter().enumerate() {
        let values = || study.finalists.iter().filter(|one| one.front).map(|one| one.evaluation.objectives[target]);
        let (low, high) =
            values().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        let Some(&own) = evaluation.objectives.get(target) else { continue };
        let given = if high > low { 100.0 * (own - low) / (high - low) } else { 0.0 };
        let _ = writeln!(
            text,
            "- {given:.0} % of the span of `{}` ({} where {} is the best on the front and {} the worst)",
            about.name,
            figure(about.shown(own)),
            figure(about.shown(low)),
            figure(about.shown(high))
        );
    }
    let _ = write!(text, "\n![The front in the plane of the first two objectives]({})\n\n", figures::FRONT);
}

/// Who met which validation seeds, and what the race among the leading few has cost.
fn raced(plan: &Plan, study: &Study) -> String {
    let mut text = format!("Everybody met validation seeds 1 to {}", plan.settings.validation);
    for round in &study.runoff.rounds {
        let _ = write!(text, ", the leading {} went on to seed {}", round.finalists.len(), round.seeds);
    }
    let several = plan.question.targets.len() > 1;
    let field = study.finalists.iter().filter(|one| !several || one.front).count();
    if study.runoff.rounds.is_empty() && field < 2 {
        text.push_str(", and there was nobody to race against.");
    } else if study.runoff.rounds.is_empty() {
        text.push_str(", and nobody was close enough to the leader for a race.");
    } else {
        let _ = write!(text, ": a race of {} trials.", study.runoff.cells * plan.last_worlds().len());
    }
    text
}

/// Among whom a winner loses least, since constraints come first.
fn least_among(plan: &Plan, violation: f64) -> &'static str {
    if plan.question.constraints.is_empty() {
        ""
    } else if violation <= 0.0 {
        " among those that keep every constraint"
    } else {
        " among those that break the constraints least: none keeps them all"
    }
}

/// What one-gene mutants of the base share with it.
fn shared(text: &mut String, plan: &Plan, analysis: &Analysis) {
    let found = &analysis.neighbours;
    for (target, about) in plan.question.targets.iter().enumerate() {
        let Some((median, mutants)) = found.share(target) else { continue };
        let _ = write!(
            text,
            "\nShared worlds: with a change of one gene, the variance of the difference to the {} in `{}` is {median:.3} of the sum of both variances (1 without shared worlds): the median of {mutants} mutants, of {} that were drawn, that differ on {} seeds.",
            start(plan),
            about.name,
            found.mutants.len(),
            found.seeds
        );
        let of = |mutant: &Neighbour| {
            let part = mutant.unexplained[target].filter(|part| *part > NAMED_ABOVE)?;
            let (name, from, to) = mutant.parameters.first()?;
            Some(format!("`{name}` from {from} to {to} ({:.0} %)", 100.0 * part))
        };
        let named: Vec<String> = found.mutants.iter().filter_map(of).collect();
        if !named.is_empty() {
            let _ = write!(
                text,
                " Of their losses the {}'s on the same seeds leave more than {:.0} % unexplained with {}.",
                start(plan),
                100.0 * NAMED_ABOVE,
                named.join(", ")
            );
        }
        if median > NAMED_ABOVE {
            lucky(text, plan, analysis, target);
        }
        text.push('\n');
    }
}

/// Which draws carry the luck that mutants do not share with the base.
fn lucky(text: &mut String, plan: &Plan, analysis: &Analysis, target: usize) {
    let (start, found) = (start(plan), &analysis.chances);
    let carriers = found.carrying(target);
    let percent = 100.0 * NAMED_ABOVE;
    let _ = write!(
        text,
        " Each of the {} kinds of draws that a stack may come to meet otherwise was also taken, alone, from another world, with the {start} on up to {} of these seeds: {} of them change what it loses at all, and ",
        found.tried,
        found.seeds,
        found.carriers.len()
    );
    if carriers.is_empty() {
        let _ = write!(text, "none by more than {percent:.0} % on this scale.");
        return;
    }
    let one = |(carrier, share): &(&Carrier, f64)| {
        let mark = if carrier.luck.key == Key::Count { ", counted" } else { "" };
        format!("`{}` ({:.0} %{mark})", carrier.luck.name, 100.0 * share)
    };
    let names: Vec<String> = carriers.iter().take(chances::NAMED_MAX).map(one).collect();
    let rest = match carriers.len().saturating_sub(names.len()) {
        0 => String::new(),
        rest => format!(" and {rest} more"),
    };
    let _ = write!(
        text,
        "{} by more than {percent:.0} % on this scale: {}{rest}. By so much two configurations differ from chance alone when their requests or messages meet other values of that draw (100 %: by as much as in worlds that share nothing; so few seeds may show more). What is counted is numbered on its link, disk or host, so that one more of it shifts all that follow; the rest belongs to a call and is shared as long as both make that call.",
        carriers.len(),
        names.join(", ")
    );
    if found.chaotic(target) {
        text.push_str(" Most of what changes anything changes much: the world is chaotic here, whatever moves one event makes other days of it, and no draw alone is to blame.");
    }
}

/// The path from the base.
fn bought(text: &mut String, plan: &Plan, analysis: &Analysis) {
    text.push_str("## What moved, and what each change bought\n\n");
    let path = &analysis.path;
    let start = start(plan);
    if path.steps.is_empty() {
        let _ = write!(text, "Nothing that matters differs from the {start}.\n\n");
        return;
    }
    let _ = write!(text, "| step | {start} | winner |");
    columns(text, plan, |name| format!(" gain in {name} |"));
    let _ = writeln!(text, "\n|---|---|---|{}", "---|".repeat(plan.question.targets.len()));
    for step in &path.steps {
        let (names, from, to) = match step.parameters.as_slice() {
            [one] => (format!("`{}`", one.name), one.from.to_string(), one.to.to_string()),
            several => (format!("{} others, below", several.len()), String::new(), String::new()),
        };
        let gains: Vec<String> =
            step.gains.iter().map(|gain| format!(" {} |", gain.map_or_else(|| "–".to_owned(), share))).collect();
        let _ = writeln!(text, "| {names} | {from} | {to} |{}", gains.concat());
    }
    let _ = write!(
        text,
        "\nFrom the {start} to the winner, one parameter at a time, those first without which the winner loses most ({} seeds); gains are shares of the {start}'s loss, with 95 % BCa intervals over {} paired held-out seeds, and add up.\n\n![Loss left after each step]({})\n\n",
        path.seeds.1,
        path.seeds.0,
        figures::ABLATION
    );
    if let Some(rest) = path.steps.last().filter(|step| step.parameters.len() > 1) {
        let _ = write!(text, "<details><summary>The others</summary>\n\n| parameter | {start} | winner |\n|---|---|---|\n");
        for one in &rest.parameters {
            let _ = writeln!(text, "| `{}` | {} | {} |", one.name, one.from, one.to);
        }
        text.push_str("\n</details>\n\n");
    }
}

/// What drifts cost.
fn drifts(text: &mut String, plan: &Plan, analysis: &Analysis) {
    let robustness = &analysis.robustness;
    if robustness.joint.is_empty() {
        return;
    }
    let _ = write!(
        text,
        "## How robust it is\n\nThe numbers of the winner drift: alone by {0:.0} % down or up, together each by a draw between -{0:.0} % and {0:.0} %. ",
        100.0 * DRIFT
    );
    let whole: Vec<f64> = robustness.joint.iter().map(worst).collect();
    let mean = whole.iter().sum::<f64>() / whole.len() as f64;
    let most = whole.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let _ = write!(
        text,
        "All at once, in {} draws on {} seeds: {:+.1} % loss on average, {:+.1} % in the worst draw. One at a time ({} seeds), the worst:\n\n| parameter | from | to |",
        whole.len(),
        robustness.seeds.1,
        100.0 * mean,
        100.0 * most,
        robustness.seeds.0
    );
    columns(text, plan, |name| format!(" loss in {name} |"));
    let _ = writeln!(text, "\n|---|---|---|{}", "---|".repeat(plan.question.targets.len()));
    for Drifted { parameter, values, lost } in robustness.single.iter().take(ROWS / 2) {
        let (from, to) = values.map_or_else(Default::default, |(from, to)| (from.to_string(), to.to_string()));
        let cells: Vec<String> = lost.iter().map(|lost| format!(" {} |", lost.map_or_else(|| "–".to_owned(), share))).collect();
        let _ = writeln!(text, "| `{}` | {from} | {to} |{}", parameter.unwrap_or_default(), cells.concat());
    }
    if robustness.left_out > 0 {
        let _ = writeln!(
            text,
            "\n{} other numbers did not drift alone, since the trials did not suffice; those that moved went first.",
            robustness.left_out
        );
    }
    text.push('\n');
}

/// What the genes do.
fn genes(text: &mut String, plan: &Plan, analysis: &Analysis) {
    text.push_str("## What the genes do\n\n");
    let names: Vec<&str> = plan.genes.tunables().map(|tunable| tunable.name).collect();
    for (about, found) in plan.question.targets.iter().zip(&analysis.sensitivity) {
        if found.effects.is_empty() {
            let _ = writeln!(
                text,
                "`{}`: no gene explains more than every shuffle in {} individuals.\n",
                about.name, found.individuals
            );
            continue;
        }
        let _ = write!(
            text,
            "`{}`, from {} individuals:\n\n| gene | share of the differences | more of it is |\n|---|---|---|\n",
            about.name, found.individuals
        );
        for effect in found.effects.iter().take(ROWS) {
            let way = match effect.direction {
                direction if direction > 0.1 => "worse",
                direction if direction < -0.1 => "better",
                _ => "neither: the best lies between, or it is a choice",
            };
            let _ = writeln!(text, "| `{}` | {:.0} % | {way} |", names[effect.gene], 100.0 * effect.share);
        }
        let pairs: Vec<String> = found
            .interactions
            .iter()
            .filter(|pair| pair.share >= 0.01)
            .take(SEEDS_NAMED)
            .map(|pair| format!("`{}` with `{}` ({:.0} %)", names[pair.genes[0]], names[pair.genes[1]], 100.0 * pair.share))
            .collect();
        let said = if pairs.is_empty() { "none beyond every shuffle".to_owned() } else { pairs.join(", ") };
        let _ = writeln!(text, "\nPairs that work together: {said}.\n");
    }
    text.push_str(
        "Method: share of the variance of ranks between classes of equally many individuals (first-order sensitivity from given data, Plischke et al. 2013), those in whom the gene does not matter left aside; the gene that explains most first, every other by what it explains beyond those before it; less what shuffles give on average. Pairs: what both explain beyond the sum of the two. Told is what explains more than each of 39 shuffles, and by chance alone one gene or pair in 40 does. It describes the ground that the search walked on.\n\n",
    );
}

/// Searches without evolution.
fn rivals(text: &mut String, plan: &Plan, analysis: &Analysis) {
    if analysis.baselines.is_empty() {
        return;
    }
    text.push_str("## Against searches without evolution\n\n| search | trials |");
    columns(text, plan, |name| format!(" {name} | the winner loses less by |"));
    let _ = writeln!(text, "\n|---|---|{}", "---|---|".repeat(plan.question.targets.len()));
    for one in &analysis.baselines {
        let _ = write!(text, "| {} | {} |", one.name, one.trials);
        for (target, about) in plan.question.targets.iter().enumerate() {
            let value = one.losses.get(target).map_or_else(|| "–".to_owned(), |loss| figure(about.shown(*loss)));
            let found = one.improvements.get(target).copied().flatten();
            let _ = write!(text, " {value} | {} |", verdict(found));
        }
        text.push('\n');
    }
    text.push_str("\nThey had the same genes, starts, search seeds, racing, choice and verdict, and as many trials. ");
    let _ = write!(text, "{UNCORRECTED}\n\n");
}
