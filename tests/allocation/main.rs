//! The allocation strategies against their definitions: worked examples, exhaustive search, a
//! MILP, invariants as properties, stories of rotation, and published results on real data.

mod acn;
mod golden;
mod invariants;
mod milp;
mod optimality;
mod rotation;
mod support;
