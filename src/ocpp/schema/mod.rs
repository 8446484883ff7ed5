//! What the official schemas allow, as tables: one list of fields per request and response of all
//! 39 actions.
//!
//! The tables serve two readers: [`check_request`] and [`check_response`] are strict and prove
//! what we send; [`Reader`](super::read::Reader) repairs what stations send. Beyond the schemas
//! the tables know the ranges and list lengths of the specification, which the schemas leave out
//! (no `minimum`, no `minItems` for schedule periods), and which texts may be cut.

mod check;
mod core;
mod firmware;
mod local;
mod security;
mod smart_charging;

pub use check::{Flaw, check_request, check_response, find_flaw};

use std::fmt;

use super::action::Action;
use super::error::ErrorCode;

/// Why a payload is refused.
///
/// | violation | code |
/// |---|---|
/// | not JSON, not an object, unknown field (strict only) | `FormationViolation` |
/// | required field missing | `ProtocolError` |
/// | wrong JSON type | `TypeConstraintViolation` |
/// | number out of range, text too long (strict only), not a value of the enumeration, not a date | `PropertyConstraintViolation` |
/// | list too short | `OccurenceConstraintViolation` |
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {description}")]
pub struct Fault {
    /// Code for the CALLERROR.
    pub code: ErrorCode,
    /// Names the field and what is wrong with it.
    pub description: String,
}

impl Fault {
    pub(super) fn new(code: ErrorCode, path: &str, what: impl fmt::Display) -> Fault {
        let description =
            if path.is_empty() { what.to_string() } else { format!("{path}: {what}") };
        Fault { code, description }
    }
}

/// A field of an object.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Name on the wire.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether it must be there.
    pub required: bool,
}

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Prose of so many characters; a longer one may be cut.
    Prose(usize),
    /// Text of so many characters whose every character matters: identifiers, values.
    Text(usize),
    /// Whole number within these bounds.
    Integer(i64, i64),
    /// Whole number read from a meter; stations also send fractions.
    Register,
    /// Number with one decimal, not below this.
    Limit(f64),
    /// Truth value.
    Bool,
    /// One of these texts; an unknown one is refused.
    Enum(&'static [&'static str]),
    /// One of these texts; an unknown one says nothing and may be left out, or replaced by the
    /// given one.
    LooseEnum(&'static [&'static str], Option<&'static str>),
    /// Instant that has to be right.
    Time,
    /// Instant at which the message's subject happened; the time of arrival can stand in.
    Occurred,
    /// Object of these fields.
    Object(&'static [Field]),
    /// At least so many elements, each of which has to be right.
    List(&'static Kind, usize),
    /// At least so many elements, which are independent of each other: a bad one may be left out,
    /// and none at all does no harm.
    LooseList(&'static Kind, usize),
}

/// The fields of the request of an action.
#[must_use]
pub fn request(action: Action) -> &'static [Field] {
    lookup(action).0
}

/// The fields of the response of an action.
#[must_use]
pub fn response(action: Action) -> &'static [Field] {
    lookup(action).1
}

type Pair = (&'static [Field], &'static [Field]);

fn lookup(action: Action) -> Pair {
    match action {
        Action::Authorize => core::AUTHORIZE,
        Action::BootNotification => core::BOOT_NOTIFICATION,
        Action::Heartbeat => core::HEARTBEAT,
        Action::MeterValues => core::METER_VALUES,
        Action::StartTransaction => core::START_TRANSACTION,
        Action::StatusNotification => core::STATUS_NOTIFICATION,
        Action::StopTransaction => core::STOP_TRANSACTION,
        Action::DataTransfer => core::DATA_TRANSFER,
        Action::ChangeAvailability => core::CHANGE_AVAILABILITY,
        Action::ChangeConfiguration => core::CHANGE_CONFIGURATION,
        Action::ClearCache => core::CLEAR_CACHE,
        Action::GetConfiguration => core::GET_CONFIGURATION,
        Action::RemoteStartTransaction => core::REMOTE_START_TRANSACTION,
        Action::RemoteStopTransaction => core::REMOTE_STOP_TRANSACTION,
        Action::Reset => core::RESET,
        Action::UnlockConnector => core::UNLOCK_CONNECTOR,
        Action::DiagnosticsStatusNotification => firmware::DIAGNOSTICS_STATUS_NOTIFICATION,
        Action::FirmwareStatusNotification => firmware::FIRMWARE_STATUS_NOTIFICATION,
        Action::GetDiagnostics => firmware::GET_DIAGNOSTICS,
        Action::UpdateFirmware => firmware::UPDATE_FIRMWARE,
        Action::GetLocalListVersion => local::GET_LOCAL_LIST_VERSION,
        Action::SendLocalList => local::SEND_LOCAL_LIST,
        Action::CancelReservation => local::CANCEL_RESERVATION,
        Action::ReserveNow => local::RESERVE_NOW,
        Action::ClearChargingProfile => smart_charging::CLEAR_CHARGING_PROFILE,
        Action::GetCompositeSchedule => smart_charging::GET_COMPOSITE_SCHEDULE,
        Action::SetChargingProfile => smart_charging::SET_CHARGING_PROFILE,
        Action::TriggerMessage => smart_charging::TRIGGER_MESSAGE,
        Action::LogStatusNotification => security::LOG_STATUS_NOTIFICATION,
        Action::SecurityEventNotification => security::SECURITY_EVENT_NOTIFICATION,
        Action::SignCertificate => security::SIGN_CERTIFICATE,
        Action::SignedFirmwareStatusNotification => security::SIGNED_FIRMWARE_STATUS_NOTIFICATION,
        Action::CertificateSigned => security::CERTIFICATE_SIGNED,
        Action::DeleteCertificate => security::DELETE_CERTIFICATE,
        Action::ExtendedTriggerMessage => security::EXTENDED_TRIGGER_MESSAGE,
        Action::GetInstalledCertificateIds => security::GET_INSTALLED_CERTIFICATE_IDS,
        Action::GetLog => security::GET_LOG,
        Action::InstallCertificate => security::INSTALL_CERTIFICATE,
        Action::SignedUpdateFirmware => security::SIGNED_UPDATE_FIRMWARE,
    }
}

const fn must(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: true }
}

const fn may(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: false }
}

const ANY: Kind = Kind::Integer(i64::MIN, i64::MAX);
const COUNT: Kind = Kind::Integer(0, i64::MAX);
const CONNECTOR: Kind = Kind::Integer(0, u32::MAX as i64);
const ACCEPTED_OR_REJECTED: Kind = Kind::Enum(&["Accepted", "Rejected"]);
