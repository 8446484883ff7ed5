//! `ampacity redact` and `record`: files, refusals, exit codes. What is replaced is told in tests/trace, what passes
//! in tests/record.

use ampacity::trace::{Meta, Record};

use crate::support::Place;

const KEY: &str = "a key of the tests, of no use to anybody\n";

/// A run of our own, redacted.
fn redacted(place: &Place, options: &[&str]) -> String {
    place.ampacity(&["run", "tiny.toml", "--quiet", "--trace", "--out", "r"]).succeeded();
    place.write("key", KEY);
    let mut args = vec!["redact", "r/trace.jsonl", "--key", "key", "--out", "public.jsonl"];
    args.extend(options);
    let done = place.ampacity(&args);
    done.succeeded();
    assert!(done.stdout.contains("\n  idTag "), "{}", done.stdout);
    place.read("public.jsonl")
}

#[test]
fn a_run_of_our_own_inspects_and_replays_under_other_names() {
    let place = Place::new();
    let after = redacted(&place, &[]);
    let before = place.read("r/trace.jsonl");
    let inspected = |file: &str| {
        let told = place.ampacity(&["inspect", file, "--json"]);
        told.succeeded();
        let mut told: serde_json::Value = serde_json::from_str(&told.stdout).expect("JSON");
        for named in ["trace", "charge_points", "findings"] {
            told[named] = serde_json::Value::Null;
        }
        told
    };
    assert_eq!(inspected("public.jsonl"), inspected("r/trace.jsonl"));
    let setup = |text: &str| {
        let line = text.lines().next().expect("a line").to_owned();
        let record = Record::parse(&line).expect("a record");
        let point = record.charge_point_id.as_deref().expect("a charge point").to_owned();
        (Meta::of(record.meta.map(|it| it.get())).central.expect("a setup"), point)
    };
    let ((old, _), (new, point)) = (setup(&before), setup(&after));
    assert_eq!(new.points.len(), old.points.len());
    assert!(new.points.iter().any(|it| it.point.as_str() == point), "as its records say");
    assert_eq!(new.sites[0].config.max_power, old.sites[0].config.max_power);
    let again = place.ampacity(&["replay", "public.jsonl"]);
    assert_eq!(again.code, 0, "{}{}", again.stdout, again.stderr);
    for it in &old.points {
        assert!(!after.contains(it.point.as_str()), "{}", it.point);
    }
}

#[test]
fn a_check_passes_what_was_redacted_and_says_what_remains_elsewhere() {
    let place = Place::new();
    redacted(&place, &["--shift", "-35d"]);
    place.write("canaries", "charger_001\n2026-05-04\n");
    let args = ["redact", "--check", "public.jsonl", "--canaries", "canaries"];
    let done = place.ampacity(&args);
    done.succeeded();
    assert!(done.stdout.contains("and none of 2 canaries"), "{}", done.stdout);
    let done = place.ampacity(&["redact", "--check", "r/trace.jsonl", "--canaries", "canaries"]);
    assert_eq!(done.code, 1, "{}", done.stderr);
    assert!(done.stdout.contains("line 1: charge point "), "{}", done.stdout);
    assert!(done.stdout.contains("/chargePointId"), "{}", done.stdout);
    assert!(done.stdout.lines().count() <= 31, "a screen holds it");
}

#[test]
fn what_cannot_be_redacted_or_recorded_says_why() {
    let place = Place::new();
    place.write("key", KEY);
    place.write("short", "too short\n");
    place.write("empty.jsonl", "pasted\n");
    let redact = |trace, key, rest: &[&str]| {
        let mut args = vec!["redact", trace, "--key", key, "--out", "out.jsonl"];
        args.extend(rest);
        place.ampacity(&args)
    };
    redact("no.jsonl", "key", &[]).failed(3, &["cannot read the trace no.jsonl"]);
    redact("empty.jsonl", "no", &[]).failed(3, &["cannot read the key no"]);
    redact("empty.jsonl", "short", &[]).failed(2, &["short: the key has 9 bytes", "/dev/urandom"]);
    let words = ["1 line that is no record is left out; line 1: no JSON object", "has no record"];
    redact("empty.jsonl", "key", &[]).failed(5, &words);
    redact("empty.jsonl", "key", &["--shift", "1500ms"]).failed(2, &["whole seconds"]);
    redact("empty.jsonl", "key", &["--shift", "soon"]).failed(2, &["--shift"]);
    let args = ["redact", "empty.jsonl", "--key", "key", "--out", "empty.jsonl"];
    place.ampacity(&args).failed(2, &["give another file"]);
    place.ampacity(&["redact", "empty.jsonl"]).failed(2, &["--key", "--out"]);
    let record = |upstream, rest: &[&str]| {
        let mut args = vec!["record", "--listen", "127.0.0.1:0", "--upstream", upstream];
        args.extend(["--out", "out.jsonl"]);
        args.extend(rest);
        place.ampacity(&args)
    };
    record("http://csms", &[]).failed(2, &["not by http://"]);
    record("ws://csms", &["--ca", "key"]).failed(2, &["--ca is for"]);
    record("ws://csms", &["--tls-cert", "key"]).failed(2, &["--tls-key"]);
    record("ws://csms", &["--tls-cert", "key", "--tls-key", "key"]).failed(3, &["key: "]);
    record("ws://csms", &["--key", "short"]).failed(2, &["has 9 bytes"]);
}

#[cfg(unix)]
#[test]
fn a_recording_that_is_interrupted_says_what_it_has() {
    let place = Place::new();
    let args =
        ["record", "--listen", "127.0.0.1:0", "--upstream", "ws://127.0.0.1:9/x", "--out", "o"];
    let file = place.path("o");
    let done = Place::interrupted(place.spawn(&args), || file.exists());
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert!(done.stdout.starts_with("0 records of 0 charge points"), "{}", done.stdout);
    assert!(done.stderr.contains("personal data"), "{}", done.stderr);
}
