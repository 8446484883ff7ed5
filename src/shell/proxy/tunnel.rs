//! One connection through the proxy: bytes pass as they are, whole messages are told.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::watch;
use tokio::time::timeout;

use super::tap::{Heard, Tap, close_frame};
use crate::shell::recorder::{Entry, Recorder};

/// Bytes that are read at once, for each direction.
const BUFFER: usize = 8 * 1024;
/// The longest a peer may take nothing of what is to be sent to it.
const STALL: Duration = Duration::from_secs(30);
/// From the end of one direction to that of the other, and from our close frame to theirs.
const FAREWELL: Duration = Duration::from_secs(3);
/// How long a frame has to end that has begun when the proxy goes down.
const LAST_FRAME: Duration = Duration::from_secs(1);
/// Close code of an end that goes away (RFC 6455 §7.4.1).
const AWAY: u16 = 1001;

/// What has passed; the same for all connections.
#[derive(Debug, Default)]
pub(super) struct Passed {
    /// Texts from charge points.
    pub(super) from_points: AtomicU64,
    /// Texts to them.
    pub(super) to_points: AtomicU64,
    /// Binary messages.
    pub(super) binary: AtomicU64,
    /// Texts that could not be read.
    pub(super) unreadable: AtomicU64,
}

/// What a connection works with.
pub(super) struct Tunnel {
    pub(super) point: Arc<str>,
    pub(super) recorder: Recorder,
    pub(super) passed: Arc<Passed>,
    /// Turns true when the proxy goes down.
    pub(super) stop: watch::Receiver<bool>,
}

/// How a direction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Its sender is done.
    Done,
    /// A peer is gone, or takes nothing any more.
    Broken,
    /// The proxy goes down; a close frame may follow unless a frame is under way.
    Stopped { between_frames: bool },
}

impl Tunnel {
    /// Carries bytes both ways until both ends are done, one is gone, or the proxy goes down.
    pub(super) async fn carry<C, U>(&self, point: C, upstream: U)
    where
        C: AsyncRead + AsyncWrite + Unpin,
        U: AsyncRead + AsyncWrite + Unpin,
    {
        let (mut from_point, mut to_point) = tokio::io::split(point);
        let (mut from_central, mut to_central) = tokio::io::split(upstream);
        let (up, down) = {
            let up = self.pump(&mut from_point, &mut to_central, true);
            let down = self.pump(&mut from_central, &mut to_point, false);
            tokio::pin!(up, down);
            tokio::select! {
                up = &mut up => (up, rest(up, down).await),
                down = &mut down => (rest(down, up).await, down),
            }
        };
        if let End::Stopped { between_frames: true } = down {
            let _ = timeout(STALL, send(&mut to_point, &close_frame(AWAY, WHY, false))).await;
        }
        if let End::Stopped { between_frames: true } = up {
            let _ = timeout(STALL, send(&mut to_central, &close_frame(AWAY, WHY, true))).await;
        }
        if up != End::Broken && down != End::Broken {
            // A socket that is dropped with something unread in it is reset, and its last frame is lost.
            let remains = async { tokio::join!(drain(&mut from_point), drain(&mut from_central)) };
            let _ = timeout(FAREWELL, remains).await;
        }
        let _ =
            timeout(FAREWELL, async { tokio::join!(to_point.shutdown(), to_central.shutdown()) })
                .await;
    }

    async fn pump<R, W>(
        &self,
        from: &mut ReadHalf<R>,
        to: &mut WriteHalf<W>,
        from_point: bool,
    ) -> End
    where
        R: AsyncRead,
        W: AsyncWrite,
    {
        let mut stop = self.stop.clone();
        let mut tap = Tap::default();
        let mut buffer = vec![0; BUFFER];
        loop {
            let between_frames = tap.is_between_frames();
            let stopping = *stop.borrow_and_update();
            let read = if stopping {
                if between_frames {
                    return End::Stopped { between_frames };
                }
                match timeout(LAST_FRAME, from.read(&mut buffer)).await {
                    Ok(read) => read,
                    Err(_) => return End::Stopped { between_frames },
                }
            } else {
                tokio::select! {
                    read = from.read(&mut buffer) => read,
                    changed = stop.changed() => match changed {
                        Ok(()) => continue,
                        Err(_) => return End::Stopped { between_frames },
                    },
                }
            };
            let bytes = match read {
                Ok(0) => {
                    let _ = timeout(FAREWELL, to.shutdown()).await;
                    return End::Done;
                }
                Ok(length) => &buffer[..length],
                Err(_) => return End::Broken,
            };
            // Told before it is sent: no answer can come before its question.
            for heard in tap.take(bytes) {
                self.tell(heard, from_point).await;
            }
            if !matches!(timeout(STALL, send(to, bytes)).await, Ok(Ok(()))) {
                return End::Broken;
            }
        }
    }

    async fn tell(&self, heard: Heard, from_point: bool) {
        let counted = match &heard {
            Heard::Text(_) if from_point => &self.passed.from_points,
            Heard::Text(_) => &self.passed.to_points,
            Heard::Binary => &self.passed.binary,
            Heard::Unreadable => &self.passed.unreadable,
        };
        counted.fetch_add(1, Ordering::Relaxed);
        if let Heard::Text(text) = heard {
            let point = Arc::clone(&self.point);
            self.recorder.see(Entry::Frame { point, from_point, text, before_timers: false }).await;
        }
    }
}

const WHY: &str = "the recording proxy ends";

/// The other direction, once one has ended.
async fn rest(first: End, other: impl Future<Output = End>) -> End {
    match first {
        End::Broken => End::Broken,
        End::Done => timeout(FAREWELL, other).await.unwrap_or(End::Broken),
        End::Stopped { .. } => other.await,
    }
}

async fn send<W: AsyncWrite>(to: &mut WriteHalf<W>, bytes: &[u8]) -> std::io::Result<()> {
    to.write_all(bytes).await?;
    to.flush().await
}

async fn drain<R: AsyncRead>(from: &mut ReadHalf<R>) {
    let mut buffer = [0; 1024];
    while matches!(from.read(&mut buffer).await, Ok(1..)) {}
}
