//! Numbers and escapes for the files of a report.
//!
//! The tables of a month hold millions of cells, so numbers of the hot paths are written digit by
//! digit instead of through `format!`.

use crate::time::{Span, Time};

/// Appends `milli / 1000` with three decimals: `12345` becomes `12.345`.
pub fn push_milli(out: &mut String, milli: i64) {
    let mut digits = [b'0'; 24];
    let size = milli.unsigned_abs();
    let mut first = digits.len() - 4;
    fill(&mut digits[first + 1..], size % 1000);
    digits[first] = b'.';
    first = fill(&mut digits[..first], size / 1000);
    if milli < 0 {
        first -= 1;
        digits[first] = b'-';
    }
    out.push_str(std::str::from_utf8(&digits[first..]).unwrap_or_default());
}

/// Appends a whole number.
pub fn push_unsigned(out: &mut String, value: u64) {
    let mut digits = [b'0'; 20];
    let first = fill(&mut digits, value);
    out.push_str(std::str::from_utf8(&digits[first..]).unwrap_or_default());
}

/// Writes a number's digits at the end of a field and returns the place of the first one.
fn fill(field: &mut [u8], mut value: u64) -> usize {
    let mut first = field.len();
    loop {
        first -= 1;
        field[first] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            return first;
        }
    }
}

/// Appends `value` with three decimals; nothing when it is not finite.
pub fn push_decimal(out: &mut String, value: f64) {
    if value.is_finite() {
        push_milli(out, (value * 1000.0).round() as i64);
    }
}

/// Appends a CSV field, quoted only when it must be (RFC 4180).
pub fn push_csv(out: &mut String, field: &str) {
    if field.contains(['"', ',', '\n', '\r']) {
        out.push('"');
        out.push_str(&field.replace('"', "\"\""));
        out.push('"');
    } else {
        out.push_str(field);
    }
}

/// Text for XML and HTML content and attributes. Control characters that XML 1.0 forbids become
/// U+FFFD, because identities and reasons come from outside.
#[must_use]
pub fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' | '\n' | '\r' => out.push(c),
            c if c < ' ' || c == '\u{fffe}' || c == '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// Text of a file on a terminal: control characters, which would be obeyed, become U+FFFD.
#[must_use]
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// A number for people: `decimals` places, thousands set apart by a comma, `–` when unknown.
#[must_use]
pub fn number(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let plain = format!("{value:.decimals$}");
    let (sign, rest) = plain.strip_prefix('-').map_or(("", plain.as_str()), |rest| ("-", rest));
    let (whole, fraction) = rest.split_at(rest.find('.').unwrap_or(rest.len()));
    // "-0.0" would read as a finding.
    let zero = rest.bytes().all(|b| b == b'0' || b == b'.');
    let mut out = String::from(if zero { "" } else { sign });
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out.push_str(fraction);
    out
}

/// How many of what, for people: `1 record`, `2,500 records`.
#[must_use]
pub fn count(value: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(value as f64, 0), if value == 1 { one } else { many })
}

/// A number with as many decimals as its size deserves: about three significant digits.
#[must_use]
pub fn short(value: f64) -> String {
    let size = value.abs();
    let decimals = if size >= 100.0 || size.fract() == 0.0 {
        0
    } else if size >= 10.0 {
        1
    } else if size >= 0.01 {
        2
    } else {
        4
    };
    number(value, decimals)
}

/// A length of time for people: `45 s`, `12 min 5 s`, `14 h`, `3 d 4 h`.
#[must_use]
pub fn duration(seconds: f64) -> String {
    if !seconds.is_finite() {
        return "–".to_owned();
    }
    if seconds.abs() < 60.0 {
        return format!("{} s", short((seconds * 10.0).round() / 10.0));
    }
    let whole = seconds.round() as i64;
    let units = [("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)];
    let mut parts = Vec::new();
    let mut rest = whole.abs();
    for (unit, length) in units {
        if rest >= length && parts.len() < 2 {
            parts.push(format!("{} {unit}", rest / length));
            rest %= length;
        } else if !parts.is_empty() {
            break;
        }
    }
    let sign = if whole < 0 { "-" } else { "" };
    format!("{sign}{}", parts.join(" "))
}

/// Local wall-clock fields of an instant: (month, day, hour, minute, weekday with 0 = Monday).
#[must_use]
pub fn local(at: Time, utc_offset: Span) -> Local {
    let shifted = at + utc_offset;
    let text = shifted.to_ocpp();
    let field = |from: usize, to: usize| text.get(from..to).and_then(|t| t.parse::<u32>().ok());
    Local {
        month: field(5, 7).unwrap_or(1) as usize,
        day: field(8, 10).unwrap_or(1),
        hour: field(11, 13).unwrap_or(0),
        minute: field(14, 16).unwrap_or(0),
        weekday: (shifted.unix_s().div_euclid(86_400) + 3).rem_euclid(7) as usize,
    }
}

/// See [`local`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Local {
    /// 1..=12.
    pub month: usize,
    /// 1..=31.
    pub day: u32,
    /// 0..=23.
    pub hour: u32,
    /// 0..=59.
    pub minute: u32,
    /// 0 = Monday.
    pub weekday: usize,
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

impl Local {
    /// `06:05`.
    #[must_use]
    pub fn clock(self) -> String {
        format!("{:02}:{:02}", self.hour, self.minute)
    }

    /// `4 May`.
    #[must_use]
    pub fn date(self) -> String {
        format!("{} {}", self.day, MONTHS[(self.month - 1) % 12])
    }

    /// `Mon 4 May`.
    #[must_use]
    pub fn day_and_date(self) -> String {
        format!("{} {}", DAYS[self.weekday % 7], self.date())
    }
}

/// `+02:00`, for the title of a time axis.
#[must_use]
pub fn offset(utc_offset: Span) -> String {
    let minutes = utc_offset.whole_s() / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milli_keeps_three_decimals_and_the_sign() {
        let written = |milli| {
            let mut out = String::new();
            push_milli(&mut out, milli);
            out
        };
        assert_eq!(written(0), "0.000");
        assert_eq!(written(-5), "-0.005");
        assert_eq!(written(22_080), "22.080");
        assert_eq!(written(1_234_567), "1234.567");
        assert_eq!(written(i64::MIN), "-9223372036854775.808");
    }

    #[test]
    fn people_read_numbers_in_groups_and_no_negative_zero() {
        assert_eq!(number(1_234_567.891, 1), "1,234,567.9");
        assert_eq!(number(-0.04, 1), "0.0");
        assert_eq!(number(f64::NAN, 1), "–");
        assert_eq!(number(-1234.0, 0), "-1,234");
        assert_eq!(short(93.04), "93.0");
        assert_eq!(short(0.0), "0");
    }

    #[test]
    fn durations_name_their_two_largest_units() {
        assert_eq!(duration(45.04), "45 s");
        assert_eq!(duration(725.0), "12 min 5 s");
        assert_eq!(duration(50_400.0), "14 h");
        assert_eq!(duration(3.0 * 86_400.0 + 4.0 * 3600.0 + 59.0), "3 d 4 h");
    }

    #[test]
    fn local_time_shifts_across_midnight() {
        let at = Time::from_civil(2026, 5, 3, 23, 30, 0).expect("a date");
        let local = local(at, Span::from_s(7200));
        assert_eq!((local.clock(), local.day_and_date()), ("01:30".into(), "Mon 4 May".into()));
        assert_eq!(offset(Span::from_s(-12_600)), "-03:30");
    }

    #[test]
    fn fields_from_outside_cannot_break_a_file() {
        let mut out = String::new();
        push_csv(&mut out, "a,\"b\"");
        assert_eq!(out, "\"a,\"\"b\"\"\"");
        assert_eq!(xml("<a href='x'>&\u{1}"), "&lt;a href=&#39;x&#39;&gt;&amp;\u{fffd}");
    }
}
