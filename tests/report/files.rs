//! The files of the hand-made run, as snapshots.

use ampacity::report::{Report, Verdict, charts, html, junit, summary, tables, terminal, write};
use ampacity::sim::record::RunRecord;
use ampacity::time::Span;

use crate::fixture::{record, scenario};
use crate::xml;

const COMMAND: &str = "ampacity run scenarios/three.toml --strategy equal --seed 7";

#[test]
fn summary_json() {
    let (scenario, record) = (scenario(), record());
    let text = summary::render(&Report::new(&scenario, &record, COMMAND));
    let version = format!("\"ampacity_version\": \"{}\"", env!("CARGO_PKG_VERSION"));
    insta::assert_snapshot!(text.replace(&version, "\"ampacity_version\": \"[version]\""));
}

#[test]
fn tables_as_csv() {
    let (scenario, record) = (scenario(), record());
    let report = Report::new(&scenario, &record, COMMAND);
    insta::assert_snapshot!("history_csv", tables::history(&report));
    insta::assert_snapshot!("chargers_csv", tables::chargers(&report));
    insta::assert_snapshot!("sessions_csv", tables::sessions(&report));
    insta::assert_snapshot!("commands_csv", tables::commands(&report));
}

#[test]
fn terminal_text() {
    let (scenario, record) = (scenario(), record());
    let text = terminal::render(&Report::new(&scenario, &record, COMMAND), false);
    assert!(text.starts_with("FAILED"), "the verdict comes first");
    assert!(text.lines().count() <= 41, "the verdict and 40 lines");
    insta::assert_snapshot!(text);
}

#[test]
fn colour_only_when_asked_for() {
    let (scenario, record) = (scenario(), record());
    let report = Report::new(&scenario, &record, COMMAND);
    assert!(!terminal::render(&report, false).contains('\u{1b}'));
    assert!(terminal::render(&report, true).starts_with("\u{1b}[1;31mFAILED"));
}

#[test]
fn junit_xml() {
    let (scenario, record) = (scenario(), record());
    let text = junit::render(&Report::new(&scenario, &record, COMMAND));
    xml::check(&text);
    insta::assert_snapshot!(text);
}

#[test]
fn a_run_that_fulfils_its_assertions_passes() {
    let mut scenario = scenario();
    scenario.asserts.retain(|assertion| assertion.metric != "over_limit_s");
    let record = record();
    let report = Report::new(&scenario, &record, COMMAND);
    assert_eq!(report.verdict(), Verdict::Passed, "a failed warning is no failure");
    let text = terminal::render(&report, false);
    assert!(text.starts_with("PASSED  1 of 2 assertions hold"), "{text}");
}

#[test]
fn an_interrupted_run_never_passes() {
    let mut scenario = scenario();
    scenario.asserts.clear();
    let mut record = record();
    record.to = record.to - Span::from_s(60);
    let report = Report::new(&scenario, &record, COMMAND);
    assert_eq!(report.verdict(), Verdict::Incomplete);
    let text = terminal::render(&report, false);
    assert!(text.starts_with("INTERRUPTED  after 1 h 59 min of 2 h; so far "), "{text}");
    let text = summary::render(&report);
    assert!(text.contains("\"complete\": false") && text.contains("\"passed\": false"), "{text}");
    let text = junit::render(&report);
    xml::check(&text);
    assert!(text.contains("tests=\"1\" failures=\"0\" errors=\"1\""), "{text}");
    let page = html::render(&report, &charts::all(&report));
    assert!(page.contains("<b>INTERRUPTED</b>") && page.contains("<title>Interrupted: "));
}

#[test]
fn a_verdict_with_many_failures_stays_short() {
    let mut scenario = scenario();
    let failing = scenario.asserts[0].clone();
    scenario.asserts = vec![failing; 50];
    let record = record();
    let text = terminal::render(&Report::new(&scenario, &record, COMMAND), false);
    assert!(text.contains("and 42 more"), "{text}");
    assert!(text.lines().count() <= 41, "{}", text.lines().count());
}

#[test]
fn every_column_holds_in_every_row() {
    let (scenario, record) = (scenario(), record());
    let report = Report::new(&scenario, &record, COMMAND);
    let tables = [
        tables::history(&report),
        tables::chargers(&report),
        tables::sessions(&report),
        tables::commands(&report),
    ];
    for table in tables {
        // The reader refuses rows of different lengths.
        let mut reader = csv::Reader::from_reader(table.as_bytes());
        let rows = reader.records().collect::<Result<Vec<_>, _>>().expect("a regular table");
        assert!(!rows.is_empty());
    }
}

#[test]
fn only_performance_depends_on_the_machine() {
    let scenario = scenario();
    let fast = record();
    let slow = RunRecord { wall_s: 77.0, ..fast.clone() };
    let stable = |record: &RunRecord| {
        let report = Report::new(&scenario, record, COMMAND);
        let mut json: serde_json::Value =
            serde_json::from_str(&summary::render(&report)).expect("JSON");
        json.as_object_mut().expect("an object").remove("performance").expect("performance");
        let rest = [tables::history(&report), junit::render(&report)];
        (json, rest, charts::all(&report).iter().map(charts::Chart::to_file).collect::<Vec<_>>())
    };
    assert_eq!(stable(&fast), stable(&slow));
}

#[test]
fn the_page_is_whole_and_offline() {
    let (scenario, record) = (scenario(), record());
    let report = Report::new(&scenario, &record, COMMAND);
    let page = html::render(&report, &charts::all(&report));
    assert!(page.contains("Three chargers &lt;by hand&gt;"), "names are escaped");
    // The template engine escapes slashes too.
    assert!(page.replace("&#x2f;", "/").contains(COMMAND) && page.contains("c0ffee"));
    assert_eq!(page.matches("<svg ").count(), 6);
    for forbidden in ["<script", "<link", "<img", " src=", "url(", "@import"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    let addresses: Vec<&str> = page.split("http").skip(1).collect();
    assert!(
        addresses
            .iter()
            .all(|rest| rest.starts_with("://www.w3.org/2000/svg") || rest.starts_with("-equiv"))
    );
}

#[test]
fn all_files_of_the_folder_are_written() {
    let (scenario, record) = (scenario(), record());
    let report = Report::new(&scenario, &record, COMMAND);
    let dir = tempfile::tempdir().expect("a folder");
    let target = dir.path().join("reports/three-equal-7");
    write::write_all(&target, &report).expect("written");
    write::write_all(&target, &report).expect("written over an earlier run");
    for file in [
        "summary.json",
        "history.csv",
        "chargers.csv",
        "sessions.csv",
        "commands.csv",
        "junit.xml",
        "report.html",
    ] {
        assert!(target.join(file).metadata().is_ok_and(|meta| meta.len() > 0), "{file}");
    }
    assert_eq!(std::fs::read_dir(target.join("charts")).expect("charts").count(), 6);
}

#[test]
fn an_unwritable_folder_is_named_in_the_error() {
    let (scenario, record) = (scenario(), record());
    let report = Report::new(&scenario, &record, COMMAND);
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("taken");
    std::fs::write(&file, "").expect("written");
    let error = write::write_all(&file, &report).expect_err("a file is in the way");
    assert!(error.to_string().contains("taken"), "{error}");
}
