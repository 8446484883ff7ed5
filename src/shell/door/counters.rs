//! What the door counts. Labels come from the enums here, never from a peer.

use std::sync::atomic::{AtomicU64, Ordering};

/// Why somebody was not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Too many connections, in total or from this address.
    Connections,
    /// The TLS handshake failed or took too long.
    Tls,
    /// Not a WebSocket request, or the URL holds no usable identity.
    Request,
    /// Credentials missing, wrong, or of nobody.
    Credentials,
    /// Too many failed authentications from this address.
    Attempts,
    /// No common subprotocol.
    Subprotocol,
    /// The identity is connected and answers.
    Duplicate,
    /// The central system or its store does not answer.
    Unavailable,
}

impl Refused {
    /// All causes, in the order of their declaration.
    pub const ALL: [Refused; 8] = [
        Refused::Connections,
        Refused::Tls,
        Refused::Request,
        Refused::Credentials,
        Refused::Attempts,
        Refused::Subprotocol,
        Refused::Duplicate,
        Refused::Unavailable,
    ];

    /// The value of a metric's label.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Refused::Connections => "connections",
            Refused::Tls => "tls",
            Refused::Request => "request",
            Refused::Credentials => "credentials",
            Refused::Attempts => "attempts",
            Refused::Subprotocol => "subprotocol",
            Refused::Duplicate => "duplicate",
            Refused::Unavailable => "unavailable",
        }
    }
}

/// Why a charge point's connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// The charge point closed it.
    Peer,
    /// It broke off.
    Lost,
    /// Nothing came for two and a half ping intervals.
    Silent,
    /// It did not take what was sent to it.
    Stalled,
    /// A message or frame was too long (1009).
    TooLong,
    /// A binary message (1003).
    Binary,
    /// A text message that is not UTF-8 (1007).
    NotText,
    /// Against the rules of WebSocket (1002).
    Malformed,
    /// More messages than allowed for too long (1008).
    Flood,
    /// A newer connection took its place (1008).
    Replaced,
    /// The charge point was removed or its key changed (1008).
    Dismissed,
    /// It took its frames too slowly (1013).
    TooSlow,
    /// The program ends (1001).
    Shutdown,
}

impl Closed {
    /// All causes, in the order of their declaration.
    pub const ALL: [Closed; 13] = [
        Closed::Peer,
        Closed::Lost,
        Closed::Silent,
        Closed::Stalled,
        Closed::TooLong,
        Closed::Binary,
        Closed::NotText,
        Closed::Malformed,
        Closed::Flood,
        Closed::Replaced,
        Closed::Dismissed,
        Closed::TooSlow,
        Closed::Shutdown,
    ];

    /// The value of a metric's label.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Closed::Peer => "peer",
            Closed::Lost => "lost",
            Closed::Silent => "silent",
            Closed::Stalled => "stalled",
            Closed::TooLong => "too_long",
            Closed::Binary => "binary",
            Closed::NotText => "not_text",
            Closed::Malformed => "malformed",
            Closed::Flood => "flood",
            Closed::Replaced => "replaced",
            Closed::Dismissed => "dismissed",
            Closed::TooSlow => "too_slow",
            Closed::Shutdown => "shutdown",
        }
    }
}

/// One number.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// Its value now.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    pub(super) fn subtract(&self, n: u64) {
        self.0.fetch_sub(n, Ordering::Relaxed);
    }
}

/// What the door counts.
#[derive(Debug, Default)]
pub struct DoorCounters {
    /// TCP connections taken since the start.
    pub accepted: Count,
    /// Open connections, WebSocket and other.
    pub open: Count,
    /// Connected charge points.
    pub charge_points: Count,
    /// OCPP messages received.
    pub frames_in: Count,
    /// OCPP messages sent.
    pub frames_out: Count,
    /// Bytes received on all connections (after TLS).
    pub bytes_in: Count,
    /// Bytes sent on all connections (before TLS).
    pub bytes_out: Count,
    refused: [Count; Refused::ALL.len()],
    closed: [Count; Closed::ALL.len()],
}

impl DoorCounters {
    /// How many were not let in for this cause.
    #[must_use]
    pub fn refused(&self, cause: Refused) -> u64 {
        self.refused[cause as usize].get()
    }

    /// How many connections of charge points ended for this cause.
    #[must_use]
    pub fn closed(&self, cause: Closed) -> u64 {
        self.closed[cause as usize].get()
    }

    pub(super) fn refuse(&self, cause: Refused) {
        self.refused[cause as usize].add(1);
    }

    pub(super) fn close(&self, cause: Closed) {
        self.closed[cause as usize].add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_has_a_place_and_a_label_of_its_own() {
        let counters = DoorCounters::default();
        for (place, cause) in Refused::ALL.into_iter().enumerate() {
            assert_eq!(cause as usize, place);
            counters.refuse(cause);
            assert_eq!(counters.refused(cause), 1, "{}", cause.label());
        }
        for (place, cause) in Closed::ALL.into_iter().enumerate() {
            assert_eq!(cause as usize, place);
            counters.close(cause);
            assert_eq!(counters.closed(cause), 1, "{}", cause.label());
        }
        let labels: std::collections::BTreeSet<&str> =
            Closed::ALL.iter().map(|cause| cause.label()).collect();
        assert_eq!(labels.len(), Closed::ALL.len());
    }
}
