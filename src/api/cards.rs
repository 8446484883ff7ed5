//! Cards that are known.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::ApiState;
use crate::api::contract::Body;
use crate::api::problem::Problem;
use crate::api::values::{CardStatus, IdTag};
use crate::csms::Input;

/// What a card may.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CardRequest {
    /// Answer to its Authorize.
    status: CardStatus,
}

/// A known card.
#[derive(Serialize, ToSchema)]
pub(super) struct CardResponse {
    #[schema(example = "04A2B3C4D5E6F7")]
    id_tag: String,
    /// Answer to its Authorize.
    status: CardStatus,
}

/// Make a card known
#[utoipa::path(
    put, path = "/api/v1/cards/{id_tag}", tag = "cards",
    params(("id_tag" = IdTag, Path, description = "The card; upper and lower case are the same")),
    request_body(content = CardRequest),
    responses(
        (status = 200, description = "The card", body = CardResponse),
        (status = 409, description = "The simulation is over"),
    ),
    security(("bearer" = ["control"])),
)]
pub(super) async fn put_card(
    State(api): State<ApiState>,
    Path(id_tag): Path<String>,
    Body(request): Body<CardRequest>,
) -> Result<Json<CardResponse>, Problem> {
    let status = request.status;
    api.handle.input(Input::Card { id_tag: id_tag.clone(), status: Some(status.0) }).await?;
    Ok(Json(CardResponse { id_tag, status }))
}

/// Forget a card
///
/// It is then treated as any unknown card.
#[utoipa::path(
    delete, path = "/api/v1/cards/{id_tag}", tag = "cards",
    params(("id_tag" = IdTag, Path, description = "The card; upper and lower case are the same")),
    responses(
        (status = 204, description = "It is not known"),
        (status = 409, description = "The simulation is over"),
    ),
    security(("bearer" = ["control"])),
)]
pub(super) async fn delete_card(
    State(api): State<ApiState>,
    Path(id_tag): Path<String>,
) -> Result<StatusCode, Problem> {
    api.handle.input(Input::Card { id_tag, status: None }).await?;
    Ok(StatusCode::NO_CONTENT)
}
