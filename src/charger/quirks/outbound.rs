//! The station's own CALLs, in the words of its quirks.
//!
//! A CALL is made as a sound station makes it, with everything that is checked there, and reworded
//! as it leaves.

use serde_json::{Map, Value};

use crate::charger::status::Status;
use crate::ocpp::action::Action;
use crate::ocpp::timestamp::Timestamp;
use crate::time::{Span, Time};

use super::Oddity;
use super::knobs::{EnergyStyle, StampStyle, TagStyle, WrongId};

/// What local time is ahead of UTC where a station writes local time.
const LOCAL: Span = Span::from_s(7200);

impl Oddity {
    /// A text on its way out. Answers pass as they are.
    pub(in crate::charger) fn reword(&mut self, text: String) -> String {
        if !text.starts_with("[2,") {
            return text;
        }
        let Ok(Value::Array(mut frame)) = serde_json::from_str(&text) else { return text };
        let [_, _, Value::String(action), Value::Object(payload)] = frame.as_mut_slice() else {
            return text;
        };
        let Some(action) = Action::from_name(action) else { return text };
        match action {
            Action::Authorize => self.reword_tag(payload),
            Action::StartTransaction => {
                self.reword_tag(payload);
                self.reword_register(payload, "meterStart");
            }
            Action::StopTransaction => self.reword_stop(payload),
            Action::MeterValues => self.reword_meter_values(payload),
            Action::StatusNotification => self.reword_status(payload),
            _ => {}
        }
        if let Some(style) = self.knobs.stamps {
            self.restamp(payload, style);
        }
        let broken = self.knobs.broken_json.contains(&action.name());
        let mut text = Value::Array(frame).to_string();
        if broken {
            // A comma behind the last member, as sloppy printers leave it.
            text.truncate(text.len() - 2);
            text.push_str(",}]");
        }
        text
    }

    fn reword_tag(&self, payload: &mut Map<String, Value>) {
        let Some(style) = self.knobs.tags else { return };
        let Some(Value::String(tag)) = payload.get_mut("idTag") else { return };
        *tag = match style {
            TagStyle::Long => format!("{tag:0<28}"),
            TagStyle::Suffix => format!("{tag}_1001"),
            TagStyle::Colons => {
                let last = tag.bytes().rev().take(8).collect::<Vec<u8>>();
                let pairs: Vec<String> = last.iter().rev().map(|b| format!("{b:02X}")).collect();
                pairs.join(":")
            }
        };
    }

    fn reword_register(&self, payload: &mut Map<String, Value>, key: &str) {
        let Some(value) = payload.get_mut(key) else { return };
        let Some(register_wh) = value.as_i64() else { return };
        let unit = if self.knobs.energy == Some(EnergyStyle::KwhAsWh) { 1000 } else { 1 };
        *value = Value::from(register_wh / unit);
        if self.knobs.fractional_meter_stop && key == "meterStop" {
            // Half a unit is never what the register shows.
            *value = Value::from((register_wh / unit) as f64 + 0.5);
        }
    }

    fn reword_stop(&mut self, payload: &mut Map<String, Value>) {
        self.reword_tag(payload);
        self.reword_register(payload, "meterStop");
        if let Some(style) = self.knobs.stop_id {
            self.mistake_id(payload, style);
        }
        if self.knobs.stop_reason_remote {
            payload.insert("reason".to_owned(), Value::from("Remote"));
        }
        if let Some(Value::Array(elements)) = payload.get_mut("transactionData") {
            self.reword_samples(elements);
        }
    }

    fn reword_meter_values(&mut self, payload: &mut Map<String, Value>) {
        let idle = !payload.contains_key("transactionId");
        let style = if idle { self.knobs.meters_when_idle } else { self.knobs.meter_id };
        if !idle {
            self.remember_id(payload);
        }
        if let Some(style) = style {
            self.mistake_id(payload, style);
        }
        if let Some(Value::Array(elements)) = payload.get_mut("meterValue") {
            self.reword_samples(elements);
        }
    }

    fn remember_id(&mut self, payload: &Map<String, Value>) {
        let id = payload.get("transactionId").and_then(Value::as_i64);
        if id != self.told[0] {
            self.told = [id, self.told[0]];
        }
    }

    fn mistake_id(&self, payload: &mut Map<String, Value>, style: WrongId) {
        let idle = !payload.contains_key("transactionId");
        let id = match style {
            WrongId::Fixed(id) => Some(id),
            // Outside a transaction the newest id is the stale one.
            WrongId::Stale if idle => self.told[0],
            WrongId::Stale => self.told[1],
        };
        if let Some(id) = id {
            payload.insert("transactionId".to_owned(), Value::from(id));
        }
    }

    fn reword_status(&mut self, payload: &mut Map<String, Value>) {
        let connector = payload.get("connectorId").and_then(Value::as_u64).unwrap_or_default();
        let Some(spot) = (connector as usize).checked_sub(1).and_then(|c| self.spots.get_mut(c))
        else {
            return;
        };
        let Some(status) = payload.get("status").and_then(Value::as_str).map(str::to_owned) else {
            return;
        };
        let is = |one: Status| status == one.as_str();
        let was = |one: Status| spot.told_status == one.as_str();
        let told = if self.knobs.no_suspended_ev && is(Status::SuspendedEv) {
            Status::Charging.as_str().to_owned()
        } else if self.knobs.stays_finishing && is(Status::Available) && was(Status::Finishing) {
            spot.told_status.clone()
        } else if let Some(delay) = self.knobs.late_status
            && was(Status::SuspendedEvse)
            && (is(Status::Charging) || is(Status::SuspendedEv))
            && spot.status_at != Some(Time::NEVER)
        {
            spot.status_at.get_or_insert(self.now + delay);
            spot.told_status.clone()
        } else {
            spot.status_at = None;
            status
        };
        spot.told_status.clone_from(&told);
        payload.insert("status".to_owned(), Value::from(told));
    }

    fn restamp(&mut self, payload: &mut Map<String, Value>, style: StampStyle) {
        for (key, value) in payload.iter_mut() {
            match value {
                Value::String(text) if key == "timestamp" => {
                    if let Some(Timestamp(at)) = Timestamp::parse(text) {
                        let epoch = *self.epoch.get_or_insert(at);
                        *text = stamp(at, epoch, style);
                    }
                }
                Value::Array(elements) => {
                    for element in elements.iter_mut().filter_map(Value::as_object_mut) {
                        self.restamp(element, style);
                    }
                }
                _ => {}
            }
        }
    }
}

fn stamp(at: Time, epoch: Time, style: StampStyle) -> String {
    let bare = |at: Time| at.to_ocpp().trim_end_matches('Z').to_owned();
    match style {
        StampStyle::NoZone => bare(at),
        StampStyle::ShortOffset => format!("{}+02", bare(at + LOCAL)),
        StampStyle::Fraction => format!("{}.123456Z", bare(at)),
        StampStyle::SinceBoot => (Time(0) + at.since(epoch)).to_ocpp(),
        StampStyle::Zero => "0000-00-00T00:00:00Z".to_owned(),
        StampStyle::LocalAsUtc => (at + LOCAL).to_ocpp(),
    }
}
