//! Strategies compared on the same arrivals: seed by seed, so that chance drops out of the differences.
//!
//! | file | made by | what it is |
//! |---|---|---|
//! | `comparison.json` | [`json`] | every metric of every run, means, differences, for programs |
//! | `comparison.csv` | [`tables::csv`] | long form: a row for each metric of each run |
//! | `comparison.md` | [`tables::markdown`] | the table, for a ticket or a pull request |
//! | `report.html` | [`html`] | one offline page for people |
//! | `charts/*` | [`charts`] | the page's charts, each with tables of what it draws |
//! | standard output | [`terminal`] | the table, the differences, one sentence |
//!
//! Charts of time and of single sessions show the first seed, of whose runs a [`portrait`] is kept.
//! [`statistics`] says how sure a difference is, [`yardstick`] which way is better, [`gate`] what got
//! worse than it may.

pub mod charts;
pub mod earlier;
pub mod gate;
pub mod html;
pub mod json;
pub mod portrait;
pub mod sentence;
pub mod statistics;
pub mod tables;
pub mod terminal;
pub mod yardstick;

use crate::allocation::Strategy;
use crate::report::assertions::{Outcome, round6};
use crate::report::metrics::Metrics;
use crate::report::{Report, Verdict};
use crate::scenario::model::Scenario;

use earlier::Earlier;
use statistics::{Difference, mean};

/// One strategy with one seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// Seed of the arrivals and of everything else that is drawn.
    pub seed: u64,
    /// Hash over all its events.
    pub digest: String,
    /// Every figure.
    pub metrics: Metrics,
    /// The scenario's assertions that do not hold and make it fail.
    pub failed: Vec<Outcome>,
    /// Whether it came to its end.
    pub complete: bool,
    /// Wall-clock time it took, s; depends on the machine.
    pub wall_s: f64,
}

impl Run {
    /// What a comparison keeps of a run.
    #[must_use]
    pub fn of(report: &Report<'_>) -> Run {
        Run {
            seed: report.record.seed,
            digest: report.record.digest.clone(),
            metrics: report.metrics.clone(),
            failed: report.outcomes.iter().filter(|it| it.fails_run()).cloned().collect(),
            complete: report.verdict() != Verdict::Incomplete,
            wall_s: report.record.wall_s,
        }
    }
}

/// What differences are taken to.
#[derive(Clone, Debug, PartialEq)]
pub enum Baseline {
    /// One of the strategies, by its place.
    Strategy(usize),
    /// The same strategies in an earlier comparison.
    Earlier(Earlier),
}

/// Strategies on the same arrivals, several times.
#[derive(Clone, Debug)]
pub struct Comparison<'a> {
    /// What was run.
    pub scenario: &'a Scenario,
    /// Whose columns these are.
    pub strategies: Vec<Strategy>,
    /// By strategy: its runs, the same seeds in the same order for each.
    pub runs: Vec<Vec<Run>>,
    /// See there.
    pub baseline: Baseline,
    /// The command line that made it.
    pub command_line: String,
    /// Wall-clock time of all together, s; depends on the machine.
    pub wall_s: f64,
}

impl Comparison<'_> {
    /// The seeds.
    #[must_use]
    pub fn seeds(&self) -> Vec<u64> {
        self.runs.first().map(|runs| runs.iter().map(|run| run.seed).collect()).unwrap_or_default()
    }

    /// Values of a metric by run, of a strategy by its place; as they are written, or a difference to
    /// an earlier comparison would be one of the last digits.
    fn values(&self, at: usize, metric: &str) -> Vec<Option<f64>> {
        self.runs[at].iter().map(|run| run.metrics.get(metric).flatten().map(round6)).collect()
    }

    /// Mean over all seeds; `None` where no run has a value.
    #[must_use]
    pub fn mean(&self, at: usize, metric: &str) -> Option<f64> {
        mean(&self.values(at, metric).into_iter().flatten().collect::<Vec<_>>())
    }

    /// How much more a strategy has than the baseline. `None` for the baseline itself, and without a
    /// pair.
    #[must_use]
    pub fn difference(&self, at: usize, metric: &str) -> Option<Difference> {
        let before = match &self.baseline {
            Baseline::Strategy(base) if *base == at => return None,
            Baseline::Strategy(base) => self.values(*base, metric),
            Baseline::Earlier(earlier) => {
                let name = self.strategies[at].name();
                self.runs[at].iter().map(|run| earlier.value(name, run.seed, metric)).collect()
            }
        };
        paired(&before, &self.values(at, metric))
    }

    /// By strategy: has the best mean of a metric, or one that does not differ significantly from it.
    /// Nobody has where all have the same, or neither direction is better.
    #[must_use]
    pub fn best(&self, metric: &str) -> Vec<bool> {
        let nobody = vec![false; self.strategies.len()];
        let Some(better) = yardstick::better(metric) else { return nobody };
        let means: Vec<Option<f64>> =
            (0..self.strategies.len()).map(|at| self.mean(at, metric)).collect();
        let worse = |at: &usize| means[*at].map(|mean| better.worse(mean));
        let known = (0..means.len()).filter(|at| means[*at].is_some());
        let first = known.min_by(|a, b| worse(a).partial_cmp(&worse(b)).unwrap_or(a.cmp(b)));
        let Some(first) = first else { return nobody };
        let most = self.values(first, metric);
        let ties = |at: usize| {
            let difference = paired(&most, &self.values(at, metric));
            difference.is_some_and(|difference| !difference.is_significant())
        };
        let best: Vec<bool> = (0..means.len()).map(ties).collect();
        if best.iter().all(|best| *best) { nobody } else { best }
    }

    /// Runs whose assertions do not all hold: strategy and run.
    pub fn failures(&self) -> impl Iterator<Item = (Strategy, &Run)> {
        let each = self.strategies.iter().zip(&self.runs);
        let failed = each.flat_map(|(strategy, runs)| runs.iter().map(move |run| (*strategy, run)));
        failed.filter(|(_, run)| !run.failed.is_empty())
    }

    /// Wall-clock time of all runs one after the other, s.
    #[must_use]
    pub fn runs_wall_s(&self) -> f64 {
        self.runs.iter().flatten().map(|run| run.wall_s).sum()
    }

    /// What the baseline is called.
    #[must_use]
    pub fn baseline_name(&self) -> String {
        match &self.baseline {
            Baseline::Strategy(at) => self.strategies[*at].name().to_owned(),
            Baseline::Earlier(earlier) => {
                format!("the earlier comparison (Ampacity {})", earlier.ampacity_version)
            }
        }
    }
}

/// The difference of what two have with the same seed, where both have something.
fn paired(first: &[Option<f64>], second: &[Option<f64>]) -> Option<Difference> {
    let pairs = first.iter().zip(second).filter_map(|(first, second)| first.zip(*second));
    Difference::of(&pairs.collect::<Vec<_>>())
}
