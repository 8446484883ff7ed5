//! `trace.jsonl`: every line of every shipped scenario against the Open OCPP Trace 1.1 schema,
//! the official OCPP 1.6 schemas, the types of another crate, and the rules of an OCPP-J link.

use std::collections::BTreeMap;
use std::path::Path;

use ampacity::ocpp::action::{Action, Direction};
use ampacity::ocpp::schema::{check_request, check_response};
use serde_json::{Map, Value, json};

use crate::second_reader::second_opinion;
use crate::support::{Place, shipped};

#[test]
fn every_line_of_every_shipped_scenario_is_a_valid_record_of_valid_ocpp() {
    let place = Place::new();
    // On links that lose frames calls stay open.
    let sound = shipped().into_iter().filter(|path| !path.ends_with("stress.toml"));
    for scenario in sound {
        let text = traced(&place, &scenario);
        let mut links = Links::default();
        let mut last = jiff::Timestamp::MIN;
        for line in text.lines() {
            let record: Map<String, Value> = serde_json::from_str(line).expect("a JSON object");
            let stamp = record["timestamp"].as_str().unwrap_or_default();
            let stamp = stamp.parse().expect("RFC 3339");
            assert!(last <= stamp, "time goes back: {last}, then\n{line}");
            last = stamp;
            check_record(&record)
                .and_then(|()| links.take(&record))
                .unwrap_or_else(|wrong| panic!("{scenario:?}: {wrong}:\n{line}"));
        }
        assert!(links.open.len() < 10, "what the end of the run cut off: {:?}", links.open);
        for action in ["BootNotification", "SetChargingProfile", "StartTransaction"] {
            assert!(links.actions.contains_key(action), "{scenario:?}: no {action}");
        }
    }
}

/// The checks themselves must be able to fail.
#[test]
fn a_record_or_a_link_that_is_wrong_is_found() {
    let good = json!({
        "schemaVersion": "1.1", "timestamp": "2026-05-04T06:00:00.000Z", "ocppVersion": "1.6",
        "transport": "json", "chargePointId": "cp_1", "direction": "cp-to-csms",
        "messageType": "CALL", "messageId": "1", "action": "Heartbeat", "payload": {},
        "raw": "[2,\"1\",\"Heartbeat\",{}]"
    });
    let with = |key: &str, value: Value| {
        let mut record = good.as_object().cloned().expect("an object");
        record.insert(key.to_owned(), value);
        record
    };
    assert_eq!(check_record(&with("payload", json!({}))), Ok(()));
    for (key, value) in [
        ("timestamp", json!("yesterday")),
        ("transport", json!("pigeon")),
        ("direction", json!("up")),
        ("action", Value::Null),
        ("error", json!({ "code": "GenericError" })),
        ("raw", json!("[2,\"2\",\"Heartbeat\",{}]")),
    ] {
        assert!(check_record(&with(key, value)).is_err(), "{key}");
    }
    let (call, answer) = (with("payload", json!({})), with("messageType", json!("CALLRESULT")));
    let mut links = Links::default();
    assert_eq!(links.take(&call), Ok(()));
    assert!(links.take(&call).is_err(), "two calls at a time");
    assert!(Links::default().take(&answer).is_err(), "nobody asked");
    assert!(Links::default().take(&with("payload", json!({ "x": 1 }))).is_err(), "strict");
    assert!(Links::default().take(&with("direction", json!("csms-to-cp"))).is_err(), "who calls");
}

fn traced(place: &Place, scenario: &Path) -> String {
    let path = scenario.to_str().expect("Unicode");
    place.ampacity(&["run", path, "--quiet", "--trace", "--out", "r"]).succeeded();
    place.read("r/trace.jsonl")
}

/// What the format's schema demands, and what we promise beyond it: all fields are there, and
/// they say what the raw frame says.
fn check_record(record: &Map<String, Value>) -> Result<(), String> {
    let text = |key: &str| {
        record.get(key).and_then(Value::as_str).ok_or(format!("{key} is missing or no text"))
    };
    let one_of = |key: &str, known: &[&str]| {
        let value = text(key)?;
        if known.contains(&value) { Ok(value) } else { Err(format!("{key} is {value}")) }
    };
    one_of("schemaVersion", &["1.1"])?;
    one_of("ocppVersion", &["1.6"])?;
    one_of("transport", &["json"])?;
    one_of("direction", &["cp-to-csms", "csms-to-cp"])?;
    let kind = one_of("messageType", &["CALL", "CALLRESULT", "CALLERROR"])?;
    text("timestamp")?.parse::<jiff::Timestamp>().map_err(|error| error.to_string())?;
    if text("chargePointId")?.is_empty() || text("messageId")?.is_empty() {
        return Err("an id is empty".to_owned());
    }
    let id = record["messageId"].clone();
    let payload = record.get("payload").cloned();
    let frame = match kind {
        "CALL" => json!([2, id, text("action")?, payload.ok_or("a call has a payload")?]),
        "CALLRESULT" => json!([3, id, payload.ok_or("a result has a payload")?]),
        _ => {
            let error = record.get("error").ok_or("an error says which")?;
            json!([4, id, error["code"], error["description"], error["details"]])
        }
    };
    if kind != "CALLERROR" && record.contains_key("error") {
        return Err("only a CALLERROR has an error".to_owned());
    }
    let raw: Value = serde_json::from_str(text("raw")?).map_err(|error| error.to_string())?;
    if raw == frame { Ok(()) } else { Err(format!("raw says {raw}, the fields {frame}")) }
}

/// What is open on every link, seen by the frames that were sent.
#[derive(Default)]
struct Links {
    /// (charge point, direction of the call) -> the call that waits for its answer.
    open: BTreeMap<(String, String), (String, Action)>,
    actions: BTreeMap<String, usize>,
}

impl Links {
    fn take(&mut self, record: &Map<String, Value>) -> Result<(), String> {
        let text =
            |key: &str| record.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (point, id, direction) = (text("chargePointId"), text("messageId"), text("direction"));
        let payload = record.get("payload").map(Value::to_string).unwrap_or_default();
        if text("messageType") == "CALL" {
            let name = text("action");
            let action = Action::from_name(&name).ok_or(format!("no action {name}"))?;
            let from_point = direction == "cp-to-csms";
            let allowed = match action.direction() {
                Direction::FromChargePoint => from_point,
                Direction::FromCentralSystem => !from_point,
                Direction::Both => true,
            };
            if !allowed {
                return Err(format!("{action} goes the other way"));
            }
            check_request(action, &payload).map_err(|fault| fault.to_string())?;
            second_opinion(action, true, &payload)?;
            *self.actions.entry(name).or_default() += 1;
            return match self.open.insert((point, direction), (id, action)) {
                None => Ok(()),
                Some((open, _)) => Err(format!("call {open} is still open")),
            };
        }
        let asked = if direction == "cp-to-csms" { "csms-to-cp" } else { "cp-to-csms" };
        let call = self.open.remove(&(point, asked.to_owned()));
        let (open, action) = call.ok_or("an answer that nobody asked for")?;
        if open != id {
            return Err(format!("the answer {id} to the call {open}"));
        }
        match text("messageType").as_str() {
            "CALLRESULT" => {
                check_response(action, &payload).map_err(|fault| fault.to_string())?;
                second_opinion(action, false, &payload)
            }
            other => Err(format!("a {other} in a scenario without faults")),
        }
    }
}
