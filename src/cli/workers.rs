//! Many runs at once: workers that take one job after the other, their progress, and how it ended.

use std::io::{self, IsTerminal};
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use indicatif::{ProgressBar, ProgressStyle};

use super::Exit;
use super::output::note;
use super::simulate::INTERRUPTED;

/// What a job comes to, or the invariants of the program that it broke.
pub(super) type Outcome<T> = anyhow::Result<Result<T, Vec<String>>>;

/// What all came to by job, in the order in which they ended, or how the command ends without.
pub(super) type Product<T> = Result<Vec<(usize, T)>, Exit>;

/// Does the jobs from 0 to `jobs`, `at_once` at a time or as many as the machine has cores. No job is
/// begun after an interruption, an error or a broken invariant; broken invariants are told here.
///
/// # Errors
/// The first error of a job.
pub(super) fn share<T: Send>(
    jobs: usize,
    at_once: Option<NonZeroUsize>,
    bar: &ProgressBar,
    work: impl Fn(usize) -> Outcome<T> + Sync,
) -> anyhow::Result<Product<T>> {
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let workers = at_once.map_or(cores, NonZeroUsize::get).min(jobs);
    let workshop = Workshop { jobs, bar, next: AtomicUsize::new(0), made: Mutex::default() };
    thread::scope(|scope| {
        (0..workers).for_each(|_| drop(scope.spawn(|| workshop.work(&work))));
    });
    bar.finish_and_clear();
    let made = workshop.made.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    if let Some(error) = made.failed {
        return Err(error);
    }
    if !made.broken.is_empty() {
        note("ampacity: this is a bug of the program, please report it with the scenario:");
        made.broken.iter().for_each(note);
        return Ok(Err(Exit::Bug));
    }
    Ok(Ok(made.done))
}

/// A bar for so many runs; hidden unless a person watches and wants one.
pub(super) fn progress(runs: usize, quiet: bool) -> ProgressBar {
    if quiet || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(runs as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos} of {len} runs, {eta} left") {
        bar.set_style(style);
    }
    bar
}

/// What workers share.
struct Workshop<'a, T> {
    jobs: usize,
    bar: &'a ProgressBar,
    next: AtomicUsize,
    made: Mutex<Made<T>>,
}

/// What has been made so far.
struct Made<T> {
    done: Vec<(usize, T)>,
    /// Broken invariants of the program.
    broken: Vec<String>,
    failed: Option<anyhow::Error>,
}

impl<T> Default for Made<T> {
    fn default() -> Made<T> {
        Made { done: Vec::new(), broken: Vec::new(), failed: None }
    }
}

impl<T> Workshop<'_, T> {
    fn work(&self, work: impl Fn(usize) -> Outcome<T>) {
        loop {
            let job = self.next.fetch_add(1, Ordering::Relaxed);
            if job >= self.jobs || INTERRUPTED.load(Ordering::Relaxed) {
                return;
            }
            let done = work(job);
            let mut made = self.made.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            match done {
                Ok(Ok(done)) => made.done.push((job, done)),
                Ok(Err(broken)) => made.broken.extend(broken),
                Err(error) => {
                    made.failed.get_or_insert(error);
                }
            }
            if made.failed.is_some() || !made.broken.is_empty() {
                // Whoever is at work ends what it has.
                self.next.store(self.jobs, Ordering::Relaxed);
            }
            self.bar.inc(1);
        }
    }
}
