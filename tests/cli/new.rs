//! `ampacity new`: every template runs as it is written, and nothing is overwritten.

use std::process::Command;

use crate::support::{PROGRAM, Place};

const SCENARIOS: [&str; 5] = ["office", "depot", "highway", "apartments", "fault-drill"];

#[test]
fn every_scenario_runs_and_passes_by_the_command_it_prints() {
    let place = Place::new();
    for name in SCENARIOS {
        let done = place.ampacity(&["new", name, "mine"]);
        done.succeeded();
        let file = format!("mine/{name}.toml");
        let next = format!("written: {file}\nnext:    ampacity run {file}\n");
        assert_eq!(done.stdout, next);
        assert!(place.read(&file).contains(&format!("ampacity run {file}")), "its own command");
        assert!(!place.read(&file).contains("scenarios/"), "no path of the project");
        place.ampacity(&["run", &file, "--out", name, "--quiet"]).succeeded();
    }
}

#[test]
fn the_drill_meets_all_four_faults() {
    let place = Place::new();
    place.ampacity(&["new", "fault-drill"]).succeeded();
    let drill = place.read("fault-drill.toml");
    for fault in ["offline", "reboot", "mute", "ignore_limits"] {
        assert!(drill.contains(&format!("fault = \"{fault}\"")), "{fault}");
    }
    place.ampacity(&["run", "fault-drill.toml", "--out", "r", "--quiet"]).succeeded();
    let summary: serde_json::Value =
        serde_json::from_str(&place.read("r/summary.json")).expect("JSON");
    assert!(summary["metrics"]["over_limit_s"].as_f64() > Some(0.0), "the disobedience is felt");
}

#[test]
fn nothing_is_overwritten() {
    let place = Place::new();
    place.write("office.toml", "mine");
    place.ampacity(&["new", "office"]).failed(2, &["office.toml is there already"]);
    assert_eq!(place.read("office.toml"), "mine");
    place.ampacity(&["new", "ofice"]).failed(2, &["'office'", "fault-drill"]);
}

/// The script of a step of the workflow.
fn script(workflow: &str, step: &str) -> String {
    let (_, rest) = workflow.split_once(&format!("- name: {step}\n")).expect("the step");
    let (_, rest) = rest.split_once("run: |\n").expect("its script");
    let lines = rest.lines().take_while(|line| line.starts_with("          ") || line.is_empty());
    lines.map(|line| format!("{}\n", line.trim_start_matches("          "))).collect()
}

#[test]
fn the_workflow_runs_every_scenario_and_fails_with_the_one_that_fails() {
    let place = Place::new();
    let done = place.ampacity(&["new", "ci"]);
    done.succeeded();
    assert!(done.stdout.contains("AMPACITY_SOURCE"), "{}", done.stdout);
    let workflow = place.read(".github/workflows/ampacity.yml");
    let script = script(&workflow, "Run the scenarios");
    let run = |scenarios: &str| {
        let bin = std::path::Path::new(PROGRAM).parent().expect("a folder");
        let path = std::env::var("PATH").expect("a path");
        let mut command = Command::new("bash");
        command.current_dir(place.path("")).args(["-e", "-c", &script]);
        command.env("PATH", format!("{}:{path}", bin.display())).env("SCENARIOS", scenarios);
        command.env("GITHUB_STEP_SUMMARY", place.path("summary.md")).env("GITHUB_ACTIONS", "true");
        let output = command.output().expect("bash");
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(text).expect("UTF-8"))
    };
    place.tiny_with("sites/good.toml", "max = 0", "max = 0");
    let (code, text) = run("sites/*.toml");
    assert_eq!(code, Some(0), "{text}");
    assert!(place.read("reports/good/junit.xml").contains("<testsuite"));
    place.tiny_with("sites/bad.toml", "max = 0", "min = 1");
    let (code, text) = run("sites/*.toml");
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("::error file=sites/bad.toml,line="), "{text}");
    assert!(place.read("reports/bad/junit.xml").contains("<failure"));
    assert!(place.read("summary.md").contains("FAILED"));
    let (code, text) = run("nowhere/*.toml");
    assert_eq!((code, text.contains("::error::no scenario matches")), (Some(2), true), "{text}");
}
