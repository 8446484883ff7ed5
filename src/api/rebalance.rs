//! A rebalance by hand.

use std::sync::Arc;
use std::time::{Duration, Instant as Wall};

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use utoipa::ToSchema;

use crate::api::contract::{Body, Params};
use crate::api::problem::Problem;
use crate::api::values::{Id, Instant, Key, read_time};
use crate::api::{ApiState, Shared};
use crate::csms::Input;
use crate::ids::SiteId;
use crate::shell::LiveEvent;
use crate::time::Time;

/// While time stands still only what needs no answer of a charge point ends, and that at once.
const STANDING_STILL: Duration = Duration::from_millis(200);

/// Why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RebalanceRequest {
    /// For the record.
    #[schema(
        max_length = 500,
        example = "Manual config update — increased site capacity to 100 kW"
    )]
    reason: Option<String>,
}

/// Options of a rebalance.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct RebalanceQuery {
    /// Only tell what would change.
    #[param(example = false)]
    dry_run: Option<bool>,
}

/// What a rebalance did.
#[derive(Serialize, ToSchema)]
pub(super) struct RebalanceResponse {
    #[schema(example = "site_01HXMNOPQR34567890")]
    site_id: String,
    #[schema(example = "reb_01HXABCDEFGH1234567")]
    rebalance_id: String,
    status: RebalanceStatus,
    /// Charge points that received a new SetChargingProfile; 0 when nothing changed.
    #[schema(minimum = 0, example = 3)]
    chargers_updated: u32,
    /// When it was asked for.
    triggered_at: Instant,
    /// When every limit was answered.
    #[schema(required)]
    completed_at: Option<Instant>,
}

/// How far a rebalance is.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum RebalanceStatus {
    /// Every limit was answered.
    Completed,
    /// Some charge point has not answered yet.
    InProgress,
    /// Nothing was done.
    DryRun,
}

/// Rebalance a site
///
/// The scheduler does so by itself whenever a session starts or ends and when the configuration
/// changes. Frequent manual rebalances make charge rates oscillate, so their rate is limited.
#[utoipa::path(
    post, path = "/api/v1/smart-charging/sites/{site_id}/rebalance", tag = "smart charging",
    params(
        ("site_id" = Id, Path, description = "The site"),
        ("Idempotency-Key" = Option<Key>, Header,
         description = "The same key gives the same answer for 24 hours"),
        RebalanceQuery,
    ),
    request_body(content = Option<RebalanceRequest>),
    responses(
        (status = 200, description = "What was done", body = RebalanceResponse),
        (status = 409, description = "The same request is being worked on"),
        (status = 429, description = "Too many rebalances of this site",
         headers(("Retry-After" = u64, description = "Seconds to wait"))),
    ),
    security(("bearer" = ["control"])),
)]
pub(super) async fn post_rebalance(
    State(api): State<ApiState>,
    Path(site): Path<String>,
    Params(query): Params<RebalanceQuery>,
    Body(request): Body<RebalanceRequest>,
) -> Result<Json<RebalanceResponse>, Problem> {
    let rebalance_id = api.new_id("reb").await?;
    if query.dry_run == Some(true) {
        return preview(&api, site, rebalance_id).await.map(Json);
    }
    let may_wait = api.at_site(&site, |view, _| !view.pace.paused && !view.pace.finished).await?;
    let id = SiteId::new(&site);
    api.limiter.take(&id, Wall::now()).map_err(|wait| {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        let detail = format!(
            "site {site} was rebalanced by hand too often, which makes charge rates oscillate; the \
             scheduler rebalances by itself; try again in {seconds} s"
        );
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests", detail)
            .with_header(header::RETRY_AFTER, HeaderValue::from(seconds))
    })?;
    let events = api.handle.subscribe();
    let reason = request.reason.unwrap_or_default();
    let input = Input::Rebalance { site: id, rebalance: rebalance_id.clone(), reason };
    let triggered_at = Instant(api.handle.input(input).await?.at);
    let end = end_of(&api, events, &rebalance_id, may_wait).await;
    let (status, chargers_updated, completed_at) = match end {
        Some((at, updated)) => (RebalanceStatus::Completed, updated, Some(Instant(at))),
        None => (RebalanceStatus::InProgress, 0, None),
    };
    Ok(Json(RebalanceResponse {
        site_id: site,
        rebalance_id,
        status,
        chargers_updated,
        triggered_at,
        completed_at,
    }))
}

/// When a rebalance ended and how many charge points it changed, if it ends soon.
async fn end_of(
    api: &Shared,
    mut events: Receiver<Arc<LiveEvent>>,
    rebalance_id: &str,
    may_wait: bool,
) -> Option<(Time, u32)> {
    let wait = if may_wait { api.options.rebalance_wait } else { STANDING_STILL };
    let listen = async {
        loop {
            match events.recv().await {
                Ok(event) if event.kind == "rebalanced" => {
                    if event.data["rebalance_id"] == rebalance_id {
                        let updated = event.data["chargers_updated"].as_u64().unwrap_or(0);
                        return Some((read_time(&event.at)?, updated as u32));
                    }
                }
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    };
    tokio::time::timeout(wait, listen).await.ok().flatten()
}

async fn preview(
    api: &Shared,
    site: String,
    rebalance_id: String,
) -> Result<RebalanceResponse, Problem> {
    let (now, chargers) =
        api.at_site(&site, |view, site| (view.now, view.csms.preview(view.now, site))).await?;
    Ok(RebalanceResponse {
        site_id: site,
        rebalance_id,
        status: RebalanceStatus::DryRun,
        chargers_updated: chargers,
        triggered_at: Instant(now),
        completed_at: None,
    })
}
