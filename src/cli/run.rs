//! `ampacity run SCENARIO`.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{Colour, Exit, scenario};
use crate::allocation::Strategy;
use crate::report::{self, Report, Verdict};
use crate::scenario::model::Scenario;
use crate::sim::record::RunRecord;
use crate::sim::world::{Frame, Tap, World};
use crate::trace;

/// A run shows its progress after this.
const PATIENCE: Duration = Duration::from_millis(700);

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
    // Without a handler Ctrl-C just ends the program, which is no reason not to run.
    let _ = ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::Relaxed));
    let show_progress = !args.quiet && !args.json && io::stderr().is_terminal();
    let trace_to = args.trace.then_some(folder.as_path());
    let Ran { record, interrupted } = simulate(&loaded, strategy, seed, trace_to, show_progress)?;
    let broken = record.broken_invariants();
    if !broken.is_empty() {
        eprintln!("ampacity: this is a bug, please report it: {}", broken.join("; "));
        return Ok(Exit::Bug);
    }
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
    Ok(match report.verdict() {
        _ if interrupted => Exit::Interrupted,
        _ if record.sessions.is_empty() => {
            eprintln!("ampacity: nothing ran: no car plugged in during the whole run");
            Exit::NothingRan
        }
        Verdict::Passed => Exit::Passed,
        Verdict::Failed => Exit::Failed,
    })
}

/// Runs the world flat out; frames go to `trace.jsonl` in `trace_to`.
fn simulate(
    scenario: &Scenario,
    strategy: Strategy,
    seed: u64,
    trace_to: Option<&Path>,
    show_progress: bool,
) -> anyhow::Result<Ran> {
    let began = Instant::now();
    let fleet = crate::scenario::expand(scenario, seed);
    let drive = |tap| {
        let mut world = World::new(scenario, &fleet, strategy, seed, tap);
        let interrupted = drive(&mut world, show_progress);
        (world.finish(), interrupted)
    };
    let (mut record, interrupted) = match trace_to {
        None => drive(None),
        Some(folder) => {
            let path = folder.join("trace.jsonl");
            let cannot = || format!("cannot write {}", path.display());
            let mut sink = BufWriter::new(File::create(&path).with_context(cannot)?);
            let mut failed: io::Result<()> = Ok(());
            let mut line = String::new();
            let tap: Tap<'_> = Box::new(|frame: Frame<'_>| {
                line.clear();
                let point = scenario.chargers[frame.point].id.as_str();
                trace::write_line(&mut line, frame.at, point, frame.from_point, frame.text);
                if failed.is_ok() {
                    failed = sink.write_all(line.as_bytes());
                }
            });
            let ran = drive(Some(tap));
            failed.and_then(|()| sink.flush()).with_context(cannot)?;
            ran
        }
    };
    record.wall_s = began.elapsed().as_secs_f64();
    Ok(Ran { record, interrupted })
}

/// A run, perhaps not to its end.
struct Ran {
    record: RunRecord,
    interrupted: bool,
}

/// Set by Ctrl-C; the run ends at the next event and what there is is still written.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Steps the world to its end or to an interruption, which is returned. A run that takes long
/// enough to wonder shows its progress, on a terminal only.
fn drive(world: &mut World<'_>, show_progress: bool) -> bool {
    let bar = ProgressBar::hidden();
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {percent} %, {eta} left") {
        bar.set_style(style);
    }
    let began = Instant::now();
    let mut events = 0_u64;
    while !INTERRUPTED.load(Ordering::Relaxed) {
        if !world.step() {
            bar.finish_and_clear();
            return false;
        }
        events += 1;
        if show_progress && events.is_multiple_of(1 << 16) && began.elapsed() > PATIENCE {
            bar.set_draw_target(ProgressDrawTarget::stderr());
            bar.set_length(1000);
            bar.set_position((world.progress() * 1000.0) as u64);
        }
    }
    bar.finish_and_clear();
    true
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
