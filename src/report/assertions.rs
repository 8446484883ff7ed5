//! Scenario assertions against the metrics of a run.

use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};

use crate::report::metrics::Metrics;
use crate::scenario::model::{Assertion, Reference, Scenario, Severity, Window};
use crate::sim::record::RunRecord;

/// The outcome of one assertion.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// The line of the scenario file that the assertion begins on.
    pub line: usize,
    /// Metric name.
    pub metric: String,
    /// Lower bound.
    pub min: Option<f64>,
    /// Upper bound.
    pub max: Option<f64>,
    /// Where the bounds come from, unless they stand in the assertion.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Reference>,
    /// The part of the run that it is about, unless that is all of it.
    #[serde(serialize_with = "instants", skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// What a failure means.
    pub severity: Severity,
    /// What the run had; `None` when there was nothing to measure, or no such metric.
    pub value: Option<f64>,
    /// Whether the value exists and lies within the bounds, both inclusive.
    pub passed: bool,
}

fn instants<S: Serializer>(window: &Option<Window>, serializer: S) -> Result<S::Ok, S::Error> {
    let Some(window) = window else { return serializer.serialize_none() };
    let mut fields = serializer.serialize_struct("Window", 2)?;
    fields.serialize_field("from", &window.from.to_ocpp())?;
    fields.serialize_field("to", &window.to.to_ocpp())?;
    fields.end()
}

impl Outcome {
    /// Whether this outcome fails the run.
    #[must_use]
    pub fn fails_run(&self) -> bool {
        !self.passed && self.severity == Severity::Error
    }

    /// The condition in words: `over_limit_s ≤ 0`, `50 ≤ peak_kw ≤ 90`, and what it is about.
    #[must_use]
    pub fn condition(&self) -> String {
        let bounds = self.bounds();
        match (&self.baseline, self.window) {
            (Some(Reference { file, value, within_pct }), _) => {
                format!("{bounds}: within {within_pct} % of {value} in {file}")
            }
            (None, Some(Window { from, to })) => {
                format!("{bounds} from {} to {}", from.to_ocpp(), to.to_ocpp())
            }
            (None, None) => bounds,
        }
    }

    fn bounds(&self) -> String {
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

/// Evaluates all assertions of a scenario on a run of it, in their order. `metrics` are those of the
/// whole run.
#[must_use]
pub fn evaluate(scenario: &Scenario, record: &RunRecord, metrics: &Metrics) -> Vec<Outcome> {
    let windows = scenario.windows();
    let parts: Vec<(Window, Metrics)> =
        windows.into_iter().map(|it| (it, Metrics::of_window(scenario, record, it))).collect();
    let within = |window| parts.iter().find(|part| part.0 == window).map(|part| &part.1);
    let evaluated = |assertion: &Assertion| {
        let metrics = assertion.window.and_then(within).unwrap_or(metrics);
        evaluate_one(assertion, metrics)
    };
    scenario.asserts.iter().map(evaluated).collect()
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
    // Bounds that were computed from a baseline have last digits, too.
    let bound = |bound: Option<f64>| {
        bound.map(|it| if assertion.baseline.is_some() { round6(it) } else { it })
    };
    let (min, max) = (bound(assertion.min), bound(assertion.max));
    let passed = value.is_some_and(|value| {
        min.is_none_or(|min| value >= min) && max.is_none_or(|max| value <= max)
    });
    Outcome {
        line: assertion.line,
        metric: assertion.metric.clone(),
        min,
        max,
        baseline: assertion.baseline.clone(),
        window: assertion.window,
        severity: assertion.severity,
        value,
        passed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assertion(metric: &str, min: Option<f64>, max: Option<f64>) -> Assertion {
        Assertion {
            line: 1,
            metric: metric.to_owned(),
            min,
            max,
            baseline: None,
            window: None,
            severity: Severity::Error,
        }
    }

    fn outcome(metric: &str, min: Option<f64>, max: Option<f64>) -> Outcome {
        let metrics = Metrics { peak_kw: 90.0, ..Metrics::default() };
        evaluate_one(&assertion(metric, min, max), &metrics)
    }

    #[test]
    fn bounds_are_inclusive() {
        assert!(outcome("peak_kw", Some(90.0), Some(90.0)).passed);
        assert!(!outcome("peak_kw", None, Some(89.999)).passed);
        assert!(!outcome("peak_kw", Some(90.001), None).passed);
        assert_eq!(outcome("peak_kw", None, Some(89.0)).condition(), "peak_kw ≤ 89");
    }

    #[test]
    fn bounds_of_a_baseline_and_parts_of_a_run_are_named() {
        let file = "baseline.json".to_owned();
        let baseline = Some(Reference { file, value: 98.1, within_pct: 10.0 });
        let metrics = Metrics { peak_kw: 90.0, ..Metrics::default() };
        let near =
            Assertion { baseline, ..assertion("peak_kw", Some(98.1 - 9.81), Some(98.1 + 9.81)) };
        let near = evaluate_one(&near, &metrics);
        let expected = "88.29 ≤ peak_kw ≤ 107.91: within 10 % of 98.1 in baseline.json";
        assert_eq!((near.condition().as_str(), near.passed), (expected, true));
        let at = crate::time::Time::from_unix_s;
        let window = Some(Window { from: at(0), to: at(3600) });
        let part = Assertion { window, ..assertion("peak_kw", None, Some(1.0)) };
        let expected = "peak_kw ≤ 1 from 1970-01-01T00:00:00Z to 1970-01-01T01:00:00Z";
        assert_eq!(evaluate_one(&part, &metrics).condition(), expected);
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
