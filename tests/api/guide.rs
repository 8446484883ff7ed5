//! The five calls of the guide.

use std::time::Duration;

use ampacity::api::{Options, Rate};
use ampacity::time::{Span, Time};
use serde_json::{Value, json};

use super::{Api, MORNING, options};

fn guide_config() -> Value {
    json!({
        "max_power_kw": 100, "strategy": "equal", "min_charge_rate_kw": 3.7, "reserve_kw": 10,
    })
}

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

fn sum(chargers: &Value, field: &str) -> f64 {
    chargers.as_array().unwrap().iter().map(|charger| charger[field].as_f64().unwrap()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_walk_through_of_the_guide() {
    let api = Api::workplace().await;
    api.run_until(MORNING).await;
    let site = api.site().await;

    let put = api.put(&format!("{site}/config"), &guide_config()).await.expect(200);
    let config = put.json();
    assert_eq!(
        keys(&config),
        ["max_power_kw", "min_charge_rate_kw", "reserve_kw", "site_id", "strategy", "updated_at"]
    );
    assert!(put.text.contains(r#""max_power_kw":100,"#), "whole numbers are integers");
    assert_eq!(config["updated_at"], MORNING);
    let got = api.get(&format!("{site}/config")).await.expect(200);
    assert_eq!(got.json(), config);

    let allocation = api.get(&format!("{site}/allocation")).await.expect(200).json();
    assert_eq!(
        keys(&allocation),
        [
            "allocated_kw",
            "available_kw",
            "calculated_at",
            "chargers",
            "idle_kw",
            "reserved_kw",
            "site_id",
            "total_capacity_kw"
        ]
    );
    assert_eq!(allocation["total_capacity_kw"], 100);
    assert_eq!(allocation["available_kw"], 90);
    let allocated = allocation["allocated_kw"].as_f64().unwrap();
    let idle = allocation["idle_kw"].as_f64().unwrap();
    assert!(allocated > 45.0 && allocated <= 90.0, "{allocated}");
    assert!((allocated + idle - 90.0).abs() < 1e-9);
    let chargers = &allocation["chargers"];
    assert_eq!(chargers.as_array().unwrap().len(), 20);
    assert!((sum(chargers, "allocated_kw") - allocated).abs() < 1e-9);
    assert!(sum(chargers, "actual_draw_kw") <= 90.0);
    for charger in chargers.as_array().unwrap() {
        assert_eq!(
            keys(charger),
            [
                "actual_draw_kw",
                "allocated_kw",
                "charge_point_id",
                "connector_id",
                "session_id",
                "status"
            ]
        );
        let session = charger["session_id"].as_str();
        assert!(session.is_none_or(|session| session.starts_with("ses_")));
        if charger["status"] == "Available" {
            assert_eq!((session, &charger["allocated_kw"]), (None, &json!(0)));
        }
    }

    let query = "from=2026-05-04T04:00:00Z&to=2026-05-04T07:30:00Z&interval=15m";
    let path = format!("{site}/allocation/history?{query}");
    let history = api.get(&path).await.expect(200).json();
    assert_eq!(keys(&history), ["interval", "site_id", "snapshots"]);
    assert_eq!(history["interval"], "15m");
    let snapshots = history["snapshots"].as_array().unwrap();
    assert_eq!(snapshots.len(), 14, "half open: 04:00 to 07:15");
    assert_eq!(snapshots[0]["timestamp"], "2026-05-04T04:00:00Z");
    assert_eq!(snapshots[13]["timestamp"], "2026-05-04T07:15:00Z");
    assert!(snapshots[13]["active_sessions"].as_u64().unwrap() > 0);
    assert!(snapshots.iter().all(|one| one["allocated_kw"].as_f64().unwrap() <= 90.0));
    let iso = api.get(&path.replace("15m", "PT15M")).await.expect(200).json();
    assert_eq!(iso["snapshots"], history["snapshots"]);

    api.resume().await;
    let smaller = json!({
        "max_power_kw": 60, "strategy": "priority", "min_charge_rate_kw": 3.7, "reserve_kw": 10,
    });
    api.put(&format!("{site}/config"), &smaller).await.expect(200);
    let body = json!({ "reason": "Manual config update" });
    let done = api.post(&format!("{site}/rebalance"), &body).await.expect(200).json();
    assert_eq!(
        keys(&done),
        ["chargers_updated", "completed_at", "rebalance_id", "site_id", "status", "triggered_at"]
    );
    assert_eq!(done["status"], "completed");
    assert!(done["rebalance_id"].as_str().unwrap().starts_with("reb_"));
    assert!(done["completed_at"].as_str() >= done["triggered_at"].as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebalance_that_changes_nothing_updates_no_charger() {
    let api = Api::workplace().await;
    api.run_until(MORNING).await;
    let site = api.site().await;
    let path = format!("{site}/rebalance");
    let dry = api.post(&format!("{path}?dry_run=true"), &json!({})).await.expect(200).json();
    assert_eq!((&dry["status"], &dry["completed_at"]), (&json!("dry_run"), &Value::Null));
    assert_eq!(dry["chargers_updated"], 0);
    let done = api.call("POST", &path).send().await.expect(200).json();
    assert_eq!((&done["status"], &done["chargers_updated"]), (&json!("completed"), &json!(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_tells_what_the_rebalance_then_does() {
    let rebalances = Rate { burst: 1000, every: Duration::from_millis(1) };
    let api = Api::workplace_with(Options { rebalances, ..options() }).await;
    let path = format!("{}/rebalance", api.site().await);
    let mut told = 0;
    let start = Time::parse_ocpp_exact("2026-05-04T05:45:00Z").unwrap();
    for step in 0..150 {
        let now = start + Span::from_s(step * 20);
        api.run_until(&now.to_ocpp()).await;
        let dry = api.post(&format!("{path}?dry_run=true"), &json!({})).await.expect(200).json();
        let mut events = api.handle.subscribe();
        let real = api.post(&path, &json!({})).await.expect(200).json();
        api.run_until(&(now + Span::from_s(12)).to_ocpp()).await;
        let updated = loop {
            let event = events.recv().await.unwrap();
            if event.data["rebalance_id"] == real["rebalance_id"] {
                break event.data["chargers_updated"].as_u64().unwrap();
            }
        };
        let dry = dry["chargers_updated"].as_u64().unwrap();
        assert!(updated <= dry, "{now}: {updated} of {dry}");
        told += dry;
    }
    assert!(told > 0, "some decision waited for company");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_rebalances_is_turned_away_with_a_time_to_wait() {
    let api = Api::workplace().await;
    let path = format!("{}/rebalance", api.site().await);
    for _ in 0..3 {
        api.post(&path, &json!({})).await.expect(200);
    }
    let refused = api.post(&path, &json!({})).await;
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=600).contains(&wait), "{wait}");
    assert!(refused.problem(429).contains("oscillate"));
    api.post(&format!("{path}?dry_run=true"), &json!({})).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn weights_are_kept_until_new_ones_are_given() {
    let api = Api::workplace().await;
    api.run_until(MORNING).await;
    let site = api.site().await;
    let weights = json!({ "priorities": { "gate_001": 4, "lot_001": 2 } });
    let path = format!("{site}/priorities");
    let set = api.put(&path, &weights).await.expect(200).json();
    assert_eq!(set["priorities"], weights["priorities"]);
    let config = api.put(&format!("{site}/config"), &guide_config()).await.expect(200).json();
    assert_eq!(config.get("priorities"), None, "they mean nothing now");
    let mut priority = guide_config();
    priority["strategy"] = json!("priority");
    let config = api.put(&format!("{site}/config"), &priority).await.expect(200).json();
    assert_eq!(config["priorities"], weights["priorities"]);
    priority["priorities"] = json!({});
    let config = api.put(&format!("{site}/config"), &priority).await.expect(200).json();
    assert_eq!(config.get("priorities"), None);
    assert_eq!(api.get(&path).await.expect(200).json()["priorities"], json!({}));
    for wrong in [json!({ "gate_001": 0 }), json!({ "nobody": 2 })] {
        let at = format!("/priorities/{}", wrong.as_object().unwrap().keys().next().unwrap());
        let detail = api.put(&path, &json!({ "priorities": wrong })).await.problem(422);
        assert!(detail.contains(&at), "{detail}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_that_cannot_be_is_refused_by_name() {
    let api = Api::workplace().await;
    let path = format!("{}/allocation/history", api.site().await);
    for (query, named) in [
        ("to=2026-05-04T07:30:00Z&interval=15m", "from: is missing"),
        ("from=noon&to=2026-05-04T07:30:00Z&interval=15m", "from: \"noon\""),
        ("from=2026-05-04T07:30:00Z&to=2026-05-04T07:30:00Z&interval=15m", "to: has to be later"),
        ("from=2026-05-04T04:00:00Z&to=2026-05-04T07:30:00Z&interval=1s", "more than 10,000"),
        ("from=2026-05-04T04:00:00Z&to=2026-05-04T07:30:00Z&interval=soon", "interval: \"soon\""),
        ("form=2026-05-04T04:00:00Z", "did you mean from?"),
    ] {
        let detail = api.get(&format!("{path}?{query}")).await.problem(400);
        assert!(detail.contains(named), "{query}: {detail}");
    }
}
