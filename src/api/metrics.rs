//! Figures for Prometheus. Labels are bounded: sites, route templates, methods, classes of status.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use axum::extract::State;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::api::ApiState;
use crate::api::problem::Problem;
use crate::csms::Csms;
use crate::shell::View;

/// Media type of the text.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: String,
    method: String,
    status: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
    method: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SiteLabels {
    site: String,
}

type SiteGauge = Family<SiteLabels, Gauge<f64, AtomicU64>>;

/// What is counted while requests are answered.
pub(super) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    durations: Family<RouteLabels, Histogram>,
}

impl Default for Metrics {
    fn default() -> Metrics {
        let requests = Family::<RequestLabels, Counter>::default();
        let durations = Family::<RouteLabels, Histogram>::new_with_constructor(|| {
            Histogram::new([0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0, 5.0])
        });
        let mut registry = Registry::with_prefix("ampacity");
        let (r, d) = (requests.clone(), durations.clone());
        registry.register("http_requests", "Requests answered", r);
        registry.register("http_request_duration_seconds", "Time to the answer's head", d);
        Metrics { registry, requests, durations }
    }
}

impl Metrics {
    /// A request was answered. `route` is its template, never its path.
    pub(super) fn answered(
        &self,
        route: &str,
        method: &Method,
        status: StatusCode,
        elapsed: Duration,
    ) {
        let known = ["GET", "HEAD", "PUT", "POST", "DELETE"].contains(&method.as_str());
        let method = if known { method.as_str() } else { "other" }.to_owned();
        let status = format!("{}xx", status.as_u16() / 100);
        let route = route.to_owned();
        let labels = RouteLabels { route: route.clone(), method: method.clone() };
        self.durations.get_or_create(&labels).observe(elapsed.as_secs_f64());
        self.requests.get_or_create(&RequestLabels { route, method, status }).inc();
    }
}

/// A picture of the central system, as figures.
fn picture(view: &View<'_>) -> Registry {
    let mut registry = Registry::with_prefix("ampacity");
    let csms = view.csms;
    site_figures(csms, &mut registry);
    let points: Vec<_> = csms.points().filter_map(|point| csms.point_view(point)).collect();
    let connected = points.iter().filter(|point| point.connected).count();
    let mut gauge = |name: &str, help: &str, value: f64| {
        registry.register(name, help, ConstGauge::new(value));
    };
    gauge("charge_points", "Commissioned charge points", points.len() as f64);
    gauge("charge_points_connected", "Charge points with an open connection", connected as f64);
    gauge("lag_seconds", "Wall clock by which a simulation is behind its pace", view.pace.lag_s);
    gauge("engine_up", "1 while the central system runs", 1.0);
    let deviations: u64 = csms.deviations().values().sum();
    let mut counter = |name: &str, help: &str, value: u64| {
        registry.register(name, help, ConstCounter::new(value));
    };
    counter("ocpp_deviations", "Deviations from OCPP 1.6 that were read over", deviations);
    counter("ocpp_ignored_answers", "Answers that matched no CALL", csms.ignored_answers());
    registry
}

fn site_figures(csms: &Csms, registry: &mut Registry) {
    let family = |registry: &mut Registry, name: &str, help: &str| {
        let family = SiteGauge::default();
        registry.register(name, help, family.clone());
        family
    };
    let limit = family(registry, "site_limit_watts", "What chargers may share");
    let allocated = family(registry, "site_allocated_watts", "Limits of running sessions");
    let draw = family(registry, "site_draw_watts", "Last meter values together");
    let committed =
        family(registry, "site_committed_watts", "The most that could be drawn: the worst case");
    let sessions = family(registry, "site_active_sessions", "Running sessions");
    let troubled =
        family(registry, "site_troubled_connectors", "Chargers that refuse or ignore limits");
    for site in csms.sites() {
        let labels = SiteLabels { site: csms.site_id(site).to_string() };
        let totals = csms.totals(site);
        limit.get_or_create(&labels).set(csms.ev_limit(site).0 as f64);
        allocated.get_or_create(&labels).set(totals.allocated.0 as f64);
        draw.get_or_create(&labels).set(totals.draw.0 as f64);
        committed.get_or_create(&labels).set(totals.reserved.0 as f64);
        sessions.get_or_create(&labels).set(f64::from(totals.active_sessions));
        troubled.get_or_create(&labels).set(f64::from(totals.troubled));
    }
}

/// Figures for Prometheus
///
/// Needs a key with the scope `read`, unless the server was started with open metrics.
#[utoipa::path(
    get, path = "/metrics", tag = "operation",
    responses((status = 200, description = "OpenMetrics text", body = String,
               content_type = "application/openmetrics-text")),
    security(("bearer" = ["read"])),
)]
pub(super) async fn get_metrics(State(api): State<ApiState>) -> Result<Response, Problem> {
    let picture = api.handle.view(picture).await?;
    let mut text = String::new();
    let written = encode_registry(&mut text, &api.metrics.registry)
        .and_then(|()| encode_registry(&mut text, &picture))
        .and_then(|()| encode_eof(&mut text));
    written.map_err(|error| Problem::internal(&error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, OPENMETRICS)], text).into_response())
}
