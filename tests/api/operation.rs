//! Health, figures, and steering a simulation.

use serde_json::json;

use super::{Api, MORNING, options};
use ampacity::api::Options;

#[tokio::test(flavor = "multi_thread")]
async fn health_and_version_need_no_key() {
    let api = Api::empty();
    for path in ["/livez", "/readyz", "/version", "/openapi.json", "/docs/"] {
        api.call("GET", path).anonymous().send().await.expect(200);
    }
    let page = api.call("GET", "/docs/swagger-initializer.js").anonymous().send().await.expect(200);
    assert!(page.text.contains("/openapi.json"), "{}", page.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_has_ended_is_not_ready() {
    let api = Api::empty();
    api.handle.stop().await;
    let mut answer = api.get("/readyz").await;
    while answer.status == 200 {
        answer = api.get("/readyz").await;
    }
    assert_eq!(answer.header("retry-after"), "5");
    answer.problem(503);
    api.call("GET", "/livez").send().await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_have_bounded_labels() {
    let api = Api::workplace().await;
    api.run_until(MORNING).await;
    let site = api.site().await;
    api.get(&format!("{site}/allocation")).await.expect(200);
    api.get("/api/v1/charge-points/gate_001").await.expect(200);
    api.call("BREW", "/api/v1/nothing/gate_001").send().await.expect(404);
    api.call("GET", "/metrics").anonymous().send().await.problem(401);
    let figures = api.get("/metrics").await.expect(200);
    assert!(figures.header("content-type").starts_with("application/openmetrics-text"));
    for line in [
        "ampacity_site_limit_watts{site=",
        "ampacity_charge_points_connected 20",
        "ampacity_engine_up 1",
        "route=\"/api/v1/charge-points/{charge_point_id}\"",
        "ampacity_http_requests_total{route=\"none\",method=\"other\",status=\"4xx\"} 1",
        "ampacity_http_request_duration_seconds_bucket",
        "# EOF",
    ] {
        assert!(figures.text.contains(line), "{line} is not in\n{}", figures.text);
    }
    assert!(!figures.text.contains("gate_001"), "no label names a charge point");
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_can_be_open() {
    let api = Api::empty_with(Options { open_metrics: true, ..options() });
    api.call("GET", "/metrics").anonymous().send().await.expect(200);
    api.call("GET", "/api/v1/sites").anonymous().send().await.problem(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_simulation_is_stepped_paced_and_disturbed() {
    let api = Api::workplace().await;
    let path = "/api/v1/simulation";
    let start = api.get(path).await.expect(200).json();
    assert_eq!((&start["paused"], &start["finished"]), (&json!(true), &json!(false)));
    let later = api.post(&format!("{path}/step"), &json!({ "until": MORNING })).await.expect(200);
    assert_eq!(later.json()["now"], MORNING);
    api.post(&format!("{path}/step"), &json!({ "events": 5 })).await.expect(200);
    api.post(&format!("{path}/step"), &json!({})).await.problem(422);
    let fast = api.post(&format!("{path}/speed"), &json!({ "speed": "max" })).await.expect(200);
    assert_eq!(fast.json()["speed"], "max");
    for wrong in [json!({ "speed": 0 }), json!({ "speed": "fast" }), json!({ "speed": null })] {
        api.post(&format!("{path}/speed"), &wrong).await.problem(422);
    }
    let slow = api.post(&format!("{path}/speed"), &json!({ "speed": 1.5 })).await.expect(200);
    assert_eq!(slow.json()["speed"], 1.5);
    let set = json!({ "set": { "max_power_kw": 60, "strategy": "max_throughput" } });
    api.post(&format!("{path}/events"), &set).await.expect(200);
    let config = api.get(&format!("{}/config", api.site().await)).await.json();
    assert_eq!((&config["max_power_kw"], &config["reserve_kw"]), (&json!(60), &json!(10)));
    let too_small = json!({ "set": { "max_power_kw": 5 } });
    assert!(api.post(&format!("{path}/events"), &too_small).await.problem(422).contains("reserve"));
    api.post(&format!("{path}/events"), &json!({ "rebalance": "why not" })).await.expect(200);
    api.post(&format!("{path}/events"), &json!({})).await.problem(422);
    let running = api.call("POST", &format!("{path}/resume")).send().await.expect(200).json();
    assert_eq!(running["paused"], false);
    api.post(&format!("{path}/step"), &json!({ "events": 1 })).await.problem(409);
    api.call("POST", &format!("{path}/pause")).send().await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dashboard_loads_nothing_from_elsewhere() {
    let api = Api::empty();
    let page = api.call("GET", "/").anonymous().send().await.expect(200);
    let policy = page.header("content-security-policy").to_owned();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    let page = &page.text;
    let files: Vec<&str> = ["src=\"", "href=\""]
        .iter()
        .flat_map(|mark| page.split(mark).skip(1))
        .filter_map(|rest| rest.split('"').next())
        .filter(|file| *file != "data:,")
        .collect();
    assert_eq!(files.len(), 3, "{files:?}");
    for file in files {
        assert!(file.starts_with('/'), "{file}");
        let answer = api.call("GET", file).anonymous().send().await;
        assert!(matches!(answer.status.as_u16(), 200 | 303), "{file}");
        let foreign = answer.text.replace("http://www.w3.org/2000/svg", "").contains("://");
        assert!(!foreign, "{file} names another place");
    }
}
