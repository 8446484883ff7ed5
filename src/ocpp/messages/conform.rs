//! What a message's Rust type alone does not say: lengths of texts and lists, ranges of numbers.

use std::borrow::Cow;

use super::{
    AuthorizationData, AuthorizeRequest, AuthorizeResponse, BootNotificationRequest,
    BootNotificationResponse, CancelReservationRequest, CancelReservationResponse,
    CertificateHashData, CertificateSignedRequest, CertificateSignedResponse,
    ChangeAvailabilityRequest, ChangeAvailabilityResponse, ChangeConfigurationRequest,
    ChangeConfigurationResponse, ChargingProfile, ChargingSchedule, ClearCacheRequest,
    ClearCacheResponse, ClearChargingProfileRequest, ClearChargingProfileResponse,
    DataTransferRequest, DataTransferResponse, DeleteCertificateRequest, DeleteCertificateResponse,
    DiagnosticsStatusNotificationRequest, DiagnosticsStatusNotificationResponse,
    ExtendedTriggerMessageRequest, ExtendedTriggerMessageResponse, Firmware,
    FirmwareStatusNotificationRequest, FirmwareStatusNotificationResponse,
    GetCompositeScheduleRequest, GetCompositeScheduleResponse, GetConfigurationRequest,
    GetConfigurationResponse, GetDiagnosticsRequest, GetDiagnosticsResponse,
    GetInstalledCertificateIdsRequest, GetInstalledCertificateIdsResponse,
    GetLocalListVersionRequest, GetLocalListVersionResponse, GetLogRequest, GetLogResponse,
    HeartbeatRequest, HeartbeatResponse, InstallCertificateRequest, InstallCertificateResponse,
    KeyValue, LogParameters, LogStatusNotificationRequest, LogStatusNotificationResponse,
    MeterValue, MeterValuesRequest, MeterValuesResponse, RemoteStartTransactionRequest,
    RemoteStartTransactionResponse, RemoteStopTransactionRequest, RemoteStopTransactionResponse,
    ReserveNowRequest, ReserveNowResponse, ResetRequest, ResetResponse,
    SecurityEventNotificationRequest, SecurityEventNotificationResponse, SendLocalListRequest,
    SendLocalListResponse, SetChargingProfileRequest, SetChargingProfileResponse,
    SignCertificateRequest, SignCertificateResponse, SignedFirmwareStatusNotificationRequest,
    SignedFirmwareStatusNotificationResponse, SignedUpdateFirmwareRequest,
    SignedUpdateFirmwareResponse, StartTransactionRequest, StartTransactionResponse,
    StatusNotificationRequest, StatusNotificationResponse, StopTransactionRequest,
    StopTransactionResponse, TriggerMessageRequest, TriggerMessageResponse, UnlockConnectorRequest,
    UnlockConnectorResponse, UpdateFirmwareRequest, UpdateFirmwareResponse,
};
use crate::ocpp::types::{IdTagInfo, Timestamp};

/// A message or a part of one whose values can be checked against the specification.
pub trait Conform {
    /// Whether every text and list has an allowed length, every number an allowed value, and
    /// every instant could come from a clock that was set. Cheap: it runs for every message read.
    fn conforms(&self) -> bool;
}

impl<T: Conform> Conform for Option<T> {
    fn conforms(&self) -> bool {
        self.as_ref().is_none_or(T::conforms)
    }
}

impl<T: Conform> Conform for Vec<T> {
    fn conforms(&self) -> bool {
        self.iter().all(T::conforms)
    }
}

impl Conform for Timestamp {
    fn conforms(&self) -> bool {
        self.is_plausible()
    }
}

/// JSON of unknown type never conforms by itself, so that it is always held against the tables.
impl Conform for serde_json::Value {
    fn conforms(&self) -> bool {
        false
    }
}

/// Texts of limited length, in characters.
trait Fits {
    fn fits(&self, max: usize) -> bool;
}

impl Fits for Cow<'_, str> {
    fn fits(&self, max: usize) -> bool {
        self.len() <= max || self.chars().count() <= max
    }
}

impl<T: Fits> Fits for Option<T> {
    fn fits(&self, max: usize) -> bool {
        self.as_ref().is_none_or(|text| text.fits(max))
    }
}

impl<T: Fits> Fits for Vec<T> {
    fn fits(&self, max: usize) -> bool {
        self.iter().all(|text| text.fits(max))
    }
}

macro_rules! conform {
    ($($name:ty: |$message:ident| $rule:expr;)*) => {
        $(impl Conform for $name {
            fn conforms(&self) -> bool {
                let $message = self;
                $rule
            }
        })*
    };
}

macro_rules! always {
    ($($name:ty,)*) => {
        $(impl Conform for $name {
            fn conforms(&self) -> bool {
                true
            }
        })*
    };
}

conform! {
    AuthorizeRequest<'_>: |m| m.id_tag.fits(20);
    AuthorizeResponse<'_>: |m| m.id_tag_info.conforms();
    BootNotificationRequest<'_>: |m| m.charge_point_vendor.fits(20)
        && m.charge_point_model.fits(20)
        && m.charge_point_serial_number.fits(25)
        && m.charge_box_serial_number.fits(25)
        && m.firmware_version.fits(50)
        && m.iccid.fits(20)
        && m.imsi.fits(20)
        && m.meter_type.fits(25)
        && m.meter_serial_number.fits(25);
    BootNotificationResponse: |m| m.current_time.conforms() && m.interval >= 0;
    HeartbeatResponse: |m| m.current_time.conforms();
    StatusNotificationRequest<'_>: |m| m.info.fits(50)
        && m.vendor_id.fits(255)
        && m.vendor_error_code.fits(50)
        && m.timestamp.conforms();
    StartTransactionRequest<'_>: |m| m.id_tag.fits(20) && m.timestamp.conforms();
    StartTransactionResponse<'_>: |m| m.id_tag_info.conforms();
    StopTransactionRequest<'_>: |m| m.id_tag.fits(20)
        && m.timestamp.conforms()
        && m.transaction_data.conforms();
    StopTransactionResponse<'_>: |m| m.id_tag_info.conforms();
    MeterValuesRequest<'_>: |m| !m.meter_value.is_empty() && m.meter_value.conforms();
    MeterValue<'_>: |m| !m.sampled_value.is_empty() && m.timestamp.conforms();
    IdTagInfo<'_>: |m| m.parent_id_tag.fits(20) && m.expiry_date.conforms();
    DataTransferRequest<'_>: |m| m.vendor_id.fits(255) && m.message_id.fits(50);
    ChangeConfigurationRequest<'_>: |m| m.key.fits(50) && m.value.fits(500);
    GetConfigurationRequest<'_>: |m| m.key.fits(50);
    GetConfigurationResponse<'_>: |m| m.configuration_key.conforms() && m.unknown_key.fits(50);
    KeyValue<'_>: |m| m.key.fits(50) && m.value.fits(500);
    RemoteStartTransactionRequest<'_>: |m| m.id_tag.fits(20) && m.charging_profile.conforms();
    SetChargingProfileRequest: |m| m.cs_charging_profiles.conforms();
    ClearChargingProfileRequest: |m| m.stack_level.is_none_or(|level| level >= 0);
    GetCompositeScheduleRequest: |m| m.duration >= 0;
    GetCompositeScheduleResponse: |m| m.schedule_start.conforms()
        && m.charging_schedule.as_ref().is_none_or(schedule_conforms);
    GetDiagnosticsRequest<'_>: |m| counts(m.retries, m.retry_interval)
        && m.start_time.conforms()
        && m.stop_time.conforms();
    GetDiagnosticsResponse<'_>: |m| m.file_name.fits(255);
    UpdateFirmwareRequest<'_>: |m| counts(m.retries, m.retry_interval)
        && m.retrieve_date.conforms();
    SendLocalListRequest<'_>: |m| m.local_authorization_list.conforms();
    AuthorizationData<'_>: |m| m.id_tag.fits(20) && m.id_tag_info.conforms();
    ReserveNowRequest<'_>: |m| m.expiry_date.conforms()
        && m.id_tag.fits(20)
        && m.parent_id_tag.fits(20);
    CertificateSignedRequest<'_>: |m| m.certificate_chain.fits(10_000);
    DeleteCertificateRequest<'_>: |m| m.certificate_hash_data.conforms();
    CertificateHashData<'_>: |m| m.issuer_name_hash.fits(128)
        && m.issuer_key_hash.fits(128)
        && m.serial_number.fits(40);
    GetInstalledCertificateIdsResponse<'_>: |m| m.certificate_hash_data.conforms()
        && m.certificate_hash_data.as_ref().is_none_or(|list| !list.is_empty());
    GetLogRequest<'_>: |m| m.log.conforms() && counts(m.retries, m.retry_interval);
    LogParameters<'_>: |m| m.remote_location.fits(512)
        && m.oldest_timestamp.conforms()
        && m.latest_timestamp.conforms();
    GetLogResponse<'_>: |m| m.filename.fits(255);
    InstallCertificateRequest<'_>: |m| m.certificate.fits(5500);
    SecurityEventNotificationRequest<'_>: |m| m.kind.fits(50)
        && m.timestamp.conforms()
        && m.tech_info.fits(255);
    SignCertificateRequest<'_>: |m| m.csr.fits(5500);
    SignedUpdateFirmwareRequest<'_>: |m| counts(m.retries, m.retry_interval)
        && m.firmware.conforms();
    Firmware<'_>: |m| m.location.fits(512)
        && m.retrieve_date_time.conforms()
        && m.install_date_time.conforms()
        && m.signing_certificate.fits(5500)
        && m.signature.fits(800);
    ChargingProfile: |m| m.stack_level >= 0
        && m.valid_from.conforms()
        && m.valid_to.conforms()
        && m.charging_schedule.conforms();
    ChargingSchedule: |m| schedule_conforms(m)
        && m.charging_schedule_period.iter().all(|period| period.limit.0 >= 0);
}

/// Numbers of attempts and seconds are not negative.
fn counts(retries: Option<i64>, interval: Option<i64>) -> bool {
    retries.is_none_or(|retries| retries >= 0) && interval.is_none_or(|interval| interval >= 0)
}

/// Without the sign of the limits: stations answer a negative one where nothing limits them.
fn schedule_conforms(schedule: &ChargingSchedule) -> bool {
    schedule.duration.is_none_or(|duration| duration >= 0)
        && schedule.start_schedule.conforms()
        && schedule.min_charging_rate.is_none_or(|rate| rate.0 >= 0)
        && !schedule.charging_schedule_period.is_empty()
        && schedule.charging_schedule_period.iter().all(|period| {
            period.start_period >= 0
                && period.number_phases.is_none_or(|phases| (1..=3).contains(&phases))
        })
}

always! {
    HeartbeatRequest,
    StatusNotificationResponse,
    MeterValuesResponse,
    DataTransferResponse<'_>,
    ChangeAvailabilityRequest,
    ChangeAvailabilityResponse,
    ChangeConfigurationResponse,
    ClearCacheRequest,
    ClearCacheResponse,
    RemoteStartTransactionResponse,
    RemoteStopTransactionRequest,
    RemoteStopTransactionResponse,
    ResetRequest,
    ResetResponse,
    UnlockConnectorRequest,
    UnlockConnectorResponse,
    SetChargingProfileResponse,
    ClearChargingProfileResponse,
    TriggerMessageRequest,
    TriggerMessageResponse,
    DiagnosticsStatusNotificationRequest,
    DiagnosticsStatusNotificationResponse,
    FirmwareStatusNotificationRequest,
    FirmwareStatusNotificationResponse,
    UpdateFirmwareResponse,
    GetLocalListVersionRequest,
    GetLocalListVersionResponse,
    SendLocalListResponse,
    ReserveNowResponse,
    CancelReservationRequest,
    CancelReservationResponse,
    CertificateSignedResponse,
    DeleteCertificateResponse,
    ExtendedTriggerMessageRequest,
    ExtendedTriggerMessageResponse,
    GetInstalledCertificateIdsRequest,
    InstallCertificateResponse,
    LogStatusNotificationRequest,
    LogStatusNotificationResponse,
    SecurityEventNotificationResponse,
    SignCertificateResponse,
    SignedFirmwareStatusNotificationRequest,
    SignedFirmwareStatusNotificationResponse,
    SignedUpdateFirmwareResponse,
}
