//! The charging profiles installed in a charge point (OCPP 1.6 §3.13.2, §5.5, §5.16).

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::{Kind, Profile, Purpose, RateUnit, Transaction};
use crate::time::{Span, Time};

/// What a charge point announces about its smart charging (§9.4), all read-only keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StationLimits {
    /// Physical connectors; they are numbered 1..=connectors.
    pub connectors: u32,
    /// `ChargeProfileMaxStackLevel`: the highest level allowed.
    pub max_stack_level: i32,
    /// `ChargingScheduleMaxPeriods`.
    pub max_periods: usize,
    /// `MaxChargingProfilesInstalled`, over all connectors and purposes.
    pub max_installed: usize,
    /// `ChargingScheduleAllowedChargingRateUnit` contains Current.
    pub allow_amps: bool,
    /// `ChargingScheduleAllowedChargingRateUnit` contains Power.
    pub allow_watts: bool,
    /// Whether the feature profile SmartCharging is supported at all.
    pub smart_charging: bool,
}

impl StationLimits {
    /// Refuses nothing: for profiles that a charge point elsewhere has accepted.
    pub const ANYTHING: StationLimits = StationLimits {
        connectors: u32::MAX,
        max_stack_level: i32::MAX,
        max_periods: usize::MAX,
        max_installed: usize::MAX,
        allow_amps: true,
        allow_watts: true,
        smart_charging: true,
    };
}

/// Answer to a profile that someone wants installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetOutcome {
    /// Installed (or kept for the transaction to come).
    Accepted,
    /// Understood and refused.
    Rejected,
    /// Not taken, and nothing is wrong: a profile in a RemoteStartTransaction to a charge point
    /// without smart charging, which goes on without it (§5.11).
    NotSupported,
    /// Answered with a CALLERROR.
    Error(Refusal),
}

/// Codes of the CALLERRORs a profile can earn (OCPP-J §4.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No smart charging (errata 3.39).
    NotSupported,
    /// Unknown connector or a value out of its range (errata 3.38, 3.39).
    PropertyConstraintViolation,
    /// No period at all. The wire spells it with one r.
    OccurenceConstraintViolation,
}

impl Refusal {
    /// The code as it stands on the wire.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Refusal::NotSupported => "NotSupported",
            Refusal::PropertyConstraintViolation => "PropertyConstraintViolation",
            Refusal::OccurenceConstraintViolation => "OccurenceConstraintViolation",
        }
    }
}

/// An installed profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// 0: the whole charge point.
    pub connector: u32,
    /// When it was installed; what a relative ChargePointMaxProfile counts from.
    pub at: Time,
    /// The profile.
    pub profile: Profile,
}

/// Fields of a ClearChargingProfile request (§6.9). All absent: everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClearFilter {
    /// When given, the other fields are ignored (errata 3.26).
    pub id: Option<i32>,
    /// 0: those installed on connector 0.
    pub connector: Option<u32>,
    /// Only this purpose.
    pub purpose: Option<Purpose>,
    /// Only this level.
    pub stack_level: Option<i32>,
}

impl ClearFilter {
    /// Whether `installed` is to go.
    #[must_use]
    pub fn matches(&self, installed: &Installed) -> bool {
        let profile = &installed.profile;
        match self.id {
            Some(id) => profile.id == id,
            None => {
                self.connector.is_none_or(|connector| connector == installed.connector)
                    && self.purpose.is_none_or(|purpose| purpose == profile.purpose)
                    && self.stack_level.is_none_or(|level| level == profile.stack_level)
            }
        }
    }
}

/// The profiles of one charge point. No two have the same id, nor the same connector, purpose and
/// stack level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileStore {
    limits: StationLimits,
    /// Sorted by purpose, connector, then from the highest level down: the order of [`Self::stack`].
    installed: Vec<Installed>,
    /// Profiles of RemoteStartTransactions whose transaction has not begun, by connector.
    pending: BTreeMap<u32, Profile>,
}

impl ProfileStore {
    /// An empty store.
    #[must_use]
    pub const fn new(limits: StationLimits) -> ProfileStore {
        ProfileStore { limits, installed: Vec::new(), pending: BTreeMap::new() }
    }

    /// What the charge point allows.
    #[must_use]
    pub const fn limits(&self) -> &StationLimits {
        &self.limits
    }

    /// Handles a SetChargingProfile (§5.16) that arrives at `now` while `transactions` run.
    pub fn set(
        &mut self,
        connector: u32,
        profile: Profile,
        transactions: &[Transaction],
        now: Time,
    ) -> SetOutcome {
        if let Some((refused, _)) = self.objection(connector, &profile, transactions) {
            return refused;
        }
        self.install(connector, profile, now);
        SetOutcome::Accepted
    }

    /// What stands against a SetChargingProfile while `transactions` run: the answer it earns, and
    /// why. `None`: it would be installed.
    #[must_use]
    pub fn objection(
        &self,
        connector: u32,
        profile: &Profile,
        transactions: &[Transaction],
    ) -> Option<(SetOutcome, &'static str)> {
        let rejected = |why| Some((SetOutcome::Rejected, why));
        if !self.limits.smart_charging {
            return Some((SetOutcome::Error(Refusal::NotSupported), "no smart charging"));
        }
        if let Some(objection) = self.flaw(connector, profile) {
            return Some(objection);
        }
        if profile.purpose == Purpose::TxProfile && !belongs(connector, profile, transactions) {
            return rejected("a TxProfile needs the id of the transaction that runs there");
        }
        let kept = self.installed.iter().filter(|old| !replaces(connector, profile, old)).count();
        if kept >= self.limits.max_installed {
            return rejected("more than MaxChargingProfilesInstalled");
        }
        None
    }

    /// What stands against the profile of a RemoteStartTransaction, as [`Self::objection`].
    #[must_use]
    pub fn pending_objection(
        &self,
        connector: u32,
        profile: &Profile,
    ) -> Option<(SetOutcome, &'static str)> {
        if !self.limits.smart_charging {
            return Some((SetOutcome::NotSupported, "no smart charging"));
        }
        let right = profile.purpose == Purpose::TxProfile && profile.transaction_id.is_none();
        self.flaw(connector, profile).or_else(|| {
            let why = "a remote start takes a TxProfile without transaction id";
            (!right).then_some((SetOutcome::Rejected, why))
        })
    }

    /// Installs without any check, replacing as §3.13.2 says: the same id wherever it was, and the
    /// same purpose and level on the same connector. For state that was accepted elsewhere, such
    /// as a replayed trace.
    pub fn install(&mut self, connector: u32, profile: Profile, now: Time) {
        self.installed.retain(|old| !replaces(connector, &profile, old));
        let new = Installed { connector, at: now, profile };
        let place = self.installed.partition_point(|old| order(old) < order(&new));
        self.installed.insert(place, new);
    }

    /// Handles a ClearChargingProfile (§5.5); false when nothing matched ("Unknown").
    pub fn clear(&mut self, filter: &ClearFilter) -> bool {
        let before = self.installed.len();
        self.installed.retain(|installed| !filter.matches(installed));
        self.installed.len() < before
    }

    /// Keeps the profile of a RemoteStartTransaction (§5.11) for the transaction that results. It
    /// must be a TxProfile without transaction id (errata 3.41, 3.42) and may replace a pending
    /// one of the same connector. An outcome other than Accepted leaves everything as it was.
    pub fn set_pending(&mut self, connector: u32, profile: Profile) -> SetOutcome {
        if let Some((refused, _)) = self.pending_objection(connector, &profile) {
            return refused;
        }
        self.pending.insert(connector, profile);
        SetOutcome::Accepted
    }

    /// A transaction begins on the connector, or learns its id: the pending profile comes into
    /// force, and a profile that waits for the id gets it. True when something changed.
    ///
    /// With `None` a charge point can obey the profile before the answer to StartTransaction is
    /// there; it calls again with the id. The installed maximum is not counted: the profile was
    /// accepted with the RemoteStartTransaction.
    pub fn bind_pending(&mut self, connector: u32, transaction_id: Option<i64>, now: Time) -> bool {
        let pending = self.pending.remove(&connector);
        let mut changed = pending.is_some();
        if let Some(profile) = pending {
            self.install(connector, profile, now);
        }
        for installed in &mut self.installed {
            let waits = installed.connector == connector
                && installed.profile.purpose == Purpose::TxProfile
                && installed.profile.transaction_id.is_none();
            if waits && transaction_id.is_some() {
                installed.profile.transaction_id = transaction_id;
                changed = true;
            }
        }
        changed
    }

    /// Forgets the pending profile of a connector: its transaction did not begin in time.
    pub fn cancel_pending(&mut self, connector: u32) -> bool {
        self.pending.remove(&connector).is_some()
    }

    /// Removes the TxProfiles of the connector whose transaction ended (§3.13.1); true when there
    /// were any. A profile that waits for the next transaction stays.
    pub fn transaction_ended(&mut self, connector: u32) -> bool {
        self.clear(&ClearFilter {
            connector: Some(connector),
            purpose: Some(Purpose::TxProfile),
            ..ClearFilter::default()
        })
    }

    /// What a reboot leaves: everything (errata 3.37) but the TxProfiles of transactions that are
    /// not `resumed`, and the pending ones.
    pub fn after_reboot(&mut self, resumed: &[Transaction]) {
        self.pending.clear();
        self.installed.retain(|installed| {
            installed.profile.purpose != Purpose::TxProfile
                || belongs(installed.connector, &installed.profile, resumed)
        });
    }

    /// The clock by which the profiles are read was set forward, or back by a negative span: what
    /// was installed a while ago stays that old.
    pub fn clock_set(&mut self, by: Span) {
        for installed in &mut self.installed {
            installed.at += by;
        }
    }

    /// Everything installed, by purpose, connector, and from the highest level down.
    #[must_use]
    pub fn installed(&self) -> &[Installed] {
        &self.installed
    }

    /// The profile with this id, if installed.
    #[must_use]
    pub fn get(&self, id: i32) -> Option<&Installed> {
        self.installed.iter().find(|installed| installed.profile.id == id)
    }

    /// Profile that waits for a transaction on this connector.
    #[must_use]
    pub fn pending(&self, connector: u32) -> Option<&Profile> {
        self.pending.get(&connector)
    }

    /// The profiles of one purpose installed on exactly this connector, highest level first.
    pub fn stack(&self, purpose: Purpose, connector: u32) -> impl Iterator<Item = &Installed> {
        self.installed.iter().filter(move |installed| {
            installed.connector == connector && installed.profile.purpose == purpose
        })
    }

    /// What stands against a profile whatever runs and is installed.
    fn flaw(&self, connector: u32, profile: &Profile) -> Option<(SetOutcome, &'static str)> {
        let schedule = &profile.schedule;
        let out_of_range = connector > self.limits.connectors
            || profile.stack_level < 0
            || schedule.duration_s.is_some_and(|seconds| seconds < 0)
            || schedule.periods.iter().any(|period| {
                period.limit.0 < 0 || period.phases.is_some_and(|phases| !(1..=3).contains(&phases))
            });
        if out_of_range {
            let answer = SetOutcome::Error(Refusal::PropertyConstraintViolation);
            return Some((answer, "connector or value out of range"));
        }
        if schedule.periods.is_empty() {
            let answer = SetOutcome::Error(Refusal::OccurenceConstraintViolation);
            return Some((answer, "chargingSchedulePeriod"));
        }
        self.unfit(connector, profile).map(|why| (SetOutcome::Rejected, why))
    }

    /// Why a profile that is well formed does not fit this charge point or its purpose.
    fn unfit(&self, connector: u32, profile: &Profile) -> Option<&'static str> {
        let schedule = &profile.schedule;
        let right_unit = match schedule.unit {
            RateUnit::A => self.limits.allow_amps,
            RateUnit::W => self.limits.allow_watts,
        };
        // A recurring schedule is based on its startSchedule (§7.9) and needs its rhythm.
        let has_base = profile.kind != Kind::Recurring
            || (schedule.start.is_some() && profile.recurrency.is_some());
        let in_order = schedule.periods[0].start_s == 0
            && schedule.periods.windows(2).all(|pair| pair[0].start_s < pair[1].start_s);
        match profile.purpose {
            Purpose::ChargePointMaxProfile if connector != 0 => {
                Some("a ChargePointMaxProfile belongs on connector 0")
            }
            Purpose::TxProfile if connector == 0 => Some("a TxProfile belongs on a connector"),
            _ if !right_unit => Some("not a unit of ChargingScheduleAllowedChargingRateUnit"),
            _ if !has_base => Some("Recurring needs startSchedule and recurrencyKind"),
            _ if schedule.periods.len() > self.limits.max_periods => {
                Some("more than ChargingScheduleMaxPeriods")
            }
            _ if !in_order => Some("the periods do not start at 0 and ascend"),
            _ if profile.stack_level > self.limits.max_stack_level => {
                Some("above ChargeProfileMaxStackLevel")
            }
            _ => None,
        }
    }
}

fn order(installed: &Installed) -> (Purpose, u32, Reverse<i32>) {
    let profile = &installed.profile;
    (profile.purpose, installed.connector, Reverse(profile.stack_level))
}

fn replaces(connector: u32, new: &Profile, old: &Installed) -> bool {
    old.profile.id == new.id
        || (old.connector == connector
            && old.profile.purpose == new.purpose
            && old.profile.stack_level == new.stack_level)
}

/// Whether a TxProfile names the transaction that runs on its connector (§5.16.2).
fn belongs(connector: u32, profile: &Profile, transactions: &[Transaction]) -> bool {
    profile.transaction_id.is_some()
        && transactions
            .iter()
            .any(|tx| tx.connector == connector && tx.id == profile.transaction_id)
}
