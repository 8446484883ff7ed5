//! Texts that must not occur anywhere in the bytes of a file, however they are written: plainly, in any case,
//! with escapes of JSON, percent-encoded, or in base64.

use std::io::{self, BufRead, Read};

use aho_corasick::AhoCorasick;

/// What is searched at once, bytes; of a longer line, one part after the other.
const PART: usize = 4 << 20;
/// Strings within strings within strings.
const ROUNDS: usize = 4;
/// Fewer digits of base64 say nothing.
const SHORTEST: usize = 4;
const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// What is looked for.
#[derive(Debug)]
pub struct Canaries {
    texts: Vec<String>,
    plain: AhoCorasick,
    encoded: AhoCorasick,
    /// Which text each of the encoded ones is.
    of_encoded: Vec<usize>,
    overlap: usize,
}

/// A canary that was seen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sighting {
    /// Line, from 1 on.
    pub line: u64,
    /// Number of the canary, from 0 on.
    pub canary: usize,
}

impl Canaries {
    /// One text a line; blank lines do not count.
    ///
    /// # Errors
    /// When there is none, or there are too many to be looked for.
    pub fn new(list: &str) -> Result<Canaries, String> {
        let lines = list.lines().map(str::trim).filter(|it| !it.is_empty());
        let texts: Vec<String> = lines.map(str::to_owned).collect();
        if texts.is_empty() {
            return Err("there is no canary in it; write one text a line".to_owned());
        }
        let mut patterns = Vec::new();
        let mut of_encoded = Vec::new();
        for (index, text) in texts.iter().enumerate() {
            for shift in 0..3 {
                let digits = base64(text.as_bytes(), shift);
                if digits.len() >= SHORTEST {
                    patterns.push(digits.replace('+', "-").replace('/', "_"));
                    patterns.push(digits);
                    of_encoded.extend([index; 2]);
                }
            }
        }
        let wrong = |error: aho_corasick::BuildError| error.to_string();
        let plain = AhoCorasick::builder().ascii_case_insensitive(true).build(&texts);
        let encoded = AhoCorasick::new(patterns).map_err(wrong)?;
        let longest = texts.iter().map(String::len).max().unwrap_or_default();
        Ok(Canaries {
            plain: plain.map_err(wrong)?,
            encoded,
            of_encoded,
            overlap: 24 * longest,
            texts,
        })
    }

    /// How many are looked for.
    #[must_use]
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Never: a list without canaries is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// Looks for all of them in all bytes; each is told once a line.
    ///
    /// # Errors
    /// When the source cannot be read.
    pub fn seen(&self, mut source: impl BufRead) -> io::Result<Vec<Sighting>> {
        let mut seen = Vec::new();
        let mut part = Vec::new();
        let mut line = 1;
        loop {
            let limit = (PART + self.overlap) as u64;
            if (&mut source).take(limit).read_until(b'\n', &mut part)? == 0 {
                break;
            }
            let found = self.within(&part);
            seen.extend(found.into_iter().map(|canary| Sighting { line, canary }));
            if part.last() == Some(&b'\n') {
                line += 1;
                part.clear();
            } else {
                part.drain(..part.len().saturating_sub(self.overlap));
            }
        }
        seen.dedup();
        Ok(seen)
    }

    fn within(&self, bytes: &[u8]) -> Vec<usize> {
        let encoded = self.encoded.find_overlapping_iter(bytes);
        let mut found: Vec<usize> =
            encoded.map(|it| self.of_encoded[it.pattern().as_usize()]).collect();
        let mut look = |bytes: &[u8]| {
            let plain = self.plain.find_overlapping_iter(bytes);
            found.extend(plain.map(|it| it.pattern().as_usize()));
        };
        let mut bytes = bytes.to_vec();
        for _ in 0..ROUNDS {
            look(&bytes);
            if bytes.contains(&b'%') {
                look(&unquoted(&bytes));
            }
            if !bytes.contains(&b'\\') {
                break;
            }
            bytes = unescaped(&bytes);
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// The digits that bytes have in base64 wherever they begin behind `shift` other bytes of a group, without those
/// that depend on their neighbours.
fn base64(bytes: &[u8], shift: usize) -> String {
    let mut all = vec![0; shift];
    all.extend(bytes);
    let bit = |at: usize| all[at / 8] >> (7 - at % 8) & 1;
    let first = (8 * shift).div_ceil(6);
    let digits = first..(8 * all.len()) / 6;
    let digit =
        |at: usize| (0..6).fold(0, |sum, place| sum << 1 | usize::from(bit(6 * at + place)));
    digits.map(|at| char::from(DIGITS[digit(at)])).collect()
}

/// One round of escapes of JSON undone, whatever the text around them is.
fn unescaped(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let (said, length) = match rest {
            [b'\\', b'u', ..] => match utf16(rest) {
                Some((said, length)) => {
                    out.extend(said.to_string().as_bytes());
                    at += length;
                    continue;
                }
                None => (b'\\', 1),
            },
            [b'\\', b'n', ..] => (b'\n', 2),
            [b'\\', b'r', ..] => (b'\r', 2),
            [b'\\', b't', ..] => (b'\t', 2),
            [b'\\', other @ (b'"' | b'\\' | b'/'), ..] => (*other, 2),
            _ => (rest[0], 1),
        };
        out.push(said);
        at += length;
    }
    out
}

/// The character of one `\uXXXX` or of two, and their length.
fn utf16(bytes: &[u8]) -> Option<(char, usize)> {
    let unit = |from: usize| {
        let digits = bytes.get(from..from + 6)?.strip_prefix(b"\\u")?;
        u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let first = unit(0)?;
    match char::from_u32(u32::from(first)) {
        Some(said) => Some((said, 6)),
        None => Some((char::decode_utf16([first, unit(6)?]).next()?.ok()?, 12)),
    }
}

/// Percent encoding undone.
pub(super) fn unquoted(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = |it: u8| char::from(it).to_digit(16).map(|it| it as u8);
        match bytes[at..] {
            [b'%', high, low, ..] if hex(high).is_some() && hex(low).is_some() => {
                out.push(hex(high).unwrap_or_default() << 4 | hex(low).unwrap_or_default());
                at += 3;
            }
            [byte, ..] => {
                out.push(byte);
                at += 1;
            }
            [] => break,
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str) -> Vec<(u64, usize)> {
        let canaries = Canaries::new("Tag-Ü/4711\n\nhunter2 \n").unwrap();
        let all = canaries.seen(text.as_bytes()).unwrap();
        all.into_iter().map(|it| (it.line, it.canary)).collect()
    }

    #[test]
    fn a_canary_is_seen_however_it_is_written() {
        for text in [
            "Tag-Ü/4711",
            r"Tag-\u00dc\/4711",
            r#"{"raw":"[2,\"Tag-\\u00dc\\/4711\"]"}"#,
            "tag-%C3%9C%2F4711",
            r"\u0054ag-Ü\u002f4711",
        ] {
            assert_eq!(seen(&format!("x\n..{text}..\n")), [(2, 0)], "{text}");
        }
        // Behind nothing, one byte and two.
        for text in ["aHVudGVyMg==", "eGh1bnRlcjI=", "eHhodW50ZXIy"] {
            assert_eq!(seen(text), [(1, 1)], "{text}");
        }
        assert_eq!(seen("hunter 2, Tag-Ü/471"), []);
    }

    #[test]
    fn a_long_line_is_searched_to_its_end() {
        let text = format!("{}hunter2{}hunter2\n", "x".repeat(PART - 3), "y".repeat(PART));
        assert_eq!(seen(&text), [(1, 1)]);
        let canaries = Canaries::new("hunter2").unwrap();
        let more = format!("{}hunter2", "z".repeat(2 * PART - 3));
        assert_eq!(canaries.seen(more.as_bytes()).unwrap().len(), 1);
        assert!(Canaries::new("\n \n").unwrap_err().contains("one text a line"));
    }
}
