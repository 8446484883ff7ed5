//! The WebSocket of a charge point.

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::tape::{CENTRAL_SYSTEM, Tape};

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// What a WebSocket runs over: TCP, or TLS on top of it.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Send + Unpin + std::fmt::Debug {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + std::fmt::Debug> Wire for T {}

/// An open connection.
#[derive(Debug)]
pub(crate) struct Socket(WebSocketStream<Box<dyn Wire>>, Tape);

/// What the central system says.
#[derive(Debug)]
pub(crate) enum Heard {
    /// A request of its own: message id, action, payload.
    Call(String, String, Value),
    /// An answer to the request with this message id.
    Answer(String, Value),
    /// The end, with the code of the close frame when there was one.
    End(Option<u16>),
}

impl Socket {
    /// Connects with Basic authentication; the status of the refusal otherwise, 0 without any.
    pub(crate) async fn connect(
        address: SocketAddr,
        point: &str,
        key: &str,
    ) -> Result<Socket, u16> {
        let stream = TcpStream::connect(address).await.map_err(|_| 0_u16)?;
        Socket::over(Box::new(stream), point, key).await
    }

    /// The same on a connection that is there already.
    pub(crate) async fn over(wire: Box<dyn Wire>, point: &str, key: &str) -> Result<Socket, u16> {
        let mut request =
            format!("ws://localhost/ocpp/{point}").into_client_request().expect("a URL");
        request.headers_mut().insert("authorization", basic(point, key));
        let protocol = HeaderValue::from_static("ocpp1.6");
        request.headers_mut().insert("sec-websocket-protocol", protocol);
        match tokio_tungstenite::client_async(request, wire).await {
            Ok((socket, _)) => Ok(Socket(socket, Tape::new(CENTRAL_SYSTEM))),
            Err(Error::Http(refusal)) => Err(refusal.status().as_u16()),
            Err(_) => Err(0),
        }
    }

    /// Sends a request; false when the connection is gone.
    pub(crate) async fn ask(&mut self, id: &str, action: &str, payload: &Value) -> bool {
        self.send(&json!([2, id, action, payload])).await
    }

    /// Sends an answer; false when the connection is gone.
    pub(crate) async fn answer(&mut self, id: &str, payload: &Value) -> bool {
        self.send(&json!([3, id, payload])).await
    }

    async fn send(&mut self, frame: &Value) -> bool {
        let text = frame.to_string();
        self.1.received(&text);
        self.0.send(Message::text(text)).await.is_ok()
    }

    /// Waits for what comes next.
    pub(crate) async fn hear(&mut self) -> Heard {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Text(text))) => {
                    self.1.sent(&text);
                    let frame: Value = serde_json::from_str(&text).expect("JSON");
                    let text = |index: usize| frame[index].as_str().unwrap_or_default().to_owned();
                    return match frame[0].as_u64() {
                        Some(2) => Heard::Call(text(1), text(2), frame[3].clone()),
                        Some(3) => Heard::Answer(text(1), frame[2].clone()),
                        _ => panic!("no request of ours is refused: {frame}"),
                    };
                }
                Some(Ok(Message::Close(close))) => {
                    return Heard::End(close.map(|close| u16::from(close.code)));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Heard::End(None),
            }
        }
    }
}

/// The value of an Authorization header.
pub(crate) fn basic(user: &str, password: &str) -> HeaderValue {
    let basic = format!("Basic {}", base64(format!("{user}:{password}").as_bytes()));
    HeaderValue::from_str(&basic).expect("a header")
}

fn base64(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = (0..3).fold(0_u32, |bits, index| {
            bits << 8 | u32::from(chunk.get(index).copied().unwrap_or_default())
        });
        for digit in 0..4 {
            let sextet = bits >> (18 - 6 * digit) & 63;
            text.push(if digit > chunk.len() { '=' } else { char::from(BASE64[sextet as usize]) });
        }
    }
    text
}
