//! Published results on real sessions: the allocator stepped as the ACN-Sim reference runs are, on
//! 954 sessions of the Caltech garage in March 2019 (acnportal-experiments, BSD-3-Clause).
//!
//! Five-minute periods; a session occupies its station from its arrival period up to, not
//! including, its departure period. In each period the allocator divides a single limit among the
//! sessions with more than 1 Wh of their request left, each at most 32 A at 208 V and the power
//! that finishes the request in one period; then every car draws what it was given, up to its
//! battery's maximum and what its battery still has room for. There is no minimum rate. Cars of the
//! same period are ordered by station, as the reference lists them.

use std::path::PathBuf;

use ampacity::allocation::network::Bounds;
use ampacity::allocation::{Session, Strategy, offline};
use ampacity::time::{Span, Time};
use ampacity::units::Watts;
use serde::Deserialize;

use crate::garage::Garage;
use crate::support::{car, problem, rates};

const FILE: &str = "acnsim_events_caltech_2019-03_5min.csv";
const PERIODS_PER_HOUR: f64 = 12.0;
const STATION_MAX_W: f64 = 208.0 * 32.0;

/// Percent of the requested energy delivered at 10, 20, 30 and 40 kW (allocation.md §5.3), and the
/// step in tenths of a watt: the reference round robin raises by 0.1 A of 208 V, the reference
/// first come first served is continuous.
const PUBLISHED: [(Rule, i64, [f64; 4]); 5] = [
    (Rule::Of(Strategy::FirstComeFirstServed), 1, [55.42, 82.06, 93.75, 97.91]),
    (Rule::Of(Strategy::Equal), 208, [55.27, 81.13, 93.27, 97.84]),
    (Rule::Of(Strategy::EarliestDeadlineFirst), 1, [58.49, 87.55, 98.40, 99.78]),
    (Rule::PlainLeastLaxity, 1, [58.81, 88.21, 99.17, 99.88]),
    (Rule::Of(Strategy::LeastLaxityFirst), 1, [58.91, 88.40, 99.21, 99.88]),
];

/// The same at 10 kW in the three-phase network of the garage (allocation.md §5.2).
const PUBLISHED_THREE_PHASE: [(Rule, i64, f64); 4] = [
    (Rule::Of(Strategy::EarliestDeadlineFirst), 1, 36.937452),
    (Rule::Of(Strategy::FirstComeFirstServed), 1, 34.653411),
    (Rule::PlainLeastLaxity, 1, 36.816079),
    (Rule::Of(Strategy::Equal), 208, 43.846730),
];

/// More than the garage could ever draw, in tenths of a watt.
const NO_SINGLE_LIMIT: i64 = 10_000_000;

/// What bounds the garage.
#[derive(Clone, Copy, Debug)]
enum Limited {
    ByPower(i64),
    ByLines(i64),
}

#[derive(Clone, Copy, Debug)]
enum Rule {
    Of(Strategy),
    /// Not smoothed: earliest deadline first with laxities for deadlines.
    PlainLeastLaxity,
}

/// A change of a rate counts above half an ampere (allocation.md §4.1), in tenths of a watt.
const COUNTED: i64 = 1040;

/// The reference bisects its last rate to 0.01 A.
const TOLERANCE_POINTS: f64 = 0.05;

#[derive(Clone, Debug, Deserialize)]
struct Stay {
    arrival_period: i64,
    departure_period: i64,
    station_id: String,
    requested_kwh: f64,
    battery_capacity_kwh: f64,
    battery_init_kwh: f64,
    battery_max_kw: f64,
    #[serde(skip)]
    delivered_wh: f64,
    /// The rate of the period before, and the last counted change.
    #[serde(skip)]
    rate: Option<i64>,
    #[serde(skip)]
    change: i64,
    /// Counted changes against the one before.
    #[serde(skip)]
    reversals: u32,
}

/// What a rule makes of all stays.
#[derive(Debug)]
struct Outcome {
    delivered_percent: f64,
    reversals: u32,
}

impl Stay {
    fn remaining_wh(&self) -> f64 {
        self.requested_kwh * 1000.0 - self.delivered_wh
    }

    fn is_active(&self, period: i64) -> bool {
        (self.arrival_period..self.departure_period).contains(&period) && self.remaining_wh() > 1.0
    }

    /// What the session may claim, in tenths of a watt.
    fn claim(&self, id: usize, step: i64, rule: Rule) -> Session {
        let useful_w = STATION_MAX_W.min(self.remaining_wh() * PERIODS_PER_HOUR);
        let useful = Watts((useful_w * 10.0) as i64);
        let departure = Time::from_unix_s(self.departure_period * 300);
        let charging = self.remaining_wh() / STATION_MAX_W * 3600.0;
        let departure = match rule {
            Rule::Of(_) => departure,
            Rule::PlainLeastLaxity => departure - Span::from_s(charging as i64),
        };
        Session {
            arrival: Time::from_unix_s(self.arrival_period * 300),
            min: Watts::ZERO,
            cap: useful,
            hardware: useful,
            step: Watts(step),
            departure: Some(departure),
            energy_left: Some((self.remaining_wh() * 10.0) as i64),
            ..car(id as u64)
        }
    }

    /// Draws for one period at a rate in tenths of a watt.
    fn charge(&mut self, rate: i64) {
        let stored_wh = self.battery_init_kwh * 1000.0 + self.delivered_wh;
        let room_wh = self.battery_capacity_kwh * 1000.0 - stored_wh;
        let drawn_w = (rate as f64 / 10.0).min(self.battery_max_kw * 1000.0);
        self.delivered_wh += (drawn_w / PERIODS_PER_HOUR).min(room_wh);
        let change = self.rate.map_or(0, |before| rate - before);
        if change.abs() > COUNTED {
            self.reversals += u32::from(change.signum() * self.change.signum() < 0);
            self.change = change;
        }
        self.rate = Some(rate);
    }
}

fn read_stays() -> Option<Vec<Stay>> {
    let path = PathBuf::from(std::env::var_os("AMPACITY_DATA")?).join(FILE);
    let mut reader = csv::Reader::from_path(path).ok()?;
    let rows = reader.deserialize().map(|row| row.expect("a well-formed row"));
    let mut stays: Vec<Stay> = rows.collect();
    stays.sort_by(|a, b| (&a.station_id, a.arrival_period).cmp(&(&b.station_id, b.arrival_period)));
    Some(stays)
}

fn replay(rule: Rule, step: i64, limited: Limited, mut stays: Vec<Stay>) -> Outcome {
    let strategy = match rule {
        Rule::Of(strategy) => strategy,
        Rule::PlainLeastLaxity => Strategy::EarliestDeadlineFirst,
    };
    let end = stays.iter().map(|stay| stay.departure_period).max().unwrap_or(0);
    for period in 0..end {
        let active: Vec<usize> =
            (0..stays.len()).filter(|&place| stays[place].is_active(period)).collect();
        let claims: Vec<Session> =
            active.iter().map(|&place| stays[place].claim(place, step, rule)).collect();
        let stations = active.iter().map(|&place| stays[place].station_id.as_str());
        let (capacity, garage) = match limited {
            Limited::ByPower(kw) => (kw * 10_000, None),
            Limited::ByLines(kw) => (NO_SINGLE_LIMIT, Some(Garage::new(kw as f64, stations))),
        };
        let mut problem = problem(strategy, capacity, &claims);
        problem.network = garage.as_ref().map(|garage| garage as &dyn Bounds);
        problem.rotation.now = Time::from_unix_s(period * 300);
        problem.rotation.looked_at = problem.rotation.now;
        problem.rotation.epoch = Span::from_s(300);
        for (place, rate) in active.into_iter().zip(rates(&problem)) {
            stays[place].charge(rate);
        }
    }
    let requested: f64 = stays.iter().map(|stay| stay.requested_kwh * 1000.0).sum();
    let delivered: f64 = stays.iter().map(|stay| stay.delivered_wh).sum();
    let reversals = stays.iter().map(|stay| stay.reversals).sum();
    Outcome { delivered_percent: 100.0 * delivered / requested, reversals }
}

#[test]
fn delivered_energy_is_that_of_the_published_runs() {
    let Some(stays) = read_stays() else {
        println!("skipped: AMPACITY_DATA does not name a folder with {FILE}");
        return;
    };
    assert_eq!(stays.len(), 954);
    let percent =
        |rule, step, kw| replay(rule, step, Limited::ByPower(kw), stays.clone()).delivered_percent;
    for (rule, step, published) in PUBLISHED {
        for (kw, expected) in [10, 20, 30, 40].into_iter().zip(published) {
            let percent = percent(rule, step, kw);
            println!("{rule:?} at {kw} kW: {percent:.3} %, published {expected} %");
            assert!((percent - expected).abs() <= TOLERANCE_POINTS, "{rule:?} at {kw} kW");
        }
    }
    let equal = percent(Rule::Of(Strategy::Equal), 1, 20);
    for strategy in [Strategy::Priority, Strategy::MaxThroughput] {
        let percent = percent(Rule::Of(strategy), 1, 20);
        assert!((percent - equal).abs() < 1e-9, "{strategy} without weights and minimums is equal");
    }
}

#[test]
fn energy_in_the_three_phase_network_is_that_of_the_published_runs() {
    let Some(stays) = read_stays() else {
        println!("skipped: AMPACITY_DATA does not name a folder with {FILE}");
        return;
    };
    for (rule, step, published) in PUBLISHED_THREE_PHASE {
        let percent = replay(rule, step, Limited::ByLines(10), stays.clone()).delivered_percent;
        println!("{rule:?} in three phases at 10 kW: {percent:.3} %, published {published} %");
        assert!((percent - published).abs() <= TOLERANCE_POINTS, "{rule:?}: {percent}");
    }
}

/// The bound that hindsight gives (allocation.md §5.3), of the same stays.
#[test]
fn the_offline_optimum_is_that_of_the_published_runs() {
    let Some(stays) = read_stays() else {
        println!("skipped: AMPACITY_DATA does not name a folder with {FILE}");
        return;
    };
    let known = stays.iter().map(|stay| {
        let room_kwh = stay.battery_capacity_kwh - stay.battery_init_kwh;
        offline::Stay {
            arrival: Time::from_unix_s(stay.arrival_period * 300),
            departure: Time::from_unix_s(stay.departure_period * 300),
            energy_ws: (stay.requested_kwh.min(room_kwh) * 3.6e6).round() as i64,
            cap: Watts(STATION_MAX_W.min(stay.battery_max_kw * 1000.0).round() as i64),
        }
    });
    let known: Vec<offline::Stay> = known.collect();
    let requested: f64 = stays.iter().map(|stay| stay.requested_kwh * 3.6e6).sum();
    for (kw, published) in [(10, 59.10), (20, 88.57), (30, 99.26), (40, 99.88)] {
        let most = offline::most_energy_ws(&known, &[(Time(0), Watts(kw * 1000))]);
        let percent = 100.0 * most as f64 / requested;
        println!("offline optimum at {kw} kW: {percent:.3} %, published {published} %");
        assert!((percent - published).abs() <= TOLERANCE_POINTS, "{kw} kW: {percent}");
    }
}

/// What smoothing is for (allocation.md §4.2): the energy of least laxity first without its swings.
#[test]
fn smoothed_laxities_turn_back_far_less_often_for_the_same_energy() {
    let Some(stays) = read_stays() else {
        println!("skipped: AMPACITY_DATA does not name a folder with {FILE}");
        return;
    };
    let limited = Limited::ByPower(30);
    let plain = replay(Rule::PlainLeastLaxity, 1, limited, stays.clone());
    let smoothed = replay(Rule::Of(Strategy::LeastLaxityFirst), 1, limited, stays);
    println!("plain {plain:?}, smoothed {smoothed:?}");
    assert!(smoothed.delivered_percent >= plain.delivered_percent - TOLERANCE_POINTS);
    assert!(f64::from(smoothed.reversals) <= 0.4 * f64::from(plain.reversals));
}
