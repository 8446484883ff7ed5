//! A charge point that does what a test tells it, and meanwhile what the central system asks.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use ampacity::ocpp::action::Action;
use ampacity::ocpp::schema;
use ampacity::shell::clock::Clock;
use ampacity::time::Span;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::central::CARD;
use crate::rest::Rest;
use crate::socket::{Heard, Socket, Wire};

/// Whatever takes longer does not work.
const PATIENCE: Duration = Duration::from_secs(60);

/// A request of the central system.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Asked {
    pub(crate) action: String,
    pub(crate) payload: Value,
}

/// See the module.
pub(crate) struct Station {
    id: String,
    rest: Rest,
    socket: Socket,
    calls: u32,
    /// What was asked since the last command of an operator, and not looked at yet.
    asked: Vec<Asked>,
    /// What is answered to this very request; to all others what a willing station answers.
    script: Option<(Asked, Value)>,
}

/// The answer to a StartTransaction.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) id: i64,
    pub(crate) status: String,
}

impl Station {
    /// Connects with Basic authentication; the status of the refusal otherwise.
    pub(crate) async fn connect(rest: &Rest, id: &str, key: &str) -> Result<Station, u16> {
        let socket = timely(Socket::connect(rest.address, id, key)).await?;
        Ok(Station::on(socket, rest, id))
    }

    /// The same on a connection that is there already.
    pub(crate) async fn over(
        wire: Box<dyn Wire>,
        rest: &Rest,
        id: &str,
        key: &str,
    ) -> Result<Station, u16> {
        let socket = timely(Socket::over(wire, id, key)).await?;
        Ok(Station::on(socket, rest, id))
    }

    fn on(socket: Socket, rest: &Rest, id: &str) -> Station {
        let (asked, script) = (Vec::new(), None);
        Station { id: id.to_owned(), rest: rest.clone(), socket, calls: 0, asked, script }
    }

    /// Asks the central system and returns its answer, which is as OCPP wants it.
    pub(crate) async fn ask(&mut self, action: &str, payload: Value) -> Value {
        self.calls += 1;
        let id = format!("s{}", self.calls);
        assert!(self.socket.ask(&id, action, &payload).await, "{action}: the connection is gone");
        loop {
            match timely(self.socket.hear()).await {
                Heard::Answer(answered, payload) if answered == id => {
                    let known = Action::from_name(action).expect("an action of OCPP 1.6");
                    schema::check_response(known, &payload.to_string())
                        .unwrap_or_else(|fault| panic!("{action}: {payload}: {fault}"));
                    return payload;
                }
                Heard::Call(call, action, payload) => self.obey(&call, action, payload).await,
                other => panic!("{action}: {}", surprise(&other)),
            }
        }
    }

    /// Tells the central system something that is only acknowledged.
    pub(crate) async fn tell(&mut self, action: &str, payload: Value) {
        let answer = self.ask(action, payload).await;
        assert_eq!(answer, json!({}), "{action}");
    }

    /// Does what it is asked until `work` is done.
    pub(crate) async fn serve<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(timely(work));
        loop {
            tokio::select! {
                done = &mut work => return done,
                heard = self.socket.hear() => match heard {
                    Heard::Call(call, action, payload) => self.obey(&call, action, payload).await,
                    other => panic!("nothing was asked: {}", surprise(&other)),
                },
            }
        }
    }

    /// The payload of the next request of this action since the last command of an operator; it
    /// is answered as a willing station answers it.
    pub(crate) async fn hears(&mut self, action: &str) -> Value {
        loop {
            if let Some(index) = self.asked.iter().position(|asked| asked.action == action) {
                return self.asked.remove(index).payload;
            }
            match timely(self.socket.hear()).await {
                Heard::Call(call, action, payload) => self.obey(&call, action, payload).await,
                other => panic!("{action} was expected: {}", surprise(&other)),
            }
        }
    }

    /// An operator sends a command: it comes as it was asked for, gets this answer, and the answer
    /// is kept. Returns how the command ended.
    pub(crate) async fn command(&mut self, action: &str, payload: Value, answer: Value) -> String {
        let asked = Asked { action: action.to_owned(), payload: payload.clone() };
        self.script = Some((asked, answer.clone()));
        let path = format!("/api/v1/charge-points/{}/commands/{action}?wait=60", self.id);
        let rest = self.rest.clone();
        let done = self.serve(rest.expect(200, "POST", &path, Some(&payload))).await;
        assert!(self.script.is_none(), "{action}: something else was sent than {payload}");
        assert_eq!(done["answer"], answer, "{action}");
        done["status"].as_str().expect("how it ended").to_owned()
    }

    /// An operator's command is refused with this status, and nothing is sent.
    pub(crate) async fn is_spared(&mut self, action: &str, payload: Value, status: u16) {
        let path = format!("/api/v1/charge-points/{}/commands/{action}", self.id);
        let rest = self.rest.clone();
        self.serve(rest.expect(status, "POST", &path, Some(&payload))).await;
        // Frames keep their order: what had been sent would come before this answer.
        self.ask("Heartbeat", json!({})).await;
        let sent = |asked: &Asked| asked.action == action && asked.payload == payload;
        assert!(!self.asked.iter().any(sent), "{action} {payload} was sent all the same");
    }

    async fn obey(&mut self, call: &str, action: String, payload: Value) {
        let known = Action::from_name(&action).expect("an action of OCPP 1.6");
        schema::check_request(known, &payload.to_string())
            .unwrap_or_else(|fault| panic!("{action}: {payload}: {fault}"));
        let asked = Asked { action, payload };
        let answer = match self.script.take_if(|(scripted, _)| *scripted == asked) {
            Some((_, answer)) => {
                self.asked.clear();
                answer
            }
            None => {
                let answer = willing(&asked.action);
                self.asked.push(asked);
                answer
            }
        };
        self.socket.answer(call, &answer).await;
    }

    /// Registers, then reports all connectors.
    pub(crate) async fn boot(&mut self) {
        let boot = json!({
            "chargePointVendor": "Acme", "chargePointModel": "Twin 22", "firmwareVersion": "1.0",
        });
        let answer = self.ask("BootNotification", boot).await;
        assert_eq!(answer["status"], "Accepted", "{answer}");
        for connector in 0..=2 {
            self.status(connector, "Available").await;
        }
    }

    pub(crate) async fn status(&mut self, connector: u32, status: &str) {
        let payload = json!({ "connectorId": connector, "errorCode": "NoError", "status": status });
        self.tell("StatusNotification", payload).await;
    }

    /// A driver presents a card; what it may.
    pub(crate) async fn authorize(&mut self, card: &str) -> String {
        let answer = self.ask("Authorize", json!({ "idTag": card })).await;
        answer["idTagInfo"]["status"].as_str().expect("a status").to_owned()
    }

    /// Tells a start, now, with the register at 1000 Wh.
    pub(crate) async fn start(&mut self, connector: u32, card: &str) -> Started {
        self.start_with(connector, card, json!({})).await
    }

    /// The same with other or more fields.
    pub(crate) async fn start_with(&mut self, connector: u32, card: &str, more: Value) -> Started {
        let mut payload = json!({
            "connectorId": connector, "idTag": card, "meterStart": 1000, "timestamp": now(),
        });
        merge(&mut payload, more);
        let answer = self.ask("StartTransaction", payload).await;
        Started {
            id: answer["transactionId"].as_i64().expect("an id"),
            status: answer["idTagInfo"]["status"].as_str().expect("a status").to_owned(),
        }
    }

    /// From the card to a car that charges on connector 1; its transaction.
    pub(crate) async fn charge(&mut self) -> i64 {
        assert_eq!(self.authorize(CARD).await, "Accepted");
        self.status(1, "Preparing").await;
        let started = self.start(1, CARD).await;
        assert_eq!(started.status, "Accepted");
        self.status(1, "Charging").await;
        started.id
    }

    /// Tells a stop, now, after 5 kWh.
    pub(crate) async fn stop(&mut self, transaction: i64, reason: &str) {
        self.stop_at(transaction, reason, &now()).await;
    }

    pub(crate) async fn stop_at(&mut self, transaction: i64, reason: &str, at: &str) {
        let payload = json!({
            "transactionId": transaction, "meterStop": 6000, "timestamp": at, "reason": reason,
        });
        self.ask("StopTransaction", payload).await;
    }
}

fn surprise(heard: &Heard) -> String {
    match heard {
        Heard::End(code) => format!("the connection has ended with {code:?}"),
        other => format!("{other:?}"),
    }
}

/// What a station answers that has nothing against it.
fn willing(action: &str) -> Value {
    match action {
        "GetConfiguration" => json!({ "configurationKey": [
            { "key": "ChargeProfileMaxStackLevel", "readonly": true, "value": "8" },
            { "key": "ChargingScheduleAllowedChargingRateUnit", "readonly": true,
              "value": "Current,Power" },
        ] }),
        _ => json!({ "status": "Accepted" }),
    }
}

/// An instant so many seconds from now, back when negative.
pub(crate) fn at(seconds: i64) -> String {
    (Clock::real().now() + Span::from_s(seconds)).to_ocpp()
}

pub(crate) fn now() -> String {
    at(0)
}

fn merge(into: &mut Value, more: Value) {
    if let (Some(into), Value::Object(more)) = (into.as_object_mut(), more) {
        into.extend(more);
    }
}

async fn timely<T>(work: impl Future<Output = T>) -> T {
    timeout(PATIENCE, work).await.expect("it takes too long")
}
