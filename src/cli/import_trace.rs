//! `ampacity import trace FILE... --out X.jsonl|X.toml`.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::output::{data, note};
use super::reading::{Reading, about_times, cannot_read};
use super::simulate::{interrupted, listen_for_interruption};
use super::{Exit, import_twin};
use crate::replay::twin::Observer;
use crate::report::text::{count, duration, number, printable};
use crate::trace::merge::{MergeError, Tally, merge};
use crate::trace::{Opened, Reader};

/// Bytes that are written at once.
const BUFFER: usize = 1 << 16;
/// Reasons for broken lines that are shown for each file.
const REASONS: usize = 5;
/// Charge points that are named.
const NAMES: usize = 5;

/// What stands below the long help.
const BELOW: &str = "\
Forms, told by what stands in a file, and not by its name; any may be packed with gzip or zstd:
  open-ocpp-trace  Open OCPP Trace (JSON Lines)
  steve            ... [chargeBoxId=X, sessionId=..] Received: [..]
  evcc             [ocpp  ] TRACE 2026/05/04 06:00:00 recv X: [..]
  home-assistant   2026-05-04 06:00:00.123 INFO (MainThread) [ocpp] X: receive message [..]
  mobilityhouse    INFO:ocpp:X: receive message [..]
  micro-ocpp       [MO] Send: [..]
  plain            frames, with times and words as recv, sent, in, out, -> and <-, or without
  har              HAR 1.2 of a browser or proxy, with its WebSocket messages

Frames stay as they stand. Lines without a frame are passed over and counted; broken frames are
told with their line. Where a log has no times, they are inferred from what frames say, and each
such record says so in its meta.

Examples:
  ampacity import trace steve.log --timezone Europe/Berlin --out site.jsonl
  journalctl -u evcc -o cat | ampacity import trace - --out site.jsonl.gz
  ampacity import trace monday.log.gz tuesday.log.gz --out week.jsonl
  ampacity import trace week.jsonl --out twin.toml && ampacity compare twin.toml";

/// Arguments of `import trace`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = BELOW)]
pub(super) struct Args {
    /// Recorded traffic in any form; several files are merged by time; - is standard input.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// What to write: a trace in the Open OCPP Trace format (NAME.jsonl or NAME.jsonl.gz), or the
    /// site's twin (NAME.toml): the demand behind the traffic, as a scenario.
    #[arg(long, value_name = "OUT")]
    out: PathBuf,
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    site: import_twin::Site,
    /// Replace a file that is there already.
    #[arg(long)]
    force: bool,
}

/// What is written, by the ending of `--out`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Product {
    Lines,
    PackedLines,
    Scenario,
}

/// Writes what the files hold as one trace, and prints what was read.
pub(super) fn import(args: &Args) -> anyhow::Result<Exit> {
    let out = args.out.display();
    let packed = match product(&args.out) {
        Some(Product::Lines) => false,
        Some(Product::PackedLines) => true,
        Some(Product::Scenario) => return scenario(args),
        None => {
            note(format!(
                "ampacity: --out {out} is neither NAME.jsonl, NAME.jsonl.gz nor NAME.toml; name the \
                 trace or the scenario to write"
            ));
            return Ok(Exit::Invalid);
        }
    };
    if args.out.exists() && !args.force {
        note(format!("ampacity: {out} is there already; --force replaces it"));
        return Ok(Exit::Invalid);
    }
    listen_for_interruption();
    let opened = args.files.iter().map(|path| args.reading.open(path));
    let mut sources = opened.collect::<anyhow::Result<Vec<Opened>>>()?;
    // The trace is there when it is whole.
    let partial = beside(&args.out);
    let written = write(&mut sources, args, &partial, packed);
    let done = written.and_then(|(tallies, complete)| {
        if tallies.iter().all(|tally| tally.records == 0) && complete {
            fs::remove_file(&partial)?;
            nothing(args, &sources, &tallies);
            return Ok(Exit::NothingRan);
        }
        fs::rename(&partial, &args.out).with_context(|| format!("cannot write {out}"))?;
        if !complete {
            note(format!("ampacity: interrupted; {out} holds what was read so far"));
        }
        data(&summary(args, &sources, &tallies))?;
        Ok(if complete { Exit::Passed } else { Exit::Interrupted })
    });
    if done.is_err() {
        // It may never have been made.
        let _ = fs::remove_file(&partial);
    }
    done
}

/// Infers the demand behind the traffic, as a scenario.
fn scenario(args: &Args) -> anyhow::Result<Exit> {
    listen_for_interruption();
    let opened = args.files.iter().map(|path| args.reading.open(path));
    let mut sources = opened.collect::<anyhow::Result<Vec<Opened>>>()?;
    let mut observer = Observer::default();
    let list: Vec<String> = args.files.iter().map(|path| path.display().to_string()).collect();
    let cannot = || cannot_read(&args.files[0]);
    if let [one] = &mut sources[..] {
        while let Some(line) = one.next_line().with_context(cannot)? {
            if interrupted() {
                return Ok(Exit::Interrupted);
            }
            observer.take(&line);
        }
    } else {
        let mut lines = Vec::new();
        let merged = merge(&mut sources, &mut lines, interrupted);
        let (_, complete) = merged.map_err(|error| match error {
            MergeError::Read(_, error) | MergeError::Write(error) => error,
        })?;
        if !complete {
            return Ok(Exit::Interrupted);
        }
        let mut reader = Reader::new(&*lines);
        while let Some(line) = reader.next_line()? {
            observer.take(&line);
        }
    }
    for opened in &sources {
        if let Some(about) = about_times(&opened.told()) {
            note(format!("ampacity: {about}"));
        }
    }
    let (seen, zone) = (observer.finish(), args.reading.zone());
    import_twin::write_twin(&seen, &list.join(", "), &args.out, zone, &args.site, args.force)
}

fn product(out: &Path) -> Option<Product> {
    let name = out.file_name()?.to_str()?;
    let ends = |ending: &str| name.len() > ending.len() && name.ends_with(ending);
    if ends(".jsonl") {
        Some(Product::Lines)
    } else if ends(".jsonl.gz") {
        Some(Product::PackedLines)
    } else if ends(".toml") {
        Some(Product::Scenario)
    } else {
        None
    }
}

fn beside(out: &Path) -> PathBuf {
    let mut name = out.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    out.with_file_name(name)
}

/// Writes all records into a file; what was taken from each source, and whether all were read.
fn write(
    sources: &mut [Opened],
    args: &Args,
    path: &Path,
    packed: bool,
) -> anyhow::Result<(Vec<Tally>, bool)> {
    let cannot = || format!("cannot write {}", args.out.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(cannot)?;
    }
    let file = BufWriter::with_capacity(BUFFER, File::create(path).with_context(cannot)?);
    let merged = if packed {
        let mut packer = GzEncoder::new(file, Compression::default());
        let merged = merge(sources, &mut packer, interrupted);
        packer.finish().and_then(finish).with_context(cannot)?;
        merged
    } else {
        let mut file = file;
        let merged = merge(sources, &mut file, interrupted);
        finish(file).with_context(cannot)?;
        merged
    };
    merged.map_err(|error| match error {
        MergeError::Read(index, error) => {
            anyhow::Error::new(error).context(cannot_read(&args.files[index]))
        }
        MergeError::Write(error) => anyhow::Error::new(error).context(cannot()),
    })
}

fn finish(mut file: BufWriter<File>) -> io::Result<()> {
    file.flush()
}

/// Says why there is nothing to write.
fn nothing(args: &Args, sources: &[Opened], tallies: &[Tally]) {
    for ((path, opened), tally) in args.files.iter().zip(sources).zip(tallies) {
        let told = opened.told();
        let mut why = format!("{} lines without a frame", told.passed_over);
        if let Some((reason, (_, line))) = first(tally) {
            why.push_str(&format!("; line {line}: {}", printable(reason)));
        }
        let shown = path.display();
        note(format!("ampacity: {shown} has no record, read as {}: {why}", told.form.title()));
    }
}

/// The reason for the first broken line.
fn first(tally: &Tally) -> Option<(&String, &(u64, u64))> {
    tally.reasons.iter().min_by_key(|(_, (_, line))| *line)
}

fn summary(args: &Args, sources: &[Opened], tallies: &[Tally]) -> String {
    let mut text = String::new();
    for ((path, opened), tally) in args.files.iter().zip(sources).zip(tallies) {
        text.push_str(&format!("{}: ", printable(&path.display().to_string())));
        text.push_str(&about(opened, tally));
    }
    let records = tallies.iter().map(|tally| tally.records).sum();
    let out = args.out.display();
    text.push_str(&format!("written: {out}, {}", count(records, "record", "records")));
    let mut points: Vec<&str> =
        tallies.iter().flat_map(|tally| tally.points.keys().map(String::as_str)).collect();
    points.sort_unstable();
    points.dedup();
    let more = if points.len() > NAMES { ", .." } else { "" };
    let names: Vec<String> = points.iter().take(NAMES).map(|name| printable(name)).collect();
    let all = count(points.len() as u64, "charge point", "charge points");
    text.push_str(&format!(" of {all} ({}{more})", names.join(", ")));
    let from = tallies.iter().filter_map(|tally| Some(tally.span?.0)).min();
    let to = tallies.iter().filter_map(|tally| Some(tally.span?.1)).max();
    if let (Some(from), Some(to)) = (from, to) {
        text.push_str(&format!("; {} from {from} on", duration(to.since(from).s())));
    }
    text.push_str(&format!("\nnext:    ampacity inspect {out}\n"));
    text
}

/// What a file held, and what is wrong in it.
fn about(opened: &Opened, tally: &Tally) -> String {
    let told = opened.told();
    let mut text = format!("{}; {}", told.form.title(), count(tally.records, "record", "records"));
    if told.passed_over > 0 {
        let others = count(told.passed_over, "line", "lines");
        text.push_str(&format!(", {others} without a frame passed over"));
    }
    text.push('\n');
    if let Some(times) = about_times(&told) {
        text.push_str(&format!("  {times}\n"));
    }
    if tally.broken > 0 {
        let broken = count(tally.broken, "broken line", "broken lines");
        text.push_str(&format!("  {broken}, by the reason:\n"));
    }
    let mut reasons: Vec<(&String, &(u64, u64))> = tally.reasons.iter().collect();
    reasons.sort_by_key(|(_, (_, line))| *line);
    for (reason, (lines, line)) in reasons.iter().take(REASONS) {
        let reason = printable(reason);
        text.push_str(&format!("    {}, first line {line}: {reason}\n", number(*lines as f64, 0)));
    }
    if reasons.len() > REASONS {
        text.push_str(&format!("    and {} more reasons\n", reasons.len() - REASONS));
    }
    text
}
