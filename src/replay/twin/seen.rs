//! What a trace shows of a site, before anything is made of it.

use super::limits::InForce;
use crate::csms::config::Hardware;
use crate::time::{Span, Time};
use crate::units::Watts;

/// Everything that a trace shows of a site.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Charge points, in the order in which they appear.
    pub points: Vec<SeenPoint>,
    /// Stays of cars, by arrival.
    pub visits: Vec<Visit>,
    /// Mean power of every minute, by the energy that the meters counted.
    pub site_power: Vec<(Time, Watts)>,
    /// The earliest and the latest record; `None` without records.
    pub span: Option<(Time, Time)>,
    /// What the limits in force at running transactions add up to, from an instant on; empty: none was accepted.
    pub limits: Vec<(Time, Watts)>,
    /// One way, and what is added at most.
    pub latency: (Span, Span),
    /// Lines that are no records.
    pub broken: u64,
}

/// A charge point.
#[derive(Clone, Debug)]
pub struct SeenPoint {
    /// Its identity; `charge_point` where records name none.
    pub id: String,
    /// Vendor and model, as BootNotification tells them; empty when it does not.
    pub model: String,
    /// Physical connectors.
    pub connectors: u32,
    /// Rating of each of them.
    pub hardware: Hardware,
    /// Where the rating comes from.
    pub rated_by: RatedBy,
    /// Interval of meter values in transactions.
    pub meter_interval: Option<Span>,
    /// Interval of heartbeats.
    pub heartbeat: Option<Span>,
    /// What its clock is ahead; negative when it is behind.
    pub clock_ahead: Span,
    /// Whether it takes limits in amperes, and in watts.
    pub units: (bool, bool),
    /// Limits that it accepted.
    pub limits: u64,
}

/// Where a rating comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RatedBy {
    /// Nothing was measured: a charge point of 22 kW is assumed.
    Assumed,
    /// The name of the model says it, and nothing speaks against it.
    Model,
    /// The highest limit, offer or draw, up to the next usual size.
    Measured,
}

/// A car at a connector, from plug-in to unplug.
#[derive(Clone, Debug)]
pub struct Visit {
    /// Index into [`Seen::points`].
    pub point: usize,
    /// 1-based.
    pub connector: u32,
    /// When it came.
    pub arrival: Time,
    /// What tells the arrival.
    pub arrived: Arrived,
    /// When it left.
    pub departure: Time,
    /// What tells the departure.
    pub departed: Departed,
    /// The card.
    pub id_tag: Option<String>,
    /// Transactions in this stay.
    pub transactions: u32,
    /// When the last of them could begin: the answer to its StartTransaction.
    pub started: Option<Time>,
    /// Counted by the meter, mWh.
    pub delivered_mwh: i64,
    /// Since when the car itself takes nothing although it may.
    pub suspended_by_car: Option<Time>,
    /// How often it had suspended itself before.
    pub pauses: u32,
    /// What the meter showed, in order; where three in a row are alike, the middle one is left out.
    pub samples: Vec<Sample>,
}

/// What tells an arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Arrived {
    /// The status of the connector.
    Plug,
    /// An Authorize before its StartTransaction.
    Card,
    /// StartTransaction.
    Start,
    /// It was there when the trace began, or turned up without a word.
    Before,
}

/// What tells a departure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Departed {
    /// The status of the connector, or the reason EVDisconnected.
    Unplugged,
    /// The end of the transaction; nothing else tells.
    Stopped,
    /// The trace ends before.
    TraceEnds,
}

/// A reading of the meter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// When.
    pub at: Time,
    /// Counted since the arrival, mWh.
    pub energy_mwh: i64,
    /// Power, W.
    pub power_w: i64,
    /// Currents of L1 to L3, tenths of an ampere.
    pub current_da: [Option<i64>; 3],
    /// What the charge point says that it offers: tenths of an ampere.
    pub offered_da: Option<i64>,
    /// The same in watts.
    pub offered_w: Option<i64>,
    /// The limit that was in force.
    pub limit: InForce,
    /// Since when.
    pub limit_since: Time,
    /// State of charge, percent.
    pub soc_pct: Option<i64>,
}

impl Sample {
    /// Phases with a current of more than half an ampere; 0 when none is known.
    #[must_use]
    pub fn phases(&self) -> u8 {
        self.current_da.iter().filter(|it| it.is_some_and(|current| current > 5)).count() as u8
    }

    /// Whether two readings show the same but for the time and the energy.
    pub(super) fn is_like(&self, other: &Sample) -> bool {
        let near = (self.power_w - other.power_w).abs() * 200 <= self.power_w.max(other.power_w);
        near && self.limit == other.limit
            && self.limit_since == other.limit_since
            && self.phases() == other.phases()
            && (self.offered_da, self.offered_w) == (other.offered_da, other.offered_w)
            && self.soc_pct == other.soc_pct
    }
}
