//! What `inspect` tells of a trace: for people, and for programs.

pub mod json;
pub mod terminal;
