//! Times moved by a span, in the form they have: zone and fraction stay.

use jiff::SignedDuration;
use jiff::civil::DateTime;

use crate::time::Span;

/// `2026-05-04T06:00:00`
const CIVIL: usize = 19;

/// Stations without a clock tell years before this one.
const FIRST_YEAR: i16 = 2000;

/// Whether a text is an instant: RFC 3339, or what stations write instead, as without a zone or with `+02`.
pub(super) fn is_instant(text: &str) -> bool {
    parts(text).is_some()
}

/// The instant moved by whole seconds. `None` for what is no instant, and for one that no set clock shows: it
/// says that, whenever it was.
pub(super) fn moved(text: &str, by: Span) -> Option<String> {
    let (at, separator, rest) = parts(text).filter(|_| by != Span::ZERO)?;
    if at.year() < FIRST_YEAR {
        return None;
    }
    let at = at.checked_add(SignedDuration::from_secs(by.whole_s())).ok()?;
    let mut new = at.strftime("%Y-%m-%dT%H:%M:%S").to_string();
    new.replace_range(10..11, separator);
    new.push_str(rest);
    Some(new)
}

/// Date and time, what stands between them, and fraction and zone.
fn parts(text: &str) -> Option<(DateTime, &str, &str)> {
    let (civil, rest) = text.split_at_checked(CIVIL)?;
    let separator = civil.get(10..11).filter(|it| ["T", "t", " "].contains(it))?;
    let at = civil.replacen(separator, "T", 1).parse().ok()?;
    let fraction =
        rest.strip_prefix('.').map(|it| it.trim_start_matches(|it: char| it.is_ascii_digit()));
    let zone = fraction.unwrap_or(rest);
    let offset = || {
        let digits = zone.strip_prefix(['+', '-'])?;
        let plain = digits.bytes().all(|it| it.is_ascii_digit() || it == b':');
        (plain && (2..=5).contains(&digits.len())).then_some(())
    };
    (["", "Z", "z"].contains(&zone) || offset().is_some()).then_some((at, separator, rest))
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
            ("2026-03-01 00:00:00+02", "2026-02-22 00:00:00+02"),
        ] {
            assert_eq!(moved(before, week).as_deref(), Some(after));
        }
        for text in [
            "2026-05-04T06:00:00 or so",
            "1970-01-01T00:00:12Z",
            "yesterday",
            "",
            "2026-05-04",
            "0000-00-00T00:00:00Z",
        ] {
            assert_eq!(moved(text, week), None, "{text}");
        }
        assert_eq!(moved("2026-05-04T06:00:00Z", Span::ZERO), None);
    }
}
