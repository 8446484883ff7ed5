//! Feeders and phases, told through the API.

use serde_json::{Value, json};

use super::{Api, MORNING};

#[tokio::test(flavor = "multi_thread")]
async fn feeders_told_through_the_api_are_kept_from_then_on() {
    let api = Api::workplace().await;
    api.run_until(MORNING).await;
    let wiring = format!("{}/wiring", api.site().await);
    let before = api.get(&wiring).await.expect(200).json();
    assert_eq!((&before["feeders"], &before["wires"]), (&json!([]), &json!([])));

    let connections: serde_json::Map<String, Value> = (1..=16)
        .map(|n| (format!("lot_{n:03}"), json!({ "feeder": "west", "phase_rotation": "STR" })))
        .collect();
    let body = json!({
        "feeders": [
            { "name": "west", "max_current_a": 63 },
            { "name": "corner", "fed_from": "west", "max_power_kw": 5 },
        ],
        "connections": connections,
    });
    let told = api.put(&wiring, &body).await.expect(200).json();
    assert_eq!(told["connections"]["lot_001"]["phase_rotation"], "STR");
    assert_eq!(told["voltage_v"], 230);
    let names: Vec<_> = told["wires"].as_array().unwrap().iter().map(|w| &w["name"]).collect();
    assert_eq!(names, ["feeder west, L1", "feeder west, L2", "feeder west, L3", "feeder corner"]);
    assert_eq!(told["wires"][0]["limit_kw"], 14.49);
    api.run_until("2026-05-04T07:32:00Z").await;
    let kept = api.get(&wiring).await.expect(200).json();
    assert_eq!(kept["feeders"], told["feeders"]);
    for wire in kept["wires"].as_array().unwrap() {
        let (committed, limit) = (wire["committed_kw"].as_f64(), wire["limit_kw"].as_f64());
        assert!(committed <= limit, "lowered within two minutes: {wire}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_wired_so_is_told_with_its_place() {
    let api = Api::workplace().await;
    api.run_until(MORNING).await;
    let wiring = format!("{}/wiring", api.site().await);
    for (body, pointer) in [
        (json!({ "feeders": [{ "name": "" }] }), "/feeders/0/name"),
        (json!({ "feeders": [{ "name": "a" }, { "name": "a" }] }), "/feeders/1/name"),
        (json!({ "feeders": [{ "name": "a", "fed_from": "b" }] }), "/feeders/0/fed_from"),
        (json!({ "feeders": [{ "name": "a", "max_current_a": 0 }] }), "/feeders/0/max_current_a"),
        (json!({ "connections": { "lot_001": { "feeder": "x" } } }), "/connections/lot_001/feeder"),
        (json!({ "connections": { "nobody": {} } }), "/connections/nobody"),
        (json!({ "unbalance_a": -1 }), "/unbalance_a"),
    ] {
        let refused = api.put(&wiring, &body).await.expect(422).json();
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{body}: {refused}");
    }
}
