//! Clocks that are wrong, and messages that had to wait.

use ampacity::time::Span;

use crate::tape::Tape;

/// A status told by a clock that is `behind` seconds behind.
fn status(tape: Tape, status: &str, behind: i64) -> Tape {
    let at = tape.now() - Span::from_s(behind);
    let request = format!(
        r#"{{"connectorId":1,"status":"{status}","errorCode":"NoError","timestamp":"{at}"}}"#
    );
    tape.point_asks("StatusNotification", &request, "{}")
}

fn heartbeat(tape: Tape, behind: i64) -> Tape {
    let at = tape.now() - Span::from_s(behind);
    tape.point_asks("Heartbeat", "{}", &format!(r#"{{"currentTime":"{at}"}}"#))
}

/// A value of transaction 7 that was made `late` seconds ago.
fn value(tape: Tape, register: i64, late: i64) -> Tape {
    let at = tape.now() - Span::from_s(late);
    let request = format!(
        r#"{{"connectorId":1,"transactionId":7,"meterValue":[{{"timestamp":"{at}","sampledValue":[{{"value":"{register}"}}]}}]}}"#
    );
    tape.point_asks("MeterValues", &request, "{}")
}

#[test]
fn a_clock_that_is_ahead_is_found_at_once_and_told_once() {
    let tape = status(Tape::booted(), "Available", -7200);
    let tape = status(tape.wait_s(100), "Preparing", -7201);
    assert_eq!(tape.found(), [("clock_skew", 3)]);
    assert_eq!(
        tape.words(),
        [
            "the charge point's timestamps are 2 h ahead of the record's time: one of both is local time marked Z, \
             the record's of UTC-02:00 or theirs of UTC+02:00"
        ]
    );
    // It is set, and goes wrong again by another error.
    let tape = status(tape.wait_s(100), "Charging", 1);
    assert_eq!(tape.found(), [("clock_skew", 3)]);
    let tape = status(tape.wait_s(100), "Finishing", -400);
    assert_eq!(tape.found(), [("clock_skew", 3), ("clock_skew", 9)]);
    assert_eq!(
        tape.words()[1],
        "the charge point's timestamps are 7 min ahead of the record's time"
    );
}

#[test]
fn a_clock_that_is_behind_stays_so_for_minutes() {
    let three = |step: i64, errors: [i64; 3]| {
        let words = ["Available", "Preparing", "Charging"].into_iter().zip(errors);
        words.fold(Tape::booted(), |tape, (word, behind)| status(tape.wait_s(step), word, behind))
    };
    assert_eq!(three(70, [500, 501, 500]).found(), [("clock_skew", 3)]);
    // Told in one go, or when the status is old: that is no clock.
    assert_eq!(three(1, [500, 501, 500]).found(), []);
    assert_eq!(three(100, [500, 602, 704]).found(), []);
    assert_eq!(three(100, [20, 50, 59]).found(), []);
}

#[test]
fn a_record_in_local_time_differs_from_both_sides_alike() {
    let tape = status(Tape::new(), "Available", 3600);
    let tape = heartbeat(tape, 3600);
    let tape = heartbeat(status(tape.wait_s(100), "Preparing", 3601), 3600);
    assert_eq!(tape.found(), [("clock_skew", 1), ("clock_skew", 4)]);
    for words in tape.words() {
        assert!(words.contains("1 h behind the record's time"), "{words}");
        assert!(words.ends_with("the record's is local time of UTC+01:00 marked Z"), "{words}");
    }
    // What a charge point calls a security event may be told in another time than the rest.
    let at = tape.now();
    let event = format!(r#"{{"type":"SettingSystemTime","timestamp":"{at}"}}"#);
    let tape = tape.point_asks("SecurityEventNotification", &event, "{}");
    assert_eq!(tape.found()[2..], [("clock_skew", 9)]);
    assert!(tape.words()[2].ends_with("local time of UTC+01:00 marked Z"), "{:?}", tape.words());
}

#[test]
fn the_central_systems_clock_alone_may_be_wrong() {
    let tape = heartbeat(heartbeat(Tape::booted(), 1), -95);
    assert_eq!(tape.found(), [("heartbeat_irregular", 5), ("clock_skew", 6)]);
    assert_eq!(
        tape.words()[1],
        "the central system's currentTime is 94 s ahead of the record's time"
    );
}

#[test]
fn messages_that_waited_come_in_a_burst_and_are_no_wrong_clock() {
    let charging = || value(Tape::charging().wait_s(50), 1100, 0);
    // Ten minutes of silence, then a value for each.
    let flush = (1..=10).fold(charging().wait_s(600), |tape, minute| {
        value(tape, 1100 + minute * 100, 600 - minute * 60)
    });
    let tape = flush.wait_s(60).stop(2200, "Local");
    assert_eq!(tape.found(), [("offline_flush", 7)]);
    assert_eq!(
        tape.words(),
        ["8 messages of 2026-05-04T09:01:56Z to 2026-05-04T09:09:10Z came up to 9 min late"]
    );
    // A charge point that talks is not offline: this was held up by something else.
    let busy = status(value(charging().wait_s(30), 1200, 0).wait_s(30), "Charging", 0);
    let busy = status(busy.wait_s(55), "Charging", 0);
    let busy = value(status(busy.wait_s(55), "Charging", 0), 1300, 100);
    assert_eq!(value(busy, 1400, 0).stop(2200, "Local").found(), []);
}

#[test]
fn a_message_that_is_sent_again_says_nothing_new() {
    let at = "2026-05-04T09:01:00Z";
    let again = format!(
        r#"{{"connectorId":1,"transactionId":7,"meterValue":[{{"timestamp":"{at}","sampledValue":[{{"value":"1100"}}]}}]}}"#
    );
    let tape = (0..3)
        .fold(Tape::charging(), |tape, _| tape.wait_s(58).point_asks("MeterValues", &again, "{}"));
    assert_eq!(tape.stop(2200, "Local").found(), []);
}
