//! Texts from the central system: answers to the station's CALLs, and CALLs the station answers.

use serde::{Deserialize, Serialize};

use crate::charger::outbox::{About, Answered, Call};
use crate::charger::point::ChargePoint;
use crate::charger::timers::Failure;
use crate::ocpp::action::{Action, FeatureProfile};
use crate::ocpp::error::ErrorCode;
use crate::ocpp::frame::{self, Frame};
use crate::ocpp::messages::{
    AuthorizeResponse, BootNotificationResponse, StartTransactionResponse,
};
use crate::ocpp::types::AuthorizationStatus;
use crate::time::Time;

/// The answer to a CALL: the payload of the CALLRESULT, or code and description of the CALLERROR.
pub(super) type Answer = Result<String, (ErrorCode, &'static str)>;

/// The text of a payload.
pub(super) fn json(payload: &impl Serialize) -> String {
    serde_json::to_string(payload).expect("a message type is JSON")
}

/// Reads a payload.
pub(super) fn read<'a, T: Deserialize<'a>>(
    payload: &'a str,
) -> Result<T, (ErrorCode, &'static str)> {
    let payload = if payload == "null" { "{}" } else { payload };
    serde_json::from_str(payload).map_err(|_| (ErrorCode::FormationViolation, "payload"))
}

impl ChargePoint {
    /// Handles a text while the station runs and the link is up.
    pub(super) fn receive(&mut self, now: Time, text: &str) {
        match Frame::parse(text) {
            Ok(Frame::Call(call)) => {
                let mut reply = String::new();
                match self.serve(now, &call.action, call.payload) {
                    Ok(payload) => {
                        reply.push_str("[3,");
                        reply.push_str(&json(&call.id));
                        reply.push(',');
                        reply.push_str(&payload);
                        reply.push(']');
                    }
                    Err((code, why)) => frame::write_error(&mut reply, &call.id, code, why),
                }
                self.send(reply);
            }
            Ok(Frame::Result(result)) => {
                if let Some(call) = self.match_answer(&result.id) {
                    self.on_result(now, call, result.payload);
                }
            }
            Ok(Frame::Error(error)) => {
                if let Some(call) = self.match_answer(&error.id) {
                    self.counters.refused_calls += 1;
                    self.on_failed(now, call, Failure::Refusal);
                }
            }
            Err(fault) => {
                self.counters.unreadable_texts += 1;
                if let Some(id) = fault.call_id() {
                    let mut reply = String::new();
                    frame::write_error(&mut reply, id, fault.code(), "not an OCPP-J message");
                    self.send(reply);
                }
            }
        }
    }

    /// The CALL this answer belongs to; late, repeated and unasked answers are counted.
    fn match_answer(&mut self, id: &str) -> Option<Call> {
        match self.outbox.answer(id) {
            Answered::Current(call) => return Some(call),
            Answered::Late => self.counters.late_answers += 1,
            Answered::Unknown => self.counters.unasked_answers += 1,
        }
        None
    }

    /// A CALLRESULT. Only answers that decide something are read.
    fn on_result(&mut self, now: Time, call: Call, payload: &str) {
        let readable = match call.about {
            About::Boot => read::<BootNotificationResponse>(payload)
                .map(|answer| self.on_boot_answer(now, &answer))
                .is_ok(),
            About::Authorize { session } => read::<AuthorizeResponse<'_>>(payload)
                .map(|answer| {
                    let accepted = answer.id_tag_info.status == AuthorizationStatus::Accepted;
                    self.on_authorized(now, session, accepted);
                })
                .is_ok(),
            About::Start { session } => read::<StartTransactionResponse<'_>>(payload)
                .map(|answer| {
                    let verdict = answer.id_tag_info.status;
                    self.on_started(now, session, answer.transaction_id, verdict);
                })
                .is_ok(),
            About::Heartbeat | About::Status { .. } | About::Stop | About::Meter => true,
        };
        if readable {
            self.outbox.delivered(call);
        } else {
            self.counters.unreadable_answers += 1;
            self.on_failed(now, call, Failure::Refusal);
        }
    }

    /// Answers a CALL.
    fn serve(&mut self, now: Time, action: &str, payload: &str) -> Answer {
        let Some(action) = Action::from_name(action) else {
            return Err((ErrorCode::NotImplemented, "unknown action"));
        };
        match action {
            Action::ChangeAvailability => self.change_availability(now, &read(payload)?),
            Action::ChangeConfiguration => self.change_configuration(now, &read(payload)?),
            Action::ClearCache => self.clear_cache(&read(payload)?),
            Action::ClearChargingProfile => self.clear_profiles(now, &read(payload)?),
            Action::DataTransfer => self.data_transfer(&read(payload)?),
            Action::GetCompositeSchedule => self.composite_schedule(now, &read(payload)?),
            Action::GetConfiguration => self.get_configuration(&read(payload)?),
            Action::RemoteStartTransaction => self.remote_start(now, &read(payload)?),
            Action::RemoteStopTransaction => self.remote_stop(now, &read(payload)?),
            Action::Reset => self.serve_reset(now, &read(payload)?),
            Action::SetChargingProfile => self.set_profile(now, &read(payload)?),
            Action::TriggerMessage => self.trigger(now, &read(payload)?),
            Action::UnlockConnector => self.unlock(now, &read(payload)?),
            _ if action.feature_profile() == FeatureProfile::Core => {
                Err((ErrorCode::NotSupported, "only a charge point calls this"))
            }
            _ => Err((ErrorCode::NotSupported, "feature profile not supported")),
        }
    }
}
