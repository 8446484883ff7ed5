//! Keys for some sites only.

use serde_json::{Value, json};

use super::Api;

/// Two sites with a charge point each, and one that stands nowhere yet.
async fn two_sites() -> Api {
    let api = Api::empty();
    for site in ["north", "south"] {
        let body = json!({ "site_id": site, "name": site });
        api.post("/api/v1/sites", &body).await.expect(201);
        let point =
            json!({ "charge_point_id": format!("cp_{site}"), "site_id": site, "model": "ac22" });
        api.post("/api/v1/charge-points", &point).await.expect(201);
    }
    let nowhere = json!({ "charge_point_id": "cp_nowhere", "model": "ac22" });
    api.post("/api/v1/charge-points", &nowhere).await.expect(201);
    api
}

async fn key(api: &Api, scope: &str, sites: &[&str]) -> String {
    let body = json!({ "name": "tenant", "scope": scope, "sites": sites });
    let made = api.post("/api/v1/api-keys", &body).await.expect(201).json();
    assert_eq!(made["sites"], json!(sites));
    made["key"].as_str().unwrap().to_owned()
}

fn ids(list: &Value, field: &str) -> Vec<String> {
    let all = list.as_array().unwrap().iter();
    all.map(|one| one[field].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_to_another_site_is_not_there() {
    let api = two_sites().await;
    let tenant = key(&api, "control", &["north"]).await;
    let get = |path: &'static str| api.call("GET", path).key(&tenant).send();
    for path in ["/api/v1/sites/north", "/api/v1/charge-points/cp_north"] {
        get(path).await.expect(200);
    }
    // Word for word what is said of things that do not exist.
    for (foreign, missing) in [
        ("/api/v1/sites/south", "/api/v1/sites/soutz"),
        ("/api/v1/charge-points/cp_south", "/api/v1/charge-points/cp_soutz"),
        ("/api/v1/charge-points/cp_south/commands", "/api/v1/charge-points/cp_soutz/commands"),
        ("/api/v1/charge-points/cp_nowhere", "/api/v1/charge-points/cp_nowherf"),
        (
            "/api/v1/smart-charging/sites/south/allocation",
            "/api/v1/smart-charging/sites/soutz/allocation",
        ),
        (
            "/api/v1/smart-charging/sites/south/allocation/explain",
            "/api/v1/smart-charging/sites/soutz/allocation/explain",
        ),
        ("/api/v1/smart-charging/sites/south/config", "/api/v1/smart-charging/sites/soutz/config"),
    ] {
        let told = get(foreign).await.problem(404);
        let same =
            get(missing).await.problem(404).replace("soutz", "south").replace("nowherf", "nowhere");
        assert_eq!(told, same);
    }
    get("/api/v1/sessions/ses_1").await.problem(404);
    get("/api/v1/commands/cmd_1").await.problem(404);
    let config =
        json!({ "max_power_kw": 1, "strategy": "equal", "min_charge_rate_kw": 0, "reserve_kw": 0 });
    let path = "/api/v1/smart-charging/sites/south/config";
    api.call("PUT", path).key(&tenant).json(&config).send().await.problem(404);
    let reset = "/api/v1/charge-points/cp_south/commands/Reset";
    let body = json!({ "type": "Soft" });
    api.call("POST", reset).key(&tenant).json(&body).send().await.problem(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_leave_out_what_is_not_theirs() {
    let api = two_sites().await;
    for (sites, points) in
        [(&["north"][..], vec!["cp_north"]), (&["north", "south"], vec!["cp_north", "cp_south"])]
    {
        let tenant = key(&api, "read", sites).await;
        let get = |path: &'static str| api.call("GET", path).key(&tenant).send();
        let told = get("/api/v1/sites").await.expect(200).json();
        assert_eq!(ids(&told["sites"], "site_id"), sites);
        let told = get("/api/v1/charge-points").await.expect(200).json();
        assert_eq!(ids(&told["charge_points"], "charge_point_id"), points);
        let told = get("/api/v1/sessions").await.expect(200).json();
        assert_eq!(told["sessions"], json!([]));
    }
    let all = api.get("/api/v1/charge-points").await.expect(200).json();
    assert_eq!(all["charge_points"].as_array().unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_about_the_whole_server_needs_a_key_for_it() {
    let api = two_sites().await;
    let tenant = key(&api, "control", &["north"]).await;
    let card = json!({ "status": "Blocked" });
    let told =
        api.call("PUT", "/api/v1/cards/A").key(&tenant).json(&card).send().await.problem(403);
    assert!(told.contains("whole server"), "{told}");
    api.call("GET", "/metrics").key(&tenant).send().await.problem(403);
    api.call("POST", "/api/v1/simulation/pause").key(&tenant).send().await.problem(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_for_sites_that_do_not_exist_or_for_everything_is_refused() {
    let api = two_sites().await;
    let body = json!({ "name": "tenant", "scope": "read", "sites": ["north", "west"] });
    let told = api.post("/api/v1/api-keys", &body).await.problem(404);
    assert!(told.contains("west"), "{told}");
    let body = json!({ "name": "tenant", "scope": "admin", "sites": ["north"] });
    api.post("/api/v1/api-keys", &body).await.problem(409);
    api.post("/api/v1/api-keys", &json!({ "name": "x", "scope": "read", "sites": [] }))
        .await
        .problem(422);
}
