//! Ready vehicle models, named by size and behaviour.
//!
//! The figures are typical of European cars since 2015, rounded; no model stands for one product.
//! `efficiency` is that of AC charging (on-board charger and auxiliaries, about 0.88..0.92; DC is a
//! few percent better). Curves count from the larger of the AC and the DC maximum: cars with DC
//! taper on AC within the last few percent only, cars without DC from where their curve bends.

use crate::time::Span;
use crate::units::{DeciAmps, Watts};

use super::{Acceptance, VehicleSpec};

/// All models, in the order of their documentation: AC from small to large, then DC.
#[must_use]
pub fn catalogue() -> Vec<VehicleSpec> {
    vec![
        plugin_hybrid(),
        micro_1p(),
        city_1p(),
        suv_2p(),
        compact_3p11(),
        sedan_3p11(),
        hatch_3p22(),
        van_3p22(),
        ultra_dc(),
        truck_dc(),
    ]
}

/// The model of this name.
#[must_use]
pub fn by_name(name: &str) -> Option<VehicleSpec> {
    catalogue().into_iter().find(|spec| spec.name == name)
}

/// A model with one kind of on-board charger; the rest differs from car to car.
fn model(name: &str, battery_kwh: f64, phases: u8, amps: i64, ac_watts: i64) -> VehicleSpec {
    VehicleSpec {
        name: name.to_owned(),
        battery_kwh,
        ac_phases: phases,
        ac_max_current: DeciAmps::from_amps(amps),
        ac_max_power: Watts(ac_watts),
        dc_max_power: Watts::ZERO,
        min_current: DeciAmps::from_amps(6),
        acceptance: Acceptance::Ideal,
        efficiency: 0.90,
        reaction: Span::from_s(2),
        ramp_per_s: 4.0,
        fall_time_constant: Span::ZERO,
        swing: 0.0,
    }
}

fn two_stage(transition_soc: f64, end_share: f64) -> Acceptance {
    Acceptance::TwoStage { transition_soc, end_share }
}

/// One-phase 16 A, small battery, no DC: tapers early and visibly.
fn plugin_hybrid() -> VehicleSpec {
    VehicleSpec {
        acceptance: two_stage(0.90, 0.20),
        efficiency: 0.88,
        reaction: Span::from_s(3),
        ramp_per_s: 2.0,
        ..model("plugin_hybrid", 12.0, 1, 16, 3_700)
    }
}

/// One-phase 16 A two-seater without DC.
fn micro_1p() -> VehicleSpec {
    VehicleSpec {
        acceptance: two_stage(0.85, 0.15),
        efficiency: 0.88,
        ..model("micro_1p", 17.0, 1, 16, 3_700)
    }
}

/// One-phase 32 A: on a three-phase EVSE it leaves two thirds of the reservation unused.
fn city_1p() -> VehicleSpec {
    VehicleSpec {
        dc_max_power: Watts(46_000),
        acceptance: two_stage(0.60, 0.05),
        reaction: Span::from_s(3),
        ramp_per_s: 8.0,
        ..model("city_1p", 40.0, 1, 32, 7_400)
    }
}

/// Two-phase 16 A, 7.2 kW.
fn suv_2p() -> VehicleSpec {
    VehicleSpec {
        dc_max_power: Watts(110_000),
        acceptance: two_stage(0.45, 0.05),
        ..model("suv_2p", 52.0, 2, 16, 7_400)
    }
}

/// Three-phase 16 A, 11 kW: the most common kind.
fn compact_3p11() -> VehicleSpec {
    VehicleSpec {
        dc_max_power: Watts(100_000),
        acceptance: two_stage(0.50, 0.06),
        ..model("compact_3p11", 58.0, 3, 16, 11_040)
    }
}

/// Three-phase 16 A with a larger battery and a fast reaction.
fn sedan_3p11() -> VehicleSpec {
    VehicleSpec {
        dc_max_power: Watts(170_000),
        acceptance: Acceptance::Table(vec![
            (0.00, 0.80),
            (0.05, 1.00),
            (0.25, 1.00),
            (0.50, 0.60),
            (0.80, 0.30),
            (0.95, 0.10),
            (1.00, 0.03),
        ]),
        efficiency: 0.91,
        reaction: Span::from_s(1),
        ramp_per_s: 2.0,
        ..model("sedan_3p11", 75.0, 3, 16, 11_040)
    }
}

/// Three-phase 32 A, 22 kW, without DC. Its charger needs 8 A and reacts slowly.
fn hatch_3p22() -> VehicleSpec {
    VehicleSpec {
        min_current: DeciAmps::from_amps(8),
        acceptance: two_stage(0.80, 0.12),
        efficiency: 0.88,
        reaction: Span::from_ms(4_500),
        ..model("hatch_3p22", 41.0, 3, 32, 22_080)
    }
}

/// Three-phase 32 A, 22 kW delivery van.
fn van_3p22() -> VehicleSpec {
    VehicleSpec {
        dc_max_power: Watts(80_000),
        acceptance: two_stage(0.70, 0.08),
        ..model("van_3p22", 68.0, 3, 32, 22_080)
    }
}

/// 800 V battery, 250 kW DC up to half full; 11 kW AC.
fn ultra_dc() -> VehicleSpec {
    VehicleSpec {
        dc_max_power: Watts(250_000),
        acceptance: Acceptance::Table(vec![
            (0.00, 0.70),
            (0.10, 1.00),
            (0.50, 0.96),
            (0.55, 0.76),
            (0.78, 0.60),
            (0.82, 0.24),
            (0.90, 0.15),
            (0.97, 0.06),
            (1.00, 0.02),
        ]),
        efficiency: 0.92,
        reaction: Span::from_s(1),
        ramp_per_s: 25.0,
        ..model("ultra_dc", 77.0, 3, 16, 11_040)
    }
}

/// Depot truck: 350 kW DC, no AC.
fn truck_dc() -> VehicleSpec {
    VehicleSpec {
        dc_max_power: Watts(350_000),
        acceptance: two_stage(0.75, 0.10),
        efficiency: 0.94,
        reaction: Span::from_s(2),
        ramp_per_s: 20.0,
        ..model("truck_dc", 440.0, 0, 0, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_model_is_found_by_its_own_name_only() {
        let names: BTreeSet<_> = catalogue().into_iter().map(|spec| spec.name).collect();
        assert_eq!(names.len(), catalogue().len());
        for name in &names {
            assert_eq!(by_name(name).map(|spec| spec.name).as_ref(), Some(name));
        }
        assert_eq!(by_name("hovercraft"), None);
    }

    #[test]
    fn figures_are_physical() {
        for spec in catalogue() {
            let name = &spec.name;
            assert!(spec.battery_kwh > 5.0 && spec.battery_kwh < 1000.0, "{name}");
            assert!((0.85..0.97).contains(&spec.efficiency), "{name}");
            assert!(spec.reaction <= Span::from_s(5), "{name}: IEC 61851-1");
            assert!(spec.min_current >= DeciAmps::from_amps(6), "{name}");
            assert!(spec.ac_phases > 0 || spec.dc_max_power > Watts::ZERO, "{name}");
            let by_current = spec.ac_max_current.to_power(230, spec.ac_phases);
            assert!((spec.ac_max_power - by_current).0.abs() <= 50, "{name}");
        }
    }
}
