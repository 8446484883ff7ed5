//! Broken scenarios, one flaw (or several) a file: what `ampacity check` says about each.
//!
//! The expected texts are snapshots beside the tests. A message is good when it names the place,
//! the cause and the remedy; whoever changes one reads it again with these eyes.

use std::path::{Path, PathBuf};

use ampacity::scenario::diagnostic::Level;
use ampacity::scenario::{Diagnostic, Source, apply_override, load};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken")
}

fn problems_of(source: &Source) -> Vec<Diagnostic> {
    let files = |name: &str| {
        // The words of the system differ between systems; the program's own do not.
        std::fs::read_to_string(folder().join(name)).map_err(|_| format!("no file {name}"))
    };
    match load(source, &files) {
        Ok((_, warnings)) => warnings,
        Err(problems) => problems,
    }
}

fn rendered(problems: &[Diagnostic]) -> String {
    let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
    texts.join("\n\n")
}

fn broken_files() -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder())
        .expect("the folder of broken scenarios")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    paths.sort();
    paths
}

fn source_of(path: &Path) -> Source {
    let text = std::fs::read_to_string(path).expect("a broken scenario");
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    Source::new(name, &text)
}

#[test]
fn every_broken_scenario_is_explained() {
    let paths = broken_files();
    assert!(paths.len() >= 40, "{} broken scenarios", paths.len());
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_snapshot_path("snapshots/broken");
    settings.bind(|| {
        for path in &paths {
            let source = source_of(path);
            let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            insta::assert_snapshot!(name, rendered(&problems_of(&source)));
        }
    });
}

#[test]
fn every_problem_is_an_error_with_a_place_a_cause_and_a_remedy() {
    for path in broken_files() {
        let problems = problems_of(&source_of(&path));
        let shown = rendered(&problems);
        assert!(problems.iter().any(|problem| problem.level() == Level::Error), "{path:?}");
        for problem in &problems {
            assert!(problem.line() > 0 && problem.column() > 0, "{shown}");
            assert!(problem.remedy().is_some(), "no remedy:\n{shown}");
        }
        let main = problems.iter().take_while(|problem| problem.file().ends_with(".toml"));
        let places: Vec<(usize, usize)> = main.map(|p| (p.line(), p.column())).collect();
        assert!(places.is_sorted(), "in the order of the file:\n{shown}");
    }
}

#[test]
fn a_wrong_override_is_reported_against_the_override() {
    let text = std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/workplace.toml"),
    )
    .expect("the workplace");
    let source = Source::new("workplace.toml", &text);
    let mut shown = Vec::new();
    for assignment in [
        "site.max_power_kw=eighty",
        "site.max_power_kw=-5",
        "site.max_powr_kw=80",
        "site.strategy=equall",
        "chargers.0.count=0",
        "network.loss=2",
        "site.control.rotation=15",
        "duration=2 weeks ago",
        "sits.max_power_kw=80",
        "chargers.7.count=3",
        "chargers.count=3",
        "name.first=x",
        "arrivals=none",
        "site=50",
        "site.max_power_kw",
        "=5",
    ] {
        let text = match apply_override(&source, assignment) {
            Ok(source) => rendered(&problems_of(&source)),
            Err(problem) => problem.to_string(),
        };
        assert!(text.contains("--set:1:"), "{assignment}: {text}");
        shown.push(text);
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("overrides", shown.join("\n\n")));
}

#[test]
fn problems_below_an_added_key_keep_their_line() {
    let text = "name = \"x\"\n[site]\nmax_power_kw = 50\n[[chargers]]\nmodel = \"ac2\"\n";
    let source = Source::new("a.toml", text);
    let line = |source: &Source| {
        let problems = problems_of(source);
        let model = problems.iter().find(|p| p.message().contains("charger model"));
        model.map(Diagnostic::line)
    };
    assert_eq!(line(&source), Some(5));
    let mut edited = source;
    for assignment in ["site.reserve_kw=5", "start=2026-05-04T06:00:00Z", "network.loss=0.1"] {
        edited = apply_override(&edited, assignment).expect("a key to add");
        assert_eq!(line(&edited), Some(5), "{}", edited.text());
    }
}
