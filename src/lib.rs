//! Ampacity: simulation and digital-twin testbed for EV smart charging.
#![doc = "Skeleton; the map follows."]

pub mod allocation;
pub mod charger;
pub mod ids;
pub mod ocpp;
pub mod report;
pub mod scenario;
pub mod sim;
pub mod time;
pub mod units;
pub mod vehicle;
