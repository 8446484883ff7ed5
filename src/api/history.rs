//! How a site's power was distributed.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::ApiState;
use crate::api::contract::Params;
use crate::api::problem::{FieldError, Problem};
use crate::api::values::{Id, Instant, Interval, Kw, read_interval};
use crate::ids::SiteId;
use crate::store::Bucket;
use crate::time::Span;
use crate::units::Watts;

/// Buckets in one answer.
const MOST_BUCKETS: i64 = 10_000;

/// What of the history.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct HistoryQuery {
    /// Begin of the first snapshot.
    #[param(example = "2026-05-01T00:00:00Z")]
    from: Instant,
    /// End of the last one, later than `from`.
    #[param(example = "2026-05-01T12:00:00Z")]
    to: Instant,
    /// Length of each snapshot: `30s`, `15m`, `1h`, `1d` or `PT15M`. Not more than 10,000 of them
    /// fit between `from` and `to`.
    #[param(value_type = Interval, example = "15m")]
    interval: String,
}

/// How a site's power was distributed.
#[derive(Serialize, ToSchema)]
pub(super) struct HistoryResponse {
    #[schema(example = "site_01HXMNOPQR34567890")]
    site_id: String,
    /// As asked for.
    #[schema(example = "15m")]
    interval: String,
    /// In order of time; a snapshot of which nothing is known is absent.
    snapshots: Vec<Snapshot>,
}

/// The allocation over `[timestamp, timestamp + interval)`.
#[derive(Serialize, ToSchema)]
pub(super) struct Snapshot {
    /// Where it begins.
    timestamp: Instant,
    /// Mean over time, in kW.
    #[schema(value_type = f64, minimum = 0, example = 44)]
    allocated_kw: Kw,
    /// Mean over time, in kW.
    #[schema(value_type = f64, example = 41.2)]
    actual_draw_kw: Kw,
    /// The largest number at a time.
    #[schema(minimum = 0, example = 2)]
    active_sessions: u32,
}

impl From<Bucket> for Snapshot {
    fn from(bucket: Bucket) -> Snapshot {
        Snapshot {
            timestamp: Instant(bucket.at),
            allocated_kw: Kw(Watts(bucket.allocated_w.round() as i64)),
            actual_draw_kw: Kw(Watts(bucket.draw_w.round() as i64)),
            active_sessions: bucket.active_sessions,
        }
    }
}

/// The history of a site's power allocation
///
/// Means over time in half-open snapshots `[timestamp, timestamp + interval)`, the first of which
/// begins at `from`.
#[utoipa::path(
    get, path = "/api/v1/smart-charging/sites/{site_id}/allocation/history",
    tag = "smart charging",
    params(("site_id" = Id, Path, description = "The site"), HistoryQuery),
    responses((status = 200, description = "The history", body = HistoryResponse)),
    security(("bearer" = ["read"])),
)]
pub(super) async fn get_history(
    State(api): State<ApiState>,
    Path(site): Path<String>,
    Params(query): Params<HistoryQuery>,
) -> Result<Json<HistoryResponse>, Problem> {
    let interval = query.checked()?;
    api.at_site(&site, |_, _| ()).await?;
    let (id, from, to) = (SiteId::new(&site), query.from.0, query.to.0);
    let buckets = api.ask(move |store| store.history(&id, from, to, interval)).await?;
    let snapshots = buckets.into_iter().map(Snapshot::from).collect();
    Ok(Json(HistoryResponse { site_id: site, interval: query.interval, snapshots }))
}

impl HistoryQuery {
    /// The interval, when it fits the other two.
    fn checked(&self) -> Result<Span, Problem> {
        let wrong =
            |name, detail: &str| Problem::parameters(vec![FieldError::parameter(name, detail)]);
        let interval = read_interval(&self.interval)
            .ok_or_else(|| wrong("interval", "a time such as 15m or PT15M is needed"))?;
        let whole = self.to.0.since(self.from.0);
        if whole <= Span::ZERO {
            return Err(wrong("to", "has to be later than from"));
        }
        if (whole.0 - 1) / interval.0 >= MOST_BUCKETS {
            let detail = "more than 10,000 snapshots; take a longer interval or a shorter time";
            return Err(wrong("interval", detail));
        }
        Ok(interval)
    }
}
