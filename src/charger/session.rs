//! From the card to the end of the transaction (§4.8, §4.10; ocpp.md §3.3).

use crate::charger::Output;
use crate::charger::authorization::{Card, Plan};
use crate::charger::connector::{Charge, Phase, RemoteStart, Session};
use crate::charger::keys::KeyId;
use crate::charger::outbox::{About, Gap};
use crate::charger::point::{ChargePoint, Power};
use crate::charger::reservation::Admission;
use crate::charger::sample::push_scaled;
use crate::charger::serve::json;
use crate::charger::status::Status;
use crate::ocpp::messages::{AuthorizeRequest, StartTransactionRequest};
use crate::ocpp::profile::Transaction;
use crate::ocpp::timestamp::Timestamp;
use crate::ocpp::types::{AuthorizationStatus, IdTagInfo, StopReason};
use crate::time::Time;
use crate::vehicle::Draw;

/// Transaction id when StartTransaction could never be delivered (errata 3.18).
const UNDELIVERED: i64 = -1;

impl ChargePoint {
    pub(super) fn on_plug_in(&mut self, now: Time, c: usize, id_tag: &str) {
        let connector = &mut self.connectors[c];
        if connector.plugged {
            return;
        }
        connector.plugged = true;
        connector.wants_power = true;
        match connector.remote.take() {
            Some(remote) => self.begin_session(now, c, remote.id_tag, true),
            None => self.admit(now, c, id_tag),
        }
    }

    /// A card at a connector with a car and without a session.
    pub(super) fn admit(&mut self, now: Time, c: usize, id_tag: &str) {
        let parent = self.known_card(id_tag).and_then(Card::parent);
        let refused = self.admission(c, id_tag, parent) == Admission::Refused;
        let connector = &self.connectors[c];
        if !connector.operative || self.is_withheld() {
            self.refuse(c);
        } else if refused {
            if connector.status == Status::Available {
                self.set_status(now, c, Status::Preparing);
            }
            self.refuse(c);
        } else {
            self.begin_session(now, c, id_tag.to_owned(), false);
        }
    }

    pub(super) fn on_unplug(&mut self, now: Time, c: usize) {
        if !self.connectors[c].plugged {
            return;
        }
        self.end_session(now, c, StopReason::EvDisconnected);
        let connector = &mut self.connectors[c];
        connector.plugged = false;
        connector.wants_power = false;
        connector.soc_tenths = None;
        connector.meter.set(now, Draw::default());
        if !matches!(connector.status, Status::Unavailable | Status::Reserved) {
            self.set_status(now, c, Status::Available);
            self.settle_reservation(now, c);
        }
        self.settle_availability(now, c);
    }

    /// New sessions may begin: those that began may go on, and no firmware waits for their end.
    pub(super) fn takes_sessions(&self) -> bool {
        self.may_proceed() && !self.is_withheld()
    }

    /// Sessions may go on: no reset is on its way, and the station is accepted, or was once and has
    /// nobody to ask.
    fn may_proceed(&self) -> bool {
        let accepted = self.is_accepted() || (!self.link && self.commissioned);
        self.power == Power::On && accepted
    }

    pub(super) fn begin_session(&mut self, now: Time, c: usize, id_tag: String, remote: bool) {
        self.last_session += 1;
        let serial = self.last_session;
        self.connectors[c].session =
            Some(Session { serial, id_tag, remote, parent: None, phase: Phase::Waiting });
        // A reserved connector stays so until the card has proven to be the one.
        if self.connectors[c].status != Status::Reserved {
            self.set_status(now, c, Status::Preparing);
        }
        self.advance(now, c);
    }

    /// Sessions that waited for the link may go on.
    pub(super) fn advance_waiting(&mut self, now: Time) {
        for c in 0..self.connectors.len() {
            if self.connectors[c].is_waiting() {
                self.advance(now, c);
            }
        }
    }

    /// Takes a waiting session as far as it gets.
    fn advance(&mut self, now: Time, c: usize) {
        if !self.may_proceed() {
            return;
        }
        let Some(session) = &self.connectors[c].session else { return };
        match self.plan(now, c, session) {
            Plan::Start => self.start(now, c),
            Plan::StartOffline => {
                self.start(now, c);
                self.run(now, c, None);
            }
            Plan::Ask => self.ask(c),
            Plan::Wait => {}
            Plan::Refuse => self.end_session(now, c, StopReason::DeAuthorized),
        }
    }

    fn ask(&mut self, c: usize) {
        if let Some(session) = &mut self.connectors[c].session {
            session.phase = Phase::Authorizing;
            let request = AuthorizeRequest { id_tag: session.id_tag.as_str().into() };
            let about = About::Authorize { session: session.serial };
            self.outbox.push(about, json(&request));
        }
    }

    /// The central system (or its silence) decided about the card.
    pub(super) fn on_authorized(&mut self, now: Time, serial: u64, info: &IdTagInfo<'_>) {
        let Some(c) = self.session_index(serial) else { return };
        let Some(session) = &mut self.connectors[c].session else { return };
        if !matches!(session.phase, Phase::Authorizing) {
            return;
        }
        session.join(info.parent_id_tag.as_deref());
        if info.status == AuthorizationStatus::Accepted {
            self.start(now, c);
        } else {
            self.end_session(now, c, StopReason::DeAuthorized);
        }
    }

    /// The reservation the session of connector `c` uses up, if any; `Err`: it is kept for others.
    fn claim(&mut self, now: Time, c: usize) -> Result<Option<i64>, ()> {
        let Some(session) = &self.connectors[c].session else { return Err(()) };
        let known = self.known_card(&session.id_tag).and_then(Card::parent);
        let parent = session.parent.as_deref().or(known);
        let admission = self.admission(c, &session.id_tag, parent);
        let parent = parent.map(str::to_owned);
        if let Some(session) = &mut self.connectors[c].session {
            session.join(parent.as_deref());
        }
        match admission {
            Admission::Free => Ok(None),
            Admission::Reserved(id) => {
                self.end_reservation(now, id);
                Ok(Some(id))
            }
            Admission::AskGroup | Admission::Refused => Err(()),
        }
    }

    /// Queues StartTransaction, unless the connector is kept for somebody else.
    fn start(&mut self, now: Time, c: usize) {
        let Ok(reservation_id) = self.claim(now, c) else {
            return self.end_session(now, c, StopReason::DeAuthorized);
        };
        self.restart_register(now, c);
        let begin = self.transaction_data(now, c, true);
        let meter_start = self.shown_wh(now, c);
        let number = self.connectors[c].number;
        let timestamp = Timestamp(self.clock(now));
        let Some(session) = &mut self.connectors[c].session else { return };
        let request = StartTransactionRequest {
            connector_id: number,
            id_tag: session.id_tag.as_str().into(),
            meter_start,
            reservation_id,
            timestamp,
        };
        let payload = json(&request);
        session.phase = Phase::Starting(Charge {
            transaction_id: None,
            started: now,
            next_sample: Time::NEVER,
            blocked: false,
            allowance_wh: None,
            begin,
        });
        let about = About::Start { session: session.serial };
        self.before_start(c, about, &payload);
        self.outbox.push_transactional(about, payload, None);
    }

    /// StartTransaction was answered, or given up with id -1.
    pub(super) fn on_started(&mut self, now: Time, serial: u64, id: i64, info: &IdTagInfo<'_>) {
        self.outbox.fill_gaps(serial, id);
        let Some(c) = self.session_index(serial) else { return };
        let accepted = info.status == AuthorizationStatus::Accepted;
        let granted_wh = self.keys.int(KeyId::MaxEnergyOnInvalidId);
        let register_wh = self.connectors[c].meter.register_wh(now);
        if let Some(charge) = self.connectors[c].charge_mut() {
            charge.transaction_id = Some(id);
            charge.blocked = !accepted && granted_wh == 0;
            charge.allowance_wh = (!accepted && granted_wh > 0).then(|| register_wh + granted_wh);
        }
        if let Some(session) = &mut self.connectors[c].session {
            session.join(info.parent_id_tag.as_deref());
        }
        if !accepted && self.keys.flag(KeyId::StopTransactionOnInvalidId) {
            self.end_session(now, c, StopReason::DeAuthorized);
            return;
        }
        self.run(now, c, Some(id));
        let connector = self.connectors[c].number;
        self.outputs.push_back(Output::Started { connector, transaction_id: id });
    }

    /// StartTransaction was discarded: the transaction goes on under the id -1 (errata 3.18).
    pub(super) fn on_start_discarded(&mut self, now: Time, serial: u64) {
        let unknown = IdTagInfo::status(AuthorizationStatus::Accepted);
        self.on_started(now, serial, UNDELIVERED, &unknown);
    }

    /// What a refused idTag was allowed (`MaxEnergyOnInvalidId`) is used up.
    pub(super) fn end_allowances(&mut self, now: Time) {
        for c in 0..self.connectors.len() {
            if self.connectors[c].allowance_ends() <= now
                && let Some(charge) = self.connectors[c].charge_mut()
            {
                charge.allowance_wh = None;
                charge.blocked = true;
                self.update_offers(now);
            }
        }
    }

    /// The transaction runs, or learns its id.
    fn run(&mut self, now: Time, c: usize, id: Option<i64>) {
        let Some(mut session) = self.connectors[c].session.take() else { return };
        let number = self.connectors[c].number;
        session.phase = match session.phase {
            Phase::Starting(charge) | Phase::Running(charge) => {
                let next_sample = self.next_sample(charge.started, now);
                self.transactions.retain(|transaction| transaction.connector != number);
                self.transactions.push(Transaction {
                    connector: number,
                    id,
                    start: self.clock(charge.started),
                });
                Phase::Running(Charge { transaction_id: id, next_sample, ..charge })
            }
            other => other,
        };
        self.connectors[c].session = Some(session);
        self.store.bind_pending(number, id, self.clock(now));
        self.update_offers(now);
        self.refresh_status(now, c);
    }

    /// Ends whatever goes on at the connector. A session without StartTransaction just ends; a
    /// transaction gets its StopTransaction, whose id is filled in when it becomes known.
    pub(super) fn end_session(&mut self, now: Time, c: usize, reason: StopReason) {
        let Some(session) = self.connectors[c].session.take() else { return };
        let number = self.connectors[c].number;
        self.store.cancel_pending(number);
        let charged = matches!(session.phase, Phase::Running(_));
        match &session.phase {
            Phase::Waiting | Phase::Authorizing => self.refuse(c),
            Phase::Starting(charge) | Phase::Running(charge) => {
                self.queue_stop(now, c, &session, charge, reason);
                self.transactions.retain(|transaction| transaction.connector != number);
                self.store.transaction_ended(number);
                self.update_offers(now);
                self.set_status(now, c, Status::Finishing);
                self.outputs.push_back(Output::Ended { connector: number, charged });
            }
        }
        self.settle_availability(now, c);
    }

    fn refuse(&mut self, c: usize) {
        let connector = self.connectors[c].number;
        self.outputs.push_back(Output::Ended { connector, charged: false });
    }

    /// Queues StopTransaction. Its fields stand in the order of the typed message.
    fn queue_stop(
        &mut self,
        now: Time,
        c: usize,
        session: &Session,
        charge: &Charge,
        reason: StopReason,
    ) {
        let end = self.transaction_data(now, c, false);
        let mut payload = self.outbox.buffer();
        payload.push('{');
        if reason == StopReason::Local {
            payload.push_str("\"idTag\":");
            payload.push_str(&json(&session.id_tag));
            payload.push(',');
        }
        payload.push_str("\"meterStop\":");
        push_scaled(&mut payload, self.shown_wh(now, c), 0);
        payload.push_str(",\"timestamp\":\"");
        self.clock(now).write_ocpp(&mut payload);
        payload.push_str("\",\"transactionId\":");
        let mut gap = None;
        match charge.transaction_id {
            Some(id) => push_scaled(&mut payload, id, 0),
            None => gap = Some(Gap { session: session.serial, at: payload.len() }),
        }
        payload.push_str(",\"reason\":\"");
        payload.push_str(reason.as_str());
        payload.push('"');
        if !charge.begin.is_empty() && !end.is_empty() {
            payload.push_str(",\"transactionData\":[");
            payload.push_str(&charge.begin);
            payload.push(',');
            payload.push_str(&end);
            payload.push(']');
        }
        payload.push('}');
        self.outbox.push_transactional(About::Stop, payload, gap);
    }

    /// An accepted remote start without a car takes the connector for `ConnectionTimeOut`.
    pub(super) fn await_car(&mut self, now: Time, c: usize, id_tag: String) {
        let deadline = now + self.keys.span(KeyId::ConnectionTimeOut);
        self.connectors[c].remote = Some(RemoteStart { id_tag, deadline });
        self.set_status(now, c, Status::Preparing);
    }

    /// No car came, or the station resets.
    pub(super) fn cancel_remote_start(&mut self, now: Time, c: usize) {
        if self.connectors[c].remote.take().is_some() {
            self.store.cancel_pending(self.connectors[c].number);
            self.set_status(now, c, Status::Available);
            self.settle_reservation(now, c);
            self.settle_availability(now, c);
        }
    }

    /// A connector that was told to become inoperative, or waits for a firmware, does so as soon as
    /// nothing goes on there.
    pub(super) fn settle_availability(&mut self, now: Time, c: usize) {
        let withheld = self.is_withheld();
        let connector = &mut self.connectors[c];
        let idle = connector.session.is_none()
            && connector.remote.is_none()
            && matches!(connector.status, Status::Available | Status::Finishing | Status::Reserved);
        if connector.closing && idle {
            connector.closing = false;
            connector.operative = false;
            let number = connector.number;
            self.end_reservations_of(number);
            self.set_status(now, c, Status::Unavailable);
        } else if withheld && idle {
            self.set_status(now, c, Status::Unavailable);
        }
        let closing = self.connectors.iter().any(|connector| connector.closing);
        if !self.station_operative && !closing {
            self.set_station_status(now, Status::Unavailable);
        }
    }

    /// The connector whose session has this serial number.
    pub(super) fn session_index(&self, serial: u64) -> Option<usize> {
        self.connectors.iter().position(|connector| {
            connector.session.as_ref().is_some_and(|session| session.serial == serial)
        })
    }
}
