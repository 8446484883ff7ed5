//! Just enough DER (X.690) to read a certificate and to write a request for one.

pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OBJECT_ID: u8 = 0x06;
pub(super) const UTF8_STRING: u8 = 0x0c;
pub(super) const UTC_TIME: u8 = 0x17;
pub(super) const GENERALIZED_TIME: u8 = 0x18;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;
/// The constructed element with the context-specific tag 0.
pub(super) const CONTEXT_0: u8 = 0xa0;

/// One element.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    pub(super) content: &'a [u8],
    /// Tag, length and content.
    pub(super) whole: &'a [u8],
}

/// Elements one after another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Elements<'a>(pub(super) &'a [u8]);

impl<'a> Elements<'a> {
    /// The next element; `None` at the end, or when it is not DER.
    pub(super) fn next(&mut self) -> Option<Element<'a>> {
        let bytes = self.0;
        let (tag, first) = (*bytes.first()?, *bytes.get(1)?);
        let (length, header) = match first {
            0..=0x7f => (usize::from(first), 2),
            0x81..=0x83 => {
                let digits = bytes.get(2..2 + usize::from(first & 0x7f))?;
                let length = digits.iter().fold(0, |sum, digit| (sum << 8) | usize::from(*digit));
                let shortest = digits[0] != 0 && length >= 0x80;
                shortest.then_some((length, 2 + digits.len()))?
            }
            _ => return None,
        };
        let whole = bytes.get(..header + length)?;
        self.0 = &bytes[header + length..];
        Some(Element { tag, content: &whole[header..], whole })
    }

    /// The next element, which has to have this tag.
    pub(super) fn expect(&mut self, tag: u8) -> Option<Element<'a>> {
        self.next().filter(|element| element.tag == tag)
    }

    /// Passes over the next element if it has this tag.
    pub(super) fn skip(&mut self, tag: u8) {
        if self.0.first() == Some(&tag) {
            self.next();
        }
    }

    /// The elements inside the next one, which has to be a sequence.
    pub(super) fn enter(&mut self) -> Option<Elements<'a>> {
        self.expect(SEQUENCE).map(|element| Elements(element.content))
    }
}

/// Writes an element.
pub(super) fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut out = vec![tag];
    let digits = content.len().to_be_bytes();
    let significant = &digits[digits.iter().take_while(|digit| **digit == 0).count()..];
    match content.len() {
        length @ 0..=0x7f => out.push(length as u8),
        _ => {
            out.push(0x80 | significant.len() as u8);
            out.extend_from_slice(significant);
        }
    }
    out.extend_from_slice(&content);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_of_every_length_read_back() {
        for length in [0, 1, 127, 128, 255, 256, 65_535, 65_536] {
            let content = vec![7; length];
            let written = element(SEQUENCE, &[&content]);
            let mut elements = Elements(&written);
            let read = elements.next().expect("our own");
            assert_eq!((read.tag, read.content.len(), read.whole), (SEQUENCE, length, &*written));
            assert!(elements.next().is_none());
        }
    }

    #[test]
    fn what_is_cut_off_or_not_the_shortest_form_is_no_element() {
        for bytes in [
            &[0x30][..],
            &[0x30, 2, 1],
            &[0x30, 0x80, 0, 0],
            &[0x30, 0x81, 5, 1, 2, 3, 4, 5],
            &[0x30, 0x82, 0, 0x81],
        ] {
            assert!(Elements(bytes).next().is_none(), "{bytes:?}");
        }
    }
}
