//! HTTP Basic authentication of charge points.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

/// What a charge point presented.
#[derive(Debug, Default)]
pub(super) struct Basic {
    user: Vec<u8>,
    password: Vec<u8>,
}

impl Basic {
    /// Reads the header; what is missing or malformed counts as an empty user with an empty
    /// password, which fits nobody. Passwords are bytes: they need not be UTF-8.
    pub(super) fn from_headers(headers: &HeaderMap) -> Basic {
        headers
            .get(AUTHORIZATION)
            .and_then(|value| Basic::read(value.as_bytes()))
            .unwrap_or_default()
    }

    fn read(header: &[u8]) -> Option<Basic> {
        let (scheme, encoded) = header.split_at_checked(6)?;
        if !scheme.eq_ignore_ascii_case(b"Basic ") {
            return None;
        }
        let decoded = base64_decode(encoded.trim_ascii())?;
        // A user name holds no colon (RFC 7617 §2), so the first one ends it.
        let colon = decoded.iter().position(|byte| *byte == b':')?;
        let (user, password) = decoded.split_at(colon);
        Some(Basic { user: user.to_vec(), password: password[1..].to_vec() })
    }

    /// Whether this is `identity` with the key whose SHA-256 is `kept`. The work is the same
    /// whether the user fits, the key fits, or there is no such charge point (`None`).
    ///
    /// A key that was handed out as 40 hexadecimal digits stands for 20 bytes, and some stations
    /// send those (OCPP-J 1.6 §6.2.2), so the digits are tried as well.
    pub(super) fn fits(&self, identity: &str, kept: Option<[u8; 32]>) -> bool {
        let known = Choice::from(u8::from(kept.is_some()));
        let kept = kept.unwrap_or([0; 32]);
        let upper = hex(&self.password, b"0123456789ABCDEF");
        let lower = hex(&self.password, b"0123456789abcdef");
        let key = Sha256::digest(&self.password).ct_eq(&kept)
            | Sha256::digest(&upper).ct_eq(&kept)
            | Sha256::digest(&lower).ct_eq(&kept);
        let user = self.user.ct_eq(identity.as_bytes());
        let some = Choice::from(u8::from(!self.password.is_empty()));
        (known & key & user & some).into()
    }
}

fn hex(bytes: &[u8], digits: &[u8; 16]) -> Vec<u8> {
    bytes
        .iter()
        .flat_map(|byte| [digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]])
        .collect()
}

/// Standard alphabet; padding may be missing, anything after it may not follow.
fn base64_decode(text: &[u8]) -> Option<Vec<u8>> {
    let padding = text.iter().rev().take_while(|byte| **byte == b'=').count();
    let digits = &text[..text.len() - padding];
    if padding > 2 || digits.len() % 4 == 1 {
        return None;
    }
    let mut decoded = Vec::with_capacity(digits.len() * 3 / 4);
    let (mut bits, mut held) = (0_u32, 0);
    for digit in digits {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            decoded.push((bits >> held) as u8);
        }
    }
    Some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sha256(key: &[u8]) -> Option<[u8; 32]> {
        Some(Sha256::digest(key).into())
    }

    #[test]
    fn base64_is_read_as_rfc_4648_writes_it() {
        for (text, bytes) in [
            ("", ""),
            ("Zg==", "f"),
            ("Zm8=", "fo"),
            ("Zm9v", "foo"),
            ("Zm9vYg==", "foob"),
            ("Zm9vYmE=", "fooba"),
            ("Zm9vYmFy", "foobar"),
            ("Zm9vYg", "foob"),
        ] {
            assert_eq!(base64_decode(text.as_bytes()).unwrap(), bytes.as_bytes(), "{text}");
        }
        assert_eq!(base64_decode(b"+/+/").unwrap(), [0xfb, 0xff, 0xbf]);
        for text in ["Z", "Zm9vY", "Zm=v", "Zm9v====", "Zm 9v", "-_-_"] {
            assert!(base64_decode(text.as_bytes()).is_none(), "{text}");
        }
    }

    #[test]
    fn a_header_is_split_at_its_first_colon() {
        // "CP:a:b"
        let basic = Basic::read(b"bAsIc Q1A6YTpi").unwrap();
        assert!(basic.fits("CP", sha256(b"a:b")));
        assert!(!basic.fits("CP", sha256(b"b")));
        assert!(Basic::read(b"Bearer Q1A6YTpi").is_none());
        assert!(Basic::read(b"Basic Q1A=").is_none());
        assert!(Basic::read(b"Basic").is_none());
    }

    #[test]
    fn only_the_right_key_of_the_right_charge_point_fits() {
        let basic = Basic { user: b"CP".to_vec(), password: b"\x00\xfe\xff secret".to_vec() };
        assert!(basic.fits("CP", sha256(b"\x00\xfe\xff secret")));
        assert!(!basic.fits("CQ", sha256(b"\x00\xfe\xff secret")));
        assert!(!basic.fits("CP", sha256(b"other")));
        assert!(!basic.fits("CP", None));
        let empty = Basic { user: b"CP".to_vec(), password: Vec::new() };
        assert!(!empty.fits("CP", sha256(b"")));
    }

    #[test]
    fn a_key_of_hexadecimal_digits_may_be_sent_as_the_bytes_it_stands_for() {
        let basic = Basic { user: b"CP".to_vec(), password: vec![0xab, 0x01, 0xff] };
        assert!(basic.fits("CP", sha256(b"AB01FF")));
        assert!(basic.fits("CP", sha256(b"ab01ff")));
        assert!(!basic.fits("CP", sha256(b"Ab01fF")));
    }
}
