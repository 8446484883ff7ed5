//! Scenario files: the format, its checks, and the fleet that a seed draws from them.
//!
//! No file is opened here: texts come in, typed values and diagnostics go out.

pub mod model;
