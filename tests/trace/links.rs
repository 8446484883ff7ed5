//! Two connections at a time, and transactions whose beginning is nowhere.

use ampacity::trace::Record;
use serde_json::value::RawValue;

use crate::tape::{Tape, inspected, kinds_and_lines};

/// The same text with a `meta` in each line.
fn with_meta(text: &str, metas: &[&str]) -> String {
    let mut out = String::new();
    for (line, meta) in text.lines().zip(metas) {
        let meta = RawValue::from_string((*meta).to_owned()).expect("JSON");
        let mut record = Record::parse(line).expect("a record");
        record.meta = Some(&meta);
        record.push_line(&mut out);
    }
    out
}

fn found(text: &str) -> Vec<(&'static str, u64)> {
    kinds_and_lines(&inspected(text))
}

#[test]
fn a_connection_that_goes_on_after_a_later_one_is_found() {
    let text = Tape::booted().status("Available", "NoError").status("Preparing", "NoError").text;
    let (a, b) = (r#"{"connection":1}"#, r#"{"connection":2}"#);
    assert_eq!(found(&with_meta(&text, &[a, a, a, b, b, b])), []);
    assert_eq!(found(&with_meta(&text, &[a, a, b, b, a, b])), [("duplicate_connection", 5)]);
    // As a log of SteVe names them.
    let metas = [a, a, b, a, a, a]
        .map(|it| it.replace("connection\":", "sessionId\":\"f0-").replace('}', "\"}"));
    let metas: Vec<&str> = metas.iter().map(String::as_str).collect();
    assert_eq!(found(&with_meta(&text, &metas)), [("duplicate_connection", 4)]);
}

#[test]
fn a_link_that_comes_up_while_it_is_up_is_found() {
    let text = Tape::booted().status("Available", "NoError").text;
    let of = |input: &str| {
        format!(
            r#"{{"before":[{{"at":"2026-05-04T09:00:00Z","input":{{"input":"{input}","point":"cp_1"}}}}]}}"#
        )
    };
    let (up, down) = (of("link_up"), of("link_down"));
    assert_eq!(found(&with_meta(&text, &[&up, "{}", &down, &up])), []);
    assert_eq!(found(&with_meta(&text, &[&up, "{}", &up, "{}"])), [("duplicate_connection", 3)]);
}

#[test]
fn two_counts_of_message_ids_by_turns_are_two_connections() {
    let call = |tape: Tape, id: u32| {
        let status = r#"{"connectorId":0,"status":"Available","errorCode":"NoError"}"#;
        tape.frame(true, &format!(r#"[2,"{id}","StatusNotification",{status}]"#))
            .frame(false, &format!(r#"[3,"{id}",{{}}]"#))
    };
    let boot = |tape: Tape, id: u32| {
        tape.frame(true, &format!(r#"[2,"{id}","BootNotification",{{}}]"#))
            .frame(false, &format!(r#"[3,"{id}",{{}}]"#))
    };
    let told = |ids: &[u32]| {
        let old = [40, 41, 42].into_iter().fold(Tape::new(), call);
        ids.iter().fold(boot(old, 1), |tape, id| call(tape, *id)).found()
    };
    // A charge point that has booted counts anew.
    assert_eq!(told(&[2, 3, 4, 5]), []);
    // What is sent again, or counted otherwise, is no second connection.
    assert_eq!(told(&[2, 42, 3, 90, 4, 91]), []);
    assert_eq!(told(&[2, 43, 3, 44]), [("duplicate_connection", 15)]);
}

#[test]
fn a_transaction_that_nobody_saw_begin_is_found_where_the_connector_was_free() {
    let free = || Tape::booted().status("Available", "NoError").wait_s(600);
    assert_eq!(free().meter("1000").meter("1100").found(), [("data_lost", 5)]);
    assert_eq!(free().stop(1000, "Local").found(), [("data_lost", 5)]);
    assert_eq!(free().meter("1000").stop(1100, "Local").found(), [("data_lost", 5)]);
    // It ran when the trace began.
    assert_eq!(Tape::booted().meter("1000").stop(1100, "Local").found(), []);
    assert_eq!(Tape::new().status("Available", "NoError").meter("1000").found(), []);
    // Its beginning has no answer, which is told already.
    let start = r#"[2,"x","StartTransaction",{"connectorId":1,"idTag":"T","meterStart":1000}]"#;
    let tape = free().frame(true, start).meter("1000").stop(1100, "Local");
    assert_eq!(tape.found(), [("unanswered_call", 5)]);
    // Nobody charges: this is no transaction.
    let tape =
        free().values(1, Some(0), r#"{"value":"1000"}"#).values(1, Some(-1), r#"{"value":"1000"}"#);
    assert_eq!(tape.found(), []);
    let never = r#"{"transactionId":-1,"meterStop":1100,"timestamp":"2026-05-04T09:10:04Z"}"#;
    assert_eq!(free().point_asks("StopTransaction", never, "{}").found(), [("data_lost", 5)]);
}
