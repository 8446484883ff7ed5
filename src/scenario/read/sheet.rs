//! A CSV file that a scenario names: rows of fields with their places, what they mean, and the
//! problems of that.

use std::ops::Range;

use jiff::tz::TimeZone;

use crate::scenario::diagnostic::{Diagnostic, Level};
use crate::scenario::quantity::{Misread, Moment, parse_instant, parse_moment};
use crate::scenario::source::Source;
use crate::time::Time;

/// After so many problems the rest of a file is not read: one wrong column makes every row wrong.
const MOST_PROBLEMS: usize = 20;

/// One field and where it stands.
pub(super) struct Field {
    pub(super) text: String,
    pub(super) span: Range<usize>,
}

/// A file that is being read.
pub(super) struct Sheet<'a> {
    pub(super) source: &'a Source,
    /// What times such as `+2h30m` count from.
    pub(super) epoch: Time,
    /// Zone of local times.
    pub(super) zone: &'a TimeZone,
    pub(super) problems: Vec<Diagnostic>,
}

impl Sheet<'_> {
    /// Whether there are so many problems that the rest is not read; that is one more.
    pub(super) fn gives_up(&mut self, row: &[Field]) -> bool {
        let many = self.problems.len() >= MOST_PROBLEMS;
        if many {
            let span = row.first().map_or(0..0, |field| field.span.clone());
            self.problem(span, "too many problems, the rest is not read", "stopped here", None);
        }
        many
    }

    /// A field that must be filled in.
    pub(super) fn field<'r>(
        &mut self,
        row: &'r [Field],
        at: usize,
        what: &str,
    ) -> Option<&'r Field> {
        match row.get(at) {
            Some(field) if !field.text.is_empty() => Some(field),
            empty => {
                let span = empty.or(row.last()).map_or(0..0, |field| field.span.clone());
                let help = "fill in the value or remove the row";
                self.problem(span, &format!("the {what} is missing"), "empty", Some(help));
                None
            }
        }
    }

    /// A number.
    pub(super) fn number(&mut self, row: &[Field], at: usize, what: &str) -> Option<f64> {
        let field = self.field(row, at, what)?;
        let number = field.text.parse().ok().filter(|n: &f64| n.is_finite() && n.abs() < 1e9);
        if number.is_none() {
            let message = format!("the {what} `{}` is not a number", field.text);
            let help = "write a plain decimal number with a point";
            self.problem(field.span.clone(), &message, "not a number", Some(help));
        }
        number
    }

    /// A date-time, or a time after the epoch.
    pub(super) fn date_time(&mut self, row: &[Field], at: usize, what: &str) -> Option<Time> {
        let field = self.field(row, at, what)?;
        let read = if field.text.starts_with('+') {
            parse_moment(&field.text).map(|moment| match moment {
                Moment::AfterStart(after) | Moment::TimeOfDay(after) => self.epoch + after,
                Moment::At(at) => at,
            })
        } else {
            parse_instant(&field.text, Some(self.zone)).map(|instant| instant.time)
        };
        match read {
            Ok(time) => Some(time),
            Err(Misread { cause, .. }) => {
                let message = format!("the {what} is not a date-time");
                let help = "write for example 2026-05-04T08:30, 2026-05-04T08:30:00Z or +2h30m";
                self.problem(field.span.clone(), &message, &cause, Some(help));
                None
            }
        }
    }

    /// Reports a problem.
    pub(super) fn problem(
        &mut self,
        span: Range<usize>,
        message: &str,
        label: &str,
        help: Option<&str>,
    ) {
        let mut problem = self.source.diagnostic(Level::Error, span, message);
        problem.label(label);
        if let Some(help) = help {
            problem.help(help);
        }
        self.problems.push(problem);
    }
}

/// The rows of a CSV text with the place of every field. Empty lines are skipped.
pub(super) fn rows(text: &str) -> impl Iterator<Item = Vec<Field>> + '_ {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes())
        .into_records();
    std::iter::from_fn(move || {
        let record = reader.find(|row| !row.as_ref().is_ok_and(is_blank))?.ok()?;
        let mut at = record.position().map_or(0, |position| position.byte() as usize);
        let blank = text.get(at..).unwrap_or_default();
        at += blank.len() - blank.trim_start_matches(['\r', '\n']).len();
        let mut fields = Vec::with_capacity(record.len());
        for field in &record {
            let end = field_end(text, at);
            let raw = text.get(at..end).unwrap_or_default();
            let from = at + (raw.len() - raw.trim_start_matches([' ', '\u{feff}']).len());
            let clean = field.trim_matches([' ', '\u{feff}']).to_owned();
            fields
                .push(Field { text: clean, span: from..at + raw.trim_end().len().max(from - at) });
            at = end + 1;
        }
        Some(fields)
    })
}

fn is_blank(row: &csv::StringRecord) -> bool {
    row.iter().all(|field| field.trim().is_empty()) && row.len() < 2
}

/// Where the field that begins at `at` ends: at a comma or line break outside quotes.
fn field_end(text: &str, at: usize) -> usize {
    let mut quoted = false;
    for (offset, byte) in text.bytes().enumerate().skip(at) {
        match byte {
            b'"' => quoted = !quoted,
            b',' | b'\n' | b'\r' if !quoted => return offset,
            _ => {}
        }
    }
    text.len()
}
