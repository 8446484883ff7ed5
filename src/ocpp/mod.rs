//! OCPP-J 1.6.
pub mod profile;
