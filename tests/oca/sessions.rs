//! Boot, and sessions that begin at the charge point.

use serde_json::json;

use crate::central::{CARD, Central};

#[tokio::test(flavor = "multi_thread")]
async fn tc_001_a_cold_boot_is_accepted_with_a_clock_and_a_heartbeat_interval() {
    let central = Central::open().await;
    let mut station = central.connect().await;
    let boot = json!({ "chargePointVendor": "Acme", "chargePointModel": "Twin 22" });
    let answer = station.ask("BootNotification", boot).await;
    assert_eq!(answer["status"], "Accepted");
    assert_eq!(answer["interval"], 900);
    for connector in 0..=2 {
        station.status(connector, "Available").await;
    }
    let heartbeat = station.ask("Heartbeat", json!({})).await;
    let text = |value: &serde_json::Value| value.as_str().expect("an instant").to_owned();
    assert!(text(&heartbeat["currentTime"]) >= text(&answer["currentTime"]));
    assert_eq!((central.status(1).await, central.status(2).await), two("Available"));
}

fn two(status: &str) -> (String, String) {
    (status.to_owned(), status.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_003_a_car_plugged_in_first_charges_once_its_driver_is_identified() {
    let (central, mut station) = Central::booted().await;
    station.status(1, "Preparing").await;
    assert_eq!(station.authorize(CARD).await, "Accepted");
    let started = station.start(1, CARD).await;
    assert_eq!(started.status, "Accepted");
    station.status(1, "Charging").await;
    let session = central.session(started.id).await;
    assert_eq!((&session["state"], &session["id_tag"]), (&json!("running"), &json!(CARD)));
    assert_eq!(central.status(1).await, "Charging");
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_004_1_a_driver_identified_first_charges_once_the_car_is_plugged_in() {
    let (central, mut station) = Central::booted().await;
    assert_eq!(station.authorize(CARD).await, "Accepted");
    station.status(1, "Preparing").await;
    let started = station.start(1, CARD).await;
    assert_eq!(started.status, "Accepted");
    station.status(1, "Charging").await;
    assert_eq!(central.session(started.id).await["state"], "running");
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_004_2_a_driver_who_never_plugs_in_leaves_the_connector_to_the_next() {
    let (central, mut station) = Central::booted().await;
    assert_eq!(station.authorize(CARD).await, "Accepted");
    station.status(1, "Preparing").await;
    station.status(1, "Available").await;
    assert_eq!(central.status(1).await, "Available");
    assert!(central.sessions().await.is_empty());
    central.card("NEXT", "Accepted").await;
    assert_eq!(station.authorize("NEXT").await, "Accepted");
    assert_eq!(station.start(1, "NEXT").await.status, "Accepted");
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_005_1_a_cable_unplugged_at_the_car_ends_the_session() {
    let (central, mut station) = Central::booted().await;
    let transaction = station.charge().await;
    station.status(1, "SuspendedEV").await;
    station.stop(transaction, "EVDisconnected").await;
    station.status(1, "Finishing").await;
    station.status(1, "Available").await;
    let session = central.session(transaction).await;
    assert_eq!((&session["state"], &session["energy_kwh"]), (&json!("ended"), &json!(5)));
    assert_eq!(session["stop_reason"], "EVDisconnected");
    assert_eq!(central.status(1).await, "Available");
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_007_a_start_with_a_cached_card_needs_no_authorize() {
    let (central, mut station) = Central::booted().await;
    station.status(1, "Preparing").await;
    let started = station.start(1, CARD).await;
    assert_eq!(started.status, "Accepted");
    station.status(1, "Charging").await;
    assert_eq!(central.session(started.id).await["state"], "running");
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_064_data_of_an_unknown_vendor_is_answered_as_such() {
    let (_central, mut station) = Central::booted().await;
    let data = json!({ "vendorId": "com.example.nobody", "messageId": "m", "data": "d" });
    let answer = station.ask("DataTransfer", data).await;
    assert_eq!(answer["status"], "UnknownVendorId");
}
