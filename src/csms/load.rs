//! Other loads behind the same grid connection: a limit that moves.
//!
//! The reserve is kept for them, whatever they take. What a meter tells of them counts beyond it:
//! cars share the grid connection less the larger of reserve and load (allocation.md §2.0). So that
//! a meter that trembles moves nobody, a load counts in whole kilowatts, rounded up: more of it at
//! once, less of it when it has been less for a minute. A reading holds as long as whoever told it
//! has said. From then on the stated worst case counts, and so it does before the first.
//!
//! A soft limit may be exceeded for a while, and clouds pass in minutes: for it counts what other
//! loads took on average in the last ten minutes, to the whole kilowatt.

use std::collections::VecDeque;

use crate::csms::config::SiteConfig;
use crate::csms::control::Site;
use crate::csms::event::Trigger;
use crate::csms::input::Refusal;
use crate::csms::timers::Key;
use crate::csms::today::Room;
use crate::csms::validate::check_load;
use crate::csms::{Csms, SiteIx};
use crate::time::{Span, Time};
use crate::units::Watts;

/// A load has to be less for so long.
const WINDOW: Span = Span::from_s(60);
/// Readings this close count as one: the largest.
const SECOND: Span = Span::from_s(1);
/// Loads count in multiples of this.
const STEP: Watts = Watts(1_000);
/// A mean is about so long,
const MEAN_OVER: Span = Span::from_s(600);
/// and looked at so often when nobody tells anything.
const LOOK: Span = Span::from_s(60);

/// What is known of the other loads of a site.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Load {
    /// The largest of every second of the window that had one.
    largest: VecDeque<(Time, Watts)>,
    last: Watts,
    counts: Watts,
    mean: Mean,
    /// Until when the last reading holds; `None`: none does.
    until: Option<Time>,
}

/// What was told lately, on average.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Mean {
    /// Readings, each of which held until the next; the first began the time that counts, or before.
    readings: VecDeque<(Time, Watts)>,
    counts: Watts,
    looked_at: Time,
}

impl Mean {
    fn look(&mut self, now: Time, anew: bool) {
        let from = now - MEAN_OVER;
        while self.readings.get(1).is_some_and(|(at, _)| *at <= from) {
            self.readings.pop_front();
        }
        self.looked_at = now;
        let ends = self.readings.iter().skip(1).map(|(at, _)| *at).chain([now]);
        let (mut energy, mut lasted) = (0_i128, 0_i128);
        for ((begin, power), end) in self.readings.iter().zip(ends) {
            let held = i128::from(end.since((*begin).max(from)).0);
            energy += held * i128::from(power.0);
            lasted += held;
        }
        let last = self.readings.back().map_or(Watts::ZERO, |(_, power)| *power);
        let mean = if lasted == 0 { last } else { Watts((energy / lasted) as i64) };
        // Half a step and a quarter, or a mean near the edge would move it to and fro.
        if anew || (mean.0 - self.counts.0).abs() >= STEP.0 * 3 / 4 {
            self.counts = Watts((mean.0 + STEP.0 / 2).div_euclid(STEP.0) * STEP.0);
        }
    }

    /// When it is another without another reading.
    fn next(&self) -> Option<Time> {
        (self.readings.len() > 1).then(|| self.looked_at + LOOK)
    }
}

impl Load {
    /// What counts for a soft limit, W; `None`: no meter is expected to tell.
    pub(crate) fn counted_softly(&self, config: &SiteConfig) -> Option<Watts> {
        let worst = config.worst_load?;
        Some(if self.until.is_some() { self.mean.counts } else { worst })
    }

    /// What counts now, W; `None`: no meter is expected to tell.
    pub(crate) fn counted(&self, config: &SiteConfig) -> Option<Watts> {
        let worst = config.worst_load?;
        Some(if self.until.is_some() { self.counts } else { worst })
    }

    /// The last reading, if it still holds, and until when.
    pub(crate) fn told(&self) -> Option<(Watts, Time)> {
        self.until.map(|until| (self.last, until))
    }

    fn show(&mut self, now: Time, power: Watts, until: Time) {
        self.last = power;
        match self.largest.back_mut().filter(|(at, _)| now.since(*at) < SECOND) {
            Some((_, largest)) => *largest = power.max(*largest),
            None => self.largest.push_back((now, power)),
        }
        let was_silent = self.until.replace(until).is_none();
        if self.mean.readings.back().is_none_or(|(_, held)| *held != power) {
            self.mean.readings.push_back((now, power));
        }
        self.count(now, was_silent);
    }

    /// Looks again at what counts.
    fn count(&mut self, now: Time, anew: bool) {
        self.mean.look(now, anew);
        // The last one still tells what is.
        while self.largest.len() > 1 && now.since(self.largest[0].0) >= WINDOW {
            self.largest.pop_front();
        }
        let largest = self.largest.iter().map(|(_, power)| *power).max().unwrap_or_default();
        let steps = (largest.0 + STEP.0 - 1).div_euclid(STEP.0);
        let counts = Watts(steps * STEP.0);
        // One step less needs half a step more, or a load near the edge would move it to and fro.
        let less = largest.0 + STEP.0 / 2 <= self.counts.0 - STEP.0;
        if anew || counts > self.counts || less {
            self.counts = counts;
        }
    }

    /// When something changes without another reading.
    fn next(&self) -> Option<Time> {
        let until = self.until?;
        let older = self.largest.front().filter(|_| self.largest.len() > 1);
        let older = older.map(|(at, _)| *at + WINDOW);
        [Some(until), older, self.mean.next()].into_iter().flatten().min()
    }
}

impl Site {
    /// What is kept for other loads.
    pub(crate) fn others(&self) -> Watts {
        let counted = self.load.counted(&self.config).unwrap_or_default();
        self.config.reserve.max(counted)
    }
}

impl Csms {
    /// The last reading of a site's other loads, while it holds: the power and until when.
    #[must_use]
    pub fn load(&self, site: SiteIx) -> Option<(Watts, Time)> {
        self.sites[site.0].load.told()
    }

    /// A meter tells the power of a site's other loads; negative where they feed in.
    pub(super) fn tell_load(
        &mut self,
        now: Time,
        site: SiteIx,
        power: Watts,
        valid_for: Span,
    ) -> Result<(), Refusal> {
        let state = &self.sites[site.0];
        if state.config.worst_load.is_none() {
            return Err(Refusal::Conflict(format!(
                "what other loads of {} take at the worst is not known; set worst_load_kw in its \
                 configuration, so that it is clear what counts when the meter falls silent",
                state.id
            )));
        }
        check_load(power, valid_for)?;
        let before = state.room();
        self.sites[site.0].load.show(now, power, now + valid_for);
        self.limit_moved(now, site, before);
        Ok(())
    }

    /// A reading does not hold any more, or a larger one is long enough ago.
    pub(super) fn load_due(&mut self, now: Time, site: SiteIx) {
        let state = &mut self.sites[site.0];
        let before = state.room();
        if state.load.until.is_some_and(|until| until <= now) {
            state.load = Load::default();
        } else {
            state.load.count(now, false);
        }
        self.limit_moved(now, site, before);
    }

    /// What electric vehicles may draw is perhaps not what it was.
    fn limit_moved(&mut self, now: Time, site: SiteIx, before: Room) {
        let state = &self.sites[site.0];
        match state.load.next() {
            Some(next) => self.timers.arm(Key::Load(site), next.max(now + Span::from_ms(1))),
            None => self.timers.disarm(Key::Load(site)),
        }
        self.room_changed(now, site, before, Trigger::Load);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Time {
        Time::from_unix_s(1_777_880_400 + seconds)
    }

    fn counted(readings: &[(i64, i64)]) -> Vec<i64> {
        let mut load = Load::default();
        let counts = readings.iter().map(|(second, watts)| {
            load.show(at(*second), Watts(*watts), at(*second + 600));
            load.counts.0
        });
        counts.collect()
    }

    #[test]
    fn more_counts_at_once_and_less_after_a_minute() {
        let told = [(0, 20_400), (10, 24_100), (30, 18_000), (60, 17_500), (70, 17_600)];
        assert_eq!(counted(&told), [21_000, 25_000, 25_000, 25_000, 18_000]);
    }

    #[test]
    fn a_meter_that_trembles_moves_nobody() {
        let told: Vec<_> = (0..100).map(|n| (n * 5, 20_300 + n * 7_919 % 600)).collect();
        assert!(counted(&told).iter().all(|counts| *counts == 21_000));
    }

    #[test]
    fn for_a_soft_limit_the_last_ten_minutes_count() {
        let mut load = Load::default();
        let mean = |load: &mut Load, second: i64, watts: i64| {
            load.show(at(second), Watts(watts), at(second + 600));
            load.mean.counts.0
        };
        assert_eq!(mean(&mut load, 0, -20_000), -20_000);
        assert_eq!(mean(&mut load, 300, -20_000), -20_000);
        assert_eq!(mean(&mut load, 310, -2_000), -20_000, "a cloud");
        assert_eq!(mean(&mut load, 460, -2_000), -14_000, "that stays");
        load.count(at(610), false);
        assert_eq!(load.mean.counts, Watts(-11_000), "also when nobody tells more");
        load.count(at(1_000), false);
        assert_eq!(load.mean.counts, Watts(-2_000));
        assert_eq!(load.mean.next(), None, "and is all that counts in the end");
    }

    #[test]
    fn a_load_near_the_edge_of_a_kilowatt_moves_once() {
        let told: Vec<_> = (0..40).map(|n| (n * 100, 20_950 + n % 2 * 100)).collect();
        assert_eq!(counted(&told)[0], 21_000);
        assert!(counted(&told)[1..].iter().all(|counts| *counts == 22_000));
        assert_eq!(counted(&[(0, 21_050), (100, 20_500)]), [22_000, 21_000]);
    }

    #[test]
    fn many_readings_in_a_window_lose_no_largest_one() {
        let told: Vec<_> =
            (0..200).map(|n| (n / 10, if n == 3 { 40_000 } else { 9_000 })).collect();
        assert_eq!(counted(&told).last(), Some(&40_000));
        let told: Vec<_> =
            (0..700).map(|n| (n / 10, if n == 3 { 40_000 } else { 9_000 })).collect();
        assert_eq!(counted(&told).last(), Some(&9_000), "nor keep it longer than a window");
    }
}
