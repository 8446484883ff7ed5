//! What the central system tells whoever drives it, besides the frames to send.

use crate::allocation::Reason;
use crate::csms::notices::Notice;
use crate::csms::records::Subject;
use crate::csms::{PointIx, Setpoint, SiteIx};
use crate::ids::SessionId;
use crate::ocpp::types::StopReason;
use crate::time::Time;
use crate::units::Watts;

/// Something to do or to record.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Send this OCPP-J text to a charge point.
    Send {
        /// The receiver.
        point: PointIx,
        /// The frame.
        text: String,
    },
    /// Something happened.
    Event(Event),
}

/// Something that happened, for history, charts and live listeners.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A transaction began.
    SessionStarted {
        /// Where.
        point: PointIx,
        /// 1-based.
        connector: u32,
        /// The session's public id.
        session: SessionId,
        /// The OCPP transaction.
        transaction_id: i64,
    },
    /// A transaction ended.
    SessionEnded {
        /// Where.
        point: PointIx,
        /// 1-based.
        connector: u32,
        /// The session's public id.
        session: SessionId,
        /// The OCPP transaction.
        transaction_id: i64,
        /// When it ended by what its station says, which may be long ago.
        at: Time,
        /// By the meter of the charge point.
        energy_wh: i64,
        /// As reported; `Local` when absent (errata to OCPP-J 2.5).
        reason: StopReason,
    },
    /// Something else is known of what a driver wants.
    WishChanged {
        /// Where.
        point: PointIx,
        /// 1-based.
        connector: u32,
        /// The OCPP transaction.
        transaction_id: i64,
    },
    /// A charge point accepted a limit for the transaction on a connector.
    LimitAccepted {
        /// Where.
        point: PointIx,
        /// 1-based.
        connector: u32,
        /// The limit, never above the hardware's rating.
        limit: Watts,
        /// When it was decided; damping and missing room may have delayed it.
        decided_at: Time,
    },
    /// The limit of a session has ended by itself, or may have: what bounds a start holds from now
    /// on.
    LeaseEnded {
        /// Where.
        point: PointIx,
        /// 1-based.
        connector: u32,
    },
    /// A SetChargingProfile left.
    ProfileSent(ProfileSent),
    /// A SetChargingProfile was answered, or will not be.
    ProfileAnswered {
        /// Number of the [`ProfileSent`].
        number: u64,
        /// How it ended.
        outcome: Outcome,
    },
    /// What could be in force at a connector has changed; told also of connectors where a start may
    /// be under way that is not known yet. Of connector 0, the hardware's rating without anything
    /// confirmed is not told until something else has been. To be kept before the frames that came
    /// with it leave, so that a restart knows what it may have to live with.
    BoundChanged {
        /// Where.
        point: PointIx,
        /// 1-based; 0: the TxDefaultProfile of the whole charge point.
        connector: u32,
        /// The last limit the charge point accepted; `None`: none that is certain.
        confirmed: Option<Setpoint>,
        /// The largest limit that could be in force.
        bound: Setpoint,
    },
    /// Nothing can be in force at a connector any more: its transaction has ended, or the charge
    /// point was decommissioned.
    BoundGone {
        /// Where.
        point: PointIx,
        /// 1-based; 0: the TxDefaultProfile of the whole charge point.
        connector: u32,
    },
    /// A transaction id was given away, perhaps without a transaction; it is never given again.
    IdTaken {
        /// The id.
        transaction_id: i64,
    },
    /// A charge point has booted for the first time, or its hardware, link or existence changed.
    PointChanged {
        /// Which.
        point: PointIx,
    },
    /// An operator's command has ended.
    CommandEnded {
        /// The receiver.
        point: PointIx,
        /// `cmd_..`
        command: String,
        /// How.
        outcome: Outcome,
        /// Payload of the answer (JSON text) or code of the CALLERROR; empty when none came. For a
        /// command that was never sent, with `Outcome::Error`: `ConnectionLost`, `Rebooted` or
        /// `NoRoomForAStart`.
        answer: String,
    },
    /// A charge point told something beyond charging.
    Noticed {
        /// Which.
        point: PointIx,
        /// What.
        notice: Box<Notice>,
    },
    /// Something else is known of a charge point ([`Csms::record_of`]).
    ///
    /// [`Csms::record_of`]: crate::csms::Csms::record_of
    RecordChanged {
        /// Which.
        point: PointIx,
        /// What about.
        subject: Subject,
    },
    /// A rebalance has ended: the decision was made and every limit it sent was answered.
    Rebalanced {
        /// Where.
        site: SiteIx,
        /// `reb_..`
        rebalance: String,
        /// Charge points that received a new SetChargingProfile.
        chargers_updated: u32,
    },
    /// How limits are told to charge points of a kind has changed, or the kind of a charge point
    /// is known now ([`Csms::breed`], [`Csms::manner_of`]). To be kept, so that a restart goes on.
    ///
    /// [`Csms::breed`]: crate::csms::Csms::breed
    /// [`Csms::manner_of`]: crate::csms::Csms::manner_of
    BreedLearned {
        /// One of them.
        point: PointIx,
    },
    /// A connector got into trouble, into another one, or out of it.
    TroubleChanged {
        /// Where.
        point: PointIx,
        /// 1-based; 0: starts at any connector.
        connector: u32,
        /// What is wrong now.
        trouble: Option<Trouble>,
    },
    /// A transaction was told by its end alone.
    SessionFound {
        /// Where.
        point: PointIx,
        /// By the central system; what the charge point said may be -1.
        transaction_id: i64,
        /// When it ended by what its station says, which may be long ago.
        at: Time,
        /// By what its end says of its beginning; 0 where that is nothing.
        energy_wh: i64,
        /// As reported; `Local` when absent.
        reason: StopReason,
    },
    /// Meter values showed something that may change an allocation: a step of the draw, or newly
    /// learned acceptance.
    DrawStepped {
        /// Where.
        point: PointIx,
    },
    /// Less could be in force at a charge point than before ([`Csms::reserved_at`]).
    ///
    /// [`Csms::reserved_at`]: crate::csms::Csms::reserved_at
    ReservationFell {
        /// Where.
        point: PointIx,
    },
    /// What electric vehicles may draw together ([`Csms::ev_limit`]), or should
    /// ([`Csms::soft_room`]), has changed with other loads or the time of the day.
    ///
    /// [`Csms::ev_limit`]: crate::csms::Csms::ev_limit
    /// [`Csms::soft_room`]: crate::csms::Csms::soft_room
    LimitMoved {
        /// Where.
        site: SiteIx,
    },
    /// A rotation epoch began, or a minimum on- or off-time ended, and other sessions got their
    /// turn; under a strategy whose rates move with time, also other rates.
    Rotated {
        /// Where.
        site: SiteIx,
    },
    /// A car is offered more than it has shown to take, or was so long enough.
    Probed {
        /// Where.
        site: SiteIx,
    },
}

/// What an operator should know about a connector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It takes limits in no form: what it has stays, and is reserved.
    Uncontrollable,
    /// It draws more than it accepted, and is budgeted at what it has proven to draw.
    NotCompliant {
        /// The most it drew above what was permitted.
        excess: Watts,
    },
    /// It was paused and does not go on although it accepted power again.
    Stuck,
}

impl Trouble {
    /// The word for programs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Trouble::Uncontrollable => "uncontrollable",
            Trouble::NotCompliant { .. } => "not_compliant",
            Trouble::Stuck => "stuck",
        }
    }

    /// Power drawn above what was permitted.
    #[must_use]
    pub fn excess(self) -> Option<Watts> {
        match self {
            Trouble::NotCompliant { excess } => Some(excess),
            Trouble::Uncontrollable | Trouble::Stuck => None,
        }
    }
}

/// A SetChargingProfile on its way.
#[derive(Clone, Debug, PartialEq)]
pub struct ProfileSent {
    /// Running number, unique in a central system.
    pub number: u64,
    /// The receiver.
    pub point: PointIx,
    /// 0: the whole charge point.
    pub connector: u32,
    /// OCPP purpose.
    pub purpose: &'static str,
    /// The limit asked for.
    pub limit: Watts,
    /// The limit in force before.
    pub previous: Watts,
    /// What made the decision necessary.
    pub trigger: Trigger,
    /// What binds it.
    pub reason: Binding,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Accepted.
    Accepted,
    /// Refused with a status.
    Rejected,
    /// Refused with a CALLERROR or an unreadable answer.
    Error,
    /// Not answered in time; it may have been applied.
    TimedOut,
}

impl Outcome {
    /// The word of `commands.csv`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Accepted => "accepted",
            Outcome::Rejected => "rejected",
            Outcome::Error => "error",
            Outcome::TimedOut => "timed_out",
        }
    }
}

/// What made a decision necessary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trigger {
    /// A transaction began.
    SessionStart,
    /// A transaction ended.
    SessionEnd,
    /// The site's configuration changed.
    Config,
    /// Other loads of the site take more, or less.
    Load,
    /// A window of the day began or ended, or is near.
    Window,
    /// Somebody asked for a rebalance.
    Manual,
    /// A rotation epoch began.
    Rotation,
    /// A minimum on- or off-time ended.
    HoldEnded,
    /// A driver's wish became known.
    Wish,
    /// A car proved to accept less or more.
    Acceptance,
    /// A charge point appeared, vanished or lost its state.
    Connection,
    /// The charge point booted and gets its default limit.
    Boot,
    /// A driver presented a card and there is no room for an unbounded start, or the room kept for
    /// a start is free again.
    StartGate,
    /// It is time to see whether a car takes more than it has shown, or that was seen.
    Probe,
    /// Nothing: a limit that ends by itself is told again.
    Renewal,
}

impl Trigger {
    /// The word of `commands.csv`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Trigger::SessionStart => "session_start",
            Trigger::SessionEnd => "session_end",
            Trigger::Config => "config",
            Trigger::Load => "site_load",
            Trigger::Window => "window",
            Trigger::Manual => "manual",
            Trigger::Rotation => "rotation",
            Trigger::HoldEnded => "hold_ended",
            Trigger::Wish => "wish",
            Trigger::Acceptance => "acceptance",
            Trigger::Connection => "connection",
            Trigger::Boot => "boot",
            Trigger::StartGate => "start_gate",
            Trigger::Probe => "probe",
            Trigger::Renewal => "renewal",
        }
    }
}

/// What binds a limit: the allocator's reason, or the push protocol's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// The allocator's.
    Allocation(Reason),
    /// Less than decided: the rest of the room is still reserved for limits on their way down.
    ReservedRoom,
    /// The fallback that bounds a start before its TxProfile.
    StartBound,
    /// The soft limit: it can wait.
    SoftLimit,
    /// What it needs although that is beyond the soft limit: it cannot wait.
    CannotWait,
    /// The car takes nothing; it keeps its minimum while nobody needs it.
    Parked,
    /// Power is left over, and it shows whether the car takes more than it has shown.
    Probe,
}

impl Binding {
    /// The word of `commands.csv`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Binding::Allocation(Reason::Cap) => "cap",
            Binding::Allocation(Reason::Acceptance) => "acceptance",
            Binding::Allocation(Reason::Site) => "site",
            Binding::Allocation(Reason::Network) => "network",
            Binding::Allocation(Reason::Rotation) => "rotation",
            Binding::Allocation(Reason::Hold) => "hold",
            Binding::Allocation(Reason::Ineligible) => "ineligible",
            Binding::ReservedRoom => "unknown_state",
            Binding::StartBound => "start_bound",
            Binding::SoftLimit => "soft_limit",
            Binding::CannotWait => "cannot_wait",
            Binding::Parked => "parked",
            Binding::Probe => "probe",
        }
    }
}
