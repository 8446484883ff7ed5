//! What the clock of a charge point is wrong by, learned from the records that carry its timestamps.

use std::collections::BTreeMap;

use crate::time::{Span, Time};

/// A clock within this is right: the network and the rounding to seconds take their share.
const RIGHT: Span = Span::from_s(2);

/// What is told within this of the instant that it names is told at once, and the record knows the instant better
/// than the charge point, which rounds to seconds.
const AT_ONCE: Span = Span::from_ms(1500);

/// Differences between records and the timestamps within, counted by whole seconds. The usual one is the error of
/// the clock; what was sent late, after a time without a connection, is unusual.
#[derive(Clone, Debug, Default)]
pub(super) struct Clock {
    late_s: BTreeMap<i64, u32>,
    /// The most frequent difference so far, and how often it occurred.
    usual: (i64, u32),
}

impl Clock {
    /// The instant that a charge point means by `told`, in a record of `seen`.
    pub(super) fn instant(&mut self, seen: Time, told: Option<Time>) -> Time {
        let Some(told) = told else { return seen };
        let late_s = seen.since(told).whole_s();
        let count = self.late_s.entry(late_s).or_default();
        *count += 1;
        if *count > self.usual.1 {
            self.usual = (late_s, *count);
        }
        self.corrected(seen, told)
    }

    /// What the clock is ahead; negative when it is behind, zero when it is right.
    pub(super) fn ahead(&self) -> Span {
        let late = Span::from_s(self.usual.0);
        if late.0.abs() <= RIGHT.0 { Span::ZERO } else { Span(-late.0) }
    }

    fn corrected(&self, seen: Time, told: Time) -> Time {
        let told = Time(told.0 - self.ahead().0);
        let late = seen.since(told);
        if late.0.abs() <= AT_ONCE.0 { seen } else { told.min(seen) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: i64) -> Time {
        Time::from_unix_s(1_777_874_400 + s)
    }

    #[test]
    fn a_right_clock_is_refined_by_the_record_and_believed_when_it_tells_later() {
        let mut clock = Clock::default();
        let seen = at(10) + Span::from_ms(730);
        assert_eq!(clock.instant(seen, Some(at(10))), seen);
        assert_eq!(clock.instant(at(900), Some(at(60))), at(60), "told after an outage");
        assert_eq!(clock.instant(at(901), None), at(901));
        assert_eq!(clock.ahead(), Span::ZERO);
    }

    #[test]
    fn local_time_that_is_marked_as_utc_is_an_error_of_the_clock() {
        let mut clock = Clock::default();
        for s in [0, 60, 120] {
            clock.instant(at(s), Some(at(s + 7200)));
        }
        assert_eq!(clock.ahead(), Span::from_s(7200));
        assert_eq!(clock.instant(at(180), Some(at(180 + 7200))), at(180));
        assert_eq!(clock.instant(at(999), Some(at(300 + 7200))), at(300), "told late");
    }
}
