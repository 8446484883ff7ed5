//! Transactions that do not end, end at once, or end for an odd reason.

use std::collections::BTreeMap;

use super::{Answer, Check, Finding, Kind};
use crate::ocpp::types::StopReason;
use crate::time::{Span, Time};
use crate::trace::correlate::Asked;
use crate::trace::payload::Fields;

/// What ends before this is too short to have been meant.
const SHORT: Span = Span::from_s(60);

#[derive(Debug, Default)]
pub(super) struct Transactions {
    /// Those that run, by transaction id.
    running: BTreeMap<i64, Started>,
}

#[derive(Debug)]
struct Started {
    connector: Option<i64>,
    line: u64,
    at: Time,
}

impl Check for Transactions {
    fn call(&mut self, call: &Asked, out: &mut Vec<Finding>) {
        if &*call.action == "StopTransaction" {
            self.stopped(call, out);
        }
    }

    fn answer(&mut self, call: &Asked, answer: &Answer<'_>, out: &mut Vec<Finding>) {
        if &*call.action != "StartTransaction" {
            return;
        }
        let Some(id) = Fields::of(answer.record.body()).integer("transactionId") else { return };
        let asked = Fields::of(&call.body);
        let connector = asked.integer("connectorId");
        self.running.remove(&id);
        let before = connector
            .and_then(|_| self.running.iter().find(|(_, it)| it.connector == connector))
            .map(|(id, _)| *id);
        if let Some((before, started)) = before.and_then(|id| self.running.remove_entry(&id)) {
            let what = format!("transaction {before} has not ended when {id} begins");
            out.push(Kind::TransactionNeverStopped.at(started.line, connector, what));
        }
        let at = asked.instant("timestamp").unwrap_or(call.at);
        self.running.insert(id, Started { connector, line: call.line, at });
    }

    fn end(&mut self, _open: &[&Asked], _at: Time, out: &mut Vec<Finding>) {
        for (id, started) in &self.running {
            let what = format!("transaction {id} has not ended when the trace does");
            out.push(Kind::TransactionNeverStopped.at(started.line, started.connector, what));
        }
    }
}

impl Transactions {
    fn stopped(&mut self, call: &Asked, out: &mut Vec<Finding>) {
        let fields = Fields::of(&call.body);
        let started = fields.integer("transactionId").and_then(|id| self.running.remove(&id));
        let connector = started.as_ref().and_then(|it| it.connector);
        if let Some(reason) = fields.text("reason") {
            let kind = match StopReason::from_wire(&reason) {
                None => Some(Kind::InvalidStopReason),
                Some(StopReason::Local | StopReason::Remote | StopReason::EvDisconnected) => None,
                Some(_) => Some(Kind::UnusualStopReason),
            };
            let what = || format!("the transaction ended with the reason {reason}");
            out.extend(kind.map(|kind| kind.at(call.line, connector, what())));
        }
        if let Some(started) = started {
            let lasted = fields.instant("timestamp").unwrap_or(call.at).since(started.at);
            if lasted < SHORT {
                let what = format!("the transaction lasted {lasted}");
                out.push(Kind::ShortSession.at(call.line, connector, what));
            }
        }
    }
}
