//! `junit.xml`: one test case per assertion, so that a CI shows which one failed.

use std::fmt::Write;

use crate::report::assertions::Outcome;
use crate::report::text::xml;
use crate::report::{Report, Verdict, strategy_name};
use crate::scenario::model::Severity;

/// The file's text. It carries no times: they would differ between two runs of the same scenario.
#[must_use]
pub fn render(report: &Report<'_>) -> String {
    let strategy = strategy_name(report.record.strategy);
    let suite =
        xml(&format!("{} / {strategy} / seed {}", report.scenario.name, report.record.seed));
    let class = xml(&format!("ampacity.{}.{strategy}", report.scenario.slug));
    let tests = report.outcomes.len();
    let failures = report.outcomes.iter().filter(|outcome| outcome.fails_run()).count();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let incomplete = report.verdict() == Verdict::Incomplete;
    let (tests, errors) = if incomplete { (tests + 1, 1) } else { (tests, 0) };
    let totals = format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\"");
    let _ = writeln!(out, "<testsuites name=\"ampacity\" {totals}>");
    let _ = writeln!(out, "  <testsuite name=\"{suite}\" {totals} skipped=\"0\">");
    for outcome in &report.outcomes {
        push_case(&mut out, &class, outcome);
    }
    if incomplete {
        let _ = writeln!(
            out,
            "    <testcase classname=\"{class}\" name=\"the run comes to its end\">\n      <error type=\"interrupted\" message=\"the run was interrupted\"/>\n    </testcase>"
        );
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

fn push_case(out: &mut String, class: &str, outcome: &Outcome) {
    let name = xml(&outcome.condition());
    let found = xml(&outcome.found());
    let _ = write!(out, "    <testcase classname=\"{class}\" name=\"{name}\"");
    match (outcome.passed, outcome.severity) {
        (true, _) => out.push_str("/>\n"),
        (false, Severity::Error) => {
            let _ = writeln!(
                out,
                ">\n      <failure type=\"assertion\" message=\"expected {name}, found {found}\"/>\n    </testcase>"
            );
        }
        (false, Severity::Warning) => {
            let _ = writeln!(
                out,
                ">\n      <system-out>warning: expected {name}, found {found}</system-out>\n    </testcase>"
            );
        }
    }
}
