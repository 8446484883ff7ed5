//! `comparison.json`: every metric of every run, means and paired differences, for programs.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::report::assertions::{Outcome, round6};
use crate::report::compare::gate::Regression;
use crate::report::compare::{Baseline, Comparison, Run, sentence, yardstick};
use crate::report::metrics::CATALOGUE;
use crate::report::summary::Figures;

/// Identifies the layout; the number rises when a key changes its meaning or goes away.
pub const SCHEMA: &str = "ampacity-comparison/1";

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    ampacity_version: &'static str,
    scenario: &'a str,
    scenario_sha256: &'a str,
    seeds: Vec<u64>,
    strategies: Vec<&'static str>,
    /// A strategy, or `null`: an earlier comparison.
    baseline: Option<&'static str>,
    passed: bool,
    sentence: String,
    regressions: &'a [Regression],
    metrics: BTreeMap<&'static str, Row>,
    runs: Vec<OneRun<'a>>,
    performance: Performance,
}

#[derive(Serialize)]
struct Row {
    unit: &'static str,
    /// `higher`, `lower`, or `null`.
    better: Option<&'static str>,
    /// By strategy.
    mean: BTreeMap<&'static str, Option<f64>>,
    /// To the baseline, by strategy.
    difference: BTreeMap<&'static str, Difference>,
    /// Strategies with the best mean, or one that does not differ significantly from it.
    best: Vec<&'static str>,
}

#[derive(Serialize)]
struct Difference {
    mean: f64,
    /// The 95 % interval; `null`: one pair tells nothing of it.
    interval: Option<[f64; 2]>,
    pairs: usize,
    significant: bool,
}

#[derive(Serialize)]
struct OneRun<'a> {
    strategy: &'static str,
    seed: u64,
    digest: &'a str,
    complete: bool,
    /// Assertions that do not hold.
    failed: &'a [Outcome],
    metrics: Figures<'a>,
}

#[derive(Serialize)]
struct Performance {
    wall_s: f64,
    runs_wall_s: f64,
}

/// The file's text. Keys come in a fixed order; `performance` alone depends on the machine.
#[must_use]
pub fn render(comparison: &Comparison<'_>, regressions: &[Regression]) -> String {
    let names: Vec<&'static str> = comparison.strategies.iter().map(|it| it.name()).collect();
    let runs = names.iter().zip(&comparison.runs);
    let document = Document {
        schema: SCHEMA,
        ampacity_version: env!("CARGO_PKG_VERSION"),
        scenario: &comparison.scenario.name,
        scenario_sha256: &comparison.scenario.sha256,
        seeds: comparison.seeds(),
        baseline: match comparison.baseline {
            Baseline::Strategy(at) => Some(names[at]),
            Baseline::Earlier(_) => None,
        },
        passed: regressions.is_empty() && comparison.failures().next().is_none(),
        sentence: sentence::of(comparison),
        regressions,
        metrics: CATALOGUE.iter().map(|info| (info.name, row(comparison, &names, info))).collect(),
        runs: runs.flat_map(|(name, runs)| runs.iter().map(|run| one_run(name, run))).collect(),
        performance: Performance {
            wall_s: round6(comparison.wall_s),
            runs_wall_s: round6(comparison.runs_wall_s()),
        },
        strategies: names,
    };
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

fn row(
    comparison: &Comparison<'_>,
    names: &[&'static str],
    info: &crate::report::metrics::Info,
) -> Row {
    let each = || names.iter().copied().enumerate();
    let difference = |(at, name): (usize, &'static str)| {
        let difference = comparison.difference(at, info.name)?;
        let interval = difference
            .half_width
            .map(|half| [round6(difference.mean - half), round6(difference.mean + half)]);
        let (mean, pairs) = (round6(difference.mean), difference.pairs);
        Some((name, Difference { mean, interval, pairs, significant: difference.is_significant() }))
    };
    let best = comparison.best(info.name);
    Row {
        unit: info.unit,
        better: yardstick::better(info.name).map(yardstick::Better::name),
        mean: each().map(|(at, name)| (name, comparison.mean(at, info.name).map(round6))).collect(),
        difference: each().filter_map(difference).collect(),
        best: each().filter(|(at, _)| best[*at]).map(|(_, name)| name).collect(),
    }
}

fn one_run<'a>(strategy: &'static str, run: &'a Run) -> OneRun<'a> {
    let Run { seed, digest, complete, failed, metrics, .. } = run;
    OneRun { strategy, seed: *seed, digest, complete: *complete, failed, metrics: Figures(metrics) }
}
