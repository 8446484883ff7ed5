//! The one place that writes a report's files.

use std::fs;
use std::io;
use std::path::Path;

use crate::report::compare::charts::Figure;
use crate::report::compare::gate::Regression;
use crate::report::compare::portrait::Portrait;
use crate::report::compare::{self, Comparison};
use crate::report::{Report, charts, html, junit, summary, tables};

/// Writes all files of a report into `dir`, which is created when missing; files of an earlier
/// run in the same folder are replaced.
///
/// # Errors
/// When the folder or a file cannot be written; the error's text names it.
pub fn write_all(dir: &Path, report: &Report<'_>) -> io::Result<()> {
    let charts = charts::all(report);
    create(&dir.join("charts"))?;
    put(&dir.join("summary.json"), &summary::render(report))?;
    put(&dir.join("history.csv"), &tables::history(report))?;
    put(&dir.join("chargers.csv"), &tables::chargers(report))?;
    put(&dir.join("sessions.csv"), &tables::sessions(report))?;
    put(&dir.join("commands.csv"), &tables::commands(report))?;
    put(&dir.join("junit.xml"), &junit::render(report))?;
    put(&dir.join("report.html"), &html::render(report, &charts))?;
    for chart in &charts {
        put(&dir.join("charts").join(format!("{}.svg", chart.slug)), &chart.to_file())?;
    }
    Ok(())
}

/// Writes the files of a comparison into `dir`, which is created when missing. `portraits` are those
/// of the first seed, in the order of the strategies.
///
/// # Errors
/// As [`write_all`].
pub fn write_comparison(
    dir: &Path,
    comparison: &Comparison<'_>,
    regressions: &[Regression],
    portraits: &[Portrait],
) -> io::Result<()> {
    let figures = compare::charts::all(comparison, portraits);
    let charts = dir.join("charts");
    create(&charts)?;
    put(&dir.join("comparison.json"), &compare::json::render(comparison, regressions))?;
    put(&dir.join("comparison.csv"), &compare::tables::csv(comparison))?;
    put(&dir.join("comparison.md"), &compare::tables::markdown(comparison))?;
    put(&dir.join("report.html"), &compare::html::render(comparison, regressions, &figures))?;
    for Figure { chart, tables } in &figures {
        put(&charts.join(format!("{}.svg", chart.slug)), &chart.to_file())?;
        tables.iter().try_for_each(|(name, text)| put(&charts.join(name), text))?;
    }
    Ok(())
}

fn create(dir: &Path) -> io::Result<()> {
    fs::create_dir_all(dir).map_err(|error| named(&error, dir))
}

fn put(path: &Path, text: &str) -> io::Result<()> {
    fs::write(path, text).map_err(|error| named(&error, path))
}

fn named(error: &io::Error, path: &Path) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
