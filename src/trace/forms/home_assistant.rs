//! Home Assistant with the OCPP integration: `2026-05-04 06:00:00.123 INFO (MainThread) [ocpp] ID: receive message [..]`
//! and `ID: send [..]`: the Python package `ocpp` behind what Home Assistant puts before. Times are local.

use super::mobilityhouse::MobilityHouse;
use super::{Dialect, Said};

pub(super) struct HomeAssistant;

impl Dialect for HomeAssistant {
    fn said<'a>(&self, before: &'a str, after: &'a str) -> Option<Said<'a>> {
        // Thread and logger.
        let (_, rest) = before.split_once(" (")?;
        rest.contains(") [").then(|| MobilityHouse.said(before, after)).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::forms::sense::Way;

    #[test]
    fn thread_and_logger_stand_before_the_name() {
        let said = |before| HomeAssistant.said(before, "").map(|said| (said.point, said.way));
        let line = "2026-05-04 06:00:00.1 INFO (MainThread) [ocpp] CP 1: send ";
        assert_eq!(said(line), Some((Some("CP 1"), Some(Way::Out))));
        assert_eq!(said("INFO:ocpp:CP 1: send "), None);
    }
}
