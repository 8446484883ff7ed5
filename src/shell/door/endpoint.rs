//! The OCPP endpoint: everything that is decided before a charge point is connected.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::header::{
    ALLOW, CONNECTION, CONTENT_TYPE, HOST, HeaderName, HeaderValue, ORIGIN, RETRY_AFTER,
    SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION,
    UPGRADE, WWW_AUTHENTICATE,
};
use axum::http::{HeaderMap, Method, Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::attempts::Attempts;
use super::connection::{Connection, Verdict};
use super::counters::{DoorCounters, Refused};
use super::credentials::Basic;
use super::identity::Target;
use super::options::{DoorOptions, Security};
use super::peers::Permit;
use super::pump::Probe;
use super::registry::Registry;
use super::stage::Stages;
use crate::ids::ChargePointId;
use crate::shell::Handle;
use crate::store::StoreError;

const SUBPROTOCOL: &str = "ocpp1.6";

/// What all connections share.
pub(super) struct Hall {
    pub(super) options: DoorOptions,
    pub(super) handle: Handle,
    pub(super) counters: Arc<DoorCounters>,
    pub(super) registry: Mutex<Registry<mpsc::Sender<Probe>>>,
    pub(super) attempts: Mutex<Attempts>,
}

/// Who is at the door.
#[derive(Clone)]
pub(super) struct Visitor {
    pub(super) address: std::net::SocketAddr,
    /// Names in the client certificate, if there is one.
    pub(super) names: Arc<[String]>,
    /// Counts as an open connection for as long as anything of it is left.
    pub(super) _permit: Arc<Permit>,
    pub(super) stages: Stages,
}

/// Why a request is not answered with 101.
#[derive(Debug)]
enum Refusal {
    Method,
    Nobody(&'static str),
    NoUpgrade,
    Version,
    NoKey,
    Origin,
    Attempts(Duration),
    Credentials,
    Unknown,
    Duplicate,
    Unavailable,
}

/// A WebSocket request in which nothing is missing.
struct Handshake {
    accept: String,
    /// Which subprotocol was offered.
    offer: Offer,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Offer {
    Ocpp16,
    Nothing,
    Foreign,
}

impl Hall {
    /// Answers a request to the OCPP endpoint.
    pub(super) async fn answer(
        self: &Arc<Hall>,
        visitor: Visitor,
        target: Target,
        mut request: Request<Incoming>,
    ) -> Response<Body> {
        let address = visitor.address;
        match self.admit(visitor, target, &mut request).await {
            Ok(response) => response,
            Err(refusal) => {
                self.counters.refuse(refusal.cause());
                tracing::debug!(peer = %address, cause = refusal.cause().label(), "refused");
                refusal.response(&self.options.security)
            }
        }
    }

    async fn admit(
        self: &Arc<Hall>,
        visitor: Visitor,
        target: Target,
        request: &mut Request<Incoming>,
    ) -> Result<Response<Body>, Refusal> {
        let point = match target {
            Target::Point(point) => point,
            Target::Unusable(problem) => return Err(Refusal::Nobody(problem)),
            Target::Elsewhere => return Err(Refusal::Nobody("this is not the OCPP endpoint")),
        };
        let handshake = handshake(request)?;
        if self.options.security == Security::None && is_foreign(request.headers()) {
            return Err(Refusal::Origin);
        }
        self.authenticate(&visitor, &point, request.headers()).await?;
        let upgrade = hyper::upgrade::on(request);
        let lenient = self.options.accept_without_subprotocol;
        let protocol = match handshake.offer {
            Offer::Ocpp16 => Some(SUBPROTOCOL),
            Offer::Nothing if lenient => None,
            // OCPP-J 1.6 §3.2: the handshake is completed all the same, then closed.
            Offer::Nothing | Offer::Foreign => {
                self.counters.refuse(Refused::Subprotocol);
                tracing::info!(charge_point = %point, "no common subprotocol");
                tokio::spawn(Connection::new(self, visitor, point).refuse(upgrade));
                return Ok(handshake.response(None));
            }
        };
        self.connect(visitor, point, upgrade).await?;
        Ok(handshake.response(protocol))
    }

    async fn authenticate(
        &self,
        visitor: &Visitor,
        point: &ChargePointId,
        headers: &HeaderMap,
    ) -> Result<(), Refusal> {
        let address = visitor.address.ip();
        if let Some(wait) = self.attempts().blocked(address, Instant::now()) {
            return Err(Refusal::Attempts(wait));
        }
        let fits = match &self.options.security {
            Security::None => true,
            Security::Basic | Security::TlsBasic(_) => {
                self.knows(point, Basic::from_headers(headers)).await.map_err(|problem| {
                    tracing::error!(%problem, "no credentials can be looked up");
                    Refusal::Unavailable
                })?
            }
            Security::MutualTls { .. } => visitor.names.iter().any(|name| name == point.as_str()),
        };
        if fits { Ok(()) } else { Err(self.failed(visitor)) }
    }

    async fn knows(&self, point: &ChargePointId, basic: Basic) -> Result<bool, StoreError> {
        let query = Arc::clone(self.handle.query());
        let point = point.clone();
        let looked_up = tokio::task::spawn_blocking(move || {
            query.credential(point.as_str()).map(|kept| basic.fits(point.as_str(), kept))
        });
        // The task is neither cancelled nor does it panic; if it did, nobody would be let in.
        looked_up.await.unwrap_or(Ok(false))
    }

    fn failed(&self, visitor: &Visitor) -> Refusal {
        self.attempts().failed(visitor.address.ip(), Instant::now());
        Refusal::Credentials
    }

    fn attempts(&self) -> std::sync::MutexGuard<'_, Attempts> {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Attaches the connection to the core. That is done by a task of its own, because hyper
    /// drops this one when the peer hangs up, and what was begun must be undone then.
    async fn connect(
        self: &Arc<Hall>,
        visitor: Visitor,
        point: ChargePointId,
        upgrade: OnUpgrade,
    ) -> Result<(), Refusal> {
        let (verdict, answer) = oneshot::channel();
        let connection = Connection::new(self, visitor.clone(), point);
        tokio::spawn(connection.run(upgrade, verdict));
        match answer.await {
            Ok(Verdict::Welcome) => Ok(()),
            Ok(Verdict::Unknown) if self.options.security == Security::None => {
                Err(Refusal::Unknown)
            }
            Ok(Verdict::Unknown) => Err(self.failed(&visitor)),
            Ok(Verdict::Duplicate) => Err(Refusal::Duplicate),
            Ok(Verdict::Unavailable) | Err(_) => Err(Refusal::Unavailable),
        }
    }
}

fn handshake(request: &Request<Incoming>) -> Result<Handshake, Refusal> {
    if request.method() != Method::GET {
        return Err(Refusal::Method);
    }
    let headers = request.headers();
    // Some stations leave out "Connection: Upgrade" or send "Upgrade" twice; the intent is clear.
    if request.version() < Version::HTTP_11
        || !tokens(headers, UPGRADE).any(|token| token.eq_ignore_ascii_case("websocket"))
    {
        return Err(Refusal::NoUpgrade);
    }
    if headers.get(SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err(Refusal::Version);
    }
    let key = headers.get(SEC_WEBSOCKET_KEY).ok_or(Refusal::NoKey)?;
    let offer = if tokens(headers, SEC_WEBSOCKET_PROTOCOL).any(|token| token == SUBPROTOCOL) {
        Offer::Ocpp16
    } else if tokens(headers, SEC_WEBSOCKET_PROTOCOL).next().is_some() {
        Offer::Foreign
    } else {
        Offer::Nothing
    };
    Ok(Handshake { accept: derive_accept_key(key.as_bytes()), offer })
}

/// The elements of a list header, which may be spread over several lines.
fn tokens(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|token| !token.is_empty())
}

/// A browser says which page a WebSocket comes from. Where everybody is believed, a page from
/// elsewhere must not talk to a loopback address by way of the browser that shows it.
fn is_foreign(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(ORIGIN) else { return false };
    let authority = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    authority.map(|(_, authority)| authority) != host
}

impl Handshake {
    fn response(&self, protocol: Option<&'static str>) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        // Base64 is always a valid header value.
        if let Ok(accept) = HeaderValue::from_str(&self.accept) {
            headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
        }
        if let Some(protocol) = protocol {
            headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(protocol));
        }
        response
    }
}

impl Refusal {
    fn cause(&self) -> Refused {
        match self {
            Refusal::Method
            | Refusal::Nobody(_)
            | Refusal::NoUpgrade
            | Refusal::Version
            | Refusal::NoKey
            | Refusal::Origin => Refused::Request,
            Refusal::Attempts(_) => Refused::Attempts,
            Refusal::Credentials | Refusal::Unknown => Refused::Credentials,
            Refusal::Duplicate => Refused::Duplicate,
            Refusal::Unavailable => Refused::Unavailable,
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Refusal::Method => StatusCode::METHOD_NOT_ALLOWED,
            Refusal::Nobody(_) | Refusal::Unknown => StatusCode::NOT_FOUND,
            Refusal::NoUpgrade | Refusal::Version => StatusCode::UPGRADE_REQUIRED,
            Refusal::NoKey => StatusCode::BAD_REQUEST,
            Refusal::Origin => StatusCode::FORBIDDEN,
            Refusal::Attempts(_) => StatusCode::TOO_MANY_REQUESTS,
            Refusal::Credentials => StatusCode::UNAUTHORIZED,
            Refusal::Duplicate => StatusCode::CONFLICT,
            Refusal::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn detail(&self) -> &'static str {
        match self {
            Refusal::Method => "a charge point connects by GET",
            Refusal::Nobody(problem) => problem,
            Refusal::NoUpgrade => "connect by WebSocket (HTTP/1.1, Upgrade: websocket)",
            Refusal::Version => "connect by WebSocket version 13",
            Refusal::NoKey => "Sec-WebSocket-Key is missing",
            Refusal::Origin => "a page of another origin may not connect as a charge point",
            Refusal::Attempts(_) => "too many failed authentications from this address",
            Refusal::Credentials => "the credentials do not fit the charge point identity",
            Refusal::Unknown => "there is no such charge point",
            Refusal::Duplicate => "this charge point is connected already and answers",
            Refusal::Unavailable => "the central system does not answer",
        }
    }

    fn response(&self, security: &Security) -> Response<Body> {
        let status = self.status();
        let problem = serde_json::json!({
            "type": "about:blank",
            "title": status.canonical_reason(),
            "status": status.as_u16(),
            "detail": self.detail(),
        });
        let mut response = Response::new(Body::from(problem.to_string()));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        match self {
            Refusal::Method => {
                headers.insert(ALLOW, HeaderValue::from_static("GET"));
            }
            Refusal::NoUpgrade | Refusal::Version => {
                headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
                headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
                headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
            }
            Refusal::Credentials if !matches!(security, Security::MutualTls { .. }) => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"ocpp\""));
            }
            Refusal::Attempts(wait) => {
                headers.insert(RETRY_AFTER, HeaderValue::from(wait.as_secs() + 1));
            }
            Refusal::Duplicate | Refusal::Unavailable => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("10"));
            }
            _ => {}
        }
        response
    }
}
