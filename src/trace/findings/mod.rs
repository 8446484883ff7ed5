//! What is wrong in a trace.
//!
//! Every charge point has its own small state machines, one file for each group of kinds, behind one trait:
//! [`Check`]. They see calls, answers and what stays open at the end, in the order of the trace, and hold no more
//! than they need to judge the next record.
//!
//! | file | kinds |
//! |---|---|
//! | `answers` | calls without answers, late answers, answers without calls, refusals |
//! | `authorization` | tags that are not accepted, transactions out of nowhere |
//! | `connectors` | faults, steps of the status that OCPP does not know |
//! | `transactions` | that do not end, end at once, or end for an odd reason |
//! | `meters` | registers that fall, transactions without values |
//! | `station` | heartbeats, uploads, firmware |
//!
//! A new kind is a line of the catalogue, and a check that finds it.

mod answers;
mod authorization;
mod catalogue;
mod connectors;
mod meters;
mod station;
mod transactions;

use super::correlate::Asked;
use super::record::Record;
use crate::time::Time;

pub use catalogue::Kind;

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What sort of thing.
    pub kind: Kind,
    /// Line of the record that shows it, from 1 on.
    pub line: u64,
    /// The connector it is about, if it is about one.
    pub connector: Option<i64>,
    /// This case, in words.
    pub what: String,
}

/// An answer that belongs to a call.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// Where it stands, from 1 on.
    pub line: u64,
    /// The record.
    pub record: &'a Record<'a>,
}

/// A state machine that looks at the records of one charge point, in their order.
pub trait Check {
    /// A call, from either side.
    fn call(&mut self, _call: &Asked, _out: &mut Vec<Finding>) {}

    /// A call is answered.
    fn answer(&mut self, _call: &Asked, _answer: &Answer<'_>, _out: &mut Vec<Finding>) {}

    /// An answer that belongs to no call.
    fn orphan(&mut self, _answer: &Answer<'_>, _out: &mut Vec<Finding>) {}

    /// The trace ends; `open` are the calls without an answer.
    fn end(&mut self, _open: &[&Asked], _at: Time, _out: &mut Vec<Finding>) {}
}

/// All checks, for one charge point.
#[must_use]
pub fn checks() -> Vec<Box<dyn Check>> {
    vec![
        Box::<answers::Answers>::default(),
        Box::<authorization::Tags>::default(),
        Box::<authorization::Beginnings>::default(),
        Box::<connectors::Connectors>::default(),
        Box::<transactions::Transactions>::default(),
        Box::<meters::Meters>::default(),
        Box::<station::Heartbeats>::default(),
        Box::<station::Transfers>::default(),
    ]
}

impl Kind {
    /// A finding of this kind.
    fn at(self, line: u64, connector: Option<i64>, what: String) -> Finding {
        Finding { kind: self, line, connector, what }
    }
}
