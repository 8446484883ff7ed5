//! Exact integrals at every event: energy, and how far something is over a limit.

use crate::scenario::model::Window;
use crate::sim::record::{Excess, PartRecord, RunRecord};
use crate::time::Time;
use crate::units::Watts;

/// Milliwatt-microseconds in a kilowatt-hour.
const MW_US_PER_KWH: f64 = 3.6e15;

/// The excess of a piecewise constant power over a piecewise constant limit, in all and in parts of
/// the time.
#[derive(Clone, Debug)]
pub(crate) struct OverLimit {
    power_mw: i64,
    limit_mw: i64,
    since: Time,
    whole: Tally,
    parts: Vec<Part>,
}

/// How much that was.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    over_us: i64,
    excess: i128,
    largest_mw: i64,
}

#[derive(Clone, Copy, Debug)]
struct Part {
    window: Window,
    over: Tally,
    energy: i128,
    peak_mw: i64,
}

impl Tally {
    fn add(&mut self, over_mw: i64, lasted_us: i64) {
        if over_mw > 0 {
            self.over_us += lasted_us;
            self.excess += i128::from(over_mw) * i128::from(lasted_us);
            self.largest_mw = self.largest_mw.max(over_mw);
        }
    }

    fn excess(&self) -> Excess {
        Excess {
            seconds: self.over_us as f64 / 1e6,
            kwh: self.excess as f64 / MW_US_PER_KWH,
            max_kw: self.largest_mw as f64 / 1e6,
        }
    }
}

impl OverLimit {
    pub(crate) fn new(start: Time, limit_mw: i64) -> OverLimit {
        OverLimit {
            power_mw: 0,
            limit_mw,
            since: start,
            whole: Tally::default(),
            parts: Vec::new(),
        }
    }

    fn in_parts(self, windows: &[Window]) -> OverLimit {
        let part =
            |&window: &Window| Part { window, over: Tally::default(), energy: 0, peak_mw: 0 };
        OverLimit { parts: windows.iter().map(part).collect(), ..self }
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
        let over_mw = self.power_mw - self.limit_mw;
        if lasted > 0 {
            self.whole.add(over_mw, lasted);
        }
        for part in &mut self.parts {
            let lasted = now.min(part.window.to).since(self.since.max(part.window.from)).0;
            if lasted > 0 {
                part.over.add(over_mw, lasted);
                part.energy += i128::from(self.power_mw) * i128::from(lasted);
                part.peak_mw = part.peak_mw.max(self.power_mw);
            }
        }
        self.since = now;
    }

    pub(crate) fn excess(&self) -> Excess {
        self.whole.excess()
    }
}

/// What is drawn and what is reserved against the limits of a site.
#[derive(Clone, Debug)]
pub(crate) struct Excesses {
    /// True draw.
    pub(crate) drawn: OverLimit,
    /// What the ledger has reserved.
    pub(crate) committed: OverLimit,
    /// True draw against the soft limit.
    pub(crate) soft: OverLimit,
}

impl Excesses {
    pub(crate) fn new(start: Time, limit_mw: i64, windows: &[Window]) -> Excesses {
        let meter = |limit_mw| OverLimit::new(start, limit_mw).in_parts(windows);
        Excesses { drawn: meter(limit_mw), committed: meter(limit_mw), soft: meter(i64::MAX) }
    }

    pub(crate) fn set_draw(&mut self, now: Time, power_mw: i64) {
        self.drawn.set_power(now, power_mw);
        self.soft.set_power(now, power_mw);
    }

    /// Integrates up to the end, and puts down what there was.
    pub(crate) fn finish(&mut self, end: Time, record: &mut RunRecord) {
        for meter in [&mut self.drawn, &mut self.committed, &mut self.soft] {
            meter.advance(end);
        }
        record.over_limit = self.drawn.excess();
        record.committed_over_limit = self.committed.excess();
        record.over_soft_limit = self.soft.excess();
        let parts = self.drawn.parts.iter().zip(&self.committed.parts).zip(&self.soft.parts);
        let part = |((drawn, committed), soft): ((&Part, &Part), &Part)| PartRecord {
            window: drawn.window,
            energy_kwh: drawn.energy as f64 / MW_US_PER_KWH,
            peak: Watts(drawn.peak_mw / 1000),
            over_limit: drawn.over.excess(),
            committed_over_limit: committed.over.excess(),
            over_soft_limit: soft.over.excess(),
        };
        record.parts = parts.map(part).collect();
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
    fn parts_of_the_time_have_what_falls_into_them() {
        let start = Time::from_unix_s(0);
        let at = |seconds| start + Span::from_s(seconds);
        let windows = [Window { from: at(10), to: at(30) }, Window { from: at(20), to: at(3600) }];
        let mut meters = Excesses::new(start, 90_000_000, &windows);
        meters.set_draw(at(0), 100_000_000);
        meters.committed.set_power(at(0), 95_000_000);
        meters.set_draw(at(25), 120_000_000);
        meters.set_draw(at(26), 80_000_000);
        let mut record = RunRecord::default();
        meters.finish(at(40), &mut record);
        let [first, second] = record.parts.as_slice() else { panic!("{:?}", record.parts) };
        assert_eq!((first.over_limit.seconds, second.over_limit.seconds), (16.0, 6.0));
        assert_eq!((first.over_limit.max_kw, first.peak), (30.0, Watts(120_000)));
        assert!((first.energy_kwh * 3600.0 - (1500.0 + 120.0 + 320.0)).abs() < 1e-9);
        assert_eq!(first.committed_over_limit.seconds, 20.0);
        assert_eq!(second.committed_over_limit.seconds, 20.0, "the run is over after 40 s");
        assert_eq!(record.over_limit.seconds, 26.0);
        assert_eq!(first.over_soft_limit, Excess::default());
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
