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
use crate::sim::record::RunRecord;
use crate::sim::world::{Frame, Tap, World};
use crate::trace;

/// A run that takes longer shows its progress.
const PATIENCE: Duration = Duration::from_millis(700);

/// Events between two looks at the clock.
const LOOK_EVERY: u64 = 1 << 14;

/// Set by Ctrl-C; the run ends before its next event and what there is is still written.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Lets Ctrl-C end the run early but in order; a second Ctrl-C ends the program at once.
pub(super) fn listen_for_interruption() {
    // Without a handler Ctrl-C just ends the program, which is no reason not to run.
    let _ = ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            std::process::exit(Exit::Interrupted as i32);
        }
    });
}

/// Runs the scenario, perhaps not to its end; its frames go to the file `trace_to`.
///
/// # Errors
/// When the trace cannot be written; the run ends there, and the text names the file.
pub(super) fn simulate(
    scenario: &Scenario,
    strategy: Strategy,
    seed: u64,
    trace_to: Option<&Path>,
    show_progress: bool,
) -> anyhow::Result<RunRecord> {
    let began = Instant::now();
    let fleet = crate::scenario::expand(scenario, seed);
    let stop = Cell::new(false);
    let drive = |tap| {
        let mut world = World::new(scenario, &fleet, strategy, seed, tap);
        drive(&mut world, show_progress, &stop);
        world.finish()
    };
    let mut record = match trace_to {
        None => drive(None),
        Some(path) => {
            let cannot = || format!("cannot write {}", path.display());
            let mut sink = BufWriter::new(File::create(path).with_context(cannot)?);
            let mut failed: io::Result<()> = Ok(());
            let mut line = String::new();
            let tap: Tap<'_> = Box::new(|frame: Frame<'_>| {
                line.clear();
                let point = scenario.chargers[frame.point].id.as_str();
                trace::write_line(&mut line, frame.at, point, frame.from_point, frame.text);
                if failed.is_ok() {
                    failed = sink.write_all(line.as_bytes());
                    stop.set(failed.is_err());
                }
            });
            let record = drive(Some(tap));
            failed.and_then(|()| sink.flush()).with_context(cannot)?;
            record
        }
    };
    record.wall_s = began.elapsed().as_secs_f64();
    Ok(record)
}

/// Steps the world to its end, to `stop`, or to an interruption.
fn drive(world: &mut World<'_>, show_progress: bool, stop: &Cell<bool>) {
    let progress = Progress { bar: ProgressBar::hidden(), began: Instant::now() };
    let mut events = 0_u64;
    while !INTERRUPTED.load(Ordering::Relaxed) && !stop.get() && world.step() {
        events += 1;
        if show_progress && events.is_multiple_of(LOOK_EVERY) {
            progress.show(world.progress());
        }
    }
    progress.bar.finish_and_clear();
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
