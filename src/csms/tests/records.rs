//! What the ends of commands say about a charge point.

use super::commands::{command, conflict, ended};
use super::*;
use crate::csms::event::Outcome;
use crate::csms::records::{Records, ReservationStatus as R};

impl Bench {
    /// A command to the first charge point, which answers like this; how it ended.
    fn ask(&mut self, action: &str, payload: &str, answer: &str) -> Option<Outcome> {
        self.calls += 1;
        let name = format!("c{}", self.calls);
        self.apply(&command(&name, action, payload)).unwrap();
        let (id, sent, _) = self.received(0).unwrap();
        assert_eq!(sent, action);
        self.frame(0, &format!(r#"[3,"{id}",{answer}]"#));
        ended(self, &name).map(|end| end.0)
    }

    fn records(&self) -> Records {
        self.csms.records(PointIx(0)).cloned().unwrap_or_default()
    }

    fn list_version(&self) -> Option<i64> {
        self.records().local_list.and_then(|list| list.version)
    }
}

const DIFFERENCE: &str =
    r#"{"listVersion":5,"updateType":"Differential","localAuthorizationList":[{"idTag":"A"}]}"#;

#[test]
fn a_difference_goes_only_onto_a_version_that_is_known() {
    let mut bench = Bench::new(1);
    bench.boot(0);
    let text = conflict(bench.apply(&command("x", "SendLocalList", DIFFERENCE)));
    assert!(text.contains("GetLocalListVersion"), "{text}");
    bench.ask("GetLocalListVersion", "{}", r#"{"listVersion":4}"#);
    assert_eq!(bench.list_version(), Some(4));
    bench.restart();
    bench.boot(0);
    assert_eq!(bench.list_version(), Some(4), "a restart keeps it");
    bench.ask("SendLocalList", DIFFERENCE, r#"{"status":"Accepted"}"#);
    assert_eq!(bench.list_version(), Some(5));
    let full = r#"{"listVersion":9,"updateType":"Full"}"#;
    let mismatch = bench.ask("SendLocalList", full, r#"{"status":"Failed"}"#);
    assert_eq!((mismatch, bench.list_version()), (Some(Outcome::Rejected), None));
    conflict(bench.apply(&command("y", "SendLocalList", DIFFERENCE)));
    bench.ask("SendLocalList", full, r#"{"status":"Accepted"}"#);
    bench.apply(&command("z", "SendLocalList", &full.replace('9', "10"))).unwrap();
    bench.wait_silently(bench.now + Span::from_s(31), false);
    assert_eq!(bench.list_version(), None, "it may have arrived");
}

fn reserve(id: i64, expiry: Time) -> String {
    format!(r#"{{"connectorId":1,"expiryDate":"{expiry}","idTag":"TAG1","reservationId":{id}}}"#)
}

#[test]
fn reservations_are_listed_with_what_became_of_them() {
    let mut bench = Bench::new(1);
    bench.boot(0);
    let expiry = bench.now + Span::from_s(3_600);
    let status = |bench: &Bench| -> Vec<(i64, R)> {
        let all = bench.records().reservations;
        all.iter().map(|reservation| (reservation.id, reservation.status)).collect()
    };
    bench.ask("ReserveNow", &reserve(1, expiry), r#"{"status":"Accepted"}"#);
    bench.ask("ReserveNow", &reserve(2, expiry), r#"{"status":"Occupied"}"#);
    assert_eq!(status(&bench), [(1, R::Accepted), (2, R::Occupied)]);
    // A refused replacement leaves what it would have replaced.
    bench.ask("ReserveNow", &reserve(1, expiry), r#"{"status":"Faulted"}"#);
    assert_eq!(status(&bench)[0], (1, R::Accepted));
    bench.ask("CancelReservation", r#"{"reservationId":1}"#, r#"{"status":"Rejected"}"#);
    assert_eq!(status(&bench)[0], (1, R::Accepted));
    bench.ask("CancelReservation", r#"{"reservationId":1}"#, r#"{"status":"Accepted"}"#);
    assert_eq!(status(&bench)[0], (1, R::Cancelled));
    bench.ask("ReserveNow", &reserve(2, expiry), r#"{"status":"Accepted"}"#);
    let start = format!(
        r#"{{"connectorId":1,"idTag":"TAG1","meterStart":0,"reservationId":2,"timestamp":"{}"}}"#,
        bench.now
    );
    bench.call(0, "StartTransaction", &start);
    assert_eq!(status(&bench), [(1, R::Cancelled), (2, R::Used)]);
    let later = bench.records().reservations[0].clone();
    assert_eq!((later.connector, later.id_tag.as_str()), (1, "TAG1"));
    assert_eq!(later.expires_at.unix_s(), expiry.unix_s());
}

#[test]
fn reservations_that_are_over_make_room_for_new_ones() {
    let mut bench = Bench::new(1);
    bench.boot(0);
    let expiry = bench.now + Span::from_s(3_600);
    bench.ask("ReserveNow", &reserve(0, expiry), r#"{"status":"Accepted"}"#);
    for id in 1..=64 {
        bench.ask("ReserveNow", &reserve(id, expiry), r#"{"status":"Rejected"}"#);
    }
    let ids: Vec<i64> = bench.records().reservations.iter().map(|one| one.id).collect();
    assert_eq!(ids.len(), 64);
    assert_eq!((ids[0], ids[1], ids[63]), (0, 2, 64), "the one that holds stays");
}

#[test]
fn configuration_keys_are_remembered_as_last_told_or_set() {
    let mut bench = Bench::new(1);
    bench.boot(0);
    let keys = |bench: &Bench| -> Vec<(String, Option<String>, bool)> {
        let known = bench.records().configuration.unwrap();
        known.keys.into_iter().map(|one| (one.key, one.value, one.readonly)).collect()
    };
    let key = |name: &str, value: Option<&str>, readonly| {
        (name.to_owned(), value.map(str::to_owned), readonly)
    };
    let level = || key("ChargeProfileMaxStackLevel", Some("8"), true);
    assert_eq!(keys(&bench), [level()], "from the boot");
    let told = r#"{"configurationKey":[{"key":"HeartbeatInterval","readonly":false,"value":"60"},
        {"key":"AuthorizationKey","readonly":false,"value":"leaked"}],"unknownKey":["Odd"]}"#;
    bench.ask("GetConfiguration", r#"{"key":["HeartbeatInterval","Odd"]}"#, told);
    let secret = || key("AuthorizationKey", None, false);
    assert_eq!(keys(&bench), [level(), key("HeartbeatInterval", Some("60"), false), secret()]);
    let set = |key: &str| format!(r#"{{"key":"{key}","value":"90"}}"#);
    let accepted = r#"{"status":"RebootRequired"}"#;
    bench.ask("ChangeConfiguration", &set("heartbeatinterval"), accepted);
    bench.ask("ChangeConfiguration", &set("AuthorizationKey"), accepted);
    bench.ask("ChangeConfiguration", &set("Refused"), r#"{"status":"Rejected"}"#);
    assert_eq!(keys(&bench), [level(), key("heartbeatinterval", Some("90"), false), secret()]);
    let whole = r#"{"configurationKey":[{"key":"A","readonly":true}]}"#;
    bench.ask("GetConfiguration", "{}", whole);
    assert_eq!(keys(&bench), [key("A", None, true)], "all that there are");
    let shown = Csms::shown_payload("ChangeConfiguration", &set("AuthorizationKey"));
    assert_eq!(shown, r#"{"key":"AuthorizationKey","value":"***"}"#);
    assert_eq!(Csms::shown_payload("ChangeConfiguration", &set("A")), set("A"));
}

#[test]
fn files_on_their_way_show_how_far_they_have_come() {
    let mut bench = Bench::new(1);
    bench.boot(0);
    let location = r#"{"location":"ftp://files/"}"#;
    bench.ask("GetDiagnostics", location, r#"{"fileName":"diag.zip"}"#);
    bench.call(0, "DiagnosticsStatusNotification", r#"{"status":"Uploaded"}"#);
    let diagnostics = bench.records().diagnostics.unwrap();
    assert_eq!(diagnostics.file_name.as_deref(), Some("diag.zip"));
    assert_eq!(diagnostics.location.as_deref(), Some("ftp://files/"));
    assert_eq!(diagnostics.status.as_deref(), Some("Uploaded"));

    let log = r#"{"log":{"remoteLocation":"ftp://logs/"},"logType":"SecurityLog","requestId":7}"#;
    let answer = r#"{"status":"AcceptedCanceled","filename":"sec.log"}"#;
    assert_eq!(bench.ask("GetLog", log, answer), Some(Outcome::Accepted));
    bench.call(0, "LogStatusNotification", r#"{"status":"UploadFailure","requestId":6}"#);
    assert_eq!(bench.records().log.unwrap().status, None, "that was the one before");
    bench.call(0, "LogStatusNotification", r#"{"status":"Uploading","requestId":7}"#);
    let log = bench.records().log.unwrap();
    assert_eq!((log.status.as_deref(), log.request_id), (Some("Uploading"), Some(7)));
    assert_eq!(log.log_type.as_deref(), Some("SecurityLog"));

    let update = r#"{"location":"ftp://fw/1.bin","retrieveDate":"2026-05-04T10:00:00Z"}"#;
    bench.ask("UpdateFirmware", update, "{}");
    bench.call(0, "FirmwareStatusNotification", r#"{"status":"Installed"}"#);
    bench.restart();
    let firmware = bench.records().firmware.unwrap();
    assert_eq!(firmware.location.as_deref(), Some("ftp://fw/1.bin"));
    assert_eq!(firmware.status.as_deref(), Some("Installed"));
}
