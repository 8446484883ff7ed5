//! OCPP traffic in the Open OCPP Trace format, version 1.1: one JSON object a line.
//!
//! | file | what it is |
//! |---|---|
//! | [`record`] | a message as the format records it: one type for writing and reading |
//! | [`write`](mod@write) | a frame -> a line |
//! | [`meta`] | what traces of ours say beyond the frames, for replays |
//! | [`read`] | lines -> records, one after the other; broken lines are told, and passed over |
//! | [`correlate`] | which answer belongs to which call |
//! | [`findings`] | what is wrong in a trace: small state machines for each charge point |
//! | [`inspection`] | everything a trace tells when it is read once |
//!
//! # Invariants
//!
//! - What is written reads back the same, and writes the same bytes again: texts, payloads and raw frames are
//!   kept as they stand. Fields that the format does not know are passed over, as it asks of readers.
//! - A trace of any length needs the memory of its charge points, open calls and open transactions.
//!
//! Source: Open OCPP Trace, schema 1.1 and the rules of its conformance corpus.

pub mod correlate;
pub mod findings;
pub mod inspection;
pub mod meta;
pub(crate) mod payload;
pub mod read;
pub mod record;
pub mod write;

pub use inspection::Inspection;
pub use meta::Meta;
pub use read::Reader;
pub use record::Record;
pub use write::{Scribe, write_line};
