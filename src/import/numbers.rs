//! Numbers with decimal points or commas, decided by a whole column.

use super::Refusal;

/// The decimal sign of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decimal {
    /// 1,234.5
    Point,
    /// 1.234,5
    Comma,
}

/// The decimal sign of a column's texts.
///
/// A sign that stands behind another kind, or not before exactly three digits, is the decimal one.
pub(super) fn decide<'a>(
    texts: impl Iterator<Item = &'a str>,
    semicolons: bool,
    wish: Option<Decimal>,
) -> Result<Decimal, Box<Refusal>> {
    if let Some(wish) = wish {
        return Ok(wish);
    }
    let mut thousands = None;
    for text in texts {
        match (text.rfind('.'), text.rfind(',')) {
            (Some(point), Some(comma)) if point > comma => return Ok(Decimal::Point),
            (Some(_), Some(_)) => return Ok(Decimal::Comma),
            (Some(_), None) if text.matches('.').count() == 1 => return Ok(Decimal::Point),
            (None, Some(comma)) => {
                let behind = text[comma + 1..].bytes().take_while(u8::is_ascii_digit).count();
                if behind != 3 || text.starts_with('0') {
                    return Ok(Decimal::Comma);
                }
                thousands = Some(text);
            }
            _ => {}
        }
    }
    match thousands {
        None => Ok(Decimal::Point),
        // Where semicolons separate columns, it is because commas are taken.
        Some(_) if semicolons => Ok(Decimal::Comma),
        Some(text) => {
            let message = format!(
                "`{text}` may be about {} or a thousand times that",
                text.replace(',', ".")
            );
            let help = "say what the comma is: --decimal comma or --decimal point";
            Err(Box::new(Refusal::new(message, help)))
        }
    }
}

impl Decimal {
    /// Reads a number; a unit behind it is dropped, so are blanks and signs between thousands.
    pub(super) fn parse(self, text: &str) -> Option<f64> {
        let (decimal, between) = match self {
            Decimal::Point => ('.', ','),
            Decimal::Comma => (',', '.'),
        };
        let text = text.trim();
        let end = text.rfind(|c: char| c.is_ascii_digit())? + 1;
        let unit = text[end..].trim();
        let is_unit = unit.len() <= 4 && unit.chars().all(|c| c.is_ascii_alphabetic() || c == '%');
        if !is_unit {
            return None;
        }
        let dropped = |c: &char| *c != between && *c != ' ' && *c != '\u{a0}' && *c != '\'';
        let plain: String = text[..end]
            .chars()
            .filter(dropped)
            .map(|c| if c == decimal { '.' } else { c })
            .collect();
        let number = plain.parse::<f64>().ok()?;
        (number.is_finite() && number.abs() < 1e12).then_some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decided(texts: &[&str], semicolons: bool) -> Result<Decimal, Box<Refusal>> {
        decide(texts.iter().copied(), semicolons, None)
    }

    #[test]
    fn a_column_decides_its_sign() {
        assert_eq!(decided(&["12", "1.5"], false), Ok(Decimal::Point));
        assert_eq!(decided(&["12", "1,5"], false), Ok(Decimal::Comma));
        assert_eq!(decided(&["1,234.5"], false), Ok(Decimal::Point));
        assert_eq!(decided(&["1.234,5"], false), Ok(Decimal::Comma));
        assert_eq!(decided(&["0,125"], false), Ok(Decimal::Comma));
        assert_eq!(decided(&["1,234", "2,345"], true), Ok(Decimal::Comma));
        assert!(decided(&["1,234", "2,345"], false).is_err(), "thousands or thousandths");
    }

    #[test]
    fn numbers_come_with_units_and_thousands() {
        assert_eq!(Decimal::Point.parse(" 1,234.5 kWh"), Some(1234.5));
        assert_eq!(Decimal::Comma.parse("1.234,5"), Some(1234.5));
        assert_eq!(Decimal::Point.parse("-3"), Some(-3.0));
        for text in ["", "kWh", "12:30", "1e999", "NaN", "about 7", "7 of 9 kWh ready"] {
            assert_eq!(Decimal::Point.parse(text), None, "{text}");
        }
    }
}
