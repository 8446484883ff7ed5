//! The charging profiles of one connector, by the letter of OCPP 1.6: of one purpose the highest stack
//! level that is valid counts, a TxProfile before a TxDefaultProfile, a ChargePointMaxProfile above both.

use ampacity::time::{Span, Time};
use serde_json::{Value, json};

use crate::station::RATED_DA;

#[derive(Clone, Debug)]
struct Profile {
    id: i64,
    connector: i64,
    stack: i64,
    purpose: String,
    /// `None`: from the beginning of the transaction on.
    start: Option<Time>,
    lasts: Option<Span>,
    limit_da: i64,
}

#[derive(Clone, Debug)]
pub(crate) struct Profiles {
    installed: Vec<Profile>,
    /// Durations are kept to.
    timely: bool,
}

impl Profiles {
    pub(crate) fn new(timely: bool) -> Profiles {
        Profiles { installed: Vec::new(), timely }
    }

    /// SetChargingProfile; false: refused, because it is not for the transaction that runs.
    pub(crate) fn install(&mut self, now: Time, request: &Value, running: Option<i64>) -> bool {
        let told = &request["csChargingProfiles"];
        let schedule = &told["chargingSchedule"];
        let purpose = told["chargingProfilePurpose"].as_str().expect("a purpose").to_owned();
        let transaction = told["transactionId"].as_i64();
        if purpose == "TxProfile" && (running.is_none() || transaction != running) {
            return false;
        }
        let periods = schedule["chargingSchedulePeriod"].as_array().expect("periods");
        assert_eq!((periods.len(), &periods[0]["startPeriod"]), (1, &json!(0)), "{request}");
        let limit = periods[0]["limit"].as_f64().expect("a limit");
        let limit_da = match schedule["chargingRateUnit"].as_str() {
            Some("A") => (limit * 10.0).round() as i64,
            _ => (limit * 10.0 / 690.0 + 1e-6).floor() as i64,
        };
        let start = match told["chargingProfileKind"].as_str() {
            Some("Relative") => None,
            _ => Some(schedule["startSchedule"].as_str().map_or(now, instant)),
        };
        let profile = Profile {
            id: told["chargingProfileId"].as_i64().expect("an id"),
            connector: request["connectorId"].as_i64().expect("a connector"),
            stack: told["stackLevel"].as_i64().expect("a level"),
            purpose,
            start,
            lasts: schedule["duration"].as_i64().map(Span::from_s),
            limit_da,
        };
        self.installed.retain(|old| {
            let place = |p: &Profile| (p.purpose.clone(), p.stack, p.connector);
            old.id != profile.id && place(old) != place(&profile)
        });
        self.installed.push(profile);
        true
    }

    /// ClearChargingProfile; false: there was none.
    pub(crate) fn clear(&mut self, id: Option<i64>) -> bool {
        let before = self.installed.len();
        self.installed.retain(|profile| id.is_some_and(|id| profile.id != id));
        self.installed.len() < before
    }

    pub(crate) fn end_transaction(&mut self) {
        self.installed.retain(|profile| profile.purpose != "TxProfile");
    }

    /// A start would find a limit.
    pub(crate) fn bound_starts(&self) -> bool {
        self.installed.iter().any(|profile| profile.purpose == "TxDefaultProfile")
    }

    /// What a transaction that began then may draw now, tenths of an ampere. `None`: no limit.
    pub(crate) fn limit_da(&self, now: Time, began: Time) -> Option<i64> {
        let highest = |purpose: &str| {
            let valid = self.installed.iter().filter(|profile| {
                let start = profile.start.unwrap_or(began);
                let end = profile.lasts.filter(|_| self.timely).map(|lasts| start + lasts);
                profile.purpose == purpose && start <= now && end.is_none_or(|end| now < end)
            });
            let counts = valid.max_by_key(|profile| (profile.stack, profile.connector));
            counts.map(|profile| profile.limit_da)
        };
        let own = highest("TxProfile").or_else(|| highest("TxDefaultProfile"));
        own.into_iter().chain(highest("ChargePointMaxProfile")).min()
    }

    /// When the next profile ends.
    pub(crate) fn next_end(&self, now: Time) -> Option<Time> {
        let ends = self.installed.iter().filter(|_| self.timely).filter_map(|profile| {
            let (start, lasts) = (profile.start?, profile.lasts?);
            Some(start + lasts).filter(|end| *end > now)
        });
        ends.min()
    }

    /// GetCompositeSchedule, in the unit that was asked for.
    pub(crate) fn composite(&self, now: Time, began: Time, request: &Value) -> Value {
        let in_watts = request["chargingRateUnit"] == "W";
        let duration = request["duration"].as_i64().unwrap_or(0);
        let mut periods = Vec::new();
        let mut at = Some(now);
        while let Some(from) = at.filter(|at| at.since(now).whole_s() < duration) {
            let limit = self.limit_da(from, began).unwrap_or(RATED_DA);
            let limit = if in_watts { (limit * 69) as f64 } else { limit as f64 / 10.0 };
            periods.push(json!({"startPeriod": from.since(now).whole_s(), "limit": limit}));
            at = self.next_end(from);
        }
        let unit = if in_watts { "W" } else { "A" };
        json!({"status": "Accepted", "connectorId": 1, "scheduleStart": now.to_string(),
            "chargingSchedule": {"duration": duration, "chargingRateUnit": unit,
                "chargingSchedulePeriod": periods}})
    }
}

fn instant(text: &str) -> Time {
    let told: jiff::Timestamp = text.parse().expect("an instant");
    Time::from_unix_s(told.as_second())
}
