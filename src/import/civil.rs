//! Texts of dates and times in the forms that lists have, before it is known which field of a date
//! is the day.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::time::{Span, Time};

/// The date of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Day {
    /// The month has a name: year, month, day.
    Named(i64, i64, i64),
    /// Year first: year and the two fields after it.
    YearFirst(i64, i64, i64),
    /// Year last: the two fields before it, and the year.
    YearLast(i64, i64, i64),
}

/// What a text says of an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stamp {
    /// Seconds or milliseconds since 1970.
    Epoch(Time),
    /// Calendar and clock.
    Civil {
        day: Option<Day>,
        /// Since midnight.
        time: Option<Span>,
        /// From UTC, when the text says it.
        offset: Option<Span>,
    },
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl Stamp {
    /// Reads a text, such as `2017-08-31T22:12`, `31/08/2017 10:12 PM`, `Wed, 25 Apr 2018 11:08:04
    /// GMT`, `22:12` or `1535751000`.
    pub(super) fn parse(text: &str) -> Option<Stamp> {
        let text = text.trim();
        if let Some(time) = epoch(text) {
            return Some(Stamp::Epoch(time));
        }
        let (day, time) = match text.find(':') {
            None => (text, None),
            Some(colon) => {
                let hours = text[..colon].bytes().rev().take_while(u8::is_ascii_digit).count();
                (&text[..colon - hours], Some(&text[colon - hours..]))
            }
        };
        let (time, offset) = match time {
            Some(time) => {
                let (time, offset) = clock(time)?;
                (Some(time), offset)
            }
            None => (None, None),
        };
        let day = day.trim().trim_end_matches(['T', 't', ',']);
        let day = if day.trim().is_empty() { None } else { Some(date(day)?) };
        (day.is_some() || time.is_some()).then_some(Stamp::Civil { day, time, offset })
    }
}

/// The instant of a date, given as year, month, day, and a time of day; `zone` counts without an
/// offset. A time that a change of the clocks skips counts as that much later, of one that it
/// repeats the first.
pub(super) fn instant(
    (year, month, day): (i64, i64, i64),
    time: Span,
    offset: Option<Span>,
    zone: &TimeZone,
) -> Option<Time> {
    if !(1970..=2199).contains(&year) {
        return None;
    }
    let midnight = Time::from_civil(year, month, day, 0, 0, 0)?;
    if let Some(offset) = offset {
        return Some(midnight + time - offset);
    }
    let whole = time.whole_s();
    let date = jiff::civil::date(year as i16, month as i8, day as i8);
    let clock = DateTime::from_parts(
        date,
        jiff::civil::time((whole / 3600) as i8, (whole / 60 % 60) as i8, (whole % 60) as i8, 0),
    );
    let at = zone.to_ambiguous_timestamp(clock).compatible().ok()?;
    Some(Time::from_unix_s(at.as_second()) + Span(time.0 - Span::from_s(whole).0))
}

/// Ten digits are seconds, thirteen milliseconds.
fn epoch(text: &str) -> Option<Time> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let count: i64 = whole.parse().ok()?;
    match whole.len() {
        10 => Some(Time::from_unix_s(count)),
        13 => Some(Time(count * 1000)),
        _ => None,
    }
}

fn date(text: &str) -> Option<Day> {
    let parts = text.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty());
    let parts: Vec<String> = parts
        .map(str::to_lowercase)
        .filter(|part| {
            !(part.is_char_boundary(3) && WEEKDAYS.contains(&&part[..3.min(part.len())]))
        })
        .collect();
    if let [one] = parts.as_slice() {
        let plain = one.len() == 8 && one.bytes().all(|byte| byte.is_ascii_digit());
        let part = |range: std::ops::Range<usize>| one.get(range)?.parse().ok();
        return plain.then(|| Some(Day::YearFirst(part(0..4)?, part(4..6)?, part(6..8)?)))?;
    }
    let [a, b, c] = parts.as_slice() else { return None };
    let number = |part: &str| -> Option<i64> {
        let plain = (1..=4).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| part.parse().ok())?
    };
    // A two-digit year is of this century.
    let year = |part: &str| match part.len() {
        2 => number(part).map(|year| 2000 + year),
        4 => number(part),
        _ => None,
    };
    let month = |part: &str| {
        let head = part.get(..3)?;
        MONTHS.iter().position(|name| *name == head).map(|at| at as i64 + 1)
    };
    match (month(a), month(b)) {
        (Some(month), _) => Some(Day::Named(year(c)?, month, number(b)?)),
        (None, Some(month)) if a.len() == 4 => Some(Day::Named(year(a)?, month, number(c)?)),
        (None, Some(month)) => Some(Day::Named(year(c)?, month, number(a)?)),
        (None, None) if a.len() == 4 => Some(Day::YearFirst(year(a)?, number(b)?, number(c)?)),
        (None, None) => Some(Day::YearLast(number(a)?, number(b)?, year(c)?)),
    }
}

/// A time of day and the offset behind it.
fn clock(text: &str) -> Option<(Span, Option<Span>)> {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != ':' && c != '.' && c != ',')
        .unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let rest = rest.trim().to_lowercase().replace("a.m.", "am").replace("p.m.", "pm");
    let mut fields = digits.splitn(3, ':');
    let mut field = |most: i64| -> Option<i64> {
        let text = fields.next()?;
        let plain = (1..=2).contains(&text.len());
        plain.then(|| text.parse().ok())?.filter(|value| (0..=most).contains(value))
    };
    let (mut hours, minutes) = (field(23)?, field(59)?);
    let seconds: f64 = match fields.next() {
        Some(text) => text.replace(',', ".").parse().ok()?,
        None => 0.0,
    };
    if !(0.0..60.0).contains(&seconds) {
        return None;
    }
    let (half, zone) = match rest.get(..2) {
        Some(half @ ("am" | "pm")) => (Some(half == "pm"), rest[2..].trim()),
        _ => (None, rest.as_str()),
    };
    if let Some(afternoon) = half {
        if !(1..=12).contains(&hours) {
            return None;
        }
        hours = hours % 12 + if afternoon { 12 } else { 0 };
    }
    let time = Span::from_s(hours * 3600 + minutes * 60) + Span::from_s_f64(seconds);
    Some((time, offset(zone)?))
}

/// `Some(None)` is no offset, `None` is none that we know.
fn offset(text: &str) -> Option<Option<Span>> {
    match text {
        "" => return Some(None),
        "z" | "utc" | "gmt" => return Some(Some(Span::ZERO)),
        _ => {}
    }
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits: String = text[1..].chars().filter(|c| *c != ':').collect();
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    let (hours, minutes) = match digits.len() {
        2 if plain => (digits.as_str(), "0"),
        4 if plain => digits.split_at(2),
        _ => return None,
    };
    let s = hours.parse::<i64>().ok()? * 3600 + minutes.parse::<i64>().ok()? * 60;
    (s < 86_400).then(|| Some(Span::from_s(sign * s)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn civil(day: Day, minutes: i64) -> Option<Stamp> {
        let time = Some(Span::from_s(minutes * 60));
        Some(Stamp::Civil { day: Some(day), time, offset: None })
    }

    #[test]
    fn the_usual_forms_are_read() {
        let evening = 22 * 60 + 12;
        for text in
            ["2017-08-31T22:12", "2017/08/31 22:12:00", "20170831 22:12", "2017-8-31 10:12 PM"]
        {
            assert_eq!(Stamp::parse(text), civil(Day::YearFirst(2017, 8, 31), evening), "{text}");
        }
        for text in ["31/08/2017 22:12", "31.08.2017 22:12:00.000", "31-08-17 10:12 p.m."] {
            assert_eq!(Stamp::parse(text), civil(Day::YearLast(31, 8, 2017), evening), "{text}");
        }
        for text in ["31-Aug-2017 22:12", "Aug 31, 2017 10:12PM", "Thu, 31 August 2017, 22:12"] {
            assert_eq!(Stamp::parse(text), civil(Day::Named(2017, 8, 31), evening), "{text}");
        }
        assert_eq!(Stamp::parse("1504217520"), Stamp::parse("1504217520000"));
        assert_eq!(Stamp::parse("12:05 am"), Stamp::parse("00:05"));
    }

    #[test]
    fn offsets_count_and_zones_we_do_not_know_are_not_guessed() {
        for text in ["10:00Z", "10:00:00 GMT", "10:00+00:00"] {
            let Some(Stamp::Civil { offset, .. }) = Stamp::parse(text) else { panic!("{text}") };
            assert_eq!(offset, Some(Span::ZERO), "{text}");
        }
        let Some(Stamp::Civil { offset, .. }) = Stamp::parse("2024-01-02T10:00:00-0730") else {
            panic!("an offset of half an hour")
        };
        assert_eq!(offset, Some(Span::from_s(-27_000)));
        for text in
            ["10:00 PST", "25:00", "10:61", "", "soon", "2024-01", "1/2/3/4", "13:00 pm", "ä:1"]
        {
            assert_eq!(Stamp::parse(text), None, "{text}");
        }
    }
}
