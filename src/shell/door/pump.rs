//! One charge point's connection: messages in, messages out, signs of life.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{FutureExt, SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};

use super::budget::Budget;
use super::counters::{Closed, DoorCounters};
use super::options::DoorOptions;
use super::stage::Stages;
use crate::ids::ChargePointId;
use crate::shell::{Attached, Closing, Handle};

/// Bytes that each connection keeps for reading and for writing.
const BUFFER: usize = 4 * 1024;

/// How long a peer has to close its side once this one is closed, and how much it may still send.
const FAREWELL: Duration = Duration::from_secs(2);
const REMAINS: usize = 1024 * 1024;

/// Asks a connection whether it lives: it answers when anything has come from its peer.
pub(super) type Probe = oneshot::Sender<()>;

/// What a pump works with.
pub(super) struct Pump<'a> {
    pub(super) handle: &'a Handle,
    pub(super) options: &'a DoorOptions,
    pub(super) counters: &'a DoorCounters,
    pub(super) point: &'a ChargePointId,
    pub(super) stages: Stages,
}

/// Buffers and limits of a WebSocket.
pub(super) fn config(options: &DoorOptions) -> WebSocketConfig {
    let longest = options.limits.message_bytes;
    WebSocketConfig::default()
        .read_buffer_size(BUFFER)
        .write_buffer_size(BUFFER)
        .max_message_size(Some(longest))
        .max_frame_size(Some(longest))
}

impl Pump<'_> {
    /// Runs until the connection is to end. The socket is still open then: see [`part`].
    pub(super) async fn run<S>(
        &mut self,
        socket: WebSocketStream<S>,
        attached: &mut Attached,
        probes: mpsc::Receiver<Probe>,
    ) -> (Closed, Option<WebSocketStream<S>>)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let (mut sink, mut stream) = socket.split();
        let waiting = Mutex::new(None);
        let mut stages = self.stages.clone();
        let Attached { generation, frames, closing } = attached;
        let closed = tokio::select! {
            biased;
            closing = closing => match closing {
                Ok(Closing::Replaced) => Closed::Replaced,
                Ok(Closing::Dismissed) => Closed::Dismissed,
                Ok(Closing::TooSlow) => Closed::TooSlow,
                Ok(Closing::Shutdown) | Err(_) => Closed::Shutdown,
            },
            () = stages.draining() => Closed::Shutdown,
            closed = self.speak(&mut sink, frames, probes, &waiting) => closed,
            closed = self.listen(&mut stream, *generation, &waiting) => closed,
        };
        (closed, sink.reunite(stream).ok())
    }

    async fn listen<S>(
        &self,
        stream: &mut SplitStream<WebSocketStream<S>>,
        generation: u64,
        waiting: &Mutex<Option<Probe>>,
    ) -> Closed
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let limits = &self.options.limits;
        let silence = self.options.ping_interval * 5 / 2;
        let mut budget =
            Budget::new(limits.messages_per_second, limits.message_burst, Instant::now());
        let mut flooding_since: Option<Instant> = None;
        let mut early = None;
        loop {
            let message = match early.take() {
                Some(message) => message,
                None => match timeout(silence, stream.next()).await {
                    Ok(message) => message,
                    Err(_) => return Closed::Silent,
                },
            };
            let message = match message {
                Some(Ok(message)) => message,
                Some(Err(error)) => return cause(&error),
                None => return Closed::Peer,
            };
            if let Some(probe) = waiting.lock().unwrap_or_else(PoisonError::into_inner).take() {
                let _ = probe.send(());
            }
            let now = Instant::now();
            let wait = budget.take(now);
            if wait.is_zero() {
                flooding_since = None;
            } else {
                let since = *flooding_since.get_or_insert(now);
                if now.duration_since(since) > limits.flood {
                    return Closed::Flood;
                }
                sleep(wait).await;
                // One that is merely fast waits for the answer to this message and has sent
                // nothing after it; one that floods has.
                early = stream.next().now_or_never();
                if early.is_none() {
                    flooding_since = None;
                }
            }
            match message {
                Message::Text(text) => {
                    self.counters.frames_in.add(1);
                    let point = self.point.clone();
                    let text = text.as_str().to_owned();
                    if self.handle.frame(point, generation, text).await.is_err() {
                        return Closed::Shutdown;
                    }
                }
                Message::Binary(_) => return Closed::Binary,
                Message::Close(_) => return Closed::Peer,
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
            }
        }
    }

    async fn speak<S>(
        &self,
        sink: &mut SplitSink<WebSocketStream<S>, Message>,
        frames: &mut mpsc::Receiver<String>,
        mut probes: mpsc::Receiver<Probe>,
        waiting: &Mutex<Option<Probe>>,
    ) -> Closed
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let pause = self.options.ping_interval;
        let mut ticks = interval_at(Instant::now() + pause, pause);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let message = tokio::select! {
                Some(probe) = probes.recv() => {
                    *waiting.lock().unwrap_or_else(PoisonError::into_inner) = Some(probe);
                    Message::Ping(Bytes::new())
                }
                _ = ticks.tick() => Message::Ping(Bytes::new()),
                frame = frames.recv() => match frame {
                    Some(text) => {
                        self.counters.frames_out.add(1);
                        Message::text(text)
                    }
                    None => return Closed::Shutdown,
                },
            };
            if let Err(error) = sink.send(message).await {
                return cause(&error);
            }
        }
    }
}

fn cause(error: &Error) -> Closed {
    match error {
        Error::Capacity(_) => Closed::TooLong,
        Error::Utf8(_) => Closed::NotText,
        Error::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => Closed::Stalled,
        Error::ConnectionClosed | Error::AlreadyClosed => Closed::Peer,
        Error::Protocol(
            ProtocolError::ResetWithoutClosingHandshake | ProtocolError::SendAfterClosing,
        )
        | Error::Io(_) => Closed::Lost,
        _ => Closed::Malformed,
    }
}

/// Code and reason of the close frame; `None` where none can or need be sent.
fn words(closed: Closed) -> Option<(CloseCode, &'static str)> {
    Some(match closed {
        Closed::Peer | Closed::Lost | Closed::Silent | Closed::Stalled => return None,
        Closed::TooLong => (CloseCode::Size, "the message is too long"),
        Closed::Binary => (CloseCode::Unsupported, "OCPP-J messages are text"),
        Closed::NotText => (CloseCode::Invalid, "the text is not UTF-8"),
        Closed::Malformed => (CloseCode::Protocol, "this is not WebSocket"),
        Closed::Flood => (CloseCode::Policy, "too many messages"),
        Closed::Replaced => (CloseCode::Policy, "a newer connection took this one's place"),
        Closed::Dismissed => (CloseCode::Policy, "the charge point was removed or its key changed"),
        Closed::TooSlow => (CloseCode::Again, "messages are not taken fast enough"),
        Closed::Shutdown => (CloseCode::Away, "the central system is going down"),
    })
}

/// Says why and closes. At a shutdown, what was still to be sent is sent first.
pub(super) async fn part<S>(
    mut socket: WebSocketStream<S>,
    closed: Closed,
    frames: &mut mpsc::Receiver<String>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let all = async {
        if closed == Closed::Shutdown {
            while let Ok(text) = frames.try_recv() {
                socket.feed(Message::text(text)).await?;
            }
        }
        leave(&mut socket, words(closed)).await
    };
    // A peer that does not care to say goodbye loses nothing but that.
    let _ = timeout(FAREWELL, all).await;
}

/// Closes a socket that was never attached.
pub(super) async fn dismiss<S>(mut socket: WebSocketStream<S>, reason: &'static str)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let _ = timeout(FAREWELL, leave(&mut socket, Some((CloseCode::Protocol, reason)))).await;
}

async fn leave<S>(
    socket: &mut WebSocketStream<S>,
    words: Option<(CloseCode, &'static str)>,
) -> Result<(), Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if let Some((code, reason)) = words {
        socket.send(Message::Close(Some(CloseFrame { code, reason: reason.into() }))).await?;
    } else {
        socket.flush().await?;
    }
    let raw = socket.get_mut();
    raw.shutdown().await?;
    // What is still under way must be read: closing a socket with unread data resets it, and the
    // reset may overtake the close frame.
    let mut remains = [0; 1024];
    let mut left = REMAINS;
    while left > 0 {
        match raw.read(&mut remains).await? {
            0 => break,
            taken => left = left.saturating_sub(taken),
        }
    }
    Ok(())
}
