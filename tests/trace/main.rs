//! Traces: the corpus of the format, all forms of logs, what is found in stories told frame by frame, and that what is
//! written reads back the same.

mod clocks;
mod corpus;
mod forms;
mod limits;
mod links;
mod properties;
mod redaction;
mod scenarios;
mod stories;
mod tape;
mod units;
