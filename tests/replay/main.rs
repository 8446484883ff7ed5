//! Recorded traffic, heard again: what has not changed shows no difference, and what has is found.

mod fixture;
mod regressions;
mod rules;
mod same;
mod twin;
