//! The limits that a charge point accepted, and what they add up to at an instant.
//!
//! Whatever was answered with Accepted is taken as installed: nobody knows here what the charge point can do.

use crate::ocpp::profile::share::{shared_limits, shared_power_limits};
use crate::ocpp::profile::{
    ClearFilter, Composite, Profile, ProfileStore, RateUnit, Reading, StationLimits, Supply,
    Transaction,
};
use crate::time::Time;
use crate::units::{DeciAmps, NOMINAL_VOLTAGE_V, Watts};

/// What a connector may draw; `None`: nothing limits it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InForce {
    /// Per phase, as an AC connector reads its profiles.
    pub current: Option<DeciAmps>,
    /// In all, as a DC connector reads them.
    pub power: Option<Watts>,
}

/// Profiles and transactions of one charge point.
#[derive(Debug)]
pub(super) struct Limits {
    store: ProfileStore,
    transactions: Vec<Transaction>,
    /// Profiles that were accepted.
    pub(super) accepted: u64,
    /// The highest limits among them, tenths of an ampere and of a watt.
    pub(super) highest_da: i64,
    pub(super) highest_dw: i64,
}

impl Limits {
    pub(super) fn new() -> Limits {
        Limits {
            store: ProfileStore::new(StationLimits::ANYTHING),
            transactions: Vec::new(),
            accepted: 0,
            highest_da: 0,
            highest_dw: 0,
        }
    }

    /// A profile was accepted.
    pub(super) fn set(&mut self, connector: u32, profile: Profile, at: Time) {
        self.count(&profile);
        self.store.install(connector, profile, at);
    }

    /// The profile of a remote start was accepted.
    pub(super) fn set_pending(&mut self, connector: u32, profile: Profile) {
        self.count(&profile);
        // One that is not as it should be had no effect.
        let _ = self.store.set_pending(connector, profile);
    }

    /// Profiles were cleared.
    pub(super) fn clear(&mut self, filter: &ClearFilter) {
        self.store.clear(filter);
    }

    /// A transaction began, or got its id.
    pub(super) fn began(&mut self, connector: u32, id: Option<i64>, at: Time) {
        self.transactions.retain(|it| it.connector != connector);
        self.transactions.push(Transaction { connector, id, start: at });
        self.store.bind_pending(connector, id, at);
    }

    /// No transaction runs there any more.
    pub(super) fn ended(&mut self, connector: u32) {
        let before = self.transactions.len();
        self.transactions.retain(|it| it.connector != connector);
        if self.transactions.len() < before {
            self.store.transaction_ended(connector);
        }
    }

    /// What a connector may draw.
    pub(super) fn at(&self, connector: u32, at: Time) -> InForce {
        if self.accepted == 0 {
            return InForce::default();
        }
        let composite = Composite {
            store: &self.store,
            transactions: &self.transactions,
            supply: Supply::stated(NOMINAL_VOLTAGE_V),
            reading: Reading::default(),
        };
        let mut charging: Vec<u32> = self.transactions.iter().map(|it| it.connector).collect();
        let place = charging.iter().position(|it| *it == connector).unwrap_or_else(|| {
            charging.push(connector);
            charging.len() - 1
        });
        InForce {
            current: shared_limits(&composite, &charging, at)[place].current,
            power: shared_power_limits(&composite, &charging, at)[place].power,
        }
    }

    fn count(&mut self, profile: &Profile) {
        self.accepted += 1;
        let highest = profile.schedule.periods.iter().map(|it| it.limit.0).max().unwrap_or(0);
        match profile.schedule.unit {
            RateUnit::A => self.highest_da = self.highest_da.max(highest),
            RateUnit::W => self.highest_dw = self.highest_dw.max(highest),
        }
    }
}
