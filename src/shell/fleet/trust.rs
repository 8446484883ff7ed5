//! Whom a fleet trusts behind `wss://`.

use std::sync::Arc;

use thiserror::Error;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};

/// Why a text is no list of certificates to trust.
#[derive(Debug, Error)]
pub enum TrustError {
    /// Broken PEM.
    #[error("not a PEM file: {0}")]
    Pem(String),
    /// No certificate in it.
    #[error("there is no certificate in it; it begins with -----BEGIN CERTIFICATE-----")]
    Empty,
    /// A certificate that cannot be used.
    #[error("a certificate in it cannot be used: {0}")]
    Certificate(#[from] rustls::Error),
}

/// Trusts whoever shows a certificate signed by one of these (PEM), and nobody else.
///
/// # Errors
/// When there is none, or one is broken.
pub fn trust(pem: &[u8]) -> Result<Arc<ClientConfig>, TrustError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        roots.add(certificate.map_err(|error| TrustError::Pem(error.to_string()))?)?;
    }
    if roots.is_empty() {
        return Err(TrustError::Empty);
    }
    trusting(roots)
}

/// Trusts whoever shows a certificate that a public authority has signed.
///
/// # Errors
/// When this build cannot do TLS.
pub fn trust_public() -> Result<Arc<ClientConfig>, TrustError> {
    trusting(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() })
}

fn trusting(roots: RootCertStore) -> Result<Arc<ClientConfig>, TrustError> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_certificates_are_trusted() {
        let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        assert!(trust(own.cert.pem().as_bytes()).is_ok());
        let key = own.signing_key.serialize_pem();
        assert!(matches!(trust(key.as_bytes()), Err(TrustError::Empty)), "a key is none");
        let cut = own.cert.pem().replace("-----END", "");
        assert!(trust(cut.as_bytes()).is_err());
    }
}
