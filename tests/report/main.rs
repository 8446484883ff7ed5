//! The report of a finished run: figures checked by hand, files as snapshots, charts and page as
//! well-formed documents.

mod charts;
mod comparison;
mod files;
mod fixture;
mod metrics;
mod synthetic;
mod xml;
