//! A JSON text as a tree of places: what is edited is found, and everything else keeps its bytes.

use std::ops::Range;

/// Deeper texts are no JSON here; serde stops there too.
const DEEPEST: usize = 128;

/// A value and where it stands.
#[derive(Debug)]
pub(super) struct Node {
    /// Its bytes, quotation marks and brackets included.
    pub(super) span: Range<usize>,
    /// What it is.
    pub(super) value: Value,
}

/// What a value is.
#[derive(Debug)]
pub(super) enum Value {
    /// Members in their order: the name with its quotation marks, the value.
    Object(Vec<(Range<usize>, Node)>),
    /// Elements in their order.
    Array(Vec<Node>),
    /// A text.
    Text,
    /// A number.
    Number,
    /// `true`, `false` or `null`.
    Word,
}

/// The tree of a whole text; `None` when it is no JSON.
pub(super) fn parse(text: &str) -> Option<Node> {
    let mut parser = Parser { bytes: text.as_bytes(), at: 0 };
    let node = parser.value(0)?;
    parser.blanks();
    (parser.at == parser.bytes.len()).then_some(node)
}

struct Parser<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Parser<'_> {
    fn value(&mut self, depth: usize) -> Option<Node> {
        if depth > DEEPEST {
            return None;
        }
        self.blanks();
        let start = self.at;
        let value = match *self.bytes.get(start)? {
            b'{' => self.object(depth)?,
            b'[' => self.array(depth)?,
            b'"' => {
                self.text()?;
                Value::Text
            }
            b'-' | b'0'..=b'9' => {
                self.number()?;
                Value::Number
            }
            _ => {
                let rest = &self.bytes[start..];
                let words: [&[u8]; 3] = [b"true", b"false", b"null"];
                self.at += words.iter().find(|word| rest.starts_with(word))?.len();
                Value::Word
            }
        };
        Some(Node { span: start..self.at, value })
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        self.at += 1;
        let mut members = Vec::new();
        self.blanks();
        if self.skip(b'}') {
            return Some(Value::Object(members));
        }
        loop {
            self.blanks();
            let start = self.at;
            self.text()?;
            let name = start..self.at;
            self.blanks();
            self.skip(b':').then_some(())?;
            members.push((name, self.value(depth + 1)?));
            self.blanks();
            if self.skip(b'}') {
                return Some(Value::Object(members));
            }
            self.skip(b',').then_some(())?;
        }
    }

    fn array(&mut self, depth: usize) -> Option<Value> {
        self.at += 1;
        let mut elements = Vec::new();
        self.blanks();
        if self.skip(b']') {
            return Some(Value::Array(elements));
        }
        loop {
            elements.push(self.value(depth + 1)?);
            self.blanks();
            if self.skip(b']') {
                return Some(Value::Array(elements));
            }
            self.skip(b',').then_some(())?;
        }
    }

    fn text(&mut self) -> Option<()> {
        self.skip(b'"').then_some(())?;
        loop {
            match *self.bytes.get(self.at)? {
                b'"' => {
                    self.at += 1;
                    return Some(());
                }
                b'\\' => self.at += 2,
                control if control < 0x20 => return None,
                _ => self.at += 1,
            }
        }
    }

    fn number(&mut self) -> Option<()> {
        let digits = |it: &mut Self| {
            let start = it.at;
            while it.bytes.get(it.at).is_some_and(u8::is_ascii_digit) {
                it.at += 1;
            }
            (it.at > start).then_some(())
        };
        self.skip(b'-');
        digits(self)?;
        if self.skip(b'.') {
            digits(self)?;
        }
        if self.skip(b'e') || self.skip(b'E') {
            let _ = self.skip(b'+') || self.skip(b'-');
            digits(self)?;
        }
        Some(())
    }

    fn blanks(&mut self) {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn skip(&mut self, byte: u8) -> bool {
        let is = self.bytes.get(self.at) == Some(&byte);
        self.at += usize::from(is);
        is
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_where_they_stand() {
        let text = r#" {"a" : [1, -2.5e+3,"x\"y"], "b":null } "#;
        let node = parse(text).unwrap();
        let Value::Object(members) = &node.value else { panic!("an object") };
        assert_eq!(&text[members[0].0.clone()], "\"a\"");
        let Value::Array(elements) = &members[0].1.value else { panic!("an array") };
        let found: Vec<&str> = elements.iter().map(|it| &text[it.span.clone()]).collect();
        assert_eq!(found, ["1", "-2.5e+3", r#""x\"y""#]);
        assert_eq!(&text[members[1].1.span.clone()], "null");
    }

    #[test]
    fn what_is_no_json_has_no_tree() {
        for text in
            ["", "{", "[1,]", "{\"a\"}", "{\"a\":}", "\"x", "\"x\\", "1 2", "nul", "-", "1."]
        {
            assert!(parse(text).is_none(), "{text}");
        }
        assert!(parse("\"line\nbreak\"").is_none());
        assert!(parse(&"[".repeat(100_000)).is_none(), "and no deep one either");
        assert!(parse(&format!("{}{}", "[".repeat(100), "]".repeat(100))).is_some());
    }
}
