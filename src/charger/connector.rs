//! What the station knows about one connector.

use crate::charger::meter::Meter;
use crate::charger::status::Status;
use crate::time::Time;
use crate::vehicle::Offer;

/// State of one physical connector.
#[derive(Debug)]
pub(super) struct Connector {
    /// 1-based.
    pub(super) number: u32,
    pub(super) status: Status,
    /// Last status handed to the queue while the link was up; `None`: the central system may hold
    /// anything.
    pub(super) reported: Option<Status>,
    pub(super) operative: bool,
    /// Becomes inoperative when the session ends.
    pub(super) closing: bool,
    pub(super) plugged: bool,
    pub(super) wants_power: bool,
    /// Tenths of a percent, while a car tells it.
    pub(super) soc_tenths: Option<i64>,
    pub(super) meter: Meter,
    pub(super) offer: Offer,
    /// A remote start that waits for a car.
    pub(super) remote: Option<RemoteStart>,
    pub(super) session: Option<Session>,
}

/// An accepted RemoteStartTransaction without a car.
#[derive(Debug)]
pub(super) struct RemoteStart {
    pub(super) id_tag: String,
    /// `ConnectionTimeOut` after the acceptance.
    pub(super) deadline: Time,
}

/// From the card (or remote start) to the end of the transaction.
#[derive(Debug)]
pub(super) struct Session {
    /// Unique within the station; never on the wire.
    pub(super) serial: u64,
    pub(super) id_tag: String,
    pub(super) remote: bool,
    /// Group of the card, as far as known.
    pub(super) parent: Option<Box<str>>,
    pub(super) phase: Phase,
}

/// How far a session is.
#[derive(Debug)]
pub(super) enum Phase {
    /// The link is down or the station not accepted: nobody to ask.
    Waiting,
    /// Authorize is queued or sent.
    Authorizing,
    /// StartTransaction is queued or sent.
    Starting(Charge),
    /// The transaction runs.
    Running(Charge),
}

/// A transaction from the meter's point of view.
#[derive(Debug)]
pub(super) struct Charge {
    /// `None` before StartTransaction.conf.
    pub(super) transaction_id: Option<i64>,
    pub(super) started: Time,
    pub(super) next_sample: Time,
    /// The central system refused the idTag and the transaction goes on without energy.
    pub(super) blocked: bool,
    /// The central system refused the idTag: energy flows up to this register (Wh) and no further.
    pub(super) allowance_wh: Option<i64>,
    /// `Transaction.Begin` element of transactionData; empty when not configured.
    pub(super) begin: String,
}

impl Session {
    /// The group of the card became known; what is not said does not change it.
    pub(super) fn join(&mut self, group: Option<&str>) {
        if let Some(group) = group {
            self.parent = Some(group.into());
        }
    }

    /// Whether the session is of this group of cards.
    pub(super) fn is_of_group(&self, group: Option<&str>) -> bool {
        let both = self.parent.as_deref().zip(group);
        both.is_some_and(|(ours, theirs)| ours.eq_ignore_ascii_case(theirs))
    }
}

impl Connector {
    pub(super) fn new(number: u32, now: Time) -> Connector {
        Connector {
            number,
            status: Status::Available,
            reported: None,
            operative: true,
            closing: false,
            plugged: false,
            wants_power: false,
            soc_tenths: None,
            meter: Meter::new(now),
            offer: Offer::None,
            remote: None,
            session: None,
        }
    }

    /// The transaction that runs, if one does.
    pub(super) fn running(&self) -> Option<&Charge> {
        match &self.session.as_ref()?.phase {
            Phase::Running(charge) => Some(charge),
            _ => None,
        }
    }

    /// The transaction that runs or is about to.
    pub(super) fn charge_mut(&mut self) -> Option<&mut Charge> {
        match &mut self.session.as_mut()?.phase {
            Phase::Starting(charge) | Phase::Running(charge) => Some(charge),
            Phase::Waiting | Phase::Authorizing => None,
        }
    }

    pub(super) fn is_waiting(&self) -> bool {
        matches!(&self.session, Some(Session { phase: Phase::Waiting, .. }))
    }

    /// Whether a remote start may use it.
    pub(super) fn is_free(&self) -> bool {
        self.operative && !self.closing && self.session.is_none() && self.remote.is_none()
    }

    /// Status without a session: a car that is there may get one.
    pub(super) fn unused_status(&self) -> Status {
        if self.plugged { Status::Preparing } else { Status::Available }
    }

    /// When a running transaction has used up what its refused idTag is allowed; never without one.
    pub(super) fn allowance_ends(&self) -> Time {
        let allowance = self.running().and_then(|charge| charge.allowance_wh);
        allowance.map_or(Time::NEVER, |register_wh| self.meter.reaches(register_wh))
    }

    /// Status of a running transaction: nothing offered wins over nothing wanted (errata 3.64).
    pub(super) fn energy_status(&self) -> Status {
        if self.offer == Offer::None {
            Status::SuspendedEvse
        } else if self.wants_power || self.meter.draw().power_mw > 0 {
            Status::Charging
        } else {
            Status::SuspendedEv
        }
    }
}
