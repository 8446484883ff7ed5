//! Recorded OCPP traffic, heard again: by the central system, or by simulated charge points; and what is
//! different then.
//!
//! | file | what it is |
//! |---|---|
//! | [`recording`] | a simulation -> a trace that can be replayed |
//! | [`script`] | a trace -> what happened, step by step, and what answers what |
//! | [`central`] | the recorded charge points against our central system |
//! | [`stations`] | the recorded central system against simulated charge points |
//! | `stand_in` | answers in the place of a charge point that was never asked |
//! | `text` | single values within the text of a frame |
//! | [`limits`] | which limit was in force when |
//! | [`metered`] | which power was drawn when |
//! | [`difference`] | two stories on three levels: protocol, decisions, outcomes |
//! | [`story`] | a trace -> exchanges, sessions, limits: what two traces are compared by |
//! | [`twin`] | the demand behind a trace, as a scenario: the digital twin of the site |
//!
//! # Invariants
//!
//! - A replay is a function of its script and its set-up: virtual time, no chance.
//! - What a replay gives is itself a trace, with everything that a replay of it needs. So a recording, a golden file
//!   and what is heard now are compared by one and the same function.
//! - Nothing is paired by message id, and a transaction id means the transaction, whatever number it has.

pub mod central;
pub mod difference;
pub mod limits;
pub mod metered;
pub mod recording;
pub mod script;
mod slot;
mod stand_in;
pub mod stations;
pub mod story;
mod text;
pub mod twin;
