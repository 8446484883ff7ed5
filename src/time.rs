//! Integer time: microseconds since the Unix epoch, and spans of them.
//!
//! Nothing in the core reads a clock; `now` is always an argument of type [`Time`]. Formatting
//! and reading of OCPP timestamps live here too, because they are on the hot path of every frame.

use std::fmt;
use std::ops::{Add, AddAssign, Mul, Sub};

use serde::{Deserialize, Serialize};

const MICROS_PER_S: i64 = 1_000_000;

/// An instant: microseconds since 1970-01-01T00:00:00Z.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Time(pub i64);

/// A length of time in microseconds.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Span(pub i64);

impl Time {
    /// Later than every instant of a run: "no timer".
    pub const NEVER: Time = Time(i64::MAX);

    /// Whole seconds since the Unix epoch.
    #[must_use]
    pub const fn from_unix_s(seconds: i64) -> Time {
        Time(seconds * MICROS_PER_S)
    }

    /// Whole seconds since the Unix epoch, rounded down.
    #[must_use]
    pub const fn unix_s(self) -> i64 {
        self.0.div_euclid(MICROS_PER_S)
    }

    /// The first multiple of `step` since the Unix epoch that lies strictly after this instant.
    #[must_use]
    pub const fn next_multiple(self, step: Span) -> Time {
        Time((self.0.div_euclid(step.0) + 1) * step.0)
    }

    /// The span since `earlier`; negative when `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Time) -> Span {
        Span(self.0 - earlier.0)
    }

    /// Appends the instant as OCPP wants it: `YYYY-MM-DDTHH:MM:SSZ`, without a fraction, because
    /// some stations cannot read one (ocpp.md §1.4).
    pub fn write_ocpp(self, out: &mut String) {
        let (year, month, day, second_of_day) = civil(self.unix_s());
        let mut digits = *b"0000-00-00T00:00:00Z";
        put(&mut digits[0..4], year);
        put(&mut digits[5..7], month);
        put(&mut digits[8..10], day);
        put(&mut digits[11..13], second_of_day / 3600);
        put(&mut digits[14..16], second_of_day / 60 % 60);
        put(&mut digits[17..19], second_of_day % 60);
        out.push_str(std::str::from_utf8(&digits).unwrap_or_default());
    }

    /// The instant as OCPP text, see [`Time::write_ocpp`].
    #[must_use]
    pub fn to_ocpp(self) -> String {
        let mut text = String::with_capacity(20);
        self.write_ocpp(&mut text);
        text
    }

    /// Reads exactly the form that [`Time::write_ocpp`] writes; `None` for any other form. Fast
    /// path of the lenient reader in `ocpp`.
    #[must_use]
    pub fn parse_ocpp_exact(text: &str) -> Option<Time> {
        let b = text.as_bytes();
        let shape = b.len() == 20
            && b[4] == b'-'
            && b[7] == b'-'
            && b[10] == b'T'
            && b[13] == b':'
            && b[16] == b':'
            && b[19] == b'Z';
        if !shape {
            return None;
        }
        let (year, month, day) = (get(&b[0..4])?, get(&b[5..7])?, get(&b[8..10])?);
        let (hour, minute, second) = (get(&b[11..13])?, get(&b[14..16])?, get(&b[17..19])?);
        Time::from_civil(year, month, day, hour, minute, second)
    }

    /// An instant from its UTC calendar fields; `None` when a field is out of range.
    #[must_use]
    pub fn from_civil(
        year: i64,
        month: i64,
        day: i64,
        hour: i64,
        minute: i64,
        second: i64,
    ) -> Option<Time> {
        let sane = (1..=12).contains(&month)
            && (1..=days_in_month(year, month)).contains(&day)
            && (0..24).contains(&hour)
            && (0..60).contains(&minute)
            && (0..60).contains(&second);
        sane.then(|| {
            let days = days_from_civil(year, month, day);
            Time::from_unix_s(days * 86_400 + hour * 3600 + minute * 60 + second)
        })
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);

    /// Whole seconds.
    #[must_use]
    pub const fn from_s(seconds: i64) -> Span {
        Span(seconds * MICROS_PER_S)
    }

    /// Whole milliseconds.
    #[must_use]
    pub const fn from_ms(milliseconds: i64) -> Span {
        Span(milliseconds * 1000)
    }

    /// Seconds, rounded to the nearest microsecond.
    #[must_use]
    pub fn from_s_f64(seconds: f64) -> Span {
        Span((seconds * MICROS_PER_S as f64).round() as i64)
    }

    /// The span in seconds.
    #[must_use]
    pub fn s(self) -> f64 {
        self.0 as f64 / MICROS_PER_S as f64
    }

    /// The span in whole seconds, rounded down.
    #[must_use]
    pub const fn whole_s(self) -> i64 {
        self.0.div_euclid(MICROS_PER_S)
    }

    /// The span in hours.
    #[must_use]
    pub fn hours(self) -> f64 {
        self.s() / 3600.0
    }
}

impl Add<Span> for Time {
    type Output = Time;
    fn add(self, span: Span) -> Time {
        Time(self.0.saturating_add(span.0))
    }
}

impl Sub<Span> for Time {
    type Output = Time;
    fn sub(self, span: Span) -> Time {
        Time(self.0.saturating_sub(span.0))
    }
}

impl AddAssign<Span> for Time {
    fn add_assign(&mut self, span: Span) {
        *self = *self + span;
    }
}

impl Add for Span {
    type Output = Span;
    fn add(self, other: Span) -> Span {
        Span(self.0 + other.0)
    }
}

impl Sub for Span {
    type Output = Span;
    fn sub(self, other: Span) -> Span {
        Span(self.0 - other.0)
    }
}

impl Mul<i64> for Span {
    type Output = Span;
    fn mul(self, factor: i64) -> Span {
        Span(self.0 * factor)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_ocpp())
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} s", self.s())
    }
}

fn put(field: &mut [u8], mut value: i64) {
    for digit in field.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

fn get(field: &[u8]) -> Option<i64> {
    field.iter().try_fold(0, |value, byte| {
        byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0'))
    })
}

fn days_in_month(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since the Unix epoch of a proleptic Gregorian date; years are counted from March, so that
/// the leap day is the last of its year.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Year, month, day and second of the day of a Unix time; the inverse of [`days_from_civil`].
fn civil(unix_s: i64) -> (i64, i64, i64, i64) {
    let days = unix_s.div_euclid(86_400) + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day, unix_s.rem_euclid(86_400))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ocpp_text_reads_back_over_two_centuries() {
        for day in -20_000..60_000_i64 {
            let time = Time::from_unix_s(day * 86_400 + (day * 7919).rem_euclid(86_400));
            assert_eq!(Time::parse_ocpp_exact(&time.to_ocpp()), Some(time));
        }
    }

    #[test]
    fn known_instants_print_as_known() {
        assert_eq!(Time::from_unix_s(0).to_ocpp(), "1970-01-01T00:00:00Z");
        assert_eq!(Time::from_unix_s(951_782_400).to_ocpp(), "2000-02-29T00:00:00Z");
        assert_eq!(Time(1_777_875_600_999_999).to_ocpp(), "2026-05-04T06:20:00Z");
    }

    #[test]
    fn impossible_dates_are_refused() {
        for text in ["2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z"] {
            assert_eq!(Time::parse_ocpp_exact(text), None, "{text}");
        }
        assert_eq!(Time::parse_ocpp_exact("2026-01-01T00:00:00+00:00"), None);
    }
}
