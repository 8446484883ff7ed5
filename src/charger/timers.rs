//! Everything that happens because time has passed, and what becomes of CALLs without an answer.

use crate::charger::connector::Phase;
use crate::charger::keys::KeyId;
use crate::charger::outbox::{About, Call, RetryPolicy};
use crate::charger::point::ChargePoint;
use crate::ocpp::types::{AuthorizationStatus, IdTagInfo};
use crate::time::Time;

/// How often a driver presents the card when the central system does not answer.
const AUTHORIZE_ATTEMPTS: u32 = 3;

/// Why a CALL failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// No answer within `MessageTimeout`.
    Silence,
    /// CALLERROR, or an answer nobody can read.
    Refusal,
}

impl ChargePoint {
    /// Does what is due at `now`.
    pub(super) fn run_timers(&mut self, now: Time) {
        self.run_power(now);
        if let Some(call) = self.outbox.take_timed_out(now) {
            self.counters.timed_out_calls += 1;
            self.on_failed(now, call, Failure::Silence);
        }
        if self.is_reachable() && self.boot_at <= now {
            self.boot_at = Time::NEVER;
            if !self.outbox.holds(About::Boot) {
                self.queue_boot();
            }
        }
        if self.is_connected() && self.heartbeat_at <= now {
            self.on_heartbeat_due(now);
        }
        for c in 0..self.connectors.len() {
            if self.connectors[c].remote.as_ref().is_some_and(|remote| remote.deadline <= now) {
                self.cancel_remote_start(now, c);
            }
        }
        if self.apply_at.min(self.limits_until) <= now {
            self.update_offers(now);
        }
        self.end_allowances(now);
        self.run_extras(now);
        self.run_samples(now);
        if self.oddity.is_some() {
            self.run_habits(now);
        }
    }

    /// A CALL failed: transaction messages are repeated by their policy, a card and a status that
    /// still counts are shown again, the rest is given up.
    pub(super) fn on_failed(&mut self, now: Time, call: Call, failure: Failure) {
        match call.about {
            _ if call.transactional => {
                let policy = RetryPolicy {
                    attempts: self.keys.int(KeyId::TransactionMessageAttempts),
                    interval: self.keys.span(KeyId::TransactionMessageRetryInterval),
                };
                if let Some(discarded) = self.outbox.failed(call, now, policy) {
                    self.counters.discarded_calls += 1;
                    if let About::Start { session } = discarded.about {
                        self.on_start_discarded(now, session);
                    }
                }
            }
            About::Boot => self.on_boot_failed(now),
            About::Authorize { session } => self.on_authorize_failed(now, session, call),
            About::Status { .. } if failure == Failure::Silence => self.repeat_status(call),
            about if failure == Failure::Refusal || self.is_last_attempt(&call) => {
                self.on_told(about);
            }
            About::Diagnostics
            | About::Firmware
            | About::Log
            | About::SignedFirmware
            | About::SecurityEvent => self.outbox.repeat(call),
            _ => {}
        }
    }

    fn on_authorize_failed(&mut self, now: Time, serial: u64, call: Call) {
        let session = self.session_index(serial).and_then(|c| self.connectors[c].session.as_ref());
        let asked = session.is_some_and(|session| matches!(session.phase, Phase::Authorizing));
        if !asked {
            return;
        }
        if call.attempts + 1 < AUTHORIZE_ATTEMPTS {
            self.outbox.repeat(call);
        } else {
            let unheard = IdTagInfo::status(AuthorizationStatus::Invalid);
            self.on_authorized(now, serial, &unheard);
        }
    }

    /// A lost status leaves the central system with a wrong picture: it is sent again unless a
    /// newer one waits already.
    fn repeat_status(&mut self, call: Call) {
        if !self.is_last_attempt(&call) && !self.outbox.holds(call.about) {
            self.outbox.repeat(call);
        }
    }

    fn is_last_attempt(&self, call: &Call) -> bool {
        i64::from(call.attempts) + 1 >= self.keys.int(KeyId::TransactionMessageAttempts)
    }
}
