//! Two connections of one charge point at the same time.
//!
//! What shows them: a record of a connection after one of a later connection, where the producer says in `meta`
//! which one it is; or, after a BootNotification that began to count its message ids anew, calls which go on
//! with the old count and the new one by turns. A connection that comes up while one is up is told by traces
//! of our own ([`Ups`]).

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::{Check, Finding, Kind};
use crate::trace::payload::Fields;
use crate::trace::record::{Direction, MessageType, Record};

/// Names of a connection in `meta`, of this program's and other producers.
const CONNECTION: [&str; 4] = ["connection", "connectionId", "sessionId", "session"];

/// Connections that are remembered; a charge point that comes and goes has many.
const REMEMBERED: usize = 8;

/// So many turns between two counts of message ids are no accident.
const TURNS: u32 = 3;

#[derive(Debug, Default)]
pub(super) struct Links {
    /// The latest connections, the current one last.
    connections: Vec<String>,
    /// Message ids of the charge point's calls: the count that was there, and that of the latest boot.
    counts: [Option<u64>; 2],
    /// Which of them went on last, and how often that changed.
    turn: usize,
    turns: u32,
    /// Once is enough.
    told: bool,
}

impl Check for Links {
    fn record(&mut self, line: u64, record: &Record<'_>, out: &mut Vec<Finding>) {
        let what = self.connection(record).or_else(|| self.count(record));
        if let Some(what) = what {
            out.push(Kind::DuplicateConnection.at(line, None, what));
        }
    }
}

impl Links {
    /// A connection that is still used after a later one.
    fn connection(&mut self, record: &Record<'_>) -> Option<String> {
        let meta = Fields::of(record.meta?.get());
        let name = CONNECTION.iter().find_map(|name| word(&meta, name))?;
        if self.connections.last().is_some_and(|it| *it == name) {
            return None;
        }
        let place = self.connections.iter().position(|it| *it == name);
        let again = place.map(|place| self.connections.remove(place));
        let later = self.connections.last().cloned();
        self.connections.push(name.into_owned());
        if self.connections.len() > REMEMBERED {
            self.connections.remove(0);
        }
        let (again, later) = (again?, later?);
        (!std::mem::replace(&mut self.told, true))
            .then(|| format!("connection {again} goes on after connection {later} has begun"))
    }

    /// Two counts of message ids that go on by turns.
    fn count(&mut self, record: &Record<'_>) -> Option<String> {
        if record.direction != Direction::FromPoint || record.message_type != MessageType::Call {
            return None;
        }
        let id: u64 = record.message_id.as_deref()?.parse().ok()?;
        let [old, new] = self.counts;
        let boots = record.action.as_deref() == Some("BootNotification");
        let follows = |count: Option<u64>| count.is_some_and(|it| it.checked_add(1) == Some(id));
        if boots && !follows(old) && !follows(new) {
            // The count before was that which went on last.
            self.counts = [self.counts[self.turn], Some(id)];
            (self.turn, self.turns) = (1, 0);
            return None;
        }
        let turn = match (follows(old), follows(new)) {
            (true, _) => 0,
            (_, true) => 1,
            // Neither: whatever it is, it does not count by one.
            _ => {
                self.counts[self.turn] = Some(id);
                self.turns = 0;
                return None;
            }
        };
        self.counts[turn] = Some(id);
        self.turns += u32::from(turn != self.turn);
        self.turn = turn;
        let [old, new] = self.counts;
        if self.turns < TURNS || self.told {
            return None;
        }
        self.told = true;
        Some(format!("calls go on with the message ids {} and {} by turns", old?, new?))
    }
}

/// A text, or a number as text.
fn word<'a>(fields: &Fields<'a>, name: &str) -> Option<Cow<'a, str>> {
    fields.text(name).or_else(|| fields.integer(name).map(|it| it.to_string().into()))
}

/// What traces of our own tell of connections: `meta.before` lists the inputs before a record, those of the links
/// of all charge points among them.
#[derive(Debug, Default)]
pub(in crate::trace) struct Ups {
    up: BTreeSet<String>,
}

impl Ups {
    /// A record: the charge points that have connected though they were, with the finding of each.
    pub(in crate::trace) fn record(
        &mut self,
        line: u64,
        record: &Record<'_>,
    ) -> Vec<(String, Finding)> {
        let Some(meta) = record.meta else { return Vec::new() };
        let before = Fields::of(meta.get()).json("before");
        let Some(inputs) = before.map(Fields::all_of) else { return Vec::new() };
        let mut found = Vec::new();
        for input in inputs.iter().map(|it| it.object("input")) {
            let Some(point) = input.text("point") else { continue };
            match input.text("input").as_deref() {
                Some("link_up") if !self.up.insert(point.clone().into_owned()) => {
                    let what = "it connects while its connection before is still up".to_owned();
                    let finding = Kind::DuplicateConnection.at(line, None, what);
                    found.push((point.into_owned(), finding));
                }
                Some("link_down") => {
                    self.up.remove(&*point);
                }
                _ => {}
            }
        }
        found
    }
}
