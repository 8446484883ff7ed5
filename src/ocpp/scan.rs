//! A scanner for the envelope of a message: just enough JSON to find its elements.

use std::borrow::Cow;

const BLANKS: [char; 4] = [' ', '\t', '\n', '\r'];

/// What is left of the elements of an array.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scanner<'a> {
    rest: &'a str,
    closed: bool,
}

impl<'a> Scanner<'a> {
    /// Enters the array that is the whole text. A missing end is found out only by
    /// [`Scanner::last`], so that the id of a truncated message can still be read.
    pub(super) fn open(text: &'a str) -> Option<Scanner<'a>> {
        let inner = text.trim_matches(BLANKS).strip_prefix('[')?;
        Some(match inner.strip_suffix(']') {
            Some(rest) => Scanner { rest, closed: true },
            None => Scanner { rest: inner, closed: false },
        })
    }

    /// An element that is a non-negative integer of at most nine digits.
    pub(super) fn integer(&mut self) -> Option<u32> {
        let rest = self.rest.trim_start_matches(BLANKS);
        let length = rest.bytes().take_while(u8::is_ascii_digit).count();
        let value = rest[..length].parse().ok().filter(|_| length < 10)?;
        self.rest = &rest[length..];
        Some(value)
    }

    /// A comma and an element that is a text; without one the position stays.
    pub(super) fn text(&mut self) -> Option<Cow<'a, str>> {
        let literal = self.rest.trim_start_matches(BLANKS).strip_prefix(',')?;
        let literal = literal.trim_start_matches(BLANKS);
        let body = literal.strip_prefix('"')?;
        let special = body.bytes().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20))?;
        match body.as_bytes()[special] {
            b'"' => {
                self.rest = &body[special + 1..];
                Some(Cow::Borrowed(&body[..special]))
            }
            b'\\' => {
                let length = 2 + closing_quote(body.as_bytes(), special)?;
                let text = serde_json::from_str(&literal[..length]).ok()?;
                self.rest = &literal[length..];
                Some(Cow::Owned(text))
            }
            _ => None,
        }
    }

    /// Whatever stands between the next comma and the end of the array; empty when there is no
    /// further element, `None` when the array has no end or the comma is missing.
    pub(super) fn last(&self) -> Option<&'a str> {
        let rest = self.rest.trim_matches(BLANKS);
        let element = if rest.is_empty() { rest } else { rest.strip_prefix(',')? };
        self.closed.then(|| element.trim_start_matches(BLANKS))
    }
}

/// Position of the quote that ends a text, from an escape in it on.
fn closing_quote(body: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match body.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// Whether JSON text nests deeper than `limit`.
pub(super) fn is_deeper(json: &str, limit: usize) -> bool {
    // `[` and `{` differ in one bit; most payloads have few of them, and counting is much faster
    // than following, the more so in bytes, which a compiler turns into vectors.
    let count = |chunk: &[u8]| {
        chunk.iter().fold(0_u8, |n, byte| n.wrapping_add(u8::from(byte | 0x20 == b'{')))
    };
    let openers: usize = json.as_bytes().chunks(128).map(|chunk| usize::from(count(chunk))).sum();
    openers > limit && depth_exceeds(json.as_bytes(), limit)
}

fn depth_exceeds(json: &[u8], limit: usize) -> bool {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(byte) = json.get(at) {
        match byte {
            b'"' => match closing_quote(json, at + 1) {
                Some(end) => at = end,
                None => return false,
            },
            b'[' | b'{' => {
                depth += 1;
                if depth > limit {
                    return true;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_followed_outside_of_texts() {
        let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert!(!is_deeper(&nested(31), 31));
        assert!(is_deeper(&nested(32), 31));
        assert!(!is_deeper(&format!("[{}]", vec!["{}"; 40].join(",")), 31), "wide is not deep");
        assert!(!is_deeper(&format!(r#"["\"{}"]"#, "[".repeat(40)), 31), "a text is not deep");
    }
}
