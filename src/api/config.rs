//! The load configuration of a site.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::api::contract::Body;
use crate::api::problem::{FieldError, Problem};
use crate::api::values::{Id, Instant, Kw, Rule, Weight};
use crate::api::{ApiState, Shared};
use crate::csms::{Input, SiteConfig};
use crate::ids::{ChargePointId, SiteId};
use crate::shell::secret;
use crate::time::Time;

/// The load configuration of a site, whole.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ConfigRequest {
    /// The most the site may draw from the grid, in kW.
    #[schema(value_type = f64, minimum = 0, maximum = 1_000_000, example = 100)]
    max_power_kw: Kw,
    /// How the power is shared.
    strategy: Rule,
    /// The smallest rate worth giving a car, in kW.
    #[schema(value_type = f64, minimum = 0, maximum = 1000, example = 3.7)]
    min_charge_rate_kw: Kw,
    /// Kept for other loads, in kW; at most `max_power_kw`.
    #[schema(value_type = f64, minimum = 0, maximum = 1_000_000, example = 10)]
    reserve_kw: Kw,
    /// Weights of `priority` and `proportional_fair` by charge point, 1 where absent. Without this
    /// field the weights stay as they are.
    #[schema(value_type = Option<BTreeMap<Id, Weight>>)]
    priorities: Option<BTreeMap<String, u32>>,
    /// The most that other loads take, in kW: counts whenever no reading of their meter holds (PUT
    /// load), and so from now on. Without this field it stays as it is.
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 1_000_000, example = 60)]
    worst_load_kw: Option<Kw>,
}

/// Weights of the strategies `priority` and `proportional_fair`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PrioritiesRequest {
    /// By charge point; 1 where absent.
    #[schema(value_type = BTreeMap<Id, Weight>)]
    priorities: BTreeMap<String, u32>,
}

/// The load configuration of a site.
#[derive(Serialize, ToSchema)]
pub(super) struct ConfigResponse {
    #[schema(example = "site_01HXMNOPQR34567890")]
    site_id: String,
    /// The most the site may draw from the grid, in kW.
    #[schema(value_type = f64, minimum = 0, example = 100)]
    max_power_kw: Kw,
    /// How the power is shared.
    strategy: Rule,
    /// The smallest rate worth giving a car, in kW.
    #[schema(value_type = f64, minimum = 0, example = 3.7)]
    min_charge_rate_kw: Kw,
    /// Kept for other loads, in kW.
    #[schema(value_type = f64, minimum = 0, example = 10)]
    reserve_kw: Kw,
    /// Weights by charge point, where the strategy heeds them and any were given.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<Id, Weight>, required = false)]
    priorities: BTreeMap<ChargePointId, u32>,
    /// What counts for other loads while their meter is silent, in kW, where one is metered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>, minimum = 0, required = false, example = 60)]
    worst_load_kw: Option<Kw>,
    /// The last change.
    updated_at: Instant,
}

/// Weights of the strategies `priority` and `proportional_fair`.
#[derive(Serialize, ToSchema)]
pub(super) struct PrioritiesResponse {
    #[schema(example = "site_01HXMNOPQR34567890")]
    site_id: String,
    /// By charge point; 1 where absent.
    #[schema(value_type = BTreeMap<Id, Weight>)]
    priorities: BTreeMap<ChargePointId, u32>,
    /// The last change of the configuration.
    updated_at: Instant,
}

/// A version of a configuration.
pub(super) struct Version {
    pub(super) site_id: String,
    pub(super) config: SiteConfig,
    updated_at: Time,
}

impl Version {
    /// Its strong validator: weights count even where they are not shown.
    pub(super) fn etag(&self) -> String {
        let known = (&self.site_id, &self.config, self.updated_at);
        let text = serde_json::to_vec(&known).unwrap_or_default();
        format!("\"{}\"", &secret::hex(&Sha256::digest(text))[..20])
    }

    fn config(self) -> Response {
        let (etag, config) = (self.etag(), self.config);
        let weighs = config.strategy.heeds_weights();
        let body = ConfigResponse {
            site_id: self.site_id,
            max_power_kw: Kw(config.max_power),
            strategy: Rule(config.strategy),
            min_charge_rate_kw: Kw(config.min_charge_rate),
            reserve_kw: Kw(config.reserve),
            priorities: if weighs { config.priorities } else { BTreeMap::new() },
            worst_load_kw: config.worst_load.map(Kw),
            updated_at: Instant(self.updated_at),
        };
        with_etag(Json(body).into_response(), &etag)
    }

    fn priorities(self) -> Response {
        let etag = self.etag();
        let body = PrioritiesResponse {
            site_id: self.site_id,
            priorities: self.config.priorities,
            updated_at: Instant(self.updated_at),
        };
        with_etag(Json(body).into_response(), &etag)
    }
}

/// The load configuration of a site
#[utoipa::path(
    get, path = "/api/v1/smart-charging/sites/{site_id}/config", tag = "smart charging",
    params(
        ("site_id" = Id, Path, description = "The site"),
        ("If-None-Match" = Option<String>, Header, description = "ETag of a known version"),
    ),
    responses(
        (status = 200, description = "The configuration", body = ConfigResponse,
         headers(("ETag" = String, description = "Names this version"))),
        (status = 304, description = "The known version still holds"),
        (status = 404, description = "No such site, or it has no configuration yet"),
    ),
    security(("bearer" = ["read"])),
)]
pub(super) async fn get_config(
    State(api): State<ApiState>,
    Path(site): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let version = configured(&api, &site).await?;
    let etag = version.etag();
    if lists(&headers, &header::IF_NONE_MATCH, &etag).unwrap_or(false) {
        return Ok(with_etag(StatusCode::NOT_MODIFIED.into_response(), &etag));
    }
    Ok(version.config())
}

/// Set the load configuration of a site
///
/// Needs at least one linked charge point that is connected and can charge. The scheduler
/// redistributes the power at once.
#[utoipa::path(
    put, path = "/api/v1/smart-charging/sites/{site_id}/config", tag = "smart charging",
    params(
        ("site_id" = Id, Path, description = "The site"),
        ("If-Match" = Option<String>, Header,
         description = "Only if this ETag still names the current version"),
    ),
    request_body(content = ConfigRequest),
    responses(
        (status = 200, description = "The new configuration", body = ConfigResponse,
         headers(("ETag" = String, description = "Names this version"))),
        (status = 409, description = "No linked charge point can charge yet"),
        (status = 412, description = "The configuration has changed meanwhile"),
    ),
    security(("bearer" = ["control"])),
)]
pub(super) async fn put_config(
    State(api): State<ApiState>,
    Path(site): Path<String>,
    headers: HeaderMap,
    Body(request): Body<ConfigRequest>,
) -> Result<Response, Problem> {
    if request.reserve_kw.0 > request.max_power_kw.0 {
        let detail = "is more than max_power_kw: nothing would be left to charge with";
        return Err(Problem::invalid(vec![FieldError::at("/reserve_kw", detail)]));
    }
    change(&api, &site, &headers, |old| SiteConfig {
        max_power: request.max_power_kw.0,
        reserve: request.reserve_kw.0,
        strategy: request.strategy.0,
        min_charge_rate: request.min_charge_rate_kw.0,
        priorities: request.priorities.map_or(old.priorities, weights),
        worst_load: request.worst_load_kw.map(|kw| kw.0).or(old.worst_load),
        wiring: old.wiring,
        calendar: old.calendar,
    })
    .await
    .map(Version::config)
}

/// The weights of the strategies `priority` and `proportional_fair`
#[utoipa::path(
    get, path = "/api/v1/smart-charging/sites/{site_id}/priorities", tag = "smart charging",
    params(("site_id" = Id, Path, description = "The site")),
    responses(
        (status = 200, description = "The weights", body = PrioritiesResponse,
         headers(("ETag" = String, description = "Names this version of the configuration"))),
        (status = 404, description = "No such site, or it has no configuration yet"),
    ),
    security(("bearer" = ["read"])),
)]
pub(super) async fn get_priorities(
    State(api): State<ApiState>,
    Path(site): Path<String>,
) -> Result<Response, Problem> {
    configured(&api, &site).await.map(Version::priorities)
}

/// Set the weights of the strategies `priority` and `proportional_fair`
///
/// All of them: a charge point that is not named has weight 1.
#[utoipa::path(
    put, path = "/api/v1/smart-charging/sites/{site_id}/priorities", tag = "smart charging",
    params(
        ("site_id" = Id, Path, description = "The site"),
        ("If-Match" = Option<String>, Header,
         description = "Only if this ETag still names the current configuration"),
    ),
    request_body(content = PrioritiesRequest),
    responses(
        (status = 200, description = "The new weights", body = PrioritiesResponse,
         headers(("ETag" = String, description = "Names this version of the configuration"))),
        (status = 409, description = "No linked charge point can charge yet, or nothing is configured"),
        (status = 412, description = "The configuration has changed meanwhile"),
    ),
    security(("bearer" = ["control"])),
)]
pub(super) async fn put_priorities(
    State(api): State<ApiState>,
    Path(site): Path<String>,
    headers: HeaderMap,
    Body(request): Body<PrioritiesRequest>,
) -> Result<Response, Problem> {
    amend(&api, &site, &headers, |old| SiteConfig {
        priorities: weights(request.priorities),
        ..old
    })
    .await
    .map(Version::priorities)
}

fn weights(given: BTreeMap<String, u32>) -> BTreeMap<ChargePointId, u32> {
    given.into_iter().map(|(point, weight)| (ChargePointId::new(&point), weight)).collect()
}

async fn current(api: &Shared, site: &str) -> Result<Option<Version>, Problem> {
    let site_id = site.to_owned();
    api.at_site(site, move |view, site| {
        let seen = view.csms.site_view(site);
        let updated_at = seen.configured_at.unwrap_or(view.now);
        seen.config.map(|config| Version { site_id, config, updated_at })
    })
    .await
}

pub(super) async fn configured(api: &Shared, site: &str) -> Result<Version, Problem> {
    current(api, site).await?.ok_or_else(|| {
        Problem::not_found(format!("site {site} has no configuration yet; PUT its config first"))
    })
}

/// Changes a part of a configuration, where there is one.
pub(super) async fn amend(
    api: &Shared,
    site: &str,
    headers: &HeaderMap,
    new: impl FnOnce(SiteConfig) -> SiteConfig,
) -> Result<Version, Problem> {
    if current(api, site).await?.is_none() {
        let detail = format!("site {site} has no configuration yet; PUT its config first");
        return Err(Problem::conflict(detail));
    }
    change(api, site, headers, new).await
}

async fn change(
    api: &Shared,
    site: &str,
    headers: &HeaderMap,
    new: impl FnOnce(SiteConfig) -> SiteConfig,
) -> Result<Version, Problem> {
    let _one_at_a_time = api.configuring.lock().await;
    let (commissioned, old) = api
        .at_site(site, |view, site| {
            (view.csms.is_commissioned(site), view.csms.config(site).clone())
        })
        .await?;
    let etag = current(api, site).await?.map(|known| known.etag()).unwrap_or_default();
    if lists(headers, &header::IF_MATCH, &etag) == Some(false) {
        let detail = "the configuration is not the one that If-Match names; GET it again";
        let status = StatusCode::PRECONDITION_FAILED;
        return Err(Problem::new(status, "precondition-failed", detail));
    }
    if !commissioned {
        return Err(Problem::conflict(format!(
            "no charge point of site {site} is connected and able to charge; link one with PUT \
             /api/v1/charge-points/CHARGE_POINT_ID/site and let it connect first"
        )));
    }
    let (id, config) = (SiteId::new(site), new(old));
    let receipt = api.handle.input(Input::Configure { site: id, config: config.clone() }).await?;
    Ok(Version { site_id: site.to_owned(), config, updated_at: receipt.at })
}

pub(super) fn with_etag(mut response: Response, etag: &str) -> Response {
    if let Ok(etag) = HeaderValue::from_str(etag) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// Whether a header with a list of ETags names this one; `None`: there is no such header. An
/// empty `etag` stands for a resource that is not there, which `*` does not match.
fn lists(headers: &HeaderMap, name: &header::HeaderName, etag: &str) -> Option<bool> {
    let mut values = headers.get_all(name).iter().peekable();
    values.peek()?;
    let mut tags = values.filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','));
    Some(!etag.is_empty() && tags.any(|tag| [etag, "*"].contains(&tag.trim())))
}
