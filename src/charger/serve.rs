//! Texts from the central system: answers to the station's CALLs, and CALLs the station answers.

use serde::{Deserialize, Serialize};

use crate::charger::keys::KeyId;
use crate::charger::outbox::{About, Answered, Call};
use crate::charger::point::ChargePoint;
use crate::charger::timers::Failure;
use crate::ocpp::action::Action;
use crate::ocpp::error::ErrorCode;
use crate::ocpp::frame::{self, Frame};
use crate::ocpp::messages::{
    AuthorizeResponse, BootNotificationResponse, Conform, HeartbeatResponse,
    StartTransactionResponse, StopTransactionResponse,
};
use crate::ocpp::read::Reader;
use crate::ocpp::schema::{Fault, check_response};
use crate::time::Time;

/// The answer to a CALL: the payload of the CALLRESULT, or what the CALLERROR says.
pub(super) type Answer = Result<String, Fault>;

/// The text of a payload.
pub(super) fn json(payload: &impl Serialize) -> String {
    serde_json::to_string(payload).expect("a message type is JSON")
}

/// Most characters of the description in a CALLERROR; faults quote what was wrong.
const DESCRIPTION_MAX_CHARS: usize = 255;

/// The first characters of a text.
pub(super) fn cut(text: &str, max_chars: usize) -> &str {
    text.char_indices().nth(max_chars).map_or(text, |(end, _)| &text[..end])
}

/// A CALLERROR of our own.
pub(super) fn fault(code: ErrorCode, description: &str) -> Fault {
    Fault { code, description: description.to_owned() }
}

/// A payload on its way to its type.
struct Payload<'a> {
    reader: Reader,
    text: &'a str,
    deviations: u64,
}

impl<'a> Payload<'a> {
    fn new(text: &'a str) -> Payload<'a> {
        Payload { reader: Reader::new(), text, deviations: 0 }
    }

    fn request<'p, T: Deserialize<'p> + Conform>(&'p mut self, action: Action) -> Result<T, Fault> {
        let read = self.reader.request(action, self.text)?;
        self.deviations += read.deviations.len() as u64;
        Ok(read.value)
    }

    fn response<'p, T: Deserialize<'p> + Conform>(&'p mut self, about: About) -> Result<T, Fault> {
        let read = self.reader.response(about.action(), self.text)?;
        self.deviations += read.deviations.len() as u64;
        Ok(read.value)
    }
}

impl ChargePoint {
    /// Handles a text while the station runs and the link is up.
    pub(super) fn receive(&mut self, now: Time, text: &str) {
        match Frame::parse(text) {
            Ok(Frame::Call(call)) if self.oddity.is_some() => self.receive_oddly(now, &call),
            Ok(Frame::Call(call)) => {
                let answer = self.serve(now, &call.action, call.payload);
                self.send(ChargePoint::reply(&call.id, answer));
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
                    self.count_refusal();
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

    /// The text that answers a CALL.
    pub(super) fn reply(id: &str, answer: Answer) -> String {
        let mut reply = String::new();
        match answer {
            Ok(payload) => {
                reply.push_str("[3,");
                reply.push_str(&json(&id));
                reply.push(',');
                reply.push_str(&payload);
                reply.push(']');
            }
            Err(why) => {
                let what = cut(&why.description, DESCRIPTION_MAX_CHARS);
                frame::write_error(&mut reply, id, why.code, what);
            }
        }
        reply
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
    fn on_result(&mut self, now: Time, call: Call, text: &str) {
        let mut payload = Payload::new(text);
        let outcome = match call.about {
            About::Boot => payload
                .response::<BootNotificationResponse>(call.about)
                .map(|answer| self.on_boot_answer(now, &answer)),
            About::Authorize { session } => {
                payload.response::<AuthorizeResponse<'_>>(call.about).map(|answer| {
                    self.learn_card(now, &call, &answer.id_tag_info);
                    self.on_authorized(now, session, &answer.id_tag_info);
                })
            }
            About::AuthorizeStop { session } => {
                payload.response::<AuthorizeResponse<'_>>(call.about).map(|answer| {
                    self.learn_card(now, &call, &answer.id_tag_info);
                    self.on_stop_authorized(now, session, &call, &answer.id_tag_info);
                })
            }
            About::Start { session } => {
                payload.response::<StartTransactionResponse<'_>>(call.about).map(|answer| {
                    self.learn_card(now, &call, &answer.id_tag_info);
                    self.on_started(now, session, answer.transaction_id, &answer.id_tag_info);
                })
            }
            About::Stop if self.keys.flag(KeyId::AuthorizationCacheEnabled) => {
                payload.response::<StopTransactionResponse<'_>>(call.about).map(|answer| {
                    if let Some(info) = &answer.id_tag_info {
                        self.learn_card(now, &call, info);
                    }
                })
            }
            About::Heartbeat => payload
                .response::<HeartbeatResponse>(call.about)
                .map(|answer| self.set_clock(now, answer.current_time)),
            about => {
                self.on_told(about);
                Ok(())
            }
        };
        self.counters.deviations += payload.deviations;
        if outcome.is_ok() {
            self.outbox.delivered(&call);
        } else {
            self.counters.unreadable_answers += 1;
            self.on_failed(now, call, Failure::Refusal);
        }
    }

    /// Answers a CALL.
    pub(super) fn serve(&mut self, now: Time, action: &str, text: &str) -> Answer {
        let Some(action) = Action::from_name(action) else {
            return Err(fault(ErrorCode::NotImplemented, "unknown action"));
        };
        let mut payload = Payload::new(text);
        let answer = self.dispatch(now, action, &mut payload);
        self.counters.deviations += payload.deviations;
        debug_assert!(
            answer.as_ref().map_or(Ok(()), |text| check_response(action, text)).is_ok(),
            "{action}: {answer:?}"
        );
        answer
    }

    fn dispatch(&mut self, now: Time, action: Action, payload: &mut Payload<'_>) -> Answer {
        match action {
            Action::ChangeAvailability => self.change_availability(now, &payload.request(action)?),
            Action::ChangeConfiguration => {
                self.change_configuration(now, &payload.request(action)?)
            }
            Action::ClearCache => self.clear_cache(&payload.request(action)?),
            Action::ClearChargingProfile => self.clear_profiles(now, &payload.request(action)?),
            Action::DataTransfer => self.data_transfer(&payload.request(action)?),
            Action::GetCompositeSchedule => self.composite_schedule(now, &payload.request(action)?),
            Action::GetConfiguration => self.get_configuration(&payload.request(action)?),
            Action::RemoteStartTransaction => self.remote_start(now, &payload.request(action)?),
            Action::RemoteStopTransaction => self.remote_stop(now, &payload.request(action)?),
            Action::Reset => self.serve_reset(now, &payload.request(action)?),
            Action::SetChargingProfile => self.set_profile(now, &payload.request(action)?),
            Action::TriggerMessage => self.trigger(now, &payload.request(action)?),
            Action::UnlockConnector => self.unlock(now, &payload.request(action)?),
            _ => self.dispatch_rest(now, action, payload),
        }
    }

    /// The profiles beside Core and charging, and the security extension.
    fn dispatch_rest(&mut self, now: Time, action: Action, payload: &mut Payload<'_>) -> Answer {
        match action {
            Action::GetDiagnostics => self.get_diagnostics(now, &payload.request(action)?),
            Action::UpdateFirmware => self.update_firmware(now, &payload.request(action)?),
            Action::GetLocalListVersion => self.local_list_version(&payload.request(action)?),
            Action::SendLocalList => self.send_local_list(&payload.request(action)?),
            Action::CancelReservation => self.cancel_reservation(now, &payload.request(action)?),
            Action::ReserveNow => self.reserve_now(now, &payload.request(action)?),
            Action::CertificateSigned => self.certificate_signed(now, &payload.request(action)?),
            Action::DeleteCertificate => self.delete_certificate(&payload.request(action)?),
            Action::ExtendedTriggerMessage => self.extended_trigger(now, &payload.request(action)?),
            Action::GetInstalledCertificateIds => {
                self.installed_certificates(&payload.request(action)?)
            }
            Action::GetLog => self.get_log(now, &payload.request(action)?),
            Action::InstallCertificate => self.install_certificate(now, &payload.request(action)?),
            Action::SignedUpdateFirmware => {
                self.signed_update_firmware(now, &payload.request(action)?)
            }
            _ => Err(fault(ErrorCode::NotSupported, "only a charge point calls this")),
        }
    }
}
