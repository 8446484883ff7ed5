//! One charge point: what its messages tell of itself and of its connectors.

use std::collections::BTreeMap;

use super::bay::{Bay, Start};
use super::clock::Clock;
use super::hardware::Evidence;
use super::limits::Limits;
use super::power::Power;
use super::seen::Visit;
use crate::ocpp::messages::{
    ClearChargingProfileRequest, MeterValuesRequest, RemoteStartTransactionRequest,
    SetChargingProfileRequest,
};
use crate::ocpp::profile::{ClearFilter, Profile};
use crate::ocpp::types::{ChargePointStatus, StopReason};
use crate::ocpp::{Action, MeterReading, Reader};
use crate::time::{Span, Time};
use crate::trace::correlate::Asked;
use crate::trace::payload::Fields;
use crate::trace::record::Direction;
use crate::units::{NOMINAL_VOLTAGE_V, Watts};

/// A charge point that is watched.
#[derive(Debug)]
pub(super) struct Station {
    pub(super) number: usize,
    pub(super) id: String,
    /// Its first record.
    begins: Time,
    pub(super) evidence: Evidence,
    pub(super) clock: Clock,
    pub(super) limits: Limits,
    pub(super) heartbeat: Option<Span>,
    pub(super) meter_interval: Option<Span>,
    /// What `NumberOfConnectors` says.
    pub(super) connectors_told: Option<u32>,
    pub(super) bays: BTreeMap<u32, Bay>,
    /// Cars that have left.
    pub(super) visits: Vec<Visit>,
    /// When a card was presented last, by its text.
    cards: BTreeMap<String, Time>,
    reader: Reader,
}

impl Station {
    pub(super) fn new(number: usize, id: String, begins: Time) -> Station {
        Station {
            number,
            id,
            begins,
            evidence: Evidence::default(),
            clock: Clock::default(),
            limits: Limits::new(),
            heartbeat: None,
            meter_interval: None,
            connectors_told: None,
            bays: BTreeMap::new(),
            visits: Vec::new(),
            cards: BTreeMap::new(),
            reader: Reader::new(),
        }
    }

    /// A call of the charge point.
    pub(super) fn call(&mut self, call: &Asked, power: &mut Power) {
        if call.direction != Direction::FromPoint {
            return;
        }
        let fields = Fields::of(&call.body);
        let left = match &*call.action {
            "BootNotification" => {
                let text = |name| fields.text(name).unwrap_or_default().trim().to_owned();
                self.evidence.boots(&text("chargePointVendor"), &text("chargePointModel"));
                None
            }
            "Authorize" => {
                let card = fields.text("idTag").unwrap_or_default();
                self.cards.insert(card.to_ascii_lowercase(), call.at);
                None
            }
            "StatusNotification" => self.status(call.at, &fields),
            "StartTransaction" => self.start(call.at, &fields),
            "MeterValues" => {
                self.meter_values(call, power);
                None
            }
            "StopTransaction" => self.stop(call.at, &fields, power),
            _ => None,
        };
        self.visits.extend(left);
    }

    /// A call is answered with a result.
    pub(super) fn answer(&mut self, call: &Asked, at: Time, body: &str) {
        let answer = Fields::of(body);
        let accepted = || answer.text("status").as_deref() == Some("Accepted");
        match &*call.action {
            "BootNotification" if accepted() => {
                self.beats(answer.integer("interval"));
            }
            "StartTransaction" => self.started(call, at, &answer),
            "SetChargingProfile" if accepted() => self.limited(call, at),
            "ClearChargingProfile" if accepted() => self.cleared(call, at),
            "RemoteStartTransaction" if accepted() => self.remote_start(call),
            "ChangeConfiguration" if accepted() => {
                let asked = Fields::of(&call.body);
                let key = asked.text("key").unwrap_or_default();
                self.key(&key, &asked.text("value").unwrap_or_default());
            }
            "GetConfiguration" => self.keys(body),
            _ => {}
        }
    }

    /// Physical connectors.
    pub(super) fn connectors(&self) -> u32 {
        let seen = self.bays.keys().next_back().copied().unwrap_or(1);
        self.connectors_told.map_or(seen, |told| told.max(seen)).clamp(1, 32)
    }

    /// What the limits in force permit at its transactions, W; where nothing limits them, what they draw.
    /// `None`: no limit was ever accepted.
    pub(super) fn permitted(&self, at: Time) -> Option<Watts> {
        if self.limits.accepted == 0 {
            return None;
        }
        let running = self.bays.iter().filter(|(_, bay)| bay.is_running());
        Some(running.map(|(number, bay)| self.permitted_at(*number, bay, at)).sum())
    }

    fn permitted_at(&self, connector: u32, bay: &Bay, at: Time) -> Watts {
        let limit = self.limits.at(connector, at);
        let phases = match bay.phases() {
            0 => self.evidence.phases(),
            phases => phases,
        };
        let permitted = match self.evidence.is_dc() {
            true => limit.power,
            false => limit.current.map(|it| it.signalled().to_power(NOMINAL_VOLTAGE_V, phases)),
        };
        permitted.unwrap_or(Watts(bay.power_w()))
    }

    fn bay(&mut self, connector: u32) -> &mut Bay {
        let number = self.number;
        self.bays.entry(connector).or_insert_with(|| Bay::new(number, connector))
    }

    fn status(&mut self, at: Time, fields: &Fields<'_>) -> Option<Visit> {
        let at = self.clock.instant(at, fields.instant("timestamp"));
        let connector = connector_of(fields)?;
        let status = ChargePointStatus::from_wire(&fields.text("status")?)?;
        let begins = self.begins;
        self.bay(connector).status(at, status, begins)
    }

    fn start(&mut self, at: Time, fields: &Fields<'_>) -> Option<Visit> {
        let at = self.clock.instant(at, fields.instant("timestamp"));
        let connector = connector_of(fields)?;
        let id_tag = fields.text("idTag").map(|it| it.to_ascii_lowercase());
        let card = id_tag.as_ref().and_then(|it| self.cards.remove(it));
        self.limits.began(connector, None, at);
        let meter_wh = fields.integer("meterStart");
        self.bay(connector).start(Start { at, id_tag, meter_wh, card })
    }

    fn started(&mut self, call: &Asked, at: Time, answer: &Fields<'_>) {
        let asked = Fields::of(&call.body);
        let Some(id) = answer.integer("transactionId") else { return };
        let Some(connector) = connector_of(&asked) else { return };
        if self.bay(connector).is_running() {
            self.limits.began(connector, Some(id), call.at);
            self.bay(connector).started(at, id);
            self.look_at_limits(at);
        }
    }

    fn meter_values(&mut self, call: &Asked, power: &mut Power) {
        let Station { reader, clock, bays, limits, evidence, number, begins, .. } = self;
        let read = reader.request::<MeterValuesRequest<'_>>(Action::MeterValues, &call.body);
        let Ok(message) = read else { return };
        let message = message.value;
        let connector = message.connector_id;
        if !(1..=32).contains(&connector) {
            return;
        }
        for (told, reading) in MeterReading::by_instant(&message.meter_value) {
            let told = told.is_plausible().then_some(told.0);
            let at = clock.instant(call.at, told);
            evidence.reads(&reading);
            let bay = bays.entry(connector).or_insert_with(|| Bay::new(*number, connector));
            bay.limited(at, limits.at(connector, at));
            bay.reads(at, message.transaction_id, &reading, *begins, power);
        }
    }

    fn stop(&mut self, at: Time, fields: &Fields<'_>, power: &mut Power) -> Option<Visit> {
        let at = self.clock.instant(at, fields.instant("timestamp"));
        let id = fields.integer("transactionId")?;
        let known = self.bays.iter().find(|(_, bay)| bay.runs(id)).map(|(number, _)| *number);
        // Where the answer to the start is missing, the only one that runs is meant.
        let mut running = self.bays.iter().filter(|(_, bay)| bay.is_running());
        let only = running.next().map(|(number, _)| *number).filter(|_| running.next().is_none());
        let connector = known.or(only)?;
        self.limits.ended(connector);
        let reason = fields.text("reason").and_then(|it| StopReason::from_wire(&it));
        self.bay(connector).stop(at, fields.integer("meterStop"), reason, power)
    }

    fn limited(&mut self, call: &Asked, at: Time) {
        let read = self
            .reader
            .request::<SetChargingProfileRequest>(Action::SetChargingProfile, &call.body);
        let Ok(message) = read else { return };
        let profile = Profile::from(&message.value.cs_charging_profiles);
        self.limits.set(message.value.connector_id, profile, at);
        self.look_at_limits(at);
    }

    fn cleared(&mut self, call: &Asked, at: Time) {
        let read = self
            .reader
            .request::<ClearChargingProfileRequest>(Action::ClearChargingProfile, &call.body);
        let Ok(message) = read else { return };
        let asked = message.value;
        self.limits.clear(&ClearFilter {
            id: asked.id,
            connector: asked.connector_id,
            purpose: asked.charging_profile_purpose,
            stack_level: asked.stack_level,
        });
        self.look_at_limits(at);
    }

    fn remote_start(&mut self, call: &Asked) {
        let read = self.reader.request::<RemoteStartTransactionRequest<'_>>(
            Action::RemoteStartTransaction,
            &call.body,
        );
        let Ok(message) = read else { return };
        let (connector, profile) = (message.value.connector_id, message.value.charging_profile);
        if let (Some(connector), Some(profile)) = (connector, profile) {
            self.limits.set_pending(connector, Profile::from(&profile));
        }
    }

    fn look_at_limits(&mut self, at: Time) {
        for (connector, bay) in &mut self.bays {
            bay.limited(at, self.limits.at(*connector, at));
        }
    }

    fn keys(&mut self, body: &str) {
        let list = Fields::of(body).json("configurationKey").map(entries).unwrap_or_default();
        for entry in list {
            let key = entry.text("key").unwrap_or_default();
            self.key(&key, &entry.text("value").unwrap_or_default());
        }
    }

    fn key(&mut self, key: &str, value: &str) {
        let number = value.trim().parse::<i64>().ok().filter(|it| *it > 0);
        match key {
            "NumberOfConnectors" => {
                self.connectors_told = number.and_then(|it| u32::try_from(it).ok());
            }
            "HeartbeatInterval" => self.beats(number),
            "MeterValueSampleInterval" => self.meter_interval = number.map(Span::from_s),
            "ChargingScheduleAllowedChargingRateUnit" => self.evidence.allows(value),
            _ => {}
        }
    }

    fn beats(&mut self, interval_s: Option<i64>) {
        if let Some(seconds) = interval_s.filter(|it| *it > 0) {
            self.heartbeat = Some(Span::from_s(seconds));
        }
    }
}

fn connector_of(fields: &Fields<'_>) -> Option<u32> {
    let number = fields.integer("connectorId").filter(|it| (1..=32).contains(it))?;
    u32::try_from(number).ok()
}

/// The objects of a JSON list.
fn entries(json: &str) -> Vec<Fields<'_>> {
    serde_json::from_str(json).unwrap_or_default()
}
