//! Why a charge point has no connection, and what to do about it.

use std::fmt;
use std::time::Duration;

use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::error::{ProtocolError, TlsError};

/// Why a connection could not be made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Failure {
    /// No answer, refused, name unknown, ..: what the network says.
    Unreachable(String),
    /// No handshake within the time for it.
    TimedOut,
    /// The certificate of the central system is not trusted, or it speaks no TLS.
    Tls(String),
    /// The central system answered with this HTTP status instead of a WebSocket.
    Http(u16),
    /// It does not speak OCPP 1.6J.
    Protocol,
    /// Something that is no WebSocket handshake.
    NoWebSocket(String),
}

impl Failure {
    pub(super) fn of(error: &Error) -> Failure {
        match error {
            Error::Http(response) => Failure::Http(response.status().as_u16()),
            Error::Protocol(ProtocolError::SecWebSocketSubProtocolError(_)) => Failure::Protocol,
            Error::Tls(TlsError::Rustls(why)) => Failure::Tls(why.to_string()),
            Error::Tls(why) => Failure::Tls(why.to_string()),
            // tokio-rustls reports what is wrong with a certificate as invalid data.
            Error::Io(why) if why.kind() == std::io::ErrorKind::InvalidData => {
                Failure::Tls(why.to_string())
            }
            Error::Io(why) => Failure::Unreachable(why.to_string()),
            other => Failure::NoWebSocket(other.to_string()),
        }
    }

    /// Nothing gets better by itself: somebody has to act, at this end or at the other.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(self, Failure::Http(400..=499) | Failure::Protocol | Failure::Tls(_))
    }

    /// What failed, in a word or two that are the same for all charge points.
    #[must_use]
    pub fn kind(&self) -> String {
        match self {
            Failure::Unreachable(_) => "unreachable".to_owned(),
            Failure::TimedOut => "timed out".to_owned(),
            Failure::Tls(_) => "tls".to_owned(),
            Failure::Http(status) => format!("http {status}"),
            Failure::Protocol => "subprotocol".to_owned(),
            Failure::NoWebSocket(_) => "no websocket".to_owned(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Unreachable(why) => {
                write!(f, "cannot reach the central system ({why}): check --csms and that it runs")
            }
            Failure::TimedOut => {
                f.write_str("the central system did not finish the handshake in time")
            }
            Failure::Tls(why) => {
                write!(f, "no trusted TLS connection ({why}): give its certificate by --ca")
            }
            Failure::Http(401) => f.write_str(
                "the central system refused the password (HTTP 401): give the key of the charge \
                 point by --password or --passwords",
            ),
            Failure::Http(404) => f.write_str(
                "the central system does not know the charge point (HTTP 404): commission it \
                 there, or correct the path of --csms",
            ),
            Failure::Http(status) => {
                write!(f, "the central system refused the connection (HTTP {status})")
            }
            Failure::Protocol => f.write_str("the central system does not speak ocpp1.6"),
            Failure::NoWebSocket(why) => {
                write!(f, "what answers is no central system ({why}): check --csms")
            }
        }
    }
}

/// When to try again: the waits double from a second to a minute, each shortened or lengthened by
/// up to half at random, so that a fleet does not come back in one instant. It never ends (errata
/// 3.3 of OCPP-J).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct BackOff {
    failures: u32,
}

const LONGEST: Duration = Duration::from_secs(60);

impl BackOff {
    /// A connection proved good.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }

    /// The wait before the next attempt. `refused`: trying soon makes no sense. `random` is any
    /// number, all equally likely.
    pub(super) fn wait(&mut self, refused: bool, random: u64) -> Duration {
        let doubled = Duration::from_secs(1 << self.failures.min(6)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        let middle = if refused { LONGEST } else { doubled };
        middle.mul_f64(0.5 + (random >> 11) as f64 / (1_u64 << 53) as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_minute_and_never_end() {
        let mut back_off = BackOff::default();
        let middle = 1 << 63;
        let waits: Vec<u64> = (0..9).map(|_| back_off.wait(false, middle).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        back_off.reset();
        assert_eq!(back_off.wait(false, middle).as_secs(), 1);
        assert_eq!(back_off.wait(true, middle).as_secs(), 60, "a refusal is not asked for twice");
    }

    #[test]
    fn chance_spreads_a_wait_over_its_own_length() {
        let wait = |random| BackOff::default().wait(false, random);
        assert_eq!(wait(0), Duration::from_millis(500));
        assert!(wait(u64::MAX) > Duration::from_millis(1499));
        assert!(wait(u64::MAX) <= Duration::from_millis(1500));
    }

    #[test]
    fn refusals_name_their_remedy() {
        for (failure, remedy) in [
            (Failure::Http(401), "--password"),
            (Failure::Http(404), "commission"),
            (Failure::Tls("unknown issuer".to_owned()), "--ca"),
            (Failure::Protocol, "ocpp1.6"),
        ] {
            assert!(failure.is_refusal());
            assert!(failure.to_string().contains(remedy), "{failure}");
        }
        assert!(!Failure::Http(503).is_refusal(), "it may come back soon");
        assert!(!Failure::TimedOut.is_refusal());
    }
}
