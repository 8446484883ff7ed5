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
//! | `clocks` | clocks that are wrong, messages that had to wait |
//! | `limits` | more drawn than the accepted charging profiles allow |
//! | `draws` | drawn without a transaction, or more than the charge point as a whole may |
//! | `site` | drawn by all charge points together, more than a limit that was given |
//! | `units` | values that do not fit each other by a power of ten |
//! | `lost` | transactions whose beginning is nowhere |
//! | `links` | two connections at a time |
//!
//! What several of them need: `running` knows the transactions that run, `accepted` the charging profiles in force,
//! `draw` what is drawn.
//!
//! A new kind is a line of the catalogue, and a check that finds it.

mod accepted;
mod answers;
mod authorization;
mod catalogue;
mod clocks;
mod connectors;
mod draw;
mod draws;
mod limits;
mod links;
mod lost;
mod meters;
mod running;
mod site;
mod station;
mod transactions;
mod units;

use super::correlate::Asked;
use super::record::Record;
use crate::time::Time;

pub use catalogue::Kind;
pub(super) use links::Ups;
pub(super) use site::Site;

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
    /// Any record, before its turn as call or answer.
    fn record(&mut self, _line: u64, _record: &Record<'_>, _out: &mut Vec<Finding>) {}

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
        Box::<clocks::Clocks>::default(),
        Box::<limits::Limits>::default(),
        Box::<draws::Draws>::default(),
        Box::<units::Units>::default(),
        Box::<lost::Lost>::default(),
        Box::<links::Links>::default(),
    ]
}

impl Kind {
    /// A finding of this kind.
    fn at(self, line: u64, connector: Option<i64>, what: String) -> Finding {
        Finding { kind: self, line, connector, what }
    }
}
