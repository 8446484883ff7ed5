//! Why a composite schedule says what it says: what became of every profile at an instant.

use super::composite::{Composite, Query, Top};
use super::evaluate::{Silence, silence_at};
use super::{Installed, Purpose};
use crate::time::Time;

/// What became of a profile, seen from one connector at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is the limit, or an addend of it on connector 0.
    Limits,
    /// It prevails within its purpose, and another purpose is stricter.
    Looser,
    /// A profile of a higher level gives a limit; its id.
    LowerLevel(i32),
    /// The connector has a TxDefaultProfile of its own that gives a limit; its id.
    Shadowed(i32),
    /// A TxProfile gives a limit; its id.
    Overruled(i32),
    /// The transaction of this TxProfile does not run on the connector.
    OtherTransaction,
    /// No transaction runs, and this reading does not count TxDefaultProfiles then.
    Idle,
    /// It gives no limit at this instant.
    Silent(Silence),
}

/// A profile and what became of it.
#[derive(Clone, Copy, Debug)]
pub struct Remark<'a> {
    /// The connector whose limit it is about; 0: the charge point as a whole.
    pub connector: u32,
    /// The profile.
    pub installed: &'a Installed,
    /// What became of it.
    pub fate: Fate,
}

impl<'a> Composite<'a> {
    /// What became of every profile that concerns the connector of `query` at `t`, as
    /// [`Composite::schedule`] combines them; for connector 0 those of every connector.
    #[must_use]
    pub fn account(&self, query: &Query, t: Time) -> Vec<Remark<'a>> {
        let (cap_limits, own_limits) = self.binding(query, t);
        let cap = self.station_top(t);
        let mut remarks = Vec::new();
        for installed in self.store.stack(Purpose::ChargePointMaxProfile, 0) {
            let fate = self.fate(installed, 0, query.from, cap_limits, &cap, t);
            remarks.push(Remark { connector: 0, installed, fate });
        }
        let connectors = match query.connector {
            0 => 1..=self.store.limits().connectors,
            connector => connector..=connector,
        };
        for connector in connectors {
            let top = self.transaction_top(connector, Some(query.from), t);
            let tx = self.store.stack(Purpose::TxProfile, connector);
            let own = self.store.stack(Purpose::TxDefaultProfile, connector);
            let shared = self.store.stack(Purpose::TxDefaultProfile, 0);
            for installed in tx.chain(own).chain(shared) {
                let fate = self.fate(installed, connector, query.from, own_limits, &top, t);
                remarks.push(Remark { connector, installed, fate });
            }
        }
        remarks
    }

    fn fate(
        &self,
        installed: &Installed,
        connector: u32,
        from: Time,
        limits: bool,
        top: &Top<'_>,
        t: Time,
    ) -> Fate {
        let running = self.running(connector);
        match installed.profile.purpose {
            Purpose::TxProfile if running.is_none_or(|tx| !tx.is_meant_by(installed)) => {
                return Fate::OtherTransaction;
            }
            Purpose::TxDefaultProfile
                if running.is_none() && !self.reading.default_without_transaction =>
            {
                return Fate::Idle;
            }
            _ => {}
        }
        let basis = self.basis(installed, (running.map(|tx| tx.start), Some(from)));
        if let Some(silence) = silence_at(&installed.profile, &basis, t) {
            return Fate::Silent(silence);
        }
        let winner = top.0.expect("where a profile gives a limit, one prevails");
        let (mine, other) = (&installed.profile, &winner.profile);
        let shadows = !self.reading.one_default_stack || other.stack_level == mine.stack_level;
        match other.id {
            id if id == mine.id && limits => Fate::Limits,
            id if id == mine.id => Fate::Looser,
            id if other.purpose != mine.purpose => Fate::Overruled(id),
            id if winner.connector != installed.connector && shadows => Fate::Shadowed(id),
            id => Fate::LowerLevel(id),
        }
    }
}
