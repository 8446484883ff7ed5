//! Runs a world flat out, for every command that simulates: with a trace if wanted, with progress
//! on a terminal, until its end or Ctrl-C.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Exit;
use crate::allocation::Strategy;
use crate::scenario::model::Scenario;
use crate::shell::journal::Entry;
use crate::sim::plant::Plant;
use crate::sim::record::RunRecord;
use crate::sim::tap::{self, Tap};
use crate::sim::world::World;
use crate::time::Time;
use crate::trace::{Scribe, write};

/// A run that takes longer shows its progress.
const PATIENCE: Duration = Duration::from_millis(700);

/// Events between two looks at the clock.
const LOOK_EVERY: u64 = 1 << 14;

/// Set by Ctrl-C; the run ends before its next event and what there is is still written.
pub(super) static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Lets Ctrl-C end the run early but in order; a second Ctrl-C ends the program at once.
pub(super) fn listen_for_interruption() {
    // Without a handler Ctrl-C just ends the program, which is no reason not to run.
    let _ = ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            std::process::exit(Exit::Interrupted as i32);
        }
    });
}

/// What to run.
pub(super) struct Job<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) strategy: Strategy,
    pub(super) seed: u64,
    /// Frames go to this file.
    pub(super) trace_to: Option<&'a Path>,
}

/// Runs the scenario, perhaps not to its end; `drive` steps the world and stops when its flag is
/// set or the user interrupts.
///
/// # Errors
/// When the trace cannot be written; the run ends there, and the text names the file. Whatever
/// `drive` fails with.
pub(super) fn simulate(
    job: &Job<'_>,
    drive: impl FnOnce(&mut World<'_>, &Cell<bool>) -> anyhow::Result<()>,
) -> anyhow::Result<RunRecord> {
    let began = Instant::now();
    let fleet = crate::scenario::expand(job.scenario, job.seed);
    let stop = Cell::new(false);
    let run = |tap| {
        let mut world = World::new(job.scenario, &fleet, job.strategy, job.seed, tap);
        drive(&mut world, &stop)?;
        anyhow::Ok(world.close())
    };
    let mut record = match job.trace_to {
        None => run(None)?,
        Some(path) => {
            let cannot = || format!("cannot write {}", path.display());
            let sink = BufWriter::new(File::create(path).with_context(cannot)?);
            let mut scribe = Scribe::new(sink);
            let mut failed: io::Result<()> = Ok(());
            let tap: Tap<'_> = Box::new(|seen| {
                if failed.is_ok() {
                    failed = note_down(&mut scribe, job.scenario, seen);
                    stop.set(failed.is_err());
                }
            });
            let record = run(Some(tap))?;
            failed.and_then(|()| scribe.sink().flush()).with_context(cannot)?;
            record
        }
    };
    record.wall_s = began.elapsed().as_secs_f64();
    Ok(record)
}

/// What the central system hears and says becomes lines of a trace.
fn note_down(
    scribe: &mut Scribe<impl Write>,
    scenario: &Scenario,
    seen: tap::Seen<'_>,
) -> io::Result<()> {
    match seen {
        tap::Seen::Setup(setup) => scribe.begin(setup),
        tap::Seen::Input { at, input, before_timers } => scribe.input(at, input, before_timers),
        tap::Seen::Frame(tap::Frame { at, point, from_point, text, before_timers }) => {
            let point = scenario.chargers[point].id.as_str();
            return scribe.frame(&write::Seen { at, point, from_point, text, before_timers });
        }
    }
    Ok(())
}

/// Runs the scenario as fast as possible, to its end or an interruption. The value of a run that
/// broke invariants of the program is what it broke, with strategy and seed.
///
/// # Errors
/// As [`simulate`].
pub(super) fn run_through(job: &Job<'_>) -> anyhow::Result<Result<RunRecord, Vec<String>>> {
    let record = simulate(job, |world, stop| {
        flat_out(world, stop, &[], Time::NEVER, false);
        Ok(())
    })?;
    let broken = record.broken_invariants();
    if broken.is_empty() {
        return Ok(Ok(record));
    }
    let named = |what| format!("{}, seed {}: {what}", job.strategy, job.seed);
    Ok(Err(broken.into_iter().map(named).collect()))
}

/// Steps the world as fast as possible up to and with `until`, with the inputs of a journal at
/// their instants. Returns the inputs that come later.
pub(super) fn flat_out<'e>(
    world: &mut World<'_>,
    stop: &Cell<bool>,
    mut inputs: &'e [Entry],
    until: Time,
    show_progress: bool,
) -> &'e [Entry] {
    let progress = Progress { bar: ProgressBar::hidden(), began: Instant::now() };
    let mut events = 0_u64;
    while !interrupted() && !stop.get() {
        let next_at = world.next_at();
        if let Some((entry, later)) = inputs.split_first()
            && entry.at <= until
            && next_at.is_none_or(|at| at > entry.at)
        {
            // What was refused when it was written down is refused again.
            let _ = world.input(entry.at, &entry.input);
            while world.poll_outside().is_some() {}
            inputs = later;
            continue;
        }
        if next_at.is_none_or(|at| at > until) || !world.step() {
            break;
        }
        events += 1;
        if show_progress && events.is_multiple_of(LOOK_EVERY) {
            progress.show(world.progress());
        }
    }
    progress.bar.finish_and_clear();
    inputs
}

/// Whether Ctrl-C was pressed.
pub(super) fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// A bar that stays hidden in short runs.
struct Progress {
    bar: ProgressBar,
    began: Instant,
}

impl Progress {
    fn show(&self, share: f64) {
        if self.began.elapsed() < PATIENCE {
            return;
        }
        if self.bar.is_hidden() {
            if let Ok(style) = ProgressStyle::with_template("{bar:40} {percent} %, {eta} left") {
                self.bar.set_style(style);
            }
            self.bar.set_length(1000);
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.set_position((share * 1000.0) as u64);
    }
}
