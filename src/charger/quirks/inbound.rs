//! CALLs of the central system at a station with quirks or faults.

use serde_json::{Map, Value};

use crate::charger::Output;
use crate::charger::point::ChargePoint;
use crate::charger::serve::{Answer, fault, json};
use crate::ocpp::action::Action;
use crate::ocpp::error::ErrorCode;
use crate::ocpp::frame;
use crate::ocpp::messages::SetChargingProfileResponse;
use crate::ocpp::types::{ChargingProfileStatus, ResetType};
use crate::time::Time;
use crate::units::PILOT_MINIMUM;

use super::Oddity;
use super::knobs::{CompositeStyle, Refused};

/// What becomes of a CALL before the station looks at it.
enum Fate {
    /// It is served, perhaps in other words.
    Served(Option<String>),
    Unanswered,
    Answered(Answer),
}

impl ChargePoint {
    /// Answers a CALL the way its quirks say.
    pub(in crate::charger) fn receive_oddly(&mut self, now: Time, call: &frame::Call<'_>) {
        let accepted = self.is_accepted();
        let running: Vec<u32> = self.transactions.iter().map(|running| running.connector).collect();
        let Some(oddity) = &mut self.oddity else { return };
        if !accepted && oddity.knobs.disconnects_when_asked_early {
            return self.outputs.push_back(Output::Disconnect);
        }
        let answer = match oddity.fate(call, &running) {
            Fate::Unanswered => return,
            Fate::Answered(answer) => {
                if call.action == Action::SetChargingProfile.name() {
                    self.count_profile(&answer);
                }
                answer
            }
            Fate::Served(None) => self.serve(now, &call.action, call.payload),
            Fate::Served(Some(other)) => self.serve(now, &call.action, &other),
        };
        let answer = match &self.oddity {
            Some(oddity) => answer.map(|text| oddity.reworded_answer(&call.action, text)),
            None => answer,
        };
        let reply = ChargePoint::reply(&call.id, answer);
        self.send_late(now, reply);
        self.reboot_over(now, call);
    }

    fn count_profile(&mut self, answer: &Answer) {
        let accepted = json(&ChargingProfileStatus::Accepted);
        match answer {
            Ok(text) if text.contains(&accepted) => self.counters.profiles_accepted += 1,
            _ => self.counters.profiles_refused += 1,
        }
    }

    fn send_late(&mut self, now: Time, reply: String) {
        let delay = self.oddity.as_ref().and_then(|oddity| oddity.knobs.reply_delay);
        match (&mut self.oddity, delay) {
            (Some(oddity), Some(delay)) => oddity.late_answers.push_back((now + delay, reply)),
            _ => self.send(reply),
        }
    }

    /// More measurands than the station can bear make it reboot.
    fn reboot_over(&mut self, now: Time, call: &frame::Call<'_>) {
        let Some(most) = self.oddity.as_ref().and_then(|odd| odd.knobs.reboots_on_measurands)
        else {
            return;
        };
        let Some((key, value)) = configuration_change(call) else { return };
        if key.to_ascii_lowercase().starts_with("metervalues") && value.split(',').count() > most {
            self.reset(now, ResetType::Hard);
        }
    }
}

impl Oddity {
    fn fate(&mut self, call: &frame::Call<'_>, running: &[u32]) -> Fate {
        let named = |list: &[&'static str]| list.iter().any(|name| call.action == *name);
        if named(&self.knobs.never_replies) {
            return Fate::Unanswered;
        }
        if named(&self.knobs.callerrors) {
            let code = self.knobs.callerror_code.unwrap_or(ErrorCode::NotSupported);
            return Fate::Answered(Err(fault(code, "not by this station")));
        }
        match Action::from_name(&call.action) {
            Some(Action::SetChargingProfile) => {
                self.asked += 1;
                match self.knobs.rejects_one_in {
                    Some(turn) if self.asked.is_multiple_of(turn) => Refused::Rejected.fate(),
                    _ => self.profile_fate(call.payload, running),
                }
            }
            Some(Action::GetCompositeSchedule)
                if self.knobs.composite == Some(CompositeStyle::Rejected) =>
            {
                rejected()
            }
            Some(Action::TriggerMessage) => {
                let wanted = object(call.payload).and_then(|ask| text(&ask, "requestedMessage"));
                match wanted {
                    Some(message) if self.knobs.rejects_triggers.contains(&message.as_str()) => {
                        rejected()
                    }
                    _ => Fate::Served(None),
                }
            }
            Some(Action::ChangeConfiguration) if self.knobs.rejects_measurands => {
                match configuration_change(call) {
                    Some((key, _)) if key.to_ascii_lowercase().starts_with("metervalues") => {
                        rejected()
                    }
                    _ => Fate::Served(None),
                }
            }
            _ => Fate::Served(None),
        }
    }

    /// A SetChargingProfile that cannot be read is the sound station's business.
    fn profile_fate(&self, payload: &str, running: &[u32]) -> Fate {
        let knobs = &self.knobs;
        if self.faults.reject_profiles {
            return Refused::Rejected.fate();
        }
        let Some(mut ask) = object(payload) else { return Fate::Served(None) };
        let connector = ask.get("connectorId").and_then(Value::as_u64).unwrap_or_default();
        let Some(Value::Object(profile)) = ask.get_mut("csChargingProfiles") else {
            return Fate::Served(None);
        };
        let named = |list: &[(&'static str, Refused)], key: &str| {
            let value = profile.get(key).and_then(Value::as_str);
            list.iter().find(|(name, _)| Some(*name) == value).map(|(_, how)| *how)
        };
        let refused = named(&knobs.purposes, "chargingProfilePurpose")
            .or_else(|| named(&knobs.kinds, "chargingProfileKind"));
        if let Some(how) = refused {
            return how.fate();
        }
        let idle = !running.iter().any(|at| connector == 0 || u64::from(*at) == connector);
        let Some(Value::Object(schedule)) = profile.get_mut("chargingSchedule") else {
            return Fate::Served(None);
        };
        let limits = limits(schedule);
        // In watts the least that a car can be told depends on its phases: on one it is least.
        let watts = schedule.get("chargingRateUnit").and_then(Value::as_str) == Some("W");
        let least = PILOT_MINIMUM.amps() * if watts { 230.0 } else { 1.0 };
        let rejects = (knobs.rejects_zero && limits.iter().any(|limit| *limit < least))
            || (knobs.rejects_fractions && limits.iter().any(|limit| limit.fract() != 0.0))
            || (knobs.rejects_outside_transaction && idle);
        if rejects {
            return Refused::Rejected.fate();
        }
        let ignores = knobs.accepts_without_effect
            || (knobs.ignores_zero && limits.iter().all(|limit| *limit == 0.0));
        if ignores {
            return Refused::Ignored.fate();
        }
        if knobs.ignores_duration && schedule.remove("duration").is_some() {
            return Fate::Served(Some(Value::Object(ask).to_string()));
        }
        Fate::Served(None)
    }

    /// An answer in this station's words.
    fn reworded_answer(&self, action: &str, answer: String) -> String {
        let knobs = &self.knobs;
        let words = knobs.unit_as_letter || knobs.blanks_in_lists || knobs.numbers_in_configuration;
        let configuration = action == Action::GetConfiguration.name() && words;
        let composite = action == Action::GetCompositeSchedule.name()
            && knobs.composite == Some(CompositeStyle::Bare);
        if !configuration && !composite {
            return answer;
        }
        let Some(mut told) = object(&answer) else { return answer };
        if composite {
            told.remove("scheduleStart");
            if let Some(Value::Object(schedule)) = told.get_mut("chargingSchedule") {
                schedule.remove("duration");
            }
        }
        if let Some(Value::Array(keys)) = told.get_mut("configurationKey") {
            for entry in keys.iter_mut().filter_map(Value::as_object_mut) {
                self.reword_key(entry);
            }
        }
        Value::Object(told).to_string()
    }

    fn reword_key(&self, entry: &mut Map<String, Value>) {
        let units =
            text(entry, "key").as_deref() == Some("ChargingScheduleAllowedChargingRateUnit");
        let Some(value) = entry.get_mut("value") else { return };
        let Some(text) = value.as_str() else { return };
        let mut text = text.to_owned();
        if units && self.knobs.unit_as_letter {
            text = text.replace("Current", "A").replace("Power", "W");
        }
        if self.knobs.blanks_in_lists {
            text = text.replace(',', ", ");
        }
        let number = text.parse::<i64>().ok().filter(|_| self.knobs.numbers_in_configuration);
        *value = number.map_or(Value::String(text), Value::from);
    }
}

impl Refused {
    fn fate(self) -> Fate {
        let status = match self {
            Refused::Silence => return Fate::Unanswered,
            Refused::Rejected => ChargingProfileStatus::Rejected,
            Refused::NotSupported => ChargingProfileStatus::NotSupported,
            Refused::Ignored => ChargingProfileStatus::Accepted,
        };
        Fate::Answered(Ok(json(&SetChargingProfileResponse { status })))
    }
}

fn rejected() -> Fate {
    Fate::Answered(Ok("{\"status\":\"Rejected\"}".to_owned()))
}

fn limits(schedule: &Map<String, Value>) -> Vec<f64> {
    let periods = schedule.get("chargingSchedulePeriod").and_then(Value::as_array);
    let limit = |period: &Value| period.get("limit").and_then(Value::as_f64);
    periods.map(|periods| periods.iter().filter_map(limit).collect()).unwrap_or_default()
}

fn configuration_change(call: &frame::Call<'_>) -> Option<(String, String)> {
    if call.action != Action::ChangeConfiguration.name() {
        return None;
    }
    let ask = object(call.payload)?;
    Some((text(&ask, "key")?, text(&ask, "value")?))
}

fn object(payload: &str) -> Option<Map<String, Value>> {
    serde_json::from_str(payload).ok()
}

fn text(object: &Map<String, Value>, key: &str) -> Option<String> {
    object.get(key).and_then(Value::as_str).map(str::to_owned)
}
