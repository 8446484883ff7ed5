//! The reservation ledger: what every connector could still be drawing.
//!
//! Never budget with what we want; budget with the largest limit that could still be in force
//! (allocation.md §3). An [`Entry`] follows one connector from command to proof: a limit that was
//! sent, that timed out, or that was lowered but not yet followed by the car keeps its room until
//! it is known to be gone. The site's invariant is that all entries together fit its limit.

use crate::csms::config::Setpoint;
use crate::time::{Span, Time};

/// A lowered limit whose old value may still be drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Hold {
    old: Setpoint,
    accepted_at: Time,
}

/// The limits that could be in force at one connector.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    confirmed: Setpoint,
    in_flight: Option<Setpoint>,
    unknown: Option<Setpoint>,
    holds: Vec<Hold>,
}

impl Entry {
    /// An entry whose connector obeys `limit` from the beginning.
    #[must_use]
    pub fn starting_at(limit: Setpoint) -> Entry {
        Entry { confirmed: limit, ..Entry::default() }
    }

    /// An entry of an earlier process: `confirmed` was accepted, anything up to `bound` may be in
    /// force.
    #[must_use]
    pub fn restored(confirmed: Setpoint, bound: Setpoint) -> Entry {
        Entry { confirmed, unknown: Some(bound.max(confirmed)), ..Entry::default() }
    }

    /// The last limit the charger accepted.
    #[must_use]
    pub fn confirmed(&self) -> Setpoint {
        self.confirmed
    }

    /// The largest limit that an order to lower must still overcome: accepted, or sent and never
    /// answered.
    #[must_use]
    pub fn standing(&self) -> Setpoint {
        self.confirmed.max(self.unknown.unwrap_or_default())
    }

    /// The largest limit that could be in force now.
    #[must_use]
    pub fn bound(&self) -> Setpoint {
        let held = self.holds.iter().map(|hold| hold.old).max().unwrap_or_default();
        self.standing().max(self.in_flight.unwrap_or_default()).max(held)
    }

    /// The limit that is on its way.
    #[must_use]
    pub fn in_flight(&self) -> Option<Setpoint> {
        self.in_flight
    }

    /// The largest limit that was sent and never answered, or may have come back unasked.
    #[must_use]
    pub fn unanswered(&self) -> Option<Setpoint> {
        self.unknown
    }

    /// The largest limit that was lowered without the car being seen to follow, and when the lower
    /// one was accepted.
    #[must_use]
    pub fn largest_hold(&self) -> Option<(Setpoint, Time)> {
        self.holds.iter().map(|hold| (hold.old, hold.accepted_at)).max()
    }

    /// True while a command is on its way.
    #[must_use]
    pub fn is_in_flight(&self) -> bool {
        self.in_flight.is_some()
    }

    /// True while some earlier limit may be in force besides the confirmed one.
    #[must_use]
    pub fn is_uncertain(&self) -> bool {
        self.unknown.is_some()
    }

    /// A command leaves.
    pub fn sent(&mut self, limit: Setpoint) {
        debug_assert!(self.in_flight.is_none(), "one CALL at a time per charge point");
        self.in_flight = Some(limit);
    }

    /// The charger accepted `limit`. Anything higher that stood before is held until the car is
    /// seen to follow.
    pub fn accepted(&mut self, limit: Setpoint, now: Time) {
        let before = self.standing();
        if limit < before {
            self.holds.push(Hold { old: before, accepted_at: now });
        }
        self.confirmed = limit;
        self.unknown = None;
        self.in_flight = None;
    }

    /// The charger refused: the old limit stands.
    pub fn refused(&mut self) {
        self.in_flight = None;
    }

    /// No answer: the limit may or may not have been applied.
    pub fn timed_out(&mut self) {
        if let Some(limit) = self.in_flight.take() {
            self.unknown = Some(self.unknown.map_or(limit, |known| known.max(limit)));
        }
    }

    /// A meter sample taken at `sampled_at` showed a draw within the confirmed limit: every hold
    /// older than `confirm_after` before it ends. Returns whether one ended.
    pub fn confirmed_by_meter(&mut self, sampled_at: Time, confirm_after: Span) -> bool {
        self.release(|hold| sampled_at.since(hold.accepted_at) >= confirm_after)
    }

    /// Ends the holds that have lasted `settle_max`. Returns whether one ended.
    pub fn settle(&mut self, now: Time, settle_max: Span) -> bool {
        self.release(|hold| now.since(hold.accepted_at) >= settle_max)
    }

    /// The charger lost its state: besides what stood, `limit` may be in force now.
    pub fn doubt(&mut self, limit: Setpoint) {
        self.unknown = Some(self.unknown.map_or(limit, |known| known.max(limit)));
    }

    /// When the oldest hold was accepted; it ends `settle_max` later at the latest.
    #[must_use]
    pub fn oldest_hold(&self) -> Option<Time> {
        self.holds.first().map(|hold| hold.accepted_at)
    }

    fn release(&mut self, ended: impl Fn(&Hold) -> bool) -> bool {
        let before = self.holds.len();
        self.holds.retain(|hold| !ended(hold));
        self.holds.len() < before
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SETTLE: Span = Span::from_s(30);
    const CONFIRM: Span = Span::from_s(6);

    fn at(seconds: i64) -> Time {
        Time::from_unix_s(seconds)
    }

    #[test]
    fn a_lowered_limit_keeps_its_room_until_the_meter_proves_it() {
        let mut entry = Entry::starting_at(Setpoint(320));
        entry.sent(Setpoint(100));
        assert_eq!(entry.bound(), Setpoint(320), "sent is not accepted");
        entry.accepted(Setpoint(100), at(1));
        assert_eq!(entry.bound(), Setpoint(320), "accepted is not followed");
        assert!(!entry.confirmed_by_meter(at(3), CONFIRM), "too early to prove anything");
        assert!(entry.confirmed_by_meter(at(7), CONFIRM));
        assert_eq!(entry.bound(), Setpoint(100));
    }

    #[test]
    fn without_a_meter_the_hold_ends_after_the_settling_time() {
        let mut entry = Entry::starting_at(Setpoint(320));
        entry.sent(Setpoint::ZERO);
        entry.accepted(Setpoint::ZERO, at(0));
        assert!(!entry.settle(at(29), SETTLE));
        assert!(entry.settle(at(30), SETTLE));
        assert_eq!(entry.bound(), Setpoint::ZERO);
    }

    #[test]
    fn a_raise_counts_from_the_moment_it_is_sent() {
        let mut entry = Entry::starting_at(Setpoint(60));
        entry.sent(Setpoint(320));
        assert_eq!(entry.bound(), Setpoint(320));
        entry.refused();
        assert_eq!(entry.bound(), Setpoint(60));
    }

    #[test]
    fn an_unanswered_raise_stays_possible_until_a_later_answer() {
        let mut entry = Entry::starting_at(Setpoint(60));
        entry.sent(Setpoint(320));
        entry.timed_out();
        assert_eq!(entry.bound(), Setpoint(320));
        entry.sent(Setpoint(60));
        entry.accepted(Setpoint(60), at(40));
        assert_eq!(entry.bound(), Setpoint(320), "held: it may have been drawn until now");
        assert!(entry.settle(at(70), SETTLE));
        assert_eq!(entry.bound(), Setpoint(60));
    }

    /// The charger and its car as the ledger cannot see them: the enforced limit, and the limit
    /// the car still follows.
    #[derive(Clone, Debug)]
    enum Step {
        Send { limit: i64, applied: bool, answered: bool },
        Wait(i64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let send =
            (0..33_i64, any::<bool>(), any::<bool>()).prop_map(|(limit, applied, answered)| {
                // An answer "Accepted" means that it was applied; what is lost may have been or not.
                Step::Send { limit: limit * 10, applied: applied || answered, answered }
            });
        prop::collection::vec(prop_oneof![send, (1..40_i64).prop_map(Step::Wait)], 1..60)
    }

    proptest! {
        /// P1 of allocation.md §3: the enforced limit never exceeds the reservation, and neither
        /// does what a car may draw that follows within five seconds.
        #[test]
        fn what_is_enforced_and_drawn_is_always_reserved(steps in steps()) {
            let mut entry = Entry::starting_at(Setpoint::ZERO);
            let (mut clock, mut enforced) = (0_i64, 0_i64);
            let mut lowered: Vec<(i64, i64)> = Vec::new();
            for step in steps {
                match step {
                    Step::Send { limit, applied, answered } => {
                        entry.sent(Setpoint(limit));
                        if applied {
                            lowered.push((clock, enforced));
                            enforced = limit;
                        }
                        prop_assert!(entry.bound() >= Setpoint(enforced));
                        if answered {
                            entry.accepted(Setpoint(limit), at(clock));
                        } else {
                            entry.timed_out();
                        }
                    }
                    Step::Wait(seconds) => {
                        clock += seconds;
                        entry.settle(at(clock), SETTLE);
                    }
                }
                lowered.retain(|(since, _)| clock - since < 5);
                let drawn = lowered.iter().map(|(_, old)| *old).max().unwrap_or(0).max(enforced);
                prop_assert!(entry.bound() >= Setpoint(drawn), "{entry:?} draws {drawn}");
            }
        }
    }
}
