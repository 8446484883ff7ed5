//! The simulated charge point as a receiver.

use std::sync::Arc;

use ampacity::charger::{ChargePoint, ChargerSpec, CurrentKind, Output};
use ampacity::ids::ChargePointId;
use ampacity::ocpp::{Action, Direction, Frame};
use ampacity::time::{Span, Time};
use ampacity::units::{DeciAmps, Watts};
use serde_json::{Value, json};

use crate::expect::Role;
use crate::tape::{CHARGE_POINT, Tape};
use crate::{Receiver, mask};

/// 2026-05-04T07:00:00Z.
const NOW: Time = Time::from_unix_s(1_777_878_000);

pub(crate) struct Station {
    point: ChargePoint,
    tape: Tape,
}

fn spec() -> ChargerSpec {
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

impl Station {
    /// Takes what it sends and answers its CALLs as a central system that accepts everything.
    fn drain(&mut self) -> Vec<String> {
        let mut sent = Vec::new();
        while let Some(output) = self.point.poll_output() {
            let Output::Send(text) = output else { continue };
            self.tape.sent(&text);
            if let Ok(Frame::Call(call)) = Frame::parse(&text) {
                let answer = json!([3, call.id, answer(&call.action)]).to_string();
                self.tape.received(&answer);
                self.point.handle_frame(NOW, &answer);
            }
            sent.push(text);
        }
        sent
    }
}

fn answer(action: &str) -> Value {
    let now = NOW.to_ocpp();
    match action {
        "BootNotification" => json!({"status": "Accepted", "currentTime": now, "interval": 3600}),
        "Heartbeat" => json!({"currentTime": now}),
        "Authorize" => json!({"idTagInfo": {"status": "Accepted"}}),
        "StartTransaction" => json!({"idTagInfo": {"status": "Accepted"}, "transactionId": 1}),
        _ => json!({}),
    }
}

impl Receiver for Station {
    fn ready() -> Station {
        let point = ChargePoint::new(ChargePointId::new("cp_1"), Arc::new(spec()), NOW);
        let mut station = Station { point, tape: Tape::new(CHARGE_POINT) };
        station.point.link_up(NOW);
        station.drain();
        station.point.plug_in(NOW, 1, "card");
        station.drain();
        assert_eq!(station.point.transaction(1), Some(1));
        station
    }

    fn deliver(&mut self, text: &str) -> Vec<String> {
        self.tape.received(text);
        self.point.handle_frame(NOW, text);
        self.drain()
    }

    fn state(&self) -> String {
        mask::without(&format!("{:?}", self.point), "counters")
    }

    fn role(action: Action) -> Role {
        match action.direction() {
            Direction::FromChargePoint => Role::Foreign,
            _ => Role::Serves,
        }
    }
}
