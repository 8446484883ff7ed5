//! What the timestamps of a station mean in our time.
//!
//! Clocks are hours off, in local time marked as UTC, or never set (ocpp.md, Q23). One that is
//! ahead shows at once, because nothing comes from the future. One that is behind looks like a
//! message that has waited, so it shows only when messages keep the same age for a while, on a
//! connection old enough to have carried everything that waited.

use crate::ocpp::types::Timestamp;
use crate::time::{Span, Time};

/// Clocks this exact are right.
const RIGHT: Span = Span::from_s(60);
/// A station needs 270 s to give up a message (MessageTimeout 30 s, three attempts with 60 and
/// 120 s between them): on an older connection, something older than this comes from a clock that
/// is behind.
const WAITED: Span = Span::from_s(600);
/// So many messages over such a time that keep the same age did not wait: a queue drains and grows
/// younger, or loses one and grows older.
const STEADY: Span = Span::from_s(1_200);
const MANY: u32 = 10;
/// Ages this close are the same.
const SAME: Span = Span::from_s(30);

/// The clock of a station, as its messages show it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct StationClock {
    /// How much it is behind; negative: ahead.
    behind: Span,
    connected: Time,
    /// How old the last message seemed.
    seemed: Span,
    /// Messages that came late, if the clock is right, and all equally: since when, how old they
    /// seemed, how many they are.
    suspect: Option<(Time, Span, u32)>,
}

impl StationClock {
    /// A connection begins; everything that waited comes first.
    pub(crate) fn connect(&mut self, now: Time) {
        *self = StationClock { connected: now, ..StationClock::default() };
    }

    /// The instant that a station means; never later than `now`. The flag tells that its clock was
    /// newly found to be off.
    pub(crate) fn read(&mut self, said: Timestamp, now: Time) -> (Time, bool) {
        if !said.is_plausible() {
            return (now, false);
        }
        self.seen(said, now);
        let age = now.since(said.0);
        let before = self.behind;
        if age < Span::ZERO - RIGHT {
            self.behind = if before < Span::ZERO { before.min(age) } else { age };
        } else if age <= RIGHT {
            self.behind = Span::ZERO;
        } else if before <= Span::ZERO {
            self.suspect(age, now);
        }
        let found = before == Span::ZERO && self.behind != Span::ZERO;
        ((said.0 + self.behind).min(now), found)
    }

    /// A message that says when it was written, or of when it tells: how old that is says nothing,
    /// but no clock is further behind than the youngest message shows.
    pub(crate) fn seen(&mut self, said: Timestamp, now: Time) {
        if !said.is_plausible() {
            return;
        }
        let age = now.since(said.0);
        self.seemed = age.max(Span::ZERO);
        if self.behind > Span::ZERO {
            self.behind = if age > RIGHT { self.behind.min(age) } else { Span::ZERO };
        }
        self.suspect = self.suspect.filter(|(_, known, _)| age >= *known - SAME);
    }

    /// How far before now a schedule has to begin, so that it has begun by this clock even if the
    /// clock is behind. Nobody has to know for that whether it is, or whether messages have waited.
    pub(crate) fn lead(&self) -> Span {
        if self.seemed > RIGHT { self.seemed } else { Span::ZERO }
    }

    /// Something happened before this connection began: whatever was reported since is newer.
    pub(crate) fn is_older(&self, at: Time) -> bool {
        at < self.connected
    }

    /// Nothing says that it is off by more than a minute.
    pub(crate) fn is_right(&self) -> bool {
        self.behind == Span::ZERO && self.seemed <= RIGHT
    }

    fn suspect(&mut self, age: Span, now: Time) {
        let same = self.suspect.filter(|(_, known, _)| (age - *known).0.abs() <= SAME.0);
        let (since, known, messages) = same.unwrap_or((now, age, 0));
        self.suspect = Some((since, known, messages + 1));
        let too_old = age > WAITED && now.since(self.connected) > WAITED;
        if too_old && now.since(since) >= STEADY && messages + 1 >= MANY {
            self.behind = age;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Time {
        Time::from_unix_s(1_777_880_400 + seconds)
    }

    fn said(seconds: i64) -> Timestamp {
        Timestamp(at(seconds))
    }

    #[test]
    fn a_clock_ahead_shows_at_once() {
        let mut clock = StationClock::default();
        clock.connect(at(0));
        assert_eq!(clock.read(said(7_210), at(10)), (at(10), true));
        assert_eq!(clock.read(said(7_100), at(20)).0, at(-100), "this one has waited");
        assert_eq!(clock.read(said(30), at(31)).0, at(30), "it was set");
    }

    #[test]
    fn a_clock_behind_shows_when_nothing_can_have_waited_so_long() {
        let mut clock = StationClock::default();
        clock.connect(at(0));
        assert_eq!(clock.read(said(-7_200), at(5)), (at(-7_200), false), "two hours old, perhaps");
        assert_eq!(clock.read(said(-6_000), at(1_200)), (at(-6_000), false), "still perhaps");
        assert_eq!(clock.read(said(-5_940), at(1_200)).0, at(-5_940), "a queue that drains");
        for more in 1..20 {
            let (second, age) = (1_200 + 60 * more, 7_140);
            let read = clock.read(said(second - age), at(second));
            assert_eq!(read, (at(second - age), false), "perhaps even now");
        }
        assert_eq!(clock.read(said(-4_730), at(2_400)), (at(2_400), true));
        assert_eq!(clock.read(said(-4_640), at(2_500)).0, at(2_490), "10 s late");
    }

    /// Seed 27 of the lossy campaign: with 4 s per call and 10 s between samples a queue hardly
    /// drains, and each loss makes it 90 s older.
    #[test]
    fn a_queue_that_stays_long_on_a_bad_line_is_no_clock_that_is_behind() {
        let mut clock = StationClock::default();
        clock.connect(at(0));
        let (mut second, mut age) = (700, 620);
        for call in 0..2_000 {
            assert_eq!(clock.read(said(second - age), at(second)), (at(second - age), false));
            let step = if call % 15 == 14 { 90 } else { -6 };
            (second, age) = (second + step.max(4), age + step);
        }
    }

    #[test]
    fn one_young_message_shows_that_the_others_have_waited() {
        let mut clock = StationClock::default();
        clock.connect(at(0));
        let steady = |clock: &mut StationClock, second| clock.read(said(second - 900), at(second));
        for call in 0..19 {
            steady(&mut clock, 1_000 + call * 60);
        }
        clock.seen(said(2_095), at(2_100));
        assert_eq!(steady(&mut clock, 2_260), (at(1_360), false));
        for call in 0..20 {
            steady(&mut clock, 2_320 + call * 60);
        }
        assert_eq!(steady(&mut clock, 3_520).0, at(3_520), "now it does look like a clock");
        clock.seen(said(3_525), at(3_530));
        assert_eq!(steady(&mut clock, 3_540).0, at(2_640), "and is none");
    }

    #[test]
    fn a_schedule_begins_early_enough_for_a_clock_that_may_be_behind() {
        let mut clock = StationClock::default();
        clock.connect(at(0));
        clock.seen(said(0), at(2));
        assert_eq!(clock.lead(), Span::ZERO, "under way for two seconds");
        clock.seen(said(-3_600), at(5));
        assert_eq!(clock.lead(), Span::from_s(3_605));
        clock.seen(said(7_200), at(6));
        assert_eq!(clock.lead(), Span::ZERO, "ahead");
    }

    #[test]
    fn a_clock_that_was_never_set_says_nothing() {
        let mut clock = StationClock::default();
        assert_eq!(clock.read(Timestamp(Time(0)), at(7)), (at(7), false));
    }
}
