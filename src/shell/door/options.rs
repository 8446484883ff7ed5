//! What the door can be told.

use std::path::PathBuf;
use std::time::Duration;

/// How charge points prove who they are (OCPP 1.6 security whitepaper, ed. 3, §2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Security {
    /// Profile 0: whoever names an identity is believed. Only on a loopback address.
    None,
    /// Profile 1: HTTP Basic authentication over plain WebSocket.
    #[default]
    Basic,
    /// Profile 2: TLS 1.2 or later with Basic authentication.
    TlsBasic(TlsFiles),
    /// Profile 3: TLS with client certificates; a common name or a DNS name of the certificate is
    /// the identity. The REST API on the same port asks for no certificate.
    MutualTls {
        /// The server's own certificate and key.
        tls: TlsFiles,
        /// PEM file with the certificates that may sign client certificates.
        client_ca: PathBuf,
    },
}

/// The server's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// PEM file: the certificate, then the ones that lead to its root.
    pub chain: PathBuf,
    /// PEM file: the private key, not encrypted (PKCS #8, PKCS #1 or SEC 1).
    pub key: PathBuf,
}

/// Everything that can be set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoorOptions {
    /// How charge points prove who they are. Default: [`Security::Basic`].
    pub security: Security,
    /// How much anybody may take. Default: [`Limits::default`].
    pub limits: Limits,
    /// Takes a charge point that offers no subprotocol at all as `ocpp1.6` (Grizzl-E and others)
    /// instead of closing the connection. A foreign offer is closed in any case. Default: no.
    pub accept_without_subprotocol: bool,
    /// A connected charge point is pinged this often, and given up when nothing came from it for
    /// two and a half times as long. Default: 60 s.
    pub ping_interval: Duration,
    /// How long a connected charge point has to answer the ping that is sent when its identity
    /// connects a second time. Default: 5 s.
    pub probe_timeout: Duration,
}

impl Default for DoorOptions {
    fn default() -> DoorOptions {
        DoorOptions {
            security: Security::default(),
            limits: Limits::default(),
            accept_without_subprotocol: false,
            ping_interval: Duration::from_secs(60),
            probe_timeout: Duration::from_secs(5),
        }
    }
}

/// How much anybody may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Open connections, WebSocket and other. Default: 10,000.
    pub connections: usize,
    /// Open connections from one IP address; charge points behind one router share an address.
    /// Default: 2,000.
    pub connections_per_peer: usize,
    /// TLS handshake. Default: 10 s.
    pub tls_handshake: Duration,
    /// A request's headers, counted from when they are waited for: also how long a connection may
    /// idle between two requests. Default: 10 s.
    pub header_read: Duration,
    /// Header lines of a request. Default: 64.
    pub headers: usize,
    /// Request line and header lines together, bytes. Default: 16 KiB.
    pub header_bytes: usize,
    /// Body of an API request, bytes. Default: 1 MiB.
    pub body_bytes: usize,
    /// An API request from its last header to the head of its response. Default: 30 s.
    pub request: Duration,
    /// The longest a peer may take no byte of what is to be sent to it. Default: 20 s.
    pub write_stall: Duration,
    /// One OCPP message and one frame, bytes. Default: 64 KiB.
    pub message_bytes: usize,
    /// OCPP messages per second of one connection in the long run, 1... Default: 20.
    pub messages_per_second: u32,
    /// OCPP messages at once, 1... Default: 100.
    pub message_burst: u32,
    /// A connection is closed when it has kept sending without a pause, faster than allowed, for
    /// this long; until then it is slowed down. Default: 30 s.
    pub flood: Duration,
    /// Failed authentications per minute from one IP address (IPv6: from one /64) before it is
    /// answered 429; 0: without limit. Default: 20.
    pub failures_per_minute: u32,
    /// After the shutdown signal, time for open requests and connections to end. Default: 10 s.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connections: 10_000,
            connections_per_peer: 2_000,
            tls_handshake: Duration::from_secs(10),
            header_read: Duration::from_secs(10),
            headers: 64,
            header_bytes: 16 * 1024,
            body_bytes: 1024 * 1024,
            request: Duration::from_secs(30),
            write_stall: Duration::from_secs(20),
            message_bytes: 64 * 1024,
            messages_per_second: 20,
            message_burst: 100,
            flood: Duration::from_secs(30),
            failures_per_minute: 20,
            drain: Duration::from_secs(10),
        }
    }
}
