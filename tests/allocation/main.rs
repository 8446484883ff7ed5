//! The allocation strategies against their definitions: worked examples, exhaustive search, linear and
//! mixed-integer programs, invariants as properties, stories of rotation, published results on real
//! data; on a single limit, and on networks of feeders and phases.
//!
//! `AMPACITY_CASES=N` goes through N random cases of each invariant instead of those of the default.

mod acn;
#[path = "../properties/cases.rs"]
mod cases;
mod feeders;
mod garage;
mod golden;
mod invariants;
mod leximin;
mod milp;
mod network_invariants;
mod network_milp;
mod optimality;
mod random_network;
mod rotation;
mod support;
