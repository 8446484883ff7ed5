//! `[site.base_load]`: other loads behind the same grid connection.

use std::ops::Range;

use super::problems::Problems;
use super::record::Record;
use super::sessions::{Field, rows};
use super::{DAY, Files, Run};
use crate::scenario::diagnostic::{Diagnostic, Level};
use crate::scenario::model::BaseLoad;
use crate::scenario::quantity::{Misread, Moment, parse_instant, parse_moment};
use crate::scenario::source::Source;
use crate::time::{Span, Time};
use crate::units::Watts;

/// Larger than any load, either way, kW.
const MOST_KW: f64 = 1_000_000.0;
/// After so many problems the rest of a file is not read.
const MOST_PROBLEMS: usize = 20;

/// The base load of a site, if it has one.
pub(super) fn read(
    root: &Record,
    run: &Run,
    files: &mut Files<'_>,
    problems: &mut Problems<'_>,
) -> Option<BaseLoad> {
    let record = root.record("site")?.record("base_load")?;
    let file = record.text("file");
    let mut steps = match (&file, record.has("steps")) {
        (Some(path), false) => listed(record, path, run, files, problems),
        (None, true) => daily(record, run),
        (given, _) => {
            let (at, cause) = match given {
                Some(_) => (record.at("file"), "`steps` and `file` exclude each other"),
                None => (record.at("steps"), "it is not said what the load takes"),
            };
            problems
                .error(at, cause)
                .label("one of the two")
                .help("give `steps = [{ at = \"00:00\", kw = 20 }]`, or the `file` of a CSV");
            Vec::new()
        }
    };
    steps.sort_by_key(|(at, _)| *at);
    let key = if file.is_some() { "file" } else { "steps" };
    if record.is_empty_list("steps") {
        problems
            .error(record.at("steps"), "the load has no steps")
            .label("an empty list")
            .help("give at least one: `steps = [{ at = \"00:00\", kw = 20 }]`");
    } else if let Some((first, _)) = steps.first().filter(|(at, _)| *at > run.start && run.known) {
        problems
            .warning(record.at(key), "until the first row the load counts as 0 kW")
            .label(&format!("that is {}; the run begins at {}", first, run.start))
            .help("add a row for the start of the run, or an earlier one");
    }
    let (meter_every, valid_for) = (lasting(record, "meter_every"), lasting(record, "valid_for"));
    if valid_for < meter_every {
        problems
            .error(record.at("valid_for"), "readings end before the next one comes")
            .label("shorter than `meter_every`")
            .help("let a reading hold for some intervals, e.g. 60 s at one every 10 s");
    }
    let silent = record.records("silent").iter().filter_map(|silence| {
        let from = run.resolve(silence.moment("from")?);
        Some(from..from + silence.lasting("lasts")?)
    });
    let worst = record.number("worst_kw").map(Watts::from_kw).unwrap_or_default();
    let highest = steps.iter().map(|(_, kw)| *kw).max().unwrap_or_default();
    if highest > worst && !problems.has_errors() {
        problems
            .warning(record.at("worst_kw"), "the load is more than its worst case")
            .label(&format!("it comes to {} kW", highest.kw()))
            .help("raise `worst_kw`: it counts whenever the meter is silent");
    }
    Some(BaseLoad { silent: silent.collect(), steps, worst, meter_every, valid_for })
}

fn lasting(record: &Record, key: &str) -> Span {
    record.lasting(key).unwrap_or(Span::from_s(1))
}

/// Steps of the day, every day of the run and the one before.
fn daily(record: &Record, run: &Run) -> Vec<(Time, Watts)> {
    let mut steps = Vec::new();
    for step in record.records("steps") {
        let (Some(at), Some(kw)) = (step.lasting("at"), step.number("kw")) else { continue };
        let mut from = run.start - DAY;
        loop {
            let next = Moment::TimeOfDay(at).instant(from, &run.zone);
            if next >= run.end {
                break;
            }
            steps.push((next, Watts::from_kw(kw)));
            // The same time of day comes 23 to 25 hours later.
            from = next + Span(DAY.0 / 2);
        }
    }
    steps
}

/// Steps of a file.
fn listed(
    record: &Record,
    path: &str,
    run: &Run,
    files: &mut Files<'_>,
    problems: &mut Problems<'_>,
) -> Vec<(Time, Watts)> {
    let text = match files.read(path) {
        Ok(text) => text,
        Err(cause) => {
            problems
                .error(record.at("file"), &format!("`{path}` cannot be read"))
                .label(&cause)
                .help("paths are relative to the scenario file");
            return Vec::new();
        }
    };
    let source = Source::new(path, &text);
    let mut found = File { source: &source, run, steps: Vec::new(), problems: Vec::new() };
    found.read();
    problems.extend(found.problems);
    found.steps
}

struct File<'a> {
    source: &'a Source,
    run: &'a Run,
    steps: Vec<(Time, Watts)>,
    problems: Vec<Diagnostic>,
}

impl File<'_> {
    fn read(&mut self) {
        let text = self.source.text();
        let mut rows = rows(text);
        let header = rows.next().unwrap_or_default();
        let place = |name: &str| header.iter().position(|field| field.text == name);
        let (Some(time), Some(kw)) = (place("time"), place("kw")) else {
            let span = header.first().map_or(0..0, |field| field.span.clone());
            let help = "begin with a line `time,kw`; each row holds from its time on";
            return self.problem(
                span,
                "the columns `time` and `kw` are missing",
                "no header",
                help,
            );
        };
        for row in rows {
            if self.problems.len() >= MOST_PROBLEMS {
                return;
            }
            let (at, kw) = (self.time(row.get(time), &row), self.kw(row.get(kw), &row));
            self.steps.extend(at.zip(kw));
        }
        if self.steps.is_empty() && self.problems.is_empty() {
            let help = "add a row for each time from which the load is another";
            self.problem(0..0, "the file has no rows", "nothing follows the header", help);
        }
    }

    fn time(&mut self, field: Option<&Field>, row: &[Field]) -> Option<Time> {
        let field = self.filled(field, row, "time")?;
        let read = if field.text.starts_with('+') {
            parse_moment(&field.text).map(|moment| self.run.resolve(moment))
        } else {
            parse_instant(&field.text, Some(&self.run.zone)).map(|instant| instant.time)
        };
        match read {
            Ok(time) => Some(time),
            Err(Misread { cause, .. }) => {
                let help = "write for example 2026-05-04T08:30, 2026-05-04T08:30:00Z or +2h30m";
                self.problem(field.span.clone(), "the time is not a date-time", &cause, help);
                None
            }
        }
    }

    fn kw(&mut self, field: Option<&Field>, row: &[Field]) -> Option<Watts> {
        let field = self.filled(field, row, "kw")?;
        let number = field.text.parse().ok().filter(|kw: &f64| kw.abs() <= MOST_KW);
        if number.is_none() {
            let message = format!("the load `{}` is no power", field.text);
            let help = "write a plain decimal number of kW with a point; negative: it feeds in";
            self.problem(field.span.clone(), &message, "not a number", help);
        }
        number.map(Watts::from_kw)
    }

    fn filled<'r>(
        &mut self,
        field: Option<&'r Field>,
        row: &[Field],
        what: &str,
    ) -> Option<&'r Field> {
        if let Some(field) = field.filter(|field| !field.text.is_empty()) {
            return Some(field);
        }
        let span = row.last().map_or(0..0, |field| field.span.clone());
        let help = "fill in the value or remove the row";
        self.problem(span, &format!("the {what} is missing"), "empty", help);
        None
    }

    fn problem(&mut self, span: Range<usize>, message: &str, label: &str, help: &str) {
        let mut problem = self.source.diagnostic(Level::Error, span, message);
        problem.label(label);
        problem.help(help);
        self.problems.push(problem);
    }
}
