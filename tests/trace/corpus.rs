//! The 16 traces of the format's conformance corpus: the view that a reader must derive of each, and what is wrong in
//! it.

use std::fs;
use std::path::PathBuf;

use ampacity::trace::correlate::{Correlator, Role};
use ampacity::trace::record::MessageType;
use ampacity::trace::{Reader, Record};
use serde_json::{Value, json};

use crate::tape::{inspected, kinds_and_lines};

/// A trace of the corpus and the findings in it: kind and line.
type Fixture = (&'static str, &'static [(&'static str, u64)]);

/// What is wrong in the traces. Their names say what each was made for; some show more than that.
const CORPUS: [Fixture; 16] = [
    ("connector-fault", &[("connector_faulted", 17), ("unusual_stop_reason", 19)]),
    ("diagnostics-failure", &[("diagnostics_failed", 7)]),
    (
        "failed-auth",
        &[
            ("connector_faulted", 13),
            ("authorization_refused", 8),
            ("authorization_refused", 10),
            ("authorization_refused", 12),
        ],
    ),
    ("heartbeat-irregular", &[("heartbeat_irregular", 5), ("heartbeat_irregular", 7)]),
    ("invalid-stop-reason", &[("invalid_stop_reason", 15)]),
    ("meter-anomaly", &[("meter_backwards", 9)]),
    ("meter-value-gap", &[("meter_values_missing", 13)]),
    ("normal-session", &[]),
    ("orphan-response", &[("orphan_answer", 3)]),
    ("short-session", &[("short_session", 11)]),
    ("slow-csms-response", &[("slow_answer", 2)]),
    ("station-offline", &[("transaction_never_stopped", 7)]),
    ("status-transition-violation", &[("status_transition", 9)]),
    ("unexpected-start", &[("unexpected_start", 1)]),
    ("unexpected-stop-reason", &[("unusual_stop_reason", 15)]),
    ("unresponsive-csms", &[("unanswered_call", 1)]),
];

/// Folders of the corpus, by name; `None` without data.
fn corpus() -> Option<Vec<(String, PathBuf)>> {
    let Some(data) = std::env::var_os("AMPACITY_DATA") else {
        println!("skipped: AMPACITY_DATA does not name the data folder");
        return None;
    };
    let folder = PathBuf::from(data).join("open_ocpp_trace/fixtures");
    let entries = fs::read_dir(folder).expect("the corpus").map(|it| it.expect("an entry").path());
    let mut found: Vec<(String, PathBuf)> = entries
        .filter(|path| path.is_dir())
        .map(|path| (path.file_name().expect("a name").to_string_lossy().into_owned(), path))
        .collect();
    found.sort();
    Some(found)
}

fn read(folder: &PathBuf, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{folder:?}: {error}"))
}

#[test]
fn the_view_of_every_trace_of_the_corpus_is_the_expected_one() {
    let Some(corpus) = corpus() else { return };
    assert_eq!(corpus.len(), CORPUS.len());
    for (name, folder) in corpus {
        let expected: Value =
            serde_json::from_str(&read(&folder, "expected.json")).expect("a view");
        assert_eq!(view(&read(&folder, "trace.jsonl")), expected, "{name}");
    }
}

#[test]
fn every_trace_of_the_corpus_shows_what_it_was_made_for_and_nothing_unforeseen() {
    let Some(corpus) = corpus() else { return };
    for ((name, folder), (known, findings)) in corpus.iter().zip(CORPUS) {
        assert_eq!(name, known);
        let inspection = inspected(&read(folder, "trace.jsonl"));
        assert_eq!(kinds_and_lines(&inspection), findings, "{name}");
        assert_eq!(inspection.broken.count, 0, "{name}");
    }
}

#[test]
fn every_line_of_the_corpus_writes_back_as_it_stands() {
    let Some(corpus) = corpus() else { return };
    for (name, folder) in corpus {
        for line in read(&folder, "trace.jsonl").lines() {
            let mut written = String::new();
            Record::parse(line)
                .unwrap_or_else(|fault| panic!("{name}: {fault}"))
                .push_line(&mut written);
            assert_eq!(written.trim_end(), line, "{name}");
        }
    }
}

/// The view that the corpus asks readers for (`expected.json`), of the correlation.
fn view(text: &str) -> Value {
    let mut correlator = Correlator::default();
    let mut reader = Reader::new(text.as_bytes());
    let (mut version, mut records, mut orphans) = (String::new(), Vec::new(), Vec::new());
    let mut counts = [0_u64; 3];
    while let Some(line) = reader.next_line().expect("memory can be read") {
        let record = line.record.expect("a record");
        version = record.schema_version.to_string();
        let (at, name) = match record.message_type {
            MessageType::Call => (0, "CALL"),
            MessageType::CallResult => (1, "CALLRESULT"),
            MessageType::CallError => (2, "CALLERROR"),
        };
        counts[at] += 1;
        let turn = correlator.take(line.number, &record);
        let mut row = json!({
            "index": turn.index, "messageType": name, "messageId": record.message_id,
        });
        let mut action = record.action.as_deref().map(str::to_owned);
        match turn.role {
            Role::Call(_) => {}
            Role::Answer(call) => {
                action = Some(call.action.to_string());
                row["correlatesWith"] = json!(call.index);
            }
            Role::Orphan => orphans.push(turn.index),
        }
        if let Some(action) = action {
            row["action"] = json!(action);
        }
        records.push(row);
    }
    let open: Vec<u64> = correlator.unanswered().iter().map(|(_, call)| call.index).collect();
    json!({
        "schemaVersion": version,
        "counts": {
            "records": records.len(), "calls": counts[0], "callResults": counts[1],
            "callErrors": counts[2],
        },
        "records": records,
        "unansweredCalls": open,
        "orphanResponses": orphans,
    })
}
