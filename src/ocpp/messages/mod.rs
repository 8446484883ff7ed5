//! The messages, strict and zero-copy: texts borrow from the frame, unknown fields and `null` are
//! refused, absent fields are not written.
//!
//! `XRequest` is `X.req`, `XResponse` is `X.conf`. A field is named as on the wire, in snake case;
//! `type` is `kind`.

pub mod charging_profile;
mod conform;
pub mod core;
pub mod firmware;
pub mod local_list;
pub mod remote_trigger;
pub mod reservation;
pub mod security;
pub mod smart_charging;

pub use self::charging_profile::{ChargingProfile, ChargingSchedule, ChargingSchedulePeriod};
pub use self::conform::Conform;
pub use self::core::*;
pub use self::firmware::*;
pub use self::local_list::*;
pub use self::remote_trigger::*;
pub use self::reservation::*;
pub use self::security::*;
pub use self::smart_charging::*;
