//! `ampacity sweep SCENARIO --grid path=values...` and `ampacity sweep merge DIR...`.

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, anyhow};
use clap::Subcommand;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use self::points::Points;
use super::output::{Colour, data, note};
use super::series::Series;
use super::simulate::{INTERRUPTED, Job, listen_for_interruption, run_through};
use super::{Exit, scenario, workers};
use crate::report::metrics::CATALOGUE;
use crate::report::{Report, Verdict};
use crate::sweep::grid::Axis;
use crate::sweep::plan::Plan;
use crate::sweep::results::{self, Results};
use crate::sweep::row::Row;
use crate::sweep::search::{Condition, Search};
use crate::sweep::shard::Shard;
use crate::sweep::store::{Store, StoreError};
use crate::sweep::{json, terminal};

mod merge;
mod points;

/// Arguments of `sweep`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct Args {
    #[command(subcommand)]
    then: Option<Then>,
    /// Scenario file (TOML).
    #[arg(value_name = "SCENARIO", required = true)]
    scenario: Option<PathBuf>,
    /// Values that a path of the scenario takes: a list, a range that ends with the last step within it,
    /// or both, e.g. `site.max_power_kw=20,30..60:10`; several grids multiply.
    #[arg(long, value_name = "PATH=VALUES", value_parser = Axis::parse, required_unless_present = "smallest")]
    grid: Vec<Axis>,
    /// Find the smallest value of a path that meets --such-that, by bisection for each strategy (and each
    /// point of a grid), e.g. `site.max_power_kw=10..200:1`.
    #[arg(long, value_name = "PATH=FROM..TO:STEP", value_parser = Axis::parse, requires = "such_that")]
    smallest: Option<Axis>,
    /// What --smallest has to meet, e.g. "demand_met_pct >= 95" or "over_limit_s <= 0", on the mean over
    /// the seeds; may be given again, and then all have to hold.
    #[arg(long, value_name = "CONDITION", value_parser = Condition::parse, requires = "smallest")]
    such_that: Vec<Condition>,
    #[command(flatten)]
    series: Series,
    /// Change a value of the scenario at all points, e.g. `site.reserve_kw=5`; may be given again.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    overrides: Vec<String>,
    /// Run only every N-th row from the K-th on, in a folder of its own; `sweep merge` puts the parts
    /// together [default: what a Slurm array or a Kubernetes Indexed Job says, else 1/1].
    #[arg(long, value_name = "K/N", value_parser = Shard::parse)]
    shard: Option<Shard>,
    /// Folder for the results; the same command goes on where it was killed
    /// [default: reports/sweep-<scenario>, with --smallest reports/smallest-<scenario>].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Runs at a time [default: as many as the machine has cores].
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    #[command(flatten)]
    shown: Shown,
}

#[derive(Debug, Subcommand)]
enum Then {
    /// Put the parts of a sweep together: the same results as from a single machine, byte for byte.
    Merge(merge::Args),
}

/// What is printed at the end.
#[derive(Debug, clap::Args)]
struct Shown {
    /// The metric of the table; all are in sweep.csv and sweep.sqlite.
    #[arg(long, value_name = "METRIC", value_parser = metric(), default_value = "demand_met_pct", hide_possible_values = true)]
    metric: &'static str,
    /// Print the table as JSON.
    #[arg(long, conflicts_with = "quiet")]
    json: bool,
    /// Print nothing but errors.
    #[arg(long, short)]
    quiet: bool,
}

/// Runs what is not in the folder yet, writes the table, prints means or answers.
pub(super) fn sweep(args: &Args, colour: Colour) -> anyhow::Result<Exit> {
    if let Some(Then::Merge(args)) = &args.then {
        return merge::merge(args, colour);
    }
    let path = args.scenario.as_deref().context("no scenario was named")?;
    let loaded = scenario::load_to_run(path, &args.overrides, args.shown.quiet, colour)?;
    let Some((scenario, material)) = loaded else { return Ok(Exit::Invalid) };
    let (plan, shard) = match planned(args, &scenario) {
        Ok(planned) => planned,
        Err(problem) => {
            note(format!("ampacity: {problem}"));
            return Ok(Exit::Invalid);
        }
    };
    listen_for_interruption();
    let points = Points::new(&plan, path, material);
    if let Err(exit) = points.check(args.jobs, colour)? {
        return Ok(exit);
    }
    let kind = if plan.search.is_some() { "smallest" } else { "sweep" };
    let usual = || PathBuf::from("reports").join(format!("{kind}-{}", scenario.slug));
    let mut out = args.out.clone().unwrap_or_else(usual);
    if shard != Shard::WHOLE {
        out.push(shard.folder());
    }
    fs::create_dir_all(&out)
        .with_context(|| format!("cannot make the folder {}", out.display()))?;
    let mut store = match opened(Store::open(&out, &plan, shard))? {
        Ok(store) => store,
        Err(exit) => return Ok(exit),
    };
    if let Err(exit) = carry_out(args, &points, &mut store)? {
        return Ok(exit);
    }
    finish(&args.shown, &store, &out, colour)
}

/// What is to be run, and which part of it here.
fn planned(args: &Args, scenario: &crate::scenario::Scenario) -> Result<(Plan, Shard), String> {
    args.series.check()?;
    args.series.seeds_from(scenario.seed)?;
    let search = match &args.smallest {
        Some(axis) => Some(
            Search::new(axis.clone(), args.such_that.clone())
                .map_err(|problem| format!("--smallest: {problem}"))?,
        ),
        None => None,
    };
    let searches = search.is_some();
    let Series { strategies, seeds } = &args.series;
    let plan = Plan::new(scenario, args.grid.clone(), search, strategies.clone(), *seeds)?;
    let shard = match args.shard {
        Some(shard) => shard,
        None => match Shard::from_environment(&|name| std::env::var(name).ok())? {
            Some((shard, by)) => {
                if !args.shown.quiet && !searches {
                    note(format!("ampacity: part {shard}, as {by} says; --shard K/N overrides it"));
                }
                shard
            }
            None => Shard::WHOLE,
        },
    };
    if searches && shard != Shard::WHOLE {
        return Err(format!(
            "part {shard} of a search cannot run alone: what it looks at next depends on all that it has seen; \
             give --shard 1/1, or sweep a --grid in parts"
        ));
    }
    Ok((plan, shard))
}

/// Runs what the store lacks, round by round for a search.
fn carry_out(
    args: &Args,
    points: &Points<'_>,
    store: &mut Store,
) -> anyhow::Result<Result<(), Exit>> {
    let plan = store.plan().clone();
    loop {
        let done = store.done()?;
        let rows: Vec<u64> = match plan.search {
            Some(_) => results::wanted(&plan, &results::quests(store)?),
            None => store.shard().rows(plan.rows()).collect(),
        };
        let asked_for = rows.len();
        let rows: Vec<u64> = rows.into_iter().filter(|row| !done.contains(row)).collect();
        if rows.is_empty() {
            return Ok(Ok(()));
        }
        let there = asked_for - rows.len();
        if there > 0 && !args.shown.quiet {
            note(format!("ampacity: {there} of {asked_for} runs are there already"));
        }
        let bar = workers::progress(rows.len(), args.shown.quiet);
        let shared = Mutex::new(&mut *store);
        let ran = workers::share(rows.len(), args.jobs, &bar, |job| {
            one_row(&plan, points, rows[job], &shared)
        })?;
        if let Err(exit) = ran {
            return Ok(Err(exit));
        }
        if INTERRUPTED.load(std::sync::atomic::Ordering::Relaxed) {
            return Ok(Ok(()));
        }
    }
}

/// Runs a row and keeps it, unless it was interrupted.
fn one_row(
    plan: &Plan,
    points: &Points<'_>,
    row: u64,
    store: &Mutex<&mut Store>,
) -> workers::Outcome<()> {
    let place = plan.place(row);
    let scenario = points.scenario(place.point).map_err(|problems| {
        let told = problems.first().map(ToString::to_string).unwrap_or_default();
        anyhow!("a point that was sound no longer is: {told}")
    })?;
    let strategy = plan.strategies[place.strategy];
    let job = Job { scenario: &scenario, strategy, seed: place.seed, trace_to: None };
    let record = match run_through(&job)? {
        Ok(record) => record,
        Err(broken) => {
            let place = plan.assignments(place.point).join(" ");
            return Ok(Err(broken.into_iter().map(|it| format!("{place}, {it}")).collect()));
        }
    };
    let report = Report::new(&scenario, &record, "");
    if report.verdict() != Verdict::Incomplete {
        let row = Row::of(row, &report);
        store.lock().unwrap_or_else(PoisonError::into_inner).add(&row)?;
    }
    Ok(Ok(()))
}

/// Writes the table and prints what a finished or interrupted sweep has found.
fn finish(shown: &Shown, store: &Store, out: &Path, colour: Colour) -> anyhow::Result<Exit> {
    store.write_table()?;
    let (plan, shard) = (store.plan(), store.shard());
    let found = Results::of(store, shown.metric)?;
    let quests = results::quests(store)?;
    if shown.json {
        data(&json::render(plan, shard, shown.metric, &found, &quests))?;
    } else if !shown.quiet {
        let text = terminal::render(plan, shown.metric, &found, &quests, colour.on_stdout());
        data(&format!("{text}\nresults: {}\n", out.display()))?;
    }
    let planned = shard.rows(plan.rows()).count() as u64;
    let whole = match plan.search {
        Some(_) => quests.iter().all(|quest| quest.answer.is_some()),
        None => found.rows == planned,
    };
    Ok(if !whole {
        note(format!(
            "ampacity: interrupted after {} runs; the same command goes on from there",
            found.rows
        ));
        Exit::Interrupted
    } else if found.rows > 0 && !found.any_session {
        note("ampacity: nothing ran: no car plugged in during any run");
        Exit::NothingRan
    } else {
        Exit::Passed
    })
}

/// A store, or how the command ends because it is another's.
fn opened(store: Result<Store, StoreError>) -> anyhow::Result<Result<Store, Exit>> {
    match store {
        Ok(store) => Ok(Ok(store)),
        Err(StoreError::Other(problem)) => {
            note(format!("ampacity: {problem}"));
            Ok(Err(Exit::Invalid))
        }
        Err(error) => Err(error.into()),
    }
}

/// Reads the name of a metric.
fn metric() -> impl TypedValueParser<Value = &'static str> {
    let known = || CATALOGUE.iter().map(|info| info.name);
    PossibleValuesParser::new(known().collect::<Vec<_>>()).try_map(move |name| {
        known().find(|known| **known == name).ok_or_else(|| anyhow!("no metric of this name"))
    })
}
