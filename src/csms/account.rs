//! The energy of a session from whatever its meter shows.
//!
//! Registers restart with a session, go backwards, come in kWh under the name of Wh or the other
//! way round (ocpp.md, Q12 to Q14). So the steps of the register are summed, not its ends
//! subtracted; a step backwards is a restart; and what power and register say of the same time
//! shows when one of them is off by a factor. Integers: thousandths of a watt hour.

use crate::time::{Span, Time};
use crate::units::Watts;

/// A register that reads this much less than before was only rounded: 10 Wh.
const JITTER: i64 = 10_000;
/// A step this large is possible in no time at all, when timestamps cannot be trusted: 1 kWh.
const SLACK: i64 = 1_000_000;
/// So much more than is possible may be told at once, because what was buffered is stamped when it
/// is sent: 10 kWh. Beyond, one reading alone is not believed.
const BUFFERED: i64 = 10_000_000;
/// Energy that must have flowed before power and register are compared: 500 Wh, and some steps of
/// the register, whose resolution may be a kWh.
const TELLING: i64 = 500_000;
const STEPS: i64 = 3;
/// Samples further apart than this say nothing about what flowed between them.
const HOLDS: Span = Span::from_s(900);
/// More than any register shows, 10^15 Wh: sums stay far from overflow.
const MOST: i64 = 1_000_000_000_000_000_000;

/// By how many powers of ten the figures of a meter are wrong; 0: they are what they say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scale {
    /// Of the register: -3, 0 or 3.
    pub(crate) register: i8,
    /// Of the power: -3, -1, 0, 1 or 3.
    pub(crate) power: i8,
}

impl Scale {
    /// A power as the meter means it.
    pub(crate) fn power(self, power_w: i64) -> i64 {
        scaled(power_w, self.power)
    }

    /// A register as the meter means it, mWh.
    pub(crate) fn register(self, register: i64) -> i64 {
        scaled(register, self.register)
    }
}

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) scale: Scale,
    began: Time,
    start: i64,
    total: i64,
    /// The register as last read, scaled, and when.
    last: i64,
    last_at: Time,
    /// True once the meter has shown its register in this session.
    read: bool,
    /// A register that cannot have been reached, and when: garbage, unless the next one goes on
    /// from there.
    jump: Option<(i64, Time)>,
    /// The last sample that showed both: when, power in W, energy until then.
    sample: Option<(Time, i64, i64)>,
    /// Energy by the register and by the power, between samples of about the same power.
    steady: (i64, i64),
    /// The smallest step of the register.
    finest: i64,
    /// Power and register agree, or one was corrected: nothing is compared any more.
    compared: bool,
}

impl Account {
    /// An account from the register at the start, Wh, at a meter of which `scale` is known.
    pub(crate) fn new(meter_start: i64, scale: Scale, at: Time) -> Account {
        let start = meter_start.saturating_mul(1000).clamp(-MOST, MOST);
        Account {
            scale,
            began: at,
            start,
            total: 0,
            last: start,
            last_at: at,
            read: false,
            jump: None,
            sample: None,
            steady: (0, 0),
            finest: MOST,
            compared: scale != Scale::default(),
        }
    }

    /// Energy since the start, Wh, rounded to the nearest.
    pub(crate) fn wh(&self) -> i64 {
        (self.total + 500).div_euclid(1000)
    }

    /// The meter shows a register, mWh, and perhaps a power, W. Returns whether a scale was found
    /// to be wrong.
    pub(crate) fn show(
        &mut self,
        register: Option<i64>,
        power_w: Option<i64>,
        at: Time,
        rated: Watts,
    ) -> bool {
        let before = self.scale;
        if let Some(register) = register {
            self.step(register, at, rated);
        }
        if let (Some(power), Some(_), false) = (power_w, register, self.compared) {
            self.integrate(power, at);
            self.compare(power, rated, at);
        }
        self.scale != before
    }

    /// The register at the end, Wh; it may be in another unit than the samples were.
    pub(crate) fn close(&mut self, meter_stop: i64, at: Time, rated: Watts) {
        let stop = meter_stop.saturating_mul(1000).clamp(-MOST, MOST);
        let most = possible(rated, at.since(self.last_at));
        let fits = |scale: i8| {
            let step = scaled(stop, scale) - self.last;
            (-JITTER..=most).contains(&step)
        };
        let scales = [0, self.scale.register, 3];
        let scale = scales.into_iter().find(|scale| fits(*scale)).unwrap_or(0);
        match self.jump {
            Some((base, since)) if follows(base, scaled(stop, scale), rated, at.since(since)) => {
                self.count_from(base, scaled(stop, scale));
            }
            _ => self.advance(scaled(stop, scale), most),
        }
    }

    fn step(&mut self, register: i64, at: Time, rated: Watts) {
        if at < self.last_at {
            // Told late: a newer one has counted already.
            return;
        }
        let most = possible(rated, at.since(self.last_at));
        let fits = |scale: i8| {
            let step = scaled(register, scale) - self.last;
            (-JITTER..=most).contains(&step)
        };
        if !self.read && !fits(self.scale.register) {
            // The start is in Wh; what follows it directly tells the unit of the samples. Or the
            // start is in their unit as well.
            if let Some(scale) = [3, -3].into_iter().find(|scale| fits(*scale)) {
                self.scale.register = scale;
            } else if fits(0) {
                self.last = scaled(self.last, self.scale.register);
                self.start = self.last;
            }
        }
        let register = scaled(register, self.scale.register);
        let jump = self.jump.take();
        if self.is_possible(register, most) {
            self.advance(register, most);
        } else if let Some((base, since)) = jump
            && follows(base, register, rated, at.since(since))
        {
            self.count_from(base, register);
        } else {
            self.jump = Some((register, at));
            return;
        }
        self.last_at = at;
        self.read = true;
    }

    /// Whether the register can have come so far, or began anew.
    fn is_possible(&self, register: i64, most: i64) -> bool {
        let since_start = register - self.start - self.total;
        register - self.last <= most + BUFFERED || (-JITTER..=most).contains(&since_start)
    }

    /// The register counts from another base than before.
    fn count_from(&mut self, base: i64, register: i64) {
        self.total = (self.total + (register - base).max(0)).min(MOST);
        self.last = register;
    }

    fn advance(&mut self, register: i64, most: i64) {
        let step = register - self.last;
        if (-JITTER..0).contains(&step) {
            return;
        }
        let since_start = register - self.start - self.total;
        if step > most && (-JITTER..=most).contains(&since_start) {
            // It counted the session alone until now.
            self.total = self.total.max(register - self.start);
        } else if step >= 0 {
            self.finest = self.finest.min(if step > 0 { step } else { MOST });
            self.total = (self.total + step).min(MOST);
        } else if register >= self.total - JITTER && register - self.total <= most {
            // It counts from the start of the session.
            self.total = self.total.max(register);
        } else if (0..=most).contains(&register) {
            // It began anew.
            self.total += register;
        }
        self.last = register;
    }

    /// Adds what register and power say of the time since the last sample, if the power has hardly
    /// changed: what flowed in between is known then.
    fn integrate(&mut self, power_w: i64, at: Time) {
        let Some((since, before, total)) = self.sample.replace((at, power_w, self.total)) else {
            return;
        };
        let held = at.since(since);
        let changed = (power_w - before).abs() * 5 > power_w.max(before);
        if changed || held <= Span::ZERO || held > HOLDS {
            return;
        }
        let mean = i128::from(before) + i128::from(power_w);
        // Watts times microseconds, halved, in mWh.
        let energy = mean * i128::from(held.0) / 7_200_000;
        let energy = i64::try_from(energy).unwrap_or(MOST).clamp(0, MOST);
        self.steady.0 = (self.steady.0 + self.total - total).clamp(0, MOST);
        self.steady.1 = (self.steady.1 + energy).min(MOST);
    }

    /// Where power and register differ by a factor that only a wrong unit makes, the one that
    /// would be more than twice what the hardware can is wrong, else the one that shows less.
    fn compare(&mut self, power_w: i64, rated: Watts, at: Time) {
        let (register, by_power) = self.steady;
        let telling = TELLING.max(self.finest.saturating_mul(STEPS));
        if register.max(by_power) < telling || register == 0 || by_power == 0 {
            return;
        }
        let within = |a: i64, b: i64, low: i64, high: i64| {
            let (a, b) = (i128::from(a), i128::from(b));
            a >= b * i128::from(low) && a <= b * i128::from(high)
        };
        self.compared = true;
        if within(by_power, register, 500, 2000) {
            let impossible = power_w > 2 * rated.0;
            if impossible { self.scale.power = -3 } else { self.rescale(3) }
        } else if within(register, by_power, 500, 2000) {
            let impossible = self.total > possible(rated, at.since(self.began));
            if impossible { self.rescale(-3) } else { self.scale.power = 3 }
        } else if within(register, by_power, 7, 15) {
            self.scale.power = 1;
        } else if within(by_power, register, 7, 15) {
            self.scale.power = -1;
        } else {
            // They agree, or differ in a way that is no unit: more may tell.
            self.compared = register < 2 * by_power && by_power < 2 * register;
        }
    }

    fn rescale(&mut self, power_of_ten: i8) {
        self.scale.register += power_of_ten;
        self.total = scaled(self.total, power_of_ten);
        self.last = scaled(self.last, power_of_ten);
        // It was told in the same unit, or the first sample would have shown it.
        self.start = scaled(self.start, power_of_ten);
        self.jump = None;
    }
}

/// Whether a register can have gone on from a base for so long.
fn follows(base: i64, register: i64, rated: Watts, during: Span) -> bool {
    (-JITTER..=possible(rated, during)).contains(&(register - base))
}

/// The most that can flow in a time: twice the rating, and some more.
fn possible(rated: Watts, during: Span) -> i64 {
    let energy = i128::from(2 * rated.0.max(1)) * i128::from(during.0.max(0)) / 3_600_000;
    i64::try_from(energy).unwrap_or(MOST).saturating_add(SLACK).min(MOST)
}

fn scaled(value: i64, power_of_ten: i8) -> i64 {
    let factor = 10_i64.pow(u32::from(power_of_ten.unsigned_abs()));
    if power_of_ten >= 0 { value.saturating_mul(factor).clamp(-MOST, MOST) } else { value / factor }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATED: Watts = Watts(11_000);

    /// An hour at 11 kW, sampled every minute; the meter says register (mWh) and power (W) of what
    /// is true.
    fn hour(start: i64, says: impl Fn(i64, i64) -> (i64, i64), stop: Option<i64>) -> Account {
        let mut account = Account::new(start, Scale::default(), Time(0));
        for minute in 0..=60 {
            let (register, power) = says(minute * 11_000_000 / 60, 11_000);
            account.show(Some(register), Some(power), Time::from_unix_s(minute * 60), RATED);
        }
        if let Some(stop) = stop {
            account.close(stop, Time::from_unix_s(3600), RATED);
        }
        account
    }

    fn wh(start: i64, says: impl Fn(i64, i64) -> (i64, i64), stop: Option<i64>) -> i64 {
        hour(start, says, stop).wh()
    }

    #[test]
    fn a_plain_register_counts_its_steps() {
        assert_eq!(wh(5_000, |e, p| (5_000_000 + e, p), Some(16_000)), 11_000);
        assert_eq!(wh(5_000, |e, p| (5_000_000 + e, p), None), 11_000);
        assert_eq!(wh(5_000, |_, p| (5_000_000, p), Some(16_000)), 11_000, "only the end moves");
    }

    #[test]
    fn registers_that_restart_with_the_session_count_once() {
        assert_eq!(wh(123_456, |e, p| (e, p), Some(11_000)), 11_000, "all but the start");
        assert_eq!(wh(123_456, |e, p| (e, p), Some(134_456)), 11_000, "the samples alone");
        assert_eq!(wh(123_456, |e, p| (123_456_000 + e, p), Some(11_000)), 11_000, "the end alone");
        assert_eq!(wh(0, |e, p| (e, p), Some(0)), 11_000, "an end that says nothing");
    }

    #[test]
    fn a_register_that_restarts_on_the_way_loses_nothing() {
        let says = |e: i64, p| (if e > 5_500_000 { e - 5_500_000 } else { 9_000_000 + e }, p);
        assert_eq!(wh(9_000, says, Some(5_500)), 11_000);
    }

    #[test]
    fn a_register_whose_unit_is_mislabelled_is_found_out() {
        assert_eq!(
            wh(5_000, |e, p| ((5_000_000 + e) * 1000, p), Some(16_000)),
            11_000,
            "Wh as kWh"
        );
        assert_eq!(wh(500_000, |e, p| ((500_000_000 + e) / 1000, p), Some(511_000)), 11_000);
        assert_eq!(wh(0, |e, p| (e / 1000, p), Some(11)), 11_000, "kWh as Wh, by the power");
    }

    #[test]
    fn a_meter_known_to_mislabel_may_tell_the_start_either_way() {
        let known = Scale { register: 3, power: 0 };
        for start in [511, 511_000] {
            let mut account = Account::new(start, known, Time(0));
            account.show(Some(511_000), None, Time(0), RATED);
            account.show(Some(512_500), None, Time::from_unix_s(600), RATED);
            assert_eq!(account.wh(), 1_500, "{start}");
        }
    }

    #[test]
    fn a_power_off_by_a_factor_is_found_out_by_the_register() {
        for (factor, scale) in [((1, 10), 1), ((10, 1), -1), ((1, 1000), 3), ((1000, 1), -3)] {
            let account = hour(0, |e, p| (e, p * factor.0 / factor.1), None);
            assert_eq!(account.scale, Scale { register: 0, power: scale }, "{factor:?}");
            assert_eq!(account.scale.power(11_000 * factor.0 / factor.1), 11_000);
            assert_eq!(account.wh(), 11_000);
        }
    }

    #[test]
    fn a_register_of_whole_kilowatt_hours_and_a_power_that_jumps_are_no_factor() {
        for offset in [0, 100, 400, 700, 950] {
            let says = |e: i64, p| ((e + offset * 1000) / 1_000_000 * 1_000_000, p);
            assert_eq!(hour(0, says, None).scale, Scale::default(), "{offset}");
        }
        let mut account = Account::new(0, Scale::default(), Time(0));
        for (second, wh, power) in [(0, 0, 0), (60, 2_300, 4_000), (120, 4_700, 150_000)] {
            account.show(Some(wh * 1000), Some(power), Time::from_unix_s(second), Watts(150_000));
        }
        assert_eq!(account.scale, Scale::default());
    }

    #[test]
    fn a_register_that_cannot_be_true_counts_for_nothing() {
        let wh = |registers: &[i64], stop: Option<i64>| {
            let mut account = Account::new(5_000, Scale::default(), Time(0));
            for (minute, register) in (1..).zip(registers) {
                let at = Time::from_unix_s(minute * 60);
                account.show(Some(register * 1000), None, at, RATED);
            }
            if let Some(stop) = stop {
                account.close(stop, Time::from_unix_s(600), RATED);
            }
            account.wh()
        };
        assert_eq!(wh(&[5_100, 9_005_200, 5_300], None), 300, "garbage once");
        assert_eq!(wh(&[5_100, 9_005_200, 7, 5_400], Some(5_500)), 500, "garbage twice");
        assert_eq!(wh(&[5_100, 9_005_200, 9_005_300], None), 200, "another meter");
        assert_eq!(wh(&[5_100, 9_005_200], Some(9_005_300)), 200, "and the end");
        assert_eq!(wh(&[9_005_200, 9_005_300], None), 100, "a start that is none of this meter");
    }

    #[test]
    fn a_register_in_another_unit_that_restarts_after_that_is_known() {
        let mut account = Account::new(100, Scale::default(), Time(0));
        for minute in 0..=60 {
            let at = Time::from_unix_s(minute * 60);
            account.show(Some(100_000 + minute * 11_000 / 60), Some(11_000), at, RATED);
        }
        assert_eq!((account.scale.register, account.wh()), (3, 11_000), "kWh called Wh");
        // For a sample it tells the session alone.
        account.show(Some(11_000), None, Time::from_unix_s(3_660), RATED);
        account.show(Some(111_100), None, Time::from_unix_s(3_720), RATED);
        assert_eq!(account.wh(), 11_100);
    }

    #[test]
    fn what_comes_late_or_trembles_counts_for_nothing() {
        let mut account = Account::new(0, Scale::default(), Time(0));
        let at = Time::from_unix_s;
        account.show(Some(2_000_000), None, at(600), RATED);
        account.show(Some(1_000_000), None, at(300), RATED);
        account.show(Some(1_999_000), None, at(660), RATED);
        account.show(Some(2_001_000), None, at(720), RATED);
        assert_eq!(account.wh(), 2_001);
    }
}
