//! What charge points tell beyond charging, and what must never be refused.

use super::*;
use crate::csms::records::Subject;
use crate::ocpp::Action;

fn notices(bench: &Bench) -> Vec<(Action, String)> {
    let notice = |event: &Event| match event {
        Event::Noticed { notice, .. } => Some((notice.action, notice.payload.clone())),
        _ => None,
    };
    bench.events.iter().filter_map(notice).collect()
}

#[test]
fn everything_a_charge_point_tells_is_acknowledged_and_told_on() {
    let mut bench = Bench::new(1);
    bench.boot(0);
    let csr = r#"{"csr":"-----BEGIN CERTIFICATE REQUEST-----\nMIIB"}"#;
    for (action, payload, answer) in [
        ("DiagnosticsStatusNotification", r#"{"status":"Uploading"}"#, "{}"),
        ("FirmwareStatusNotification", r#"{"status":"Downloaded"}"#, "{}"),
        ("LogStatusNotification", r#"{"status":"Uploaded","requestId":3}"#, "{}"),
        (
            "SecurityEventNotification",
            r#"{"timestamp":"2026-05-04T07:40:00Z","type":"SettingSystemTime"}"#,
            "{}",
        ),
        ("SignedFirmwareStatusNotification", r#"{"status":"InvalidSignature"}"#, "{}"),
        ("SignCertificate", csr, r#"{"status":"Accepted"}"#),
        ("SignCertificate", r#"{"csr":"please"}"#, r#"{"status":"Rejected"}"#),
        ("DataTransfer", r#"{"vendorId":"Acme"}"#, r#"{"status":"UnknownVendorId"}"#),
    ] {
        let told = bench.call(0, action, payload);
        assert!(told.starts_with("[3,") && told.ends_with(&format!(",{answer}]")), "{told}");
        let last = notices(&bench).pop().unwrap();
        assert_eq!(last.0.name(), action);
    }
    let ids: Vec<&str> = bench
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Noticed { notice, .. } => Some(notice.id.as_str()),
            _ => None,
        })
        .collect();
    assert!(ids.len() == 8 && ids.is_sorted(), "{ids:?}");
}

#[test]
fn a_notice_that_cannot_be_read_is_refused_with_its_code_and_changes_nothing() {
    let mut bench = Bench::new(1);
    bench.boot(0);
    let before = bench.csms.records(PointIx(0)).cloned();
    for (action, payload, code) in [
        ("FirmwareStatusNotification", "{}", "ProtocolError"),
        ("FirmwareStatusNotification", r#"{"status":"Perhaps"}"#, "PropertyConstraintViolation"),
        ("FirmwareStatusNotification", r#"{"status":[1]}"#, "TypeConstraintViolation"),
        ("FirmwareStatusNotification", "[]", "FormationViolation"),
        ("SecurityEventNotification", r#"{"timestamp":"2026-05-04T07:40:00Z"}"#, "ProtocolError"),
        ("SignCertificate", r#"{"csr":7,"csr":[]}"#, "TypeConstraintViolation"),
        ("Reset", r#"{"type":"Hard"}"#, "NotSupported"),
        ("Fly", "{}", "NotImplemented"),
    ] {
        let told = bench.call(0, action, payload);
        assert!(told.starts_with("[4,") && told.contains(&format!("\"{code}\"")), "{told}");
    }
    assert_eq!(notices(&bench), []);
    assert_eq!(bench.csms.records(PointIx(0)).cloned(), before);
    bench.call(0, "Heartbeat", "{}");
}

#[test]
fn what_a_charge_point_would_repeat_for_ever_is_answered_whatever_it_holds() {
    let mut bench = Bench::new(1);
    bench.boot(0);
    let deep = format!("{}1{}", "[".repeat(40), "]".repeat(40));
    let broken = ["", "{", "null", "{}", "[]", "7", &format!(r#"{{"x":{deep}}}"#)];
    for action in ["MeterValues", "StartTransaction", "StatusNotification", "StopTransaction"] {
        for payload in broken {
            let answer = bench.call(0, action, payload);
            assert!(answer.starts_with("[3,"), "{action} {payload}: {answer}");
        }
        bench.frame(0, &format!(r#"[2,"cut","{action}",{{"a":"#));
        assert!(bench.take_answer(0, "cut").unwrap().starts_with("[3,"), "{action}");
    }
    let refused = bench.call(0, "Heartbeat", &format!(r#"{{"x":{deep}}}"#));
    assert!(refused.contains("FormationViolation"), "{refused}");
    assert_eq!(bench.csms.sessions(None), []);
}

#[test]
fn a_certificate_request_waits_for_the_operator() {
    let mut bench = Bench::new(1);
    bench.boot(0);
    let csr = "-----BEGIN CERTIFICATE REQUEST-----\nMIIB";
    let payload = serde_json::json!({ "csr": csr }).to_string();
    bench.call(0, "SignCertificate", &payload);
    let certificate = |bench: &Bench| {
        let records = bench.csms.records(PointIx(0)).unwrap();
        records.certificate.clone().unwrap()
    };
    assert_eq!(certificate(&bench).csr.as_deref(), Some(csr));
    assert_eq!(certificate(&bench).status, None);
    let signed = r#"{"certificateChain":"-----BEGIN CERTIFICATE-----"}"#;
    bench.apply(&commands::command("c1", "CertificateSigned", signed)).unwrap();
    bench.obey();
    assert_eq!(certificate(&bench).status.as_deref(), Some("Accepted"));
    bench.call(0, "SignCertificate", &payload);
    assert_eq!(certificate(&bench).status, None, "that one is not signed yet");
    let told = Event::RecordChanged { point: PointIx(0), subject: Subject::Certificate };
    assert!(bench.events.contains(&told));
}
