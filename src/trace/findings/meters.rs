//! Registers that fall within a transaction, and transactions without values.

use std::collections::BTreeMap;

use super::{Answer, Check, Finding, Kind};
use crate::time::{Span, Time};
use crate::trace::correlate::Asked;
use crate::trace::payload::Fields;

/// A register in thousandths and one in whole Wh may be rounded to neighbours.
const ROUNDING_WH: i64 = 1;

/// What is shorter may end before its first sample.
const LONG: Span = Span::from_s(5 * 60);

#[derive(Debug, Default)]
pub(super) struct Meters {
    /// Transactions that run, by their id.
    running: BTreeMap<i64, Metered>,
}

#[derive(Debug)]
struct Metered {
    connector: Option<i64>,
    at: Time,
    register_wh: Option<i64>,
    /// Whether a meter value came.
    sampled: bool,
}

impl Check for Meters {
    fn call(&mut self, call: &Asked, out: &mut Vec<Finding>) {
        match &*call.action {
            "MeterValues" => self.sampled(call, out),
            "StopTransaction" => self.stopped(call, out),
            _ => {}
        }
    }

    fn answer(&mut self, call: &Asked, answer: &Answer<'_>, _out: &mut Vec<Finding>) {
        if &*call.action != "StartTransaction" {
            return;
        }
        let Some(id) = Fields::of(answer.record.body()).integer("transactionId") else { return };
        let asked = Fields::of(&call.body);
        let connector = asked.integer("connectorId");
        // What did not end is told elsewhere.
        self.running.retain(|_, other| connector.is_none() || other.connector != connector);
        let metered = Metered {
            connector,
            at: asked.instant("timestamp").unwrap_or(call.at),
            register_wh: asked.integer("meterStart"),
            sampled: false,
        };
        self.running.insert(id, metered);
    }
}

impl Meters {
    fn sampled(&mut self, call: &Asked, out: &mut Vec<Finding>) {
        let Some(samples) = call.samples() else { return };
        // Without a transaction it is the connector's clock that samples.
        let running = match samples.transaction {
            Some(id) => self.running.get_mut(&id),
            None => self.running.values_mut().find(|it| it.connector == Some(samples.connector)),
        };
        let Some(metered) = running else { return };
        metered.sampled = true;
        for (_, reading) in &samples.readings {
            if let Some(register) = reading.energy_wh {
                metered.reads(register, call.line, out);
            }
        }
    }

    fn stopped(&mut self, call: &Asked, out: &mut Vec<Finding>) {
        let fields = Fields::of(&call.body);
        let ended = fields.integer("transactionId").and_then(|id| self.running.remove(&id));
        let Some(mut metered) = ended else { return };
        if let Some(register) = fields.integer("meterStop") {
            metered.reads(register, call.line, out);
        }
        let lasted = fields.instant("timestamp").unwrap_or(call.at).since(metered.at);
        let in_the_end = fields.json("transactionData").is_some();
        if !metered.sampled && !in_the_end && lasted >= LONG {
            let what = format!("no meter value in {lasted}");
            out.push(Kind::MeterValuesMissing.at(call.line, metered.connector, what));
        }
    }
}

impl Metered {
    fn reads(&mut self, register_wh: i64, line: u64, out: &mut Vec<Finding>) {
        if let Some(before) = self.register_wh.filter(|it| register_wh < it - ROUNDING_WH) {
            let what = format!("the register falls from {before} Wh to {register_wh} Wh");
            out.push(Kind::MeterBackwards.at(line, self.connector, what));
        }
        self.register_wh = Some(register_wh);
    }
}
