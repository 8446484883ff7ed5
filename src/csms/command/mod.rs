//! A CALL on behalf of an operator, proved before it is queued.
//!
//! What leaves is exactly what the specification allows, by the tables of
//! [`schema`](crate::ocpp::schema); what else can be told to be a mistake before it is sent,
//! `checks` tells.

mod checks;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use crate::csms::PointIx;
use crate::csms::event::Outcome;
use crate::csms::input::Refusal;
use crate::csms::point::Point;
use crate::csms::transactions::Transactions;
use crate::ocpp::action::{Action, Direction};
use crate::ocpp::frame::MAX_TEXT;
use crate::ocpp::schema::{self, Field, Kind};
use crate::ocpp::timestamp::Timestamp;
use crate::time::Time;

/// A proved CALL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Command {
    /// `cmd_..`
    pub(crate) id: String,
    pub(crate) action: Action,
    /// Compact JSON.
    pub(crate) payload: String,
    /// Of a RemoteStartTransaction.
    pub(crate) starts: Option<Start>,
}

/// What a RemoteStartTransaction asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Start {
    pub(crate) id_tag: String,
    /// It brings a profile of its own along, which bounds the start instead of ours.
    pub(crate) profiled: bool,
}

/// Whom a command is for, and when.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) now: Time,
    pub(crate) at: PointIx,
    pub(crate) point: &'a Point,
    pub(crate) transactions: &'a Transactions,
}

/// Room in a frame for the envelope.
const ENVELOPE: usize = 256;

impl Command {
    /// Proves a command to a charge point.
    pub(crate) fn check(
        id: &str,
        action: &str,
        payload: &str,
        scope: Scope<'_>,
    ) -> Result<Command, Refusal> {
        let offered = offered().find(|offered| offered.name() == action);
        let action = offered.ok_or_else(|| {
            let names: Vec<&str> = offered_names().collect();
            invalid("/action", format!("{action:?} is none of {}", names.join(", ")))
        })?;
        let mut members = match serde_json::from_str(payload) {
            Ok(Value::Object(members)) => members,
            Ok(_) => return Err(invalid("/payload", "not an object".to_owned())),
            Err(error) => return Err(invalid("/payload", error.to_string())),
        };
        if let Some(flaw) = schema::find_flaw(action, &members) {
            return Err(invalid(&format!("/payload{}", flaw.pointer), flaw.problem));
        }
        checks::check(action, &members, scope)?;
        plain_instants(schema::request(action), &mut members);
        let id_tag = members.get("idTag").and_then(Value::as_str).map(str::to_owned);
        let starts = id_tag.filter(|_| action == Action::RemoteStartTransaction);
        let profiled = members.contains_key("chargingProfile");
        let starts = starts.map(|id_tag| Start { id_tag, profiled });
        let payload = Value::Object(members).to_string();
        if payload.len() > MAX_TEXT - ENVELOPE {
            let most = MAX_TEXT - ENVELOPE;
            return Err(invalid("/payload", format!("longer than {most} bytes")));
        }
        Ok(Command { id: id.to_owned(), action, payload, starts })
    }

    /// Whether it may undo limits of ours.
    pub(crate) fn is_by_hand(&self) -> bool {
        matches!(self.action, Action::SetChargingProfile | Action::ClearChargingProfile)
    }

    /// What an answer means. An action without a status says all by answering.
    pub(crate) fn outcome(&self, answer: &Value) -> Outcome {
        match answer.get("status").and_then(Value::as_str) {
            None
            | Some("Accepted" | "AcceptedCanceled" | "Scheduled" | "RebootRequired" | "Unlocked") => {
                Outcome::Accepted
            }
            Some(_) => Outcome::Rejected,
        }
    }
}

/// What an operator may ask for, by name.
pub(crate) fn offered_names() -> impl Iterator<Item = &'static str> {
    offered().map(Action::name)
}

fn offered() -> impl Iterator<Item = Action> {
    Action::ALL.iter().copied().filter(|action| action.direction() != Direction::FromChargePoint)
}

fn invalid(field: &str, problem: String) -> Refusal {
    Refusal::Invalid { field: field.to_owned(), problem }
}

/// Writes instants as stations read them best: in UTC, without a fraction (ocpp.md §1.4).
fn plain_instants(fields: &[Field], members: &mut Map<String, Value>) {
    for field in fields {
        if let Some(value) = members.get_mut(field.name) {
            plain_instant(&field.kind, value);
        }
    }
}

fn plain_instant(kind: &Kind, value: &mut Value) {
    match (kind, value) {
        (Kind::Time | Kind::Occurred, Value::String(text)) => {
            // Other years may have no plain form, once the zone is gone.
            let usual = text.get(..4).is_some_and(|year| ("0001".."9999").contains(&year));
            if let Some(instant) = Timestamp::parse(text).filter(|_| usual) {
                *text = instant.0.to_ocpp();
            }
        }
        (Kind::Object(fields), Value::Object(members)) => plain_instants(fields, members),
        (Kind::List(element, _) | Kind::LooseList(element, _), Value::Array(items)) => {
            items.iter_mut().for_each(|item| plain_instant(element, item));
        }
        _ => {}
    }
}
