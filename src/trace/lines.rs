//! Bytes -> lines, one after the other, none longer than can be held.

use std::io::{self, BufRead, Read};

use super::packed::Cut;
use super::record::Fault;

/// A line beyond this is passed over without being held, bytes. A frame of 64 KiB, escaped once more and told
/// twice, is far from it.
pub const LONGEST_LINE: usize = 4 << 20;

/// Reads line by line; holds one line.
#[derive(Debug)]
pub(super) struct Lines<R> {
    source: R,
    number: u64,
    line: Vec<u8>,
    ended: bool,
}

impl<R: BufRead> Lines<R> {
    /// Stands before the first line.
    pub(super) fn new(source: R) -> Lines<R> {
        Lines { source, number: 0, line: Vec::new(), ended: false }
    }

    /// Takes the next line; `None` at the end. A line that cannot be held, and a packed file that breaks off, are
    /// faults of that line.
    ///
    /// # Errors
    /// When the source cannot be read.
    pub(super) fn next(&mut self) -> io::Result<Option<Result<(), Fault>>> {
        self.line.clear();
        if self.ended {
            return Ok(None);
        }
        let limit = LONGEST_LINE as u64 + 1;
        match (&mut self.source).take(limit).read_until(b'\n', &mut self.line) {
            Ok(0) => return Ok(None),
            Ok(_) => self.number += 1,
            Err(error) => return self.cut(error),
        }
        if self.line.last() == Some(&b'\n') || self.line.len() <= LONGEST_LINE {
            return Ok(Some(Ok(())));
        }
        self.line.clear();
        match self.pass_over() {
            Ok(()) => Ok(Some(Err(Fault::TooLong))),
            // It was counted already.
            Err(error) => {
                self.number -= 1;
                self.cut(error)
            }
        }
    }

    /// Number of the line that was taken, from 1 on.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// The line that was taken, as it stands.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.line
    }

    /// The line that was taken, without its end and the mark of the byte order with which editors begin a file.
    ///
    /// # Errors
    /// When it is no text.
    pub(super) fn text(&self) -> Result<&str, Fault> {
        match std::str::from_utf8(&self.line) {
            Err(error) => Err(Fault::NotText(error.valid_up_to() + 1)),
            Ok(text) => Ok(text.trim_start_matches('\u{feff}').trim_end()),
        }
    }

    /// A packed file that breaks off ends with a line that says so.
    fn cut(&mut self, error: io::Error) -> io::Result<Option<Result<(), Fault>>> {
        let Some(cut) = error.get_ref().and_then(|it| it.downcast_ref::<Cut>()) else {
            return Err(error);
        };
        self.line.clear();
        self.ended = true;
        self.number += 1;
        Ok(Some(Err(Fault::CutOff(cut.0.clone()))))
    }

    /// Reads on to the end of the line, or of everything.
    fn pass_over(&mut self) -> io::Result<()> {
        loop {
            let some = self.source.fill_buf()?;
            let (used, ended) = match some.iter().position(|byte| *byte == b'\n') {
                Some(at) => (at + 1, true),
                None => (some.len(), some.is_empty()),
            };
            self.source.consume(used);
            if ended {
                return Ok(());
            }
        }
    }
}
