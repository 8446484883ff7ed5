//! What every answer has: a request id, security headers, and a body that says what went wrong.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;

use crate::api::ApiState;
use crate::api::problem::{PROBLEM_JSON, Problem};
use crate::shell::secret;

const REQUEST_ID: &str = "x-request-id";

/// The outermost layer; see the module.
pub(super) async fn keep(State(api): State<ApiState>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let request_id = request_id(request.headers());
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let matched = request.extensions().get::<MatchedPath>();
    let route = matched.map_or_else(|| "none".to_owned(), |matched| matched.as_str().to_owned());
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    let mut response =
        answer.unwrap_or_else(|_| Problem::internal("a handler panicked").into_response());
    if response.status().is_client_error() || response.status().is_server_error() {
        response = spelled_out(response, &path, &request_id);
    }
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        headers.insert(REQUEST_ID, value);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    let elapsed = started.elapsed();
    let status = response.status();
    tracing::debug!(%request_id, %method, %path, status = status.as_u16(), ?elapsed, "answered");
    api.metrics.answered(&route, &method, status, elapsed);
    response
}

/// Gives an error its body, with the request's path and id.
fn spelled_out(mut response: Response, path: &str, request_id: &str) -> Response {
    let problem = response.extensions_mut().remove::<Problem>();
    let problem = problem.unwrap_or_else(|| Problem::of_status(response.status()));
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
    *response.body_mut() = Body::from(problem.body(path, request_id));
    response
}

/// The id that came with a request if it is a sane one, or a new one.
fn request_id(headers: &HeaderMap) -> String {
    let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let sane = |id: &&str| {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
        (1..=64).contains(&id.len()) && id.bytes().all(allowed)
    };
    if let Some(id) = given.filter(sane) {
        return id.to_owned();
    }
    format!("req_{}", secret::fresh(10).unwrap_or_default())
}

/// The answer to paths that do not exist.
pub(super) async fn nothing_here() -> Problem {
    Problem::of_status(StatusCode::NOT_FOUND)
}
