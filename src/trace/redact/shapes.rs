//! What a text is by its shape: an address, a contract, a pseudonym.

use std::net::{IpAddr, Ipv6Addr};

use super::instants::is_instant;
use super::kind::Kind;
use super::pseudonym::is_code;

/// How IPv6 pseudonyms begin: 2001:db8::/32 is for documentation (RFC 3849).
pub(super) const DOCUMENTATION: [u8; 4] = [0x20, 0x01, 0x0d, 0xb8];
/// How MAC pseudonyms begin: administered locally, so of no maker.
pub(super) const MAC: [u8; 2] = [0x06, 0xac];

/// An IP address, with or without a zone behind `%`.
pub(super) fn ip(text: &str) -> Option<IpAddr> {
    let text = text.split('%').next().unwrap_or(text);
    text.parse().ok()
}

/// The twelve digits of a MAC address in pairs, with or without one and the same separator.
pub(super) fn mac(text: &str) -> Option<String> {
    let hex: String = text.chars().filter(char::is_ascii_hexdigit).collect();
    let separators: Vec<char> = text.chars().filter(|it| !it.is_ascii_hexdigit()).collect();
    let paired = match separators.first() {
        None => true,
        Some(first) => {
            matches!(first, ':' | '-')
                && separators.len() == 5
                && separators.iter().all(|it| it == first)
                && text.split(*first).all(|pair| pair.len() == 2)
        }
    };
    (hex.len() == 12 && paired).then_some(hex)
}

/// What a word is, when its shape says it.
pub(super) fn of_word(word: &str) -> Option<Kind> {
    let separated = word.contains([':', '-']);
    if ip(word).is_some() && word.contains(['.', ':']) || separated && mac(word).is_some() {
        return Some(Kind::Address);
    }
    if is_mail(word) {
        return Some(Kind::Mail);
    }
    if is_vehicle(word) {
        return Some(Kind::Vehicle);
    }
    if is_position(word) {
        return Some(Kind::Position);
    }
    let encoded = word.len() > 64 && (word.starts_with("MII") || word.starts_with("LS0tLS1"));
    encoded.then_some(Kind::Certificate)
}

/// Text that carries nothing of anybody: a number, a truth, an instant.
pub(super) fn is_plain(text: &str) -> bool {
    let few = text.len() <= 12 && (text.len() <= 9 || text.contains('.'));
    few && text.parse::<f64>().is_ok()
        || ["true", "false", "null"].iter().any(|it| it.eq_ignore_ascii_case(text))
        || is_instant(text)
}

/// Whether a text could be what a redaction put in place of one of this kind.
pub(super) fn is_pseudonym(kind: Kind, text: &str) -> bool {
    if text.is_empty() {
        return true;
    }
    match kind {
        Kind::Sim => {
            let digits = text.bytes().all(|it| it.is_ascii_digit());
            digits && text.starts_with(&"999"[..text.len().min(3)])
        }
        Kind::Address => {
            is_code(kind.prefix(), text)
                || match ip(text) {
                    Some(IpAddr::V4(it)) => it.octets()[0] >= 240 || is_nobody(IpAddr::V4(it)),
                    Some(IpAddr::V6(it)) => is_documentation(it) || is_nobody(IpAddr::V6(it)),
                    None => mac(text).is_some_and(|it| it.to_ascii_lowercase().starts_with("06ac")),
                }
        }
        Kind::Position => text
            .split([',', ';', ' '])
            .filter(|it| !it.is_empty())
            .all(|it| it.parse::<f64>().is_ok_and(|it| it == 0.0)),
        Kind::Transaction | Kind::Reservation => {
            text.parse::<i64>().is_ok() || is_code(kind.prefix(), text)
        }
        Kind::Host => {
            ends(kind, text, ".invalid") || ip(text).is_some() && is_pseudonym(Kind::Address, text)
        }
        Kind::Mail => ends(kind, text, "@redacted.invalid"),
        // Most say nothing.
        Kind::Message => true,
        Kind::Text => {
            let others = Kind::ALL.iter().filter(|it| !matches!(it, Kind::Text | Kind::Message));
            is_code(kind.prefix(), text)
                || is_code(Kind::Message.prefix(), text)
                || others
                    .filter(|it| !matches!(it, Kind::Transaction | Kind::Reservation))
                    .any(|it| is_pseudonym(*it, text))
        }
        _ => is_code(kind.prefix(), text),
    }
}

/// Addresses that every machine has.
pub(super) fn is_nobody(address: IpAddr) -> bool {
    address.is_loopback() || address.is_unspecified() || address.is_multicast()
}

/// `MII..`, `-----BEGIN ..`: where a PEM block stands in a text.
pub(super) fn pem(text: &str) -> Option<std::ops::Range<usize>> {
    let start = text.find("-----BEGIN ")?;
    let end = text[start..].find("-----END ").map_or(text.len(), |end| {
        let line = start + end + "-----END ".len();
        text[line..].find("-----").map_or(text.len(), |rest| line + rest + 5)
    });
    Some(start..end)
}

fn ends(kind: Kind, text: &str, ending: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.strip_suffix(ending).is_some_and(|it| is_code(kind.prefix(), it))
}

fn is_documentation(address: Ipv6Addr) -> bool {
    address.octets().starts_with(&DOCUMENTATION)
}

fn is_mail(word: &str) -> bool {
    let Some((name, host)) = word.split_once('@') else { return false };
    let plain = |it: char| it.is_alphanumeric() || "._%+-".contains(it);
    !name.is_empty() && name.chars().all(plain) && host.contains('.') && host.chars().all(plain)
}

/// A VIN (ISO 3779: 17 letters and digits, no I, O, Q) or a contract (ISO 15118, DIN 91286).
fn is_vehicle(word: &str) -> bool {
    let upper = word.bytes().all(|it| it.is_ascii_uppercase() || it.is_ascii_digit() || it == b'-');
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    if !upper || digits == 0 || digits == word.len() {
        return false;
    }
    if word.len() == 17 && !word.contains(['I', 'O', 'Q', '-']) {
        // The last four are digits for every maker.
        return word.bytes().rev().take(4).all(|it| it.is_ascii_digit());
    }
    let bare: Vec<u8> = word.bytes().filter(|it| *it != b'-').collect();
    let letters = |from: usize, to: usize| bare[from..to].iter().all(u8::is_ascii_uppercase);
    matches!(bare.len(), 14 | 15) && letters(0, 2) && bare[5] == b'C' && digits >= 4
}

/// Two numbers with four places or more that could be degrees.
fn is_position(word: &str) -> bool {
    let Some((latitude, longitude)) = word.split_once([',', ';']) else { return false };
    let degrees = |text: &str, most: f64| {
        let places = text.split_once('.').map_or(0, |(_, places)| places.len());
        places >= 4 && text.parse::<f64>().is_ok_and(|it| it.abs() <= most)
    };
    degrees(latitude.trim(), 90.0) && degrees(longitude.trim(), 180.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_known_by_their_shape() {
        for (word, kind) in [
            ("192.168.178.20", Kind::Address),
            ("2a02:8100::1", Kind::Address),
            ("fe80::1%eth0", Kind::Address),
            ("00:1A:2b:3c:4d:5e", Kind::Address),
            ("jo.doe+ev@example.org", Kind::Mail),
            ("WVWZZZ1KZAW123456", Kind::Vehicle),
            ("DE-8AA-C1A2B3C4D-5", Kind::Vehicle),
            ("DE8AAC1A2B3C4D", Kind::Vehicle),
            ("52.37022,4.89517", Kind::Position),
        ] {
            assert_eq!(of_word(word), Some(kind), "{word}");
        }
        for word in ["1.2.3", "12:30", "230.1,16.0", "a@b", "Accepted", "AC22-V1-2023", "", "1:2"] {
            assert_eq!(of_word(word), None, "{word}");
        }
        assert_eq!(mac("001a2b3c4d5e").as_deref(), Some("001a2b3c4d5e"), "where its name says so");
        assert_eq!(mac("00:1a-2b:3c:4d:5e"), None);
    }

    #[test]
    fn numbers_truths_and_instants_are_plain() {
        for text in ["0", "-16.5", "true", "2026-05-04T06:00:00Z", "123456789", "12345678.912"] {
            assert!(is_plain(text), "{text}");
        }
        for text in ["04A2B3", "8944500102198304826", "+49151234567890", "hello"] {
            assert!(!is_plain(text), "{text}");
        }
    }
}
