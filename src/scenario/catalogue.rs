//! The charger models a scenario can name; `[models.NAME]` tables extend them.

use crate::charger::{ChargerSpec, CurrentKind, Quirk};
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

/// Models that are known for what they do: name, the model they are otherwise, quirks.
const CHARACTERS: [(&str, &str, &[&str]); 12] = [
    ("ac22_whole_amps", "ac22", &["limit_step_a=1"]),
    ("ac22_integers_only", "ac22", &["rejects_fractions"]),
    ("ac22_watts_only", "ac22", &["rejects_amps"]),
    ("ac22_level_0", "ac22", &["max_stack_level=0", "rejects_purpose=ChargePointMaxProfile"]),
    ("ac22_default_profiles", "ac22", &["rejects_purpose=TxProfile"]),
    ("ac22_relative_only", "ac22", &["silent_kind=Absolute"]),
    ("ac11_no_zero", "ac11", &["ignores_zero", "limit_step_a=1"]),
    ("ac11_stuck_after_pause", "ac11", &["stuck_after_zero"]),
    ("ac11_slow", "ac11", &["reply_delay_s=10", "apply_delay_s=20"]),
    ("ac11_bare_meter", "ac11", &["phase_style=none", "no_current_offered", "meter_kwh"]),
    ("ac22_wrong_clock", "ac22", &["clock_offset_s=-3600", "timestamp_style=no_zone"]),
    ("ac22_deaf", "ac22", &["accepts_without_effect"]),
];

/// A charger model and what it does other than the standard says.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// Ratings and announcements.
    pub spec: ChargerSpec,
    /// Its quirks.
    pub quirks: Vec<Quirk>,
}

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

/// The sound model of this name.
#[must_use]
pub fn charger(name: &str, voltage_v: i64) -> Option<ChargerSpec> {
    chargers(voltage_v).into_iter().find(|spec| spec.model == name)
}

/// The model of this name, sound or known for what it does.
#[must_use]
pub fn model(name: &str, voltage_v: i64) -> Option<Model> {
    if let Some(spec) = charger(name, voltage_v) {
        return Some(Model { spec, quirks: Vec::new() });
    }
    let (name, base, quirks) = CHARACTERS.iter().find(|model| model.0 == name)?;
    let spec = ChargerSpec { model: (*name).to_owned(), ..charger(base, voltage_v)? };
    let quirks = quirks.iter().filter_map(|quirk| Quirk::parse(quirk).ok()).collect();
    Some(Model { spec, quirks })
}

/// The names of all models: the sound ones in order of size, then the others.
#[must_use]
pub fn charger_names() -> Vec<&'static str> {
    let sound = AC.iter().map(|model| model.0).chain(DC.iter().map(|model| model.0));
    sound.chain(CHARACTERS.iter().map(|model| model.0)).collect()
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
    use crate::charger::quirks::conflict;

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
            let found = model(name, 230).map(|model| model.spec.model);
            assert_eq!(found.as_deref(), Some(name));
        }
        assert_eq!(model("ac23", 230), None);
    }

    #[test]
    fn every_quirk_of_a_character_is_one_of_the_table() {
        for (name, _, quirks) in CHARACTERS {
            let found = model(name, 230).map(|model| model.quirks).unwrap_or_default();
            assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), quirks);
            assert_eq!(conflict(&found), None, "{name}");
        }
    }
}
