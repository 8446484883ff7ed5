//! Which way a frame went.

use std::collections::HashMap;

use crate::ocpp::Frame;
use crate::ocpp::action::{self, Action};
use crate::trace::record::Direction;

/// What a log says of which way a frame went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Which way, whoever wrote the log.
    Sure(Direction),
    /// To the side that wrote the log.
    In,
    /// From the side that wrote the log.
    Out,
}

/// A charge point and a message id.
type Key = (Box<str>, Box<str>);

/// Tells directions; learns which side wrote the log from the first call that only one side may make.
#[derive(Debug)]
pub(super) struct Sense {
    /// Which way a frame goes that the writer of the log receives.
    inward: Direction,
    /// Whether a frame has shown that.
    learned: bool,
    /// Calls without an answer.
    open: Option<HashMap<Key, Direction>>,
}

impl Sense {
    /// Of a log that is thought to be written by a central system when `inward` is from the charge point.
    /// `remembers`: whether frames may come without any word of which way they went.
    pub(super) fn new(inward: Direction, remembers: bool) -> Sense {
        Sense { inward, learned: false, open: remembers.then(HashMap::new) }
    }

    /// Which way what the writer of the log receives goes, if a frame has shown it.
    pub(super) fn learned(&self) -> Option<Direction> {
        self.learned.then_some(self.inward)
    }

    /// Takes over what a look ahead has shown.
    pub(super) fn learn(&mut self, inward: Option<Direction>) {
        self.learned |= inward.is_some();
        self.inward = inward.unwrap_or(self.inward);
    }

    /// Which way a frame went; `None` when nothing tells.
    pub(super) fn direction(
        &mut self,
        point: &str,
        way: Option<Way>,
        frame: &Frame<'_>,
    ) -> Option<Direction> {
        let caller = match frame {
            Frame::Call(call) => caller(&call.action),
            _ => None,
        };
        if let (Some(way @ (Way::In | Way::Out)), Some(caller), false) = (way, caller, self.learned)
        {
            self.learned = true;
            self.inward = if way == Way::In { caller } else { caller.opposite() };
        }
        let said = match way {
            None => None,
            Some(Way::Sure(direction)) => Some(direction),
            Some(Way::In) => Some(self.inward),
            Some(Way::Out) => Some(self.inward.opposite()),
        };
        let Some(open) = &mut self.open else { return said };
        let key: Key = (point.into(), frame.id().into());
        if let Frame::Call(call) = frame {
            // Vendors' own messages come mostly from their charge points.
            let vendor = (call.action == "DataTransfer").then_some(Direction::FromPoint);
            let direction = said.or(caller).or(vendor)?;
            open.insert(key, direction);
            return Some(direction);
        }
        let asked = open.remove(&key);
        said.or(asked.map(Direction::opposite))
    }
}

/// The only side that may call an action.
fn caller(action: &str) -> Option<Direction> {
    match Action::from_name(action)?.direction() {
        action::Direction::FromChargePoint => Some(Direction::FromPoint),
        action::Direction::FromCentralSystem => Some(Direction::ToPoint),
        action::Direction::Both => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOOT: &str = r#"[2,"1","BootNotification",{}]"#;
    const RESET: &str = r#"[2,"2","Reset",{}]"#;

    fn went(sense: &mut Sense, way: Option<Way>, frame: &str) -> Option<Direction> {
        sense.direction("cp", way, &Frame::parse(frame).unwrap())
    }

    #[test]
    fn the_first_call_that_only_one_side_may_make_shows_who_wrote_the_log() {
        let mut sense = Sense::new(Direction::FromPoint, false);
        assert_eq!(went(&mut sense, Some(Way::In), r#"[3,"0",{}]"#), Some(Direction::FromPoint));
        assert_eq!(went(&mut sense, Some(Way::Out), BOOT), Some(Direction::FromPoint));
        assert_eq!(went(&mut sense, Some(Way::In), r#"[3,"1",{}]"#), Some(Direction::ToPoint));
        // What nobody may send is told as it was sent.
        assert_eq!(went(&mut sense, Some(Way::Out), RESET), Some(Direction::FromPoint));
        assert_eq!(sense.learned(), Some(Direction::ToPoint));
    }

    #[test]
    fn without_words_the_action_tells_and_answers_go_opposite_to_their_calls() {
        let mut sense = Sense::new(Direction::FromPoint, true);
        assert_eq!(went(&mut sense, None, BOOT), Some(Direction::FromPoint));
        assert_eq!(went(&mut sense, None, RESET), Some(Direction::ToPoint));
        assert_eq!(went(&mut sense, None, r#"[4,"2","NotSupported"]"#), Some(Direction::FromPoint));
        assert_eq!(went(&mut sense, None, r#"[3,"1",{}]"#), Some(Direction::ToPoint));
        assert_eq!(went(&mut sense, None, r#"[3,"1",{}]"#), None);
        assert_eq!(went(&mut sense, None, r#"[2,"3","NotifyReport",{}]"#), None);
        let vendor = r#"[2,"4","DataTransfer",{"vendorId":"V"}]"#;
        assert_eq!(went(&mut sense, None, vendor), Some(Direction::FromPoint));
    }
}
