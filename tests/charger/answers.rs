//! Every CALL a central system can make: the answer of the specification when it is right, the
//! right CALLERROR and nothing else when it is not.

use ampacity::ocpp::{Action, Direction};
use serde_json::{Value, json};

use crate::bench::{Bench, ac22};
use crate::profiles::tx_profile;

/// The 19 CALLs of the specification and the 7 of the whitepaper: a sound payload, and what a
/// station with a car that charges answers.
fn calls() -> Vec<(&'static str, Value, Value)> {
    let status = |status: &str| json!({ "status": status });
    let hash = json!({"hashAlgorithm": "SHA256", "issuerNameHash": "ab", "issuerKeyHash": "cd",
        "serialNumber": "1"});
    let date = "2026-05-04T07:00:00Z";
    vec![
        ("ChangeAvailability", json!({"connectorId": 0, "type": "Operative"}), status("Accepted")),
        ("ChangeConfiguration", json!({"key": "CpoName", "value": "x"}), status("Accepted")),
        ("ClearCache", json!({}), status("Rejected")),
        ("DataTransfer", json!({"vendorId": "com.example"}), status("UnknownVendorId")),
        (
            "GetConfiguration",
            json!({"key": ["AuthorizationKey"]}),
            json!({"configurationKey": [{"key": "AuthorizationKey", "readonly": false}]}),
        ),
        ("RemoteStartTransaction", json!({"idTag": "a"}), status("Rejected")),
        ("RemoteStopTransaction", json!({"transactionId": 9}), status("Rejected")),
        ("Reset", json!({"type": "Soft"}), status("Accepted")),
        ("UnlockConnector", json!({"connectorId": 7}), status("NotSupported")),
        (
            "GetDiagnostics",
            json!({"location": "ftp://h"}),
            json!({"fileName": "cp_1-diagnostics-2026-05-04T060000Z.log"}),
        ),
        ("UpdateFirmware", json!({"location": "ftp://h", "retrieveDate": date}), json!({})),
        ("GetLocalListVersion", json!({}), json!({"listVersion": 0})),
        ("SendLocalList", json!({"listVersion": 1, "updateType": "Full"}), status("Accepted")),
        ("CancelReservation", json!({"reservationId": 1}), status("Rejected")),
        (
            "ReserveNow",
            json!({"connectorId": 1, "expiryDate": date, "idTag": "a", "reservationId": 1}),
            status("Occupied"),
        ),
        ("ClearChargingProfile", json!({}), status("Unknown")),
        (
            "GetCompositeSchedule",
            json!({"connectorId": 1, "duration": 60, "chargingRateUnit": "A"}),
            json!({"status": "Accepted", "connectorId": 1,
                "scheduleStart": "2026-05-04T06:00:00Z", "chargingSchedule": {"duration": 60,
                "chargingRateUnit": "A", "chargingSchedulePeriod": [
                    {"startPeriod": 0, "limit": 32}]}}),
        ),
        (
            "SetChargingProfile",
            json!({"connectorId": 1, "csChargingProfiles": tx_profile(1, 13.0)}),
            status("Accepted"),
        ),
        ("TriggerMessage", json!({"requestedMessage": "Heartbeat"}), status("Accepted")),
        ("CertificateSigned", json!({"certificateChain": "none"}), status("Rejected")),
        ("DeleteCertificate", json!({ "certificateHashData": hash }), status("NotFound")),
        ("ExtendedTriggerMessage", json!({"requestedMessage": "Heartbeat"}), status("Accepted")),
        (
            "GetInstalledCertificateIds",
            json!({"certificateType": "ManufacturerRootCertificate"}),
            status("NotFound"),
        ),
        (
            "GetLog",
            json!({"log": {"remoteLocation": "ftp://h"}, "logType": "SecurityLog", "requestId": 1}),
            json!({"status": "Accepted", "filename": "cp_1-security-2026-05-04T060000Z.log"}),
        ),
        (
            "InstallCertificate",
            json!({"certificateType": "ManufacturerRootCertificate", "certificate": "none"}),
            status("Rejected"),
        ),
        (
            "SignedUpdateFirmware",
            json!({"requestId": 1, "firmware": {"location": "ftp://h", "retrieveDateTime": date,
                "signingCertificate": "none", "signature": "bm9uZQ=="}}),
            status("InvalidCertificate"),
        ),
    ]
}

#[test]
fn all_26_calls_of_a_central_system_get_the_answer_of_the_specification() {
    let calls = calls();
    let served = |action: &&Action| action.direction() != Direction::FromChargePoint;
    assert_eq!(calls.len(), Action::ALL.iter().filter(served).count());
    for (action, payload, expected) in calls {
        let mut bench = Bench::charging(ac22());
        let answer = bench.call(action, &payload);
        assert_eq!(answer, expected, "{action}");
        assert_eq!(bench.kinds[0], 3, "{action}: the answer goes before what it causes");
    }
}

/// What a payload can be made into that is no request of its action, and the code that says so.
fn spoiled(payload: &Value) -> Vec<(String, &'static str)> {
    let mut bad = vec![
        ("[]".to_owned(), "FormationViolation"),
        ("7".to_owned(), "FormationViolation"),
        (payload.to_string().replacen('{', "{,", 1), "FormationViolation"),
    ];
    let members = payload.as_object().unwrap();
    for (name, value) in members {
        let mut without = members.clone();
        without.remove(name);
        let optional = name == "key" && value.is_array() || name == "chargingRateUnit";
        if !optional {
            bad.push((Value::Object(without).to_string(), "ProtocolError"));
        }
        let mut mistyped = members.clone();
        mistyped.insert(name.clone(), json!({"of": ["another", "type"]}));
        // A free text keeps a structure as its JSON, and an object has fields of its own.
        let code = match value {
            Value::Number(_) | Value::Array(_) => "TypeConstraintViolation",
            Value::String(text) if text.starts_with("20") => "TypeConstraintViolation",
            _ => continue,
        };
        bad.push((Value::Object(mistyped).to_string(), code));
    }
    bad
}

#[test]
fn a_call_that_is_none_gets_its_callerror_and_changes_nothing() {
    let mut count = 0;
    for (action, payload, _) in calls() {
        for (text, code) in spoiled(&payload) {
            let mut bench = Bench::charging(ac22());
            let before = format!("{:?}", bench.point);
            assert_eq!(bench.ask(action, &text), code, "{action} {text}");
            assert_eq!(bench.kinds, [4], "{action} {text}");
            assert_eq!(format!("{:?}", bench.point), before, "{action} {text}");
            count += 1;
        }
    }
    println!("{count} spoiled calls");
    assert!(count > 100, "{count}");
}

#[test]
fn what_is_not_for_a_charge_point_is_refused_with_the_right_code() {
    let mut bench = Bench::charging(ac22());
    let before = format!("{:?}", bench.point);
    for &action in Action::ALL.iter().filter(|a| a.direction() == Direction::FromChargePoint) {
        assert_eq!(bench.call(action.name(), &json!({})), "NotSupported", "{action}");
    }
    for unknown in ["MakeCoffee", "reset", "", "GetVariables"] {
        assert_eq!(bench.call(unknown, &json!({})), "NotImplemented", "{unknown}");
    }
    assert_eq!(bench.call("Reset", &json!({"type": "Warm"})), "PropertyConstraintViolation");
    let wrong = json!({"connectorId": -1, "type": "Operative"});
    assert_eq!(bench.call("ChangeAvailability", &wrong), "PropertyConstraintViolation");
    assert_eq!(format!("{:?}", bench.point), before);
}
