//! The mean power between two readings of a register, for meters that tell nothing else (the
//! default of MeterValuesSampledData is the register alone, OCPP 1.6 §9.1.14).

use crate::time::{Span, Time};

/// What lies closer together says too little, and a car changes its draw within seconds ..
const SHORTEST: Span = Span::from_s(30);
/// .. and what lies further apart says too little of now.
const LONGEST: Span = Span::from_s(900);
/// A register is read to some digits: as long as they leave more than this open, the next reading
/// may tell, W.
const EXACT_W: i64 = 100;
/// No register is coarser, mWh: 1 kWh.
const COARSEST: i64 = 1_000_000;

/// The register when a mean begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mean {
    since: Option<(Time, i64)>,
}

/// A mean power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flow {
    /// Since when it flowed.
    pub(crate) since: Time,
    pub(crate) power_w: i64,
}

impl Mean {
    /// The register shows so much, mWh.
    pub(crate) fn show(&mut self, register: i64, at: Time) -> Option<Flow> {
        let (since, before) = *self.since.get_or_insert((at, register));
        let during = at.since(since);
        if during > LONGEST || register < before {
            // It says nothing of now, or it began anew.
            self.since = Some((at, register));
            return None;
        }
        if during < SHORTEST || power(digits(before, register), during) > EXACT_W {
            return None;
        }
        self.since = Some((at, register));
        Some(Flow { since, power_w: power(register - before, during) })
    }
}

/// The power of so much energy, mWh, in this time; W.
fn power(energy: i64, during: Span) -> i64 {
    let watts = i128::from(energy) * 3_600_000 / i128::from(during.0.max(1));
    i64::try_from(watts).unwrap_or(i64::MAX)
}

/// The unit of the last digit that both readings show, mWh.
fn digits(a: i64, b: i64) -> i64 {
    let mut unit = 1;
    while unit < COARSEST && a % (unit * 10) == 0 && b % (unit * 10) == 0 {
        unit *= 10;
    }
    unit
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Time {
        Time::from_unix_s(1_777_880_400 + seconds)
    }

    #[test]
    fn a_register_in_watt_hours_tells_the_power_of_a_minute() {
        let mut mean = Mean::default();
        assert_eq!(mean.show(5_000_123_000, at(0)), None);
        assert_eq!(mean.show(5_000_140_000, at(10)), None, "too short");
        let flow = mean.show(5_000_307_000, at(60));
        assert_eq!(flow, Some(Flow { since: at(0), power_w: 11_040 }));
        let flow = mean.show(5_000_307_000, at(120));
        assert_eq!(flow, Some(Flow { since: at(60), power_w: 0 }));
    }

    #[test]
    fn a_register_in_kilowatt_hours_tells_nothing_of_a_minute() {
        let mut mean = Mean::default();
        let kwh = 1_000_000;
        let told: Vec<_> = (0..60).filter_map(|n| mean.show(n / 6 * kwh, at(n * 60))).collect();
        assert_eq!(told, [], "11 kW would be a step every 5 min");
    }

    #[test]
    fn a_register_that_began_anew_or_was_not_read_for_long_begins_a_new_mean() {
        let mut mean = Mean::default();
        mean.show(9_000_123_000, at(0));
        assert_eq!(mean.show(1_000, at(60)), None);
        assert_eq!(mean.show(101_000, at(120)).map(|flow| flow.power_w), Some(6_000));
        assert_eq!(mean.show(20_101_000, at(7_200)), None);
        assert_eq!(mean.show(20_201_000, at(7_260)).map(|flow| flow.since), Some(at(7_200)));
    }
}
