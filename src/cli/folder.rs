//! The folder that takes the results of a run.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use anyhow::{Context, anyhow};
use serde::Deserialize;

use super::scenario;
use crate::report::summary;

/// What a run writes, besides charts.
const FILES: [&str; 9] = [
    "summary.json",
    "inputs.json",
    "history.csv",
    "chargers.csv",
    "sessions.csv",
    "commands.csv",
    "junit.xml",
    "report.html",
    "trace.jsonl",
];

/// What is larger is none of our summaries.
const LARGEST_SUMMARY: u64 = 16 << 20;

/// Makes the folder, before the run so that a wrong one costs no time. What an earlier run left
/// in it is removed: a trace or a chart that this run does not write would pass for its own.
/// Nothing is removed from a folder that holds no summary of a run.
///
/// # Errors
/// When the folder cannot be made or changed; the text names it.
pub(super) fn prepare(folder: &Path) -> anyhow::Result<()> {
    let shown = folder.display();
    fs::create_dir_all(folder.join("charts")).map_err(|error| {
        let in_the_way = folder.ancestors().find(|it| it.is_file());
        match in_the_way {
            Some(file) => anyhow!(
                "cannot make the folder {shown}: {} is a file; choose another --out",
                file.display()
            ),
            None => anyhow!(error).context(format!("cannot make the folder {shown}")),
        }
    })?;
    if is_of_a_run(folder) {
        clear(folder).with_context(|| format!("cannot replace the results in {shown}"))?;
    }
    Ok(())
}

/// Removes the results of an earlier run that would pass for those of this one, and their folder
/// unless somebody else has put something there. A folder that holds no run stays as it is.
///
/// # Errors
/// When the folder cannot be changed; the text names it.
pub(super) fn discard(folder: &Path) -> anyhow::Result<()> {
    if is_of_a_run(folder) {
        clear(folder)
            .with_context(|| format!("cannot remove the results in {}", folder.display()))?;
        // What is not empty stays.
        let _ = fs::remove_dir(folder.join("charts")).and_then(|()| fs::remove_dir(folder));
    }
    Ok(())
}

/// The one field of a summary that tells what it is.
#[derive(Deserialize)]
struct Summary {
    schema: String,
}

fn is_of_a_run(folder: &Path) -> bool {
    let kind = summary::SCHEMA.split('/').next().unwrap_or_default();
    scenario::bytes(&folder.join("summary.json"), LARGEST_SUMMARY)
        .ok()
        .and_then(|text| serde_json::from_slice::<Summary>(&text).ok())
        .is_some_and(|summary| summary.schema.split('/').next() == Some(kind))
}

/// Removes the summary last: when something goes wrong before, the next run tries again.
fn clear(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder.join("charts"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "svg") {
            remove(&path)?;
        }
    }
    FILES.iter().rev().try_for_each(|name| remove(&folder.join(name)))
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        done => done,
    }
}
