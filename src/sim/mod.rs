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
