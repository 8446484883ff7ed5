//! Steering a simulation: its pace, and what happens to it.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::contract::Body;
use crate::api::problem::{FieldError, Problem};
use crate::api::values::{Id, Instant, Kw, Rule, Speed, SpeedWord, number};
use crate::api::{ApiState, Shared};
use crate::csms::{Input, SiteConfig};
use crate::ids::SiteId;
use crate::shell::{PaceChange, View};

/// How a simulation stands.
#[derive(Serialize, ToSchema)]
pub(super) struct SimulationResponse {
    /// Its time.
    now: Instant,
    /// Virtual seconds per second, or `max`.
    speed: Speed,
    /// Time stands still.
    paused: bool,
    /// It has come to its end.
    finished: bool,
    /// Share that is over.
    #[schema(minimum = 0, maximum = 1, example = 0.25)]
    #[serde(serialize_with = "number")]
    progress: f64,
    /// Seconds of wall clock by which it is behind its pace.
    #[schema(minimum = 0, example = 0)]
    #[serde(serialize_with = "number")]
    lag_s: f64,
}

/// A new speed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SpeedRequest {
    /// From now on.
    speed: Speed,
}

/// How far to go while paused: one of both.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StepRequest {
    /// So many events.
    #[schema(minimum = 1, maximum = 1_000_000, example = 1)]
    events: Option<u64>,
    /// Up to this instant of the simulation.
    until: Option<Instant>,
}

/// An entry of a scenario's timeline that happens now: either `set` or `rebalance`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TimelineRequest {
    /// Where; may be absent while there is one site only.
    #[schema(value_type = Option<Id>)]
    site_id: Option<String>,
    /// Changes the configuration; absent fields stay.
    set: Option<SetRequest>,
    /// Rebalances, for this reason.
    #[schema(max_length = 500, example = "manual")]
    rebalance: Option<String>,
}

/// A change of a configuration.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SetRequest {
    /// In kW.
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 1_000_000, example = 60)]
    max_power_kw: Option<Kw>,
    /// In kW.
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 1_000_000, example = 5)]
    reserve_kw: Option<Kw>,
    /// How the power is shared.
    strategy: Option<Rule>,
    /// In kW.
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 1000, example = 3.7)]
    min_charge_rate_kw: Option<Kw>,
}

/// What was done.
#[derive(Serialize, ToSchema)]
pub(super) struct TimelineResponse {
    #[schema(example = "site_01HXMNOPQR34567890")]
    site_id: String,
    /// The instant of the simulation at which it happened.
    at: Instant,
}

impl SimulationResponse {
    fn of(view: &View<'_>) -> SimulationResponse {
        let pace = view.pace;
        SimulationResponse {
            now: Instant(view.now),
            speed: pace.speed.map_or(Speed::Word(SpeedWord::Max), Speed::Times),
            paused: pace.paused,
            finished: pace.finished,
            progress: pace.progress,
            lag_s: pace.lag_s,
        }
    }
}

/// How the simulation stands
#[utoipa::path(
    get, path = "/api/v1/simulation", tag = "simulation",
    responses(
        (status = 200, description = "How it stands", body = SimulationResponse),
        (status = 409, description = "No simulation runs here"),
    ),
    security(("bearer" = ["read"])),
)]
pub(super) async fn get_simulation(
    State(api): State<ApiState>,
) -> Result<Json<SimulationResponse>, Problem> {
    seen(&api).await
}

/// Stop time
#[utoipa::path(
    post, path = "/api/v1/simulation/pause", tag = "simulation",
    responses(
        (status = 200, description = "How it stands", body = SimulationResponse),
        (status = 409, description = "No simulation runs here"),
    ),
    security(("bearer" = ["control"])),
)]
pub(super) async fn pause(
    State(api): State<ApiState>,
) -> Result<Json<SimulationResponse>, Problem> {
    change(&api, PaceChange::Pause).await
}

/// Let time pass again
#[utoipa::path(
    post, path = "/api/v1/simulation/resume", tag = "simulation",
    responses(
        (status = 200, description = "How it stands", body = SimulationResponse),
        (status = 409, description = "No simulation runs here"),
    ),
    security(("bearer" = ["control"])),
)]
pub(super) async fn resume(
    State(api): State<ApiState>,
) -> Result<Json<SimulationResponse>, Problem> {
    change(&api, PaceChange::Resume).await
}

/// Go on by some events, or up to an instant, while time stands still
#[utoipa::path(
    post, path = "/api/v1/simulation/step", tag = "simulation",
    request_body(content = StepRequest),
    responses(
        (status = 200, description = "How it stands", body = SimulationResponse),
        (status = 409, description = "No simulation runs here, or it is not paused"),
    ),
    security(("bearer" = ["control"])),
)]
pub(super) async fn step(
    State(api): State<ApiState>,
    Body(request): Body<StepRequest>,
) -> Result<Json<SimulationResponse>, Problem> {
    let change_ = match (request.events, request.until) {
        (Some(events), None) => PaceChange::Step { events },
        (None, Some(until)) => PaceChange::StepUntil(until.0),
        _ => {
            let detail = "either events or until is needed";
            return Err(Problem::invalid(vec![FieldError::at("", detail)]));
        }
    };
    change(&api, change_).await
}

/// Change the speed
#[utoipa::path(
    post, path = "/api/v1/simulation/speed", tag = "simulation",
    request_body(content = SpeedRequest),
    responses(
        (status = 200, description = "How it stands", body = SimulationResponse),
        (status = 409, description = "No simulation runs here"),
    ),
    security(("bearer" = ["control"])),
)]
pub(super) async fn set_speed(
    State(api): State<ApiState>,
    Body(request): Body<SpeedRequest>,
) -> Result<Json<SimulationResponse>, Problem> {
    let speed = match request.speed {
        Speed::Times(times) => Some(times),
        Speed::Word(SpeedWord::Max) => None,
    };
    change(&api, PaceChange::Speed(speed)).await
}

/// Let something happen now
///
/// What the timeline of a scenario file can do, without its instant.
#[utoipa::path(
    post, path = "/api/v1/simulation/events", tag = "simulation",
    request_body(content = TimelineRequest),
    responses(
        (status = 200, description = "It has happened", body = TimelineResponse),
        (status = 404, description = "No such site"),
        (status = 409, description = "No simulation runs here, or it is over"),
    ),
    security(("bearer" = ["control"])),
)]
pub(super) async fn inject(
    State(api): State<ApiState>,
    Body(request): Body<TimelineRequest>,
) -> Result<Json<TimelineResponse>, Problem> {
    simulated(&api).await?;
    let site_id = match request.site_id {
        Some(site) => site,
        None => only_site(&api).await?,
    };
    let site = SiteId::new(&site_id);
    let _one_at_a_time = api.configuring.lock().await;
    let input = match (request.set, request.rebalance) {
        (Some(set), None) => {
            let old = api.at_site(&site_id, |view, site| view.csms.config(site).clone()).await?;
            Input::Configure { site, config: set.applied_to(old)? }
        }
        (None, Some(reason)) => {
            Input::Rebalance { site, rebalance: api.new_id("reb").await?, reason }
        }
        _ => {
            let detail = "either set or rebalance is needed";
            return Err(Problem::invalid(vec![FieldError::at("", detail)]));
        }
    };
    let receipt = api.handle.input(input).await?;
    Ok(Json(TimelineResponse { site_id, at: Instant(receipt.at) }))
}

impl SetRequest {
    fn applied_to(&self, old: SiteConfig) -> Result<SiteConfig, Problem> {
        let config = SiteConfig {
            max_power: self.max_power_kw.map_or(old.max_power, |kw| kw.0),
            reserve: self.reserve_kw.map_or(old.reserve, |kw| kw.0),
            strategy: self.strategy.map_or(old.strategy, |rule| rule.0),
            min_charge_rate: self.min_charge_rate_kw.map_or(old.min_charge_rate, |kw| kw.0),
            priorities: old.priorities,
            worst_load: old.worst_load,
            wiring: old.wiring,
            calendar: old.calendar,
        };
        if config.reserve > config.max_power {
            let detail = "the reserve would exceed the grid connection; set both together";
            return Err(Problem::invalid(vec![FieldError::at("/set", detail)]));
        }
        Ok(config)
    }
}

async fn change(api: &Shared, change: PaceChange) -> Result<Json<SimulationResponse>, Problem> {
    simulated(api).await?;
    api.handle.pace(change).await?.map_err(Problem::conflict)?;
    seen(api).await
}

async fn simulated(api: &Shared) -> Result<(), Problem> {
    seen(api).await.map(|_| ())
}

async fn seen(api: &Shared) -> Result<Json<SimulationResponse>, Problem> {
    let seen = api.handle.view(|view| view.simulated.then(|| SimulationResponse::of(view))).await?;
    let none = || Problem::conflict("no simulation runs here: real chargers keep real time");
    seen.map(Json).ok_or_else(none)
}

async fn only_site(api: &Shared) -> Result<String, Problem> {
    let sites = api
        .look(|csms| csms.sites().map(|site| csms.site_id(site).to_string()).collect::<Vec<_>>())
        .await?;
    match <[String; 1]>::try_from(sites) {
        Ok([site]) => Ok(site),
        Err(sites) => {
            let detail = format!("is missing; there are {}", sites.join(", "));
            Err(Problem::invalid(vec![FieldError::at("/site_id", detail)]))
        }
    }
}
