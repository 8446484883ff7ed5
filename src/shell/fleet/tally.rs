//! What a fleet alone can count and check: connections, frames, limits.

use std::collections::{BTreeMap, BTreeSet};

use crate::charger::{ChargePoint, Counters};
use crate::ids::ChargePointId;
use crate::shell::fleet::failure::Failure;
use crate::time::{Span, Time};
use crate::vehicle::Offer;

/// How long a car has to follow a limit that its charge point has passed on: the 5 s of
/// IEC 61851-1, and its ramp.
const CAR_FOLLOWS: Span = Span::from_s(15);

/// Counts of a fleet's run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// Charge points of the scenario.
    pub charge_points: usize,
    /// Those that ever had a connection.
    pub connected: BTreeSet<ChargePointId>,
    /// Connections made.
    pub connections: u64,
    /// Connections lost before the end.
    pub disconnections: u64,
    /// Attempts to connect that failed, by [`Failure::kind`].
    pub failed_attempts: BTreeMap<String, u64>,
    /// Connections given up because the central system did not take what was sent.
    pub stalled: u64,
    /// Frames from the central system.
    pub frames_received: u64,
    /// Frames to it.
    pub frames_sent: u64,
    /// Sum over all charge points.
    pub wire: Counters,
    /// Messages about transactions that were never acknowledged.
    pub undelivered: usize,
    /// Limits looked at: some seconds after each SetChargingProfile that was accepted.
    pub limits_checked: u64,
    /// Those above which a car drew, twice in a row.
    pub limits_exceeded: u64,
    /// Seconds of wall clock by which the run fell behind its pace, because the machine was busy.
    pub lag_s: f64,
}

impl Tally {
    pub(super) fn failed(&mut self, failure: &Failure) -> bool {
        let count = self.failed_attempts.entry(failure.kind()).or_default();
        *count += 1;
        *count == 1
    }

    /// Takes what the charge points themselves have counted.
    pub(super) fn close(&mut self, points: &[ChargePoint]) {
        self.charge_points = points.len();
        for point in points {
            let (sum, one) = (&mut self.wire, point.counters());
            sum.timed_out_calls += one.timed_out_calls;
            sum.refused_calls += one.refused_calls;
            sum.discarded_calls += one.discarded_calls;
            sum.late_answers += one.late_answers;
            sum.unasked_answers += one.unasked_answers;
            sum.unreadable_answers += one.unreadable_answers;
            sum.deviations += one.deviations;
            sum.unreadable_texts += one.unreadable_texts;
            sum.profiles_accepted += one.profiles_accepted;
            sum.profiles_refused += one.profiles_refused;
            self.undelivered += point.undelivered();
        }
    }
}

/// Looks whether cars follow the limits that their charge points accepted.
#[derive(Debug, Default)]
pub(super) struct Watch {
    due: BTreeMap<ChargePointId, Look>,
}

#[derive(Clone, Copy, Debug)]
struct Look {
    at: Time,
    /// It was above the limit at the last look. Another limit may have come since; once more, and
    /// it counts.
    exceeded: bool,
}

impl Watch {
    /// A charge point has accepted a profile.
    pub(super) fn accepted(&mut self, point: &ChargePoint, now: Time) {
        let at = now + point.spec().apply_delay + CAR_FOLLOWS;
        self.due.entry(point.id().clone()).or_insert(Look { at, exceeded: false });
    }

    /// Looks at every charge point whose time has come.
    pub(super) fn look(&mut self, now: Time, points: &[ChargePoint], tally: &mut Tally) {
        if self.due.values().all(|look| look.at > now) {
            return;
        }
        for point in points {
            let Some(look) = self.due.get_mut(point.id()).filter(|look| look.at <= now) else {
                continue;
            };
            let exceeded = !keeps_its_limit(point);
            if exceeded && !look.exceeded {
                *look = Look { at: now + CAR_FOLLOWS, exceeded };
                continue;
            }
            self.due.remove(point.id());
            tally.limits_checked += 1;
            tally.limits_exceeded += u64::from(exceeded);
        }
    }
}

/// Whether every car takes no more than its connector offers.
fn keeps_its_limit(point: &ChargePoint) -> bool {
    (1..=point.spec().connectors).all(|connector| {
        let draw = point.draw(connector);
        match point.offer(connector) {
            Offer::None => draw.power_mw == 0,
            Offer::Ac { current, .. } => {
                draw.current_ma.iter().all(|current_ma| *current_ma <= current.0 * 100)
            }
            Offer::Dc { power } => draw.power_mw <= power.0 * 1000,
        }
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::charger::{ChargerSpec, CurrentKind};
    use crate::units::{DeciAmps, Watts};
    use crate::vehicle::Draw;

    const START: Time = Time::from_unix_s(1_777_874_400);

    fn point() -> ChargePoint {
        let spec = ChargerSpec {
            model: "ac22".to_owned(),
            kind: CurrentKind::Ac,
            connectors: 1,
            phases: 3,
            max_current: DeciAmps::from_amps(32),
            max_power: Watts(22_000),
            voltage_v: 230,
            apply_delay: Span::from_s(1),
            meter_interval: Span::from_s(60),
            clock_aligned_interval: Span::ZERO,
            allows_amps: true,
            allows_watts: true,
            max_stack_level: 8,
        };
        let mut point = ChargePoint::new("cp_1".into(), Arc::new(spec), START);
        point.plug_in(START, 1, "card");
        point
    }

    #[test]
    fn a_car_that_takes_what_is_not_offered_is_noticed_at_the_second_look() {
        let (mut watch, mut tally, mut stubborn) = (Watch::default(), Tally::default(), point());
        let draw = Draw { power_mw: 6_900_000, current_ma: [10_000; 3] };
        stubborn.set_draw(START, 1, draw, true, None);
        watch.accepted(&stubborn, START);
        let points = [stubborn];
        for (after_s, exceeded) in [(10, 0), (16, 0), (20, 0), (31, 1), (60, 1)] {
            watch.look(START + Span::from_s(after_s), &points, &mut tally);
            assert_eq!(tally.limits_exceeded, exceeded, "after {after_s} s");
        }
        assert_eq!(tally.limits_checked, 1);
    }

    #[test]
    fn a_car_that_follows_is_counted_once() {
        let (mut watch, mut tally, obedient) = (Watch::default(), Tally::default(), point());
        watch.accepted(&obedient, START);
        watch.accepted(&obedient, START + Span::from_s(5));
        watch.look(START + Span::from_s(60), &[obedient], &mut tally);
        assert_eq!((tally.limits_checked, tally.limits_exceeded), (1, 0));
    }
}
