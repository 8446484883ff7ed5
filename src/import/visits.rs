//! Rows of a list -> visits, or the reason why not.

use jiff::tz::TimeZone;

use super::civil::{Day, Stamp, instant};
use super::columns::{Columns, Ending, When};
use super::dates::{self, Reading};
use super::numbers::{self, Decimal};
use super::table::{Row, Table};
use super::tally::{Fate, Tally};
use super::{Options, Read, Refusal, Visit};
use crate::time::{Span, Time};

/// Cars that stay longer are parked for good, or the list is wrong.
const LONGEST: Span = Span::from_s(30 * 86_400);
/// No car takes more.
const MOST_KWH: f64 = 1000.0;
/// A median energy beyond this is in Wh when the list does not say so.
const MEDIAN_OF_WH: f64 = 300.0;

struct Reader<'a> {
    columns: &'a Columns,
    reading: Reading,
    zone: TimeZone,
    decimal: Decimal,
    kwh: f64,
}

/// Reads the visits of a list of sessions.
pub(super) fn read(bytes: &[u8], options: &Options) -> Result<Read, Box<Refusal>> {
    let table = Table::read(bytes)?;
    let columns = Columns::find(&table, options)?;
    let days = days(&table, columns.arrival);
    let (reading, date_notes) = dates::decide(&days, options.dates)?;
    let zone = zone(&table, &columns, options)?;
    let texts = || table.rows.iter().map(|row| row.field(columns.energy));
    let decimal = numbers::decide(texts(), table.separator == b';', options.decimal)?;
    let (kwh, unit_note) = unit(&columns, texts().filter_map(|text| decimal.parse(text)).collect());
    let mut notes = vec![table.form.clone(), columns.told(&table)];
    let ignored = columns.ignored(&table);
    if !ignored.is_empty() {
        notes.push(format!("columns without use here: {}", ignored.join(", ")));
    }
    notes.extend(date_notes);
    notes.push(zone_note(&columns, &zone.0, options));
    if decimal == Decimal::Comma {
        notes.push("decimal commas".to_owned());
    }
    notes.extend(unit_note);
    let reader = Reader { columns: &columns, reading, zone: zone.1.clone(), decimal, kwh };
    let mut tally = Tally::new("line");
    let mut visits = Vec::new();
    for row in &table.rows {
        match reader.visit(row) {
            Ok(visit) => visits.push(visit),
            Err((fate, text)) => tally.add_text(fate, row.line, text),
        }
    }
    Ok(Read { visits, tally, rows: table.rows.len(), notes, zone })
}

/// The dates of the arrivals, in the order of the list.
fn days(table: &Table, arrival: When) -> Vec<Day> {
    let stamps = table.rows.iter().filter_map(|row| Stamp::parse(row.field(arrival.at)));
    let days = stamps.filter_map(|stamp| match stamp {
        Stamp::Civil { day, .. } => day,
        Stamp::Epoch(_) => None,
    });
    days.collect()
}

/// The zone of local times. When every arrival tells its own offset, none has to be named.
fn zone(
    table: &Table,
    columns: &Columns,
    options: &Options,
) -> Result<(String, TimeZone), Box<Refusal>> {
    if let Some(zone) = &options.zone {
        return Ok(zone.clone());
    }
    let time = columns.arrival.time.unwrap_or(columns.arrival.at);
    let is_local = |row: &Row| {
        matches!(Stamp::parse(row.field(time)), Some(Stamp::Civil { offset: None, .. }))
    };
    if !columns.arrival.utc && table.rows.iter().any(is_local) {
        let help = "name the zone of the site, for example --timezone Europe/Amsterdam";
        return Err(Box::new(Refusal::new("the times of the list have no time zone", help)));
    }
    Ok(("UTC".to_owned(), TimeZone::UTC))
}

fn zone_note(columns: &Columns, zone: &str, options: &Options) -> String {
    if columns.arrival.utc {
        return format!("times: UTC by the name of their column; the site's clocks: {zone}");
    }
    match options.zone {
        Some(_) => format!("times: of {zone} where they have no offset of their own"),
        None => "times: with offsets of their own; the site's clocks show UTC, unless --timezone \
                 names a zone"
            .to_owned(),
    }
}

fn unit(columns: &Columns, mut energies: Vec<f64>) -> (f64, Option<String>) {
    if let Some(kwh) = columns.energy_kwh {
        let note = (kwh < 1.0).then(|| "energies: in Wh".to_owned());
        return (kwh, note);
    }
    energies.sort_by(f64::total_cmp);
    let median = energies.get(energies.len() / 2).copied().unwrap_or(0.0);
    if median > MEDIAN_OF_WH {
        let note = format!("energies: in Wh (inferred: half of them are above {median:.0})");
        return (0.001, Some(note));
    }
    (1.0, Some("energies: in kWh (inferred from their size)".to_owned()))
}

type Unread<'r> = (Fate, &'r str);

impl Reader<'_> {
    fn visit<'r>(&self, row: &'r Row) -> Result<Visit, Unread<'r>> {
        let columns = self.columns;
        let arrival =
            self.instant(row, columns.arrival, (Fate::NoArrival, Fate::StrangeArrival))?;
        let departure = match columns.departure {
            Ending::At(when) => {
                self.instant(row, when, (Fate::NoDeparture, Fate::StrangeDeparture))?
            }
            Ending::After(at, unit) => arrival + self.lasting(row, at, unit)?,
        };
        let energy = row.field(columns.energy);
        if energy.is_empty() {
            return Err((Fate::NoEnergy, ""));
        }
        let kwh = self.decimal.parse(energy).ok_or((Fate::StrangeEnergy, energy))? * self.kwh;
        let text = |at: Option<usize>| at.map_or("", |at| row.field(at)).to_owned();
        let rated = columns.power.and_then(|at| self.decimal.parse(row.field(at)));
        let visit = Visit {
            line: row.line,
            arrival,
            departure,
            kwh,
            station: text(columns.station),
            connector: text(columns.connector),
            model: text(columns.model),
            rated_kw: rated.map(|power| power * columns.power_kw).filter(|kw| *kw > 0.0),
            session: text(columns.session),
            battery: None,
        };
        if columns.station.is_some() && visit.station.is_empty() {
            return Err((Fate::NoStation, ""));
        }
        visit.plausible().map_or(Ok(visit), |fate| Err((fate, "")))
    }

    fn instant<'r>(
        &self,
        row: &'r Row,
        when: When,
        (none, strange): (Fate, Fate),
    ) -> Result<Time, Unread<'r>> {
        let text = row.field(when.at);
        let clock = when.time.map(|at| row.field(at));
        if text.is_empty() || clock.is_some_and(str::is_empty) {
            return Err((none, ""));
        }
        self.stamped(text, clock, when.utc).ok_or((strange, text))
    }

    fn stamped(&self, text: &str, clock: Option<&str>, utc: bool) -> Option<Time> {
        let (day, time, offset) = match (Stamp::parse(text)?, clock) {
            (Stamp::Epoch(time), _) => return Some(time),
            (Stamp::Civil { day, time, offset }, None) => (day, time, offset),
            (Stamp::Civil { day, .. }, Some(clock)) => match Stamp::parse(clock)? {
                Stamp::Civil { time: Some(time), offset, .. } => (day, Some(time), offset),
                _ => return None,
            },
        };
        let offset = offset.or(utc.then_some(Span::ZERO));
        instant(self.reading.of(day?), time?, offset, &self.zone)
    }

    fn lasting<'r>(&self, row: &'r Row, at: usize, unit: Option<i64>) -> Result<Span, Unread<'r>> {
        let text = row.field(at);
        if text.is_empty() {
            return Err((Fate::NoDeparture, ""));
        }
        let seconds = match unit {
            Some(unit) => self.decimal.parse(text).map(|count| count * unit as f64),
            None => hours_minutes(text),
        };
        let seconds = seconds.filter(|seconds| seconds.abs() < 1e9);
        seconds.map(Span::from_s_f64).ok_or((Fate::StrangeDeparture, text))
    }
}

/// `hours:minutes[:seconds]`; the hours may go beyond a day.
fn hours_minutes(text: &str) -> Option<f64> {
    let fields: Option<Vec<u32>> = text.split(':').map(|field| field.trim().parse().ok()).collect();
    match fields?.as_slice() {
        [hours, minutes] => Some(f64::from(*hours) * 3600.0 + f64::from(*minutes) * 60.0),
        [hours, minutes, seconds] => {
            Some(f64::from(*hours) * 3600.0 + f64::from(*minutes) * 60.0 + f64::from(*seconds))
        }
        _ => None,
    }
}

impl Visit {
    /// What makes it no session, if anything.
    pub(super) fn plausible(&self) -> Option<Fate> {
        let stay = self.departure.since(self.arrival);
        if self.kwh <= 0.0 {
            Some(Fate::ZeroEnergy)
        } else if self.kwh > MOST_KWH {
            Some(Fate::TooMuchEnergy)
        } else if stay < Span::ZERO {
            Some(Fate::Backward)
        } else if stay == Span::ZERO {
            Some(Fate::NoStay)
        } else if stay > LONGEST {
            Some(Fate::TooLong)
        } else {
            None
        }
    }
}
