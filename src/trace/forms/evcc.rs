//! evcc: `[ocpp  ] TRACE 2026/05/04 06:00:00 recv ID: [..]` and `send ID: [..]`; of earlier releases `sent ID:`,
//! `received JSON message from ID:` and `sent JSON message to ID:`. Before it may stand what journald or docker compose
//! put there. Times are local.

use super::sense::Way;
use super::{Dialect, Said};
use crate::trace::record::Direction;

/// Words between the time and the charge point; longer ones first.
const WORDS: [(&str, Direction); 5] = [
    (" received JSON message from ", Direction::FromPoint),
    (" sent JSON message to ", Direction::ToPoint),
    (" recv ", Direction::FromPoint),
    (" send ", Direction::ToPoint),
    (" sent ", Direction::ToPoint),
];

pub(super) struct Evcc;

impl Dialect for Evcc {
    fn said<'a>(&self, before: &'a str, _after: &'a str) -> Option<Said<'a>> {
        let (_, rest) = before.rsplit_once("[ocpp")?;
        let announced = rest.trim_end().strip_suffix(':')?;
        let (point, direction) = WORDS.into_iter().find_map(|(word, direction)| {
            announced.split_once(word).map(|(_, point)| (point.trim(), direction))
        })?;
        Some(Said {
            point: Some(point).filter(|point| !point.is_empty()),
            way: Some(Way::Sure(direction)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_and_a_charge_point_announce_a_frame_whatever_stands_before() {
        let said = |before| Evcc.said(before, "").map(|said| (said.point, said.way));
        let (from, to) = (Way::Sure(Direction::FromPoint), Way::Sure(Direction::ToPoint));
        let line = "evcc  | [ocpp  ] TRACE 2026/05/04 06:00:00 recv A B: ";
        assert_eq!(said(line), Some((Some("A B"), Some(from))));
        let line = "Mai 04 06:00:00 pi evcc[7]: [ocpp-2] TRACE 2026/05/04 06:00:00 sent A:";
        assert_eq!(said(line), Some((Some("A"), Some(to))));
        let line = "[ocpp  ] TRACE 2026/05/04 06:00:00 received JSON message from A: ";
        assert_eq!(said(line), Some((Some("A"), Some(from))));
        assert_eq!(said("[ocpp  ] TRACE 2026/05/04 06:00:00 charge point connected: "), None);
        assert_eq!(said("[lp-1  ] DEBUG 2026/05/04 06:00:00 recv A: "), None);
    }
}
