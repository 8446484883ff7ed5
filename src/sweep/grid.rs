//! `--grid path=a,b,c|from..to:step`: the values of one path of the scenario.
//!
//! Values are texts, as `--set` takes them. Those of a range are counted in whole steps of their last
//! decimal, so that the third of `0.1..0.5:0.1` is 0.3 and no 0.30000000000000004.

use std::fmt;

use serde::{Deserialize, Serialize};

/// More values, or rows of a sweep, are a mistake.
pub const MOST: u64 = 1_000_000;

/// Digits of a number that a range counts with; every such number is exact in a float's text.
const DIGITS: usize = 15;

/// A path of the scenario and the values it takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Axis {
    /// Dotted, as in `--set`.
    pub path: String,
    /// In the order of the command line; at least one, none twice.
    pub values: Vec<String>,
}

impl Axis {
    /// Reads `path=values`.
    ///
    /// # Errors
    /// What is wrong, and what to write instead.
    pub fn parse(text: &str) -> Result<Axis, String> {
        let Some((path, values)) = text.split_once('=') else {
            return Err("a grid needs `=`: write PATH=VALUES, for example \
                        site.max_power_kw=20,30,40 or site.max_power_kw=20..40:5"
                .to_owned());
        };
        let path: String = path.split('.').map(str::trim).collect::<Vec<_>>().join(".");
        if path.is_empty() {
            return Err("a grid needs the path of a value before `=`, for example \
                        site.max_power_kw"
                .to_owned());
        }
        let mut all = Vec::new();
        for item in items(values) {
            if item.is_empty() {
                return Err(
                    "a value is missing: write values with single commas between, and \"\" \
                            for an empty text"
                        .to_owned(),
                );
            }
            match Range::parse(item)? {
                Some(range) => all.extend(range.values()?),
                None => all.push(item.to_owned()),
            }
            if all.len() as u64 > MOST {
                return Err(format!("there are more than {MOST} values; give fewer"));
            }
        }
        let axis = Axis { path, values: all };
        match axis.twice() {
            Some(value) => Err(format!("the value {value} is there twice; give it once")),
            None => Ok(axis),
        }
    }

    /// `path=value` of one value, as `--set` takes it.
    #[must_use]
    pub fn assignment(&self, at: usize) -> String {
        format!("{}={}", self.path, self.values[at])
    }

    /// Whether the values are numbers, each larger than the one before.
    #[must_use]
    pub fn ascends(&self) -> bool {
        let numbers: Option<Vec<Decimal>> =
            self.values.iter().map(|value| Decimal::parse(value)).collect();
        numbers.is_some_and(|numbers| numbers.windows(2).all(|pair| pair[0].less(pair[1])))
    }

    /// A value that is there twice, also as 20 and 20.0.
    fn twice(&self) -> Option<&str> {
        let plain = |value: &String| {
            Decimal::parse(value).map_or_else(|| value.clone(), |it| it.to_string())
        };
        let mut sorted: Vec<(String, &str)> =
            self.values.iter().map(|value| (plain(value), value.as_str())).collect();
        sorted.sort();
        sorted.windows(2).find(|pair| pair[0].0 == pair[1].0).map(|pair| pair[1].1)
    }
}

/// What stands between commas, except those in quotes and brackets.
fn items(text: &str) -> Vec<&str> {
    let mut items = Vec::new();
    let (mut from, mut depth, mut quote, mut escaped) = (0, 0_i32, None, false);
    for (at, c) in text.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some('"') if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None => match c {
                '"' | '\'' => quote = Some(c),
                '[' | '{' => depth += 1,
                ']' | '}' => depth -= 1,
                ',' if depth <= 0 => {
                    items.push(text[from..at].trim());
                    from = at + 1;
                }
                _ => {}
            },
        }
    }
    items.push(text[from..].trim());
    items
}

/// `from..to:step`.
struct Range<'a> {
    text: &'a str,
    from: Decimal,
    to: Decimal,
    step: Decimal,
}

impl<'a> Range<'a> {
    /// `None` for what is no range: `..` in a text, as in `../sessions.csv`, makes none.
    fn parse(text: &'a str) -> Result<Option<Range<'a>>, String> {
        let Some((from, rest)) = text.split_once("..") else { return Ok(None) };
        let Some(from) = Decimal::parse(from.trim()) else { return Ok(None) };
        let Some((to, step)) = rest.split_once(':') else {
            return Err(format!("the range {text} needs a step, as in 20..40:5"));
        };
        let number = |part: &str| {
            Decimal::parse(part.trim()).ok_or_else(|| {
                format!(
                    "{part:?} in the range {text} is no number of at most {DIGITS} digits; write \
                     from..to:step, as in 20..40:5"
                )
            })
        };
        Ok(Some(Range { text, from, to: number(to)?, step: number(step)? }))
    }

    /// From `from` on in steps up to `to`, and with it where a step meets it.
    fn values(&self) -> Result<Vec<String>, String> {
        let scale = self.from.scale.max(self.to.scale).max(self.step.scale);
        let [from, to, step] = [self.from, self.to, self.step].map(|it| it.units(scale));
        if step <= 0 {
            return Err(format!("the step of the range {} must be larger than 0", self.text));
        }
        if to < from {
            return Err(format!(
                "the range {} ends before it begins; exchange its ends",
                self.text
            ));
        }
        let steps = (to - from) / step;
        if steps >= i128::from(MOST) {
            return Err(format!(
                "the range {} has more than {MOST} values; take a larger step",
                self.text
            ));
        }
        let value = |at| Decimal { mantissa: from + at * step, scale }.to_string();
        Ok((0..=steps).map(value).collect())
    }
}

/// `mantissa / 10^scale`, exactly.
#[derive(Clone, Copy, Debug)]
struct Decimal {
    mantissa: i128,
    scale: u32,
}

impl Decimal {
    /// Digits, perhaps with a sign and a decimal point.
    fn parse(text: &str) -> Option<Decimal> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        let (whole, fraction) = match digits.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (digits, ""),
        };
        let all = format!("{whole}{fraction}");
        let plain = !whole.is_empty() && all.bytes().all(|b| b.is_ascii_digit());
        if !plain || all.len() > DIGITS {
            return None;
        }
        let size: i128 = all.parse().ok()?;
        Some(Decimal {
            mantissa: if negative { -size } else { size },
            scale: fraction.len() as u32,
        })
    }

    /// The number in units of `10^-scale`, a scale at least as fine as its own.
    fn units(self, scale: u32) -> i128 {
        self.mantissa * 10_i128.pow(scale - self.scale)
    }

    fn less(self, other: Decimal) -> bool {
        let scale = self.scale.max(other.scale);
        self.units(scale) < other.units(scale)
    }
}

impl fmt::Display for Decimal {
    /// Without zeros that say nothing: 20, 20.5, -0.25.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = 10_u128.pow(self.scale);
        let size = self.mantissa.unsigned_abs();
        let sign = if self.mantissa < 0 { "-" } else { "" };
        write!(f, "{sign}{}", size / unit)?;
        let fraction = format!("{:0width$}", size % unit, width = self.scale as usize);
        let fraction = fraction.trim_end_matches('0');
        if fraction.is_empty() { Ok(()) } else { write!(f, ".{fraction}") }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn values(text: &str) -> Vec<String> {
        Axis::parse(&format!("a.b={text}")).expect("a grid").values
    }

    fn refused(text: &str) -> String {
        Axis::parse(text).expect_err("no grid")
    }

    #[test]
    fn a_range_is_counted_in_decimals() {
        assert_eq!(values("0.1..0.5:0.1"), ["0.1", "0.2", "0.3", "0.4", "0.5"]);
        assert_eq!(values("20..41:5"), ["20", "25", "30", "35", "40"], "41 is between two steps");
        assert_eq!(values("-1..1:0.75"), ["-1", "-0.25", "0.5"]);
        assert_eq!(values("7..7:1"), ["7"]);
        assert_eq!(values("9.95..10.05:0.05"), ["9.95", "10", "10.05"]);
    }

    #[test]
    fn values_are_any_text_and_lists_may_hold_ranges() {
        assert_eq!(values("10, 20..30:5,\"x,y\""), ["10", "20", "25", "30", "\"x,y\""]);
        assert_eq!(values("true,false"), ["true", "false"]);
        assert_eq!(values("[\"a\", \"b\"],[]"), ["[\"a\", \"b\"]", "[]"]);
        assert_eq!(values("../one.csv,../two.csv"), ["../one.csv", "../two.csv"]);
        assert_eq!(values("20.50,20.5h"), ["20.50", "20.5h"], "as they are written");
        assert_eq!(Axis::parse(" site . x =1").expect("a grid").path, "site.x");
    }

    #[test]
    fn what_is_wrong_is_told_with_the_remedy() {
        for (text, told) in [
            ("site.max_power_kw", "needs `=`"),
            ("=3", "the path of a value before `=`"),
            ("a=", "a value is missing"),
            ("a=1,,2", "a value is missing"),
            ("a=20..40", "needs a step, as in 20..40:5"),
            ("a=20..x:5", "\"x\" in the range 20..x:5 is no number"),
            ("a=20..40:0", "must be larger than 0"),
            ("a=20..40:-5", "must be larger than 0"),
            ("a=40..20:5", "exchange its ends"),
            ("a=0..1000000:0.5", "more than 1000000 values; take a larger step"),
            ("a=1,2,1.0", "the value 1.0 is there twice"),
            ("a=1..3:1,2", "is there twice"),
        ] {
            assert!(refused(text).contains(told), "{text}: {}", refused(text));
        }
    }

    #[test]
    fn only_numbers_that_grow_ascend() {
        let ascends = |text: &str| Axis::parse(&format!("a={text}")).expect("a grid").ascends();
        assert!(ascends("9.5..11:0.5") && ascends("9,10,100.5"));
        assert!(!ascends("10,9") && !ascends("1,two"));
    }

    proptest! {
        #[test]
        fn every_range_holds_its_beginning_and_every_step_exactly(
            from in -1_000_000_i64..1_000_000, step in 1_i64..5_000, steps in 0_i64..200,
            beyond in 0_i64..5_000, scale in 0_u32..6,
        ) {
            let text = |units: i64| Decimal { mantissa: i128::from(units), scale }.to_string();
            let to = from + steps * step + beyond.min(step - 1);
            let found = values(&format!("{}..{}:{}", text(from), text(to), text(step)));
            let expected: Vec<String> = (0..=steps).map(|at| text(from + at * step)).collect();
            prop_assert_eq!(&found, &expected);
            for value in &found {
                let read = value.parse::<f64>().expect("a number");
                prop_assert_eq!(&read.to_string(), value, "a float keeps it");
            }
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,30}") {
            let _ = Axis::parse(&format!("a={text}"));
            let _ = Axis::parse(&text);
        }
    }
}
