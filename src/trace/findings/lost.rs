//! Values and ends of transactions whose beginning is nowhere.
//!
//! A trace may begin in the midst of a transaction. So a connector must have been free in it, after a
//! BootNotification, without a StartTransaction since: what then is told of a transaction nobody knows began with
//! frames that were lost. Ids of answers without calls are known, and so are those of charge points that could
//! never deliver a StartTransaction: -1 (errata 3.18).

use std::collections::{BTreeMap, BTreeSet};

use super::{Answer, Check, Finding, Kind};
use crate::trace::correlate::Asked;
use crate::trace::payload::Fields;
use crate::trace::record::Direction;

/// Ids that are remembered; the oldest are forgotten.
const REMEMBERED: usize = 1000;

/// What a charge point that could not deliver a StartTransaction calls its transaction (errata 3.18).
const NEVER_DELIVERED: i64 = -1;

#[derive(Debug, Default)]
pub(super) struct Lost {
    booted: bool,
    /// Whether a connector was free since the boot, and has had no StartTransaction since then.
    connectors: BTreeMap<i64, bool>,
    known: BTreeSet<i64>,
    in_order: std::collections::VecDeque<i64>,
    /// StartTransactions that have no id yet.
    nameless: u32,
}

impl Check for Lost {
    fn call(&mut self, call: &Asked, out: &mut Vec<Finding>) {
        if call.direction == Direction::ToPoint {
            return;
        }
        match &*call.action {
            "BootNotification" => self.booted = true,
            "StatusNotification" => self.status(call),
            "StartTransaction" => {
                self.nameless += 1;
                if let Some(connector) = Fields::of(&call.body).integer("connectorId") {
                    self.connectors.insert(connector, false);
                }
            }
            "StopTransaction" => self.stopped(call, out),
            "MeterValues" => self.sampled(call, out),
            _ => {}
        }
    }

    fn answer(&mut self, call: &Asked, answer: &Answer<'_>, _out: &mut Vec<Finding>) {
        if &*call.action == "StartTransaction" {
            self.named(answer);
        }
    }

    fn orphan(&mut self, answer: &Answer<'_>, _out: &mut Vec<Finding>) {
        self.named(answer);
    }
}

impl Lost {
    fn named(&mut self, answer: &Answer<'_>) {
        if let Some(id) = Fields::of(answer.record.body()).integer("transactionId") {
            self.nameless = self.nameless.saturating_sub(1);
            self.remember(id);
        }
    }

    fn remember(&mut self, id: i64) {
        if self.known.insert(id) {
            self.in_order.push_back(id);
        }
        if self.in_order.len() > REMEMBERED
            && let Some(oldest) = self.in_order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }

    fn status(&mut self, call: &Asked) {
        let fields = Fields::of(&call.body);
        let Some(connector) = fields.integer("connectorId").filter(|it| *it > 0) else { return };
        let free = fields.text("status").as_deref() == Some("Available");
        *self.connectors.entry(connector).or_default() |= free && self.booted;
    }

    fn sampled(&mut self, call: &Asked, out: &mut Vec<Finding>) {
        let Some(samples) = call.samples() else { return };
        // Without one charge points say 0, too.
        let Some(id) = samples.transaction.filter(|id| *id > 0) else { return };
        let was_free = self.connectors.get(&samples.connector) == Some(&true);
        if was_free && self.nameless == 0 && !self.known.contains(&id) {
            self.remember(id);
            let what = format!("a value of transaction {id}, whose beginning is not in the trace");
            out.push(Kind::DataLost.at(call.line, Some(samples.connector), what));
        }
    }

    fn stopped(&mut self, call: &Asked, out: &mut Vec<Finding>) {
        let Some(id) = Fields::of(&call.body).integer("transactionId") else { return };
        if id == NEVER_DELIVERED {
            let what =
                "a transaction ends whose StartTransaction could not be delivered".to_owned();
            out.push(Kind::DataLost.at(call.line, None, what));
            return;
        }
        let were_free = !self.connectors.is_empty() && self.connectors.values().all(|free| *free);
        if were_free && self.nameless == 0 && !self.known.contains(&id) {
            self.remember(id);
            let what = format!("transaction {id} ends, its beginning is not in the trace");
            out.push(Kind::DataLost.at(call.line, None, what));
        }
    }
}
