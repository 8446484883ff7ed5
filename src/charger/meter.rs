//! The energy meter of one connector: an exact integral in integers.

use crate::time::Time;
use crate::vehicle::Draw;

/// One watt-hour in milliwatt-microseconds.
pub const MW_US_PER_WH: i128 = 3_600_000_000_000;

/// Integrates a piecewise constant draw. The register only ever rises.
#[derive(Clone, Debug)]
pub struct Meter {
    energy_mw_us: i128,
    draw: Draw,
    since: Time,
}

impl Meter {
    /// A meter at 0 that sees no draw.
    #[must_use]
    pub fn new(now: Time) -> Meter {
        Meter { energy_mw_us: 0, draw: Draw::default(), since: now }
    }

    /// From `now` on the car takes `draw`. Feeding back is not metered: a negative power counts
    /// as none, because the register is the import register.
    pub fn set(&mut self, now: Time, draw: Draw) {
        self.energy_mw_us = self.energy_mw_us(now);
        self.since = self.since.max(now);
        self.draw = Draw {
            power_mw: draw.power_mw.max(0),
            current_ma: draw.current_ma.map(|current| current.max(0)),
        };
    }

    /// What the car takes now.
    #[must_use]
    pub fn draw(&self) -> Draw {
        self.draw
    }

    /// Energy since the meter was made, in milliwatt-microseconds. An instant before the last
    /// change of the draw counts as that change.
    #[must_use]
    pub fn energy_mw_us(&self, now: Time) -> i128 {
        let micros = now.since(self.since.min(now)).0;
        self.energy_mw_us + i128::from(self.draw.power_mw) * i128::from(micros)
    }

    /// When the register shows this much if the draw stays as it is; the past if it does already.
    #[must_use]
    pub fn reaches(&self, register_wh: i64) -> Time {
        let missing = i128::from(register_wh) * MW_US_PER_WH - self.energy_mw_us;
        let power = i128::from(self.draw.power_mw);
        if missing <= 0 {
            return self.since;
        }
        if power == 0 {
            return Time::NEVER;
        }
        let micros = i64::try_from((missing + power - 1) / power).ok();
        let instant = micros.and_then(|micros| self.since.0.checked_add(micros));
        instant.map_or(Time::NEVER, Time)
    }

    /// `Energy.Active.Import.Register`: whole watt-hours, rounded down.
    #[must_use]
    pub fn register_wh(&self, now: Time) -> i64 {
        i64::try_from(self.energy_mw_us(now) / MW_US_PER_WH).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;

    fn draw(power_mw: i64) -> Draw {
        Draw { power_mw, current_ma: [power_mw / 230, 0, 0] }
    }

    #[test]
    fn an_hour_at_7360_watts_is_7360_watt_hours() {
        let start = Time::from_unix_s(1000);
        let mut meter = Meter::new(start);
        meter.set(start, draw(7_360_000));
        assert_eq!(meter.register_wh(start + Span(3_599_999_999)), 7359);
        assert_eq!(meter.register_wh(start + Span::from_s(3600)), 7360);
        assert_eq!(meter.energy_mw_us(start + Span::from_s(3600)), 7360 * MW_US_PER_WH);
    }

    #[test]
    fn pieces_add_up_without_rounding() {
        let start = Time::from_unix_s(0);
        let (mut whole, mut pieces) = (Meter::new(start), Meter::new(start));
        whole.set(start, draw(1_234_567));
        for step in 0..1000 {
            pieces.set(start + Span(step * 7), draw(1_234_567));
        }
        let end = start + Span(7000);
        assert_eq!(pieces.energy_mw_us(end), whole.energy_mw_us(end));
        assert_eq!(whole.energy_mw_us(end), 1_234_567 * 7000);
    }

    #[test]
    fn a_register_is_reached_at_the_first_instant_that_shows_it() {
        let start = Time::from_unix_s(1000);
        let mut meter = Meter::new(start);
        assert_eq!((meter.reaches(0), meter.reaches(1)), (start, Time::NEVER));
        meter.set(start, draw(7_000_001));
        let at = meter.reaches(1000);
        assert_eq!(meter.register_wh(at), 1000);
        assert_eq!(meter.register_wh(Time(at.0 - 1)), 999);
        assert_eq!(meter.reaches(i64::MAX), Time::NEVER, "beyond the end of time");
    }

    #[test]
    fn neither_feeding_back_nor_a_clock_that_turns_back_lowers_the_register() {
        let start = Time::from_unix_s(100);
        let mut meter = Meter::new(start);
        meter.set(start, draw(3_600_000));
        meter.set(start + Span::from_s(10), draw(-5_000_000));
        assert_eq!(meter.register_wh(start + Span::from_s(5000)), 10);
        assert_eq!(meter.register_wh(start), 10);
        meter.set(start, draw(3_600_000));
        assert_eq!(meter.register_wh(start + Span::from_s(11)), 11, "10 s were counted already");
    }
}
