//! A scripted charge point at the other end of a connection.

use std::collections::BTreeMap;

use ampacity::ids::ChargePointId;
use ampacity::shell::Attached;
use serde_json::{Value, json};

use super::Api;

/// See the module.
pub(super) struct Station<'a> {
    api: &'a Api,
    id: ChargePointId,
    line: Attached,
    /// Whole frames after `[type, id,` by action, where "Accepted" is not the answer.
    answers: BTreeMap<String, String>,
}

impl Station<'_> {
    /// Connects, boots and is available.
    pub(super) async fn connect<'a>(api: &'a Api, id: &str) -> Station<'a> {
        let id = ChargePointId::new(id);
        let line = api.handle.attach(id.clone()).await.unwrap().expect("it is commissioned");
        let mut station = Station { api, id, line, answers: BTreeMap::new() };
        station.will_answer("GetConfiguration", &json!({ "configurationKey": [] }));
        let boot = r#"{"chargePointVendor":"V","chargePointModel":"M"}"#;
        station.call("BootNotification", boot).await;
        let status = r#"{"connectorId":1,"errorCode":"NoError","status":"Available"}"#;
        station.call("StatusNotification", status).await;
        station
    }

    pub(super) async fn disconnect(self) {
        self.api.handle.detach(self.id, self.line.generation).await;
    }

    /// From now on an action is answered like this.
    pub(super) fn will_answer(&mut self, action: &str, payload: &Value) {
        self.answers.insert(action.to_owned(), format!(r#"[3,"ID",{payload}]"#));
    }

    /// From now on an action is answered with a CALLERROR.
    pub(super) fn will_refuse(&mut self, action: &str, code: &str) {
        self.answers.insert(action.to_owned(), format!(r#"[4,"ID","{code}","",{{}}]"#));
    }

    async fn send(&self, text: String) {
        let generation = self.line.generation;
        self.api.handle.frame(self.id.clone(), generation, text).await.unwrap();
    }

    /// A CALL and the payload of its answer; everything that is asked meanwhile is answered as a
    /// well-behaved station would.
    pub(super) async fn call(&mut self, action: &str, payload: &str) -> Value {
        self.send(format!(r#"[2,"{action}","{action}",{payload}]"#)).await;
        loop {
            let frame = self.next().await;
            if frame["id"] == action {
                return frame["action"].clone();
            }
        }
    }

    /// The next frame as `{id, action, payload}`; a CALL is answered.
    pub(super) async fn next(&mut self) -> Value {
        let frame: Value = serde_json::from_str(&self.line.frames.recv().await.unwrap()).unwrap();
        if frame[0] == 2 {
            let known = frame[2].as_str().and_then(|action| self.answers.get(action));
            let answer = known.map_or(r#"[3,"ID",{"status":"Accepted"}]"#, String::as_str);
            self.send(answer.replace("ID", frame[1].as_str().unwrap())).await;
        }
        json!({ "id": frame[1], "action": frame[2], "payload": frame[3] })
    }

    /// Takes frames until one asks for an action: its payload.
    pub(super) async fn asked(&mut self, action: &str) -> Value {
        loop {
            let frame = self.next().await;
            if frame["action"] == action {
                return frame["payload"].clone();
            }
        }
    }
}

/// A site with one charge point, `cp_1`.
pub(super) async fn commissioned(api: &Api) {
    let site = json!({ "site_id": "site_1", "name": "Car park" });
    api.post("/api/v1/sites", &site).await.expect(201);
    let point = json!({ "charge_point_id": "cp_1", "site_id": "site_1", "model": "ac22" });
    api.post("/api/v1/charge-points", &point).await.expect(201);
}
