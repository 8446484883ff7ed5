//! Frames from charge points: read, act, answer.
//!
//! StartTransaction, StopTransaction, MeterValues and StatusNotification are never answered with
//! a CALLERROR: a charge point would send them again and again (OCPP 1.6 §4.8-§4.10, errata 3.2),
//! so whatever can be read of them is used and the rest is counted.

use serde::Serialize;

use crate::csms::commands::Dropped;
use crate::csms::event::{Event, Trigger};
use crate::csms::line::Order;
use crate::csms::manner::Breed;
use crate::csms::records::ReservationStatus;
use crate::csms::{Csms, PointIx};
use crate::ocpp::action::{Action, Direction};
use crate::ocpp::error::ErrorCode;
use crate::ocpp::frame::{self, Call, Frame, FrameFault};
use crate::ocpp::messages::{
    AuthorizeRequest, BootNotificationRequest, BootNotificationResponse, HeartbeatRequest,
    HeartbeatResponse, MeterValuesRequest, MeterValuesResponse, StartTransactionRequest,
    StartTransactionResponse, StatusNotificationRequest, StatusNotificationResponse,
    StopTransactionRequest, StopTransactionResponse,
};
use crate::ocpp::read::{Deviation, Fault, Read, Reader};
use crate::ocpp::types::{
    AuthorizationStatus, ChargePointStatus, IdTagInfo, RegistrationStatus, Timestamp,
};
use crate::time::Time;

/// Whether a CALLERROR would only make a charge point send it again and again.
fn is_never_refused(action: Action) -> bool {
    use Action::{MeterValues, StartTransaction, StatusNotification, StopTransaction};
    matches!(action, MeterValues | StartTransaction | StatusNotification | StopTransaction)
}

impl Csms {
    /// Takes a text frame from a charge point.
    pub fn handle_frame(&mut self, now: Time, point: PointIx, text: &str) {
        match Frame::parse(text) {
            Ok(Frame::Call(call)) => {
                // The reader lends its buffer to the message, so it steps aside meanwhile.
                let mut reader = std::mem::take(&mut self.reader);
                self.call(now, point, &call, &mut reader);
                self.reader = reader;
            }
            Ok(Frame::Result(result)) => self.answered(now, point, &result.id, Ok(result.payload)),
            Ok(Frame::Error(error)) => self.answered(now, point, &error.id, Err(error.code)),
            Err(fault) => self.unreadable(now, point, text, &fault),
        }
        self.pump(now, point);
        self.use_freed_room(now, self.points[point.0].site);
    }

    fn unreadable(&mut self, now: Time, point: PointIx, text: &str, fault: &FrameFault) {
        self.count(match fault {
            // The kinds are few, the lengths are not.
            FrameFault::TooLong { .. } => "frame: too long".to_owned(),
            _ => format!("frame: {fault}"),
        });
        let Some(id) = fault.call_id() else { return };
        let call = Frame::call_without_payload(text);
        let action = call.as_ref().and_then(|call| Action::from_name(&call.action));
        match call.filter(|_| action.is_some_and(is_never_refused)) {
            Some(call) => self.call(now, point, &call, &mut Reader::default()),
            None => {
                let mut text = String::new();
                frame::write_error(&mut text, id, fault.code(), "");
                self.send(point, text);
            }
        }
    }

    fn call(&mut self, now: Time, point: PointIx, call: &Call<'_>, reader: &mut Reader) {
        let Some(action) = Action::from_name(&call.action) else {
            return self.refuse(point, &call.id, ErrorCode::NotImplemented, "unknown action");
        };
        if action != Action::BootNotification {
            self.register(point);
            if std::mem::take(&mut self.points[point.0].line.unheard) {
                // It has not booted, or it would have said so first.
                self.update_reserved(point);
            }
        }
        let fault = match action {
            Action::Authorize => self.authorize(now, point, call, reader),
            Action::BootNotification => self.boot(now, point, call, reader),
            Action::Heartbeat => self.heartbeat(now, point, call, reader),
            Action::MeterValues => self.meter_values(now, point, call, reader),
            Action::StartTransaction => self.start_transaction(now, point, call, reader),
            Action::StatusNotification => self.status(now, point, call, reader),
            Action::StopTransaction => self.stop_transaction(now, point, call, reader),
            _ if action.direction() == Direction::FromCentralSystem => {
                let code = ErrorCode::NotSupported;
                return self.refuse(point, &call.id, code, "not for this side");
            }
            _ => self.notice(now, point, action, call, reader),
        };
        if let Err(fault) = fault {
            self.refuse(point, &call.id, fault.code, &fault.description);
        }
    }

    fn boot(
        &mut self,
        now: Time,
        point: PointIx,
        call: &Call<'_>,
        reader: &mut Reader,
    ) -> Result<(), Fault> {
        let read: Read<BootNotificationRequest<'_>> =
            reader.request(Action::BootNotification, call.payload)?;
        self.note(&read.deviations);
        let answer = BootNotificationResponse {
            status: RegistrationStatus::Accepted,
            current_time: Timestamp(now),
            interval: self.options.heartbeat.whole_s(),
        };
        self.answer(point, &call.id, &answer);
        self.identify(
            point,
            Breed {
                vendor: read.value.charge_point_vendor.to_string(),
                model: read.value.charge_point_model.to_string(),
                firmware: read.value.firmware_version.as_deref().unwrap_or_default().to_owned(),
            },
        );
        self.booted(now, point);
        Ok(())
    }

    /// After a boot nothing that was installed is certain: TxProfiles go with their transactions,
    /// TxDefaultProfiles stay (errata 3.37), so either may be in force.
    fn booted(&mut self, now: Time, point: PointIx) {
        self.register(point);
        self.drop_waiting(point, Dropped::Rebooted);
        let start_bound = self.points[point.0].start_bound();
        let state = &mut self.points[point.0];
        state.line.unheard = false;
        state.start_slots.clear();
        (state.default_limit.refusals, state.default_limit.denials) = (0, 0);
        state.default_limit.confirmed = None;
        for connector in state.connectors.iter_mut() {
            let Some(active) = connector.active.as_mut() else { continue };
            active.entry.doubt(start_bound);
            active.profiled = false;
            // That covers another car, too.
            connector.unsure_until.take_if(|_| active.gone.is_none());
        }
        let state = &mut self.points[point.0];
        state.line.queue.retain(|order| {
            !matches!(order, Order::GetConfiguration | Order::TriggerStatus { .. })
        });
        state.line.queue.push_back(Order::GetConfiguration);
        self.want_default_limit(point);
        self.update_reserved(point);
        self.trigger(now, point, Trigger::Connection);
    }

    fn register(&mut self, point: PointIx) {
        if !std::mem::replace(&mut self.points[point.0].registered, true) {
            self.emit(Event::PointChanged { point });
        }
    }

    fn heartbeat(
        &mut self,
        now: Time,
        point: PointIx,
        call: &Call<'_>,
        reader: &mut Reader,
    ) -> Result<(), Fault> {
        let read: Read<HeartbeatRequest> = reader.request(Action::Heartbeat, call.payload)?;
        self.note(&read.deviations);
        self.answer(point, &call.id, &HeartbeatResponse { current_time: Timestamp(now) });
        Ok(())
    }

    fn authorize(
        &mut self,
        now: Time,
        point: PointIx,
        call: &Call<'_>,
        reader: &mut Reader,
    ) -> Result<(), Fault> {
        let read: Read<AuthorizeRequest<'_>> = reader.request(Action::Authorize, call.payload)?;
        self.note(&read.deviations);
        self.present_card(now, point, &call.id, &read.value.id_tag);
        Ok(())
    }

    fn status(
        &mut self,
        now: Time,
        point: PointIx,
        call: &Call<'_>,
        reader: &mut Reader,
    ) -> Result<(), Fault> {
        let read: Result<Read<StatusNotificationRequest<'_>>, Fault> =
            reader.request(Action::StatusNotification, call.payload);
        match read {
            Ok(read) => {
                self.note(&read.deviations);
                if let Some(timestamp) = read.value.timestamp {
                    self.points[point.0].clock.seen(timestamp, now);
                }
                let connector = self.points[point.0].connector(read.value.connector_id);
                let told = read.value.status;
                if let Some(index) = connector.filter(|c| !self.is_old(point, *c, &read.value)) {
                    let stated = read.value.timestamp.filter(|at| at.is_plausible());
                    self.points[point.0].connectors[index].stated_at = stated.map(|at| at.0);
                    self.set_status(now, point, index, told);
                }
            }
            Err(fault) => self.count(format!("StatusNotification: {}", fault.code)),
        }
        self.answer(point, &call.id, &StatusNotificationResponse {});
        Ok(())
    }

    /// Whether a connector was free before the transaction that runs there: told again after a
    /// loss, that does not say that the car has left.
    fn is_old(&self, point: PointIx, index: usize, told: &StatusNotificationRequest<'_>) -> bool {
        let active = self.points[point.0].connectors[index].active.as_ref();
        let start = active.and_then(|active| self.transactions.get(active.transaction_id));
        let (Some(start), Some(timestamp)) = (start, told.timestamp) else { return false };
        let free = [ChargePointStatus::Available, ChargePointStatus::Preparing];
        free.contains(&told.status) && timestamp.is_plausible() && timestamp.0 <= start.said
    }

    fn set_status(&mut self, now: Time, point: PointIx, index: usize, status: ChargePointStatus) {
        let state = &mut self.points[point.0];
        let connector = &mut state.connectors[index];
        let (charged, prepared) = (connector.charges(), connector.prepares());
        connector.status = status;
        connector.reported = true;
        let (charges, prepares) = (connector.charges(), connector.prepares());
        // That it charges does not tell who does.
        let tells = |_: &mut Time| !charges || connector.active.is_none();
        let unsure = connector.unsure_until.take_if(tells).is_some();
        let nothing_began = unsure && !charges && connector.present().is_none();
        let is_free = matches!(status, ChargePointStatus::Available | ChargePointStatus::Preparing);
        if is_free {
            // A last sample may have come after the end of its transaction.
            connector.measured_w = 0;
            connector.unasked = false;
        }
        match connector.active.as_mut() {
            // It does charge: reported late or taken for gone, but no stop is waiting behind it.
            Some(active) if charges && (active.belated || active.gone.is_some()) => {
                active.belated = false;
                active.gone = None;
                self.trigger(now, point, Trigger::SessionStart);
            }
            // The car has left: the stop is on its way or lost for good.
            Some(active) if is_free && active.gone.is_none() => {
                active.gone = Some(now);
                self.trigger(now, point, Trigger::SessionEnd);
            }
            // It charges under the default limit, and its start is on its way or lost for good.
            None if charges && !charged => {
                state.take_slot(None);
                self.trigger(now, point, Trigger::SessionStart);
            }
            // The driver left without a start.
            None if prepared && !prepares && !charges => {
                let preparing = state.connectors.iter().filter(|c| c.prepares()).count();
                if state.start_slots.len() > preparing {
                    state.take_slot(None);
                    self.trigger(now, point, Trigger::StartGate);
                }
            }
            _ => {}
        }
        if nothing_began {
            // Others may have the room.
            self.trigger(now, point, Trigger::StartGate);
        }
        self.update_reserved(point);
        self.expire_slots(now, point);
    }

    fn meter_values(
        &mut self,
        now: Time,
        point: PointIx,
        call: &Call<'_>,
        reader: &mut Reader,
    ) -> Result<(), Fault> {
        let read: Result<Read<MeterValuesRequest<'_>>, Fault> =
            reader.request(Action::MeterValues, call.payload);
        match read {
            Ok(read) => {
                self.note(&read.deviations);
                self.metered(now, point, &read.value);
            }
            Err(fault) => self.count(format!("MeterValues: {}", fault.code)),
        }
        self.answer(point, &call.id, &MeterValuesResponse {});
        Ok(())
    }

    fn start_transaction(
        &mut self,
        now: Time,
        point: PointIx,
        call: &Call<'_>,
        reader: &mut Reader,
    ) -> Result<(), Fault> {
        let read: Result<Read<StartTransactionRequest<'_>>, Fault> =
            reader.request(Action::StartTransaction, call.payload);
        let (transaction_id, status) = match read {
            Ok(read) => {
                self.note(&read.deviations);
                let status = self.card_status(&read.value.id_tag);
                let transaction_id = self.started(now, point, &read.value);
                self.start_reported(point, transaction_id, &read.value.id_tag);
                let used = read.value.reservation_id;
                self.reservation_over(now, point, used, ReservationStatus::Used);
                (transaction_id, status)
            }
            Err(fault) => {
                // Without its fields it cannot be kept, but it must be answered (errata 3.2).
                self.count(format!("StartTransaction: {}", fault.code));
                let transaction_id = self.transactions.reserve_id();
                self.emit(Event::IdTaken { transaction_id });
                (transaction_id, AuthorizationStatus::Invalid)
            }
        };
        let answer = StartTransactionResponse {
            id_tag_info: IdTagInfo { status, expiry_date: None, parent_id_tag: None },
            transaction_id,
        };
        self.answer(point, &call.id, &answer);
        Ok(())
    }

    /// A start that was let in with a profile of its own keeps its room until it is reported, also
    /// when its status came first; from then on the transaction has it.
    fn start_reported(&mut self, point: PointIx, transaction_id: i64, id_tag: &str) {
        let state = &mut self.points[point.0];
        let fresh = state.connectors.iter().filter_map(|connector| connector.active.as_ref());
        let fresh = fresh.filter(|active| !active.profiled);
        if fresh.into_iter().any(|active| active.transaction_id == transaction_id) {
            let slots = state.start_slots.len();
            state
                .start_slots
                .retain(|slot| !slot.profiled || !slot.id_tag.eq_ignore_ascii_case(id_tag));
            if state.start_slots.len() < slots {
                self.update_reserved(point);
            }
        }
    }

    fn stop_transaction(
        &mut self,
        now: Time,
        point: PointIx,
        call: &Call<'_>,
        reader: &mut Reader,
    ) -> Result<(), Fault> {
        let read: Result<Read<StopTransactionRequest<'_>>, Fault> =
            reader.request(Action::StopTransaction, call.payload);
        match read {
            Ok(read) => {
                self.note(&read.deviations);
                self.stopped(now, point, &read.value);
            }
            Err(fault) => self.count(format!("StopTransaction: {}", fault.code)),
        }
        self.answer(point, &call.id, &StopTransactionResponse { id_tag_info: None });
        Ok(())
    }

    /// The status of a card; idTags compare without case (CiString, OCPP 1.6 §7.27).
    pub(super) fn card_status(&self, id_tag: &str) -> AuthorizationStatus {
        if self.options.cards.is_empty() {
            return self.options.unknown_card;
        }
        let known = self.options.cards.get(&id_tag.to_ascii_lowercase());
        known.copied().unwrap_or(self.options.unknown_card)
    }

    pub(super) fn answer(&mut self, point: PointIx, id: &str, payload: &impl Serialize) {
        let mut text = String::with_capacity(96);
        frame::write_result(&mut text, id, payload);
        self.send(point, text);
    }

    fn refuse(&mut self, point: PointIx, id: &str, code: ErrorCode, description: &str) {
        self.count(format!("refused: {code}"));
        let mut text = String::new();
        frame::write_error(&mut text, id, code, description);
        self.send(point, text);
    }

    pub(super) fn note(&mut self, deviations: &[Deviation]) {
        for deviation in deviations {
            self.count(format!("{:?}", deviation.kind));
        }
    }

    pub(super) fn count(&mut self, kind: String) {
        *self.deviations.entry(kind).or_insert(0) += 1;
    }
}
