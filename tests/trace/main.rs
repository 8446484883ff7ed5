//! Traces: the corpus of the format, all forms of logs, what is found in stories told frame by frame, and that what is
//! written reads back the same.

mod corpus;
mod forms;
mod properties;
mod stories;
mod tape;
