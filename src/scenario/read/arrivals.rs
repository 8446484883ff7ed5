//! `[[arrivals]]`: drawn cars, and the notes about listed ones.

use super::collisions;
use super::problems::Problems;
use super::record::Record;
use super::sessions::{self, Layout};
use super::{DAY, Files, Run};
use crate::scenario::keys::{POISSON, SESSIONS};
use crate::scenario::model::{
    Arrivals, Charger, DailyPeak, ListedSession, Needs, Poisson, VehicleMix,
};
use crate::scenario::quantity::{Moment, span_text};
use crate::scenario::source::Source;
use crate::time::Span;

/// More cars than this in one run are refused.
const MOST_CARS: f64 = 1e6;

/// The sources of cars, in the order of the file.
pub(super) fn read(
    root: &Record,
    run: &Run,
    (chargers, vehicles): (&[Charger], &[VehicleMix]),
    files: &mut Files<'_>,
    problems: &mut Problems<'_>,
) -> Vec<Arrivals> {
    let records = root.records("arrivals");
    if root.is_empty_list("arrivals") && !problems.has_errors() {
        problems
            .error(root.at("arrivals"), "no car ever comes")
            .label("an empty list")
            .help("add an [[arrivals]] table, for example of kind \"poisson\"");
    }
    let mut arrivals: Vec<Arrivals> = records
        .iter()
        .map(|record| {
            if std::ptr::eq(record.table, &SESSIONS) {
                Arrivals::Sessions(listed(record, run, (chargers, vehicles), files, problems))
            } else if std::ptr::eq(record.table, &POISSON) {
                Arrivals::Poisson(poisson(record, run, problems))
            } else {
                Arrivals::DailyPeak(daily_peak(record, run, problems))
            }
        })
        .collect();
    for (record, note) in records.iter().zip(collisions::resolve(&mut arrivals, chargers)) {
        if let Some(note) = note {
            problems
                .warning(record.at("sessions"), &note)
                .label("two cars at one connector")
                .help("correct the file, or give the charger more `connectors`");
        }
    }
    arrivals
}

fn daily_peak(record: &Record, run: &Run, problems: &mut Problems<'_>) -> DailyPeak {
    let count = record.whole("count").unwrap_or_default() as u32;
    let days = run.length().hours() / 24.0;
    limit_cars(record, "count", f64::from(count) * days.max(1.0), problems);
    let at = record.lasting("at");
    let spread = record.lasting("spread").unwrap_or(Span::ZERO);
    if let Some(at) = at.filter(|at| misses(*at, spread, run)) {
        let (start, end) = (run.start, run.end);
        problems
            .warning(record.at("at"), "the peak lies outside the run: hardly any car comes")
            .label(&format!("{} after midnight; the run goes from {start} to {end}", span_text(at)))
            .help("move `at` or change `start` and `duration`; `at` is local time");
    }
    DailyPeak {
        count,
        at: at.unwrap_or(Span::ZERO),
        spread,
        needs: needs(record),
        weekdays_only: record.flag("weekdays_only").unwrap_or_default(),
    }
}

/// Whether a daily peak at `at` is more than two deviations away from the run every day.
fn misses(at: Span, spread: Span, run: &Run) -> bool {
    let next = run.resolve(Moment::TimeOfDay(at));
    let last = next + Span(-DAY.0);
    run.known && next >= run.end + spread * 2 && last + spread * 2 < run.start
}

fn poisson(record: &Record, run: &Run, problems: &mut Problems<'_>) -> Poisson {
    let per_hour = record.number("per_hour").unwrap_or_default();
    limit_cars(record, "per_hour", per_hour * run.length().hours(), problems);
    Poisson {
        per_hour,
        from: record.lasting("from").unwrap_or(Span::ZERO),
        to: record.lasting("to").unwrap_or(DAY),
        needs: needs(record),
    }
}

fn needs(record: &Record) -> Needs {
    Needs {
        stay: record.lasting("stay").unwrap_or(Span::ZERO),
        stay_spread: record.lasting("stay_spread").unwrap_or(Span::ZERO),
        energy_kwh: record.number("energy_kwh").unwrap_or_default(),
        energy_spread_kwh: record.number("energy_spread_kwh").unwrap_or_default(),
        early_leavers: record.number("early_leavers").unwrap_or_default(),
    }
}

fn limit_cars(record: &Record, key: &str, cars: f64, problems: &mut Problems<'_>) {
    if cars > MOST_CARS {
        problems
            .error(record.at(key), &format!("about {cars:.0} cars would come"))
            .label(&format!("more than {MOST_CARS:.0} are not simulated"))
            .help(&format!("lower `{key}` or shorten `duration`"));
    }
}

fn listed(
    record: &Record,
    run: &Run,
    (chargers, vehicles): (&[Charger], &[VehicleMix]),
    files: &mut Files<'_>,
    problems: &mut Problems<'_>,
) -> Vec<ListedSession> {
    let Some(path) = record.text("sessions") else { return Vec::new() };
    let text = match files.read(&path) {
        Ok(text) => text,
        Err(reason) => {
            problems
                .error(record.at("sessions"), &format!("cannot read the session file: {reason}"))
                .label("not readable")
                .help("the path is relative to the folder of the scenario file");
            return Vec::new();
        }
    };
    let layout = Layout {
        epoch: record.instant("epoch").map_or(run.start, |epoch| epoch.time),
        zone: record.zone("time_zone").unwrap_or_else(|| run.zone.clone()),
        period: Span::from_s_f64(record.number("period_min").unwrap_or(5.0) * 60.0),
        map_stations: record.flag("map_stations").unwrap_or_default(),
        chargers,
        vehicles,
    };
    let source = Source::new(&path, &text);
    let read = sessions::read(&source, &layout);
    let complete = read.problems.is_empty();
    problems.extend(read.problems);
    if layout.map_stations && read.stations.len() > chargers.len() {
        let (stations, count) = (read.stations.len(), chargers.len());
        problems
            .error(record.at("map_stations"), &format!("{path} names {stations} stations"))
            .label(&format!("more than the chargers of the scenario, {count}"))
            .help(&format!("let the `count` of the chargers sum to {stations} or more"));
        return Vec::new();
    }
    let all = read.sessions.len();
    let kept: Vec<ListedSession> =
        read.sessions.into_iter().filter(|session| run.holds(session.arrival)).collect();
    let outside = all - kept.len();
    if complete && all == 0 {
        problems
            .warning(record.at("sessions"), &format!("{path} lists no sessions"))
            .label("empty")
            .help("add a row per session below the header");
    }
    if outside > 0 {
        problems
            .warning(
                record.at("sessions"),
                &format!("{outside} of {all} sessions of {path} arrive outside the run"),
            )
            .label("left out")
            .help("check `start`, `duration` and `epoch`, if they should be in");
    }
    kept
}
