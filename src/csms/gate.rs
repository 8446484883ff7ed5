//! The start gate: a card is accepted only when the start it allows cannot break the limit.
//!
//! Between Authorize and its first TxProfile a transaction is bounded by the TxDefaultProfile
//! alone. Either there is room for that bound now, and the room is reserved with the answer; or
//! the bound is lowered to nothing first, and the session begins paused until the control loop
//! finds room. A charge point that does not take its default limit starts nothing.

use crate::csms::commands::Dropped;
use crate::csms::config::Setpoint;
use crate::csms::event::Trigger;
use crate::csms::line::Order;
use crate::csms::point::{AskedBy, StartSlot, WaitingCard};
use crate::csms::timers::Key;
use crate::csms::{Csms, PointIx};
use crate::ocpp::messages::AuthorizeResponse;
use crate::ocpp::types::{AuthorizationStatus, IdTagInfo};
use crate::time::{Span, Time};

/// Cards beyond this many let in, or the connectors if they are more, take the room of the oldest:
/// a charge point cannot start more than it has connectors.
const MOST_SLOTS: usize = 16;
/// A driver waits this long for an answer at most.
const PATIENCE: Span = Span::from_s(10);
/// A station that is asked for its statuses has told them after this: two CALLs and their answers.
const ANSWERS: Span = Span::from_s(60);
/// One that is back has, although other messages wait.
pub(super) const REPORTS: Span = Span::from_s(120);

impl Csms {
    /// A driver presented a card.
    pub(super) fn present_card(&mut self, now: Time, point: PointIx, id: &str, id_tag: &str) {
        let status = self.card_status(id_tag);
        if status != AuthorizationStatus::Accepted {
            return self.answer_card(point, id, status);
        }
        // Asked again, because the answer was lost: the room is kept only once.
        let same = |slot: &StartSlot| slot.id_tag.eq_ignore_ascii_case(id_tag);
        let until = now + self.options.start_window;
        if let Some(slot) = self.points[point.0].start_slots.iter_mut().find(|slot| same(slot)) {
            slot.until = until;
            slot.remote = false;
            self.timers.arm_by(Key::Slots(point), until);
            return self.answer_card(point, id, AuthorizationStatus::Accepted);
        }
        let asked_by = AskedBy::Driver(id.to_owned());
        self.queue_at_gate(now, point, WaitingCard { asked_by, id_tag: id_tag.to_owned() });
    }

    /// Somebody wants a start.
    pub(super) fn queue_at_gate(&mut self, now: Time, point: PointIx, card: WaitingCard) {
        self.points[point.0].waiting_cards.push(card);
        self.timers.arm_by(Key::Gate(point), now + PATIENCE);
        self.try_gate(now, point);
    }

    /// Answers the cards that wait, as far as it is safe.
    pub(super) fn try_gate(&mut self, now: Time, point: PointIx) {
        while !self.points[point.0].waiting_cards.is_empty() {
            let state = &self.points[point.0];
            let default = &state.default_limit;
            // One that takes no bound in any form may start what the hardware can, if that fits.
            let settled = default.exhausted || default.confirmed.is_some();
            let settled = settled && default.in_flight.is_none();
            if !settled {
                return;
            }
            let need = state.need_of_a_start();
            let fits = need <= self.room_at(point, state.wired_phases(None));
            if !fits && state.start_bound() > Setpoint::ZERO {
                self.points[point.0].default_limit.wanted = Setpoint::ZERO;
                return self.pump(now, point);
            }
            let until = now + self.options.start_window;
            let state = &mut self.points[point.0];
            let WaitingCard { asked_by, id_tag } = state.waiting_cards.remove(0);
            let remote = matches!(asked_by, AskedBy::Operator(_));
            if state.start_slots.len() >= state.connectors.len().max(MOST_SLOTS) {
                state.start_slots.remove(0);
            }
            let slot = StartSlot { until, id_tag, remote, profiled: false, asked: false };
            state.start_slots.push(slot);
            self.timers.arm_by(Key::Slots(point), until);
            self.update_reserved(point);
            match asked_by {
                AskedBy::Driver(id) => {
                    self.answer_card(point, &id, AuthorizationStatus::Accepted);
                }
                AskedBy::Operator(command) => {
                    self.points[point.0].line.queue.push_back(Order::Command(command));
                }
            }
        }
        self.timers.disarm(Key::Gate(point));
    }

    /// The default limit was not taken in time: nobody may start here.
    pub(super) fn gate_expired(&mut self, now: Time, point: PointIx) {
        for card in std::mem::take(&mut self.points[point.0].waiting_cards) {
            match card.asked_by {
                AskedBy::Driver(id) => {
                    self.count("card refused: no room for a start".to_owned());
                    self.answer_card(point, &id, AuthorizationStatus::Blocked);
                }
                AskedBy::Operator(command) => {
                    self.command_dropped(point, *command, Dropped::NoRoomForAStart);
                }
            }
        }
        // A station that answers slowly has the lower bound when the driver tries again.
        if self.points[point.0].default_limit.in_flight != Some(Setpoint::ZERO) {
            self.want_default_limit(point);
        }
        self.pump(now, point);
    }

    /// Accepted cards whose transaction never began give their room back, but not while a car
    /// stands at a connector that prepares: its start may wait behind other messages of the
    /// station for as long as the line is bad. A station that gave its start up was charging all the
    /// time, so it is asked before the room is free.
    pub(super) fn expire_slots(&mut self, now: Time, point: PointIx) {
        let state = &mut self.points[point.0];
        let mut preparing = state.connectors.iter().filter(|c| c.prepares()).count();
        let before = state.start_slots.len();
        let mut ask = false;
        let online = state.line.online;
        state.start_slots.retain_mut(|slot| {
            let prepares = preparing > 0;
            preparing = preparing.saturating_sub(1);
            if slot.until <= now && !prepares && online && !slot.asked {
                (ask, slot.asked, slot.until) = (true, true, now + ANSWERS);
            }
            slot.until > now || prepares
        });
        let mut expired = state.start_slots.len() < before;
        for connector in state.connectors.iter_mut() {
            let over = |until: &mut Time| *until <= now;
            expired |= connector.unsure_until.take_if(over).is_some();
        }
        if ask {
            self.ask_connectors(point, false);
            self.pump(now, point);
        }
        let state = &self.points[point.0];
        let unsure = state.connectors.iter().filter_map(|connector| connector.unsure_until);
        let slots = state.start_slots.iter().map(|slot| slot.until);
        let next = slots.chain(unsure).filter(|until| *until > now);
        if let Some(next) = next.min() {
            self.timers.arm(Key::Slots(point), next);
        }
        if !expired {
            return;
        }
        self.trigger(now, point, Trigger::StartGate);
        self.want_default_limit(point);
        self.update_reserved(point);
        self.pump(now, point);
    }

    /// A connection is back: what began meanwhile is not known. Connectors without a transaction
    /// are taken to charge until they report, or have had the time to; others may have another one
    /// by now, until they show that they have not. Of a transaction from before
    /// a restart not even that is known whether its car is still there.
    pub(super) fn recheck(&mut self, now: Time, point: PointIx, restored: bool) {
        let until = now + REPORTS;
        let state = &mut self.points[point.0];
        let start_bound = state.start_bound();
        for connector in state.connectors.iter_mut() {
            connector.unsure_until = Some(until);
            let Some(active) = connector.active.as_mut() else { continue };
            if active.gone.is_some() {
                // What charges here from now on may be another car, under what bounds a start.
                active.entry.doubt(start_bound);
            } else if active.profiled && active.entry.standing() < start_bound {
                // Told again, its limit is certain.
                active.repush = true;
            }
        }
        self.ask_connectors(point, restored);
        self.timers.arm_by(Key::Slots(point), until);
    }

    /// Asks for the status of the connectors without a transaction, or of all.
    fn ask_connectors(&mut self, point: PointIx, all: bool) {
        let state = &mut self.points[point.0];
        for (connector, known) in state.connectors.iter().enumerate() {
            if all || known.present().is_none() {
                state.line.want(Order::TriggerStatus { connector });
            }
        }
    }

    fn answer_card(&mut self, point: PointIx, id: &str, status: AuthorizationStatus) {
        let id_tag_info = IdTagInfo { status, expiry_date: None, parent_id_tag: None };
        self.answer(point, id, &AuthorizeResponse { id_tag_info });
    }
}
