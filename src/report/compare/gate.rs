//! `--max-regression`: what got worse than the baseline, by more than is tolerated and more than chance
//! explains.

use serde::Serialize;

use crate::allocation::Strategy;
use crate::report::assertions::round6;
use crate::report::compare::{Baseline, Comparison, yardstick};
use crate::report::text::short;

/// A metric of a strategy that is worse than tolerated.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Regression {
    /// Whose.
    pub strategy: Strategy,
    /// Which metric.
    pub metric: &'static str,
    /// Mean of the baseline over the pairs.
    pub before: f64,
    /// Mean now.
    pub now: f64,
    /// How much worse, percent of the baseline; `None`: that was 0.
    pub worse_pct: Option<f64>,
}

impl Regression {
    /// `equal: demand_met_pct is 3.1 % worse: 90.2 instead of 93.1`.
    #[must_use]
    pub fn sentence(&self) -> String {
        let worse = match self.worse_pct {
            Some(percent) => format!("{} % worse", short(percent)),
            None => "worse".to_owned(),
        };
        let (now, before) = (short(self.now), short(self.before));
        format!("{}: {} is {worse}: {now} instead of {before}", self.strategy, self.metric)
    }
}

impl Comparison<'_> {
    /// What is worse than the baseline by more than `tolerated_pct` percent of it, and significantly
    /// so; where the baseline is 0, by anything. Looks at the metrics named, or at the usual ones:
    /// everything that the table shows where an earlier comparison is the baseline, else what no
    /// choice of strategy should cost ([`yardstick::SERVICE`]).
    #[must_use]
    pub fn regressions(&self, tolerated_pct: f64, gated: &[&'static str]) -> Vec<Regression> {
        let usual: Vec<&'static str> = match (&self.baseline, gated) {
            (_, [_, ..]) => gated.to_vec(),
            (Baseline::Earlier(_), []) => yardstick::shown().collect(),
            (Baseline::Strategy(_), []) => yardstick::SERVICE.to_vec(),
        };
        let mut found = Vec::new();
        for at in 0..self.strategies.len() {
            let metrics = usual.iter().filter_map(|&metric| self.regression(at, metric));
            found.extend(
                metrics.filter(|it| it.worse_pct.is_none_or(|worse| worse > tolerated_pct)),
            );
        }
        found
    }

    /// How much worse a metric of a strategy is than the baseline; `None`: it is not.
    fn regression(&self, at: usize, metric: &'static str) -> Option<Regression> {
        let better = yardstick::better(metric)?;
        let difference = self.difference(at, metric)?;
        let worse = better.worse(difference.mean);
        if worse <= 0.0 || !difference.is_significant() {
            return None;
        }
        let before = difference.first;
        Some(Regression {
            strategy: self.strategies[at],
            metric,
            before: round6(before),
            now: round6(before + difference.mean),
            worse_pct: (before.abs() > 1e-9).then(|| round6(100.0 * worse / before.abs())),
        })
    }
}
