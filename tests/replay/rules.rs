//! What may differ, and which rules were needed.

use ampacity::allocation::Strategy;
use ampacity::replay::difference::Rules;
use serde_json::json;

use crate::fixture::{Recording, SITE, lines, scenario, text, trace_of};

#[test]
fn a_rule_permits_what_it_names_and_one_that_nothing_needs_is_told() {
    let recording = Recording::of(trace_of(&scenario(SITE), Strategy::Equal, 1));
    let mut lines = lines(&recording.text);
    for line in &mut lines {
        if line.action() == "Heartbeat" && !line.is_call() {
            line.body()["currentTime"] = json!("2026-05-04T04:00:00Z");
        }
    }
    let golden = text(lines);
    let strict = recording.against_golden(&golden, &Rules::default());
    assert!(strict.differences.iter().all(|it| it.field == "answer/currentTime"));
    let beats = strict.differences.len() as u64;
    assert!(beats > 2);
    let rules = Rules::parse(
        r#"
        [[rule]]
        reason = "a clock of its own"
        subject = "Heart*"
        field = "answer/currentTime"
        within_s = 14400
        [[rule]]
        reason = "never happens"
        charge_point = "yard_9*"
        ignore = true
        "#,
    )
    .expect("rules");
    let lenient = recording.against_golden(&golden, &rules);
    assert_eq!(lenient.differences, []);
    assert_eq!((lenient.permitted, lenient.used), (beats, vec![beats, 0]));
    let tight = Rules::parse("[[rule]]\nreason = \"x\"\nsubject = \"Heartbeat\"\nwithin_s = 1");
    let tight = recording.against_golden(&golden, &tight.expect("rules"));
    assert_eq!(tight.differences.len() as u64, beats);
}
