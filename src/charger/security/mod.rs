//! Certificates and security events (security whitepaper, edition 3).
//!
//! Certificates are really read, hashed and, where they are signed by ECDSA on P-256, verified. The
//! connection itself is whoever drives the station: `SecurityProfile` tells it what was agreed.

mod certificate;
mod der;
pub(super) mod event;
mod pem;
mod request;

pub(super) use certificate::Certificate;
pub(super) use request::certificate_request;

use crate::ocpp::messages::CertificateHashData;
use crate::ocpp::types::{CertificateUse, DeleteCertificateStatus, InstallCertificateStatus};
use crate::time::Time;

/// `CertificateStoreMaxLength`.
pub const STORE_MAX_CERTIFICATES: usize = 16;
/// `CertificateSignedMaxChainSize`, characters of PEM.
pub const CHAIN_MAX_CHARS: usize = 10_000;

/// The certificates a station holds.
#[derive(Debug, Default)]
pub(super) struct Vault {
    roots: Vec<(CertificateUse, Certificate)>,
    /// The station's own.
    own: Option<Certificate>,
}

impl Vault {
    /// A root has to be valid now and signed by itself.
    pub(super) fn install(
        &mut self,
        purpose: CertificateUse,
        pem: &str,
        clock: Time,
    ) -> InstallCertificateStatus {
        let root = Certificate::single(pem)
            .filter(|root| root.is_valid_at(clock) && root.is_issued_by(root));
        let Some(root) = root else { return InstallCertificateStatus::Rejected };
        let known = self.roots.iter().any(|held| held.0 == purpose && held.1 == root);
        if !known && self.roots.len() >= STORE_MAX_CERTIFICATES {
            return InstallCertificateStatus::Rejected;
        }
        if !known {
            self.roots.push((purpose, root));
        }
        InstallCertificateStatus::Accepted
    }

    /// What is installed for a purpose, in the order of installation.
    pub(super) fn list(&self, purpose: CertificateUse) -> Vec<CertificateHashData<'static>> {
        self.roots_for(purpose).map(Certificate::hash_data).collect()
    }

    /// `in_use`: the connection relies on a root of the central system, the last of which stays.
    pub(super) fn delete(
        &mut self,
        wanted: &CertificateHashData<'_>,
        in_use: bool,
    ) -> DeleteCertificateStatus {
        let Some(place) = self.roots.iter().position(|(_, root)| is_same(root, wanted)) else {
            return DeleteCertificateStatus::NotFound;
        };
        let central = CertificateUse::CentralSystemRootCertificate;
        let last = self.roots[place].0 == central && self.roots_for(central).count() == 1;
        if in_use && last {
            return DeleteCertificateStatus::Failed;
        }
        self.roots.remove(place);
        DeleteCertificateStatus::Accepted
    }

    /// Takes a certificate for the station, the leaf first and each issued by the next, if it is
    /// for the station's key and valid now; false when not. The end of the chain has to be issued
    /// by an installed root, if one is named as its issuer.
    pub(super) fn take_own(&mut self, pem: &str, station: &str, clock: Time) -> bool {
        let Some(chain) = Certificate::chain(pem).filter(|_| pem.len() <= CHAIN_MAX_CHARS) else {
            return false;
        };
        let last = &chain[chain.len() - 1];
        let central = CertificateUse::CentralSystemRootCertificate;
        let fits = chain[0].public_key() == request::public_key(station)
            && chain.iter().all(|link| link.is_valid_at(clock))
            && chain.windows(2).all(|pair| pair[0].is_issued_by(&pair[1]))
            && self.roots_for(central).all(|root| !last.names(root) || last.is_issued_by(root));
        if fits {
            self.own = Some(chain[0].clone());
        }
        fits
    }

    pub(super) fn has_own(&self) -> bool {
        self.own.is_some()
    }

    pub(super) fn has_root(&self, purpose: CertificateUse) -> bool {
        self.roots_for(purpose).next().is_some()
    }

    /// The certificate that signs a firmware: valid now and issued by an installed root of the
    /// manufacturer, or that root itself.
    pub(super) fn signer(&self, pem: &str, clock: Time) -> Option<Certificate> {
        let signer = Certificate::single(pem)?;
        let mut roots = self.roots_for(CertificateUse::ManufacturerRootCertificate);
        let trusted = roots.any(|root| signer == *root || signer.is_issued_by(root));
        (trusted && signer.is_valid_at(clock)).then_some(signer)
    }

    fn roots_for(&self, purpose: CertificateUse) -> impl Iterator<Item = &Certificate> {
        self.roots.iter().filter(move |held| held.0 == purpose).map(|(_, root)| root)
    }
}

/// Hexadecimal compares without case; a hash by another algorithm names nothing here.
fn is_same(root: &Certificate, wanted: &CertificateHashData<'_>) -> bool {
    let ours = root.hash_data();
    ours.hash_algorithm == wanted.hash_algorithm
        && ours.issuer_name_hash.eq_ignore_ascii_case(&wanted.issuer_name_hash)
        && ours.issuer_key_hash.eq_ignore_ascii_case(&wanted.issuer_key_hash)
        && ours.serial_number.eq_ignore_ascii_case(wanted.serial_number.trim_start_matches('0'))
}
