//! MicroOcpp: `[MO] Send: [..]` and `[MO] Recv: [..]` on the console of a charge point, which names neither itself nor,
//! as a rule, a time; a serial monitor may put a time of day before.

use super::sense::Way;
use super::{Dialect, Said};
use crate::trace::record::Direction;

pub(super) struct MicroOcpp;

impl Dialect for MicroOcpp {
    fn said<'a>(&self, before: &'a str, _after: &'a str) -> Option<Said<'a>> {
        let (_, word) = before.rsplit_once("[MO] ")?;
        let direction = match word.trim() {
            "Send:" => Direction::FromPoint,
            "Recv:" => Direction::ToPoint,
            _ => return None,
        };
        Some(Said { point: None, way: Some(Way::Sure(direction)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_charge_point_sends_goes_to_the_central_system() {
        let way = |before| MicroOcpp.said(before, "").and_then(|said| said.way);
        assert_eq!(way("[MO] Send: "), Some(Way::Sure(Direction::FromPoint)));
        assert_eq!(way("11:52:55.587 > [MO] Recv:"), Some(Way::Sure(Direction::ToPoint)));
        assert_eq!(way("[MO] debug (Request.cpp:1): "), None);
    }
}
