//! The local authorization list.

use serde_json::{Value, json};

use crate::central::{CARD, Central};

fn answer(status: &str) -> Value {
    json!({ "status": status })
}

fn entry(id_tag: &str) -> Value {
    json!({ "idTag": id_tag, "idTagInfo": { "status": "Accepted" } })
}

fn full(version: i64) -> Value {
    let list = json!([entry(CARD), entry("OTHER")]);
    json!({ "listVersion": version, "updateType": "Full", "localAuthorizationList": list })
}

fn differential(version: i64) -> Value {
    let list = json!([entry("ONE-MORE")]);
    json!({ "listVersion": version, "updateType": "Differential", "localAuthorizationList": list })
}

fn version(version: i64) -> Value {
    json!({ "listVersion": version })
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_042_1_a_station_without_a_local_list_says_so() {
    let (central, mut station) = Central::booted().await;
    assert_eq!(station.command("GetLocalListVersion", json!({}), version(-1)).await, "accepted");
    assert_eq!(central.known("local_list").await["version"], -1);
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_042_2_an_empty_local_list_has_version_0() {
    let (central, mut station) = Central::booted().await;
    assert_eq!(station.command("GetLocalListVersion", json!({}), version(0)).await, "accepted");
    assert_eq!(central.known("local_list").await["version"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_043_1_a_list_that_is_not_supported_is_told() {
    let (_central, mut station) = Central::booted().await;
    let ended = station.command("SendLocalList", full(1), answer("NotSupported")).await;
    assert_eq!(ended, "rejected");
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_043_2_a_mismatch_of_versions_is_told_and_mended_by_a_full_list() {
    let (central, mut station) = Central::booted().await;
    assert_eq!(station.command("SendLocalList", full(1), answer("Accepted")).await, "accepted");
    let ended = station.command("SendLocalList", differential(2), answer("VersionMismatch")).await;
    assert_eq!(ended, "rejected");
    assert_eq!(station.command("SendLocalList", full(3), answer("Accepted")).await, "accepted");
    assert_eq!(central.known("local_list").await["version"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_043_3_a_list_that_fails_is_told() {
    let (_central, mut station) = Central::booted().await;
    let ended = station.command("SendLocalList", full(1), answer("Failed")).await;
    assert_eq!(ended, "rejected");
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_043_4_a_full_list_is_sent_and_its_version_is_known() {
    let (central, mut station) = Central::booted().await;
    assert_eq!(station.command("SendLocalList", full(1), answer("Accepted")).await, "accepted");
    assert_eq!(central.known("local_list").await["version"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_043_5_a_differential_list_follows_a_full_one() {
    let (central, mut station) = Central::booted().await;
    assert_eq!(station.command("SendLocalList", full(1), answer("Accepted")).await, "accepted");
    let ended = station.command("SendLocalList", differential(2), answer("Accepted")).await;
    assert_eq!(ended, "accepted");
    assert_eq!(central.known("local_list").await["version"], 2);
}
