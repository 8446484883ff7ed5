//! `[site.base_load]`: other loads behind the same grid connection.

use super::problems::Problems;
use super::record::Record;
use super::sheet::{Field, Sheet, rows};
use super::{DAY, Files, Run};
use crate::scenario::model::BaseLoad;
use crate::scenario::quantity::Moment;
use crate::scenario::source::Source;
use crate::time::{Span, Time};
use crate::units::Watts;

/// Larger than any load, either way, kW.
const MOST_KW: f64 = 1_000_000.0;

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
    let mut sheet =
        Sheet { source: &source, epoch: run.start, zone: &run.zone, problems: Vec::new() };
    let steps = rows_of(&mut sheet);
    problems.extend(sheet.problems);
    steps
}

fn rows_of(sheet: &mut Sheet<'_>) -> Vec<(Time, Watts)> {
    let mut rows = rows(sheet.source.text());
    let header = rows.next().unwrap_or_default();
    let place = |name: &str| header.iter().position(|field| field.text == name);
    let mut steps = Vec::new();
    let (Some(time), Some(kw)) = (place("time"), place("kw")) else {
        let span = header.first().map_or(0..0, |field| field.span.clone());
        let help = "begin with a line `time,kw`; each row holds from its time on";
        let cause = "the columns `time` and `kw` are missing";
        sheet.problem(span, cause, "no header", Some(help));
        return steps;
    };
    for row in rows {
        if sheet.gives_up(&row) {
            return steps;
        }
        let (at, power) = (sheet.date_time(&row, time, "time"), load(sheet, &row, kw));
        steps.extend(at.zip(power));
    }
    if steps.is_empty() && sheet.problems.is_empty() {
        let help = "add a row for each time from which the load is another";
        sheet.problem(0..0, "the file has no rows", "nothing follows the header", Some(help));
    }
    steps
}

fn load(sheet: &mut Sheet<'_>, row: &[Field], at: usize) -> Option<Watts> {
    let kw = sheet.number(row, at, "load")?;
    if kw.abs() > MOST_KW {
        let help = "a load lies between -1000000 and 1000000 kW";
        let message = format!("the load is {kw} kW");
        sheet.problem(row[at].span.clone(), &message, "out of range", Some(help));
        return None;
    }
    Some(Watts::from_kw(kw))
}
