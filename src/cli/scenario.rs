//! Scenario files from disk, for every command that takes one.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context, anyhow};

use super::output::{self, Colour};
use crate::scenario::model::Scenario;
use crate::scenario::suggest::nearest;
use crate::scenario::{self, Diagnostic, Source};

/// A scenario beyond this is a mistake; lists of sessions belong into files of their own.
const LARGEST_SCENARIO: u64 = 16 << 20;

/// The same for a file that a scenario names: some million sessions.
pub(super) const LARGEST_TABLE: u64 = 256 << 20;

/// Names of a folder's files that a message lists at most.
const LISTED: usize = 5;

/// A loaded scenario with its warnings, or all its problems.
pub(super) type Loaded = Result<(Scenario, Vec<Diagnostic>), Vec<Diagnostic>>;

/// What a scenario was read from, enough to read it again without its files.
#[derive(Clone, Debug, Default)]
pub(super) struct Material {
    /// Its text, overrides included.
    pub(super) text: String,
    /// The texts of the files it names, by the name it gives them.
    pub(super) files: BTreeMap<String, String>,
}

/// Reads a scenario file, with `path=value` overrides applied.
///
/// # Errors
/// When the file cannot be read; problems in it are the value.
pub(super) fn load(path: &Path, overrides: &[String]) -> anyhow::Result<Loaded> {
    load_into(&mut Material::default(), path, overrides)
}

fn load_into(material: &mut Material, path: &Path, overrides: &[String]) -> anyhow::Result<Loaded> {
    let source = match source(path, overrides)? {
        Ok(source) => source,
        Err(problems) => return Ok(Err(problems)),
    };
    let folder = path.parent().unwrap_or(Path::new("."));
    let files = RefCell::new(BTreeMap::new());
    let loaded = scenario::load(&source, &|name| {
        let text = table(&folder.join(name))?;
        files.borrow_mut().insert(name.to_owned(), text.clone());
        Ok(text)
    });
    *material = Material { text: source.text().to_owned(), files: files.into_inner() };
    Ok(loaded)
}

/// The text of a scenario file with `path=value` overrides applied, or what is wrong with either.
fn source(path: &Path, overrides: &[String]) -> anyhow::Result<Result<Source, Vec<Diagnostic>>> {
    let bytes = bytes(path, LARGEST_SCENARIO).map_err(|error| explained(error, path))?;
    match Source::from_bytes(&path.display().to_string(), &bytes) {
        Ok(source) => Ok(overridden(source, overrides)),
        Err(problem) => Ok(Err(vec![*problem])),
    }
}

/// The text with `path=value` overrides applied, or what is wrong with them.
pub(super) fn overridden(
    mut source: Source,
    overrides: &[String],
) -> Result<Source, Vec<Diagnostic>> {
    let mut wrong = Vec::new();
    for assignment in overrides {
        match scenario::apply_override(&source, assignment) {
            Ok(changed) => source = changed,
            Err(problem) => wrong.push(*problem),
        }
    }
    if wrong.is_empty() { Ok(source) } else { Err(wrong) }
}

/// Reads a scenario file to run it: shows its warnings unless `quiet`, or its problems, and then
/// there is none.
///
/// # Errors
/// When the file cannot be read.
pub(super) fn load_to_run(
    path: &Path,
    overrides: &[String],
    quiet: bool,
    colour: Colour,
) -> anyhow::Result<Option<(Scenario, Material)>> {
    let mut material = Material::default();
    match load_into(&mut material, path, overrides)? {
        Ok((loaded, warnings)) => {
            if !quiet {
                show(&warnings, colour.on_stderr());
            }
            Ok(Some((loaded, material)))
        }
        Err(problems) => {
            show(&problems, colour.on_stderr());
            Ok(None)
        }
    }
}

/// Shows problems on standard error, in the order of the file.
pub(super) fn show(problems: &[Diagnostic], colour: bool) {
    for problem in problems {
        output::note(problem.render(colour));
    }
}

/// The text of a file that a scenario names, or the reason why there is none.
pub(super) fn table(path: &Path) -> Result<String, String> {
    let bytes = bytes(path, LARGEST_TABLE).map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|error| {
        let line = error.as_bytes()[..error.utf8_error().valid_up_to()].split(|b| *b == b'\n');
        format!("line {} is not UTF-8 text", line.count())
    })
}

/// The bytes of a file of at most `largest` bytes; never more, also of a device without an end.
pub(super) fn bytes(path: &Path, largest: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(largest + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > largest {
        let message = format!("it is larger than {} MiB", largest >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}

/// Why a scenario cannot be read, and what the user probably means.
fn explained(error: io::Error, path: &Path) -> anyhow::Error {
    let shown = path.display();
    let cannot = format!("cannot read the scenario {shown}");
    match error.kind() {
        io::ErrorKind::IsADirectory => {
            let inside = scenarios_in(path);
            let hint = match inside.as_slice() {
                [] => "name a scenario file (TOML)".to_owned(),
                names => format!("name a scenario in it, for example {}", some(path, names)),
            };
            anyhow!("{cannot}: it is a folder; {hint}")
        }
        io::ErrorKind::NotFound => match similar(path) {
            Some(name) => anyhow!("{cannot}: there is no such file; did you mean {name}?"),
            None => anyhow!("{cannot}: there is no such file"),
        },
        _ => Err::<(), _>(error).context(cannot).unwrap_err(),
    }
}

/// The scenario files of a folder, by name.
fn scenarios_in(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".toml") && name != "Cargo.toml")
        .collect();
    names.sort();
    names
}

fn some(folder: &Path, names: &[String]) -> String {
    let paths = names.iter().take(LISTED).map(|name| folder.join(name).display().to_string());
    let mut text = paths.collect::<Vec<_>>().join(", ");
    if names.len() > LISTED {
        text.push_str(", ..");
    }
    text
}

/// A scenario beside the one that is missing whose name is nearly the same, or the same with an
/// ending.
fn similar(path: &Path) -> Option<String> {
    let wanted = path.file_name()?.to_str()?;
    let folder = path.parent()?;
    let inside = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let names = scenarios_in(inside);
    let stems = names.iter().filter_map(|name| name.strip_suffix(".toml"));
    let found = nearest(wanted.strip_suffix(".toml").unwrap_or(wanted), stems)?;
    Some(folder.join(format!("{found}.toml")).display().to_string())
}
