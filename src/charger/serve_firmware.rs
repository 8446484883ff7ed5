//! CALLs about files: GetDiagnostics, UpdateFirmware and their successors of the security
//! extension, GetLog and SignedUpdateFirmware.

use crate::charger::firmware::Signed;
use crate::charger::point::ChargePoint;
use crate::charger::security::event;
use crate::charger::serve::{Answer, json};
use crate::charger::upload::{Channel, Patience};
use crate::ocpp::messages::{
    GetDiagnosticsRequest, GetDiagnosticsResponse, GetLogRequest, GetLogResponse,
    SignedUpdateFirmwareRequest, SignedUpdateFirmwareResponse, UpdateFirmwareRequest,
    UpdateFirmwareResponse,
};
use crate::ocpp::types::{LogStatus, LogType, Timestamp, UpdateFirmwareStatus};
use crate::time::Time;

/// Nothing lies between two instants in the wrong order.
fn is_empty(from: Option<Timestamp>, to: Option<Timestamp>) -> bool {
    from.zip(to).is_some_and(|(from, to)| from > to)
}

impl ChargePoint {
    /// §5.9. An upload that is under way is given up for the new one.
    pub(super) fn get_diagnostics(
        &mut self,
        now: Time,
        request: &GetDiagnosticsRequest<'_>,
    ) -> Answer {
        if is_empty(request.start_time, request.stop_time) {
            return Ok(json(&GetDiagnosticsResponse { file_name: None }));
        }
        let file_name = self.file_name(now, "diagnostics");
        let patience = Patience::new(request.retries, request.retry_interval);
        self.begin_upload(now, Channel::Diagnostics, None, &request.location, patience);
        Ok(json(&GetDiagnosticsResponse { file_name: Some(file_name.into()) }))
    }

    /// Security whitepaper, GetLog.
    pub(super) fn get_log(&mut self, now: Time, request: &GetLogRequest<'_>) -> Answer {
        if is_empty(request.log.oldest_timestamp, request.log.latest_timestamp) {
            return Ok(json(&GetLogResponse { status: LogStatus::Rejected, filename: None }));
        }
        let status = match self.is_uploading(Channel::Log) {
            true => LogStatus::AcceptedCanceled,
            false => LogStatus::Accepted,
        };
        let filename = self.file_name(
            now,
            match request.log_type {
                LogType::Diagnostics => "diagnostics",
                LogType::Security => "security",
            },
        );
        let patience = Patience::new(request.retries, request.retry_interval);
        let location = &request.log.remote_location;
        self.begin_upload(now, Channel::Log, Some(request.request_id), location, patience);
        Ok(json(&GetLogResponse { status, filename: Some(filename.into()) }))
    }

    /// §5.19. The answer has no place for a refusal: while another firmware is being installed the
    /// request is without effect.
    pub(super) fn update_firmware(
        &mut self,
        now: Time,
        request: &UpdateFirmwareRequest<'_>,
    ) -> Answer {
        if !self.is_installing() {
            let patience = Patience::new(request.retries, request.retry_interval);
            let retrieve = request.retrieve_date.0;
            self.begin_update(now, &request.location, retrieve, patience, None);
        }
        Ok(json(&UpdateFirmwareResponse {}))
    }

    /// Security whitepaper, SignedUpdateFirmware.
    pub(super) fn signed_update_firmware(
        &mut self,
        now: Time,
        request: &SignedUpdateFirmwareRequest<'_>,
    ) -> Answer {
        let answer = |status| Ok(json(&SignedUpdateFirmwareResponse { status }));
        let firmware = &request.firmware;
        let Some(signer) = self.firmware_signer(now, &firmware.signing_certificate) else {
            self.security_event(now, event::INVALID_FIRMWARE_CERTIFICATE, None);
            return answer(UpdateFirmwareStatus::InvalidCertificate);
        };
        if self.is_installing() {
            return answer(UpdateFirmwareStatus::Rejected);
        }
        let status = match self.is_updating() {
            true => UpdateFirmwareStatus::AcceptedCanceled,
            false => UpdateFirmwareStatus::Accepted,
        };
        let signed = Signed {
            request_id: request.request_id,
            install: firmware.install_date_time.map(|at| at.0),
            genuine: signer.has_signed(firmware.location.as_bytes(), &firmware.signature),
        };
        let patience = Patience::new(request.retries, request.retry_interval);
        let retrieve = firmware.retrieve_date_time.0;
        self.begin_update(now, &firmware.location, retrieve, patience, Some(signed));
        answer(status)
    }
}
