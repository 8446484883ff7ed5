//! What remains in a trace that should not be handed out: what stands where a secret stands, or looks like one,
//! and is no pseudonym; and canaries in whatever bytes.
//!
//! Numbers are beyond it: a transactionId looks like its pseudonym. A list of canaries finds those.

use std::ops::Range;

use super::kind::Kind;
use super::shapes;
use super::walk::{Sink, Walk};
use crate::trace::record::{Fault, Record};

pub use super::canaries::{Canaries, Sighting};

/// Something that remains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remaining {
    /// What it looks like.
    pub kind: Kind,
    /// Where it stands in its record (JSON pointer; within a raw frame, that of the frame goes on).
    pub place: String,
    /// How it begins.
    pub text: String,
}

/// Checks lines.
#[derive(Debug, Default)]
pub struct Checker {
    keep_text: bool,
    found: Vec<Remaining>,
}

impl Checker {
    /// One that takes free text for a secret, or, where it was kept, only what looks like one in it.
    #[must_use]
    pub fn new(keep_text: bool) -> Checker {
        Checker { keep_text, found: Vec::new() }
    }

    /// What remains in a line.
    ///
    /// # Errors
    /// When it is no record, so that nobody knows what it holds.
    pub fn line(&mut self, line: &str) -> Result<Vec<Remaining>, Fault> {
        Record::parse(line)?;
        let mut walk = Walk::new(self);
        walk.line(line).ok_or(Fault::NoObject)?;
        if walk.dropped > 0 {
            let text = "a raw frame that cannot be read".to_owned();
            self.found.push(Remaining { kind: Kind::Text, place: "/raw".to_owned(), text });
        }
        Ok(std::mem::take(&mut self.found))
    }
}

/// The beginning of a text: enough to find it, too little to use it.
#[must_use]
pub fn abbreviated(text: &str) -> String {
    let kept = (text.chars().count() / 2).min(4);
    text.chars().take(kept).chain(['…']).collect()
}

impl Sink for Checker {
    fn found(&mut self, kind: Kind, text: &str, place: &str) -> Option<String> {
        if !shapes::is_pseudonym(kind, text) {
            self.found.push(Remaining { kind, place: place.to_owned(), text: abbreviated(text) });
        }
        None
    }

    fn takes_texts_whole(&self) -> bool {
        !self.keep_text
    }

    fn known(&self, _text: &str) -> Option<Kind> {
        None
    }

    fn known_within(&self, _text: &str) -> Vec<(Range<usize>, Kind)> {
        Vec::new()
    }
}
