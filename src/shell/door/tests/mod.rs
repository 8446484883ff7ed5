//! The door in front of an engine that only keeps count.

mod authentication;
mod duplicates;
mod frames;
mod house;
mod limits;
mod tls;
