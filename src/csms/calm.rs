//! How soon a limit may be raised again: the more it swings, the later.
//!
//! A raise soon after the last one with a decrease between them is a swing. The first few are what a
//! busy site does; from then on each doubles the wait, so that two operators, or two systems, who undo
//! each other's decisions do not move every car for ever. Decreases never wait (allocation.md §4.3:
//! down at once, up damped; reversal-gated gain).

use crate::time::{Span, Time};

/// Swings that cost nothing.
const FREE: u32 = 2;
/// The wait is doubled so often at most.
const DOUBLINGS: u32 = 4;
/// A raise within so many waits of the last one is soon after it.
const SOON: i64 = 2;

/// The raises of one session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Calm {
    raised_at: Option<Time>,
    /// It was lowered since.
    fell: bool,
    swings: u32,
}

impl Calm {
    /// When the next raise is allowed, where two are `interval` apart at least; `None`: at any time.
    pub(super) fn allowed_at(&self, interval: Span) -> Option<Time> {
        self.raised_at.map(|at| at + self.wait(interval))
    }

    /// A raise was accepted.
    pub(super) fn raised(&mut self, now: Time, interval: Span) {
        let soon = self.wait(interval) * SOON;
        match self.raised_at {
            Some(last) if now.since(last) < soon => self.swings += u32::from(self.fell),
            _ => self.swings = 0,
        }
        self.fell = false;
        self.raised_at = Some(now);
    }

    /// A decrease was accepted.
    pub(super) fn lowered(&mut self) {
        self.fell = true;
    }

    fn wait(&self, interval: Span) -> Span {
        interval * (1 << self.swings.saturating_sub(FREE).min(DOUBLINGS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Span = Span::from_s(60);

    /// Raises as soon as allowed for so many hours, lowered after each: minutes of the raises.
    fn flapping(interval: Span, hours: i64) -> Vec<i64> {
        let mut calm = Calm::default();
        let mut raises = Vec::new();
        let mut now = Time(0);
        while now < Time(0) + Span::from_s(3600 * hours) {
            if calm.allowed_at(interval).is_none_or(|at| at <= now) {
                calm.raised(now, interval);
                calm.lowered();
                raises.push(now.unix_s() / 60);
            }
            now += MINUTE;
        }
        raises
    }

    #[test]
    fn a_limit_that_swings_is_raised_ever_more_rarely() {
        assert_eq!(flapping(MINUTE, 2), [0, 1, 2, 3, 5, 9, 17, 33, 49, 65, 81, 97, 113]);
        assert_eq!(flapping(Span::ZERO, 2).len(), 120, "without an interval nothing is damped");
    }

    #[test]
    fn raises_without_a_decrease_between_them_are_no_swing_and_quiet_heals() {
        let mut calm = Calm::default();
        for minute in 0..10 {
            calm.raised(Time(0) + MINUTE * minute, MINUTE);
        }
        assert_eq!(calm.allowed_at(MINUTE), Some(Time(0) + MINUTE * 10));
        for minute in 10..16 {
            calm.lowered();
            calm.raised(Time(0) + MINUTE * minute, MINUTE);
        }
        assert_eq!(calm.allowed_at(MINUTE), Some(Time(0) + MINUTE * (15 + 16)));
        calm.lowered();
        calm.raised(Time(0) + MINUTE * 60, MINUTE);
        assert_eq!(calm.allowed_at(MINUTE), Some(Time(0) + MINUTE * 61), "half an hour was quiet");
    }
}
