//! Charge points that take limits in some forms only, as their drivers see them.

use serde_json::Value;

use super::*;
use crate::csms::config::Setpoint;

/// A SetChargingProfile as it came.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) connector: u64,
    pub(super) purpose: String,
    pub(super) kind: String,
    pub(super) unit: String,
    pub(super) level: i64,
    pub(super) transaction: Option<i64>,
    /// As it stands there.
    pub(super) limit: f64,
}

impl Told {
    pub(super) fn read(payload: &str) -> Told {
        let json: Value = serde_json::from_str(payload).unwrap();
        let profile = &json["csChargingProfiles"];
        let schedule = &profile["chargingSchedule"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Told {
            connector: json["connectorId"].as_u64().unwrap(),
            purpose: text(&profile["chargingProfilePurpose"]),
            kind: text(&profile["chargingProfileKind"]),
            unit: text(&schedule["chargingRateUnit"]),
            level: profile["stackLevel"].as_i64().unwrap(),
            transaction: profile["transactionId"].as_i64(),
            limit: schedule["chargingSchedulePeriod"][0]["limit"].as_f64().unwrap(),
        }
    }

    /// Per phase, of three.
    pub(super) fn amps(&self) -> f64 {
        if self.unit == "W" { self.limit / 690.0 } else { self.limit }
    }
}

/// What a charge point of 3 x 32 A has installed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Installed {
    /// For this transaction.
    pub(super) session: Option<(i64, i64)>,
    pub(super) connector: Option<i64>,
    pub(super) default: Option<i64>,
    pub(super) station: Option<i64>,
}

impl Installed {
    /// What limits leave installed that a station was told, if it takes them by a rule.
    pub(super) fn after(told: &[Told], rule: Rule) -> Installed {
        let mut installed = Installed::default();
        told.iter().filter(|told| rule(told) == Some(ACCEPTED)).for_each(|t| installed.install(t));
        installed
    }

    pub(super) fn install(&mut self, told: &Told) {
        let limit = (told.amps() * 10.0).floor() as i64;
        match told.purpose.as_str() {
            "TxProfile" => self.session = told.transaction.map(|id| (id, limit)),
            "TxDefaultProfile" if told.connector > 0 => self.connector = Some(limit),
            "TxDefaultProfile" => self.default = Some(limit),
            _ => self.station = Some(limit),
        }
    }

    /// Takes a profile of ours away, by its id; or all of them.
    pub(super) fn clear(&mut self, payload: &str) {
        let json: Value = serde_json::from_str(payload).unwrap();
        match json["id"].as_i64() {
            None => *self = Installed::default(),
            Some(101) => self.session = None,
            Some(201) => self.connector = None,
            Some(2) => self.station = None,
            other => panic!("{other:?} is no profile of a session"),
        }
    }

    /// The limit in force for a transaction, or for one whose id is not known yet.
    pub(super) fn enforced(&self, transaction: Option<i64>) -> Setpoint {
        let own = self.session.filter(|(id, _)| Some(*id) == transaction).map(|(_, limit)| limit);
        let limit = own.or(self.connector).or(self.default).unwrap_or(320);
        Setpoint(limit.min(self.station.unwrap_or(320)))
    }
}

pub(super) const ACCEPTED: &str = r#"{"status":"Accepted"}"#;
pub(super) const REJECTED: &str = r#"{"status":"Rejected"}"#;

/// What a charge point of a kind answers to a limit; `None`: nothing.
pub(super) type Rule = fn(&Told) -> Option<&'static str>;

impl Bench {
    /// Answers everything a charge point has received by its rule; returns the limits it was told.
    pub(super) fn answer_by(&mut self, point: usize, rule: Rule) -> Vec<Told> {
        let mut told = Vec::new();
        while let Some((id, action, payload)) = self.received(point) {
            let answer = match action.as_str() {
                "SetChargingProfile" => {
                    let profile = Told::read(&payload);
                    let answer = rule(&profile);
                    told.push(profile);
                    answer
                }
                "GetConfiguration" => Some(concat!(
                    r#"{"configurationKey":[{"key":"ChargeProfileMaxStackLevel","#,
                    r#""readonly":true,"value":"8"}]}"#
                )),
                _ => Some(ACCEPTED),
            };
            if let Some(answer) = answer {
                self.frame(point, &format!(r#"[3,"{id}",{answer}]"#));
            }
        }
        told
    }

    /// Time passes while charge points answer by their rules.
    pub(super) fn wait_by(&mut self, seconds: i64, rules: &[Rule]) -> Vec<Vec<Told>> {
        let mut told = vec![Vec::new(); rules.len()];
        for _ in 0..seconds {
            for (point, rule) in rules.iter().enumerate() {
                told[point].extend(self.answer_by(point, *rule));
            }
            self.wait_silently(self.now + Span::from_s(1), false);
        }
        for (point, rule) in rules.iter().enumerate() {
            told[point].extend(self.answer_by(point, *rule));
        }
        told
    }

    /// A minute passes while everything is answered with success; who was asked to end what.
    pub(super) fn stops_in_a_minute(&mut self) -> Vec<(usize, String)> {
        let mut asked = Vec::new();
        for _ in 0..60 {
            for point in 0..self.inbox.len() {
                while let Some((id, action, payload)) = self.received(point) {
                    if action == "RemoteStopTransaction" {
                        asked.push((point, payload));
                    }
                    self.frame(point, &format!(r#"[3,"{id}",{ACCEPTED}]"#));
                }
            }
            self.wait_silently(self.now + Span::from_s(1), false);
        }
        asked
    }

    /// Boots as one of a kind and starts a transaction, while all others answer by the same rule;
    /// returns its id and the limits told.
    pub(super) fn charge_by(&mut self, point: usize, model: &str, rule: Rule) -> (i64, Vec<Told>) {
        let rules = vec![rule; self.inbox.len()];
        self.charge_among(point, model, &rules)
    }

    /// The same while each answers by its own.
    pub(super) fn charge_among(
        &mut self,
        point: usize,
        model: &str,
        rules: &[Rule],
    ) -> (i64, Vec<Told>) {
        let rule = rules[point];
        self.csms.link_up(self.now, PointIx(point));
        let boot = format!(r#"{{"chargePointVendor":"Odd","chargePointModel":"{model}"}}"#);
        self.call(point, "BootNotification", &boot);
        let mut told = self.answer_by(point, rule);
        self.status(point, "Available");
        self.present_card(point);
        told.extend(self.answer_by(point, rule));
        self.inbox[point].clear();
        let id = self.start(point);
        self.status(point, "Charging");
        for (at, more) in self.wait_by(150, rules).into_iter().enumerate() {
            told.extend(more.into_iter().filter(|_| at == point));
        }
        (id, told)
    }

    pub(super) fn status(&mut self, point: usize, status: &str) {
        let request = format!(r#"{{"connectorId":1,"errorCode":"NoError","status":"{status}"}}"#);
        self.call(point, "StatusNotification", &request);
    }

    pub(super) fn trouble(&self, point: usize) -> Option<Trouble> {
        self.csms.point_view(PointIx(point)).unwrap().connectors[0].trouble
    }
}
