//! `ampacity run SCENARIO`.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;

use super::{Colour, Exit, scenario};
use crate::allocation::Strategy;
use crate::report::{self, Report, Verdict};
use crate::scenario::model::Scenario;
use crate::sim::record::RunRecord;
use crate::sim::world::{Frame, Tap, World};
use crate::trace;

/// Arguments of `run`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Scenario file (TOML).
    #[arg(value_name = "SCENARIO")]
    scenario: PathBuf,
    /// Strategy instead of the scenario's: equal, first_come_first_served, priority or
    /// max_throughput.
    #[arg(long, value_name = "STRATEGY")]
    strategy: Option<Strategy>,
    /// Seed instead of the scenario's.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Change a value of the scenario, e.g. `site.max_power_kw=80`; may be given again.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    overrides: Vec<String>,
    /// Folder for the results [default: reports/<scenario>-<strategy>-<seed>].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Also write every OCPP frame to trace.jsonl (Open OCPP Trace 1.1).
    #[arg(long)]
    trace: bool,
    /// Print summary.json instead of the verdict.
    #[arg(long)]
    json: bool,
    /// Print nothing but errors.
    #[arg(long, short)]
    quiet: bool,
}

/// Runs the scenario, writes its results, prints the verdict.
pub(super) fn run(args: &Args, colour: Colour) -> anyhow::Result<Exit> {
    let loaded = match scenario::load(&args.scenario, &args.overrides)? {
        Ok((loaded, warnings)) => {
            scenario::show(&warnings, colour.on_stderr());
            loaded
        }
        Err(problems) => {
            scenario::show(&problems, colour.on_stderr());
            return Ok(Exit::Invalid);
        }
    };
    let strategy = args.strategy.unwrap_or(loaded.site.strategy);
    let seed = args.seed.unwrap_or(loaded.seed);
    let folder = args.out.clone().unwrap_or_else(|| {
        PathBuf::from("reports").join(format!("{}-{strategy}-{seed}", loaded.slug))
    });
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let record = simulate(&loaded, strategy, seed, args.trace.then_some(folder.as_path()))?;
    let report = Report::new(&loaded, &record, &command_line());
    report::write::write_all(&folder, &report)
        .with_context(|| format!("cannot write the results to {}", folder.display()))?;
    let mut out = io::stdout();
    if args.json {
        writeln!(out, "{}", report::summary::render(&report))?;
    } else if !args.quiet {
        write!(out, "{}", report::terminal::render(&report, colour.on_stdout()))?;
        writeln!(out, "results: {}", folder.display())?;
    }
    Ok(if report.verdict() == Verdict::Passed { Exit::Passed } else { Exit::Failed })
}

/// Runs the world flat out; frames go to `trace.jsonl` in `trace_to`.
fn simulate(
    scenario: &Scenario,
    strategy: Strategy,
    seed: u64,
    trace_to: Option<&Path>,
) -> anyhow::Result<RunRecord> {
    let began = Instant::now();
    let fleet = crate::scenario::expand(scenario, seed);
    let mut failed: io::Result<()> = Ok(());
    let mut record = match trace_to {
        None => World::new(scenario, &fleet, strategy, seed, None).run(),
        Some(folder) => {
            let path = folder.join("trace.jsonl");
            let file = File::create(&path)
                .with_context(|| format!("cannot write {}", path.display()))?;
            let mut sink = BufWriter::new(file);
            let mut line = String::new();
            let tap: Tap<'_> = Box::new(|frame: Frame<'_>| {
                line.clear();
                let point = scenario.chargers[frame.point].id.as_str();
                trace::write_line(&mut line, frame.at, point, frame.from_point, frame.text);
                if failed.is_ok() {
                    failed = sink.write_all(line.as_bytes());
                }
            });
            let record = World::new(scenario, &fleet, strategy, seed, Some(tap)).run();
            failed.and_then(|()| sink.flush())
                .with_context(|| format!("cannot write {}", path.display()))?;
            record
        }
    };
    record.wall_s = began.elapsed().as_secs_f64();
    Ok(record)
}

/// The command line as typed, for the report.
fn command_line() -> String {
    let quoted = |word: String| {
        let plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./=,:+".contains(c));
        if plain && !word.is_empty() { word } else { format!("'{}'", word.replace('\'', r"'\''")) }
    };
    let words = std::env::args().skip(1).map(quoted);
    std::iter::once("ampacity".to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}
