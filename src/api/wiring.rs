//! Feeders and phases of a site.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::{Json, response::IntoResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::allocation::network::PhaseRotation;
use crate::api::config::{Version, amend, configured, with_etag};
use crate::api::contract::Body;
use crate::api::problem::Problem;
use crate::api::values::{Id, Kw, Rotation};
use crate::api::{ApiState, Shared};
use crate::csms::{Connection, Feeder, SiteConfig, Wire, Wiring};
use crate::ids::ChargePointId;
use crate::units::DeciAmps;

/// Feeders and phases behind the grid connection of a site.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WiringBody {
    /// Nominal phase voltage, in V, for limits in amperes.
    #[serde(default = "nominal")]
    #[schema(minimum = 50, maximum = 1500, example = 230, required = false)]
    voltage_v: i64,
    /// The most on each phase of the connection, in A, other loads included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 100_000, example = 160)]
    max_current_a: Option<f64>,
    /// The most that cars which do not use all phases may together draw on any phase, in A.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 100_000, example = 20)]
    unbalance_a: Option<f64>,
    /// Lines and boards that feed charge points, each after the one that feeds it.
    #[serde(default)]
    feeders: Vec<FeederBody>,
    /// Where charge points hang; who is not named hangs at the grid connection, phases in order.
    #[serde(default)]
    #[schema(value_type = BTreeMap<Id, ConnectionBody>)]
    connections: BTreeMap<String, ConnectionBody>,
}

/// A line or a board that feeds charge points.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FeederBody {
    /// Unique at the site.
    #[schema(min_length = 1, max_length = 64, example = "west")]
    name: String,
    /// The feeder that feeds it; without it the grid connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, example = "hall")]
    fed_from: Option<String>,
    /// The most that it carries in all, in kW.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 1_000_000, example = 40)]
    max_power_kw: Option<Kw>,
    /// The most on each of its phases, in A.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 100_000, example = 63)]
    max_current_a: Option<f64>,
    /// The most that cars which do not use all phases may together draw on any of its phases, in A.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 100_000, example = 20)]
    unbalance_a: Option<f64>,
}

/// Where and how a charge point is connected.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ConnectionBody {
    /// The feeder; without it the grid connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, example = "west")]
    feeder: Option<String>,
    /// Phases of the grid at its terminals, by OCPP's ConnectorPhaseRotation; the first is what a car of
    /// one phase draws from.
    #[serde(default)]
    #[schema(value_type = Rotation, required = false)]
    phase_rotation: PhaseRotation,
    /// The most that its connectors draw together, in kW.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 1_000_000, example = 22)]
    shared_max_kw: Option<Kw>,
}

/// Feeders and phases of a site, and what could be drawn through them.
#[derive(Serialize, ToSchema)]
pub(super) struct WiringResponse {
    #[schema(example = "site_01HXMNOPQR34567890")]
    site_id: String,
    /// Nominal phase voltage, in V.
    #[schema(minimum = 50, maximum = 1500, example = 230)]
    voltage_v: i64,
    /// The most on each phase of the connection, in A, where that is limited.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 100_000, example = 160)]
    max_current_a: Option<f64>,
    /// The most that cars which do not use all phases may together draw on any phase, in A, where
    /// that is limited.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 100_000, example = 20)]
    unbalance_a: Option<f64>,
    /// Lines and boards that feed charge points.
    feeders: Vec<FeederBody>,
    /// Where charge points hang.
    #[schema(value_type = BTreeMap<Id, ConnectionBody>)]
    connections: BTreeMap<String, ConnectionBody>,
    /// Every limit: a feeder, one of its phases, unbalance.
    wires: Vec<WireBody>,
}

/// A limit of a site's wires.
#[derive(Serialize, ToSchema)]
pub(super) struct WireBody {
    /// In words.
    #[schema(example = "feeder west, L2")]
    name: String,
    /// What it leaves for cars, in kW.
    #[schema(value_type = f64, minimum = 0, example = 14.49)]
    limit_kw: Kw,
    /// What could be drawn through it if every limit that may be in force was used, in kW.
    #[schema(value_type = f64, minimum = 0, example = 11.04)]
    committed_kw: Kw,
}

/// Feeders and phases of a site
#[utoipa::path(
    get, path = "/api/v1/smart-charging/sites/{site_id}/wiring", tag = "smart charging",
    params(("site_id" = Id, Path, description = "The site")),
    responses(
        (status = 200, description = "Feeders and phases", body = WiringResponse,
         headers(("ETag" = String, description = "Names this version of the configuration"))),
        (status = 404, description = "No such site, or it has no configuration yet"),
    ),
    security(("bearer" = ["read"])),
)]
pub(super) async fn get_wiring(
    State(api): State<ApiState>,
    Path(site): Path<String>,
) -> Result<Response, Problem> {
    let version = configured(&api, &site).await?;
    shown(&api, version).await
}

/// Set the feeders and phases of a site
///
/// All of them. The sum of everything that could be in force is kept within every one from then on;
/// chargers are lowered at once where it is not.
#[utoipa::path(
    put, path = "/api/v1/smart-charging/sites/{site_id}/wiring", tag = "smart charging",
    params(
        ("site_id" = Id, Path, description = "The site"),
        ("If-Match" = Option<String>, Header,
         description = "Only if this ETag still names the current configuration"),
    ),
    request_body(content = WiringBody),
    responses(
        (status = 200, description = "The new feeders and phases", body = WiringResponse,
         headers(("ETag" = String, description = "Names this version of the configuration"))),
        (status = 409, description = "No linked charge point can charge yet, or nothing is configured"),
        (status = 412, description = "The configuration has changed meanwhile"),
    ),
    security(("bearer" = ["control"])),
)]
pub(super) async fn put_wiring(
    State(api): State<ApiState>,
    Path(site): Path<String>,
    headers: HeaderMap,
    Body(request): Body<WiringBody>,
) -> Result<Response, Problem> {
    let wiring = Some(Box::new(Wiring::from(request)));
    let version = amend(&api, &site, &headers, |old| SiteConfig { wiring, ..old }).await?;
    shown(&api, version).await
}

async fn shown(api: &Shared, version: Version) -> Result<Response, Problem> {
    let etag = version.etag();
    let wires = api
        .at_site(&version.site_id, |view, site| {
            view.csms.wires(site).map(WireBody::from).collect::<Vec<_>>()
        })
        .await?;
    let wiring = version.config.wiring.map(|wiring| *wiring).unwrap_or_default();
    let body = WiringBody::from(wiring);
    let told = WiringResponse {
        site_id: version.site_id,
        voltage_v: body.voltage_v,
        max_current_a: body.max_current_a,
        unbalance_a: body.unbalance_a,
        feeders: body.feeders,
        connections: body.connections,
        wires,
    };
    Ok(with_etag(Json(told).into_response(), &etag))
}

fn nominal() -> i64 {
    Wiring::default().voltage_v
}

/// Rounded down to what can be told.
fn current_of(amps: f64) -> DeciAmps {
    DeciAmps((amps * 10.0).floor() as i64)
}

impl From<WiringBody> for Wiring {
    fn from(body: WiringBody) -> Wiring {
        let connections = body.connections.into_iter().map(|(point, connection)| {
            let ConnectionBody { feeder, phase_rotation, shared_max_kw } = connection;
            let shared_max = shared_max_kw.map(|kw| kw.0);
            (
                ChargePointId::new(&point),
                Connection { feeder, rotation: phase_rotation, shared_max },
            )
        });
        Wiring {
            voltage_v: body.voltage_v,
            max_current: body.max_current_a.map(current_of),
            unbalance: body.unbalance_a.map(current_of),
            feeders: body.feeders.into_iter().map(Feeder::from).collect(),
            connections: connections.collect(),
        }
    }
}

impl From<FeederBody> for Feeder {
    fn from(body: FeederBody) -> Feeder {
        Feeder {
            name: body.name,
            fed_from: body.fed_from,
            max_power: body.max_power_kw.map(|kw| kw.0),
            max_current: body.max_current_a.map(current_of),
            unbalance: body.unbalance_a.map(current_of),
        }
    }
}

impl From<Wiring> for WiringBody {
    fn from(wiring: Wiring) -> WiringBody {
        let feeders = wiring.feeders.into_iter().map(|feeder| FeederBody {
            name: feeder.name,
            fed_from: feeder.fed_from,
            max_power_kw: feeder.max_power.map(Kw),
            max_current_a: feeder.max_current.map(DeciAmps::amps),
            unbalance_a: feeder.unbalance.map(DeciAmps::amps),
        });
        let connections = wiring.connections.into_iter().map(|(point, connection)| {
            let Connection { feeder, rotation, shared_max } = connection;
            let shared_max_kw = shared_max.map(Kw);
            (point.to_string(), ConnectionBody { feeder, phase_rotation: rotation, shared_max_kw })
        });
        WiringBody {
            voltage_v: wiring.voltage_v,
            max_current_a: wiring.max_current.map(DeciAmps::amps),
            unbalance_a: wiring.unbalance.map(DeciAmps::amps),
            feeders: feeders.collect(),
            connections: connections.collect(),
        }
    }
}

impl From<Wire<'_>> for WireBody {
    fn from(wire: Wire<'_>) -> WireBody {
        WireBody {
            name: wire.name.to_owned(),
            limit_kw: Kw(wire.bound),
            committed_kw: Kw(wire.committed),
        }
    }
}
