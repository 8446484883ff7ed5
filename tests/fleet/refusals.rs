//! What keeps a fleet from running, and how its user learns of it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use ampacity::shell::fleet::{Ending, FleetOptions, Passwords};
use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

use crate::central::{Central, Script};
use crate::{options, run, scenario_text};

/// Does not wait long for a connection that never comes.
fn impatient(url: &str) -> FleetOptions {
    FleetOptions { give_up_after: Duration::from_secs(1), ..options(url) }
}

#[test]
fn a_wrong_password_is_told_once_and_not_tried_in_a_hurry() {
    let authorization = Some("Basic Y3BfMTpzZWNyZXQ=".to_owned());
    let central = Central::start(Script { authorization, ..Script::default() });
    let mut options = impatient(&central.url);
    options.passwords = Passwords::Same("guess".to_owned());
    let (end, told) = run(&["cp_1", "cp_2", "cp_3"], &options);
    assert_eq!(end.ending, Ending::NeverConnected);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("401") && told[0].contains("--password"), "{told:?}");
    assert!(!told[0].contains("guess"), "no password is shown: {told:?}");
    assert_eq!(end.tally.failed_attempts["http 401"], 3, "one attempt each");
}

#[test]
fn an_identity_that_is_not_known_there_keeps_nobody_else_from_charging() {
    let known = Some(vec!["cp_1"]);
    let central = Central::start(Script { known, ..Script::default() });
    let (end, told) = run(&["cp_1", "cp_2"], &options(&central.url));
    assert_eq!(end.ending, Ending::Over);
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with("cp_2: ") && told[0].contains("commission"), "{told:?}");
    let delivered: Vec<bool> =
        end.record.sessions.iter().map(|session| session.delivered_kwh > 0.0).collect();
    assert_eq!(delivered, [true, false], "a station that never booted gives nothing");
}

#[test]
fn a_central_system_that_speaks_no_ocpp_is_named_as_such() {
    let central = Central::start(Script { speaks_no_ocpp: true, ..Script::default() });
    let (end, told) = run(&["cp_1"], &impatient(&central.url));
    assert_eq!(end.ending, Ending::NeverConnected);
    assert!(told[0].contains("does not speak ocpp1.6"), "{told:?}");
}

/// The program in a folder with the scenario `loopback.toml`.
fn ampacity(folder: &Path, args: &[&str]) -> (i32, String, String) {
    let (text, sessions) = scenario_text(&["cp_1"]);
    fs::write(folder.join("loopback.toml"), text).unwrap();
    fs::write(folder.join("sessions.csv"), sessions).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_ampacity"));
    command.current_dir(folder).args(["fleet", "loopback.toml"]).args(args);
    let done = command.timeout(Duration::from_secs(120)).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (done.status.code().unwrap_or(-1), text(done.stdout), text(done.stderr))
}

#[test]
fn wrong_arguments_are_refused_with_the_remedy() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("keys"), "# all\ncp_2:x\n").unwrap();
    fs::write(folder.path().join("broken"), "cp_1:x\nsecret\n").unwrap();
    fs::write(folder.path().join("ca.pem"), "nothing").unwrap();
    let ws = ["--csms", "ws://localhost:9"];
    for (args, words) in [
        (&["--csms", "http://localhost:9"][..], &["ws://"][..]),
        (&["--csms", "ws://me:key@localhost"], &["--password"]),
        (&[], &["--csms"]),
        (&[ws[0], ws[1], "--speed", "max"], &["keeps its own time", "realtime"]),
        (&[ws[0], ws[1], "--speed", "0"], &["0.001"]),
        (&[ws[0], ws[1], "--speed", "NaN"], &["0.001"]),
        (&[ws[0], ws[1], "--passwords", "keys"], &["cp_1", "no line"]),
        (&[ws[0], ws[1], "--passwords", "broken"], &["broken: line 2", "IDENTITY:PASSWORD"]),
        (&[ws[0], ws[1], "--ca", "ca.pem"], &["wss://"]),
        (&["--csms", "wss://localhost:9", "--ca", "ca.pem"], &["ca.pem", "no certificate"]),
        (&[ws[0], ws[1], "--set", "site.max=1"], &["`max`"]),
    ] {
        let (code, stdout, stderr) = ampacity(folder.path(), args);
        assert_eq!((code, stdout.as_str()), (2, ""), "{args:?}: {stderr}");
        for word in words {
            assert!(stderr.contains(word), "{args:?}: {word} is missing in\n{stderr}");
        }
        assert!(!stderr.contains("secret"), "{stderr}");
    }
}

#[test]
fn nobody_there_is_a_failure_of_the_runtime() {
    let folder = TempDir::new().unwrap();
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("ws://127.0.0.1:{port}");
    let (code, stdout, stderr) =
        ampacity(folder.path(), &["--csms", &url, "--give-up-after", "1", "--json"]);
    assert_eq!((code, stdout.as_str()), (3, ""), "{stderr}");
    assert!(stderr.contains("cp_1: cannot reach the central system"), "{stderr}");
    assert!(stderr.contains("no charge point could ever connect"), "{stderr}");
}

#[test]
fn a_run_ends_with_its_figures_for_programs() {
    let central = Central::start(Script::default());
    let folder = TempDir::new().unwrap();
    let fleet = |args: &[&str]| {
        let all = [&["--csms", &central.url, "--speed", "200"], args].concat();
        ampacity(folder.path(), &all)
    };
    let (code, stdout, stderr) = fleet(&["--json"]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    let report: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(report["schema"], "ampacity-fleet/1");
    assert_eq!((&report["complete"], &report["sessions"]), (&true.into(), &1.into()));
    assert!(report["energy_delivered_kwh"].as_f64() > Some(1.0), "{report}");
    let (code, stdout, stderr) = fleet(&["--set", "duration=\"1m\""]);
    assert_eq!(code, 5, "{stderr}");
    assert!(stdout.starts_with("DONE  1 of 1 charge points"), "{stdout}");
    assert!(stderr.contains("nothing ran"), "{stderr}");
}

#[test]
fn what_the_operator_decides_is_left_to_the_operator() {
    let central = Central::start(Script::default());
    let folder = TempDir::new().unwrap();
    let rebalance = "timeline=[{at = \"08:00\", rebalance = \"manual\"}]";
    let shared = ["--csms", &central.url, "--speed", "200", "--set", rebalance];
    let (code, _, stderr) = ampacity(folder.path(), &shared);
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(stderr.matches("[[timeline]]").count(), 1, "{stderr}");
}
