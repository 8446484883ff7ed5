//! The push protocol under stress: the scenario `stress`, and the same plant under other protocols.

mod comparison;
mod plant;
mod protocols;
#[path = "../scenarios/read.rs"]
mod read;
mod scenario;
