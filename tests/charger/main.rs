//! Stories of one charge point and a scripted central system, and properties over random inputs.

mod bench;
mod clock;
mod commands;
mod metering;
mod offline;
mod profiles;
mod properties;
mod sessions;
