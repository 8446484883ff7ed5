//! The simulated charge point: connectors, profile store, meter, configuration keys.
//!
//! Sans-IO. Whoever drives a [`ChargePoint`] calls one of its inputs (`link_up`, `link_down`,
//! `handle_frame`, `plug_in`, `stop`, `unplug`, `set_draw`, `handle_timeout`), then takes
//! everything from `poll_output` until it is empty, then asks `poll_timeout` when to call again.
//!
//! ```
//! use std::sync::Arc;
//! use ampacity::charger::{ChargePoint, ChargerSpec, CurrentKind, Output};
//! use ampacity::time::{Span, Time};
//! use ampacity::units::{DeciAmps, Watts};
//!
//! let spec = Arc::new(ChargerSpec {
//!     model: "ac22".to_owned(),
//!     kind: CurrentKind::Ac,
//!     connectors: 1,
//!     phases: 3,
//!     max_current: DeciAmps::from_amps(32),
//!     max_power: Watts(22_000),
//!     voltage_v: 230,
//!     apply_delay: Span::from_s(1),
//!     meter_interval: Span::from_s(60),
//!     clock_aligned_interval: Span::ZERO,
//!     allows_amps: true,
//!     allows_watts: true,
//!     max_stack_level: 8,
//! });
//! let mut now = Time::from_unix_s(1_777_874_400);
//! let mut point = ChargePoint::new("cp_1".into(), spec, now);
//! point.link_up(now);
//! let Some(Output::Send(boot)) = point.poll_output() else { panic!() };
//! assert!(boot.starts_with(r#"[2,"1","BootNotification",{"#));
//! assert_eq!(point.poll_output(), None);
//!
//! now = point.poll_timeout(); // nobody answered: half a minute later
//! point.handle_timeout(now);
//! assert_eq!(point.counters().timed_out_calls, 1);
//! ```
//!
//! | file | subject |
//! |---|---|
//! | `point` | state, inputs, queries |
//! | `clock` | what the station takes for the time |
//! | `registration` | boot, heartbeat, status reports, reset |
//! | `session`, `presented`, `connector` | from the card to StopTransaction |
//! | `authorization`, `local_list` | who may charge: local list, cache, what holds offline |
//! | `reservation` | who may use a connector, and until when |
//! | `offering` | from profiles to the pilot |
//! | `metering`, `sample`, `meter`, `measurand` | when MeterValues are sent, their text, the integral |
//! | `upload`, `firmware` | diagnostics, logs and firmware on their way |
//! | `security` | certificates, security events |
//! | `serve*` | CALLs of the central system |
//! | `outbox`, `timers` | CALLs of the station: order, time-out, repetition |
//! | `keys`, `status` | configuration keys; transitions of a connector |
//! | `quirks` | what real stations do instead; faults |
//! | `extras` | what most stations never hold, in one box |

mod authorization;
mod clock;
mod connector;
mod extras;
pub mod firmware;
pub mod keys;
mod lane;
pub mod local_list;
pub mod measurand;
pub mod meter;
mod metering;
mod offering;
mod outbox;
mod point;
mod presented;
pub mod quirks;
mod registration;
mod reservation;
pub mod sample;
pub mod security;
mod serve;
mod serve_core;
mod serve_firmware;
mod serve_local_list;
mod serve_profiles;
mod serve_remote;
mod serve_security;
mod session;
pub mod status;
mod timers;
pub mod upload;

pub use point::ChargePoint;
pub use quirks::{Fault, Quirk};
pub use registration::{FIRMWARE, VENDOR};
pub use status::Status;

use serde::{Deserialize, Serialize};

use crate::time::{Span, Time};
use crate::units::{DeciAmps, Watts};
use crate::vehicle::Offer;

/// Kind of current a connector supplies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CurrentKind {
    /// Alternating current: the car's on-board charger decides.
    Ac,
    /// Direct current.
    Dc,
}

/// A charge point model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChargerSpec {
    /// Catalogue name, e.g. `ac22`.
    pub model: String,
    /// AC or DC.
    pub kind: CurrentKind,
    /// Physical connectors, 1..; each has the full rating.
    pub connectors: u32,
    /// Phases connected to the grid, 1..=3.
    pub phases: u8,
    /// Per phase, at the grid side.
    pub max_current: DeciAmps,
    /// Rated total power of one connector: 22 kW for 3 x 32 A.
    pub max_power: Watts,
    /// Nominal phase voltage.
    pub voltage_v: i64,
    /// Time between an accepted profile and the changed pilot.
    pub apply_delay: Span,
    /// `MeterValueSampleInterval`, seconds.
    pub meter_interval: Span,
    /// `ClockAlignedDataInterval`, 0 = off.
    pub clock_aligned_interval: Span,
    /// Units of `ChargingScheduleAllowedChargingRateUnit`.
    pub allows_amps: bool,
    /// See `allows_amps`.
    pub allows_watts: bool,
    /// `ChargeProfileMaxStackLevel`.
    pub max_stack_level: i32,
}

/// What a charge point wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Send this OCPP-J text to the central system.
    Send(String),
    /// The connector now offers this to the car (also when the contactor opens: `Offer::None`).
    Offer {
        /// 1-based.
        connector: u32,
        /// The new offer.
        offer: Offer,
    },
    /// A transaction began (the central system answered StartTransaction).
    Started {
        /// 1-based.
        connector: u32,
        /// As given by the central system.
        transaction_id: i64,
    },
    /// The station hangs up; whoever drives it calls `link_down` and connects again after a while.
    Disconnect,
    /// The session ended or was refused; the driver may unplug.
    Ended {
        /// 1-based.
        connector: u32,
        /// False: authorisation was refused and nothing was charged.
        charged: bool,
    },
}

/// What happened on the wire, counted since the station was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// CALLs without an answer within `MessageTimeout`.
    pub timed_out_calls: u64,
    /// CALLs answered with a CALLERROR.
    pub refused_calls: u64,
    /// CALLs about transactions given up after `TransactionMessageAttempts`.
    pub discarded_calls: u64,
    /// Answers to CALLs that were answered or given up before.
    pub late_answers: u64,
    /// Answers with a message id the station never used.
    pub unasked_answers: u64,
    /// Answers that are not what their CALL asks for.
    pub unreadable_answers: u64,
    /// Departures from OCPP 1.6 in payloads that could be read.
    pub deviations: u64,
    /// Texts that are no OCPP-J message.
    pub unreadable_texts: u64,
    /// SetChargingProfiles answered Accepted.
    pub profiles_accepted: u64,
    /// SetChargingProfiles answered otherwise.
    pub profiles_refused: u64,
}

/// When [`ChargePoint`] needs to be called again.
pub const NEVER: Time = Time::NEVER;

#[cfg(test)]
mod tests {
    use super::*;

    /// 22 kW, one connector, profiles act after a second.
    pub(crate) fn ac22() -> ChargerSpec {
        ChargerSpec {
            model: "ac22".to_owned(),
            kind: CurrentKind::Ac,
            connectors: 1,
            phases: 3,
            max_current: DeciAmps(320),
            max_power: Watts(22_000),
            voltage_v: 230,
            apply_delay: Span::from_s(1),
            meter_interval: Span::from_s(60),
            clock_aligned_interval: Span::ZERO,
            allows_amps: true,
            allows_watts: true,
            max_stack_level: 8,
        }
    }
}
