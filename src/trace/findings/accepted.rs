//! The charging profiles that a charge point accepted, and what they add up to.
//!
//! They are held and evaluated as a charge point does it (`ocpp::profile`), by the central system's clock: its
//! schedules are told in it.

use std::collections::BTreeMap;

use super::Answer;
use super::clocks::{Clock, Told, central_time};
use super::running::{Change, Running};
use crate::ocpp::messages::{
    ChargingProfile, ClearChargingProfileRequest, RemoteStartTransactionRequest,
    SetChargingProfileRequest,
};
use crate::ocpp::profile::{
    ClearFilter, Composite, Limit, PowerLimit, Profile, ProfileStore, Purpose, RateUnit, Reading,
    StationLimits, Supply, Transaction,
};
use crate::ocpp::{Action, Reader};
use crate::time::Time;
use crate::trace::correlate::Asked;
use crate::trace::payload::Fields;
use crate::trace::record::Direction;
use crate::units::NOMINAL_VOLTAGE_V;

/// The profiles that a charge point accepted, and the transactions they are for.
#[derive(Debug)]
pub(super) struct Accepted {
    store: ProfileStore,
    running: Running,
    /// Of a RemoteStartTransaction that left the connector to the charge point.
    anywhere: Option<Profile>,
    /// Calls that set or clear profiles and have no answer, and their connectors; 0 is all of them.
    open: BTreeMap<u64, i64>,
    clock: Clock,
}

/// A limit: a number for each unit, `None`: unlimited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Allowed {
    /// Tenths of an ampere per phase.
    pub(super) current_da: Option<i64>,
    /// W over all phases.
    pub(super) power_w: Option<i64>,
}

impl Default for Accepted {
    fn default() -> Accepted {
        Accepted {
            store: ProfileStore::new(StationLimits::ANYTHING),
            running: Running::default(),
            anywhere: None,
            open: BTreeMap::new(),
            clock: Clock::default(),
        }
    }
}

impl Accepted {
    /// A call of the charge point may begin or end a transaction, one to it may change the profiles.
    pub(super) fn call(&mut self, call: &Asked) -> Option<Change> {
        if is_about_profiles(call) {
            let connector = Fields::of(&call.body).integer("connectorId").unwrap_or(0);
            self.open.insert(call.index, connector);
        }
        if call.direction == Direction::ToPoint {
            return None;
        }
        let change = self.running.call(call)?;
        match change {
            Change::Begun(connector) => {
                let now = self.clock.of_central(call.at);
                if let Ok(place) = u32::try_from(connector) {
                    if let Some(profile) = self.anywhere.take() {
                        self.store.set_pending(place, profile);
                    }
                    self.store.bind_pending(place, None, now);
                }
            }
            Change::Ended(connector, _) => {
                if let Ok(connector) = u32::try_from(connector) {
                    self.store.transaction_ended(connector);
                }
            }
            Change::Named(_) => {}
        }
        Some(change)
    }

    /// An answer may bring a profile into force, or give a transaction its id.
    pub(super) fn answer(&mut self, call: &Asked, answer: &Answer<'_>) {
        let at = answer.record.timestamp.at();
        if let Some(told) = central_time(call, answer) {
            self.clock.central(at, told);
            return;
        }
        let now = self.clock.of_central(at);
        let asked = self.open.remove(&call.index);
        if let Some(Change::Named(connector)) = self.running.answer(call, answer) {
            let id = self.running.on(connector).and_then(|it| it.id);
            if let Ok(connector) = u32::try_from(connector) {
                self.store.bind_pending(connector, id, now);
            }
        } else if is_about_profiles(call)
            && Fields::of(answer.record.body()).text("status").as_deref() == Some("Accepted")
        {
            // What has been set anew does not depend on what came before.
            self.open.retain(|index, connector| *index > call.index || asked != Some(*connector));
            self.accepted(call, now);
        }
    }

    /// When the values of a MeterValues were sampled, by the record's clock. `None`: they had to wait, and nobody
    /// knows what had been accepted then.
    pub(super) fn sampled_at(&mut self, call: &Asked, told: Option<Time>) -> Option<Time> {
        let Some(told) = told else { return Some(call.at) };
        let at_once = self.clock.hear(call.line, call.at, told) == Told::AtOnce;
        at_once.then(|| self.clock.of_point(told).min(call.at))
    }

    /// Whether a call about the profiles of a connector has no answer: they may be others than is known.
    pub(super) fn is_in_doubt(&self, connector: i64) -> bool {
        self.open.values().any(|it| *it == 0 || *it == connector)
    }

    /// What is allowed on a connector at an instant of the record, and how long that holds.
    pub(super) fn allowed(&self, connector: u32, at: Time) -> (Allowed, Time) {
        let transactions: Vec<Transaction> = self.transactions().collect();
        let composite = self.composite(&transactions);
        let now = self.clock.of_central(at);
        self.both(at, composite.limit(connector, now), composite.power_limit(connector, now))
    }

    /// What the charge point as a whole may draw at an instant of the record.
    pub(super) fn station(&self, at: Time) -> (Allowed, Time) {
        let composite = self.composite(&[]);
        let now = self.clock.of_central(at);
        self.both(at, composite.station_limit(now), composite.station_power_limit(now))
    }

    /// The units in which profiles that concern connectors are written: A, W.
    pub(super) fn units(&self) -> (bool, bool) {
        let has = |unit| self.store.installed().iter().any(|it| it.profile.schedule.unit == unit);
        (has(RateUnit::A), has(RateUnit::W))
    }

    /// Whether any profile is there.
    pub(super) fn any(&self) -> bool {
        !self.store.installed().is_empty()
    }

    /// The transactions that run.
    pub(super) fn running(&self) -> &Running {
        &self.running
    }

    fn accepted(&mut self, call: &Asked, now: Time) {
        let mut reader = Reader::new();
        let (body, reader) = (&*call.body, &mut reader);
        match &*call.action {
            "SetChargingProfile" => {
                let action = Action::SetChargingProfile;
                let Ok(read) = reader.request::<SetChargingProfileRequest>(action, body) else {
                    return;
                };
                self.set(read.value.connector_id, &read.value.cs_charging_profiles, now);
            }
            "ClearChargingProfile" => {
                let action = Action::ClearChargingProfile;
                let Ok(read) = reader.request::<ClearChargingProfileRequest>(action, body) else {
                    return;
                };
                self.store.clear(&ClearFilter {
                    id: read.value.id,
                    connector: read.value.connector_id,
                    purpose: read.value.charging_profile_purpose,
                    stack_level: read.value.stack_level,
                });
            }
            _ => {
                let action = Action::RemoteStartTransaction;
                let Ok(read) = reader.request::<RemoteStartTransactionRequest<'_>>(action, body)
                else {
                    return;
                };
                let Some(profile) = read.value.charging_profile.as_ref().map(Profile::from) else {
                    return;
                };
                match read.value.connector_id {
                    Some(connector) => {
                        self.store.set_pending(connector, profile);
                    }
                    None => self.anywhere = Some(profile),
                }
            }
        }
    }

    fn set(&mut self, connector: u32, wire: &ChargingProfile, now: Time) {
        let mut profile = Profile::from(wire);
        if profile.purpose == Purpose::TxProfile && profile.transaction_id.is_none() {
            let running = self.running.on(i64::from(connector));
            profile.transaction_id = running.and_then(|it| it.id);
        }
        self.store.install(connector, profile, now);
    }

    fn transactions(&self) -> impl Iterator<Item = Transaction> {
        self.running.all().filter_map(|(connector, it)| {
            let connector = u32::try_from(connector).ok()?;
            let start = self.clock.of_central(it.at);
            Some(Transaction { connector, id: it.id, start })
        })
    }

    fn composite<'a>(&'a self, transactions: &'a [Transaction]) -> Composite<'a> {
        Composite {
            store: &self.store,
            transactions,
            supply: Supply::stated(NOMINAL_VOLTAGE_V),
            reading: Reading::default(),
        }
    }

    /// Both units of a limit at an instant of the record.
    fn both(&self, at: Time, current: Limit, power: PowerLimit) -> (Allowed, Time) {
        let allowed = Allowed {
            current_da: current.current.map(|it| it.0),
            power_w: power.power.map(|it| it.0),
        };
        let until = current.until.min(power.until);
        let holds = until.0.saturating_sub(self.clock.of_central(at).0);
        (allowed, Time(at.0.saturating_add(holds)))
    }
}

/// Whether an answer to this says what limits are in force.
pub(super) fn is_about_profiles(call: &Asked) -> bool {
    call.direction == Direction::ToPoint
        && matches!(
            &*call.action,
            "SetChargingProfile" | "ClearChargingProfile" | "RemoteStartTransaction"
        )
}
