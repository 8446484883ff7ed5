//! X.509 certificates (RFC 5280): what a station looks at.

use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use sha2::{Digest, Sha256};

use super::der::{
    BIT_STRING, CONTEXT_0, Element, Elements, GENERALIZED_TIME, INTEGER, OBJECT_ID, SEQUENCE,
    UTC_TIME,
};
use super::pem::{blocks, from_base64};
use crate::ocpp::messages::CertificateHashData;
use crate::ocpp::types::HashAlgorithm;
use crate::time::Time;

/// ecdsa-with-SHA256.
pub(super) const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
/// Most bytes of a serial number (RFC 5280 §4.1.2.2).
const SERIAL_MAX_BYTES: usize = 20;

/// A certificate that could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::charger) struct Certificate {
    /// The part that is signed, in DER.
    signed_part: Vec<u8>,
    serial: Vec<u8>,
    issuer: Vec<u8>,
    subject: Vec<u8>,
    not_before: Time,
    not_after: Time,
    /// Content of the bit string.
    public_key: Vec<u8>,
    /// Object id of the algorithm it was signed with.
    algorithm: Vec<u8>,
    signature: Vec<u8>,
}

impl Certificate {
    /// All certificates of a PEM text, in their order; `None` when one cannot be read or there is
    /// none.
    pub(super) fn chain(pem: &str) -> Option<Vec<Certificate>> {
        blocks("CERTIFICATE", pem)?.iter().map(|der| Certificate::parse(der)).collect()
    }

    /// The one certificate of a PEM text.
    pub(super) fn single(pem: &str) -> Option<Certificate> {
        let mut chain = Certificate::chain(pem)?;
        chain.pop().filter(|_| chain.is_empty())
    }

    fn parse(der: &[u8]) -> Option<Certificate> {
        let mut outer = Elements(der);
        let mut certificate = outer.enter()?;
        let signed_part = certificate.expect(SEQUENCE)?;
        let algorithm = certificate.enter()?.expect(OBJECT_ID)?.content;
        let signature = bits(certificate.expect(BIT_STRING)?)?;
        let mut fields = Elements(signed_part.content);
        fields.skip(CONTEXT_0);
        let serial = serial(fields.expect(INTEGER)?)?;
        fields.expect(SEQUENCE)?;
        let issuer = fields.expect(SEQUENCE)?.whole;
        let mut validity = fields.enter()?;
        let (not_before, not_after) = (time(validity.next()?)?, time(validity.next()?)?);
        let subject = fields.expect(SEQUENCE)?.whole;
        let mut key = fields.enter()?;
        key.expect(SEQUENCE)?;
        let public_key = bits(key.expect(BIT_STRING)?)?;
        let complete = outer.0.is_empty() && certificate.0.is_empty();
        complete.then(|| Certificate {
            signed_part: signed_part.whole.to_vec(),
            serial: serial.to_vec(),
            issuer: issuer.to_vec(),
            subject: subject.to_vec(),
            not_before,
            not_after,
            public_key: public_key.to_vec(),
            algorithm: algorithm.to_vec(),
            signature: signature.to_vec(),
        })
    }

    pub(super) fn is_valid_at(&self, clock: Time) -> bool {
        (self.not_before..=self.not_after).contains(&clock)
    }

    pub(super) fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    /// Whether `issuer` is named as the issuer.
    pub(super) fn names(&self, issuer: &Certificate) -> bool {
        self.issuer == issuer.subject
    }

    /// Whether `issuer` is named as the issuer and nothing speaks against it. Signatures other than
    /// ECDSA on P-256 with SHA-256 are beyond a station: there the name has to do.
    pub(super) fn is_issued_by(&self, issuer: &Certificate) -> bool {
        let foreign = self.algorithm != ECDSA_SHA256 || issuer.verifying_key().is_none();
        self.names(issuer) && (foreign || issuer.verifies(&self.signed_part, &self.signature))
    }

    /// Whether the key of this certificate made the signature, base64 of DER, over the message.
    pub(in crate::charger) fn has_signed(&self, message: &[u8], signature: &str) -> bool {
        from_base64(signature).is_some_and(|signature| self.verifies(message, &signature))
    }

    /// What identifies it. For a root, whose issuer it is itself.
    pub(super) fn hash_data(&self) -> CertificateHashData<'static> {
        CertificateHashData {
            hash_algorithm: HashAlgorithm::Sha256,
            issuer_name_hash: hex(&Sha256::digest(&self.issuer)).into(),
            issuer_key_hash: hex(&Sha256::digest(&self.public_key)).into(),
            serial_number: hex(&self.serial).trim_start_matches('0').to_owned().into(),
        }
    }

    fn verifying_key(&self) -> Option<VerifyingKey> {
        VerifyingKey::from_sec1_bytes(&self.public_key).ok()
    }

    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let signature = Signature::from_der(signature).ok();
        let pair = self.verifying_key().zip(signature);
        pair.is_some_and(|(key, signature)| key.verify(message, &signature).is_ok())
    }
}

/// Lower-case hexadecimal.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bits of a bit string, which has to be whole bytes.
fn bits(element: Element<'_>) -> Option<&[u8]> {
    element.content.strip_prefix(&[0])
}

/// A serial number without its sign.
fn serial(element: Element<'_>) -> Option<&[u8]> {
    let digits = element.content.strip_prefix(&[0]).unwrap_or(element.content);
    (digits.len() <= SERIAL_MAX_BYTES).then_some(digits)
}

/// RFC 5280 §4.1.2.5: UTC, to the second.
fn time(element: Element<'_>) -> Option<Time> {
    let text = std::str::from_utf8(element.content).ok()?.strip_suffix('Z')?;
    let (year_digits, century) = match element.tag {
        UTC_TIME => (2, None),
        GENERALIZED_TIME => (4, Some(0)),
        _ => return None,
    };
    if text.len() != year_digits + 10 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (year, rest) = text.split_at(year_digits);
    let year: i64 = year.parse().ok()?;
    let century = century.unwrap_or(if year < 50 { 2000 } else { 1900 });
    let part = |at: usize| rest[at..at + 2].parse::<i64>().ok();
    Time::from_civil(century + year, part(0)?, part(2)?, part(4)?, part(6)?, part(8)?)
}
