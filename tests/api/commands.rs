//! Every command of an operator: its typed body, its answer, and what is known afterwards.

use serde_json::{Value, json};

use super::events::Listener;
use super::station::{Station, commissioned};
use super::{Answer, Api};

const POINT: &str = "/api/v1/charge-points/cp_1";

async fn ready(api: &Api) -> Station<'_> {
    commissioned(api).await;
    let station = Station::connect(api, "cp_1").await;
    let config = json!({
        "max_power_kw": 50, "strategy": "equal", "min_charge_rate_kw": 3.7, "reserve_kw": 0
    });
    api.put("/api/v1/smart-charging/sites/site_1/config", &config).await.expect(200);
    station
}

/// A command that the charge point answers: what is stored of it.
async fn send(api: &Api, station: &mut Station<'_>, action: &str, body: &Value) -> Value {
    let path = format!("{POINT}/commands/{action}?wait=30");
    let (done, _) = tokio::join!(api.post(&path, body), station.asked(action));
    done.expect(200).json()
}

/// JSON pointers of everything that is wrong with a request.
fn pointers(answer: Answer) -> Vec<String> {
    let problem = answer.expect(422).json();
    let errors = problem["errors"].as_array().unwrap();
    errors.iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn all_26_commands_go_out_as_their_examples_say() {
    let api = Api::empty();
    let mut station = ready(&api).await;
    let document = ampacity::api::openapi();
    let mut sent = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let Some((_, action)) = path.split_once("{charge_point_id}/commands/") else { continue };
        let json = "content/application~1json/example";
        let operation = &item["post"];
        let body = operation.pointer(&format!("/requestBody/{json}")).unwrap();
        let shown = operation.pointer(&format!("/responses/200/{json}")).unwrap();
        station.will_answer(action, &shown["answer"]);
        let done = send(&api, &mut station, action, body).await;
        for field in ["action", "payload", "status", "answer"] {
            assert_eq!(done[field], shown[field], "{action} {field}");
        }
        let stored = format!("/api/v1/commands/{}", done["command_id"].as_str().unwrap());
        assert_eq!(api.get(&stored).await.expect(200).json(), done);
        sent += 1;
    }
    assert_eq!(sent, 19 + 7);
    let all = api.get(&format!("{POINT}/commands?limit=500")).await.expect(200).json();
    assert_eq!(all["commands"].as_array().unwrap().len(), sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_body_is_told_whole_and_by_its_places() {
    let api = Api::empty();
    let _station = ready(&api).await;
    let wrong = json!({
        "connectorId": -1,
        "csChargingProfiles": {
            "chargingProfileId": 1,
            "stackLevel": "0",
            "chargingProfilePurpose": "TxProfil",
            "chargingProfileKind": "Absolute",
            "validFrom": "today",
            "chargingSchedule": {
                "chargingRateUnit": "A",
                "chargingSchedulePeriod": [{ "startPeriod": 0, "limit": 16.35, "phases": 3 }],
            },
        },
    });
    let answer = api.post(&format!("{POINT}/commands/SetChargingProfile"), &wrong).await;
    assert!(answer.text.contains("did you mean TxProfile?"), "{}", answer.text);
    let profile = "/csChargingProfiles";
    let period = format!("{profile}/chargingSchedule/chargingSchedulePeriod/0");
    let mut found = pointers(answer);
    found.sort_unstable();
    let mut expected = [
        "/connectorId".to_owned(),
        format!("{period}/limit"),
        format!("{period}/phases"),
        format!("{profile}/chargingProfilePurpose"),
        format!("{profile}/stackLevel"),
        format!("{profile}/validFrom"),
    ];
    expected.sort_unstable();
    assert_eq!(found, expected);
    // What the body alone cannot tell, the central system knows.
    for (action, body, pointer) in [
        ("UnlockConnector", json!({ "connectorId": 2 }), "/connectorId"),
        ("SendLocalList", json!({ "listVersion": 0, "updateType": "Full" }), "/listVersion"),
        (
            "ReserveNow",
            json!({
                "connectorId": 1, "idTag": "T", "reservationId": 1,
                "expiryDate": "2020-01-01T00:00:00Z",
            }),
            "/expiryDate",
        ),
    ] {
        let answer = api.post(&format!("{POINT}/commands/{action}"), &body).await;
        assert_eq!(pointers(answer), [pointer], "{action}");
    }
    let sent = api.get(&format!("{POINT}/commands")).await.expect(200).json();
    assert_eq!(sent["commands"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_told_by_its_code() {
    let api = Api::empty();
    let mut station = ready(&api).await;
    station.will_refuse("GetLog", "NotImplemented");
    let log = json!({
        "log": { "remoteLocation": "ftp://x/" }, "logType": "SecurityLog", "requestId": 1
    });
    let done = send(&api, &mut station, "GetLog", &log).await;
    assert_eq!((&done["status"], &done["answer"]), (&json!("error"), &json!("NotImplemented")));
    let known = api.get(&format!("{POINT}/maintenance")).await.expect(200).json();
    assert_eq!(known["log"], Value::Null, "nothing is on its way");
    // Understood although it is not what the specification says.
    station.will_answer("Reset", &json!({ "status": "accepted", "colour": "blue" }));
    let done = send(&api, &mut station, "Reset", &json!({ "type": "Soft" })).await;
    assert_eq!(done["answer"], json!({ "status": "Accepted" }));
}

#[tokio::test(flavor = "multi_thread")]
async fn configuration_and_reservations_can_be_looked_up() {
    let api = Api::empty();
    let mut station = ready(&api).await;
    let told = json!({ "configurationKey": [
        { "key": "HeartbeatInterval", "readonly": false, "value": "900" },
        { "key": "NumberOfConnectors", "readonly": true, "value": "1" },
    ] });
    station.will_answer("GetConfiguration", &told);
    send(&api, &mut station, "GetConfiguration", &json!({})).await;
    let set = json!({ "key": "HeartbeatInterval", "value": "60" });
    send(&api, &mut station, "ChangeConfiguration", &set).await;
    let secret = json!({ "key": "AuthorizationKey", "value": "0102030405060708" });
    let done = send(&api, &mut station, "ChangeConfiguration", &secret).await;
    assert_eq!(done["payload"]["value"], "***", "nobody reads it here");
    let known = api.get(&format!("{POINT}/configuration")).await.expect(200).json();
    assert_eq!(
        known["keys"],
        json!([
            { "key": "HeartbeatInterval", "value": "60", "readonly": false },
            { "key": "NumberOfConnectors", "value": "1", "readonly": true },
            { "key": "AuthorizationKey", "value": null, "readonly": false },
        ])
    );

    let reserve = json!({
        "connectorId": 1, "idTag": "TAG", "reservationId": 5,
        "expiryDate": "2099-05-04T14:00:00+02:00",
    });
    send(&api, &mut station, "ReserveNow", &reserve).await;
    let reservations = format!("{POINT}/reservations");
    let first = api.get(&reservations).await.expect(200).json()["reservations"][0].clone();
    assert_eq!((&first["status"], &first["reservation_id"]), (&json!("accepted"), &json!(5)));
    assert_eq!(first["expires_at"], "2099-05-04T12:00:00Z");
    send(&api, &mut station, "CancelReservation", &json!({ "reservationId": 5 })).await;
    let all = api.get(&reservations).await.expect(200).json();
    assert_eq!(all["reservations"][0]["status"], "cancelled");
    for what in ["configuration", "reservations", "maintenance", "notices"] {
        api.get(&format!("/api/v1/charge-points/cp_9/{what}")).await.problem(404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_asked_for_signed_and_sent() {
    let api = Api::empty();
    let mut station = ready(&api).await;
    let csr = "-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n";
    let answer = station.call("SignCertificate", &json!({ "csr": csr }).to_string()).await;
    assert_eq!(answer, json!({ "status": "Accepted" }));
    let path = format!("{POINT}/maintenance");
    let wanted = api.get(&path).await.expect(200).json()["certificate"].clone();
    assert_eq!((&wanted["csr"], &wanted["status"]), (&json!(csr), &Value::Null));
    let signed = json!({ "certificateChain": "-----BEGIN CERTIFICATE-----\nMIIC\n" });
    send(&api, &mut station, "CertificateSigned", &signed).await;
    let known = api.get(&path).await.expect(200).json();
    assert_eq!(known["certificate"]["status"], "Accepted");
    assert_eq!(known["local_list"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_charge_point_tells_is_streamed_and_listed() {
    let api = Api::empty();
    let mut station = ready(&api).await;
    let mut listener = Listener::new(&api, "?site_id=site_1", None).await;
    let event = r#"{"type":"TamperDetectionActivated","timestamp":"2026-05-04T12:00:00Z"}"#;
    assert_eq!(station.call("SecurityEventNotification", event).await, json!({}));
    station.call("FirmwareStatusNotification", r#"{"status":"Installing"}"#).await;
    let mut heard = listener.next().await;
    while heard.kind != "notice" {
        heard = listener.next().await;
    }
    assert_eq!(heard.data["data"]["action"], "SecurityEventNotification");
    assert_eq!(heard.data["data"]["payload"]["type"], "TamperDetectionActivated");
    let path = format!("{POINT}/notices");
    let all = api.get(&path).await.expect(200).json()["notices"].clone();
    let actions: Vec<&Value> =
        all.as_array().unwrap().iter().map(|notice| &notice["action"]).collect();
    assert_eq!(actions, ["FirmwareStatusNotification", "SecurityEventNotification"]);
    let events = format!("{path}?action=SecurityEventNotification");
    let events = api.get(&events).await.expect(200).json();
    assert_eq!(events["notices"], json!([all[1]]));
    assert_eq!(events["notices"][0]["notice_id"], heard.data["data"]["notice_id"]);
    api.get(&format!("{path}?action=Heartbeat")).await.problem(400);
    let known = api.get(&format!("{POINT}/maintenance")).await.expect(200).json();
    assert_eq!(known["firmware"]["status"], "Installing");
}
