//! Whether the program lives and works, and which one it is.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::ApiState;
use crate::api::problem::Problem;

/// All is well.
#[derive(Serialize, ToSchema)]
pub(super) struct Health {
    #[schema(example = "ok")]
    status: &'static str,
}

/// Which program this is.
#[derive(Serialize, ToSchema)]
pub(super) struct Version {
    #[schema(example = "ampacity")]
    name: &'static str,
    #[schema(example = "0.1.0")]
    version: &'static str,
}

const OK: Json<Health> = Json(Health { status: "ok" });

/// The process lives
#[utoipa::path(
    get, path = "/livez", tag = "operation",
    responses((status = 200, description = "It lives", body = Health)),
)]
pub(super) async fn livez() -> Json<Health> {
    OK
}

/// The central system and its store answer
#[utoipa::path(
    get, path = "/readyz", tag = "operation",
    responses(
        (status = 200, description = "They answer", body = Health),
        (status = 503, description = "The central system has ended"),
    ),
)]
pub(super) async fn readyz(State(api): State<ApiState>) -> Result<Json<Health>, Problem> {
    api.handle.view(|_| ()).await?;
    api.ask(|store| store.command("")).await?;
    Ok(OK)
}

/// Which program this is
#[utoipa::path(
    get, path = "/version", tag = "operation",
    responses((status = 200, description = "Name and version", body = Version)),
)]
pub(super) async fn version() -> Json<Version> {
    Json(Version { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") })
}
