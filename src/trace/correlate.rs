//! Which answer belongs to which call.
//!
//! An answer belongs to the latest call before it that has the same message id, went the opposite way and has
//! no answer yet (the format's conformance rules). Ids are unique on one connection only (OCPP-J 1.6 §4.1.4),
//! so that in a trace of several charge points both must be of the same one; records that name none are among
//! themselves.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};

use super::record::{Direction, MessageType, Record};
use super::samples::Samples;
use crate::time::Time;

/// A call, as long as somebody may have to know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Which record it is, from 0 on.
    pub index: u64,
    /// Where it stands, from 1 on.
    pub line: u64,
    /// When it was seen.
    pub at: Time,
    /// Which way it went.
    pub direction: Direction,
    /// What it asks for.
    pub action: Box<str>,
    /// JSON text of its body.
    pub body: Box<str>,
    /// What it says as a MeterValues, once somebody has asked.
    samples: OnceCell<Option<Box<Samples>>>,
}

impl Asked {
    /// The values of a MeterValues of the charge point; `None` for other calls, and for one that cannot be read.
    #[must_use]
    pub fn samples(&self) -> Option<&Samples> {
        if self.direction != Direction::FromPoint || &*self.action != "MeterValues" {
            return None;
        }
        self.samples.get_or_init(|| Samples::of(&self.body).map(Box::new)).as_deref()
    }
}

/// What a record is to the others.
#[derive(Debug)]
pub enum Role<'a> {
    /// A call, open from now on.
    Call(&'a Asked),
    /// The answer to this call.
    Answer(Asked),
    /// An answer to nothing in this trace: it began later, or lacks frames.
    Orphan,
}

/// A record in its place.
#[derive(Debug)]
pub struct Turn<'a> {
    /// Which record it is, from 0 on.
    pub index: u64,
    /// Number of its charge point, from 0 on in the order in which they appear.
    pub point: usize,
    /// Call, answer or orphan.
    pub role: Role<'a>,
}

/// Correlates one record after the other; holds the calls that are open.
#[derive(Debug, Default)]
pub struct Correlator {
    records: u64,
    points: BTreeMap<Box<str>, usize>,
    /// Number of the records that name no charge point.
    nameless: Option<usize>,
    open: HashMap<(usize, Direction), Open>,
}

/// Calls of one charge point in one direction that have no answer yet.
#[derive(Debug, Default)]
struct Open {
    /// By message id, the latest last.
    by_id: HashMap<Box<str>, Vec<Asked>>,
    /// Nothing can answer a call without an id.
    without_id: Vec<Asked>,
}

impl Correlator {
    /// Takes the next record, which stands in `line`.
    pub fn take(&mut self, line: u64, record: &Record<'_>) -> Turn<'_> {
        let index = self.records;
        self.records += 1;
        let point = self.point(record.charge_point_id.as_deref());
        let id = record.message_id.as_deref();
        let role = if record.message_type == MessageType::Call {
            let asked = Asked {
                index,
                line,
                at: record.timestamp.at(),
                direction: record.direction,
                action: record.action.as_deref().unwrap_or_default().into(),
                body: record.body().into(),
                samples: OnceCell::new(),
            };
            Role::Call(self.open.entry((point, record.direction)).or_default().put(id, asked))
        } else {
            let calls = self.open.get_mut(&(point, record.direction.opposite()));
            match id.and_then(|id| calls?.close(id)) {
                Some(asked) => Role::Answer(asked),
                None => Role::Orphan,
            }
        };
        Turn { index, point, role }
    }

    /// The calls that nothing has answered, in the order of the records, with the number of their charge point.
    #[must_use]
    pub fn unanswered(&self) -> Vec<(usize, &Asked)> {
        let mut all: Vec<(usize, &Asked)> = Vec::new();
        for ((point, _), open) in &self.open {
            let calls = open.by_id.values().flatten().chain(&open.without_id);
            all.extend(calls.map(|call| (*point, call)));
        }
        all.sort_by_key(|(_, call)| call.index);
        all
    }

    fn point(&mut self, name: Option<&str>) -> usize {
        let next = self.points.len() + usize::from(self.nameless.is_some());
        match name {
            None => *self.nameless.get_or_insert(next),
            Some(name) => match self.points.get(name) {
                Some(number) => *number,
                None => *self.points.entry(name.into()).or_insert(next),
            },
        }
    }
}

impl Open {
    fn put(&mut self, id: Option<&str>, call: Asked) -> &Asked {
        let calls = match id {
            None => &mut self.without_id,
            Some(id) => self.by_id.entry(id.into()).or_default(),
        };
        calls.push(call);
        &calls[calls.len() - 1]
    }

    fn close(&mut self, id: &str) -> Option<Asked> {
        let calls = self.by_id.get_mut(id)?;
        let call = calls.pop();
        if calls.is_empty() {
            self.by_id.remove(id);
        }
        call
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::write_line;

    /// Which call each record answers, of frames as (charge point, from it, text), and what stays open.
    fn answers(frames: &[(&str, bool, &str)]) -> (Vec<Option<u64>>, Vec<u64>) {
        let mut correlator = Correlator::default();
        let mut answered = Vec::new();
        for (number, (point, from_point, text)) in frames.iter().enumerate() {
            let mut line = String::new();
            assert!(write_line(&mut line, Time(0), point, *from_point, text), "{text}");
            let record = Record::parse(line.trim_end()).unwrap();
            answered.push(match correlator.take(number as u64 + 1, &record).role {
                Role::Answer(call) => Some(call.index),
                Role::Call(_) | Role::Orphan => None,
            });
        }
        let open = correlator.unanswered().iter().map(|(_, call)| call.index).collect();
        (answered, open)
    }

    const CALL: &str = r#"[2,"1","Heartbeat",{}]"#;
    const RESULT: &str = r#"[3,"1",{}]"#;
    const ERROR: &str = r#"[4,"1","GenericError","",{}]"#;

    #[test]
    fn an_id_used_again_belongs_to_the_latest_open_call() {
        let frames =
            [("a", true, CALL), ("a", true, CALL), ("a", false, RESULT), ("a", false, ERROR)];
        assert_eq!(answers(&frames), (vec![None, None, Some(1), Some(0)], vec![]));
        let frames = [
            ("a", true, CALL),
            ("a", false, RESULT),
            ("a", true, CALL),
            ("a", false, RESULT),
            ("a", false, RESULT),
        ];
        assert_eq!(answers(&frames), (vec![None, Some(0), None, Some(2), None], vec![]));
    }

    #[test]
    fn both_sides_and_all_charge_points_may_use_the_same_id() {
        let frames = [
            ("a", true, CALL),
            ("a", false, CALL),
            ("b", true, CALL),
            ("a", true, RESULT),
            ("b", false, RESULT),
            ("c", false, RESULT),
        ];
        assert_eq!(answers(&frames), (vec![None, None, None, Some(1), Some(2), None], vec![0]));
    }

    #[test]
    fn an_answer_goes_the_opposite_way() {
        assert_eq!(answers(&[("a", true, CALL), ("a", true, RESULT)]), (vec![None, None], vec![0]));
    }
}
