//! Why the limits of a site are what they are.

use serde_json::{Value, json};

use super::{Api, MORNING};

fn sum(list: &Value, field: &str) -> f64 {
    list.as_array().unwrap().iter().map(|one| one[field].as_f64().unwrap()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_limit_of_a_busy_morning_has_its_reasons() {
    let api = Api::workplace().await;
    api.run_until(MORNING).await;
    let site = api.site().await;
    let told = api.get(&format!("{site}/allocation/explain")).await.expect(200).json();
    let allocation = api.get(&format!("{site}/allocation")).await.expect(200).json();
    assert_eq!((&told["at"], &told["strategy"]), (&json!(MORNING), &json!("equal")));
    for field in ["site_id", "total_capacity_kw", "reserved_kw", "available_kw", "calculated_at"] {
        assert_eq!(told[field], allocation[field], "{field}");
    }
    let limits = told["limits"].as_array().unwrap();
    let running = allocation["chargers"].as_array().unwrap().iter();
    let running: Vec<&Value> = running.filter(|it| it["session_id"] != Value::Null).collect();
    assert!(limits.len() > 5 && limits.len() == running.len());
    let mut orders = Vec::new();
    for (limit, shown) in limits.iter().zip(running) {
        for field in ["charge_point_id", "connector_id", "session_id", "actual_draw_kw"] {
            assert_eq!(limit[field], shown[field], "{field} of {limit}");
        }
        assert_eq!(
            limit["accepted_kw"].as_f64().unwrap_or(0.0),
            shown["allocated_kw"].as_f64().unwrap()
        );
        let sentence = limit["sentence"].as_str().unwrap();
        assert!(sentence.starts_with(limit["charge_point_id"].as_str().unwrap()), "{sentence}");
        orders.extend(limit["claim"]["order"].as_u64());
    }
    orders.sort_unstable();
    assert_eq!(orders, (1..=orders.len() as u64).collect::<Vec<_>>());
    let committed = sum(&told["limits"], "committed_kw") + sum(&told["holders"], "committed_kw");
    assert!((committed - told["committed_kw"].as_f64().unwrap()).abs() < 1e-9);
    let divided = told["available_kw"].as_f64().unwrap() - sum(&told["holders"], "uncontrolled_kw");
    assert!((divided - told["divided_kw"].as_f64().unwrap()).abs() < 1e-9);
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_for_reasons_changes_nothing_and_needs_a_key_that_may_read() {
    let api = Api::workplace().await;
    api.run_until(MORNING).await;
    let path = format!("{}/allocation/explain", api.site().await);
    let first = api.get(&path).await.expect(200).text;
    assert_eq!(api.get(&path).await.expect(200).text, first);
    api.call("GET", &path).anonymous().send().await.problem(401);
    api.get("/api/v1/smart-charging/sites/site_x/allocation/explain").await.problem(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lower_limit_is_explained_while_it_is_on_its_way() {
    let api = Api::workplace().await;
    api.run_until(MORNING).await;
    let site = api.site().await;
    let less = json!({
        "max_power_kw": 60, "strategy": "equal", "min_charge_rate_kw": 3.7, "reserve_kw": 10,
    });
    api.put(&format!("{site}/config"), &less).await.expect(200);
    api.run_until("2026-05-04T07:30:03Z").await;
    let told = api.get(&format!("{site}/allocation/explain")).await.expect(200).json();
    let limits = told["limits"].as_array().unwrap();
    let lowered: Vec<&Value> = limits.iter().filter(|it| it["trigger"] == "config").collect();
    assert!(!lowered.is_empty(), "{told}");
    for limit in lowered {
        assert_eq!(limit["beyond"][0]["cause"], "not_seen_to_follow", "{limit}");
        assert!(limit["beyond"][0]["until"].is_string(), "{limit}");
        assert!(limit["committed_kw"].as_f64() > limit["accepted_kw"].as_f64(), "{limit}");
    }
}
