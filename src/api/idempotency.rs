//! Requests that may be repeated: the same `Idempotency-Key` gives the same answer.
//!
//! Only answers that tell of something done are kept. A refused request has changed nothing, so
//! it may be tried again with the same key.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use crate::api::ApiState;
use crate::api::auth::Caller;
use crate::api::contract::LARGEST_BODY;
use crate::api::problem::Problem;
use crate::store::{Fact, IdempotentRow};

/// The header of a request.
pub(super) const HEADER: &str = "Idempotency-Key";
/// The header of an answer that was given before.
const REPLAYED: &str = "idempotency-replayed";

/// Keys of requests that are being worked on.
pub(super) type InProgress = Mutex<BTreeSet<String>>;

/// A request with a key.
pub(super) struct Slot {
    api: ApiState,
    key: String,
    request_sha256: [u8; 32],
}

/// The place in line of one key, freed when dropped.
struct Turn<'a> {
    all: &'a InProgress,
    key: &'a str,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(self.key);
    }
}

/// The slot of a request; `None`: it has no key.
pub(super) fn slot(api: &ApiState, caller: &Caller, parts: &Parts, body: &[u8]) -> Option<Slot> {
    let given = parts.headers.get(HEADER)?.to_str().ok()?;
    let mut hash = Sha256::new();
    let query = parts.uri.query().unwrap_or_default();
    for part in [parts.method.as_str(), parts.uri.path(), query] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.update(body);
    let key = format!("{} {given}", caller.key);
    Some(Slot { api: api.clone(), key, request_sha256: hash.finalize().into() })
}

impl Slot {
    /// Gives the answer of an earlier request, or answers and remembers it.
    pub(super) async fn run(self, request: Request, next: Next) -> Result<Response, Problem> {
        let all = &self.api.in_progress;
        if !all.lock().unwrap_or_else(PoisonError::into_inner).insert(self.key.clone()) {
            let detail = "a request with this Idempotency-Key has not been answered yet";
            return Err(Problem::new(StatusCode::CONFLICT, "in-progress", detail));
        }
        let _turn = Turn { all, key: &self.key };
        let key = self.key.clone();
        if let Some(known) = self.api.ask(move |query| query.idempotent(&key)).await? {
            return self.replay(known);
        }
        let response = next.run(request).await;
        if !response.status().is_success() {
            return Ok(response);
        }
        self.remember(response).await
    }

    fn replay(&self, known: IdempotentRow) -> Result<Response, Problem> {
        if known.request_sha256 != self.request_sha256 {
            let detail = "this Idempotency-Key was used for another request; take a new one";
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return Err(Problem::new(status, "idempotency-key-reused", detail));
        }
        let status = StatusCode::from_u16(known.status).unwrap_or(StatusCode::OK);
        let mut response = (status, known.body).into_response();
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
        Ok(response)
    }

    async fn remember(&self, response: Response) -> Result<Response, Problem> {
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, LARGEST_BODY * 16).await;
        let bytes = bytes.map_err(|error| Problem::internal(&error.to_string()))?;
        let row = IdempotentRow {
            key: self.key.clone(),
            request_sha256: self.request_sha256,
            status: parts.status.as_u16(),
            body: String::from_utf8_lossy(&bytes).into_owned(),
            at: self.api.handle.view(|view| view.now).await?,
        };
        self.api.handle.keep(vec![Fact::Idempotent(row)]).await?;
        Ok(Response::from_parts(parts, Body::from(bytes)))
    }
}
