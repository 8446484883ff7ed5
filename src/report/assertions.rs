//! Scenario assertions against the metrics of a run.

use serde::Serialize;

use crate::report::metrics::Metrics;
use crate::scenario::model::{Assertion, Severity};

/// The outcome of one assertion.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// Metric name.
    pub metric: String,
    /// Lower bound.
    pub min: Option<f64>,
    /// Upper bound.
    pub max: Option<f64>,
    /// What a failure means.
    pub severity: Severity,
    /// What the run had; `None` when there was nothing to measure, or no such metric.
    pub value: Option<f64>,
    /// Whether the value exists and lies within the bounds, both inclusive.
    pub passed: bool,
}

impl Outcome {
    /// Whether this outcome fails the run.
    #[must_use]
    pub fn fails_run(&self) -> bool {
        !self.passed && self.severity == Severity::Error
    }

    /// The condition in words: `over_limit_s ≤ 0`, `50 ≤ peak_kw ≤ 90`.
    #[must_use]
    pub fn condition(&self) -> String {
        match (self.min, self.max) {
            (Some(min), Some(max)) if min == max => format!("{} = {min}", self.metric),
            (Some(min), Some(max)) => format!("{min} ≤ {} ≤ {max}", self.metric),
            (Some(min), None) => format!("{} ≥ {min}", self.metric),
            (None, Some(max)) => format!("{} ≤ {max}", self.metric),
            (None, None) => format!("{} has a value", self.metric),
        }
    }

    /// What the run had, in words.
    #[must_use]
    pub fn found(&self) -> String {
        self.value.map_or_else(
            || "not measured: the run had nothing to base it on".to_owned(),
            |value| format!("{}", round6(value)),
        )
    }
}

/// Evaluates all assertions, in their order.
#[must_use]
pub fn evaluate(asserts: &[Assertion], metrics: &Metrics) -> Vec<Outcome> {
    asserts.iter().map(|assertion| evaluate_one(assertion, metrics)).collect()
}

/// Six decimals: enough for every figure, and free of the noise of the last float digits. Bounds
/// are compared with this value too, so that what is printed is what was judged.
#[must_use]
pub fn round6(value: f64) -> f64 {
    let rounded = (value * 1e6).round() / 1e6;
    if rounded == 0.0 { 0.0 } else { rounded }
}

fn evaluate_one(assertion: &Assertion, metrics: &Metrics) -> Outcome {
    let value = metrics.get(&assertion.metric).flatten().map(round6);
    let passed = value.is_some_and(|value| {
        assertion.min.is_none_or(|min| value >= min) && assertion.max.is_none_or(|max| value <= max)
    });
    Outcome {
        metric: assertion.metric.clone(),
        min: assertion.min,
        max: assertion.max,
        severity: assertion.severity,
        value,
        passed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(metric: &str, min: Option<f64>, max: Option<f64>) -> Outcome {
        let metrics = Metrics { peak_kw: 90.0, ..Metrics::default() };
        let metric = metric.to_owned();
        evaluate_one(&Assertion { metric, min, max, severity: Severity::Error }, &metrics)
    }

    #[test]
    fn bounds_are_inclusive() {
        assert!(outcome("peak_kw", Some(90.0), Some(90.0)).passed);
        assert!(!outcome("peak_kw", None, Some(89.999)).passed);
        assert!(!outcome("peak_kw", Some(90.001), None).passed);
        assert_eq!(outcome("peak_kw", None, Some(89.0)).condition(), "peak_kw ≤ 89");
    }

    #[test]
    fn what_was_not_measured_has_not_been_proved() {
        let outcome = outcome("demand_met_pct", None, Some(100.0));
        assert!(outcome.fails_run());
        assert!(outcome.found().starts_with("not measured"));
    }

    #[test]
    fn a_failed_warning_does_not_fail_the_run() {
        let warning =
            Outcome { severity: Severity::Warning, ..outcome("peak_kw", None, Some(1.0)) };
        assert!(!warning.passed && !warning.fails_run());
    }
}
