//! Registers that fall within a transaction, and transactions without values.

use std::collections::BTreeMap;

use super::draw::resolution;
use super::{Answer, Check, Finding, Kind};
use crate::time::{Span, Time};
use crate::trace::correlate::Asked;
use crate::trace::payload::Fields;

/// A register in thousandths and one in whole Wh may be rounded to neighbours, mWh.
const ROUNDING_MWH: i64 = 1500;

/// One in kWh with one decimal or more may be less than one in Wh by what was cut, mWh.
const CUT_MWH: i64 = 100_000;

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
    register_mwh: Option<i64>,
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
            register_mwh: asked.integer("meterStart").map(|wh| wh.saturating_mul(1000)),
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
            if let Some(register) = reading.energy_mwh {
                metered.reads(register, call.line, out);
            }
        }
    }

    fn stopped(&mut self, call: &Asked, out: &mut Vec<Finding>) {
        let fields = Fields::of(&call.body);
        let ended = fields.integer("transactionId").and_then(|id| self.running.remove(&id));
        let Some(mut metered) = ended else { return };
        if let Some(register) = fields.integer("meterStop") {
            metered.reads(register.saturating_mul(1000), call.line, out);
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
    fn reads(&mut self, register_mwh: i64, line: u64, out: &mut Vec<Finding>) {
        let cut = resolution(register_mwh).min(CUT_MWH) - 1;
        let least = |before: i64| before.saturating_sub(cut.max(ROUNDING_MWH));
        if let Some(before) = self.register_mwh.filter(|it| register_mwh < least(*it)) {
            let (from, to) = (wh(before), wh(register_mwh));
            let what = format!("the register falls from {from} Wh to {to} Wh");
            out.push(Kind::MeterBackwards.at(line, self.connector, what));
        }
        self.register_mwh = Some(register_mwh);
    }
}

/// Whole Wh, rounded to the nearest.
fn wh(mwh: i64) -> i64 {
    mwh.saturating_add(500).div_euclid(1000)
}
