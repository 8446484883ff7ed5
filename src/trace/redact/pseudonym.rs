//! What stands in place of a secret: the same for the same secret under the same key, and of no use to anybody
//! without it (HMAC-SHA256, RFC 2104).
//!
//! A pseudonym is a prefix and a code of 13 digits, the last two of which check the others, so that it is known
//! as one without the key. The code depends on the secret alone, not on what kind it is: a serial number used as
//! idTag remains recognisable as such. Numbers are permuted (a Feistel network over their range), so that no
//! two become one whatever their number.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::kind::Kind;
use super::shapes;

/// The least that a key has, bytes.
pub const SHORTEST_KEY: usize = 16;

/// Crockford's digits: no I, L, O, U.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Digits of a code that depend on the key.
const BODY: usize = 11;
/// Rounds of the permutation of numbers.
const ROUNDS: u8 = 8;

/// What pseudonyms are made with. Its bytes are shown nowhere.
#[derive(Clone)]
pub struct Key(Hmac<Sha256>);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(..)")
    }
}

/// A key that is too short to keep anything secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "the key has {0} bytes and needs {SHORTEST_KEY}; make one by `head -c 32 /dev/urandom > FILE` and keep it \
     to yourself"
)]
pub struct KeyTooShort(usize);

impl Key {
    /// Takes the bytes of a key file; the end of its last line does not count.
    ///
    /// # Errors
    /// When there are fewer than [`SHORTEST_KEY`].
    pub fn new(bytes: &[u8]) -> Result<Key, KeyTooShort> {
        let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        if bytes.len() < SHORTEST_KEY {
            return Err(KeyTooShort(bytes.len()));
        }
        let mac = Hmac::new_from_slice(bytes).map_err(|_| KeyTooShort(bytes.len()))?;
        Ok(Key(mac))
    }

    /// What stands in place of a text of this kind. Empty texts stay.
    pub(super) fn pseudonym(&self, kind: Kind, text: &str) -> String {
        if text.is_empty() {
            return String::new();
        }
        let prefix = kind.prefix();
        match kind {
            Kind::Sim => self.digits(text),
            Kind::Address => self.address(text),
            Kind::Position => "0.0".to_owned(),
            Kind::Transaction | Kind::Reservation => match text.parse() {
                Ok(number) => self.number(kind, number).to_string(),
                Err(_) => format!("{prefix}{}", self.code(text)),
            },
            Kind::Host => format!("{prefix}{}.invalid", self.lower(text)),
            Kind::Mail => format!("{prefix}{}@redacted.invalid", self.lower(text)),
            _ => {
                let mut name = format!("{prefix}{}", self.code(text));
                if !kind.ignores_case() && text.bytes().any(|it| it.is_ascii_uppercase()) {
                    // Two that differ in the case of letters alone are two.
                    name.push('-');
                    let bytes = self.bytes("case", text.as_bytes());
                    name.extend(bytes[..3].iter().map(|it| digit(u64::from(*it))));
                }
                name
            }
        }
    }

    /// What stands in place of a number: a positive i32 for one, a larger one for a larger one; 0 and -1, which
    /// stand for no transaction and for one that never reached the central system, stay.
    pub(super) fn number(&self, kind: Kind, number: i64) -> i64 {
        const LARGEST: u64 = i32::MAX as u64;
        if matches!(number, 0 | -1 | i64::MIN) {
            return number;
        }
        let (bits, from, to) = match number.unsigned_abs() {
            1..=LARGEST => (32, 1, LARGEST),
            _ => (64, LARGEST + 1, i64::MAX as u64),
        };
        // Walks on until it is back in the range: that is a permutation of the range.
        let mut moved = number.unsigned_abs();
        loop {
            moved = self.permuted(kind, bits, moved);
            // -1 keeps its meaning to itself.
            if (from..=to).contains(&moved) && !(number < 0 && moved == 1) {
                break;
            }
        }
        moved as i64 * number.signum()
    }

    fn permuted(&self, kind: Kind, bits: u32, number: u64) -> u64 {
        let half = bits / 2;
        let mask = (1_u64 << half) - 1;
        let (mut left, mut right) = (number >> half, number & mask);
        for round in 0..ROUNDS {
            let mut input = vec![round, bits as u8];
            input.extend(right.to_be_bytes());
            let mixed = word(&self.bytes(kind.name(), &input));
            (left, right) = (right, left ^ (mixed & mask));
        }
        left << half | right
    }

    fn code(&self, text: &str) -> String {
        let mixed = word(&self.bytes("text", text.to_lowercase().as_bytes()));
        let mut code: String = (0..BODY).map(|place| digit(mixed >> (5 * place))).collect();
        code.push_str(&checked(&code));
        code
    }

    fn lower(&self, text: &str) -> String {
        self.code(text).to_ascii_lowercase()
    }

    /// As many digits, of no country: they begin with 999.
    fn digits(&self, text: &str) -> String {
        let mut source = Vec::new();
        for block in 0..text.len().div_ceil(16) {
            source.extend(self.bytes(&format!("digits {block}"), text.as_bytes()));
        }
        let made = source.iter().map(|it| char::from(b'0' + it % 10));
        "999".chars().chain(made).take(text.chars().count()).collect()
    }

    /// An address of a range that is never used: 240.0.0.0/4, 2001:db8::/32, 06-AC.
    fn address(&self, text: &str) -> String {
        let lower = text.to_ascii_lowercase();
        match shapes::ip(&lower) {
            Some(IpAddr::V4(address)) => {
                let bytes = self.bytes("ipv4", &address.octets());
                return Ipv4Addr::new(240 | bytes[0] & 15, bytes[1], bytes[2], bytes[3])
                    .to_string();
            }
            Some(IpAddr::V6(address)) => {
                let mut octets = [0; 16];
                octets[..4].copy_from_slice(&shapes::DOCUMENTATION);
                octets[4..].copy_from_slice(&self.bytes("ipv6", &address.octets())[..12]);
                return Ipv6Addr::from(octets).to_string();
            }
            None => {}
        }
        let Some(hex) = shapes::mac(&lower) else {
            return format!("{}{}", Kind::Address.prefix(), self.code(text));
        };
        let mut bytes = shapes::MAC.to_vec();
        bytes.extend(&self.bytes("mac", hex.as_bytes())[..4]);
        let separator = text.chars().find(|it| !it.is_ascii_hexdigit());
        let separator = separator.map(String::from).unwrap_or_default();
        let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
        pairs.join(&separator)
    }

    fn bytes(&self, purpose: &str, text: &[u8]) -> [u8; 32] {
        let mut mac = self.0.clone();
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(text);
        mac.finalize().into_bytes().into()
    }
}

/// Whether a text is a prefix of a kind and a code, whoever made it.
pub(super) fn is_code(prefix: &str, text: &str) -> bool {
    let Some(code) = text.strip_prefix(prefix) else { return false };
    let code = code.to_ascii_uppercase();
    let (code, case) = code.split_once('-').unwrap_or((&code, "000"));
    let known = |text: &str| text.bytes().all(|it| DIGITS.contains(&it));
    code.len() == BODY + 2
        && case.len() == 3
        && known(code)
        && known(case)
        && checked(&code[..BODY]) == code[BODY..]
}

/// The two digits that follow a code.
fn checked(code: &str) -> String {
    let sum = word(&Sha256::digest(code.as_bytes()).into());
    [digit(sum), digit(sum >> 5)].into_iter().collect()
}

fn digit(number: u64) -> char {
    char::from(DIGITS[(number & 31) as usize])
}

fn word(bytes: &[u8; 32]) -> u64 {
    bytes[..8].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use proptest::prelude::*;

    fn key(text: &str) -> Key {
        Key::new(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_key_says_how_to_make_one_and_not_what_it_is() {
        let error = Key::new(b"short\n").unwrap_err().to_string();
        assert!(error.starts_with("the key has 5 bytes and needs 16") && error.contains("urandom"));
        assert_eq!(format!("{:?}", key("sixteen bytes or more")), "Key(..)");
    }

    #[test]
    fn pseudonyms_fit_their_fields_and_are_known_as_such() {
        let key = key("sixteen bytes or more");
        for kind in Kind::ALL {
            for text in ["04A2B3C4D5E6F7", "x", "Ünïcode", "8944500102198304826"] {
                let made = key.pseudonym(kind, text);
                assert!(shapes::is_pseudonym(kind, &made), "{kind:?}: {made}");
                assert_eq!(made, key.pseudonym(kind, text));
                let number = matches!(kind, Kind::Transaction | Kind::Reservation | Kind::Message);
                assert!(number || !shapes::is_pseudonym(kind, text), "{kind:?} {text}");
            }
            assert_eq!(key.pseudonym(kind, ""), "");
        }
        assert!(key.pseudonym(Kind::Tag, "TAG").len() <= 20);
        assert!(key.pseudonym(Kind::Point, "CP 1").len() <= 20);
        assert!(key.pseudonym(Kind::Serial, "SN 1").len() <= 25);
        assert_eq!(key.pseudonym(Kind::Sim, "8944500102198304826").len(), 19);
        assert_eq!(key.pseudonym(Kind::Sim, "89445001021983048261234567890123456789012").len(), 41);
    }

    #[test]
    fn tags_are_the_same_in_any_case_and_charge_points_are_not() {
        let key = key("sixteen bytes or more");
        let of = |kind, text| key.pseudonym(kind, text);
        assert_eq!(of(Kind::Tag, "abc1"), of(Kind::Tag, "ABC1"));
        assert_ne!(of(Kind::Point, "cp1"), of(Kind::Point, "CP1"));
        // Its own serial number as idTag.
        assert_eq!(of(Kind::Tag, "sn1")[4..], of(Kind::Serial, "sn1")[3..]);
    }

    #[test]
    fn addresses_become_addresses_that_nobody_has() {
        let key = key("sixteen bytes or more");
        let of = |text| key.pseudonym(Kind::Address, text);
        assert!(of("192.0.2.7").starts_with("24") || of("192.0.2.7").starts_with("25"));
        assert!(of("2a02:8100::1").starts_with("2001:db8:"));
        assert_eq!(of("2A02:8100:0::1"), of("2a02:8100::1"));
        assert!(of("00:1a:2B:3c:4d:5e").starts_with("06:AC:"));
        assert_eq!(of("00-1A-2B-3C-4D-5E"), of("00:1a:2b:3c:4d:5e").replace(':', "-"));
        assert_eq!(of("001a2b3c4d5e").len(), 12);
    }

    #[test]
    fn without_the_key_nothing_is_the_same() {
        let (one, other) = (key("sixteen bytes or more"), key("sixteen bytes or less"));
        for kind in [Kind::Tag, Kind::Transaction, Kind::Address, Kind::Sim] {
            assert_ne!(one.pseudonym(kind, "123456789012"), other.pseudonym(kind, "123456789012"));
        }
    }

    #[test]
    fn no_two_numbers_become_one() {
        let key = key("sixteen bytes or more");
        let moved: BTreeSet<i64> = (1..5000).map(|it| key.number(Kind::Transaction, it)).collect();
        assert_eq!(moved.len(), 4999);
        assert_eq!([0, -1].map(|it| key.number(Kind::Transaction, it)), [0, -1]);
        assert_ne!(key.number(Kind::Transaction, 7), key.number(Kind::Reservation, 7));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn numbers_stay_in_their_range(number: i64) {
            let moved = key("sixteen bytes or more").number(Kind::Transaction, number);
            prop_assert_eq!(moved.signum(), number.signum());
            prop_assert_eq!(i32::try_from(moved).is_ok(), i32::try_from(number).is_ok());
        }

        #[test]
        fn small_numbers_are_positive_i32(number in 1..=i32::MAX) {
            let moved = key("sixteen bytes or more").number(Kind::Transaction, i64::from(number));
            prop_assert!((1..=i64::from(i32::MAX)).contains(&moved));
        }
    }
}
