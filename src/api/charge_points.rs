//! Charge points: commissioning, linking, decommissioning.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::contract::{Body, Params};
use crate::api::problem::{FieldError, Problem};
use crate::api::tenancy::Reach;
use crate::api::trouble::TroubleBody;
use crate::api::values::{Id, Key, Kw, Status, number};
use crate::api::{ApiState, Shared};
use crate::charger::CurrentKind;
use crate::csms::config::Hardware;
use crate::csms::{ConnectorView, Csms, Input, PointIx, PointView};
use crate::ids::{ChargePointId, SiteId};
use crate::scenario::catalogue;
use crate::time::Time;
use crate::units::{DeciAmps, NOMINAL_VOLTAGE_V};

/// Commissions a charge point: either a `model` of the catalogue or its `hardware` is needed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChargePointRequest {
    /// Its OCPP identity, the last part of its WebSocket URL.
    #[schema(value_type = Id, example = "cp_01HX5P2QRSTUVWXYZ0")]
    charge_point_id: String,
    /// Where it stands; nothing may be drawn there before it is linked to a site.
    #[schema(value_type = Option<Id>)]
    site_id: Option<String>,
    /// Name in the catalogue: ac3_7, ac7, ac11, ac22, ac43, dc25, dc50, dc75, dc150, dc300, dc400.
    #[schema(max_length = 32, example = "ac22")]
    model: Option<String>,
    /// Its rating, where the catalogue has none.
    hardware: Option<HardwareBody>,
    /// Physical connectors; 1 when absent.
    #[schema(minimum = 1, maximum = 16, example = 1)]
    connectors: Option<u32>,
}

/// The rating of each connector.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HardwareBody {
    /// AC or DC.
    kind: Kind,
    /// Phases at the grid.
    #[schema(minimum = 1, maximum = 3, example = 3)]
    phases: u8,
    /// Rated current per phase, in A; at least 6.
    #[schema(minimum = 6, maximum = 2000, example = 32)]
    #[serde(serialize_with = "number")]
    max_current_a: f64,
    /// Rated power, in kW.
    #[schema(value_type = f64, exclusive_minimum = 0, maximum = 1000, example = 22)]
    max_power_kw: Kw,
}

/// Kind of current.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    /// The car's on-board charger decides.
    Ac,
    /// The charge point decides.
    Dc,
}

/// Where a charge point stands.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkRequest {
    /// The site; null unlinks.
    #[schema(value_type = Option<Id>, required)]
    site_id: Option<String>,
}

/// Which charge points.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ChargePointQuery {
    /// Only those at this site.
    #[param(value_type = Option<Id>)]
    site_id: Option<String>,
}

/// A charge point.
#[derive(Serialize, ToSchema)]
pub(super) struct ChargePointResponse {
    #[schema(example = "cp_01HX5P2QRSTUVWXYZ0")]
    charge_point_id: String,
    /// Where it stands; null: not linked.
    #[schema(required, example = "site_01HXMNOPQR34567890")]
    site_id: Option<String>,
    /// A connection is open.
    connected: bool,
    /// It has booted at least once.
    registered: bool,
    /// Rating of each connector.
    hardware: HardwareBody,
    /// Under the strategies `priority` and `proportional_fair`.
    #[schema(minimum = 1, maximum = 1000, example = 1)]
    weight: u32,
    /// What each of its connectors may draw when nobody reaches it, in kW.
    #[schema(value_type = f64, minimum = 0, example = 4.14)]
    fallback_kw: Kw,
    /// SetChargingProfile requests in this hour and the 23 before; since the central system began,
    /// where that is less.
    #[schema(minimum = 0, example = 120)]
    profile_writes: u32,
    /// How many there may be in any 24 hours beyond what keeps the limit; 0: no limit.
    #[schema(minimum = 0, example = 1000)]
    profile_write_budget: u32,
    /// Connector 1 first.
    connectors: Vec<ConnectorBody>,
}

/// A connector.
#[derive(Serialize, ToSchema)]
pub(super) struct ConnectorBody {
    /// 1-based.
    #[schema(minimum = 1, example = 1)]
    connector_id: u32,
    /// As last reported.
    status: Status,
    /// Accepted limit of the running session, in kW.
    #[schema(value_type = f64, minimum = 0, example = 22)]
    allocated_kw: Kw,
    /// The last meter value, in kW.
    #[schema(value_type = f64, example = 19.4)]
    actual_draw_kw: Kw,
    /// The running session.
    #[schema(required, example = "ses_01HXGHIJKL23456789")]
    session_id: Option<String>,
    /// Absent while the charger takes its limits and keeps to them.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<TroubleBody>,
}

/// Charge points.
#[derive(Serialize, ToSchema)]
pub(super) struct ChargePointList {
    /// By identity.
    charge_points: Vec<ChargePointResponse>,
}

impl ChargePointResponse {
    fn new(view: PointView, (profile_writes, profile_write_budget): (u32, u32)) -> Self {
        let hardware = view.hardware;
        ChargePointResponse {
            charge_point_id: view.id.to_string(),
            site_id: view.site.map(|site| site.to_string()),
            connected: view.connected,
            registered: view.registered,
            hardware: HardwareBody {
                kind: match hardware.kind {
                    CurrentKind::Ac => Kind::Ac,
                    CurrentKind::Dc => Kind::Dc,
                },
                phases: hardware.phases,
                max_current_a: hardware.max_current.amps(),
                max_power_kw: Kw(hardware.max_power),
            },
            weight: view.weight,
            fallback_kw: Kw(view.fallback),
            profile_writes,
            profile_write_budget,
            connectors: view.connectors.into_iter().map(ConnectorBody::from).collect(),
        }
    }
}

impl From<ConnectorView> for ConnectorBody {
    fn from(view: ConnectorView) -> ConnectorBody {
        ConnectorBody {
            connector_id: view.connector,
            status: Status(view.status),
            allocated_kw: Kw(view.allocated),
            actual_draw_kw: Kw(view.draw),
            session_id: view.session.map(|session| session.to_string()),
            trouble: view.trouble.map(TroubleBody::from),
        }
    }
}

impl ChargePointRequest {
    /// The rating: of the catalogue or as given, never both.
    fn rating(&self) -> Result<Hardware, Problem> {
        let wrong = |at: &str, detail: String| Problem::invalid(vec![FieldError::at(at, detail)]);
        match (&self.model, &self.hardware) {
            (Some(_), Some(_)) => {
                Err(wrong("/hardware", "is given beside model; leave one of them out".to_owned()))
            }
            (None, None) => Err(wrong("/model", "is missing, and hardware too".to_owned())),
            (None, Some(given)) => Ok(given.rating()),
            (Some(name), None) => {
                let spec = catalogue::charger(name, NOMINAL_VOLTAGE_V).ok_or_else(|| {
                    let known = catalogue::charger_names().join(", ");
                    wrong("/model", format!("is not in the catalogue; it has {known}"))
                })?;
                Ok(Hardware {
                    kind: spec.kind,
                    phases: spec.phases,
                    max_current: spec.max_current,
                    max_power: spec.max_power,
                    voltage_v: spec.voltage_v,
                })
            }
        }
    }
}

impl HardwareBody {
    fn rating(&self) -> Hardware {
        Hardware {
            kind: match self.kind {
                Kind::Ac => CurrentKind::Ac,
                Kind::Dc => CurrentKind::Dc,
            },
            phases: self.phases,
            max_current: DeciAmps((self.max_current_a * 10.0).floor() as i64),
            max_power: self.max_power_kw.0,
            voltage_v: NOMINAL_VOLTAGE_V,
        }
    }
}

/// All charge points
#[utoipa::path(
    get, path = "/api/v1/charge-points", tag = "charge points",
    params(ChargePointQuery),
    responses((status = 200, description = "Charge points", body = ChargePointList)),
    security(("bearer" = ["read"])),
)]
pub(super) async fn list_charge_points(
    State(api): State<ApiState>,
    reach: Reach,
    Params(query): Params<ChargePointQuery>,
) -> Result<Json<ChargePointList>, Problem> {
    let views = api
        .handle
        .view(|there| {
            let all: Vec<PointIx> = there.csms.points().collect();
            let views = all.into_iter().filter_map(|point| shown(there.csms, there.now, point));
            views.collect::<Vec<Shown>>()
        })
        .await?;
    let wanted = query.site_id.as_deref();
    let here = |(view, _): &Shown| {
        let site = view.site.as_ref().map(SiteId::as_str);
        (wanted.is_none() || wanted == site) && reach.covers(site)
    };
    let shown = views.into_iter().filter(here);
    let charge_points =
        shown.map(|(view, writes)| ChargePointResponse::new(view, writes)).collect();
    Ok(Json(ChargePointList { charge_points }))
}

/// Commission a charge point
#[utoipa::path(
    post, path = "/api/v1/charge-points", tag = "charge points",
    params(("Idempotency-Key" = Option<Key>, Header,
            description = "The same key gives the same answer for 24 hours")),
    request_body(content = ChargePointRequest),
    responses(
        (status = 201, description = "The new charge point", body = ChargePointResponse),
        (status = 404, description = "No such site"),
        (status = 409, description = "The id is taken, or the same request is being worked on"),
    ),
    security(("bearer" = ["admin"])),
)]
pub(super) async fn create_charge_point(
    State(api): State<ApiState>,
    Body(request): Body<ChargePointRequest>,
) -> Result<(StatusCode, Json<ChargePointResponse>), Problem> {
    let hardware = request.rating()?;
    let input = Input::AddPoint {
        point: ChargePointId::new(&request.charge_point_id),
        site: request.site_id.as_deref().map(SiteId::new),
        hardware,
        connectors: request.connectors.unwrap_or(1),
    };
    api.handle.input(input).await?;
    let made = seen(&api, &request.charge_point_id).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// A charge point
#[utoipa::path(
    get, path = "/api/v1/charge-points/{charge_point_id}", tag = "charge points",
    params(("charge_point_id" = Id, Path, description = "The charge point")),
    responses((status = 200, description = "The charge point", body = ChargePointResponse)),
    security(("bearer" = ["read"])),
)]
pub(super) async fn get_charge_point(
    State(api): State<ApiState>,
    Path(point): Path<String>,
) -> Result<Json<ChargePointResponse>, Problem> {
    seen(&api, &point).await.map(Json)
}

/// Link a charge point to a site, or unlink it
///
/// Not while a session runs there.
#[utoipa::path(
    put, path = "/api/v1/charge-points/{charge_point_id}/site", tag = "charge points",
    params(("charge_point_id" = Id, Path, description = "The charge point")),
    request_body(content = LinkRequest),
    responses(
        (status = 200, description = "The charge point", body = ChargePointResponse),
        (status = 409, description = "A session runs there, or a scenario owns it"),
    ),
    security(("bearer" = ["admin"])),
)]
pub(super) async fn link_charge_point(
    State(api): State<ApiState>,
    Path(point): Path<String>,
    Body(request): Body<LinkRequest>,
) -> Result<Json<ChargePointResponse>, Problem> {
    let site = request.site_id.as_deref().map(SiteId::new);
    api.handle.input(Input::Link { point: ChargePointId::new(&point), site }).await?;
    seen(&api, &point).await.map(Json)
}

/// Decommission a charge point
///
/// Not while it is connected or a session runs there.
#[utoipa::path(
    delete, path = "/api/v1/charge-points/{charge_point_id}", tag = "charge points",
    params(("charge_point_id" = Id, Path, description = "The charge point")),
    responses(
        (status = 204, description = "It is gone; its sessions and history stay"),
        (status = 409, description = "It is connected or charging, or a scenario owns it"),
    ),
    security(("bearer" = ["admin"])),
)]
pub(super) async fn delete_charge_point(
    State(api): State<ApiState>,
    Path(point): Path<String>,
) -> Result<StatusCode, Problem> {
    api.handle.input(Input::RemovePoint { point: ChargePointId::new(&point) }).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn seen(api: &Shared, id: &str) -> Result<ChargePointResponse, Problem> {
    let wanted = id.to_owned();
    let found = api.handle.view(move |there| {
        there.csms.point(&wanted).and_then(|point| shown(there.csms, there.now, point))
    });
    let (view, writes) = found.await?.ok_or_else(|| no_such_point(id))?;
    Ok(ChargePointResponse::new(view, writes))
}

/// A charge point, and its writes of a day and their budget.
type Shown = (PointView, (u32, u32));

fn shown(csms: &Csms, now: Time, point: PointIx) -> Option<Shown> {
    Some((csms.point_view(point)?, csms.profile_writes(now, point)))
}

/// A problem unless there is such a charge point.
pub(super) async fn exists(api: &Shared, id: &str) -> Result<(), Problem> {
    let wanted = id.to_owned();
    let found = api.look(move |csms| csms.point(&wanted).is_some()).await?;
    if found { Ok(()) } else { Err(no_such_point(id)) }
}

pub(super) fn no_such_point(id: &str) -> Problem {
    Problem::not_found(format!("there is no charge point {id}"))
}
