//! `ampacity redact`: a trace without what belongs to people and sites; `--check`: what remains.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use flate2::bufread::MultiGzDecoder;

use super::Exit;
use super::output::{data, note};
use crate::scenario::quantity::parse_span;
use crate::time::Span;
use crate::trace::Reader;
use crate::trace::redact::check::{Canaries, Checker, abbreviated};
use crate::trace::redact::{Key, Options, Redactor, Secrets};

/// How a gzip file begins (RFC 1952).
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// Bytes that are read at once.
const BUFFER: usize = 1 << 16;
/// Findings of a check that are printed; all are counted.
const LISTED: u64 = 30;

/// What stands below the long help.
const BELOW: &str = "\
Replaced are identities of charge points, idTags, transaction and reservation ids, serial numbers,
ICCID and IMSI, host names, IP, MAC and e-mail addresses, user names and passwords, certificates,
cars and contracts, coordinates, and free text. References stay: who was the same is the same, also
in other files under the same key. Without the key nobody gets back; keep it to yourself.

A check ends with 1 when something remains. It cannot tell a transaction id from its pseudonym,
which is a number too; give it --canaries for that: texts of which you know that they were there.

Examples:
  head -c 32 /dev/urandom > site.key
  ampacity redact day.jsonl --key site.key --out day-public.jsonl --shift -35d
  ampacity redact --check day-public.jsonl --canaries secrets.txt";

/// Arguments of `redact`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = BELOW)]
pub(super) struct Args {
    /// Trace in the Open OCPP Trace format (JSON Lines), plain or gzip.
    #[arg(value_name = "TRACE")]
    trace: PathBuf,
    /// File with at least 16 secret bytes, of whatever kind.
    #[arg(long, value_name = "FILE", required_unless_present = "check")]
    key: Option<PathBuf>,
    /// The trace to write.
    #[arg(long, value_name = "FILE", required_unless_present = "check")]
    out: Option<PathBuf>,
    /// Move every instant, e.g. -35d: whole seconds; whole weeks keep the days of the week.
    #[arg(long, value_name = "D", value_parser = shift, allow_hyphen_values = true)]
    shift: Option<Span>,
    /// Keep free text (`info`, error descriptions, DataTransfer) but for the secrets found in it.
    #[arg(long)]
    keep_text: bool,
    /// Write nothing; say what remains in a trace that should not be handed out.
    #[arg(long, conflicts_with_all = ["key", "out", "shift"])]
    check: bool,
    /// With --check: texts, one a line, that must not occur anywhere, in whatever spelling.
    #[arg(long, value_name = "FILE", requires = "check")]
    canaries: Option<PathBuf>,
}

/// Redacts a trace, or checks one.
///
/// # Errors
/// When a file cannot be read or written.
pub(super) fn redact(args: &Args) -> anyhow::Result<Exit> {
    let (Some(key), Some(out)) = (&args.key, &args.out) else { return check(args) };
    let key = match read_key(key)? {
        Ok(key) => key,
        Err(wrong) => {
            note(format!("ampacity: {wrong}"));
            return Ok(Exit::Invalid);
        }
    };
    let same = |a: &Path, b: &Path| matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b);
    if same(&args.trace, out) {
        note("ampacity: --out is the trace itself: give another file");
        return Ok(Exit::Invalid);
    }
    let options = Options { shift: args.shift.unwrap_or(Span::ZERO), keep_text: args.keep_text };
    let shown = args.trace.display().to_string();
    let cannot = || format!("cannot read the trace {shown}");
    let mut secrets = Secrets::new(options);
    let mut lines = Lines::open(&args.trace).with_context(cannot)?;
    while let Some((_, line)) = lines.next().with_context(cannot)? {
        secrets.take(line);
    }
    let mut redactor = Redactor::knowing(key, secrets)
        .map_err(|problem| anyhow::anyhow!("{shown}: too many secrets: {problem}"))?;
    let mut lines = Lines::open(&args.trace).with_context(cannot)?;
    let writing = || format!("cannot write {}", out.display());
    let mut sink = BufWriter::new(File::create(out).with_context(writing)?);
    let mut left_out = LeftOut::default();
    let mut written = String::new();
    while let Some((number, line)) = lines.next().with_context(cannot)? {
        written.clear();
        match redactor.line(line, &mut written) {
            Ok(()) => sink.write_all(written.as_bytes()).with_context(writing)?,
            Err(fault) => left_out.put(number, fault.to_string()),
        }
    }
    sink.flush().with_context(writing)?;
    left_out.tell();
    if redactor.tally().records == 0 {
        note(format!("ampacity: {shown} has no record of the Open OCPP Trace format"));
        return Ok(Exit::NothingRan);
    }
    data(&told(&redactor))?;
    Ok(Exit::Passed)
}

/// The key in a file, or what is wrong with it.
///
/// # Errors
/// When the file cannot be read.
pub(super) fn read_key(path: &Path) -> anyhow::Result<Result<Key, String>> {
    let bytes =
        fs::read(path).with_context(|| format!("cannot read the key {}", path.display()))?;
    Ok(Key::new(&bytes).map_err(|wrong| format!("{}: {wrong}", path.display())))
}

fn told(redactor: &Redactor) -> String {
    let tally = redactor.tally();
    let mut text = format!("{} records\n", tally.records);
    let secrets = redactor.secrets();
    for (kind, places) in &tally.replaced {
        let own = secrets.get(kind).map(|own| format!(", {own} of them different"));
        let own = own.unwrap_or_default();
        text.push_str(&format!("  {:<15} {places:>9} places{own}\n", kind.name()));
    }
    if tally.raw_dropped > 0 {
        text.push_str(&format!(
            "  {} raw frames that cannot be read are left out\n",
            tally.raw_dropped
        ));
    }
    text
}

fn check(args: &Args) -> anyhow::Result<Exit> {
    let shown = args.trace.display().to_string();
    let cannot = || format!("cannot read the trace {shown}");
    let canaries = match &args.canaries {
        None => None,
        Some(path) => {
            let list = fs::read_to_string(path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            match Canaries::new(&list) {
                Ok(canaries) => Some((canaries, list)),
                Err(wrong) => {
                    note(format!("ampacity: {}: {wrong}", path.display()));
                    return Ok(Exit::Invalid);
                }
            }
        }
    };
    let mut found = 0;
    let mut records = 0_u64;
    let mut say = |line: u64, what: String| {
        found += 1;
        if found <= LISTED { data(&format!("line {line}: {what}\n")) } else { Ok(()) }
    };
    let mut checker = Checker::new(args.keep_text);
    let mut lines = Lines::open(&args.trace).with_context(cannot)?;
    while let Some((number, line)) = lines.next().with_context(cannot)? {
        match checker.line(line) {
            Ok(remaining) => {
                records += 1;
                for it in remaining {
                    say(number, format!("{} {} at {}", it.kind.name(), it.text, it.place))?;
                }
            }
            Err(fault) => say(number, format!("no record: {fault}"))?,
        }
    }
    if let Some((canaries, list)) = &canaries {
        let texts: Vec<&str> = list.lines().map(str::trim).filter(|it| !it.is_empty()).collect();
        for it in canaries.seen(source(&args.trace).with_context(cannot)?).with_context(cannot)? {
            let (number, text) = (it.canary + 1, abbreviated(texts[it.canary]));
            say(it.line, format!("canary {number} ({text})"))?;
        }
    }
    if found > LISTED {
        data(&format!("and {} more\n", found - LISTED))?;
    }
    if found > 0 {
        return Ok(Exit::Failed);
    }
    if records == 0 {
        note(format!("ampacity: {shown} has no record of the Open OCPP Trace format"));
        return Ok(Exit::NothingRan);
    }
    let beside = canaries.map(|(it, _)| format!(", and none of {} canaries", it.len()));
    data(&format!("nothing remains in {records} records{}\n", beside.unwrap_or_default()))?;
    Ok(Exit::Passed)
}

/// Lines that are left out.
#[derive(Default)]
struct LeftOut {
    count: u64,
    first: Option<(u64, String)>,
}

impl LeftOut {
    fn put(&mut self, line: u64, fault: String) {
        self.count += 1;
        self.first.get_or_insert((line, fault));
    }

    fn tell(&self) {
        if let Some((line, fault)) = &self.first {
            let lines = match self.count {
                1 => "1 line that is no record is".to_owned(),
                count => format!("{count} lines that are no records are"),
            };
            note(format!("ampacity: {lines} left out; line {line}: {fault}"));
        }
    }
}

/// The lines of a trace as they stand.
struct Lines {
    reader: Reader<Box<dyn BufRead>>,
}

impl Lines {
    fn open(path: &Path) -> io::Result<Lines> {
        Ok(Lines { reader: Reader::new(source(path)?) })
    }

    fn next(&mut self) -> io::Result<Option<(u64, &str)>> {
        self.reader.next_text()
    }
}

fn source(path: &Path) -> io::Result<Box<dyn BufRead>> {
    let mut file = BufReader::with_capacity(BUFFER, File::open(path)?);
    Ok(if file.fill_buf()?.starts_with(&GZIP) {
        Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(file)))
    } else {
        Box::new(file)
    })
}

fn shift(text: &str) -> Result<Span, String> {
    let (sign, length) = match text.strip_prefix('-') {
        Some(length) => (-1, length),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let span = parse_span(length).map_err(|wrong| format!("{}: {}", wrong.cause, wrong.help))?;
    if span.0 % 1_000_000 != 0 {
        return Err("instants keep their fractions: give whole seconds".to_owned());
    }
    Ok(Span(sign * span.0))
}
