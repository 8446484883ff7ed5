//! A charge point that keeps its own truth: what it permits, what it has told and not yet been
//! answered. It outlives the server and comes back to it as it is.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ampacity::shell::clock::Clock;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::book::{Book, Start};
use crate::process::{Heard, Socket};

/// 32 A on three phases, in tenths of an ampere.
const FULL_DA: i64 = 320;
/// Most it can pass on, W.
const RATED_W: i64 = 22_000;

/// See the module.
pub(crate) struct Station {
    pub(crate) name: String,
    pub(crate) key: String,
    book: Arc<Mutex<Book>>,
    has_booted: bool,
    default_da: i64,
    defaults: Accepted,
    /// A default limit of the connector alone: it overrules the other one, and outlives its car.
    own_default_da: Option<i64>,
    car: Option<Car>,
    /// Starts and stops without an answer; they are told until there is one.
    reports: VecDeque<Report>,
    register_wh: i64,
    calls: u64,
    cards: u64,
}

/// A car with its transaction.
struct Car {
    start: Start,
    transaction: Option<i64>,
    limit_da: Option<i64>,
    accepted: Accepted,
    /// The server was killed since it accepted a limit.
    must_be_confirmed: bool,
}

/// Limits of which one is the last accepted one in the server's eyes: the last whose acceptance
/// it has certainly kept, and all accepted later.
#[derive(Clone)]
struct Accepted {
    limits: Vec<i64>,
    /// An answer to this request of ours, or a later one, proves that the last was kept; `None`
    /// when nothing can prove it.
    proof: Option<u64>,
}

impl Accepted {
    fn add(&mut self, limit_da: i64, next_call: u64) {
        self.limits.push(limit_da);
        self.proof = Some(next_call);
    }

    /// The server has answered a request, or asks the next thing.
    fn prove(&mut self, call: u64) {
        if self.proof.is_some_and(|proof| call >= proof) {
            self.limits.drain(..self.limits.len() - 1);
            self.proof = None;
        }
    }

    fn most(&self) -> i64 {
        self.limits.iter().copied().max().unwrap_or(FULL_DA)
    }
}

/// What a limit is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// Every start.
    Default,
    /// Whatever charges at the connector.
    OwnDefault,
    /// The car that is there.
    Car,
}

/// What is told until it is answered.
enum Report {
    Start,
    Stop { transaction: i64, meter_stop: i64, at: String },
}

/// What a request of ours was about.
enum Own {
    Boot,
    Routine,
    Card(String),
    Report,
}

/// A connection.
struct Line {
    socket: Socket,
    queue: VecDeque<(Own, &'static str, Value)>,
    outstanding: Option<(u64, Own)>,
    chance: ChaCha8Rng,
    mood: Mood,
}

/// How a charge point behaves.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    /// Cars come and go; answers are late or lost.
    Busy,
    /// Nobody comes or goes, and it does what it is told at once.
    Quiet,
    /// The same, but whoever charges leaves.
    Closing,
}

fn now() -> String {
    Clock::real().now().to_ocpp()
}

impl Station {
    pub(crate) fn new(name: &str, book: &Arc<Mutex<Book>>) -> Station {
        Station {
            name: name.to_owned(),
            key: String::new(),
            book: Arc::clone(book),
            has_booted: false,
            default_da: FULL_DA,
            own_default_da: None,
            defaults: Accepted { limits: vec![FULL_DA], proof: None },
            car: None,
            reports: VecDeque::new(),
            register_wh: 1000,
            calls: 0,
            cards: 0,
        }
    }

    fn book(&self) -> std::sync::MutexGuard<'_, Book> {
        self.book.lock().expect("no assertion has failed")
    }

    /// Connects and goes about its business until the server is gone.
    pub(crate) async fn live(
        mut self,
        address: SocketAddr,
        mut chance: ChaCha8Rng,
        mood: Mood,
    ) -> Station {
        // Some do not find back to the server this time; their cars charge on.
        if mood == Mood::Busy && chance.random_ratio(1, 4) {
            return self;
        }
        sleep(Duration::from_millis(chance.random_range(0..30))).await;
        match Socket::connect(address, &self.name, &self.key).await {
            Ok(socket) => {
                let (queue, outstanding) = (VecDeque::new(), None);
                self.serve(Line { socket, queue, outstanding, chance, mood }).await;
            }
            Err(status) => assert_eq!(status, 0, "{}: its key was acknowledged", self.name),
        }
        self.defaults.proof = None;
        if let Some(car) = self.car.as_mut() {
            car.accepted.proof = None;
            car.must_be_confirmed = car.transaction.is_some();
        }
        self
    }

    async fn serve(&mut self, mut line: Line) {
        let idle = self.car.is_none() && self.reports.is_empty();
        if !self.has_booted || idle && line.chance.random_ratio(1, 4) {
            let boot = json!({"chargePointVendor": "Tests", "chargePointModel": "ac22"});
            line.queue.push_back((Own::Boot, "BootNotification", boot));
        }
        line.queue.push_back(self.status());
        loop {
            if !self.speak(&mut line).await {
                return;
            }
            let pause = Duration::from_millis(line.chance.random_range(5..60));
            match timeout(pause, line.socket.hear()).await {
                Err(_) => self.act(&mut line),
                Ok(Heard::End(code)) => return assert_eq!(code, None, "it was killed"),
                Ok(Heard::Answer(id, payload)) => self.answered(&mut line, &id, &payload),
                Ok(Heard::Call(id, action, payload)) => {
                    let answer = self.obey(&mut line, &action, &payload).await;
                    if let Some(answer) = answer
                        && !line.socket.answer(&id, &answer).await
                    {
                        return;
                    }
                }
            }
        }
    }

    /// Sends what is next; false when the connection is gone.
    async fn speak(&mut self, line: &mut Line) -> bool {
        if line.outstanding.is_some() {
            return true;
        }
        let next = line.queue.pop_front().or_else(|| self.report());
        let Some((own, action, payload)) = next else { return true };
        self.calls += 1;
        line.outstanding = Some((self.calls, own));
        line.socket.ask(&self.calls.to_string(), action, &payload).await
    }

    /// Lets time pass.
    fn act(&mut self, line: &mut Line) {
        if line.outstanding.is_some() || !line.queue.is_empty() || !self.reports.is_empty() {
            return;
        }
        match &self.car {
            None if line.mood != Mood::Busy => {}
            None if line.chance.random_ratio(1, 3) => {
                self.cards += 1;
                let card = format!("C{}-{}", self.cards, &self.name);
                let payload = json!({"idTag": card});
                line.queue.push_back((Own::Card(card), "Authorize", payload));
            }
            Some(car) if car.transaction.is_some() => {
                self.register_wh += 1 + self.permitted_da() / 10;
                let leaves = match line.mood {
                    Mood::Busy => line.chance.random_ratio(1, 40),
                    Mood::Quiet => false,
                    Mood::Closing => true,
                };
                if leaves {
                    self.leave();
                    line.queue.push_back(self.status());
                } else {
                    line.queue.push_back(self.meter());
                }
            }
            _ => {}
        }
    }

    /// The car leaves.
    fn leave(&mut self) {
        let Some(car) = self.car.take() else { return };
        let transaction = car.transaction.expect("only then");
        let meter_stop = self.register_wh;
        self.register_wh += 1;
        self.reports.push_back(Report::Stop { transaction, meter_stop, at: now() });
        let mut book = self.book();
        book.stopping(transaction, meter_stop - car.start.meter_start);
        book.enforce(&self.name, 0);
    }

    fn answered(&mut self, line: &mut Line, id: &str, payload: &Value) {
        let number: u64 = id.parse().expect("a number of ours");
        let (expected, own) = line.outstanding.take().expect("a request of ours");
        assert_eq!(number, expected, "{}: an answer to another question", self.name);
        self.prove(number);
        match own {
            Own::Boot => self.has_booted = true,
            Own::Routine => {}
            Own::Card(card) => {
                if payload["idTagInfo"]["status"] == "Accepted" {
                    self.arrive(card);
                    line.queue.push_back(self.status());
                }
            }
            Own::Report => match self.reports.pop_front().expect("it was told") {
                Report::Start => {
                    let id = payload["transactionId"].as_i64().expect("an id");
                    let car = self.car.as_mut().expect("it is still there");
                    car.transaction = Some(id);
                    let start = car.start.clone();
                    self.book().started(&start, id);
                }
                Report::Stop { transaction, .. } => self.book().stopped(transaction),
            },
        }
    }

    /// A car that was let in begins to charge.
    fn arrive(&mut self, card: String) {
        let meter_start = self.register_wh;
        let start = Start { point: self.name.clone(), card, meter_start, at: now() };
        self.car = Some(Car {
            start,
            transaction: None,
            limit_da: None,
            accepted: self.defaults.clone(),
            must_be_confirmed: false,
        });
        self.reports.push_back(Report::Start);
        self.enforce();
    }

    /// What it does with a request; `None`: the answer is lost, or never given.
    async fn obey(&mut self, line: &mut Line, action: &str, payload: &Value) -> Option<Value> {
        self.prove(u64::MAX);
        let accepted = json!({"status": "Accepted"});
        match action {
            "GetConfiguration" => Some(json!({"configurationKey": [], "unknownKey": []})),
            "TriggerMessage" => {
                match payload["requestedMessage"].as_str() {
                    Some("StatusNotification") => line.queue.push_back(self.status()),
                    _ => line.queue.push_back(self.meter()),
                }
                Some(accepted)
            }
            "SetChargingProfile" => {
                let how =
                    if line.mood != Mood::Busy { 99 } else { line.chance.random_range(0..100) };
                if (20..45).contains(&how) {
                    let slow = line.chance.random_range(5..150);
                    sleep(Duration::from_millis(slow)).await;
                }
                let taken = self.take(payload, how)?;
                Some(if taken { accepted } else { json!({"status": "Rejected"}) })
            }
            "ClearChargingProfile" => {
                let own = self.own_default_da.take_if(|_| payload["id"] == 201).is_some();
                let of_car = self
                    .car
                    .as_mut()
                    .and_then(|car| car.limit_da.take_if(|_| payload["id"] == 101));
                self.enforce();
                let cleared = own || of_car.is_some();
                Some(if cleared { accepted } else { json!({"status": "Unknown"}) })
            }
            // Whether limits end here, nobody can tell.
            "GetCompositeSchedule" => Some(json!({"status": "Rejected"})),
            other => panic!("nobody asked the server for {other}"),
        }
    }

    /// Takes a limit, or not; `None`: nobody learns which.
    fn take(&mut self, payload: &Value, how: u32) -> Option<bool> {
        let profile = &payload["csChargingProfiles"];
        let schedule = &profile["chargingSchedule"];
        let amps = schedule["chargingSchedulePeriod"][0]["limit"].as_f64().expect("a limit");
        let limit_da = (amps * 10.0).round() as i64;
        let purpose = profile["chargingProfilePurpose"].as_str();
        let scope = match (purpose, payload["connectorId"].as_i64()) {
            _ if schedule["chargingRateUnit"] != "A" => return Some(false),
            (Some("TxDefaultProfile"), Some(0)) => Scope::Default,
            (Some("TxDefaultProfile"), _) => Scope::OwnDefault,
            (Some("TxProfile"), _) => Scope::Car,
            _ => return Some(false),
        };
        let told = self.car.as_mut().filter(|car| car.transaction.is_some());
        let known = profile["transactionId"].as_i64();
        let meant = told.filter(|car| scope == Scope::OwnDefault || car.transaction == known);
        match (scope, meant) {
            (Scope::Default, _) | (Scope::OwnDefault, None) => {}
            (Scope::Car, None) => return Some(false),
            (_, Some(car)) => {
                let most = car.accepted.most();
                let must_be_confirmed = car.must_be_confirmed;
                assert!(
                    limit_da <= most || !must_be_confirmed,
                    "{}: the first limit after a restart is {limit_da} dA, above {most} dA",
                    self.name
                );
                let before = self.limit_da().unwrap_or(self.default_da);
                let counts = &mut self.book().counts;
                counts.limits += 1;
                counts.raises += u64::from(limit_da > before);
                counts.confirmed_again += u64::from(must_be_confirmed);
            }
        }
        match how {
            0..5 => return None,
            5..10 => return Some(false),
            _ => {}
        }
        self.apply(scope, limit_da, how >= 15);
        (how >= 15).then_some(true)
    }

    /// A limit holds from now on; unless it is `answered`, the server does not know.
    fn apply(&mut self, scope: Scope, limit_da: i64, answered: bool) {
        let next_call = self.calls + 1;
        let bounds = scope != Scope::Default || self.limit_da().is_none();
        if let (Some(car), true, true) = (self.car.as_mut(), bounds, answered) {
            car.accepted.add(limit_da, next_call);
            if car.must_be_confirmed && scope == Scope::Default {
                // After a restart the server cannot know whether the car has a limit of its own,
                // which would overrule this one.
                car.accepted.proof = None;
            }
            car.must_be_confirmed &= scope == Scope::Default;
        }
        match (scope, self.car.as_mut()) {
            (Scope::Default, _) => {
                self.default_da = limit_da;
                if answered {
                    self.defaults.add(limit_da, next_call);
                }
            }
            (Scope::OwnDefault, _) => self.own_default_da = Some(limit_da),
            (Scope::Car, Some(car)) => car.limit_da = Some(limit_da),
            (Scope::Car, None) => {}
        }
        self.enforce();
    }

    fn prove(&mut self, call: u64) {
        self.defaults.prove(call);
        if let Some(car) = self.car.as_mut() {
            car.accepted.prove(call);
        }
    }

    /// The limit that overrules the default one.
    fn limit_da(&self) -> Option<i64> {
        self.car.as_ref().and_then(|car| car.limit_da).or(self.own_default_da)
    }

    fn permitted_da(&self) -> i64 {
        let limit = self.car.is_some().then(|| self.limit_da().unwrap_or(self.default_da));
        limit.filter(|limit| *limit >= 60).unwrap_or(0)
    }

    fn permitted_w(&self) -> i64 {
        (self.permitted_da() * 69).min(RATED_W)
    }

    fn enforce(&self) {
        self.book().enforce(&self.name, self.permitted_w());
    }

    fn status(&self) -> (Own, &'static str, Value) {
        let status = match &self.car {
            None => "Available",
            Some(_) if self.permitted_da() == 0 => "SuspendedEVSE",
            Some(_) => "Charging",
        };
        let payload = json!({"connectorId": 1, "errorCode": "NoError", "status": status});
        (Own::Routine, "StatusNotification", payload)
    }

    fn meter(&self) -> (Own, &'static str, Value) {
        let values = json!([
            {"value": self.register_wh.to_string(), "measurand": "Energy.Active.Import.Register"},
            {"value": self.permitted_w().to_string(), "measurand": "Power.Active.Import"},
        ]);
        let transaction = self.car.as_ref().and_then(|car| car.transaction);
        let mut payload = json!({
            "connectorId": 1,
            "meterValue": [{"timestamp": now(), "sampledValue": values}],
        });
        if let Some(id) = transaction {
            payload["transactionId"] = json!(id);
        }
        (Own::Routine, "MeterValues", payload)
    }

    /// The oldest start or stop that was not answered.
    fn report(&self) -> Option<(Own, &'static str, Value)> {
        Some(match self.reports.front()? {
            Report::Start => {
                let start = &self.car.as_ref().expect("it waits for its start").start;
                let payload = json!({
                    "connectorId": 1, "idTag": start.card,
                    "meterStart": start.meter_start, "timestamp": start.at,
                });
                (Own::Report, "StartTransaction", payload)
            }
            Report::Stop { transaction, meter_stop, at } => {
                let payload = json!({
                    "transactionId": transaction, "meterStop": meter_stop, "timestamp": at,
                    "reason": "EVDisconnected",
                });
                (Own::Report, "StopTransaction", payload)
            }
        })
    }
}
