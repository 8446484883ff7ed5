//! `ampacity schedule`: cases in a file, answered and explained.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Done, Place};

/// A TxDefaultProfile of 10 A on connector 1, asked for a minute.
fn case() -> Value {
    json!({
        "id": "simple",
        "profiles": [{"connectorId": 1, "profile": {
            "chargingProfileId": 1, "stackLevel": 0,
            "chargingProfilePurpose": "TxDefaultProfile", "chargingProfileKind": "Absolute",
            "chargingSchedule": {
                "startSchedule": "2026-05-04T00:00:00Z", "chargingRateUnit": "A",
                "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 10}],
            },
        }}],
        "query": {"connectorId": 1, "start": "2026-05-04T08:00:00Z", "duration": 60},
    })
}

fn schedule(case: &Value, json: bool) -> Done {
    let place = Place::new();
    place.write("case.json", case.to_string());
    let args = ["schedule", "case.json", "--json"];
    place.ampacity(if json { &args } else { &args[..2] })
}

/// The case with one value set, by JSON pointer; the last step may be new.
fn with(pointer: &str, value: Value) -> Value {
    let mut case = case();
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    match case.pointer_mut(parent).expect("the parent") {
        Value::Object(members) => drop(members.insert(name.to_owned(), value)),
        other => panic!("{other} has no members"),
    }
    case
}

#[test]
fn the_shipped_cases_are_answered_and_explained() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/charging_profiles.json");
    let file = file.to_str().expect("Unicode");
    let done = Place::new().ampacity(&["schedule", file]);
    done.succeeded();
    insta::assert_snapshot!(done.stdout);
}

#[test]
fn json_is_the_answer_and_nothing_else() {
    let done = schedule(&case(), true);
    done.succeeded();
    assert_eq!(
        done.stdout,
        "[{\"id\":\"simple\",\"status\":\"Accepted\",\"periods\":[{\"startPeriod\":0,\"limit\":10}]}]\n"
    );
    let unlimited = schedule(&with("/profiles", json!([])), true);
    unlimited.succeeded();
    assert!(unlimited.stdout.contains(r#"{"startPeriod":0,"limit":32,"unlimited":true}"#));
    let unknown = schedule(&with("/query/connectorId", json!(2)), true);
    unknown.succeeded();
    assert!(unknown.stdout.contains(r#""status":"Rejected","periods":[]"#), "{}", unknown.stdout);
}

#[test]
fn an_expectation_that_is_not_met_fails_and_says_what_was_expected() {
    let expect = |limit: f64| json!({"periods": [{"startPeriod": 0, "limit": limit}]});
    schedule(&with("/expect", expect(10.0)), false).succeeded();
    let done = schedule(&with("/expect", expect(16.0)), false);
    assert_eq!((done.code, done.stderr.as_str()), (1, ""), "{}", done.stdout);
    assert!(done.stdout.contains("NOT AS EXPECTED"), "{}", done.stdout);
    assert!(done.stdout.contains("16 from 0 s"), "{}", done.stdout);
    let done = schedule(&with("/expect", expect(16.0)), true);
    assert_eq!(done.code, 1);
    assert!(done.stderr.contains("simple: not as expected"), "{}", done.stderr);
    assert!(done.stdout.starts_with('['), "the answer is there all the same");
}

#[test]
fn a_case_that_wants_the_other_reading_passes_when_it_says_so() {
    let mut shared = case();
    let mut higher = shared["profiles"][0].clone();
    higher["connectorId"] = json!(0);
    higher["profile"]["chargingProfileId"] = json!(2);
    higher["profile"]["stackLevel"] = json!(1);
    higher["profile"]["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"] = json!(20);
    shared["profiles"] = json!([shared["profiles"][0], higher]);
    shared["expect"] = json!({"periods": [{"startPeriod": 0, "limit": 20}]});
    let done = schedule(&shared, false);
    assert_eq!(done.code, 1);
    assert!(done.stdout.contains("the other reading of txdefault_scope"), "{}", done.stdout);
    assert!(done.stdout.contains("the connector's own 1 prevails"), "{}", done.stdout);
    shared["ambiguity"] = json!(["txdefault_scope"]);
    schedule(&shared, false).succeeded();
}

#[test]
fn a_profile_that_a_charge_point_refuses_is_named_with_the_reason() {
    for (pointer, value, words) in [
        ("/profiles/0/profile/chargingProfilePurpose", json!("ChargePointMaxProfile"), "Rejected"),
        ("/profiles/0/connectorId", json!(9), "CALLERROR PropertyConstraintViolation"),
        ("/station", json!({"ChargingScheduleAllowedChargingRateUnit": "Power"}), "not a unit of"),
        (
            "/profiles/0/profile/chargingProfilePurpose",
            json!("TxProfile"),
            "waits for a transaction",
        ),
    ] {
        let done = schedule(&with(pointer, value), false);
        done.succeeded();
        assert!(done.stdout.contains("! profile 1: "), "{}", done.stdout);
        assert!(done.stdout.contains(words), "{words}: {}", done.stdout);
        assert!(done.stdout.contains("no profile gives a limit"), "{}", done.stdout);
    }
}

#[test]
fn a_case_that_cannot_be_read_is_refused_with_its_place_and_a_remedy() {
    for (case, words) in [
        (with("/querry", json!({})), &["querry", "expected one of", "query"][..]),
        (with("/query/unit", json!("VA")), &["query.unit", "VA", "`W`"]),
        (with("/query/start", json!("noon")), &["query.start", "noon"]),
        (with("/query/duration", json!(1_i64 << 40)), &["query.duration", "31622400"]),
        (with("/station", json!({"connectors": 0})), &["station.connectors", "1 to 64"]),
        (
            with("/profiles/0/profile/stackLevel", json!(null)),
            &["case simple.profiles[0].profile.stackLevel", "a whole number"],
        ),
        (
            with("/profiles/0/profile/chargingProfileKind", json!("Sometimes")),
            &["chargingProfileKind", "one of Absolute, Recurring, Relative"],
        ),
    ] {
        schedule(&case, true).failed(2, words);
    }
    let place = Place::new();
    place.write("broken.json", "{\"id\": ");
    place.ampacity(&["schedule", "broken.json"]).failed(2, &["broken.json", "line 1"]);
    place.write("list.json", "[]");
    place.ampacity(&["schedule", "list.json"]).failed(2, &["list.json", "a case is an object"]);
    place.ampacity(&["schedule", "missing.json"]).failed(3, &["cannot read missing.json"]);
}

/// The case file of the data folder as a whole: the tool agrees with every case, or says which
/// documented choice differs.
#[test]
fn the_tool_answers_the_case_file_of_other_implementations() {
    let Some(folder) = std::env::var_os("AMPACITY_DATA") else {
        println!("skipped: AMPACITY_DATA does not name the data folder");
        return;
    };
    let file = Path::new(&folder).join("composite_cases.json");
    let file = file.to_str().expect("Unicode");
    let place = Place::new();
    let table = place.ampacity(&["schedule", file]);
    table.succeeded();
    let count = |words: &str| table.stdout.matches(words).count();
    assert_eq!(count(": Accepted, as expected\n"), 68);
    assert_eq!(count(": Accepted, not as expected, as documented\n"), 1);
    let refused = "! profile 2: not installed; a charge point answers Rejected: a TxProfile needs";
    assert_eq!((count("! profile"), count(refused)), (1, 1), "the one of another transaction");
    let done = place.ampacity(&["schedule", file, "--json"]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    let answers: Vec<Value> = serde_json::from_str(&done.stdout).expect("a list");
    let cases: Value =
        serde_json::from_str(&std::fs::read_to_string(file).expect("the file")).expect("JSON");
    let cases = cases["composite_cases"].as_array().expect("cases");
    assert_eq!(answers.len(), cases.len());
    for (answer, case) in answers.iter().zip(cases) {
        assert_eq!((&answer["id"], &answer["status"]), (&case["id"], &case["expect"]["status"]));
        if case["ambiguity"] == json!([]) {
            let starts = |periods: &Value| -> Vec<Value> {
                let periods = periods.as_array().expect("periods");
                periods.iter().map(|period| period["startPeriod"].clone()).collect()
            };
            let duration = case["query"]["duration"].as_i64();
            let mut expected = starts(&case["expect"]["periods"]);
            expected.retain(|start| start.as_i64() < duration);
            assert_eq!(starts(&answer["periods"]), expected, "{}", case["id"]);
        }
    }
}
