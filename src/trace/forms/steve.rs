//! SteVe: `[INFO ] 2026-05-04 06:00:00,123 ..WebSocketLogger (thread) - [chargeBoxId=X, sessionId=uuid] Received: [..]`,
//! and `Sending: [..]`. Times are in the zone of the server.

use super::sense::Way;
use super::{Dialect, Said};
use crate::trace::record::Direction;

pub(super) struct Steve;

impl Dialect for Steve {
    fn said<'a>(&self, before: &'a str, _after: &'a str) -> Option<Said<'a>> {
        let (_, rest) = before.rsplit_once("[chargeBoxId=")?;
        let (ids, word) = rest.split_once(']')?;
        let point = match ids.split_once("sessionId=") {
            Some((point, _)) => point.trim_end().trim_end_matches(','),
            None => ids,
        };
        let direction = match word.trim().strip_suffix(':')? {
            "Received" => Direction::FromPoint,
            "Sending" | "Sent" => Direction::ToPoint,
            _ => return None,
        };
        let point = Some(point.trim()).filter(|point| !point.is_empty());
        Some(Said { point, way: Some(Way::Sure(direction)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_charge_box_and_a_word_announce_a_frame() {
        let said = |before| Steve.said(before, "").map(|said| (said.point, said.way));
        let (from, to) = (Way::Sure(Direction::FromPoint), Way::Sure(Direction::ToPoint));
        let line = "[INFO ] .. - [chargeBoxId=CP 1*,  sessionId=3d-f] Received: ";
        assert_eq!(said(line), Some((Some("CP 1*"), Some(from))));
        assert_eq!(said("[chargeBoxId=a,\tsessionId=x]\tSending:\t"), Some((Some("a"), Some(to))));
        assert_eq!(said("[chargeBoxId=a, sessionId=x] Cannot send: "), None);
        assert_eq!(said("Received: "), None);
    }
}
