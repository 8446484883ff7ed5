//! The kernel: one heap of events in integer time, and what a run leaves behind.
//!
//! [`world::World`] is a central system, a fleet and the links between them. It owns time and
//! reads no clock: stepping it as fast as possible is a simulation, stepping it along a wall
//! clock is a rehearsal. Everything random comes from streams named by (seed, purpose, entity).

mod balance;
mod base_load;
mod bay;
mod central;
pub mod digest;
mod link;
pub mod live;
pub mod plant;
mod queue;
pub mod record;
mod recorder;
pub mod tap;
mod timeline;
mod wires;
mod wishes;
pub mod world;

use crate::allocation::Strategy;
use crate::csms::Csms;
use crate::scenario::model::Scenario;

/// The central system of a scenario, to which nothing has happened yet.
#[must_use]
pub fn central_of(scenario: &Scenario, strategy: Strategy) -> Csms {
    central::central(scenario, strategy).0
}
