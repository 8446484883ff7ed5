//! What holds for every call: keys, problems, versions, repetitions.

use serde_json::{Value, json};

use super::{Api, KEY, MORNING};

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_needed_and_its_scope_counts() {
    let api = Api::empty();
    let none = api.call("GET", "/api/v1/sites").anonymous().send().await;
    assert!(none.header("www-authenticate").starts_with("Bearer"));
    none.problem(401);
    api.call("GET", "/api/v1/sites").key("another").send().await.problem(401);
    let wrong_scheme = api.call("GET", "/api/v1/sites").anonymous().header("authorization", KEY);
    wrong_scheme.send().await.problem(401);

    let mut keys = Vec::new();
    for scope in ["read", "control", "admin"] {
        let body = json!({ "name": scope, "scope": scope });
        keys.push(api.post("/api/v1/api-keys", &body).await.expect(201).json());
    }
    let key = |scope: usize| keys[scope]["key"].as_str().unwrap();
    let card = json!({ "status": "Accepted" });
    let site = json!({ "name": "Car park" });
    for (scope, [read, control, admin]) in
        [(0, [200, 403, 403]), (1, [200, 200, 403]), (2, [200, 200, 201])]
    {
        api.call("GET", "/api/v1/sites").key(key(scope)).send().await.expect(read);
        api.call("PUT", "/api/v1/cards/A").key(key(scope)).json(&card).send().await.expect(control);
        api.call("POST", "/api/v1/sites").key(key(scope)).json(&site).send().await.expect(admin);
    }

    let listed = api.get("/api/v1/api-keys").await.expect(200);
    assert!(keys.iter().all(|made| !listed.text.contains(made["key"].as_str().unwrap())));
    let id = keys[2]["key_id"].as_str().unwrap();
    api.call("DELETE", &format!("/api/v1/api-keys/{id}")).send().await.expect(204);
    api.call("GET", "/api/v1/sites").key(key(2)).send().await.problem(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_error_is_a_problem() {
    let api = Api::empty();
    assert!(api.get("/api/v1/nothing").await.problem(404).contains("openapi.json"));
    let method = api.call("PATCH", "/api/v1/sites").send().await;
    let mut allowed: Vec<&str> = method.header("allow").split(',').collect();
    allowed.sort_unstable();
    assert_eq!(allowed, ["GET", "HEAD", "POST"]);
    method.problem(405);
    let path = "/api/v1/sites";
    api.call("POST", path).text("{}").send().await.problem(415);
    let json =
        |text: &str| api.call("POST", path).header("content-type", "application/json").text(text);
    assert!(json("{\"name\":").send().await.problem(400).contains("line 1"));
    json("").send().await.problem(400);
    json(&format!("{{\"name\":\"{}\"}}", "x".repeat(70_000))).send().await.problem(413);
    let wrong = json(r#"{"nmae": "x", "site_id": "a b"}"#).send().await;
    assert_eq!(wrong.json()["instance"], path);
    let errors = wrong.json()["errors"].clone();
    let pointers: Vec<&str> =
        errors.as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect();
    assert_eq!(pointers, ["/name", "/nmae", "/site_id"], "all at once");
    assert!(wrong.problem(422).contains("did you mean name?"));
    assert!(api.get("/api/v1/sites/a%20b").await.problem(400).contains("site_id"));
    assert!(api.get("/api/v1/sites?x=1").await.problem(400).contains("no known parameter"));
    api.get("/api/v1/sites/%ff").await.problem(400);
    api.get("/api/v1/simulation").await.problem(409);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sane_request_id_is_kept_and_any_other_replaced() {
    let api = Api::empty();
    let given = api.call("GET", "/livez").header("x-request-id", "mine-1").send().await;
    assert_eq!(given.header("x-request-id"), "mine-1");
    let odd = api.call("GET", "/livez").header("x-request-id", "a b").send().await;
    assert!(odd.header("x-request-id").starts_with("req_"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_is_changed_only_in_the_version_that_was_seen() {
    let api = Api::workplace().await;
    api.run_until(MORNING).await;
    let path = format!("{}/config", api.site().await);
    let first = api.get(&path).await.expect(200);
    let etag = first.header("etag").to_owned();
    let unchanged = api.call("GET", &path).header("if-none-match", &etag).send().await.expect(304);
    assert_eq!((unchanged.text.as_str(), unchanged.header("etag")), ("", etag.as_str()));
    let config = json!({
        "max_power_kw": 80, "strategy": "equal", "min_charge_rate_kw": 3.7, "reserve_kw": 10.5,
    });
    let put = api.call("PUT", &path).header("if-match", &etag).json(&config).send().await;
    let second = put.expect(200);
    assert_ne!(second.header("etag"), etag);
    assert_eq!(second.header("etag"), api.get(&path).await.header("etag"));
    let late = api.call("PUT", &path).header("if-match", &etag).json(&config).send().await;
    late.problem(412);
    let any = api.call("PUT", &path).header("if-match", "*").json(&config).send().await;
    any.expect(200);
    let too_much = json!({
        "max_power_kw": 8, "strategy": "equal", "min_charge_rate_kw": 3.7, "reserve_kw": 10,
    });
    assert!(api.put(&path, &too_much).await.problem(422).contains("/reserve_kw"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_gets_the_answer_of_the_first() {
    let api = Api::workplace().await;
    let path = format!("{}/rebalance", api.site().await);
    let send = |key: &str, body: Value| {
        api.call("POST", &path).header("idempotency-key", key).json(&body).send()
    };
    let first = send("one", json!({ "reason": "a" })).await.expect(200);
    let again = send("one", json!({ "reason": "a" })).await.expect(200);
    assert_eq!(again.text, first.text);
    assert_eq!(again.header("idempotency-replayed"), "true");
    send("one", json!({ "reason": "b" })).await.problem(422);
    let other = send("two", json!({ "reason": "a" })).await.expect(200);
    assert_ne!(other.json()["rebalance_id"], first.json()["rebalance_id"]);

    let site = json!({ "name": "Car park" });
    let create =
        || api.call("POST", "/api/v1/sites").header("idempotency-key", "three").json(&site);
    let made = create().send().await.expect(201);
    assert_eq!(create().send().await.expect(201).json(), made.json());
    let refused = json!({ "site_id": made.json()["site_id"], "name": "x" });
    let retry =
        || api.call("POST", "/api/v1/sites").header("idempotency-key", "four").json(&refused);
    retry().send().await.problem(409);
    let second = retry().send().await;
    assert_eq!(second.header("idempotency-replayed"), "", "a refusal may be tried again");
    second.problem(409);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_twice_at_a_time_is_done_once() {
    let api = Api::workplace().await;
    api.run_until(MORNING).await;
    let cp = "gate_001";
    let path = format!("/api/v1/charge-points/{cp}/commands/ClearCache?wait=2");
    let send = || api.call("POST", &path).header("idempotency-key", "k").json(&json!({})).send();
    let (a, b) = tokio::join!(send(), send());
    let mut statuses = [a.status.as_u16(), b.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [202, 409], "time stands still, so the first one waits in vain");
    let sent = api.get(&format!("/api/v1/charge-points/{cp}/commands")).await.json();
    assert_eq!(sent["commands"].as_array().unwrap().len(), 1);
}
