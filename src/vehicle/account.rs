//! Energy of one vehicle: exact at the meter, and what of it the battery gains and the charger loses.

use crate::time::Span;

/// Milliwatt-microseconds in one kilowatt-hour.
pub(super) const MW_US_PER_KWH: f64 = 3.6e15;

/// A sum of floating-point terms that carries its rounding error along (Neumaier), so that a
/// session of a million segments balances as well as one of ten.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct CompensatedSum {
    total: f64,
    carry: f64,
}

impl CompensatedSum {
    fn plus(self, term: f64) -> CompensatedSum {
        let total = self.total + term;
        let lost = if self.total.abs() >= term.abs() {
            (self.total - total) + term
        } else {
            (term - total) + self.total
        };
        CompensatedSum { total, carry: self.carry + lost }
    }

    fn value(self) -> f64 {
        self.total + self.carry
    }
}

/// Energies since plug-in, in milliwatt-microseconds. The three are summed independently: their
/// balance is a check, not an identity.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct EnergyAccount {
    metered: i128,
    gained: CompensatedSum,
    lost: CompensatedSum,
}

impl EnergyAccount {
    /// This account after `power_mw` has flowed for `span`.
    pub(super) fn after(self, power_mw: i64, span: Span, efficiency: f64) -> EnergyAccount {
        let energy = i128::from(power_mw) * i128::from(span.0);
        if energy == 0 {
            return self;
        }
        EnergyAccount {
            metered: self.metered + energy,
            gained: self.gained.plus(energy as f64 * efficiency),
            lost: self.lost.plus(energy as f64 * (1.0 - efficiency)),
        }
    }

    /// At the meter, exact.
    pub(super) fn metered(&self) -> i128 {
        self.metered
    }

    /// Into the battery.
    pub(super) fn gained(&self) -> f64 {
        self.gained.value()
    }

    /// Into heat.
    pub(super) fn lost(&self) -> f64 {
        self.lost.value()
    }

    /// The time until the battery has gained `goal` at constant power, rounded up to a
    /// microsecond and at least one.
    pub(super) fn span_to_gain(&self, goal: f64, power_mw: i64, efficiency: f64) -> Span {
        let missing = (goal - self.gained.total) - self.gained.carry;
        // The cast saturates: a goal that is never reached is a span beyond every run.
        Span(((missing / (power_mw as f64 * efficiency)).ceil() as i64).max(1))
    }

    /// The time until the meter has counted `goal` at constant positive power, rounded up to a
    /// microsecond and at least one.
    pub(super) fn span_to_meter(&self, goal: i128, power_mw: i64) -> Span {
        let power = i128::from(power_mw);
        let missing = goal.saturating_sub(self.metered);
        let micros = missing / power + i128::from(missing % power > 0);
        Span(i64::try_from(micros).unwrap_or(i64::MAX).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_uneven_segments_still_balance() {
        let mut account = EnergyAccount::default();
        for i in 0..1_000_000_i64 {
            account = account.after(1 + i * 7919 % 250_000_000, Span(1 + i % 977), 0.9137);
        }
        let metered = account.metered() as f64;
        let error = (account.gained() + account.lost() - metered).abs();
        assert!(error <= 1e-14 * metered, "off by {error} of {metered}");
    }

    #[test]
    fn the_goal_is_reached_at_the_span_and_not_a_microsecond_earlier() {
        let account = EnergyAccount::default().after(3_680_000, Span(1234), 0.9);
        let goal = account.metered() + 3_680_000 * 55 + 1;
        let span = account.span_to_meter(goal, 3_680_000);
        assert!(account.after(3_680_000, span, 0.9).metered() >= goal);
        assert!(account.after(3_680_000, span - Span(1), 0.9).metered() < goal);

        let goal = account.gained() + 1e12;
        let span = account.span_to_gain(goal, 3_680_000, 0.9);
        assert!(account.after(3_680_000, span, 0.9).gained() >= goal);
        assert!(account.after(3_680_000, span - Span(1), 0.9).gained() < goal);
    }

    #[test]
    fn an_unreachable_goal_is_beyond_every_run() {
        let account = EnergyAccount::default();
        assert_eq!(account.span_to_meter(i128::MAX, 1), Span(i64::MAX));
        assert_eq!(account.span_to_gain(1.0, 1000, 0.0), Span(i64::MAX));
    }
}
