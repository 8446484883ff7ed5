//! Between what a run lies: no control at all, and the best that was possible, known afterwards.
//!
//! Both are yardsticks for a report only. Without control every car takes all it can from plug-in on,
//! whatever the limit says; no strategy of a site may do that. With hindsight the limit is kept and
//! the energy is the most that any allocator could have delivered ([`offline`]). A car is taken to
//! draw its largest power at its charger until it has what is feasible in its stay: ramps and
//! tapers are in that energy, not in the power over time.

use crate::allocation::offline::{self, Stay};
use crate::sim::record::{RunRecord, SessionRecord};
use crate::time::{Span, Time};
use crate::units::Watts;

/// See the module.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Brackets {
    /// The most that could have been delivered within the limit, kWh.
    pub optimal_kwh: f64,
    /// What cars would have taken without control, kWh.
    pub uncontrolled_kwh: f64,
    /// Energy of that above the limit for vehicles, kWh.
    pub over_limit_kwh: f64,
    /// Its largest excess over the limit for vehicles.
    pub over_limit_max: Watts,
}

impl Brackets {
    /// Those of a run.
    #[must_use]
    pub fn of(record: &RunRecord) -> Brackets {
        let stays: Vec<Stay> =
            record.sessions.iter().map(|session| stay(session, record.to)).collect();
        let limits: Vec<(Time, Watts)> =
            record.limits.iter().map(|&(from, _, vehicles)| (from, vehicles)).collect();
        let wanted: i64 = stays.iter().map(|stay| stay.energy_ws).sum();
        let (above_w_us, over_limit_max) = excess(&stays, &limits);
        Brackets {
            optimal_kwh: kwh(offline::most_energy_ws(&stays, &limits)),
            uncontrolled_kwh: kwh(wanted),
            over_limit_kwh: above_w_us as f64 / 3.6e12,
            over_limit_max,
        }
    }
}

fn kwh(energy_ws: i64) -> f64 {
    energy_ws as f64 / 3.6e6
}

/// A session as hindsight knows it.
fn stay(session: &SessionRecord, end_of_run: Time) -> Stay {
    let energy_kwh = session.wish_kwh.min(session.feasible_kwh).max(0.0);
    Stay {
        arrival: session.arrival,
        departure: session.departure.unwrap_or(end_of_run).min(end_of_run),
        energy_ws: (energy_kwh * 3.6e6).round() as i64,
        cap: session.most,
    }
}

/// Energy above the limit without control, watt-microseconds, and the largest excess.
fn excess(stays: &[Stay], limits: &[(Time, Watts)]) -> (i128, Watts) {
    let mut steps: Vec<(Time, Watts, Watts)> = Vec::new();
    for stay in stays.iter().filter(|stay| stay.cap > Watts::ZERO && stay.energy_ws > 0) {
        let needed = i128::from(stay.energy_ws) * 1_000_000 / i128::from(stay.cap.0);
        let until = stay.arrival + Span(i64::try_from(needed).unwrap_or(i64::MAX / 4));
        steps.push((stay.arrival, stay.cap, Watts::ZERO));
        steps.push((until.min(stay.departure), Watts::ZERO - stay.cap, Watts::ZERO));
    }
    let mut before = Watts::ZERO;
    for &(from, limit) in limits {
        steps.push((from, Watts::ZERO, limit - before));
        before = limit;
    }
    steps.sort_unstable();
    let (mut draw, mut limit) = (Watts::ZERO, Watts::ZERO);
    let (mut above, mut most) = (0, Watts::ZERO);
    for (place, &(at, more_draw, more_limit)) in steps.iter().enumerate() {
        draw += more_draw;
        limit += more_limit;
        let Some(&(next, ..)) = steps.get(place + 1).filter(|next| next.0 > at) else { continue };
        let excess = (draw - limit).floor_zero();
        above += i128::from(excess.0) * i128::from(next.since(at).0);
        most = most.max(excess);
    }
    (above, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(arrival: i64, departure: Option<i64>, wish_kwh: f64, kw: i64) -> SessionRecord {
        SessionRecord {
            session: None,
            charger: 0,
            connector: 1,
            vehicle: String::new(),
            arrival: Time::from_unix_s(arrival),
            departure: departure.map(Time::from_unix_s),
            first_power: None,
            satisfied: None,
            wish_kwh,
            feasible_kwh: 100.0,
            most: Watts(kw * 1000),
            delivered_kwh: 0.0,
            soc_pct: (0.0, 0.0),
            limits: Vec::new(),
            decided: Vec::new(),
            charging: Vec::new(),
            stop_reason: None,
        }
    }

    #[test]
    fn two_cars_at_once_are_too_much_and_one_after_the_other_fits() {
        let record = RunRecord {
            to: Time::from_unix_s(7200),
            limits: vec![(Time(0), Watts(20_000), Watts(10_000))],
            sessions: vec![session(0, None, 10.0, 10), session(0, Some(3600), 10.0, 10)],
            ..RunRecord::default()
        };
        let brackets = Brackets::of(&record);
        let whole = [brackets.optimal_kwh, brackets.uncontrolled_kwh, brackets.over_limit_kwh];
        assert_eq!(whole, [20.0, 20.0, 10.0]);
        assert_eq!(brackets.over_limit_max, Watts(10_000));
    }

    #[test]
    fn a_limit_that_falls_is_exceeded_from_then_on() {
        let limits =
            [(0, 20_000), (1800, 4_000)].map(|(s, w)| (Time::from_unix_s(s), Watts(w), Watts(w)));
        let record = RunRecord {
            to: Time::from_unix_s(3600),
            limits: limits.to_vec(),
            sessions: vec![session(0, None, 50.0, 10)],
            ..RunRecord::default()
        };
        let brackets = Brackets::of(&record);
        assert_eq!((brackets.optimal_kwh, brackets.over_limit_kwh), (7.0, 3.0));
        assert_eq!(brackets.over_limit_max, Watts(6_000));
    }
}
