//! `ampacity compare SCENARIO...`.

use std::io::{self, IsTerminal};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use anyhow::{Context, anyhow, bail};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use indicatif::{ProgressBar, ProgressStyle};

use super::inputs::Inputs;
use super::output::{Colour, data, note};
use super::run::{LARGEST_SEED, command_line, strategy};
use super::scenario::Material;
use super::simulate::{INTERRUPTED, Job, flat_out, listen_for_interruption, simulate};
use super::{Exit, folder, scenario};
use crate::allocation::Strategy;
use crate::report::compare::earlier::Earlier;
use crate::report::compare::portrait::Portrait;
use crate::report::compare::{self, Baseline, Comparison, Run, yardstick};
use crate::report::{self, Report};
use crate::scenario::model::Scenario;
use crate::time::Time;

/// The strategies of the smart-charging guide.
const USUAL: [Strategy; 4] =
    [Strategy::Equal, Strategy::FirstComeFirstServed, Strategy::Priority, Strategy::MaxThroughput];

/// What a comparison leaves, and what an earlier one is read from.
const RESULT: &str = "comparison.json";
/// What is larger is none of ours.
const LARGEST_RESULT: u64 = 1 << 30;

/// Arguments of `compare`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Scenario files (TOML).
    #[arg(value_name = "SCENARIO", required = true)]
    scenarios: Vec<PathBuf>,
    /// Strategies to compare, separated by commas.
    #[arg(
        long,
        value_name = "A,B,..",
        value_delimiter = ',',
        value_parser = strategy(),
        default_values = USUAL.map(Strategy::name)
    )]
    strategies: Vec<Strategy>,
    /// How many seeds each strategy runs with: the scenario's and those that follow it.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    seeds: u32,
    /// What differences are taken to: one of the strategies, or an earlier comparison.json (or the
    /// folder that holds it), seed by seed [default: the scenario's strategy, or the first].
    #[arg(long, value_name = "STRATEGY|FILE")]
    baseline: Option<String>,
    /// Exit with 1 when a metric is worse than the baseline by more than so many percent of it, and by
    /// more than chance explains; where the baseline is 0, by anything.
    #[arg(long, value_name = "PERCENT", value_parser = percent, allow_negative_numbers = true)]
    max_regression: Option<f64>,
    /// Metrics that --max-regression looks at, separated by commas [default: those of the table; between
    /// strategies: demand met, fully served, over limit].
    #[arg(long, value_name = "METRIC,..", value_delimiter = ',', value_parser = metric(), requires = "max_regression")]
    gate: Vec<&'static str>,
    /// Change a value of the scenario, e.g. `site.max_power_kw=80`; may be given again.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    overrides: Vec<String>,
    /// Folder for the results; of several scenarios each has its own in it
    /// [default: reports/compare-<scenario>].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Runs at a time [default: as many as the machine has cores].
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Print comparison.json instead of the table; of several scenarios, one after the other.
    #[arg(long, conflicts_with = "quiet")]
    json: bool,
    /// Print nothing but errors.
    #[arg(long, short)]
    quiet: bool,
}

/// Compares the strategies on each scenario. The exit code is the worst of all.
pub(super) fn compare(args: &Args, colour: Colour) -> anyhow::Result<Exit> {
    if let Some(twice) = repeated(&args.strategies) {
        note(format!("ampacity: --strategies names {twice} twice; name it once"));
        return Ok(Exit::Invalid);
    }
    let mut plans = Vec::new();
    for path in &args.scenarios {
        let loaded = scenario::load_to_run(path, &args.overrides, args.quiet, colour)?;
        let Some((scenario, material)) = loaded else { return Ok(Exit::Invalid) };
        match plan(args, path, scenario, material)? {
            Ok(plan) => plans.push(plan),
            Err(problem) => {
                note(format!("ampacity: {problem}"));
                return Ok(Exit::Invalid);
            }
        }
    }
    let outs: Vec<&Path> = plans.iter().map(|plan| plan.out.as_path()).collect();
    if let Some(twice) = repeated(&outs) {
        note(format!(
            "ampacity: two scenarios would write to {}; give them different names",
            twice.display()
        ));
        return Ok(Exit::Invalid);
    }
    listen_for_interruption();
    let mut worst = Exit::Passed;
    for plan in &plans {
        worst = worst.max(carry_out(args, plan, colour)?);
        if worst == Exit::Interrupted {
            break;
        }
    }
    Ok(worst)
}

/// A comparison that is to be made.
struct Plan {
    path: PathBuf,
    scenario: Scenario,
    material: Material,
    seeds: Vec<u64>,
    baseline: Baseline,
    out: PathBuf,
}

/// What is to be done for a scenario, or why it cannot be.
fn plan(
    args: &Args,
    path: &Path,
    scenario: Scenario,
    material: Material,
) -> anyhow::Result<Result<Plan, String>> {
    let out = match &args.out {
        Some(out) if args.scenarios.len() > 1 => out.join(&scenario.slug),
        Some(out) => out.clone(),
        None => PathBuf::from("reports").join(format!("compare-{}", scenario.slug)),
    };
    let last = scenario.seed.saturating_add(u64::from(args.seeds) - 1);
    if last > LARGEST_SEED {
        let first = scenario.seed;
        return Ok(Err(format!(
            "there are no {} seeds from {first} on: the largest is {LARGEST_SEED}; give the scenario a \
             smaller one",
            args.seeds
        )));
    }
    let seeds: Vec<u64> = (scenario.seed..=last).collect();
    let baseline = match &args.baseline {
        None => {
            let own = args.strategies.iter().position(|it| *it == scenario.site.strategy);
            Baseline::Strategy(own.unwrap_or(0))
        }
        Some(named) => match named.parse::<Strategy>() {
            Ok(strategy) => match args.strategies.iter().position(|it| *it == strategy) {
                Some(at) => Baseline::Strategy(at),
                None => {
                    return Ok(Err(format!(
                        "--baseline {strategy} is none of the strategies compared; add it to \
                         --strategies"
                    )));
                }
            },
            Err(_) => match earlier(args, named, &scenario, &seeds, &out)? {
                Ok(earlier) => Baseline::Earlier(earlier),
                Err(problem) => return Ok(Err(problem)),
            },
        },
    };
    let path = path.to_owned();
    Ok(Ok(Plan { path, scenario, material, seeds, baseline, out }))
}

/// The earlier comparison that was named, if it can be compared with.
fn earlier(
    args: &Args,
    named: &str,
    scenario: &Scenario,
    seeds: &[u64],
    out: &Path,
) -> anyhow::Result<Result<Earlier, String>> {
    let mut path = PathBuf::from(named);
    if path.join(&scenario.slug).join(RESULT).is_file() {
        path = path.join(&scenario.slug);
    }
    if path.is_dir() {
        path = path.join(RESULT);
    }
    let shown = path.display().to_string();
    if !path.exists() {
        let names = Strategy::ALL.map(Strategy::name).join(", ");
        return Ok(Err(format!(
            "--baseline {named} is neither a strategy nor an earlier comparison: there is no {shown}; \
             strategies are {names}"
        )));
    }
    let same = |other: &Path| path.canonicalize().ok() == other.canonicalize().ok();
    if same(&out.join(RESULT)) {
        return Ok(Err(format!(
            "the results would replace the baseline {shown}; give another --out"
        )));
    }
    let text =
        scenario::bytes(&path, LARGEST_RESULT).with_context(|| format!("cannot read {shown}"))?;
    let earlier = match Earlier::read(&text) {
        Ok(earlier) => earlier,
        Err(problem) => return Ok(Err(format!("cannot compare with {shown}: {problem}"))),
    };
    for strategy in &args.strategies {
        if !seeds.iter().any(|seed| earlier.ran(strategy.name(), *seed)) {
            return Ok(Err(format!(
                "{shown} has no run of {strategy} with a seed from {} to {}; make it again with these \
                 --strategies and --seeds",
                seeds[0],
                seeds[seeds.len() - 1]
            )));
        }
    }
    if earlier.scenario_sha256 != scenario.sha256 && !args.quiet {
        note(format!("ampacity: {shown} was made from another state of this scenario"));
    }
    Ok(Ok(earlier))
}

/// Runs everything, writes the results, prints them.
fn carry_out(args: &Args, plan: &Plan, colour: Colour) -> anyhow::Result<Exit> {
    for strategy in Strategy::ALL {
        let folder = plan.out.join(strategy.name());
        if args.strategies.contains(&strategy) {
            folder::prepare(&folder)?;
        } else {
            folder::discard(&folder)?;
        }
    }
    let began = Instant::now();
    let bar = progress(args, plan);
    let workshop =
        Workshop { args, plan, bar: &bar, next: AtomicUsize::new(0), made: Mutex::default() };
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let workers = args.jobs.map_or(cores, NonZeroUsize::get).min(workshop.jobs());
    thread::scope(|scope| {
        (0..workers).for_each(|_| drop(scope.spawn(|| workshop.work())));
    });
    bar.finish_and_clear();
    let made = workshop.made.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    if let Some(error) = made.failed {
        return Err(error);
    }
    if !made.broken.is_empty() {
        note("ampacity: this is a bug of the program, please report it with the scenario:");
        made.broken.iter().for_each(note);
        return Ok(Exit::Bug);
    }
    let (runs, portraits) = made.in_order(args.strategies.len(), plan.seeds.len());
    let seeds = runs.first().map_or(0, Vec::len);
    let comparison = Comparison {
        scenario: &plan.scenario,
        strategies: args.strategies.clone(),
        runs,
        baseline: plan.baseline.clone(),
        command_line: command_line(),
        wall_s: began.elapsed().as_secs_f64(),
    };
    if seeds == 0 {
        note(
            "ampacity: interrupted before every strategy had run with one seed; nothing to compare",
        );
        return Ok(Exit::Interrupted);
    }
    let tolerated = args.max_regression;
    let regressions = tolerated
        .map(|tolerated| comparison.regressions(tolerated, &args.gate))
        .unwrap_or_default();
    report::write::write_comparison(&plan.out, &comparison, &regressions, &portraits)
        .with_context(|| format!("cannot write the results to {}", plan.out.display()))?;
    if args.json {
        data(&compare::json::render(&comparison, &regressions))?;
    } else if !args.quiet {
        let text = compare::terminal::render(&comparison, &regressions, colour.on_stdout());
        let pace = compare::terminal::pace(&comparison);
        data(&format!("{text}{pace}\nresults: {}\n", plan.out.display()))?;
    }
    let nothing = comparison.runs.iter().flatten().all(|run| run.metrics.sessions == 0);
    Ok(if seeds < plan.seeds.len() {
        note(format!(
            "ampacity: interrupted; the results cover {} of {} seeds",
            seeds,
            plan.seeds.len()
        ));
        Exit::Interrupted
    } else if nothing {
        note("ampacity: nothing ran: no car plugged in during any run");
        Exit::NothingRan
    } else if !regressions.is_empty() || comparison.failures().next().is_some() {
        Exit::Failed
    } else {
        Exit::Passed
    })
}

/// Place of the strategy, place of the seed, run.
type Made = (usize, usize, Run);

/// What is kept of a run.
type Kept = (Run, Option<Portrait>);

/// What workers share.
struct Workshop<'a> {
    args: &'a Args,
    plan: &'a Plan,
    bar: &'a ProgressBar,
    next: AtomicUsize,
    made: Mutex<Product>,
}

/// What has been made so far.
#[derive(Default)]
struct Product {
    runs: Vec<Made>,
    /// Place of the strategy, what the charts show of its first run.
    portraits: Vec<(usize, Portrait)>,
    /// Broken invariants of the program.
    broken: Vec<String>,
    failed: Option<anyhow::Error>,
}

impl Product {
    /// Runs of the seeds that all strategies have run to the end, strategy by strategy in the order of the
    /// seeds; and what the charts show, in the order of the strategies.
    fn in_order(mut self, strategies: usize, seeds: usize) -> (Vec<Vec<Run>>, Vec<Portrait>) {
        let mut complete = vec![0; seeds];
        self.runs.iter().for_each(|(_, seed, run)| complete[*seed] += usize::from(run.complete));
        self.runs.sort_by_key(|(_, seed, _)| *seed);
        let mut runs = vec![Vec::new(); strategies];
        for (strategy, seed, run) in self.runs {
            if complete[seed] == strategies {
                runs[strategy].push(run);
            }
        }
        self.portraits.sort_by_key(|(strategy, _)| *strategy);
        (runs, self.portraits.into_iter().map(|(_, portrait)| portrait).collect())
    }
}

impl Workshop<'_> {
    fn jobs(&self) -> usize {
        self.args.strategies.len() * self.plan.seeds.len()
    }

    /// One job after the other, seed by seed, so that whoever stops early has whole seeds.
    fn work(&self) {
        loop {
            let job = self.next.fetch_add(1, Ordering::Relaxed);
            if job >= self.jobs() || INTERRUPTED.load(Ordering::Relaxed) {
                return;
            }
            let (seed, strategy) =
                (job / self.args.strategies.len(), job % self.args.strategies.len());
            let done = self.run(strategy, seed);
            let mut made = self.made.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            match done {
                Ok(Ok((run, portrait))) => {
                    made.runs.push((strategy, seed, run));
                    made.portraits.extend(portrait.map(|portrait| (strategy, portrait)));
                }
                Ok(Err(broken)) => made.broken.extend(broken),
                Err(error) => {
                    made.failed.get_or_insert(error);
                }
            }
            if made.failed.is_some() || !made.broken.is_empty() {
                // Whoever is at work ends what it has.
                self.next.store(self.jobs(), Ordering::Relaxed);
            }
            self.bar.inc(1);
        }
    }

    /// A run, or the invariants that it broke. That of the first seed leaves its whole report, and what
    /// the charts show of it.
    fn run(&self, strategy: usize, seed: usize) -> anyhow::Result<Result<Kept, Vec<String>>> {
        let plan = self.plan;
        let strategy = self.args.strategies[strategy];
        let job =
            Job { scenario: &plan.scenario, strategy, seed: plan.seeds[seed], trace_to: None };
        let record = simulate(&job, |world, stop| {
            flat_out(world, stop, &[], Time::NEVER, false);
            Ok(())
        })?;
        let broken = record.broken_invariants();
        if !broken.is_empty() {
            let named = |what| format!("{strategy}, seed {}: {what}", job.seed);
            return Ok(Err(broken.into_iter().map(named).collect()));
        }
        let report = Report::new(&plan.scenario, &record, &command_line());
        let mut portrait = None;
        if seed == 0 {
            let out = plan.out.join(strategy.name());
            report::write::write_all(&out, &report)
                .with_context(|| format!("cannot write the results to {}", out.display()))?;
            let material = plan.material.clone();
            Inputs::new(&plan.path, material, strategy, job.seed, Vec::new()).write(&out)?;
            portrait = Some(Portrait::of(&report));
        }
        Ok(Ok((Run::of(&report), portrait)))
    }
}

fn progress(args: &Args, plan: &Plan) -> ProgressBar {
    if args.quiet || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new((args.strategies.len() * plan.seeds.len()) as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos} of {len} runs, {eta} left") {
        bar.set_style(style);
    }
    bar
}

/// Something that is there twice.
fn repeated<T: PartialEq + Copy>(all: &[T]) -> Option<T> {
    (1..all.len()).find(|at| all[..*at].contains(&all[*at])).map(|at| all[at])
}

/// Reads the name of a metric that has a better direction.
fn metric() -> impl TypedValueParser<Value = &'static str> {
    let known = || report::metrics::CATALOGUE.iter().map(|info| info.name);
    let judged: Vec<&'static str> =
        known().filter(|name| yardstick::better(name).is_some()).collect();
    PossibleValuesParser::new(judged).try_map(move |name| {
        known().find(|known| **known == name).ok_or_else(|| anyhow!("no metric of this name"))
    })
}

/// Reads a percentage of at least 0.
fn percent(text: &str) -> anyhow::Result<f64> {
    match text.trim_end_matches('%').trim().parse::<f64>() {
        Ok(percent) if percent.is_finite() && percent >= 0.0 => Ok(percent),
        _ => bail!("a number of percent from 0 on, like 2 or 0.5"),
    }
}
