//! What goes wrong, told as RFC 9457 problem details.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::csms::Refusal;
use crate::shell::{Gone, InputError};
use crate::store::StoreError;

/// Media type of every error.
pub(super) const PROBLEM_JSON: &str = "application/problem+json";

/// An error on its way out. `manners` adds the request's path and id and writes the body.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    status: StatusCode,
    kind: &'static str,
    detail: String,
    errors: Vec<FieldError>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// One thing that is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct FieldError {
    /// JSON pointer into the request's body (RFC 6901).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "/reserve_kw")]
    pub(super) pointer: Option<String>,
    /// Name of the parameter, for what is not in the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "interval")]
    pub(super) parameter: Option<String>,
    /// What is wrong with it and what would be right.
    #[schema(example = "is -1; at least 0 is needed")]
    pub(super) detail: String,
}

/// The body of every error (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct ProblemBody<'a> {
    /// Which kind of problem this is.
    #[serde(rename = "type")]
    #[schema(example = "urn:ampacity:problem:invalid-request", format = "uri")]
    kind: String,
    /// The kind in words.
    #[schema(example = "The request holds wrong values")]
    title: &'static str,
    /// HTTP status.
    #[schema(minimum = 400, maximum = 599, example = 422)]
    status: u16,
    /// What happened this time and what to do about it.
    detail: &'a str,
    /// Path of the request.
    instance: &'a str,
    /// The request's id, as in `X-Request-Id` and in the log.
    request_id: &'a str,
    /// Everything that is wrong, where there is a place to point to.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
}

impl FieldError {
    /// Something wrong in the body at a JSON pointer.
    pub(super) fn at(pointer: impl Into<String>, detail: impl Into<String>) -> FieldError {
        FieldError { pointer: Some(pointer.into()), parameter: None, detail: detail.into() }
    }

    /// Something wrong with a parameter.
    pub(super) fn parameter(name: impl Into<String>, detail: impl Into<String>) -> FieldError {
        FieldError { pointer: None, parameter: Some(name.into()), detail: detail.into() }
    }
}

impl Problem {
    /// A problem of a kind; kind and status belong together, see [`title`].
    pub(super) fn new(
        status: StatusCode,
        kind: &'static str,
        detail: impl Into<String>,
    ) -> Problem {
        let (errors, headers) = (Vec::new(), Vec::new());
        Problem { status, kind, detail: detail.into(), errors, headers }
    }

    /// 400: query or path cannot be used.
    pub(super) fn parameters(errors: Vec<FieldError>) -> Problem {
        let detail = summary(&errors);
        Problem { errors, ..Problem::new(StatusCode::BAD_REQUEST, "invalid-parameter", detail) }
    }

    /// 422: well-formed, but with wrong values.
    pub(super) fn invalid(errors: Vec<FieldError>) -> Problem {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        let detail = summary(&errors);
        Problem { errors, ..Problem::new(status, "invalid-request", detail) }
    }

    /// 404.
    pub(super) fn not_found(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::NOT_FOUND, "not-found", detail)
    }

    /// 409.
    pub(super) fn conflict(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::CONFLICT, "conflict", detail)
    }

    /// 500, for what is a fault of this program or its disk. The cause goes to the log only.
    pub(super) fn internal(cause: &str) -> Problem {
        tracing::error!(cause, "a request failed");
        let detail = "the server failed; its log says more under this request id";
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
    }

    /// The problem for an answer that has a status and nothing to say, e.g. of the router.
    pub(super) fn of_status(status: StatusCode) -> Problem {
        match status {
            StatusCode::NOT_FOUND => Problem::not_found(
                "there is nothing at this path; GET /openapi.json lists what there is",
            ),
            StatusCode::METHOD_NOT_ALLOWED => Problem::new(
                status,
                "method-not-allowed",
                "this path does not know the method; the header Allow lists those it knows",
            ),
            _ if status.is_client_error() => {
                Problem::new(status, "bad-request", "the request cannot be read")
            }
            _ => Problem::internal("an answer without words"),
        }
    }

    /// Adds a header to the answer.
    pub(super) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Problem {
        self.headers.push((name, value));
        self
    }

    /// The body, for a request's path and id.
    pub(super) fn body(&self, instance: &str, request_id: &str) -> Vec<u8> {
        let body = ProblemBody {
            kind: format!("urn:ampacity:problem:{}", self.kind),
            title: title(self.kind),
            status: self.status.as_u16(),
            detail: &self.detail,
            instance,
            request_id,
            errors: &self.errors,
        };
        serde_json::to_vec(&body).unwrap_or_default()
    }
}

impl IntoResponse for Problem {
    fn into_response(mut self) -> Response {
        let mut response = self.status.into_response();
        for (name, value) in self.headers.drain(..) {
            response.headers_mut().insert(name, value);
        }
        let problem_json = HeaderValue::from_static(PROBLEM_JSON);
        response.headers_mut().insert(header::CONTENT_TYPE, problem_json);
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Gone> for Problem {
    fn from(gone: Gone) -> Problem {
        let retry = HeaderValue::from_static("5");
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", gone.to_string())
            .with_header(header::RETRY_AFTER, retry)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Problem {
        let detail = refusal.to_string();
        match refusal {
            Refusal::NoSuchSite(_) | Refusal::NoSuchPoint(_) => Problem::not_found(detail),
            Refusal::Exists(_) | Refusal::Conflict(_) => Problem::conflict(detail),
            Refusal::Invalid { field, problem } => {
                // The body of a command is its payload.
                let pointer = field.strip_prefix("/payload").unwrap_or(&field);
                Problem::invalid(vec![FieldError::at(pointer, problem)])
            }
        }
    }
}

impl From<InputError> for Problem {
    fn from(error: InputError) -> Problem {
        match error {
            InputError::Refused(refusal) => refusal.into(),
            InputError::Gone(gone) => gone.into(),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        Problem::internal(&error.to_string())
    }
}

/// The kinds of problems in words.
fn title(kind: &str) -> &'static str {
    match kind {
        "bad-request" => "The request cannot be read",
        "malformed-json" => "The body is no JSON",
        "invalid-parameter" => "A parameter of the path, the query or a header is wrong",
        "invalid-request" => "The request holds wrong values",
        "unauthorized" => "A key is needed",
        "forbidden" => "The key may not do this",
        "not-found" => "There is no such thing",
        "method-not-allowed" => "The path does not know this method",
        "conflict" => "The state of things forbids it",
        "in-progress" => "The same request is being worked on",
        "precondition-failed" => "It has changed meanwhile",
        "too-large" => "The body is too large",
        "unsupported-media-type" => "The body has to be JSON",
        "idempotency-key-reused" => "The Idempotency-Key belongs to another request",
        "too-many-requests" => "Too many requests",
        "unavailable" => "The server is not available now",
        _ => "The server failed",
    }
}

fn summary(errors: &[FieldError]) -> String {
    let place = |error: &FieldError| match (&error.pointer, &error.parameter) {
        (Some(pointer), _) if !pointer.is_empty() => format!("{pointer}: "),
        (None, Some(parameter)) => format!("{parameter}: "),
        _ => String::new(),
    };
    let all = errors.iter().map(|error| format!("{}{}", place(error), error.detail));
    all.collect::<Vec<_>>().join("; ")
}
