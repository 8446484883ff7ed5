//! Do charge rates swing? Changes, reversals, variation and pauses of accepted limits.
//!
//! Definitions after allocation.md §4.1. A change counts from [`EPSILON`] on and only while the
//! session still wants energy: after that a limit moves nothing. Reversals are taken between
//! successive counted changes. Rates are totals over all sessions divided by the total time in
//! which sessions wanted energy, so that a long session weighs as much as it lasted.

use crate::report::fairness::wanted_until;
use crate::scenario::model::{Control, Scenario};
use crate::sim::record::{RunRecord, SessionRecord};
use crate::time::{Span, Time};
use crate::units::Watts;

/// Smaller changes are no changes: 0.1 kW.
pub const EPSILON: Watts = Watts(100);

/// Time a disturbance may echo before a change counts as endogenous, without the damping's own
/// delays: 60 s (allocation.md §4.1, metric 6).
pub const ECHO: Span = Span::from_s(60);

/// Allowance for the calls of one decision to be sent and answered.
const CALLS: Span = Span::from_s(5);

/// What the limits of one session did while it wanted energy.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Movement {
    /// Hours in which energy was wanted.
    pub wanted_h: f64,
    /// Instants of changes above [`EPSILON`].
    pub changes: Vec<Time>,
    /// Instants of changes whose sign differs from the counted change before.
    pub reversals: Vec<Time>,
    /// Sum of all absolute changes, kW.
    pub variation_kw: f64,
    /// Absolute difference of last and first limit, kW.
    pub net_kw: f64,
    /// Changes from a charging limit to none.
    pub pauses: u32,
    /// Longest pause, seconds; a pause that never ended lasts until nothing is wanted any more.
    pub longest_pause_s: f64,
    /// Shortest time between a resume (or the start) and the pause that followed, seconds.
    pub shortest_on_s: Option<f64>,
    /// Changes per tick, zero included: their number, sum and sum of squares (kW).
    ticks: (u64, f64, f64),
}

impl Movement {
    /// Follows a series of limits, ascending in time, up to `until`; `tick` is the step of the
    /// per-tick spread. Of entries at the same instant the last one counts.
    #[must_use]
    pub fn of(limits: &[(Time, Watts)], arrival: Time, until: Time, tick: Span) -> Movement {
        let mut movement =
            Movement { wanted_h: until.since(arrival).hours().max(0.0), ..Movement::default() };
        let mut settled: Vec<(Time, Watts)> = Vec::with_capacity(limits.len());
        for &(at, limit) in limits.iter().filter(|entry| entry.0 < until) {
            match settled.last_mut() {
                Some(last) if last.0 == at => last.1 = limit,
                _ => settled.push((at, limit)),
            }
        }
        movement.follow_changes(&settled);
        movement.follow_pauses(&settled, until);
        movement.follow_ticks(&settled, until, tick);
        movement
    }

    fn follow_changes(&mut self, limits: &[(Time, Watts)]) {
        let mut last_sign = 0;
        for pair in limits.windows(2) {
            let delta = pair[1].1 - pair[0].1;
            self.variation_kw += delta.kw().abs();
            if delta.0.abs() <= EPSILON.0 {
                continue;
            }
            self.changes.push(pair[1].0);
            if last_sign != 0 && delta.0.signum() != last_sign {
                self.reversals.push(pair[1].0);
            }
            last_sign = delta.0.signum();
        }
        if let (Some(first), Some(last)) = (limits.first(), limits.last()) {
            self.net_kw = (last.1 - first.1).kw().abs();
        }
    }

    fn follow_pauses(&mut self, limits: &[(Time, Watts)], until: Time) {
        let charges = |limit: Watts| limit > EPSILON;
        let mut since = None;
        let mut paused = None;
        for &(at, limit) in limits {
            match (since, charges(limit)) {
                (None, true) => {
                    since = Some(at);
                    self.end_pause(paused.take(), at);
                }
                (Some(start), false) => {
                    self.pauses += 1;
                    let on = at.since(start).s();
                    self.shortest_on_s = Some(self.shortest_on_s.map_or(on, |best| best.min(on)));
                    paused = Some(at);
                    since = None;
                }
                _ => {}
            }
        }
        self.end_pause(paused, until);
    }

    fn end_pause(&mut self, began: Option<Time>, ended: Time) {
        if let Some(began) = began {
            self.longest_pause_s = self.longest_pause_s.max(ended.since(began).s());
        }
    }

    fn follow_ticks(&mut self, limits: &[(Time, Watts)], until: Time, tick: Span) {
        let Some(&(start, first)) = limits.first() else { return };
        if tick.0 <= 0 {
            return;
        }
        // Only ticks in which something changed are visited; the others add zeros.
        self.ticks.0 = (until.since(start).0 / tick.0).max(0) as u64;
        let mut before = first;
        let mut index = 0;
        while index < limits.len() {
            let slot = (limits[index].0.since(start).0 + tick.0 - 1).div_euclid(tick.0);
            if slot as u64 > self.ticks.0 {
                break;
            }
            let mut after = limits[index].1;
            while index + 1 < limits.len()
                && (limits[index + 1].0.since(start).0 + tick.0 - 1).div_euclid(tick.0) == slot
            {
                index += 1;
                after = limits[index].1;
            }
            let delta = (after - before).kw();
            self.ticks.1 += delta;
            self.ticks.2 += delta * delta;
            before = after;
            index += 1;
        }
    }
}

/// The same for a whole run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Oscillation {
    /// One per session, in the order of the record.
    pub sessions: Vec<Movement>,
    /// Changes without an outside cause: (session, when).
    pub endogenous: Vec<(usize, Time)>,
}

impl Oscillation {
    /// Follows the limits of all sessions.
    #[must_use]
    pub fn of(scenario: &Scenario, record: &RunRecord) -> Oscillation {
        let sessions: Vec<Movement> = record
            .sessions
            .iter()
            .map(|session| {
                let until = wanted_until(session, record.to);
                Movement::of(&session.limits, session.arrival, until, scenario.sample_interval)
            })
            .collect();
        let causes = exogenous(record);
        let window = echo_window(&scenario.site.control);
        let decided = |session: usize, at: Time| {
            let session = &record.sessions[session];
            let place = session.limits.binary_search_by_key(&at, |(at, _)| *at).ok();
            place.and_then(|place| session.decided.get(place).copied()).unwrap_or(at)
        };
        let endogenous = sessions
            .iter()
            .enumerate()
            .flat_map(|(index, movement)| movement.changes.iter().map(move |at| (index, *at)))
            .filter(|(index, at)| {
                // What was decided for a reason has it also where damping delayed it for long.
                let held_up = at.since(decided(*index, *at)).max(Span::ZERO);
                !happened_within(&causes, *at, window + held_up)
            })
            .collect();
        Oscillation { sessions, endogenous }
    }

    /// Hours in which sessions wanted energy, summed.
    #[must_use]
    pub fn wanted_h(&self) -> f64 {
        self.sessions.iter().map(|m| m.wanted_h).sum()
    }

    /// Counted changes of all sessions.
    #[must_use]
    pub fn changes(&self) -> usize {
        self.sessions.iter().map(|m| m.changes.len()).sum()
    }

    /// Reversals of all sessions.
    #[must_use]
    pub fn reversals(&self) -> usize {
        self.sessions.iter().map(|m| m.reversals.len()).sum()
    }

    /// Reversals among the changes that could be one, i.e. all but a session's first.
    #[must_use]
    pub fn reversal_ratio(&self) -> Option<f64> {
        let able: usize = self.sessions.iter().map(|m| m.changes.len().saturating_sub(1)).sum();
        (able > 0).then(|| self.reversals() as f64 / able as f64)
    }

    /// Standard deviation of the limit's change per tick over all sessions, kW.
    #[must_use]
    pub fn tick_std_kw(&self) -> Option<f64> {
        let (n, sum, squares) = self.sessions.iter().fold((0, 0.0, 0.0), |all, m| {
            (all.0 + m.ticks.0, all.1 + m.ticks.1, all.2 + m.ticks.2)
        });
        let n = n as f64;
        (n > 0.0).then(|| (squares / n - (sum / n) * (sum / n)).max(0.0).sqrt())
    }
}

/// How long after a cause a change is still its echo: 60 s, plus the control loop's own delays
/// (`coalesce_acceptance`, `min_raise_interval`, `settle_max`), plus 5 s for the calls.
#[must_use]
pub fn echo_window(control: &Control) -> Span {
    ECHO + control.coalesce_acceptance + control.min_raise_interval + control.settle_max + CALLS
}

/// Every instant at which something happened that may move limits: plug-in, start, first power,
/// fulfilment, unplug, config change or rebalance, rotation, a step of what a car accepts or of a
/// meter, a changed site limit. Ascending.
#[must_use]
pub fn exogenous(record: &RunRecord) -> Vec<Time> {
    let mut all: Vec<Time> = Vec::new();
    for session in &record.sessions {
        all.push(session.arrival);
        all.extend(session_events(session));
    }
    all.extend(record.marks.iter().map(|mark| mark.0));
    all.extend(&record.rotations);
    all.extend(&record.causes);
    all.extend(record.limits.iter().map(|limit| limit.0));
    all.sort_unstable();
    all.dedup();
    all
}

fn session_events(session: &SessionRecord) -> impl Iterator<Item = Time> {
    [
        session.limits.first().map(|start| start.0),
        session.first_power,
        session.satisfied,
        session.departure,
    ]
    .into_iter()
    .flatten()
}

/// Whether one of the ascending `causes` lies in `[at - window, at]`.
#[must_use]
pub fn happened_within(causes: &[Time], at: Time, window: Span) -> bool {
    let later = causes.partition_point(|cause| *cause <= at);
    later > 0 && at.since(causes[later - 1]).0 <= window.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MINUTE: Span = Span::from_s(60);

    fn series(watts: &[i64]) -> Vec<(Time, Watts)> {
        watts.iter().zip(0..).map(|(w, n)| (Time::from_unix_s(n * 60), Watts(*w))).collect()
    }

    fn follow(watts: &[i64]) -> Movement {
        let until = Time::from_unix_s(watts.len() as i64 * 60);
        Movement::of(&series(watts), Time::from_unix_s(0), until, MINUTE)
    }

    #[test]
    fn a_saw_tooth_reverses_at_every_tooth() {
        let movement = follow(&[11_000, 7000, 11_000, 7000, 7050, 11_000]);
        assert_eq!(movement.changes.len(), 4, "50 W is no change");
        assert_eq!(movement.reversals.len(), 3);
        assert!((movement.variation_kw - 16.0).abs() < 1e-9);
        assert_eq!(movement.net_kw, 0.0);
    }

    #[test]
    fn a_pause_is_from_power_to_none_and_lasts_until_power() {
        let movement = follow(&[0, 7000, 0, 0, 0, 7000, 0]);
        assert_eq!(movement.pauses, 2, "waiting for the first power is no pause");
        assert_eq!(movement.longest_pause_s, 180.0);
        assert_eq!(movement.shortest_on_s, Some(60.0));
    }

    #[test]
    fn ticks_without_a_change_count_as_zeros() {
        let movement = follow(&[7000, 7000, 7000, 8000, 8000]);
        let all = Oscillation { sessions: vec![movement], endogenous: Vec::new() };
        // Five ticks, one of 1 kW: variance 1/5 - 1/25.
        let std = all.tick_std_kw().expect("ticks");
        assert!((std * std - 0.16).abs() < 1e-9, "{std}");
    }

    #[test]
    fn a_cause_explains_what_follows_within_the_window_only() {
        let causes = [Time::from_unix_s(100), Time::from_unix_s(500)];
        let at = |s| happened_within(&causes, Time::from_unix_s(s), MINUTE);
        assert_eq!([at(99), at(100), at(160), at(161), at(560)], [false, true, true, false, true]);
    }

    proptest! {
        #[test]
        fn a_monotone_series_never_reverses(mut watts in prop::collection::vec(0_i64..50_000, 1..60), up: bool) {
            watts.sort_unstable();
            if !up {
                watts.reverse();
            }
            let movement = follow(&watts);
            prop_assert!(movement.reversals.is_empty());
            prop_assert!((movement.variation_kw - movement.net_kw).abs() < 1e-6);
        }

        #[test]
        fn the_mirror_image_moves_as_much(watts in prop::collection::vec(0_i64..50_000, 1..60)) {
            let mirrored: Vec<i64> = watts.iter().map(|w| 50_000 - w).collect();
            let (one, other) = (follow(&watts), follow(&mirrored));
            prop_assert_eq!(one.changes, other.changes);
            prop_assert_eq!(one.reversals, other.reversals);
            prop_assert!((one.variation_kw - other.variation_kw).abs() < 1e-6);
        }

        #[test]
        fn reversals_are_changes_and_movement_is_at_least_net(watts in prop::collection::vec(0_i64..50_000, 1..60)) {
            let movement = follow(&watts);
            prop_assert!(movement.reversals.iter().all(|at| movement.changes.contains(at)));
            prop_assert!(movement.reversals.len() <= movement.changes.len().saturating_sub(1));
            prop_assert!(movement.variation_kw + 1e-9 >= movement.net_kw);
        }
    }
}
