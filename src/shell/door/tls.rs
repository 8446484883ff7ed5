//! TLS from PEM files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use tokio_rustls::rustls::{self, RootCertStore, ServerConfig, crypto};

use super::options::{Security, TlsFiles};

/// Why TLS cannot be set up.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file cannot be used.
    #[error("{path}: {problem}; {remedy}")]
    File {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
        /// What to do about it.
        remedy: &'static str,
    },
}

/// What the security profile asks for; `None` without TLS.
pub(in crate::shell) fn acceptor(security: &Security) -> Result<Option<TlsAcceptor>, TlsError> {
    let (files, client_ca) = match security {
        Security::None | Security::Basic => return Ok(None),
        Security::TlsBasic(files) => (files, None),
        Security::MutualTls { tls, client_ca } => (tls, Some(client_ca)),
    };
    let provider = Arc::new(crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|problem| unusable(&files.chain, &problem, REBUILD))?;
    let builder = match client_ca {
        None => builder.with_no_client_auth(),
        // Without a certificate one gets as far as the REST API; the OCPP endpoint asks for it.
        Some(path) => {
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots(path)?), provider)
                    .allow_unauthenticated()
                    .build()
                    .map_err(|problem: VerifierBuilderError| unusable(path, &problem, CA))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut config = with_files(builder, files)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Some(TlsAcceptor::from(Arc::new(config))))
}

const REBUILD: &str = "this build cannot do TLS 1.2 and 1.3";
const CA: &str = "give a PEM file with the certificates (BEGIN CERTIFICATE) that sign client \
                  certificates";
const CHAIN: &str = "give a PEM file with the server's certificate (BEGIN CERTIFICATE) first, \
                     then its intermediates";
const KEY: &str = "give a PEM file with the unencrypted private key (BEGIN PRIVATE KEY) that \
                   belongs to the certificate";

fn with_files(
    builder: rustls::ConfigBuilder<ServerConfig, rustls::server::WantsServerCert>,
    files: &TlsFiles,
) -> Result<ServerConfig, TlsError> {
    let chain = certificates(&files.chain, CHAIN)?;
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|problem| unusable(&files.key, &Pem(problem), KEY))?;
    builder.with_single_cert(chain, key).map_err(|problem| {
        // The key is at fault unless the certificate itself cannot be read.
        match problem {
            rustls::Error::InvalidCertificate(_) => unusable(&files.chain, &problem, CHAIN),
            _ => unusable(&files.key, &problem, KEY),
        }
    })
}

fn roots(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path, CA)? {
        roots.add(certificate).map_err(|problem| unusable(path, &problem, CA))?;
    }
    Ok(roots)
}

fn certificates(
    path: &Path,
    remedy: &'static str,
) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|problem| unusable(path, &Pem(problem), remedy))?;
    if found.is_empty() {
        return Err(unusable(path, &"there is no certificate in it", remedy));
    }
    Ok(found)
}

/// Words for a PEM error that do not print bytes of the file.
struct Pem(pem::Error);

impl std::fmt::Display for Pem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            pem::Error::Io(problem) => write!(f, "{problem}"),
            pem::Error::NoItemsFound => f.write_str("what is looked for is not in it"),
            _ => f.write_str("it is not valid PEM"),
        }
    }
}

fn unusable(path: &Path, problem: &dyn std::fmt::Display, remedy: &'static str) -> TlsError {
    TlsError::File { path: path.to_path_buf(), problem: problem.to_string(), remedy }
}
