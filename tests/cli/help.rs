//! Help, version, completions and the manual.

use crate::support::Place;

#[test]
fn help_of_every_command() {
    let place = Place::new();
    for command in [
        "",
        "run",
        "compare",
        "sweep",
        "sweep merge",
        "fleet",
        "check",
        "explain",
        "schedule",
        "inspect",
        "replay",
        "record",
        "redact",
        "import",
        "import sessions",
        "import acn",
        "import trace",
        "new",
        "schema",
        "completions",
        "man",
    ] {
        for flag in ["--help", "-h"] {
            let args: Vec<&str> = command.split_whitespace().chain([flag]).collect();
            let done = place.ampacity(&args);
            done.succeeded();
            let longest = done.stdout.lines().map(|line| line.chars().count()).max();
            assert!(longest <= Some(100), "{longest:?} columns\n{}", done.stdout);
            let length = if flag == "-h" { "short" } else { "long" };
            let name = if command.is_empty() { "ampacity" } else { command };
            let name = name.replace(' ', "_");
            insta::assert_snapshot!(format!("{name}_{length}"), done.stdout);
        }
    }
}

#[test]
fn no_command_at_all_is_wrong_usage_and_shows_the_help() {
    Place::new().ampacity(&[]).failed(2, &["Usage: ampacity", "run ", "check ", "man "]);
}

#[test]
fn version() {
    let done = Place::new().ampacity(&["--version"]);
    done.succeeded();
    assert_eq!(done.stdout, format!("ampacity {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn completions_know_commands_options_and_strategies() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish"] {
        let done = place.ampacity(&["completions", shell]);
        done.succeeded();
        for word in ["completions", "strategy", "max_throughput", "trace"] {
            assert!(done.stdout.contains(word), "{shell}: {word}");
        }
    }
    place.ampacity(&["completions", "bas"]).failed(2, &["'bash'", "fish"]);
}

#[test]
fn the_manual_has_every_command_option_and_exit_code() {
    let done = Place::new().ampacity(&["man"]);
    done.succeeded();
    assert!(done.stdout.contains(".TH ampacity 1"));
    for heading in [
        "NAME",
        "SYNOPSIS",
        "DESCRIPTION",
        "OPTIONS",
        "RUN",
        "SWEEP",
        "CHECK",
        "EXPLAIN",
        "SCHEDULE",
        "INSPECT",
        "RECORD",
        "REDACT",
        "IMPORT",
        "NEW",
        "SCHEMA",
        "COMPLETIONS",
        "MAN",
        "ENVIRONMENT",
        "EXAMPLES",
    ] {
        assert!(done.stdout.contains(&format!(".SH {heading}\n")), "{heading}");
    }
    for option in ["strategy", "seed", "set", "out", "trace", "json", "quiet", "color"] {
        assert!(done.stdout.contains(&format!("\\-\\-{option}")), "{option}");
    }
    let (_, codes) = done.stdout.split_once(".SH EXIT STATUS\n").expect("exit codes");
    for code in ["0", "1", "2", "3", "5", "101", "130"] {
        assert!(codes.contains(&format!(".TP\n{code}\n")), "{code}");
    }
}

#[test]
fn the_schema_is_json_schema() {
    let done = Place::new().ampacity(&["schema"]);
    done.succeeded();
    let schema: serde_json::Value = serde_json::from_str(&done.stdout).expect("JSON");
    assert!(schema["$schema"].as_str().is_some_and(|it| it.contains("json-schema.org")));
    assert!(schema["properties"]["chargers"].is_object());
}
