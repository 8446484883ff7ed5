//! Which Rust type belongs to which payload.

use ampacity::ocpp::messages::*;
use ampacity::ocpp::{Action, Deviation, Fault, Reader};

/// The two payloads of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Request,
    Response,
}

/// What became of a payload that was read as its type and written again.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Echo {
    pub(crate) payload: String,
    pub(crate) deviations: Vec<Deviation>,
}

macro_rules! echo {
    ($reader:ident, $action:ident, $side:ident, $payload:ident;
     $($name:ident: $request:ty, $response:ty;)*) => {
        match ($action, $side) {
            $((Action::$name, Side::Request) => {
                $reader.request::<$request>($action, $payload).map(|read| Echo {
                    payload: serde_json::to_string(&read.value).expect("a message is JSON"),
                    deviations: read.deviations,
                })
            })*
            $((Action::$name, Side::Response) => {
                $reader.response::<$response>($action, $payload).map(|read| Echo {
                    payload: serde_json::to_string(&read.value).expect("a message is JSON"),
                    deviations: read.deviations,
                })
            })*
        }
    };
}

/// Reads a payload as its type and writes it again.
pub(crate) fn echo(action: Action, side: Side, payload: &str) -> Result<Echo, Fault> {
    let mut reader = Reader::new();
    echo! { reader, action, side, payload;
        Authorize: AuthorizeRequest<'_>, AuthorizeResponse<'_>;
        BootNotification: BootNotificationRequest<'_>, BootNotificationResponse;
        ChangeAvailability: ChangeAvailabilityRequest, ChangeAvailabilityResponse;
        ChangeConfiguration: ChangeConfigurationRequest<'_>, ChangeConfigurationResponse;
        ClearCache: ClearCacheRequest, ClearCacheResponse;
        ClearChargingProfile: ClearChargingProfileRequest, ClearChargingProfileResponse;
        DataTransfer: DataTransferRequest<'_>, DataTransferResponse<'_>;
        GetCompositeSchedule: GetCompositeScheduleRequest, GetCompositeScheduleResponse;
        GetConfiguration: GetConfigurationRequest<'_>, GetConfigurationResponse<'_>;
        Heartbeat: HeartbeatRequest, HeartbeatResponse;
        MeterValues: MeterValuesRequest<'_>, MeterValuesResponse;
        RemoteStartTransaction: RemoteStartTransactionRequest<'_>, RemoteStartTransactionResponse;
        RemoteStopTransaction: RemoteStopTransactionRequest, RemoteStopTransactionResponse;
        Reset: ResetRequest, ResetResponse;
        SetChargingProfile: SetChargingProfileRequest, SetChargingProfileResponse;
        StartTransaction: StartTransactionRequest<'_>, StartTransactionResponse<'_>;
        StatusNotification: StatusNotificationRequest<'_>, StatusNotificationResponse;
        StopTransaction: StopTransactionRequest<'_>, StopTransactionResponse<'_>;
        TriggerMessage: TriggerMessageRequest, TriggerMessageResponse;
        UnlockConnector: UnlockConnectorRequest, UnlockConnectorResponse;
        CancelReservation: CancelReservationRequest, CancelReservationResponse;
        CertificateSigned: CertificateSignedRequest<'_>, CertificateSignedResponse;
        DeleteCertificate: DeleteCertificateRequest<'_>, DeleteCertificateResponse;
        DiagnosticsStatusNotification: DiagnosticsStatusNotificationRequest,
            DiagnosticsStatusNotificationResponse;
        ExtendedTriggerMessage: ExtendedTriggerMessageRequest, ExtendedTriggerMessageResponse;
        FirmwareStatusNotification: FirmwareStatusNotificationRequest,
            FirmwareStatusNotificationResponse;
        GetDiagnostics: GetDiagnosticsRequest<'_>, GetDiagnosticsResponse<'_>;
        GetInstalledCertificateIds: GetInstalledCertificateIdsRequest,
            GetInstalledCertificateIdsResponse<'_>;
        GetLocalListVersion: GetLocalListVersionRequest, GetLocalListVersionResponse;
        GetLog: GetLogRequest<'_>, GetLogResponse<'_>;
        InstallCertificate: InstallCertificateRequest<'_>, InstallCertificateResponse;
        LogStatusNotification: LogStatusNotificationRequest, LogStatusNotificationResponse;
        ReserveNow: ReserveNowRequest<'_>, ReserveNowResponse;
        SecurityEventNotification: SecurityEventNotificationRequest<'_>,
            SecurityEventNotificationResponse;
        SendLocalList: SendLocalListRequest<'_>, SendLocalListResponse;
        SignCertificate: SignCertificateRequest<'_>, SignCertificateResponse;
        SignedFirmwareStatusNotification: SignedFirmwareStatusNotificationRequest,
            SignedFirmwareStatusNotificationResponse;
        SignedUpdateFirmware: SignedUpdateFirmwareRequest<'_>, SignedUpdateFirmwareResponse;
        UpdateFirmware: UpdateFirmwareRequest<'_>, UpdateFirmwareResponse;
    }
}
