//! Charging profiles that an operator sets beside the limits of the site.

use serde_json::{Value, json};

use crate::central::{CARD, Central};
use crate::station::{Station, at};

fn answer(status: &str) -> Value {
    json!({ "status": status })
}

/// Absolute, begun a minute ago, valid for an hour, 10 A and then 8 A.
fn profile(id: i64, purpose: &str, level: i64) -> Value {
    json!({
        "chargingProfileId": id, "stackLevel": level, "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Absolute", "validFrom": at(-60), "validTo": at(3600),
        "chargingSchedule": {
            "duration": 3600, "startSchedule": at(-60), "chargingRateUnit": "A",
            "chargingSchedulePeriod": [
                { "startPeriod": 0, "limit": 10.0 },
                { "startPeriod": 600, "limit": 8.0 },
            ],
        },
    })
}

/// The same from the beginning of the session on.
fn relative(id: i64) -> Value {
    json!({
        "chargingProfileId": id, "stackLevel": 0, "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Relative", "chargingSchedule": {
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{ "startPeriod": 0, "limit": 10.0 }],
        },
    })
}

fn set(connector: u32, profile: &Value) -> Value {
    json!({ "connectorId": connector, "csChargingProfiles": profile })
}

async fn accepted(station: &mut Station, action: &str, payload: Value) {
    assert_eq!(station.command(action, payload, answer("Accepted")).await, "accepted");
}

/// Waits for a limit that the site sets by itself.
async fn own(station: &mut Station, purpose: &str) {
    while station.hears("SetChargingProfile").await["csChargingProfiles"]["chargingProfilePurpose"]
        != purpose
    {}
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_056_a_default_profile_is_set_for_sessions_to_come() {
    let (_central, mut station) = Central::booted().await;
    let default = profile(41, "TxDefaultProfile", 0);
    accepted(&mut station, "SetChargingProfile", set(0, &default)).await;
    // The site does not rest until its own limit holds again.
    own(&mut station, "TxDefaultProfile").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_057_a_profile_is_set_for_a_session_absolute_and_relative() {
    let (_central, mut station) = Central::booted().await;
    let transaction = station.charge().await;
    for mut profile in [profile(42, "TxProfile", 0), relative(43)] {
        profile["transactionId"] = json!(transaction);
        accepted(&mut station, "SetChargingProfile", set(1, &profile)).await;
        own(&mut station, "TxProfile").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_058_1_a_profile_for_a_session_that_does_not_run_is_never_sent() {
    let (_central, mut station) = Central::booted().await;
    let mut profile = profile(44, "TxProfile", 0);
    profile["transactionId"] = json!(1);
    station.is_spared("SetChargingProfile", set(1, &profile), 422).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_058_2_a_profile_for_another_session_than_the_running_one_is_never_sent() {
    let (_central, mut station) = Central::booted().await;
    let transaction = station.charge().await;
    let mut profile = profile(45, "TxProfile", 0);
    profile["transactionId"] = json!(transaction + 1);
    station.is_spared("SetChargingProfile", set(1, &profile), 422).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_059_a_remote_start_brings_its_profile_along() {
    let (central, mut station) = Central::booted().await;
    let start = json!({ "connectorId": 1, "idTag": CARD, "chargingProfile": relative(46) });
    accepted(&mut station, "RemoteStartTransaction", start).await;
    assert_eq!(station.authorize(CARD).await, "Accepted");
    station.status(1, "Preparing").await;
    let started = station.start(1, CARD).await;
    assert_eq!(started.status, "Accepted");
    station.status(1, "Charging").await;
    assert_eq!(central.session(started.id).await["state"], "running");
    own(&mut station, "TxProfile").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_060_a_remote_start_with_a_profile_of_another_purpose_is_never_sent() {
    let (_central, mut station) = Central::booted().await;
    for purpose in ["TxDefaultProfile", "ChargePointMaxProfile"] {
        let profile = profile(47, purpose, 0);
        let start = json!({ "connectorId": 1, "idTag": CARD, "chargingProfile": profile });
        station.is_spared("RemoteStartTransaction", start, 422).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_066_a_composite_schedule_is_asked_for_and_told() {
    let (_central, mut station) = Central::booted().await;
    let asked = json!({ "connectorId": 1, "duration": 300, "chargingRateUnit": "A" });
    let told = json!({
        "status": "Accepted", "connectorId": 1, "scheduleStart": at(0),
        "chargingSchedule": {
            "duration": 300, "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{ "startPeriod": 0, "limit": 10.0 }],
        },
    });
    let ended = station.command("GetCompositeSchedule", asked.clone(), told).await;
    assert_eq!(ended, "accepted");
    let ended = station.command("GetCompositeSchedule", asked, answer("Rejected")).await;
    assert_eq!(ended, "rejected");
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_067_profiles_are_cleared_by_id_by_criteria_and_all_at_once() {
    let (_central, mut station) = Central::booted().await;
    let transaction = station.charge().await;
    let most = profile(51, "ChargePointMaxProfile", 0);
    let default = profile(52, "TxDefaultProfile", 0);
    let mut session = profile(53, "TxProfile", 0);
    session["transactionId"] = json!(transaction);
    for (connector, profile) in [(0, &most), (0, &default), (1, &session)] {
        accepted(&mut station, "SetChargingProfile", set(connector, profile)).await;
    }
    let criteria = json!({
        "connectorId": 0, "chargingProfilePurpose": "TxDefaultProfile", "stackLevel": 0,
    });
    for which in [json!({ "id": 51 }), criteria, json!({})] {
        accepted(&mut station, "ClearChargingProfile", which).await;
    }
    // Everything is gone, also what the site had set: it comes back by itself.
    own(&mut station, "TxProfile").await;
    let ended = station.command("ClearChargingProfile", json!({ "id": 99 }), answer("Unknown"));
    assert_eq!(ended.await, "rejected");
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_072_a_default_profile_stacked_above_the_limit_of_the_site_is_never_sent() {
    let (_central, mut station) = Central::booted().await;
    accepted(&mut station, "SetChargingProfile", set(0, &profile(61, "TxDefaultProfile", 0))).await;
    let above = set(0, &profile(62, "TxDefaultProfile", 1));
    station.is_spared("SetChargingProfile", above, 422).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tc_082_a_default_profile_set_during_a_session_leaves_the_session_its_limit() {
    let (_central, mut station) = Central::booted().await;
    station.charge().await;
    let default = profile(63, "TxDefaultProfile", 0);
    accepted(&mut station, "SetChargingProfile", set(0, &default)).await;
    own(&mut station, "TxProfile").await;
}
