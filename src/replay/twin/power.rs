//! What a site drew, minute by minute, by the energy that its meters counted.

use std::collections::BTreeMap;

use crate::time::{Span, Time};
use crate::units::Watts;

const MINUTE: Span = Span::from_s(60);
/// Watts that a milliwatt-hour makes in a minute.
const W_PER_MWH: f64 = 0.06;

/// Energy by minute since 1970, mWh.
#[derive(Clone, Debug, Default)]
pub(super) struct Power {
    by_minute: BTreeMap<i64, f64>,
}

impl Power {
    /// So much was counted between two readings: evenly, for all one knows.
    pub(super) fn add(&mut self, from: Time, to: Time, mwh: f64) {
        if to <= from || mwh <= 0.0 {
            return;
        }
        let per_us = mwh / to.since(from).0 as f64;
        let mut at = from;
        while at < to {
            let end = at.next_multiple(MINUTE).min(to);
            let minute = at.0.div_euclid(MINUTE.0);
            *self.by_minute.entry(minute).or_default() += per_us * end.since(at).0 as f64;
            at = end;
        }
    }

    /// The mean of every minute from the first to the last that has any.
    pub(super) fn series(&self) -> Vec<(Time, Watts)> {
        let ends = self.by_minute.keys().next().zip(self.by_minute.keys().next_back());
        let Some((first, last)) = ends else { return Vec::new() };
        (*first..=*last)
            .map(|minute| {
                let mwh = self.by_minute.get(&minute).copied().unwrap_or(0.0);
                (Time(minute * MINUTE.0), Watts((mwh * W_PER_MWH).round() as i64))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn energy_is_spread_evenly_over_the_minutes_between_readings() {
        let at = |s: i64| Time::from_unix_s(1_777_874_400 + s);
        let mut power = Power::default();
        power.add(at(30), at(150), 120_000.0);
        power.add(at(150), at(150), 5.0);
        let watts: Vec<i64> = power.series().iter().map(|(_, it)| it.0).collect();
        assert_eq!(watts, [1800, 3600, 1800]);
        assert_eq!(power.series()[0].0, at(0));
    }
}
