//! `ampacity replay`: the verdict, what it writes, golden files, rules, and how it ends.

use serde_json::Value;

use crate::support::{Done, Place};

/// A morning of two charge points.
const SITE: &str = r#"
name = "Morning"
start = "2026-05-04T06:00:00[Europe/Amsterdam]"
duration = "1h"
seed = 2

[site]
max_power_kw = 14
strategy = "equal"

[[chargers]]
count = 2
id = "cp_"
model = "ac22"

[[vehicles]]
model = "sedan_3p11"

[[arrivals]]
kind = "daily_peak"
count = 2
at = "06:15"
spread = "10m"
stay = "40m"
energy_kwh = 8
"#;

/// A place with a recorded morning.
fn recorded() -> Place {
    let place = Place::new();
    place.write("site.toml", SITE);
    place.ampacity(&["run", "site.toml", "--trace", "--quiet", "--out", "day"]).succeeded();
    place
}

#[track_caller]
fn ended(done: &Done, code: i32) {
    assert_eq!(done.code, code, "{}{}", done.stdout, done.stderr);
    assert!(!done.stderr.contains("panicked"), "{}", done.stderr);
}

#[test]
fn a_recording_that_is_answered_as_it_was_ends_with_0_and_says_so_first() {
    let place = recorded();
    let done = place.ampacity(&["replay", "day/trace.jsonl"]);
    done.succeeded();
    insta::assert_snapshot!("replay_same", done.stdout);
}

#[test]
fn another_strategy_is_told_with_the_first_divergence_and_what_the_allocator_had() {
    let place = recorded();
    let asked = ["replay", "day/trace.jsonl", "--strategy", "first_come_first_served"];
    let done = place.ampacity(&asked);
    ended(&done, 4);
    insta::assert_snapshot!("replay_differs", done.stdout);
}

#[test]
fn a_replay_for_programs_is_as_its_schema_says_and_junit_has_a_case_for_each_session() {
    let place = recorded();
    let asked = [
        "replay",
        "day/trace.jsonl",
        "--strategy",
        "first_come_first_served",
        "--out",
        "r",
        "--json",
    ];
    let done = place.ampacity(&asked);
    ended(&done, 4);
    let value: Value = serde_json::from_str(&done.stdout).expect("JSON");
    assert_eq!(place.read("r/replay.json"), done.stdout);
    let schema = place.ampacity(&["schema", "replay"]);
    schema.succeeded();
    let schema: Value = serde_json::from_str(&schema.stdout).expect("JSON");
    crate::gates::check(&schema, &value, "replay");
    let first = &value["first_divergence"];
    assert!(first["allocator_inputs"]["sessions"].is_array(), "{first}");
    let junit = place.read("r/junit.xml");
    let cases: Vec<&str> = junit.lines().filter(|line| line.contains("<testcase")).collect();
    assert_eq!(cases.iter().filter(|case| case.contains("transaction #0")).count(), 2, "{junit}");
    assert!(junit.contains("<failure type=\"difference\""), "{junit}");
    assert!(place.read("r/differences.md").contains("| protocol |"));
    // What was said now is a trace like any other.
    place.ampacity(&["replay", "r/trace.jsonl"]).succeeded();
}

#[test]
fn a_golden_file_is_made_held_reviewed_and_accepted() {
    let place = recorded();
    let replay = |strategy: &str, more: &[&str]| {
        let mut asked = vec!["replay", "day/trace.jsonl", "--golden", "golden.jsonl.gz"];
        asked.extend(["--strategy", strategy]);
        asked.extend(more);
        place.ampacity(&asked)
    };
    let missing = replay("equal", &[]);
    ended(&missing, 2);
    assert!(missing.stderr.contains("--update writes what happens now"), "{}", missing.stderr);
    ended(&replay("equal", &["--update"]), 0);
    replay("equal", &[]).succeeded();
    let differs = replay("priority_of_nobody", &[]);
    ended(&differs, 2);
    let differs = replay("first_come_first_served", &[]);
    ended(&differs, 4);
    assert!(differs.stderr.contains("accept them with --update"), "{}", differs.stderr);
    assert!(place.path("golden.jsonl.gz.new").is_file());
    ended(&replay("first_come_first_served", &["--update"]), 0);
    assert!(!place.path("golden.jsonl.gz.new").exists());
    replay("first_come_first_served", &[]).succeeded();
    ended(&replay("equal", &[]), 4);
}

#[test]
fn rules_are_read_and_those_that_nothing_needs_are_told() {
    let place = recorded();
    place.write("rules.toml", "[[rule]]\nreason = \"anything goes\"\nignore = true\n\n[[rule]]\nreason = \"never\"\nsubject = \"Reset\"\nignore = true\n");
    let base = ["replay", "day/trace.jsonl", "--strategy", "first_come_first_served", "--rules"];
    let done = place.ampacity(&[&base[..], &["rules.toml"]].concat());
    done.succeeded();
    assert!(done.stdout.contains("rule not needed: Reset (never)"), "{}", done.stdout);
    place.write("rules.toml", "[[rule]]\nreason = \"anything goes\"\nignored = true\n");
    let done = place.ampacity(&[&base[..], &["rules.toml"]].concat());
    ended(&done, 2);
    assert!(done.stderr.contains("unknown field `ignored`"), "{}", done.stderr);
}

#[test]
fn simulated_charge_points_hear_the_recorded_central_system_and_say_the_same() {
    let place = recorded();
    let asked =
        ["replay", "day/trace.jsonl", "--against", "charge-points", "--config", "site.toml"];
    let done = place.ampacity(&asked);
    done.succeeded();
    assert!(done.stdout.contains("against simulated charge points"), "{}", done.stdout);
    let changed = SITE.replace("energy_kwh = 8", "energy_kwh = 3");
    place.write("site.toml", changed);
    ended(&place.ampacity(&asked), 4);
}

#[test]
fn a_trace_without_anything_to_replay_ends_with_5_and_a_missing_one_with_3() {
    let place = Place::new();
    place.write("empty.jsonl", "\n");
    ended(&place.ampacity(&["replay", "empty.jsonl"]), 5);
    let missing = place.ampacity(&["replay", "missing.jsonl"]);
    ended(&missing, 3);
    assert!(missing.stderr.contains("cannot read the trace missing.jsonl"), "{}", missing.stderr);
}

/// The capture of a wallbox at Home Assistant; its times are those of Berlin, and marked Z.
#[test]
fn a_capture_of_somebody_else_is_inspected_replayed_held_to_a_golden_file_and_made_a_scenario() {
    let Some(data) = std::env::var_os("AMPACITY_DATA") else {
        println!("skipped: AMPACITY_DATA does not name the data folder");
        return;
    };
    let log = std::path::PathBuf::from(data).join("captures/home_assistant_ocpp.log");
    let place = Place::new();
    place.write("site.log", std::fs::read(&log).expect("the capture"));
    let json = |args: &[&str], code| {
        let done = place.ampacity(args);
        ended(&done, code);
        serde_json::from_str::<Value>(&done.stdout).expect("JSON")
    };
    // As it stands: an hour off.
    let found = json(&["inspect", "site.log", "--json"], 0);
    let mut lines = Vec::new();
    for kind in found["findings"].as_array().expect("findings") {
        for case in kind["first"].as_array().expect("cases") {
            lines.push(format!("{} {}", kind["kind"].as_str().expect("a name"), case["line"]));
        }
    }
    lines.sort();
    assert_eq!(
        lines,
        [
            "clock_skew 1",
            "clock_skew 34",
            "clock_skew 35",
            "short_session 87",
            "status_transition 113",
            "unusual_stop_reason 87"
        ]
    );
    assert!(found.to_string().contains("local time of UTC+01:00 marked Z"), "{found}");
    // In its own zone, against a central system that is another one.
    let berlin = ["--timezone", "Europe/Berlin"];
    let args = [&["replay", "site.log", "--json"], &berlin[..]].concat();
    let replayed = json(&args, 4);
    assert!(replayed["compared"]["protocol"].as_u64() >= Some(63), "{replayed}");
    assert!(replayed["set_up"].as_str().expect("words").starts_with("as inferred"), "{replayed}");
    let golden = ["--golden", "golden.jsonl"];
    ended(&place.ampacity(&[&args, &golden[..], &["--update"]].concat()), 0);
    let same = json(&[&args, &golden[..]].concat(), 0);
    assert_eq!(same["passed"], true);
    // And its twin.
    let args = [&["import", "trace", "site.log", "--out", "twin.toml"], &berlin[..]].concat();
    ended(&place.ampacity(&args), 0);
    ended(&place.ampacity(&["check", "twin.toml"]), 0);
    ended(&place.ampacity(&["run", "twin.toml", "--quiet", "--out", "r"]), 0);
    let twin =
        json(&[&["replay", "site.log", "--against", "twin", "--json"], &berlin[..]].concat(), 4);
    assert_eq!(twin["compared"]["protocol"], 0, "outcomes alone: {twin}");
}
