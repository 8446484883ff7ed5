//! What is found, and what is not, in traces told frame by frame.

use crate::tape::{Tape, inspected};

#[test]
fn a_session_as_it_should_be_raises_nothing() {
    let tape = Tape::booted()
        .status("Available", "NoError")
        .status("Preparing", "NoError")
        .point_asks("Authorize", r#"{"idTag":"T"}"#, r#"{"idTagInfo":{"status":"Accepted"}}"#)
        .point_asks(
            "StartTransaction",
            r#"{"connectorId":1,"idTag":"T","meterStart":1000,"timestamp":"2026-05-04T09:00:08Z"}"#,
            r#"{"transactionId":7,"idTagInfo":{"status":"Accepted"}}"#,
        )
        .status("Charging", "NoError")
        .central_asks("SetChargingProfile", "{}", r#"{"status":"Accepted"}"#)
        .wait_s(900)
        .meter("1500.4")
        .wait_s(600)
        // Rounded to the other side.
        .stop(1499, "Local")
        .status("Finishing", "NoError")
        .status("Available", "NoError");
    assert_eq!(tape.found(), []);
    let inspection = inspected(&tape.text);
    assert_eq!((inspection.records, inspection.calls, inspection.results), (22, 11, 11));
    let meter = &inspection.actions["MeterValues"];
    assert_eq!((meter.from_point, meter.to_point, meter.unanswered), (1, 0, 0));
    assert_eq!(meter.latencies.quantile_ms(0.5), Some(1000));
    assert_eq!(inspection.actions["SetChargingProfile"].to_point, 1);
}

#[test]
fn a_call_cut_off_by_the_end_of_the_trace_is_open_but_no_finding() {
    let tape = Tape::booted().frame(true, r#"[2,"x","Heartbeat",{}]"#);
    assert_eq!(tape.found(), []);
    assert_eq!(inspected(&tape.text).unanswered.count, 1);
    // The central system calls on: that says nothing of a call of the charge point ..
    let tape = tape.central_asks("ClearCache", "{}", r#"{"status":"Accepted"}"#);
    assert_eq!(tape.found(), []);
    // .. until nobody would wait any longer.
    let tape = tape.wait_s(27).central_asks("ClearCache", "{}", r#"{"status":"Accepted"}"#);
    assert_eq!(tape.found(), [("unanswered_call", 3)]);
}

#[test]
fn a_call_with_another_after_it_was_given_up() {
    let tape = Tape::booted()
        .frame(true, r#"[2,"x","Heartbeat",{}]"#)
        .frame(true, r#"[2,"y","Heartbeat",{}]"#);
    assert_eq!(tape.found(), [("unanswered_call", 3), ("heartbeat_irregular", 4)]);
}

#[test]
fn a_refusal_says_its_code_and_a_late_answer_how_late_it_is() {
    let tape = Tape::booted()
        .frame(false, r#"[2,"r","Reset",{"type":"Soft"}]"#)
        .wait_s(11)
        .frame(true, r#"[4,"r","NotSupported","not today",{}]"#);
    assert_eq!(tape.found(), [("slow_answer", 4), ("call_refused", 4)]);
    let inspection = inspected(&tape.text);
    let words: Vec<&str> =
        inspection.findings.values().map(|it| it.first[0].1.what.as_str()).collect();
    assert_eq!(
        words,
        ["Reset was answered after 12 s", "Reset was answered with NotSupported: not today"]
    );
    assert_eq!(inspection.actions["Reset"].errors, 1);
}

#[test]
fn an_answer_belongs_to_its_own_charge_point() {
    let tape = Tape::booted()
        .frame(true, r#"[2,"x","Heartbeat",{}]"#)
        .of("cp_2")
        .frame(false, r#"[3,"x",{}]"#);
    assert_eq!(tape.found(), [("orphan_answer", 4)]);
    let inspection = inspected(&tape.text);
    let names = inspection.points.iter().map(|(name, records)| (name.as_deref(), *records));
    assert_eq!(names.collect::<Vec<_>>(), [(Some("cp_1"), 3), (Some("cp_2"), 1)]);
    assert_eq!((inspection.orphans, inspection.unanswered.count), (1, 1));
}

#[test]
fn a_transaction_that_is_over_when_the_next_begins_was_never_stopped() {
    let again = r#"{"connectorId":1,"idTag":"T","meterStart":1000}"#;
    let answer = r#"{"transactionId":8,"idTagInfo":{"status":"Accepted"}}"#;
    let tape = Tape::charging().wait_s(60).point_asks("StartTransaction", again, answer);
    assert_eq!(tape.found(), [("transaction_never_stopped", 3), ("transaction_never_stopped", 5)]);
    // Another connector is another matter.
    let other = again.replace(r#""connectorId":1"#, r#""connectorId":2"#);
    let tape = Tape::charging()
        .point_asks("StartTransaction", &other, answer)
        .wait_s(90)
        .stop(1000, "Local");
    assert_eq!(tape.found(), [("transaction_never_stopped", 5)]);
}

#[test]
fn what_a_charge_point_told_late_counts_from_when_it_happened() {
    // Ten minutes offline, told within seconds.
    let stop = r#"{"transactionId":7,"meterStop":3000,"timestamp":"2026-05-04T09:10:02Z"}"#;
    let offline = || Tape::charging_since("2026-05-04T09:00:02Z", 600);
    let tape = offline().point_asks("StopTransaction", stop, "{}");
    assert_eq!(tape.found(), [("meter_values_missing", 5), ("offline_flush", 3)]);
    let with_data = stop.replace("}", r#","transactionData":[]}"#);
    let tape = offline().point_asks("StopTransaction", &with_data, "{}");
    assert_eq!(tape.found(), [("offline_flush", 3)]);
}

#[test]
fn a_register_that_falls_is_found_in_any_unit_and_at_the_end() {
    let tape =
        Tape::charging().wait_s(100).meter("2000").meter("1990").meter("1995").stop(1800, "Local");
    assert_eq!(tape.found(), [("meter_backwards", 7), ("meter_backwards", 11)]);
    let in_kwh = r#"{"connectorId":1,"meterValue":[{"timestamp":"2026-05-04T09:01:40Z","sampledValue":[{"value":"0.9","unit":"kWh"}]}]}"#;
    let tape =
        Tape::charging().wait_s(100).point_asks("MeterValues", in_kwh, "{}").stop(1200, "Remote");
    assert_eq!(tape.found(), [("meter_backwards", 5)]);
    // A register in kWh with two decimals cuts what the other tells in Wh.
    let cut = in_kwh.replace("0.9", "1.00");
    let start =
        r#"{"connectorId":1,"idTag":"T","meterStart":1007,"timestamp":"2026-05-04T09:00:02Z"}"#;
    let answer = r#"{"transactionId":7,"idTagInfo":{"status":"Accepted"}}"#;
    let tape = Tape::booted().point_asks("StartTransaction", start, answer).wait_s(100);
    assert_eq!(tape.point_asks("MeterValues", &cut, "{}").stop(1200, "Remote").found(), []);
}

#[test]
fn a_fault_that_is_told_again_is_one_fault() {
    let tape = Tape::booted()
        .status("Available", "NoError")
        .status("Faulted", "GroundFailure")
        .status("Faulted", "GroundFailure")
        .status("Available", "NoError")
        .status("Charging", "WeakSignal");
    assert_eq!(tape.found(), [("connector_faulted", 5), ("connector_faulted", 11)]);
}

#[test]
fn after_a_boot_a_connector_may_be_anything() {
    let tape = Tape::booted().status("Charging", "NoError").status("Preparing", "NoError");
    assert_eq!(tape.found(), [("status_transition", 5)]);
    let boot = "{}";
    let tape = Tape::booted()
        .status("Charging", "NoError")
        .point_asks("BootNotification", boot, boot)
        .status("Preparing", "NoError");
    assert_eq!(tape.found(), []);
}

#[test]
fn heartbeats_follow_the_interval_that_was_set_last() {
    let beat = |tape: Tape| tape.point_asks("Heartbeat", "{}", "{}");
    // 300 s, of which an exchange takes two.
    let tape = beat(beat(Tape::booted().wait_s(298)).wait_s(298));
    assert_eq!(tape.found(), []);
    assert_eq!(beat(tape.wait_s(100)).found(), [("heartbeat_irregular", 7)]);
    let set = r#"{"key":"HeartbeatInterval","value":"60"}"#;
    let tape = Tape::booted().central_asks("ChangeConfiguration", set, r#"{"status":"Accepted"}"#);
    let tape = beat(beat(tape).wait_s(58));
    assert_eq!(tape.found(), []);
    assert_eq!(beat(tape.wait_s(298)).found(), [("heartbeat_irregular", 9)]);
    // Any message puts the next heartbeat off, and a trigger calls for one.
    let tape = beat(beat(Tape::booted()).wait_s(200).status("Available", "NoError").wait_s(290));
    assert_eq!(tape.found(), []);
    let trigger = r#"{"requestedMessage":"Heartbeat"}"#;
    let tape = beat(beat(Tape::booted()).central_asks("TriggerMessage", trigger, "{}"));
    assert_eq!(tape.found(), []);
}

#[test]
fn transfers_that_fail_are_found_and_those_that_go_on_are_not() {
    let says = |tape: Tape, action: &str, status: &str| {
        tape.point_asks(action, &format!(r#"{{"status":"{status}"}}"#), "{}")
    };
    let (diagnostics, firmware) = ("DiagnosticsStatusNotification", "FirmwareStatusNotification");
    let tape = says(says(Tape::booted(), diagnostics, "Uploading"), diagnostics, "UploadFailed");
    let tape = says(says(tape, firmware, "Downloading"), firmware, "InstallationFailed");
    let tape = says(tape, "SignedFirmwareStatusNotification", "InvalidSignature");
    assert_eq!(
        tape.found(),
        [("diagnostics_failed", 5), ("firmware_failed", 9), ("firmware_failed", 11)]
    );
}

#[test]
fn a_tag_in_use_elsewhere_is_refused_at_the_start() {
    let start = r#"{"connectorId":2,"idTag":"T","meterStart":0}"#;
    let answer = r#"{"transactionId":0,"idTagInfo":{"status":"ConcurrentTx"}}"#;
    let tape = Tape::booted().point_asks("StartTransaction", start, answer);
    let tape = tape.wait_s(60).point_asks("StopTransaction", r#"{"transactionId":0}"#, "{}");
    assert_eq!(tape.found(), [("authorization_refused", 4)]);
    let inspection = inspected(&tape.text);
    let (_, case) = &inspection.findings.values().next().expect("a finding").first[0];
    assert_eq!(case.connector, Some(2));
    assert_eq!(case.what, "StartTransaction with idTag \"T\" was answered ConcurrentTx");
}

#[test]
fn payloads_that_make_no_sense_are_no_reason_to_stop() {
    let mut tape = Tape::charging();
    for action in [
        "BootNotification",
        "StartTransaction",
        "StopTransaction",
        "MeterValues",
        "StatusNotification",
        "Authorize",
        "ChangeConfiguration",
        "FirmwareStatusNotification",
        "Größe",
    ] {
        for body in ["null", "[]", "\"x\"", "{\"status\":7,\"connectorId\":{}}"] {
            tape = tape.point_asks(action, body, body);
        }
    }
    let inspection = inspected(&tape.text);
    assert_eq!((inspection.records, inspection.broken.count), (76, 0));
    assert_eq!(tape.found(), [("transaction_never_stopped", 3)]);
}

#[test]
fn cases_beyond_the_hundredth_are_counted() {
    let tape = (0..120).fold(Tape::booted(), |tape, _| tape.frame(false, r#"[3,"z",{}]"#));
    let inspection = inspected(&tape.text);
    let orphans = inspection.findings.values().next().expect("findings");
    assert_eq!((orphans.count, orphans.first.len()), (120, 100));
}

#[test]
fn records_that_are_earlier_than_the_one_before_are_counted() {
    let late = Tape::booted().wait_s(500).status("Available", "NoError").text;
    let inspection = inspected(&format!("{late}{}", Tape::booted().text));
    assert_eq!(inspection.out_of_order, 1);
    let (from, to) = inspection.span.expect("records");
    assert_eq!(to.since(from).whole_s(), 503);
}
