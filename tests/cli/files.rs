//! What a run leaves in its folder.

use serde_json::Value;

use crate::support::Place;

/// The files of the contract, sorted.
pub(crate) fn expected(with_trace: bool) -> Vec<String> {
    let mut files: Vec<String> = [
        "chargers.csv",
        "charts/chargers.svg",
        "charts/energy.svg",
        "charts/headroom.svg",
        "charts/sessions.svg",
        "charts/setpoints.svg",
        "charts/site_power.svg",
        "commands.csv",
        "history.csv",
        "inputs.json",
        "junit.xml",
        "report.html",
        "sessions.csv",
        "summary.json",
    ]
    .map(str::to_owned)
    .to_vec();
    if with_trace {
        files.push("trace.jsonl".to_owned());
    }
    files
}

#[test]
fn a_run_writes_exactly_the_files_of_the_contract() {
    let place = Place::new();
    place.ampacity(&["run", "tiny.toml", "--out", "plain"]).succeeded();
    assert_eq!(place.files("plain"), expected(false));
    place.ampacity(&["run", "tiny.toml", "--out", "traced", "--trace"]).succeeded();
    assert_eq!(place.files("traced"), expected(true));
    for name in expected(true) {
        assert!(!place.read(&format!("traced/{name}")).is_empty(), "{name}");
    }
    assert_eq!(place.files("").len(), 1 + 14 + 15, "nothing is written elsewhere");
}

#[test]
fn the_summary_has_every_key_of_the_contract() {
    let place = Place::new();
    place.ampacity(&["run", "tiny.toml", "--out", "r"]).succeeded();
    let summary: Value = serde_json::from_str(&place.read("r/summary.json")).expect("JSON");
    let keys = "schema ampacity_version scenario scenario_sha256 strategy seed virtual_s digest \
                complete passed assertions performance metrics";
    for key in keys.split_whitespace() {
        assert!(!summary[key].is_null(), "{key}");
    }
    for key in ["wall_s", "speedup", "events", "ocpp_frames"] {
        assert!(summary["performance"][key].as_f64().is_some_and(|it| it > 0.0), "{key}");
    }
    let metrics = "sessions energy_requested_kwh energy_delivered_kwh demand_met_pct \
        sessions_fully_served_pct unmet_kwh_p95 peak_kw limit_kw load_factor utilisation_pct \
        over_limit_s over_limit_kwh over_limit_max_kw committed_over_limit_s \
        setpoint_changes_per_h reversals_per_h total_variation_kw_per_h endogenous_changes \
        pauses_per_session jain_satisfaction time_to_first_power_s_p95 command_latency_ms_p95 \
        set_charging_profile_calls commands_rejected commands_timed_out";
    for key in metrics.split_whitespace() {
        assert!(summary["metrics"][key].is_number(), "{key}: {}", summary["metrics"][key]);
    }
    assert_eq!(summary["scenario"], "Tiny");
    assert_eq!(summary["virtual_s"], 7200.0);
    assert_eq!(summary["assertions"][0]["metric"], "over_limit_s");
}

#[test]
fn the_second_run_into_a_folder_leaves_nothing_of_the_first() {
    let place = Place::new();
    place.ampacity(&["run", "tiny.toml", "--out", "r", "--trace"]).succeeded();
    place.write("r/charts/of_an_older_version.svg", "<svg/>");
    place.write("r/notes.txt", "mine");
    let first = place.read("r/sessions.csv");
    place.ampacity(&["run", "tiny.toml", "--out", "r", "--seed", "4"]).succeeded();
    let mut files = expected(false);
    files.push("notes.txt".to_owned());
    files.sort();
    assert_eq!(place.files("r"), files, "no stale trace, no stale chart, and the notes stay");
    assert_ne!(place.read("r/sessions.csv"), first);
}

#[test]
fn a_run_that_fails_to_load_leaves_the_results_before_it_alone() {
    let place = Place::new();
    place.ampacity(&["run", "tiny.toml", "--out", "r", "--trace"]).succeeded();
    place.ampacity(&["run", "tiny.toml", "--out", "r", "--set", "x=1"]).failed(2, &["`x`"]);
    assert_eq!(place.files("r"), expected(true));
}

#[test]
fn files_of_others_are_not_removed() {
    let place = Place::new();
    place.write("trace.jsonl", "recorded elsewhere\n");
    place.write("charts/drawn_by_hand.svg", "<svg/>");
    place.ampacity(&["run", "tiny.toml", "--out", "."]).succeeded();
    assert_eq!(place.read("trace.jsonl"), "recorded elsewhere\n");
    assert_eq!(place.read("charts/drawn_by_hand.svg"), "<svg/>");
}
