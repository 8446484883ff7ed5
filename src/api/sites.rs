//! Sites.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::ApiState;
use crate::api::contract::Body;
use crate::api::problem::Problem;
use crate::api::tenancy::Reach;
use crate::api::values::{Id, Instant, Key, Kw, Rule};
use crate::csms::{Csms, Input, SiteIx};
use crate::ids::SiteId;

/// A new site.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SiteRequest {
    /// Made when absent.
    #[schema(value_type = Option<Id>)]
    site_id: Option<String>,
    /// For people.
    #[schema(min_length = 1, max_length = 100, example = "Car park north")]
    name: String,
}

/// A site.
#[derive(Serialize, ToSchema)]
pub(super) struct SiteResponse {
    #[schema(example = "site_01HXMNOPQR34567890")]
    site_id: String,
    /// For people.
    #[schema(example = "Car park north")]
    name: String,
    /// What it may draw from the grid and how that is shared; null before the first configuration.
    #[schema(required)]
    limits: Option<Limits>,
    /// Limits of all running sessions together, in kW.
    #[schema(value_type = f64, minimum = 0, example = 66)]
    allocated_kw: Kw,
    /// The last meter values together, in kW.
    #[schema(value_type = f64, example = 63.2)]
    actual_draw_kw: Kw,
    /// The most that the chargers could draw, whatever is lost or late on the way to them, in kW.
    #[schema(value_type = f64, minimum = 0, example = 66)]
    committed_kw: Kw,
    /// Running sessions.
    #[schema(minimum = 0, example = 3)]
    active_sessions: u32,
    /// Linked charge points.
    #[schema(minimum = 0, example = 4)]
    charge_points: usize,
}

/// Limits of a site.
#[derive(Serialize, ToSchema)]
pub(super) struct Limits {
    /// In kW.
    #[schema(value_type = f64, minimum = 0, example = 100)]
    max_power_kw: Kw,
    /// In kW.
    #[schema(value_type = f64, minimum = 0, example = 10)]
    reserve_kw: Kw,
    /// How the rest is shared.
    strategy: Rule,
    /// The last change.
    updated_at: Instant,
}

/// All sites.
#[derive(Serialize, ToSchema)]
pub(super) struct SiteList {
    /// By id.
    sites: Vec<SiteResponse>,
}

impl SiteResponse {
    fn of(csms: &Csms, site: SiteIx) -> SiteResponse {
        let view = csms.site_view(site);
        let totals = csms.totals(site);
        let limits = view.config.map(|config| Limits {
            max_power_kw: Kw(config.max_power),
            reserve_kw: Kw(config.reserve),
            strategy: Rule(config.strategy),
            updated_at: Instant(view.configured_at.unwrap_or_default()),
        });
        SiteResponse {
            site_id: view.id.to_string(),
            name: view.name,
            limits,
            allocated_kw: Kw(totals.allocated),
            actual_draw_kw: Kw(totals.draw),
            committed_kw: Kw(totals.reserved),
            active_sessions: totals.active_sessions,
            charge_points: view.points,
        }
    }
}

/// All sites
#[utoipa::path(
    get, path = "/api/v1/sites", tag = "sites",
    responses((status = 200, description = "All sites", body = SiteList)),
    security(("bearer" = ["read"])),
)]
pub(super) async fn list_sites(
    State(api): State<ApiState>,
    reach: Reach,
) -> Result<Json<SiteList>, Problem> {
    let sites = api
        .look(move |csms| {
            let covered =
                csms.sites().filter(|site| reach.covers(Some(csms.site_id(*site).as_str())));
            covered.map(|site| SiteResponse::of(csms, site)).collect::<Vec<_>>()
        })
        .await?;
    Ok(Json(SiteList { sites }))
}

/// Create a site
///
/// Nothing may be drawn there before its configuration is set.
#[utoipa::path(
    post, path = "/api/v1/sites", tag = "sites",
    params(("Idempotency-Key" = Option<Key>, Header,
            description = "The same key gives the same answer for 24 hours")),
    request_body(content = SiteRequest),
    responses(
        (status = 201, description = "The new site", body = SiteResponse),
        (status = 409, description = "The id is taken, or the same request is being worked on"),
    ),
    security(("bearer" = ["admin"])),
)]
pub(super) async fn create_site(
    State(api): State<ApiState>,
    Body(request): Body<SiteRequest>,
) -> Result<(StatusCode, Json<SiteResponse>), Problem> {
    let id = match request.site_id {
        Some(id) => id,
        None => api.new_id("site").await?,
    };
    let site = SiteId::new(&id);
    api.handle.input(Input::AddSite { site, name: request.name }).await?;
    let made = api.at_site(&id, |view, site| SiteResponse::of(view.csms, site)).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// A site
#[utoipa::path(
    get, path = "/api/v1/sites/{site_id}", tag = "sites",
    params(("site_id" = Id, Path, description = "The site")),
    responses((status = 200, description = "The site", body = SiteResponse)),
    security(("bearer" = ["read"])),
)]
pub(super) async fn get_site(
    State(api): State<ApiState>,
    Path(site): Path<String>,
) -> Result<Json<SiteResponse>, Problem> {
    api.at_site(&site, |view, site| SiteResponse::of(view.csms, site)).await.map(Json)
}
