//! What meters showed.

use std::collections::BTreeMap;

use crate::ocpp::messages::MeterValuesRequest;
use crate::ocpp::{Action, MeterReading, Reader};
use crate::time::{Span, Time};

/// A power that no sample confirms for this long is not taken to last.
const HOLDS: Span = Span::from_s(15 * 60);

/// What a meter showed at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    /// By the station's clock where it is near that of the trace, otherwise by the trace.
    pub(super) at: Time,
    /// Power, W.
    pub(super) power_w: Option<i64>,
    /// Register, Wh.
    pub(super) register_wh: Option<i64>,
}

/// Reads MeterValues.
#[derive(Debug, Default)]
pub(super) struct Metered {
    reader: Reader,
}

impl Metered {
    /// The readings of a message that was seen at `at`.
    pub(super) fn values(&mut self, at: Time, payload: &str) -> Vec<Reading> {
        let read = self.reader.request::<MeterValuesRequest<'_>>(Action::MeterValues, payload);
        let Ok(message) = read else { return Vec::new() };
        let readings = MeterReading::by_instant(&message.value.meter_value);
        readings
            .map(|(said, reading)| Reading {
                at: if said.0.since(at).0.abs() < Span::from_s(60).0 { said.0 } else { at },
                power_w: reading.power_w,
                register_wh: reading.energy_wh,
            })
            .collect()
    }
}

/// The power at a connector as steps: from each sample to the next, or to the end of the transaction.
#[derive(Clone, Debug, Default)]
pub struct Samples {
    steps: BTreeMap<Time, i64>,
    register: Option<(Time, i64)>,
    /// Whether the meter tells power itself.
    tells_power: bool,
}

impl Samples {
    pub(super) fn take(&mut self, reading: &Reading) {
        let before = self.register;
        if let Some(register) = reading.register_wh {
            self.register = Some((reading.at, register));
        }
        if let Some(power) = reading.power_w {
            self.tells_power = true;
            self.steps.insert(reading.at, power);
        } else if let (false, Some((from, wh)), Some(now)) =
            (self.tells_power, before, reading.register_wh)
        {
            let span = reading.at.since(from);
            if span > Span::ZERO && now >= wh {
                let power = (now - wh) as f64 * 3600.0 / span.s();
                self.steps.insert(from, power.round() as i64);
                self.steps.insert(reading.at, 0);
            }
        }
    }

    pub(super) fn ends(&mut self, at: Time) {
        self.steps.insert(at, 0);
        self.register = None;
    }

    /// From when on which power was drawn, W; what nothing confirms ends after a quarter of an hour.
    #[must_use]
    pub fn power(&self) -> Vec<(Time, i64)> {
        let mut steps = Vec::with_capacity(self.steps.len());
        let mut all = self.steps.iter().peekable();
        while let Some((at, power)) = all.next() {
            steps.push((*at, *power));
            let silent = all.peek().is_none_or(|(next, _)| next.since(*at) > HOLDS);
            if silent && *power != 0 {
                steps.push((*at + HOLDS, 0));
            }
        }
        steps
    }
}

/// The sum of several series of steps.
#[must_use]
pub fn sum(series: &[Vec<(Time, i64)>]) -> Vec<(Time, i64)> {
    let mut moves: BTreeMap<Time, i64> = BTreeMap::new();
    for steps in series {
        let mut before = 0;
        for (at, value) in steps {
            *moves.entry(*at).or_default() += value - before;
            before = *value;
        }
    }
    let mut level = 0;
    let levels = moves.into_iter().map(|(at, by)| {
        level += by;
        (at, level)
    });
    levels.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(at: i64, power_w: Option<i64>, register_wh: Option<i64>) -> Reading {
        Reading { at: Time(at * 1_000_000), power_w, register_wh }
    }

    #[test]
    fn a_meter_without_power_shows_it_by_its_register() {
        let mut samples = Samples::default();
        samples.take(&reading(0, None, Some(1000)));
        samples.take(&reading(60, None, Some(1100)));
        samples.ends(Time(70_000_000));
        let at = |s: i64| Time(s * 1_000_000);
        assert_eq!(samples.power(), [(at(0), 6000), (at(60), 0), (at(70), 0)]);
    }

    #[test]
    fn a_silent_meter_is_believed_for_a_quarter_of_an_hour() {
        let mut samples = Samples::default();
        samples.take(&reading(0, Some(5000), None));
        samples.take(&reading(3600, Some(4000), None));
        let power = samples.power();
        assert_eq!(power[1], (Time(900_000_000), 0));
        let other = vec![(Time(0), 100), (Time(900_000_000), 50)];
        assert_eq!(sum(&[power, other])[..2], [(Time(0), 5100), (Time(900_000_000), 50)]);
    }
}
