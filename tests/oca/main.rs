//! What the OCPP 1.6 compliance tool asks of a central system, case by case, over real WebSockets
//! against engine, door and API as `serve` puts them together.
//!
//! A case is a function named by its number and by what it asserts; `README.md` lists them all
//! and is kept true by [`table`]. The other side is a script ([`station`]), not the simulated
//! charge point of this crate: nothing here is tested against itself.

mod authorization;
mod central;
mod configuration;
mod connection;
mod control;
mod firmware;
mod local_list;
mod offline;
mod remote;
mod reservation;
#[path = "../process/rest.rs"]
mod rest;
mod security;
mod sessions;
mod smart_charging;
#[path = "../process/socket.rs"]
mod socket;
mod station;
mod table;
#[path = "../frames/tape.rs"]
mod tape;
mod tls;
mod trigger;
