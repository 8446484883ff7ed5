//! Calls without answers, late answers, answers without calls, refusals.

use super::{Answer, Check, Finding, Kind};
use crate::time::{Span, Time};
use crate::trace::correlate::Asked;
use crate::trace::record::Direction;

/// An answer after this is slow.
const SLOW: Span = Span::from_s(10);

/// A call that has waited so long when the trace ends was not merely cut off by the end.
const PATIENCE: Span = Span::from_s(30);

#[derive(Debug, Default)]
pub(super) struct Answers {
    /// The latest call of the charge point, and of the central system.
    latest: [u64; 2],
}

const fn side(direction: Direction) -> usize {
    match direction {
        Direction::FromPoint => 0,
        Direction::ToPoint => 1,
    }
}

impl Check for Answers {
    fn call(&mut self, call: &Asked, _out: &mut Vec<Finding>) {
        self.latest[side(call.direction)] = call.index;
    }

    fn answer(&mut self, call: &Asked, answer: &Answer<'_>, out: &mut Vec<Finding>) {
        let took = answer.record.timestamp.at().since(call.at);
        if took > SLOW {
            let what = format!("{} was answered after {took}", call.action);
            out.push(Kind::SlowAnswer.at(answer.line, None, what));
        }
        if let Some(error) = &answer.record.error {
            let code = error.code.as_deref().unwrap_or("no code");
            let mut what = format!("{} was answered with {code}", call.action);
            if let Some(why) = error.description.as_deref().filter(|it| !it.is_empty()) {
                what.push_str(&format!(": {why}"));
            }
            out.push(Kind::CallRefused.at(answer.line, None, what));
        }
    }

    fn orphan(&mut self, answer: &Answer<'_>, out: &mut Vec<Finding>) {
        let what = match &answer.record.message_id {
            Some(id) => format!("an answer to the call {id:?}, which is not in the trace"),
            None => "an answer without a message id".to_owned(),
        };
        out.push(Kind::OrphanAnswer.at(answer.line, None, what));
    }

    fn end(&mut self, open: &[&Asked], at: Time, out: &mut Vec<Finding>) {
        for call in open {
            let followed = self.latest[side(call.direction)] > call.index;
            if followed || at.since(call.at) >= PATIENCE {
                let what = format!("{} has no answer", call.action);
                out.push(Kind::UnansweredCall.at(call.line, None, what));
            }
        }
    }
}
