//! Windows of the day, told through the API.

use serde_json::json;

use super::{Api, MORNING};

#[tokio::test(flavor = "multi_thread")]
async fn a_window_told_through_the_api_holds_by_the_clock_of_its_zone() {
    let api = Api::workplace().await;
    api.run_until(MORNING).await;
    let windows = format!("{}/windows", api.site().await);
    let before = api.get(&windows).await.expect(200).json();
    assert_eq!((&before["windows"], &before["time_zone"]), (&json!([]), &json!("UTC")));
    assert_eq!((&before["max_power_kw"], &before["soft_limit_kw"]), (&json!(100), &json!(null)));

    let body = json!({
        "time_zone": "Europe/Amsterdam",
        "windows": [
            { "name": "works", "from": "09:40", "to": "11:00", "max_power_kw": 40 },
            { "name": "dear", "from": "11:30", "to": "12:30", "days": ["mon"], "soft_limit_kw": 30 },
        ],
    });
    let told = api.put(&windows, &body).await.expect(200).json();
    assert_eq!(told["windows"], body["windows"]);
    let config = api.get(&windows.replace("windows", "config")).await.expect(200).json();
    assert_eq!(config["max_power_kw"], 100, "at other times");

    api.run_until("2026-05-04T07:39:59Z").await;
    let soon = api.get(&windows).await.expect(200).json();
    assert_eq!((&soon["max_power_kw"], &soon["available_kw"]), (&json!(100), &json!(30)));
    api.run_until("2026-05-04T07:40:00Z").await;
    let allocation = api.get(&windows.replace("windows", "allocation")).await.expect(200).json();
    assert_eq!(allocation["total_capacity_kw"], 40);
    assert!(allocation["allocated_kw"].as_f64() <= Some(30.0), "{allocation}");

    api.run_until("2026-05-04T09:40:00Z").await;
    let dear = api.get(&windows).await.expect(200).json();
    assert_eq!((&dear["soft_limit_kw"], &dear["softly_available_kw"]), (&json!(30), &json!(20)));
    assert_eq!(dear["available_kw"], 90, "more would be allowed");
    let why = api.get(&windows.replace("windows", "allocation/explain")).await.expect(200).json();
    assert_eq!(why["softly_available_kw"], 20);
    let reasons: Vec<_> = why["limits"].as_array().unwrap().iter().map(|l| &l["reason"]).collect();
    assert!(reasons.contains(&&json!("soft_limit")), "{reasons:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_window_is_told_with_its_place() {
    let api = Api::workplace().await;
    api.run_until(MORNING).await;
    let windows = format!("{}/windows", api.site().await);
    let one = |window: serde_json::Value| json!({ "windows": [window] });
    for (body, pointer) in [
        (json!({ "time_zone": "Europe/Amsterdm", "windows": [] }), "/time_zone"),
        (one(json!({ "name": "a", "from": "9:00", "to": "10:00" })), "/windows/0/from"),
        (one(json!({ "name": "a", "from": "09:00", "to": "24:30" })), "/windows/0/to"),
        (one(json!({ "name": "", "from": "09:00", "to": "10:00" })), "/windows/0/name"),
        (
            one(json!({ "name": "a", "from": "09:00", "to": "10:00", "days": ["monday"] })),
            "/windows/0/days/0",
        ),
        (
            one(json!({ "name": "a", "from": "09:00", "to": "10:00", "soft_limit_kw": -1 })),
            "/windows/0/soft_limit_kw",
        ),
    ] {
        let refused = api.put(&windows, &body).await.expect(422).json();
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{body}: {refused}");
    }
}
