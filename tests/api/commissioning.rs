//! From nothing to a site that charges: sites, charge points, credentials, commands.

use serde_json::{Value, json};

use super::Api;
use super::station::{Station, commissioned};

const SITE: &str = "/api/v1/smart-charging/sites/site_1";

fn config() -> Value {
    json!({"max_power_kw": 50, "strategy": "equal", "min_charge_rate_kw": 3.7, "reserve_kw": 0})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_is_configured_only_after_commissioning() {
    let api = Api::empty();
    api.get(&format!("{SITE}/config")).await.problem(404);
    commissioned(&api).await;
    assert!(api.get(&format!("{SITE}/config")).await.problem(404).contains("no configuration yet"));
    let detail = api.put(&format!("{SITE}/config"), &config()).await.problem(409);
    assert!(detail.contains("connected"), "{detail}");
    let _station = Station::connect(&api, "cp_1").await;
    api.put(&format!("{SITE}/config"), &config()).await.expect(200);
    let point = api.get("/api/v1/charge-points/cp_1").await.expect(200).json();
    assert_eq!((&point["connected"], &point["registered"]), (&json!(true), &json!(true)));
    assert_eq!(point["hardware"]["max_power_kw"], 22);
    let allocation = api.get(&format!("{SITE}/allocation")).await.expect(200).json();
    assert_eq!(allocation["available_kw"], 50);
    assert_eq!(allocation["chargers"][0]["status"], "Available");
    assert_eq!(allocation["chargers"][0]["session_id"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_shows_while_it_runs_and_after() {
    let api = Api::empty();
    commissioned(&api).await;
    let mut station = Station::connect(&api, "cp_1").await;
    api.put(&format!("{SITE}/config"), &config()).await.expect(200);
    let start =
        r#"{"connectorId":1,"idTag":"TAG","meterStart":100,"timestamp":"2026-05-04T07:30:00Z"}"#;
    station.call("StartTransaction", start).await;
    let page = api.get("/api/v1/sessions?state=running&site_id=site_1").await.expect(200).json();
    let session = &page["sessions"][0];
    assert_eq!((&session["charge_point_id"], &session["id_tag"]), (&json!("cp_1"), &json!("TAG")));
    assert_eq!(page["next_cursor"], Value::Null);
    let id = session["session_id"].as_str().unwrap();
    let transaction = session["transaction_id"].as_i64().unwrap();
    let stop = format!(
        r#"{{"transactionId":{transaction},"meterStop":7350,"timestamp":"2026-05-04T08:30:00Z"}}"#
    );
    station.call("StopTransaction", &stop).await;
    let ended = api.get(&format!("/api/v1/sessions/{id}")).await.expect(200).json();
    assert_eq!((&ended["state"], &ended["energy_kwh"]), (&json!("ended"), &json!(7.25)));
    let running = api.get("/api/v1/sessions?state=running").await.expect(200).json();
    assert_eq!(running["sessions"], json!([]));
    api.get("/api/v1/sessions/ses_0").await.problem(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_driver_tells_a_wish_while_the_session_runs() {
    let api = Api::workplace().await;
    api.run_until("2026-05-04T06:00:00Z").await;
    let page = api.get("/api/v1/sessions?state=running").await.expect(200).json();
    let id = page["sessions"][0]["session_id"].as_str().unwrap().to_owned();
    let known = &page["sessions"][0]["wish"];
    assert!(known["departure_at"].is_string() && known["energy_kwh"].is_number(), "{known}");
    let path = format!("/api/v1/sessions/{id}/wish");
    let wish = json!({ "departure_at": "2026-05-04T09:30:00Z", "energy_kwh": 12.5 });
    let told = api.put(&path, &wish).await.expect(200).json();
    assert_eq!(told["wish"], wish);
    let session = api.get(&format!("/api/v1/sessions/{id}")).await.expect(200).json();
    assert_eq!(session["wish"], wish, "it is kept");
    let told = api.put(&path, &json!({ "departure_at": "2026-05-04T09:00:00Z" })).await.json();
    let wish = json!({ "departure_at": "2026-05-04T09:00:00Z", "energy_kwh": null });
    assert_eq!(told["wish"], wish, "as a whole");
    api.put(&path, &json!({ "energy_kwh": -1 })).await.problem(422);
    api.put(&path, &json!({ "departure_at": "noon" })).await.problem(422);
    api.put("/api/v1/sessions/ses_0/wish", &json!({})).await.problem(404);
    api.run_until("2026-05-04T17:30:00Z").await;
    let ended = api.get(&format!("/api/v1/sessions/{id}")).await.expect(200).json();
    assert_eq!((&ended["state"], &ended["wish"]), (&json!("ended"), &wish));
    let problem = api.put(&path, &json!({})).await.problem(409);
    assert!(problem.contains("does not run"), "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_come_in_pages_that_miss_none() {
    let api = Api::workplace().await;
    api.run_until("2026-05-04T12:00:00Z").await;
    let all = api.get("/api/v1/sessions?limit=500").await.expect(200).json();
    let all: Vec<Value> = all["sessions"].as_array().unwrap().clone();
    assert!(all.len() > 20);
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = api.get(&format!("/api/v1/sessions?limit=3{cursor}")).await.expect(200).json();
        paged.extend(page["sessions"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(paged, all);
    let one = all[0]["charge_point_id"].as_str().unwrap();
    let here = api.get(&format!("/api/v1/sessions?charge_point_id={one}")).await.json();
    let expected = all.iter().filter(|session| session["charge_point_id"] == one).count();
    assert_eq!(here["sessions"].as_array().unwrap().len(), expected);
    api.get("/api/v1/sessions?cursor=x").await.problem(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn charge_points_are_linked_unlinked_and_removed() {
    let api = Api::empty();
    commissioned(&api).await;
    let path = "/api/v1/charge-points/cp_1";
    let unlinked = api.put(&format!("{path}/site"), &json!({ "site_id": null })).await.expect(200);
    assert_eq!(unlinked.json()["site_id"], Value::Null);
    let here = api.get("/api/v1/charge-points?site_id=site_1").await.expect(200).json();
    assert_eq!(here["charge_points"], json!([]));
    api.put(&format!("{path}/site"), &json!({ "site_id": "site_9" })).await.problem(404);
    let again = json!({ "charge_point_id": "cp_1", "model": "ac22" });
    api.post("/api/v1/charge-points", &again).await.problem(409);
    let station = Station::connect(&api, "cp_1").await;
    api.call("DELETE", path).send().await.problem(409);
    station.disconnect().await;
    api.call("DELETE", path).send().await.expect(204);
    api.get(path).await.problem(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rating_comes_from_the_catalogue_or_from_the_caller() {
    let api = Api::empty();
    let path = "/api/v1/charge-points";
    let unknown = json!({ "charge_point_id": "cp_1", "model": "ac23" });
    assert!(api.post(path, &unknown).await.problem(422).contains("ac22"));
    let neither = json!({ "charge_point_id": "cp_1" });
    assert!(api.post(path, &neither).await.problem(422).contains("/model"));
    let given = json!({
        "charge_point_id": "cp_1", "connectors": 2,
        "hardware": { "kind": "dc", "phases": 3, "max_current_a": 80, "max_power_kw": 50 },
    });
    let made = api.post(path, &given).await.expect(201).json();
    assert_eq!(made["hardware"], given["hardware"].clone());
    assert_eq!(made["connectors"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_a_charge_point_is_shown_once_and_kept_as_a_hash() {
    let api = Api::empty();
    commissioned(&api).await;
    let path = "/api/v1/charge-points/cp_1/credentials";
    let first = api.call("POST", path).send().await.expect(201).json();
    let key = first["authorization_key"].as_str().unwrap().to_owned();
    assert_eq!(key.len(), 40);
    let second = api.call("POST", path).send().await.expect(201).json();
    assert_ne!(second["authorization_key"], key.as_str(), "a fresh one each time");
    let kept = || api.handle.query().credential("cp_1").unwrap();
    assert!(kept().is_some());
    api.call("DELETE", path).send().await.expect(204);
    assert!(kept().is_none());
    api.call("POST", "/api/v1/charge-points/cp_9/credentials").send().await.problem(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_goes_out_and_its_answer_comes_back() {
    let api = Api::empty();
    commissioned(&api).await;
    let mut station = Station::connect(&api, "cp_1").await;
    let path = "/api/v1/charge-points/cp_1/commands";
    let sent = api.post(&format!("{path}/Reset"), &json!({ "type": "Soft" })).await.expect(202);
    let sent = sent.json();
    assert_eq!((&sent["status"], &sent["action"]), (&json!("pending"), &json!("Reset")));
    while station.next().await["action"] != "Reset" {}
    let id = sent["command_id"].as_str().unwrap();
    let clear = format!("{path}/ClearCache?wait=30");
    let clear = api.call("POST", &clear).json(&json!({}));
    let (done, ()) = tokio::join!(clear.send(), async {
        while station.next().await["action"] != "ClearCache" {}
    });
    let done = done.expect(200).json();
    assert_eq!(
        (&done["status"], &done["answer"]["status"]),
        (&json!("accepted"), &json!("Accepted"))
    );
    let first = api.get(&format!("/api/v1/commands/{id}")).await.expect(200).json();
    assert_eq!(first["status"], "accepted");
    let all = api.get(path).await.expect(200).json();
    assert_eq!(all["commands"].as_array().unwrap().len(), 2);

    let wrong = api.post(&format!("{path}/Reset"), &json!({ "type": "Gentle" })).await;
    assert_eq!(wrong.json()["errors"][0]["pointer"], "/type", "{}", wrong.text);
    wrong.problem(422);
    api.post(&format!("{path}/Explode"), &json!({})).await.problem(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn cards_are_known_until_they_are_forgotten() {
    let api = Api::empty();
    let card = api.put("/api/v1/cards/TAG:1", &json!({ "status": "Blocked" })).await.expect(200);
    assert_eq!(card.json(), json!({ "id_tag": "TAG:1", "status": "Blocked" }));
    api.put("/api/v1/cards/TAG", &json!({ "status": "blocked" })).await.problem(422);
    let long = format!("/api/v1/cards/{}", "x".repeat(21));
    api.put(&long, &json!({ "status": "Blocked" })).await.problem(400);
    api.call("DELETE", "/api/v1/cards/TAG:1").send().await.expect(204);
}
