//! `ampacity inspect TRACE`.

use std::path::PathBuf;

use anyhow::Context;

use super::Exit;
use super::output::{Colour, data, note};
use super::reading::{Reading, cannot_read};
use super::simulate::{interrupted, listen_for_interruption};
use crate::report::inspection::{json, terminal};
use crate::report::text::printable;
use crate::trace::inspection::{Inspection, Inspector, Options};
use crate::units::Watts;

/// What stands below the long help.
const BELOW: &str = "\
An inspection reports and does not judge: it ends with 0 whatever it finds, with 3 when the trace
cannot be read, and with 5 when there is no record in it.

Examples:
  ampacity run scenarios/workplace.toml --trace --out day && ampacity inspect day/trace.jsonl
  ampacity inspect site.jsonl --max-power-kw 100
  ampacity inspect home-assistant.log --timezone Europe/Ljubljana
  ampacity inspect site.jsonl.gz --json | jq '.findings[] | {kind, count}'";

/// Arguments of `inspect`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = BELOW)]
pub(super) struct Args {
    /// Recorded traffic: Open OCPP Trace (JSON Lines), or any form of `ampacity import trace --help`; plain, gzip
    /// or zstd; - is standard input.
    #[arg(value_name = "TRACE")]
    trace: PathBuf,
    /// What the site may draw: tells when all charge points of the trace together draw more.
    #[arg(long, value_name = "KW", value_parser = kilowatts)]
    max_power_kw: Option<Watts>,
    /// Print everything as JSON: the layout of `ampacity schema inspection`.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reading: Reading,
}

/// Reads the trace once and prints what it tells.
pub(super) fn inspect(args: &Args, colour: Colour) -> anyhow::Result<Exit> {
    let shown = args.trace.display().to_string();
    listen_for_interruption();
    let (inspection, complete) = read(args)?;
    if !complete {
        note(format!("ampacity: interrupted after {} records of {shown}", inspection.records));
    }
    if inspection.records == 0 && complete {
        let why = inspection.broken.first.first();
        let why = why.map(|(line, reason)| format!("; line {line}: {}", printable(reason)));
        let (why, form) = (why.unwrap_or_default(), inspection.told.form.title());
        note(format!("ampacity: {shown} has no record, read as {form}{why}"));
        return Ok(Exit::NothingRan);
    }
    data(&if args.json {
        json::render(&shown, &inspection, complete)
    } else {
        terminal::render(&shown, &inspection, colour.on_stdout())
    })?;
    Ok(if complete { Exit::Passed } else { Exit::Interrupted })
}

/// What a file tells, and whether it was read to its end.
fn read(args: &Args) -> anyhow::Result<(Inspection, bool)> {
    let mut opened = args.reading.open(&args.trace)?;
    let mut inspector = Inspector::new(Options { site_limit: args.max_power_kw });
    let mut complete = true;
    while let Some(line) = opened.next_line().with_context(|| cannot_read(&args.trace))? {
        if interrupted() {
            complete = false;
            break;
        }
        inspector.take(&line);
    }
    let told = opened.told();
    Ok((Inspection { told, ..inspector.finish() }, complete))
}

/// A power above nought.
fn kilowatts(text: &str) -> Result<Watts, String> {
    match text.parse::<f64>() {
        Ok(kw) if kw > 0.0 && kw <= 1e9 => Ok(Watts::from_kw(kw)),
        _ => Err("a power in kW is a number above 0, as 100 or 43.5".to_owned()),
    }
}
