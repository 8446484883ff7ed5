//! The central system as a receiver.

use std::collections::BTreeMap;

use ampacity::allocation::Strategy;
use ampacity::charger::CurrentKind;
use ampacity::csms::event::Output;
use ampacity::csms::{Control, Csms, Hardware, Options, PointIx, SiteConfig};
use ampacity::ids::{ChargePointId, SiteId};
use ampacity::ocpp::{Action, Direction, Frame};
use ampacity::time::Time;
use ampacity::units::{DeciAmps, Watts};

use crate::expect::Role;
use crate::tape::{CENTRAL_SYSTEM, Tape};
use crate::{Receiver, mask};

/// 2026-05-04T07:00:00Z.
pub(crate) const NOW: Time = Time::from_unix_s(1_777_878_000);

/// Its only charge point.
pub(crate) const POINT: &str = "cp_1";

pub(crate) struct Central {
    csms: Csms,
    tape: Tape,
}

impl Central {
    /// Takes what it sends to the charge point, which accepts everything.
    fn drain(&mut self) -> Vec<String> {
        let mut sent = Vec::new();
        while let Some(output) = self.csms.poll_output() {
            let Output::Send { point, text } = output else { continue };
            self.tape.sent(&text);
            if let Ok(Frame::Call(call)) = Frame::parse(&text) {
                let payload = match &*call.action {
                    "GetConfiguration" => "{}",
                    _ => r#"{"status":"Accepted"}"#,
                };
                let answer = format!("[3,{:?},{payload}]", call.id);
                self.tape.received(&answer);
                self.csms.handle_frame(NOW, point, &answer);
            }
            sent.push(text);
        }
        sent
    }

    fn call(&mut self, action: &str, payload: &str) {
        let sent = self.deliver(&format!("[2,\"before\",\"{action}\",{payload}]"));
        assert!(sent.iter().any(|text| text.starts_with("[3,\"before\",")), "{sent:?}");
    }
}

/// A site with one charge point that has not connected yet.
pub(crate) fn commissioned() -> Csms {
    let mut csms = Csms::new(Options::default());
    let config = SiteConfig {
        max_power: Watts(50_000),
        reserve: Watts(0),
        strategy: Strategy::Equal,
        min_charge_rate: Watts(3_700),
        priorities: BTreeMap::new(),
        worst_load: None,
        wiring: None,
        calendar: None,
    };
    let site = csms.add_site(SiteId::new("site_1"), config, Control::default());
    let hardware = Hardware {
        kind: CurrentKind::Ac,
        phases: 3,
        max_current: DeciAmps(320),
        max_power: Watts(22_000),
        voltage_v: 230,
    };
    let point = csms.add_point(ChargePointId::new(POINT), site, hardware, 1);
    assert_eq!(point, PointIx(0));
    csms
}

impl Receiver for Central {
    fn ready() -> Central {
        let mut csms = commissioned();
        csms.link_up(NOW, PointIx(0));
        let mut central = Central { csms, tape: Tape::new(CENTRAL_SYSTEM) };
        central.call("BootNotification", r#"{"chargePointVendor":"v","chargePointModel":"m"}"#);
        central.call("Authorize", r#"{"idTag":"card"}"#);
        let start =
            r#"{"connectorId":1,"idTag":"card","meterStart":1,"timestamp":"2026-05-04T07:00:00Z"}"#;
        central.call("StartTransaction", start);
        let charging = r#"{"connectorId":1,"errorCode":"NoError","status":"Charging"}"#;
        central.call("StatusNotification", charging);
        // What it decides waits for a moment to see more; let that pass.
        while let Some(due) = central.csms.poll_timeout().filter(|due| *due <= NOW) {
            central.csms.handle_timeout(due);
            central.drain();
        }
        central
    }

    fn deliver(&mut self, text: &str) -> Vec<String> {
        self.tape.received(text);
        self.csms.handle_frame(NOW, PointIx(0), text);
        self.drain()
    }

    fn state(&self) -> String {
        let debug = format!("{:?}", self.csms);
        ["deviations", "reader"].iter().fold(debug, |debug, field| mask::without(&debug, field))
    }

    fn role(action: Action) -> Role {
        match action {
            Action::StartTransaction
            | Action::StopTransaction
            | Action::MeterValues
            | Action::StatusNotification => Role::NeverRefuses,
            _ if action.direction() == Direction::FromCentralSystem => Role::Foreign,
            _ => Role::Serves,
        }
    }
}
