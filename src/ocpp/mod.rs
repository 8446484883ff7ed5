//! OCPP-J 1.6: frames, messages, error codes and charging profiles.
//!
//! A frame is read in two steps: [`frame::Frame::parse`] splits the envelope without looking at
//! the payload, then the payload is read as the type its action asks for. The types of
//! [`messages`] are strict: they write exactly what the official schemas allow and read nothing
//! else. Real stations deviate in known ways, so whoever receives reads through the lenient
//! [`read::Reader`], which repairs and records. [`schema`] holds what both sides are measured by.

pub mod action;
pub mod error;
pub mod frame;
pub mod messages;
pub mod meter;
pub mod profile;
pub mod read;
mod scan;
pub mod schema;
mod text;
pub mod timestamp;
pub mod types;

pub use action::{Action, Direction, FeatureProfile};
pub use error::ErrorCode;
pub use frame::{Call, CallError, CallResult, Frame, FrameFault};
pub use meter::MeterReading;
pub use read::{Deviation, DeviationKind, Read, Reader};
pub use schema::Fault;
pub use timestamp::Timestamp;
