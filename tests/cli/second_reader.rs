//! A second opinion on every frame: the types of the crate `ocpp-types`, which somebody else wrote.

use ampacity::ocpp::action::Action;
use ocpp_types::v16::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Reads a payload as the other crate's type and writes it again: it must say the same, so that
/// nothing of it was skipped.
///
/// # Errors
/// What cannot be read, or what was said instead.
pub(crate) fn second_opinion(
    action: Action,
    is_request: bool,
    payload: &str,
) -> Result<(), String> {
    macro_rules! read {
        ($($name:ident: $request:ty, $response:ty;)*) => {
            match (action, is_request) {
                $((Action::$name, true) => echo::<$request>(payload),)*
                $((Action::$name, false) => echo::<$response>(payload),)*
            }
        };
    }
    let echo = read! {
        Authorize: AuthorizeRequest, AuthorizeResponse;
        BootNotification: BootNotificationRequest, BootNotificationResponse;
        Heartbeat: HeartbeatRequest, HeartbeatResponse;
        MeterValues: MeterValuesRequest, MeterValuesResponse;
        StartTransaction: StartTransactionRequest, StartTransactionResponse;
        StatusNotification: StatusNotificationRequest, StatusNotificationResponse;
        StopTransaction: StopTransactionRequest, StopTransactionResponse;
        DataTransfer: DataTransferRequest, DataTransferResponse;
        ChangeAvailability: ChangeAvailabilityRequest, ChangeAvailabilityResponse;
        ChangeConfiguration: ChangeConfigurationRequest, ChangeConfigurationResponse;
        ClearCache: ClearCacheRequest, ClearCacheResponse;
        GetConfiguration: GetConfigurationRequest, GetConfigurationResponse;
        RemoteStartTransaction: RemoteStartTransactionRequest, RemoteStartTransactionResponse;
        RemoteStopTransaction: RemoteStopTransactionRequest, RemoteStopTransactionResponse;
        Reset: ResetRequest, ResetResponse;
        UnlockConnector: UnlockConnectorRequest, UnlockConnectorResponse;
        DiagnosticsStatusNotification: DiagnosticsStatusNotificationRequest, DiagnosticsStatusNotificationResponse;
        FirmwareStatusNotification: FirmwareStatusNotificationRequest, FirmwareStatusNotificationResponse;
        GetDiagnostics: GetDiagnosticsRequest, GetDiagnosticsResponse;
        UpdateFirmware: UpdateFirmwareRequest, UpdateFirmwareResponse;
        GetLocalListVersion: GetLocalListVersionRequest, GetLocalListVersionResponse;
        SendLocalList: SendLocalListRequest, SendLocalListResponse;
        CancelReservation: CancelReservationRequest, CancelReservationResponse;
        ReserveNow: ReserveNowRequest, ReserveNowResponse;
        ClearChargingProfile: ClearChargingProfileRequest, ClearChargingProfileResponse;
        GetCompositeSchedule: GetCompositeScheduleRequest, GetCompositeScheduleResponse;
        SetChargingProfile: SetChargingProfileRequest, SetChargingProfileResponse;
        TriggerMessage: TriggerMessageRequest, TriggerMessageResponse;
        LogStatusNotification: LogStatusNotificationRequest, LogStatusNotificationResponse;
        SecurityEventNotification: SecurityEventNotificationRequest, SecurityEventNotificationResponse;
        SignCertificate: SignCertificateRequest, SignCertificateResponse;
        SignedFirmwareStatusNotification: SignedFirmwareStatusNotificationRequest, SignedFirmwareStatusNotificationResponse;
        CertificateSigned: CertificateSignedRequest, CertificateSignedResponse;
        DeleteCertificate: DeleteCertificateRequest, DeleteCertificateResponse;
        ExtendedTriggerMessage: ExtendedTriggerMessageRequest, ExtendedTriggerMessageResponse;
        GetInstalledCertificateIds: GetInstalledCertificateIdsRequest, GetInstalledCertificateIdsResponse;
        GetLog: GetLogRequest, GetLogResponse;
        InstallCertificate: InstallCertificateRequest, InstallCertificateResponse;
        SignedUpdateFirmware: SignedUpdateFirmwareRequest, SignedUpdateFirmwareResponse;
    };
    let echo = echo.map_err(|error| format!("ocpp-types cannot read this {action}: {error}"))?;
    let ours: Value = serde_json::from_str(payload).map_err(|error| error.to_string())?;
    if alike(&ours, &echo) { Ok(()) } else { Err(format!("ocpp-types reads {echo}")) }
}

fn echo<T: DeserializeOwned + Serialize>(payload: &str) -> Result<Value, serde_json::Error> {
    serde_json::to_value(serde_json::from_str::<T>(payload)?)
}

/// Equal, whether a whole number is written with a decimal point or without.
fn alike(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| alike(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| alike(a, b)))
        }
        _ => a == b,
    }
}

#[test]
fn a_payload_that_is_wrong_or_says_more_is_found() {
    let read = |payload| second_opinion(Action::Reset, true, payload);
    assert_eq!(read(r#"{"type":"Soft"}"#), Ok(()));
    for wrong in [r#"{"type":"Gentle"}"#, "{}", r#"{"type":"Soft","when":"now"}"#] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
    let start =
        r#"{"connectorId":1,"idTag":"a","meterStart":0,"timestamp":"2026-05-04T06:00:00Z"}"#;
    assert_eq!(second_opinion(Action::StartTransaction, true, start), Ok(()));
}
