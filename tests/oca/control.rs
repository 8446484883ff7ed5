//! Reset, unlock, clear the cache.

use serde_json::{Value, json};

use crate::central::Central;

fn answer(status: &str) -> Value {
    json!({ "status": status })
}

fn connector(connector: u32) -> Value {
    json!({ "connectorId": connector })
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_013_a_hard_reset_is_passed_on_and_the_station_boots_again() {
    let (central, mut station) = Central::booted().await;
    let hard = json!({ "type": "Hard" });
    assert_eq!(station.command("Reset", hard, answer("Accepted")).await, "accepted");
    drop(station);
    let mut station = central.connect().await;
    station.boot().await;
    assert_eq!(central.status(1).await, "Available");
    // A boot makes limits uncertain; they are set anew.
    let profile = station.hears("SetChargingProfile").await;
    assert_eq!(profile["csChargingProfiles"]["chargingProfilePurpose"], "TxDefaultProfile");
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_014_a_soft_reset_is_passed_on_and_the_station_boots_again() {
    let (central, mut station) = Central::booted().await;
    let soft = json!({ "type": "Soft" });
    assert_eq!(station.command("Reset", soft, answer("Accepted")).await, "accepted");
    drop(station);
    central.connect().await.boot().await;
    assert_eq!(central.status(1).await, "Available");
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_015_a_hard_reset_ends_the_session_that_runs() {
    let (central, mut station) = Central::booted().await;
    let transaction = station.charge().await;
    let hard = json!({ "type": "Hard" });
    assert_eq!(station.command("Reset", hard, answer("Accepted")).await, "accepted");
    drop(station);
    let mut station = central.connect().await;
    station.boot().await;
    station.stop(transaction, "HardReset").await;
    let session = central.session(transaction).await;
    assert_eq!(session["stop_reason"], "HardReset");
    assert_eq!(session["energy_kwh"], 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_016_a_soft_reset_ends_the_session_before_the_boot() {
    let (central, mut station) = Central::booted().await;
    let transaction = station.charge().await;
    let soft = json!({ "type": "Soft" });
    assert_eq!(station.command("Reset", soft, answer("Accepted")).await, "accepted");
    station.stop(transaction, "SoftReset").await;
    assert_eq!(central.session(transaction).await["stop_reason"], "SoftReset");
    drop(station);
    central.connect().await.boot().await;
    assert_eq!(central.status(1).await, "Available");
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_017_1_a_connector_without_a_session_is_unlocked() {
    let (_central, mut station) = Central::booted().await;
    let ended = station.command("UnlockConnector", connector(1), answer("Unlocked")).await;
    assert_eq!(ended, "accepted");
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_017_2_a_fixed_cable_that_cannot_be_unlocked_is_told() {
    let (_central, mut station) = Central::booted().await;
    let ended = station.command("UnlockConnector", connector(1), answer("NotSupported")).await;
    assert_eq!(ended, "rejected");
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_018_1_unlocking_during_a_session_ends_it() {
    let (central, mut station) = Central::booted().await;
    let transaction = station.charge().await;
    let ended = station.command("UnlockConnector", connector(1), answer("Unlocked")).await;
    assert_eq!(ended, "accepted");
    station.status(1, "Finishing").await;
    station.stop(transaction, "UnlockCommand").await;
    station.status(1, "Available").await;
    assert_eq!(central.session(transaction).await["stop_reason"], "UnlockCommand");
    assert_eq!(central.status(1).await, "Available");
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_030_a_lock_that_does_not_open_is_told() {
    let (_central, mut station) = Central::booted().await;
    let ended = station.command("UnlockConnector", connector(2), answer("UnlockFailed")).await;
    assert_eq!(ended, "rejected");
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_031_a_connector_that_the_station_does_not_know_is_told() {
    let (_central, mut station) = Central::booted().await;
    let ended = station.command("UnlockConnector", connector(2), answer("NotSupported")).await;
    assert_eq!(ended, "rejected");
    // One that is not there by what is commissioned is not even asked for.
    station.is_spared("UnlockConnector", connector(3), 422).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_061_clearing_the_cache_is_passed_on() {
    let (_central, mut station) = Central::booted().await;
    let ended = station.command("ClearCache", json!({}), answer("Accepted")).await;
    assert_eq!(ended, "accepted");
    let ended = station.command("ClearCache", json!({}), answer("Rejected")).await;
    assert_eq!(ended, "rejected");
}
