//! `explain`: why a charger had its limit at an instant of a run.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Done, Place};

/// A place with a run of the block of flats in `r`, where most cars wait for their turn.
fn flats() -> Place {
    let place = Place::new();
    let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/apartments.toml");
    let scenario = scenario.to_str().expect("a path in Unicode");
    place.ampacity(&["run", scenario, "--out", "r", "--quiet"]).succeeded();
    place
}

fn explain(place: &Place, charger: &str, at: &str) -> Done {
    place.ampacity(&["explain", "r", "--charger", charger, "--at", at])
}

fn explain_json(place: &Place, charger: &str, at: &str) -> Value {
    let done = place.ampacity(&["explain", "r", "--charger", charger, "--at", at, "--json"]);
    done.succeeded();
    serde_json::from_str(&done.stdout).expect("JSON")
}

#[test]
fn a_car_that_waits_is_told_for_what() {
    let place = flats();
    // Half past four in the afternoon: the ninth car has just come, and the others make room.
    let done = explain(&place, "place_012", "16:35:30");
    done.succeeded();
    for words in [
        "place_012: no limit of its own yet: fair share of 45 kW among 8 sessions",
        "waits for room until place_005, place_011 and 3 more are seen to have lowered",
        "set by    TxDefaultProfile of 0 kW (before: 11 kW), sent 12:00:03, accepted 12:00:03",
        "5.52 kW, bound by site, because of session_start",
        "room: 4.91 kW are missing, place_005/1 holds 1.38 kW too much",
        "45 kW = 45 kW among 8",
    ] {
        assert!(done.stdout.contains(words), "{words:?} is missing in\n{}", done.stdout);
    }
    for same in ["+4h35m30s", "2026-01-14T15:35:30Z", "2026-01-14 16:35:30"] {
        assert_eq!(explain(&place, "place_012", same).stdout, done.stdout, "{same}");
    }
    // In the evening nearly everybody waits, and the page still fits a screen.
    let evening = explain(&place, "place_012", "19:00");
    evening.succeeded();
    assert!(evening.stdout.contains("it waits for its turn: 4.1 kW at least do not fit"));
    assert!(evening.stdout.lines().count() <= 40, "{}", evening.stdout);
    let nobody = explain(&place, "place_007", "19:00");
    nobody.succeeded();
    assert!(nobody.stdout.contains("place_007: no transaction at that time"));
    assert!(nobody.stdout.contains("TxDefaultProfile of 4.14 kW"), "{}", nobody.stdout);
}

#[test]
fn what_is_told_is_what_the_run_has_recorded() {
    let place = flats();
    let mut accepted = 0;
    for (local, utc) in [("16:40", "2026-01-14T15:40:00Z"), ("22:07", "2026-01-14T21:07:00Z")] {
        for charger in ["place_012", "place_005", "share_003"] {
            let told = explain_json(&place, charger, local);
            let limit = &told["connectors"][0]["limit"];
            let power = |field: &str| limit[field].as_f64().unwrap_or(0.0);
            let row = recorded(&place.read("r/chargers.csv"), charger, utc);
            assert_eq!([power("accepted_kw"), power("committed_kw")], row, "{charger} {local}");
            let set_by = &told["connectors"][0]["set_by"];
            assert_eq!(set_by["status"], "accepted");
            if limit["accepted_kw"].is_number() {
                assert_eq!(set_by["limit_kw"].as_f64(), limit["accepted_kw"].as_f64());
                accepted += 1;
            }
        }
    }
    assert!(accepted >= 4, "{accepted}");
}

/// Accepted limit and reservation of a charger at a sample: its last row up to then.
fn recorded(table: &str, charger: &str, at: &str) -> [f64; 2] {
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    let headers = reader.headers().expect("a header").clone();
    let column = |name: &str| headers.iter().position(|it| it == name).expect("a column");
    let (when, whose) = (column("timestamp"), column("charge_point_id"));
    let (allocated, committed) = (column("allocated_kw"), column("committed_kw"));
    let mut last = [0.0; 2];
    for row in reader.records().map(|row| row.expect("a row")) {
        if &row[whose] == charger && &row[when] <= at {
            let power = |column: usize| row[column].parse().expect("a number");
            last = [power(allocated), power(committed)];
        }
    }
    last
}

#[test]
fn json_has_the_words_of_the_api() {
    let told = explain_json(&flats(), "place_012", "16:35:30");
    assert_eq!(told["charge_point_id"], "place_012");
    assert_eq!(told["connectors"][0]["limit"]["waits_for"]["kind"], "room");
    assert_eq!(told["site"]["at"], "2026-01-14T15:35:30Z");
    insta::assert_snapshot!(serde_json::to_string_pretty(&shape(&told)).expect("JSON"));
}

/// The value with every leaf replaced by its kind, and of a list only its first entry.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            members.iter().map(|(name, member)| (name.clone(), shape(member))).collect()
        }
        Value::Array(entries) => entries.iter().take(1).map(shape).collect(),
        Value::String(_) => json!("text"),
        Value::Number(_) => json!("number"),
        Value::Bool(_) => json!("truth value"),
        Value::Null => Value::Null,
    }
}

#[test]
fn a_wrong_charger_or_time_is_wrong_usage_and_says_what_would_be_right() {
    let place = Place::new();
    place.ampacity(&["run", "tiny.toml", "--out", "r", "--quiet"]).succeeded();
    let ask = |charger: &str, at: &str| explain(&place, charger, at);
    ask("cp_00", "09:00").failed(2, &["no charger cp_00 at that time", "did you mean cp_001?"]);
    ask("gate", "09:00").failed(2, &["no charger gate", "there are cp_001, cp_002"]);
    ask("cp_001", "noon").failed(2, &["--at noon: not a time", "12:00"]);
    let lasts = "it lasts from Mon 2026-05-04 08:00:00 +02:00 to Mon 2026-05-04 10:00:00 +02:00";
    for outside in ["07:59", "10:00:01", "+2h1m", "2026-05-03T09:00:00Z"] {
        ask("cp_001", outside).failed(2, &["outside of the run", lasts]);
    }
    for inside in ["08:00", "10:00", "+2h", "2026-05-04T10:00:00+02:00"] {
        ask("cp_001", inside).succeeded();
    }
    place.ampacity(&["explain", "r", "--charger", "cp_001"]).failed(2, &["--at"]);
}

#[test]
fn a_folder_without_a_run_is_exit_3() {
    let place = Place::new();
    explain(&place, "cp_001", "09:00").failed(3, &["r holds no run", "ampacity run"]);
    place.write("r/summary.json", "{}");
    explain(&place, "cp_001", "09:00").failed(3, &["r holds no run"]);
    place.ampacity(&["run", "tiny.toml", "--out", "r", "--quiet"]).succeeded();
    std::fs::remove_file(place.path("r/inputs.json")).expect("removed");
    explain(&place, "cp_001", "09:00").failed(3, &["left no inputs.json", "run it again"]);
}

#[test]
fn the_folder_alone_is_enough() {
    let place = Place::new();
    let sessions = "arrival,departure,kwh\n+10m,+1h30m,8\n+20m,+1h50m,9\n";
    place.write("lists/cars.csv", sessions);
    let arrivals = "[[arrivals]]\nkind = \"poisson\"\nper_hour = 3\nstay = \"1h\"\nenergy_kwh = 8";
    place.tiny_with("a.toml", arrivals, "[[arrivals]]\nsessions = \"lists/cars.csv\"");
    let changed = ["--set", "site.max_power_kw=10", "--seed", "9", "--strategy", "priority"];
    let run = ["run", "a.toml", "--out", "r", "--quiet"];
    place.ampacity(&[&run[..], &changed[..]].concat()).succeeded();
    for gone in ["a.toml", "lists/cars.csv"] {
        std::fs::remove_file(place.path(gone)).expect("removed");
    }
    std::fs::rename(place.path("r"), place.path("moved")).expect("renamed");
    let done = place.ampacity(&["explain", "moved", "--charger", "cp_001", "--at", "08:30"]);
    done.succeeded();
    assert!(done.stdout.contains("strategy priority, seed 9"), "{}", done.stdout);
    assert!(done.stdout.contains("10 kW - 2 kW reserve = 8 kW among 2"), "{}", done.stdout);
}

#[test]
fn what_was_asked_of_a_live_run_counts() {
    let place = Place::new();
    place.ampacity(&["run", "tiny.toml", "--out", "r", "--quiet"]).succeeded();
    let before = explain_json(&place, "cp_001", "09:00");
    let summary: Value = serde_json::from_str(&place.read("r/summary.json")).expect("JSON");
    assert_eq!(before["site"]["total_capacity_kw"], 20);
    let header = json!({
        "schema": "ampacity.journal/1", "ampacity_version": env!("CARGO_PKG_VERSION"),
        "scenario_sha256": summary["scenario_sha256"], "strategy": "equal", "seed": 3,
    });
    let config = json!({
        "max_power": 15_000, "reserve": 2_000, "strategy": "equal", "min_charge_rate": 0,
        "priorities": {},
    });
    // 08:40 in Amsterdam.
    let input = json!({
        "at": 1_777_876_800_000_000_i64,
        "input": { "input": "configure", "site": before["site"]["site_id"], "config": config },
    });
    place.write("journal.jsonl", format!("{header}\n{input}\n"));
    let repeat = ["run", "tiny.toml", "--out", "r", "--quiet", "--journal", "journal.jsonl"];
    place.ampacity(&repeat).succeeded();
    let kw = |at| explain_json(&place, "cp_001", at)["site"]["total_capacity_kw"].clone();
    assert_eq!([kw("08:39"), kw("08:40"), kw("09:00")], [json!(20), json!(15), json!(15)]);
}

#[test]
fn a_run_of_another_version_or_a_changed_scenario_is_told() {
    let place = Place::new();
    place.ampacity(&["run", "tiny.toml", "--out", "r", "--quiet"]).succeeded();
    let inputs = place.read("r/inputs.json");
    let version = format!("\"ampacity_version\": \"{}\"", env!("CARGO_PKG_VERSION"));
    assert!(inputs.contains(&version), "{inputs}");
    place.write("r/inputs.json", inputs.replace(&version, "\"ampacity_version\": \"0.0.1\""));
    let older = explain(&place, "cp_001", "09:00");
    assert_eq!(older.code, 0);
    assert!(older.stderr.contains("is of version 0.0.1"), "{}", older.stderr);
    assert!(!older.stderr.contains("differently"), "it is the same all the same: {}", older.stderr);
    place.write("r/inputs.json", inputs.replace("max_power_kw = 20", "max_power_kw = 9"));
    let changed = explain(&place, "cp_001", "09:00");
    assert_eq!(changed.code, 0);
    for words in ["was changed after the run", "comes out differently"] {
        assert!(changed.stderr.contains(words), "{}", changed.stderr);
    }
    place.write("r/inputs.json", inputs.replace("max_power_kw", "max_pwoer_kw"));
    explain(&place, "cp_001", "09:00").failed(2, &["does not load any more", "max_power_kw"]);
    place.write("r/inputs.json", inputs.replace("ampacity-inputs/1", "ampacity-inputs/9"));
    explain(&place, "cp_001", "09:00").failed(3, &["ampacity-inputs/9", "ampacity-inputs/1"]);
}
