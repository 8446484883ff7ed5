//! What a trace of ours says in `meta` beyond the frames, so that a replay hears everything that its central
//! system heard, in its order.
//!
//! | field | what it is |
//! |---|---|
//! | `central` | of the first record: what the central system was set up with |
//! | `before` | what entered since the record before, besides frames: connections, readings, configuration |
//! | `beforeTimers` | true: timers that were due at this very instant came after this frame |
//!
//! A recording proxy knows the connections alone. Instants are microseconds since 1970; an input is as in a
//! journal ([`Input`]).

use serde::{Deserialize, Serialize};

use crate::csms::{Input, Setup};
use crate::time::Time;

/// The object in a record's `meta`. Other fields are not looked at.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Meta {
    /// What the central system was set up with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub central: Option<Box<Setup>>,
    /// What entered since the record before, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<Entered>,
    /// Timers that were due at the instant of this frame came after it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub before_timers: bool,
}

/// An input at its instant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entered {
    /// When.
    pub at: Time,
    /// What.
    pub input: Input,
    /// Timers that were due at this instant came after it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub before_timers: bool,
}

impl Meta {
    /// Of a record's `meta`; what is none of ours says nothing.
    #[must_use]
    pub fn of(json: Option<&str>) -> Meta {
        json.and_then(|it| serde_json::from_str(it).ok()).unwrap_or_default()
    }

    /// Whether there is nothing to say.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Meta::default()
    }
}
