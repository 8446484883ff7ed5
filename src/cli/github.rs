//! In a GitHub workflow: where its summaries and annotations go.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use super::output::note;

/// Appends to the summary of the step, where the workflow has said which file that is.
///
/// A summary that cannot be written is told, but changes nothing about what it sums up.
pub(super) fn summarise(markdown: impl FnOnce() -> String) {
    let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) else {
        return;
    };
    let file = OpenOptions::new().append(true).create(true).open(&path);
    if let Err(error) = file.and_then(|mut file| file.write_all(markdown().as_bytes())) {
        let path = Path::new(&path).display();
        note(format!("ampacity: cannot append to GITHUB_STEP_SUMMARY, {path}: {error}"));
    }
}

/// Prints workflow commands, in a workflow: to standard error, where they are read as well and disturb
/// no data.
pub(super) fn annotate(commands: impl Iterator<Item = String>) {
    if std::env::var("GITHUB_ACTIONS").is_ok_and(|it| it == "true") {
        commands.for_each(note);
    }
}
