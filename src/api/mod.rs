//! The REST API: routes, problems, OpenAPI, live events.
//!
//! Three layers stand around every handler: `manners` (request ids, problem details, metrics),
//! `contract` (key, scope, parameters and body, held against the OpenAPI document; `tenancy`: a
//! key for some sites sees nothing of the others) and, where an
//! operation knows the header, `idempotency`. Handlers look at the central system with
//! [`Handle::view`], change it with [`Handle::input`] and ask the store for what is past.
//!
//! Architecture invariant: a route exists if and only if the document has it, and a request that
//! reaches its handler is one that the document allows.

mod allocation;
mod api_keys;
mod auth;
mod cards;
mod charge_points;
mod commands;
mod config;
mod contract;
mod credentials;
mod dashboard;
mod docs;
mod events;
mod explain;
mod feed;
mod health;
mod history;
mod idempotency;
mod limit;
mod load;
mod manners;
mod metrics;
mod problem;
mod rebalance;
mod records;
mod schema;
mod sessions;
mod simulation;
mod sites;
mod tenancy;
mod trouble;
mod values;
mod windows;
mod wiring;

use std::ops::Deref;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::csms::{Csms, SiteIx};
use crate::ids;
use crate::shell::{Handle, View, secret};
use crate::store::{Query, StoreError};

use contract::Contract;
use problem::Problem;

pub use docs::openapi;
pub use explain::explained;
pub use limit::Rate;

/// How an API is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// A key that may everything, besides those in the store: a run's key.
    pub key: Option<String>,
    /// How often a site may be rebalanced by hand.
    pub rebalances: Rate,
    /// How long a rebalance is waited for before it is answered as `in_progress`.
    pub rebalance_wait: Duration,
    /// `/metrics` needs no key. For a listener that only the machine itself can reach.
    pub open_metrics: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            key: None,
            rebalances: Rate { burst: 3, every: Duration::from_secs(20) },
            rebalance_wait: Duration::from_secs(5),
            open_metrics: false,
        }
    }
}

/// Everything that handlers share; cheap to clone.
#[derive(Clone)]
pub struct ApiState(Arc<Shared>);

/// See [`ApiState`].
pub struct Shared {
    handle: Handle,
    options: Options,
    contract: Contract,
    keys: auth::Keys,
    feed: Arc<feed::Feed>,
    metrics: metrics::Metrics,
    in_progress: idempotency::InProgress,
    limiter: limit::Limiter,
    /// Held while a configuration is compared and changed, so that If-Match means what it says.
    configuring: tokio::sync::Mutex<()>,
}

impl Deref for ApiState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl ApiState {
    /// The state of an API around an engine. To be called within a tokio runtime: a task follows
    /// the engine's events from now on.
    #[must_use]
    pub fn new(handle: Handle, options: Options) -> ApiState {
        let document = docs::document();
        let process = secret::fresh(4).unwrap_or_default();
        ApiState(Arc::new(Shared {
            contract: Contract::of(document, options.open_metrics),
            keys: auth::Keys::new(options.key.as_deref(), handle.query().clone()),
            feed: feed::Feed::new(process, handle.subscribe()),
            metrics: metrics::Metrics::default(),
            in_progress: Mutex::default(),
            limiter: limit::Limiter::new(options.rebalances),
            configuring: tokio::sync::Mutex::new(()),
            handle,
            options,
        }))
    }
}

impl Shared {
    /// Asks the store, on a thread that may block.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn Query) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Problem> {
        let query = self.handle.query().clone();
        let answer = tokio::task::spawn_blocking(move || question(&*query)).await;
        Ok(answer.map_err(|error| Problem::internal(&error.to_string()))??)
    }

    /// Looks at a site; a problem when there is none.
    async fn at_site<T: Send + 'static>(
        &self,
        id: &str,
        look: impl FnOnce(&View<'_>, SiteIx) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let wanted = id.to_owned();
        let seen = self
            .handle
            .view(move |view| view.csms.site(&wanted).map(|site| look(view, site)))
            .await?;
        seen.ok_or_else(|| Problem::not_found(format!("there is no site {id}")))
    }

    /// Looks at the central system.
    async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Csms) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        Ok(self.handle.view(|view| look(view.csms)).await?)
    }

    /// A new id, `prefix_..`, that sorts by the central system's time.
    async fn new_id(&self, prefix: &'static str) -> Result<String, Problem> {
        let chance = u64::from_le_bytes(auth::random()?);
        let now = self.handle.view(|view| view.now).await?;
        Ok(ids::make(prefix, now, chance))
    }
}

/// The routes, each with its part of the document.
fn routes() -> OpenApiRouter<ApiState> {
    let router = OpenApiRouter::with_openapi(docs::frame())
        .routes(routes!(config::get_config, config::put_config))
        .routes(routes!(config::get_priorities, config::put_priorities))
        .routes(routes!(load::get_load, load::put_load))
        .routes(routes!(wiring::get_wiring, wiring::put_wiring))
        .routes(routes!(windows::get_windows, windows::put_windows))
        .routes(routes!(allocation::get_allocation))
        .routes(routes!(explain::explain_allocation))
        .routes(routes!(history::get_history))
        .routes(routes!(rebalance::post_rebalance))
        .routes(routes!(sites::list_sites, sites::create_site))
        .routes(routes!(sites::get_site))
        .routes(routes!(charge_points::list_charge_points, charge_points::create_charge_point))
        .routes(routes!(charge_points::get_charge_point, charge_points::delete_charge_point))
        .routes(routes!(charge_points::link_charge_point))
        .routes(routes!(records::get_configuration))
        .routes(routes!(records::list_reservations))
        .routes(routes!(records::get_maintenance))
        .routes(routes!(records::list_notices))
        .routes(routes!(credentials::create_credentials, credentials::delete_credentials))
        .routes(routes!(commands::list_commands))
        .routes(routes!(commands::get_command))
        .routes(routes!(sessions::list_sessions))
        .routes(routes!(sessions::get_session))
        .routes(routes!(sessions::put_wish))
        .routes(routes!(cards::put_card, cards::delete_card))
        .routes(routes!(events::stream_events))
        .routes(routes!(simulation::get_simulation))
        .routes(routes!(simulation::pause))
        .routes(routes!(simulation::resume))
        .routes(routes!(simulation::step))
        .routes(routes!(simulation::set_speed))
        .routes(routes!(simulation::inject))
        .routes(routes!(api_keys::list_keys, api_keys::create_key))
        .routes(routes!(api_keys::delete_key))
        .routes(routes!(health::livez))
        .routes(routes!(health::readyz))
        .routes(routes!(health::version))
        .routes(routes!(metrics::get_metrics))
        .routes(routes!(docs::get_document));
    commands::routes().fold(router, OpenApiRouter::routes)
}

/// The API as a router: everything under `/api/v1`, `/livez`, `/readyz`, `/version`, `/metrics`,
/// `/openapi.json`, the documentation at `/docs` and the dashboard at `/`.
pub fn router(state: ApiState) -> Router {
    use axum::middleware::from_fn_with_state;

    let (router, _) = routes().split_for_parts();
    router
        .route_layer(from_fn_with_state(state.clone(), contract::keep))
        .merge(docs::pages())
        .merge(dashboard::pages())
        .fallback(manners::nothing_here)
        .layer(from_fn_with_state(state.clone(), manners::keep))
        .with_state(state)
}
