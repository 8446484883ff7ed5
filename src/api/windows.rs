//! Windows of the day in which a site has limits of its own.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::{Json, response::IntoResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::config::{Version, amend, configured, with_etag};
use crate::api::contract::Body;
use crate::api::problem::Problem;
use crate::api::values::{Id, Kw, TimeOfDay, Weekday};
use crate::api::{ApiState, Shared};
use crate::csms::{Calendar, Days, SiteConfig, Window};

/// All windows of a site.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WindowsBody {
    /// Where the site is: an IANA name, or an offset from UTC such as `+02:00`.
    #[serde(default = "utc")]
    #[schema(min_length = 1, max_length = 64, example = "Europe/Amsterdam", required = false)]
    time_zone: String,
    /// They may overlap: the lowest limit counts. None of them: all days are alike.
    windows: Vec<WindowBody>,
}

/// A time of the day with limits of its own.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WindowBody {
    /// For people.
    #[schema(min_length = 1, max_length = 64, example = "evening peak")]
    name: String,
    /// Local time of day at which it begins.
    from: TimeOfDay,
    /// Local time of day at which it ends; of the next day where that is not later than `from`.
    to: TimeOfDay,
    /// Days on which it begins; all of them where the field is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 1)]
    days: Option<Vec<Weekday>>,
    /// Hard limit: the most that the grid connection may carry then, in kW. Chargers are lowered
    /// before it begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 1_000_000, example = 60)]
    max_power_kw: Option<Kw>,
    /// Soft limit: what the site takes from the grid for cars that can wait, in kW. 0: only what
    /// feeds in beyond other loads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 1_000_000, example = 20)]
    soft_limit_kw: Option<Kw>,
}

/// The windows of a site and what holds now.
#[derive(Serialize, ToSchema)]
pub(super) struct WindowsResponse {
    #[schema(example = "site_01HXMNOPQR34567890")]
    site_id: String,
    /// The zone of its local times.
    #[schema(example = "Europe/Amsterdam")]
    time_zone: String,
    /// All windows.
    windows: Vec<WindowBody>,
    /// What the grid connection may carry now, in kW.
    #[schema(value_type = f64, minimum = 0, example = 100)]
    max_power_kw: Kw,
    /// The soft limit in force, in kW; `null`: none.
    #[schema(value_type = Option<f64>, minimum = 0, example = 20)]
    soft_limit_kw: Option<Kw>,
    /// What cars may draw together now, in kW: a limit that falls soon has fallen already.
    #[schema(value_type = f64, minimum = 0, example = 90)]
    available_kw: Kw,
    /// What cars that can wait get of it, in kW; `null`: no soft limit holds.
    #[schema(value_type = Option<f64>, minimum = 0, example = 10)]
    softly_available_kw: Option<Kw>,
}

/// The windows of the day of a site
#[utoipa::path(
    get, path = "/api/v1/smart-charging/sites/{site_id}/windows", tag = "smart charging",
    params(("site_id" = Id, Path, description = "The site")),
    responses(
        (status = 200, description = "The windows, and what holds now", body = WindowsResponse,
         headers(("ETag" = String, description = "Names this version of the configuration"))),
        (status = 404, description = "No such site, or it has no configuration yet"),
    ),
    security(("bearer" = ["read"])),
)]
pub(super) async fn get_windows(
    State(api): State<ApiState>,
    Path(site): Path<String>,
) -> Result<Response, Problem> {
    let version = configured(&api, &site).await?;
    shown(&api, version).await
}

/// Set the windows of the day of a site
///
/// All of them. A hard limit is kept as every limit is; a soft one decides what is divided among cars
/// that can wait. A car cannot wait when its driver has told what it needs until when, and it needs at
/// least half of what it can take until the window ends.
#[utoipa::path(
    put, path = "/api/v1/smart-charging/sites/{site_id}/windows", tag = "smart charging",
    params(
        ("site_id" = Id, Path, description = "The site"),
        ("If-Match" = Option<String>, Header,
         description = "Only if this ETag still names the current configuration"),
    ),
    request_body(content = WindowsBody),
    responses(
        (status = 200, description = "The new windows, and what holds now", body = WindowsResponse,
         headers(("ETag" = String, description = "Names this version of the configuration"))),
        (status = 409, description = "No linked charge point can charge yet, or nothing is configured"),
        (status = 412, description = "The configuration has changed meanwhile"),
    ),
    security(("bearer" = ["control"])),
)]
pub(super) async fn put_windows(
    State(api): State<ApiState>,
    Path(site): Path<String>,
    headers: HeaderMap,
    Body(request): Body<WindowsBody>,
) -> Result<Response, Problem> {
    let calendar = Some(Box::new(Calendar {
        time_zone: request.time_zone,
        windows: request.windows.into_iter().map(Window::from).collect(),
    }));
    let version = amend(&api, &site, &headers, |old| SiteConfig { calendar, ..old }).await?;
    shown(&api, version).await
}

async fn shown(api: &Shared, version: Version) -> Result<Response, Problem> {
    let etag = version.etag();
    let calendar = version.config.calendar.map(|calendar| *calendar);
    let Calendar { time_zone, windows } =
        calendar.unwrap_or_else(|| Calendar { time_zone: utc(), windows: Vec::new() });
    let site_id = version.site_id;
    let told = api
        .at_site(&site_id.clone(), move |view, site| WindowsResponse {
            site_id,
            time_zone,
            windows: windows.into_iter().map(WindowBody::from).collect(),
            max_power_kw: Kw(view.csms.contracted(site)),
            soft_limit_kw: view.csms.soft_limit(site).map(Kw),
            available_kw: Kw(view.csms.ev_limit(site)),
            softly_available_kw: view.csms.soft_room(site).map(Kw),
        })
        .await?;
    Ok(with_etag(Json(told).into_response(), &etag))
}

fn utc() -> String {
    "UTC".to_owned()
}

impl From<WindowBody> for Window {
    fn from(body: WindowBody) -> Window {
        let days = body.days.map(|days| Days::named(days.iter().map(|day| day.0.as_str())));
        Window {
            name: body.name,
            from: body.from.0,
            to: body.to.0,
            days: days.flatten().unwrap_or(Days::ALL),
            max_power: body.max_power_kw.map(|kw| kw.0),
            soft_limit: body.soft_limit_kw.map(|kw| kw.0),
        }
    }
}

impl From<Window> for WindowBody {
    fn from(window: Window) -> WindowBody {
        let days = window.days.names().map(|day| Weekday(day.to_owned())).collect();
        WindowBody {
            name: window.name,
            from: TimeOfDay(window.from),
            to: TimeOfDay(window.to),
            days: (window.days != Days::ALL).then_some(days),
            max_power_kw: window.max_power.map(Kw),
            soft_limit_kw: window.soft_limit.map(Kw),
        }
    }
}
