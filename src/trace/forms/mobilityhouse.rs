//! The Python package `ocpp`: `ID: receive message [..]` and `ID: send [..]`, of a central system or of a charge point,
//! behind whatever the program's logging puts before: `INFO:ocpp:`, a time, a level, nothing.

use super::sense::Way;
use super::{Dialect, Said, stamp};

/// What ends the part before the name of the charge point.
const BEFORE_NAME: [&str; 4] = ["] ", "ocpp:", " - ", "ocpp "];

pub(super) struct MobilityHouse;

impl Dialect for MobilityHouse {
    fn said<'a>(&self, before: &'a str, _after: &'a str) -> Option<Said<'a>> {
        let head = before.trim_end();
        let (head, way) = match head.strip_suffix(": receive message") {
            Some(head) => (head, Way::In),
            None => (head.strip_suffix(": send")?, Way::Out),
        };
        let name = BEFORE_NAME.iter().filter_map(|it| Some(head.rfind(it)? + it.len())).max();
        // A time may stand between.
        let name = name.filter(|at| stamp::find(&head[*at..], false).is_none());
        let name = name.or_else(|| Some(head.rfind(char::is_whitespace)? + 1)).unwrap_or(0);
        let point = head[name..].trim();
        Some(Said { point: Some(point).filter(|point| !point.is_empty()), way: Some(way) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_and_a_word_announce_a_frame_whatever_the_logging_puts_before() {
        let said = |before| MobilityHouse.said(before, "").map(|said| (said.point, said.way));
        for before in ["INFO:ocpp:", "2026-05-04 06:00:00,123 - ocpp - INFO - ", "06:00 [ocpp] "] {
            let line = format!("{before}CP 1*: receive message ");
            let said = MobilityHouse.said(&line, "").map(|said| (said.point, said.way));
            assert_eq!(said, Some((Some("CP 1*"), Some(Way::In))), "{before}");
        }
        assert_eq!(said("2026-05-04 06:00:00 A: send "), Some((Some("A"), Some(Way::Out))));
        let line = "INFO:ocpp:2026-05-04 06:00:00,123 A: send ";
        assert_eq!(said(line), Some((Some("A"), Some(Way::Out))));
        assert_eq!(said("A: send"), Some((Some("A"), Some(Way::Out))));
        assert_eq!(said("INFO:ocpp:A: will send "), None);
    }
}
