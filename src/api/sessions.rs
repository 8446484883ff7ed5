//! Charging sessions, running and ended.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::contract::{Body, Params};
use crate::api::problem::{FieldError, Problem};
use crate::api::tenancy::Reach;
use crate::api::values::{Id, Instant, Kw};
use crate::api::{ApiState, Shared};
use crate::csms::{Input, SessionView, Wish};
use crate::ids::{ChargePointId, SessionId, SiteId};
use crate::store::TransactionRow;
use crate::time::{Span, Time};
use crate::units::Watts;

/// Sessions of one page unless asked otherwise.
const PAGE: usize = 50;
/// Rows looked at for one page; a page whose filter matches less often is shorter.
const LOOKED_AT: usize = 20_000;

/// Which sessions.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct SessionQuery {
    /// Only those at this charge point.
    #[param(value_type = Option<Id>)]
    charge_point_id: Option<String>,
    /// Only those at charge points that are linked to this site now.
    #[param(value_type = Option<Id>)]
    site_id: Option<String>,
    /// Only running or only ended ones.
    #[param(inline)]
    state: Option<SessionState>,
    /// Sessions of one page; 50 when absent.
    #[param(minimum = 1, maximum = 500, example = 50)]
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    #[param(max_length = 64)]
    cursor: Option<String>,
}

/// Whether a session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum SessionState {
    /// It has not ended.
    Running,
    /// It has.
    Ended,
}

/// What a driver wants; absent or null: not known.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WishRequest {
    /// When the car leaves.
    departure_at: Option<Instant>,
    /// Energy from the start of the session on, in kWh.
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 10_000, example = 24.5)]
    energy_kwh: Option<Kw>,
}

/// What is known of what a driver wants.
#[derive(Serialize, ToSchema)]
pub(super) struct WishResponse {
    /// When the car leaves.
    #[schema(required)]
    departure_at: Option<Instant>,
    /// Energy from the start of the session on, in kWh.
    #[schema(required, value_type = Option<f64>, minimum = 0, example = 24.5)]
    energy_kwh: Option<Kw>,
}

/// A session.
#[derive(Serialize, ToSchema)]
pub(super) struct SessionResponse {
    #[schema(example = "ses_01HXGHIJKL23456789")]
    session_id: String,
    state: SessionState,
    #[schema(example = "cp_01HX5P2QRSTUVWXYZ0")]
    charge_point_id: String,
    /// 1-based.
    #[schema(minimum = 0, example = 1)]
    connector_id: u32,
    /// Where the charge point stands now.
    #[schema(required, example = "site_01HXMNOPQR34567890")]
    site_id: Option<String>,
    /// The card.
    #[schema(example = "04A2B3C4D5E6F7")]
    id_tag: String,
    /// Of OCPP.
    #[schema(example = 17)]
    transaction_id: i64,
    /// By the charge point.
    started_at: Instant,
    /// When the central system learned of it.
    #[schema(required)]
    ended_at: Option<Instant>,
    /// By the charge point's register, in kWh; null while nothing is known.
    #[schema(required, value_type = Option<f64>, example = 7.25)]
    energy_kwh: Option<Kw>,
    /// As reported; null while it runs.
    #[schema(required, example = "EVDisconnected")]
    stop_reason: Option<&'static str>,
    /// Accepted limit, in kW; 0 after the end.
    #[schema(value_type = f64, minimum = 0, example = 22)]
    allocated_kw: Kw,
    /// The last meter value, in kW; 0 after the end.
    #[schema(value_type = f64, example = 19.4)]
    actual_draw_kw: Kw,
    /// What its driver wants.
    wish: WishResponse,
}

/// A page of sessions.
#[derive(Serialize, ToSchema)]
pub(super) struct SessionList {
    /// The newest first.
    sessions: Vec<SessionResponse>,
    /// For the next page; null on the last one.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// What the central system knows beside the store.
struct Live {
    running: BTreeMap<SessionId, SessionView>,
    sites: BTreeMap<ChargePointId, SiteId>,
}

impl Live {
    async fn look(api: &Shared) -> Result<Live, Problem> {
        api.look(|csms| {
            let points = csms.points().filter_map(|point| {
                let site = csms.site_of(point)?;
                Some((csms.point_id(point).clone(), csms.site_id(site).clone()))
            });
            let running = csms.sessions(None).into_iter();
            Live {
                sites: points.collect(),
                running: running.map(|session| (session.session.clone(), session)).collect(),
            }
        })
        .await
    }

    fn session(&self, row: TransactionRow) -> SessionResponse {
        let now = self.running.get(&row.session).filter(|_| row.ended.is_none());
        let energy_wh = match (&row.ended, now) {
            (Some(end), _) => Some(end.energy_wh),
            (None, now) => now.map(|now| now.energy_wh),
        };
        SessionResponse {
            session_id: row.session.to_string(),
            state: if row.ended.is_some() { SessionState::Ended } else { SessionState::Running },
            site_id: self.sites.get(&row.point).map(|site| site.to_string()),
            charge_point_id: row.point.to_string(),
            connector_id: row.connector,
            id_tag: row.id_tag,
            transaction_id: row.transaction_id,
            started_at: Instant(row.started_at),
            ended_at: row.ended.as_ref().map(|end| Instant(end.at)),
            energy_kwh: energy_wh.map(|energy| Kw(Watts(energy))),
            stop_reason: row.ended.as_ref().map(|end| end.reason.as_str()),
            allocated_kw: Kw(now.map(|now| now.allocated).unwrap_or_default()),
            actual_draw_kw: Kw(now.map(|now| now.draw).unwrap_or_default()),
            wish: WishResponse {
                departure_at: row.wish.departure.map(Instant),
                energy_kwh: row.wish.energy_wh.map(|energy| Kw(Watts(energy))),
            },
        }
    }
}

/// A place between two sessions: start and transaction id of the last one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Cursor(Time, i64);

impl Cursor {
    const NEWEST: Cursor = Cursor(Time(i64::MAX - 1), i64::MAX);

    fn of(row: &TransactionRow) -> Cursor {
        Cursor(row.started_at, row.transaction_id)
    }

    fn write(self) -> String {
        format!("{:x}-{:x}", self.0.0, self.1)
    }

    fn read(text: &str) -> Option<Cursor> {
        let (at, id) = text.split_once('-')?;
        Some(Cursor(Time(i64::from_str_radix(at, 16).ok()?), i64::from_str_radix(id, 16).ok()?))
    }
}

/// Sessions, the newest first
#[utoipa::path(
    get, path = "/api/v1/sessions", tag = "sessions",
    params(SessionQuery),
    responses((status = 200, description = "A page of sessions", body = SessionList)),
    security(("bearer" = ["read"])),
)]
pub(super) async fn list_sessions(
    State(api): State<ApiState>,
    reach: Reach,
    Params(query): Params<SessionQuery>,
) -> Result<Json<SessionList>, Problem> {
    let cursor = match query.cursor.as_deref().map(Cursor::read) {
        None => Cursor::NEWEST,
        Some(Some(cursor)) => cursor,
        Some(None) => {
            let detail = "is none that was given as next_cursor";
            return Err(Problem::parameters(vec![FieldError::parameter("cursor", detail)]));
        }
    };
    let live = Live::look(&api).await?;
    let (rows, next) = page(&api, &query, cursor, &live, &reach).await?;
    let sessions = rows.into_iter().map(|row| live.session(row)).collect();
    Ok(Json(SessionList { sessions, next_cursor: next.map(Cursor::write) }))
}

/// Rows after the cursor that match, and where the next page begins.
async fn page(
    api: &Shared,
    query: &SessionQuery,
    mut cursor: Cursor,
    live: &Live,
    reach: &Reach,
) -> Result<(Vec<TransactionRow>, Option<Cursor>), Problem> {
    let limit = query.limit.unwrap_or(PAGE);
    let matches = |row: &TransactionRow| {
        let site = live.sites.get(&row.point).map(SiteId::as_str);
        let state = if row.ended.is_some() { SessionState::Ended } else { SessionState::Running };
        query.site_id.as_deref().is_none_or(|wanted| site == Some(wanted))
            && query.state.is_none_or(|wanted| wanted == state)
            && reach.covers(site)
    };
    let mut found = Vec::new();
    let (mut looked_at, mut take) = (0, limit + 64);
    while looked_at < LOOKED_AT {
        let point = query.charge_point_id.as_deref().map(ChargePointId::new);
        let before = cursor.0 + Span(1);
        let rows = api.ask(move |store| store.transactions(point.as_ref(), before, take)).await?;
        let is_last = rows.len() < take;
        looked_at += rows.len();
        // Several may begin at the cursor's instant; those before it were told already.
        let start = cursor;
        let mut moved = false;
        for row in rows.into_iter().filter(|row| Cursor::of(row) < start) {
            if found.len() == limit {
                return Ok((found, Some(cursor)));
            }
            (cursor, moved) = (Cursor::of(&row), true);
            if matches(&row) {
                found.push(row);
            }
        }
        if is_last {
            return Ok((found, None));
        }
        take = if moved { take } else { take * 4 };
    }
    Ok((found, Some(cursor)))
}

/// A session
#[utoipa::path(
    get, path = "/api/v1/sessions/{session_id}", tag = "sessions",
    params(("session_id" = Id, Path, description = "The session")),
    responses((status = 200, description = "The session", body = SessionResponse)),
    security(("bearer" = ["read"])),
)]
pub(super) async fn get_session(
    State(api): State<ApiState>,
    Path(session): Path<String>,
) -> Result<Json<SessionResponse>, Problem> {
    let row = stored(&api, &session).await?;
    Ok(Json(Live::look(&api).await?.session(row)))
}

/// Tell what a driver wants
///
/// OCPP 1.6 has no message for it: an app or a desk tells. The strategies `earliest_deadline_first`
/// and `least_laxity_first` go by it; sessions of which no departure is known come last there. A wish
/// replaces the one before as a whole.
#[utoipa::path(
    put, path = "/api/v1/sessions/{session_id}/wish", tag = "sessions",
    params(("session_id" = Id, Path, description = "The session")),
    request_body(content = WishRequest),
    responses(
        (status = 200, description = "The session", body = SessionResponse),
        (status = 409, description = "It has ended, or the simulation is over"),
    ),
    security(("bearer" = ["control"])),
)]
pub(super) async fn put_wish(
    State(api): State<ApiState>,
    Path(session): Path<String>,
    Body(request): Body<WishRequest>,
) -> Result<Json<SessionResponse>, Problem> {
    let mut row = stored(&api, &session).await?;
    let wish = Wish {
        departure: request.departure_at.map(|at| at.0),
        energy_wh: request.energy_kwh.map(|energy| energy.0.0),
    };
    api.handle.input(Input::Wish { session: row.session.clone(), wish }).await?;
    row.wish = wish;
    Ok(Json(Live::look(&api).await?.session(row)))
}

async fn stored(api: &Shared, session: &str) -> Result<TransactionRow, Problem> {
    let id = SessionId::new(session);
    let row = api.ask(move |store| store.session(&id)).await?;
    row.ok_or_else(|| Problem::not_found(format!("there is no session {session}")))
}
