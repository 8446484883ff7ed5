//! Other loads behind the grid connection of a site.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::contract::Body;
use crate::api::problem::Problem;
use crate::api::values::{Id, Instant, Kw};
use crate::api::{ApiState, Shared};
use crate::csms::Input;
use crate::ids::SiteId;
use crate::time::Span;

/// A reading of the meter of a site's other loads.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LoadRequest {
    /// What they take now, in kW; negative where they feed in, e.g. from photovoltaics.
    #[schema(value_type = f64, minimum = -1_000_000, maximum = 1_000_000, example = 34.5)]
    power_kw: Kw,
    /// How long that holds, in seconds. Tell the next reading before; from then on the
    /// `worst_load_kw` of the configuration counts.
    #[schema(minimum = 1, maximum = 86_400, example = 60)]
    valid_for_s: u32,
}

/// What counts for a site's other loads.
#[derive(Serialize, ToSchema)]
pub(super) struct LoadResponse {
    #[schema(example = "site_01HXMNOPQR34567890")]
    site_id: String,
    /// The last reading, in kW; `null`: none holds, the worst case counts.
    #[schema(value_type = Option<f64>, example = 34.5)]
    power_kw: Option<Kw>,
    /// Until when it holds.
    valid_until: Option<Instant>,
    /// What electric vehicles may draw together now, in kW.
    #[schema(value_type = f64, example = 55)]
    available_kw: Kw,
}

/// What counts for the other loads of a site
#[utoipa::path(
    get, path = "/api/v1/smart-charging/sites/{site_id}/load", tag = "smart charging",
    params(("site_id" = Id, Path, description = "The site")),
    responses((status = 200, description = "What counts", body = LoadResponse)),
    security(("bearer" = ["read"])),
)]
pub(super) async fn get_load(
    State(api): State<ApiState>,
    Path(site): Path<String>,
) -> Result<Json<LoadResponse>, Problem> {
    seen(&api, site).await
}

/// Tell what other loads of a site take
///
/// Chargers share the grid connection less the larger of `reserve_kw` and this. More of it counts
/// at once, less of it when it has been less for a minute. Needs `worst_load_kw` in the
/// configuration of the site: that counts while no reading holds.
#[utoipa::path(
    put, path = "/api/v1/smart-charging/sites/{site_id}/load", tag = "smart charging",
    params(("site_id" = Id, Path, description = "The site")),
    request_body(content = LoadRequest),
    responses(
        (status = 200, description = "What counts now", body = LoadResponse),
        (status = 409, description = "The configuration does not say what counts when the meter is silent"),
    ),
    security(("bearer" = ["control"])),
)]
pub(super) async fn put_load(
    State(api): State<ApiState>,
    Path(site): Path<String>,
    Body(request): Body<LoadRequest>,
) -> Result<Json<LoadResponse>, Problem> {
    let input = Input::Load {
        site: SiteId::new(&site),
        power: request.power_kw.0,
        valid_for: Span::from_s(i64::from(request.valid_for_s)),
    };
    api.handle.input(input).await?;
    seen(&api, site).await
}

async fn seen(api: &Shared, site_id: String) -> Result<Json<LoadResponse>, Problem> {
    let (told, available) = api
        .at_site(&site_id, |view, site| (view.csms.load(site), view.csms.ev_limit(site)))
        .await?;
    Ok(Json(LoadResponse {
        site_id,
        power_kw: told.map(|(power, _)| Kw(power)),
        valid_until: told.map(|(_, until)| Instant(until)),
        available_kw: Kw(available),
    }))
}
