//! A file, or standard input -> records, whatever its form is. Only here a trace's file is opened.
//!
//! The contents tell how it is packed and which form it has, never the name.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;

use super::forms::{self, Form, Har, Log, Options, Votes};
use super::packed;
use super::read::{Line, Reader};
use crate::time::Span;

/// The path that is standard input.
pub const STDIN: &str = "-";

/// Bytes that are read at once.
const BUFFER: usize = 1 << 16;
/// The form is told from no more than so many bytes.
const LONGEST_HEAD: usize = 4 << 20;
/// Charge point of frames from standard input for which nothing names one.
const UNKNOWN: &str = "charge_point";

type Bytes = Box<dyn BufRead + Send>;

/// Traffic in any form, read line by line.
pub struct Opened {
    form: Form,
    source: Source,
}

/// What was read, beside the records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// How the file was read.
    pub form: Form,
    /// Lines without a frame: other output of the program. Blank lines are not counted.
    pub passed_over: u64,
    /// Whether times without a zone were taken as UTC, since none was given.
    pub taken_as_utc: bool,
    /// How far such times are ahead of what the central system said in the frames, if that is a zone.
    pub ahead: Option<Span>,
    /// Records for whose time there is no more than what frames say.
    pub inferred: u64,
}

enum Source {
    Trace(Reader<Ahead>),
    Log(Box<Log<Ahead>>),
    Har(Har),
}

/// Opens a file; [`STDIN`] is standard input.
///
/// # Errors
/// When it cannot be opened or read. That it holds no traffic is no error.
pub fn open(path: &Path, options: &Options) -> io::Result<Opened> {
    if path == Path::new(STDIN) {
        return Opened::new(BufReader::with_capacity(BUFFER, io::stdin()), UNKNOWN, options);
    }
    let file = BufReader::with_capacity(BUFFER, File::open(path)?);
    Opened::new(file, &name(path), options)
}

impl Opened {
    /// Reads from a source. `name`: charge point of frames for which nothing else names one.
    ///
    /// # Errors
    /// When the source cannot be read.
    pub fn new<R: BufRead + Send + 'static>(
        source: R,
        name: &str,
        options: &Options,
    ) -> io::Result<Opened> {
        let (form, source) = Ahead::new(packed::unpacked(source)?, options.form)?;
        let nameless = options.charge_point.as_deref().unwrap_or(name);
        let source = match form.dialect() {
            Some(dialect) => {
                let head = source.head.get_ref().clone();
                let log = Log::new(source, dialect, nameless.to_owned(), options.zone.clone());
                Source::Log(Box::new(forms::knowing(log, &head, dialect)))
            }
            None if form == Form::Har => Source::Har(Har::read(source, nameless)?),
            None => Source::Trace(Reader::new(source)),
        };
        Ok(Opened { form, source })
    }

    /// The next line with a record in it, or with what should be one; `None` at the end. Several records of a line
    /// have the same number.
    ///
    /// # Errors
    /// When the source cannot be read. What is no record is no error: the next line can be read.
    pub fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        match &mut self.source {
            Source::Trace(reader) => reader.next_line(),
            Source::Log(log) => log.next_line(),
            Source::Har(har) => Ok(har.next_line()),
        }
    }

    /// The form that was taken.
    #[must_use]
    pub fn form(&self) -> Form {
        self.form
    }

    /// Lines without a frame so far; blank ones are not counted.
    #[must_use]
    pub fn passed_over(&self) -> u64 {
        self.told().passed_over
    }

    /// What was read so far, beside the records.
    #[must_use]
    pub fn told(&self) -> Told {
        let form = self.form;
        match &self.source {
            Source::Trace(_) => Told { form, ..Told::default() },
            Source::Log(log) => Told {
                form,
                passed_over: log.passed_over(),
                taken_as_utc: log.taken_as_utc(),
                ahead: log.ahead(),
                inferred: log.inferred(),
            },
            Source::Har(har) => Told {
                form,
                passed_over: har.passed_over(),
                inferred: har.inferred(),
                ..Told::default()
            },
        }
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Opened").field(&self.told()).finish()
    }
}

/// A source whose first lines were looked at already.
struct Ahead {
    head: Cursor<Vec<u8>>,
    /// What kept more than the head from being read.
    failed: Option<io::Error>,
    rest: Bytes,
}

impl Ahead {
    /// Looks at the first lines, unless the form is known.
    fn new(mut rest: Bytes, known: Option<Form>) -> io::Result<(Form, Ahead)> {
        let mut head = Vec::new();
        let mut votes = Votes::default();
        let mut failed = None;
        let mut seen = 0;
        loop {
            let some = match rest.fill_buf() {
                Ok(some) => some,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                // What a disk refuses is told at once, what a packed file lacks in its place.
                Err(error) if head.is_empty() && error.raw_os_error().is_some() => {
                    return Err(error);
                }
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            };
            let length = some.len();
            head.extend_from_slice(some);
            rest.consume(length);
            let whole = head.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            let lines = if length == 0 { &head[seen..] } else { &head[seen.min(whole)..whole] };
            let lines = String::from_utf8_lossy(lines);
            if lines.lines().any(|line| votes.take(line)) || length == 0 {
                break;
            }
            seen = seen.max(whole);
            if head.len() > LONGEST_HEAD {
                break;
            }
        }
        let form = known.unwrap_or_else(|| {
            let beginning = &head[..head.len().min(BUFFER)];
            let har = forms::is_har(&String::from_utf8_lossy(beginning));
            if har { Form::Har } else { votes.form() }
        });
        Ok((form, Ahead { head: Cursor::new(head), failed, rest }))
    }
}

impl Read for Ahead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for Ahead {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if (self.head.position() as usize) < self.head.get_ref().len() {
            return self.head.fill_buf();
        }
        match self.failed.take() {
            Some(error) => Err(error),
            None => self.rest.fill_buf(),
        }
    }

    fn consume(&mut self, amount: usize) {
        if (self.head.position() as usize) < self.head.get_ref().len() {
            self.head.consume(amount);
        } else {
            self.rest.consume(amount);
        }
    }
}

/// The name of a file without folder and endings.
fn name(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = name.trim_start_matches('.').split('.').next().unwrap_or_default();
    if stem.is_empty() { UNKNOWN.to_owned() } else { stem.to_owned() }
}
