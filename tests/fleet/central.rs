//! A small central system that does what a script says, over loopback.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use ampacity::shell::clock::system_now;
use ampacity::time::{Span, Time};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode};

use crate::tape::{CHARGE_POINT, Tape};

/// How the central system behaves.
#[derive(Clone, Default)]
pub(crate) struct Script {
    /// What its clock is ahead of the machine's.
    pub(crate) ahead: Span,
    /// The only `Authorization` it takes.
    pub(crate) authorization: Option<String>,
    /// The only identities it knows, as they stand in URLs.
    pub(crate) known: Option<Vec<&'static str>>,
    /// The subprotocol it answers with is none.
    pub(crate) speaks_no_ocpp: bool,
    /// Stations are to ask for no subprotocol.
    pub(crate) unasked_protocol: bool,
    /// Breaks every connection once, at the first MeterValues.
    pub(crate) breaks_once: bool,
    /// Set for a transaction that draws more than this, watts.
    pub(crate) limits_above_w: Option<f64>,
    /// The limit, amperes per phase, and how long it lasts.
    pub(crate) limit: (f64, Option<i64>),
    pub(crate) tls: Option<TlsAcceptor>,
}

/// A CALL of a charge point.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) action: String,
    pub(crate) payload: Value,
}

/// What it has seen of one charge point.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) connections: u64,
    pub(crate) calls: Vec<Call>,
    /// Number of calls when the limit was accepted.
    pub(crate) limited_at: Option<usize>,
    pub(crate) profile_answers: Vec<Value>,
    pub(crate) pongs: u64,
    /// Close codes of its last frames.
    pub(crate) closed: Vec<u16>,
    broken: bool,
    limit_sent: bool,
}

impl Seen {
    pub(crate) fn of(&self, action: &str) -> Vec<&Value> {
        let of = |call: &&Call| call.action == action;
        self.calls.iter().filter(of).map(|call| &call.payload).collect()
    }
}

pub(crate) struct Central {
    pub(crate) url: String,
    seen: Arc<Mutex<BTreeMap<String, Seen>>>,
    _runtime: Runtime,
}

impl Central {
    pub(crate) fn start(script: Script) -> Central {
        let runtime = Runtime::new().expect("threads");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let scheme = if script.tls.is_some() { "wss" } else { "ws" };
        let seen = Arc::new(Mutex::new(BTreeMap::new()));
        let shared = Arc::clone(&seen);
        runtime.spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (script, shared) = (script.clone(), Arc::clone(&shared));
                tokio::spawn(async move {
                    match script.tls.clone() {
                        None => talk(socket, script, shared).await,
                        Some(tls) => {
                            if let Ok(socket) = tls.accept(socket).await {
                                talk(socket, script, shared).await;
                            }
                        }
                    }
                });
            }
        });
        Central { url: format!("{scheme}://localhost:{port}/ocpp"), seen, _runtime: runtime }
    }

    /// What it has seen so far, by the last part of the URL.
    pub(crate) fn seen(&self) -> BTreeMap<String, Seen> {
        self.seen.lock().expect("the log").clone()
    }
}

type Shared = Arc<Mutex<BTreeMap<String, Seen>>>;

async fn talk<S: AsyncRead + AsyncWrite + Unpin>(socket: S, script: Script, shared: Shared) {
    let mut identity = String::new();
    #[expect(clippy::result_large_err, reason = "the library wants it so")]
    let check = |request: &Request, response| admit(request, response, &script, &mut identity);
    let Ok(mut socket) = tokio_tungstenite::accept_hdr_async(socket, check).await else { return };
    shared.lock().expect("the log").entry(identity.clone()).or_default().connections += 1;
    if socket.send(Message::Ping(b"there?".to_vec().into())).await.is_err() {
        return;
    }
    let mut tape = Tape::new(CHARGE_POINT);
    while let Some(Ok(message)) = socket.next().await {
        let replies = {
            let mut log = shared.lock().expect("the log");
            let seen = log.entry(identity.clone()).or_default();
            match message {
                Message::Text(text) => {
                    tape.sent(&text);
                    react(seen, &script, &text)
                }
                Message::Pong(_) => {
                    seen.pongs += 1;
                    Some(Vec::new())
                }
                Message::Close(frame) => {
                    seen.closed.extend(frame.map(|frame| u16::from(frame.code)));
                    Some(Vec::new())
                }
                _ => Some(Vec::new()),
            }
        };
        let Some(replies) = replies else { return };
        for reply in replies {
            let reply = reply.to_string();
            tape.received(&reply);
            if socket.send(Message::text(reply)).await.is_err() {
                return;
            }
        }
    }
}

/// Looks at the upgrade request; the identity is the last part of its path, as it came.
#[expect(clippy::result_large_err, reason = "the library wants it so")]
fn admit(
    request: &Request,
    mut response: Response,
    script: &Script,
    identity: &mut String,
) -> Result<Response, ErrorResponse> {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let refuse = |status| {
        let mut refused = ErrorResponse::new(None);
        *refused.status_mut() = status;
        Err(refused)
    };
    let Some(last) = request.uri().path().strip_prefix("/ocpp/") else {
        return refuse(StatusCode::NOT_FOUND);
    };
    identity.push_str(last);
    if script.known.as_ref().is_some_and(|known| !known.contains(&last)) {
        return refuse(StatusCode::NOT_FOUND);
    }
    if script.authorization.is_some() && script.authorization.as_deref() != header("authorization")
    {
        return refuse(StatusCode::UNAUTHORIZED);
    }
    let asked = (!script.unasked_protocol).then_some("ocpp1.6");
    assert_eq!(header("sec-websocket-protocol"), asked);
    if !script.speaks_no_ocpp && asked.is_some() {
        let protocol = HeaderValue::from_static("ocpp1.6");
        response.headers_mut().insert("sec-websocket-protocol", protocol);
    }
    Ok(response)
}

/// What is to be sent when this came; `None`: the connection breaks.
fn react(seen: &mut Seen, script: &Script, text: &str) -> Option<Vec<Value>> {
    let frame: Value = serde_json::from_str(text).expect("JSON");
    let id = &frame[1];
    if frame[0] != 2 {
        if frame[2]["status"] == "Accepted" {
            seen.limited_at = Some(seen.calls.len());
        }
        seen.profile_answers.push(frame);
        return Some(Vec::new());
    }
    let action = frame[2].as_str().expect("an action").to_owned();
    let payload = frame[3].clone();
    let now = system_now() + script.ahead;
    let mut replies = vec![json!([3, id, answer(&action, now, seen)])];
    if action == "MeterValues" {
        if script.breaks_once && !seen.broken {
            seen.broken = true;
            return None;
        }
        let transaction = &payload["transactionId"];
        let above = script.limits_above_w.is_some_and(|limit| power_w(&payload) > limit);
        if above && !seen.limit_sent && !transaction.is_null() {
            seen.limit_sent = true;
            replies.push(limit(script, now, transaction));
        }
    }
    seen.calls.push(Call { action, payload });
    Some(replies)
}

fn answer(action: &str, now: Time, seen: &Seen) -> Value {
    match action {
        "BootNotification" => {
            json!({"status": "Accepted", "currentTime": now.to_ocpp(), "interval": 86_400})
        }
        "Heartbeat" => json!({"currentTime": now.to_ocpp()}),
        "Authorize" => json!({"idTagInfo": {"status": "Accepted"}}),
        "StartTransaction" => {
            let number = seen.of("StartTransaction").len() + 1;
            json!({"idTagInfo": {"status": "Accepted"}, "transactionId": number})
        }
        _ => json!({}),
    }
}

fn limit(script: &Script, now: Time, transaction: &Value) -> Value {
    let (amps, duration) = script.limit;
    let mut profile = json!({
        "chargingProfileId": 1, "transactionId": transaction, "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile", "chargingProfileKind": "Absolute",
        "chargingSchedule": {
            "startSchedule": (now - Span::from_s(60)).to_ocpp(), "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": amps}]}});
    if let Some(duration) = duration {
        profile["chargingSchedule"]["duration"] = json!(duration);
    }
    let payload = json!({"connectorId": 1, "csChargingProfiles": profile});
    json!([2, "limit", "SetChargingProfile", payload])
}

/// `Power.Active.Import` of a MeterValues.req; 0 when it has none.
pub(crate) fn power_w(payload: &Value) -> f64 {
    let samples = payload["meterValue"][0]["sampledValue"].as_array();
    let power = samples
        .into_iter()
        .flatten()
        .find(|sample| sample["measurand"] == "Power.Active.Import" && sample["phase"].is_null());
    power.and_then(|sample| sample["value"].as_str()?.parse().ok()).unwrap_or(0.0)
}
