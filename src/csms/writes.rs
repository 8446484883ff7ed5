//! How often a charge point is told limits: each may be a write to its flash memory, which wears out.
//!
//! A budget is so many SetChargingProfile a day. Half of it may be used at any time, the other half
//! comes back evenly over the day, so that no 24 hours hold more than the budget: nobody waits at
//! the end of a day for the next one. What is spent counts as time that has to pass until all is
//! there again, at most a day.
//!
//! What keeps the site within its limit always goes, whatever was spent: decreases, first limits,
//! bounds of starts, what is confirmed anew. While more than half is left everything else goes too.
//! From then on raises wait for each other, small ones longer than large ones, and limits that end
//! are told for ever longer, up to [`LONGEST`], so that they need not be renewed as often: an offline
//! charge point keeps what it had for as long.

use crate::csms::config::{Control, Setpoint};
use crate::csms::point::Point;
use crate::time::{Span, Time};

const DAY: Span = Span::from_s(86_400);
const HOUR: Span = Span::from_s(3_600);
const HOURS: usize = 24;
/// Below this much of what may be used at once, raises wait and leases become longer.
const LOW: Span = Span(DAY.0 / 2);
/// Leases are doubled until they are this long: 4 h.
const LONGEST: Span = Span::from_s(4 * 3_600);
/// Where nothing was kept of what was told today, so much of it is taken for spent.
const FORGOTTEN: Span = Span(DAY.0 / 4);

/// The SetChargingProfile of one charge point.
#[derive(Clone, Debug, Default)]
pub(crate) struct Writes {
    /// When everything that may be used at once is there again.
    whole_at: Time,
    /// In the hours since the epoch, modulo a day, up to this one.
    hourly: [u16; HOURS],
    hour: i64,
}

impl Writes {
    /// Of an earlier process, which has not told.
    pub(super) fn unknown(now: Time) -> Writes {
        Writes { whole_at: now + FORGOTTEN, ..Writes::default() }
    }

    /// One leaves.
    pub(super) fn count(&mut self, now: Time, budget: u32) {
        self.pass(now);
        let place = self.hour.rem_euclid(HOURS as i64) as usize;
        self.hourly[place] = self.hourly[place].saturating_add(1);
        if let Some(each) = each(budget) {
            // What safety needs when all is spent is not owed.
            self.whole_at = (self.whole_at.max(now) + each).min(now + DAY);
        }
    }

    /// How many there were in this hour and the 23 before.
    pub(super) fn in_a_day(&self, now: Time) -> u32 {
        let mut seen = self.clone();
        seen.pass(now);
        seen.hourly.iter().map(|count| u32::from(*count)).sum()
    }

    /// From when on a raise may leave, `parts` of `whole` of what its connector can be told at most;
    /// `None`: at any time.
    fn raise_at(&self, budget: u32, (parts, whole): (i64, i64)) -> Option<Time> {
        let each = each(budget)?;
        // The last two are for a whole raise and the decrease that follows it some time.
        let spendable = (DAY - LOW - each * 2).max(Span::ZERO);
        let share = parts.clamp(0, whole.max(1));
        let more = Span(spendable.0 / whole.max(1) * share);
        Some(self.whole_at - LOW - more)
    }

    /// How long a limit is told for that ends after `lease` where there is enough.
    fn lease(&self, now: Time, budget: u32, lease: Span) -> Span {
        if budget == 0 {
            return lease;
        }
        let (mut left, mut longer) = (DAY - self.whole_at.since(now), lease);
        while left < LOW && longer * 2 <= LONGEST {
            left = left * 2;
            longer = longer * 2;
        }
        longer
    }

    fn pass(&mut self, now: Time) {
        let hour = now.unix_s().div_euclid(HOUR.whole_s());
        let passed = (hour - self.hour).clamp(0, HOURS as i64);
        for back in 0..passed {
            self.hourly[(hour - back).rem_euclid(HOURS as i64) as usize] = 0;
        }
        self.hour = self.hour.max(hour);
    }
}

/// The time in which one more may be used; `None`: there is no budget.
fn each(budget: u32) -> Option<Span> {
    (budget > 0).then(|| Span(DAY.0 / i64::from((budget / 2).max(1))))
}

impl Point {
    /// When the budget lets a raise of a connector go from one limit to another.
    pub(super) fn raise_affordable_at(
        &self,
        control: &Control,
        (from, to): (Setpoint, Setpoint),
    ) -> Option<Time> {
        // A car that stands still costs most.
        let parts = if from == Setpoint::ZERO { self.hardware.full().0 } else { to.0 - from.0 };
        self.writes.raise_at(control.write_budget, (parts, self.hardware.full().0))
    }

    /// For how long limits that end are told now.
    pub(super) fn lease_now(&self, now: Time, control: &Control) -> Option<Span> {
        control.lease.map(|lease| self.writes.lease(now, control.write_budget, lease))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Span = Span::from_s(60);
    const START: Time = Time::from_unix_s(1_777_880_400);

    /// Somebody who wants to raise by a share, and lower again, every minute of two days: when it
    /// was told.
    fn restless(budget: u32, share: (i64, i64)) -> Vec<Time> {
        let mut writes = Writes::default();
        let mut told = Vec::new();
        for minute in 0..2 * 24 * 60 {
            let now = START + MINUTE * minute;
            if writes.raise_at(budget, share).is_none_or(|at| at <= now) {
                // Up, and down again.
                for _ in 0..2 {
                    writes.count(now, budget);
                    told.push(now);
                }
            }
        }
        told
    }

    fn most_in_a_day(told: &[Time]) -> usize {
        let within =
            |from: &Time| told.iter().filter(|at| (*from..*from + DAY).contains(at)).count();
        told.iter().map(within).max().unwrap_or(0)
    }

    #[test]
    fn whoever_is_restless_stays_within_the_budget_and_is_never_silent_for_long() {
        for (budget, share) in [(100, (1, 10)), (100, (1, 1)), (1_000, (1, 4))] {
            let told = restless(budget, share);
            let most = most_in_a_day(&told);
            assert!(most <= budget as usize, "{most} of {budget}");
            assert!(most >= budget as usize * 3 / 5, "{most} of {budget} are used");
            let gap = told.windows(2).map(|pair| pair[1].since(pair[0])).max().unwrap();
            let each = each(budget).unwrap();
            assert!(gap <= each * 2 + MINUTE, "paced over the day: {gap:?}");
        }
        assert_eq!(restless(0, (1, 10)).len(), 2 * 2 * 24 * 60, "without a budget");
    }

    #[test]
    fn large_raises_go_before_small_ones_and_safety_leaves_no_debt() {
        let mut writes = Writes::default();
        for _ in 0..1_000 {
            writes.count(START, 48);
        }
        let at = |share| writes.raise_at(48, share).unwrap().since(START).whole_s() / 60;
        assert_eq!((at((1, 1)), at((1, 2)), at((0, 1))), (120, 420, 720), "minutes");
        let untouched = Writes::default().raise_at(48, (0, 1)).unwrap();
        assert!(untouched < START, "nothing waits while more than half is left");
        let after_a_restart = Writes::unknown(START).raise_at(48, (0, 1)).unwrap();
        assert!(after_a_restart < START, "nor after a restart, until a quarter was used");
    }

    #[test]
    fn leases_become_longer_while_the_budget_runs_low() {
        let lease = |spent: u32, minutes: i64| {
            let mut writes = Writes::default();
            (0..spent).for_each(|_| writes.count(START, 200));
            writes.lease(START, 200, MINUTE * minutes).whole_s() / 60
        };
        assert_eq!(
            [0, 50, 51, 76, 88, 94, 100].map(|spent| lease(spent, 15)),
            [15, 15, 30, 60, 120, 240, 240]
        );
        assert_eq!([lease(100, 300), lease(100, 150)], [300, 150], "up to four hours");
    }

    #[test]
    fn what_was_told_in_a_day_is_counted_by_the_hour() {
        let mut writes = Writes::default();
        (0..30).for_each(|hour| writes.count(START + HOUR * hour, 0));
        assert_eq!(writes.in_a_day(START + HOUR * 29), 24);
        assert_eq!(writes.in_a_day(START + HOUR * 40), 13);
        assert_eq!(writes.in_a_day(START + HOUR * 400), 0);
    }
}
