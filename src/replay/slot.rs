//! What is paired with what: the same charge point, connector, transaction and action, one after the other.

use std::collections::BTreeMap;

use crate::trace::payload::Fields;

/// Transactions of one charge point: they are counted, since their numbers may be others in another trace.
#[derive(Clone, Debug, Default)]
pub(super) struct Transactions {
    /// By their number, the latest of that number.
    by_id: BTreeMap<i64, usize>,
}

impl Transactions {
    /// The number of a transaction is known: it is the `count`th StartTransaction of the charge point, from 0 on.
    pub(super) fn named(&mut self, id: i64, count: usize) {
        self.by_id.insert(id, count);
    }

    /// Which transaction has this number.
    pub(super) fn get(&self, id: i64) -> Option<usize> {
        self.by_id.get(&id).copied()
    }
}

/// What a call is about. Calls with the same are paired in their order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot {
    /// The caller: the charge point, or the central system.
    pub from_point: bool,
    /// What it asks for.
    pub action: Box<str>,
    /// Its connector, if it names one.
    pub connector: Option<i64>,
    /// Its transaction, from 0 on, if it names one that began in the trace.
    pub transaction: Option<usize>,
    /// The key of a configuration, the message of a trigger: what calls of some actions differ by.
    pub about: Option<Box<str>>,
}

impl Slot {
    /// Of a call with this body.
    pub(super) fn of(from_point: bool, action: &str, body: &str, known: &Transactions) -> Slot {
        let fields = Fields::of(body);
        let id = fields
            .integer("transactionId")
            .or_else(|| fields.object("csChargingProfiles").integer("transactionId"))
            .or_else(|| fields.object("chargingProfile").integer("transactionId"));
        let about = match action {
            "ChangeConfiguration" => fields.text("key"),
            "GetConfiguration" => fields.json("key").map(Into::into),
            "TriggerMessage" | "ExtendedTriggerMessage" => fields.text("requestedMessage"),
            _ => None,
        };
        Slot {
            from_point,
            action: action.into(),
            connector: fields.integer("connectorId"),
            transaction: id.and_then(|id| known.get(id)),
            about: about.map(Into::into),
        }
    }
}
