//! CALLs that start, stop and ask: RemoteStartTransaction, RemoteStopTransaction, TriggerMessage.

use crate::charger::authorization::Card;
use crate::charger::point::{ChargePoint, ID_TAG_MAX_CHARS};
use crate::charger::reservation::Admission;
use crate::charger::serve::{Answer, cut, json};
use crate::charger::serve_profiles::refusal;
use crate::charger::upload::Channel;
use crate::ocpp::messages::{
    RemoteStartTransactionRequest, RemoteStartTransactionResponse, RemoteStopTransactionRequest,
    RemoteStopTransactionResponse, TriggerMessageRequest, TriggerMessageResponse,
};
use crate::ocpp::profile::SetOutcome;
use crate::ocpp::types::{
    MessageTrigger, ReadingContext, RemoteStartStopStatus, StopReason, TriggerMessageStatus,
};
use crate::time::Time;

impl ChargePoint {
    /// §5.11. Without a connector the station prefers one with a car, then the lowest free one.
    /// Accepted means: a transaction will be tried, or a car awaited for `ConnectionTimeOut`.
    pub(super) fn remote_start(
        &mut self,
        now: Time,
        request: &RemoteStartTransactionRequest<'_>,
    ) -> Answer {
        let answer = |status| Ok(json(&RemoteStartTransactionResponse { status }));
        let id_tag = cut(&request.id_tag, ID_TAG_MAX_CHARS).to_owned();
        let free = self.connector_for(request.connector_id, &id_tag);
        let Some(c) = free.filter(|_| self.takes_sessions()) else {
            return answer(RemoteStartStopStatus::Rejected);
        };
        if let Some(profile) = &request.charging_profile {
            match self.store.set_pending(self.connectors[c].number, profile.into()) {
                SetOutcome::Accepted | SetOutcome::NotSupported => {}
                SetOutcome::Rejected => return answer(RemoteStartStopStatus::Rejected),
                SetOutcome::Error(why) => return Err(refusal(why)),
            }
        }
        if self.connectors[c].plugged {
            self.begin_session(now, c, id_tag, true);
        } else {
            self.await_car(now, c, id_tag);
        }
        answer(RemoteStartStopStatus::Accepted)
    }

    /// A connector reserved for the card comes first; one reserved for others does not count.
    fn connector_for(&self, wanted: Option<u32>, id_tag: &str) -> Option<usize> {
        let parent = self.known_card(id_tag).and_then(Card::parent);
        let admission = |c: usize| self.admission(c, id_tag, parent);
        let free = |c: &usize| self.connectors[*c].is_free() && admission(*c) != Admission::Refused;
        if let Some(connector) = wanted {
            return self.index(connector).filter(free);
        }
        let mut candidates = (0..self.connectors.len()).filter(free);
        let own = |c: &usize| self.is_reserved(*c) && admission(*c) != Admission::AskGroup;
        let reserved = candidates.clone().find(own);
        let with_car = candidates.clone().find(|c| self.connectors[*c].plugged);
        reserved.or(with_car).or_else(|| candidates.next())
    }

    /// §5.12.
    pub(super) fn remote_stop(
        &mut self,
        now: Time,
        request: &RemoteStopTransactionRequest,
    ) -> Answer {
        let wanted = Some(request.transaction_id);
        let running = self
            .connectors
            .iter()
            .position(|c| c.running().is_some_and(|charge| charge.transaction_id == wanted));
        let status = match running {
            Some(c) => {
                self.end_session(now, c, StopReason::Remote);
                RemoteStartStopStatus::Accepted
            }
            None => RemoteStartStopStatus::Rejected,
        };
        Ok(json(&RemoteStopTransactionResponse { status }))
    }

    /// §5.17: the answer goes first, the message after it. BootNotification is sent also by an
    /// accepted station: errata 3.40 forbids it, real stations do it.
    pub(super) fn trigger(&mut self, now: Time, request: &TriggerMessageRequest) -> Answer {
        let message = request.requested_message;
        let status = match self.trigger_message(now, message, request.connector_id) {
            true => TriggerMessageStatus::Accepted,
            false => TriggerMessageStatus::Rejected,
        };
        Ok(json(&TriggerMessageResponse { status }))
    }

    /// False: there is nothing to send.
    pub(super) fn trigger_message(
        &mut self,
        now: Time,
        message: MessageTrigger,
        connector: Option<u32>,
    ) -> bool {
        match message {
            MessageTrigger::StatusNotification => return self.trigger_status(now, connector),
            MessageTrigger::MeterValues => return self.trigger_meter_values(now, connector),
            MessageTrigger::BootNotification => self.queue_boot(),
            MessageTrigger::Heartbeat => self.queue_heartbeat(),
            MessageTrigger::DiagnosticsStatusNotification => {
                self.queue_upload_status(Channel::Diagnostics);
            }
            MessageTrigger::FirmwareStatusNotification => self.queue_firmware_status(false),
        }
        true
    }

    fn trigger_status(&mut self, now: Time, connector: Option<u32>) -> bool {
        let asked = match connector {
            Some(connector) => connector..=connector,
            None => 0..=self.spec.connectors,
        };
        let mut known = false;
        for connector in asked {
            if let Some(status) = self.status(connector) {
                self.queue_status(now, connector, status);
                known = true;
            }
        }
        known
    }

    fn trigger_meter_values(&mut self, now: Time, connector: Option<u32>) -> bool {
        let asked = match connector.map(|connector| self.index(connector)) {
            Some(Some(c)) => c..c + 1,
            Some(None) => return false,
            None => 0..self.connectors.len(),
        };
        let mut any = false;
        for c in asked {
            any |= self.queue_meter_values(now, c, ReadingContext::Trigger);
        }
        any
    }
}
