//! The facts: what is worth remembering, row by row.

use crate::csms::config::{Hardware, Setpoint, SiteConfig};
use crate::csms::records::Record;
use crate::csms::{Breed, Manner, StopTold, Wish};
use crate::ids::{ChargePointId, SessionId, SiteId};
use crate::ocpp::types::{AuthorizationStatus, StopReason};
use crate::time::Time;
use crate::units::Watts;

/// Something to remember.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// A site exists, with this configuration.
    Site(SiteRow),
    /// A charge point is commissioned.
    Point(PointRow),
    /// A charge point was decommissioned: its credential, its limits and what else is known of it
    /// go with it; its transactions, commands, notices and history stay.
    PointRemoved(ChargePointId),
    /// What a charge point must present (SHA-256 of its AuthorizationKey); `None`: withdrawn.
    Credential(ChargePointId, Option<[u8; 32]>),
    /// A card is known; without a status it is forgotten.
    Card(String, Option<AuthorizationStatus>),
    /// A key of the REST API.
    ApiKey(ApiKeyRow),
    /// A transaction, whole; told again when something about it changes.
    Transaction(TransactionRow),
    /// Transaction ids up to this one are taken; a smaller one than before changes nothing.
    LastTransactionId(i64),
    /// What could be in force at a connector.
    Limit(LimitRow),
    /// Nothing of ours is in force at a connector any more: (charge point, connector).
    LimitGone(ChargePointId, u32),
    /// What a charge point is, as its BootNotification says.
    Breed(ChargePointId, Breed),
    /// How charge points of a kind are known to take limits.
    Manner(Breed, Manner),
    /// A command of an operator, whole; told again when it ends.
    Command(CommandRow),
    /// What is known of a charge point about a subject, whole.
    Record(RecordRow),
    /// Something that a charge point told; of each the last [`NOTICES_KEPT`] are kept.
    ///
    /// [`NOTICES_KEPT`]: super::NOTICES_KEPT
    Notice(NoticeRow),
    /// A site's allocation from this instant on.
    History(HistoryRow),
    /// From this instant on nothing is known about a site, until the next [`Fact::History`].
    HistoryGap(SiteId, Time),
    /// An answer to give again when a request is repeated with the same key.
    Idempotent(IdempotentRow),
}

/// A site.
#[derive(Clone, Debug, PartialEq)]
pub struct SiteRow {
    /// Its id.
    pub site: SiteId,
    /// For people.
    pub name: String,
    /// `None` before the first PUT config.
    pub config: Option<SiteConfig>,
    /// Last change.
    pub updated_at: Time,
}

/// A charge point.
#[derive(Clone, Debug, PartialEq)]
pub struct PointRow {
    /// Its OCPP identity.
    pub point: ChargePointId,
    /// Where it stands.
    pub site: Option<SiteId>,
    /// Its rating.
    pub hardware: Hardware,
    /// Physical connectors.
    pub connectors: u32,
    /// It has connected and booted at least once.
    pub registered: bool,
}

/// A transaction.
#[derive(Clone, Debug, PartialEq)]
pub struct TransactionRow {
    /// OCPP transactionId.
    pub transaction_id: i64,
    /// `ses_..`, one per transaction.
    pub session: SessionId,
    /// Where.
    pub point: ChargePointId,
    /// As reported, 1-based.
    pub connector: u32,
    /// Whose.
    pub id_tag: String,
    /// When it began, in our time.
    pub started_at: Time,
    /// The same as its station said it: what tells a repeated StartTransaction from another one.
    pub said: Time,
    /// Register at the start, Wh.
    pub meter_start_wh: i64,
    /// What its StopTransaction said, to recognise a repeated one.
    pub stop: Option<StopTold>,
    /// What its driver wants.
    pub wish: Wish,
    /// `None` while it runs.
    pub ended: Option<TransactionEnd>,
}

/// How a transaction ended.
#[derive(Clone, Debug, PartialEq)]
pub struct TransactionEnd {
    /// When, in our time; the central system may have learned of it later.
    pub at: Time,
    /// Energy by the charge point's register, Wh.
    pub energy_wh: i64,
    /// As reported.
    pub reason: StopReason,
}

/// What could be in force at a connector (allocation.md §3).
#[derive(Clone, Debug, PartialEq)]
pub struct LimitRow {
    /// Where.
    pub point: ChargePointId,
    /// 1-based; 0: the TxDefaultProfile of the whole charge point.
    pub connector: u32,
    /// The last limit the charge point accepted.
    pub confirmed: Option<Setpoint>,
    /// The largest limit that could be in force.
    pub bound: Setpoint,
}

/// A key of the REST API. The key itself is never kept.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiKeyRow {
    /// `key_..`, for listing and withdrawing.
    pub id: String,
    /// For people.
    pub name: String,
    /// SHA-256 of the key.
    pub sha256: [u8; 32],
    /// What it may: `read`, `control`, `admin`.
    pub scopes: Vec<String>,
    /// The sites it is good for; none: the whole server.
    pub sites: Vec<SiteId>,
    /// When it was made.
    pub created_at: Time,
    /// Since when it is worth nothing.
    pub revoked_at: Option<Time>,
}

/// A command of an operator.
#[derive(Clone, Debug, PartialEq)]
pub struct CommandRow {
    /// `cmd_..`
    pub command: String,
    /// The receiver.
    pub point: ChargePointId,
    /// OCPP action.
    pub action: String,
    /// Request payload, JSON text.
    pub payload: String,
    /// When it was asked for.
    pub requested_at: Time,
    /// How it ended.
    pub outcome: Option<CommandOutcome>,
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq)]
pub struct CommandOutcome {
    /// When.
    pub at: Time,
    /// `accepted`, `rejected`, `error`, `timed_out`.
    pub status: String,
    /// Answer payload (JSON text) or the code of a CALLERROR.
    pub answer: String,
}

/// What is known of a charge point about a subject.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordRow {
    /// Of whom.
    pub point: ChargePointId,
    /// What.
    pub record: Record,
}

/// Something that a charge point told.
#[derive(Clone, Debug, PartialEq)]
pub struct NoticeRow {
    /// `ntc_..`; ids sort by the instant of arrival.
    pub notice: String,
    /// Who.
    pub point: ChargePointId,
    /// When it arrived.
    pub at: Time,
    /// OCPP action.
    pub action: String,
    /// Payload, JSON text.
    pub payload: String,
}

/// A site's allocation from an instant on.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryRow {
    /// The site.
    pub site: SiteId,
    /// From when it holds.
    pub at: Time,
    /// Accepted limits of running sessions.
    pub allocated: Watts,
    /// Last meter values together.
    pub draw: Watts,
    /// Transactions running.
    pub active_sessions: u32,
}

/// A stored answer.
#[derive(Clone, Debug, PartialEq)]
pub struct IdempotentRow {
    /// Scope and Idempotency-Key of the request.
    pub key: String,
    /// SHA-256 of the request, to tell a repetition from a reuse.
    pub request_sha256: [u8; 32],
    /// HTTP status of the answer.
    pub status: u16,
    /// Body of the answer.
    pub body: String,
    /// When it was given.
    pub at: Time,
}
