//! OCPP traffic in the Open OCPP Trace format, version 1.1: one JSON object a line; and in other forms, read as if it
//! were in that one.
//!
//! | file | what it is |
//! |---|---|
//! | [`record`] | a message as the format records it: one type for writing and reading |
//! | [`write`](mod@write) | a frame -> a line |
//! | [`mod@open`] | a file, packed or not, in any form -> records |
//! | [`forms`] | logs of programs, plain frames, HAR documents -> records |
//! | [`mod@merge`] | several traces -> one, in the order of time |
//! | `packed` | gzip and Zstandard |
//! | `lines` | bytes -> lines |
//! | [`meta`] | what traces of ours say beyond the frames, for replays |
//! | [`read`] | lines -> records, one after the other; broken lines are told, and passed over |
//! | [`correlate`] | which answer belongs to which call |
//! | [`samples`] | what a MeterValues says, read once |
//! | [`findings`] | what is wrong in a trace: small state machines for each charge point |
//! | [`inspection`] | everything a trace tells when it is read once |
//! | [`redact`] | a trace without what belongs to people and sites |
//!
//! # Invariants
//!
//! - What is written reads back the same, and writes the same bytes again: texts, payloads and raw frames are
//!   kept as they stand. Fields that the format does not know are passed over, as it asks of readers.
//! - Whatever stands in a file is a record, a broken line with its number, or other output that is counted.
//! - A trace of any length needs the memory of its charge points, open calls and open transactions.
//!
//! Source: Open OCPP Trace, schema 1.1 and the rules of its conformance corpus.

pub mod correlate;
pub mod findings;
pub mod forms;
pub mod inspection;
mod lines;
pub mod merge;
pub mod meta;
pub mod open;
mod packed;
pub(crate) mod payload;
pub mod read;
pub mod record;
pub mod redact;
pub mod samples;
pub mod write;

pub use forms::{Form, Options};
pub use inspection::Inspection;
pub use meta::Meta;
pub use open::{Opened, Told};
pub use read::Reader;
pub use record::Record;
pub use write::{Scribe, write_line};
