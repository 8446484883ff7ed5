//! Base64 (RFC 4648) and the textual form of certificates (RFC 7468).

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const LINE_CHARS: usize = 64;

/// The text of some bytes.
pub(super) fn base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0_u32, |group, byte| (group << 8) | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = ALPHABET[(group >> (18 - 6 * place)) as usize & 63];
            text.push(if place <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

/// The bytes of a text; blanks and line ends do not count. `None`: not base64.
pub(super) fn from_base64(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let padding = digits.iter().rev().take_while(|digit| **digit == b'=').count();
    if !digits.len().is_multiple_of(4) || padding > 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3);
    let (mut group, mut bits) = (0_u32, 0);
    for digit in &digits[..digits.len() - padding] {
        let value = ALPHABET.iter().position(|letter| letter == digit)?;
        group = (group << 6) | value as u32;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((group >> bits) as u8);
            group &= (1 << bits) - 1;
        }
    }
    (group == 0).then_some(bytes)
}

/// A block, e.g. of `CERTIFICATE REQUEST`.
pub(super) fn block(label: &str, bytes: &[u8]) -> String {
    let digits = base64(bytes);
    let mut text = format!("-----BEGIN {label}-----\n");
    for at in (0..digits.len()).step_by(LINE_CHARS) {
        text.push_str(&digits[at..digits.len().min(at + LINE_CHARS)]);
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

/// The contents of all blocks of a label, in their order. `None`: no such block, or one that cannot
/// be read.
pub(super) fn blocks(label: &str, text: &str) -> Option<Vec<Vec<u8>>> {
    let (begin, end) = (format!("-----BEGIN {label}-----"), format!("-----END {label}-----"));
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once(&begin) {
        let (body, after) = after.split_once(&end)?;
        found.push(from_base64(body)?);
        rest = after;
    }
    (!found.is_empty()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_rfc_4648_read_both_ways() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
            assert_eq!(from_base64(text).as_deref(), Some(bytes.as_bytes()), "{text}");
        }
        for bad in ["Zg=", "Z===", "Zg==Zg==", "Zm9-", "Zh==", "====", "Z"] {
            assert_eq!(from_base64(bad), None, "{bad}");
        }
    }

    #[test]
    fn blocks_are_found_among_other_text() {
        let bytes: Vec<u8> = (0..200).collect();
        let text = format!("a leaf\r\n{}and its issuer\n{}", block("X", &bytes), block("X", b"2"));
        assert!(text.lines().all(|line| line.len() <= LINE_CHARS));
        assert_eq!(blocks("X", &text), Some(vec![bytes, b"2".to_vec()]));
        assert_eq!(blocks("Y", &text), None);
        assert_eq!(blocks("X", "-----BEGIN X-----\nZm9v"), None, "no end");
    }
}
