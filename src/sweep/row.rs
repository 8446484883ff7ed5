//! What a run leaves, and `sweep.csv`.

use std::fmt::Write;

use super::plan::Plan;
use crate::allocation::Strategy;
use crate::report::Report;
use crate::report::assertions::{Outcome, round6};
use crate::report::metrics::CATALOGUE;
use crate::report::text::push_csv;

/// Columns before those of the grid: the place in the plan, and what a row is known by.
pub(super) const KEY: [&str; 5] =
    ["row", "scenario_sha256", "strategy", "seed", "ampacity_version"];

/// Columns between those of the grid and the metrics.
pub(super) const VERDICT: [&str; 3] = ["digest", "passed", "failed"];

/// One run.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Place in the plan.
    pub row: u64,
    /// Hash of the scenario with the values of its point, and of every file it names.
    pub scenario_sha256: String,
    /// Strategy.
    pub strategy: Strategy,
    /// Seed.
    pub seed: u64,
    /// Hash over all events.
    pub digest: String,
    /// The assertions that do not hold and make the run fail, in words; empty: it passed.
    pub failed: String,
    /// In the order of [`CATALOGUE`], six decimals; `None`: nothing to base it on.
    pub values: Vec<Option<f64>>,
}

impl Row {
    /// What a sweep keeps of a run.
    #[must_use]
    pub fn of(row: u64, report: &Report<'_>) -> Row {
        let failed = report.outcomes.iter().filter(|outcome| outcome.fails_run());
        let told = |outcome: &Outcome| format!("{}: {}", outcome.condition(), outcome.found());
        Row {
            row,
            scenario_sha256: report.scenario.sha256.clone(),
            strategy: report.record.strategy,
            seed: report.record.seed,
            digest: report.record.digest.clone(),
            failed: failed.map(told).collect::<Vec<_>>().join("; "),
            values: report.metrics.values().into_iter().map(|it| it.map(round6)).collect(),
        }
    }
}

/// The first line of `sweep.csv`.
#[must_use]
pub fn csv_header(plan: &Plan) -> String {
    let grid = plan.axes().map(|axis| axis.path.as_str());
    let metrics = CATALOGUE.iter().map(|info| info.name);
    let names: Vec<&str> = KEY.into_iter().chain(grid).chain(VERDICT).chain(metrics).collect();
    names.join(",") + "\n"
}

/// Appends a row's line; a figure without a basis is an empty field.
pub fn push_csv_line(out: &mut String, plan: &Plan, row: &Row) {
    let Row { row: place, scenario_sha256, strategy, seed, digest, failed, values } = row;
    let version = &plan.ampacity_version;
    let _ = write!(out, "{place},{scenario_sha256},{strategy},{seed},");
    push_csv(out, version);
    for value in plan.values(plan.place(*place).point) {
        out.push(',');
        push_csv(out, value);
    }
    let _ = write!(out, ",{digest},{},", failed.is_empty());
    push_csv(out, failed);
    for value in values {
        out.push(',');
        if let Some(value) = value {
            let _ = write!(out, "{value}");
        }
    }
    out.push('\n');
}
