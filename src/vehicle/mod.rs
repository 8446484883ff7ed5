//! The simulated electric vehicle: a battery behind an on-board or DC charger, and its driver's wish.
//!
//! A [`Vehicle`] is a sans-IO state machine. It is told what the EVSE offers and answers with a
//! draw that is constant until [`Vehicle::next_change`]: the acceptance curve and the ramp move in
//! small steps, as battery management systems do, so that energy between events is an exact
//! product and nobody integrates numerically.
//!
//! One file a concern: `acceptance` turns the curve into steps, `reaction` delays offers, `limits`
//! knows what the chargers of the car allow, `account` keeps the energy, `machine` joins them.

mod acceptance;
mod account;
pub mod catalogue;
mod limits;
mod machine;
mod reaction;

pub use machine::{Vehicle, feasible};

use serde::{Deserialize, Serialize};

use crate::time::Span;
use crate::units::{DeciAmps, Watts};

/// What the EVSE permits at this moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Offer {
    /// Nothing: pilot off, contactor open or limit below 6 A.
    #[default]
    None,
    /// Alternating current.
    Ac {
        /// Per phase, at least 6 A.
        current: DeciAmps,
        /// Phases the EVSE connects, 1..=3.
        phases: u8,
        /// Nominal phase voltage.
        voltage_v: i64,
        /// Rated total power of the EVSE; the draw never exceeds it.
        max_power: Watts,
    },
    /// Direct current: total power.
    Dc {
        /// At the meter of the EVSE.
        power: Watts,
    },
}

/// What the car takes, as the EVSE's meter sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Draw {
    /// Total active power in milliwatts.
    pub power_mw: i64,
    /// Current of L1, L2, L3 in milliamperes; for DC the grid-side equivalent on three phases.
    pub current_ma: [i64; 3],
}

/// Share of the maximum power a battery accepts over its state of charge.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Acceptance {
    /// Always the maximum, up to 100 %: the ideal battery of ACN-Sim.
    Ideal,
    /// Constant up to `transition_soc`, then falling linearly to `end_share` at 100 %.
    TwoStage {
        /// 0..1.
        transition_soc: f64,
        /// 0..1, of the maximum power at 100 %.
        end_share: f64,
    },
    /// Straight lines between (state of charge, share) points, both 0..1, ascending.
    Table(Vec<(f64, f64)>),
}

/// A vehicle model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VehicleSpec {
    /// For reports.
    pub name: String,
    /// Usable energy of the battery.
    pub battery_kwh: f64,
    /// Phases of the on-board charger, 1..=3; 0: no AC.
    pub ac_phases: u8,
    /// Per phase.
    pub ac_max_current: DeciAmps,
    /// Total limit of the on-board charger at the meter.
    pub ac_max_power: Watts,
    /// At the meter; 0: no DC.
    pub dc_max_power: Watts,
    /// Smallest limit the on-board charger works with, at least 6 A: when offer and ratings leave
    /// less, it draws nothing. The taper of a nearly full battery may go below it, because the
    /// pilot is an upper limit only (IEC 61851-1).
    pub min_current: DeciAmps,
    /// See [`Acceptance`]; the share counts from the larger of the AC and the DC maximum, so that a
    /// car with a fast DC input tapers late when it charges with AC, and a car without DC early.
    pub acceptance: Acceptance,
    /// Share of the metered energy that reaches the battery, 0..1.
    pub efficiency: f64,
    /// Time between a changed offer and the first changed draw (IEC 61851-1: at most 5 s down).
    pub reaction: Span,
    /// Ramp of rising power in amperes per second per phase (AC) or kW per second (DC); 0: at once.
    pub ramp_per_s: f64,
    /// Falling power approaches what is offered exponentially with this time constant, in steps of
    /// a second, and is there within 0.1 A or 0.1 kW; 0: at once. An opened contactor cuts it.
    pub fall_time_constant: Span,
    /// What the car takes swings by up to so much around what it accepts, in amperes per phase (AC)
    /// or kW (DC), every ten seconds; never above what is offered.
    pub swing: f64,
}
