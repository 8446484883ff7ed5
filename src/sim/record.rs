//! What a run leaves behind, complete enough for every file and chart of the report.

use crate::allocation::Strategy;
use crate::csms::Trouble;
use crate::ids::{ChargePointId, SessionId};
use crate::scenario::model::Window;
use crate::time::Time;
use crate::units::Watts;

/// A finished run.
#[derive(Clone, Debug, Default)]
pub struct RunRecord {
    /// Strategy in force at the start.
    pub strategy: Strategy,
    /// Seed of the run.
    pub seed: u64,
    /// First and last instant.
    pub from: Time,
    /// See `from`.
    pub to: Time,
    /// Hash over all events, hex.
    pub digest: String,
    /// One per charger, in scenario order.
    pub chargers: Vec<ChargePointId>,
    /// One row per `sample_interval`, the first at `from`.
    pub samples: Vec<Sample>,
    /// Site limit over time: (from, grid connection, limit for EVs = connection - reserve).
    pub limits: Vec<(Time, Watts, Watts)>,
    /// One per visit, in order of arrival; also those that never got a transaction.
    pub sessions: Vec<SessionRecord>,
    /// Every SetChargingProfile the central system sent.
    pub commands: Vec<CommandRecord>,
    /// Config changes, rebalances: (when, what) for marks on time axes.
    pub marks: Vec<(Time, String)>,
    /// Rotation epoch boundaries at which a rotation took place.
    pub rotations: Vec<Time>,
    /// Steps of what cars accept, meter steps seen by the central system: other causes of change.
    pub causes: Vec<Time>,
    /// Chargers that refuse or ignore limits: (when, charger, connector, what is wrong from then
    /// on; nothing any more). Connector 0: starts at any of its connectors.
    pub troubles: Vec<(Time, usize, u32, Option<Trouble>)>,
    /// Exact integrals of true draw over the EV limit (connection - reserve) at every event.
    pub over_limit: Excess,
    /// The same for the ledger's worst case against the EV limit.
    pub committed_over_limit: Excess,
    /// What cars that can wait should draw together at most, from an instant on; `None`: no soft
    /// limit.
    pub soft_limits: Vec<(Time, Option<Watts>)>,
    /// Exact integrals of true draw over that.
    pub over_soft_limit: Excess,
    /// Feeders and phases, where any are limited.
    pub wires: Vec<WireRecord>,
    /// Parts of the run that assertions are about, ascending.
    pub parts: Vec<PartRecord>,
    /// Energy bookkeeping.
    pub energy: EnergyBalance,
    /// Kernel events handled.
    pub events: u64,
    /// OCPP frames carried, both directions.
    pub frames: u64,
    /// Deviations from OCPP 1.6 seen by the lenient reader: (kind, count).
    pub deviations: Vec<(String, u64)>,
    /// Cars that found no free charger.
    pub turned_away: u32,
    /// Largest true draw of a charge point beyond what the ledger had reserved for it; 0 or less
    /// proves that the ledger covered everything.
    pub uncovered_max_kw: f64,
    /// The same for each charger, 0 when everything was covered; in the order of `chargers`.
    pub uncovered: Vec<Watts>,
    /// Highest true draw.
    pub peak: Watts,
    /// Wall-clock seconds of the run, measured by the shell (0 when unknown).
    pub wall_s: f64,
}

/// A limit of the site's wires: a feeder, a phase, unbalance.
#[derive(Clone, Debug, Default)]
pub struct WireRecord {
    /// In words: "feeder west, L2".
    pub name: String,
    /// What it carries, at the end of the run.
    pub limit: Watts,
    /// Highest true draw through it.
    pub peak: Watts,
    /// Exact integrals of true draw over the limit.
    pub over_limit: Excess,
    /// The same for the ledger's worst case.
    pub committed_over_limit: Excess,
}

/// What a site did in a part of the run.
#[derive(Clone, Copy, Debug)]
pub struct PartRecord {
    /// Which part.
    pub window: Window,
    /// Drawn at the meters.
    pub energy_kwh: f64,
    /// Highest true draw that lasted.
    pub peak: Watts,
    /// See [`RunRecord`].
    pub over_limit: Excess,
    /// See [`RunRecord`].
    pub committed_over_limit: Excess,
    /// See [`RunRecord`].
    pub over_soft_limit: Excess,
}

/// One row of `history.csv` and, per charger, of `chargers.csv`.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    /// When.
    pub at: Time,
    /// Site: accepted limits of running sessions.
    pub allocated: Watts,
    /// Site: reservations of the ledger (worst case in force).
    pub committed: Watts,
    /// Site: true draw.
    pub draw: Watts,
    /// Transactions running.
    pub active_sessions: u32,
    /// Per charger: (accepted limit, true draw, reservation), sum over its connectors.
    pub chargers: Vec<(Watts, Watts, Watts)>,
}

/// One visit.
#[derive(Clone, Debug)]
pub struct SessionRecord {
    /// `ses_..`, once a transaction began.
    pub session: Option<SessionId>,
    /// Index into [`RunRecord::chargers`].
    pub charger: usize,
    /// 1-based.
    pub connector: u32,
    /// Vehicle model.
    pub vehicle: String,
    /// Plug-in.
    pub arrival: Time,
    /// Unplug; `None`: still there when the run ended.
    pub departure: Option<Time>,
    /// First instant with power.
    pub first_power: Option<Time>,
    /// Last instant with power wanted (wish fulfilled, or departure).
    pub satisfied: Option<Time>,
    /// Wish at the meter.
    pub wish_kwh: f64,
    /// Largest energy this car could have got in its stay at this charger, alone in the world.
    pub feasible_kwh: f64,
    /// The most that it draws then.
    pub most: Watts,
    /// Delivered at the meter.
    pub delivered_kwh: f64,
    /// State of charge at arrival and at the end, percent.
    pub soc_pct: (f64, f64),
    /// Limits this session had, as accepted: (when, limit, cause); the first entry is the start.
    pub limits: Vec<(Time, Watts)>,
    /// When each of them was decided.
    pub decided: Vec<Time>,
    /// Spans in which power flowed.
    pub charging: Vec<(Time, Time)>,
    /// StopTransaction reason.
    pub stop_reason: Option<String>,
}

/// One SetChargingProfile.
#[derive(Clone, Debug)]
pub struct CommandRecord {
    /// Sent.
    pub at: Time,
    /// Answered; `None`: timed out or still open.
    pub answered: Option<Time>,
    /// Index into [`RunRecord::chargers`].
    pub charger: usize,
    /// 0: whole charge point.
    pub connector: u32,
    /// `TxProfile`, `TxDefaultProfile`, ..
    pub purpose: &'static str,
    /// Limit asked for.
    pub limit: Watts,
    /// Limit in force before.
    pub previous: Watts,
    /// `accepted`, `rejected`, `timed_out`, `error`, `open`.
    pub status: &'static str,
    /// What triggered the decision, e.g. `session_start`.
    pub trigger: &'static str,
    /// Binding constraint, e.g. `site`.
    pub reason: &'static str,
}

/// How far and how long something was over a limit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Excess {
    /// Seconds over.
    pub seconds: f64,
    /// Integral of the excess.
    pub kwh: f64,
    /// Largest excess.
    pub max_kw: f64,
}

/// Energy bookkeeping from three independent meters.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct EnergyBalance {
    /// Sum of the chargers' meters.
    pub grid_kwh: f64,
    /// Sum of what batteries gained.
    pub battery_kwh: f64,
    /// Sum of conversion losses.
    pub losses_kwh: f64,
}

/// Largest relative gap of an energy balance that rounding explains.
pub const ENERGY_TOLERANCE: f64 = 1e-9;

impl EnergyBalance {
    /// The gap between the meters, relative to the metered energy.
    #[must_use]
    pub fn relative_error(&self) -> f64 {
        let gap = (self.grid_kwh - self.battery_kwh - self.losses_kwh).abs();
        if gap > 0.0 { gap / self.grid_kwh.max(gap) } else { 0.0 }
    }
}

impl RunRecord {
    /// What can never be true of a sound simulation; a run that breaks one of these is a bug of
    /// the program, not a property of the site.
    #[must_use]
    pub fn broken_invariants(&self) -> Vec<String> {
        let mut broken = Vec::new();
        let error = self.energy.relative_error();
        if error > ENERGY_TOLERANCE {
            broken.push(format!(
                "energy is not conserved: {:?}, relative error {error:e}",
                self.energy
            ));
        }
        broken
    }
}
