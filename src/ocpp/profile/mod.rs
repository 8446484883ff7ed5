//! Charging profiles (OCPP 1.6 §3.13, §7.8-§7.15) and what they add up to.
//!
//! Three steps, each pure and each a file: [`ProfileStore`] decides what may be installed and what
//! it replaces, [`evaluate`] reads one profile at one instant, [`Composite`] combines all that
//! concern a connector. Every answer carries the instant until which it holds, so that callers
//! set one timer instead of asking every second.
//!
//! # Numbers and time
//!
//! Limits are integer tenths of their unit. Where watts become amperes (I = W / (U x n), errata
//! 3.68) the quotient is kept exactly until the last step and then rounded **down** to a tenth: a
//! limit that is rounded up can break the limit it came from. The evaluation works in whole
//! seconds, the resolution of the wire: every instant is floored to its second.
//!
//! # Where the text leaves room
//!
//! One reading for each point; `tests/composite_cases` holds it against the cases of other
//! implementations, which name the points by these tags. All cases agree but one, whose
//! TxDefaultProfile on connector 0 wins by its level (`txdefault_scope`).
//!
//! | Point | Reading here | Tag |
//! |---|---|---|
//! | No profile gives a limit | Unlimited ([`Limit::current`] is `None`); a composite schedule marks the period and shows the hardware maximum | `gap_shown_as_station_default` |
//! | Connector 0 | min(ChargePointMax, sum of the connectors, installation limit); an unlimited connector counts with its hardware maximum | `connector0_sum` |
//! | TxDefault without a transaction | Counts, with now as the start of a relative schedule; [`Reading::default_without_transaction`] | `txdefault_without_transaction` |
//! | TxDefault on connector 0 and on the connector | The connector's own prevails whatever the levels, at every instant at which it gives a limit: §3.13.1 lets it replace the station's for that connector; [`Reading::one_default_stack`] | `txdefault_scope` |
//! | TxProfile that gives no limit now | TxDefault applies at that instant | `txprofile_gap_falls_back_to_txdefault` |
//! | Recurring before its startSchedule | Applies: startSchedule anchors the rhythm, validFrom delays a profile; [`Reading::recurs_before_start`] | `recurrence_before_startSchedule` |
//! | Schedule longer than its recurrence | Stored as it is, cut at the next recurrence | |
//! | validTo | Exclusive | `boundary_inclusive` |
//! | A and W mixed | Converted with the nominal voltage and the smallest numberPhases among the combined periods, 3 where none names any ([`Supply`]) | `unit_conversion` |
//! | More than one decimal after conversion | Exact until the last step, then down to a tenth | `conversion_rounding` |
//! | numberPhases of a sum over connectors | The largest | `phase_merge_max_in_sum` |
//! | minChargingRate | No effect on limits; it is a hint for the allocator | `min_charging_rate` |
//! | Fractions of a second | Cut: every instant counts as the second it lies in | `subsecond_floor` |
//! | numberPhases when purposes combine | The smaller, also for conversion | `phase_merge_min` |
//! | ChargePointMax seen from one connector | The whole of it; [`share`] divides it among connectors that charge | `connector_share_of_max` |
//! | Absolute without startSchedule | Accepted; starts with the transaction, before one at validFrom, else now | |
//! | Relative ChargePointMax | Accepted; starts when it was installed | |
//! | MaxChargingProfilesInstalled | Counted after replacement | |
//! | Clear without a match | Unknown, also without a filter | |
//! | Clear with connectorId 0 | The profiles installed on 0 | |
//! | Unknown connector, value out of its range | CALLERROR PropertyConstraintViolation; an empty period list OccurenceConstraintViolation | |
//! | Wrong purpose for the connector, level, unit, count, transaction or order of periods | Rejected | |
//! | TxProfile without a running transaction, or without its id | Rejected | |
//! | No smart charging | CALLERROR NotSupported (errata 3.39) | |

mod account;
pub mod case;
mod composite;
pub mod evaluate;
pub mod share;
mod store;

pub use account::{Fate, Remark};
pub use composite::{
    Composite, Exact, Maximum, PowerLimit, Query, Reading, SchedulePeriod, Supply, Transaction,
};
pub use store::{ClearFilter, Installed, ProfileStore, Refusal, SetOutcome, StationLimits};

use serde::{Deserialize, Serialize};

use crate::time::Time;
use crate::units::DeciAmps;

/// A limit in tenths of its unit (A or W), exact as on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tenths(pub i64);

/// Unit of a charging schedule. A is per phase, W the total of all phases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum RateUnit {
    /// Amperes per phase.
    A,
    /// Watts over all phases.
    W,
}

/// Purpose of a profile (§7.11), in ascending specificity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Purpose {
    /// Caps the sum of all connectors; connector 0 only.
    ChargePointMaxProfile,
    /// Applies to any transaction without a TxProfile.
    TxDefaultProfile,
    /// Belongs to one running transaction.
    TxProfile,
}

impl Purpose {
    /// The word on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Purpose::ChargePointMaxProfile => "ChargePointMaxProfile",
            Purpose::TxDefaultProfile => "TxDefaultProfile",
            Purpose::TxProfile => "TxProfile",
        }
    }
}

/// Kind of a profile (§7.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// Relative to an absolute instant.
    Absolute,
    /// Repeats daily or weekly.
    Recurring,
    /// Relative to the start of the transaction.
    Relative,
}

/// Recurrence of a recurring profile (§7.12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Recurrency {
    /// Every 86 400 s, same UTC clock time.
    Daily,
    /// Every 604 800 s.
    Weekly,
}

/// One period of a schedule (§7.14).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// Seconds from the start of the schedule.
    pub start_s: i64,
    /// Limit in tenths of the schedule's unit.
    pub limit: Tenths,
    /// Phases the limit is meant for; 3 when absent.
    pub phases: Option<u8>,
}

/// A charging schedule (§7.13).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Seconds; unlimited when absent.
    pub duration_s: Option<i64>,
    /// Base of an absolute or recurring schedule.
    pub start: Option<Time>,
    /// Unit of every limit.
    pub unit: RateUnit,
    /// At least one, the first at 0.
    pub periods: Vec<Period>,
    /// Smallest rate that charges, in tenths of the unit.
    pub min_rate: Option<Tenths>,
}

/// A charging profile (§7.8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Unique within the charge point.
    pub id: i32,
    /// The transaction of a TxProfile.
    pub transaction_id: Option<i64>,
    /// Higher prevails within its purpose.
    pub stack_level: i32,
    /// See [`Purpose`].
    pub purpose: Purpose,
    /// See [`Kind`].
    pub kind: Kind,
    /// Of a recurring profile.
    pub recurrency: Option<Recurrency>,
    /// No effect before.
    pub valid_from: Option<Time>,
    /// No effect from here on (exclusive).
    pub valid_to: Option<Time>,
    /// The limits.
    pub schedule: Schedule,
}

/// What all profiles of a connector add up to at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Current per phase; `None`: no profile limits the connector.
    pub current: Option<DeciAmps>,
    /// First instant after which the limit may differ.
    pub until: Time,
}

#[cfg(test)]
mod tests;
