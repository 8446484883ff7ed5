//! The texts of a twin: scenario and sessions.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;

use super::Options;
use super::facts;
use super::infer::{Car, Demand, REACTION_S};
use super::seen::{Seen, SeenPoint};
use crate::charger::{ChargerSpec, CurrentKind};
use crate::import::{Names, asserts, charger_table, comment, quoted};
use crate::scenario::catalogue;
use crate::scenario::quantity::span_text;
use crate::time::{Span, Time};
use crate::units::{NOMINAL_VOLTAGE_V, Watts};

/// Rows of the history stay readable: at most about this many.
const SAMPLES: i64 = 36_000;
const MINUTE: Span = Span::from_s(60);
/// 6 A on one phase, and on three: the smallest rates that anybody is offered.
const ONE_PHASE_W: i64 = 1_380;
const THREE_PHASES_W: i64 = 4_200;

/// What is to be written.
pub(super) struct Site<'a> {
    pub(super) seen: &'a Seen,
    pub(super) demand: &'a Demand,
    pub(super) options: &'a Options,
    pub(super) start: Time,
    pub(super) end: Time,
    pub(super) max_power_kw: f64,
    pub(super) limited_by: LimitedBy,
    /// Smallest rate worth offering, W, and whether that was seen.
    pub(super) min_rate: (i64, bool),
    /// The car of each session.
    cars: Vec<usize>,
    /// Names of the cars.
    names: Vec<String>,
}

/// Where the limit of the site comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LimitedBy {
    /// The user.
    Asked,
    /// The highest sum of limits in force.
    Limits,
    /// The highest mean power of a minute: nobody limited anything.
    Draw,
}

impl<'a> Site<'a> {
    pub(super) fn new(seen: &'a Seen, demand: &'a Demand, options: &'a Options) -> Site<'a> {
        let (from, to) = seen.span.unwrap_or_default();
        let arrivals = demand.sessions.iter().map(|it| it.arrival);
        let first = arrivals.fold(from, Time::min);
        let departures = demand.sessions.iter().map(|it| it.departure);
        let last = departures.fold(to, Time::max);
        let (max_power_kw, limited_by) = limit(seen, demand, options);
        let (cars, names) = cars(demand);
        Site {
            seen,
            demand,
            options,
            start: Time(first.0.div_euclid(MINUTE.0) * MINUTE.0),
            end: Time(last.0 - 1).next_multiple(MINUTE),
            max_power_kw,
            limited_by,
            min_rate: min_rate(demand, max_power_kw),
            cars,
            names,
        }
    }

    /// The scenario.
    pub(super) fn scenario(&self, names: Names<'_>) -> String {
        let mut out = String::new();
        let head = format!(
            "{}: {} sessions at {} charge points, inferred from the trace {} by `ampacity import`, and from nothing \
             else:",
            names.title,
            self.demand.sessions.len(),
            self.seen.points.len(),
            names.list,
        );
        comment(&mut out, &head, "");
        out.push_str("#\n");
        for fact in facts::facts(self) {
            comment(&mut out, &fact, "  ");
        }
        out.push_str("#\n# All of it is yours to edit: the limit, the strategy, the cars.\n\n");
        let length = self.end.since(self.start);
        let interval = length.whole_s() / SAMPLES;
        let interval = [60, 300, 900].into_iter().find(|step| interval <= *step).unwrap_or(3600);
        let _ = writeln!(out, "name = {}", quoted(names.title));
        let start = self.clock(self.start, "%Y-%m-%dT%H:%M:%S");
        let _ = writeln!(out, "start = \"{start}[{}]\"", self.options.zone.0);
        let _ = writeln!(out, "duration = \"{}\"", span_text(length));
        let _ = writeln!(out, "seed = 1");
        let interval = Span::from_s(interval).0.min(length.0);
        let _ = writeln!(out, "sample_interval = \"{}\"", span_text(Span(interval)));
        self.power(&mut out);
        self.network(&mut out);
        self.chargers(&mut out);
        self.vehicles(&mut out);
        let _ = writeln!(out, "\n[[arrivals]]\nsessions = {}", quoted(names.sessions));
        self.timeline(&mut out);
        asserts(&mut out);
        out
    }

    /// The sessions.
    pub(super) fn sessions(&self) -> String {
        let mut out = String::from("session_id,charger,arrival,departure,kwh,vehicle,init_kwh\n");
        for (number, (session, car)) in self.demand.sessions.iter().zip(&self.cars).enumerate() {
            let _ = writeln!(
                out,
                "visit_{},{},{},{},{},{},{}",
                number + 1,
                cell(&self.seen.points[session.point].id),
                self.clock(session.arrival, "%Y-%m-%dT%H:%M:%S%.3f%:z"),
                self.clock(session.departure, "%Y-%m-%dT%H:%M:%S%.3f%:z"),
                // A register is rounded down at both ends.
                (session.wish_mwh as f64 / 1000.0).round().max(1.0) / 1000.0,
                self.names[*car],
                session.initial_wh as f64 / 1000.0,
            );
        }
        out
    }

    /// Local time at the site.
    pub(super) fn clock(&self, at: Time, form: &str) -> String {
        let at = Timestamp::from_microsecond(at.0).unwrap_or_default();
        at.to_zoned(self.options.zone.1.clone()).strftime(form).to_string()
    }

    fn power(&self, out: &mut String) {
        let why = match self.limited_by {
            LimitedBy::Asked => "as asked for",
            LimitedBy::Limits => "the highest sum of the limits in force",
            LimitedBy::Draw => "the highest draw: nobody limited anything",
        };
        let (rate, seen) = self.min_rate;
        let rated = if seen { "the smallest limit of a car" } else { "6 A on one phase" };
        let _ = writeln!(out, "\n[site]");
        let _ = writeln!(out, "max_power_kw = {:<10} # {why}", self.max_power_kw);
        let _ = writeln!(out, "strategy = \"{}\"", self.options.strategy);
        let _ = writeln!(out, "min_charge_rate_kw = {:<4} # {rated}", rate as f64 / 1000.0);
    }

    fn network(&self, out: &mut String) {
        let (latency, jitter) = self.seen.latency;
        let _ = writeln!(out, "\n[network]\nlatency = \"{}\"", span_text(latency));
        if jitter > Span::ZERO {
            let _ = writeln!(out, "jitter = \"{}\"", span_text(jitter));
        }
    }

    /// Models that the catalogue lacks, then charge points by model and connectors.
    fn chargers(&self, out: &mut String) {
        let mut models: BTreeMap<String, String> = BTreeMap::new();
        let mut groups: BTreeMap<(String, u32), Vec<&str>> = BTreeMap::new();
        for point in &self.seen.points {
            let (base, changes) = model(point);
            let next = format!("seen_{}", models.len() + 1);
            let name = match changes.as_str() {
                "" => base.model.clone(),
                _ => {
                    let table = format!("base = \"{}\"\n{changes}", base.model);
                    models.entry(table).or_insert(next).clone()
                }
            };
            groups.entry((name, point.connectors)).or_default().push(&point.id);
        }
        let mut models: Vec<(String, String)> =
            models.into_iter().map(|(table, name)| (name, table)).collect();
        models.sort();
        for (name, table) in models {
            let _ = write!(out, "\n[models.{name}]\n{table}");
        }
        for ((model, connectors), ids) in groups {
            charger_table(out, &model, u64::from(connectors), &ids);
        }
    }

    /// The cars, each kind once.
    fn vehicles(&self, out: &mut String) {
        let mut sessions = vec![0_usize; self.names.len()];
        self.cars.iter().for_each(|car| sessions[*car] += 1);
        for (number, name) in self.names.iter().enumerate() {
            let Some(session) = self.cars.iter().position(|car| *car == number) else { continue };
            let car = &self.demand.sessions[session].car;
            let _ = writeln!(out, "\n[[vehicles]]\nbase = \"sedan_3p11\"\nname = {}", quoted(name));
            let _ = writeln!(out, "share = {}", sessions[number]);
            vehicle(out, car);
        }
    }

    fn timeline(&self, out: &mut String) {
        if self.limited_by != LimitedBy::Limits || self.demand.moving_limit.is_empty() {
            return;
        }
        out.push_str("\n# While cars asked for more, their limits together stood at these.\n");
        for (at, limit) in &self.demand.moving_limit {
            let at = self.clock(*at, "%Y-%m-%dT%H:%M:%S%:z");
            let kw = whole_kw(*limit);
            let _ = writeln!(out, "\n[[timeline]]\nat = \"{at}\"\nset = {{ max_power_kw = {kw} }}");
        }
    }
}

/// Kilowatts, rounded up: limits stay below what they divide.
pub(super) fn whole_kw(power: Watts) -> f64 {
    (power.kw() - 0.02).ceil().max(2.0)
}

fn limit(seen: &Seen, demand: &Demand, options: &Options) -> (f64, LimitedBy) {
    let peak = seen.site_power.iter().map(|(_, it)| *it).max().unwrap_or_default();
    match (options.max_power_kw, demand.highest_limits) {
        (Some(kw), _) => (kw, LimitedBy::Asked),
        (None, Some(highest)) => (whole_kw(highest.max(Watts(1))), LimitedBy::Limits),
        (None, None) => (whole_kw(peak), LimitedBy::Draw),
    }
}

/// Smallest limits tell the smallest rate only where there was too little for all.
fn min_rate(demand: &Demand, max_power_kw: f64) -> (i64, bool) {
    let least = demand.least_limit.map(|it| it.0).filter(|it| *it as f64 <= max_power_kw * 1000.0);
    match least {
        Some(watts) if watts <= THREE_PHASES_W || demand.paused => (watts, true),
        _ => (ONE_PHASE_W, false),
    }
}

/// The catalogue's model, and what differs from it.
fn model(point: &SeenPoint) -> (ChargerSpec, String) {
    let hardware = &point.hardware;
    let apart = |spec: &ChargerSpec| {
        let other = spec.kind != hardware.kind || spec.phases != hardware.phases;
        (other, (spec.max_power.0 - hardware.max_power.0).abs())
    };
    let all = catalogue::chargers(NOMINAL_VOLTAGE_V);
    let base = all.into_iter().min_by_key(apart).expect("the catalogue has models");
    let mut changes = String::new();
    if base.phases != hardware.phases {
        let _ = writeln!(changes, "phases = {}", hardware.phases);
    }
    if base.max_power != hardware.max_power {
        let _ = writeln!(changes, "max_power_kw = {}", hardware.max_power.kw());
        let _ = writeln!(changes, "max_current_a = {}", hardware.max_current.amps());
    }
    if let Some(interval) = point.meter_interval.filter(|it| *it != base.meter_interval) {
        let _ = writeln!(changes, "meter_interval = \"{}\"", span_text(interval));
    }
    if point.units != (base.allows_amps, base.allows_watts) {
        let _ = writeln!(changes, "allows_amps = {}", point.units.0);
        let _ = writeln!(changes, "allows_watts = {}", point.units.1);
    }
    (base, changes)
}

/// Each kind of car once: which one every session has, and their names.
fn cars(demand: &Demand) -> (Vec<usize>, Vec<String>) {
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    let mut names: Vec<String> = Vec::new();
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    let mut which = Vec::new();
    for session in &demand.sessions {
        let mut table = String::new();
        vehicle(&mut table, &session.car);
        let next = names.len();
        let kind = *kinds.entry(table).or_insert(next);
        if kind == next {
            let plain = called(&session.car);
            let number = count.entry(plain.clone()).and_modify(|it| *it += 1).or_insert(1);
            names.push(if *number == 1 { plain } else { format!("{plain} no {number}") });
        }
        which.push(kind);
    }
    (which, names)
}

fn called(car: &Car) -> String {
    let kw = (car.most.kw() * 10.0).round() / 10.0;
    let tapers = if car.curve.is_empty() { "" } else { " tapering" };
    match (car.kind, car.phases) {
        (CurrentKind::Dc, _) => format!("{kw} kW DC{tapers}"),
        (CurrentKind::Ac, 1) => format!("{kw} kW on 1 phase{tapers}"),
        (CurrentKind::Ac, phases) => format!("{kw} kW on {phases} phases{tapers}"),
    }
}

/// The keys of a car that make it differ from others.
fn vehicle(out: &mut String, car: &Car) {
    let _ = writeln!(out, "battery_kwh = {}", car.battery_kwh);
    match car.kind {
        CurrentKind::Ac => {
            let one = NOMINAL_VOLTAGE_V * i64::from(car.phases);
            let tenths = ((car.most.0 * 10 + one - 1) / one).clamp(60, 800);
            let _ = writeln!(out, "ac_phases = {}", car.phases);
            let _ = writeln!(out, "ac_max_current_a = {}", tenths as f64 / 10.0);
            let _ = writeln!(out, "ac_max_power_kw = {}", car.most.kw().clamp(1.38, 60.0));
            let _ = writeln!(out, "dc_max_power_kw = 0");
        }
        CurrentKind::Dc => {
            let _ = writeln!(out, "ac_phases = 0");
            let _ = writeln!(out, "dc_max_power_kw = {}", car.most.kw());
        }
    }
    if car.curve.is_empty() {
        out.push_str("acceptance = \"ideal\"\n");
    } else {
        let mut before = -1.0;
        let mut points = Vec::new();
        for (kwh, share) in &car.curve {
            let soc = ((kwh / car.battery_kwh as f64).clamp(0.0, 1.0) * 1e5).round() / 1e5;
            if soc > before {
                points.push(format!("[{soc}, {share:.4}]"));
                before = soc;
            }
        }
        let _ = writeln!(out, "acceptance = {{ table = [{}] }}", points.join(", "));
    }
    let _ = writeln!(out, "efficiency = 1");
    let _ = writeln!(out, "reaction = \"{REACTION_S}s\"");
    let _ = writeln!(out, "ramp_per_s = {}", (car.ramp_per_s * 10.0).round() / 10.0);
}

/// A cell of a CSV.
fn cell(text: &str) -> String {
    let plain = !text.contains([',', '"']);
    if plain { text.to_owned() } else { format!("\"{}\"", text.replace('"', "\"\"")) }
}
