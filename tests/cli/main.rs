//! The command line as users and scripts meet it: what is printed where, which files appear, and
//! how a command ends.

mod compare;
mod explain;
mod files;
mod gates;
mod help;
mod import;
mod import_trace;
mod inspect;
mod new;
mod redact;
mod refusals;
mod replay;
mod run;
mod schedule;
mod second_reader;
mod streams;
mod support;
mod sweep;
mod sweep_parts;
mod trace;
