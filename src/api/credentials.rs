//! What a charge point presents when it connects (OCPP 1.6 security whitepaper, profile 1).

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::problem::Problem;
use crate::api::values::Id;
use crate::api::{ApiState, auth, charge_points};
use crate::ids::ChargePointId;
use crate::shell::secret;
use crate::store::Fact;

/// A fresh AuthorizationKey; it is shown this once.
#[derive(Serialize, ToSchema)]
pub(super) struct CredentialsResponse {
    /// The user name of HTTP Basic authentication.
    #[schema(example = "cp_01HX5P2QRSTUVWXYZ0")]
    charge_point_id: String,
    /// 20 bytes in hex: the value for the configuration key AuthorizationKey, and the password.
    #[schema(example = "4f43415f4f4354545f61646d696e5f7465737430")]
    authorization_key: String,
}

/// Give a charge point a fresh AuthorizationKey
///
/// The old one is worth nothing from now on. Only a hash is kept: the key is shown this once.
#[utoipa::path(
    post, path = "/api/v1/charge-points/{charge_point_id}/credentials", tag = "charge points",
    params(("charge_point_id" = Id, Path, description = "The charge point")),
    responses((status = 201, description = "The key", body = CredentialsResponse)),
    security(("bearer" = ["admin"])),
)]
pub(super) async fn create_credentials(
    State(api): State<ApiState>,
    Path(point): Path<String>,
) -> Result<(StatusCode, Json<CredentialsResponse>), Problem> {
    charge_points::exists(&api, &point).await?;
    let key = secret::authorization_key().map_err(auth::no_chance)?;
    let fact = Fact::Credential(ChargePointId::new(&point), Some(secret::sha256(&key)));
    api.handle.keep(vec![fact]).await?;
    let made = CredentialsResponse { charge_point_id: point, authorization_key: key };
    Ok((StatusCode::CREATED, Json(made)))
}

/// Withdraw the AuthorizationKey of a charge point
#[utoipa::path(
    delete, path = "/api/v1/charge-points/{charge_point_id}/credentials", tag = "charge points",
    params(("charge_point_id" = Id, Path, description = "The charge point")),
    responses((status = 204, description = "It can no longer connect")),
    security(("bearer" = ["admin"])),
)]
pub(super) async fn delete_credentials(
    State(api): State<ApiState>,
    Path(point): Path<String>,
) -> Result<StatusCode, Problem> {
    charge_points::exists(&api, &point).await?;
    api.handle.keep(vec![Fact::Credential(ChargePointId::new(&point), None)]).await?;
    Ok(StatusCode::NO_CONTENT)
}
