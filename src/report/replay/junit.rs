//! `junit.xml` of a replay: a test case for each transaction, one for what a charge point says outside of them, one for
//! the site.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{Replayed, clock};
use crate::replay::difference::Difference;
use crate::report::text::xml;

/// Differences that a failed case lists.
const LISTED: usize = 20;

/// The file's text. It carries no times of this run: they would differ between two replays.
#[must_use]
pub fn render(it: &Replayed<'_>) -> String {
    let mut by_case: BTreeMap<(Option<&str>, Option<usize>), Vec<&Difference>> = BTreeMap::new();
    for difference in &it.comparison.differences {
        let case = (difference.point.as_deref(), difference.transaction);
        by_case.entry(case).or_default().push(difference);
    }
    let mut cases: Vec<(String, String, Vec<&Difference>)> = Vec::new();
    for (name, point) in &it.before.points {
        for (number, transaction) in point.transactions.iter().enumerate() {
            let told = by_case.remove(&(Some(name), Some(number))).unwrap_or_default();
            let from = clock(transaction.from);
            let connector = transaction.connector;
            let title = format!("transaction #{number}, connector {connector}, from {from} on");
            cases.push((name.clone(), title, told));
        }
        let told = by_case.remove(&(Some(name), None)).unwrap_or_default();
        cases.push((name.clone(), "outside of transactions".to_owned(), told));
    }
    let site = by_case.remove(&(None, None)).unwrap_or_default();
    cases.push(("site".to_owned(), "outcomes of the site".to_owned(), site));
    // What only the replay knows.
    for ((point, number), told) in by_case {
        let title = number.map_or("new".to_owned(), |number| format!("new transaction #{number}"));
        cases.push((point.unwrap_or("site").to_owned(), title, told));
    }
    let failures = cases.iter().filter(|(_, _, told)| !told.is_empty()).count();
    let totals = format!("tests=\"{}\" failures=\"{failures}\" errors=\"0\"", cases.len());
    let suite = xml(&format!("{} against {}", it.trace, it.against));
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(out, "<testsuites name=\"ampacity\" {totals}>");
    let _ = writeln!(out, "  <testsuite name=\"{suite}\" {totals} skipped=\"0\">");
    for (point, title, told) in &cases {
        let (class, name) = (xml(&format!("ampacity.replay.{point}")), xml(title));
        let _ = write!(out, "    <testcase classname=\"{class}\" name=\"{name}\"");
        if told.is_empty() {
            out.push_str("/>\n");
            continue;
        }
        let message = xml(&line(told[0]));
        let _ = writeln!(out, ">\n      <failure type=\"difference\" message=\"{message}\">");
        for difference in told.iter().take(LISTED) {
            let _ = writeln!(out, "{}", xml(&line(difference)));
        }
        if told.len() > LISTED {
            let _ = writeln!(out, "and {} more", told.len() - LISTED);
        }
        out.push_str("      </failure>\n    </testcase>\n");
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

fn line(it: &Difference) -> String {
    format!(
        "{} {} {} {}: expected {}, found {}",
        clock(it.at),
        it.level.name(),
        it.subject,
        it.field,
        it.expected,
        it.found
    )
}
