//! Edits of a text, also of one that stands as a JSON string within another.

use std::ops::Range;

/// Something else in place of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edit {
    /// The bytes that go.
    pub(super) span: Range<usize>,
    /// What stands there instead, as it is written.
    pub(super) new: String,
}

/// Appends the text with its edits, which are in order and apart from one another.
pub(super) fn apply(text: &str, edits: &[Edit], out: &mut String) {
    let mut done = 0;
    for edit in edits {
        out.push_str(&text[done..edit.span.start]);
        out.push_str(&edit.new);
        done = edit.span.end;
    }
    out.push_str(&text[done..]);
}

/// A JSON string as what it says, and where each of its bytes comes from.
#[derive(Debug)]
pub(super) struct Decoded {
    /// What it says.
    pub(super) text: String,
    /// For every byte of the text, and its end: the place of what says it. Empty without escapes.
    places: Vec<usize>,
}

impl Decoded {
    /// Reads what stands between the quotation marks; `None` when an escape means nothing.
    pub(super) fn of(inside: &str) -> Option<Decoded> {
        let Some(first) = inside.find('\\') else {
            return Some(Decoded { text: inside.to_owned(), places: Vec::new() });
        };
        let mut text = String::with_capacity(inside.len());
        text.push_str(&inside[..first]);
        let mut places: Vec<usize> = (0..first).collect();
        let mut at = first;
        while let Some(next) = inside[at..].chars().next() {
            let (said, length) =
                if next == '\\' { escape(&inside[at..])? } else { (next, next.len_utf8()) };
            text.push(said);
            places.resize(text.len(), at);
            at += length;
        }
        places.push(at);
        Some(Decoded { text, places })
    }

    /// An edit of the text as one of the JSON string.
    pub(super) fn outside(&self, edit: &Edit) -> Edit {
        let place = |inner: usize| self.places.get(inner).copied().unwrap_or(inner);
        let mut new = String::with_capacity(edit.new.len());
        escaped(&edit.new, &mut new);
        Edit { span: place(edit.span.start)..place(edit.span.end), new }
    }
}

/// Appends a text as it stands between the quotation marks of a JSON string.
pub(super) fn escaped(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if u32::from(control) < 0x20 => {
                out.push_str(&format!("\\u{:04x}", u32::from(control)));
            }
            other => out.push(other),
        }
    }
}

/// The character that an escape at the start of the text means, and its length.
fn escape(text: &str) -> Option<(char, usize)> {
    let said = match text.as_bytes().get(1)? {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => {
            let high = unit(text)?;
            if let Some(said) = char::from_u32(high) {
                return Some((said, 6));
            }
            let low = unit(text.get(6..)?.strip_prefix("\\u").map(|_| &text[6..])?)?;
            let pair = [u16::try_from(high).ok()?, u16::try_from(low).ok()?];
            return Some((char::decode_utf16(pair).next()?.ok()?, 12));
        }
        _ => return None,
    };
    Some((said, 2))
}

/// The four digits behind `\u`.
fn unit(text: &str) -> Option<u32> {
    let digits = text.get(2..6)?;
    digits.bytes().all(|it| it.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_edit_of_what_a_string_says_leaves_every_other_byte() {
        let inside = r#"[2,\"1\",\u0022A\u00e9\/\ud83d\ude00\",\"secret\"]"#;
        let decoded = Decoded::of(inside).unwrap();
        assert_eq!(decoded.text, r#"[2,"1","Aé/😀","secret"]"#);
        let start = decoded.text.find("secret").unwrap();
        let edit = Edit { span: start..start + 6, new: "\"x\"".to_owned() };
        let mut out = String::new();
        apply(inside, &[decoded.outside(&edit)], &mut out);
        assert_eq!(out, inside.replace("secret", r#"\"x\""#));
    }

    #[test]
    fn escapes_that_mean_nothing_are_not_decoded() {
        for inside in [r"\x", r"\u12", r"\ud800", r"\ud800A", r"\ud800\ud800", "\\", r"\u+123"] {
            assert!(Decoded::of(inside).is_none(), "{inside}");
        }
    }

    proptest! {
        #[test]
        fn what_is_escaped_decodes_to_itself(text: String) {
            let mut inside = String::new();
            escaped(&text, &mut inside);
            prop_assert_eq!(Decoded::of(&inside).unwrap().text, text);
        }
    }
}
