//! Names of things: charge points, sites, sessions.
//!
//! Identities come from outside and are kept as they are (`[A-Za-z0-9_-]{1,64}` in the REST API;
//! OCPP identities may hold other characters). Ids we make look like `ses_01H..`: 26 characters
//! of Crockford base 32, time first, so that they sort by creation, with the rest drawn from a
//! counter instead of chance, so that the same run makes the same ids.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::time::Time;

macro_rules! identity {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes the text as it is.
            #[must_use]
            pub fn new(text: &str) -> $name {
                $name(Arc::from(text))
            }

            /// The identity as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> $name {
                $name::new(text)
            }
        }
    };
}

identity!(
    /// The identity of a charge point: the last part of its OCPP-J URL.
    ChargePointId
);
identity!(
    /// A site: the place whose grid connection is protected.
    SiteId
);
identity!(
    /// A charging session as the REST API names it, one per OCPP transaction.
    SessionId
);

const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Makes an id `prefix_` + 26 characters: 48 bits of milliseconds, then 80 bits that spread
/// `counter` so that neighbours do not look alike.
#[must_use]
pub fn make(prefix: &str, at: Time, counter: u64) -> String {
    let millis = u128::from((at.0.max(0) / 1000) as u64) & ((1 << 48) - 1);
    let spread = u128::from(counter.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let bits = (millis << 80) | (u128::from(counter & 0xFFFF) << 64) | spread;
    let mut text = String::with_capacity(prefix.len() + 27);
    text.push_str(prefix);
    text.push('_');
    for place in (0..26).rev() {
        text.push(char::from(CROCKFORD[((bits >> (place * 5)) & 31) as usize]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time_and_never_repeat() {
        let early = make("ses", Time::from_unix_s(1_777_000_000), 7);
        let late = make("ses", Time::from_unix_s(1_777_000_001), 3);
        assert!(early < late);
        assert_eq!(early.len(), 30);
        let same_instant: std::collections::BTreeSet<String> =
            (0..10_000).map(|n| make("ses", Time::from_unix_s(1), n)).collect();
        assert_eq!(same_instant.len(), 10_000);
    }
}
