//! What is known of a charge point beyond its sessions: configuration, reservations, files and
//! certificates on their way, and what it told.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::api::charge_points::exists;
use crate::api::contract::Params;
use crate::api::problem::Problem;
use crate::api::values::{Id, Instant, NoticeName};
use crate::api::{ApiState, Shared};
use crate::csms::records::{self, Records, ReservationStatus};
use crate::ids::ChargePointId;
use crate::store::NoticeRow;
use crate::time::Time;

/// Notices of one list unless asked otherwise.
const SHOWN: usize = 50;

/// Configuration keys of a charge point, as it last told them or had them set.
#[derive(Serialize, ToSchema)]
pub(super) struct ConfigurationResponse {
    #[schema(example = "cp_01HX5P2QRSTUVWXYZ0")]
    charge_point_id: String,
    /// When something about them was last heard; null: never.
    #[schema(required)]
    updated_at: Option<Instant>,
    /// In the order in which the charge point told them.
    keys: Vec<KeyBody>,
}

/// A configuration key.
#[derive(Serialize, ToSchema)]
pub(super) struct KeyBody {
    #[schema(example = "HeartbeatInterval")]
    key: String,
    /// Null: not set, not readable, or a secret.
    #[schema(required, example = "900")]
    value: Option<String>,
    /// ChangeConfiguration cannot set it.
    readonly: bool,
}

/// Reservations of a charge point.
#[derive(Serialize, ToSchema)]
pub(super) struct ReservationList {
    /// The last 64, in the order in which they were made.
    reservations: Vec<ReservationBody>,
}

/// A reservation.
#[derive(Serialize, ToSchema)]
pub(super) struct ReservationBody {
    /// OCPP reservationId.
    #[schema(example = 5)]
    reservation_id: i64,
    /// 1-based; 0: any.
    #[schema(minimum = 0, example = 1)]
    connector_id: u32,
    #[schema(example = "04A2B3C4D5E6F7")]
    id_tag: String,
    /// Others of this group may use it too.
    #[schema(required)]
    parent_id_tag: Option<String>,
    /// Until when.
    expires_at: Instant,
    status: ReservationState,
    /// Since when that is known.
    updated_at: Instant,
}

/// What became of a reservation.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ReservationState {
    /// It holds.
    Accepted,
    /// Refused: the connector is faulted.
    Faulted,
    /// Refused: the connector is in use or reserved.
    Occupied,
    /// Refused: the charge point takes no such reservations.
    Rejected,
    /// Refused: the connector is out of service.
    Unavailable,
    /// The charge point answered with an error.
    Error,
    /// No answer came in time: it may hold.
    TimedOut,
    /// It was cancelled.
    Cancelled,
    /// A transaction has used it.
    Used,
    /// Its time is over.
    Expired,
}

/// Files, certificates and the local list of a charge point. What is null was never asked for.
#[derive(Serialize, ToSchema)]
pub(super) struct MaintenanceResponse {
    #[schema(example = "cp_01HX5P2QRSTUVWXYZ0")]
    charge_point_id: String,
    #[schema(required)]
    local_list: Option<LocalListBody>,
    /// The last GetDiagnostics.
    #[schema(required)]
    diagnostics: Option<TransferBody>,
    /// The last GetLog.
    #[schema(required)]
    log: Option<TransferBody>,
    /// The last UpdateFirmware or SignedUpdateFirmware.
    #[schema(required)]
    firmware: Option<TransferBody>,
    #[schema(required)]
    certificate: Option<CertificateBody>,
}

/// The local authorization list of a charge point.
#[derive(Serialize, ToSchema)]
pub(super) struct LocalListBody {
    /// Its version; 0: empty, -1: the charge point keeps none, null: not certain.
    #[schema(required, example = 4)]
    version: Option<i64>,
    /// Since when that is known.
    updated_at: Instant,
}

/// A file on its way from a charge point or to it.
#[derive(Serialize, ToSchema)]
pub(super) struct TransferBody {
    /// Where it goes to or comes from.
    #[schema(required, example = "ftp://files.example.com/")]
    location: Option<String>,
    /// As the charge point named it.
    #[schema(required, example = "diagnostics-17.zip")]
    file_name: Option<String>,
    /// `DiagnosticsLog` or `SecurityLog`, of a GetLog.
    #[schema(required, example = "SecurityLog")]
    log_type: Option<String>,
    /// OCPP requestId, of the security extension.
    #[schema(required, example = 7)]
    request_id: Option<i64>,
    /// When the charge point accepted it.
    #[schema(required)]
    requested_at: Option<Instant>,
    /// The last status it told, by OCPP.
    #[schema(required, example = "Uploaded")]
    status: Option<String>,
    /// When it told that.
    #[schema(required)]
    status_at: Option<Instant>,
}

/// The certificate of a charge point.
#[derive(Serialize, ToSchema)]
pub(super) struct CertificateBody {
    /// The last signing request, PEM. Have it signed and send CertificateSigned.
    #[schema(required, example = "-----BEGIN CERTIFICATE REQUEST-----")]
    csr: Option<String>,
    /// When it came.
    #[schema(required)]
    requested_at: Option<Instant>,
    /// How the CertificateSigned for it ended.
    #[schema(required, example = "Accepted")]
    status: Option<String>,
    /// When it ended.
    #[schema(required)]
    status_at: Option<Instant>,
}

/// Which notices.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct NoticeQuery {
    /// Only those of this action.
    #[param(value_type = Option<NoticeName>)]
    action: Option<String>,
    /// At most so many; 50 when absent.
    #[param(minimum = 1, maximum = 500, example = 50)]
    limit: Option<usize>,
}

/// Something that a charge point told.
#[derive(Serialize, ToSchema)]
pub(super) struct NoticeBody {
    #[schema(example = "ntc_01HXABCDEFGH1234567")]
    notice_id: String,
    /// When it arrived.
    at: Instant,
    action: NoticeName,
    /// OCPP payload as it was understood.
    #[schema(value_type = Object)]
    payload: Value,
}

/// What a charge point told.
#[derive(Serialize, ToSchema)]
pub(super) struct NoticeList {
    /// The newest first.
    notices: Vec<NoticeBody>,
}

impl ReservationBody {
    fn new(reservation: records::Reservation, now: Time) -> ReservationBody {
        let over = !reservation.may_hold(now);
        ReservationBody {
            reservation_id: reservation.id,
            connector_id: reservation.connector,
            id_tag: reservation.id_tag,
            parent_id_tag: reservation.parent_id_tag,
            expires_at: Instant(reservation.expires_at),
            status: match reservation.status {
                ReservationStatus::Accepted | ReservationStatus::TimedOut if over => {
                    ReservationState::Expired
                }
                ReservationStatus::Accepted => ReservationState::Accepted,
                ReservationStatus::Faulted => ReservationState::Faulted,
                ReservationStatus::Occupied => ReservationState::Occupied,
                ReservationStatus::Rejected => ReservationState::Rejected,
                ReservationStatus::Unavailable => ReservationState::Unavailable,
                ReservationStatus::Error => ReservationState::Error,
                ReservationStatus::TimedOut => ReservationState::TimedOut,
                ReservationStatus::Cancelled => ReservationState::Cancelled,
                ReservationStatus::Used => ReservationState::Used,
            },
            updated_at: Instant(reservation.at),
        }
    }
}

impl From<records::Transfer> for TransferBody {
    fn from(transfer: records::Transfer) -> TransferBody {
        TransferBody {
            location: transfer.location,
            file_name: transfer.file_name,
            log_type: transfer.log_type,
            request_id: transfer.request_id,
            requested_at: transfer.requested_at.map(Instant),
            status: transfer.status,
            status_at: transfer.status_at.map(Instant),
        }
    }
}

impl From<records::Certificate> for CertificateBody {
    fn from(certificate: records::Certificate) -> CertificateBody {
        CertificateBody {
            csr: certificate.csr,
            requested_at: certificate.requested_at.map(Instant),
            status: certificate.status,
            status_at: certificate.status_at.map(Instant),
        }
    }
}

impl From<NoticeRow> for NoticeBody {
    fn from(row: NoticeRow) -> NoticeBody {
        NoticeBody {
            notice_id: row.notice,
            at: Instant(row.at),
            action: NoticeName(row.action),
            payload: serde_json::from_str(&row.payload).unwrap_or_default(),
        }
    }
}

/// Configuration keys, as last told or set
///
/// Without asking the charge point: a command GetConfiguration reads them anew. Values of
/// AuthorizationKey are never kept.
#[utoipa::path(
    get, path = "/api/v1/charge-points/{charge_point_id}/configuration", tag = "charge points",
    params(("charge_point_id" = Id, Path, description = "The charge point")),
    responses((status = 200, description = "Configuration keys", body = ConfigurationResponse)),
    security(("bearer" = ["read"])),
)]
pub(super) async fn get_configuration(
    State(api): State<ApiState>,
    Path(point): Path<String>,
) -> Result<Json<ConfigurationResponse>, Problem> {
    let (_, known) = known(&api, &point).await?;
    let updated_at = known.configuration.as_ref().map(|known| Instant(known.at));
    let keys = known.configuration.unwrap_or_default().keys.into_iter().map(|one| KeyBody {
        key: one.key,
        value: one.value,
        readonly: one.readonly,
    });
    let keys = keys.collect();
    Ok(Json(ConfigurationResponse { charge_point_id: point, updated_at, keys }))
}

/// Reservations and what became of them
#[utoipa::path(
    get, path = "/api/v1/charge-points/{charge_point_id}/reservations", tag = "charge points",
    params(("charge_point_id" = Id, Path, description = "The charge point")),
    responses((status = 200, description = "Reservations", body = ReservationList)),
    security(("bearer" = ["read"])),
)]
pub(super) async fn list_reservations(
    State(api): State<ApiState>,
    Path(point): Path<String>,
) -> Result<Json<ReservationList>, Problem> {
    let (now, known) = known(&api, &point).await?;
    let all = known.reservations.into_iter().map(|one| ReservationBody::new(one, now));
    Ok(Json(ReservationList { reservations: all.collect() }))
}

/// Local list, diagnostics, logs, firmware and certificate, as far as they have come
#[utoipa::path(
    get, path = "/api/v1/charge-points/{charge_point_id}/maintenance", tag = "charge points",
    params(("charge_point_id" = Id, Path, description = "The charge point")),
    responses((status = 200, description = "How far they have come", body = MaintenanceResponse)),
    security(("bearer" = ["read"])),
)]
pub(super) async fn get_maintenance(
    State(api): State<ApiState>,
    Path(point): Path<String>,
) -> Result<Json<MaintenanceResponse>, Problem> {
    let (_, known) = known(&api, &point).await?;
    Ok(Json(MaintenanceResponse {
        charge_point_id: point,
        local_list: known
            .local_list
            .map(|list| LocalListBody { version: list.version, updated_at: Instant(list.at) }),
        diagnostics: known.diagnostics.map(TransferBody::from),
        log: known.log.map(TransferBody::from),
        firmware: known.firmware.map(TransferBody::from),
        certificate: known.certificate.map(CertificateBody::from),
    }))
}

/// What a charge point told, the newest first
///
/// Security events, the progress of firmware, diagnostics and logs, certificate signing requests,
/// data of vendors: the last 500 of each charge point.
#[utoipa::path(
    get, path = "/api/v1/charge-points/{charge_point_id}/notices", tag = "charge points",
    params(
        ("charge_point_id" = Id, Path, description = "The charge point"),
        NoticeQuery,
    ),
    responses((status = 200, description = "Notices", body = NoticeList)),
    security(("bearer" = ["read"])),
)]
pub(super) async fn list_notices(
    State(api): State<ApiState>,
    Path(point): Path<String>,
    Params(query): Params<NoticeQuery>,
) -> Result<Json<NoticeList>, Problem> {
    exists(&api, &point).await?;
    let id = ChargePointId::new(&point);
    let limit = query.limit.unwrap_or(SHOWN);
    let action = query.action;
    let rows = api.ask(move |store| store.notices(&id, action.as_deref(), limit)).await?;
    Ok(Json(NoticeList { notices: rows.into_iter().map(NoticeBody::from).collect() }))
}

/// The records of a charge point, and the central system's time.
async fn known(api: &Shared, id: &str) -> Result<(Time, Records), Problem> {
    exists(api, id).await?;
    let wanted = id.to_owned();
    let look = api.handle.view(move |view| {
        let point = view.csms.point(&wanted);
        let known = point.and_then(|point| view.csms.records(point)).cloned();
        (view.now, known.unwrap_or_default())
    });
    Ok(look.await?)
}
