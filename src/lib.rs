//! Ampacity: a simulation and digital-twin testbed for EV smart charging.
//!
//! A full OCPP 1.6J central system with a site power allocator runs against a fleet of simulated
//! charge points and vehicles, in virtual time, driven by scenario files. What was allocated,
//! drawn and said is recorded, judged and drawn.
//!
//! # The house
//!
//! A room imports only rooms below it. Rooms marked * do no I/O, read no clock and draw no
//! unseeded randomness: `now` is an argument, texts come in and go out.
//!
//! | room | what it is |
//! |---|---|
//! | [`cli`] | one file a command; exit codes; nothing decided here |
//! | [`sweep`] | grids of runs: planned, kept, divided, put together, searched |
//! | [`report`] | a finished run -> metrics, tables, charts, HTML, JUnit |
//! | [`api`] | the REST API: routes, problems, OpenAPI, live events |
//! | [`shell`] | threads, sockets, the wall clock around the core |
//! | [`store`] | facts that survive, history: in memory, SQLite |
//! | [`replay`] | recorded traffic again: against our sides of the wire, and as a digital twin |
//! | [`trace`] | OCPP traffic in the Open OCPP Trace format |
//! | [`sim`] | the kernel: one heap of events in integer time, links, the world, the record |
//! | [`import`] * | lists of sessions -> scenarios |
//! | [`scenario`] * | scenario files: format, checks, and the fleet that a seed draws from them |
//! | [`csms`] * | the central system: transactions, site control loop, reservation ledger, push |
//! | [`charger`] * | the simulated charge point: connectors, profile store, meter, keys |
//! | [`vehicle`] * | the simulated car: battery, acceptance, ramp |
//! | [`allocation`] * | one file a strategy; pure functions over one input |
//! | [`ocpp`] * | frames, messages, error codes, charging profile -> composite schedule |
//! | [`units`] * [`time`] * [`ids`] * | integers with a meaning |
//! | `few` * | one thing or a few, the first in place |
//!
//! # Invariants
//!
//! - The sum of everything that could be in force at the chargers of a site is known at any time,
//!   and a limit is raised only if it keeps that sum within the site's limit ([`csms`]).
//! - Control quantities are integers: sums are exact, and "within the limit" needs no tolerance.
//! - Same scenario, same seed: the same digest over all events, on every machine.
//! - Arrivals and vehicles are drawn before a run: every strategy meets the same cars.
//! - Links carry real OCPP-J text, also in memory: what is simulated is what is sent.
//!
//! `tests/house.rs` walks the tree and keeps the rules of the rooms.

pub mod allocation;
pub mod api;
pub mod charger;
pub mod cli;
pub mod csms;
mod few;
pub mod ids;
pub mod import;
pub mod ocpp;
pub mod replay;
pub mod report;
pub mod scenario;
pub mod shell;
pub mod sim;
pub mod store;
pub mod sweep;
pub mod time;
pub mod trace;
pub mod units;
pub mod vehicle;
