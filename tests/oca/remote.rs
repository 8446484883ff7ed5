//! Sessions that an operator starts and stops.

use serde_json::{Value, json};

use crate::central::{CARD, Central};

fn start() -> Value {
    json!({ "connectorId": 1, "idTag": CARD })
}

fn yes() -> Value {
    json!({ "status": "Accepted" })
}

fn no() -> Value {
    json!({ "status": "Rejected" })
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_010_a_remote_start_finds_the_cable_plugged_in() {
    let (central, mut station) = Central::booted().await;
    station.status(1, "Preparing").await;
    assert_eq!(station.command("RemoteStartTransaction", start(), yes()).await, "accepted");
    assert_eq!(station.authorize(CARD).await, "Accepted");
    let started = station.start(1, CARD).await;
    assert_eq!(started.status, "Accepted");
    station.status(1, "Charging").await;
    assert_eq!(central.session(started.id).await["state"], "running");
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_011_1_a_remote_start_waits_for_the_cable() {
    let (central, mut station) = Central::booted().await;
    assert_eq!(station.command("RemoteStartTransaction", start(), yes()).await, "accepted");
    assert_eq!(station.authorize(CARD).await, "Accepted");
    station.status(1, "Preparing").await;
    let started = station.start(1, CARD).await;
    assert_eq!(started.status, "Accepted");
    station.status(1, "Charging").await;
    assert_eq!(central.session(started.id).await["state"], "running");
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_011_2_a_remote_start_without_a_cable_leaves_nothing_behind() {
    let (central, mut station) = Central::booted().await;
    assert_eq!(station.command("RemoteStartTransaction", start(), yes()).await, "accepted");
    station.status(1, "Preparing").await;
    station.status(1, "Available").await;
    assert!(central.sessions().await.is_empty());
    assert_eq!(central.status(1).await, "Available");
    station.charge().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_012_a_remote_stop_ends_the_session_it_names() {
    let (central, mut station) = Central::booted().await;
    let transaction = station.charge().await;
    let stop = json!({ "transactionId": transaction });
    assert_eq!(station.command("RemoteStopTransaction", stop, yes()).await, "accepted");
    assert_eq!(central.session(transaction).await["state"], "running", "it is not told yet");
    station.stop(transaction, "Remote").await;
    station.status(1, "Finishing").await;
    station.status(1, "Available").await;
    let session = central.session(transaction).await;
    assert_eq!((&session["state"], &session["stop_reason"]), (&json!("ended"), &json!("Remote")));
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_026_a_refused_remote_start_is_told_and_starts_nothing() {
    let (central, mut station) = Central::booted().await;
    assert_eq!(station.command("RemoteStartTransaction", start(), no()).await, "rejected");
    assert!(central.sessions().await.is_empty());
    // Nor is it ever sent for a card that would be refused.
    let stranger = json!({ "connectorId": 1, "idTag": "STRANGER" });
    station.is_spared("RemoteStartTransaction", stranger, 409).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_028_a_refused_remote_stop_is_told_and_the_session_goes_on() {
    let (central, mut station) = Central::booted().await;
    let transaction = station.charge().await;
    let stop = json!({ "transactionId": transaction });
    assert_eq!(station.command("RemoteStopTransaction", stop, no()).await, "rejected");
    assert_eq!(central.session(transaction).await["state"], "running");
}
