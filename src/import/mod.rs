//! Lists of charging sessions, as operators and research publish them, become scenarios.
//!
//! Nobody writes such a list for us: columns have many names, days and months change places,
//! decimals have commas, stays overlap. What a file means is inferred from the whole of it, and
//! everything inferred is told; where it can mean two things the import refuses and names the
//! option that decides. No row vanishes: every one is used, changed or left out for a reason that
//! is counted.
//!
//! Bytes come in, texts go out, no file is opened here. A list passes four stations: `table` makes
//! rows of it, `columns` and `visits` make visits of them (for ACN-Data `acn` does), `site` makes
//! stations with connectors and power, `write` the texts.

mod acn;
mod civil;
mod columns;
mod dates;
mod names;
mod numbers;
mod power;
mod site;
mod table;
mod tally;
mod visits;
mod write;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::scenario::quantity::Instant;
use crate::time::Time;

pub use self::dates::DayOrder;
pub use self::numbers::Decimal;

use self::tally::Tally;
pub(crate) use self::write::{asserts, charger_table, comment, quoted};

/// What the user says about a list beyond its bytes; what is left out is inferred.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Columns by their role, as (role, name of the column); see [`ROLES`].
    pub columns: Vec<(String, String)>,
    /// Zone of times without one, by its IANA name.
    pub zone: Option<(String, TimeZone)>,
    /// Which field of a date is the day.
    pub dates: Option<DayOrder>,
    /// The decimal sign of numbers.
    pub decimal: Option<Decimal>,
    /// First local day that is kept.
    pub from: Option<Date>,
    /// How many days are kept, at least 1.
    pub days: Option<u32>,
    /// Grid connection of the site, kW; a share of the uncontrolled peak unless given.
    pub max_power_kw: Option<f64>,
    /// What the periods of an ACN-Sim events file count from.
    pub epoch: Option<Instant>,
}

/// What the outcome is named after.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// The list, as the user gave it.
    pub list: &'a str,
    /// Title of the scenario.
    pub title: &'a str,
    /// The scenario's file, as the user gave it.
    pub scenario: &'a str,
    /// The file of sessions, relative to the scenario's folder.
    pub sessions: &'a str,
}

/// A list that became a scenario.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The scenario, TOML.
    pub scenario: String,
    /// The sessions that it names, CSV in the plain form.
    pub sessions: String,
    /// What was inferred, left out and changed, for people.
    pub summary: String,
}

/// Why a list is not imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl Refusal {
    fn new(message: impl Into<String>, help: impl Into<String>) -> Refusal {
        Refusal { message: message.into(), help: help.into() }
    }
}

/// The roles that [`Options::columns`] can give to columns, and what they hold.
pub const ROLES: [(&str, &str); 16] = [
    ("arrival", "when the car plugs in: date and time, or the date beside arrival_time"),
    ("arrival_time", "the time of day of the arrival"),
    ("departure", "when it leaves"),
    ("departure_time", "the time of day of the departure"),
    ("duration", "how long it stays, as hours:minutes[:seconds]"),
    ("duration_h", "the same in hours"),
    ("duration_min", "the same in minutes"),
    ("duration_s", "the same in seconds"),
    ("energy", "what it took, kWh"),
    ("energy_wh", "what it took, Wh"),
    ("station", "the charge point"),
    ("connector", "the connector of the charge point"),
    ("session", "an identity of the session"),
    ("model", "what kind of charge point it is"),
    ("power", "rated power of the charge point, kW"),
    ("power_w", "the same in W"),
];

/// One stay of a car at a station.
#[derive(Clone, Debug, PartialEq)]
struct Visit {
    /// Line of the list, from 1; of JSON the number of the document.
    line: u64,
    arrival: Time,
    departure: Time,
    kwh: f64,
    /// Empty: the list names none.
    station: String,
    connector: String,
    model: String,
    rated_kw: Option<f64>,
    session: String,
    /// Capacity and charge at arrival in kWh, maximum power in kW.
    battery: Option<[f64; 3]>,
}

impl Visit {
    /// What it draws at most at a station that gives so much, kW.
    fn most_kw(&self, given_kw: f64) -> f64 {
        self.battery.map_or(given_kw, |[_, _, most]| most.min(given_kw))
    }
}

/// The visits of a list and how they were found.
#[derive(Debug)]
struct Read {
    visits: Vec<Visit>,
    tally: Tally,
    /// Rows of the list, used or not.
    rows: usize,
    /// What was inferred, a line each.
    notes: Vec<String>,
    zone: (String, TimeZone),
}

/// Makes a scenario of a CSV list of sessions.
///
/// # Errors
/// When the list cannot be understood, means two things, or leaves nothing to run.
pub fn sessions(
    bytes: &[u8],
    names: Names<'_>,
    options: &Options,
) -> Result<Imported, Box<Refusal>> {
    finish(visits::read(bytes, options)?, names, options)
}

/// Makes a scenario of ACN-Data documents (JSON) or an ACN-Sim events file (CSV).
///
/// # Errors
/// As [`sessions`].
pub fn acn(bytes: &[u8], names: Names<'_>, options: &Options) -> Result<Imported, Box<Refusal>> {
    finish(acn::read(bytes, options)?, names, options)
}

fn finish(read: Read, names: Names<'_>, options: &Options) -> Result<Imported, Box<Refusal>> {
    let site = site::Site::new(read, options)?;
    Ok(Imported {
        scenario: write::scenario(&site, names),
        sessions: write::sessions(&site),
        summary: write::summary(&site, names),
    })
}
