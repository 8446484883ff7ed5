//! Who may call: Bearer keys with a scope. Keys are known by their SHA-256 only.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use utoipa::ToSchema;

use crate::api::problem::Problem;
use crate::api::tenancy::Reach;
use crate::shell::secret::sha256;
use crate::store::{ApiKeyRow, Query};

/// Keys made or withdrawn by another process are seen after this time.
const FRESH: Duration = Duration::from_secs(1);

/// What a key may; each scope includes the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Scope {
    /// Look at everything.
    Read,
    /// Change configurations, send commands, steer a simulation.
    Control,
    /// Commission charge points, hand out keys.
    Admin,
}

impl Scope {
    /// The scope of this name.
    pub(super) fn from_name(name: &str) -> Option<Scope> {
        match name {
            "read" => Some(Scope::Read),
            "control" => Some(Scope::Control),
            "admin" => Some(Scope::Admin),
            _ => None,
        }
    }

    /// Its name in keys and in the document.
    pub(super) fn name(self) -> &'static str {
        match self {
            Scope::Read => "read",
            Scope::Control => "control",
            Scope::Admin => "admin",
        }
    }
}

/// Whoever presented a valid key.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// Of the key; empty for the key given at the start.
    pub(super) key: String,
    scope: Scope,
    /// The sites that the key is good for.
    pub(super) reach: Reach,
}

/// The keys of an API.
pub(super) struct Keys {
    /// The hash of a key given at the start; it may everything.
    given: Option<[u8; 32]>,
    store: Arc<dyn Query>,
    seen: Mutex<Option<(Instant, Arc<Vec<ApiKeyRow>>)>>,
}

impl Keys {
    /// Keys of a store, and one given at the start.
    pub(super) fn new(given: Option<&str>, store: Arc<dyn Query>) -> Keys {
        Keys { given: given.map(sha256), store, seen: Mutex::new(None) }
    }

    /// The caller, if its key has the scope.
    pub(super) async fn admit(&self, headers: &HeaderMap, scope: Scope) -> Result<Caller, Problem> {
        let Some(key) = bearer(headers) else {
            return Err(unauthorized("the header Authorization: Bearer KEY is missing"));
        };
        let hash = sha256(key);
        let mut found = None;
        if self.given.is_some_and(|given| bool::from(given.ct_eq(&hash))) {
            found =
                Some(Caller { key: String::new(), scope: Scope::Admin, reach: Reach::default() });
        }
        // All of them are looked at: how long it takes tells nothing about which one is near.
        for row in self.rows().await?.iter() {
            if bool::from(row.sha256.ct_eq(&hash)) && row.revoked_at.is_none() {
                let scopes = row.scopes.iter().filter_map(|name| Scope::from_name(name));
                let reach = Reach::of(&row.sites);
                found = scopes.max().map(|scope| Caller { key: row.id.clone(), scope, reach });
            }
        }
        match found {
            None => Err(unauthorized("the key is unknown or was withdrawn")),
            Some(caller) if caller.scope < scope => {
                let (has, needed) = (caller.scope.name(), scope.name());
                let detail = format!("the key has the scope {has}; {needed} is needed");
                Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", detail))
            }
            Some(caller) => Ok(caller),
        }
    }

    /// Looks at the store again: a key was made or withdrawn.
    pub(super) fn forget(&self) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    async fn rows(&self) -> Result<Arc<Vec<ApiKeyRow>>, Problem> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((at, rows)) = seen
            && at.elapsed() < FRESH
        {
            return Ok(rows);
        }
        let store = self.store.clone();
        let rows = tokio::task::spawn_blocking(move || store.api_keys()).await;
        let rows = Arc::new(rows.map_err(|error| Problem::internal(&error.to_string()))??);
        let now = (Instant::now(), rows.clone());
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
        Ok(rows)
    }
}

/// Random bytes from the operating system.
pub(super) fn random<const N: usize>() -> Result<[u8; N], Problem> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(no_chance)?;
    Ok(bytes)
}

/// The operating system gives no random numbers.
pub(super) fn no_chance(error: getrandom::Error) -> Problem {
    Problem::internal(&error.to_string())
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, key) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let key = key.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !key.is_empty()).then_some(key)
}

fn unauthorized(detail: &str) -> Problem {
    let challenge = HeaderValue::from_static("Bearer realm=\"ampacity\"");
    Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
        .with_header(header::WWW_AUTHENTICATE, challenge)
}
