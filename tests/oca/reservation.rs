//! Reservations.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::central::{CARD, Central};
use crate::station::{Station, at};

/// Chosen by the operator.
const ID: i64 = 77;

fn answer(status: &str) -> Value {
    json!({ "status": status })
}

/// For the card, on this connector, for ten minutes.
fn reserve(connector: u32) -> Value {
    json!({
        "connectorId": connector, "expiryDate": at(600), "idTag": CARD, "reservationId": ID,
    })
}

/// The operator reserves a connector; how that ended.
async fn reserved(station: &mut Station, connector: u32, how: &str) -> String {
    station.command("ReserveNow", reserve(connector), answer(how)).await
}

/// Whoever holds the reservation charges; the transaction.
async fn use_up(station: &mut Station, connector: u32, card: &str) -> i64 {
    assert_eq!(station.authorize(card).await, "Accepted");
    station.status(connector, "Preparing").await;
    let started = station.start_with(connector, card, json!({ "reservationId": ID })).await;
    assert_eq!(started.status, "Accepted");
    station.status(connector, "Charging").await;
    started.id
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_046_a_reserved_connector_is_used_by_its_card() {
    let (central, mut station) = Central::booted().await;
    assert_eq!(reserved(&mut station, 1, "Accepted").await, "accepted");
    station.status(1, "Reserved").await;
    assert_eq!(central.status(1).await, "Reserved");
    assert_eq!(central.reservation(ID).await["status"], "accepted");
    let transaction = use_up(&mut station, 1, CARD).await;
    assert_eq!(central.session(transaction).await["state"], "running");
    assert_eq!(central.reservation(ID).await["status"], "used");
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_047_a_reservation_that_nobody_uses_gives_its_connector_back() {
    let (central, mut station) = Central::booted().await;
    let mut short = reserve(1);
    short["expiryDate"] = json!(at(4));
    assert_eq!(station.command("ReserveNow", short, answer("Accepted")).await, "accepted");
    station.status(1, "Reserved").await;
    let expired = async {
        while central.reservation(ID).await["status"] != "expired" {
            sleep(Duration::from_millis(50)).await;
        }
    };
    station.serve(expired).await;
    station.status(1, "Available").await;
    assert_eq!(central.status(1).await, "Available");
    station.charge().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_048_1_a_faulted_connector_cannot_be_reserved() {
    let (central, mut station) = Central::booted().await;
    station.status(1, "Faulted").await;
    assert_eq!(reserved(&mut station, 1, "Faulted").await, "rejected");
    assert_eq!(central.reservation(ID).await["status"], "faulted");
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_048_2_an_occupied_connector_cannot_be_reserved() {
    let (central, mut station) = Central::booted().await;
    station.status(1, "Preparing").await;
    assert_eq!(reserved(&mut station, 1, "Occupied").await, "rejected");
    assert_eq!(central.reservation(ID).await["status"], "occupied");
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_048_3_an_unavailable_connector_cannot_be_reserved() {
    let (central, mut station) = Central::booted().await;
    let out = json!({ "connectorId": 1, "type": "Inoperative" });
    let ended = station.command("ChangeAvailability", out, answer("Accepted")).await;
    assert_eq!(ended, "accepted");
    station.status(1, "Unavailable").await;
    assert_eq!(reserved(&mut station, 1, "Unavailable").await, "rejected");
    assert_eq!(central.reservation(ID).await["status"], "unavailable");
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_048_4_a_station_that_takes_no_reservations_says_so() {
    let (central, mut station) = Central::booted().await;
    assert_eq!(reserved(&mut station, 1, "Rejected").await, "rejected");
    assert_eq!(central.reservation(ID).await["status"], "rejected");
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_049_a_reserved_station_keeps_some_connector_free_for_its_card() {
    let (central, mut station) = Central::booted().await;
    assert_eq!(reserved(&mut station, 0, "Accepted").await, "accepted");
    assert_eq!(central.reservation(ID).await["connector_id"], 0);
    station.status(2, "Reserved").await;
    use_up(&mut station, 2, CARD).await;
    assert_eq!(central.reservation(ID).await["status"], "used");
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_051_a_reservation_is_cancelled() {
    let (central, mut station) = Central::booted().await;
    assert_eq!(reserved(&mut station, 1, "Accepted").await, "accepted");
    station.status(1, "Reserved").await;
    let cancel = json!({ "reservationId": ID });
    let ended = station.command("CancelReservation", cancel, answer("Accepted")).await;
    assert_eq!(ended, "accepted");
    station.status(1, "Available").await;
    assert_eq!(central.reservation(ID).await["status"], "cancelled");
    assert_eq!(central.status(1).await, "Available");
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_052_a_cancellation_that_is_refused_leaves_the_reservation() {
    let (central, mut station) = Central::booted().await;
    assert_eq!(reserved(&mut station, 1, "Accepted").await, "accepted");
    let cancel = json!({ "reservationId": ID });
    let ended = station.command("CancelReservation", cancel, answer("Rejected")).await;
    assert_eq!(ended, "rejected");
    assert_eq!(central.reservation(ID).await["status"], "accepted");
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_053_a_reservation_for_a_group_is_used_by_another_card_of_it() {
    let (central, mut station) = Central::booted().await;
    central.card("SIBLING", "Accepted").await;
    let mut group = reserve(1);
    group["parentIdTag"] = json!("FAMILY");
    assert_eq!(station.command("ReserveNow", group, answer("Accepted")).await, "accepted");
    station.status(1, "Reserved").await;
    assert_eq!(central.reservation(ID).await["parent_id_tag"], "FAMILY");
    use_up(&mut station, 1, "SIBLING").await;
    assert_eq!(central.reservation(ID).await["status"], "used");
}
