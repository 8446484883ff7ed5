//! Cards that are not accepted, and starts that fail.

use serde_json::json;

use crate::central::{CARD, Central};

#[tokio::test(flavor = "multi_thread")]
async fn tc_023_1_an_unknown_card_is_invalid() {
    let (central, mut station) = Central::booted().await;
    assert_eq!(station.authorize("STRANGER").await, "Invalid");
    // A station that starts all the same gets an id, so that its messages find their way.
    let started = station.start(1, "STRANGER").await;
    assert_eq!(started.status, "Invalid");
    station.stop(started.id, "DeAuthorized").await;
    assert_eq!(central.session(started.id).await["stop_reason"], "DeAuthorized");
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_023_2_an_expired_card_is_told_to_be_expired() {
    let (central, mut station) = Central::booted().await;
    central.card("OLD", "Expired").await;
    assert_eq!(station.authorize("OLD").await, "Expired");
    assert_eq!(station.start(1, "old").await.status, "Expired", "case does not matter");
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_023_3_a_blocked_card_is_told_to_be_blocked_until_it_is_not() {
    let (central, mut station) = Central::booted().await;
    central.card("STOLEN", "Blocked").await;
    assert_eq!(station.authorize("STOLEN").await, "Blocked");
    assert_eq!(station.start(1, "STOLEN").await.status, "Blocked");
    central.card("STOLEN", "Accepted").await;
    assert_eq!(station.authorize("STOLEN").await, "Accepted");
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_024_a_lock_failure_is_acknowledged_and_shown_as_a_fault() {
    let (central, mut station) = Central::booted().await;
    assert_eq!(station.authorize(CARD).await, "Accepted");
    station.status(1, "Preparing").await;
    let fault =
        json!({ "connectorId": 1, "errorCode": "ConnectorLockFailure", "status": "Faulted" });
    station.tell("StatusNotification", fault).await;
    assert_eq!(central.status(1).await, "Faulted");
    assert!(central.sessions().await.is_empty());
    assert_eq!(central.status(2).await, "Available", "the other connector is still of use");
}
