//! ACN-Data documents, as the data sets of workplace garages in California are published, and the
//! events file of ACN-Sim made of them.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::Value;

use super::civil::{Day, Stamp, instant};
use super::numbers::Decimal;
use super::table::{Row, Table};
use super::tally::{Fate, Tally};
use super::{Options, Read, Refusal, Visit};
use crate::scenario::quantity::parse_zone;
use crate::time::{Span, Time};

/// Length of a period of an events file.
const PERIOD: Span = Span::from_s(300);
/// More than nine years of them are none.
const MOST_PERIODS: i64 = 1_000_000;

/// An answer of the API.
#[derive(Deserialize)]
struct Page {
    #[serde(rename = "_items")]
    items: Vec<Value>,
    #[serde(rename = "_meta")]
    meta: Option<Meta>,
}

#[derive(Deserialize)]
struct Meta {
    total: Option<u64>,
}

/// One session of the API; what another field says is not needed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    connection_time: Option<String>,
    disconnect_time: Option<String>,
    done_charging_time: Option<String>,
    #[serde(rename = "kWhDelivered")]
    kwh_delivered: Option<f64>,
    #[serde(rename = "sessionID")]
    session: Option<String>,
    #[serde(rename = "siteID")]
    site: Option<String>,
    #[serde(rename = "spaceID")]
    space: Option<String>,
    #[serde(rename = "stationID")]
    station: Option<String>,
    timezone: Option<String>,
    user_inputs: Option<Vec<Value>>,
}

/// Reads JSON or CSV, told apart by the first character.
pub(super) fn read(bytes: &[u8], options: &Options) -> Result<Read, Box<Refusal>> {
    let start = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match start.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{' | b'[') => documents(start, options),
        _ => events(bytes, options),
    }
}

fn documents(bytes: &[u8], options: &Options) -> Result<Read, Box<Refusal>> {
    let no_documents = |why: String| {
        let help = "an answer of the ACN-Data API is {\"_items\": [..]}, or the list alone";
        Box::new(Refusal::new(format!("not ACN-Data: {why}"), help))
    };
    let value: Value =
        serde_json::from_slice(bytes).map_err(|error| no_documents(error.to_string()))?;
    let page = match value {
        Value::Array(items) => Page { items, meta: None },
        page => Page::deserialize(page).map_err(|error| no_documents(error.to_string()))?,
    };
    let mut notes = vec![
        "ACN-Data documents: arrival `connectionTime`, departure `disconnectTime`, \
                          energy `kWhDelivered`, station `stationID` or `spaceID`"
            .to_owned(),
    ];
    let rows = page.items.len();
    let total = page.meta.and_then(|meta| meta.total).unwrap_or(0);
    if total > rows as u64 {
        notes.push(format!("a part of a longer answer: {rows} of {total} documents"));
    }
    let mut tally = Tally::new("document");
    let mut visits = Vec::new();
    let mut told = Told::default();
    for (item, number) in page.items.into_iter().zip(1..) {
        let Ok(document) = Document::deserialize(item) else {
            tally.add(Fate::Strange, number);
            continue;
        };
        told.add(&document);
        match document.visit(number) {
            Ok(visit) => visits.push(visit),
            Err((fate, text)) => tally.add_text(fate, number, &text),
        }
    }
    notes.extend(told.notes());
    let zone = match (&options.zone, told.zones.as_slice()) {
        (Some(zone), _) => zone.clone(),
        (None, []) => ("UTC".to_owned(), TimeZone::UTC),
        (None, [name, ..]) => {
            let zone = parse_zone(name).map_err(|misread| {
                let help = format!("name the zone of the site, --timezone NAME; {}", misread.help);
                Box::new(Refusal::new(misread.cause, help))
            })?;
            (name.clone(), zone)
        }
    };
    notes.push(format!("times: UTC; the site's clocks: {}", zone.0));
    Ok(Read { visits, tally, rows, notes, zone })
}

/// What documents tell beside their visits.
#[derive(Default)]
struct Told {
    sites: Vec<String>,
    zones: Vec<String>,
    asked: usize,
    full: usize,
}

impl Told {
    fn add(&mut self, document: &Document) {
        for (list, value) in
            [(&mut self.sites, &document.site), (&mut self.zones, &document.timezone)]
        {
            if let Some(value) = value.as_ref().filter(|value| !list.contains(value)) {
                list.push(value.clone());
            }
        }
        self.asked += usize::from(document.user_inputs.as_ref().is_some_and(|it| !it.is_empty()));
        let done = document.done_charging_time.as_deref().and_then(utc);
        let left = document.disconnect_time.as_deref().and_then(utc);
        self.full += usize::from(done.zip(left).is_some_and(|(done, left)| done < left));
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.sites.len() > 1 {
            notes.push(format!("sites: {}, taken as one", self.sites.join(", ")));
        }
        notes.push(format!(
            "sessions with a wish of their driver: {} (what was delivered is taken); cars that had \
             done charging before they left: {}",
            self.asked, self.full
        ));
        notes
    }
}

impl Document {
    fn visit(self, number: u64) -> Result<Visit, (Fate, String)> {
        let time = |text: Option<String>, none, strange| match text {
            None => Err((none, String::new())),
            Some(text) => utc(&text).ok_or((strange, text)),
        };
        let arrival = time(self.connection_time, Fate::NoArrival, Fate::StrangeArrival)?;
        let departure = time(self.disconnect_time, Fate::NoDeparture, Fate::StrangeDeparture)?;
        let visit = Visit {
            line: number,
            arrival,
            departure,
            kwh: self.kwh_delivered.ok_or((Fate::NoEnergy, String::new()))?,
            station: self.station.or(self.space).unwrap_or_default(),
            connector: String::new(),
            model: String::new(),
            rated_kw: None,
            session: self.session.unwrap_or_default(),
            battery: None,
        };
        if visit.station.is_empty() {
            return Err((Fate::NoStation, String::new()));
        }
        visit.plausible().map_or(Ok(visit), |fate| Err((fate, String::new())))
    }
}

/// An instant of the API, which writes GMT, or another with an offset; without one it is UTC.
fn utc(text: &str) -> Option<Time> {
    match Stamp::parse(text)? {
        Stamp::Epoch(time) => Some(time),
        Stamp::Civil { day: Some(Day::Named(y, m, d) | Day::YearFirst(y, m, d)), time, offset } => {
            instant((y, m, d), time?, Some(offset.unwrap_or(Span::ZERO)), &TimeZone::UTC)
        }
        Stamp::Civil { .. } => None,
    }
}

/// The columns of an events file.
struct Events {
    arrival: usize,
    departure: usize,
    energy: usize,
    station: usize,
    session: Option<usize>,
    battery: Option<[usize; 3]>,
    epoch: Time,
}

fn events(bytes: &[u8], options: &Options) -> Result<Read, Box<Refusal>> {
    let table = Table::read(bytes)?;
    let at = |name: &str| table.header.iter().position(|it| it == name);
    let needed = ["arrival_period", "departure_period", "requested_kwh", "station_id"];
    let [Some(arrival), Some(departure), Some(energy), Some(station)] = needed.map(at) else {
        let missing: Vec<&str> = needed.into_iter().filter(|name| at(name).is_none()).collect();
        let message = format!("not an ACN-Sim events file: no column `{}`", missing.join("`, `"));
        let help =
            "JSON documents of ACN-Data are read too, other lists by `ampacity import sessions`";
        return Err(Box::new(Refusal::new(message, help)));
    };
    let battery = ["battery_capacity_kwh", "battery_init_kwh", "battery_max_kw"].map(at);
    let battery = match battery {
        [Some(capacity), Some(initial), Some(max)] => Some([capacity, initial, max]),
        _ => None,
    };
    let session = at("session_id");
    let zero = Time(0);
    let mut events = Events { arrival, departure, energy, station, session, battery, epoch: zero };
    let (epoch, why) = match &options.epoch {
        Some(epoch) => (epoch.time, "as asked for"),
        None => (events.epoch(&table)?, "inferred from the instants in the session ids"),
    };
    events.epoch = epoch;
    let zone = options.zone.clone().unwrap_or_else(|| ("UTC".to_owned(), TimeZone::UTC));
    let notes = vec![
        "ACN-Sim events in periods of 5 minutes, batteries included where they are listed"
            .to_owned(),
        format!("first period: {epoch} ({why}); the site's clocks: {}", zone.0),
    ];
    let mut tally = Tally::new("line");
    let mut visits = Vec::new();
    for row in &table.rows {
        match events.visit(row) {
            Ok(visit) => visits.push(visit),
            Err((fate, text)) => tally.add_text(fate, row.line, text),
        }
    }
    Ok(Read { visits, tally, rows: table.rows.len(), notes, zone })
}

impl Events {
    /// What periods count from: a session's id ends with the instant at which it began, so each
    /// says it to a period, and nearly all have to agree.
    fn epoch(&self, table: &Table) -> Result<Time, Box<Refusal>> {
        let began = |row: &Row| {
            let id = row.field(self.session?);
            let at = utc(id.rsplit('_').next()?)?;
            let periods: i64 = row.field(self.arrival).parse().ok()?;
            let epoch = at - PERIOD * periods.clamp(-MOST_PERIODS, MOST_PERIODS);
            Some(epoch.next_multiple(PERIOD) - PERIOD)
        };
        let mut votes: BTreeMap<Time, usize> = BTreeMap::new();
        for epoch in table.rows.iter().filter_map(began) {
            *votes.entry(epoch).or_default() += 1;
        }
        let all: usize = votes.values().sum();
        let most = votes.into_iter().max_by_key(|(_, count)| *count);
        let agreed = most.filter(|(_, count)| count * 10 >= all * 9).map(|(epoch, _)| epoch);
        agreed.ok_or_else(|| {
            let message = "the list counts in periods and does not tell from when";
            let help = "say it, for example --epoch 2019-03-01T00:00[America/Los_Angeles]";
            Box::new(Refusal::new(message, help))
        })
    }

    fn visit<'r>(&self, row: &'r Row) -> Result<Visit, (Fate, &'r str)> {
        let number = |at: usize, none, strange| match row.field(at) {
            "" => Err((none, "")),
            text => Decimal::Point.parse(text).ok_or((strange, text)),
        };
        let after = |periods: f64| {
            let after = Span::from_s_f64(
                periods.clamp(-(MOST_PERIODS as f64), MOST_PERIODS as f64) * PERIOD.s(),
            );
            self.epoch + after
        };
        let battery = self.battery.and_then(|columns| {
            let [capacity, initial, max] =
                columns.map(|at| Decimal::Point.parse(row.field(at)).unwrap_or(f64::NAN));
            let right = capacity > 0.0
                && (0.0..=capacity).contains(&initial)
                && (0.1..=1000.0).contains(&max);
            right.then_some([capacity, initial, max])
        });
        let visit = Visit {
            line: row.line,
            arrival: after(number(self.arrival, Fate::NoArrival, Fate::StrangeArrival)?),
            departure: after(number(self.departure, Fate::NoDeparture, Fate::StrangeDeparture)?),
            kwh: number(self.energy, Fate::NoEnergy, Fate::StrangeEnergy)?,
            station: row.field(self.station).to_owned(),
            connector: String::new(),
            model: String::new(),
            rated_kw: None,
            session: self.session.map_or("", |at| row.field(at)).to_owned(),
            battery,
        };
        if visit.station.is_empty() {
            return Err((Fate::NoStation, ""));
        }
        visit.plausible().map_or(Ok(visit), |fate| Err((fate, "")))
    }
}
