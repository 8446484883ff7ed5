//! A recording proxy between charge points and any central system.
//!
//! | file | what it is |
//! |---|---|
//! | `gate` | the handshake: asked of the central system, and its answer given back |
//! | `tunnel` | one connection: bytes pass as they are, whole messages are told |
//! | `tap` | listens to a WebSocket without touching it |
//!
//! # Invariants
//!
//! - After the handshake every byte of either side reaches the other as it is: frames, their fragments, pings and
//!   close codes alike. The proxy says nothing of its own but a close frame when it goes down.
//! - Credentials pass unread. No compression is agreed on, so that what passes can be read.
//! - Memory is bounded: per connection by two buffers and a message each way, in all by what waits to be
//!   written ([`recorder`](crate::shell::recorder)).

mod gate;
mod tap;
mod tunnel;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::{Request, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ClientConfig;

use self::tunnel::Passed;
use super::door::{self, Security, TlsError, TlsFiles};
use super::fleet::Endpoint;
use super::recorder::Recorder;

/// Connections that may be open.
const CONNECTIONS: usize = 10_000;
/// A TLS handshake with a charge point.
const TLS_HANDSHAKE: Duration = Duration::from_secs(10);
/// From the first byte of a request to its last header.
const HEADERS: Duration = Duration::from_secs(10);
/// Line and headers of a request, bytes.
const HEADER_BYTES: usize = 16 * 1024;
/// Pause after the system refused to hand over a connection.
const BREATHER: Duration = Duration::from_millis(100);
/// How long connections have to close at the end.
const FAREWELL: Duration = Duration::from_secs(10);

/// How a proxy is set up.
#[derive(Clone, Debug)]
pub struct ProxyOptions {
    /// The central system; the last part of a charge point's URL is appended to it.
    pub upstream: Endpoint,
    /// Whom to trust behind `wss://`; needed there.
    pub trust: Option<Arc<ClientConfig>>,
    /// Certificate and key for charge points that connect by TLS.
    pub tls: Option<TlsFiles>,
}

/// Why a proxy cannot be set up.
#[derive(Debug, Error)]
pub enum ProxyError {
    /// The address cannot be had.
    #[error("cannot listen on {0}: {1}; is another program listening there?")]
    Address(SocketAddr, io::Error),
    /// Certificate or key.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// What a proxy has carried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// Connections that the central system took.
    pub connections: u64,
    /// Charge points.
    pub points: u64,
    /// Texts from charge points.
    pub from_points: u64,
    /// Texts to them.
    pub to_points: u64,
    /// Binary messages, which are not recorded.
    pub binary: u64,
    /// Texts that could not be read and are not recorded.
    pub unreadable: u64,
    /// Connections that the central system refused, by HTTP status.
    pub refused: BTreeMap<u16, u64>,
    /// Connections that did not reach it.
    pub unreachable: u64,
}

/// A listening port; connections wait until [`Proxy::run`].
pub struct Proxy {
    listener: TcpListener,
    address: SocketAddr,
    acceptor: Option<TlsAcceptor>,
    options: ProxyOptions,
}

/// What all connections share.
struct Hall {
    upstream: Endpoint,
    tls: Option<Arc<ClientConfig>>,
    recorder: Recorder,
    passed: Arc<Passed>,
    stop: watch::Receiver<bool>,
    seats: Mutex<Seats>,
}

#[derive(Debug, Default)]
struct Seats {
    /// The latest connection of each charge point that was ever here, and whether it is open.
    latest: BTreeMap<Arc<str>, (u64, bool)>,
    connections: u64,
    refused: BTreeMap<u16, u64>,
    unreachable: u64,
}

impl Proxy {
    /// Listens on `address` (port 0: any free one).
    ///
    /// # Errors
    /// When the address cannot be had, or a certificate not be used.
    pub async fn bind(address: SocketAddr, options: ProxyOptions) -> Result<Proxy, ProxyError> {
        let acceptor = match &options.tls {
            None => None,
            Some(files) => door::acceptor(&Security::TlsBasic(files.clone()))?,
        };
        let refused = |problem| ProxyError::Address(address, problem);
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        Ok(Proxy { listener, address, acceptor, options })
    }

    /// Where it listens.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Carries connections until `shutdown`, then closes them: both ends are told 1001.
    pub async fn run(self, recorder: Recorder, shutdown: impl Future<Output = ()>) -> Carried {
        let Proxy { listener, acceptor, options, .. } = self;
        let (stop, stopped) = watch::channel(false);
        let hall = Arc::new(Hall {
            upstream: options.upstream,
            tls: options.trust,
            recorder,
            passed: Arc::default(),
            stop: stopped,
            seats: Mutex::default(),
        });
        tokio::select! {
            () = accept(&listener, acceptor, &hall) => {}
            () = shutdown => {}
        }
        drop(listener);
        stop.send_replace(true);
        let gone = async {
            while Arc::strong_count(&hall) > 1 {
                sleep(Duration::from_millis(10)).await;
            }
        };
        let _ = timeout(FAREWELL, gone).await;
        hall.carried()
    }
}

async fn accept(listener: &TcpListener, acceptor: Option<TlsAcceptor>, hall: &Arc<Hall>) {
    let permits = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let Ok(permit) = Arc::clone(&permits).try_acquire_owned() else { continue };
                // Messages are small and awaited.
                let _ = stream.set_nodelay(true);
                tokio::spawn(welcome(stream, acceptor.clone(), Arc::clone(hall), permit));
            }
            Err(problem) => {
                tracing::warn!(%problem, "no connection can be accepted");
                sleep(BREATHER).await;
            }
        }
    }
}

async fn welcome(
    stream: TcpStream,
    acceptor: Option<TlsAcceptor>,
    hall: Arc<Hall>,
    permit: OwnedSemaphorePermit,
) {
    match acceptor {
        None => serve(stream, hall, permit).await,
        Some(acceptor) => {
            if let Ok(Ok(stream)) = timeout(TLS_HANDSHAKE, acceptor.accept(stream)).await {
                serve(stream, hall, permit).await;
            }
        }
    }
}

async fn serve<S>(stream: S, hall: Arc<Hall>, permit: OwnedSemaphorePermit)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut stop = hall.stop.clone();
    let permit = Arc::new(permit);
    let service = service_fn(move |request: Request<Incoming>| {
        let hall = Arc::clone(&hall);
        let permit = Arc::clone(&permit);
        async move { Ok::<_, Infallible>(gate::answer(hall, permit, request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS)
        .max_buf_size(HEADER_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    // Errors are the peer's: time-outs, malformed requests, broken connections.
    tokio::select! {
        _ = connection => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
}

impl Hall {
    /// A connection of a charge point is open; its number, and whether it takes the place of one that still is.
    fn enter(&self, point: &Arc<str>) -> (u64, bool) {
        let mut seats = self.seats();
        seats.connections += 1;
        let number = seats.connections;
        let before = seats.latest.insert(Arc::clone(point), (number, true));
        (number, before.is_some_and(|(_, open)| open))
    }

    /// It is closed; whether it was the latest one.
    fn leave(&self, point: &Arc<str>, number: u64) -> bool {
        let mut seats = self.seats();
        let latest = seats.latest.get_mut(point).filter(|(latest, _)| *latest == number);
        latest.map(|(_, open)| *open = false).is_some()
    }

    fn refused(&self, status: StatusCode) {
        if status != StatusCode::SWITCHING_PROTOCOLS {
            *self.seats().refused.entry(status.as_u16()).or_default() += 1;
        }
    }

    fn unreachable(&self, problem: &str) {
        let mut seats = self.seats();
        seats.unreachable += 1;
        if seats.unreachable == 1 {
            tracing::warn!(problem, "the central system cannot be reached");
        }
    }

    fn carried(&self) -> Carried {
        let seats = self.seats();
        let count = |it: &AtomicU64| it.load(Ordering::Relaxed);
        Carried {
            connections: seats.connections,
            points: seats.latest.len() as u64,
            from_points: count(&self.passed.from_points),
            to_points: count(&self.passed.to_points),
            binary: count(&self.passed.binary),
            unreadable: count(&self.passed.unreadable),
            refused: seats.refused.clone(),
            unreachable: seats.unreachable,
        }
    }

    fn seats(&self) -> MutexGuard<'_, Seats> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
