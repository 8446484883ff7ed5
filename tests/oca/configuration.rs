//! Configuration keys.

use serde_json::{Value, json};

use crate::central::Central;

fn answer(status: &str) -> Value {
    json!({ "status": status })
}

fn sampling(value: &str) -> Value {
    json!({ "key": "MeterValueSampleInterval", "value": value })
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_019_1_all_configuration_keys_are_retrieved() {
    let (central, mut station) = Central::booted().await;
    let told = json!({ "configurationKey": [
        { "key": "HeartbeatInterval", "readonly": false, "value": "900" },
        { "key": "NumberOfConnectors", "readonly": true, "value": "2" },
    ] });
    assert_eq!(station.command("GetConfiguration", json!({}), told).await, "accepted");
    assert_eq!(central.configured("NumberOfConnectors").await, "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_019_2_one_configuration_key_is_retrieved() {
    let (central, mut station) = Central::booted().await;
    let asked = json!({ "key": ["SupportedFeatureProfiles"] });
    let told = json!({ "configurationKey": [
        { "key": "SupportedFeatureProfiles", "readonly": true, "value": "Core,SmartCharging" },
    ] });
    assert_eq!(station.command("GetConfiguration", asked, told).await, "accepted");
    assert_eq!(central.configured("SupportedFeatureProfiles").await, "Core,SmartCharging");
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_021_a_configuration_key_is_set() {
    let (central, mut station) = Central::booted().await;
    let ended = station.command("ChangeConfiguration", sampling("60"), answer("Accepted")).await;
    assert_eq!(ended, "accepted");
    let ended =
        station.command("ChangeConfiguration", sampling("30"), answer("RebootRequired")).await;
    assert_eq!(ended, "accepted", "it holds after a reboot");
    assert_eq!(central.configured("MeterValueSampleInterval").await, "30");
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_040_1_a_key_that_is_not_supported_is_told() {
    let (_central, mut station) = Central::booted().await;
    let unknown = json!({ "key": "Colour", "value": "blue" });
    let ended = station.command("ChangeConfiguration", unknown, answer("NotSupported")).await;
    assert_eq!(ended, "rejected");
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_040_2_a_value_that_is_not_taken_is_told_and_the_old_one_stays() {
    let (central, mut station) = Central::booted().await;
    let ended = station.command("ChangeConfiguration", sampling("60"), answer("Accepted")).await;
    assert_eq!(ended, "accepted");
    let ended = station.command("ChangeConfiguration", sampling("-1"), answer("Rejected")).await;
    assert_eq!(ended, "rejected");
    assert_eq!(central.configured("MeterValueSampleInterval").await, "60");
}
