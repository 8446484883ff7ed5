//! What `sweep --json` prints: one metric by point and strategy, the answers of a search, for programs.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::grid::Axis;
use super::plan::Plan;
use super::results::{Quest, Results};
use super::search::{Answer, Search};
use super::shard::Shard;
use super::terminal;
use crate::report::assertions::round6;
use crate::report::schemas;

/// Identifies the layout; the number rises when a key changes its meaning or goes away.
pub const SCHEMA: &str = "ampacity-sweep/1";

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    ampacity_version: &'a str,
    scenario: &'a str,
    scenario_sha256: &'a str,
    /// 1 of 1: everything.
    shard: Shard,
    grid: Vec<Varied<'a>>,
    strategies: Vec<&'static str>,
    first_seed: u64,
    seeds: u32,
    /// Whether everything has run that was to run.
    complete: bool,
    runs: u64,
    metric: &'a str,
    cells: Vec<Mean<'a>>,
    answers: Vec<Reply<'a>>,
}

#[derive(Serialize)]
struct Varied<'a> {
    path: &'a str,
    values: &'a [String],
    /// Only some values were looked at, to find the smallest that meets conditions.
    searched: bool,
}

/// A path and its value at a point, as they were given.
type Values<'a> = BTreeMap<&'a str, &'a str>;

#[derive(Serialize)]
struct Mean<'a> {
    values: Values<'a>,
    strategy: &'static str,
    runs: u32,
    /// Runs in which an assertion of the scenario does not hold.
    failed: u32,
    mean: Option<f64>,
}

#[derive(Serialize)]
struct Reply<'a> {
    /// Of the grid, without what is searched along.
    values: Values<'a>,
    strategy: &'static str,
    /// `smallest`, `first` (the smallest value searched already meets the conditions), `none` (no value
    /// does), or `unfinished`.
    found: &'static str,
    /// The smallest value that meets the conditions, of those searched.
    value: Option<&'a str>,
    sentences: Vec<String>,
}

/// The text. Keys come in a fixed order.
#[must_use]
pub fn render(
    plan: &Plan,
    shard: Shard,
    metric: &str,
    results: &Results,
    quests: &[Quest],
) -> String {
    let complete = match plan.search {
        Some(_) => quests.iter().all(|quest| quest.answer.is_some()),
        None => results.rows == shard.rows(plan.rows()).count() as u64,
    };
    let varied = |(at, axis)| Varied::new(axis, at >= plan.grid.len());
    let document = Document {
        schema: SCHEMA,
        ampacity_version: &plan.ampacity_version,
        scenario: &plan.scenario,
        scenario_sha256: &plan.scenario_sha256,
        shard,
        grid: plan.axes().enumerate().map(varied).collect(),
        strategies: plan.strategies.iter().map(|strategy| strategy.name()).collect(),
        first_seed: plan.first_seed,
        seeds: plan.seeds,
        complete,
        runs: results.rows,
        metric,
        cells: cells(plan, results),
        answers: plan
            .search
            .as_ref()
            .map(|search| replies(plan, search, quests))
            .unwrap_or_default(),
    };
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

/// The JSON Schema of what is printed.
#[must_use]
pub fn schema() -> Value {
    let values = || schemas::map(schemas::text("Value of a path at this point, as it was given"));
    let shard = schemas::object(&[
        ("number", schemas::count("Which part of the rows, from 1")),
        ("of", schemas::count("How many parts there are")),
    ]);
    let varied = schemas::object(&[
        ("path", schemas::text("Path into the scenario")),
        ("values", schemas::list(schemas::text("As it was given"))),
        (
            "searched",
            schemas::flag("Only some values were looked at, to find the smallest that does"),
        ),
    ]);
    let cell = schemas::object(&[
        ("values", values()),
        ("strategy", schemas::strategy()),
        ("runs", schemas::count("How many seeds")),
        ("failed", schemas::count("Runs in which an assertion of the scenario does not hold")),
        ("mean", schemas::nullable("number", "Mean of the metric over them")),
    ]);
    let answer = schemas::object(&[
        ("values", values()),
        ("strategy", schemas::strategy()),
        ("found", json!({ "enum": ["smallest", "first", "none", "unfinished"] })),
        ("value", schemas::nullable("string", "The smallest value that meets the conditions")),
        ("sentences", schemas::list(schemas::text("What that means"))),
    ]);
    let mut fields = schemas::heading(SCHEMA);
    fields.extend([
        ("shard", shard),
        ("grid", schemas::list(varied)),
        ("strategies", schemas::list(schemas::strategy())),
        ("first_seed", schemas::count("The first of them")),
        ("seeds", schemas::count("How many")),
        ("complete", schemas::flag("Whether everything has run that was to run")),
        ("runs", schemas::count("Rows that there are")),
        ("metric", schemas::metric_name()),
        ("cells", schemas::list(cell)),
        ("answers", schemas::list(answer)),
    ]);
    schemas::document("What ampacity sweep --json prints", &fields, &[])
}

impl<'a> Varied<'a> {
    fn new(axis: &'a Axis, searched: bool) -> Varied<'a> {
        Varied { path: &axis.path, values: &axis.values, searched }
    }
}

fn values(plan: &Plan, point: u64) -> Values<'_> {
    plan.axes().map(|axis| axis.path.as_str()).zip(plan.values(point)).collect()
}

fn cells<'a>(plan: &'a Plan, results: &Results) -> Vec<Mean<'a>> {
    let each = results.cells.iter().flat_map(|(point, cells)| {
        plan.strategies.iter().zip(cells).filter(|(_, cell)| cell.runs > 0).map(
            move |(strategy, cell)| Mean {
                values: values(plan, *point),
                strategy: strategy.name(),
                runs: cell.runs,
                failed: cell.failed,
                mean: cell.mean().map(round6),
            },
        )
    });
    each.collect()
}

fn replies<'a>(plan: &'a Plan, search: &'a Search, quests: &[Quest]) -> Vec<Reply<'a>> {
    let along = search.axis.values.len() as u64;
    let reply = |quest: &Quest| {
        let mut values = values(plan, quest.point * along);
        values.remove(search.axis.path.as_str());
        let value = |at: usize| Some(search.axis.values[at].as_str());
        let (found, value) = match quest.answer {
            Some(Answer::Smallest(at)) => ("smallest", value(at)),
            Some(Answer::First) => ("first", value(0)),
            Some(Answer::None) => ("none", None),
            None => ("unfinished", None),
        };
        let strategy = plan.strategies[quest.strategy].name();
        Reply { values, strategy, found, value, sentences: terminal::sentences(plan, quest) }
    };
    quests.iter().map(reply).collect()
}
