//! Other loads behind the grid connection, told through the API.

use serde_json::{Value, json};

use super::{Api, MORNING};

#[tokio::test(flavor = "multi_thread")]
async fn a_load_told_through_the_api_moves_the_limit_until_it_ends() {
    let api = Api::workplace().await;
    api.run_until(MORNING).await;
    let site = api.site().await;
    let load = format!("{site}/load");
    let reading = json!({ "power_kw": 34.5, "valid_for_s": 60 });

    let detail = api.put(&load, &reading).await.problem(409);
    assert!(detail.contains("worst_load_kw"), "{detail}");
    let config = json!({
        "max_power_kw": 100, "strategy": "equal", "min_charge_rate_kw": 3.7, "reserve_kw": 10,
        "worst_load_kw": 60,
    });
    let config = api.put(&format!("{site}/config"), &config).await.expect(200).json();
    assert_eq!(config["worst_load_kw"], 60);
    let silent = api.get(&load).await.expect(200).json();
    assert_eq!((&silent["power_kw"], &silent["valid_until"]), (&Value::Null, &Value::Null));
    assert_eq!(silent["available_kw"], 40, "nobody has told anything yet");

    let told = api.put(&load, &reading).await.expect(200).json();
    assert_eq!(told["power_kw"], 34.5);
    assert_eq!(told["valid_until"], "2026-05-04T07:31:00Z");
    assert_eq!(told["available_kw"], 65);
    let allocation = api.get(&format!("{site}/allocation")).await.expect(200).json();
    assert_eq!((&allocation["available_kw"], &allocation["reserved_kw"]), (&json!(65), &json!(35)));
    api.run_until("2026-05-04T07:31:01Z").await;
    let over = api.get(&load).await.expect(200).json();
    assert_eq!((&over["power_kw"], &over["available_kw"]), (&Value::Null, &json!(40)));

    // Without the field the worst case stays.
    let smaller = json!({
        "max_power_kw": 80, "strategy": "equal", "min_charge_rate_kw": 3.7, "reserve_kw": 10,
    });
    let config = api.put(&format!("{site}/config"), &smaller).await.expect(200).json();
    assert_eq!(config["worst_load_kw"], 60);
    for (wrong, pointer) in [
        (json!({ "power_kw": 1e7, "valid_for_s": 60 }), "/power_kw"),
        (json!({ "power_kw": 10, "valid_for_s": 0 }), "/valid_for_s"),
        (json!({ "power_kw": 10, "valid_for_s": 100_000 }), "/valid_for_s"),
    ] {
        let refused = api.put(&load, &wrong).await.expect(422).json();
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{refused}");
    }
}
