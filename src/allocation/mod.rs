//! Strategies that divide a site's power among charging sessions: pure functions over one input.
//!
//! A [`Problem`] is everything a decision depends on; [`solve`] returns one rate per session and
//! the reason for each. No I/O, no clock, no floats in a decision, no dependence on the order in
//! which sessions are listed. Definitions: `allocation.md` §2 of the design notes.

use serde::{Deserialize, Serialize};

use crate::time::Time;
use crate::units::Watts;

/// How a site divides its power, by the names of the REST API.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Max-min fairness: everybody gets the same, nobody more than they can take.
    #[default]
    Equal,
    /// Earlier sessions get full power; what is left goes to later ones.
    FirstComeFirstServed,
    /// Weighted max-min fairness by per-charger weights.
    Priority,
    /// The largest total the site can deliver now.
    MaxThroughput,
}

/// One session that wants power. All rates are multiples of `step` (see [`Session::normalised`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Unique and stable; last tie-breaker of every order.
    pub id: u64,
    /// StartTransaction time.
    pub arrival: Time,
    /// 1..=1000.
    pub weight: u32,
    /// Smallest rate that charges at all: the larger of the site's minimum and the EVSE's.
    pub min: Watts,
    /// Largest rate worth offering now, acceptance included; below `min` means "tapering":
    /// the session is then treated as `cap == min` (see allocation.md §2.0).
    pub cap: Watts,
    /// Largest rate of the hardware, used when nobody contends. `hardware < min`: ineligible.
    pub hardware: Watts,
    /// Quantum of the session's rate: AC 1 A x phases x voltage, DC 100 W. Positive.
    pub step: Watts,
    /// Watt-hours received since plug-in or the last reset; smaller is served first on rotation.
    pub service: i64,
    /// Rate of the previous decision; positive means "running".
    pub previous: Watts,
    /// When the session last went from paused to running or back.
    pub last_switch: Time,
    /// False: connected, but asks for nothing (full, or suspended by the car for long).
    pub wants_power: bool,
}

/// What rotation may do at this instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The instant of the decision.
    pub now: Time,
    /// True when this decision is the first of a clock-aligned rotation epoch.
    pub epoch_starts: bool,
    /// Minimum on-time before a session may be rotated out (default 5 min).
    pub min_on: crate::time::Span,
    /// Minimum off-time before a paused session may resume (default 3 min).
    pub min_off: crate::time::Span,
    /// A session younger than this is welcomed with its minimum if at all possible (3.5 min).
    pub welcome: crate::time::Span,
}

/// Everything a decision depends on.
#[derive(Clone, Debug)]
pub struct Problem<'a> {
    /// The rule.
    pub strategy: Strategy,
    /// Power to divide: limit minus reserve minus what cannot be controlled. Negative: shed.
    pub capacity: Watts,
    /// The sessions, in any order.
    pub sessions: &'a [Session],
    /// Rotation state.
    pub rotation: Rotation,
}

/// Why a session got the rate it got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The hardware or the user's own limit binds.
    Cap,
    /// What the car accepts binds.
    Acceptance,
    /// The site's capacity binds: a fair share, or what earlier sessions left.
    Site,
    /// Paused: its minimum does not fit now and no rotation slot is free.
    Rotation,
    /// Paused less than the minimum off-time ago, or kept on by the minimum on-time.
    Hold,
    /// Below what the hardware can offer, or the session asks for nothing.
    Ineligible,
}

/// The rate of one session and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// 0, or `min + k * step` up to `cap`.
    pub rate: Watts,
    /// The binding constraint.
    pub reason: Reason,
}

/// Divides the capacity. The result lists one share per session of the problem, in its order.
#[must_use]
pub fn solve(problem: &Problem<'_>) -> Vec<Share> {
    let _ = problem;
    unimplemented!("skeleton: replaced by the allocation module")
}
