//! Secrets that the program hands out: shown once, kept as a hash.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// Random bytes of a key of the REST API.
const API_KEY_BYTES: usize = 24;

/// Random bytes of an AuthorizationKey: 40 digits, the most that OCPP-J 1.6 §6.2.2 has room for.
const AUTHORIZATION_KEY_BYTES: usize = 20;

/// A fresh key of the REST API; `prefix` tells people where it is from.
///
/// # Errors
/// When the operating system gives no random numbers.
pub fn api_key(prefix: &str) -> Result<String, getrandom::Error> {
    Ok(format!("{prefix}_{}", fresh(API_KEY_BYTES)?))
}

/// A fresh AuthorizationKey of a charge point.
///
/// # Errors
/// When the operating system gives no random numbers.
pub fn authorization_key() -> Result<String, getrandom::Error> {
    fresh(AUTHORIZATION_KEY_BYTES)
}

/// A fresh secret: `bytes` random bytes of the operating system, in lower case hex.
///
/// # Errors
/// When the operating system gives none.
pub fn fresh(bytes: usize) -> Result<String, getrandom::Error> {
    let mut random = vec![0; bytes];
    getrandom::fill(&mut random)?;
    Ok(hex(&random))
}

/// SHA-256 of a secret.
#[must_use]
pub fn sha256(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// Lower case hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
