//! What is refused before it is sent, and where the refusal points.

use super::*;
use crate::csms::SiteIx;
use crate::csms::config::Hardware;
use crate::csms::records::{LocalList, Records};
use crate::ids::ChargePointId;

const NOW: Time = Time::from_unix_s(1_777_880_400);

fn point() -> Point {
    let hardware = Hardware::ac22();
    Point::new(ChargePointId::new("cp"), SiteIx(0), hardware, 2, 1)
}

fn check(action: &str, payload: &str, point: &Point) -> Result<Command, Refusal> {
    let transactions = Transactions::default();
    let scope = Scope { now: NOW, at: PointIx(0), point, transactions: &transactions };
    Command::check("cmd_1", action, payload, scope)
}

fn refused(action: &str, payload: &str) -> (String, String) {
    match check(action, payload, &point()) {
        Err(Refusal::Invalid { field, problem }) => (field, problem),
        other => panic!("{action} {payload}: {other:?}"),
    }
}

#[test]
fn all_26_actions_of_a_central_system_are_offered() {
    let names: Vec<&str> = offered_names().collect();
    assert_eq!(names.len(), 19 + 7, "{names:?}");
    for name in ["DataTransfer", "ReserveNow", "SendLocalList", "UpdateFirmware", "GetLog"] {
        assert!(names.contains(&name), "{name}");
    }
}

#[test]
fn a_refusal_points_at_the_field_and_says_what_is_allowed() {
    for (action, payload, field, says) in [
        ("Fly", "{}", "/action", "UnlockConnector"),
        ("Heartbeat", "{}", "/action", "TriggerMessage"),
        ("SignCertificate", "{}", "/action", "CertificateSigned"),
        ("Reset", "[]", "/payload", "object"),
        ("Reset", "{", "/payload", "EOF"),
        ("Reset", "{}", "/payload/type", "missing; one of Hard, Soft"),
        ("Reset", r#"{"type":"hard"}"#, "/payload/type", "one of Hard, Soft"),
        ("Reset", r#"{"type":"Hard","now":1}"#, "/payload/now", "one of type"),
        ("UnlockConnector", r#"{"connectorId":0}"#, "/payload/connectorId", "1 to 2"),
        ("UnlockConnector", r#"{"connectorId":3}"#, "/payload/connectorId", "1 to 2"),
        (
            "ChangeAvailability",
            r#"{"connectorId":3,"type":"Operative"}"#,
            "/payload/connectorId",
            "0 to 2",
        ),
    ] {
        let (place, problem) = refused(action, payload);
        assert_eq!(place, field, "{action} {payload}");
        assert!(problem.contains(says), "{problem}");
    }
}

#[test]
fn a_profile_that_would_outrank_the_site_is_refused() {
    let profile = |connector: u32, purpose: &str, level: i32| {
        format!(
            r#"{{"connectorId":{connector},"csChargingProfiles":{{"chargingProfileId":7,
            "stackLevel":{level},"chargingProfilePurpose":"{purpose}",
            "chargingProfileKind":"Relative","chargingSchedule":{{"chargingRateUnit":"A",
            "chargingSchedulePeriod":[{{"startPeriod":0,"limit":16}}]}}}}}}"#
        )
    };
    let (set, stack_level) = ("SetChargingProfile", "/payload/csChargingProfiles/stackLevel");
    assert_eq!(refused(set, &profile(0, "TxDefaultProfile", 1)).0, stack_level);
    assert_eq!(refused(set, &profile(1, "TxDefaultProfile", 0)).0, "/payload/connectorId");
    assert_eq!(refused(set, &profile(1, "TxProfile", 1)).0, stack_level);
    assert_eq!(refused(set, &profile(1, "TxProfile", 0)).0, "/payload/connectorId");
    let most = check(set, &profile(0, "ChargePointMaxProfile", 9), &point());
    assert!(most.is_ok(), "{most:?}");
}

#[test]
fn a_profile_for_a_start_is_a_tx_profile_without_transaction_that_ours_replace() {
    let start = |purpose: &str, level: i32, more: &str| {
        format!(
            r#"{{"idTag":"TAG","chargingProfile":{{"chargingProfileId":7,{more}
            "stackLevel":{level},"chargingProfilePurpose":"{purpose}",
            "chargingProfileKind":"Relative","chargingSchedule":{{"chargingRateUnit":"A",
            "chargingSchedulePeriod":[{{"startPeriod":0,"limit":16}}]}}}}}}"#
        )
    };
    let place = |payload: &str| refused("RemoteStartTransaction", payload).0;
    assert_eq!(
        place(&start("TxDefaultProfile", 0, "")),
        "/payload/chargingProfile/chargingProfilePurpose"
    );
    assert_eq!(place(&start("TxProfile", 1, "")), "/payload/chargingProfile/stackLevel");
    assert_eq!(
        place(&start("TxProfile", 0, r#""transactionId":1,"#)),
        "/payload/chargingProfile/transactionId"
    );
    let start = check("RemoteStartTransaction", &start("TxProfile", 0, ""), &point()).unwrap();
    let wanted = Start { id_tag: "TAG".to_owned(), profiled: true };
    assert_eq!(start.starts, Some(wanted));
}

#[test]
fn a_reservation_must_not_be_over_before_it_begins() {
    let reserve = |expiry: &str| {
        format!(r#"{{"connectorId":0,"expiryDate":"{expiry}","idTag":"TAG","reservationId":1}}"#)
    };
    let (place, problem) = refused("ReserveNow", &reserve(&NOW.to_ocpp()));
    assert_eq!(place, "/payload/expiryDate");
    assert!(problem.contains("it is 2026-05-04T07:40:00Z"), "{problem}");
    let later = check("ReserveNow", &reserve("2026-05-04T10:00:00.25+02:00"), &point()).unwrap();
    assert!(later.payload.contains(r#""expiryDate":"2026-05-04T08:00:00Z""#), "{}", later.payload);
    let far = check("ReserveNow", &reserve("9999-12-31T23:59:59-01:00"), &point()).unwrap();
    assert!(far.payload.contains("9999-12-31T23:59:59-01:00"), "no plain form: {}", far.payload);
}

#[test]
fn a_list_needs_a_version_and_a_difference_one_to_differ_from() {
    let send = |kind: &str, version: i64, entry: &str| {
        format!(
            r#"{{"listVersion":{version},"updateType":"{kind}","localAuthorizationList":[{entry}]}}"#
        )
    };
    let list = "SendLocalList";
    assert_eq!(refused(list, &send("Full", 0, "")).0, "/payload/listVersion");
    let known = r#"{"idTag":"A","idTagInfo":{"status":"Accepted"}},{"idTag":"B"}"#;
    assert_eq!(
        refused(list, &send("Full", 1, known)).0,
        "/payload/localAuthorizationList/1/idTagInfo"
    );
    let with = |version: Option<i64>| {
        let local_list = Some(LocalList { version, at: NOW });
        let records = Some(Box::new(Records { local_list, ..Records::default() }));
        Point { records, ..point() }
    };
    let differ = |version: i64, point: &Point| {
        check(list, &send("Differential", version, known), point).map(|_| ())
    };
    for unknown in [point(), with(None), with(Some(-1))] {
        assert!(matches!(differ(3, &unknown), Err(Refusal::Conflict(_))));
    }
    assert!(matches!(differ(3, &with(Some(3))), Err(Refusal::Invalid { .. })));
    assert_eq!(differ(4, &with(Some(3))), Ok(()));
    assert_eq!(differ(1, &with(Some(0))), Ok(()), "onto an empty list");
}
