//! The handshake: what a charge point asks goes to the central system as it is, and its answer comes back.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{
    CONNECTION, CONTENT_LENGTH, HOST, HeaderName, HeaderValue, SEC_WEBSOCKET_EXTENSIONS, TE,
    TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use axum::http::{HeaderMap, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use super::Hall;
use super::tunnel::Tunnel;
use crate::csms::Input;
use crate::ids::ChargePointId;
use crate::shell::door::percent_decode;
use crate::shell::recorder::Entry;

/// From the first byte to the central system to the head of its answer.
const HANDSHAKE: Duration = Duration::from_secs(20);
/// Body of a refusal, bytes.
const REFUSAL: usize = 64 * 1024;
/// Headers of one hop (RFC 9110 §7.6.1), and compression, in which nobody could read along.
const OF_A_HOP: [HeaderName; 8] = [
    HOST,
    CONNECTION,
    UPGRADE,
    CONTENT_LENGTH,
    TRANSFER_ENCODING,
    TE,
    TRAILER,
    SEC_WEBSOCKET_EXTENSIONS,
];

/// Answers a request: with the central system's own answer, if there is one.
pub(super) async fn answer(
    hall: Arc<Hall>,
    permit: Arc<OwnedSemaphorePermit>,
    mut request: Request<Incoming>,
) -> Response<Body> {
    let upgrades = request.headers().get_all(UPGRADE).iter();
    let websocket = upgrades.filter_map(|it| it.to_str().ok()).flat_map(|it| it.split(','));
    if request.method() != Method::GET
        || !websocket.into_iter().any(|it| it.trim().eq_ignore_ascii_case("websocket"))
    {
        let mut response = told(StatusCode::UPGRADE_REQUIRED, "connect by WebSocket".to_owned());
        response.headers_mut().insert(UPGRADE, HeaderValue::from_static("websocket"));
        return response;
    }
    let Some((segment, point)) = identity(request.uri().path()) else {
        let problem = "the last part of the URL is the identity of the charge point";
        return told(StatusCode::NOT_FOUND, problem.to_owned());
    };
    let mut target = format!("{}/{segment}", hall.upstream.path());
    if let Some(query) = request.uri().query() {
        target = format!("{target}?{query}");
    }
    let upgrade = hyper::upgrade::on(&mut request);
    let mut asked = Request::new(Body::empty());
    let Ok(target) = target.parse() else {
        return told(StatusCode::NOT_FOUND, "the URL is none".to_owned());
    };
    *asked.uri_mut() = target;
    pass(request.headers(), asked.headers_mut());
    if let Ok(host) = HeaderValue::from_str(hall.upstream.authority()) {
        asked.headers_mut().insert(HOST, host);
    }
    upgraded(asked.headers_mut());
    match ask(&hall, asked).await {
        Ok(mut response) => {
            hall.refused(response.status());
            let mut back = Response::new(Body::empty());
            *back.status_mut() = response.status();
            pass(response.headers(), back.headers_mut());
            if response.status() == StatusCode::SWITCHING_PROTOCOLS {
                upgraded(back.headers_mut());
                let other = hyper::upgrade::on(&mut response);
                tokio::spawn(async move {
                    connected(&hall, point, upgrade, other).await;
                    drop(permit);
                });
            } else {
                // Whole, so that it keeps a length; what is too long for a refusal is left out.
                let body = axum::body::to_bytes(Body::new(response.into_body()), REFUSAL);
                let body = timeout(HANDSHAKE, body).await;
                *back.body_mut() = Body::from(body.ok().and_then(Result::ok).unwrap_or_default());
            }
            back
        }
        Err(problem) => {
            hall.unreachable(&problem);
            let what = format!("the recording proxy cannot reach the central system: {problem}");
            told(StatusCode::BAD_GATEWAY, what)
        }
    }
}

/// Carries what both ends say once the handshake is done.
async fn connected(hall: &Hall, point: Arc<str>, ours: OnUpgrade, theirs: OnUpgrade) {
    let both = async { tokio::try_join!(ours, theirs) };
    let Ok(Ok((ours, theirs))) = timeout(HANDSHAKE, both).await else { return };
    let (number, replaced) = hall.enter(&point);
    let link = |up: bool| {
        let point = ChargePointId::new(&point);
        let input = if up { Input::LinkUp { point } } else { Input::LinkDown { point } };
        hall.recorder.see(Entry::Input { input, before_timers: false })
    };
    if replaced {
        link(false).await;
    }
    link(true).await;
    let tunnel = Tunnel {
        point: Arc::clone(&point),
        recorder: hall.recorder.clone(),
        passed: Arc::clone(&hall.passed),
        stop: hall.stop.clone(),
    };
    tunnel.carry(TokioIo::new(ours), TokioIo::new(theirs)).await;
    if hall.leave(&point, number) {
        link(false).await;
    }
}

/// Sends a request to the central system, on a connection of its own.
async fn ask(hall: &Hall, request: Request<Body>) -> Result<Response<Incoming>, String> {
    let (host, port) = hall.upstream.host_and_port();
    let all = async {
        let stream = TcpStream::connect((host, port)).await.map_err(|it| it.to_string())?;
        // Messages are small and awaited.
        let _ = stream.set_nodelay(true);
        match &hall.tls {
            None => shake(stream, request).await,
            Some(config) => {
                let name = ServerName::try_from(host.to_owned()).map_err(|it| it.to_string())?;
                let connector = TlsConnector::from(Arc::clone(config));
                let stream = connector.connect(name, stream).await;
                shake(stream.map_err(|it| format!("{it} (see --ca)"))?, request).await
            }
        }
    };
    timeout(HANDSHAKE, all).await.map_err(|_| "it does not answer in time".to_owned())?
}

async fn shake<S>(stream: S, request: Request<Body>) -> Result<Response<Incoming>, String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let shaken = http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = shaken.map_err(|it| it.to_string())?;
    tokio::spawn(connection.with_upgrades());
    sender.send_request(request).await.map_err(|it| it.to_string())
}

/// The last part of a path as it stands, and what it says.
fn identity(path: &str) -> Option<(&str, Arc<str>)> {
    let segment = path.trim_end_matches('/').rsplit('/').next().filter(|it| !it.is_empty())?;
    let said = String::from_utf8(percent_decode(segment)?).ok()?;
    (!said.chars().any(char::is_control)).then(|| (segment, said.into()))
}

/// Headers that are for the other end.
fn pass(from: &HeaderMap, to: &mut HeaderMap) {
    let named: Vec<String> = from
        .get_all(CONNECTION)
        .iter()
        .filter_map(|it| it.to_str().ok())
        .flat_map(|it| it.split(','))
        .map(|it| it.trim().to_ascii_lowercase())
        .collect();
    for (name, value) in from {
        let of_a_hop = OF_A_HOP.contains(name)
            || ["keep-alive", "proxy-connection"].contains(&name.as_str())
            || named.iter().any(|it| it == name.as_str());
        if !of_a_hop {
            to.append(name.clone(), value.clone());
        }
    }
}

fn upgraded(headers: &mut HeaderMap) {
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
}

fn told(status: StatusCode, what: String) -> Response<Body> {
    let mut response = Response::new(Body::from(what + "\n"));
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_identity_is_the_last_part_of_the_url() {
        let of = |path| identity(path).map(|(segment, said)| (segment, said.to_string()));
        assert_eq!(of("/a/RDAM%20123"), Some(("RDAM%20123", "RDAM 123".to_owned())));
        assert_eq!(of("//cp_1/"), Some(("cp_1", "cp_1".to_owned())));
        assert_eq!(of("/"), None);
        assert_eq!(of("/a%0Ab"), None);
    }

    #[test]
    fn headers_of_a_hop_and_compression_do_not_pass() {
        let mut from = HeaderMap::new();
        for (name, value) in [
            ("host", "proxy"),
            ("connection", "Upgrade, X-Own"),
            ("x-own", "1"),
            ("keep-alive", "5"),
            ("authorization", "Basic x"),
            ("sec-websocket-protocol", "ocpp1.6"),
            ("sec-websocket-extensions", "permessage-deflate"),
        ] {
            from.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let mut to = HeaderMap::new();
        pass(&from, &mut to);
        let names: Vec<&str> = to.keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["authorization", "sec-websocket-protocol"]);
    }
}
