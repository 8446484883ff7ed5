//! Instants in the text around a frame, as loggers write them.

use crate::time::{Span, Time};

/// Seconds and microseconds of a day.
const DAY_S: i64 = 86_400;
/// What counts of seconds since 1970 may be: the years 2000 to 2099.
const EPOCHS_S: std::ops::Range<i64> = 946_684_800..4_102_444_800;

/// What a clock showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// An instant.
    Instant(Time),
    /// A date and a time of day in a zone that is not said; as if it were UTC.
    Local(Time),
    /// A time of day alone.
    OfDay(Span),
}

/// What a text says of when: an instant before a local time, that before a time of day. Of several local times it is
/// the last, which stands nearest to what it is about. `epochs`: whether a number alone may be an instant.
pub(super) fn find(text: &str, epochs: bool) -> Option<Shown> {
    let bytes = text.as_bytes();
    let (mut best, mut at) = (None, 0);
    while at < bytes.len() {
        let first = at == 0 || !(bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'.');
        if !(bytes[at].is_ascii_digit() && first) {
            at += 1;
            continue;
        }
        let rest = &bytes[at..];
        let found = dated(rest)
            .or_else(|| of_day(rest).map(|(span, length)| (Shown::OfDay(span), length)))
            .or_else(|| epoch(rest).filter(|_| epochs));
        match found {
            None => at += rest.iter().take_while(|byte| byte.is_ascii_digit()).count(),
            Some((instant @ Shown::Instant(_), _)) => return Some(instant),
            Some((shown, length)) => {
                at += length;
                if !matches!((best, shown), (Some(Shown::Local(_)), Shown::OfDay(_))) {
                    best = Some(shown);
                }
            }
        }
    }
    best
}

/// `2026-05-04 06:00:00.123`, with `/`, `T`, `,`, and perhaps a zone; and how many bytes that are.
fn dated(bytes: &[u8]) -> Option<(Shown, usize)> {
    let separator = *bytes.get(4)?;
    if !matches!(separator, b'-' | b'/') || *bytes.get(7)? != separator {
        return None;
    }
    let date = (digits(bytes, 0, 4)?, digits(bytes, 5, 2)?, digits(bytes, 8, 2)?);
    let between = bytes[10..].iter().take_while(|byte| matches!(byte, b'T' | b't' | b' ' | b'\t'));
    let clock = 10 + between.count();
    if clock == 10 {
        return None;
    }
    let (span, length) = of_day(&bytes[clock..])?;
    let midnight = Time::from_civil(date.0, date.1, date.2, 0, 0, 0)?;
    let shown = midnight + span;
    let end = clock + length;
    Some(match offset(&bytes[end..]) {
        Some((east_s, length)) => {
            (Shown::Instant(Time(shown.0 - Span::from_s(east_s).0)), end + length)
        }
        None => (Shown::Local(shown), end),
    })
}

/// `06:00:00.123`.
fn of_day(bytes: &[u8]) -> Option<(Span, usize)> {
    if *bytes.get(2)? != b':' || *bytes.get(5)? != b':' {
        return None;
    }
    let (hour, minute, second) = (digits(bytes, 0, 2)?, digits(bytes, 3, 2)?, digits(bytes, 6, 2)?);
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let whole = Span::from_s(hour * 3600 + minute * 60 + second.min(59));
    let (micros, length) = fraction(&bytes[8..]);
    Some((Span(whole.0 + micros), 8 + length))
}

/// Microseconds of `.123` or `,123`, and how many bytes that are.
fn fraction(bytes: &[u8]) -> (i64, usize) {
    if !matches!(bytes.first(), Some(b'.' | b',')) {
        return (0, 0);
    }
    let count = bytes[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    if count == 0 {
        return (0, 0);
    }
    let kept = count.min(6);
    let value = digits(bytes, 1, kept).unwrap_or(0);
    (value * 10_i64.pow(6 - kept as u32), 1 + count)
}

/// Seconds east of Greenwich of a zone that follows a time: `Z`, `+02`, `+0200`, `+02:00`, ` +0200`, ` UTC`.
fn offset(bytes: &[u8]) -> Option<(i64, usize)> {
    let blank = usize::from(bytes.first() == Some(&b' '));
    let zone = &bytes[blank..];
    let ends = |at: usize| !zone.get(at).is_some_and(u8::is_ascii_alphanumeric);
    match zone.first()? {
        b'Z' | b'z' if ends(1) => Some((0, blank + 1)),
        b'U' | b'G' if ends(3) && (zone.starts_with(b"UTC") || zone.starts_with(b"GMT")) => {
            Some((0, blank + 3))
        }
        sign @ (b'+' | b'-') => {
            let colon = usize::from(zone.get(3) == Some(&b':'));
            let (hours, minutes) = (digits(zone, 1, 2)?, digits(zone, 3 + colon, 2));
            let (minutes, length) = match minutes {
                Some(minutes) => (minutes, 5 + colon),
                // `10:00:00 -02 ..` may go on with anything.
                None if blank == 0 && colon == 0 => (0, 3),
                None => return None,
            };
            let east_s = hours * 3600 + minutes * 60;
            let sane = hours < 24 && minutes < 60 && ends(length);
            sane.then_some((if *sign == b'+' { east_s } else { -east_s }, blank + length))
        }
        _ => None,
    }
}

/// Seconds since 1970, with a fraction or without, or milliseconds, microseconds, nanoseconds.
fn epoch(bytes: &[u8]) -> Option<(Shown, usize)> {
    let count = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let per_s = match count {
        10 => 1,
        13 => 1_000,
        16 => 1_000_000,
        19 => 1_000_000_000,
        _ => return None,
    };
    let value = digits(bytes, 0, count)?;
    let (micros, length) = match (count, fraction(&bytes[count..])) {
        (10, fraction) => fraction,
        _ => (value % per_s * 1_000_000 / per_s, 0),
    };
    let end = count + length;
    let alone = !bytes.get(end).is_some_and(u8::is_ascii_alphanumeric);
    let seconds = value / per_s;
    (alone && EPOCHS_S.contains(&seconds))
        .then(|| (Shown::Instant(Time(Time::from_unix_s(seconds).0 + micros)), end))
}

/// The time of day from one to a later one, over midnight if need be.
pub(super) fn elapsed(from: Span, to: Span) -> Span {
    Span((to.0 - from.0).rem_euclid(Span::from_s(DAY_S).0))
}

fn digits(bytes: &[u8], from: usize, count: usize) -> Option<i64> {
    bytes.get(from..from + count)?.iter().try_fold(0_i64, |value, byte| {
        byte.is_ascii_digit().then(|| value.checked_mul(10)?.checked_add(i64::from(byte - b'0')))?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(text: &str) -> Option<Shown> {
        find(text, true)
    }

    #[test]
    fn instants_as_loggers_write_them() {
        let noon = Time::from_civil(2026, 5, 4, 12, 0, 0).unwrap();
        let later = |micros: i64| Time(noon.0 + micros);
        for (text, shown) in [
            ("2026-05-04T12:00:00Z", Shown::Instant(noon)),
            ("at 2026-05-04t14:00:00.5+02:00 x", Shown::Instant(later(500_000))),
            ("[2026-05-04 14:00:00 +0200]", Shown::Instant(noon)),
            ("2026-05-04T14:00:00,000001+02", Shown::Instant(later(1))),
            ("2026-05-04 12:00:00.25 UTC", Shown::Instant(later(250_000))),
            ("[INFO ] 2026-05-04 12:00:00,608 de.rwth", Shown::Local(later(608_000))),
            ("TRACE 2026/05/04 12:00:00 recv", Shown::Local(noon)),
            ("2026-05-04\t12:00:00 - ocpp - INFO", Shown::Local(noon)),
            ("2026-05-04 12:00:00 -0 x", Shown::Local(noon)),
            ("1777896000 x", Shown::Instant(noon)),
            ("(1777896000.000250)", Shown::Instant(later(250))),
            ("1777896000123", Shown::Instant(later(123_000))),
            ("t=1777896000123456789", Shown::Instant(later(123_456))),
            ("00:00:01.5 -> ", Shown::OfDay(Span::from_ms(1500))),
        ] {
            assert_eq!(ms(text), Some(shown), "{text}");
        }
        for text in ["", "12:00", "2026-13-04T12:00:00Z", "x1777896000", "99:00:00", "0000000000"] {
            assert_eq!(ms(text), None, "{text}");
        }
        assert_eq!(find("1777896000", false), None);
    }

    #[test]
    fn a_zone_beats_no_zone_and_of_several_local_times_the_last_is_taken() {
        let noon = Time::from_civil(2026, 5, 4, 12, 0, 0).unwrap();
        let both = "2026-05-04T12:00:00Z [ocpp  ] TRACE 2026/05/04 14:00:00 recv";
        assert_eq!(ms(both), Some(Shown::Instant(noon)));
        let journal = "2026-05-04 09:00:00 host evcc[1]: TRACE 2026/05/04 12:00:00 recv 10:00:00";
        assert_eq!(ms(journal), Some(Shown::Local(noon)));
        assert_eq!(elapsed(Span::from_s(86_399), Span::from_s(1)), Span::from_s(2));
    }
}
