//! Texts with units: durations, times of day, instants.

use jiff::civil::DateTime;
use jiff::fmt::temporal::{DateTimeParser, Pieces};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp, ToSpan, Zoned};

use super::suggest;
use crate::time::{Span, Time};

/// Units of a duration and their length in microseconds.
const UNITS: [(&str, f64); 7] = [
    ("ms", 1e3),
    ("s", 1e6),
    ("min", 6e7),
    ("m", 6e7),
    ("h", 3.6e9),
    ("d", 8.64e10),
    ("w", 6.048e11),
];

/// Longer durations are refused: 100 years.
const LONGEST: f64 = 36_525.0 * 8.64e10;

/// Why a text is not the quantity it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misread {
    /// What is wrong with it.
    pub cause: String,
    /// What would be right.
    pub help: String,
}

impl Misread {
    fn new(cause: impl Into<String>, help: impl Into<String>) -> Misread {
        Misread { cause: cause.into(), help: help.into() }
    }
}

/// An instant as a scenario writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Local time of day.
    TimeOfDay(Span),
    /// After the start of the run.
    AfterStart(Span),
    /// Fixed.
    At(Time),
}

impl Moment {
    /// The instant it means in a run; a time of day is the first one at or after the start.
    #[must_use]
    pub fn instant(self, start: Time, zone: &TimeZone) -> Time {
        match self {
            Moment::At(at) => at,
            Moment::AfterStart(after) => start + after,
            Moment::TimeOfDay(time) => next_time_of_day(start, zone, time),
        }
    }
}

/// An instant and the zone it was written in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instant {
    /// The instant.
    pub time: Time,
    /// Offset of that zone from UTC at the instant.
    pub utc_offset: Span,
    /// The zone; of a fixed offset when no name was written.
    pub zone: TimeZone,
}

/// Reads a duration: numbers with units, as `14h`, `90m`, `1h30m`, `500ms`.
///
/// # Errors
/// Anything else, also a negative or an absurdly long duration.
pub fn parse_span(text: &str) -> Result<Span, Misread> {
    const HELP: &str = "write numbers with the units d, h, m, s or ms, for example \"1h30m\"";
    let mut rest = text.trim();
    let mut micros = 0.0;
    if rest.is_empty() {
        return Err(Misread::new("empty duration", HELP));
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let Ok(number) = rest[..digits].parse::<f64>() else {
            return Err(Misread::new("a number is missing", HELP));
        };
        rest = rest[digits..].trim_start();
        let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let unit = &rest[..letters];
        if unit.is_empty() {
            let number = text.trim();
            let help = format!("add a unit, for example \"{number}m\" or \"{number}h\"");
            return Err(Misread::new("the unit is missing", help));
        }
        let Some((_, factor)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            return Err(Misread::new(format!("`{unit}` is no unit of time"), HELP));
        };
        micros += number * factor;
        rest = rest[letters..].trim_start();
    }
    if micros > LONGEST {
        return Err(Misread::new("longer than 100 years", HELP));
    }
    Ok(Span(micros.round() as i64))
}

/// Writes a duration as [`parse_span`] reads it, largest units first.
#[must_use]
pub fn span_text(span: Span) -> String {
    const PARTS: [(&str, i64); 5] = [
        ("d", 86_400_000_000),
        ("h", 3_600_000_000),
        ("m", 60_000_000),
        ("s", 1_000_000),
        ("ms", 1000),
    ];
    let mut left = span.0.max(0);
    let mut text = String::new();
    for (unit, micros) in PARTS {
        if left >= micros {
            text.push_str(&format!("{}{unit}", left / micros));
            left %= micros;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// Reads a local time of day, `HH:MM` or `HH:MM:SS`; `24:00` is the end of the day.
///
/// # Errors
/// Anything else.
pub fn parse_time_of_day(text: &str) -> Result<Span, Misread> {
    const HELP: &str = "write hours and minutes from \"00:00\" to \"24:00\", for example \"07:30\"";
    let fields: Option<Vec<i64>> = text
        .trim()
        .split(':')
        .map(|field| {
            let plain = (1..=2).contains(&field.len()) && field.bytes().all(|b| b.is_ascii_digit());
            plain.then(|| field.parse().ok()).flatten()
        })
        .collect();
    let (hours, minutes, seconds) = match fields.as_deref() {
        Some([hours, minutes]) => (*hours, *minutes, 0),
        Some([hours, minutes, seconds]) => (*hours, *minutes, *seconds),
        _ => return Err(Misread::new("not a time of day", HELP)),
    };
    let total = hours * 3600 + minutes * 60 + seconds;
    if minutes > 59 || seconds > 59 || total > 86_400 {
        return Err(Misread::new("no such time of day", HELP));
    }
    Ok(Span::from_s(total))
}

/// Reads a time of day, a time after the start as `+2h`, or an instant.
///
/// # Errors
/// Anything else.
pub fn parse_moment(text: &str) -> Result<Moment, Misread> {
    let text = text.trim();
    if let Some(after) = text.strip_prefix('+') {
        return parse_span(after).map(Moment::AfterStart);
    }
    if text.contains('T') || (text.contains('-') && text.contains(' ')) {
        return parse_instant(text, None).map(|instant| Moment::At(instant.time));
    }
    parse_time_of_day(text).map(Moment::TimeOfDay).map_err(|misread| {
        let help = "write a time of day as \"12:00\", a time after the start as \"+2h\", or a \
                    date-time as \"2026-05-04T12:00:00Z\"";
        Misread::new(misread.cause.replace("not a time of day", "not a time"), help)
    })
}

/// Reads a date-time with a zone, `2026-05-04T06:00:00[Europe/Amsterdam]`, or with an offset
/// (RFC 3339). A text without either is taken as local time of `zone`, if one is given. The
/// machine's own zone never counts, and the zone rules are those built into the program.
///
/// # Errors
/// Anything else, an unknown zone, or an instant outside the years 1970 to 2199.
pub fn parse_instant(text: &str, zone: Option<&TimeZone>) -> Result<Instant, Misread> {
    const HELP: &str = "write for example \"2026-05-04T06:00:00[Europe/Amsterdam]\" or \
                        \"2026-05-04T06:00:00Z\"";
    let text = text.trim();
    let pieces = Pieces::parse(text).map_err(|_| {
        let dated = text.starts_with(|c: char| c.is_ascii_digit());
        Misread::new(if dated { "no such date and time" } else { "not a date-time" }, HELP)
    })?;
    let Some(time) = pieces.time() else {
        return Err(Misread::new("the time of day is missing", HELP));
    };
    let civil = pieces.date().to_datetime(time);
    let zoned = if let Some(annotation) = pieces.time_zone_annotation() {
        let name = annotation_name(text);
        if annotation.to_time_zone_with(&TimeZoneDatabase::bundled()).is_err() {
            return Err(unknown_zone(name));
        }
        DateTimeParser::new()
            .parse_zoned_with(&TimeZoneDatabase::bundled(), text)
            .map_err(|error| Misread::new(error.to_string(), HELP))?
    } else if let Some(offset) = pieces.to_numeric_offset() {
        local(civil, &TimeZone::fixed(offset))?
    } else if let Some(zone) = zone {
        local(civil, zone)?
    } else {
        let help =
            format!("add a zone, \"{text}[Europe/Amsterdam]\", or an offset, \"{text}+02:00\"");
        return Err(Misread::new("the time zone is missing", help));
    };
    if !(1970..=2199).contains(&zoned.year()) {
        return Err(Misread::new("outside the years 1970 to 2199", HELP));
    }
    Ok(Instant {
        time: Time(zoned.timestamp().as_microsecond()),
        utc_offset: Span::from_s(i64::from(zoned.offset().seconds())),
        zone: zoned.time_zone().clone(),
    })
}

/// The zone of this IANA name.
///
/// # Errors
/// An unknown name, with the nearest known one.
pub fn parse_zone(name: &str) -> Result<TimeZone, Misread> {
    TimeZoneDatabase::bundled().get(name).map_err(|_| unknown_zone(name))
}

/// The first instant at or after `start` at which clocks in `zone` show this time of day. A time
/// that a change of the clocks skips counts as that much later (RFC 5545).
#[must_use]
pub fn next_time_of_day(start: Time, zone: &TimeZone, time: Span) -> Time {
    let on_day = |days: i64| {
        let now = zone.to_datetime(Timestamp::from_microsecond(start.0).ok()?);
        let midnight = now.date().checked_add(days.days()).ok()?.at(0, 0, 0, 0);
        let shown = midnight.checked_add(SignedDuration::from_micros(time.0)).ok()?;
        let at = zone.to_ambiguous_timestamp(shown).compatible().ok()?;
        Some(Time(at.as_microsecond())).filter(|at| *at >= start)
    };
    // Only an instant at the end of the calendar has no such time; none is in the range we read.
    (-1..=2).find_map(on_day).unwrap_or(start)
}

fn local(civil: DateTime, zone: &TimeZone) -> Result<Zoned, Misread> {
    civil.to_zoned(zone.clone()).map_err(|error| Misread::new(error.to_string(), "choose another"))
}

fn annotation_name(text: &str) -> &str {
    let start = text.find('[').map_or(0, |at| at + 1);
    let end = text[start..].find(']').map_or(text.len(), |at| start + at);
    text[start..end].trim_start_matches('!')
}

fn unknown_zone(name: &str) -> Misread {
    let database = TimeZoneDatabase::bundled();
    let names: Vec<String> = database.available().map(|zone| zone.to_string()).collect();
    let help = match suggest::nearest(name, names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "write an IANA name such as `Europe/Amsterdam` or `America/Los_Angeles`".to_owned(),
    };
    Misread::new(format!("unknown time zone `{name}`"), help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_and_write_alike() {
        for (text, seconds) in
            [("14h", 50_400.0), ("1h30m", 5400.0), ("90m", 5400.0), ("1d", 86_400.0), ("30s", 30.0)]
        {
            assert_eq!(parse_span(text).map(Span::s), Ok(seconds), "{text}");
        }
        assert_eq!(parse_span("500ms"), Ok(Span::from_ms(500)));
        assert_eq!(parse_span(" 1.5 h 2 min "), Ok(Span::from_s(5520)));
        for span in [Span::ZERO, Span::from_ms(1), Span::from_s(93_784)] {
            assert_eq!(parse_span(&span_text(span)), Ok(span));
        }
        for text in ["", "h", "5", "5 parsecs", "-3h", "1e5h", "..s", "99999999999d"] {
            assert!(parse_span(text).is_err(), "{text}");
        }
    }

    #[test]
    fn times_of_day_end_at_midnight() {
        assert_eq!(parse_time_of_day("24:00"), Ok(Span::from_s(86_400)));
        assert_eq!(parse_time_of_day("7:05:09"), Ok(Span::from_s(25_509)));
        for text in ["24:01", "12:60", "12", "noon", "-1:00", "+1:00", "1:2:3:4", "001:00"] {
            assert!(parse_time_of_day(text).is_err(), "{text}");
        }
    }

    #[test]
    fn instants_carry_their_zone_and_never_the_machines() {
        let summer = parse_instant("2026-05-04T06:00:00[Europe/Amsterdam]", None).expect("valid");
        assert_eq!(summer.time.to_ocpp(), "2026-05-04T04:00:00Z");
        assert_eq!(summer.utc_offset, Span::from_s(7200));
        let offset = parse_instant("2026-05-04T06:00:00+02:00", None).expect("valid");
        assert_eq!((offset.time, offset.utc_offset), (summer.time, summer.utc_offset));
        let zulu = parse_instant("2026-05-04T04:00:00Z", None).expect("valid");
        assert_eq!((zulu.time, zulu.utc_offset), (summer.time, Span::ZERO));
        let bare = parse_instant("2026-05-04 06:00", Some(&summer.zone)).expect("valid");
        assert_eq!(bare.time, summer.time);
        assert!(parse_instant("2026-05-04T06:00", None).is_err());
    }

    #[test]
    fn a_misspelt_zone_suggests_the_right_one() {
        let misread = parse_instant("2026-05-04T06:00[Europe/Amsterdm]", None).expect_err("wrong");
        assert_eq!(misread.help, "did you mean `Europe/Amsterdam`?");
    }
}
