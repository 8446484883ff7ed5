//! Timestamps as OCPP-J carries them (`dateTime`; JSON form: RFC 3339).

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::{Serialize, Serializer};

use crate::time::Time;

/// Instants before 2000-01-01T00:00:00Z come from a station whose clock was never set.
const EARLIEST_PLAUSIBLE: Time = Time::from_unix_s(946_684_800);

/// An instant on the wire: written `YYYY-MM-DDTHH:MM:SSZ`, read as that or as any strict
/// RFC 3339 text (upper-case `T`, `Z` or `±HH:MM`, an optional fraction).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub Time);

impl Timestamp {
    /// Reads strict RFC 3339; digits of the fraction after the sixth are cut.
    #[must_use]
    pub fn parse(text: &str) -> Option<Timestamp> {
        Time::parse_ocpp_exact(text).or_else(|| rfc3339(text)).map(Timestamp)
    }

    /// False for the years 0000 and 1970 and everything else before 2000: the station has no
    /// clock, and the receiver should use the time of arrival.
    #[must_use]
    pub fn is_plausible(self) -> bool {
        self.0 >= EARLIEST_PLAUSIBLE
    }
}

impl From<Time> for Timestamp {
    fn from(time: Time) -> Timestamp {
        Timestamp(time)
    }
}

impl From<Timestamp> for Time {
    fn from(timestamp: Timestamp) -> Time {
        timestamp.0
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn rfc3339(text: &str) -> Option<Time> {
    let (seconds, rest) = text.split_at_checked(19)?;
    let b = seconds.as_bytes();
    let shape = b[4] == b'-' && b[7] == b'-' && b[10] == b'T' && b[13] == b':' && b[16] == b':';
    if !shape {
        return None;
    }
    let base = Time::from_civil(
        digits(&b[0..4])?,
        digits(&b[5..7])?,
        digits(&b[8..10])?,
        digits(&b[11..13])?,
        digits(&b[14..16])?,
        digits(&b[17..19])?,
    )?;
    let (micros, zone) = fraction(rest)?;
    Some(Time(base.0 + micros - offset_s(zone)? * 1_000_000))
}

/// Microseconds of a leading `.123456789`, and what follows it.
fn fraction(text: &str) -> Option<(i64, &str)> {
    let Some(after) = text.strip_prefix('.') else { return Some((0, text)) };
    let end = after.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(after.len());
    let kept = &after[..end.min(6)];
    let scale = 10_i64.pow(6 - kept.len() as u32);
    (end > 0).then_some(())?;
    Some((digits(kept.as_bytes())? * scale, &after[end..]))
}

/// Seconds east of Greenwich of `Z` or `±HH:MM`.
fn offset_s(zone: &str) -> Option<i64> {
    if zone == "Z" {
        return Some(0);
    }
    let b = zone.as_bytes();
    let sign = match b.first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    if b.len() != 6 || b[3] != b':' {
        return None;
    }
    let (hours, minutes) = (digits(&b[1..3])?, digits(&b[4..6])?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

fn digits(field: &[u8]) -> Option<i64> {
    field.iter().try_fold(0, |value, byte| {
        byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0'))
    })
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, sink: S) -> Result<S::Ok, S::Error> {
        sink.serialize_str(&self.0.to_ocpp())
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Timestamp, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Timestamp;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an RFC 3339 timestamp")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Timestamp, E> {
                Timestamp::parse(text)
                    .ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        source.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_and_fractions_of_rfc_3339_are_read() {
        let noon = Time::from_civil(2026, 5, 4, 12, 0, 0).unwrap();
        for (text, micros) in [
            ("2026-05-04T12:00:00Z", 0),
            ("2026-05-04T12:00:00+00:00", 0),
            ("2026-05-04T14:00:00+02:00", 0),
            ("2026-05-04T06:30:00-05:30", 0),
            ("2026-05-04T12:00:00.5Z", 500_000),
            ("2026-05-04T12:00:00.123456789Z", 123_456),
            ("2026-05-04T14:00:00.001+02:00", 1000),
        ] {
            assert_eq!(Timestamp::parse(text), Some(Timestamp(Time(noon.0 + micros))), "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for text in [
            "",
            "2026-05-04",
            "2026-05-04T12:00:00",
            "2026-05-04T12:00:00.Z",
            "2026-05-04t12:00:00Z",
            "2026-05-04T12:00:00z",
            "2026-05-04 12:00:00Z",
            "2026-05-04T12:00:00+02",
            "2026-05-04T12:00:00+0200",
            "2026-05-04T12:00:00+24:00",
            "2026-05-04T12:00:00ZZ",
            "2026-05-04T12:00:0äZ",
            "0000-00-00T00:00:00Z",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_clock_that_was_never_set_is_recognised() {
        assert!(!Timestamp::parse("1970-01-01T00:03:10Z").unwrap().is_plausible());
        assert!(!Timestamp::parse("0000-01-01T00:00:00Z").unwrap().is_plausible());
        assert!(Timestamp::parse("2026-05-04T12:00:00Z").unwrap().is_plausible());
    }
}
