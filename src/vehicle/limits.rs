//! What the chargers of a car allow: currents in milliamperes per phase, powers in milliwatts.

use crate::units::{DeciAmps, NOMINAL_VOLTAGE_V, PILOT_MINIMUM, Watts};

use super::acceptance::STEPS;
use super::{Draw, VehicleSpec};

/// The AC maximum of the car at nominal voltage: what AC acceptance steps are parts of.
pub(super) fn ac_maximum(spec: &VehicleSpec) -> Watts {
    let by_current = spec.ac_max_current.to_power(NOMINAL_VOLTAGE_V, spec.ac_phases);
    spec.ac_max_power.min(by_current).floor_zero()
}

/// The maximum that the acceptance curve counts from.
pub(super) fn battery_maximum(spec: &VehicleSpec) -> Watts {
    ac_maximum(spec).max(spec.dc_max_power)
}

/// The AC side of an EVSE: what it permits and how it is connected.
#[derive(Clone, Copy, Debug)]
pub(super) struct AcSupply {
    pub(super) current: DeciAmps,
    pub(super) phases: u8,
    pub(super) voltage_v: i64,
    pub(super) max_power: Watts,
}

impl AcSupply {
    /// Phases on which the car draws from this supply.
    pub(super) fn phases_used(self, spec: &VehicleSpec) -> u8 {
        self.phases.min(spec.ac_phases).min(3)
    }

    /// The current per phase the car aims at, standing on this step of its acceptance and taking
    /// so much more than it accepts.
    pub(super) fn target_ma(self, spec: &VehicleSpec, step: i64, swing_ma: i64) -> i64 {
        let volts = self.voltage_v * i64::from(self.phases_used(spec));
        if volts <= 0 {
            return 0;
        }
        let per_phase = |power: Watts| power.0.saturating_mul(1000) / volts;
        let offered = ma(self.current).min(per_phase(self.max_power));
        let own = ma(spec.ac_max_current).min(per_phase(spec.ac_max_power));
        if offered.min(own) < minimum_ma(spec) {
            return 0;
        }
        let accepted = match step {
            STEPS.. => own,
            _ => own.min(ac_maximum(spec).0 * 1000 * step / (STEPS * volts)),
        };
        offered.min((accepted + swing_ma).max(0))
    }

    /// The draw at this current per phase.
    pub(super) fn draw(self, spec: &VehicleSpec, level_ma: i64) -> Draw {
        let phases = self.phases_used(spec);
        let mut current_ma = [0; 3];
        current_ma[..usize::from(phases)].fill(level_ma);
        Draw { power_mw: level_ma * self.voltage_v * i64::from(phases), current_ma }
    }
}

/// The smallest limit the on-board charger starts with, per phase.
pub(super) fn minimum_ma(spec: &VehicleSpec) -> i64 {
    ma(spec.min_current.max(PILOT_MINIMUM))
}

/// The DC power the car aims at, standing on this step of its acceptance and taking so much more
/// than it accepts.
pub(super) fn dc_target_mw(spec: &VehicleSpec, offered: Watts, step: i64, swing_mw: i64) -> i64 {
    let accepted = (spec.dc_max_power.0 * 1000 * step / STEPS + swing_mw).max(0);
    (offered.floor_zero().0.saturating_mul(1000)).min(accepted)
}

/// The draw at this DC power, with its equivalent on three phases of the grid, rounded down.
pub(super) fn dc_draw(level_mw: i64) -> Draw {
    Draw { power_mw: level_mw, current_ma: [level_mw / (3 * NOMINAL_VOLTAGE_V); 3] }
}

fn ma(current: DeciAmps) -> i64 {
    current.0.saturating_mul(100)
}
