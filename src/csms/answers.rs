//! What becomes of the CALLs that [`push`](super::push) sent: answered, refused, late or lost.

use std::cmp::Ordering;

use crate::csms::config::Setpoint;
use crate::csms::event::{Event, Outcome};
use crate::csms::lease::{Ends, Term};
use crate::csms::line::Order;
use crate::csms::manner::{Failure, Manner, Scope};
use crate::csms::timers::Key;
use crate::csms::{Csms, PointIx};
use crate::ocpp::action::Action;
use crate::ocpp::error::ErrorCode;
use crate::ocpp::messages::{
    ClearChargingProfileResponse, GetConfigurationResponse, SetChargingProfileResponse,
};
use crate::ocpp::profile::RateUnit;
use crate::ocpp::types::{ChargingProfileStatus, ClearChargingProfileStatus};
use crate::time::{Span, Time};

/// First wait after a refusal; it doubles up to [`RETRY_MAX`].
const RETRY: Span = Span::from_s(5);
/// Longest wait between tries.
const RETRY_MAX: Span = Span::from_s(300);
/// Timestamps on the wire are cut to whole seconds: what is to be stamped with an instant or later
/// is asked for this long after it.
const STAMP: Span = Span::from_s(1);

/// How a SetChargingProfile ended.
pub(super) struct Answer {
    pub(super) number: u64,
    pub(super) limit: Setpoint,
    pub(super) manner: Manner,
    pub(super) term: Option<Term>,
    pub(super) outcome: Result<(), Failure>,
    /// It came after it had been given up.
    pub(super) late: bool,
}

impl Csms {
    /// An answer to one of our CALLs: its payload, or the code of its CALLERROR.
    pub(super) fn answered(
        &mut self,
        now: Time,
        point: PointIx,
        id: &str,
        answer: Result<&str, ErrorCode>,
    ) {
        let Some((order, late)) = self.points[point.0].line.answered(id) else {
            self.ignored_answers += 1;
            return;
        };
        if !late {
            self.timers.disarm(Key::Call(point));
        }
        match order {
            Order::TxLimit { connector, transaction_id, limit, number, manner, term } => {
                let outcome = self.profile_outcome(number, answer, late);
                let answer = Answer { number, limit, manner, term, outcome, late };
                self.tx_limit_answered(now, point, connector, transaction_id, &answer);
                self.rebalance_answered(now, point, number);
            }
            Order::DefaultLimit { limit, number, manner } => {
                let outcome = self.profile_outcome(number, answer, late);
                let answer = Answer { number, limit, manner, term: None, outcome, late };
                self.default_limit_answered(now, point, &answer);
            }
            Order::LeftLimit { connector, limit, number } => {
                let outcome = self.profile_outcome(number, answer, late);
                if !late {
                    self.left_limit_answered(now, point, (connector, limit), Some(outcome));
                }
            }
            Order::ClearLimit { connector, scope } => {
                // Late, it may be older than a new limit.
                match self.is_cleared(answer) {
                    true if !late => self.limit_cleared(now, point, connector, scope),
                    false if !late => self.clear_failed(now, point, connector, scope),
                    _ => {}
                }
            }
            Order::GetConfiguration => {
                self.configuration_read(now, point, answer);
                self.learn_capabilities(point, answer);
            }
            Order::AskEnd { connector, transaction_id, limit, term } if !late => {
                let asked = (connector, transaction_id, limit, term);
                self.end_told(now, point, asked, answer);
            }
            Order::AskEnd { .. }
            | Order::TriggerMeter { .. }
            | Order::TriggerStatus { .. }
            | Order::Stop { .. } => {}
            Order::Command(command) if !late => {
                self.command_answered(now, point, &command, answer);
            }
            Order::Command(_) => {}
        }
    }

    fn profile_outcome(
        &mut self,
        number: u64,
        answer: Result<&str, ErrorCode>,
        late: bool,
    ) -> Result<(), Failure> {
        let mut reader = std::mem::take(&mut self.reader);
        let read = answer.map(|payload| {
            reader.response::<SetChargingProfileResponse>(Action::SetChargingProfile, payload)
        });
        let (outcome, result) = match read {
            Ok(Ok(read)) => {
                self.note(&read.deviations);
                match read.value.status {
                    ChargingProfileStatus::Accepted => (Outcome::Accepted, Ok(())),
                    ChargingProfileStatus::Rejected => (Outcome::Rejected, Err(Failure::Refused)),
                    ChargingProfileStatus::NotSupported => {
                        (Outcome::Rejected, Err(Failure::Unsupported))
                    }
                }
            }
            Err(ErrorCode::NotSupported | ErrorCode::NotImplemented) => {
                (Outcome::Error, Err(Failure::Unsupported))
            }
            Ok(Err(_)) | Err(_) => (Outcome::Error, Err(Failure::Refused)),
        };
        self.reader = reader;
        if !late {
            self.emit(Event::ProfileAnswered { number, outcome });
        }
        result
    }

    /// Whether a profile is gone; `Unknown` says that there was none.
    fn is_cleared(&mut self, answer: Result<&str, ErrorCode>) -> bool {
        let Ok(payload) = answer else { return false };
        let mut reader = std::mem::take(&mut self.reader);
        let read =
            reader.response::<ClearChargingProfileResponse>(Action::ClearChargingProfile, payload);
        let cleared = read.is_ok_and(|read| {
            self.note(&read.deviations);
            use ClearChargingProfileStatus::{Accepted, Unknown};
            matches!(read.value.status, Accepted | Unknown)
        });
        self.reader = reader;
        cleared
    }

    fn tx_limit_answered(
        &mut self,
        now: Time,
        point: PointIx,
        index: usize,
        transaction_id: i64,
        &Answer { number, limit, manner, term, outcome, late }: &Answer,
    ) {
        let state = &mut self.points[point.0];
        let (site, hardware) = (state.site, state.hardware);
        let control = &self.sites[site.0].control;
        let fallback = state.fallback_at(index);
        let connector = &mut state.connectors[index];
        let active = connector.active.as_mut();
        let Some(active) = active.filter(|active| active.transaction_id == transaction_id) else {
            return;
        };
        // A late answer settles something only when nothing was sent after its question.
        let stale = number != active.last_number || !active.entry.is_uncertain();
        if late && stale {
            return;
        }
        if let Err(failure) = outcome {
            if !late {
                active.entry.refused();
                // It is not installed, either.
                active.leaves = active.left;
                if active.probes {
                    // It was taken without an end.
                    self.ends_known(now, point, Ends::No);
                } else {
                    self.session_limit_failed(now, point, (index, manner, limit), failure);
                    self.lease_failed(now, point, index);
                }
            }
            return self.update_reserved(point);
        }
        if let Some(fallback) = fallback.filter(|fallback| *fallback > active.entry.standing()) {
            // That may have been in force until now.
            active.entry.doubt(fallback);
        }
        let before = active.entry.confirmed();
        let raised = limit > before;
        active.resumed |= active.profiled && before == Setpoint::ZERO && raised;
        if limit < before {
            // It does not only take again what it has.
            active.tries = 0;
        }
        // Told again it is the same offer, unless another one may have been in force.
        let is_new = limit != before || active.entry.standing() != before || !active.profiled;
        if is_new {
            active.offered_since = now;
        }
        active.entry.accepted(limit, now);
        if !late {
            // It holds for whoever charges there.
            connector.unsure_until = None;
        }
        active.lease.accepted(term);
        active.profiled = true;
        active.reconfirm = false;
        active.refusals = 0;
        active.denials = 0;
        active.retry_at = None;
        match limit.cmp(&before) {
            Ordering::Greater => active.calm.raised(now, control.min_raise_interval),
            Ordering::Less => active.calm.lowered(),
            Ordering::Equal => {}
        }
        let allocated = active.allocated(&hardware);
        let decided_at = active.aimed_at;
        if active.entry.oldest_hold() == Some(now) {
            self.timers.arm(Key::Settle(point, index), now + control.settle_max);
            self.timers.arm(Key::Confirm(point, index), now + control.confirm_after + STAMP);
        }
        if is_new {
            let connector = index as u32 + 1;
            self.emit(Event::LimitAccepted { point, connector, limit: allocated, decided_at });
        }
        self.session_limit_taken(now, point, index, manner);
        self.watch_lease(point, index);
        self.ask_ends(point, index, term);
        self.find_out_ends(point, index, manner);
        self.update_reserved(point);
        self.raise(now, site);
    }

    pub(super) fn call_timed_out(&mut self, now: Time, point: PointIx) {
        self.give_up_call(now, point);
        self.pump(now, point);
    }

    /// The outstanding CALL will not be answered in time; what it asked for may be in force.
    pub(super) fn give_up_call(&mut self, now: Time, point: PointIx) {
        let state = &mut self.points[point.0];
        let Some(order) = state.line.give_up() else { return };
        match order {
            Order::TxLimit { connector, transaction_id, limit, number, manner, .. } => {
                let active = state.connectors[connector].active.as_mut();
                if let Some(active) = active.filter(|a| a.transaction_id == transaction_id) {
                    active.entry.timed_out();
                    active.overrules |= manner.scope == Scope::Transaction;
                    self.limit_unanswered(now, point, (connector, manner, limit));
                    self.lease_failed(now, point, connector);
                }
                self.emit(Event::ProfileAnswered { number, outcome: Outcome::TimedOut });
                self.rebalance_answered(now, point, number);
            }
            Order::DefaultLimit { limit, number, manner } => {
                let default = &mut state.default_limit;
                default.in_flight = None;
                default.unknown = Some(default.unknown.map_or(limit, |known| known.max(limit)));
                if state.line.online {
                    self.start_limit_failed(now, point, manner, Failure::Silent);
                }
                self.emit(Event::ProfileAnswered { number, outcome: Outcome::TimedOut });
            }
            Order::LeftLimit { connector, limit, number } => {
                self.left_limit_answered(now, point, (connector, limit), None);
                self.emit(Event::ProfileAnswered { number, outcome: Outcome::TimedOut });
            }
            Order::Command(command) => self.command_timed_out(now, point, *command),
            Order::AskEnd { .. } => self.end_untold(now, point),
            Order::GetConfiguration
            | Order::TriggerMeter { .. }
            | Order::TriggerStatus { .. }
            | Order::Stop { .. } => {}
            Order::ClearLimit { connector, scope } => {
                self.clear_failed(now, point, connector, scope);
            }
        }
        self.update_reserved(point);
    }

    /// A session's limit was not answered: a lost connection says nothing about its form.
    fn limit_unanswered(&mut self, now: Time, point: PointIx, at: (usize, Manner, Setpoint)) {
        if self.points[point.0].line.online {
            return self.session_limit_failed(now, point, at, Failure::Silent);
        }
        let Some(active) = self.points[point.0].connectors[at.0].active.as_mut() else { return };
        active.refusals += 1;
        active.repush |= active.exhausted;
        let retry_at = now + backoff(active.refusals);
        active.retry_at = Some(retry_at);
        self.timers.arm_by(Key::Retry(point), retry_at);
    }

    fn learn_capabilities(&mut self, point: PointIx, answer: Result<&str, ErrorCode>) {
        let Ok(payload) = answer else { return };
        let mut reader = std::mem::take(&mut self.reader);
        let read =
            reader.response::<GetConfigurationResponse<'_>>(Action::GetConfiguration, payload);
        if let Ok(read) = read {
            self.note(&read.deviations);
            let known = read.value.configuration_key.unwrap_or_default();
            let state = &mut self.points[point.0];
            state.capabilities.learned = true;
            for entry in &known {
                let value = entry.value.as_deref().unwrap_or_default();
                if entry.key.eq_ignore_ascii_case("ChargeProfileMaxStackLevel") {
                    state.capabilities.max_stack_level = value.trim().parse().unwrap_or(0).max(0);
                }
                if entry.key.eq_ignore_ascii_case("MeterValueSampleInterval") {
                    state.capabilities.metered_s = value.trim().parse().unwrap_or(0).max(0);
                }
                if entry.key.eq_ignore_ascii_case("ChargingScheduleAllowedChargingRateUnit") {
                    state.capabilities.unit = rate_unit(value, state.capabilities.unit);
                }
            }
        }
        self.reader = reader;
    }
}

/// The wait after so many failures, 1..: 5 s, doubled up to 300 s.
pub(super) fn backoff(refusals: u32) -> Span {
    let doubled = RETRY * (1 << (refusals.clamp(1, 8) - 1));
    doubled.min(RETRY_MAX)
}

/// Reads the list of allowed units; "A" for "Current" occurs in the field (ocpp.md, Q30).
fn rate_unit(list: &str, usual: RateUnit) -> RateUnit {
    let has = |names: [&str; 2]| {
        list.split(',').any(|item| names.iter().any(|name| item.trim().eq_ignore_ascii_case(name)))
    };
    let (amps, watts) = (has(["Current", "A"]), has(["Power", "W"]));
    match (amps, watts) {
        (true, false) => RateUnit::A,
        (false, true) => RateUnit::W,
        _ => usual,
    }
}
