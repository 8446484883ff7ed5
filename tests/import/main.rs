//! Lists of sessions become scenarios: stories over one export, refusals with their remedies, and
//! the lists of two real sites.

mod given;
mod properties;
mod real;
mod refusals;
mod stories;
