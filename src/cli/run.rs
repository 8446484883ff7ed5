//! `ampacity run SCENARIO`.

use std::io::{self, IsTerminal};
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::inputs::Inputs;
use super::live::{Live, Speed};
use super::output::{Colour, data, note};
use super::simulate::{Job, flat_out, listen_for_interruption, simulate};
use super::{Exit, folder, github, scenario};
use crate::allocation::Strategy;
use crate::report::{self, Report, Verdict};
use crate::shell::journal;
use crate::time::Time;

/// The largest seed that every JSON reader keeps exactly, as in scenario files.
pub(super) const LARGEST_SEED: u64 = (1 << 53) - 1;

/// Arguments of `run`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Scenario file (TOML).
    #[arg(value_name = "SCENARIO")]
    scenario: PathBuf,
    /// Strategy instead of the scenario's.
    #[arg(long, value_name = "STRATEGY", value_parser = strategy())]
    strategy: Option<Strategy>,
    /// Seed instead of the scenario's.
    #[arg(long, value_name = "N", value_parser = seed, allow_negative_numbers = true)]
    seed: Option<u64>,
    /// Change a value of the scenario, e.g. `site.max_power_kw=80` or `chargers.0.count=5`; may
    /// be given again.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    overrides: Vec<String>,
    /// Folder for the results [default: reports/<scenario>-<strategy>-<seed>].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Also write every OCPP frame to trace.jsonl (Open OCPP Trace 1.1).
    #[arg(long)]
    trace: bool,
    /// Virtual seconds per second of wall clock, `realtime` (1) or `max`
    /// [default: max, realtime with --listen].
    #[arg(long, value_name = "N|realtime|max")]
    speed: Option<Speed>,
    /// Serve the REST API on this address while the simulation runs, e.g. 127.0.0.1:8080; every
    /// call that changes something is written to journal.jsonl.
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Go on serving the API after the end of the simulation, until interrupted.
    #[arg(long, requires = "listen")]
    hold: bool,
    /// Repeat the calls of a live run from its journal.jsonl, as fast as possible; strategy and
    /// seed are the journal's.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["speed", "listen", "strategy", "seed"])]
    journal: Option<PathBuf>,
    /// Print summary.json instead of the verdict.
    #[arg(long, conflicts_with = "quiet")]
    json: bool,
    /// Print nothing but errors.
    #[arg(long, short)]
    quiet: bool,
}

/// Runs the scenario, writes its results, prints the verdict.
pub(super) fn run(args: &Args, colour: Colour) -> anyhow::Result<Exit> {
    let loaded = scenario::load_to_run(&args.scenario, &args.overrides, args.quiet, colour)?;
    let Some((loaded, material)) = loaded else { return Ok(Exit::Invalid) };
    let mut strategy = args.strategy.unwrap_or(loaded.site.strategy);
    let mut seed = args.seed.unwrap_or(loaded.seed);
    let mut inputs = Vec::new();
    if let Some(path) = &args.journal {
        let header;
        (header, inputs) = journal::read(path)?;
        if header.scenario_sha256 != loaded.sha256 {
            note(format!(
                "ampacity: {} was written for another state of this scenario; give the same file \
                 and the same --set",
                path.display()
            ));
            return Ok(Exit::Invalid);
        }
        (strategy, seed) = (header.strategy, header.seed);
    }
    let out = args.out.clone().unwrap_or_else(|| {
        PathBuf::from("reports").join(format!("{}-{strategy}-{seed}", loaded.slug))
    });
    folder::prepare(&out)?;
    listen_for_interruption();
    let show_progress = !args.quiet && io::stderr().is_terminal();
    let trace = args.trace.then(|| out.join("trace.jsonl"));
    let job = Job { scenario: &loaded, strategy, seed, trace_to: trace.as_deref() };
    let record = match Live::asked_for(args.speed, args.listen, args.hold) {
        Some(live) => simulate(&job, |world, _| {
            inputs = live.drive(world, &job, &out)?;
            Ok(())
        })?,
        None => simulate(&job, |world, stop| {
            flat_out(world, stop, &inputs, Time::NEVER, show_progress);
            Ok(())
        })?,
    };
    let broken = record.broken_invariants();
    if !broken.is_empty() {
        note("ampacity: this is a bug of the program, please report it with the scenario:");
        broken.iter().for_each(note);
        return Ok(Exit::Bug);
    }
    let report = Report::new(&loaded, &record, &command_line());
    report::write::write_all(&out, &report)
        .with_context(|| format!("cannot write the results to {}", out.display()))?;
    Inputs::new(&args.scenario, material, strategy, seed, inputs).write(&out)?;
    github::summarise(|| report::github::summary(&report));
    github::annotate(report::github::annotations(&args.scenario.to_string_lossy(), &report));
    if args.json {
        data(&report::summary::render(&report))?;
    } else if !args.quiet {
        let verdict = report::terminal::render(&report, colour.on_stdout());
        data(&format!("{verdict}results: {}\n", out.display()))?;
    }
    Ok(judged(&report))
}

fn judged(report: &Report<'_>) -> Exit {
    match report.verdict() {
        Verdict::Incomplete => {
            note("ampacity: interrupted; the results cover the run up to there");
            Exit::Interrupted
        }
        _ if report.record.sessions.is_empty() => {
            note("ampacity: nothing ran: no car plugged in during the whole run");
            Exit::NothingRan
        }
        Verdict::Failed => Exit::Failed,
        Verdict::Passed => Exit::Passed,
    }
}

/// Reads a strategy; the names stand in the help, in completions and in the answer to a typo.
pub(super) fn strategy() -> impl TypedValueParser<Value = Strategy> {
    PossibleValuesParser::new(Strategy::ALL.map(Strategy::name))
        .try_map(|name| name.parse::<Strategy>())
}

/// Reads a seed.
pub(super) fn seed(text: &str) -> Result<u64, String> {
    let seed = text.parse().ok().filter(|seed| *seed <= LARGEST_SEED);
    seed.ok_or_else(|| format!("a seed is a whole number from 0 to {LARGEST_SEED}"))
}

/// The command line as typed, for the report.
pub(super) fn command_line() -> String {
    let quoted = |word: String| {
        let plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./=,:+".contains(c));
        if plain && !word.is_empty() { word } else { format!("'{}'", word.replace('\'', r"'\''")) }
    };
    let words = std::env::args_os().skip(1).map(|word| quoted(word.to_string_lossy().into_owned()));
    std::iter::once("ampacity".to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}
