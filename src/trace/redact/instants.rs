//! Times moved by a span, in the form they have: zone and fraction stay.

use jiff::SignedDuration;
use jiff::civil::DateTime;

use crate::ocpp::Timestamp;
use crate::time::Span;

/// `2026-05-04T06:00:00`
const CIVIL: usize = 19;

/// The instant moved by whole seconds. `None` for what is no instant, and for one that no set clock shows: it
/// says that, whenever it was.
pub(super) fn moved(text: &str, by: Span) -> Option<String> {
    if by == Span::ZERO || !Timestamp::parse(text)?.is_plausible() {
        return None;
    }
    let (civil, rest) = text.split_at_checked(CIVIL)?;
    let separator = civil.get(10..11).filter(|it| ["T", "t", " "].contains(it))?;
    let at: DateTime = civil.replacen(separator, "T", 1).parse().ok()?;
    let at = at.checked_add(SignedDuration::from_secs(by.whole_s())).ok()?;
    let mut new = at.strftime("%Y-%m-%dT%H:%M:%S").to_string();
    new.replace_range(10..11, separator);
    new.push_str(rest);
    Some(new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_keep_their_form() {
        let week = Span::from_s(-7 * 86_400);
        for (before, after) in [
            ("2026-05-04T06:00:00Z", "2026-04-27T06:00:00Z"),
            ("2026-05-04T06:00:00.123456+02:00", "2026-04-27T06:00:00.123456+02:00"),
            ("2026-03-01t00:00:00", "2026-02-22t00:00:00"),
        ] {
            assert_eq!(moved(before, week).as_deref(), Some(after));
        }
        for text in ["1970-01-01T00:00:12Z", "yesterday", "", "2026-05-04", "0000-00-00T00:00:00Z"]
        {
            assert_eq!(moved(text, week), None, "{text}");
        }
        assert_eq!(moved("2026-05-04T06:00:00Z", Span::ZERO), None);
    }
}
