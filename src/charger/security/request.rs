//! The station's key, and its request for a certificate (PKCS#10, RFC 2986).

use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use sha2::{Digest, Sha256};

use super::certificate::ECDSA_SHA256;
use super::der::{BIT_STRING, CONTEXT_0, INTEGER, OBJECT_ID, SEQUENCE, SET, UTF8_STRING, element};
use super::pem::block;

/// id-ecPublicKey and the curve P-256.
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const CURVE_P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// Attributes of a name: organizationName and commonName, of 64 characters at most (RFC 5280 A.1).
const ORGANIZATION: &[u8] = &[0x55, 0x04, 0x0a];
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const NAME_MAX_CHARS: usize = 64;

/// The key of a simulated station follows from its identity, so that a run is the same every time.
/// It protects nothing.
fn key(station: &str) -> SigningKey {
    let candidate = |attempt: u8| {
        let mut hash = Sha256::new();
        hash.update(b"key of the simulated charge point ");
        hash.update(station.as_bytes());
        hash.update([attempt]);
        SigningKey::from_slice(&hash.finalize()).ok()
    };
    // One in four billion numbers is none of the curve's.
    (0..=u8::MAX).find_map(candidate).expect("one of many numbers is a key")
}

/// The public key of a station, an uncompressed point.
pub(super) fn public_key(station: &str) -> Vec<u8> {
    key(station).verifying_key().to_encoded_point(false).as_bytes().to_vec()
}

/// A request as PEM, signed deterministically (RFC 6979).
pub(in crate::charger) fn certificate_request(station: &str, organization: &str) -> String {
    let algorithm = element(SEQUENCE, &[&element(OBJECT_ID, &[ECDSA_SHA256])]);
    let key_algorithm = element(
        SEQUENCE,
        &[&element(OBJECT_ID, &[EC_PUBLIC_KEY]), &element(OBJECT_ID, &[CURVE_P256])],
    );
    let key_bits = element(BIT_STRING, &[&[0], &public_key(station)]);
    let mut names = Vec::new();
    if !organization.is_empty() {
        names.extend(attribute(ORGANIZATION, organization));
    }
    names.extend(attribute(COMMON_NAME, station));
    let information = element(
        SEQUENCE,
        &[
            &element(INTEGER, &[&[0]]),
            &element(SEQUENCE, &[&names]),
            &element(SEQUENCE, &[&key_algorithm, &key_bits]),
            &element(CONTEXT_0, &[]),
        ],
    );
    let signature: Signature = key(station).sign(&information);
    let signature = element(BIT_STRING, &[&[0], signature.to_der().as_bytes()]);
    block("CERTIFICATE REQUEST", &element(SEQUENCE, &[&information, &algorithm, &signature]))
}

/// One part of a distinguished name.
fn attribute(kind: &[u8], value: &str) -> Vec<u8> {
    let value: String = value.chars().take(NAME_MAX_CHARS).collect();
    let pair = element(
        SEQUENCE,
        &[&element(OBJECT_ID, &[kind]), &element(UTF8_STRING, &[value.as_bytes()])],
    );
    element(SET, &[&pair])
}
