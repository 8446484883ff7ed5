//! Grids over a scenario x strategies x seeds: planned, kept, divided and put together again.
//!
//! | file | what it is |
//! |---|---|
//! | [`grid`] | `--grid path=values`: the values of one path, exact |
//! | [`plan`] | what is to be run: a row for each point of the grid, strategy and seed |
//! | [`shard`] | which rows are this machine's, said by hand, by Slurm or by Kubernetes |
//! | [`row`] | what a run leaves, and `sweep.csv` |
//! | [`store`] | `sweep.sqlite`: rows as they come, in which a crash loses nothing |
//! | [`merge`] | the stores of all shards -> one that equals that of a single machine |
//! | [`search`] | the smallest value that meets conditions, by bisection |
//! | [`results`] | means by point and strategy, and the answers of a search |
//! | [`terminal`], [`json`] | what is printed |
//!
//! # Invariants
//!
//! - A row is known by its place in the plan; the plan, the row and the program's version decide every
//!   byte of it. How many worked on it, on which machines and how often they were killed does not.
//! - A row is in the store whole or not at all, and at most once.

pub mod grid;
pub mod json;
pub mod merge;
pub mod plan;
pub mod results;
pub mod row;
pub mod search;
pub mod shard;
pub mod store;
pub mod terminal;
