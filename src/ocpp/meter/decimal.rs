//! Decimal texts as scaled integers, without a detour over binary fractions where possible.

/// The most digits that fit a `u64` whatever they are.
const EXACT_DIGITS: usize = 18;

/// The value of a decimal text times ten to the power of `shift`, rounded to the nearest, halves
/// away from zero. A comma is read as a decimal point; blanks around the number are ignored.
pub(super) fn scaled(text: &str, shift: i32) -> Option<i64> {
    let text = text.trim_ascii();
    let (negative, digits) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        all => (false, all),
    };
    let magnitude = match exact(digits) {
        Some((value, places)) => shifted(value, shift - places)?,
        None => approximate(digits, shift)?,
    };
    Some(if negative { -magnitude } else { magnitude })
}

/// Digits as an integer and how many of them are decimals; `None` for anything but a plain number
/// of few digits.
fn exact(digits: &[u8]) -> Option<(i64, i32)> {
    if digits.len() > EXACT_DIGITS + 1 {
        return None;
    }
    let (mut value, mut count, mut point) = (0_i64, 0, None);
    for byte in digits {
        match byte {
            b'0'..=b'9' => {
                value = value * 10 + i64::from(byte - b'0');
                count += 1;
            }
            b'.' | b',' if point.is_none() => point = Some(count),
            _ => return None,
        }
    }
    let plain = (1..=EXACT_DIGITS).contains(&count);
    plain.then(|| (value, point.map_or(0, |point| (count - point) as i32)))
}

fn shifted(value: i64, shift: i32) -> Option<i64> {
    let factor = 10_i64.checked_pow(shift.unsigned_abs())?;
    if shift >= 0 { value.checked_mul(factor) } else { Some((value + factor / 2) / factor) }
}

/// Long numbers and numbers with an exponent, as precise as a double.
fn approximate(digits: &[u8], shift: i32) -> Option<i64> {
    // Names of numbers ("inf", "nan") and a second sign are not digits.
    let plain = |byte: &u8| byte.is_ascii_digit() || b".,eE+-".contains(byte);
    let starts = digits.first().is_some_and(|byte| byte.is_ascii_digit() || b".,".contains(byte));
    if !starts || !digits.iter().all(plain) {
        return None;
    }
    let text = std::str::from_utf8(digits).ok()?;
    let number: f64 = text.replacen(',', ".", 1).parse().ok()?;
    let value = (number * 10_f64.powi(shift)).round();
    (value < 9e18).then_some(value as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact_and_rounded_to_the_nearest() {
        for (text, shift, expected) in [
            ("0", 0, 0),
            ("1234", 0, 1234),
            ("1234.567", 3, 1_234_567),
            ("0.01", 3, 10),
            ("1,5", 0, 2),
            ("-0.147", 3, -147),
            ("-2.5", 0, -3),
            ("2.4999", 0, 2),
            (" +7. ", 1, 70),
            (".5", 1, 5),
            ("0.1000000000000000000000001", 3, 100),
            ("1.5e3", 0, 1500),
            ("99999999999999999", 0, 99_999_999_999_999_999),
        ] {
            assert_eq!(scaled(text, shift), Some(expected), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_number_is_none() {
        for text in [
            "", " ", ".", "-", "--1", "string", "1.2.3", "1,234.5", "nan", "inf", "1e400", "0x10",
            "1 2", "é",
        ] {
            assert_eq!(scaled(text, 0), None, "{text:?}");
        }
        assert_eq!(scaled("99999999999999999", 3), None, "too large for the unit");
    }
}
