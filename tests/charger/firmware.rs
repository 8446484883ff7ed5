//! Diagnostics and firmware updates.

use ampacity::charger::firmware::{DOWNLOAD_TIME, INSTALL_TIME};
use ampacity::charger::upload::{RETRY_INTERVAL, UPLOAD_TIME};
use ampacity::charger::{ChargerSpec, Output, Status};
use ampacity::time::Span;
use serde_json::{Value, json};

use crate::bench::{Bench, START, ac22};

const DIAGNOSTICS: &str = "DiagnosticsStatusNotification";
const FIRMWARE: &str = "FirmwareStatusNotification";

fn update(location: &str, date: &str) -> Value {
    json!({"location": location, "retrieveDate": date})
}

fn trigger(bench: &mut Bench, message: &str) -> String {
    bench.forget();
    let request = json!({"requestedMessage": message});
    assert_eq!(bench.status_of("TriggerMessage", &request), "Accepted");
    bench.statuses_of(message).concat()
}

#[test]
fn diagnostics_are_uploaded_under_the_name_in_the_answer() {
    let mut bench = Bench::ready(ac22());
    assert_eq!(trigger(&mut bench, DIAGNOSTICS), "Idle");
    bench.forget();
    let answer = bench.call("GetDiagnostics", &json!({"location": "ftp://files.example/in"}));
    assert_eq!(answer, json!({"fileName": "cp_1-diagnostics-2026-05-04T060000Z.log"}));
    assert_eq!(bench.statuses_of(DIAGNOSTICS), ["Uploading"]);
    assert_eq!(bench.kinds[0], 3, "the answer goes first");
    assert_eq!(trigger(&mut bench, DIAGNOSTICS), "Uploading");
    bench.run(UPLOAD_TIME);
    assert_eq!(bench.statuses_of(DIAGNOSTICS), ["Uploading", "Uploaded"]);
    assert_eq!(trigger(&mut bench, DIAGNOSTICS), "Idle");
    let nothing = json!({"location": "ftp://files.example",
        "startTime": "2026-05-04T06:00:00Z", "stopTime": "2026-05-04T05:00:00Z"});
    assert_eq!(bench.call("GetDiagnostics", &nothing), json!({}), "no file, no name");
    bench.forget();
    bench.run(UPLOAD_TIME * 2);
    assert!(bench.sent_of(DIAGNOSTICS).is_empty());
}

#[test]
fn an_upload_to_nowhere_is_tried_again_and_then_fails() {
    let mut bench = Bench::ready(ac22());
    bench.call("GetDiagnostics", &json!({"location": "my desk", "retries": 2, "retryInterval": 5}));
    bench.run_s(1000);
    let told: Vec<(i64, &str)> = bench
        .sent
        .iter()
        .map(|sent| (sent.at.since(START).whole_s(), sent.payload["status"].as_str().unwrap()))
        .collect();
    let expected = [(0, "Uploading"), (25, "Uploading"), (50, "Uploading"), (70, "UploadFailed")];
    assert_eq!(told, expected);
}

#[test]
fn the_end_of_an_upload_is_told_also_after_an_outage() {
    let mut bench = Bench::ready(ac22());
    bench.call("GetDiagnostics", &json!({"location": "https://files.example"}));
    bench.link_down();
    bench.run(UPLOAD_TIME * 2);
    bench.forget();
    bench.link_up();
    assert_eq!(bench.statuses_of(DIAGNOSTICS), ["Uploaded"]);
    assert_eq!(trigger(&mut bench, DIAGNOSTICS), "Idle");
}

#[test]
fn a_firmware_is_downloaded_installed_and_in_force_after_a_reboot() {
    let mut bench = Bench::ready(ac22());
    let request = update("https://files.example/fw-2.0.bin", "2026-05-04T06:01:00Z");
    assert_eq!(bench.call("UpdateFirmware", &request), json!({}));
    assert_eq!(trigger(&mut bench, FIRMWARE), "Idle", "not before the time to retrieve it");
    bench.forget();
    bench.run(Span::from_s(60) + DOWNLOAD_TIME);
    assert_eq!(bench.statuses_of(FIRMWARE), ["Downloading", "Downloaded", "Installing"]);
    assert_eq!(bench.reported(1), ["Unavailable"]);
    bench.plug_in(1, "card");
    assert_eq!(bench.events.last().unwrap().1, Output::Ended { connector: 1, charged: false });
    bench.unplug(1);
    let start = json!({"idTag": "remote"});
    assert_eq!(bench.status_of("RemoteStartTransaction", &start), "Rejected");
    bench.forget();
    bench.run(INSTALL_TIME + Span::from_s(30));
    let boot = bench.sent_of("BootNotification")[0];
    assert_eq!(boot["firmwareVersion"], "fw-2.0");
    let order = ["BootNotification", "StatusNotification", "StatusNotification", FIRMWARE];
    assert_eq!(bench.actions()[..4], order);
    assert_eq!(bench.statuses_of(FIRMWARE), ["Installed"]);
    assert_eq!(bench.reported(1), ["Available"]);
    assert_eq!(trigger(&mut bench, FIRMWARE), "Idle");
}

#[test]
fn an_installation_waits_for_the_transactions_and_lets_no_new_ones_begin() {
    let mut bench = Bench::ready(ChargerSpec { connectors: 2, ..ac22() });
    bench.plug_in(1, "card");
    bench.call("UpdateFirmware", &update("http://files.example/x", "2026-05-04T06:00:00Z"));
    bench.run_s(3000);
    assert_eq!(bench.statuses_of(FIRMWARE), ["Downloading", "Downloaded"]);
    assert_eq!(bench.point.status(1), Some(Status::Charging));
    assert_eq!(bench.point.status(2), Some(Status::Unavailable));
    bench.stop(1);
    assert_eq!(bench.statuses_of(FIRMWARE), ["Downloading", "Downloaded", "Installing"]);
    assert_eq!(bench.point.status(1), Some(Status::Unavailable));
    bench.run_s(300);
    assert_eq!(bench.statuses_of(FIRMWARE).last(), Some(&"Installed"));
    assert_eq!(bench.point.status(1), Some(Status::Preparing), "the car is still there");
    assert_eq!(bench.point.status(2), Some(Status::Available));
}

#[test]
fn a_download_that_fails_is_tried_again_and_then_given_up() {
    let mut bench = Bench::ready(ac22());
    let mut request = update("http://files.invalid/fw.bin", "2026-05-04T05:00:00Z");
    request["retries"] = json!(1);
    bench.call("UpdateFirmware", &request);
    bench.run(DOWNLOAD_TIME * 2 + RETRY_INTERVAL);
    assert_eq!(bench.statuses_of(FIRMWARE), ["Downloading", "Downloading", "DownloadFailed"]);
    assert_eq!(trigger(&mut bench, FIRMWARE), "Idle");
    assert_eq!(bench.point.status(1), Some(Status::Available));
}

#[test]
fn a_newer_update_takes_the_place_of_one_that_waits() {
    let mut bench = Bench::ready(ac22());
    bench.call("UpdateFirmware", &update("http://files.example/old.bin", "2026-05-05T00:00:00Z"));
    bench.call("UpdateFirmware", &update("http://files.example/new.bin", "2026-05-04T06:00:00Z"));
    bench.run(DOWNLOAD_TIME);
    bench.call("UpdateFirmware", &update("http://files.example/late.bin", "2026-05-04T06:00:00Z"));
    bench.run_s(300);
    assert_eq!(bench.sent_of("BootNotification")[0]["firmwareVersion"], "new");
    assert_eq!(bench.sent_of("BootNotification").len(), 1, "an installation is not interrupted");
}

#[test]
fn a_reset_does_not_make_an_update_forgotten() {
    let mut bench = Bench::ready(ac22());
    bench.call("UpdateFirmware", &update("http://files.example/fw.bin", "2026-05-04T06:00:00Z"));
    bench.call("Reset", &json!({"type": "Hard"}));
    bench.run_s(400);
    let last = bench.statuses_of(FIRMWARE);
    assert_eq!(last, ["Downloading", "Downloaded", "Installing", "Installed"]);
    assert_eq!(bench.sent_of("BootNotification").len(), 2);
}
