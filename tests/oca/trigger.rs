//! Messages that are asked for.

use serde_json::{Value, json};

use crate::central::Central;
use crate::station::{Station, now};

fn answer(status: &str) -> Value {
    json!({ "status": status })
}

/// The operator asks for a message; the station is willing, or not.
async fn trigger(station: &mut Station, message: &str, connector: Option<u32>, how: &str) {
    let mut payload = json!({ "requestedMessage": message });
    if let Some(connector) = connector {
        payload["connectorId"] = json!(connector);
    }
    let expected = if how == "Accepted" { "accepted" } else { "rejected" };
    assert_eq!(
        station.command("TriggerMessage", payload, answer(how)).await,
        expected,
        "{message}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_054_each_message_that_is_asked_for_comes_and_is_acknowledged() {
    let (central, mut station) = Central::booted().await;
    trigger(&mut station, "MeterValues", Some(1), "Accepted").await;
    let sampled = json!([{ "value": "1000", "context": "Trigger" }]);
    let sample = json!([{ "timestamp": now(), "sampledValue": sampled }]);
    station.tell("MeterValues", json!({ "connectorId": 1, "meterValue": sample })).await;
    trigger(&mut station, "Heartbeat", None, "Accepted").await;
    station.ask("Heartbeat", json!({})).await;
    trigger(&mut station, "StatusNotification", Some(2), "Accepted").await;
    station.status(2, "Preparing").await;
    assert_eq!(central.status(2).await, "Preparing");
    trigger(&mut station, "DiagnosticsStatusNotification", None, "Accepted").await;
    station.tell("DiagnosticsStatusNotification", answer("Idle")).await;
    trigger(&mut station, "FirmwareStatusNotification", None, "Accepted").await;
    station.tell("FirmwareStatusNotification", answer("Idle")).await;
    trigger(&mut station, "BootNotification", None, "Accepted").await;
    station.boot().await;
    trigger(&mut station, "FirmwareStatusNotification", None, "NotImplemented").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_055_a_message_that_is_not_sent_is_told() {
    let (_central, mut station) = Central::booted().await;
    trigger(&mut station, "MeterValues", Some(1), "Rejected").await;
    // Nor is it asked of a connector that is not there.
    let nowhere = json!({ "requestedMessage": "MeterValues", "connectorId": 3 });
    station.is_spared("TriggerMessage", nowhere, 422).await;
}
