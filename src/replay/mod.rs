//! Recorded traffic once more.
//!
//! | folder | what it is |
//! |---|---|
//! | [`twin`] | the demand behind a trace, as a scenario: the digital twin of the site |

pub mod twin;
