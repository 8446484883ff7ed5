//! What bounds a start until its transaction has a limit of its own.
//!
//! - The TxDefaultProfile on connector 0, told at boot; the [gate](super::gate) lowers it when there
//!   is no room for it. Its form has a ladder of its own: what a session's limit needs beyond it,
//!   level and purpose, is no matter of its.
//! - Where a session takes its limit as a ChargePointMaxProfile alone, the TxDefaultProfile bounds it
//!   as well. So it follows that limit as long as the session runs.
//! - The limit that a session has left in a TxDefaultProfile of its connector, until it is cleared.
//!   Where that is refused, the bound of a start is put in its place, and follows it from then on.

use crate::csms::adapt::PATIENCE;
use crate::csms::answers::{Answer, backoff};
use crate::csms::config::Setpoint;
use crate::csms::event::{Binding, ProfileSent, Trigger};
use crate::csms::line::Order;
use crate::csms::manner::{Failure, Manner, Scope, Tried};
use crate::csms::point::{Connector, DefaultLimit, Point};
use crate::csms::timers::Key;
use crate::csms::trust;
use crate::csms::{Csms, PointIx, SiteIx};
use crate::ocpp::profile::Purpose;
use crate::time::Time;
use crate::units::Watts;

/// Failures to clear a limit that a session has left, after which it is replaced.
const CLEARING: u32 = 2;

impl Csms {
    /// The bound that a start should normally find: what the charge point may
    /// [fall back](super::fallback) to.
    pub(super) fn want_default_limit(&mut self, point: PointIx) {
        let state = &mut self.points[point.0];
        let site = &self.sites[state.site.0];
        state.default_limit.wanted = if site.ev_limit() == Watts::ZERO {
            // Where nothing may be drawn, no start may draw anything.
            Setpoint::ZERO
        } else {
            state.fallback.max(state.cap().unwrap_or_default()).min(state.hardware.full())
        };
        let default = &mut state.default_limit;
        if default.exhausted && default.is_settled() {
            // What is wanted now was taken before.
            default.exhausted = false;
            (default.refusals, default.denials) = (0, 0);
            default.retry_at = None;
            default.tried = Tried::default();
        }
    }

    /// What electric vehicles may draw at a site was something else before: where that is nothing, no
    /// start may draw anything.
    pub(super) fn bound_starts_anew(&mut self, now: Time, site: SiteIx, before: Watts) {
        let after = self.sites[site.0].ev_limit();
        if (before > Watts::ZERO) == (after > Watts::ZERO) {
            return;
        }
        for point in self.sites[site.0].points.clone() {
            self.want_default_limit(point);
            self.pump(now, point);
        }
    }

    /// Whether the TxDefaultProfile is to be told.
    pub(super) fn default_limit_due(&self, now: Time, point: PointIx) -> bool {
        let state = &self.points[point.0];
        let default = &state.default_limit;
        let waits = default.retry_at.is_some_and(|at| at > now);
        let known = default.confirmed.filter(|_| default.unknown.is_none());
        let raise = known.is_some_and(|known| known < default.wanted);
        if known == Some(default.wanted) || waits || raise && state.may_have_started() {
            return false;
        }
        // It may permit more to a session that has lost its own limit, be it with a boot, with its
        // lease, or unheard of yet.
        state.more_by_default() <= self.room_at(point, state.wired_phases(None)).floor_zero()
    }

    /// Tells the TxDefaultProfile.
    pub(super) fn send_default_limit(&mut self, now: Time, point: PointIx) {
        let number = self.next_profile_number();
        let state = &mut self.points[point.0];
        let hardware = state.hardware;
        let limit = state.default_limit.wanted;
        let known = state.default_limit.confirmed;
        let sent = ProfileSent {
            number,
            point,
            connector: 0,
            purpose: Purpose::TxDefaultProfile.name(),
            limit: hardware.watts(limit, hardware.phases),
            previous: known
                .map_or(hardware.max_power, |known| hardware.watts(known, hardware.phases)),
            trigger: if known.is_some() { Trigger::StartGate } else { Trigger::Boot },
            reason: Binding::StartBound,
        };
        state.default_limit.in_flight = Some(limit);
        state.default_limit.last_number = number;
        for active in state.connectors.iter_mut().filter_map(|c| c.active.as_mut()) {
            if !active.profiled && active.entry.standing() < limit {
                active.entry.doubt(limit);
            }
        }
        let manner = state.default_limit.manner;
        let profile = state.start_profile(limit, now);
        self.update_reserved(point);
        let order = Order::DefaultLimit { limit, number, manner };
        self.send_profile(now, point, 0, &profile, sent, order);
    }

    /// The TxDefaultProfile was taken or refused.
    pub(super) fn default_limit_answered(
        &mut self,
        now: Time,
        point: PointIx,
        &Answer { number, limit, manner, outcome, late, .. }: &Answer,
    ) {
        let state = &mut self.points[point.0];
        let default = &mut state.default_limit;
        if late && (number != default.last_number || default.unknown.is_none()) {
            return;
        }
        match outcome {
            Ok(()) => {
                default.confirmed = Some(limit);
                default.in_flight = None;
                default.unknown = None;
                (default.refusals, default.denials) = (0, 0);
                default.retry_at = None;
                default.exhausted = false;
                default.manner = manner;
                default.tried = Tried::default();
                if state.proven_manner.is_none() && state.tried.is_empty() {
                    // Sessions begin with what is known to be taken here.
                    let Manner { level, scope, .. } = state.manner;
                    state.manner = Manner { level, scope, ..manner };
                }
                self.clear_cap(point);
            }
            Err(failure) if !late => {
                default.in_flight = None;
                self.start_limit_failed(now, point, manner, failure);
            }
            Err(_) => {}
        }
        self.update_reserved(point);
        self.try_gate(now, point);
    }

    /// The TxDefaultProfile was not taken: in another form at once, or in the same later.
    pub(super) fn start_limit_failed(
        &mut self,
        now: Time,
        point: PointIx,
        manner: Manner,
        failure: Failure,
    ) {
        let state = &mut self.points[point.0];
        let (station, proven) = (state.station(), state.proven_manner.map(Manner::of_start));
        let default = &mut state.default_limit;
        let known_to_work = proven == Some(manner);
        default.refusals += 1;
        let refusals = default.refusals;
        let silent = failure == Failure::Silent;
        default.denials += u32::from(!silent);
        let spent = match (known_to_work, silent) {
            // Silence does not count against what is known to be taken.
            (true, false) => default.denials >= PATIENCE,
            (true, true) => refusals >= PATIENCE || default.exhausted,
            (false, _) => refusals > u32::from(silent) || default.exhausted,
        };
        if spent {
            let of_start = |rung: Manner| rung == rung.of_start();
            let next = default.tried.next(manner, failure, &station, of_start);
            let next = next.filter(|_| !(known_to_work && silent));
            if let Some(next) = next.filter(|_| !default.exhausted) {
                default.refusals = 0;
                default.retry_at = None;
                default.manner = next;
                return;
            }
            if next.is_none() {
                default.tried = Tried::default();
            }
            default.exhausted = true;
            default.manner = next.or(proven).unwrap_or_default();
        }
        if silent && !default.exhausted {
            // Drivers wait for it.
            return;
        }
        let at = now + backoff(refusals);
        default.retry_at = Some(at);
        self.timers.arm_by(Key::Retry(point), at);
    }

    /// The connector (index) where the bound of a start is to be put in the place of a limit that
    /// cannot be cleared.
    pub(super) fn left_limit_due(&self, now: Time, point: PointIx) -> Option<usize> {
        let state = &self.points[point.0];
        let wanted = state.default_limit.wanted;
        state.connectors.iter().position(|connector| {
            let waits = connector.clear_at.is_some_and(|at| at > now);
            let stays = !connector.may_be_cleared() && connector.active.is_none();
            let due = |left| left > wanted || left < wanted && !state.may_have_started();
            stays && !waits && connector.leftover.is_some_and(due)
        })
    }

    /// Puts the bound of a start in the place of a limit that cannot be cleared.
    pub(super) fn send_left_limit(&mut self, now: Time, point: PointIx, index: usize) {
        let number = self.next_profile_number();
        let state = &mut self.points[point.0];
        let (hardware, limit) = (state.hardware, state.default_limit.wanted);
        let (manner, profile) = state.left_profile(index, limit, now);
        let leftover = &mut state.connectors[index].leftover;
        let connector = index as u32 + 1;
        let sent = ProfileSent {
            number,
            point,
            connector,
            purpose: manner.scope.purpose().name(),
            limit: hardware.watts(limit, hardware.phases),
            previous: hardware.watts(leftover.unwrap_or_default(), hardware.phases),
            trigger: Trigger::StartGate,
            reason: Binding::StartBound,
        };
        *leftover = (*leftover).max(Some(limit));
        self.update_reserved(point);
        let order = Order::LeftLimit { connector: index, limit, number };
        self.send_profile(now, point, connector, &profile, sent, order);
    }

    /// That was taken or refused; `None`: not answered.
    pub(super) fn left_limit_answered(
        &mut self,
        now: Time,
        point: PointIx,
        (index, limit): (usize, Setpoint),
        outcome: Option<Result<(), Failure>>,
    ) {
        let connector = &mut self.points[point.0].connectors[index];
        if outcome == Some(Ok(())) {
            connector.leftover = Some(limit);
            connector.clear_at = None;
        } else {
            connector.clear_failures += 1;
            self.ask_to_clear_later(now, point, index);
        }
        self.update_reserved(point);
        self.try_gate(now, point);
    }

    /// A profile of ours may still be there; one that a session left is asked for again, or
    /// replaced.
    pub(super) fn clear_failed(&mut self, now: Time, point: PointIx, index: usize, scope: Scope) {
        let connector = &mut self.points[point.0].connectors[index];
        if scope == Scope::Connector && connector.left_behind().is_some() {
            connector.clear_failures += 1;
            if connector.may_be_cleared() || connector.active.is_some() {
                self.ask_to_clear_later(now, point, index);
            }
        }
    }

    fn ask_to_clear_later(&mut self, now: Time, point: PointIx, index: usize) {
        let connector = &mut self.points[point.0].connectors[index];
        let at = now + backoff(connector.clear_failures);
        connector.clear_at = Some(at);
        self.timers.arm_by(Key::Retry(point), at);
    }

    /// Asks again for what is due; when the next is.
    pub(super) fn clear_again(&mut self, now: Time, point: PointIx) -> Option<Time> {
        for index in 0..self.points[point.0].connectors.len() {
            let connector = &mut self.points[point.0].connectors[index];
            if connector.clear_at.take_if(|at| *at <= now).is_none() {
                continue;
            }
            let trusted = trust::excess(connector.distrust.as_deref()).is_none();
            let left = connector.active.as_ref().is_some_and(|active| active.leaves.is_some());
            if let Some(leftover) = connector.leftover {
                self.clear_leftover(point, index, leftover);
            } else if left && trusted {
                let order = Order::ClearLimit { connector: index, scope: Scope::Connector };
                self.points[point.0].line.want(order);
            }
        }
        self.points[point.0].connectors.iter().filter_map(|connector| connector.clear_at).min()
    }

    /// A session is over whose limit stays installed for the next one.
    pub(super) fn clear_leftover(&mut self, point: PointIx, index: usize, bound: Setpoint) {
        let state = &mut self.points[point.0];
        let leftover = &mut state.connectors[index].leftover;
        *leftover = (*leftover).max(Some(bound));
        state.line.want(Order::ClearLimit { connector: index, scope: Scope::Connector });
    }

    /// A ChargePointMaxProfile that is not needed any more would stay for good.
    pub(super) fn clear_cap(&mut self, point: PointIx) {
        let state = &mut self.points[point.0];
        if state.capped && state.may_go_without_cap() {
            state.line.want(Order::ClearLimit { connector: 0, scope: Scope::Station });
        }
    }
}

impl Point {
    /// The limit of the session here that a ChargePointMaxProfile holds, and goes on holding.
    fn cap(&self) -> Option<Setpoint> {
        let held = |at: usize| {
            let active = self.connectors[at].under_cap().filter(|active| active.gone.is_none())?;
            let stays = self.manner_at(at).scope == Scope::Station;
            stays.then(|| active.entry.confirmed())
        };
        (0..self.connectors.len()).find_map(held)
    }

    /// Nothing is held by a ChargePointMaxProfile alone.
    pub(super) fn may_go_without_cap(&self) -> bool {
        let needs = |at: usize| {
            self.manner_at(at).scope == Scope::Station || self.connectors[at].under_cap().is_some()
        };
        !(0..self.connectors.len()).any(needs) && self.default_limit.is_settled()
    }

    /// While a start is under way that was let in under a lower bound, the bound stays; nor does
    /// anybody know what has begun meanwhile before a connector that came back has said so.
    fn may_have_started(&self) -> bool {
        let unbounded = |connector: &Connector| match connector.present() {
            Some(active) => !active.profiled || connector.unsure_until.is_some(),
            None => connector.charges() || !connector.reported,
        };
        !self.start_slots.is_empty()
            || !self.waiting_cards.is_empty()
            || self.connectors.iter().any(unbounded)
    }
}

impl Connector {
    /// Clearing what a session leaves here has not failed too often.
    pub(super) fn may_be_cleared(&self) -> bool {
        self.clear_failures < CLEARING
    }
}

impl DefaultLimit {
    /// What is wanted is in force, and nothing else may be.
    pub(super) fn is_settled(&self) -> bool {
        self.confirmed == Some(self.wanted) && self.unknown.is_none() && self.in_flight.is_none()
    }
}
