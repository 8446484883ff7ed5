//! Holds every request against the OpenAPI document before its handler sees it.
//!
//! The document says who may call an operation, what its path, query and headers look like and
//! what its body is. This layer keeps all of that, in this order: key, scope, parameters, whether the
//! key covers what they name, body.
//! Handlers take what has passed with [`Params`] and [`Body`].

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{FromRequestParts, MatchedPath, Query, RawPathParams, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::api::ApiState;
use crate::api::auth::Scope;
use crate::api::idempotency;
use crate::api::problem::{FieldError, Problem};
use crate::api::schema::Schemas;
use crate::api::tenancy;

/// Bodies above this are refused.
pub(super) const LARGEST_BODY: usize = 64 * 1024;

/// What the document says, ready to be asked.
pub(super) struct Contract {
    schemas: Schemas,
    /// By path template and method in lower case.
    operations: BTreeMap<String, BTreeMap<String, Operation>>,
}

/// One operation of the document.
#[derive(Debug)]
pub(super) struct Operation {
    /// What a key needs; `None`: no key is needed.
    scope: Option<Scope>,
    path: Vec<(String, Value)>,
    /// The query as the schema of an object.
    query: Value,
    headers: Vec<(String, Value)>,
    body: Option<Value>,
    body_is_required: bool,
}

/// A query that has passed, as the handler's type.
pub(super) struct Params<T>(pub(super) T);

/// A body that has passed, as the handler's type.
pub(super) struct Body<T>(pub(super) T);

#[derive(Clone)]
struct CheckedQuery(Value);

#[derive(Clone)]
struct CheckedBody(Value);

impl Contract {
    /// Reads the document; with `open_metrics`, /metrics needs no key.
    pub(super) fn of(document: &Value, open_metrics: bool) -> Contract {
        let mut operations: BTreeMap<String, BTreeMap<String, Operation>> = BTreeMap::new();
        let paths = document.get("paths").and_then(Value::as_object);
        for (path, item) in paths.into_iter().flatten() {
            for (method, operation) in item.as_object().into_iter().flatten() {
                let known = operations.entry(path.clone()).or_default();
                known.insert(method.clone(), Operation::of(operation));
            }
        }
        if open_metrics {
            let metrics = operations.get_mut("/metrics").and_then(|path| path.get_mut("get"));
            metrics.into_iter().for_each(|operation| operation.scope = None);
        }
        Contract { schemas: Schemas::of(document), operations }
    }

    fn find(&self, path: &str, method: &Method) -> Option<&Operation> {
        let method = if method == Method::HEAD { Method::GET } else { method.clone() };
        self.operations.get(path)?.get(&method.as_str().to_ascii_lowercase())
    }

    /// A parameter that is a text, held against its schema.
    fn check_parameter(
        &self,
        name: &str,
        schema: &Value,
        text: &str,
        errors: &mut Vec<FieldError>,
    ) {
        let mut wrong = Vec::new();
        self.schemas.check(schema, &mut Value::from(text), "", &mut wrong);
        errors.extend(wrong.into_iter().map(|error| FieldError::parameter(name, error.detail)));
    }

    fn check_query(
        &self,
        operation: &Operation,
        pairs: Vec<(String, String)>,
        errors: &mut Vec<FieldError>,
    ) -> Value {
        let mut given = Map::new();
        for (name, text) in pairs {
            let schema = operation.query.pointer("/properties").and_then(|all| all.get(&name));
            let value = typed(schema, &text);
            if given.insert(name.clone(), value).is_some() {
                errors.push(FieldError::parameter(name, "is given twice"));
            }
        }
        let mut given = Value::Object(given);
        let mut wrong = Vec::new();
        self.schemas.check(&operation.query, &mut given, "", &mut wrong);
        errors.extend(wrong.into_iter().map(|error| {
            let name = error.pointer.unwrap_or_default().trim_start_matches('/').to_owned();
            FieldError::parameter(name, error.detail.replace("field", "parameter"))
        }));
        given
    }

    fn check_headers(
        &self,
        operation: &Operation,
        headers: &HeaderMap,
        errors: &mut Vec<FieldError>,
    ) {
        for (name, schema) in &operation.headers {
            for value in headers.get_all(name) {
                match value.to_str() {
                    Ok(text) => self.check_parameter(name, schema, text, errors),
                    Err(_) => errors.push(FieldError::parameter(name, "is no ASCII text")),
                }
            }
        }
    }

    fn read_body(
        &self,
        operation: &Operation,
        headers: &HeaderMap,
        bytes: &[u8],
    ) -> Result<Value, Problem> {
        let Some(schema) = &operation.body else { return Ok(Value::Null) };
        if bytes.is_empty() && !operation.body_is_required {
            return Ok(json!({}));
        }
        if !is_json(headers) {
            let detail = "the body has to be JSON, with the header Content-Type: application/json";
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return Err(Problem::new(status, "unsupported-media-type", detail));
        }
        let mut value: Value = serde_json::from_slice(bytes).map_err(|error| {
            let detail = format!("the body is no JSON: {error}");
            Problem::new(StatusCode::BAD_REQUEST, "malformed-json", detail)
        })?;
        let mut errors = Vec::new();
        self.schemas.check(schema, &mut value, "", &mut errors);
        if errors.is_empty() { Ok(value) } else { Err(Problem::invalid(errors)) }
    }
}

impl Operation {
    fn of(operation: &Value) -> Operation {
        let parameters = operation.get("parameters").and_then(Value::as_array);
        let (mut path, mut headers) = (Vec::new(), Vec::new());
        let (mut properties, mut required) = (Map::new(), Vec::new());
        for parameter in parameters.into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap_or_default().to_owned();
            let schema = parameter["schema"].clone();
            match parameter["in"].as_str() {
                Some("path") => path.push((name, schema)),
                Some("header") => headers.push((name, schema)),
                _ => {
                    if parameter["required"] == true {
                        required.push(Value::from(name.clone()));
                    }
                    properties.insert(name, schema);
                }
            }
        }
        let scope = operation.pointer("/security/0/bearer/0").and_then(Value::as_str);
        Operation {
            scope: scope.and_then(Scope::from_name),
            path,
            query: json!({
                "type": "object",
                "properties": properties,
                "required": required,
                "additionalProperties": false
            }),
            headers,
            body: operation.pointer("/requestBody/content/application~1json/schema").cloned(),
            body_is_required: operation.pointer("/requestBody/required") == Some(&json!(true)),
        }
    }

    fn knows_header(&self, name: &str) -> bool {
        self.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name))
    }
}

/// The layer; see the module.
pub(super) async fn keep(
    State(api): State<ApiState>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let path = request.extensions().get::<MatchedPath>().cloned();
    let Some(path) = path else { return Ok(next.run(request).await) };
    let operation = api.contract.find(path.as_str(), request.method());
    let Some(operation) = operation else { return Ok(next.run(request).await) };
    let (mut parts, body) = request.into_parts();
    let caller = match operation.scope {
        Some(scope) => Some(api.keys.admit(&parts.headers, scope).await?),
        None => None,
    };
    let query = check_parts(&api.contract, operation, &mut parts).await?;
    if let Some(caller) = &caller {
        tenancy::admit(&api, &caller.reach, path.as_str(), &mut parts).await?;
        parts.extensions.insert(caller.reach.clone());
    }
    let bytes = axum::body::to_bytes(body, LARGEST_BODY).await.map_err(|_| {
        let detail = format!("the body is larger than {LARGEST_BODY} bytes, or broke off");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", detail)
    })?;
    let value = api.contract.read_body(operation, &parts.headers, &bytes)?;
    parts.extensions.insert(CheckedQuery(query));
    parts.extensions.insert(CheckedBody(value));
    let slot = match caller {
        Some(caller) if operation.knows_header(idempotency::HEADER) => {
            idempotency::slot(&api, &caller, &parts, &bytes)
        }
        _ => None,
    };
    let request = Request::from_parts(parts, axum::body::Body::from(Bytes::new()));
    match slot {
        Some(slot) => slot.run(request, next).await,
        None => Ok(next.run(request).await),
    }
}

async fn check_parts(
    contract: &Contract,
    operation: &Operation,
    parts: &mut Parts,
) -> Result<Value, Problem> {
    let mut errors = Vec::new();
    let state = &();
    match RawPathParams::from_request_parts(parts, state).await {
        Ok(given) => {
            for (name, text) in &given {
                if let Some((_, schema)) = operation.path.iter().find(|(known, _)| known == name) {
                    contract.check_parameter(name, schema, text, &mut errors);
                }
            }
        }
        Err(_) => errors.push(FieldError::parameter("path", "is no UTF-8 text")),
    }
    let query = match Query::<Vec<(String, String)>>::try_from_uri(&parts.uri) {
        Ok(Query(pairs)) => contract.check_query(operation, pairs, &mut errors),
        Err(_) => {
            errors.push(FieldError::parameter("query", "cannot be read"));
            Value::Null
        }
    };
    contract.check_headers(operation, &parts.headers, &mut errors);
    if errors.is_empty() { Ok(query) } else { Err(Problem::parameters(errors)) }
}

/// A parameter's text as the JSON value that its schema wants, where it reads as one.
fn typed(schema: Option<&Value>, text: &str) -> Value {
    match schema.and_then(|schema| schema.get("type")).and_then(Value::as_str) {
        Some("integer") => text.parse::<i64>().map_or_else(|_| text.into(), Value::from),
        Some("number") => text.parse::<f64>().map_or_else(|_| text.into(), Value::from),
        Some("boolean") => text.parse::<bool>().map_or_else(|_| text.into(), Value::from),
        _ => text.into(),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media = given.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let media = media.to_ascii_lowercase();
    media == "application/json" || (media.starts_with("application/") && media.ends_with("+json"))
}

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Params<T>, Problem> {
        let checked = parts.extensions.remove::<CheckedQuery>();
        let value = checked.map_or(Value::Null, |CheckedQuery(value)| value);
        serde_path_to_error::deserialize(value).map(Params).map_err(|error| {
            let name = error.path().to_string();
            Problem::parameters(vec![FieldError::parameter(name, error.inner().to_string())])
        })
    }
}

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Body<T>, Problem> {
        let checked = parts.extensions.remove::<CheckedBody>();
        let value = checked.map_or(Value::Null, |CheckedBody(value)| value);
        serde_path_to_error::deserialize(value).map(Body).map_err(|error| {
            let pointer = format!("/{}", error.path().to_string().replace('.', "/"));
            Problem::invalid(vec![FieldError::at(pointer, error.inner().to_string())])
        })
    }
}
