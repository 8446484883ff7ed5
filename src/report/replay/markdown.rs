//! `differences.md`: every difference, charge point by charge point, to be read before it is accepted.

use std::fmt::Write;

use super::{Replayed, clock};
use crate::report::text::printable;

/// The text, ending in a newline.
#[must_use]
pub fn render(it: &Replayed<'_>) -> String {
    let mut out = format!(
        "# {} against {}\n\nCompared with {}; set up {}.\n\n",
        printable(it.trace),
        it.against,
        it.reference,
        it.setup
    );
    if it.passed() {
        out.push_str("Nothing differs.\n");
        return out;
    }
    let mut points: Vec<Option<&str>> =
        it.comparison.differences.iter().map(|one| one.point.as_deref()).collect();
    points.sort_unstable();
    points.dedup();
    for point in points {
        let _ = writeln!(out, "## {}\n", printable(point.unwrap_or("The site")));
        out.push_str("| when | transaction | level | what | expected | found |\n");
        out.push_str("|---|---|---|---|---|---|\n");
        let here = it.comparison.differences.iter().filter(|one| one.point.as_deref() == point);
        for one in here {
            let transaction = one.transaction.map_or(String::new(), |it| format!("#{it}"));
            let connector = one.connector.map_or(String::new(), |it| format!(" / {it}"));
            let _ = writeln!(
                out,
                "| {} | {transaction}{connector} | {} | {} {} | {} | {} |",
                clock(one.at),
                one.level.name(),
                one.subject,
                one.field,
                cell(&one.expected),
                cell(&one.found)
            );
        }
        out.push('\n');
    }
    out
}

/// What may stand in a cell of a table.
fn cell(text: &str) -> String {
    printable(text).replace('\\', "\\\\").replace('|', "\\|").replace('`', "\\`")
}
