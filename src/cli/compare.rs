//! `ampacity compare SCENARIO...`.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, anyhow, bail};
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::inputs::Inputs;
use super::output::{Colour, data, note};
use super::run::command_line;
use super::scenario::Material;
use super::series::{Series, repeated};
use super::simulate::{Job, listen_for_interruption, run_through};
use super::{Exit, folder, github, scenario, workers};
use crate::allocation::Strategy;
use crate::report::compare::earlier::Earlier;
use crate::report::compare::portrait::Portrait;
use crate::report::compare::{self, Baseline, Comparison, Run, yardstick};
use crate::report::{self, Report};
use crate::scenario::model::Scenario;

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
    #[command(flatten)]
    series: Series,
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
    if let Err(problem) = args.series.check() {
        note(format!("ampacity: {problem}"));
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
    let seeds = match args.series.seeds_from(scenario.seed) {
        Ok(seeds) => seeds,
        Err(problem) => return Ok(Err(problem)),
    };
    let baseline = match &args.baseline {
        None => {
            let own = args.series.strategies.iter().position(|it| *it == scenario.site.strategy);
            Baseline::Strategy(own.unwrap_or(0))
        }
        Some(named) => match named.parse::<Strategy>() {
            Ok(strategy) => match args.series.strategies.iter().position(|it| *it == strategy) {
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
    for strategy in &args.series.strategies {
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
        if args.series.strategies.contains(&strategy) {
            folder::prepare(&folder)?;
        } else {
            folder::discard(&folder)?;
        }
    }
    let began = Instant::now();
    let jobs = args.series.strategies.len() * plan.seeds.len();
    let bar = workers::progress(jobs, args.quiet);
    // Seed by seed, so that whoever stops early has whole seeds.
    let place =
        |job: usize| (job % args.series.strategies.len(), job / args.series.strategies.len());
    let kept = workers::share(jobs, args.jobs, &bar, |job| {
        let (strategy, seed) = place(job);
        run(args, plan, strategy, seed)
    })?;
    let made: Vec<Made> = match kept {
        Ok(kept) => {
            kept.into_iter().map(|(job, kept)| (place(job).0, place(job).1, kept)).collect()
        }
        Err(exit) => return Ok(exit),
    };
    let (runs, portraits) = in_order(made, args.series.strategies.len(), plan.seeds.len());
    let seeds = runs.first().map_or(0, Vec::len);
    let comparison = Comparison {
        scenario: &plan.scenario,
        strategies: args.series.strategies.clone(),
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
    let path = plan.path.to_string_lossy();
    github::summarise(|| report::github::summary_of_comparison(&comparison, &regressions));
    github::annotate(report::github::annotations_of_comparison(&path, &comparison, &regressions));
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

/// What is kept of a run.
type Kept = (Run, Option<Portrait>);

/// Place of the strategy, place of the seed, what is kept.
type Made = (usize, usize, Kept);

/// Runs of the seeds that all strategies have run to the end, strategy by strategy in the order of the
/// seeds; and what the charts show, in the order of the strategies.
fn in_order(
    mut made: Vec<Made>,
    strategies: usize,
    seeds: usize,
) -> (Vec<Vec<Run>>, Vec<Portrait>) {
    let mut complete = vec![0; seeds];
    made.iter().for_each(|(_, seed, (run, _))| complete[*seed] += usize::from(run.complete));
    made.sort_by_key(|(strategy, seed, _)| (*seed, *strategy));
    let mut runs = vec![Vec::new(); strategies];
    let mut portraits = Vec::new();
    for (strategy, seed, (run, portrait)) in made {
        if complete[seed] == strategies {
            runs[strategy].push(run);
        }
        portraits.extend(portrait);
    }
    (runs, portraits)
}

/// A run, or the invariants that it broke. That of the first seed leaves its whole report, and what the
/// charts show of it.
fn run(args: &Args, plan: &Plan, strategy: usize, seed: usize) -> workers::Outcome<Kept> {
    let strategy = args.series.strategies[strategy];
    let job = Job { scenario: &plan.scenario, strategy, seed: plan.seeds[seed], trace_to: None };
    let record = match run_through(&job)? {
        Ok(record) => record,
        Err(broken) => return Ok(Err(broken)),
    };
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
