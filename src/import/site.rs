//! Visits -> a site: the period, stations with connectors and power, stays that can happen.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::power::{self, Found};
use super::tally::{Fate, Tally};
use super::{Options, Read, Refusal, Visit};
use crate::charger::{ChargerSpec, CurrentKind};
use crate::time::{Span, Time};
use crate::vehicle::VehicleSpec;

/// A run takes no longer.
const LONGEST_DAYS: i64 = 366;
/// The site gets this share of the peak that the same sessions would have without any limit.
pub(super) const SHARE_OF_PEAK: f64 = 0.6;
/// One car drives off before the next comes.
const GAP: Span = Span::from_s(1);
/// The same where the list names no stations, and we choose them.
const CHOSEN_GAP: Span = Span::from_s(60);
/// Stays that overlap by this much or less end in the minute in which the next begins.
const SAME_MINUTE: Span = Span::from_s(60);
/// Shorter stays say little about power: their times are rounded to minutes.
const TELLING_STAY: Span = Span::from_s(600);
/// So many of a station's sessions find a free connector when the list names none.
const SHARE_FREE: f64 = 0.95;
const MOST_CONNECTORS: usize = 32;

/// A charge point of the scenario.
#[derive(Debug)]
pub(super) struct Station {
    /// As the scenario names it.
    pub(super) id: String,
    pub(super) spec: ChargerSpec,
    pub(super) found: Found,
    pub(super) connectors: usize,
}

/// A session of the scenario.
#[derive(Debug)]
pub(super) struct Stay {
    pub(super) station: usize,
    pub(super) visit: Visit,
}

/// What a list comes to.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) rows: usize,
    pub(super) tally: Tally,
    pub(super) notes: Vec<String>,
    pub(super) zone: (String, TimeZone),
    pub(super) start: Time,
    pub(super) end: Time,
    pub(super) stations: Vec<Station>,
    /// By arrival.
    pub(super) stays: Vec<Stay>,
    /// Energy that was lowered away, kWh.
    pub(super) lowered_kwh: f64,
    /// Sessions at once, and their power without any limit, kW.
    pub(super) most_at_once: i64,
    pub(super) peak_kw: f64,
    pub(super) max_power_kw: f64,
    pub(super) limit_is_given: bool,
    /// None when the list describes the batteries.
    pub(super) car: Option<VehicleSpec>,
}

impl Site {
    /// Makes the site; nothing of the list is lost without being counted.
    pub(super) fn new(read: Read, options: &Options) -> Result<Site, Box<Refusal>> {
        let Read { mut visits, mut tally, rows, mut notes, zone } = read;
        once(&mut visits, &mut tally);
        if visits.iter().all(|visit| visit.station.is_empty()) {
            choose_stations(&mut visits);
            notes.push(
                "stations: the list names none; as many as cars were there at once".to_owned(),
            );
        }
        // What stations are is inferred from the whole list, also when a part of it is run.
        let mut ids = Ids::default();
        let mut stations: Vec<Station> = Vec::new();
        let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
        for (name, visits) in by_station(&visits) {
            let (spec, found) = power(&visits);
            numbers.insert(name.to_owned(), stations.len());
            stations.push(Station {
                id: ids.of(name),
                spec,
                found,
                connectors: connectors(&visits),
            });
        }
        let (start, end) = period(&mut visits, &mut tally, &zone.1, options)?;
        let mut present: BTreeMap<usize, Vec<Visit>> = BTreeMap::new();
        for visit in visits {
            let number = numbers.get(&visit.station).copied().unwrap_or_default();
            present.entry(number).or_default().push(visit);
        }
        let mut stays = Vec::new();
        let mut lowered_kwh = 0.0;
        for (number, visits) in present {
            let station = &stations[number];
            for mut visit in settled(visits, station.connectors, &mut tally) {
                lowered_kwh += lower(&mut visit, &station.spec, &mut tally);
                stays.push(Stay { station: number, visit });
            }
        }
        stays.sort_by_key(|stay| (stay.visit.arrival, stay.station, stay.visit.line));
        let (most_at_once, peak_kw) = peaks(&stations, &stays);
        let largest = stations.iter().map(|it| power::kw(&it.spec)).fold(0.0, f64::max);
        let max_power_kw = options.max_power_kw;
        let default = || (peak_kw * SHARE_OF_PEAK).max(largest).ceil();
        let listed = stays.iter().all(|stay| stay.visit.battery.is_some());
        let car = (!listed).then(|| car(&stations, &stays));
        Ok(Site {
            rows,
            tally,
            notes,
            zone,
            start,
            end,
            lowered_kwh,
            most_at_once,
            peak_kw,
            max_power_kw: max_power_kw.unwrap_or_else(default),
            limit_is_given: max_power_kw.is_some(),
            car,
            stations,
            stays,
        })
    }

    /// Energy of all sessions, kWh.
    pub(super) fn energy_kwh(&self) -> f64 {
        self.stays.iter().map(|stay| stay.visit.kwh).sum()
    }

    /// Rated power of all connectors, kW.
    pub(super) fn rated_kw(&self) -> f64 {
        self.stations.iter().map(|it| power::kw(&it.spec) * it.connectors as f64).sum()
    }
}

/// Leaves out what stands in the list a second time.
fn once(visits: &mut Vec<Visit>, tally: &mut Tally) {
    let mut seen = BTreeSet::new();
    visits.retain(|visit| {
        let place = (visit.station.clone(), visit.connector.clone(), visit.session.clone());
        let new = seen.insert((place, visit.arrival, visit.departure, visit.kwh.to_bits()));
        if !new {
            tally.add(Fate::Twice, visit.line);
        }
        new
    });
}

/// First and last instant of the run, at local midnights, and the visits that arrive between them.
fn period(
    visits: &mut Vec<Visit>,
    tally: &mut Tally,
    zone: &TimeZone,
    options: &Options,
) -> Result<(Time, Time), Box<Refusal>> {
    let nothing = |tally: &Tally| {
        let reasons: Vec<String> =
            tally.lines(false).iter().map(|line| line.trim().to_owned()).collect();
        let help = format!("what was left out: {}", reasons.join("; "));
        Box::new(Refusal::new("no session is left to import", help))
    };
    let first = visits.iter().map(|visit| visit.arrival).min().ok_or_else(|| nothing(tally))?;
    let from = options.from.map_or_else(|| date_of(first, zone), Some);
    let start = from.and_then(|from| midnight(from, 0, zone));
    let (Some(from), Some(start)) = (from, start) else {
        return Err(Box::new(Refusal::new("--from is outside the calendar", "choose a later day")));
    };
    let asked = options.days.map(|days| midnight(from, i64::from(days), zone));
    if let Some(None) = asked {
        return Err(Box::new(Refusal::new("--days goes beyond the calendar", "choose fewer days")));
    }
    let asked = asked.flatten();
    visits.retain(|visit| {
        let inside = visit.arrival >= start && asked.is_none_or(|end| visit.arrival < end);
        if !inside {
            tally.add(Fate::Outside, visit.line);
        }
        inside
    });
    let last_arrival = visits.iter().map(|it| it.arrival).max().ok_or_else(|| nothing(tally))?;
    let last = visits.iter().map(|it| it.departure).max().ok_or_else(|| nothing(tally))?;
    let after = |at| date_of(at, zone).and_then(|day| midnight(day, 1, zone));
    let longest = Span::from_s(LONGEST_DAYS * 86_400);
    let fits = |end: &Time| end.since(start) <= longest;
    let ends = [asked, after(last).filter(|_| asked.is_none()), after(last_arrival)];
    match ends.into_iter().flatten().find(fits) {
        Some(end) => Ok((start, end)),
        None => {
            let days = last_arrival.since(start).whole_s() / 86_400 + 1;
            let message = format!(
                "the sessions span {days} days from {from} on; a run at most {LONGEST_DAYS}"
            );
            let help = "cut a period out, for example --from 2024-03-01 --days 31";
            Err(Box::new(Refusal::new(message, help)))
        }
    }
}

fn date_of(at: Time, zone: &TimeZone) -> Option<Date> {
    Some(zone.to_datetime(Timestamp::from_microsecond(at.0).ok()?).date())
}

fn midnight(day: Date, days: i64, zone: &TimeZone) -> Option<Time> {
    let clock = day.checked_add(days.days()).ok()?.at(0, 0, 0, 0);
    let at = zone.to_ambiguous_timestamp(clock).compatible().ok()?;
    Some(Time(at.as_microsecond()))
}

/// Gives visits without a station the lowest one that is free.
fn choose_stations(visits: &mut [Visit]) {
    visits.sort_by_key(|visit| (visit.arrival, visit.departure, visit.line));
    let mut free_from: Vec<Time> = Vec::new();
    for visit in visits {
        let free = free_from.iter().position(|free| *free + CHOSEN_GAP <= visit.arrival);
        let at = free.unwrap_or_else(|| {
            free_from.push(visit.departure);
            free_from.len() - 1
        });
        free_from[at] = visit.departure;
        visit.station = format!("place_{:03}", at + 1);
    }
}

fn by_station(visits: &[Visit]) -> BTreeMap<&str, Vec<&Visit>> {
    let mut stations: BTreeMap<&str, Vec<&Visit>> = BTreeMap::new();
    for visit in visits {
        stations.entry(&visit.station).or_default().push(visit);
    }
    stations
}

/// The model of a station, by what most of its rows tell and by the power of its sessions.
fn power(visits: &[&Visit]) -> (ChargerSpec, Found) {
    let mut told: BTreeMap<u64, usize> = BTreeMap::new();
    for visit in visits {
        let rated = visit.rated_kw.or_else(|| power::rating(&visit.model));
        if let Some(kw) = rated {
            *told.entry((kw * 1000.0) as u64).or_default() += 1;
        }
    }
    let rated = told.iter().max_by_key(|(_, count)| **count).map(|(w, _)| *w as f64 / 1000.0);
    let mean = |visit: &Visit| visit.kwh / visit.departure.since(visit.arrival).hours();
    let telling = |visit: &&&Visit| visit.departure.since(visit.arrival) >= TELLING_STAY;
    let mut means: Vec<f64> = visits.iter().filter(telling).map(|visit| mean(visit)).collect();
    means.sort_by(f64::total_cmp);
    // All but one in a hundred: a wrong clock makes no charge point.
    let rank = (means.len() as f64 * 0.99).ceil() as usize;
    let mean_kw = means.get(rank.saturating_sub(1)).copied().unwrap_or(0.0);
    let batteries = visits.iter().filter_map(|visit| visit.battery.map(|battery| battery[2]));
    match batteries.reduce(f64::max) {
        Some(largest_kw) => (power::charger_of_batteries(largest_kw), Found::Told),
        None => power::charger(rated, mean_kw),
    }
}

/// The connectors of a station: those that the list names, or as many as were needed.
fn connectors(visits: &[&Visit]) -> usize {
    let named: BTreeSet<&str> = visits.iter().map(|visit| visit.connector.as_str()).collect();
    if named.contains("") { needed(visits) } else { named.len().min(MOST_CONNECTORS) }
}

/// The visits of a station with this many connectors, so that no connector has two cars.
fn settled(visits: Vec<Visit>, connectors: usize, tally: &mut Tally) -> Vec<Visit> {
    let mut groups: BTreeMap<String, Vec<Visit>> = BTreeMap::new();
    for visit in visits {
        groups.entry(visit.connector.clone()).or_default().push(visit);
    }
    if groups.contains_key("") || groups.len() > connectors {
        let visits = groups.into_values().flatten().collect();
        return parted(visits, connectors, tally);
    }
    groups.into_values().flat_map(|group| parted(group, 1, tally)).collect()
}

/// The connectors with which nearly every session finds one free.
fn needed(visits: &[&Visit]) -> usize {
    let mut sorted: Vec<(Time, Time)> =
        visits.iter().map(|visit| (visit.arrival, visit.departure)).collect();
    sorted.sort_unstable();
    let mut plugged: Vec<Time> = Vec::new();
    let mut counts: Vec<usize> = Vec::new();
    for (arrival, departure) in sorted {
        plugged.retain(|leaves| *leaves > arrival + SAME_MINUTE);
        plugged.push(departure);
        counts.push(plugged.len());
    }
    counts.sort_unstable();
    let rank = (counts.len() as f64 * SHARE_FREE).ceil() as usize;
    counts.get(rank.saturating_sub(1)).map_or(1, |count| (*count).clamp(1, MOST_CONNECTORS))
}

/// Visits that fit `connectors`: where there is none free, the car that would leave first does.
fn parted(mut visits: Vec<Visit>, connectors: usize, tally: &mut Tally) -> Vec<Visit> {
    // Of two that begin together the one with more energy is the one that charged.
    visits.sort_by(|a, b| {
        a.arrival.cmp(&b.arrival).then(b.kwh.total_cmp(&a.kwh)).then(a.line.cmp(&b.line))
    });
    let mut kept: Vec<Visit> = Vec::with_capacity(visits.len());
    let mut plugged: Vec<usize> = Vec::new();
    for visit in visits {
        plugged.retain(|at| kept[*at].departure + GAP > visit.arrival);
        if plugged.len() >= connectors {
            let first = (0..plugged.len()).min_by_key(|at| kept[plugged[*at]].departure);
            let Some(first) = first else { continue };
            let earlier = &mut kept[plugged[first]];
            if earlier.arrival + GAP >= visit.arrival {
                tally.add(Fate::Together, visit.line);
                continue;
            }
            let overlap = earlier.departure.since(visit.arrival);
            let fate = if overlap < SAME_MINUTE { Fate::BackToBack } else { Fate::CutShort };
            tally.add(fate, earlier.line);
            earlier.departure = visit.arrival - GAP;
            plugged.swap_remove(first);
        }
        plugged.push(kept.len());
        kept.push(visit);
    }
    kept
}

/// Lowers the energy of a visit to what its station can give; returns by how much, kWh.
fn lower(visit: &mut Visit, spec: &ChargerSpec, tally: &mut Tally) -> f64 {
    let stay = visit.departure.since(visit.arrival);
    let possible = power::possible_kwh(visit.most_kw(power::given_kw(spec)), stay);
    let less = visit.kwh - possible;
    if less <= 0.0 {
        return 0.0;
    }
    tally.add(Fate::Lowered, visit.line);
    visit.kwh = possible;
    less
}

/// Most sessions at once, and the most power when each draws all its station gives from the first
/// second until it has its energy.
fn peaks(stations: &[Station], stays: &[Stay]) -> (i64, f64) {
    let sweep = |mut events: Vec<(Time, i64)>| {
        events.sort_unstable();
        let sums = events.iter().scan(0, |sum, (_, change)| {
            *sum += change;
            Some(*sum)
        });
        sums.max().unwrap_or(0)
    };
    let visits = || stays.iter().map(|stay| (&stay.visit, &stations[stay.station]));
    let plugged = visits().flat_map(|(visit, _)| [(visit.arrival, 1), (visit.departure, -1)]);
    let most = sweep(plugged.collect());
    let drawn = visits().flat_map(|(visit, station)| {
        let kw = visit.most_kw(power::kw(&station.spec));
        let done = visit.arrival + Span::from_s_f64(visit.kwh / kw * 3600.0);
        let watts = (kw * 1000.0) as i64;
        [(visit.arrival, watts), (done.min(visit.departure), -watts)]
    });
    (most, sweep(drawn.collect()) as f64 / 1000.0)
}

/// The car of all sessions: the weakest that can take every energy in its stay, with a battery for
/// the largest.
fn car(stations: &[Station], stays: &[Stay]) -> VehicleSpec {
    let each = stays.iter().map(|stay| {
        let visit = &stay.visit;
        (&stations[stay.station].spec, visit.departure.since(visit.arrival), visit.kwh)
    });
    let mut car = power::car(&each);
    let largest = stays.iter().map(|stay| stay.visit.kwh).fold(0.0, f64::max);
    car.battery_kwh = (largest * car.efficiency / 0.95).ceil().max(40.0);
    let dc =
        stations.iter().filter(|it| it.spec.kind == CurrentKind::Dc).map(|it| it.spec.max_power);
    car.dc_max_power = dc.max().unwrap_or(car.dc_max_power);
    car
}

/// Identities as a scenario allows them, each once.
#[derive(Default)]
struct Ids {
    taken: BTreeSet<String>,
}

impl Ids {
    fn of(&mut self, name: &str) -> String {
        let mut id = String::new();
        for letter in name.chars().take(48) {
            let allowed = letter.is_ascii_alphanumeric() || letter == '-';
            match allowed {
                true => id.push(letter),
                false if id.ends_with('_') || id.is_empty() => {}
                false => id.push('_'),
            }
        }
        let id = id.trim_end_matches('_');
        let id = if id.is_empty() { "station" } else { id };
        let mut chosen = id.to_owned();
        for number in 2.. {
            if self.taken.insert(chosen.clone()) {
                break;
            }
            chosen = format!("{id}_{number}");
        }
        chosen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_are_those_a_scenario_allows_and_each_is_given_once() {
        let mut ids = Ids::default();
        assert_eq!(ids.of("CA-303"), "CA-303");
        assert_eq!(ids.of("Broxden Park & Ride, Perth"), "Broxden_Park_Ride_Perth");
        assert_eq!(ids.of("Broxden Park/Ride Perth"), "Broxden_Park_Ride_Perth_2");
        assert_eq!(ids.of("\u{3b1}\u{3b2}"), "station");
        assert_eq!(ids.of(""), "station_2");
        assert_eq!(ids.of(&"x".repeat(100)).len(), 48);
    }
}
