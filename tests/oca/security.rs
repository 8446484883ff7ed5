//! The security extension: certificates, events, logs, signed firmware.

use rcgen::KeyPair;
use serde_json::{Value, json};

use crate::central::{Central, POINT};
use crate::station::{Station, at, now};
use crate::tls::{Authority, Own, mutual, request};

fn answer(status: &str) -> Value {
    json!({ "status": status })
}

async fn event(station: &mut Station, what: &str) {
    let event = json!({ "type": what, "timestamp": now() });
    station.tell("SecurityEventNotification", event).await;
}

async fn install(station: &mut Station, what: &str, certificate: &str, how: &str) -> String {
    let asked = json!({ "certificateType": what, "certificate": certificate });
    station.command("InstallCertificate", asked, answer(how)).await
}

/// What a station tells of a certificate that it has.
fn hashes(algorithm: &str) -> Value {
    json!({
        "hashAlgorithm": algorithm, "issuerNameHash": "0a".repeat(32),
        "issuerKeyHash": "0b".repeat(32), "serialNumber": "2a",
    })
}

/// The operator installs a root and finds it among those that are installed.
async fn installed(station: &mut Station, what: &str) {
    let root = Authority::new().root();
    assert_eq!(install(station, what, &root, "Accepted").await, "accepted");
    let told = json!({ "status": "Accepted", "certificateHashData": [hashes("SHA256")] });
    let asked = json!({ "certificateType": what });
    let ended = station.command("GetInstalledCertificateIds", asked, told).await;
    assert_eq!(ended, "accepted");
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_074_a_certificate_signed_on_request_lets_the_station_in() {
    let (central, mut station) = Central::booted().await;
    let trigger = json!({ "requestedMessage": "SignChargePointCertificate" });
    let ended = station.command("ExtendedTriggerMessage", trigger, answer("Accepted")).await;
    assert_eq!(ended, "accepted");
    let key = KeyPair::generate().expect("a key");
    let csr = request(POINT, &key);
    let told = station.ask("SignCertificate", json!({ "csr": csr })).await;
    assert_eq!(told["status"], "Accepted");
    assert_eq!(central.known("certificate").await["csr"], csr.as_str());
    let (servers, stations) = (Authority::new(), Authority::new());
    let chain = stations.sign(POINT, &key);
    let signed = json!({ "certificateChain": chain });
    let ended = station.command("CertificateSigned", signed, answer("Accepted")).await;
    assert_eq!(ended, "accepted");
    assert_eq!(central.known("certificate").await["status"], "Accepted");
    drop(station);
    let address = central.door(mutual(&servers, &stations)).await;
    let wire = servers.dial(address, Some(&Own { chain, key })).await.expect("TLS");
    let station = Station::over(wire, &central.rest, POINT, "").await;
    station.expect("its certificate").boot().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_075_1_a_root_for_firmware_is_installed_and_found() {
    let (_central, mut station) = Central::booted().await;
    installed(&mut station, "ManufacturerRootCertificate").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_075_2_a_root_for_the_central_system_is_installed_and_found() {
    let (_central, mut station) = Central::booted().await;
    installed(&mut station, "CentralSystemRootCertificate").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_076_an_installed_certificate_is_deleted_by_its_hashes() {
    let (_central, mut station) = Central::booted().await;
    installed(&mut station, "CentralSystemRootCertificate").await;
    for algorithm in ["SHA256", "SHA384", "SHA512"] {
        let asked = json!({ "certificateHashData": hashes(algorithm) });
        let ended = station.command("DeleteCertificate", asked, answer("Accepted")).await;
        assert_eq!(ended, "accepted", "{algorithm}");
    }
    let gone = json!({ "certificateHashData": hashes("SHA256") });
    let ended = station.command("DeleteCertificate", gone, answer("NotFound")).await;
    assert_eq!(ended, "rejected");
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_077_a_certificate_that_the_station_refuses_is_told_with_its_security_event() {
    let (central, mut station) = Central::booted().await;
    let key = KeyPair::generate().expect("a key");
    let told = station.ask("SignCertificate", json!({ "csr": request(POINT, &key) })).await;
    assert_eq!(told["status"], "Accepted");
    let chain = Authority::new().sign("another", &KeyPair::generate().expect("a key"));
    let signed = json!({ "certificateChain": chain });
    let ended = station.command("CertificateSigned", signed, answer("Rejected")).await;
    assert_eq!(ended, "rejected");
    event(&mut station, "InvalidChargePointCertificate").await;
    assert_eq!(central.events().await, ["InvalidChargePointCertificate"]);
    assert_eq!(central.known("certificate").await["status"], "Rejected");
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_078_a_root_that_the_station_refuses_is_told_with_its_security_event() {
    let (central, mut station) = Central::booted().await;
    let root = Authority::new().root();
    let ended = install(&mut station, "CentralSystemRootCertificate", &root, "Rejected").await;
    assert_eq!(ended, "rejected");
    event(&mut station, "InvalidCentralSystemCertificate").await;
    assert_eq!(central.events().await, ["InvalidCentralSystemCertificate"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_079_the_security_log_is_uploaded() {
    let (central, mut station) = Central::booted().await;
    let asked = json!({
        "logType": "SecurityLog", "requestId": 7,
        "log": { "remoteLocation": "https://example.com/logs", "oldestTimestamp": at(-3600) },
    });
    let told = json!({ "status": "Accepted", "filename": "security.log" });
    assert_eq!(station.command("GetLog", asked, told).await, "accepted");
    for status in ["Uploading", "Uploaded"] {
        let progress = json!({ "status": status, "requestId": 7 });
        station.tell("LogStatusNotification", progress).await;
    }
    let known = central.known("log").await;
    assert_eq!(
        (&known["status"], &known["file_name"]),
        (&json!("Uploaded"), &json!("security.log"))
    );
}

/// The operator asks for an update that is signed; how that ended.
async fn update(station: &mut Station, how: &str) -> String {
    let authority = Authority::new();
    let signer = authority.sign("Acme firmware", &KeyPair::generate().expect("a key"));
    let asked = json!({
        "requestId": 8,
        "firmware": {
            "location": "https://example.com/fw.bin", "retrieveDateTime": now(),
            "signingCertificate": signer, "signature": "c2lnbmF0dXJl",
        },
    });
    station.command("SignedUpdateFirmware", asked, answer(how)).await
}

async fn progress(station: &mut Station, statuses: &[&str]) {
    for status in statuses {
        let progress = json!({ "status": status, "requestId": 8 });
        station.tell("SignedFirmwareStatusNotification", progress).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_080_signed_firmware_is_followed_until_it_is_installed() {
    let (central, mut station) = Central::booted().await;
    assert_eq!(update(&mut station, "Accepted").await, "accepted");
    let before = ["Downloading", "Downloaded", "SignatureVerified", "Installing"];
    progress(&mut station, &before).await;
    progress(&mut station, &["InstallRebooting"]).await;
    drop(station);
    let mut station = central.connect().await;
    station.boot().await;
    event(&mut station, "FirmwareUpdated").await;
    progress(&mut station, &["Installed"]).await;
    assert_eq!(central.known("firmware").await["status"], "Installed");
    assert_eq!(central.events().await, ["FirmwareUpdated"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_081_firmware_with_a_wrong_signature_or_certificate_is_known_to_be_refused() {
    let (central, mut station) = Central::booted().await;
    assert_eq!(update(&mut station, "Accepted").await, "accepted");
    progress(&mut station, &["Downloading", "Downloaded", "InvalidSignature"]).await;
    assert_eq!(central.known("firmware").await["status"], "InvalidSignature");
    event(&mut station, "InvalidFirmwareSignature").await;
    assert_eq!(update(&mut station, "InvalidCertificate").await, "rejected");
}
