//! The security extension: certificates, signed firmware, logs, events, keys. Certificates come
//! from another implementation of X.509 than the station's.

use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DnType, IsCa, Issuer,
    KeyPair, SigningKey, date_time_ymd,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::bench::{Bench, ac22};

const CENTRAL: &str = "CentralSystemRootCertificate";
const MANUFACTURER: &str = "ManufacturerRootCertificate";

/// A certificate authority.
struct Authority {
    params: CertificateParams,
    key: KeyPair,
    pem: String,
    der: Vec<u8>,
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2027, 1, 1);
    params
}

impl Authority {
    fn new(name: &str) -> Authority {
        let mut params = params(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Authority { params, key, pem: certificate.pem(), der: certificate.der().to_vec() }
    }

    fn issuer(&self) -> Issuer<'_, &KeyPair> {
        Issuer::from_params(&self.params, &self.key)
    }

    /// A certificate for another key, as PEM.
    fn issue(&self, name: &str, key: &KeyPair) -> String {
        params(name).signed_by(key, &self.issuer()).unwrap().pem()
    }
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: Vec<u8> = bytes.iter().flat_map(|b| (0..8).rev().map(move |n| b >> n & 1)).collect();
    let digit =
        |six: &[u8]| six.iter().fold(0, |n, bit| n * 2 + usize::from(*bit)) << (6 - six.len());
    let mut text: String = bits.chunks(6).map(|six| char::from(LETTERS[digit(six)])).collect();
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

fn install(bench: &mut Bench, kind: &str, pem: &str) -> String {
    let request = json!({"certificateType": kind, "certificate": pem});
    bench.status_of("InstallCertificate", &request)
}

fn events(bench: &Bench) -> Vec<&str> {
    let events = bench.sent_of("SecurityEventNotification");
    events.into_iter().filter_map(|event| event["type"].as_str()).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn listed(bench: &mut Bench, kind: &str) -> Value {
    let answer = bench.call("GetInstalledCertificateIds", &json!({ "certificateType": kind }));
    answer["certificateHashData"].clone()
}

#[test]
fn an_installed_root_is_identified_by_its_hashes_and_deleted_by_them() {
    let mut bench = Bench::ready(ac22());
    let root = Authority::new("root");
    assert_eq!(install(&mut bench, CENTRAL, &root.pem), "Accepted");
    assert_eq!(install(&mut bench, CENTRAL, &root.pem), "Accepted", "a second time: still one");
    assert_eq!(listed(&mut bench, MANUFACTURER), Value::Null);
    let list = listed(&mut bench, CENTRAL);
    assert_eq!(list.as_array().map(Vec::len), Some(1));
    let key = root.key.public_key_raw();
    assert_eq!(list[0]["issuerKeyHash"], hex(&Sha256::digest(key)));
    assert_eq!(list[0]["hashAlgorithm"], "SHA256");
    // The name is one of the sequences of the certificate: the one whose hash was given.
    let digest = |at: usize, length: usize| hex(&Sha256::digest(&root.der[at..at + length]));
    let wanted = list[0]["issuerNameHash"].as_str().unwrap();
    let named = (0..root.der.len() - 2).any(|at| {
        let length = 2 + usize::from(root.der[at + 1]);
        root.der[at] == 0x30 && at + length <= root.der.len() && digest(at, length) == wanted
    });
    assert!(named, "{list}");
    let delete = json!({ "certificateHashData": list[0] });
    assert_eq!(bench.status_of("DeleteCertificate", &delete), "Accepted");
    assert_eq!(bench.status_of("DeleteCertificate", &delete), "NotFound");
    assert_eq!(listed(&mut bench, CENTRAL), Value::Null);
}

#[test]
fn what_is_no_root_valid_today_is_not_installed() {
    let mut bench = Bench::ready(ac22());
    let root = Authority::new("root");
    let leaf = root.issue("leaf", &KeyPair::generate().unwrap());
    let mut old = params("old root");
    old.not_after = date_time_ymd(2026, 5, 4);
    let old = old.self_signed(&KeyPair::generate().unwrap()).unwrap().pem();
    let broken = root.pem.replacen("MII", "MIJ", 1);
    for bad in ["", "not PEM", &leaf, &old, &broken, &format!("{}{}", root.pem, root.pem)] {
        assert_eq!(install(&mut bench, CENTRAL, bad), "Rejected", "{bad}");
    }
    assert_eq!(events(&bench), ["InvalidCentralSystemCertificate"; 6]);
    for n in 0..16 {
        let root = Authority::new(&format!("root {n}"));
        assert_eq!(install(&mut bench, MANUFACTURER, &root.pem), "Accepted");
    }
    assert_eq!(install(&mut bench, MANUFACTURER, &root.pem), "Rejected", "the store is full");
}

#[test]
fn a_certificate_request_is_signed_by_the_stations_key_and_its_certificate_taken() {
    let mut bench = Bench::ready(ac22());
    bench.set_key("CpoName", "Example Charging");
    let root = Authority::new("root");
    assert_eq!(install(&mut bench, CENTRAL, &root.pem), "Accepted");
    bench.forget();
    let trigger = json!({"requestedMessage": "SignChargePointCertificate"});
    assert_eq!(bench.status_of("ExtendedTriggerMessage", &trigger), "Accepted");
    let csr = bench.sent_of("SignCertificate")[0]["csr"].as_str().unwrap().to_owned();
    let request = CertificateSigningRequestParams::from_pem(&csr).expect("signature and form hold");
    let names: Vec<_> = request.params.distinguished_name.iter().collect();
    assert_eq!(names.len(), 2, "organisation and identity: {names:?}");
    let mut request = request;
    request.params.not_before = date_time_ymd(2026, 1, 1);
    request.params.not_after = date_time_ymd(2027, 1, 1);
    let own = request.signed_by(&root.issuer()).unwrap().pem();
    let signed = |bench: &mut Bench, chain: &str| {
        bench.status_of("CertificateSigned", &json!({ "certificateChain": chain }))
    };
    assert_eq!(signed(&mut bench, &own), "Accepted");
    assert_eq!(signed(&mut bench, &format!("{own}{}", root.pem)), "Accepted", "with its issuer");
    let other = root.issue("cp_1", &KeyPair::generate().unwrap());
    assert_eq!(signed(&mut bench, &other), "Rejected", "for another key");
    let impostor = Authority::new("root");
    assert_eq!(signed(&mut bench, &format!("{own}{}", impostor.pem)), "Rejected");
    assert_eq!(events(&bench), ["InvalidChargePointCertificate"; 2]);
    bench.forget();
    bench.call("ExtendedTriggerMessage", &trigger);
    assert_eq!(bench.sent_of("SignCertificate")[0]["csr"], csr, "the same every time");
}

#[test]
fn the_security_profile_only_rises_and_only_when_what_it_needs_is_there() {
    let mut bench = Bench::ready(ac22());
    let profile = |bench: &mut Bench, value: &str| {
        let change = json!({"key": "SecurityProfile", "value": value});
        bench.status_of("ChangeConfiguration", &change)
    };
    assert_eq!(profile(&mut bench, "1"), "Rejected", "without a password");
    bench.set_key("AuthorizationKey", "0123456789abcdef");
    assert_eq!(profile(&mut bench, "2"), "Rejected", "without a root");
    assert_eq!(profile(&mut bench, "1"), "Accepted");
    let root = Authority::new("root");
    assert_eq!(install(&mut bench, CENTRAL, &root.pem), "Accepted");
    assert_eq!(profile(&mut bench, "2"), "Accepted");
    assert_eq!(profile(&mut bench, "3"), "Rejected", "without a certificate of its own");
    assert_eq!(profile(&mut bench, "1"), "Rejected", "never down");
    assert_eq!(profile(&mut bench, "4"), "Rejected");
    let hash = listed(&mut bench, CENTRAL)[0].clone();
    let delete = json!({ "certificateHashData": hash });
    assert_eq!(bench.status_of("DeleteCertificate", &delete), "Failed", "the connection needs it");
    assert_eq!(events(&bench), ["ReconfigurationOfSecurityParameters"; 3]);
    let all = bench.call("GetConfiguration", &json!({})).to_string();
    assert!(!all.contains("0123456789abcdef"), "the password is not shown");
}

#[test]
fn events_wait_for_somebody_to_hear_them() {
    let mut bench = Bench::ready(ac22());
    bench.script.silent.insert("SecurityEventNotification");
    bench.set_key("AuthorizationKey", "0123456789abcdef");
    bench.set_key("AuthorizationKey", "fedcba9876543210");
    assert_eq!(events(&bench).len(), 1, "one at a time");
    bench.link_down();
    bench.script.silent.clear();
    bench.forget();
    bench.link_up();
    let told = bench.sent_of("SecurityEventNotification");
    assert_eq!(told.len(), 2);
    assert_eq!(told[0]["timestamp"], "2026-05-04T06:00:00Z");
    bench.forget();
    bench.call("Reset", &json!({"type": "Soft"}));
    assert_eq!(events(&bench), ["ResetOrReboot"]);
}

/// A request to update from `location`, signed by `key`, whose certificate is `pem`.
fn signed_update(pem: &str, key: &KeyPair, location: &str) -> Value {
    let signature = base64(&key.sign(location.as_bytes()).unwrap());
    json!({"requestId": 42, "firmware": {"location": location, "signature": signature,
        "signingCertificate": pem, "retrieveDateTime": "2026-05-04T06:01:00Z"}})
}

const LOCATION: &str = "https://files.example/fw-3.bin";
const STATUS: &str = "SignedFirmwareStatusNotification";

#[test]
fn a_firmware_with_a_good_signature_is_installed() {
    let mut bench = Bench::ready(ac22());
    let root = Authority::new("manufacturer");
    assert_eq!(install(&mut bench, MANUFACTURER, &root.pem), "Accepted");
    let key = KeyPair::generate().unwrap();
    let mut request = signed_update(&root.issue("signer", &key), &key, LOCATION);
    request["firmware"]["installDateTime"] = json!("2026-05-04T07:00:00Z");
    assert_eq!(bench.status_of("SignedUpdateFirmware", &request), "Accepted");
    bench.run_s(5000);
    assert_eq!(
        bench.statuses_of(STATUS),
        [
            "DownloadScheduled",
            "Downloading",
            "Downloaded",
            "SignatureVerified",
            "InstallScheduled",
            "Installing",
            "InstallRebooting",
            "Installed",
        ]
    );
    assert!(bench.sent_of(STATUS).iter().all(|payload| payload["requestId"] == 42));
    assert_eq!(bench.sent_of("BootNotification")[0]["firmwareVersion"], "fw-3");
    assert_eq!(events(&bench), ["FirmwareUpdated"]);
    bench.forget();
    let trigger = json!({"requestedMessage": "FirmwareStatusNotification"});
    assert_eq!(bench.status_of("ExtendedTriggerMessage", &trigger), "Accepted");
    assert_eq!(bench.sent_of(STATUS), [&json!({"status": "Idle"})]);
}

#[test]
fn a_firmware_is_not_installed_without_a_trusted_certificate_and_a_true_signature() {
    let mut bench = Bench::ready(ac22());
    let (root, stranger) = (Authority::new("manufacturer"), Authority::new("stranger"));
    assert_eq!(install(&mut bench, MANUFACTURER, &root.pem), "Accepted");
    let key = KeyPair::generate().unwrap();
    let foreign = signed_update(&stranger.issue("signer", &key), &key, LOCATION);
    assert_eq!(bench.status_of("SignedUpdateFirmware", &foreign), "InvalidCertificate");
    let impostor =
        signed_update(&Authority::new("manufacturer").issue("signer", &key), &key, LOCATION);
    assert_eq!(bench.status_of("SignedUpdateFirmware", &impostor), "InvalidCertificate");
    assert_eq!(events(&bench), ["InvalidFirmwareSigningCertificate"; 2]);
    let mut forged = signed_update(&root.issue("signer", &key), &key, "https://other.example/x");
    forged["firmware"]["location"] = json!(LOCATION);
    assert_eq!(bench.status_of("SignedUpdateFirmware", &forged), "Accepted", "not looked at yet");
    assert_eq!(bench.status_of("SignedUpdateFirmware", &forged), "AcceptedCanceled");
    bench.forget();
    bench.run_s(300);
    assert_eq!(bench.statuses_of(STATUS), ["Downloading", "Downloaded", "InvalidSignature"]);
    assert_eq!(events(&bench), ["InvalidFirmwareSignature"]);
    assert!(bench.sent_of("BootNotification").is_empty());
}

#[test]
fn a_log_is_uploaded_and_a_newer_request_takes_its_place() {
    let mut bench = Bench::ready(ac22());
    let get = |id: i64, to: &str| json!({"requestId": id, "logType": "DiagnosticsLog", "log": {"remoteLocation": to}});
    assert_eq!(bench.status_of("GetLog", &get(1, "sftp://files.example")), "Accepted");
    assert_eq!(bench.status_of("GetLog", &get(2, "nowhere")), "AcceptedCanceled");
    bench.run_s(60);
    assert_eq!(
        bench.sent_of("LogStatusNotification"),
        [
            &json!({"status": "Uploading", "requestId": 1}),
            &json!({"status": "Uploading", "requestId": 2}),
            &json!({"status": "UploadFailure", "requestId": 2}),
        ]
    );
    bench.forget();
    let trigger = json!({"requestedMessage": "LogStatusNotification"});
    assert_eq!(bench.status_of("ExtendedTriggerMessage", &trigger), "Accepted");
    assert_eq!(bench.sent_of("LogStatusNotification"), [&json!({"status": "Idle"})]);
}
