//! The shell: threads, sockets and the wall clock around a sans-IO core.
//!
//! One thread owns the [`Plant`](crate::sim::plant::Plant) and its time; everybody else holds a
//! [`Handle`]. What the plant says goes through one writer thread that keeps the facts first and
//! lets frames and answers out afterwards: nothing leaves that a crash could make untrue.

mod chronicle;
pub mod clock;
pub mod door;
pub mod engine;
pub mod fleet;
pub mod handle;
pub mod journal;
pub mod proxy;
pub mod recorder;
mod rekeying;
pub mod secret;
mod writer;

pub use engine::{Engine, EngineEnd, EngineError, EngineOptions};
pub use handle::{
    Attached, Closing, Gone, Handle, InputError, LiveEvent, Pace, PaceChange, Receipt, View,
};
