//! Limits that end by themselves, so that a charge point nobody reaches any more does not keep what
//! it had (allocation.md §3, fail-safe).
//!
//! - A TxProfile is told with a `duration`, the lease, and told again at a third of it. When the
//!   line is gone it ends, and what bounds a start holds instead: the TxDefaultProfile, of which all
//!   charge points together fit the site ([`Fallback`](super::config::Fallback)).
//! - Before the earliest instant at which it may have ended, and from then on until it is told
//!   again, both may be in force; after the latest the larger one is given away.
//! - Some charge points ignore `duration`, and nothing that they do shows it in time. So it is
//!   believed only of kinds whose GetCompositeSchedule tells that the TxDefaultProfile follows the
//!   TxProfile; until then, and on others, limits are told without an end and stay reserved.
//! - Where a charge point was told limits too often, the lease is [longer](super::writes).
//! - Only Absolute TxProfiles have one, and only where the clock of the charge point is right.

use crate::csms::answers::backoff;
use crate::csms::config::Setpoint;
use crate::csms::event::{Event, Trigger};
use crate::csms::line::Order;
use crate::csms::manner::{Manner, Scope};
use crate::csms::point::Point;
use crate::csms::timers::Key;
use crate::csms::trust;
use crate::csms::{Csms, PointIx};
use crate::ocpp::action::Action;
use crate::ocpp::error::ErrorCode;
use crate::ocpp::messages::{ChargingSchedule, GetCompositeScheduleResponse};
use crate::ocpp::profile::{RateUnit, Tenths};
use crate::ocpp::types::GetCompositeScheduleStatus;
use crate::time::{Span, Time};

/// A right clock is this exact: a limit ends so much earlier or later.
const SKEW: Span = Span::from_s(60);
/// A lease is renewed after this part of it.
const PARTS: i64 = 3;
/// A composite schedule is looked at so long before and after the end of a lease.
const BESIDE: Span = Span::from_s(30);
/// How far a composite schedule is asked for beyond the end of a lease.
const BEYOND: Span = Span::from_s(600);
/// Attempts that came to nothing, after which a charge point is not asked again before it boots.
const ATTEMPTS: u8 = 3;

/// When a limit ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Term {
    /// By the clock of the charge point.
    nominal: Time,
}

impl Term {
    fn first(self) -> Time {
        self.nominal - SKEW
    }

    fn last(self) -> Time {
        self.nominal + SKEW
    }

    /// From its beginning, in whole seconds.
    pub(super) fn duration_s(self, start: Time) -> i64 {
        self.nominal.since(start).whole_s()
    }
}

/// When what may be in force at a session ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lease {
    /// The first and the last end of limits that have one.
    ends: Option<(Time, Time)>,
    /// A limit without an end may be in force.
    stays: bool,
    renew_at: Option<Time>,
    /// What bounds a start may be in force already.
    pub(crate) lapsing: bool,
}

impl Lease {
    /// Of an earlier process: it may have ended.
    pub(super) fn unknown() -> Lease {
        Lease { stays: true, lapsing: true, ..Lease::default() }
    }

    /// A limit leaves.
    fn sent(&mut self, term: Option<Term>, renew_at: Option<Time>) {
        match term {
            Some(term) => {
                let (first, last) = self.ends.unwrap_or((term.first(), term.last()));
                self.ends = Some((first.min(term.first()), last.max(term.last())));
            }
            None => self.stays = true,
        }
        self.renew_at = renew_at;
    }

    /// It was accepted: nothing else is in force.
    pub(super) fn accepted(&mut self, term: Option<Term>) {
        self.ends = term.map(|term| (term.first(), term.last()));
        self.stays = term.is_none();
        self.lapsing = false;
    }

    /// Somebody else's limit may be in force.
    pub(super) fn doubt(&mut self) {
        self.stays = true;
    }

    /// When everything has ended, unless something stays.
    pub(super) fn last_end(&self) -> Option<Time> {
        self.ends.filter(|_| !self.stays).map(|(_, last)| last)
    }

    fn next(&self) -> Option<Time> {
        let first = self.ends.filter(|_| !self.lapsing).map(|(first, _)| first);
        self.renew_at.into_iter().chain(first).chain(self.last_end()).min()
    }
}

/// Whether limits end when they are told to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ends {
    /// Not known; so often it was asked in vain.
    Untold(u8),
    /// They do.
    Yes,
    /// They do not, or nobody can tell.
    No,
}

impl Default for Ends {
    fn default() -> Ends {
        Ends::Untold(0)
    }
}

impl Csms {
    /// When a limit that is sent now to a connector (index) in this form ends.
    pub(super) fn term(
        &self,
        now: Time,
        point: PointIx,
        (index, manner): (usize, Manner),
    ) -> Option<Term> {
        let state = &self.points[point.0];
        let lease = state.lease_now(now, &self.sites[state.site.0].control)?;
        let active = state.connectors[index].active.as_ref();
        let believed = state.ends == Ends::Yes || active.is_some_and(|active| active.probes);
        (believed && state.may_end(index, manner)).then_some(Term { nominal: now + lease })
    }

    /// A limit leaves for a connector (index).
    pub(super) fn lease_sent(
        &mut self,
        now: Time,
        point: PointIx,
        index: usize,
        term: Option<Term>,
    ) {
        let state = &mut self.points[point.0];
        let lease = state.lease_now(now, &self.sites[state.site.0].control);
        let ends = state.ends == Ends::Yes;
        let Some(active) = state.connectors[index].active.as_mut() else { return };
        // Also what is told without an end for now, and what may still be in force with one.
        let renewed = ends || term.is_some() || active.lease.ends.is_some();
        let renew_at = lease.filter(|_| renewed).map(|lease| now + Span(lease.0 / PARTS));
        active.lease.sent(term, renew_at);
        self.watch_lease(point, index);
    }

    /// A limit was refused or not answered: if one that ends may be in force, it is told again soon.
    pub(super) fn lease_failed(&mut self, now: Time, point: PointIx, index: usize) {
        if self.points[point.0].connectors[index].active.as_ref().is_some_and(|a| a.probes) {
            return self.end_untold(now, point);
        }
        let active = self.points[point.0].connectors[index].active.as_mut();
        let Some(active) = active.filter(|a| a.lease.ends.is_some()) else { return };
        active.lease.renew_at = Some(now + backoff(active.refusals));
        self.watch_lease(point, index);
    }

    pub(super) fn watch_lease(&mut self, point: PointIx, index: usize) {
        let key = Key::Lease(point, index);
        let active = self.points[point.0].connectors[index].active.as_ref();
        match active.and_then(|active| active.lease.next()) {
            Some(at) => self.timers.arm(key, at),
            None => self.timers.disarm(key),
        }
    }

    /// Something about the lease of a session is due.
    pub(super) fn lease_due(&mut self, now: Time, point: PointIx, index: usize) {
        let state = &mut self.points[point.0];
        let online = state.line.online;
        let bound = state.start_bound_at(&state.connectors[index]);
        let settled = state.default_limit.confirmed.is_some();
        let (site, ends) = (state.site, state.ends);
        let Some(active) = state.connectors[index].active.as_mut() else { return };
        if active.gone.is_some() {
            return;
        }
        if active.lease.renew_at.is_some_and(|at| at <= now) {
            active.lease.renew_at = None;
            // Offline it is told again with the next connection.
            active.repush |= online && active.profiled && !active.exhausted;
        }
        let before = active.lease;
        if active.lease.ends.is_some_and(|(first, _)| first <= now) {
            active.lease.lapsing = true;
        }
        let lapsed = active.lease.last_end().is_some_and(|last| last <= now);
        let knows = ends == Ends::Yes && settled && !active.entry.is_in_flight();
        if lapsed && knows {
            // As if what bounds a start had been accepted now; the car follows within its time.
            active.entry.accepted(bound, now);
            active.offered_since = now;
            active.profiled = false;
            active.lease = Lease::default();
            let settle_max = self.sites[site.0].control.settle_max;
            self.timers.arm(Key::Settle(point, index), now + settle_max);
        } else if lapsed {
            active.lease.stays = true;
        }
        let changed = active.lease != before;
        self.watch_lease(point, index);
        if changed {
            let reserved = self.budgets[point.0].reserved;
            self.update_reserved(point);
            // Offline, what bounds a start has counted since the connection was lost.
            if (lapsed && knows) || self.budgets[point.0].reserved != reserved {
                self.emit(Event::LeaseEnded { point, connector: index as u32 + 1 });
                self.trigger(now, point, Trigger::Connection);
            }
        }
        self.pump(now, point);
    }

    /// With a new connection leases that were to be renewed meanwhile are renewed.
    pub(super) fn renew_leases(&mut self, point: PointIx) {
        for connector in self.points[point.0].connectors.iter_mut() {
            let Some(active) = connector.active.as_mut() else { continue };
            let ends = active.lease.ends.is_some() && active.lease.renew_at.is_none();
            active.repush |= ends && active.profiled && !active.exhausted;
        }
    }

    /// A session's limit was accepted: whether such limits end may be found out with it.
    pub(super) fn find_out_ends(&mut self, point: PointIx, index: usize, manner: Manner) {
        let state = &mut self.points[point.0];
        let leases = self.sites[state.site.0].control.lease.is_some();
        let Ends::Untold(_) = state.ends else { return };
        let probing = state.connectors.iter().filter_map(|connector| connector.active.as_ref());
        let ready = leases && state.may_end(index, manner) && state.default_limit.is_settled();
        if !ready || probing.into_iter().any(|active| active.probes) {
            return;
        }
        let bound = state.start_bound_at(&state.connectors[index]);
        let Some(active) = state.connectors[index].active.as_ref() else { return };
        let told = |limit| state.told(manner, limit).0;
        let differ = !alike(told(active.entry.confirmed()), told(bound));
        if let (Some(active), true) = (state.connectors[index].active.as_mut(), differ) {
            active.probes = true;
            active.repush = true;
        }
    }

    /// A limit that ends was accepted for the first time: does it end?
    pub(super) fn ask_ends(&mut self, point: PointIx, index: usize, term: Option<Term>) {
        let state = &mut self.points[point.0];
        let Some(active) = state.connectors[index].active.as_ref() else { return };
        if let (Some(term), true) = (term, active.probes) {
            let transaction_id = active.transaction_id;
            let limit = active.entry.confirmed();
            state.line.want(Order::AskEnd { connector: index, transaction_id, limit, term });
        }
    }

    /// What is asked: as far as some time beyond the end, in the unit of the limit.
    pub(super) fn end_query(&self, now: Time, point: PointIx, term: Term) -> (i64, RateUnit) {
        let state = &self.points[point.0];
        let unit = state.manner.unit(state.capabilities.unit);
        (term.duration_s(now) + BEYOND.whole_s(), unit)
    }

    /// The answer to that.
    pub(super) fn end_told(
        &mut self,
        now: Time,
        point: PointIx,
        (index, transaction_id, limit, term): (usize, i64, Setpoint, Term),
        answer: Result<&str, ErrorCode>,
    ) {
        let mut reader = std::mem::take(&mut self.reader);
        let read = answer.map(|payload| {
            reader.response::<GetCompositeScheduleResponse>(Action::GetCompositeSchedule, payload)
        });
        let mut verdict = Ends::No;
        if let Ok(Ok(read)) = read {
            self.note(&read.deviations);
            let state = &self.points[point.0];
            let connector = &state.connectors[index];
            let active = connector.active.as_ref();
            let same = active.is_some_and(|a| a.transaction_id == transaction_id && a.profiled);
            let bound = state.start_bound_at(connector);
            let told = |limit| state.told(state.manner_at(index), limit);
            let (whole, rest, unit) = (told(limit).0, told(bound).0, told(limit).1);
            let start = read.value.schedule_start.map_or(now, |start| start.0);
            let at = |instant: Time| {
                let schedule = read.value.charging_schedule.as_ref()?;
                let offset = instant.since(start).whole_s();
                limit_at(schedule, unit, offset)
            };
            let accepted = read.value.status == GetCompositeScheduleStatus::Accepted;
            let before = at(term.nominal - BESIDE).is_some_and(|told| alike(told, whole));
            let after = at(term.nominal + BESIDE).is_some_and(|told| alike(told, rest));
            verdict = match (accepted && before, same && state.default_limit.is_settled()) {
                (true, true) if after && !alike(whole, rest) => Ends::Yes,
                (_, false) => state.ends,
                _ => Ends::No,
            };
        }
        self.reader = reader;
        self.ends_known(now, point, verdict);
    }

    /// Nobody has answered.
    pub(super) fn end_untold(&mut self, now: Time, point: PointIx) {
        let verdict = match self.points[point.0].ends {
            Ends::Untold(attempts) if attempts + 1 < ATTEMPTS => Ends::Untold(attempts + 1),
            _ => Ends::No,
        };
        self.ends_known(now, point, verdict);
    }

    /// Whether limits end at a charge point is known now, and so for all of its kind.
    pub(super) fn ends_known(&mut self, now: Time, point: PointIx, verdict: Ends) {
        let state = &mut self.points[point.0];
        state.ends = verdict;
        for active in state.connectors.iter_mut().filter_map(|c| c.active.as_mut()) {
            // What was told with an end is told without one, where that is not believed.
            active.repush |= active.probes && verdict != Ends::Yes && active.lease.ends.is_some();
            active.probes = false;
        }
        let Some(breed) = state.breed.clone().filter(|_| !matches!(verdict, Ends::Untold(_)))
        else {
            return self.lease_sessions(now, point);
        };
        self.ends.insert(*breed.clone(), verdict);
        for other in (0..self.points.len()).map(PointIx) {
            let state = &mut self.points[other.0];
            let same = state.breed.as_deref() == Some(&*breed);
            if same && (other == point || matches!(state.ends, Ends::Untold(_))) {
                state.ends = verdict;
                self.lease_sessions(now, other);
            }
        }
    }

    /// Limits without an end are told with one, at the pace of renewals.
    fn lease_sessions(&mut self, now: Time, point: PointIx) {
        let state = &mut self.points[point.0];
        let Some(lease) = self.sites[state.site.0].control.lease else { return };
        if state.ends != Ends::Yes {
            return;
        }
        for index in 0..self.points[point.0].connectors.len() {
            let active = self.points[point.0].connectors[index].active.as_mut();
            let Some(active) = active.filter(|active| active.lease.renew_at.is_none()) else {
                continue;
            };
            active.lease.renew_at = Some(now + Span(lease.0 / PARTS));
            self.watch_lease(point, index);
        }
    }
}

impl Point {
    /// Whether a limit of a connector (index) in this form can be told to end, and by a clock that
    /// tells when.
    fn may_end(&self, index: usize, manner: Manner) -> bool {
        let trusted = trust::excess(self.connectors[index].distrust.as_deref()).is_none();
        let can_end = manner.scope == Scope::Transaction && !manner.relative;
        can_end && trusted && self.clock.is_right()
    }
}

/// The limit of a schedule so many seconds after its start.
fn limit_at(schedule: &ChargingSchedule, unit: RateUnit, offset_s: i64) -> Option<Tenths> {
    let mut periods = schedule.charging_schedule_period.iter();
    let period = periods.rfind(|period| period.start_period <= offset_s)?;
    let covered = schedule.duration.is_none_or(|duration| offset_s < duration);
    (schedule.charging_rate_unit == unit && covered).then_some(period.limit)
}

/// Within two percent, or a tenth: charge points round.
fn alike(a: Tenths, b: Tenths) -> bool {
    (a.0 - b.0).abs() <= (a.0.max(b.0) / 50).max(1)
}
