//! Kernel, world, links, random streams; what a run leaves behind.
pub mod record;
