//! The transactions that run at a charge point, as its connectors see them: from the StartTransaction on, whether
//! or not it has been answered.

use std::collections::BTreeMap;

use super::Answer;
use crate::time::Time;
use crate::trace::correlate::Asked;
use crate::trace::payload::Fields;

/// By connector.
#[derive(Debug, Default)]
pub(super) struct Running {
    by_connector: BTreeMap<i64, Transaction>,
}

/// A transaction that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Transaction {
    /// `None`: StartTransaction has no answer yet.
    pub(super) id: Option<i64>,
    /// When its StartTransaction was seen.
    pub(super) at: Time,
    /// Which record that was.
    start: u64,
}

/// What a record did to the transactions of a charge point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// One has begun on this connector.
    Begun(i64),
    /// It has got its id.
    Named(i64),
    /// It is over.
    Ended(i64, Transaction),
}

impl Running {
    /// A call of the charge point.
    pub(super) fn call(&mut self, call: &Asked) -> Option<Change> {
        match &*call.action {
            "StartTransaction" => {
                let connector = Fields::of(&call.body).integer("connectorId")?;
                let begun = Transaction { id: None, at: call.at, start: call.index };
                self.by_connector.insert(connector, begun);
                Some(Change::Begun(connector))
            }
            "StopTransaction" => {
                let id = Fields::of(&call.body).integer("transactionId")?;
                let connector = self.connector_of(id)?;
                let ended = self.by_connector.remove(&connector)?;
                Some(Change::Ended(connector, ended))
            }
            _ => None,
        }
    }

    /// A call is answered.
    pub(super) fn answer(&mut self, call: &Asked, answer: &Answer<'_>) -> Option<Change> {
        if &*call.action != "StartTransaction" {
            return None;
        }
        let id = Fields::of(answer.record.body()).integer("transactionId")?;
        let (connector, found) =
            self.by_connector.iter_mut().find(|(_, it)| it.start == call.index)?;
        found.id = Some(id);
        Some(Change::Named(*connector))
    }

    /// The transaction of a connector.
    pub(super) fn on(&self, connector: i64) -> Option<&Transaction> {
        self.by_connector.get(&connector)
    }

    /// Where a transaction runs.
    pub(super) fn connector_of(&self, id: i64) -> Option<i64> {
        self.by_connector.iter().find(|(_, it)| it.id == Some(id)).map(|(connector, _)| *connector)
    }

    /// All of them, by connector.
    pub(super) fn all(&self) -> impl Iterator<Item = (i64, &Transaction)> {
        self.by_connector.iter().map(|(connector, it)| (*connector, it))
    }
}
