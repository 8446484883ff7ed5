//! What a finished run is turned into.
//!
//! | file | made by | what it is |
//! |---|---|---|
//! | `summary.json` | [`summary`] | verdict, digest and every metric, for programs |
//! | `history.csv` | [`tables::history`] | the site, one row per sample |
//! | `chargers.csv` | [`tables::chargers`] | long form: a row when a charger's values changed |
//! | `sessions.csv` | [`tables::sessions`] | one row per visit |
//! | `commands.csv` | [`tables::commands`] | one row per SetChargingProfile |
//! | `report.html` | [`html`] | one offline page for people |
//! | `charts/*.svg` | [`charts`] | the page's charts, to use elsewhere |
//! | `junit.xml` | [`junit`] | one test case per assertion, for CI |
//! | standard output | [`terminal`] | the verdict, then at most 40 lines |
//! | `GITHUB_STEP_SUMMARY`, annotations | [`github`] | what a workflow shows of it |
//! | `comparison.*`, its `report.html`, `charts/*` | [`compare`] | strategies on the same arrivals |
//! | standard output of `fleet` | [`fleet`] | what a fleet alone can say |
//! | standard output of `inspect` | [`inspection`] | what a trace tells |
//!
//! [`metrics`] names and computes the figures from [`fairness`], [`oscillation`], [`compliance`] and
//! [`brackets`]; [`assertions`] judges them. Everything is a pure function of the scenario and
//! the [`RunRecord`]; only [`mod@write`] touches files. The same run gives the same bytes, except for
//! `performance` in `summary.json`, the pace on the page and on the terminal.

pub mod assertions;
pub mod brackets;
pub mod charts;
pub mod compare;
pub mod compliance;
pub mod fairness;
pub mod fleet;
pub mod github;
pub mod html;
pub mod inspection;
pub mod junit;
pub mod metrics;
pub mod oscillation;
pub mod replay;
pub mod schemas;
pub mod summary;
pub mod tables;
pub mod terminal;
pub mod text;
pub mod write;

use crate::allocation::Strategy;
use crate::scenario::model::Scenario;
use crate::sim::record::RunRecord;

use assertions::Outcome;
use compliance::Compliance;
use fairness::Service;
use metrics::Metrics;
use oscillation::Oscillation;

/// A run with everything computed that its files need.
#[derive(Clone, Debug)]
pub struct Report<'a> {
    /// What was run.
    pub scenario: &'a Scenario,
    /// What it left behind.
    pub record: &'a RunRecord,
    /// The command line that made it, for people who want to repeat it.
    pub command_line: String,
    /// Every figure.
    pub metrics: Metrics,
    /// One per assertion of the scenario, in its order.
    pub outcomes: Vec<Outcome>,
    /// Changes, reversals and pauses per session.
    pub oscillation: Oscillation,
}

/// Whether the run fulfilled its assertions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No assertion of severity `error` failed.
    Passed,
    /// At least one did.
    Failed,
    /// The run was interrupted: what holds so far proves nothing about the rest.
    Incomplete,
}

impl Verdict {
    /// The word in capitals.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Verdict::Passed => "PASSED",
            Verdict::Failed => "FAILED",
            Verdict::Incomplete => "INTERRUPTED",
        }
    }
}

impl<'a> Report<'a> {
    /// Computes metrics and judges assertions.
    #[must_use]
    pub fn new(scenario: &'a Scenario, record: &'a RunRecord, command_line: &str) -> Report<'a> {
        let oscillation = Oscillation::of(scenario, record);
        let metrics = Metrics::from_parts(
            scenario,
            record,
            &Service::of(record),
            &oscillation,
            &Compliance::of(scenario, record),
        );
        let outcomes = assertions::evaluate(scenario, record, &metrics);
        let command_line = command_line.to_owned();
        Report { scenario, record, command_line, metrics, outcomes, oscillation }
    }

    /// The verdict; exit code 0, 1 or 130.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        if self.record.to < self.scenario.start + self.scenario.duration {
            Verdict::Incomplete
        } else if self.outcomes.iter().any(Outcome::fails_run) {
            Verdict::Failed
        } else {
            Verdict::Passed
        }
    }

    /// Virtual length in seconds.
    #[must_use]
    pub fn virtual_s(&self) -> f64 {
        self.record.to.since(self.record.from).s()
    }

    /// Virtual seconds per wall-clock second; `None` when the wall clock is unknown.
    #[must_use]
    pub fn speedup(&self) -> Option<f64> {
        (self.record.wall_s > 0.0).then(|| self.virtual_s() / self.record.wall_s)
    }
}

/// A strategy's name in the REST API and in scenario files.
#[must_use]
pub fn strategy_name(strategy: Strategy) -> String {
    serde_json::to_value(strategy)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}
