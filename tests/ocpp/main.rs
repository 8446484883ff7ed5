//! OCPP messages against the tables, the tables against the official schemas, and both against
//! what comes over the wire.

mod capture;
mod official;
mod payloads;
mod soup;
mod typed;
mod wire;
