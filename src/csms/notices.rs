//! What charge points tell beyond charging: firmware, diagnostics, logs, security events,
//! certificate requests, data of vendors.
//!
//! All of it is acknowledged, told on and kept as it came; what it means for a
//! [record](super::records) is noted there.

use serde_json::{Value, json};

use crate::csms::event::Event;
use crate::csms::records::{Record, Records, Subject, Transfer};
use crate::csms::{Csms, PointIx};
use crate::ids;
use crate::ocpp::action::Action;
use crate::ocpp::frame::Call;
use crate::ocpp::messages::DataTransferResponse;
use crate::ocpp::read::{Fault, Read, Reader};
use crate::ocpp::types::DataTransferStatus;
use crate::time::Time;

/// How a certificate signing request in PEM begins: by RFC 7468, or by the older habit.
const REQUEST_LABELS: [&str; 2] =
    ["-----BEGIN CERTIFICATE REQUEST-----", "-----BEGIN NEW CERTIFICATE REQUEST-----"];

/// Something that a charge point told.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// `ntc_..`; ids sort by the instant of arrival.
    pub id: String,
    /// The OCPP action.
    pub action: Action,
    /// The payload as it was understood, JSON text.
    pub payload: String,
}

impl Csms {
    /// Keeps and acknowledges what needs no other answer.
    pub(super) fn notice(
        &mut self,
        now: Time,
        point: PointIx,
        action: Action,
        call: &Call<'_>,
        reader: &mut Reader,
    ) -> Result<(), Fault> {
        let read: Read<Value> = reader.request(action, call.payload)?;
        self.note(&read.deviations);
        let told = read.value;
        match action {
            Action::DataTransfer => {
                let status = DataTransferStatus::UnknownVendorId;
                self.answer(point, &call.id, &DataTransferResponse { status, data: None });
            }
            Action::SignCertificate => self.certificate_wanted(now, point, &call.id, &told),
            _ => self.answer(point, &call.id, &json!({})),
        }
        self.notices += 1;
        let id = ids::make("ntc", now, self.notices);
        let notice = Notice { id, action, payload: told.to_string() };
        self.emit(Event::Noticed { point, notice: Box::new(notice) });
        self.progressed(now, point, action, &told);
        Ok(())
    }

    /// A request is kept for the operator, who has it signed and sends CertificateSigned.
    fn certificate_wanted(&mut self, now: Time, point: PointIx, id: &str, told: &Value) {
        let csr = text(told, "csr").unwrap_or_default();
        let readable = REQUEST_LABELS.iter().any(|label| csr.trim_start().starts_with(label));
        let status = if readable { "Accepted" } else { "Rejected" };
        self.answer(point, id, &json!({ "status": status }));
        if readable {
            self.record(point, Subject::Certificate, |records| {
                let record = records.certificate.get_or_insert_default();
                record.csr = Some(csr);
                record.requested_at = Some(now);
                record.status = None;
                record.status_at = None;
            });
        }
    }

    /// A file transfer has come further.
    fn progressed(&mut self, now: Time, point: PointIx, action: Action, told: &Value) {
        let subject = match action {
            Action::DiagnosticsStatusNotification => Subject::Diagnostics,
            Action::LogStatusNotification => Subject::Log,
            Action::FirmwareStatusNotification | Action::SignedFirmwareStatusNotification => {
                Subject::Firmware
            }
            _ => return,
        };
        let status = text(told, "status");
        let request = told.get("requestId").and_then(Value::as_i64);
        self.record(point, subject, |records| {
            let transfer = records.transfer(subject);
            let other = |known: i64| request.is_some_and(|request| request != known);
            if !transfer.request_id.is_some_and(other) {
                transfer.request_id = transfer.request_id.or(request);
                transfer.status = status;
                transfer.status_at = Some(now);
            }
        });
    }

    /// Changes a record and tells of it.
    pub(super) fn record(
        &mut self,
        point: PointIx,
        subject: Subject,
        change: impl FnOnce(&mut Records),
    ) {
        change(self.points[point.0].records.get_or_insert_default());
        self.emit(Event::RecordChanged { point, subject });
    }

    /// The record of a charge point about a subject.
    #[must_use]
    pub fn record_of(&self, point: PointIx, subject: Subject) -> Option<Record> {
        self.records(point)?.get(subject)
    }

    /// All records of a charge point; `None`: there is none.
    #[must_use]
    pub fn records(&self, point: PointIx) -> Option<&Records> {
        self.points[point.0].records.as_deref()
    }
}

impl Records {
    /// The transfer of a subject that is one.
    pub(super) fn transfer(&mut self, subject: Subject) -> &mut Transfer {
        let transfer = match subject {
            Subject::Diagnostics => &mut self.diagnostics,
            Subject::Log => &mut self.log,
            _ => &mut self.firmware,
        };
        transfer.get_or_insert_default()
    }
}

/// A text of a payload.
pub(super) fn text(payload: &Value, field: &str) -> Option<String> {
    payload.get(field).and_then(Value::as_str).map(str::to_owned)
}
