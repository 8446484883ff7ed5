//! `--set path=value`: changes one value in the text of a scenario.
//!
//! The text is edited rather than the parsed tree, so that every later problem still points at a
//! line of the file, or at the override when the override is at fault.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::diagnostic::{Diagnostic, Excerpt, Level};
use super::source::Source;

/// Applies `path=value` to a scenario. The path is dotted (`site.max_power_kw`), entries of a list
/// are numbered from 0 (`chargers.0.count`). The value is read as TOML; what is not TOML is a
/// text, so that `site.strategy=priority` and `duration=2h` need no quotes. A missing key is
/// added. A text that is not TOML is returned as it is: loading it reports why.
///
/// # Errors
/// An override without `=`, or a path that does not exist and cannot be added.
pub fn apply_override(source: &Source, assignment: &str) -> Result<Source, Box<Diagnostic>> {
    let Some((path, value)) = assignment.split_once('=') else {
        let help = "write `--set path=value`, for example `--set site.max_power_kw=80`";
        return Err(wrong(assignment, 0..assignment.len(), "an override needs `=`", help));
    };
    let path: Vec<&str> = path.split('.').map(str::trim).collect();
    if let Some(odd) = path.iter().find(|part| !is_bare_key(part)) {
        let help = "write names and numbers with dots between, for example `chargers.0.count`";
        let message = format!("`{odd}` is not a part of a path");
        return Err(wrong(assignment, 0..assignment.find('=').unwrap_or(0), &message, help));
    }
    let (toml, mistakes) = DeTable::parse_recoverable(source.text());
    if !mistakes.is_empty() {
        return Ok(source.clone());
    }
    let value = toml_text(value.trim());
    let place = find(toml.get_ref(), &path);
    let candidates = match place {
        Place::Value(range) => vec![Edit::replace(range, &value)],
        Place::Missing { parent, key } => {
            additions(source.text(), &path, parent.as_ref(), key, &value)
        }
        Place::Nowhere { message, help } => {
            return Err(wrong(assignment, 0..assignment.find('=').unwrap_or(0), &message, help));
        }
    };
    candidates
        .into_iter()
        .map(|edit| source.edited(edit.range, &edit.text, edit.value, assignment))
        .find(|edited| sets(edited.text(), &path))
        .ok_or_else(|| {
            let help = "write the key into the scenario first";
            wrong(assignment, 0..assignment.len(), "this key cannot be added by an override", help)
        })
}

/// A replacement of a part of the text.
struct Edit {
    range: Range<usize>,
    text: String,
    /// Where the value stands in `text`.
    value: Range<usize>,
}

impl Edit {
    fn replace(range: Range<usize>, value: &str) -> Edit {
        Edit { range, text: value.to_owned(), value: 0..value.len() }
    }

    fn insert(at: usize, before: &str, value: &str, after: &str) -> Edit {
        let text = format!("{before}{value}{after}");
        Edit { range: at..at, value: before.len()..before.len() + value.len(), text }
    }
}

enum Place<'a> {
    /// The value is there.
    Value(Range<usize>),
    /// Its table is there, and stands at `parent`, or the table is missing too.
    Missing { parent: Option<Range<usize>>, key: &'a str },
    /// The path leads to nothing that an override can set.
    Nowhere { message: String, help: &'static str },
}

fn find<'a>(root: &DeTable<'_>, path: &[&'a str]) -> Place<'a> {
    let Some((last, parents)) = path.split_last() else {
        return nowhere("the path is empty".to_owned());
    };
    let mut table = root;
    let mut span = None;
    let mut parts = parents.iter();
    while let Some(part) = parts.next() {
        let Some(mut value) = table.get(*part) else {
            return Place::Missing { parent: None, key: last };
        };
        if let DeValue::Array(items) = value.get_ref() {
            let index = parts.next().and_then(|index| index.parse::<usize>().ok());
            match index.map(|index| items.get(index)) {
                Some(Some(item)) => value = item,
                Some(None) => {
                    return nowhere(format!("`{part}` has only {} entries, from 0", items.len()));
                }
                None => return nowhere(format!("`{part}` is a list: say which entry")),
            }
        }
        let DeValue::Table(inner) = value.get_ref() else {
            return nowhere(format!("`{part}` is a single value"));
        };
        table = inner;
        span = Some(value.span());
    }
    match table.iter().find(|(key, _)| key.get_ref() == last) {
        // The span of a table or list that is opened by headers is only its first header.
        Some((key, value)) if value.span().contains(&key.span().start) => {
            nowhere(format!("`{last}` is a whole table or list"))
        }
        Some((_, value)) => Place::Value(value.span()),
        None => Place::Missing { parent: span.or(parents.is_empty().then_some(0..0)), key: last },
    }
}

fn nowhere<'a>(message: String) -> Place<'a> {
    let help = "name one value, for example `site.max_power_kw` or `chargers.0.count`";
    Place::Nowhere { message, help }
}

/// Ways to add a key, best first: the first that makes a valid text counts.
fn additions(
    text: &str,
    path: &[&str],
    parent: Option<&Range<usize>>,
    key: &str,
    value: &str,
) -> Vec<Edit> {
    let mut edits = Vec::new();
    let end_of_line = |at: usize| text[at..].find('\n').map_or(text.len(), |end| at + end + 1);
    let opening = parent.and_then(|parent| text.get(parent.clone())).unwrap_or_default();
    if let Some(parent) = parent {
        if opening.starts_with('{') {
            let before = format!(" {key} = ");
            edits.push(Edit::insert(parent.start + 1, &before, value, ","));
            edits.push(Edit::insert(parent.start + 1, &before, value, " "));
        } else if opening.starts_with('[') {
            let at = end_of_line(parent.end);
            let gap = if text[..at].ends_with('\n') { "" } else { "\n" };
            edits.push(Edit::insert(at, &format!("{gap}{key} = "), value, "\n"));
        }
    }
    if path.iter().all(|part| part.parse::<usize>().is_err()) {
        let (key, table) = (path[path.len() - 1], path[..path.len() - 1].join("."));
        if !table.is_empty() {
            let gap = if text.ends_with('\n') || text.is_empty() { "" } else { "\n" };
            let before = format!("{gap}[{table}]\n{key} = ");
            edits.push(Edit::insert(text.len(), &before, value, "\n"));
        }
        let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        edits.push(Edit::insert(start, &format!("{} = ", path.join(".")), value, "\n"));
    }
    edits
}

/// Whether a text is TOML and has a value at the path.
fn sets(text: &str, path: &[&str]) -> bool {
    let (toml, mistakes) = DeTable::parse_recoverable(text);
    mistakes.is_empty() && matches!(find(toml.get_ref(), path), Place::Value(_))
}

/// The value as TOML: itself if it is, else a quoted text.
fn toml_text(value: &str) -> String {
    let one_line = !value.contains(['\n', '\r']);
    if one_line && DeValue::parse(value).is_ok() {
        return value.to_owned();
    }
    let mut quoted = String::from("\"");
    for c in value.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

fn is_bare_key(part: &str) -> bool {
    let bare = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    !part.is_empty() && part.bytes().all(bare)
}

fn wrong(assignment: &str, range: Range<usize>, message: &str, help: &str) -> Box<Diagnostic> {
    let excerpt = Excerpt { text: assignment.replace(['\n', '\r'], " "), line: 1, range };
    let mut problem = Diagnostic::new(Level::Error, "--set", (1, 1), message, excerpt);
    problem.label("in this override").help(help);
    Box::new(problem)
}
