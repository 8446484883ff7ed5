//! The digital twin: demand inferred from a trace alone.
//!
//! Recorded meter values answer the limits of their day: a car that was throttled drew what it was given. To ask
//! what another strategy would have done, what the cars wanted must be inferred: when they came and left, what they
//! took or would have taken, how fast.
//!
//! | file | what it is |
//! |---|---|
//! | `observer` | takes a trace record by record |
//! | `station`, `bay` | one charge point, one connector: what its messages tell |
//! | `clock` | what the clock of a charge point is wrong by |
//! | `limits` | the charging profiles that were accepted, and what they permit |
//! | `hardware` | the rating of a charge point by what it was seen to do |
//! | `power`, `scarcity` | what the site drew; where its limit moved |
//! | [`seen`] | what that shows: charge points, stays of cars |
//! | `acceptance` | what a car accepts, by the readings of its stay |
//! | `demand` | what cars would have taken that left hungry |
//! | `infer` | from stays to sessions with a car and a wish each |
//! | `write` | sessions and charge points -> a scenario |

mod acceptance;
mod bay;
mod clock;
mod demand;
mod facts;
mod hardware;
mod infer;
mod limits;
mod observer;
mod power;
mod scarcity;
pub mod seen;
mod station;
mod write;

use std::io::{self, BufRead};

use jiff::tz::TimeZone;

use crate::allocation::Strategy;
use crate::import::Names;
use crate::trace::Reader;

pub use infer::{Car, Rated, Session, Wished};
pub use limits::InForce;
pub use observer::Observer;
pub use seen::{Seen, SeenPoint, Visit};

/// What the user says about a site beyond its trace.
#[derive(Clone, Debug)]
pub struct Options {
    /// Zone of its clocks, and its IANA name.
    pub zone: (String, TimeZone),
    /// Grid connection, kW; by the highest sum of limits unless given.
    pub max_power_kw: Option<f64>,
    /// Strategy; nothing on the wire tells it.
    pub strategy: Strategy,
}

impl Default for Options {
    fn default() -> Options {
        let zone = ("UTC".to_owned(), TimeZone::UTC);
        Options { zone, max_power_kw: None, strategy: Strategy::Equal }
    }
}

/// A site that was inferred from its traffic.
#[derive(Clone, Debug)]
pub struct Twin {
    /// The scenario, TOML.
    pub scenario: String,
    /// The sessions that it names, CSV.
    pub sessions_csv: String,
    /// What was inferred and how, for people.
    pub summary: String,
    /// The sessions, one for each row.
    pub sessions: Vec<Session>,
}

/// Why no twin can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Poverty {
    /// No record.
    #[error("there is no record of the Open OCPP Trace format in it")]
    NoRecord,
    /// Nobody charged.
    #[error(
        "no car charges in it: {0} stays without energy; a twin needs transactions with a meter value, or MeterValues \
         with a power or a register that rises"
    )]
    NoSession(usize),
}

/// Reads a trace to its end.
///
/// # Errors
/// When the source cannot be read.
pub fn observe<R: BufRead>(reader: &mut Reader<R>) -> io::Result<Seen> {
    let mut observer = Observer::default();
    while let Some(line) = reader.next_line()? {
        observer.take(&line);
    }
    Ok(observer.finish())
}

/// Infers the demand behind what was seen, and writes it as a scenario.
///
/// # Errors
/// [`Poverty`], when there is nothing to run.
pub fn twin(seen: &Seen, names: Names<'_>, options: &Options) -> Result<Twin, Poverty> {
    if seen.span.is_none() {
        return Err(Poverty::NoRecord);
    }
    let demand = infer::infer(seen);
    if demand.sessions.is_empty() {
        return Err(Poverty::NoSession(demand.idle));
    }
    let site = write::Site::new(seen, &demand, options);
    Ok(Twin {
        scenario: site.scenario(names),
        sessions_csv: site.sessions(),
        summary: site.summary(names),
        sessions: demand.sessions.clone(),
    })
}
