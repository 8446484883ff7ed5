//! A made-up site that behaves like one: cars come, share the limit evenly, taper and leave. It
//! stands in for the simulator where a test needs a record of realistic size.

use std::sync::Arc;

use ampacity::allocation::Strategy;
use ampacity::ids::{ChargePointId, SessionId, make};
use ampacity::scenario::model::Scenario;
use ampacity::sim::record::{
    CommandRecord, EnergyBalance, Excess, RunRecord, Sample, SessionRecord,
};
use ampacity::time::{Span, Time};
use ampacity::units::Watts;

use crate::fixture;

/// Size of the made-up site.
pub(crate) struct Size {
    pub(crate) chargers: usize,
    pub(crate) hours: i64,
    pub(crate) cars_per_day: usize,
    pub(crate) max_power: Watts,
}

/// A car at its charger.
struct Car {
    session: usize,
    departure: Time,
    limit: Watts,
}

struct Random(u64);

impl Random {
    fn unit(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Roughly normal.
    fn bell(&mut self) -> f64 {
        (0..6).map(|_| self.unit()).sum::<f64>() / 3.0 - 1.0
    }
}

const STEP: Span = Span::from_s(60);
const FULL: f64 = 22_080.0;

/// Makes scenario and record.
pub(crate) fn run(size: &Size) -> (Scenario, RunRecord) {
    let mut scenario = fixture::scenario();
    scenario.name = format!("Synthetic, {} chargers", size.chargers);
    scenario.duration = Span::from_s(size.hours * 3600);
    scenario.site.max_power = size.max_power;
    let template = scenario.chargers[0].clone();
    scenario.chargers = (1..=size.chargers)
        .map(|n| {
            let mut charger = template.clone();
            charger.id = ChargePointId::new(&format!("ac22-{n:02}"));
            charger.spec = Arc::clone(&template.spec);
            charger
        })
        .collect();
    let record = Site::new(&scenario, size).drive(size);
    (scenario, record)
}

struct Site {
    random: Random,
    record: RunRecord,
    cars: Vec<Option<Car>>,
    ev_limit: f64,
}

impl Site {
    fn new(scenario: &Scenario, size: &Size) -> Site {
        let from = scenario.start;
        let to = from + scenario.duration;
        let half = Time(from.0 + (to.0 - from.0) / 2);
        let (whole, reserve) = (size.max_power, Watts(10_000));
        let cut = Watts(whole.0 * 7 / 10);
        let record = RunRecord {
            strategy: Strategy::Equal,
            seed: 7,
            from,
            to,
            digest: "0".repeat(64),
            chargers: scenario.chargers.iter().map(|charger| charger.id.clone()).collect(),
            limits: vec![
                (from, whole, whole - reserve),
                (half, cut, cut - reserve),
                (half + Span::from_s(7200), whole, whole - reserve),
            ],
            marks: vec![
                (half, "max_power 70 %".to_owned()),
                (half + Span::from_s(7200), "max_power 100 %".to_owned()),
            ],
            events: 120_000,
            frames: 40_000,
            turned_away: 3,
            wall_s: 0.41,
            ..RunRecord::default()
        };
        let cars = (0..size.chargers).map(|_| None).collect();
        Site { random: Random(42), record, cars, ev_limit: 0.0 }
    }

    fn drive(mut self, size: &Size) -> RunRecord {
        let mut at = self.record.from;
        while at <= self.record.to {
            let limit = self.record.limits.iter().rev().find(|limit| limit.0 <= at);
            self.ev_limit = limit.map_or(0.0, |limit| limit.2.0 as f64);
            self.arrive(at, size.cars_per_day);
            self.leave(at);
            self.share(at);
            self.draw(at);
            at += STEP;
        }
        let grid_kwh = self.record.sessions.iter().map(|session| session.delivered_kwh).sum();
        self.record.energy =
            EnergyBalance { grid_kwh, battery_kwh: grid_kwh * 0.9, losses_kwh: grid_kwh * 0.1 };
        self.record
    }

    fn arrive(&mut self, at: Time, cars_per_day: usize) {
        let hour = (at.unix_s() + 7200).rem_euclid(86_400) as f64 / 3600.0;
        let rush =
            |peak: f64, width: f64| (-((hour - peak) / width).powi(2) / 2.0).exp() / (width * 2.5);
        let per_minute =
            cars_per_day as f64 / 60.0 * (0.75 * rush(8.5, 0.9) + 0.25 * rush(13.5, 1.6));
        if self.random.unit() >= per_minute {
            return;
        }
        let free: Vec<usize> = (0..self.cars.len()).filter(|i| self.cars[*i].is_none()).collect();
        if free.is_empty() {
            self.record.turned_away += 1;
            return;
        }
        let charger = free[(self.random.unit() * free.len() as f64) as usize];
        let arrival = at + Span::from_s_f64(self.random.unit() * 59.0);
        let wish_kwh = (24.0 + 14.0 * self.random.bell()).clamp(4.0, 70.0);
        let stay = (5.5 + 3.0 * self.random.bell()).clamp(0.7, 11.0);
        let number = self.record.sessions.len();
        self.record.sessions.push(SessionRecord {
            decided: Vec::new(),
            session: Some(SessionId::new(&make("ses", arrival, number as u64))),
            charger,
            connector: 1,
            vehicle: ["hatchback", "estate", "van"][number % 3].to_owned(),
            arrival,
            departure: None,
            first_power: None,
            satisfied: None,
            wish_kwh,
            feasible_kwh: (stay * 10.5).min(wish_kwh),
            most: Watts(11_000),
            delivered_kwh: 0.0,
            soc_pct: (30.0, 30.0),
            limits: Vec::new(),
            charging: Vec::new(),
            stop_reason: None,
        });
        let departure = arrival + Span::from_s_f64(stay * 3600.0);
        self.cars[charger] = Some(Car { session: number, departure, limit: Watts::ZERO });
    }

    fn leave(&mut self, at: Time) {
        for slot in &mut self.cars {
            if slot.as_ref().is_some_and(|car| car.departure <= at)
                && let Some(car) = slot.take()
            {
                let session = &mut self.record.sessions[car.session];
                session.departure = Some(car.departure);
                session.satisfied.get_or_insert(car.departure);
                session.stop_reason = Some("EVDisconnected".to_owned());
            }
        }
    }

    /// Even shares, recomputed every five minutes or when the number of cars changed.
    fn share(&mut self, at: Time) {
        let sessions = &self.record.sessions;
        let wants = |car: &Car| sessions[car.session].satisfied.is_none();
        let hungry = self.cars.iter().flatten().filter(|car| wants(car)).count();
        if hungry == 0 {
            return;
        }
        let even = (self.ev_limit / hungry as f64).min(FULL);
        let rate = Watts(even as i64).floor_to(Watts(690));
        for (charger, car) in self.cars.iter_mut().enumerate() {
            let Some(car) = car else { continue };
            let session = &mut self.record.sessions[car.session];
            let target = if session.satisfied.is_some() { Watts::ZERO } else { rate };
            if target == car.limit {
                continue;
            }
            let previous = std::mem::replace(&mut car.limit, target);
            session.limits.push((at, target));
            let late = Span::from_ms(120 + (self.random.unit() * 400.0) as i64);
            self.record.commands.push(CommandRecord {
                at,
                answered: Some(at + late),
                charger,
                connector: 1,
                purpose: "TxProfile",
                limit: target,
                previous,
                status: if self.random.unit() < 0.004 { "rejected" } else { "accepted" },
                trigger: if previous == Watts::ZERO { "session_start" } else { "rebalance" },
                reason: "site",
            });
        }
    }

    fn draw(&mut self, at: Time) {
        let mut sample = Sample { at, ..Sample::default() };
        for car in &self.cars {
            let Some(car) = car else {
                sample.chargers.push((Watts::ZERO, Watts::ZERO, Watts::ZERO));
                continue;
            };
            let session = &mut self.record.sessions[car.session];
            let taper =
                ((session.wish_kwh - session.delivered_kwh) / session.wish_kwh * 5.0).min(1.0);
            let most = if session.vehicle == "van" { 7360.0 } else { 11_040.0 };
            let draw = (car.limit.0 as f64).min(most * taper.max(0.12));
            let draw = if session.satisfied.is_some() { 0.0 } else { draw };
            session.delivered_kwh += draw / 60_000.0;
            if draw > 0.0 {
                session.first_power.get_or_insert(at.max(session.arrival));
                match session.charging.last_mut() {
                    Some(span) if span.1 == at => span.1 = at + STEP,
                    _ => session.charging.push((at, at + STEP)),
                }
                if session.delivered_kwh >= session.wish_kwh {
                    session.satisfied = Some(at);
                    self.record.causes.push(at);
                }
            }
            let draw = Watts(draw as i64);
            sample.chargers.push((car.limit, draw, car.limit));
            sample.allocated += car.limit;
            sample.draw += draw;
            sample.active_sessions += 1;
        }
        sample.committed = sample.allocated;
        self.record.peak = self.record.peak.max(sample.draw);
        let over = sample.draw.0 as f64 - self.ev_limit;
        if over > 0.0 {
            let Excess { seconds, kwh, max_kw } = self.record.over_limit;
            self.record.over_limit = Excess {
                seconds: seconds + STEP.s(),
                kwh: kwh + over / 60_000.0,
                max_kw: max_kw.max(over / 1000.0),
            };
        }
        self.record.samples.push(sample);
    }
}
