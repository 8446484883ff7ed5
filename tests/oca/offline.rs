//! Power failures and lost connections.

use serde_json::json;

use crate::central::{CARD, Central};
use crate::station::at;

#[tokio::test(flavor = "multi_thread")]
async fn tc_032_1_a_power_failure_ends_the_session_after_the_boot() {
    let (central, mut station) = Central::booted().await;
    let transaction = station.charge().await;
    drop(station);
    let mut station = central.connect().await;
    let boot = json!({ "chargePointVendor": "Acme", "chargePointModel": "Twin 22" });
    assert_eq!(station.ask("BootNotification", boot).await["status"], "Accepted");
    station.status(1, "Finishing").await;
    station.status(2, "Available").await;
    station.stop(transaction, "PowerLoss").await;
    let session = central.session(transaction).await;
    assert_eq!((&session["state"], &session["energy_kwh"]), (&json!("ended"), &json!(5)));
    assert_eq!(session["stop_reason"], "PowerLoss");
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_037_1_a_start_told_late_keeps_its_own_time() {
    let (central, station) = Central::booted().await;
    drop(station);
    let mut station = central.connect().await;
    let begun = at(-120);
    let started = station.start_with(1, CARD, json!({ "timestamp": begun })).await;
    assert_eq!(started.status, "Accepted");
    station.status(1, "Charging").await;
    let session = central.session(started.id).await;
    assert_eq!((&session["state"], &session["started_at"]), (&json!("running"), &json!(begun)));
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_037_3_an_offline_start_with_an_invalid_card_is_told_and_unwound() {
    let (central, station) = Central::booted().await;
    drop(station);
    let mut station = central.connect().await;
    let started = station.start_with(1, "STRANGER", json!({ "timestamp": at(-120) })).await;
    assert_eq!(started.status, "Invalid");
    station.status(1, "Charging").await;
    station.stop(started.id, "DeAuthorized").await;
    station.status(1, "Finishing").await;
    assert_eq!(central.session(started.id).await["stop_reason"], "DeAuthorized");
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_038_a_stop_told_late_ends_the_session_it_belongs_to() {
    let (central, mut station) = Central::booted().await;
    let transaction = station.charge().await;
    drop(station);
    let mut station = central.connect().await;
    station.status(1, "Finishing").await;
    station.stop_at(transaction, "Local", &at(-1)).await;
    let session = central.session(transaction).await;
    assert_eq!((&session["state"], &session["energy_kwh"]), (&json!("ended"), &json!(5)));
    assert_eq!(session["stop_reason"], "Local");
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_039_a_whole_session_told_late_is_kept_once() {
    let (central, station) = Central::booted().await;
    drop(station);
    let mut station = central.connect().await;
    let begun = json!({ "timestamp": at(-7200) });
    let started = station.start_with(1, CARD, begun.clone()).await;
    assert_eq!(started.status, "Accepted");
    // Told once more, as if the answer had been lost.
    assert_eq!(station.start_with(1, CARD, begun.clone()).await.id, started.id);
    station.stop_at(started.id, "Local", &at(-3600)).await;
    let sessions = central.sessions().await;
    assert_eq!(sessions.len(), 1, "{sessions:?}");
    assert_eq!(sessions[0]["started_at"], begun["timestamp"]);
    assert_eq!((&sessions[0]["state"], &sessions[0]["energy_kwh"]), (&json!("ended"), &json!(5)));
}
