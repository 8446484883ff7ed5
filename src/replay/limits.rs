//! Which limit was in force at a connector, from the charging profiles that its charge point accepted
//! (OCPP 1.6 §3.13).

use std::collections::BTreeMap;

use crate::ocpp::messages::{ClearChargingProfileRequest, SetChargingProfileRequest};
use crate::ocpp::profile::{
    ClearFilter, Composite, Profile, ProfileStore, Reading, StationLimits, Supply, Transaction,
};
use crate::ocpp::{Action, Reader};
use crate::time::Time;
use crate::trace::payload::Fields;
use crate::units::{NOMINAL_VOLTAGE_V, Watts};

/// A limit from an instant on, over all phases; three where a profile names none. `None`: nothing limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitStep {
    /// From when on.
    pub at: Time,
    /// The limit.
    pub limit: Option<Watts>,
}

/// The profiles of one charge point as a trace tells them.
#[derive(Debug)]
pub(super) struct Limits {
    store: ProfileStore,
    transactions: Vec<Transaction>,
    steps: BTreeMap<u32, Vec<LimitStep>>,
    /// Up to here everything is told.
    told: Time,
    reader: Reader,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            store: ProfileStore::new(StationLimits::ANYTHING),
            transactions: Vec::new(),
            steps: BTreeMap::new(),
            told: Time(i64::MIN),
            reader: Reader::default(),
        }
    }
}

impl Limits {
    /// A SetChargingProfile was answered.
    pub(super) fn set(&mut self, at: Time, request: &str, answer: &str) {
        if !is_accepted(answer) {
            return;
        }
        let action = Action::SetChargingProfile;
        let read = self.reader.request::<SetChargingProfileRequest>(action, request);
        let Ok(read) = read.map(|it| it.value) else { return };
        let profile: Profile = (&read.cs_charging_profiles).into();
        self.change(at, |it| {
            it.steps.entry(read.connector_id).or_default();
            it.store.install(read.connector_id, profile, at);
        });
    }

    /// A ClearChargingProfile was answered.
    pub(super) fn cleared(&mut self, at: Time, request: &str, answer: &str) {
        if !is_accepted(answer) {
            return;
        }
        let action = Action::ClearChargingProfile;
        let read = self.reader.request::<ClearChargingProfileRequest>(action, request);
        let Ok(read) = read.map(|it| it.value) else { return };
        let filter = ClearFilter {
            id: read.id,
            connector: read.connector_id,
            purpose: read.charging_profile_purpose,
            stack_level: read.stack_level,
        };
        self.change(at, |it| {
            it.store.clear(&filter);
        });
    }

    /// A RemoteStartTransaction was answered: its profile waits for the transaction.
    pub(super) fn remote_start(&mut self, request: &str, answer: &str) {
        let fields = Fields::of(request);
        let (Some(connector), Some(json)) =
            (fields.integer("connectorId"), fields.json("chargingProfile"))
        else {
            return;
        };
        let read = serde_json::from_str::<crate::ocpp::messages::ChargingProfile>(json);
        if let (true, Ok(profile)) = (is_accepted(answer), read) {
            let _ = self.store.set_pending(connector.clamp(0, 1 << 16) as u32, (&profile).into());
        }
    }

    /// A transaction begins.
    pub(super) fn starts(&mut self, at: Time, connector: u32) {
        self.change(at, |it| {
            it.transactions.retain(|other| other.connector != connector);
            it.transactions.push(Transaction { connector, id: None, start: at });
            it.store.bind_pending(connector, None, at);
            it.steps.entry(connector).or_default();
        });
    }

    /// It has a number.
    pub(super) fn named(&mut self, connector: u32, id: i64) {
        let mut all = self.transactions.iter_mut();
        if let Some(transaction) = all.find(|it| it.connector == connector) {
            transaction.id = Some(id);
            let at = transaction.start;
            self.store.bind_pending(connector, Some(id), at);
        }
    }

    /// A transaction ends.
    pub(super) fn stops(&mut self, at: Time, connector: u32) {
        self.change(at, |it| {
            it.transactions.retain(|other| other.connector != connector);
            it.store.transaction_ended(connector);
        });
    }

    /// The charge point has booted: transactions it goes on with keep their profiles.
    pub(super) fn booted(&mut self, at: Time) {
        self.change(at, |it| it.store.after_reboot(&it.transactions.clone()));
    }

    /// Everything up to the end of the trace.
    pub(super) fn finish(mut self, end: Time) -> BTreeMap<u32, Vec<LimitStep>> {
        self.tell(end);
        self.steps.remove(&0);
        self.steps.retain(|_, steps| steps.iter().any(|step| step.limit.is_some()));
        self.steps
    }

    /// Something changes at an instant; what held before is told first.
    fn change(&mut self, at: Time, change: impl FnOnce(&mut Limits)) {
        self.tell(at);
        change(self);
        self.told = self.told.max(at);
        self.look(self.told);
    }

    /// Follows schedules up to an instant.
    fn tell(&mut self, to: Time) {
        while self.told > Time(i64::MIN) {
            let next = self.steps.keys().filter(|connector| **connector > 0);
            let next = next.map(|connector| self.composite().power_limit(*connector, self.told));
            let next = next.map(|limit| limit.until).filter(|until| *until > self.told).min();
            match next {
                Some(next) if next < to => {
                    self.told = next;
                    self.look(next);
                }
                _ => break,
            }
        }
        self.told = self.told.max(to);
    }

    /// Notes what holds at an instant.
    fn look(&mut self, at: Time) {
        let mut steps = std::mem::take(&mut self.steps);
        for (connector, steps) in steps.iter_mut().filter(|(connector, _)| **connector > 0) {
            let limit = self.composite().power_limit(*connector, at).power;
            match steps.last_mut() {
                Some(last) if last.limit == limit => {}
                Some(last) if last.at == at => last.limit = limit,
                _ => steps.push(LimitStep { at, limit }),
            }
        }
        self.steps = steps;
    }

    fn composite(&self) -> Composite<'_> {
        Composite {
            store: &self.store,
            transactions: &self.transactions,
            supply: Supply::stated(NOMINAL_VOLTAGE_V),
            reading: Reading::default(),
        }
    }
}

fn is_accepted(answer: &str) -> bool {
    Fields::of(answer).text("status").as_deref() == Some("Accepted")
}

/// What held at an instant.
#[must_use]
pub fn held(steps: &[LimitStep], at: Time) -> Option<Watts> {
    let begun = steps.partition_point(|step| step.at <= at);
    steps[..begun].last()?.limit
}
