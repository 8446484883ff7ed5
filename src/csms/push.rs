//! The push protocol: decisions become limits at the chargers without ever exceeding the site.
//!
//! Decreases leave at once and in parallel. A raise leaves when the sum of everything that could
//! still be in force leaves room for it, in the strategy's order; no barrier, no batch. What is
//! sent is what is wanted at that moment: overtaken decisions are never sent. Source: the
//! reservation ledger of allocation.md §3.

use crate::charger::CurrentKind;
use crate::csms::config::{Control, Hardware, Setpoint};
use crate::csms::event::{Binding, Event, ProfileSent, Trigger};
use crate::csms::line::Order;
use crate::csms::manner::Scope;
use crate::csms::profiles;
use crate::csms::timers::Key;
use crate::csms::{Csms, PointIx, SiteIx};
use crate::ocpp::action::Action;
use crate::ocpp::frame;
use crate::ocpp::messages::{
    ChargingProfile, ClearChargingProfileRequest, GetCompositeScheduleRequest,
    GetConfigurationRequest, RemoteStopTransactionRequest, SetChargingProfileRequest,
    TriggerMessageRequest,
};
use crate::ocpp::profile::Profile;
use crate::ocpp::types::MessageTrigger;
use crate::time::{Span, Time};
use crate::units::Watts;

/// A raise that is blocked this long takes what room there is. Longer than a decrease usually
/// takes to be confirmed (`confirm_after` and a round trip), or every raise would come in two.
const PARTIAL_AFTER: Span = Span::from_s(12);

/// What became of an attempt to raise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Raise {
    /// Nothing (more) to raise.
    Done,
    /// The command left.
    Sent,
    /// The line is busy; when it is free, the attempt repeats by itself.
    Busy,
    /// Reserved room is missing; try when some is free, or partially at this time.
    Blocked(Time),
    /// Damped until then.
    Damped(Time),
}

/// What stands between a connector and a target above what it has accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prospect {
    /// Nothing: it has accepted its target, or there is none.
    AtTarget,
    /// So little is missing that it is not sent.
    Small,
    /// The line is busy or down, or a limit of an earlier process was not confirmed yet.
    Busy,
    /// A limit was refused; the next attempt is due then.
    Refused(Time),
    /// The next raise is allowed then.
    Interval(Time),
    /// The budget of writes lets it go then.
    Budget(Time),
    /// Reserved room is missing: the connector holds `held`, and `room` is free.
    Room { target: Setpoint, held: Watts, room: Watts },
    /// Nothing: it can be sent.
    Clear(Setpoint),
}

/// A raise below this is not sent.
fn dead_band(hardware: &Hardware, control: &Control) -> i64 {
    match hardware.kind {
        CurrentKind::Ac => control.raise_dead_band.to_current(hardware.voltage_v, 1).0,
        CurrentKind::Dc => control.raise_dead_band.0 * i64::from(hardware.phases),
    }
}

impl Csms {
    /// Sends what may be sent to a charge point now.
    pub(super) fn pump(&mut self, now: Time, point: PointIx) {
        if !self.points[point.0].registered || !self.points[point.0].line.is_free() {
            return;
        }
        if let Some((index, limit)) = self.next_decrease(now, point) {
            return self.send_tx_limit(now, point, index, limit);
        }
        // A limit in a unit that the station does not take would only be refused.
        let state = &mut self.points[point.0];
        let next = state.line.queue.front();
        if !state.capabilities.learned && next == Some(&Order::GetConfiguration) {
            state.line.queue.pop_front();
            return self.send_order(now, point, Order::GetConfiguration);
        }
        if self.default_limit_due(now, point) {
            return self.send_default_limit(now, point);
        }
        if let Some(index) = self.left_limit_due(now, point) {
            return self.send_left_limit(now, point, index);
        }
        if let Some(order) = self.points[point.0].line.queue.pop_front() {
            return self.send_order(now, point, order);
        }
        let site = self.points[point.0].site;
        for index in 0..self.points[point.0].connectors.len() {
            match self.try_raise(now, point, index) {
                Raise::Sent => return,
                Raise::Done | Raise::Busy => {}
                Raise::Damped(until) => self.timers.arm_by(Key::Raise(site), until),
                Raise::Blocked(until) => {
                    self.sites[site.0].blocked = true;
                    self.timers.arm_by(Key::Raise(site), until);
                }
            }
        }
    }

    /// A wait after a refusal is over.
    pub(super) fn retry(&mut self, now: Time, point: PointIx) {
        let clear = self.clear_again(now, point);
        self.pump(now, point);
        let state = &self.points[point.0];
        let connectors = state.connectors.iter().filter_map(|c| c.active.as_ref()?.retry_at);
        let next = connectors.chain(state.default_limit.retry_at).chain(clear);
        let next = next.filter(|at| *at > now).min();
        if let Some(next) = next {
            self.timers.arm_by(Key::Retry(point), next);
        }
    }

    /// The first connector that must go down, or whose transaction has no profile of its own yet.
    fn next_decrease(&self, now: Time, point: PointIx) -> Option<(usize, Setpoint)> {
        let connectors = self.points[point.0].connectors.iter().enumerate();
        connectors.into_iter().find_map(|(index, connector)| {
            // Whose car has left needs no limit, and one that stays would bound the next start.
            let active = connector.active.as_ref().filter(|active| active.gone.is_none())?;
            let target = self.points[point.0].tellable(index, active.next_limit()?);
            let waits = active.retry_at.is_some_and(|at| at > now);
            let standing = active.entry.standing();
            let down = target < standing;
            // A lower one that was not answered may be in force as well.
            let lower = active.entry.is_uncertain() && target == active.entry.confirmed();
            let again = active.repush || (!active.profiled || lower) && target == standing;
            let limit = target.min(if active.repush { standing } else { target });
            let sends = !waits && (down || again);
            sends.then(|| (index, limit.min(self.most_for_anybody(point, index))))
        })
    }

    /// The most that there is room for at a connector (index) where its limit would be that of
    /// another car as well, of which nobody knows on how many phases it charges.
    fn most_for_anybody(&self, point: PointIx, index: usize) -> Setpoint {
        let state = &self.points[point.0];
        let hardware = &state.hardware;
        if state.reserves_for(index).is_some() {
            return hardware.full();
        }
        let room = self.room_at(point, state.wired_phases(None)).floor_zero();
        let most = (state.room_of_limit(index) + room).floor_to(hardware.step(hardware.phases));
        state.tellable(index, hardware.setpoint(most, hardware.phases))
    }

    /// Raises as much as there is room for, in the order of the last decision. A raise stays on
    /// the list until its charger has accepted all of it: it may be sent in part, refused or lost.
    pub(super) fn raise(&mut self, now: Time, site: SiteIx) {
        if self.sites[site.0].raises.is_empty() {
            return;
        }
        let raises = std::mem::take(&mut self.sites[site.0].raises);
        let mut next = Time::NEVER;
        let mut blocked = false;
        let mut left = Vec::with_capacity(raises.len());
        for (point, index) in raises {
            match self.try_raise(now, point, index) {
                Raise::Done => continue,
                Raise::Sent | Raise::Busy => {}
                Raise::Damped(until) => next = next.min(until),
                Raise::Blocked(until) => {
                    blocked = true;
                    next = next.min(until);
                }
            }
            left.push((point, index));
        }
        let state = &mut self.sites[site.0];
        state.raises = left;
        state.blocked = blocked;
        if next < Time::NEVER {
            self.timers.arm(Key::Raise(site), next.max(now + Span::from_ms(1)));
        }
    }

    /// What stands between a connector and its target, as far as that is above what it has accepted.
    pub(super) fn prospect(&self, now: Time, point: PointIx, index: usize) -> Prospect {
        let state = &self.points[point.0];
        let (hardware, site) = (&state.hardware, &self.sites[state.site.0]);
        let active = state.connectors[index].active.as_ref();
        let Some(active) = active.filter(|active| active.gone.is_none()) else {
            return Prospect::AtTarget;
        };
        let Some(target) = active.target.map(|target| state.tellable(index, target)) else {
            return Prospect::AtTarget;
        };
        let confirmed = active.entry.confirmed();
        let control = &site.control;
        if target <= confirmed {
            return Prospect::AtTarget;
        }
        let resumes = confirmed == Setpoint::ZERO;
        // Before its first profile a session is bounded by the TxDefaultProfile, so there is
        // nothing yet that a small raise would disturb.
        if active.profiled && !resumes && target.0 - confirmed.0 < dead_band(hardware, control) {
            return Prospect::Small;
        }
        if !state.line.is_free() || active.reconfirm {
            return Prospect::Busy;
        }
        if let Some(retry) = active.retry_at.filter(|at| *at > now) {
            return Prospect::Refused(retry);
        }
        let allowed_at = active.calm.allowed_at(control.min_raise_interval).unwrap_or(now);
        if !resumes && allowed_at > now {
            return Prospect::Interval(allowed_at);
        }
        let affordable = state.raise_affordable_at(control, (confirmed, target));
        if let Some(at) = affordable.filter(|at| active.profiled && *at > now) {
            return Prospect::Budget(at);
        }
        let whose = state.reserves_for(index);
        let phases = state.phases_of(whose);
        let held = state.room_of_limit(index);
        let room = self.room_at(point, state.wired_phases(whose));
        let need = hardware.watts(target, phases) - held;
        if need <= room { Prospect::Clear(target) } else { Prospect::Room { target, held, room } }
    }

    fn try_raise(&mut self, now: Time, point: PointIx, index: usize) -> Raise {
        let (target, held, room) = match self.prospect(now, point, index) {
            Prospect::AtTarget | Prospect::Small => return Raise::Done,
            Prospect::Busy => return Raise::Busy,
            Prospect::Refused(until) | Prospect::Interval(until) | Prospect::Budget(until) => {
                return Raise::Damped(until);
            }
            Prospect::Clear(target) => {
                self.send_tx_limit(now, point, index, target);
                return Raise::Sent;
            }
            Prospect::Room { target, held, room } => (target, held, room),
        };
        let state = &self.points[point.0];
        let (hardware, site) = (state.hardware, &self.sites[state.site.0]);
        let Some(active) = state.connectors[index].active.as_ref() else { return Raise::Done };
        let phases = state.phases_of(state.reserves_for(index));
        let confirmed = active.entry.confirmed();
        let blocked_since = active.blocked_since.unwrap_or(now);
        let fitting = (held + room).floor_zero().floor_to(hardware.step(phases));
        let partial = state.tellable(index, hardware.setpoint(fitting, phases));
        let minimum = hardware.minimum(site.config.min_charge_rate, phases);
        let worth = partial < target
            && partial.0 - confirmed.0 >= dead_band(&hardware, &site.control)
            && hardware.watts(partial, phases) >= minimum.min(hardware.watts(target, phases));
        if worth && now.since(blocked_since) >= PARTIAL_AFTER {
            self.send_tx_limit(now, point, index, partial);
            return Raise::Sent;
        }
        if let Some(active) = self.points[point.0].connectors[index].active.as_mut() {
            active.blocked_since = Some(blocked_since);
        }
        // After the partial attempt only freed room helps, and that repeats the attempt by itself.
        let partial_at = blocked_since + PARTIAL_AFTER;
        Raise::Blocked(if partial_at > now { partial_at } else { Time::NEVER })
    }

    fn send_tx_limit(&mut self, now: Time, point: PointIx, index: usize, limit: Setpoint) {
        let number = self.next_profile_number();
        let manner = self.points[point.0].manner_at(index);
        let term = self.term(now, point, (index, manner));
        let state = &mut self.points[point.0];
        let hardware = state.hardware;
        let limit = state.tellable(index, limit);
        let Some(active) = state.connectors[index].active.as_mut() else { return };
        let phases = active.phases(&hardware);
        let partial = active.target.is_some_and(|target| limit < target);
        let again = active.repush && active.profiled && !active.exhausted;
        let renews = again && limit == active.entry.standing();
        let sent = ProfileSent {
            number,
            point,
            connector: index as u32 + 1,
            purpose: manner.scope.purpose().name(),
            limit: hardware.watts(limit, phases),
            previous: hardware.watts(active.entry.standing(), phases),
            trigger: if renews { Trigger::Renewal } else { active.trigger },
            reason: if partial { Binding::ReservedRoom } else { active.binding },
        };
        match manner.scope {
            // The TxProfile of before goes on overruling it until it is cleared.
            Scope::Connector if active.overrules => {
                active.beneath = active.beneath.max(Some(active.entry.bound()));
            }
            Scope::Transaction | Scope::Connector => {}
            Scope::Station => state.capped = true,
        }
        active.entry.sent(limit);
        active.last_number = number;
        active.blocked_since = None;
        active.repush = false;
        active.left = active.leaves;
        if manner.scope == Scope::Connector {
            active.leaves = active.leaves.max(Some(limit));
        }
        let transaction_id = active.transaction_id;
        let form = (index, manner, term);
        let (at, profile) = state.session_profile(form, transaction_id, limit, now);
        self.lease_sent(now, point, index, term);
        self.update_reserved(point);
        self.rebalance_sent(point, index, number);
        let order =
            Order::TxLimit { connector: index, transaction_id, limit, number, manner, term };
        self.send_profile(now, point, at, &profile, sent, order);
    }

    pub(super) fn send_profile(
        &mut self,
        now: Time,
        point: PointIx,
        connector: u32,
        profile: &Profile,
        sent: ProfileSent,
        order: Order,
    ) {
        let request = SetChargingProfileRequest {
            connector_id: connector,
            cs_charging_profiles: ChargingProfile::from(profile),
        };
        self.emit(Event::ProfileSent(sent));
        self.send_call(now, point, order, Action::SetChargingProfile, &request);
    }

    fn send_order(&mut self, now: Time, point: PointIx, order: Order) {
        match &order {
            Order::GetConfiguration => {
                let keys = KEYS_OF_INTEREST.iter().map(|key| (*key).into()).collect();
                let request = GetConfigurationRequest { key: Some(keys) };
                self.send_call(now, point, order, Action::GetConfiguration, &request);
            }
            Order::TriggerMeter { connector } => {
                let request = TriggerMessageRequest {
                    requested_message: MessageTrigger::MeterValues,
                    connector_id: Some(*connector as u32 + 1),
                };
                self.send_call(now, point, order, Action::TriggerMessage, &request);
            }
            Order::TriggerStatus { connector } => {
                let request = TriggerMessageRequest {
                    requested_message: MessageTrigger::StatusNotification,
                    connector_id: Some(*connector as u32 + 1),
                };
                self.send_call(now, point, order, Action::TriggerMessage, &request);
            }
            Order::ClearLimit { connector, scope } => {
                if !self.may_clear(point, *connector, *scope) {
                    return self.pump(now, point);
                }
                let id = Some(profiles::session_profile_id(*connector, *scope));
                let request = ClearChargingProfileRequest {
                    id,
                    connector_id: None,
                    charging_profile_purpose: None,
                    stack_level: None,
                };
                self.send_call(now, point, order, Action::ClearChargingProfile, &request);
            }
            Order::Stop { transaction_id } => {
                let request = RemoteStopTransactionRequest { transaction_id: *transaction_id };
                self.send_call(now, point, order, Action::RemoteStopTransaction, &request);
            }
            Order::AskEnd { connector, term, .. } => {
                let (duration, unit) = self.end_query(now, point, *term);
                let request = GetCompositeScheduleRequest {
                    connector_id: *connector as u32 + 1,
                    duration,
                    charging_rate_unit: Some(unit),
                };
                self.send_call(now, point, order, Action::GetCompositeSchedule, &request);
            }
            Order::Command(command) => self.send_command(now, point, (**command).clone()),
            Order::TxLimit { .. } | Order::LeftLimit { .. } | Order::DefaultLimit { .. } => {}
        }
    }

    pub(super) fn send_call(
        &mut self,
        now: Time,
        point: PointIx,
        order: Order,
        action: Action,
        payload: &impl serde::Serialize,
    ) {
        let state = &mut self.points[point.0];
        let control = &self.sites[state.site.0].control;
        let timeout = control.call_timeout;
        if action == Action::SetChargingProfile {
            state.writes.count(now, control.write_budget);
        }
        let id = state.line.begin(order);
        let mut text = String::with_capacity(384);
        frame::write_call(&mut text, &id, action, payload);
        self.timers.arm(Key::Call(point), now + timeout);
        self.send(point, text);
    }

    pub(super) fn next_profile_number(&mut self) -> u64 {
        self.profiles_sent += 1;
        self.profiles_sent
    }

    /// A hold ends by time; where a sample shows that the car has not followed yet, later.
    pub(super) fn settle(&mut self, now: Time, point: PointIx, index: usize) {
        let state = &mut self.points[point.0];
        let control = &self.sites[state.site.0].control;
        let patience = state.patience(&state.connectors[index], control);
        let settle_max = control.settle_max;
        let Some(active) = state.connectors[index].active.as_mut() else { return };
        let ended = active.entry.settle(now, patience);
        if let Some(oldest) = active.entry.oldest_hold() {
            let due = oldest + settle_max;
            let due = if due > now { due } else { now + settle_max };
            self.timers.arm(Key::Settle(point, index), due);
        }
        // Of one that nobody reaches the last sample tells nothing any more.
        if ended && self.points[point.0].line.online {
            self.judge_overdue(point, index);
        }
        self.update_reserved(point);
        if !self.points[point.0].line.online {
            // What it kept of the site's power is less now.
            self.trigger(now, point, Trigger::Connection);
        }
        let site = self.points[point.0].site;
        self.raise(now, site);
    }

    /// Somebody waits for room that a lowered car may have left already: ask its meter.
    pub(super) fn ask_for_meter(&mut self, now: Time, point: PointIx, index: usize) {
        let state = &mut self.points[point.0];
        let held = state.connectors[index]
            .active
            .as_ref()
            .is_some_and(|active| active.entry.oldest_hold().is_some());
        let wanted = held && self.sites[state.site.0].blocked;
        if wanted && state.line.want(Order::TriggerMeter { connector: index }) {
            self.pump(now, point);
        }
    }

    /// Recomputes what a charge point may and could draw, keeps the site's sum and lets waiting
    /// raises use what became free. Everything that changes either, or what decisions depend on,
    /// ends here.
    pub(super) fn update_reserved(&mut self, point: PointIx) {
        let state = &self.points[point.0];
        let worst_case = state.worst_case();
        let site = &mut self.sites[state.site.0];
        let budget = &mut self.budgets[point.0];
        site.reserved += worst_case - budget.reserved;
        let fell = worst_case < budget.reserved;
        site.freed |= fell && !site.raises.is_empty();
        budget.reserved = worst_case;
        budget.allocated = state.allocated();
        self.load_wires(point);
        self.tell_bounds(point);
        self.tell_compliance(point);
        self.tell_leftovers(point);
        self.tell_troubles(point);
        self.roster.touch(point);
        if fell {
            self.emit(Event::ReservationFell { point });
        }
    }
}

/// Configuration keys that decide how limits are sent.
const KEYS_OF_INTEREST: [&str; 4] = [
    "ChargeProfileMaxStackLevel",
    "ChargingScheduleAllowedChargingRateUnit",
    "NumberOfConnectors",
    "MeterValueSampleInterval",
];
