//! Commands of operators on their way: queued like other orders, one CALL outstanding.
//!
//! A remote start passes the start gate like a card; one that brings a profile along, which our
//! default limit does not bound, needs room for all that the start could draw. A command that may
//! undo our limits first needs room for what could then be in force; once it has left, the limits
//! of the charge point are in doubt until they have been set anew, which follows by itself.

use serde_json::Value;
use serde_json::value::RawValue;

use crate::csms::command::{Command, Scope, Start};
use crate::csms::event::{Event, Outcome, Trigger};
use crate::csms::input::Refusal;
use crate::csms::line::Order;
use crate::csms::point::{AskedBy, StartSlot, WaitingCard};
use crate::csms::timers::Key;
use crate::csms::{Csms, PointIx};
use crate::ocpp::error::ErrorCode;
use crate::ocpp::types::AuthorizationStatus;
use crate::time::Time;

/// Commands that may wait for one charge point.
const MOST_WAITING: usize = 16;

/// Why a command was never sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dropped {
    ConnectionLost,
    Rebooted,
    NoRoomForAStart,
}

impl Csms {
    /// Queues a CALL of an operator.
    pub(super) fn command(
        &mut self,
        now: Time,
        point: PointIx,
        id: &str,
        action: &str,
        payload: &str,
    ) -> Result<(), Refusal> {
        let state = &self.points[point.0];
        let transactions = &self.transactions;
        let scope = Scope { now, at: point, point: state, transactions };
        let command = Command::check(id, action, payload, scope)?;
        let conflict = |text: String| Err(Refusal::Conflict(text));
        if !state.line.online {
            return conflict(format!("{} is not connected; wait until it is", state.id));
        }
        if !state.registered {
            return conflict(format!("{} has not booted yet; wait until it has", state.id));
        }
        let queued = state.line.queue.iter().filter(|order| matches!(order, Order::Command(_)));
        let cards = state.waiting_cards.iter();
        let gated = cards.filter(|card| matches!(card.asked_by, AskedBy::Operator(_)));
        if queued.count() + gated.count() >= MOST_WAITING {
            let text = "too many commands wait; wait for the end of one";
            return conflict(format!("{}: {text}", state.id));
        }
        if let Some(start) = command.starts.clone() {
            return self.remote_start(now, point, command, start);
        }
        if command.is_by_hand() {
            self.make_room_by_hand(point)?;
        }
        self.points[point.0].line.queue.push_back(Order::Command(Box::new(command)));
        self.pump(now, point);
        Ok(())
    }

    fn remote_start(
        &mut self,
        now: Time,
        point: PointIx,
        command: Command,
        start: Start,
    ) -> Result<(), Refusal> {
        let Start { id_tag, profiled } = start;
        let status = self.card_status(&id_tag);
        if status != AuthorizationStatus::Accepted {
            let text = format!("the card {id_tag} is {status:?}: nothing would start");
            return Err(Refusal::Conflict(text));
        }
        if profiled {
            self.make_room_for_profile(now, point, &id_tag)?;
        }
        let command = Box::new(command);
        if self.points[point.0].has_slot(&id_tag) {
            self.points[point.0].line.queue.push_back(Order::Command(command));
        } else {
            let asked_by = AskedBy::Operator(command);
            self.queue_at_gate(now, point, WaitingCard { asked_by, id_tag });
        }
        self.pump(now, point);
        Ok(())
    }

    /// Reserves what a start could draw that our default limit does not bound.
    fn make_room_for_profile(
        &mut self,
        now: Time,
        point: PointIx,
        id_tag: &str,
    ) -> Result<(), Refusal> {
        let until = now + self.options.start_window;
        let state = &mut self.points[point.0];
        let before = state.start_slots.clone();
        let same = |slot: &&mut StartSlot| slot.id_tag.eq_ignore_ascii_case(id_tag);
        match state.start_slots.iter_mut().find(same) {
            Some(slot) => slot.profiled = true,
            None => {
                let (id_tag, remote) = (id_tag.to_owned(), true);
                let slot = StartSlot { until, id_tag, remote, profiled: true, asked: false };
                state.start_slots.push(slot);
            }
        }
        let room = self.check_room(point);
        if room.is_err() {
            self.points[point.0].start_slots = before;
            return room;
        }
        self.timers.arm_by(Key::Slots(point), until);
        self.update_reserved(point);
        Ok(())
    }

    /// Reserves what could be drawn once a command has undone our limits.
    fn make_room_by_hand(&mut self, point: PointIx) -> Result<(), Refusal> {
        self.points[point.0].by_hand += 1;
        let room = self.check_room(point);
        if room.is_err() {
            self.points[point.0].by_hand -= 1;
            return room;
        }
        self.update_reserved(point);
        Ok(())
    }

    /// Whether the site has room for what a charge point could draw by now beyond what is
    /// reserved for it.
    fn check_room(&self, point: PointIx) -> Result<(), Refusal> {
        let state = &self.points[point.0];
        let more = state.worst_case() - self.budgets[point.0].reserved;
        let free = self.room_at(point, state.wired_phases(None)).floor_zero();
        if more <= free {
            return Ok(());
        }
        Err(Refusal::Conflict(format!(
            "{} could draw {} kW more until its limits are set anew, but only {} kW of the site \
             are free; stop a session or raise max_power_kw first",
            state.id,
            more.kw(),
            free.kw()
        )))
    }

    /// A command's turn has come.
    pub(super) fn send_command(&mut self, now: Time, point: PointIx, command: Command) {
        if let Some(Start { id_tag, .. }) = &command.starts {
            let until = now + self.options.start_window;
            let slots = &mut self.points[point.0].start_slots;
            let Some(slot) = slots.iter_mut().find(|slot| slot.id_tag.eq_ignore_ascii_case(id_tag))
            else {
                self.command_dropped(point, command, Dropped::NoRoomForAStart);
                return self.pump(now, point);
            };
            slot.until = until;
            self.timers.arm_by(Key::Slots(point), until);
        }
        if command.is_by_hand() {
            self.doubt_limits(point);
        }
        self.command_leaves(now, point, &command);
        match RawValue::from_string(command.payload.clone()) {
            Ok(payload) => {
                let action = command.action;
                self.send_call(now, point, Order::Command(Box::new(command)), action, &payload);
            }
            Err(_) => self.command_ended(point, command, Outcome::Error, String::new()),
        }
    }

    /// From now on anything may be in force, until our own limits have been accepted again; an
    /// answer to an earlier one, still to come, settles nothing.
    fn doubt_limits(&mut self, point: PointIx) {
        let state = &mut self.points[point.0];
        let full = state.hardware.full();
        state.by_hand -= 1;
        state.default_limit.unknown = Some(full);
        state.default_limit.last_number = 0;
        state.default_limit.retry_at = None;
        for active in state.connectors.iter_mut().filter_map(|connector| connector.active.as_mut())
        {
            active.entry.doubt(full);
            active.lease.doubt();
            active.last_number = 0;
            active.profiled = false;
            active.retry_at = None;
        }
        self.update_reserved(point);
    }

    /// A command was answered in time: with a payload, or the code of a CALLERROR.
    pub(super) fn command_answered(
        &mut self,
        now: Time,
        point: PointIx,
        command: &Command,
        answer: Result<&str, ErrorCode>,
    ) {
        let (outcome, told, text) = match answer {
            Err(code) => (Outcome::Error, Value::Null, code.to_string()),
            Ok(payload) => {
                let mut reader = std::mem::take(&mut self.reader);
                let read = reader.response::<Value>(command.action, payload);
                self.reader = reader;
                match read {
                    Ok(read) => {
                        self.note(&read.deviations);
                        // As it was understood: what is kept is what the action allows.
                        let text = read.value.to_string();
                        (command.outcome(&read.value), read.value, text)
                    }
                    Err(fault) => (Outcome::Error, Value::Null, fault.code.to_string()),
                }
            }
        };
        if outcome != Outcome::Accepted {
            self.give_back_start(now, point, command);
        }
        self.note_end(now, point, command, outcome, &told);
        self.command_ended(point, command.clone(), outcome, text);
    }

    /// A command was not answered in time.
    pub(super) fn command_timed_out(&mut self, now: Time, point: PointIx, command: Command) {
        self.note_end(now, point, &command, Outcome::TimedOut, &Value::Null);
        self.command_ended(point, command, Outcome::TimedOut, String::new());
    }

    /// A remote start that was refused starts nothing.
    fn give_back_start(&mut self, now: Time, point: PointIx, command: &Command) {
        let Some(Start { id_tag, .. }) = &command.starts else { return };
        let slots = &mut self.points[point.0].start_slots;
        let before = slots.len();
        slots.retain(|slot| !slot.remote || !slot.id_tag.eq_ignore_ascii_case(id_tag));
        if slots.len() < before {
            self.want_default_limit(point);
            self.update_reserved(point);
            self.trigger(now, point, Trigger::StartGate);
        }
    }

    /// Drivers and commands that wait for something that will not come any more. A boot ends the
    /// starts that wait, a lost connection everything.
    pub(super) fn drop_waiting(&mut self, point: PointIx, why: Dropped) {
        let state = &mut self.points[point.0];
        let mut ended = Vec::new();
        for card in std::mem::take(&mut state.waiting_cards) {
            if let AskedBy::Operator(command) = card.asked_by {
                ended.push(*command);
            }
        }
        let (dropped, kept) =
            std::mem::take(&mut state.line.queue).into_iter().partition(|order| {
                matches!(order, Order::Command(command)
                if why == Dropped::ConnectionLost || command.starts.is_some())
            });
        state.line.queue = kept;
        for order in dropped {
            if let Order::Command(command) = order {
                ended.push(*command);
            }
        }
        for command in ended {
            if command.is_by_hand() {
                self.points[point.0].by_hand -= 1;
            }
            self.command_dropped(point, command, why);
        }
    }

    /// A command ends without having been sent.
    pub(super) fn command_dropped(&mut self, point: PointIx, command: Command, why: Dropped) {
        self.command_ended(point, command, Outcome::Error, format!("{why:?}"));
    }

    fn command_ended(
        &mut self,
        point: PointIx,
        command: Command,
        outcome: Outcome,
        answer: String,
    ) {
        self.emit(Event::CommandEnded { point, command: command.id, outcome, answer });
    }
}
