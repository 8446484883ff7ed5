//! What is known of a charge point beyond its limits and transactions: one small record a
//! subject, from what it told and what it answered to commands.
//!
//! Most charge points of a run never have one, so all of them sit behind one pointer. A record is
//! told whole whenever it changes (`Event::RecordChanged`) and restored whole.

use serde::{Deserialize, Serialize};

use crate::csms::config::Setpoint;
use crate::time::Time;

/// Reservations remembered for one charge point, also those that are over.
const MOST_RESERVATIONS: usize = 64;
/// Configuration keys remembered for one charge point.
const MOST_KEYS: usize = 1_000;

/// What a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// The local authorization list.
    LocalList,
    /// Configuration keys.
    Configuration,
    /// Reservations.
    Reservations,
    /// The last GetDiagnostics.
    Diagnostics,
    /// The last GetLog.
    Log,
    /// The last UpdateFirmware or SignedUpdateFirmware.
    Firmware,
    /// The certificate of the charge point.
    Certificate,
    /// Connectors that drew more than they accept.
    Compliance,
    /// Limits that sessions have left in profiles that stay.
    Leftovers,
}

impl Subject {
    /// Its name in events and in a store.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Subject::LocalList => "local_list",
            Subject::Configuration => "configuration",
            Subject::Reservations => "reservations",
            Subject::Diagnostics => "diagnostics",
            Subject::Log => "log",
            Subject::Firmware => "firmware",
            Subject::Certificate => "certificate",
            Subject::Compliance => "compliance",
            Subject::Leftovers => "leftovers",
        }
    }
}

/// A record, whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// The local authorization list.
    LocalList(LocalList),
    /// Configuration keys.
    Configuration(Configuration),
    /// Reservations, in the order in which they were made.
    Reservations(Vec<Reservation>),
    /// The last GetDiagnostics.
    Diagnostics(Transfer),
    /// The last GetLog.
    Log(Transfer),
    /// The last UpdateFirmware or SignedUpdateFirmware.
    Firmware(Transfer),
    /// The certificate of the charge point.
    Certificate(Certificate),
    /// Connectors that drew more than they accept.
    Compliance(Vec<Compliance>),
    /// Limits that sessions have left in profiles that stay.
    Leftovers(Vec<Leftover>),
}

impl Record {
    /// What it is about.
    #[must_use]
    pub fn subject(&self) -> Subject {
        match self {
            Record::LocalList(_) => Subject::LocalList,
            Record::Configuration(_) => Subject::Configuration,
            Record::Reservations(_) => Subject::Reservations,
            Record::Diagnostics(_) => Subject::Diagnostics,
            Record::Log(_) => Subject::Log,
            Record::Firmware(_) => Subject::Firmware,
            Record::Certificate(_) => Subject::Certificate,
            Record::Compliance(_) => Subject::Compliance,
            Record::Leftovers(_) => Subject::Leftovers,
        }
    }
}

/// The local authorization list of a charge point (OCPP 1.6 §4.10, §5.10).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalList {
    /// Its version; 0: empty, -1: the charge point keeps none, `None`: not certain, because a
    /// SendLocalList did not end well.
    pub version: Option<i64>,
    /// Since when that is known.
    pub at: Time,
}

/// Configuration keys as last told or set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Configuration {
    /// In the order in which the charge point told them.
    pub keys: Vec<ConfigurationKey>,
    /// Last change of this record.
    pub at: Time,
}

/// A configuration key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigurationKey {
    /// Compared without case.
    pub key: String,
    /// `None`: not set, not readable, or a secret.
    pub value: Option<String>,
    /// ChangeConfiguration cannot set it.
    pub readonly: bool,
}

/// A reservation that ReserveNow asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// Chosen by the operator; the charge point replaces one with the same id.
    pub id: i64,
    /// 1-based; 0: any.
    pub connector: u32,
    /// Whose.
    pub id_tag: String,
    /// Others of this group may use it too.
    pub parent_id_tag: Option<String>,
    /// Until when.
    pub expires_at: Time,
    /// What became of it.
    pub status: ReservationStatus,
    /// Since when that is known.
    pub at: Time,
}

/// What became of a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReservationStatus {
    /// It was made.
    Accepted,
    /// The connector, or all of them, are faulted.
    Faulted,
    /// The connector, or all of them, are in use or reserved.
    Occupied,
    /// The charge point takes no reservations, or none of this kind.
    Rejected,
    /// The connector, or all of them, are not available.
    Unavailable,
    /// The charge point answered with an error.
    Error,
    /// No answer came in time: it may have been made.
    TimedOut,
    /// It was cancelled.
    Cancelled,
    /// A transaction has used it.
    Used,
}

impl Reservation {
    /// It holds a connector, or may hold one.
    #[must_use]
    pub fn may_hold(&self, now: Time) -> bool {
        matches!(self.status, ReservationStatus::Accepted | ReservationStatus::TimedOut)
            && now < self.expires_at
    }
}

/// A file on its way from a charge point or to it: the request and how far it has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// Where the file goes to or comes from.
    pub location: Option<String>,
    /// By the answer; `None`: none was named, there is nothing to send.
    pub file_name: Option<String>,
    /// `DiagnosticsLog` or `SecurityLog`, of a GetLog.
    pub log_type: Option<String>,
    /// Of the requests of the security extension.
    pub request_id: Option<i64>,
    /// When the charge point accepted it; `None`: it never was asked.
    pub requested_at: Option<Time>,
    /// The last status it told, by OCPP.
    pub status: Option<String>,
    /// When it told that.
    pub status_at: Option<Time>,
}

/// The certificate of a charge point.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// The last certificate signing request, PEM (SignCertificate).
    pub csr: Option<String>,
    /// When it came.
    pub requested_at: Option<Time>,
    /// How the last CertificateSigned ended: `Accepted` or `Rejected`.
    pub status: Option<String>,
    /// When it ended.
    pub status_at: Option<Time>,
}

/// What a connector has drawn in spite of the limits it accepted, so that it is budgeted at that
/// after a restart too ([`Trouble::NotCompliant`](crate::csms::Trouble::NotCompliant)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compliance {
    /// 1-based.
    pub connector: u32,
    /// The most it was seen to draw, and the tolerance, W; 0: it is trusted again.
    pub proven_w: i64,
    /// The most it drew above what was permitted, W.
    pub excess_w: i64,
    /// The lowest limit it has defied, W.
    pub defied_w: Option<i64>,
    /// It was trusted again once, before this.
    pub relapsed: bool,
}

/// The limit of a session that is over in a TxDefaultProfile of its connector, which bounds the next
/// one until it is cleared, whatever the TxDefaultProfile of the charge point says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leftover {
    /// 1-based.
    pub connector: u32,
    /// The most that it may permit.
    pub limit: Setpoint,
}

/// All records of a charge point.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Records {
    /// The local authorization list.
    pub local_list: Option<LocalList>,
    /// Configuration keys.
    pub configuration: Option<Configuration>,
    /// In the order in which they were made.
    pub reservations: Vec<Reservation>,
    /// The last GetDiagnostics.
    pub diagnostics: Option<Transfer>,
    /// The last GetLog.
    pub log: Option<Transfer>,
    /// The last UpdateFirmware or SignedUpdateFirmware.
    pub firmware: Option<Transfer>,
    /// The certificate of the charge point.
    pub certificate: Option<Certificate>,
    /// Connectors that drew more than they accept; `None`: none ever did.
    pub compliance: Option<Vec<Compliance>>,
    /// Limits that sessions have left; `None`: none ever did.
    pub leftovers: Option<Vec<Leftover>>,
}

impl Records {
    /// The record about a subject.
    #[must_use]
    pub fn get(&self, subject: Subject) -> Option<Record> {
        match subject {
            Subject::LocalList => self.local_list.clone().map(Record::LocalList),
            Subject::Configuration => self.configuration.clone().map(Record::Configuration),
            Subject::Reservations => {
                let all = Some(&self.reservations).filter(|all| !all.is_empty());
                all.cloned().map(Record::Reservations)
            }
            Subject::Diagnostics => self.diagnostics.clone().map(Record::Diagnostics),
            Subject::Log => self.log.clone().map(Record::Log),
            Subject::Firmware => self.firmware.clone().map(Record::Firmware),
            Subject::Certificate => self.certificate.clone().map(Record::Certificate),
            Subject::Compliance => self.compliance.clone().map(Record::Compliance),
            Subject::Leftovers => self.leftovers.clone().map(Record::Leftovers),
        }
    }

    pub(super) fn put(&mut self, record: Record) {
        match record {
            Record::LocalList(record) => self.local_list = Some(record),
            Record::Configuration(record) => self.configuration = Some(record),
            Record::Reservations(record) => self.reservations = record,
            Record::Diagnostics(record) => self.diagnostics = Some(record),
            Record::Log(record) => self.log = Some(record),
            Record::Firmware(record) => self.firmware = Some(record),
            Record::Certificate(record) => self.certificate = Some(record),
            Record::Compliance(record) => self.compliance = Some(record),
            Record::Leftovers(record) => self.leftovers = Some(record),
        }
    }

    /// A reservation with this id; a new one replaces the one before.
    pub(super) fn reservation(&mut self, id: i64) -> Option<&mut Reservation> {
        self.reservations.iter_mut().find(|reservation| reservation.id == id)
    }

    /// Adds a reservation. One that was refused does not undo one with the same id that holds.
    pub(super) fn reserve(&mut self, now: Time, new: Reservation) {
        let holds = |old: &Reservation| old.id == new.id && old.may_hold(now);
        if !new.may_hold(now) && self.reservations.iter().any(holds) {
            return;
        }
        self.reservations.retain(|reservation| reservation.id != new.id);
        if self.reservations.len() == MOST_RESERVATIONS {
            let over = self.reservations.iter().position(|old| !old.may_hold(now));
            self.reservations.remove(over.unwrap_or(0));
        }
        self.reservations.push(new);
    }
}

impl Configuration {
    /// A key was told or set.
    pub(super) fn set(&mut self, mut new: ConfigurationKey) {
        if new.key.eq_ignore_ascii_case(SECRET_KEY) {
            new.value = None;
        }
        match self.place(&new.key) {
            Some(place) => self.keys[place] = new,
            None if self.keys.len() < MOST_KEYS => self.keys.push(new),
            None => {}
        }
    }

    /// The charge point does not know a key.
    pub(super) fn forget(&mut self, key: &str) {
        if let Some(place) = self.place(key) {
            self.keys.remove(place);
        }
    }

    fn place(&self, key: &str) -> Option<usize> {
        self.keys.iter().position(|known| known.key.eq_ignore_ascii_case(key))
    }
}

/// The password of a charge point: written, never kept or shown.
pub(super) const SECRET_KEY: &str = "AuthorizationKey";
