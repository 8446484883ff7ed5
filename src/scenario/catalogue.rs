//! The charger models a scenario can name; `[models.NAME]` tables extend them.

use crate::charger::{ChargerSpec, CurrentKind};
use crate::time::Span;
use crate::units::{DeciAmps, Watts};

/// Name, phases, amperes per phase and rated kilowatts of each AC model.
const AC: [(&str, u8, i64, f64); 5] = [
    ("ac3_7", 1, 16, 3.7),
    ("ac7", 1, 32, 7.4),
    ("ac11", 3, 16, 11.0),
    ("ac22", 3, 32, 22.0),
    ("ac43", 3, 63, 43.0),
];

/// Name and rated kilowatts of each DC model.
const DC: [(&str, f64); 6] = [
    ("dc25", 25.0),
    ("dc50", 50.0),
    ("dc75", 75.0),
    ("dc150", 150.0),
    ("dc300", 300.0),
    ("dc400", 400.0),
];

/// All models, for a site of this nominal phase voltage.
#[must_use]
pub fn chargers(voltage_v: i64) -> Vec<ChargerSpec> {
    let ac = AC.iter().map(|(name, phases, amps, kw)| ChargerSpec {
        phases: *phases,
        max_current: DeciAmps::from_amps(*amps),
        max_power: Watts::from_kw(*kw),
        ..generic(name, CurrentKind::Ac, voltage_v)
    });
    let dc = DC.iter().map(|(name, kw)| ChargerSpec {
        max_current: grid_current(Watts::from_kw(*kw), voltage_v, 3),
        max_power: Watts::from_kw(*kw),
        ..generic(name, CurrentKind::Dc, voltage_v)
    });
    ac.chain(dc).collect()
}

/// The model of this name.
#[must_use]
pub fn charger(name: &str, voltage_v: i64) -> Option<ChargerSpec> {
    chargers(voltage_v).into_iter().find(|spec| spec.model == name)
}

/// The names of all models, in order of size.
#[must_use]
pub fn charger_names() -> Vec<&'static str> {
    AC.iter().map(|model| model.0).chain(DC.iter().map(|model| model.0)).collect()
}

/// The smallest current per phase that covers this power, rounded up to a tenth of an ampere.
pub(super) fn grid_current(power: Watts, voltage_v: i64, phases: u8) -> DeciAmps {
    let volts = (voltage_v * i64::from(phases)).max(1);
    DeciAmps(-(-power.0 * 10).div_euclid(volts))
}

/// What all models of a kind share. AC chargers take limits in amperes, DC chargers in watts:
/// what their makers ship.
fn generic(name: &str, kind: CurrentKind, voltage_v: i64) -> ChargerSpec {
    ChargerSpec {
        model: name.to_owned(),
        kind,
        connectors: 1,
        phases: 3,
        max_current: DeciAmps::ZERO,
        max_power: Watts::ZERO,
        voltage_v,
        apply_delay: Span::from_s(1),
        meter_interval: Span::from_s(60),
        clock_aligned_interval: Span::ZERO,
        allows_amps: kind == CurrentKind::Ac,
        allows_watts: kind == CurrentKind::Dc,
        max_stack_level: 8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_current_of_every_model_carries_its_rated_power_within_half_a_percent() {
        for spec in chargers(230) {
            let carried = spec.max_current.to_power(230, spec.phases);
            let slack = (carried.0 - spec.max_power.0) as f64 / spec.max_power.0 as f64;
            assert!((-0.006..0.015).contains(&slack), "{}: {slack}", spec.model);
        }
    }

    #[test]
    fn names_find_their_model() {
        for name in charger_names() {
            assert_eq!(charger(name, 230).map(|spec| spec.model).as_deref(), Some(name));
        }
        assert_eq!(charger("ac23", 230), None);
    }
}
