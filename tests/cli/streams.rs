//! Standard streams: closed pipes, full disks, colour.

use std::process::Stdio;

use crate::support::{Place, TINY};

#[test]
fn a_closed_pipe_is_no_error() {
    let place = Place::new();
    let commands: [&[&str]; 6] = [
        &["run", "tiny.toml"],
        &["run", "tiny.toml", "--json"],
        &["schema"],
        &["man"],
        &["completions", "bash"],
        &["--help"],
    ];
    for args in commands {
        let mut child = place.spawn(args).spawn().expect("a child");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("its end");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), &*stderr), (Some(0), ""), "{args:?}");
    }
}

/// `eprintln!` panics when nobody reads.
#[test]
fn a_closed_standard_error_changes_no_exit_code() {
    let place = Place::new();
    place.write("bad.toml", "x\n".repeat(20_000));
    for (args, code) in [(["check", "bad.toml"], 2), (["run", "none.toml"], 3)] {
        let mut child = place.spawn(&args).spawn().expect("a child");
        drop(child.stderr.take());
        assert_eq!(child.wait().expect("its end").code(), Some(code), "{args:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_exit_3_and_named() {
    let place = Place::new();
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
    for args in [&["schema"][..], &["run", "tiny.toml"], &["man"], &["check", "tiny.toml"]] {
        let output = place.spawn(args).stdout(Stdio::from(full())).output().expect("a child");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{args:?}");
        assert!(stderr.contains("cannot write to standard output: No space"), "{stderr}");
    }
    for name in ["trace.jsonl", "summary.json", "charts/energy.svg"] {
        let out = name.replace(['.', '/'], "_");
        std::fs::create_dir_all(place.path(&out).join("charts")).expect("a folder");
        std::os::unix::fs::symlink("/dev/full", place.path(&out).join(name)).expect("a link");
        let done = place.ampacity(&["run", "tiny.toml", "--trace", "--out", &out]);
        done.failed(3, &[&format!("{out}/{name}"), "No space left"]);
    }
}

/// A year with a trace that nobody can write would be a year for nothing.
#[cfg(target_os = "linux")]
#[test]
fn a_trace_that_cannot_be_written_ends_the_run_at_once() {
    let place = Place::new();
    place.tiny_with("long.toml", "duration = \"2h\"", "duration = \"366d\"");
    std::fs::create_dir_all(place.path("r")).expect("a folder");
    std::os::unix::fs::symlink("/dev/full", place.path("r/trace.jsonl")).expect("a link");
    let done = place.ampacity(&["run", "long.toml", "--trace", "--out", "r"]);
    done.failed(3, &["r/trace.jsonl", "No space left"]);
    assert!(!place.path("r/summary.json").exists());
}

#[test]
fn colour_only_when_asked_for() {
    let place = Place::new();
    place.write("bad.toml", TINY.replace("count = 2", "count = 0"));
    let coloured = |variables: &[(&str, &str)], args: &[&str]| {
        let done = place.ampacity_with(variables, args);
        (done.stdout.contains('\u{1b}'), done.stderr.contains('\u{1b}'))
    };
    let no_color = [("NO_COLOR", "1")];
    assert_eq!(coloured(&[], &["run", "tiny.toml"]), (false, false), "a pipe is no terminal");
    assert_eq!(coloured(&[], &["run", "tiny.toml", "--color", "always"]), (true, false));
    assert_eq!(coloured(&no_color, &["run", "tiny.toml", "--color", "always"]), (true, false));
    assert_eq!(coloured(&no_color, &["run", "tiny.toml"]), (false, false));
    assert_eq!(coloured(&[], &["--color=always", "check", "bad.toml"]), (false, true));
    assert_eq!(coloured(&[], &["--color=never", "check", "bad.toml"]), (false, false));
    assert_eq!(coloured(&[], &["--color=always", "--help"]), (true, false));
    assert_eq!(coloured(&[], &["run", "--color=always"]), (false, true), "wrong usage, too");
    assert_eq!(coloured(&[], &["run", "--color=never"]), (false, false));
    let json = coloured(&[], &["run", "tiny.toml", "--json", "--color", "always"]);
    assert_eq!(json, (false, false), "JSON is data");
}

/// `script` lends a terminal; where it is missing the test says so.
#[cfg(target_os = "linux")]
#[test]
fn a_terminal_gets_colour_unless_no_color_is_set() {
    let place = Place::new();
    let on_terminal = |variables: &[(&str, &str)], args: &str| {
        let line = format!("{} {args}", crate::support::PROGRAM);
        std::process::Command::new("script")
            .args(["-qec", &line, "/dev/null"])
            .current_dir(place.path(""))
            .env_remove("NO_COLOR")
            .env("TERM", "xterm")
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .output()
            .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let Ok(plain) = on_terminal(&[], "run tiny.toml") else {
        println!("skipped: there is no `script` to lend a terminal");
        return;
    };
    assert!(plain.contains("\u{1b}[1;32mPASSED"), "{plain}");
    for (variables, args) in [
        (&[("NO_COLOR", "1")], "run tiny.toml"),
        (&[("TERM", "dumb")], "run tiny.toml"),
        (&[("TERM", "xterm")], "run tiny.toml --color never"),
        (&[("TERM", "xterm")], "run --help --color never"),
    ] {
        let text = on_terminal(variables, args).expect("script");
        assert!(!text.contains('\u{1b}'), "{variables:?} {args}: {text}");
    }
}
