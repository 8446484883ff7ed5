//! The Core profile: 16 actions (OCPP 1.6 §4, §5).

mod command;
mod station;
mod transaction;

pub use command::*;
pub use station::*;
pub use transaction::*;
