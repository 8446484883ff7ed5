//! Keys of this API.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::ApiState;
use crate::api::auth::{self, Scope};
use crate::api::contract::Body;
use crate::api::problem::{FieldError, Problem};
use crate::api::values::{Id, Instant};
use crate::csms::Csms;
use crate::ids::SiteId;
use crate::shell::secret;
use crate::store::{ApiKeyRow, Fact};

/// A new key.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyRequest {
    /// For people.
    #[schema(min_length = 1, max_length = 100, example = "dashboard")]
    name: String,
    /// What it may; each scope includes the ones before it.
    scope: Scope,
    /// The sites it is good for: whatever belongs to others is not there for it. The whole server
    /// when absent. Not with the scope admin.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Id>>, min_items = 1, max_items = 100)]
    sites: Option<Vec<String>>,
}

/// A key, without what it says.
#[derive(Serialize, ToSchema)]
pub(super) struct KeyResponse {
    #[schema(example = "key_01HXABCDEFGH1234567")]
    key_id: String,
    /// For people.
    #[schema(example = "dashboard")]
    name: String,
    /// What it may.
    scopes: Vec<String>,
    /// The sites it is good for; empty: the whole server.
    sites: Vec<String>,
    /// When it was made.
    created_at: Instant,
    /// Since when it is worth nothing.
    #[schema(required)]
    revoked_at: Option<Instant>,
}

/// A key that was just made.
#[derive(Serialize, ToSchema)]
pub(super) struct NewKeyResponse {
    #[schema(example = "key_01HXABCDEFGH1234567")]
    key_id: String,
    /// For people.
    #[schema(example = "dashboard")]
    name: String,
    /// What it may.
    scopes: Vec<String>,
    /// The sites it is good for; empty: the whole server.
    sites: Vec<String>,
    /// When it was made.
    created_at: Instant,
    /// What goes after `Bearer`; it is shown this once.
    #[schema(example = "amp_0b1c2d3e4f5061728394a5b6c7d8e9f00112233445566778")]
    key: String,
}

/// Keys.
#[derive(Serialize, ToSchema)]
pub(super) struct KeyList {
    /// The oldest first.
    keys: Vec<KeyResponse>,
}

impl From<ApiKeyRow> for KeyResponse {
    fn from(row: ApiKeyRow) -> KeyResponse {
        KeyResponse {
            key_id: row.id,
            name: row.name,
            scopes: row.scopes,
            sites: row.sites.iter().map(ToString::to_string).collect(),
            created_at: Instant(row.created_at),
            revoked_at: row.revoked_at.map(Instant),
        }
    }
}

/// All keys
///
/// Withdrawn ones too; not the one that a run was started with.
#[utoipa::path(
    get, path = "/api/v1/api-keys", tag = "keys",
    responses((status = 200, description = "All keys", body = KeyList)),
    security(("bearer" = ["admin"])),
)]
pub(super) async fn list_keys(State(api): State<ApiState>) -> Result<Json<KeyList>, Problem> {
    let mut rows = api.ask(|store| store.api_keys()).await?;
    rows.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
    Ok(Json(KeyList { keys: rows.into_iter().map(KeyResponse::from).collect() }))
}

/// Make a key
///
/// Only a hash is kept: the key is shown this once.
#[utoipa::path(
    post, path = "/api/v1/api-keys", tag = "keys",
    request_body(content = KeyRequest),
    responses((status = 201, description = "The key", body = NewKeyResponse)),
    security(("bearer" = ["admin"])),
)]
pub(super) async fn create_key(
    State(api): State<ApiState>,
    Body(request): Body<KeyRequest>,
) -> Result<(StatusCode, Json<NewKeyResponse>), Problem> {
    let sites = known_sites(&api, &request).await?;
    let key = secret::api_key("amp").map_err(auth::no_chance)?;
    let row = ApiKeyRow {
        id: api.new_id("key").await?,
        name: request.name,
        sha256: secret::sha256(&key),
        scopes: vec![request.scope.name().to_owned()],
        sites,
        created_at: api.handle.view(|view| view.now).await?,
        revoked_at: None,
    };
    api.handle.keep(vec![Fact::ApiKey(row.clone())]).await?;
    api.keys.forget();
    let made = NewKeyResponse {
        key_id: row.id,
        name: row.name,
        scopes: row.scopes,
        sites: row.sites.iter().map(ToString::to_string).collect(),
        created_at: Instant(row.created_at),
        key,
    };
    Ok((StatusCode::CREATED, Json(made)))
}

/// The sites of a new key, which must exist.
async fn known_sites(api: &ApiState, request: &KeyRequest) -> Result<Vec<SiteId>, Problem> {
    let wanted = request.sites.clone().unwrap_or_default();
    if !wanted.is_empty() && request.scope == Scope::Admin {
        let detail = "the scope admin is for the whole server: leave `sites` out, or take control";
        return Err(Problem::invalid(vec![FieldError::at("/scope", detail)]));
    }
    let missing = |csms: &Csms, id: &String| csms.site(id).is_none();
    let asked = wanted.clone();
    let unknown = api.look(move |csms| asked.iter().position(|id| missing(csms, id))).await?;
    match unknown {
        None => Ok(wanted.iter().map(|id| SiteId::new(id)).collect()),
        Some(index) => {
            let detail = format!("there is no site {}", wanted[index]);
            Err(Problem::invalid(vec![FieldError::at(format!("/sites/{index}"), detail)]))
        }
    }
}

/// Withdraw a key
#[utoipa::path(
    delete, path = "/api/v1/api-keys/{key_id}", tag = "keys",
    params(("key_id" = Id, Path, description = "The key's id")),
    responses((status = 204, description = "It is worth nothing from now on")),
    security(("bearer" = ["admin"])),
)]
pub(super) async fn delete_key(
    State(api): State<ApiState>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let rows = api.ask(|store| store.api_keys()).await?;
    let row = rows.into_iter().find(|row| row.id == id);
    let mut row = row.ok_or_else(|| Problem::not_found(format!("there is no key {id}")))?;
    if row.revoked_at.is_none() {
        row.revoked_at = Some(api.handle.view(|view| view.now).await?);
        api.handle.keep(vec![Fact::ApiKey(row)]).await?;
        api.keys.forget();
    }
    Ok(StatusCode::NO_CONTENT)
}
