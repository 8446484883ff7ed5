//! Charging profiles (OCPP 1.6 §3.13, §7.8-§7.15) and what they add up to.

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
