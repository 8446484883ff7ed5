//! A trace -> what two traces are compared by: exchanges, transactions, limits over time, outcomes.

use std::collections::BTreeMap;

use serde_json::Value;

use super::limits::{LimitStep, Limits};
use super::metered::{Metered, Samples};
use super::script::{Framed, Role, Script, What};
use super::slot::Slot;
use crate::ocpp::frame::Frame;
use crate::time::Time;
use crate::trace::payload::Fields;
use crate::units::Watts;

/// What happened, charge point by charge point.
#[derive(Clone, Debug, Default)]
pub struct Story {
    /// By identity.
    pub points: BTreeMap<String, PointStory>,
    /// The first and the last instant.
    pub span: Option<(Time, Time)>,
    /// What electric vehicles may draw together at the first site, where the trace tells it; as it was at the
    /// beginning.
    pub ev_limit: Option<Watts>,
}

/// What happened at a charge point.
#[derive(Clone, Debug, Default)]
pub struct PointStory {
    /// Calls and their answers, in their order.
    pub exchanges: Vec<Exchange>,
    /// Transactions, in the order of their StartTransactions.
    pub transactions: Vec<Transaction>,
    /// By connector: the limit in force, as steps.
    pub limits: BTreeMap<u32, Vec<LimitStep>>,
    /// By connector: what the meter showed.
    pub samples: BTreeMap<u32, Samples>,
}

/// A call, and its answer if one came.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// What it is paired by.
    pub slot: Slot,
    /// When the call was seen.
    pub at: Time,
    /// Line of the call.
    pub line: u64,
    /// Its body; transactions of the trace are `"#0"`, `"#1"`, ..
    pub request: Value,
    /// `None`: nothing came.
    pub answer: Option<Answer>,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// When it was seen.
    pub at: Time,
    /// Its line.
    pub line: u64,
    /// Its body, as a request's; for a CALLERROR `{"errorCode": .., "errorDescription": ..}`.
    pub body: Value,
    /// Whether it is a CALLERROR.
    pub error: bool,
}

/// A transaction.
#[derive(Clone, Debug, Default)]
pub struct Transaction {
    /// Its number, if it was given one.
    pub id: Option<i64>,
    /// 1-based; 0 when StartTransaction names none.
    pub connector: u32,
    /// When it began, by the time of the trace.
    pub from: Time,
    /// When StopTransaction came.
    pub to: Option<Time>,
    /// Registers, Wh.
    pub meter_start_wh: Option<i64>,
    /// See `meter_start_wh`.
    pub meter_stop_wh: Option<i64>,
    /// The last register within the transaction, Wh.
    pub last_wh: Option<i64>,
}

impl Transaction {
    /// What was delivered, Wh; up to the last sample where the end is missing.
    #[must_use]
    pub fn energy_wh(&self) -> Option<i64> {
        Some(self.meter_stop_wh.or(self.last_wh)? - self.meter_start_wh?)
    }
}

impl Story {
    /// Of a trace.
    #[must_use]
    pub fn of(script: &Script) -> Story {
        let mut points: Vec<Teller> = script.points.iter().map(|_| Teller::default()).collect();
        for (index, step, frame) in script.frames() {
            points[frame.point].frame(script, index, step.at, step.line, frame);
        }
        let ev_limit = script.setup.as_ref().and_then(|it| it.sites.first());
        let ev_limit = ev_limit.map(|it| (it.config.max_power - it.config.reserve).floor_zero());
        let end = script.span().map_or(Time(0), |(_, to)| to);
        let told = script.points.iter().zip(points);
        Story {
            points: told.map(|(id, teller)| (id.to_string(), teller.finish(end))).collect(),
            span: script.span(),
            ev_limit,
        }
    }
}

/// Tells the story of one charge point.
#[derive(Default)]
struct Teller {
    story: PointStory,
    /// Place of an exchange, by the step of its call.
    place: BTreeMap<usize, usize>,
    /// Which transaction has a number, the latest.
    by_id: BTreeMap<i64, usize>,
    /// Which transaction the exchange in a place began.
    began: BTreeMap<usize, usize>,
    limits: Limits,
    metered: Metered,
}

impl Teller {
    fn frame(&mut self, script: &Script, step: usize, at: Time, line: u64, frame: &Framed) {
        let Ok(parsed) = Frame::parse(&frame.text) else { return };
        match (&frame.role, &parsed) {
            (Role::Call { slot, .. }, Frame::Call(call)) => {
                self.called(step, at, line, slot, call.payload);
            }
            (Role::Answer(asked), Frame::Result(result)) => {
                let asked = (*asked, payload(script, *asked));
                self.answered(asked, at, line, Ok(result.payload));
            }
            (Role::Answer(asked), Frame::Error(error)) => {
                let told = serde_json::json!({
                    "errorCode": error.code.to_string(),
                    "errorDescription": &*error.description,
                });
                self.answered((*asked, None), at, line, Err(told));
            }
            _ => {}
        }
    }

    fn called(&mut self, step: usize, at: Time, line: u64, slot: &Slot, payload: &str) {
        if slot.from_point {
            match &*slot.action {
                "StartTransaction" => self.starts(at, payload),
                "StopTransaction" => self.stops(at, slot, payload),
                "MeterValues" => {
                    let readings = self.metered.values(at, payload);
                    self.sampled(slot, &readings);
                }
                "BootNotification" => self.limits.booted(at),
                _ => {}
            }
        }
        let request = self.normal(payload);
        self.place.insert(step, self.story.exchanges.len());
        let exchange = Exchange { slot: slot.clone(), at, line, request, answer: None };
        self.story.exchanges.push(exchange);
    }

    fn answered(
        &mut self,
        (asked, request): (usize, Option<String>),
        at: Time,
        line: u64,
        body: Result<&str, Value>,
    ) {
        let Some(place) = self.place.get(&asked).copied() else { return };
        let slot = self.story.exchanges[place].slot.clone();
        if let (Ok(body), Some(request)) = (&body, &request) {
            match &*slot.action {
                "StartTransaction" => self.started(place, request, body),
                "SetChargingProfile" => self.limits.set(at, request, body),
                "ClearChargingProfile" => self.limits.cleared(at, request, body),
                "RemoteStartTransaction" => self.limits.remote_start(request, body),
                _ => {}
            }
        }
        let error = body.is_err();
        let body = body.map_or_else(|told| told, |body| self.normal(body));
        self.story.exchanges[place].answer = Some(Answer { at, line, body, error });
    }

    fn starts(&mut self, at: Time, payload: &str) {
        let fields = Fields::of(payload);
        let connector = fields.integer("connectorId").unwrap_or(0).clamp(0, 1 << 16) as u32;
        self.began.insert(self.story.exchanges.len(), self.story.transactions.len());
        self.story.transactions.push(Transaction {
            connector,
            from: at,
            meter_start_wh: fields.integer("meterStart"),
            ..Transaction::default()
        });
        self.limits.starts(at, connector);
    }

    fn started(&mut self, place: usize, request: &str, body: &str) {
        let id = Fields::of(body).integer("transactionId");
        let Some(count) = self.began.remove(&place) else { return };
        let connector = Fields::of(request).integer("connectorId");
        if let (Some(id), Some(transaction)) = (id, self.story.transactions.get_mut(count)) {
            transaction.id = Some(id);
            self.by_id.insert(id, count);
            self.limits.named(connector.unwrap_or(0).clamp(0, 1 << 16) as u32, id);
        }
    }

    fn stops(&mut self, at: Time, slot: &Slot, payload: &str) {
        let Some(count) = slot.transaction else { return };
        let Some(transaction) = self.story.transactions.get_mut(count) else { return };
        transaction.to = Some(at);
        let stop = Fields::of(payload).integer("meterStop");
        transaction.meter_stop_wh = stop;
        let connector = transaction.connector;
        self.limits.stops(at, connector);
        self.story.samples.entry(connector).or_default().ends(at);
    }

    fn sampled(&mut self, slot: &Slot, readings: &[super::metered::Reading]) {
        let connector = slot.connector.unwrap_or(0).clamp(0, 1 << 16) as u32;
        let samples = self.story.samples.entry(connector).or_default();
        for reading in readings {
            samples.take(reading);
            if let (Some(register), Some(count)) = (reading.register_wh, slot.transaction)
                && let Some(transaction) = self.story.transactions.get_mut(count)
            {
                transaction.last_wh = Some(register);
            }
        }
    }

    /// A body in which transactions are called by their order.
    fn normal(&self, body: &str) -> Value {
        let mut value: Value = serde_json::from_str(body).unwrap_or_default();
        self.rename(&mut value);
        value
    }

    fn rename(&self, value: &mut Value) {
        match value {
            Value::Object(fields) => {
                for (key, value) in fields {
                    let number = (key == "transactionId").then(|| value.as_i64()).flatten();
                    match number.and_then(|id| self.by_id.get(&id)) {
                        Some(count) => *value = Value::String(format!("#{count}")),
                        None => self.rename(value),
                    }
                }
            }
            Value::Array(values) => values.iter_mut().for_each(|value| self.rename(value)),
            _ => {}
        }
    }

    fn finish(mut self, end: Time) -> PointStory {
        self.story.limits = self.limits.finish(end);
        self.story
    }
}

/// Body of the call in a step.
fn payload(script: &Script, step: usize) -> Option<String> {
    let What::Frame(frame) = &script.steps.get(step)?.what else { return None };
    match Frame::parse(&frame.text).ok()? {
        Frame::Call(call) => Some(call.payload.to_owned()),
        _ => None,
    }
}
