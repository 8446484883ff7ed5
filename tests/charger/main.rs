//! Stories of one charge point and a scripted central system, and properties over random inputs.

mod answers;
mod authorization;
mod bench;
mod clock;
mod commands;
mod firmware;
mod local_list;
mod metering;
mod offline;
mod profile_lives;
mod profiles;
mod properties;
mod reboot;
mod reservation;
mod security;
mod sessions;
#[path = "../frames/tape.rs"]
mod tape;
