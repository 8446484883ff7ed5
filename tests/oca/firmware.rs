//! Firmware and diagnostics.

use serde_json::{Value, json};

use crate::central::Central;
use crate::station::{Station, at};

/// The operator asks for an update; the station answers that it has heard.
async fn update(station: &mut Station) {
    let asked = json!({ "location": "https://example.com/fw.bin", "retrieveDate": at(0) });
    assert_eq!(station.command("UpdateFirmware", asked, json!({})).await, "accepted");
}

async fn diagnostics(station: &mut Station) {
    let asked = json!({ "location": "ftp://example.com/", "startTime": at(-3600) });
    let file = json!({ "fileName": "CP-1.log" });
    assert_eq!(station.command("GetDiagnostics", asked, file).await, "accepted");
}

async fn firmware(station: &mut Station, statuses: &[&str]) {
    for status in statuses {
        station.tell("FirmwareStatusNotification", json!({ "status": status })).await;
    }
}

/// Where a file was and how far it has come.
fn told(known: &Value) -> (&str, &str) {
    let text = |field: &str| known[field].as_str().unwrap_or_default();
    (text("location"), text("status"))
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_044_1_an_update_is_followed_until_it_is_installed() {
    let (central, mut station) = Central::booted().await;
    update(&mut station).await;
    firmware(&mut station, &["Downloading", "Downloaded", "Installing"]).await;
    let known = central.known("firmware").await;
    assert_eq!(told(&known), ("https://example.com/fw.bin", "Installing"));
    drop(station);
    let mut station = central.connect().await;
    station.boot().await;
    firmware(&mut station, &["Installed"]).await;
    assert_eq!(central.known("firmware").await["status"], "Installed");
    assert_eq!(central.status(1).await, "Available");
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_044_2_an_update_that_cannot_be_downloaded_is_known() {
    let (central, mut station) = Central::booted().await;
    update(&mut station).await;
    firmware(&mut station, &["Downloading", "DownloadFailed"]).await;
    assert_eq!(central.known("firmware").await["status"], "DownloadFailed");
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_044_3_an_update_that_cannot_be_installed_is_known_after_the_boot() {
    let (central, mut station) = Central::booted().await;
    update(&mut station).await;
    firmware(&mut station, &["Downloading", "Downloaded", "Installing"]).await;
    drop(station);
    let mut station = central.connect().await;
    station.boot().await;
    firmware(&mut station, &["InstallationFailed"]).await;
    assert_eq!(central.known("firmware").await["status"], "InstallationFailed");
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_045_1_diagnostics_are_uploaded_under_the_name_that_was_told() {
    let (central, mut station) = Central::booted().await;
    diagnostics(&mut station).await;
    for status in ["Uploading", "Uploaded"] {
        station.tell("DiagnosticsStatusNotification", json!({ "status": status })).await;
    }
    let known = central.known("diagnostics").await;
    assert_eq!(told(&known), ("ftp://example.com/", "Uploaded"));
    assert_eq!(known["file_name"], "CP-1.log");
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_045_2_diagnostics_that_cannot_be_uploaded_are_known() {
    let (central, mut station) = Central::booted().await;
    diagnostics(&mut station).await;
    for status in ["Uploading", "UploadFailed"] {
        station.tell("DiagnosticsStatusNotification", json!({ "status": status })).await;
    }
    assert_eq!(central.known("diagnostics").await["status"], "UploadFailed");
}
