//! The fixture: a door on a free port, an engine behind it, clients before it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::ids::{ChargePointId, SessionId, SiteId};
use crate::shell::door::{Door, DoorCounters, DoorOptions};
use crate::shell::handle::Order;
use crate::shell::{Attached, Closing, Handle};
use crate::store::{
    ApiKeyRow, Bucket, CommandRow, IdempotentRow, NoticeRow, Query, StoreError, TransactionRow,
};
use crate::time::{Span, Time};

pub(super) const KEY: &[u8] = b"0001020304050607FFFF";

/// Credentials, and nothing else.
struct Keys(Mutex<BTreeMap<String, [u8; 32]>>);

impl Query for Keys {
    fn credential(&self, point: &str) -> Result<Option<[u8; 32]>, StoreError> {
        Ok(self.0.lock().unwrap().get(point).copied())
    }
    fn history(&self, _: &SiteId, _: Time, _: Time, _: Span) -> Result<Vec<Bucket>, StoreError> {
        Ok(Vec::new())
    }
    fn transactions(
        &self,
        _: Option<&ChargePointId>,
        _: Time,
        _: usize,
    ) -> Result<Vec<TransactionRow>, StoreError> {
        Ok(Vec::new())
    }
    fn session(&self, _: &SessionId) -> Result<Option<TransactionRow>, StoreError> {
        Ok(None)
    }
    fn commands(&self, _: Option<&ChargePointId>, _: usize) -> Result<Vec<CommandRow>, StoreError> {
        Ok(Vec::new())
    }
    fn command(&self, _: &str) -> Result<Option<CommandRow>, StoreError> {
        Ok(None)
    }
    fn notices(
        &self,
        _: &ChargePointId,
        _: Option<&str>,
        _: usize,
    ) -> Result<Vec<NoticeRow>, StoreError> {
        Ok(Vec::new())
    }
    fn api_keys(&self) -> Result<Vec<ApiKeyRow>, StoreError> {
        Ok(Vec::new())
    }
    fn idempotent(&self, _: &str) -> Result<Option<IdempotentRow>, StoreError> {
        Ok(None)
    }
}

/// What the engine knows about a charge point.
#[derive(Default)]
pub(super) struct Link {
    pub(super) generation: u64,
    pub(super) out: Option<mpsc::Sender<String>>,
    closing: Option<oneshot::Sender<Closing>>,
    /// Frames that came in on a current connection.
    pub(super) heard: Vec<String>,
    /// Detaches of connections that were not current.
    pub(super) stale: u32,
}

impl Link {
    pub(super) fn is_up(&self) -> bool {
        self.out.is_some()
    }
}

/// Keeps links as the real one does; answers each frame with itself in brackets.
#[derive(Clone, Default)]
pub(super) struct Engine(Arc<Mutex<BTreeMap<String, Link>>>);

impl Engine {
    pub(super) fn look<T>(&self, point: &str, look: impl FnOnce(&mut Link) -> T) -> T {
        look(self.0.lock().unwrap().get_mut(point).expect("a commissioned charge point"))
    }

    pub(super) fn close(&self, point: &str, closing: Closing) {
        let sender = self.look(point, |link| link.closing.take()).expect("an open link");
        sender.send(closing).expect("a connection that listens");
    }

    /// Waits until what `is` says holds of a link.
    pub(super) async fn until(&self, point: &str, is: impl Fn(&Link) -> bool) {
        let reached = async {
            while !self.look(point, |link| is(link)) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let late = tokio::time::timeout(Duration::from_secs(30), reached).await;
        late.expect("the link never gets there");
    }

    async fn run(self, mut orders: mpsc::Receiver<Order>) {
        while let Some(order) = orders.recv().await {
            let mut links = self.0.lock().unwrap();
            match order {
                Order::Attach { point, reply } => {
                    let Some(link) = links.get_mut(point.as_str()) else {
                        let _ = reply.send(None);
                        continue;
                    };
                    if let Some(closing) = link.closing.take() {
                        let _ = closing.send(Closing::Replaced);
                    }
                    let (out, frames) = mpsc::channel(64);
                    let (close, closing) = oneshot::channel();
                    link.generation += 1;
                    (link.out, link.closing) = (Some(out), Some(close));
                    let generation = link.generation;
                    let _ = reply.send(Some(Attached { generation, frames, closing }));
                }
                Order::Detach { point, generation } => {
                    let link = links.get_mut(point.as_str()).unwrap();
                    if link.generation == generation {
                        (link.out, link.closing) = (None, None);
                    } else {
                        link.stale += 1;
                    }
                }
                Order::Frame { point, generation, text } => {
                    let link = links.get_mut(point.as_str()).unwrap();
                    if link.generation == generation {
                        if let Some(out) = &link.out {
                            let _ = out.try_send(format!("({text})"));
                        }
                        link.heard.push(text);
                    }
                }
                _ => panic!("the door asks for nothing else"),
            }
        }
    }
}

pub(super) type Client<S = TcpStream> = WebSocketStream<S>;

/// A running door.
pub(super) struct House {
    pub(super) address: std::net::SocketAddr,
    pub(super) engine: Engine,
    pub(super) counters: Arc<DoorCounters>,
    shutdown: oneshot::Sender<()>,
    door: JoinHandle<()>,
}

/// A handle to an engine that has commissioned these, each with [`KEY`].
pub(super) fn engine(points: &[&str]) -> (Handle, Engine) {
    let engine = Engine::default();
    let mut keys = BTreeMap::new();
    for point in points {
        engine.0.lock().unwrap().insert((*point).to_owned(), Link::default());
        keys.insert((*point).to_owned(), Sha256::digest(KEY).into());
    }
    // A charge point that was removed while its credentials stayed.
    keys.insert("REMOVED".to_owned(), Sha256::digest(KEY).into());
    let (orders, inbox) = mpsc::channel(16);
    tokio::spawn(engine.clone().run(inbox));
    let events = broadcast::channel(1).0;
    let query = Arc::new(Keys(Mutex::new(keys)));
    (Handle { orders, events, query }, engine)
}

impl House {
    pub(super) async fn open(options: DoorOptions) -> House {
        House::with(options, &["CP1", "CP2", "Zürich 1/2"]).await
    }

    pub(super) async fn with(options: DoorOptions, points: &[&str]) -> House {
        let (handle, engine) = engine(points);
        let door = Door::bind("127.0.0.1:0".parse().unwrap(), options, handle).await.unwrap();
        let (address, counters) = (door.local_addr(), door.counters());
        let router = Router::new()
            .route("/hello", get(|| async { "hello" }))
            .route("/size", post(|body: String| async move { body.len().to_string() }))
            .route("/never", get(std::future::pending::<()>));
        let (shutdown, signal) = oneshot::channel::<()>();
        let door = tokio::spawn(door.run(router, async move {
            let _ = signal.await;
        }));
        House { address, engine, counters, shutdown, door }
    }

    pub(super) async fn tcp(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// A charge point with its key.
    pub(super) async fn connect(&self, point: &str) -> Result<Client, Error> {
        let request = request(point, Some(&basic(point.as_bytes(), KEY)), Some("ocpp1.6"));
        Ok(open(self.tcp().await, request).await?.0)
    }

    /// Asks the door to close and waits until it has.
    pub(super) async fn shut(self) {
        let _ = self.shutdown.send(());
        self.door.await.unwrap();
    }
}

pub(super) async fn open<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    request: Request,
) -> Result<(Client<S>, Response), Error> {
    tokio_tungstenite::client_async(request, stream).await
}

/// A handshake; `path` is the encoded identity.
pub(super) fn request(path: &str, authorization: Option<&str>, protocol: Option<&str>) -> Request {
    let mut request = format!("ws://localhost/ocpp/{path}").into_client_request().unwrap();
    let headers = request.headers_mut();
    if let Some(value) = authorization {
        headers.insert("authorization", value.parse().unwrap());
    }
    if let Some(value) = protocol {
        headers.insert("sec-websocket-protocol", value.parse().unwrap());
    }
    request
}

/// The value of an Authorization header.
pub(super) fn basic(user: &[u8], password: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let text = [user, b":", password].concat();
    let mut encoded = String::from("Basic ");
    for chunk in text.chunks(3) {
        let bits = (0..3)
            .fold(0, |bits, n| bits << 8 | usize::from(chunk.get(n).copied().unwrap_or_default()));
        for place in 0..4 {
            let digit = char::from(DIGITS[bits >> (18 - 6 * place) & 63]);
            encoded.push(if place <= chunk.len() { digit } else { '=' });
        }
    }
    encoded
}

/// The lines of a handshake, for what a well-behaved client would not send.
pub(super) fn lines(path: &str, more: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Protocol: ocpp1.6\r\n{more}\r\n"
    )
}

/// Sends and reads one response as it is, without its date.
pub(super) async fn ask(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), text: &str) -> String {
    stream.write_all(text.as_bytes()).await.unwrap();
    // Byte by byte: what comes after the head of a 101 is not ours.
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("a whole answer"));
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).await.unwrap();
    let kept = head.lines().filter(|line| !line.starts_with("date: "));
    kept.chain([String::from_utf8(body).unwrap().as_str()]).collect::<Vec<_>>().join("\n")
}

/// The status of an answer.
pub(super) fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

/// The next text message.
pub(super) async fn text<S: AsyncRead + AsyncWrite + Unpin>(client: &mut Client<S>) -> String {
    loop {
        match futures_util::StreamExt::next(client).await.expect("open").expect("sound") {
            Message::Text(text) => return text.to_string(),
            Message::Ping(_) | Message::Pong(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// Reads until the close frame.
pub(super) async fn farewell<S: AsyncRead + AsyncWrite + Unpin>(
    client: &mut Client<S>,
) -> Option<CloseFrame> {
    let read = async {
        while let Some(Ok(message)) = futures_util::StreamExt::next(client).await {
            if let Message::Close(frame) = message {
                return frame;
            }
        }
        None
    };
    tokio::time::timeout(Duration::from_secs(30), read).await.expect("it stays open")
}
