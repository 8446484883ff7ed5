use std::path::Path;
use std::sync::Arc;

use futures_util::SinkExt;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};
use tokio_tungstenite::tungstenite::Message;

use super::house::{House, KEY, ask, basic, engine, lines, open, request, status, text};
use crate::shell::door::{Door, DoorOptions, Refused, Security, TlsFiles};

type Issuer = CertifiedIssuer<'static, KeyPair>;

struct Pair {
    chain: String,
    key: String,
}

fn issuer(name: &str) -> Issuer {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn signed(issuer: &Issuer, common_name: &str, others: &[&str]) -> Pair {
    let others: Vec<String> = others.iter().map(ToString::to_string).collect();
    let mut params = CertificateParams::new(others).unwrap();
    params.distinguished_name.push(DnType::CommonName, common_name);
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, issuer).unwrap();
    Pair { chain: certificate.pem(), key: key.serialize_pem() }
}

fn files(folder: &Path, issuer: &Issuer) -> TlsFiles {
    let server = signed(issuer, "door", &["localhost"]);
    let (chain, key) = (folder.join("chain.pem"), folder.join("key.pem"));
    std::fs::write(&chain, &server.chain).unwrap();
    std::fs::write(&key, &server.key).unwrap();
    TlsFiles { chain, key }
}

/// TLS to the door, which has to be signed by `trusted`.
async fn tls(
    house: &House,
    trusted: &Issuer,
    own: Option<&Pair>,
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.der().clone()).unwrap();
    let provider = Arc::new(crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = match own {
        None => builder.with_no_client_auth(),
        Some(pair) => {
            let chain = CertificateDer::pem_slice_iter(pair.chain.as_bytes());
            let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap();
            builder.with_client_auth_cert(chain.map(Result::unwrap).collect(), key).unwrap()
        }
    };
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, house.tcp().await).await
}

#[tokio::test]
async fn profile_2_is_profile_1_inside_tls() {
    let folder = tempfile::tempdir().unwrap();
    let root = issuer("root");
    let security = Security::TlsBasic(files(folder.path(), &root));
    let house = House::open(DoorOptions { security, ..DoorOptions::default() }).await;

    let mut answers = Vec::new();
    for (path, authorization) in [
        ("CP1", Some(basic(b"CP1", b"wrong"))),
        ("CP1", None),
        ("NOBODY", Some(basic(b"NOBODY", KEY))),
        ("CP1", Some(basic(b"CP1", b"\xff\x00"))),
    ] {
        let more = authorization.map_or(String::new(), |it| format!("Authorization: {it}\r\n"));
        let mut stream = tls(&house, &root, None).await.unwrap();
        answers.push(ask(&mut stream, &lines(&format!("/ocpp/{path}"), &more)).await);
    }
    assert_eq!(status(&answers[0]), 401);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");

    let stream = tls(&house, &root, None).await.unwrap();
    let request = request("CP1", Some(&basic(b"CP1", KEY)), Some("ocpp1.6"));
    let (mut client, _) = open(stream, request).await.unwrap();
    client.send(Message::text("x".repeat(10_000))).await.unwrap();
    assert_eq!(text(&mut client).await.len(), 10_002);

    // Without TLS there is no door at all.
    assert!(house.connect("CP2").await.is_err());
    let hello = "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let mut stream = tls(&house, &root, None).await.unwrap();
    assert!(ask(&mut stream, hello).await.ends_with("hello"));
    assert!(house.counters.refused(Refused::Tls) >= 1);
}

#[tokio::test]
async fn profile_3_takes_the_identity_from_the_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let (root, charge_points, stranger) = (issuer("root"), issuer("points"), issuer("stranger"));
    let client_ca = folder.path().join("points.pem");
    std::fs::write(&client_ca, charge_points.pem()).unwrap();
    let security = Security::MutualTls { tls: files(folder.path(), &root), client_ca };
    let house = House::open(DoorOptions { security, ..DoorOptions::default() }).await;

    let mut answers = Vec::new();
    for (what, path, pair) in [
        ("another's certificate", "CP1", Some(signed(&charge_points, "CP2", &[]))),
        ("no certificate", "CP1", None),
        ("a wildcard", "CP1", Some(signed(&charge_points, "*", &["*.example"]))),
        ("unknown", "NOBODY", Some(signed(&charge_points, "NOBODY", &[]))),
    ] {
        let mut stream = tls(&house, &root, pair.as_ref()).await.unwrap();
        let more = format!("Authorization: {}\r\n", basic(path.as_bytes(), KEY));
        let answer = ask(&mut stream, &lines(&format!("/ocpp/{path}"), &more)).await;
        assert_eq!(status(&answer), 401, "{what}: {answer}");
        answers.push(answer);
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    assert!(house.engine.look("CP1", |link| link.generation == 0), "somebody got through");

    for (point, pair) in [
        ("CP1", signed(&charge_points, "CP1", &[])),
        ("CP2", signed(&charge_points, "Some Vendor", &["other", "CP2"])),
    ] {
        let stream = tls(&house, &root, Some(&pair)).await.unwrap();
        let (mut client, _) = open(stream, request(point, None, Some("ocpp1.6"))).await.unwrap();
        client.send(Message::text("hello")).await.unwrap();
        assert_eq!(text(&mut client).await, "(hello)");
    }

    // A certificate of somebody else's root ends the connection before any request.
    let foreign = signed(&stranger, "CP1", &[]);
    if let Ok(mut stream) = tls(&house, &root, Some(&foreign)).await {
        let mut byte = [0];
        let read = tokio::io::AsyncReadExt::read(&mut stream, &mut byte).await;
        assert!(read.is_err(), "the handshake went through");
    }
    assert_eq!(house.counters.refused(Refused::Tls), 1);
    // The REST API is for people, who have no certificate.
    let mut stream = tls(&house, &root, None).await.unwrap();
    let hello = "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert!(ask(&mut stream, hello).await.ends_with("hello"));
}

#[tokio::test]
async fn files_that_do_not_fit_are_named_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let root = issuer("root");
    let good = files(folder.path(), &root);
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let missing = folder.path().join("missing.pem");
    let empty = write("empty.pem", "");
    let broken = write("broken.pem", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n");
    let other = write("other.pem", &signed(&root, "other", &[]).key);
    let chain = |chain: &Path| TlsFiles { chain: chain.to_path_buf(), key: good.key.clone() };
    let key = |key: &Path| TlsFiles { chain: good.chain.clone(), key: key.to_path_buf() };
    let basic = Security::TlsBasic;
    let mutual = |ca: &Path| Security::MutualTls { tls: good.clone(), client_ca: ca.to_path_buf() };
    for (security, named, remedy) in [
        (basic(chain(&missing)), "missing.pem", "certificate"),
        (basic(chain(&empty)), "empty.pem", "certificate"),
        (basic(chain(&broken)), "broken.pem", "certificate"),
        (basic(chain(&good.key)), "key.pem", "certificate"),
        (basic(key(&missing)), "missing.pem", "private key"),
        (basic(key(&empty)), "empty.pem", "private key"),
        (basic(key(&good.chain)), "chain.pem", "private key"),
        (basic(key(&other)), "other.pem", "private key"),
        (mutual(&missing), "missing.pem", "sign client"),
        (mutual(&good.key), "key.pem", "sign client"),
    ] {
        let (handle, _) = engine(&[]);
        let options = DoorOptions { security, ..DoorOptions::default() };
        let refused = Door::bind("127.0.0.1:0".parse().unwrap(), options, handle).await;
        let refused = refused.err().expect("nothing to serve with").to_string();
        assert!(refused.contains(named) && refused.contains(remedy), "{named}: {refused}");
    }
}
