//! What a car proves to accept: its phases and its largest current, learned from meter values.
//!
//! The limit offered is an upper bound; a one-phase car on a three-phase charger, a small
//! on-board charger or a nearly full battery takes less. What is learned here lets the allocator
//! give the difference to others (allocation.md §4.3, "acceptance estimator"): lowered only after
//! a whole window below the offer, raised at once when the car takes all it is offered. The
//! headroom above the learned value is the probe: a car that goes up with its offer shows it there;
//! for those that do not there are larger offers once in a while (`reprobe`). A car whose draw trembles
//! shows it again and again: each time the window in which it has to stay below doubles.

use crate::charger::CurrentKind;
use crate::csms::config::{Control, Hardware, Setpoint};
use crate::ocpp::meter::MeterReading;
use crate::time::{Span, Time};
use crate::units::Watts;

/// What was learned may be wrong so often before windows become longer.
const FREE: u32 = 1;
/// The longest window is so many doublings away at most.
const DOUBLINGS: u32 = 10;
/// A draw this close to the offer takes all of it: 0.6 A.
const TAKES_ALL_DA: i64 = 6;
/// Currents below this do not show a used phase.
const PHASE_VISIBLE_DA: i64 = 10;
/// A car that takes nothing of a standing offer for this long is full or asleep.
const FULL_AFTER: Span = Span::from_s(300);
/// The car has this long to follow a new offer before its draw says anything.
const FOLLOW: Span = Span::from_s(15);
/// Smaller changes of the learned value are not worth a new decision: 1 A, or 700 W (DC).
const WORTH_DA: i64 = 10;
const WORTH_W: i64 = 700;

/// What a reading changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learned {
    /// Nothing worth a decision.
    Nothing,
    /// The car needs less than was thought; others can have it.
    Less,
    /// The car takes all it is offered, or woke up: it may want more.
    More,
}

/// The estimator of one session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acceptance {
    phases: Option<u8>,
    largest: Option<Setpoint>,
    below_since: Option<Time>,
    window: Setpoint,
    /// How often it took more than what had been learned.
    wrong: u32,
    idle_since: Option<Time>,
    /// The largest offer of which nothing was taken.
    idle_offer: Setpoint,
    full: bool,
}

impl Acceptance {
    /// Phases the car was seen to use.
    #[must_use]
    pub fn phases(&self) -> Option<u8> {
        self.phases
    }

    /// The largest set-point the car was seen to take while it took less than its offer; `None` while
    /// it takes all it gets.
    #[must_use]
    pub fn largest(&self) -> Option<Setpoint> {
        self.largest
    }

    /// True when the car takes nothing although it was offered power for long.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.full
    }

    /// True when the car seems full but was never offered all: some cars charge only above a
    /// current of their own, far above the 6 A of the pilot.
    #[must_use]
    pub fn may_want_more(&self, hardware: &Hardware) -> bool {
        self.full && self.idle_offer < hardware.full()
    }

    /// The largest set-point worth offering: what was learned plus headroom of 2 A (1.4 kW) or
    /// 10 %, whichever is more; `None` while the car takes all it gets.
    #[must_use]
    pub fn worth_offering(&self, hardware: &Hardware) -> Option<Setpoint> {
        let least = match hardware.kind {
            CurrentKind::Ac => 20,
            CurrentKind::Dc => 1400,
        };
        self.largest.map(|Setpoint(value)| Setpoint(value + least.max(value / 10)))
    }

    /// Takes in a reading of a connector that offers `offer` since `offered_since`. `windows`: how
    /// long a car is below its offer before its acceptance is lowered, at first and at most.
    pub fn observe(
        &mut self,
        reading: &MeterReading,
        offer: Setpoint,
        offered_since: Time,
        hardware: &Hardware,
        at: Time,
        windows: (Span, Span),
    ) -> Learned {
        let phases_before = self.phases;
        self.see_phases(reading, hardware);
        let Some(draw) = self.draw(reading, hardware) else { return Learned::Nothing };
        if hardware.watts(offer, hardware.phases) == Watts::ZERO {
            // Nothing was offered, so nothing can be learned; a full car stays full.
            self.below_since = None;
            self.idle_since = None;
            return Learned::Nothing;
        }
        let learned = self.weigh(draw, offer, offered_since, hardware, at, windows);
        if self.phases != phases_before && learned == Learned::Nothing {
            return Learned::Less;
        }
        learned
    }

    fn weigh(
        &mut self,
        draw: Setpoint,
        offer: Setpoint,
        offered_since: Time,
        hardware: &Hardware,
        at: Time,
        windows: (Span, Span),
    ) -> Learned {
        let (close, worth) = match hardware.kind {
            CurrentKind::Ac => (TAKES_ALL_DA, WORTH_DA),
            CurrentKind::Dc => (WORTH_W, WORTH_W),
        };
        let woke = self.full && draw > Setpoint::ZERO;
        if draw > Setpoint::ZERO {
            self.full = false;
            self.idle_since = None;
            self.idle_offer = Setpoint::ZERO;
        }
        if draw.0 >= offer.0 - close {
            self.below_since = None;
            // A smaller offer that is taken whole says nothing about a larger one.
            let limited_before = self.largest.is_some_and(|largest| largest < draw);
            if limited_before {
                self.largest = None;
                self.wrong += 1;
            }
            return if woke || limited_before { Learned::More } else { Learned::Nothing };
        }
        if at.since(offered_since) < FOLLOW {
            return if woke { Learned::More } else { Learned::Nothing };
        }
        if draw == Setpoint::ZERO {
            let since = (*self.idle_since.get_or_insert(at)).max(offered_since);
            let is_news = !self.full || offer > self.idle_offer;
            if is_news && at.since(since) >= FULL_AFTER {
                self.full = true;
                self.idle_offer = offer;
                return Learned::Less;
            }
        }
        let since = match self.below_since {
            Some(since) => {
                self.window = self.window.max(draw);
                since
            }
            None => {
                self.window = draw;
                *self.below_since.insert(at)
            }
        };
        if at.since(since) < self.window_length(windows) {
            return if woke { Learned::More } else { Learned::Nothing };
        }
        let settled = std::mem::replace(&mut self.window, draw);
        self.below_since = Some(at);
        let news = self.largest.is_none_or(|known| (known.0 - settled.0).abs() >= worth);
        if news {
            self.largest = Some(settled);
        }
        match (woke, news) {
            (true, _) => Learned::More,
            (false, true) => Learned::Less,
            (false, false) => Learned::Nothing,
        }
    }

    /// How long it has to take less than its offer until that is learned.
    pub(super) fn window(&self, control: &Control) -> Span {
        self.window_length((control.acceptance_window, control.acceptance_window_max))
    }

    fn window_length(&self, (first, longest): (Span, Span)) -> Span {
        let doublings = self.wrong.saturating_sub(FREE).min(DOUBLINGS);
        (first * (1 << doublings)).min(longest.max(first))
    }

    /// Phases count once a current flows that only they can carry; more may show up later.
    fn see_phases(&mut self, reading: &MeterReading, hardware: &Hardware) {
        if hardware.kind == CurrentKind::Dc {
            return;
        }
        let used = reading
            .current_da
            .iter()
            .flatten()
            .filter(|current| **current >= PHASE_VISIBLE_DA)
            .count() as u8;
        let all_reported =
            reading.current_da.iter().flatten().count() >= usize::from(hardware.phases);
        let seen = if all_reported { Some(used) } else { phases_by_power(reading, hardware) };
        if let Some(seen) = seen.filter(|seen| used > 0 && *seen >= used) {
            let seen = seen.min(hardware.phases);
            self.phases = Some(self.phases.map_or(seen, |known| known.max(seen)));
        }
    }

    /// The draw in the connector's unit. Without currents per phase, a power alone says nothing
    /// about current while the number of phases is unknown.
    fn draw(&self, reading: &MeterReading, hardware: &Hardware) -> Option<Setpoint> {
        match hardware.kind {
            CurrentKind::Dc => reading.power_w.map(Setpoint),
            CurrentKind::Ac => {
                let largest = reading.current_da.iter().flatten().max().copied();
                largest.map(Setpoint).or_else(|| {
                    let phases = if hardware.phases == 1 { 1 } else { self.phases? };
                    let power = reading.power_w?;
                    Some(Setpoint(Watts(power).to_current(hardware.voltage_v, phases).0))
                })
            }
        }
    }
}

/// How many phases of the largest current make the power; `None` where that is no clear number.
/// A current without phase, or one of a list that was cut off, is told by this alone.
fn phases_by_power(reading: &MeterReading, hardware: &Hardware) -> Option<u8> {
    let current = reading.current_da.iter().flatten().max().copied()?;
    let power = reading.power_w.filter(|_| !reading.power_of_one_phase)?;
    let one = current * hardware.voltage_v / 10;
    if current < PHASE_VISIBLE_DA || one == 0 {
        return None;
    }
    let phases = (power + one / 2).div_euclid(one);
    let exact = (power - phases * one).abs() * 5 <= one;
    (exact && (1..=i64::from(hardware.phases)).contains(&phases)).then_some(phases as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn currents(l1: i64, l2: i64, l3: i64) -> MeterReading {
        MeterReading { current_da: [Some(l1), Some(l2), Some(l3)], ..MeterReading::default() }
    }

    const WINDOW: Span = Span::from_s(60);
    const LONGEST: Span = Span::from_s(960);

    struct Bench {
        acceptance: Acceptance,
        clock: i64,
        longest: Span,
    }

    impl Bench {
        fn new() -> Bench {
            Bench { acceptance: Acceptance::default(), clock: 100, longest: LONGEST }
        }

        fn minute(&mut self, reading: &MeterReading, offer: i64) -> Learned {
            self.clock += 60;
            let now = Time::from_unix_s(self.clock);
            let since = Time::from_unix_s(0);
            self.acceptance.observe(
                reading,
                Setpoint(offer),
                since,
                &Hardware::ac22(),
                now,
                (WINDOW, self.longest),
            )
        }

        /// A car that takes 8 A, give or take 1.5 A, and is offered what is worth offering: how often
        /// something was learned in so many minutes.
        fn tremble(&mut self, minutes: usize) -> usize {
            let swing = [80, 92, 72, 95, 65, 86, 70];
            let news = (0..minutes).filter(|minute| {
                let offer =
                    self.acceptance.worth_offering(&Hardware::ac22()).map_or(190, |worth| worth.0);
                // Another level every ten seconds, a sample every minute.
                let draw = swing[minute * 6 % swing.len()].min(offer);
                self.minute(&currents(draw, draw, draw), offer) != Learned::Nothing
            });
            news.count()
        }
    }

    #[test]
    fn a_draw_that_trembles_is_learned_in_ever_longer_windows() {
        let mut bench = Bench::new();
        let (first, later) = (bench.tremble(120), bench.tremble(600));
        assert!(first <= 12 && later <= 2, "{first} in two hours, {later} in the next ten");
        let mut bench = Bench { longest: WINDOW, ..Bench::new() };
        let (first, later) = (bench.tremble(120), bench.tremble(600));
        assert!(first > 24 && later > 120, "without that {first}, {later}");
    }

    #[test]
    fn a_one_phase_car_on_a_three_phase_charger_is_seen_at_once() {
        let mut bench = Bench::new();
        assert_eq!(bench.minute(&currents(320, 0, 0), 320), Learned::Less);
        assert_eq!(bench.acceptance.phases(), Some(1));
        assert_eq!(bench.acceptance.worth_offering(&Hardware::ac22()), None, "it takes all 32 A");
    }

    #[test]
    fn acceptance_is_lowered_after_a_whole_window_and_raised_at_once() {
        let mut bench = Bench::new();
        bench.minute(&currents(320, 320, 320), 320);
        assert_eq!(bench.minute(&currents(160, 160, 160), 320), Learned::Nothing);
        assert_eq!(bench.minute(&currents(160, 160, 160), 320), Learned::Less);
        assert_eq!(bench.acceptance.worth_offering(&Hardware::ac22()), Some(Setpoint(180)));
        assert_eq!(bench.minute(&currents(178, 178, 178), 180), Learned::More);
        assert_eq!(bench.acceptance.worth_offering(&Hardware::ac22()), None);
    }

    #[test]
    fn a_constant_draw_below_the_offer_is_learned_once() {
        let mut bench = Bench::new();
        let news: Vec<Learned> =
            (0..100).map(|_| bench.minute(&currents(160, 160, 160), 180)).collect();
        assert_eq!(
            news.iter().filter(|learned| **learned == Learned::Less).count(),
            2,
            "phases, current"
        );
        assert!(!news.contains(&Learned::More));
    }

    #[test]
    fn a_car_that_takes_nothing_is_full_after_five_minutes_and_may_wake() {
        let mut bench = Bench::new();
        bench.minute(&currents(160, 160, 160), 160);
        for _ in 0..6 {
            bench.minute(&currents(0, 0, 0), 160);
        }
        assert!(bench.acceptance.is_full());
        bench.minute(&currents(0, 0, 0), 0);
        assert!(bench.acceptance.is_full(), "no offer, no news");
        assert_eq!(bench.minute(&currents(60, 60, 60), 60), Learned::More);
        assert!(!bench.acceptance.is_full());
    }

    #[test]
    fn a_car_that_takes_nothing_of_a_small_offer_may_want_a_larger_one() {
        let mut bench = Bench::new();
        for _ in 0..7 {
            bench.minute(&currents(0, 0, 0), 60);
        }
        assert!(bench.acceptance.is_full() && bench.acceptance.may_want_more(&Hardware::ac22()));
        let news: Vec<Learned> = (0..9).map(|_| bench.minute(&currents(0, 0, 0), 320)).collect();
        assert_eq!(news.iter().filter(|learned| **learned != Learned::Nothing).count(), 1);
        assert!(bench.acceptance.is_full() && !bench.acceptance.may_want_more(&Hardware::ac22()));
    }

    #[test]
    fn a_small_offer_taken_whole_says_nothing_about_a_larger_one() {
        let mut bench = Bench::new();
        for _ in 0..3 {
            bench.minute(&currents(160, 160, 160), 320);
        }
        assert_eq!(bench.minute(&currents(80, 80, 80), 80), Learned::Nothing);
        assert_eq!(bench.acceptance.worth_offering(&Hardware::ac22()), Some(Setpoint(180)));
    }

    #[test]
    fn a_current_without_phase_shows_its_phases_by_the_power() {
        for (power_w, phases) in [(11_040, Some(3)), (3_680, Some(1)), (5_500, None), (368, None)] {
            let mut bench = Bench::new();
            let current_da = [Some(160), None, None];
            let reading =
                MeterReading { power_w: Some(power_w), current_da, ..MeterReading::default() };
            bench.minute(&reading, 160);
            assert_eq!(bench.acceptance.phases(), phases, "{power_w} W at 16 A");
        }
    }

    #[test]
    fn a_list_of_currents_that_was_cut_off_hides_no_phase() {
        let mut bench = Bench::new();
        let current_da = [Some(160), Some(160), None];
        let cut = MeterReading { current_da, ..MeterReading::default() };
        bench.minute(&cut, 160);
        assert_eq!(bench.acceptance.phases(), None, "the third may be there");
        bench.minute(&MeterReading { power_w: Some(11_040), ..cut }, 160);
        assert_eq!(bench.acceptance.phases(), Some(3));
    }

    #[test]
    fn power_alone_teaches_nothing_while_phases_are_unknown() {
        let mut bench = Bench::new();
        let reading = MeterReading { power_w: Some(3_680), ..MeterReading::default() };
        assert_eq!(bench.minute(&reading, 160), Learned::Nothing);
        assert_eq!(bench.minute(&reading, 160), Learned::Nothing);
        assert_eq!(bench.acceptance.worth_offering(&Hardware::ac22()), None);
    }
}
