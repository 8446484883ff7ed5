//! The line to one charge point: what waits to be sent, what is on its way.
//!
//! OCPP-J allows one CALL outstanding per direction. Limits are not queued as messages: the
//! control loop keeps what it wants, and what leaves when the line is free is what is wanted
//! then, so an overtaken decision is never sent.

use std::collections::VecDeque;

use crate::csms::command::Command;
use crate::csms::config::Setpoint;
use crate::csms::lease::Term;
use crate::csms::manner::{Manner, Scope};

/// Late answers to this many timed-out CALLs are still understood.
const REMEMBERED: usize = 8;

/// A CALL of ours.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Order {
    /// A limit for a running transaction.
    TxLimit {
        connector: usize,
        transaction_id: i64,
        limit: Setpoint,
        number: u64,
        manner: Manner,
        term: Option<Term>,
    },
    /// Does a limit end?
    AskEnd { connector: usize, transaction_id: i64, limit: Setpoint, term: Term },
    /// The bound of a start in place of a session's limit that cannot be cleared.
    LeftLimit { connector: usize, limit: Setpoint, number: u64 },
    /// The default limit of the whole charge point.
    DefaultLimit { limit: Setpoint, number: u64, manner: Manner },
    /// A profile of ours that another form has replaced, or that outlived its session.
    ClearLimit { connector: usize, scope: Scope },
    /// The end of a transaction that nothing else keeps within the site's limit.
    Stop { transaction_id: i64 },
    /// What can it do?
    GetConfiguration,
    /// Meter values now, please.
    TriggerMeter { connector: usize },
    /// The status of a connector now, please.
    TriggerStatus { connector: usize },
    /// An operator's.
    Command(Box<Command>),
}

/// A CALL without its answer.
#[derive(Clone, Debug)]
pub(crate) struct Outstanding {
    pub(crate) id: String,
    pub(crate) order: Order,
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub(crate) struct Line {
    pub(crate) online: bool,
    /// The charge point has said nothing yet since it is back: it may have booted.
    pub(crate) unheard: bool,
    pub(crate) queue: VecDeque<Order>,
    outstanding: Option<Outstanding>,
    given_up: VecDeque<Outstanding>,
    calls: u64,
}

impl Line {
    /// A line whose message ids begin after `calls`.
    pub(crate) fn beginning_after(calls: u64) -> Line {
        Line { calls, ..Line::default() }
    }

    /// Queues an order, unless the same waits already; whether it was queued.
    pub(crate) fn want(&mut self, order: Order) -> bool {
        let is_new = !self.queue.contains(&order);
        if is_new {
            self.queue.push_back(order);
        }
        is_new
    }

    pub(crate) fn is_free(&self) -> bool {
        self.online && self.outstanding.is_none()
    }

    /// Registers a CALL that leaves now and returns its message id.
    pub(crate) fn begin(&mut self, order: Order) -> String {
        debug_assert!(self.is_free());
        self.calls += 1;
        let id = format!("a{}", self.calls);
        self.outstanding = Some(Outstanding { id: id.clone(), order });
        id
    }

    /// The order that an answer belongs to; the flag tells whether it came too late.
    pub(crate) fn answered(&mut self, id: &str) -> Option<(Order, bool)> {
        if self.outstanding.as_ref().is_some_and(|outstanding| outstanding.id == id) {
            return self.outstanding.take().map(|outstanding| (outstanding.order, false));
        }
        let late = self.given_up.iter().position(|outstanding| outstanding.id == id)?;
        self.given_up.remove(late).map(|outstanding| (outstanding.order, true))
    }

    /// Gives up on the outstanding CALL: timed out, or the connection is gone.
    pub(crate) fn give_up(&mut self) -> Option<Order> {
        let outstanding = self.outstanding.take()?;
        let order = outstanding.order.clone();
        if self.given_up.len() == REMEMBERED {
            self.given_up.pop_front();
        }
        self.given_up.push_back(outstanding);
        Some(order)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_answer_still_finds_its_order_once() {
        let mut line = Line { online: true, ..Line::default() };
        let id = line.begin(Order::GetConfiguration);
        assert!(!line.is_free());
        assert_eq!(line.give_up(), Some(Order::GetConfiguration));
        assert!(line.is_free());
        assert_eq!(line.answered(&id), Some((Order::GetConfiguration, true)));
        assert_eq!(line.answered(&id), None, "a duplicate answer means nothing");
        assert_eq!(line.answered("never sent"), None);
    }
}
