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
//! | [`seen`] | the outcome: charge points, stays of cars |

mod bay;
mod clock;
mod hardware;
mod limits;
mod observer;
mod power;
mod scarcity;
pub mod seen;
mod station;

pub use limits::InForce;
pub use observer::Observer;
pub use seen::{Seen, SeenPoint, Visit};
