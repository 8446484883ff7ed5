//! What a connector draws, and whether that is more than it may.
//!
//! It is compared in the unit in which the profiles are written, wherever it was measured so:
//!
//! * limits in A with the highest current of a phase. A current without phase may be that of one or the sum of
//!   three; the power beside it tells which, and where it does not, the sum is supposed;
//! * limits in W with the power. It may be as much too high as the voltage is, since charge points control the
//!   current: then the currents at nominal voltage must be too high as well;
//! * without power and current, with the energy between two values.

use super::accepted::Allowed;
use crate::ocpp::MeterReading;
use crate::time::{Span, Time};
use crate::units::NOMINAL_VOLTAGE_V;

/// What is measured may be above the limit by half an ampere, or by 3 %.
const CURRENT_DA: i64 = 5;
const PERCENT: i64 = 3;

/// Power may be above it by that much where no current tells how much of it is voltage (EN 50160), percent.
const VOLTAGE_PERCENT: i64 = 10;

/// The mean power between two values says something if they are so far apart.
const APART: (Span, Span) = (Span::from_s(60), Span::from_s(30 * 60));

/// What is drawn at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Draw {
    /// When it was told.
    pub(super) at: Time,
    power_w: Option<i64>,
    /// Tenths of an ampere, by phase.
    current_da: [Option<i64>; 3],
    /// Whether the first is one without phase.
    without_phase: bool,
    energy_mwh: Option<i64>,
}

/// Whether it is more than it may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is not.
    Within,
    /// It is, in words.
    Above(String),
    /// Nothing is allowed or measured that could be compared.
    Unknown,
}

impl Allowed {
    /// The higher limit in each unit.
    pub(super) fn higher(self, other: Allowed) -> Allowed {
        let higher = |a: Option<i64>, b: Option<i64>| Some(a?.max(b?));
        Allowed {
            current_da: higher(self.current_da, other.current_da),
            power_w: higher(self.power_w, other.power_w),
        }
    }
}

impl Draw {
    /// What a reading tells.
    pub(super) fn new(at: Time, reading: &MeterReading) -> Draw {
        Draw {
            at,
            // The power of one phase is nothing to compare with.
            power_w: reading.power_w.filter(|_| !reading.power_of_one_phase),
            current_da: reading.current_da,
            without_phase: reading.current_without_phase,
            energy_mwh: reading.energy_mwh,
        }
    }

    /// Whether power or current were measured.
    pub(super) fn is_measured(&self) -> bool {
        self.power_w.is_some() || self.current_da.iter().any(Option::is_some)
    }

    /// Power, W: as it was measured, or of the currents at nominal voltage.
    pub(super) fn power_w(&self) -> Option<i64> {
        self.power_w.or_else(|| self.nominal_w())
    }

    /// Mean power since an earlier draw by the register, W, and by how much it may be wrong.
    pub(super) fn mean_w(&self, before: &Draw) -> Option<(i64, i64)> {
        let span = self.at.since(before.at);
        if span < APART.0 || span > APART.1 {
            return None;
        }
        let (from, to) = (before.energy_mwh?, self.energy_mwh?);
        let w = |mwh: i64| (mwh as f64 / 1000.0 / span.hours()).round() as i64;
        Some((w(to.checked_sub(from)?), w(resolution(from).min(resolution(to)))))
    }

    /// What was measured against a limit of profiles in A, in W, or both.
    pub(super) fn against(&self, allowed: Allowed, (amps, watts): (bool, bool)) -> Verdict {
        let current = || self.current_against(allowed.current_da);
        let power = |percent| self.power_against(allowed.power_w, percent);
        match (amps, watts) {
            (false, false) => Verdict::Unknown,
            (true, false) => match current() {
                Verdict::Unknown => power(VOLTAGE_PERCENT),
                verdict => verdict,
            },
            (false, true) => power(PERCENT),
            (true, true) => match (current(), power(PERCENT)) {
                (Verdict::Unknown, verdict) | (verdict, Verdict::Unknown) => verdict,
                (Verdict::Within, _) | (_, Verdict::Within) => Verdict::Within,
                (verdict, _) => verdict,
            },
        }
    }

    /// The mean since the value before, against the highest limit of that time.
    pub(super) fn mean_against(&self, before: Option<&Draw>, allowed: Allowed) -> Verdict {
        let mean = before.and_then(|before| self.mean_w(before));
        let (Some((mean_w, error_w)), Some(limit_w)) = (mean, allowed.power_w) else {
            return Verdict::Unknown;
        };
        let room = share(limit_w, VOLTAGE_PERCENT).max(self.half_an_ampere()) + error_w;
        if mean_w <= limit_w + room {
            return Verdict::Within;
        }
        Verdict::Above(format!("has drawn {mean_w} W on average where {limit_w} W are allowed"))
    }

    fn current_against(&self, limit_da: Option<i64>) -> Verdict {
        let (Some(limit), Some(highest)) = (limit_da, self.of_a_phase()) else {
            return Verdict::Unknown;
        };
        if highest <= limit + share(limit, PERCENT).max(CURRENT_DA) {
            return Verdict::Within;
        }
        let (highest, limit) = (highest as f64 / 10.0, limit as f64 / 10.0);
        Verdict::Above(format!("draws {highest} A a phase where {limit} A are allowed"))
    }

    fn power_against(&self, limit_w: Option<i64>, percent: i64) -> Verdict {
        let (Some(limit), Some(power)) = (limit_w, self.power_w()) else {
            return Verdict::Unknown;
        };
        let above = |w: i64, percent| w > limit + share(limit, percent).max(self.half_an_ampere());
        let nominal = self.nominal_w().is_some_and(|w| above(w, percent));
        if !(above(power, VOLTAGE_PERCENT) || above(power, percent) && nominal) {
            return Verdict::Within;
        }
        Verdict::Above(format!("draws {power} W where {limit} W are allowed"))
    }

    /// The highest current of a phase, as low as it may be; tenths of an ampere.
    fn of_a_phase(&self) -> Option<i64> {
        let highest = self.current_da.iter().filter_map(|it| *it).max()?;
        if !self.without_phase {
            return Some(highest);
        }
        // Three phases with that current each would have three times the power.
        let alone_w = highest * NOMINAL_VOLTAGE_V / 10;
        let each = self.power_w.is_some_and(|power| power * 2 > alone_w * 3);
        Some(if each { highest } else { highest / 3 })
    }

    /// Power of the currents by phase at nominal voltage, W.
    fn nominal_w(&self) -> Option<i64> {
        let sum = self.current_da.iter().filter_map(|it| *it).reduce(i64::saturating_add)?;
        Some(sum.saturating_mul(NOMINAL_VOLTAGE_V) / 10).filter(|_| !self.without_phase)
    }

    /// Half an ampere in every phase that has a current, W; in three when that is not known.
    fn half_an_ampere(&self) -> i64 {
        let phases = self.current_da.iter().filter(|it| it.is_some_and(|da| da >= 10)).count();
        let phases = if self.without_phase || phases == 0 { 3 } else { phases as i64 };
        CURRENT_DA * NOMINAL_VOLTAGE_V * phases / 10
    }
}

fn share(of: i64, percent: i64) -> i64 {
    of.saturating_mul(percent) / 100
}

/// The steps in which a register seems to count, mWh.
pub(super) fn resolution(register_mwh: i64) -> i64 {
    let steps = [1_000_000, 100_000, 10_000, 1000, 100, 10];
    steps.into_iter().find(|step| register_mwh % step == 0).unwrap_or(1)
}
