//! A central system that answers every call with what it was asked.

use std::sync::{Arc, Mutex};

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

/// Whereupon it closes.
pub(crate) const BYE: &str = r#"[2,"bye","Bye",{}]"#;

/// A handshake as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) authorization: Option<String>,
    pub(crate) protocols: Option<String>,
    pub(crate) extensions: Option<String>,
}

pub(crate) struct Central {
    pub(crate) url: String,
    pub(crate) asked: Arc<Mutex<Vec<Asked>>>,
    /// Codes of close frames that came.
    pub(crate) closed: Arc<Mutex<Vec<u16>>>,
}

/// What it answers: the payload of the call, as it stands.
pub(crate) fn answer(call: &str) -> String {
    let (_, id) = call.split_once('"').expect("an id");
    let (id, rest) = id.split_once('"').expect("its end");
    let payload = rest.split_once('{').map_or("}]", |(_, payload)| payload);
    format!(r#"[3,"{id}",{{{payload}"#)
}

impl Central {
    pub(crate) async fn start() -> Central {
        Central::serve("ws", "127.0.0.1", None).await
    }

    pub(crate) async fn start_tls(own: &rcgen::CertifiedKey<rcgen::KeyPair>) -> Central {
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(own.signing_key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("TLS")
            .with_no_client_auth()
            .with_single_cert(vec![own.cert.der().clone()], key)
            .expect("a certificate");
        Central::serve("wss", "localhost", Some(TlsAcceptor::from(Arc::new(config)))).await
    }

    async fn serve(scheme: &str, host: &str, tls: Option<TlsAcceptor>) -> Central {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let closed = Arc::new(Mutex::new(Vec::new()));
        let url = format!("{scheme}://{host}:{port}/ocpp/");
        let central = Central { url, asked: Arc::clone(&asked), closed: Arc::clone(&closed) };
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (asked, closed, tls) = (Arc::clone(&asked), Arc::clone(&closed), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => talk(socket, asked, closed).await,
                        Some(tls) => {
                            let socket = tls.accept(socket).await.expect("TLS");
                            talk(socket, asked, closed).await;
                        }
                    }
                });
            }
        });
        central
    }
}

async fn talk<S>(socket: S, asked: Arc<Mutex<Vec<Asked>>>, closed: Arc<Mutex<Vec<u16>>>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    #[expect(clippy::result_large_err, reason = "the library wants it so")]
    let admit = |request: &Request, response| admit(request, response, &asked);
    let Ok(mut socket) = tokio_tungstenite::accept_hdr_async(socket, admit).await else { return };
    while let Some(Ok(message)) = socket.next().await {
        let answer = match message {
            Message::Text(text) if text.as_str() == BYE => {
                let close = CloseFrame { code: 4711.into(), reason: "as you wish".into() };
                Message::Close(Some(close))
            }
            Message::Text(text) if text.trim_start().starts_with('[') => {
                Message::text(answer(text.as_str()))
            }
            Message::Binary(bytes) => Message::Binary(bytes),
            Message::Close(close) => {
                let code = close.map_or(0, |it| it.code.into());
                closed.lock().expect("no panic").push(code);
                continue;
            }
            _ => continue,
        };
        if socket.send(answer).await.is_err() {
            return;
        }
    }
}

#[expect(clippy::result_large_err, reason = "the library wants it so")]
fn admit(
    request: &Request,
    mut response: Response,
    asked: &Mutex<Vec<Asked>>,
) -> Result<Response, ErrorResponse> {
    let refused = |status: u16, body: &str| {
        let mut response = ErrorResponse::new(Some(body.to_owned()));
        *response.status_mut() = status.try_into().expect("a status");
        let realm = HeaderValue::from_static("Basic realm=\"elsewhere\"");
        response.headers_mut().insert("WWW-Authenticate", realm);
        response
    };
    let path = request.uri().path_and_query().expect("a path").to_string();
    if path.ends_with("stranger") {
        return Err(refused(401, "who are you?"));
    }
    if path.ends_with("unknown") {
        return Err(refused(404, "nobody"));
    }
    let header = |name: &str| {
        let value = request.headers().get(name);
        value.map(|it| it.to_str().expect("ASCII").to_owned())
    };
    asked.lock().expect("no panic").push(Asked {
        path,
        authorization: header("Authorization"),
        protocols: header("Sec-WebSocket-Protocol"),
        extensions: header("Sec-WebSocket-Extensions"),
    });
    response.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static("ocpp1.6"));
    Ok(response)
}
