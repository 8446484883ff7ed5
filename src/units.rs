//! Control quantities as integers: watts and tenths of an ampere.
//!
//! Everything the allocator, the ledger and the charging profiles decide with is an integer, so
//! that sums are exact and "within the limit" needs no tolerance. OCPP 1.6 allows a limit one
//! decimal (`multipleOf: 0.1`), hence [`DeciAmps`].

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

use serde::{Deserialize, Serialize};

/// Nominal phase voltage of the European low-voltage grid in volts (EN 50160).
pub const NOMINAL_VOLTAGE_V: i64 = 230;

/// The smallest current the IEC 61851-1 control pilot can offer: 6 A.
pub const PILOT_MINIMUM: DeciAmps = DeciAmps(60);

/// Power in whole watts. Negative values occur as headroom, never as a limit.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Watts(pub i64);

/// Current per phase in tenths of an ampere, the resolution of an OCPP 1.6 limit.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct DeciAmps(pub i64);

impl Watts {
    /// No power.
    pub const ZERO: Watts = Watts(0);

    /// Converts kilowatts, rounding to the nearest watt.
    #[must_use]
    pub fn from_kw(kw: f64) -> Watts {
        Watts((kw * 1000.0).round() as i64)
    }

    /// The same power in kilowatts, for reports and the REST API.
    #[must_use]
    pub fn kw(self) -> f64 {
        self.0 as f64 / 1000.0
    }

    /// The larger of this power and zero.
    #[must_use]
    pub fn floor_zero(self) -> Watts {
        Watts(self.0.max(0))
    }

    /// The largest multiple of `step` that does not exceed this power.
    ///
    /// # Panics
    /// When `step` is not positive.
    #[must_use]
    pub fn floor_to(self, step: Watts) -> Watts {
        assert!(step.0 > 0, "a step is positive");
        Watts(self.0.div_euclid(step.0) * step.0)
    }

    /// The current per phase that makes this power at `voltage_v` on `phases` phases, rounded
    /// down to a tenth of an ampere, so that the limit on the wire never exceeds the decision
    /// (OCPP 1.6 errata 3.68: the nominal voltage counts, not the measured one).
    #[must_use]
    pub fn to_current(self, voltage_v: i64, phases: u8) -> DeciAmps {
        DeciAmps((self.0 * 10).div_euclid(voltage_v * i64::from(phases)))
    }
}

impl DeciAmps {
    /// No current.
    pub const ZERO: DeciAmps = DeciAmps(0);

    /// Whole amperes.
    #[must_use]
    pub const fn from_amps(amps: i64) -> DeciAmps {
        DeciAmps(amps * 10)
    }

    /// The same current in amperes, for physics and reports.
    #[must_use]
    pub fn amps(self) -> f64 {
        self.0 as f64 / 10.0
    }

    /// The power this current makes at `voltage_v` on `phases` phases, rounded up to a watt: a
    /// reservation must cover everything the limit permits.
    #[must_use]
    pub fn to_power(self, voltage_v: i64, phases: u8) -> Watts {
        let tenths = self.0 * voltage_v * i64::from(phases);
        Watts(-(-tenths).div_euclid(10))
    }

    /// The current a control pilot can signal for this limit: itself from 6 A on, otherwise none
    /// (IEC 61851-1; a limit between 0 and 6 A pauses charging).
    #[must_use]
    pub fn signalled(self) -> DeciAmps {
        if self < PILOT_MINIMUM { DeciAmps::ZERO } else { self }
    }
}

macro_rules! arithmetic {
    ($name:ident) => {
        impl Add for $name {
            type Output = $name;
            fn add(self, other: $name) -> $name {
                $name(self.0 + other.0)
            }
        }
        impl Sub for $name {
            type Output = $name;
            fn sub(self, other: $name) -> $name {
                $name(self.0 - other.0)
            }
        }
        impl Neg for $name {
            type Output = $name;
            fn neg(self) -> $name {
                $name(-self.0)
            }
        }
        impl AddAssign for $name {
            fn add_assign(&mut self, other: $name) {
                self.0 += other.0;
            }
        }
        impl SubAssign for $name {
            fn sub_assign(&mut self, other: $name) {
                self.0 -= other.0;
            }
        }
        impl Sum for $name {
            fn sum<I: Iterator<Item = $name>>(items: I) -> $name {
                $name(items.map(|item| item.0).sum())
            }
        }
    };
}
arithmetic!(Watts);
arithmetic!(DeciAmps);

impl fmt::Display for Watts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} W", self.0)
    }
}

impl fmt::Display for DeciAmps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let tenths = self.0.unsigned_abs();
        write!(f, "{sign}{}.{} A", tenths / 10, tenths % 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_rounded_down_and_its_reservation_up() {
        assert_eq!(Watts(22_000).to_current(230, 3), DeciAmps(318));
        assert_eq!(DeciAmps(318).to_power(230, 3), Watts(21_942));
        assert_eq!(DeciAmps(1).to_power(230, 1), Watts(23));
        assert_eq!(DeciAmps(61).to_power(208, 1), Watts(1269), "1268.8 W rounds up");
    }

    #[test]
    fn the_pilot_signals_nothing_below_six_amperes() {
        assert_eq!(DeciAmps(59).signalled(), DeciAmps::ZERO);
        assert_eq!(DeciAmps(60).signalled(), DeciAmps(60));
    }

    #[test]
    fn flooring_keeps_the_order_below_zero() {
        assert_eq!(Watts(-1).floor_to(Watts(100)), Watts(-100));
        assert_eq!(Watts(199).floor_to(Watts(100)), Watts(100));
    }

    #[test]
    fn tenths_print_as_tenths() {
        assert_eq!(DeciAmps(163).to_string(), "16.3 A");
        assert_eq!(DeciAmps(-5).to_string(), "-0.5 A");
    }
}
