//! How a site's power is distributed now.

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::ApiState;
use crate::api::problem::Problem;
use crate::api::trouble::TroubleBody;
use crate::api::values::{Id, Instant, Kw, Status};
use crate::csms::{AllocationView, ChargerView};

/// How a site's power is distributed now.
#[derive(Serialize, ToSchema)]
pub(super) struct AllocationResponse {
    #[schema(example = "site_01HXMNOPQR34567890")]
    site_id: String,
    /// The most the site may draw from the grid, in kW.
    #[schema(value_type = f64, minimum = 0, example = 100)]
    total_capacity_kw: Kw,
    /// Kept for other loads, in kW.
    #[schema(value_type = f64, minimum = 0, example = 10)]
    reserved_kw: Kw,
    /// What chargers may share, in kW.
    #[schema(value_type = f64, minimum = 0, example = 90)]
    available_kw: Kw,
    /// Limits of all running sessions together, in kW.
    #[schema(value_type = f64, minimum = 0, example = 66)]
    allocated_kw: Kw,
    /// Available and not allocated, in kW.
    #[schema(value_type = f64, minimum = 0, example = 24)]
    idle_kw: Kw,
    /// One entry per connector.
    chargers: Vec<Charger>,
    /// When the scheduler last decided.
    calculated_at: Instant,
}

/// One connector.
#[derive(Serialize, ToSchema)]
pub(super) struct Charger {
    #[schema(example = "cp_01HX5P2QRSTUVWXYZ0")]
    charge_point_id: String,
    /// 1-based.
    #[schema(minimum = 1, example = 1)]
    connector_id: u32,
    /// As last reported by OCPP.
    status: Status,
    /// The limit that the charger accepted by SetChargingProfile, in kW.
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

impl AllocationResponse {
    fn new(site: &str, view: AllocationView) -> AllocationResponse {
        AllocationResponse {
            site_id: site.to_owned(),
            total_capacity_kw: Kw(view.total_capacity),
            reserved_kw: Kw(view.reserved),
            available_kw: Kw(view.available),
            allocated_kw: Kw(view.allocated),
            idle_kw: Kw(view.idle),
            chargers: view.chargers.into_iter().map(Charger::new).collect(),
            calculated_at: Instant(view.calculated_at),
        }
    }
}

impl Charger {
    fn new(view: ChargerView) -> Charger {
        Charger {
            charge_point_id: view.charge_point_id.to_string(),
            connector_id: view.connector_id,
            status: Status(view.status),
            allocated_kw: Kw(view.allocated),
            actual_draw_kw: Kw(view.actual_draw),
            session_id: view.session_id.map(|session| session.to_string()),
            trouble: view.trouble.map(TroubleBody::from),
        }
    }
}

/// The current power allocation of a site
#[utoipa::path(
    get, path = "/api/v1/smart-charging/sites/{site_id}/allocation", tag = "smart charging",
    params(("site_id" = Id, Path, description = "The site")),
    responses((status = 200, description = "The allocation", body = AllocationResponse)),
    security(("bearer" = ["read"])),
)]
pub(super) async fn get_allocation(
    State(api): State<ApiState>,
    Path(site): Path<String>,
) -> Result<Json<AllocationResponse>, Problem> {
    let allocation = api.at_site(&site, |view, site| view.csms.allocation(site)).await?;
    Ok(Json(AllocationResponse::new(&site, allocation)))
}
