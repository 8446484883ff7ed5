//! What the ends of commands say about a charge point, noted in its [records](super::records).

use serde_json::Value;

use crate::csms::command::Command;
use crate::csms::event::{Event, Outcome};
use crate::csms::notices::text;
use crate::csms::records::{
    ConfigurationKey, LocalList, Reservation, ReservationStatus, SECRET_KEY, Subject, Transfer,
};
use crate::csms::{Csms, PointIx};
use crate::ocpp::action::Action;
use crate::ocpp::error::ErrorCode;
use crate::ocpp::timestamp::Timestamp;
use crate::time::Time;

impl Csms {
    /// A command leaves: what it may change is not certain until it has ended well.
    pub(super) fn command_leaves(&mut self, now: Time, point: PointIx, command: &Command) {
        let known = self.records(point).and_then(|records| records.local_list.as_ref());
        if command.action == Action::SendLocalList
            && known.is_some_and(|list| list.version.is_some())
        {
            self.list_version(now, point, None);
        }
    }

    /// A command has ended; `answer` is null unless the charge point gave a result.
    pub(super) fn note_end(
        &mut self,
        now: Time,
        point: PointIx,
        command: &Command,
        outcome: Outcome,
        answer: &Value,
    ) {
        let asked: Value = serde_json::from_str(&command.payload).unwrap_or_default();
        let accepted = outcome == Outcome::Accepted;
        match command.action {
            Action::ReserveNow => self.reserved_now(now, point, &asked, outcome, answer),
            Action::CancelReservation if accepted => {
                let id = asked.get("reservationId").and_then(Value::as_i64);
                self.reservation_over(now, point, id, ReservationStatus::Cancelled);
            }
            Action::GetLocalListVersion if accepted => {
                self.list_version(now, point, answer.get("listVersion").and_then(Value::as_i64));
            }
            Action::SendLocalList if accepted => {
                self.list_version(now, point, asked.get("listVersion").and_then(Value::as_i64));
            }
            Action::GetConfiguration if accepted => {
                let whole = asked.get("key").and_then(Value::as_array).is_none_or(Vec::is_empty);
                self.configuration_told(now, point, answer, whole);
            }
            Action::ChangeConfiguration if accepted => self.configuration_set(now, point, &asked),
            Action::GetDiagnostics if accepted => {
                self.transfer_begins(now, point, Subject::Diagnostics, &asked, answer);
            }
            Action::GetLog if accepted => {
                self.transfer_begins(now, point, Subject::Log, &asked, answer);
            }
            Action::UpdateFirmware | Action::SignedUpdateFirmware if accepted => {
                self.transfer_begins(now, point, Subject::Firmware, &asked, answer);
            }
            Action::CertificateSigned => {
                if let Some(status) = text(answer, "status") {
                    self.record(point, Subject::Certificate, |records| {
                        let record = records.certificate.get_or_insert_default();
                        record.status = Some(status);
                        record.status_at = Some(now);
                    });
                }
            }
            _ => {}
        }
    }

    fn list_version(&mut self, now: Time, point: PointIx, version: Option<i64>) {
        self.record(point, Subject::LocalList, |records| {
            records.local_list = Some(LocalList { version, at: now });
        });
    }

    fn reserved_now(
        &mut self,
        now: Time,
        point: PointIx,
        asked: &Value,
        outcome: Outcome,
        answer: &Value,
    ) {
        let status = match (outcome, answer.get("status").and_then(Value::as_str)) {
            (Outcome::Accepted, _) => ReservationStatus::Accepted,
            (Outcome::TimedOut, _) => ReservationStatus::TimedOut,
            (_, Some("Faulted")) => ReservationStatus::Faulted,
            (_, Some("Occupied")) => ReservationStatus::Occupied,
            (_, Some("Unavailable")) => ReservationStatus::Unavailable,
            (_, Some(_)) => ReservationStatus::Rejected,
            (_, None) => ReservationStatus::Error,
        };
        let number = |field: &str| asked.get(field).and_then(Value::as_i64).unwrap_or_default();
        let expiry = text(asked, "expiryDate").and_then(|text| Timestamp::parse(&text));
        let reservation = Reservation {
            id: number("reservationId"),
            connector: number("connectorId") as u32,
            id_tag: text(asked, "idTag").unwrap_or_default(),
            parent_id_tag: text(asked, "parentIdTag"),
            expires_at: expiry.map_or(now, |expiry| expiry.0),
            status,
            at: now,
        };
        self.record(point, Subject::Reservations, |records| records.reserve(now, reservation));
    }

    /// A reservation was cancelled or used.
    pub(super) fn reservation_over(
        &mut self,
        now: Time,
        point: PointIx,
        id: Option<i64>,
        status: ReservationStatus,
    ) {
        let records = self.points[point.0].records.as_deref_mut();
        let known = records.zip(id).and_then(|(records, id)| records.reservation(id));
        if let Some(reservation) = known.filter(|known| known.status != status) {
            reservation.status = status;
            reservation.at = now;
            self.emit(Event::RecordChanged { point, subject: Subject::Reservations });
        }
    }

    /// Our own GetConfiguration was answered.
    pub(super) fn configuration_read(
        &mut self,
        now: Time,
        point: PointIx,
        answer: Result<&str, ErrorCode>,
    ) {
        let Ok(payload) = answer else { return };
        let mut reader = std::mem::take(&mut self.reader);
        // Its deviations are counted where the capabilities are read.
        if let Ok(read) = reader.response::<Value>(Action::GetConfiguration, payload) {
            self.configuration_told(now, point, &read.value, false);
        }
        self.reader = reader;
    }

    /// Keys were told: all that there are, or some.
    fn configuration_told(&mut self, now: Time, point: PointIx, answer: &Value, whole: bool) {
        let list = |field: &str| answer.get(field).and_then(Value::as_array).into_iter().flatten();
        let keys = list("configurationKey").filter_map(|told| {
            Some(ConfigurationKey {
                key: text(told, "key")?,
                value: text(told, "value"),
                readonly: told.get("readonly").and_then(Value::as_bool).unwrap_or_default(),
            })
        });
        self.record(point, Subject::Configuration, |records| {
            let record = records.configuration.get_or_insert_default();
            if whole {
                record.keys.clear();
            }
            keys.for_each(|key| record.set(key));
            list("unknownKey").filter_map(Value::as_str).for_each(|key| record.forget(key));
            record.at = now;
        });
    }

    fn configuration_set(&mut self, now: Time, point: PointIx, asked: &Value) {
        let Some(key) = text(asked, "key") else { return };
        let value = text(asked, "value");
        self.record(point, Subject::Configuration, |records| {
            let record = records.configuration.get_or_insert_default();
            record.set(ConfigurationKey { key, value, readonly: false });
            record.at = now;
        });
    }

    /// A file is to be sent or fetched; what came of an earlier one is over.
    fn transfer_begins(
        &mut self,
        now: Time,
        point: PointIx,
        subject: Subject,
        asked: &Value,
        answer: &Value,
    ) {
        let inner = ["log", "firmware"].iter().find_map(|field| asked.get(field));
        let place = inner.unwrap_or(asked);
        let location = ["location", "remoteLocation"].iter().find_map(|field| text(place, field));
        let file_name = ["fileName", "filename"].iter().find_map(|field| text(answer, field));
        self.record(point, subject, |records| {
            *records.transfer(subject) = Transfer {
                location,
                file_name,
                log_type: text(asked, "logType"),
                request_id: asked.get("requestId").and_then(Value::as_i64),
                requested_at: Some(now),
                status: None,
                status_at: None,
            };
        });
    }

    /// What may be kept and shown of a command's payload: no password of a charge point.
    #[must_use]
    pub fn shown_payload(action: &str, payload: &str) -> String {
        let mut asked: Value = serde_json::from_str(payload).unwrap_or_default();
        let secret = text(&asked, "key").is_some_and(|key| key.eq_ignore_ascii_case(SECRET_KEY));
        if action != Action::ChangeConfiguration.name() || !secret {
            return payload.to_owned();
        }
        asked["value"] = Value::from("***");
        asked.to_string()
    }
}
