//! CALLs of the station on their way to the central system.
//!
//! One CALL is outstanding at a time (OCPP-J §4.1.1). Messages about transactions keep their
//! order, survive a lost link and are repeated (§3.7.1, errata 3.2 of OCPP-J); everything else is
//! dropped with the link and may overtake a transaction message that waits for its next attempt.

use crate::charger::lane::Lane;
use crate::charger::sample::push_scaled;
use crate::ocpp::action::Action;
use crate::ocpp::schema::check_request;
use crate::time::{Span, Time};

/// A message may be this much longer than the one before.
const GROWTH: usize = 32;

/// What a CALL is about, so that its answer finds its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    Boot,
    Heartbeat,
    /// Connector 0 is the station.
    Status {
        connector: u32,
    },
    /// Of one session: its serial number.
    Authorize {
        session: u64,
    },
    /// Of a card that would end this session.
    AuthorizeStop {
        session: u64,
    },
    Start {
        session: u64,
    },
    Stop,
    Meter,
    /// What only a station with quirks calls.
    Odd(Action),
    Diagnostics,
    Firmware,
    Log,
    SignedFirmware,
    SecurityEvent,
    SignCertificate,
}

impl About {
    pub(super) const fn action(self) -> Action {
        match self {
            About::Boot => Action::BootNotification,
            About::Heartbeat => Action::Heartbeat,
            About::Status { .. } => Action::StatusNotification,
            About::Authorize { .. } | About::AuthorizeStop { .. } => Action::Authorize,
            About::Start { .. } => Action::StartTransaction,
            About::Stop => Action::StopTransaction,
            About::Meter => Action::MeterValues,
            About::Odd(action) => action,
            About::Diagnostics => Action::DiagnosticsStatusNotification,
            About::Firmware => Action::FirmwareStatusNotification,
            About::Log => Action::LogStatusNotification,
            About::SignedFirmware => Action::SignedFirmwareStatusNotification,
            About::SecurityEvent => Action::SecurityEventNotification,
            About::SignCertificate => Action::SignCertificate,
        }
    }
}

/// Where a payload still lacks the transaction id of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gap {
    pub(super) session: u64,
    pub(super) at: usize,
}

/// A CALL without its message id.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) about: About,
    pub(super) payload: String,
    pub(super) gap: Option<Gap>,
    /// Attempts that failed.
    pub(super) attempts: u32,
    /// Survives a lost link and is repeated.
    pub(super) transactional: bool,
    order: u64,
}

/// How often and how soon a transaction message is repeated.
#[derive(Clone, Copy, Debug)]
pub(super) struct RetryPolicy {
    /// `TransactionMessageAttempts`.
    pub(super) attempts: i64,
    /// `TransactionMessageRetryInterval`.
    pub(super) interval: Span,
}

/// To whom an answer belongs.
#[derive(Debug)]
pub(super) enum Answered {
    /// The outstanding CALL.
    Current(Call),
    /// A CALL that was answered or given up before.
    Late,
    /// A message id this station never used.
    Unknown,
}

#[derive(Debug)]
struct Outstanding {
    id: u64,
    call: Call,
    deadline: Time,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    plain: Lane<Call>,
    transactional: Lane<Call>,
    retry_at: Option<Time>,
    outstanding: Option<Outstanding>,
    last_id: u64,
    last_order: u64,
    /// Length of the last payload delivered, a good guess for the next.
    usual_length: usize,
}

impl Outbox {
    /// Queues a message that is dropped when the link goes.
    pub(super) fn push(&mut self, about: About, payload: String) {
        let call = self.call(about, payload, None, false);
        self.plain.push_back(call);
    }

    /// Queues a message about a transaction.
    pub(super) fn push_transactional(&mut self, about: About, payload: String, gap: Option<Gap>) {
        let call = self.call(about, payload, gap, true);
        self.transactional.push_back(call);
    }

    fn call(&mut self, about: About, payload: String, gap: Option<Gap>, keep: bool) -> Call {
        self.last_order += 1;
        Call { about, payload, gap, attempts: 0, transactional: keep, order: self.last_order }
    }

    /// Whether there is anything to send at all; the answer is nearly always no.
    pub(super) fn is_waiting(&self) -> bool {
        self.outstanding.is_none() && !(self.plain.is_empty() && self.transactional.is_empty())
    }

    /// The text to send now, if any; it is outstanding from here on until `now + timeout`.
    pub(super) fn next(&mut self, now: Time, accepted: bool, timeout: Span) -> Option<String> {
        if self.outstanding.is_some() {
            return None;
        }
        let kept = self.transactional.front().filter(|_| accepted && self.is_due(now));
        let call = match (self.plain.front(), kept) {
            (Some(plain), Some(kept)) if plain.order > kept.order => self.transactional.pop_front(),
            (None, Some(_)) => self.transactional.pop_front(),
            _ => self.plain.pop_front(),
        }?;
        debug_assert!(
            check_request(call.about.action(), &call.payload).is_ok(),
            "{:?}: {}",
            call.about,
            call.payload
        );
        self.last_id += 1;
        let mut text = String::with_capacity(call.payload.len() + 48);
        text.push_str("[2,\"");
        push_hex(&mut text, self.last_id);
        text.push_str("\",\"");
        text.push_str(call.about.action().name());
        text.push_str("\",");
        text.push_str(&call.payload);
        text.push(']');
        self.outstanding = Some(Outstanding { id: self.last_id, call, deadline: now + timeout });
        Some(text)
    }

    fn is_due(&self, now: Time) -> bool {
        self.retry_at.is_none_or(|at| at <= now)
    }

    /// An answer with this message id arrived.
    pub(super) fn answer(&mut self, id: &str) -> Answered {
        let Some(number) = parse_hex(id) else { return Answered::Unknown };
        match self.outstanding.take_if(|outstanding| outstanding.id == number) {
            Some(outstanding) => Answered::Current(outstanding.call),
            None if number <= self.last_id => Answered::Late,
            None => Answered::Unknown,
        }
    }

    /// The outstanding CALL, if its time is over.
    pub(super) fn take_timed_out(&mut self, now: Time) -> Option<Call> {
        self.outstanding.take_if(|outstanding| outstanding.deadline <= now).map(|late| late.call)
    }

    /// The head of the transaction messages was delivered: the next may go at once.
    pub(super) fn delivered(&mut self, call: &Call) {
        if call.transactional {
            self.retry_at = None;
        }
        self.usual_length = call.payload.len();
    }

    /// A transaction message failed. Gives it back when it had its last attempt.
    pub(super) fn failed(
        &mut self,
        mut call: Call,
        now: Time,
        policy: RetryPolicy,
    ) -> Option<Call> {
        call.attempts += 1;
        if i64::from(call.attempts) >= policy.attempts {
            self.retry_at = None;
            return Some(call);
        }
        self.retry_at = Some(now + policy.interval * i64::from(call.attempts));
        self.transactional.push_front(call);
        None
    }

    /// Queues a CALL once more that is dropped when the link goes.
    pub(super) fn repeat(&mut self, mut call: Call) {
        call.attempts += 1;
        self.plain.push_back(call);
    }

    /// The link is gone: keeps what is about transactions, gives back the rest.
    pub(super) fn link_down(&mut self) -> Vec<Call> {
        let mut dropped: Vec<Call> = self.plain.take_all().collect();
        match self.outstanding.take().map(|outstanding| outstanding.call) {
            Some(call) if call.transactional => self.transactional.push_front(call),
            Some(call) => dropped.push(call),
            None => {}
        }
        dropped
    }

    /// The session's transaction has an id: fills it in wherever it is missing.
    pub(super) fn fill_gaps(&mut self, session: u64, transaction_id: i64) {
        let mut digits = String::new();
        push_scaled(&mut digits, transaction_id, 0);
        for call in self.transactional.iter_mut() {
            if let Some(gap) = call.gap.take_if(|gap| gap.session == session) {
                call.payload.insert_str(gap.at, &digits);
            }
        }
    }

    /// Whether a CALL of this kind waits in the queue or for its answer.
    pub(super) fn holds(&self, about: About) -> bool {
        let outstanding = self.outstanding.iter().map(|outstanding| &outstanding.call);
        self.plain.iter().chain(outstanding).any(|call| call.about == about)
    }

    /// Whether a CALL waits for its answer.
    pub(super) fn is_busy(&self) -> bool {
        self.outstanding.is_some()
    }

    /// Transaction messages not yet acknowledged.
    pub(super) fn undelivered(&self) -> usize {
        let outstanding = self.outstanding.iter().filter(|out| out.call.transactional).count();
        self.transactional.len() + outstanding
    }

    /// When `next` or `take_timed_out` has something to do.
    pub(super) fn poll_timeout(&self, accepted: bool) -> Time {
        match (&self.outstanding, self.retry_at) {
            (Some(outstanding), _) => outstanding.deadline,
            (None, Some(at)) if accepted && !self.transactional.is_empty() => at,
            _ => Time::NEVER,
        }
    }

    /// An empty text with room for the usual message. It is allocated anew because the memory
    /// that the fleet used last is in the cache, and what this station used last is not.
    pub(super) fn buffer(&self) -> String {
        String::with_capacity(self.usual_length + GROWTH)
    }
}

fn push_hex(out: &mut String, number: u64) {
    let digits = (64 - number.leading_zeros()).div_ceil(4).max(1);
    for place in (0..digits).rev() {
        let digit = (number >> (place * 4)) as u32 & 15;
        out.push(char::from_digit(digit, 16).unwrap_or('0'));
    }
}

/// Reads exactly what [`push_hex`] writes.
fn parse_hex(text: &str) -> Option<u64> {
    let canonical = !text.starts_with('0')
        && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if canonical { u64::from_str_radix(text, 16).ok() } else { None }
}
