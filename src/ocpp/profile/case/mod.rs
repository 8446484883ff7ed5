//! A question about charging profiles, asked in a file: a charge point, what was installed, what
//! runs, and which composite schedule is wanted.
//!
//! [`read_cases`] reads one case or a list of them (`composite_cases`), [`Situation::of`] installs
//! the profiles as a charge point would, [`Situation::periods`] answers.

mod judge;
mod model;

pub use judge::{Verdict, expected_text};
pub use model::{Case, Expectation, ExpectedPeriod, Placed, Problem, read_cases};

use super::{
    Composite, Maximum, Profile, ProfileStore, Purpose, Query, RateUnit, Reading, Remark,
    SchedulePeriod, SetOutcome, StationLimits, Supply, Tenths, Transaction,
};
use crate::ocpp::action::Action;
use crate::ocpp::messages::SetChargingProfileRequest;
use crate::ocpp::messages::charging_profile::tenths;
use crate::ocpp::read::{Deviation, Reader};
use crate::ocpp::schema::find_flaw;
use crate::time::{Span, Time};
use model::{MOST_CONNECTORS, MOST_DURATION_S};

/// What is worth knowing about a profile of a case before its schedule is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// Read although the wire form is not that of the specification.
    Deviates(Deviation),
    /// Not installed: what a charge point answers, and why.
    Refused(SetOutcome, &'static str),
    /// Sent with a RemoteStartTransaction (a TxProfile without transactionId) whose transaction
    /// does not run.
    Waits,
}

/// A case with its profiles installed.
#[derive(Clone, Debug)]
pub struct Situation {
    store: ProfileStore,
    transactions: Vec<Transaction>,
    supply: Supply,
    query: Query,
    /// Whether a charge point would answer the query Accepted: it knows the connector.
    pub accepted: bool,
    /// Id of a profile and what is to be said about it, in order of arrival.
    pub notes: Vec<(i32, Note)>,
}

impl Situation {
    /// Installs the profiles of a case one after the other, all at the instant of the query.
    ///
    /// # Errors
    /// The first place that cannot be read.
    pub fn of(case: &Case) -> Result<Situation, Problem> {
        let query = query(case)?;
        let connectors = case.station.connectors;
        let mut situation = Situation {
            store: ProfileStore::new(limits(case)),
            transactions: transactions(case)?,
            supply: Supply {
                default_phases: case.station.default_phases,
                ..Supply::stated(case.station.voltage)
            },
            query,
            accepted: query.connector <= connectors && query.duration_s >= 0,
            notes: Vec::new(),
        };
        for (index, placed) in case.profiles.iter().enumerate() {
            let (request, deviations) = wire(placed).map_err(|problem| {
                problem.within(&format!("profiles[{index}]")).within_case(case)
            })?;
            let profile = Profile::from(&request.cs_charging_profiles);
            let id = profile.id;
            situation.notes.extend(deviations.into_iter().map(|it| (id, Note::Deviates(it))));
            situation.install(request.connector_id, profile);
        }
        Ok(situation)
    }

    fn install(&mut self, connector: u32, profile: Profile) {
        let id = profile.id;
        let remote = profile.purpose == Purpose::TxProfile && profile.transaction_id.is_none();
        let objection = match remote {
            true => self.store.pending_objection(connector, &profile),
            false => self.store.objection(connector, &profile, &self.transactions),
        };
        if let Some((outcome, why)) = objection {
            self.notes.push((id, Note::Refused(outcome, why)));
            return;
        }
        if !remote {
            self.store.install(connector, profile, self.query.from);
            return;
        }
        self.store.set_pending(connector, profile);
        match self.transactions.iter().find(|tx| tx.connector == connector) {
            Some(tx) => {
                self.store.bind_pending(connector, tx.id, self.query.from);
            }
            None => self.notes.push((id, Note::Waits)),
        }
    }

    /// The request that is answered.
    #[must_use]
    pub const fn query(&self) -> &Query {
        &self.query
    }

    /// The answer's periods, in the given reading of the specification; none when the query is
    /// not accepted.
    #[must_use]
    pub fn periods(&self, reading: Reading) -> Vec<SchedulePeriod> {
        if !self.accepted {
            return Vec::new();
        }
        self.composite(reading).schedule(&self.query)
    }

    /// What became of every profile at the start of a period, in the default reading.
    #[must_use]
    pub fn account(&self, period: &SchedulePeriod) -> Vec<Remark<'_>> {
        let second = Time::from_unix_s(self.query.from.unix_s());
        let t = second + Span::from_s(period.start_s);
        self.composite(Reading::default()).account(&self.query, t)
    }

    fn composite(&self, reading: Reading) -> Composite<'_> {
        let Situation { store, transactions, supply, .. } = self;
        Composite { store, transactions, supply: *supply, reading }
    }
}

/// The profile as a charge point reads it off the wire.
fn wire(placed: &Placed) -> Result<(SetChargingProfileRequest, Vec<Deviation>), Problem> {
    let payload = serde_json::json!({
        "connectorId": placed.connector_id, "csChargingProfiles": placed.profile,
    });
    let mut reader = Reader::new();
    match reader.request(Action::SetChargingProfile, &payload.to_string()) {
        Ok(read) => Ok((read.value, read.deviations)),
        Err(fault) => {
            let flaw = payload
                .as_object()
                .and_then(|members| find_flaw(Action::SetChargingProfile, members));
            Err(match flaw {
                Some(flaw) => {
                    let place = flaw.pointer.replace("/csChargingProfiles", "profile");
                    Problem::new(place.replace('/', "."), flaw.problem)
                }
                None => Problem::new(String::new(), fault.to_string()),
            })
        }
    }
}

fn query(case: &Case) -> Result<Query, Problem> {
    let (station, asked) = (&case.station, &case.query);
    let demand = |condition: bool, place: &str, allowed: &str| {
        let problem = || Problem::new(place.to_owned(), format!("must be {allowed}"));
        condition.then_some(()).ok_or_else(|| problem().within_case(case))
    };
    demand(
        (1..=MOST_CONNECTORS).contains(&station.connectors),
        "station.connectors",
        &format!("1 to {MOST_CONNECTORS}"),
    )?;
    demand((1..=1500).contains(&station.voltage), "station.voltage", "1 to 1500")?;
    demand((1..=3).contains(&station.default_phases), "station.default_phases", "1 to 3")?;
    demand(asked.duration <= MOST_DURATION_S, "query.duration", "a year at most: 31622400")?;
    let volts = station.voltage as f64 * f64::from(station.default_phases);
    let (name, most) = match asked.unit {
        RateUnit::A => ("station.default_limit_A", station.default_limit_a),
        RateUnit::W => (
            "station.default_limit_W",
            station.default_limit_w.unwrap_or(station.default_limit_a * volts),
        ),
    };
    let maximum = Some(most).filter(|most| *most >= 0.0).and_then(tenths);
    demand(maximum.is_some(), name, "0 to 1000000000000")?;
    let maximum = maximum.unwrap_or(Tenths(0));
    Ok(Query {
        connector: asked.connector_id,
        from: asked.start.0,
        duration_s: asked.duration,
        unit: asked.unit,
        maximum: Maximum { connector: maximum, station: maximum },
    })
}

fn limits(case: &Case) -> StationLimits {
    let station = &case.station;
    let allows = |unit: &str| station.units.as_deref().is_none_or(|units| units.contains(unit));
    StationLimits {
        connectors: station.connectors,
        max_stack_level: station.max_stack_level.unwrap_or(i32::MAX),
        max_periods: station.max_periods.unwrap_or(usize::MAX),
        max_installed: station.max_installed.unwrap_or(usize::MAX),
        allow_amps: allows("Current"),
        allow_watts: allows("Power"),
        smart_charging: station.features.as_deref().is_none_or(|it| it.contains("SmartCharging")),
    }
}

fn transactions(case: &Case) -> Result<Vec<Transaction>, Problem> {
    let mut running: Vec<Transaction> = Vec::new();
    for (index, given) in case.transactions.iter().enumerate() {
        if running.iter().any(|tx| tx.connector == given.connector_id) {
            let place = format!("transactions[{index}].connectorId");
            let problem = "one transaction at a time runs on a connector".to_owned();
            return Err(Problem::new(place, problem).within_case(case));
        }
        running.push(Transaction {
            connector: given.connector_id,
            // Started, and StartTransaction is not answered yet.
            id: (given.transaction_id != -1).then_some(given.transaction_id),
            start: given.start.0,
        });
    }
    Ok(running)
}
