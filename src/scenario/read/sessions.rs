//! Session files: CSV with a header, in one of three forms told apart by their columns.

use std::collections::BTreeMap;
use std::ops::Range;

use jiff::tz::TimeZone;

use super::sessions_header::{Clock, Columns};
use crate::scenario::diagnostic::{Diagnostic, Level};
use crate::scenario::model::{Charger, ListedBattery, ListedSession};
use crate::scenario::quantity::{Misread, Moment, parse_instant, parse_moment};
use crate::scenario::source::Source;
use crate::scenario::suggest;
use crate::time::{Span, Time};

/// After so many problems the rest of a file is not read: one wrong column makes every row wrong.
const MOST_PROBLEMS: usize = 20;

/// How a file is to be read.
pub(super) struct Layout<'a> {
    /// What minutes and periods count from.
    pub(super) epoch: Time,
    /// Zone of local times.
    pub(super) zone: TimeZone,
    pub(super) period: Span,
    pub(super) map_stations: bool,
    pub(super) chargers: &'a [Charger],
}

/// What a file holds.
#[derive(Default)]
pub(super) struct SessionFile {
    /// In the order of the file.
    pub(super) sessions: Vec<ListedSession>,
    /// Names of stations and their order of first appearance.
    pub(super) stations: BTreeMap<String, usize>,
    pub(super) problems: Vec<Diagnostic>,
}

struct Reader<'a> {
    source: &'a Source,
    layout: &'a Layout<'a>,
    columns: Columns,
    chargers: BTreeMap<&'a str, usize>,
    unknown: Vec<(String, Range<usize>)>,
    file: SessionFile,
}

/// One field and where it stands.
pub(super) struct Field {
    pub(super) text: String,
    pub(super) span: Range<usize>,
}

/// Reads a session file; every row that is right is kept, every problem reported.
pub(super) fn read(source: &Source, layout: &Layout<'_>) -> SessionFile {
    let mut rows = rows(source.text());
    let header = rows.next().unwrap_or_default();
    let columns = match Columns::find(source, &header) {
        Ok(columns) => columns,
        Err(problem) => return SessionFile { problems: vec![*problem], ..SessionFile::default() },
    };
    let chargers =
        layout.chargers.iter().enumerate().map(|(at, charger)| (charger.id.as_str(), at)).collect();
    let file = SessionFile { problems: columns.notes(source, &header), ..SessionFile::default() };
    let mut reader = Reader { source, layout, columns, chargers, unknown: Vec::new(), file };
    for row in rows {
        if reader.file.problems.len() >= MOST_PROBLEMS {
            let span = row.first().map_or(0..0, |field| field.span.clone());
            reader.problem(span, "too many problems, the rest is not read", "stopped here", None);
            break;
        }
        if let Some(session) = reader.session(&row) {
            reader.file.sessions.push(session);
        }
    }
    reader.report_unknown();
    reader.file
}

impl Reader<'_> {
    fn session(&mut self, row: &[Field]) -> Option<ListedSession> {
        let columns = self.columns.clone();
        let arrival = self.time(row, columns.arrival, "arrival");
        let departure = self.time(row, columns.departure, "departure");
        let energy_kwh = self.energy(row, columns.energy);
        let battery = match columns.battery {
            Some(at) => self.battery(row, at).map(Some),
            None => Some(None),
        };
        let charger = match columns.station.and_then(|at| row.get(at)) {
            Some(field) if !field.text.is_empty() => self.charger(field).map(Some),
            _ => Some(None),
        };
        let (arrival, departure) = (arrival?, departure?);
        if departure <= arrival {
            let span = row[columns.departure].span.clone();
            let help = "the departure must be later than the arrival";
            self.problem(span, "the car leaves before it comes", "too early", Some(help));
            return None;
        }
        let (energy_kwh, battery, charger) = (energy_kwh?, battery?, charger?);
        Some(ListedSession { arrival, departure, energy_kwh, charger, battery })
    }

    fn field<'r>(&mut self, row: &'r [Field], at: usize, what: &str) -> Option<&'r Field> {
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

    fn number(&mut self, row: &[Field], at: usize, what: &str) -> Option<f64> {
        let field = self.field(row, at, what)?;
        let number = field.text.parse().ok().filter(|n: &f64| n.is_finite() && n.abs() < 1e9);
        if number.is_none() {
            let message = format!("the {what} `{}` is not a number", field.text);
            let help = "write a plain decimal number with a point";
            self.problem(field.span.clone(), &message, "not a number", Some(help));
        }
        number
    }

    fn energy(&mut self, row: &[Field], at: usize) -> Option<f64> {
        let energy = self.number(row, at, "energy")?;
        if energy > 0.0 && energy <= 10_000.0 {
            return Some(energy);
        }
        let help = "a session asks for more than 0 and at most 10000 kWh";
        let message = format!("the energy is {energy} kWh");
        self.problem(row[at].span.clone(), &message, "out of range", Some(help));
        None
    }

    fn time(&mut self, row: &[Field], at: usize, what: &str) -> Option<Time> {
        let unit = match self.columns.clock {
            Clock::Minutes => Span::from_s(60),
            Clock::Periods => self.layout.period,
            Clock::DateTimes => return self.date_time(row, at, what),
        };
        let count = self.number(row, at, what)?;
        Some(self.layout.epoch + Span((count * unit.0 as f64).round() as i64))
    }

    fn date_time(&mut self, row: &[Field], at: usize, what: &str) -> Option<Time> {
        let field = self.field(row, at, what)?;
        let read = if field.text.starts_with('+') {
            parse_moment(&field.text).map(|moment| match moment {
                Moment::AfterStart(after) | Moment::TimeOfDay(after) => self.layout.epoch + after,
                Moment::At(at) => at,
            })
        } else {
            parse_instant(&field.text, Some(&self.layout.zone)).map(|instant| instant.time)
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

    fn battery(&mut self, row: &[Field], at: [usize; 3]) -> Option<ListedBattery> {
        let capacity = self.number(row, at[0], "battery capacity");
        let initial = self.number(row, at[1], "initial charge");
        let max = self.number(row, at[2], "maximum power");
        let (capacity_kwh, initial_kwh, max_kw) = (capacity?, initial?, max?);
        let mut wrong = |column: usize, message: String, help| {
            self.problem(row[column].span.clone(), &message, "out of range", Some(help));
            None
        };
        if capacity_kwh <= 0.0 {
            let help = "a battery holds more than 0 kWh";
            wrong(at[0], format!("the battery holds {capacity_kwh} kWh"), help)
        } else if !(0.0..=capacity_kwh).contains(&initial_kwh) {
            let help = "the initial charge lies between 0 and the capacity";
            wrong(at[1], format!("{initial_kwh} kWh in a battery of {capacity_kwh} kWh"), help)
        } else if !(0.1..=1000.0).contains(&max_kw) {
            let help = "the maximum power lies between 0.1 and 1000 kW";
            wrong(at[2], format!("the maximum power is {max_kw} kW"), help)
        } else {
            Some(ListedBattery { capacity_kwh, initial_kwh, max_kw })
        }
    }

    fn charger(&mut self, field: &Field) -> Option<usize> {
        let next = self.file.stations.len();
        let order = *self.file.stations.entry(field.text.clone()).or_insert(next);
        if self.layout.map_stations {
            return Some(order);
        }
        let charger = self.chargers.get(field.text.as_str()).copied();
        if charger.is_none() && order == next {
            self.unknown.push((field.text.clone(), field.span.clone()));
        }
        charger
    }

    /// One problem for all stations that are no chargers: they usually are the same mistake.
    fn report_unknown(&mut self) {
        let Some((name, span)) = self.unknown.first().cloned() else { return };
        let more = match self.unknown.len() - 1 {
            0 => String::new(),
            1 => " and one more are".to_owned(),
            more => format!(" and {more} more are"),
        };
        let message = if more.is_empty() {
            format!("station `{name}` is no charger of the scenario")
        } else {
            format!("station `{name}`{more} no chargers of the scenario")
        };
        let near = suggest::nearest(&name, self.chargers.keys().copied());
        let help = match near {
            Some(near) if self.unknown.len() == 1 => format!("did you mean `{near}`?"),
            _ => "name the chargers with `ids = [..]`, or set `map_stations = true` to give the \
                  stations to the chargers in order of first appearance"
                .to_owned(),
        };
        self.problem(span, &message, "unknown station", Some(&help));
    }

    fn problem(&mut self, span: Range<usize>, message: &str, label: &str, help: Option<&str>) {
        let mut problem = self.source.diagnostic(Level::Error, span, message);
        problem.label(label);
        if let Some(help) = help {
            problem.help(help);
        }
        self.file.problems.push(problem);
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
