//! Redaction: traces without what belongs to people and sites, of the same use to a program.
//!
//! | file | what it is |
//! |---|---|
//! | `kind` | what is kept from others |
//! | [`pseudonym`] | what stands there instead: keyed, the same for the same |
//! | `names` | what the name of a field says of its value |
//! | `shapes` | what a text is by its shape |
//! | `known` | secrets that a trace names somewhere, found wherever else they stand |
//! | `scrub` | secrets within texts and URLs |
//! | `tree`, `edit`, `walk` | a line as JSON, edited in its place |
//! | `instants` | times moved by a span, in the form they have |
//! | [`check`] | what remains: by names and shapes, and by a list of canaries |
//!
//! # Invariants
//!
//! - What is no secret keeps its bytes: lines are edited, not written anew. The raw frame says what the fields
//!   say; one that cannot be read is left out, and counted, as is a line that is no record.
//! - The same secret has the same pseudonym in every place and every file under one key, and no two charge
//!   points, tags, serial numbers or transactions become one.
//!
//! Free text (`info`, `vendorErrorCode`, descriptions of errors, what DataTransfer carries and is no JSON) is
//! replaced as a whole unless the user wants it kept: then what is known or looks like a secret is replaced in
//! it. A trace is read twice for that: once for what is secret, once to write. [`Redactor::at_once`] reads it
//! once, for traffic that is written down as it comes.

mod canaries;
pub mod check;
mod edit;
mod instants;
mod kind;
mod known;
mod names;
pub mod pseudonym;
mod scrub;
mod shapes;
mod tree;
mod walk;

use std::collections::BTreeMap;
use std::ops::Range;

use super::record::{Fault, Record};
use crate::time::Span;

pub use kind::Kind;
pub use pseudonym::{Key, KeyTooShort};

use known::Known;
use walk::{Sink, Walk};

/// The longest message id that says nothing by being long: digits of a counter.
const COUNTER: usize = 10;

/// How a trace is redacted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Every instant is moved by this, whole seconds.
    pub shift: Span,
    /// Free text is kept but for the secrets in it.
    pub keep_text: bool,
}

/// What a trace has that is secret: the first reading.
#[derive(Debug)]
pub struct Secrets {
    known: Known,
    options: Options,
}

/// Redacts lines.
#[derive(Debug)]
pub struct Redactor {
    key: Key,
    options: Options,
    /// `None`: each line is all that is known.
    known: Option<Known>,
    tally: Tally,
}

/// What was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Records written.
    pub records: u64,
    /// Raw frames that were none, and are left out.
    pub raw_dropped: u64,
    /// Places where something else stands now, by kind.
    pub replaced: BTreeMap<Kind, u64>,
}

impl Secrets {
    /// None yet.
    #[must_use]
    pub fn new(options: Options) -> Secrets {
        Secrets { known: Known::default(), options }
    }

    /// Takes what a line names. A line that is no record names nothing.
    pub fn take(&mut self, line: &str) {
        if Record::parse(line).is_ok() {
            let _ = Walk::new(self).line(line);
        }
    }
}

impl Redactor {
    /// One that knows all secrets of the trace.
    ///
    /// # Errors
    /// When they are too many to be looked for.
    pub fn knowing(key: Key, mut secrets: Secrets) -> Result<Redactor, String> {
        secrets.known.seal()?;
        let Secrets { known, options } = secrets;
        Ok(Redactor { key, options, known: Some(known), tally: Tally::default() })
    }

    /// One that sees a line and writes it: free text is replaced as a whole, and message ids that are neither
    /// counters nor UUIDs.
    #[must_use]
    pub fn at_once(key: Key) -> Redactor {
        Redactor { key, options: Options::default(), known: None, tally: Tally::default() }
    }

    /// Appends the line without its secrets, and a line break.
    ///
    /// # Errors
    /// When it is no record; nothing is appended.
    pub fn line(&mut self, line: &str, out: &mut String) -> Result<(), Fault> {
        Record::parse(line)?;
        let mut walk = Walk::new(self);
        let edits = walk.line(line).ok_or(Fault::NoObject)?;
        let dropped = walk.dropped;
        edit::apply(line, &edits, out);
        out.push('\n');
        self.tally.records += 1;
        self.tally.raw_dropped += dropped;
        Ok(())
    }

    /// What was done so far.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// How many secrets of each kind the trace has; empty when it is read once.
    #[must_use]
    pub fn secrets(&self) -> BTreeMap<Kind, u64> {
        self.known.as_ref().map(Known::counts).unwrap_or_default()
    }

    /// Whether a message id may stay.
    fn keeps_message(&self, id: &str) -> bool {
        if let Some(known) = &self.known {
            let counter = |kind: &Kind| matches!(kind, Kind::Transaction | Kind::Reservation);
            return known.within(id).iter().all(|(_, kind)| counter(kind));
        }
        let digits = |text: &str| text.bytes().all(|it| it.is_ascii_digit());
        let hex = |text: &str| text.bytes().all(|it| it.is_ascii_hexdigit());
        let lengths = id.split('-').map(str::len);
        id.len() <= COUNTER && digits(id) || id.split('-').all(hex) && lengths.eq([8, 4, 4, 4, 12])
    }
}

impl Sink for Secrets {
    fn found(&mut self, kind: Kind, text: &str, _place: &str) -> Option<String> {
        self.known.put(kind, text);
        None
    }

    fn takes_texts_whole(&self) -> bool {
        !self.options.keep_text
    }

    fn known(&self, _text: &str) -> Option<Kind> {
        None
    }

    fn known_within(&self, _text: &str) -> Vec<(Range<usize>, Kind)> {
        Vec::new()
    }
}

impl Sink for Redactor {
    fn found(&mut self, kind: Kind, text: &str, _place: &str) -> Option<String> {
        if kind == Kind::Message && self.keeps_message(text) {
            return None;
        }
        let new = self.key.pseudonym(kind, text);
        if new == text {
            return None;
        }
        *self.tally.replaced.entry(kind).or_default() += 1;
        Some(new)
    }

    fn instant(&mut self, text: &str) -> Option<String> {
        instants::moved(text, self.options.shift)
    }

    fn micros(&mut self, at: i64) -> Option<i64> {
        (self.options.shift != Span::ZERO).then(|| at.saturating_add(self.options.shift.0))
    }

    fn takes_texts_whole(&self) -> bool {
        !self.options.keep_text
    }

    fn known(&self, text: &str) -> Option<Kind> {
        self.known.as_ref()?.whole(text)
    }

    fn known_within(&self, text: &str) -> Vec<(Range<usize>, Kind)> {
        self.known.as_ref().map(|it| it.within(text)).unwrap_or_default()
    }
}
