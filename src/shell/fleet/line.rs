//! One simulated charge point's connection to a central system elsewhere: made, kept, made again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::{interval, sleep, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream};

use crate::ids::ChargePointId;
use crate::shell::fleet::address::PROTOCOL;
use crate::shell::fleet::failure::{BackOff, Failure};

/// Frames of a charge point that may wait for its socket.
const FRAMES: usize = 64;
/// Read and write buffer of a socket; the default of 128 KiB each is for few and fast ones.
const BUFFER: usize = 4 * 1024;
/// The largest message that is read (ocpp.md §2).
const LARGEST: usize = 64 * 1024;
/// From the TCP connection to the end of the upgrade.
const HANDSHAKE: Duration = Duration::from_secs(20);
/// From our close frame to the other end's.
const GOODBYE: Duration = Duration::from_secs(3);
/// A socket that takes nothing for so long is broken.
const WRITE: Duration = Duration::from_secs(30);
/// Between two pings, so that a connection that is gone is noticed.
const PING: Duration = Duration::from_secs(60);
/// A connection on which nothing came for so long, not even a pong, is gone.
const SILENCE: Duration = Duration::from_secs(150);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// What happens at a charge point's end of its connection, in order.
#[derive(Debug)]
pub(super) enum News {
    /// The connection is open; `frames` takes what the charge point sends until it is down.
    Up { point: ChargePointId, frames: mpsc::Sender<String> },
    /// A text came.
    Frame { point: ChargePointId, text: String },
    /// The connection is gone.
    Down { point: ChargePointId },
    /// An attempt to connect failed; the next one follows.
    Failed { point: ChargePointId, failure: Failure },
}

/// What all charge points of a fleet have in common.
pub(super) struct Common {
    pub(super) news: mpsc::Sender<News>,
    /// Turns true when the fleet goes home.
    pub(super) stop: watch::Receiver<bool>,
    /// So many may shake hands at a time.
    pub(super) gate: Arc<Semaphore>,
    pub(super) connector: Option<Connector>,
}

/// See the module.
pub(super) struct Line {
    pub(super) point: ChargePointId,
    pub(super) url: String,
    /// It asks for the subprotocol of OCPP 1.6J.
    pub(super) subprotocol: bool,
    /// `Authorization`.
    pub(super) credentials: Option<String>,
    pub(super) chance: ChaCha8Rng,
    pub(super) common: Arc<Common>,
}

/// How a connection ended.
enum End {
    /// The fleet goes home.
    Stopped,
    /// It broke, or the other end closed it; `proved`: after it had carried something.
    Lost { proved: bool },
}

impl Line {
    /// Connects again and again until the fleet goes home.
    pub(super) async fn keep(mut self) {
        let stop = &mut self.common.stop.clone();
        let mut back_off = BackOff::default();
        loop {
            let attempt = tokio::select! {
                () = told_to_stop(stop) => return,
                attempt = self.connect() => attempt,
            };
            let refused = match attempt {
                Ok(socket) => match self.serve(socket, stop).await {
                    End::Stopped => return,
                    End::Lost { proved } => {
                        if proved {
                            back_off.reset();
                        }
                        false
                    }
                },
                Err(failure) => {
                    let refused = failure.is_refusal();
                    self.tell(News::Failed { point: self.point.clone(), failure }).await;
                    refused
                }
            };
            let wait = back_off.wait(refused, self.chance.next_u64());
            tokio::select! {
                () = told_to_stop(stop) => return,
                () = sleep(wait) => {}
            }
        }
    }

    async fn tell(&self, news: News) {
        // Nobody listens any more: the fleet goes home, and `stop` says so.
        let _ = self.common.news.send(news).await;
    }

    async fn connect(&self) -> Result<Socket, Failure> {
        let wrong = |error: Error| Failure::of(&error);
        let mut request = self.url.as_str().into_client_request().map_err(wrong)?;
        if self.subprotocol {
            let protocol = HeaderValue::from_static(PROTOCOL);
            request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, protocol);
        }
        if let Some(credentials) = &self.credentials
            && let Ok(mut value) = HeaderValue::from_str(credentials)
        {
            value.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER)
            .write_buffer_size(BUFFER)
            .max_write_buffer_size(2 * LARGEST)
            .max_message_size(Some(LARGEST))
            .max_frame_size(Some(LARGEST));
        let _turn = self.common.gate.acquire().await;
        let shake = tokio_tungstenite::connect_async_tls_with_config(
            request,
            Some(config),
            true,
            self.common.connector.clone(),
        );
        let (socket, _) =
            timeout(HANDSHAKE, shake).await.map_err(|_| Failure::TimedOut)?.map_err(wrong)?;
        Ok(socket)
    }

    /// Carries frames both ways for as long as the connection lasts.
    async fn serve(&self, mut socket: Socket, stop: &mut watch::Receiver<bool>) -> End {
        let (frames, mut to_send) = mpsc::channel(FRAMES);
        self.tell(News::Up { point: self.point.clone(), frames }).await;
        let mut heard = Instant::now();
        let mut proved = false;
        let mut ping = interval(PING);
        ping.reset();
        loop {
            let message = tokio::select! {
                () = told_to_stop(stop) => {
                    let _ = timeout(GOODBYE, say_goodbye(socket)).await;
                    return End::Stopped;
                }
                came = socket.next() => match came {
                    Some(Ok(came)) => {
                        heard = Instant::now();
                        if let Message::Text(text) = came {
                            proved = true;
                            let text = text.as_str().to_owned();
                            self.tell(News::Frame { point: self.point.clone(), text }).await;
                        }
                        continue;
                    }
                    Some(Err(_)) | None => break,
                },
                text = to_send.recv() => match text {
                    Some(text) => Message::text(text),
                    // More waited for this socket than it may.
                    None => break,
                },
                _ = ping.tick() => {
                    if heard.elapsed() > SILENCE {
                        break;
                    }
                    Message::Ping(Vec::new().into())
                }
            };
            if !matches!(timeout(WRITE, socket.send(message)).await, Ok(Ok(()))) {
                break;
            }
        }
        self.tell(News::Down { point: self.point.clone() }).await;
        End::Lost { proved }
    }
}

/// Closes a connection and waits for the other end to close it too: a socket that is dropped with
/// something unread in it is reset, and takes its own close frame with it.
async fn say_goodbye(mut socket: Socket) {
    let why = CloseFrame { code: CloseCode::Away, reason: "fleet ends".into() };
    if socket.close(Some(why)).await.is_ok() {
        while let Some(Ok(_)) = socket.next().await {}
    }
}

/// Comes back when the fleet goes home.
async fn told_to_stop(stop: &mut watch::Receiver<bool>) {
    // The other end is only gone when the fleet is.
    let _ = stop.wait_for(|stop| *stop).await;
}
