//! Draws the fleet of one seed: every car, its needs and its connector, before the run begins.
//!
//! Nothing here depends on the site's strategy, so every strategy meets the same cars. Each car
//! has a stream of its own: one more car, charger or source leaves the draws of the others alone.

use std::sync::Arc;

use rand_chacha::ChaCha8Rng;

use super::draw;
use super::model::{
    Arrivals, DailyPeak, Fleet, ListedBattery, ListedSession, Needs, PlannedSession, Poisson,
    Scenario, VehicleMix,
};
use super::occupancy::Occupancy;
use super::read::fits;
use super::streams::stream;
use super::{sun, timeline};
use crate::time::{Span, Time};
use crate::units::{PILOT_MINIMUM, Watts};
use crate::vehicle::{Acceptance, VehicleSpec};

/// Between two drawn cars at a connector: somebody has to drive off and somebody to park.
const GAP: Span = Span::from_s(60);
/// Between two listed sessions, which the file puts where they are.
const LISTED_GAP: Span = Span::from_s(1);
const SHORTEST_STAY: Span = Span::from_s(600);
const LONGEST_STAY: Span = Span::from_s(60 * 86_400);
const SMALLEST_WISH_KWH: f64 = 0.5;
/// No driver arrives with less than this state of charge, if the wish leaves a choice.
const LOWEST_SOC: f64 = 0.05;
/// An early leaver stays for such a share of the announced stay.
const EARLY: (f64, f64) = (0.3, 0.9);
const DAY: Span = Span::from_s(86_400);
/// How often an implausible draw is repeated before it is cut to the plausible range.
const REDRAWS: usize = 32;

/// A car before it has a connector.
struct Car {
    arrival: Time,
    departure: Time,
    announced_departure: Time,
    charger: Option<usize>,
    vehicle: Arc<VehicleSpec>,
    initial_kwh: f64,
    wish_kwh: f64,
    rng: ChaCha8Rng,
}

/// Draws the fleet: the sessions of all cars that find a free connector, ascending by arrival,
/// then charger, and how many cars found none. The same scenario and seed always give the same
/// fleet. Arrivals lie within the run; departures may lie after its end.
#[must_use]
pub fn expand(scenario: &Scenario, seed: u64) -> Fleet {
    let mut cars = Vec::new();
    for (source, arrivals) in scenario.arrivals.iter().enumerate() {
        let draws = Draws { scenario, seed, purpose: format!("arrivals/{source}") };
        match arrivals {
            Arrivals::DailyPeak(peak) => draws.daily_peak(peak, &mut cars),
            Arrivals::Poisson(poisson) => draws.poisson(poisson, &mut cars),
            Arrivals::Sessions(listed) => draws.listed(listed, &mut cars),
        }
    }
    // Stable: cars of the same instant keep the order of the scenario.
    cars.sort_by_key(|car| (car.charger.is_none(), car.arrival));
    let mut occupancy = Occupancy::new(&scenario.chargers);
    let mut sessions = Vec::with_capacity(cars.len());
    let mut turned_away = 0;
    for car in cars {
        match park(car, &mut occupancy) {
            Some(session) => sessions.push(session),
            None => turned_away += 1,
        }
    }
    sessions.sort_by_key(|session| (session.arrival, session.charger, session.connector));
    for (number, session) in sessions.iter_mut().enumerate() {
        session.id_tag = format!("TAG{:06}", number + 1);
    }
    Fleet {
        sessions,
        turned_away,
        timeline: timeline::expand(scenario, seed),
        pv: sun::production(scenario, seed),
    }
}

/// Gives a car its connector: the lowest free one of the charger its file names, otherwise any
/// free one that suits, all with the same chance.
fn park(mut car: Car, occupancy: &mut Occupancy<'_>) -> Option<PlannedSession> {
    let stay = (car.arrival, car.departure);
    let (charger, connector) = match car.charger {
        Some(charger) => occupancy.free_at(charger, stay, LISTED_GAP).next()?,
        None => {
            let free = occupancy.free(|kind| fits(&car.vehicle, kind), stay, GAP);
            let choice = draw::index(&mut car.rng, free.len());
            *free.get(choice)?
        }
    };
    occupancy.take(charger, connector, car.arrival, car.departure);
    Some(PlannedSession {
        arrival: car.arrival,
        departure: car.departure,
        announced_departure: car.announced_departure,
        charger,
        connector,
        vehicle: car.vehicle,
        initial_kwh: car.initial_kwh,
        wish_kwh: car.wish_kwh,
        id_tag: String::new(),
    })
}

/// Draws the cars of one source of arrivals.
struct Draws<'a> {
    scenario: &'a Scenario,
    seed: u64,
    purpose: String,
}

impl Draws<'_> {
    fn end(&self) -> Time {
        self.scenario.start + self.scenario.duration
    }

    fn holds(&self, at: Time) -> bool {
        (self.scenario.start..self.end()).contains(&at)
    }

    fn daily_peak(&self, peak: &DailyPeak, cars: &mut Vec<Car>) {
        // A peak late in the evening reaches into the next day, one early in the day into the
        // day before: the days around the run count too.
        let midnight = self.midnight_before(self.scenario.start) - DAY;
        let days = self.end().since(midnight).0.div_euclid(DAY.0) + 2;
        for day in 0..days {
            let midnight = midnight + DAY * day;
            if peak.weekdays_only && self.is_weekend(midnight) {
                continue;
            }
            for number in 0..peak.count {
                let entity = ((day as u64) << 32) | u64::from(number);
                let mut rng = stream(self.seed, &self.purpose, entity);
                let arrival = midnight + draw::normal_span(&mut rng, peak.at, peak.spread);
                if self.holds(arrival) {
                    cars.extend(self.car(arrival, &peak.needs, rng));
                }
            }
        }
    }

    /// Independent arrivals over the whole run, thinned to the hours in which cars come.
    fn poisson(&self, poisson: &Poisson, cars: &mut Vec<Car>) {
        let mut gaps = stream(self.seed, &format!("{}/gaps", self.purpose), 0);
        let mean_s = 3600.0 / poisson.per_hour;
        let mut after_s = 0.0;
        for number in 0_u64.. {
            after_s += draw::exponential(&mut gaps, mean_s);
            let arrival = self.scenario.start + Span::from_s(after_s as i64);
            if !self.holds(arrival) {
                break;
            }
            let time = arrival.since(self.midnight_before(arrival));
            let open = match (poisson.from, poisson.to) {
                (from, to) if from < to => (from..to).contains(&time),
                (from, to) => from == to || time >= from || time < to,
            };
            if open {
                let rng = stream(self.seed, &self.purpose, number);
                cars.extend(self.car(arrival, &poisson.needs, rng));
            }
        }
    }

    fn listed(&self, listed: &[ListedSession], cars: &mut Vec<Car>) {
        for (session, number) in listed.iter().zip(0..) {
            let mut rng = stream(self.seed, &self.purpose, number);
            let car = match (session.vehicle, session.battery) {
                (Some(named), _) => {
                    let car = &self.scenario.vehicles[named.index].spec;
                    Some(named_car(car, session.energy_kwh, named.initial_kwh, &mut rng))
                }
                (None, Some(battery)) => {
                    Some(listed_car(session, battery, self.scenario.site.voltage_v))
                }
                (None, None) => self.drawn_car(session.energy_kwh, session.charger, &mut rng),
            };
            let Some((vehicle, initial_kwh, wish_kwh)) = car else { continue };
            cars.push(Car {
                arrival: session.arrival,
                departure: session.departure,
                announced_departure: session.departure,
                charger: session.charger,
                vehicle,
                initial_kwh,
                wish_kwh,
                rng,
            });
        }
    }

    fn car(&self, arrival: Time, needs: &Needs, mut rng: ChaCha8Rng) -> Option<Car> {
        let stay = (SHORTEST_STAY.s(), LONGEST_STAY.s());
        let stay_s = plausible(&mut rng, needs.stay.s(), needs.stay_spread.s(), stay);
        let energy = (SMALLEST_WISH_KWH, f64::INFINITY);
        let energy_kwh = plausible(&mut rng, needs.energy_kwh, needs.energy_spread_kwh, energy);
        let early = draw::unit(&mut rng) < needs.early_leavers;
        let share = draw::between(&mut rng, EARLY.0, EARLY.1);
        let (vehicle, initial_kwh, wish_kwh) = self.drawn_car(energy_kwh, None, &mut rng)?;
        let after = |share: f64| arrival + Span::from_s(((stay_s * share) as i64).max(1));
        Some(Car {
            arrival,
            departure: after(if early { share } else { 1.0 }),
            announced_departure: after(1.0),
            charger: None,
            vehicle,
            initial_kwh,
            wish_kwh,
            rng,
        })
    }

    /// A car of the mix that suits the charger (or any charger), its energy at arrival and its
    /// wish. Cars whose battery can take the whole wish come first.
    fn drawn_car(
        &self,
        energy_kwh: f64,
        charger: Option<usize>,
        rng: &mut ChaCha8Rng,
    ) -> Option<(Arc<VehicleSpec>, f64, f64)> {
        let chargers = &self.scenario.chargers;
        let suits = |car: &VehicleSpec| match charger {
            Some(charger) => fits(car, chargers[charger].spec.kind),
            None => chargers.iter().any(|charger| fits(car, charger.spec.kind)),
        };
        let mix = &self.scenario.vehicles;
        let suitable: Vec<&VehicleMix> = mix.iter().filter(|car| suits(&car.spec)).collect();
        let large: Vec<&VehicleMix> =
            suitable.iter().copied().filter(|car| room_kwh(&car.spec) >= energy_kwh).collect();
        let choice = if large.is_empty() { suitable } else { large };
        let shares: Vec<f64> = choice.iter().map(|car| car.share).collect();
        let car = choice.get(draw::weighted(rng, &shares))?;
        Some(named_car(&car.spec, energy_kwh, None, rng))
    }

    /// The instant of the local midnight at or before `at`, by the offset at the start of the run.
    fn midnight_before(&self, at: Time) -> Time {
        Time(at.0 - (at.0 + self.scenario.utc_offset.0).rem_euclid(DAY.0))
    }

    fn is_weekend(&self, midnight: Time) -> bool {
        let day = (midnight.0 + self.scenario.utc_offset.0).div_euclid(DAY.0);
        // 1970-01-01 was a Thursday.
        matches!((day + 3).rem_euclid(7), 5 | 6)
    }
}

/// What a car that arrives nearly empty can take, at the meter.
fn room_kwh(car: &VehicleSpec) -> f64 {
    car.battery_kwh * (1.0 - LOWEST_SOC) / car.efficiency
}

/// A car, its energy at arrival, drawn unless it is known, and its wish as far as its battery takes it.
fn named_car(
    car: &Arc<VehicleSpec>,
    energy_kwh: f64,
    initial_kwh: Option<f64>,
    rng: &mut ChaCha8Rng,
) -> (Arc<VehicleSpec>, f64, f64) {
    let room_kwh = match initial_kwh {
        Some(initial_kwh) => (car.battery_kwh - initial_kwh) / car.efficiency,
        None => room_kwh(car),
    };
    let wish_kwh = energy_kwh.min(room_kwh);
    let initial_kwh = initial_kwh.unwrap_or_else(|| {
        let highest = car.battery_kwh - wish_kwh * car.efficiency;
        draw::between(rng, (car.battery_kwh * LOWEST_SOC).min(highest), highest)
    });
    (Arc::clone(car), initial_kwh, wish_kwh)
}

/// A normal draw within a range: repeated while it lies outside, in the end cut.
fn plausible(rng: &mut ChaCha8Rng, mean: f64, deviation: f64, (low, high): (f64, f64)) -> f64 {
    let mut value = draw::normal(rng, mean, deviation);
    for _ in 0..REDRAWS {
        if (low..=high).contains(&value) {
            break;
        }
        value = draw::normal(rng, mean, deviation);
    }
    value.clamp(low, high)
}

/// The car of a session whose file describes the battery: the ideal battery of ACN-Sim behind a
/// single-phase charger, so that the same power counts at AC and DC connectors.
fn listed_car(
    session: &ListedSession,
    battery: ListedBattery,
    voltage_v: i64,
) -> (Arc<VehicleSpec>, f64, f64) {
    let max_power = Watts::from_kw(battery.max_kw);
    let current = super::catalogue::grid_current(max_power, voltage_v, 1);
    let vehicle = VehicleSpec {
        name: "listed".to_owned(),
        battery_kwh: battery.capacity_kwh,
        ac_phases: 1,
        ac_max_current: current.max(PILOT_MINIMUM),
        ac_max_power: max_power,
        dc_max_power: max_power,
        min_current: PILOT_MINIMUM,
        acceptance: Acceptance::Ideal,
        efficiency: 1.0,
        reaction: Span::from_s(2),
        ramp_per_s: 0.0,
        fall_time_constant: Span::ZERO,
        swing: 0.0,
    };
    let wish_kwh = session.energy_kwh.min(battery.capacity_kwh - battery.initial_kwh);
    (Arc::new(vehicle), battery.initial_kwh, wish_kwh)
}
