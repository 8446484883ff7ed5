//! The push protocol: decisions become limits at the chargers without ever exceeding the site.
//!
//! Decreases leave at once and in parallel. A raise leaves when the sum of everything that could
//! still be in force leaves room for it, in the strategy's order; no barrier, no batch. What is
//! sent is what is wanted at that moment: overtaken decisions are never sent. Source: the
//! reservation ledger of allocation.md §3.

use crate::charger::CurrentKind;
use crate::csms::config::Setpoint;
use crate::csms::event::{Binding, Event, ProfileSent, Trigger};
use crate::csms::line::Order;
use crate::csms::point::Connector;
use crate::csms::timers::Key;
use crate::csms::{Csms, PointIx, SiteIx};
use crate::ocpp::action::Action;
use crate::ocpp::frame;
use crate::ocpp::messages::{
    ChargingProfile, GetConfigurationRequest, SetChargingProfileRequest, TriggerMessageRequest,
};
use crate::ocpp::profile::{Kind, Period, Profile, Purpose, RateUnit, Schedule, Tenths};
use crate::ocpp::types::MessageTrigger;
use crate::time::{Span, Time};
use crate::units::Watts;

/// A raise that is blocked this long takes what room there is. Longer than a decrease usually
/// takes to be confirmed (`confirm_after` and a round trip), or every raise would come in two.
const PARTIAL_AFTER: Span = Span::from_s(12);
/// Profile ids: one for the default limit, then one per connector, so that each replaces itself.
const DEFAULT_PROFILE_ID: i32 = 1;
const TX_PROFILE_ID: i32 = 100;
/// Absolute schedules begin a little in the past, so that a clock behind ours has begun them too.
const SCHEDULE_LEAD: Span = Span::from_s(60);

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
        self.pump(now, point);
        let state = &self.points[point.0];
        let connectors = state.connectors.iter().filter_map(|c| c.active.as_ref()?.retry_at);
        let next = connectors.chain(state.default_limit.retry_at).filter(|at| *at > now).min();
        if let Some(next) = next {
            self.timers.arm_by(Key::Retry(point), next);
        }
    }

    /// The first connector that must go down, or whose transaction has no profile of its own yet.
    fn next_decrease(&self, now: Time, point: PointIx) -> Option<(usize, Setpoint)> {
        let connectors = self.points[point.0].connectors.iter().enumerate();
        connectors.into_iter().find_map(|(index, connector)| {
            let active = connector.active.as_ref()?;
            let target = active.next_limit()?;
            let waits = active.retry_at.is_some_and(|at| at > now);
            let down = target < active.entry.standing();
            let unprofiled = !active.profiled && target == active.entry.standing();
            (!waits && (down || unprofiled)).then_some((index, target))
        })
    }

    fn default_limit_due(&self, now: Time, point: PointIx) -> bool {
        let state = &self.points[point.0];
        let default = &state.default_limit;
        let waits = default.retry_at.is_some_and(|at| at > now);
        let known = default.confirmed.filter(|_| default.unknown.is_none());
        let raise = known.is_some_and(|known| known < default.wanted);
        // While a start is under way that was let in under a lower bound, the bound stays; nor does
        // anybody know what has begun meanwhile before a connector that came back has said so.
        let unbounded = |connector: &Connector| match &connector.active {
            Some(active) => !active.profiled,
            None => connector.charges() || !connector.reported,
        };
        let pending = !state.start_slots.is_empty()
            || !state.waiting_cards.is_empty()
            || state.connectors.iter().any(unbounded);
        known != Some(default.wanted) && !waits && !(raise && pending)
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

    fn try_raise(&mut self, now: Time, point: PointIx, index: usize) -> Raise {
        let state = &self.points[point.0];
        let (hardware, site) = (state.hardware, &self.sites[state.site.0]);
        let Some(active) = state.connectors[index].active.as_ref() else { return Raise::Done };
        let Some(target) = active.target else { return Raise::Done };
        let confirmed = active.entry.confirmed();
        let control = &site.control;
        let dead_band = match hardware.kind {
            CurrentKind::Ac => control.raise_dead_band.to_current(hardware.voltage_v, 1).0,
            CurrentKind::Dc => control.raise_dead_band.0 * i64::from(hardware.phases),
        };
        let resumes = confirmed == Setpoint::ZERO;
        // Before its first profile a session is bounded by the TxDefaultProfile, so there is
        // nothing yet that a small raise would disturb.
        let small = active.profiled && !resumes && target.0 - confirmed.0 < dead_band;
        if target <= confirmed || small {
            return Raise::Done;
        }
        if !state.line.is_free() || active.reconfirm {
            return Raise::Busy;
        }
        if let Some(retry) = active.retry_at.filter(|at| *at > now) {
            return Raise::Damped(retry);
        }
        let allowed_at = active.last_raise.map_or(now, |last| last + control.min_raise_interval);
        if !resumes && allowed_at > now {
            return Raise::Damped(allowed_at);
        }
        let phases = active.phases(&hardware);
        let held = active.worst_case(&hardware);
        let room = site.config.ev_limit() - site.reserved;
        if hardware.watts(target, phases) - held <= room {
            self.send_tx_limit(now, point, index, target);
            return Raise::Sent;
        }
        let blocked_since = active.blocked_since.unwrap_or(now);
        let partial =
            hardware.setpoint((held + room).floor_zero().floor_to(hardware.step(phases)), phases);
        let minimum = hardware.minimum(site.config.min_charge_rate, phases);
        let worth = partial < target
            && partial.0 - confirmed.0 >= dead_band
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
        let state = &mut self.points[point.0];
        let hardware = state.hardware;
        let Some(active) = state.connectors[index].active.as_mut() else { return };
        let phases = active.phases(&hardware);
        let partial = active.target.is_some_and(|target| limit < target);
        let sent = ProfileSent {
            number,
            point,
            connector: index as u32 + 1,
            purpose: "TxProfile",
            limit: hardware.watts(limit, phases),
            previous: hardware.watts(active.entry.standing(), phases),
            trigger: active.trigger,
            reason: if partial { Binding::ReservedRoom } else { active.binding },
        };
        active.entry.sent(limit);
        active.last_number = number;
        active.blocked_since = None;
        let transaction_id = active.transaction_id;
        let profile = Profile {
            id: TX_PROFILE_ID + index as i32 + 1,
            transaction_id: Some(transaction_id),
            stack_level: state.capabilities.max_stack_level,
            purpose: Purpose::TxProfile,
            ..state.profile(limit, now)
        };
        self.update_reserved(point);
        self.rebalance_sent(point, index, number);
        self.send_profile(
            now,
            point,
            &profile,
            sent,
            Order::TxLimit { connector: index, transaction_id, limit, number },
        );
    }

    fn send_default_limit(&mut self, now: Time, point: PointIx) {
        let number = self.next_profile_number();
        let state = &mut self.points[point.0];
        let hardware = state.hardware;
        let limit = state.default_limit.wanted;
        let known = state.default_limit.confirmed;
        let sent = ProfileSent {
            number,
            point,
            connector: 0,
            purpose: "TxDefaultProfile",
            limit: hardware.watts(limit, hardware.phases),
            previous: known
                .map_or(hardware.max_power, |known| hardware.watts(known, hardware.phases)),
            trigger: if known.is_some() { Trigger::StartGate } else { Trigger::Boot },
            reason: Binding::StartBound,
        };
        state.default_limit.in_flight = Some(limit);
        state.default_limit.last_number = number;
        let profile = Profile {
            id: DEFAULT_PROFILE_ID,
            purpose: Purpose::TxDefaultProfile,
            ..state.profile(limit, now)
        };
        self.update_reserved(point);
        self.send_profile(now, point, &profile, sent, Order::DefaultLimit { limit, number });
    }

    fn send_profile(
        &mut self,
        now: Time,
        point: PointIx,
        profile: &Profile,
        sent: ProfileSent,
        order: Order,
    ) {
        let request = SetChargingProfileRequest {
            connector_id: sent.connector,
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
            Order::Command(command) => self.send_command(now, point, (**command).clone()),
            Order::TxLimit { .. } | Order::DefaultLimit { .. } => {}
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
        let timeout = self.sites[state.site.0].control.call_timeout;
        let id = state.line.begin(order);
        let mut text = String::with_capacity(384);
        frame::write_call(&mut text, &id, action, payload);
        self.timers.arm(Key::Call(point), now + timeout);
        self.send(point, text);
    }

    fn next_profile_number(&mut self) -> u64 {
        self.profiles_sent += 1;
        self.profiles_sent
    }

    /// A hold ends by time.
    pub(super) fn settle(&mut self, now: Time, point: PointIx, index: usize) {
        let state = &mut self.points[point.0];
        let settle_max = self.sites[state.site.0].control.settle_max;
        let Some(active) = state.connectors[index].active.as_mut() else { return };
        active.entry.settle(now, settle_max);
        if let Some(oldest) = active.entry.oldest_hold() {
            self.timers.arm(Key::Settle(point, index), oldest + settle_max);
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
        let order = Order::TriggerMeter { connector: index };
        if held && self.sites[state.site.0].blocked && !state.line.queue.contains(&order) {
            state.line.queue.push_back(order);
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
        self.tell_bounds(point);
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

impl super::point::Point {
    /// A profile skeleton with one unlimited-in-time period in the unit the charge point takes.
    /// DC limits are powers, AC limits currents; where the charge point allows only the other
    /// unit, the limit is converted at the nominal voltage on all phases, rounded down.
    fn profile(&self, limit: Setpoint, now: Time) -> Profile {
        let hardware = &self.hardware;
        let unit = self.capabilities.unit;
        let tenths = match (hardware.kind, unit) {
            (CurrentKind::Ac, RateUnit::A) => limit.0,
            (CurrentKind::Ac, RateUnit::W) => {
                limit.0 * hardware.voltage_v * i64::from(hardware.phases)
            }
            (CurrentKind::Dc, RateUnit::W) => limit.0 * 10,
            (CurrentKind::Dc, RateUnit::A) => {
                Watts(limit.0).to_current(hardware.voltage_v, hardware.phases).0
            }
        };
        // Watts are divided by the number of phases, and by three where none is given (errata 3.68).
        let in_watts = hardware.kind == CurrentKind::Ac && unit == RateUnit::W;
        let phases = in_watts.then_some(hardware.phases);
        let period = Period { start_s: 0, limit: Tenths(tenths), phases };
        Profile {
            id: 0,
            transaction_id: None,
            stack_level: 0,
            purpose: Purpose::TxDefaultProfile,
            kind: Kind::Absolute,
            recurrency: None,
            valid_from: None,
            valid_to: None,
            schedule: Schedule {
                duration_s: None,
                start: Some(now - SCHEDULE_LEAD),
                unit,
                periods: vec![period],
                min_rate: None,
            },
        }
    }
}
