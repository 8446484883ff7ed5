//! Exact integrals at every event: energy, and how far something is over a limit.

use crate::sim::record::Excess;
use crate::time::Time;

/// Milliwatt-microseconds in a kilowatt-hour.
const MW_US_PER_KWH: f64 = 3.6e15;

/// The excess of a piecewise constant power over a piecewise constant limit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OverLimit {
    power_mw: i64,
    limit_mw: i64,
    since: Time,
    over_us: i64,
    excess: i128,
    largest_mw: i64,
}

impl OverLimit {
    pub(crate) fn new(start: Time, limit_mw: i64) -> OverLimit {
        OverLimit { power_mw: 0, limit_mw, since: start, over_us: 0, excess: 0, largest_mw: 0 }
    }

    pub(crate) fn set_power(&mut self, now: Time, power_mw: i64) {
        if power_mw != self.power_mw {
            self.advance(now);
            self.power_mw = power_mw;
        }
    }

    pub(crate) fn set_limit(&mut self, now: Time, limit_mw: i64) {
        self.advance(now);
        self.limit_mw = limit_mw;
    }

    /// Integrates up to now. Values that last no time do not count.
    pub(crate) fn advance(&mut self, now: Time) {
        let lasted = now.since(self.since).0;
        debug_assert!(lasted >= 0, "time never goes back");
        let over = self.power_mw - self.limit_mw;
        if over > 0 && lasted > 0 {
            self.over_us += lasted;
            self.excess += i128::from(over) * i128::from(lasted);
            self.largest_mw = self.largest_mw.max(over);
        }
        self.since = now;
    }

    pub(crate) fn excess(&self) -> Excess {
        Excess {
            seconds: self.over_us as f64 / 1e6,
            kwh: self.excess as f64 / MW_US_PER_KWH,
            max_kw: self.largest_mw as f64 / 1e6,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;

    #[test]
    fn the_excess_is_an_exact_integral() {
        let start = Time::from_unix_s(0);
        let at = |seconds| start + Span::from_s(seconds);
        let mut over = OverLimit::new(start, 90_000_000);
        over.set_power(at(0), 100_000_000);
        over.set_power(at(36), 80_000_000);
        over.set_limit(at(100), 60_000_000);
        over.advance(at(118));
        let excess = over.excess();
        assert_eq!(excess.seconds, 54.0);
        assert!((excess.kwh - 0.2).abs() < 1e-12, "10 kW x 36 s + 20 kW x 18 s");
        assert_eq!(excess.max_kw, 20.0);
    }

    #[test]
    fn a_value_that_lasts_no_time_does_not_count() {
        let start = Time::from_unix_s(5);
        let mut over = OverLimit::new(start, 10);
        over.set_power(start, 99);
        over.set_power(start, 5);
        over.advance(start + Span::from_s(60));
        assert_eq!(over.excess(), Excess::default());
    }
}
