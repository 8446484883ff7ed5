//! The door: one TCP port for the REST API and for charge points (`/ocpp/{identity}`).
//!
//! Whatever is decided about a charge point is decided before its handshake is answered; after
//! that its frames go to the core and the core's frames to it. Nobody gets more memory, time or
//! connections than [`Limits`] says.

mod attempts;
mod budget;
mod certificate;
mod connection;
mod counters;
mod credentials;
mod endpoint;
mod identity;
mod options;
mod peers;
mod pump;
mod registry;
mod stage;
#[cfg(test)]
mod tests;
mod tls;
mod wire;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;

pub use counters::{Closed, Count, DoorCounters, Refused};
pub(in crate::shell) use identity::percent_decode;
pub use options::{DoorOptions, Limits, Security, TlsFiles};
pub use tls::TlsError;
pub(in crate::shell) use tls::acceptor;

use self::attempts::Attempts;
use self::endpoint::{Hall, Visitor};
use self::identity::Target;
use self::peers::{Peers, Permit};
use self::registry::Registry;
use self::stage::{Stage, Stages};
use self::wire::Wire;
use super::Handle;

/// Pause after the system refused to hand over a connection (no file descriptors left, say).
const BREATHER: Duration = Duration::from_millis(100);

/// The least that hyper works with; bodies are read through the same buffer.
const LEAST_BUFFER: usize = 16 * 1024;

/// Why the door cannot be opened.
#[derive(Debug, Error)]
pub enum DoorError {
    /// Everybody would be believed, everywhere.
    #[error(
        "security profile 0 believes everybody, so it is served on loopback addresses only, and \
         {0} is none; listen on 127.0.0.1 or use profile 1, 2 or 3"
    )]
    Unprotected(SocketAddr),
    /// The address cannot be had.
    #[error("cannot listen on {address}: {problem}; is another program listening there?")]
    Address {
        /// Which.
        address: SocketAddr,
        /// What the system says.
        problem: io::Error,
    },
    /// Certificates or keys.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// A listening port; connections wait until [`Door::run`].
pub struct Door {
    listener: TcpListener,
    address: SocketAddr,
    acceptor: Option<TlsAcceptor>,
    hall: Arc<Hall>,
}

impl Door {
    /// Listens on `address` (port 0: any free one).
    ///
    /// # Errors
    /// When the address cannot be had, a certificate or key cannot be used, or profile 0 is asked
    /// for on an address that others can reach.
    pub async fn bind(
        address: SocketAddr,
        options: DoorOptions,
        handle: Handle,
    ) -> Result<Door, DoorError> {
        if options.security == Security::None && !address.ip().is_loopback() {
            return Err(DoorError::Unprotected(address));
        }
        let acceptor = acceptor(&options.security)?;
        let refused = |problem| DoorError::Address { address, problem };
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let hall = Hall {
            attempts: Mutex::new(Attempts::new(options.limits.failures_per_minute)),
            registry: Mutex::new(Registry::new()),
            counters: Arc::default(),
            options,
            handle,
        };
        Ok(Door { listener, address, acceptor, hall: Arc::new(hall) })
    }

    /// Where it listens.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Connections are made by TLS (security profiles 2 and 3).
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.acceptor.is_some()
    }

    /// What it counts, from now on and after its end.
    #[must_use]
    pub fn counters(&self) -> Arc<DoorCounters> {
        Arc::clone(&self.hall.counters)
    }

    /// Serves until `shutdown`, then closes: no new connections, charge points are told 1001,
    /// requests have [`Limits::drain`] to end. `router` answers everything but `/ocpp/..`; it finds
    /// the peer's address as [`ConnectInfo`]`<SocketAddr>`.
    pub async fn run(self, router: Router, shutdown: impl Future<Output = ()>) {
        let Door { listener, acceptor, hall, .. } = self;
        let limits = hall.options.limits.clone();
        let router = router
            .layer(RequestBodyLimitLayer::new(limits.body_bytes))
            .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, limits.request));
        let peers = Arc::new(Peers::new(
            limits.connections,
            limits.connections_per_peer,
            Arc::clone(&hall.counters),
        ));
        let (stage, stages) = Stages::open();
        let reception = Reception { acceptor, hall, router, peers, stages };
        tokio::select! {
            () = reception.accept(&listener) => {}
            () = shutdown => {}
        }
        drop((listener, reception));
        close(&stage, limits.drain).await;
    }
}

/// Lets everything end, and drops what does not.
async fn close(stage: &watch::Sender<Stage>, patience: Duration) {
    stage.send_replace(Stage::Draining);
    if timeout(patience, stage.closed()).await.is_err() {
        stage.send_replace(Stage::Over);
        stage.closed().await;
    }
}

/// Takes connections.
struct Reception {
    acceptor: Option<TlsAcceptor>,
    hall: Arc<Hall>,
    router: Router,
    peers: Arc<Peers>,
    stages: Stages,
}

impl Reception {
    async fn accept(&self, listener: &TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, address)) => self.take(stream, address),
                Err(problem) => {
                    tracing::warn!(%problem, "no connection can be accepted");
                    sleep(BREATHER).await;
                }
            }
        }
    }

    fn take(&self, stream: TcpStream, address: SocketAddr) {
        let counters = &self.hall.counters;
        let Some(permit) = self.peers.enter(address.ip()) else {
            counters.refuse(Refused::Connections);
            tracing::debug!(peer = %address, "too many connections");
            return;
        };
        counters.accepted.add(1);
        // Answers are small and awaited; a socket that is gone already fails at the next step.
        let _ = stream.set_nodelay(true);
        let mut stages = self.stages.clone();
        let guest = Guest {
            address,
            hall: Arc::clone(&self.hall),
            router: self.router.clone(),
            stages: self.stages.clone(),
        };
        let acceptor = self.acceptor.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = guest.welcome(stream, acceptor, permit) => {}
                () = stages.over() => {}
            }
        });
    }
}

/// One TCP connection.
struct Guest {
    address: SocketAddr,
    hall: Arc<Hall>,
    router: Router,
    stages: Stages,
}

impl Guest {
    async fn welcome(self, stream: TcpStream, acceptor: Option<TlsAcceptor>, permit: Permit) {
        let patience = self.hall.options.limits.write_stall;
        let wire = Wire::new(stream, Arc::clone(&self.hall.counters), patience);
        let Some(acceptor) = acceptor else {
            return self.serve(wire, Arc::default(), permit).await;
        };
        let handshake = timeout(self.hall.options.limits.tls_handshake, acceptor.accept(wire));
        let Ok(Ok(stream)) = handshake.await else {
            self.hall.counters.refuse(Refused::Tls);
            tracing::debug!(peer = %self.address, "the TLS handshake failed");
            return;
        };
        let certificates = stream.get_ref().1.peer_certificates().unwrap_or_default();
        let names = certificates.first().map(|own| certificate::names(own)).unwrap_or_default();
        self.serve(stream, names.into(), permit).await;
    }

    async fn serve<S>(self, stream: S, names: Arc<[String]>, permit: Permit)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Guest { address, hall, router, mut stages } = self;
        let limits = hall.options.limits.clone();
        let permit = Arc::new(permit);
        let visitor = Visitor { address, names, _permit: permit, stages: stages.clone() };
        let service = service_fn(move |request| {
            answer(Arc::clone(&hall), router.clone(), visitor.clone(), request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.header_read)
            .max_headers(limits.headers)
            .max_header_size(limits.header_bytes)
            .max_buf_size(limits.header_bytes.max(LEAST_BUFFER))
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        tokio::pin!(connection);
        // Errors are the peer's: time-outs, malformed requests, broken connections.
        let ended = tokio::select! {
            ended = connection.as_mut() => Some(ended),
            () = stages.draining() => None,
        };
        if ended.is_none() {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

async fn answer(
    hall: Arc<Hall>,
    router: Router,
    visitor: Visitor,
    mut request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    match identity::target(request.uri().path()) {
        Target::Elsewhere => {
            request.extensions_mut().insert(ConnectInfo(visitor.address));
            router.oneshot(request.map(Body::new)).await
        }
        target => Ok(hall.answer(visitor, target, request).await),
    }
}
