//! Certificates, and connections that are made with them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use ampacity::shell::door::{Security, TlsFiles};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

use crate::socket::Wire;

/// Whoever signs certificates.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

/// A certificate with its key.
pub(crate) struct Own {
    pub(crate) chain: String,
    pub(crate) key: KeyPair,
}

impl Authority {
    pub(crate) fn new() -> Authority {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "Root of the tests");
        let key = KeyPair::generate().expect("a key");
        let issuer = CertifiedIssuer::self_signed(params, key).expect("a root");
        Authority { issuer, folder: tempfile::tempdir().expect("a folder") }
    }

    /// Its own certificate.
    pub(crate) fn root(&self) -> String {
        self.issuer.pem()
    }

    /// The same in a file.
    fn root_file(&self) -> PathBuf {
        self.file("root.pem", &self.root())
    }

    /// A certificate for the holder of a key.
    pub(crate) fn sign(&self, name: &str, key: &KeyPair) -> String {
        let signed = params(name).signed_by(key, &self.issuer);
        signed.expect("a certificate").pem()
    }

    /// A server's certificate and key, for security profiles 2 and 3.
    pub(crate) fn server(&self) -> TlsFiles {
        let key = KeyPair::generate().expect("a key");
        let chain = self.sign("localhost", &key);
        TlsFiles {
            chain: self.file("chain.pem", &chain),
            key: self.file("key.pem", &key.serialize_pem()),
        }
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path
    }

    /// A connection to a server that this authority vouches for.
    pub(crate) async fn dial(
        &self,
        address: SocketAddr,
        own: Option<&Own>,
    ) -> std::io::Result<Box<dyn Wire>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).expect("a root");
        let provider = Arc::new(crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("TLS 1.2 and 1.3")
            .with_root_certificates(roots);
        let config = match own {
            None => builder.with_no_client_auth(),
            Some(own) => {
                let chain = CertificateDer::pem_slice_iter(own.chain.as_bytes());
                let key = own.key.serialize_pem();
                let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key");
                let chain = chain.map(|each| each.expect("a certificate")).collect();
                builder.with_client_auth_cert(chain, key).expect("a pair")
            }
        };
        let stream = TcpStream::connect(address).await?;
        let name = ServerName::try_from("localhost").expect("a name");
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
        Ok(Box::new(stream))
    }
}

/// Security profile 3: who signed the server's certificate, and who those of stations.
pub(crate) fn mutual(servers: &Authority, stations: &Authority) -> Security {
    Security::MutualTls { tls: servers.server(), client_ca: stations.root_file() }
}

/// A certificate signing request.
pub(crate) fn request(name: &str, key: &KeyPair) -> String {
    let request = params(name).serialize_request(key).expect("a request");
    request.pem().expect("PEM")
}

/// One name, as common name and as DNS name.
fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
    params.distinguished_name.push(DnType::CommonName, name);
    params
}
