//! What a GitHub workflow shows of a run: a summary of its step, and annotations of the scenario's lines.
//!
//! Source: "Workflow commands for GitHub Actions", `GITHUB_STEP_SUMMARY` and `::error`.

use std::fmt::Write;

use crate::report::assertions::Outcome;
use crate::report::compare::Comparison;
use crate::report::compare::gate::Regression;
use crate::report::{Report, compare, terminal};
use crate::scenario::model::Severity;

/// Failed assertions that are listed or marked; the rest is in `summary.json` and `junit.xml`, or in
/// `comparison.json`.
const LISTED: usize = 50;

/// Markdown of a run: the verdict, what it means, and every assertion that there is.
#[must_use]
pub fn summary(report: &Report<'_>) -> String {
    let mut out =
        format!("### {}: {}\n\n", report.verdict().word(), cell(&terminal::subject(report)));
    let _ = writeln!(out, "{}\n", cell(&terminal::sentence(report)));
    if !report.outcomes.is_empty() {
        let _ = writeln!(out, "| | assertion | found |\n|---|---|---|");
    }
    for outcome in report.outcomes.iter().take(LISTED) {
        let found = cell(&outcome.found());
        let _ = writeln!(out, "| {} | {} | {found} |", state(outcome), cell(&outcome.condition()));
    }
    if report.outcomes.len() > LISTED {
        let _ = writeln!(out, "\nand {} more", report.outcomes.len() - LISTED);
    }
    let _ = writeln!(out, "\nMade by `{}`.\n", report.command_line);
    out
}

/// Markdown of a comparison: its table, what got worse, and what failed.
#[must_use]
pub fn summary_of_comparison(comparison: &Comparison<'_>, regressions: &[Regression]) -> String {
    let mut out = compare::tables::markdown(comparison);
    for regression in regressions {
        let _ = writeln!(out, "- **worse:** {}", cell(&regression.sentence()));
    }
    for (about, outcome) in failed(comparison).take(LISTED) {
        let (condition, found) = (cell(&outcome.condition()), cell(&outcome.found()));
        let _ = writeln!(out, "- **failed:** {about}: {condition}, found {found}");
    }
    out.push('\n');
    out
}

/// Annotations of a run: the assertions that do not hold.
pub fn annotations<'a>(path: &'a str, report: &'a Report<'_>) -> impl Iterator<Item = String> + 'a {
    let about = format!("{}, seed {}", report.record.strategy, report.record.seed);
    report.outcomes.iter().filter_map(move |outcome| annotation(path, &about, outcome))
}

/// Annotations of a comparison: what got worse, and the assertions that failed.
pub fn annotations_of_comparison<'a>(
    path: &'a str,
    comparison: &'a Comparison<'_>,
    regressions: &'a [Regression],
) -> impl Iterator<Item = String> + 'a {
    let worse = regressions.iter().map(|it| complaint(path, &it.sentence()));
    let failed = failed(comparison).take(LISTED);
    worse.chain(failed.filter_map(|(about, outcome)| annotation(path, &about, outcome)))
}

/// The failed assertions of a comparison, and in which run.
fn failed<'a>(comparison: &'a Comparison<'_>) -> impl Iterator<Item = (String, &'a Outcome)> + 'a {
    comparison.failures().flat_map(|(strategy, run)| {
        run.failed.iter().map(move |it| (format!("{strategy}, seed {}", run.seed), it))
    })
}

/// A workflow command that marks the line of an assertion that does not hold, in the scenario file by
/// its path from the root of the repository. `about`: in which run.
fn annotation(path: &str, about: &str, outcome: &Outcome) -> Option<String> {
    let level = match outcome.severity {
        _ if outcome.passed => return None,
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let text = format!("{about}: expected {}, found {}", outcome.condition(), outcome.found());
    let (file, line) = (property(path), outcome.line);
    Some(format!("::{level} file={file},line={line},title=ampacity::{}", message(&text)))
}

/// A workflow command about a scenario file as a whole.
fn complaint(path: &str, text: &str) -> String {
    format!("::error file={},title=ampacity::{}", property(path), message(text))
}

fn state(outcome: &Outcome) -> &'static str {
    match (outcome.passed, outcome.severity) {
        (true, _) => "holds",
        (false, Severity::Error) => "**failed**",
        (false, Severity::Warning) => "warning",
    }
}

/// Text in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|").replace('<', "&lt;").replace(['\n', '\r'], " ")
}

/// The text of a workflow command.
fn message(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a workflow command.
fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(passed: bool, severity: Severity) -> Outcome {
        Outcome {
            line: 40,
            metric: "demand_met_pct".to_owned(),
            min: Some(95.0),
            max: None,
            baseline: None,
            window: None,
            severity,
            value: Some(93.5),
            passed,
        }
    }

    #[test]
    fn a_failed_assertion_marks_its_line() {
        let failed =
            annotation("sites/a,b.toml", "equal, seed 7", &outcome(false, Severity::Error));
        let expected = "::error file=sites/a%2Cb.toml,line=40,title=ampacity::equal, seed 7: expected \
                        demand_met_pct ≥ 95, found 93.5";
        assert_eq!(failed.as_deref(), Some(expected));
        let warned = annotation("a.toml", "x", &outcome(false, Severity::Warning));
        assert!(warned.is_some_and(|it| it.starts_with("::warning file=a.toml,line=40,")));
        assert_eq!(annotation("a.toml", "x", &outcome(true, Severity::Error)), None);
    }

    #[test]
    fn no_text_ends_a_workflow_command_or_a_cell() {
        assert_eq!(
            complaint("a:b", "100 %\n::x"),
            "::error file=a%3Ab,title=ampacity::100 %25%0A::x"
        );
        assert_eq!(cell("a|b\n<c>"), "a\\|b &lt;c>");
    }
}
