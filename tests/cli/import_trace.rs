//! `ampacity import trace`, and `inspect` of what other programs log.

use std::io::Write;
use std::process::Stdio;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::support::Place;

/// A log of SteVe in the local time of Berlin, with other output, a broken frame and two charge points.
const STEVE: &str = "\
[INFO ] 2026-05-04 08:00:00,100 de.rwth.idsg.steve.ocpp.ws.WebSocketLogger (qtp1-2) - [chargeBoxId=lot_1, sessionId=a] Connection is established
[INFO ] 2026-05-04 08:00:00,200 de.rwth.idsg.steve.ocpp.ws.WebSocketLogger (qtp1-2) - [chargeBoxId=lot_1, sessionId=a] Received: [2,\"1\",\"Heartbeat\",{}]
[INFO ] 2026-05-04 08:00:00,300 de.rwth.idsg.steve.ocpp.ws.WebSocketLogger (qtp1-2) - [chargeBoxId=lot_1, sessionId=a] Sending: [3,\"1\",{\"currentTime\":\"2026-05-04T06:00:00Z\"}]
[INFO ] 2026-05-04 08:00:02,000 de.rwth.idsg.steve.ocpp.ws.WebSocketLogger (qtp1-2) - [chargeBoxId=lot_2, sessionId=b] Received: [2,\"1\",\"Heartbeat\",{
[INFO ] 2026-05-04 08:00:03,000 de.rwth.idsg.steve.ocpp.ws.WebSocketLogger (qtp1-2) - [chargeBoxId=lot_2, sessionId=b] Received: [2,\"2\",\"Heartbeat\",{}]
";

/// What another program has of the same time.
const PLAIN: &str = "2026-05-04T06:00:01Z recv [2,\"9\",\"Heartbeat\",{}]\n";

#[test]
fn logs_are_merged_into_one_trace_and_what_was_read_is_told() {
    let place = Place::new();
    place.write("steve.log", STEVE);
    place.write("yard.txt", PLAIN);
    let args = ["import", "trace", "steve.log", "yard.txt", "--out", "made/site.jsonl"];
    let done = place.ampacity(&[&args[..], &["--timezone", "Europe/Berlin"]].concat());
    done.succeeded();
    insta::assert_snapshot!("import_trace", done.stdout);
    assert_eq!(place.files("made"), ["site.jsonl"]);
    let records: Vec<Value> = place
        .read("made/site.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let told = |record: &Value| {
        [&record["timestamp"], &record["chargePointId"], &record["direction"], &record["messageId"]]
            .map(|it| it.as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(
        records.iter().map(told).collect::<Vec<_>>(),
        [
            ["2026-05-04T06:00:00.200Z", "lot_1", "cp-to-csms", "1"],
            ["2026-05-04T06:00:00.300Z", "lot_1", "csms-to-cp", "1"],
            ["2026-05-04T06:00:01.000Z", "yard", "cp-to-csms", "9"],
            ["2026-05-04T06:00:03.000Z", "lot_2", "cp-to-csms", "2"],
        ]
    );
    // Nothing is replaced unasked; a trace is read and written byte for byte.
    let again = ["import", "trace", "made/site.jsonl", "--out", "made/site.jsonl"];
    place.ampacity(&again).failed(2, &["made/site.jsonl is there already; --force replaces it"]);
    let before = place.read("made/site.jsonl");
    place.ampacity(&[&again[..], &["--force"]].concat()).succeeded();
    assert_eq!(place.read("made/site.jsonl"), before);
    place.ampacity(&["import", "trace", "made/site.jsonl", "--out", "p.jsonl.gz"]).succeeded();
    let packed = std::fs::read(place.path("p.jsonl.gz")).expect("a file");
    assert_eq!(std::io::read_to_string(GzDecoder::new(&*packed)).expect("gzip"), before);
}

#[test]
fn inspect_reads_what_other_programs_log_and_says_how() {
    let place = Place::new();
    place.write("steve.log", STEVE);
    let done = place.ampacity(&["inspect", "steve.log"]);
    done.succeeded();
    insta::assert_snapshot!("inspect_steve", done.stdout);
    let done = place.ampacity(&["inspect", "steve.log", "--json"]);
    done.succeeded();
    let told: Value = serde_json::from_str(&done.stdout).expect("JSON");
    assert_eq!((&told["form"], &told["passed_over"]), (&"steve".into(), &1.into()));
    assert_eq!((&told["taken_as_utc"], &told["inferred_times"]), (&true.into(), &0.into()));
    assert_eq!((&told["records"], &told["broken_lines"]["count"]), (&3.into(), &1.into()));
    assert_eq!(told["broken_lines"]["first"][0]["line"], 4);
}

#[test]
fn a_trace_may_come_from_standard_input_and_break_off() {
    let place = Place::new();
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(STEVE.repeat(50).as_bytes()).expect("memory takes it");
    let packed = packer.finish().expect("memory takes it");
    let mut command = place.spawn(&["inspect", "-", "--json", "--timezone", "Europe/Berlin"]);
    let mut child = command.stdin(Stdio::piped()).spawn().expect("the program");
    let mut input = child.stdin.take().expect("its input");
    input.write_all(&packed[..packed.len() - 20]).expect("it reads");
    drop(input);
    let output = child.wait_with_output().expect("its end");
    assert_eq!(output.status.code(), Some(0));
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((&told["trace"], &told["form"]), (&"-".into(), &"steve".into()));
    assert!(told["records"].as_u64().is_some_and(|it| (1..=150).contains(&it)), "{told}");
    let broken = &told["broken_lines"]["first"];
    let last = broken.as_array().and_then(|it| it.last()).expect("a broken line");
    assert!(last["reason"].as_str().is_some_and(|it| it.starts_with("the packed file is cut off")));
}

#[test]
fn what_is_asked_for_wrongly_or_holds_nothing_is_told_with_the_remedy() {
    let place = Place::new();
    place.write("steve.log", STEVE);
    let import = |args: &[&str]| place.ampacity(&[&["import", "trace"][..], args].concat());
    import(&["steve.log", "--out", "site.csv"])
        .failed(2, &["name the trace or the scenario to write"]);
    import(&["steve.log", "--out", ".jsonl"]).failed(2, &["name the trace or the scenario"]);
    import(&["no.log", "--out", "x.jsonl"]).failed(3, &["cannot read the trace no.log"]);
    import(&["steve.log", "--out", "x.jsonl", "--timezone", "Europe/Berlyn"])
        .failed(2, &["Europe/Berlin"]);
    import(&["steve.log", "--out", "x.jsonl", "--form", "stave"]).failed(2, &["steve"]);
    import(&["tiny.toml", "--out", "x.jsonl"]).failed(5, &["tiny.toml has no record"]);
    import(&["steve.log", "--form", "evcc", "--out", "x.jsonl"])
        .failed(5, &["read as log of evcc", "nothing announces"]);
    assert!(!place.path("x.jsonl").exists() && !place.path("x.jsonl.part").exists());
}
