//! `ampacity inspect`: what a trace tells, what is wrong in it, and how the command ends.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use ampacity::time::Time;
use ampacity::trace::{Record, write_line};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::support::Place;

/// Two charge points: a tag that is refused, a register that falls, a call that nobody answers, a broken line.
fn troubled() -> String {
    let mut text = String::new();
    let start = Time::from_civil(2026, 5, 4, 9, 0, 0).expect("a date").0;
    let mut frame = |second: i64, point: &str, from_point: bool, frame: &str| {
        assert!(write_line(&mut text, Time(start + second * 1_000_000), point, from_point, frame));
    };
    frame(
        0,
        "lot_1",
        true,
        r#"[2,"1","BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}]"#,
    );
    frame(
        1,
        "lot_1",
        false,
        r#"[3,"1",{"status":"Accepted","currentTime":"2026-05-04T09:00:01Z","interval":300}]"#,
    );
    frame(
        2,
        "lot_1",
        true,
        r#"[2,"2","StartTransaction",{"connectorId":1,"idTag":"T","meterStart":500}]"#,
    );
    frame(3, "lot_1", false, r#"[3,"2",{"transactionId":7,"idTagInfo":{"status":"Blocked"}}]"#);
    frame(4, "lot_2", false, "[2,\"1\",\"Reset\\u001b[31m\",{}]");
    frame(90, "lot_1", true, r#"[2,"3","StopTransaction",{"transactionId":7,"meterStop":400}]"#);
    frame(91, "lot_1", false, r#"[3,"3",{}]"#);
    text.push_str("{\"schemaVersion\":\"1.1\"}\n");
    text
}

#[test]
fn an_inspection_says_what_there_is_what_is_wrong_and_what_to_do() {
    let place = Place::new();
    place.write("day.jsonl", troubled());
    let done = place.ampacity(&["inspect", "day.jsonl"]);
    done.succeeded();
    assert!(!done.stdout.contains('\u{1b}'), "a trace does not steer the terminal");
    insta::assert_snapshot!("inspect_terminal", done.stdout);
}

#[test]
fn an_inspection_for_programs_is_as_its_schema_says() {
    let place = Place::new();
    place.write("day.jsonl", troubled());
    let done = place.ampacity(&["inspect", "day.jsonl", "--json"]);
    done.succeeded();
    insta::assert_snapshot!("inspect_json", done.stdout);
    let schema = place.ampacity(&["schema", "inspection"]);
    schema.succeeded();
    let (schema, value): (Value, Value) = (parsed(&schema.stdout), parsed(&done.stdout));
    crate::gates::check(&schema, &value, "inspection");
}

#[test]
fn a_trace_that_was_packed_tells_the_same() {
    let place = Place::new();
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(troubled().as_bytes()).expect("memory takes it");
    place.write("plain/day", troubled());
    place.write("packed/day", packed.finish().expect("memory takes it"));
    let told = |path: &str| {
        let done = place.ampacity(&["inspect", path]);
        done.succeeded();
        done.stdout.replace(path, "day")
    };
    assert_eq!(told("packed/day"), told("plain/day"));
}

#[test]
fn what_cannot_be_read_or_holds_no_record_ends_with_its_own_code() {
    let place = Place::new();
    place.ampacity(&["inspect", "no.jsonl"]).failed(3, &["cannot read the trace no.jsonl"]);
    place.ampacity(&["inspect", "."]).failed(3, &["cannot read the trace ."]);
    place.write("cut.gz", [0x1f, 0x8b, 8, 0]);
    place.ampacity(&["inspect", "cut.gz"]).failed(5, &["cut.gz has no record", "is cut off"]);
    place.write("empty.jsonl", "\n");
    place.ampacity(&["inspect", "empty.jsonl"]).failed(5, &["empty.jsonl has no record"]);
    let words = ["has no record, read as Open OCPP Trace; line 1: no JSON object"];
    place.ampacity(&["inspect", "tiny.toml", "--json"]).failed(5, &words);
}

#[test]
fn a_run_of_our_own_reads_back_as_it_was_written_and_nothing_in_it_is_wrong() {
    let place = Place::new();
    place.ampacity(&["run", "tiny.toml", "--quiet", "--trace", "--out", "r"]).succeeded();
    let trace = place.read("r/trace.jsonl");
    for line in trace.lines() {
        let mut written = String::new();
        Record::parse(line).expect("a record").push_line(&mut written);
        assert_eq!(written.trim_end(), line);
    }
    let done = place.ampacity(&["inspect", "r/trace.jsonl", "--json"]);
    done.succeeded();
    let told = parsed(&done.stdout);
    assert_eq!(told["records"], trace.lines().count());
    assert_eq!(told["charge_points"].as_array().map(Vec::len), Some(2));
    for none in ["orphan_answers", "out_of_order"] {
        assert_eq!(told[none], 0, "{none}");
    }
    assert_eq!(told["broken_lines"]["count"], 0);
    // A run ends while cars still charge.
    let kinds = told["findings"].as_array().into_iter().flatten().map(|it| &it["kind"]);
    let others: Vec<&Value> = kinds.filter(|kind| *kind != "transaction_never_stopped").collect();
    assert_eq!(others, [&Value::Null; 0]);
}

#[test]
fn however_much_is_wrong_a_screen_holds_it() {
    let Some(data) = std::env::var_os("AMPACITY_DATA") else {
        println!("skipped: AMPACITY_DATA does not name the data folder");
        return;
    };
    let folder = PathBuf::from(data).join("open_ocpp_trace/fixtures");
    let mut all = String::from("pasted\n");
    for entry in fs::read_dir(folder).expect("the corpus") {
        let trace = entry.expect("an entry").path().join("trace.jsonl");
        all.push_str(&fs::read_to_string(trace).unwrap_or_default());
    }
    let place = Place::new();
    place.write("all.jsonl", all);
    let done = place.ampacity(&["inspect", "all.jsonl"]);
    done.succeeded();
    assert!(done.stdout.lines().count() <= 40, "{}", done.stdout);
    assert!(done.stdout.contains("16 charge points (CS-SYNTHETIC-0"), "{}", done.stdout);
    assert!(done.stdout.contains("\nmore in --json: "), "{}", done.stdout);
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}
