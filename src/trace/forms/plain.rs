//! Frames in text that nobody has named: instants, words for the direction and names of charge points may stand before
//! a frame or behind it, or be missing.

use super::sense::Way;
use super::{Dialect, Said};
use crate::trace::record::Direction;

/// Texts that say which way a frame went, whoever wrote the log; in lower case.
const SURE: [(&str, Direction); 12] = [
    ("cp-to-csms", Direction::FromPoint),
    ("csms-to-cp", Direction::ToPoint),
    ("cp->csms", Direction::FromPoint),
    ("csms->cp", Direction::ToPoint),
    ("cp -> csms", Direction::FromPoint),
    ("csms -> cp", Direction::ToPoint),
    ("from charge point", Direction::FromPoint),
    ("to charge point", Direction::ToPoint),
    ("from charger", Direction::FromPoint),
    ("to charger", Direction::ToPoint),
    ("from cp", Direction::FromPoint),
    ("to cp", Direction::ToPoint),
];

/// Words that say which way a frame went, as seen from where the log was written; in lower case.
const INWARD: [&str; 10] =
    ["recv", "receive", "received", "receiving", "rx", "incoming", "inbound", "<-", "<--", "<<"];
const OUTWARD: [&str; 8] = ["send", "sent", "sending", "tx", "outgoing", "outbound", "->", "-->"];
/// Words that say it only beside the frame: they are words of sentences, too.
const BESIDE: [(&str, Way); 6] = [
    ("in", Way::In),
    ("out", Way::Out),
    ("from", Way::In),
    ("to", Way::Out),
    (">>", Way::Out),
    ("<", Way::In),
];

/// Keys of names.
const KEYS: [&str; 8] = [
    "chargepointid=",
    "charge_point_id=",
    "chargeboxid=",
    "charge_point=",
    "chargepoint=",
    "clientid=",
    "cp=",
    "id=",
];

/// What may stand before a frame with a colon and is no name; in lower case.
const NO_NAMES: [&str; 12] = [
    "message",
    "frame",
    "payload",
    "data",
    "ocpp",
    "ws",
    "websocket",
    "info",
    "debug",
    "trace",
    "json",
    "raw",
];

pub(super) struct Plain;

impl Dialect for Plain {
    fn said<'a>(&self, before: &'a str, after: &'a str) -> Option<Said<'a>> {
        let way = way(before, true).or_else(|| way(after, false));
        Some(Said { point: named(before).or_else(|| keyed(after)), way })
    }

    fn unannounced(&self) -> bool {
        true
    }
}

/// Which way the words say; those beside the frame stand at the end of what is before it.
fn way(text: &str, before: bool) -> Option<Way> {
    let text = text.to_ascii_lowercase();
    if let Some((_, direction)) = SURE.iter().find(|(word, _)| text.contains(word)) {
        return Some(Way::Sure(*direction));
    }
    let words = || words(&text);
    let mut beside = if before { words().next_back() } else { words().next() }.into_iter();
    // A name may stand between the word and the frame: `to CP_1: [..]`.
    let beside = if before && text.trim_end().ends_with(':') {
        words().rev().nth(1).or_else(|| beside.next())
    } else {
        beside.next()
    };
    let said = |word: &str| {
        if INWARD.contains(&word) {
            Some(Way::In)
        } else if OUTWARD.contains(&word) {
            Some(Way::Out)
        } else {
            None
        }
    };
    let known = |word: &str| BESIDE.iter().find(|it| it.0 == word).map(|it| it.1);
    beside.and_then(known).or_else(|| words().rev().find_map(said))
}

fn words(text: &str) -> impl DoubleEndedIterator<Item = &str> {
    let apart = |c: char| c.is_whitespace() || "[](){}:;,|\"=".contains(c);
    text.split(apart).filter(|word| !word.is_empty())
}

/// The charge point that a text before a frame names: with a key, or at the end with a colon.
fn named(text: &str) -> Option<&str> {
    keyed(text).or_else(|| {
        let name = text.trim_end().strip_suffix(':')?;
        let start = name.rfind(|c: char| c.is_whitespace() || "[](){}|".contains(c));
        let name = &name[start.map_or(0, |at| at + 1)..];
        let lower = name.to_ascii_lowercase();
        let word = INWARD.contains(&&*lower)
            || OUTWARD.contains(&&*lower)
            || BESIDE.iter().any(|it| it.0 == lower)
            || NO_NAMES.contains(&&*lower);
        let telling = name.bytes().any(|byte| byte.is_ascii_alphabetic());
        (telling && !word && !name.contains(':')).then_some(name)
    })
}

fn keyed(text: &str) -> Option<&str> {
    let lower = text.to_ascii_lowercase();
    let start = KEYS.iter().find_map(|key| {
        let at = lower.find(key)?;
        let alone = at == 0 || !lower.as_bytes()[at - 1].is_ascii_alphanumeric();
        alone.then_some(at + key.len())
    })?;
    let rest = &text[start..];
    let (rest, end) = match rest.strip_prefix('"') {
        Some(quoted) => (quoted, quoted.find('"')),
        None => (rest, rest.find(|c: char| c.is_whitespace() || ",;]})".contains(c))),
    };
    Some(&rest[..end.unwrap_or(rest.len())]).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_before_a_frame_or_behind_it_say_which_way_it_went_and_whose_it_is() {
        let (from, to) = (Way::Sure(Direction::FromPoint), Way::Sure(Direction::ToPoint));
        for (before, after, point, way) in [
            ("2026-05-04T06:00:00Z -> ", "", None, Some(Way::Out)),
            ("1777896000 <- ", "", None, Some(Way::In)),
            ("[2026-05-04T06:00:00Z] [INFO] [WebSocket] Received: ", "", None, Some(Way::In)),
            ("06:00 RECV cp_1: ", "", Some("cp_1"), Some(Way::In)),
            ("to lot-2: ", "", Some("lot-2"), Some(Way::Out)),
            ("to CP-2: ", "", Some("CP-2"), Some(to)),
            ("in queue ", "", None, None),
            ("IN ", "", None, Some(Way::In)),
            ("", " out 1777896000", None, Some(Way::Out)),
            ("CP -> CSMS ", "", None, Some(from)),
            ("", " csms-to-cp, chargePointId=\"A 7\"", Some("A 7"), Some(to)),
            ("cp=AB*7, sent: ", "", Some("AB*7"), Some(Way::Out)),
            ("message: ", "", None, None),
            ("2026-05-04 06:00:00: ", "", None, None),
        ] {
            let said = Plain.said(before, after).expect("any frame will do");
            assert_eq!((said.point, said.way), (point, way), "{before:?} {after:?}");
        }
    }
}
