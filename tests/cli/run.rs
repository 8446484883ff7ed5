//! `run`: verdict, data on standard output, exit codes, interruption.

use serde_json::Value;

use crate::support::{Done, Place};

#[test]
fn the_verdict_comes_first_then_at_most_forty_lines() {
    let place = Place::new();
    let done = place.ampacity(&["run", "tiny.toml"]);
    done.succeeded();
    assert!(done.stdout.starts_with("PASSED"), "{}", done.stdout);
    assert!(done.stdout.lines().count() <= 41, "{}", done.stdout);
    assert!(done.stdout.ends_with("results: reports/tiny-equal-3\n"), "{}", done.stdout);
}

#[test]
fn a_failed_assertion_is_exit_1_and_the_results_are_there() {
    let place = Place::new();
    place.tiny_with("a.toml", "over_limit_s\"\nmax = 0", "peak_kw\"\nmax = 1");
    let done = place.ampacity(&["run", "a.toml", "--out", "r"]);
    assert_eq!((done.code, done.stderr.as_str()), (1, ""));
    assert!(done.stdout.starts_with("FAILED"), "{}", done.stdout);
    assert!(done.stdout.contains("peak_kw"), "{}", done.stdout);
    assert!(place.read("r/junit.xml").contains("<failure"));
}

#[test]
fn a_failed_warning_is_no_failure() {
    let place = Place::new();
    let warning = "peak_kw\"\nseverity = \"warning\"\nmax = 1";
    place.tiny_with("a.toml", "over_limit_s\"\nmax = 0", warning);
    place.ampacity(&["run", "a.toml"]).succeeded();
}

#[test]
fn a_run_that_no_car_visits_is_exit_5() {
    let place = Place::new();
    place.tiny_with("a.toml", "per_hour = 3", "per_hour = 3\nfrom = \"20:00\"\nto = \"21:00\"");
    let done = place.ampacity(&["run", "a.toml", "--quiet"]);
    done.failed(5, &["no car plugged in"]);
}

#[test]
fn json_is_the_summary_and_nothing_else() {
    let place = Place::new();
    let done = place.ampacity(&["run", "tiny.toml", "--json", "--out", "r"]);
    done.succeeded();
    assert_eq!(done.stdout, place.read("r/summary.json"));
    let summary: Value = serde_json::from_str(&done.stdout).expect("JSON");
    assert_eq!(summary["complete"], true);
}

#[test]
fn quiet_prints_nothing_whatever_the_verdict() {
    let place = Place::new();
    let done = place.ampacity(&["run", "tiny.toml", "--quiet"]);
    done.succeeded();
    assert_eq!(done.stdout, "");
    place.tiny_with("a.toml", "over_limit_s\"\nmax = 0", "peak_kw\"\nmax = 1");
    let done = place.ampacity(&["run", "a.toml", "-q"]);
    assert_eq!((done.code, done.stdout.as_str(), done.stderr.as_str()), (1, "", ""));
    place.ampacity(&["run", "tiny.toml", "-q", "--json"]).failed(2, &["--json", "--quiet"]);
}

#[test]
fn options_change_strategy_seed_and_values() {
    let place = Place::new();
    let args = ["--strategy", "priority", "--seed", "12", "--set", "site.max_power_kw=15"];
    let all = [&["run", "tiny.toml", "--json"], &args[..], &["--set", "site.reserve_kw=1"]];
    let done = place.ampacity(&all.concat());
    done.succeeded();
    let summary: Value = serde_json::from_str(&done.stdout).expect("JSON");
    assert_eq!(summary["strategy"], "priority");
    assert_eq!(summary["seed"], 12);
    assert_eq!(summary["metrics"]["limit_kw"], 14.0);
    assert!(place.path("reports/tiny-priority-12/summary.json").exists());
}

#[test]
fn a_scenario_may_come_from_windows() {
    let place = Place::new();
    let text = format!("\u{feff}{}", std::fs::read_to_string(place.path("tiny.toml")).unwrap());
    place.write("windows.toml", text.replace('\n', "\r\n"));
    let done = place.ampacity(&["run", "windows.toml", "--set", "site.reserve_kw=1", "--json"]);
    done.succeeded();
    place.write("wrong.toml", text.replace("name =", "nmae =").replace('\n', "\r\n"));
    place.ampacity(&["check", "wrong.toml"]).failed(2, &["wrong.toml:1:1: error", "`name`"]);
}

#[test]
fn paths_may_hold_blanks_quotes_and_letters() {
    let place = Place::new();
    place.write("my sites/Bob's \"site\" ä.toml", crate::support::TINY);
    let scenario = "my sites/Bob's \"site\" ä.toml";
    place.ampacity(&["run", scenario, "--out", "out of \"order\"'s/ä"]).succeeded();
    assert!(place.path("out of \"order\"'s/ä/summary.json").exists());
    let absolute = place.path("absolute");
    place.ampacity(&["run", scenario, "--out", absolute.to_str().unwrap()]).succeeded();
    assert!(absolute.join("summary.json").exists());
    place.ampacity(&["run", scenario, "--seed", "4"]).succeeded();
    assert!(place.path("reports/Bob's \"site\" ä-equal-4/summary.json").exists());
}

/// A path need not be Unicode.
#[cfg(target_os = "linux")]
#[test]
fn a_path_that_is_no_unicode_is_as_good_as_any() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let place = Place::new();
    let name = OsStr::from_bytes(b"caf\xe9.toml");
    std::fs::copy(place.path("tiny.toml"), place.path("").join(name)).expect("a copy");
    let output = place.spawn(&["run"]).arg(name).args(["--out", "r"]).output().expect("a run");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[cfg(unix)]
#[test]
fn ctrl_c_writes_what_there_is_and_is_exit_130() {
    let place = Place::new();
    place.tiny_with("long.toml", "duration = \"2h\"", "duration = \"366d\"");
    let args = ["run", "long.toml", "--out", "r", "--trace"];
    let trace = place.path("r/trace.jsonl");
    let running = || trace.metadata().is_ok_and(|it| it.len() > 0);
    let Done { code, stdout, stderr } = Place::interrupted(place.spawn(&args), running);
    assert_eq!(code, 130, "{stderr}");
    assert!(stderr.contains("interrupted"), "{stderr}");
    assert!(stdout.starts_with("INTERRUPTED  after "), "{stdout}");
    let summary: Value = serde_json::from_str(&place.read("r/summary.json")).expect("JSON");
    assert_eq!((&summary["complete"], &summary["passed"]), (&false.into(), &false.into()));
    let virtual_s = summary["virtual_s"].as_f64().expect("a number");
    assert!(virtual_s > 0.0 && virtual_s < 366.0 * 86_366.0, "{virtual_s}");
    assert_eq!(place.files("r"), crate::files::expected(true));
    for line in place.read("r/trace.jsonl").lines() {
        serde_json::from_str::<Value>(line).expect("a whole line");
    }
}
