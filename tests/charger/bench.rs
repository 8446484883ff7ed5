//! A charge point, a central system that answers by script, and a virtual clock.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ampacity::charger::{ChargePoint, ChargerSpec, CurrentKind, Output, Status, status};
use ampacity::ids::ChargePointId;
use ampacity::ocpp::action::Action;
use ampacity::ocpp::frame::Frame;
use ampacity::ocpp::schema::{check_request, check_response};
use ampacity::time::{Span, Time};
use ampacity::units::{DeciAmps, Watts};
use ampacity::vehicle::{Draw, Offer};
use serde_json::{Value, json};

use crate::tape::{CHARGE_POINT, Tape};

/// 2026-05-04T06:00:00Z.
pub(crate) const START: Time = Time::from_unix_s(1_777_874_400);

/// 22 kW AC, three phases of 32 A; profiles act after a second.
pub(crate) fn ac22() -> ChargerSpec {
    ChargerSpec {
        model: "ac22".to_owned(),
        kind: CurrentKind::Ac,
        connectors: 1,
        phases: 3,
        max_current: DeciAmps(320),
        max_power: Watts(22_000),
        voltage_v: 230,
        apply_delay: Span::from_s(1),
        meter_interval: Span::from_s(60),
        clock_aligned_interval: Span::ZERO,
        allows_amps: true,
        allows_watts: true,
        max_stack_level: 8,
    }
}

/// 50 kW DC.
pub(crate) fn dc50() -> ChargerSpec {
    ChargerSpec {
        model: "dc50".to_owned(),
        kind: CurrentKind::Dc,
        max_current: DeciAmps(725),
        max_power: Watts(50_000),
        ..ac22()
    }
}

/// What a three-phase car takes at this current.
pub(crate) fn three_phase(amps: i64) -> Draw {
    Draw { power_mw: 690_000 * amps, current_ma: [1000 * amps; 3] }
}

/// A CALL of the station: when, message id, action, payload.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) at: Time,
    pub(crate) id: String,
    pub(crate) action: String,
    pub(crate) payload: Value,
}

/// How the scripted central system behaves.
#[derive(Debug)]
pub(crate) struct Script {
    /// Actions it does not answer.
    pub(crate) silent: BTreeSet<&'static str>,
    /// Actions it answers with CALLERROR InternalError.
    pub(crate) refuses: BTreeSet<&'static str>,
    pub(crate) boot_status: &'static str,
    pub(crate) boot_interval: i64,
    pub(crate) authorize: &'static str,
    pub(crate) start_status: &'static str,
    /// What it says about some cards, in place of the above.
    pub(crate) cards: BTreeMap<&'static str, Value>,
    pub(crate) next_transaction: i64,
    /// What its clock is ahead of the bench's.
    pub(crate) ahead: Span,
}

pub(crate) struct Bench {
    pub(crate) point: ChargePoint,
    pub(crate) now: Time,
    pub(crate) script: Script,
    /// CALLs of the station since the last `forget`.
    pub(crate) sent: Vec<Sent>,
    /// Outputs other than texts since the last `forget`.
    pub(crate) events: Vec<(Time, Output)>,
    /// Texts in their order: the first number of each since the last `forget`.
    pub(crate) kinds: Vec<u64>,
    answers: BTreeMap<String, Value>,
    asked: u64,
    outstanding: Option<(String, Time)>,
    linked: bool,
    /// Last status of each connector that was reported on this connection.
    reports: BTreeMap<u32, Status>,
    tape: Tape,
}

impl Bench {
    /// Switched on, without a link.
    pub(crate) fn cold(spec: ChargerSpec) -> Bench {
        let point = ChargePoint::new(ChargePointId::new("cp_1"), Arc::new(spec), START);
        Bench {
            point,
            now: START,
            script: Script {
                silent: BTreeSet::new(),
                refuses: BTreeSet::new(),
                boot_status: "Accepted",
                boot_interval: 3600,
                authorize: "Accepted",
                start_status: "Accepted",
                cards: BTreeMap::new(),
                next_transaction: 1,
                ahead: Span::ZERO,
            },
            sent: Vec::new(),
            events: Vec::new(),
            kinds: Vec::new(),
            answers: BTreeMap::new(),
            asked: 0,
            outstanding: None,
            linked: false,
            reports: BTreeMap::new(),
            tape: Tape::new(CHARGE_POINT),
        }
    }

    /// Booted and accepted, with an empty log.
    pub(crate) fn ready(spec: ChargerSpec) -> Bench {
        let mut bench = Bench::cold(spec);
        bench.link_up();
        bench.forget();
        bench
    }

    /// Ready, with a car that charges on connector 1 as transaction 1, and an empty log.
    pub(crate) fn charging(spec: ChargerSpec) -> Bench {
        let mut bench = Bench::ready(spec);
        bench.plug_in(1, "card");
        bench.draw(1, three_phase(10));
        bench.forget();
        bench
    }

    pub(crate) fn forget(&mut self) {
        self.sent.clear();
        self.events.clear();
        self.kinds.clear();
    }

    pub(crate) fn link_up(&mut self) {
        self.linked = true;
        self.point.link_up(self.now);
        self.drain();
    }

    pub(crate) fn link_down(&mut self) {
        self.linked = false;
        self.outstanding = None;
        self.reports.clear();
        self.point.link_down(self.now);
        self.drain();
    }

    pub(crate) fn plug_in(&mut self, connector: u32, id_tag: &str) {
        self.point.plug_in(self.now, connector, id_tag);
        self.drain();
    }

    pub(crate) fn stop(&mut self, connector: u32) {
        self.point.stop(self.now, connector);
        self.drain();
    }

    pub(crate) fn present(&mut self, connector: u32, id_tag: &str) {
        self.point.present(self.now, connector, id_tag);
        self.drain();
    }

    pub(crate) fn unplug(&mut self, connector: u32) {
        self.point.unplug(self.now, connector);
        self.drain();
    }

    /// The power is gone for so long. The link, if there was one, is back before the station is.
    pub(crate) fn lose_power(&mut self, seconds: i64) {
        self.point.power_loss(self.now, Span::from_s(seconds));
        self.link_again();
    }

    /// The station crashes; for the link see `lose_power`.
    pub(crate) fn reboot(&mut self) {
        self.point.reboot(self.now);
        self.link_again();
    }

    fn link_again(&mut self) {
        self.outstanding = None;
        self.reports.clear();
        self.drain();
        if self.linked {
            self.link_up();
        }
    }

    /// The car takes this and wants it.
    pub(crate) fn draw(&mut self, connector: u32, draw: Draw) {
        self.set_draw(connector, draw, true, None);
    }

    pub(crate) fn set_draw(&mut self, connector: u32, draw: Draw, wants: bool, soc: Option<f64>) {
        self.point.set_draw(self.now, connector, draw, wants, soc);
        self.drain();
    }

    /// A text from the central system, whatever it is.
    pub(crate) fn deliver(&mut self, text: &str) {
        if let Ok(answer @ (Frame::Result(_) | Frame::Error(_))) = Frame::parse(text) {
            self.outstanding.take_if(|(id, _)| answer.id() == id);
        }
        self.tape.received(text);
        self.point.handle_frame(self.now, text);
        self.drain();
    }

    /// Lets virtual time pass; the station is called exactly when it asks to.
    pub(crate) fn run(&mut self, span: Span) {
        let end = self.now + span;
        while self.point.poll_timeout() <= end {
            let due = self.point.poll_timeout();
            self.now = self.now.max(due);
            self.point.handle_timeout(self.now);
            self.drain();
            assert!(self.point.poll_timeout() > self.now, "a timer does not move on");
        }
        self.now = end;
    }

    pub(crate) fn run_s(&mut self, seconds: i64) {
        self.run(Span::from_s(seconds));
    }

    /// A CALL of the central system; its CALLRESULT's payload, or the code of the CALLERROR as
    /// text.
    pub(crate) fn call(&mut self, action: &str, payload: &Value) -> Value {
        self.ask(action, &payload.to_string())
    }

    /// As `call`, with a payload that need not be JSON.
    pub(crate) fn ask(&mut self, action: &str, payload: &str) -> Value {
        self.asked += 1;
        let id = format!("cs-{}", self.asked);
        self.deliver(&format!("[2,\"{id}\",\"{action}\",{payload}]"));
        let answer = self.answers.remove(&id).unwrap_or(Value::Null);
        if let Some(action) = Action::from_name(action)
            && answer.is_object()
        {
            check_response(action, &answer.to_string()).unwrap();
        }
        answer
    }

    /// The `status` of the answer.
    pub(crate) fn status_of(&mut self, action: &str, payload: &Value) -> String {
        self.call(action, payload)["status"].as_str().unwrap_or_default().to_owned()
    }

    /// Payloads of the station's CALLs of this action since the last `forget`.
    pub(crate) fn sent_of(&self, action: &str) -> Vec<&Value> {
        self.sent.iter().filter(|sent| sent.action == action).map(|sent| &sent.payload).collect()
    }

    /// Sets a configuration key, which has to be accepted.
    pub(crate) fn set_key(&mut self, key: &str, value: &str) {
        let change = json!({"key": key, "value": value});
        assert_eq!(self.status_of("ChangeConfiguration", &change), "Accepted", "{key} = {value}");
    }

    /// The `status` of the station's CALLs of this action since the last `forget`, in order.
    pub(crate) fn statuses_of(&self, action: &str) -> Vec<&str> {
        self.sent_of(action).into_iter().filter_map(|payload| payload["status"].as_str()).collect()
    }

    /// Actions since the last `forget`, in order.
    pub(crate) fn actions(&self) -> Vec<&str> {
        self.sent.iter().map(|sent| sent.action.as_str()).collect()
    }

    /// Reported statuses of one connector since the last `forget`, in order.
    pub(crate) fn reported(&self, connector: u32) -> Vec<&str> {
        self.sent_of("StatusNotification")
            .into_iter()
            .filter(|payload| payload["connectorId"] == connector)
            .filter_map(|payload| payload["status"].as_str())
            .collect()
    }

    /// Offered current, 0 for none.
    pub(crate) fn amps(&self, connector: u32) -> f64 {
        match self.point.offer(connector) {
            Offer::Ac { current, .. } => current.amps(),
            _ => 0.0,
        }
    }

    /// Everything the station wants done; the central system answers at once.
    pub(crate) fn drain(&mut self) {
        while let Some(output) = self.point.poll_output() {
            match output {
                Output::Send(text) => self.carry(&text),
                other => self.events.push((self.now, other)),
            }
        }
    }

    fn carry(&mut self, text: &str) {
        self.tape.sent(text);
        let frame: Value = serde_json::from_str(text).unwrap();
        let id = frame[1].as_str().unwrap().to_owned();
        self.kinds.push(frame[0].as_u64().unwrap());
        match frame[0].as_u64() {
            Some(2) => self.answer(&id, frame[2].as_str().unwrap(), &frame[3]),
            _ => drop(self.answers.insert(id, frame[2].clone())),
        }
    }

    fn answer(&mut self, id: &str, name: &str, payload: &Value) {
        assert!((1..=36).contains(&id.len()));
        let action = Action::from_name(name).unwrap();
        check_request(action, &payload.to_string()).unwrap();
        if let Some((earlier, at)) = &self.outstanding {
            // A reboot forgets what was outstanding.
            let given_up = self.now.since(*at) >= Span::from_s(30) || name == "BootNotification";
            assert!(given_up, "{name} while {earlier} is outstanding");
        }
        match name {
            "StatusNotification" => self.check_status(payload),
            "BootNotification" => self.reports.clear(),
            _ => {}
        }
        self.sent.push(Sent {
            at: self.now,
            id: id.to_owned(),
            action: name.to_owned(),
            payload: payload.clone(),
        });
        self.outstanding = Some((id.to_owned(), self.now));
        if self.script.silent.contains(name) {
            return;
        }
        let text = if self.script.refuses.contains(name) {
            json!([4, id, "InternalError", "", {}])
        } else {
            json!([3, id, self.conf(name, payload)])
        };
        self.outstanding = None;
        let text = text.to_string();
        self.tape.received(&text);
        self.point.handle_frame(self.now, &text);
    }

    fn conf(&mut self, action: &str, payload: &Value) -> Value {
        let now = (self.now + self.script.ahead).to_ocpp();
        let card = payload["idTag"].as_str().and_then(|tag| self.script.cards.get(tag)).cloned();
        match action {
            "BootNotification" => {
                let interval = self.script.boot_interval;
                json!({"status": self.script.boot_status, "currentTime": now, "interval": interval})
            }
            "Heartbeat" => json!({"currentTime": now}),
            "Authorize" => {
                let info = card.unwrap_or_else(|| json!({"status": self.script.authorize}));
                json!({ "idTagInfo": info })
            }
            "StartTransaction" => {
                self.script.next_transaction += 1;
                let id = self.script.next_transaction - 1;
                let info = card.unwrap_or_else(|| json!({"status": self.script.start_status}));
                json!({"idTagInfo": info, "transactionId": id})
            }
            "StopTransaction" if card.is_some() => json!({ "idTagInfo": card }),
            "SignCertificate" => json!({"status": "Accepted"}),
            _ => json!({}),
        }
    }

    /// Within one connection, every reported change of status is one the specification allows.
    fn check_status(&mut self, payload: &Value) {
        let connector = payload["connectorId"].as_u64().unwrap() as u32;
        let next = Status::from_wire(payload["status"].as_str().unwrap()).unwrap();
        if connector == 0 {
            assert!(matches!(next, Status::Available | Status::Unavailable));
        } else if let Some(before) = self.reports.insert(connector, next) {
            assert!(before == next || status::allowed(before, next), "{before:?} -> {next:?}");
        }
    }
}
