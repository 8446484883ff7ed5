//! Traces: the corpus of the format, what is found in stories told frame by frame, and that what is written reads
//! back the same.

mod clocks;
mod corpus;
mod limits;
mod links;
mod properties;
mod scenarios;
mod stories;
mod tape;
mod units;
