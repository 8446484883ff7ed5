//! Timestamps as stations write them.

use crate::time::Time;

/// What a lenient reading found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Instant {
    /// A date and time; may be implausible.
    At(Time),
    /// Nothing that names an instant.
    Unreadable,
}

/// Reads `YYYY-MM-DD`, a `T`, `t` or blank, `HH:MM[:SS[.fraction]]` and `Z`, `z`, `±HH`, `±HHMM`,
/// `±HH:MM` or nothing (UTC). The year 0000 may have month and day 00. Second 60 is read as 59.
pub(super) fn read(text: &str) -> Instant {
    fields(text.trim()).map_or(Instant::Unreadable, Instant::At)
}

/// Reads Unix time in seconds or, from the year 2001 on, in milliseconds.
pub(super) fn from_unix(number: i64) -> Instant {
    match number {
        0..1_000_000_000_000 => Instant::At(Time::from_unix_s(number)),
        1_000_000_000_000..100_000_000_000_000 => Instant::At(Time(number * 1000)),
        _ => Instant::Unreadable,
    }
}

fn fields(text: &str) -> Option<Time> {
    let mut rest = Rest(text);
    let year = rest.number(4)?;
    let month = rest.after("-")?.number(2)?;
    let day = rest.after("-")?.number(2)?;
    let hour = rest.after("Tt ")?.number(2)?;
    let minute = rest.after(":")?.number(2)?;
    let second = if rest.after(":").is_some() { rest.number(2)? } else { 0 };
    let micros = if rest.after(".,").is_some() { rest.micros() } else { 0 };
    let offset_s = rest.zone()?;
    let (month, day) = if year == 0 { (month.max(1), day.max(1)) } else { (month, day) };
    let second = if second == 60 { 59 } else { second };
    let base = Time::from_civil(year, month, day, hour, minute, second)?;
    Some(Time(base.0 + micros - offset_s * 1_000_000))
}

struct Rest<'a>(&'a str);

impl Rest<'_> {
    /// Takes one of these characters.
    fn after(&mut self, any_of: &str) -> Option<&mut Self> {
        let first = self.0.chars().next().filter(|first| any_of.contains(*first))?;
        self.0 = &self.0[first.len_utf8()..];
        Some(self)
    }

    /// Takes a number of exactly so many digits.
    fn number(&mut self, digits: usize) -> Option<i64> {
        let (head, tail) = self.0.split_at_checked(digits)?;
        let value = head.bytes().all(|byte| byte.is_ascii_digit()).then(|| head.parse().ok())??;
        self.0 = tail;
        Some(value)
    }

    /// Takes the digits of a fraction, however many.
    fn micros(&mut self) -> i64 {
        let length = self.0.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, tail) = self.0.split_at(length);
        self.0 = tail;
        let kept = &digits[..length.min(6)];
        kept.parse::<i64>().map_or(0, |value| value * 10_i64.pow(6 - kept.len() as u32))
    }

    /// Takes the zone, which ends the text: seconds east of Greenwich.
    fn zone(&mut self) -> Option<i64> {
        let zone = self.0.trim_start();
        let sign = match zone.as_bytes().first() {
            None => return Some(0),
            Some(b'Z' | b'z') if zone.len() == 1 => return Some(0),
            Some(b'+') => 1,
            Some(b'-') => -1,
            Some(_) => return None,
        };
        self.0 = &zone[1..];
        let hours = self.number(2)?;
        let _ = self.after(":");
        let minutes = if self.0.is_empty() { 0 } else { self.number(2)? };
        let sane = self.0.is_empty() && hours < 24 && minutes < 60;
        sane.then_some(sign * (hours * 3600 + minutes * 60))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_seen_in_the_field_name_the_instant_they_mean() {
        let noon = Time::from_civil(2026, 5, 4, 12, 0, 0).unwrap();
        for (text, micros) in [
            ("2026-05-04T12:00:00", 0),
            ("2026-05-04 12:00:00", 0),
            ("2026-05-04t12:00:00z", 0),
            ("2026-05-04T14:00:00+02", 0),
            ("2026-05-04T14:00:00+0200", 0),
            ("2026-05-04 14:00:00 +02:00", 0),
            ("2026-05-04T12:00:00.Z", 0),
            ("2026-05-04T12:00:00,25Z", 250_000),
            ("2026-05-04T12:00:00.123456789", 123_456),
            ("2026-05-04T12:00Z", 0),
            (" 2026-05-04T12:00:00Z ", 0),
            ("2026-05-04T11:59:60Z", -1_000_000),
        ] {
            assert_eq!(read(text), Instant::At(Time(noon.0 + micros)), "{text:?}");
        }
    }

    #[test]
    fn a_clock_at_zero_is_an_instant_and_nonsense_is_none() {
        assert_eq!(
            read("0000-00-00T00:00:00Z"),
            Instant::At(Time::from_civil(0, 1, 1, 0, 0, 0).unwrap())
        );
        for text in [
            "",
            "now",
            "2026-05-04",
            "2026-13-04T12:00:00Z",
            "2026-05-04T12:00:00 CET",
            "1,5",
            "２026-05-04T12:00:00Z",
            "2026-05-04T12:00:00+2",
            "2026-05-04T12:00:00ZZ",
        ] {
            assert_eq!(read(text), Instant::Unreadable, "{text:?}");
        }
    }

    #[test]
    fn unix_time_is_read_in_seconds_and_milliseconds() {
        let at = Instant::At(Time::from_unix_s(1_777_896_000));
        assert_eq!(from_unix(1_777_896_000), at);
        assert_eq!(from_unix(1_777_896_000_000), at);
        assert_eq!(from_unix(i64::MAX), Instant::Unreadable);
        assert_eq!(from_unix(-1), Instant::Unreadable);
    }
}
