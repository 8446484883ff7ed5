//! Timers by name: arming one again moves it.

use std::collections::{BTreeMap, BTreeSet};

use crate::csms::{PointIx, SiteIx};
use crate::time::Time;

/// What a timer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    /// The outstanding CALL of a charge point is not answered.
    Call(PointIx),
    /// A hold of a connector (index) ends.
    Settle(PointIx, usize),
    /// A limit of a connector (index) is to be told again, or may have ended.
    Lease(PointIx, usize),
    /// A lowered connector could prove that it follows.
    Confirm(PointIx, usize),
    /// A refused command may be tried again.
    Retry(PointIx),
    /// A card was accepted but no transaction began.
    Slots(PointIx),
    /// A card waits too long for its answer.
    Gate(PointIx),
    /// A decision is due.
    Decide(SiteIx),
    /// The calendar of a site says something else.
    Calendar(SiteIx),
    /// A reading of the other loads of a site ends.
    Load(SiteIx),
    /// A minimum on- or off-time ends that a decision had to respect.
    HoldEnds(SiteIx),
    /// A rotation epoch begins.
    Epoch(SiteIx),
    /// A raise may be tried again.
    Raise(SiteIx),
    /// A car may be offered more than it has shown to take, or was so long enough.
    Reprobe(SiteIx),
    /// A manual rebalance has waited long enough for its limits.
    Rebalance(SiteIx),
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    due: BTreeSet<(Time, Key)>,
    at: BTreeMap<Key, Time>,
}

impl Timers {
    /// Sets the timer, moving it when it is armed already.
    pub(crate) fn arm(&mut self, key: Key, at: Time) {
        if let Some(before) = self.at.insert(key, at) {
            self.due.remove(&(before, key));
        }
        self.due.insert((at, key));
    }

    /// Sets the timer unless it is due earlier already.
    pub(crate) fn arm_by(&mut self, key: Key, at: Time) {
        if self.at.get(&key).is_none_or(|before| *before > at) {
            self.arm(key, at);
        }
    }

    pub(crate) fn disarm(&mut self, key: Key) {
        if let Some(before) = self.at.remove(&key) {
            self.due.remove(&(before, key));
        }
    }

    /// Forgets every timer of a charge point.
    pub(crate) fn forget(&mut self, point: PointIx, connectors: usize) {
        [Key::Call(point), Key::Retry(point), Key::Slots(point), Key::Gate(point)]
            .into_iter()
            .chain((0..connectors).map(|index| Key::Settle(point, index)))
            .chain((0..connectors).map(|index| Key::Confirm(point, index)))
            .chain((0..connectors).map(|index| Key::Lease(point, index)))
            .for_each(|key| self.disarm(key));
    }

    pub(crate) fn next(&self) -> Option<Time> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Takes the next timer that is due.
    pub(crate) fn pop(&mut self, now: Time) -> Option<Key> {
        let (at, key) = *self.due.first()?;
        if at > now {
            return None;
        }
        self.due.pop_first();
        self.at.remove(&key);
        Some(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arming_again_moves_a_timer() {
        let mut timers = Timers::default();
        let (call, raise) = (Key::Call(PointIx(0)), Key::Raise(SiteIx(0)));
        timers.arm(call, Time(10));
        timers.arm(raise, Time(20));
        timers.arm(call, Time(30));
        timers.arm_by(raise, Time(40));
        assert_eq!(timers.next(), Some(Time(20)));
        assert_eq!(timers.pop(Time(30)), Some(raise));
        assert_eq!(timers.pop(Time(30)), Some(call));
        assert_eq!(timers.pop(Time(99)), None);
        timers.arm(call, Time(1));
        timers.disarm(call);
        assert_eq!(timers.next(), None);
    }
}
