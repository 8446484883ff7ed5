//! The journal: every input with its instant, so that a live run repeats bit for bit.
//!
//! JSON lines: a header that names what was run, then one line an input,
//! `{"at":1777874400000000,"input":{..}}` with the instant in microseconds since 1970. A line is
//! written before its input is taken.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::allocation::Strategy;
use crate::csms::Input;
use crate::time::Time;

/// Version of the form.
const SCHEMA: &str = "ampacity.journal/1";

/// What a journal belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    schema: String,
    /// Program that wrote it.
    pub ampacity_version: String,
    /// Hash of the scenario and of every file it names.
    pub scenario_sha256: String,
    /// Strategy at the start.
    pub strategy: Strategy,
    /// Seed of the run.
    pub seed: u64,
}

impl Header {
    /// For a run of this program.
    #[must_use]
    pub fn new(scenario_sha256: &str, strategy: Strategy, seed: u64) -> Header {
        Header {
            schema: SCHEMA.to_owned(),
            ampacity_version: env!("CARGO_PKG_VERSION").to_owned(),
            scenario_sha256: scenario_sha256.to_owned(),
            strategy,
            seed,
        }
    }
}

/// An input at its instant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub at: Time,
    /// What.
    pub input: Input,
}

/// Why a journal cannot be read.
#[derive(Debug, Error)]
pub enum JournalError {
    /// The file cannot be read.
    #[error("cannot read {path}: {problem}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        problem: io::Error,
    },
    /// A line is no entry of a journal.
    #[error("{path}:{line}: {problem}")]
    Line {
        /// The file.
        path: PathBuf,
        /// 1-based.
        line: usize,
        /// What is wrong.
        problem: String,
    },
}

/// Writes a journal.
#[derive(Debug)]
pub struct Journal {
    sink: BufWriter<File>,
}

impl Journal {
    /// Begins a new journal; a file of that name is replaced.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn create(path: &Path, header: &Header) -> io::Result<Journal> {
        let mut journal = Journal { sink: BufWriter::new(File::create(path)?) };
        journal.line(header)?;
        Ok(journal)
    }

    /// Writes an input down.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn input(&mut self, at: Time, input: &Input) -> io::Result<()> {
        #[derive(Serialize)]
        struct Line<'a> {
            at: Time,
            input: &'a Input,
        }
        self.line(&Line { at, input })
    }

    fn line(&mut self, line: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.sink, line)?;
        self.sink.write_all(b"\n")?;
        self.sink.flush()
    }
}

/// Reads a journal. A last line that a crash has cut short is left out.
///
/// # Errors
/// When the file cannot be read or a line is no entry.
pub fn read(path: &Path) -> Result<(Header, Vec<Entry>), JournalError> {
    let file = |problem| JournalError::File { path: path.to_owned(), problem };
    let bad = |line, problem: String| JournalError::Line { path: path.to_owned(), line, problem };
    let lines = BufReader::new(File::open(path).map_err(file)?).lines();
    let lines: Vec<String> = lines.collect::<Result<_, _>>().map_err(file)?;
    let first = lines.first().ok_or_else(|| bad(1, "the journal is empty".to_owned()))?;
    let header: Header = serde_json::from_str(first)
        .map_err(|error| bad(1, format!("no header of a journal: {error}")))?;
    if header.schema != SCHEMA {
        return Err(bad(1, format!("schema {:?}; this version reads {SCHEMA:?}", header.schema)));
    }
    let mut entries: Vec<Entry> = Vec::with_capacity(lines.len());
    for (index, text) in lines.iter().enumerate().skip(1) {
        match serde_json::from_str::<Entry>(text) {
            Ok(entry) if entries.last().is_some_and(|last| last.at >= entry.at) => {
                return Err(bad(index + 1, "instants must ascend".to_owned()));
            }
            Ok(entry) => entries.push(entry),
            Err(error) if error.is_eof() && index + 1 == lines.len() => break,
            Err(error) => return Err(bad(index + 1, error.to_string())),
        }
    }
    Ok((header, entries))
}
