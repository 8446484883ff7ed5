//! The station's own clock (§4.2, §4.6).
//!
//! Timers run on the `now` of whoever drives the station; what is written on the wire, and what is
//! read from it, is by the station's clock: timestamps, the schedules of profiles, clock-aligned
//! readings. The two differ by an offset that the central system's `currentTime` sets.

use crate::charger::point::ChargePoint;
use crate::ocpp::timestamp::Timestamp;
use crate::time::{Span, Time};

/// A clock that is wrong by no more than this is left alone: the answer was under way for some
/// time, and its seconds are whole.
const TOLERANCE: Span = Span::from_s(10);

impl ChargePoint {
    /// What the station's clock shows at `now`.
    #[must_use]
    pub fn clock(&self, now: Time) -> Time {
        now + self.clock_offset
    }

    /// When the station's clock will show `shown`.
    pub(super) fn when_clock_shows(&self, shown: Time) -> Time {
        if shown == Time::NEVER { shown } else { shown - self.clock_offset }
    }

    /// The central system told its time. An implausible one is no reason to touch the clock.
    ///
    /// What the station remembers by its clock moves along, so that a transaction is as old as it
    /// was; schedules with a date are read by the new time at once.
    pub(super) fn set_clock(&mut self, now: Time, told: Timestamp) {
        let wrong_by = told.0.since(self.clock(now));
        if told.is_plausible() && wrong_by.0.abs() > TOLERANCE.0 && !self.keeps_its_clock() {
            self.shift_clock(now, wrong_by);
        }
    }

    /// Sets the clock forward, or back by a negative span.
    pub(super) fn shift_clock(&mut self, now: Time, by: Span) {
        self.clock_offset = self.clock_offset + by;
        for transaction in &mut self.transactions {
            transaction.start += by;
        }
        self.store.clock_set(by);
        self.schedule_clock_sample(now);
        self.limits_until = now;
    }
}
