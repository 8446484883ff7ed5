//! Stories of one charge point and a scripted central system, and properties over random inputs.

mod bench;
mod clock;
mod commands;
mod metering;
mod offline;
mod profile_lives;
mod profiles;
mod properties;
mod sessions;
#[path = "../frames/tape.rs"]
mod tape;
