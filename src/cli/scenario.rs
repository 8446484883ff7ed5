//! Scenario files from disk, for every command that takes one.

use std::fs;
use std::path::Path;

use anyhow::Context;

use crate::scenario::model::Scenario;
use crate::scenario::{self, Diagnostic, Source};

/// A loaded scenario with its warnings, or all its problems.
pub(super) type Loaded = Result<(Scenario, Vec<Diagnostic>), Vec<Diagnostic>>;

/// Reads a scenario file, with `path=value` overrides applied.
///
/// # Errors
/// When the file cannot be read; problems in it are the value.
pub(super) fn load(path: &Path, overrides: &[String]) -> anyhow::Result<Loaded> {
    let text = fs::read_to_string(path)
        .with_context(|| format!("cannot read the scenario {}", path.display()))?;
    let mut source = Source::new(&path.display().to_string(), &text);
    for assignment in overrides {
        match scenario::apply_override(&source, assignment) {
            Ok(changed) => source = changed,
            Err(problem) => return Ok(Err(vec![*problem])),
        }
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    let files =
        |name: &str| fs::read_to_string(folder.join(name)).map_err(|error| error.to_string());
    Ok(scenario::load(&source, &files))
}

/// Shows problems on standard error, in the order of the file.
pub(super) fn show(problems: &[Diagnostic], colour: bool) {
    for problem in problems {
        eprintln!("{}", problem.render(colour));
    }
}
