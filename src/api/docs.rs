//! The OpenAPI document and its pages.

use std::sync::LazyLock;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use serde_json::{Map, Value, json};
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::api::ApiState;
use crate::api::problem::{PROBLEM_JSON, ProblemBody};
use crate::api::values::{Id, IdTag, Interval, Key};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Ampacity",
        description = "Smart charging of electric vehicles: sites, charge points, sessions and \
                       the allocation of power among them.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    components(schemas(ProblemBody<'static>, Id, IdTag, Interval, Key)),
    tags(
        (name = "smart charging", description = "The load configuration of a site and what comes of it"),
        (name = "sites", description = "Places whose grid connection is protected"),
        (name = "charge points", description = "Commissioning and linking"),
        (name = "sessions", description = "Running and ended charging sessions"),
        (name = "commands", description = "OCPP commands of an operator"),
        (name = "cards", description = "Cards that are known"),
        (name = "events", description = "What happens, as it happens"),
        (name = "simulation", description = "Steering a simulation"),
        (name = "keys", description = "Keys of this API"),
        (name = "operation", description = "Health, version, figures, this document"),
    ),
)]
struct Frame;

/// The document without its operations.
pub(super) fn frame() -> OpenApi {
    Frame::openapi()
}

/// The OpenAPI 3.1 document of everything that [`router`](super::router) serves, as it is served
/// at `/openapi.json`.
#[must_use]
pub fn openapi() -> Value {
    let mut document = serde_json::to_value(super::routes().into_openapi()).unwrap_or_default();
    document["components"]["securitySchemes"] = json!({
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "A key with one of the scopes read, control (includes read) or admin \
                            (includes control)."
        }
    });
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    for (_, item) in paths {
        item.as_object_mut().into_iter().flatten().for_each(|(_, operation)| complete(operation));
    }
    document
}

/// [`openapi`], made once.
pub(super) fn document() -> &'static Value {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(openapi);
    &DOCUMENT
}

/// Adds to an operation what follows from its shape: the problems that the layers around every
/// handler may answer with.
fn complete(operation: &mut Value) {
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
    let mut places = Vec::new();
    for parameter in parameters.into_iter().flatten() {
        places.push(parameter["in"].as_str().unwrap_or_default().to_owned());
        without_null(&mut parameter["schema"]);
    }
    let has = |place: &str| places.iter().any(|known| known == place);
    let mut problems = vec![("400", "The request cannot be read, or a parameter is wrong")];
    if operation.get("security").is_some() {
        problems.push(("401", "No valid key"));
        problems.push(("403", "The key's scope is too small"));
        problems.push(("503", "The server is shutting down"));
    }
    if has("path") {
        problems.push(("404", "There is no such thing"));
    }
    if let Some(body) = operation.get("requestBody") {
        problems.push(("413", "The body is larger than 64 KiB"));
        problems.push(("415", "The body is not JSON"));
        problems.push(("422", "The body holds wrong values"));
        let optional = body.pointer("/content/application~1json/schema/oneOf").is_some();
        operation["requestBody"]["required"] = json!(!optional);
        if optional {
            without_null(&mut operation["requestBody"]["content"]["application/json"]["schema"]);
        }
    }
    let none = &mut Map::new();
    let responses = operation["responses"].as_object_mut().unwrap_or(none);
    for (status, description) in problems {
        responses.entry(status).or_insert_with(|| json!({ "description": description }));
    }
    for (status, response) in responses {
        if status.starts_with(['4', '5']) {
            let problem = json!({ "$ref": "#/components/schemas/Problem" });
            response["content"] = json!({ PROBLEM_JSON: { "schema": problem } });
        }
    }
}

/// An optional parameter may be absent; it is never null.
fn without_null(schema: &mut Value) {
    if let Some(types) = schema.get_mut("type").filter(|types| types.is_array()) {
        let only = types.as_array().into_iter().flatten().find(|one| *one != "null").cloned();
        *types = only.unwrap_or_default();
    }
    let forms = schema.get("oneOf").and_then(Value::as_array);
    let form = forms.and_then(|forms| forms.iter().find(|form| form["type"] != "null")).cloned();
    if let Some(form) = form {
        *schema = form;
    }
}

/// This document
#[utoipa::path(
    get, path = "/openapi.json", tag = "operation",
    responses((status = 200, description = "OpenAPI 3.1", body = Object)),
)]
pub(super) async fn get_document() -> Response {
    let cache = [(header::CACHE_CONTROL, "no-cache")];
    (cache, Json(document())).into_response()
}

/// The documentation as pages, from files within the program.
pub(super) fn pages() -> Router<ApiState> {
    let config = Config::from("/openapi.json").persist_authorization(false).validator_url("none");
    SwaggerUi::new("/docs").config(config).into()
}
