//! `report.html` of a comparison: one offline page, with the differences in words.

use serde::Serialize;

use crate::report::charts::STYLE;
use crate::report::charts::svg::{Path, Svg};
use crate::report::compare::charts::{Figure, look};
use crate::report::compare::gate::Regression;
use crate::report::compare::statistics::Difference;
use crate::report::compare::yardstick::{Better, Row, SHOWN, better};
use crate::report::compare::{Baseline, Comparison, sentence, tables, terminal};
use crate::report::html::{Drawing, fill};
use crate::report::text::{duration, local, number, short};

const TEMPLATE: &str = include_str!("../templates/comparison.html");

/// Failed assertions and regressions, and seeds, that are listed; the rest is in `comparison.json`.
const LISTED: usize = 40;

/// The page, with the charts inside it. It loads nothing and runs no script.
#[must_use]
pub fn render(
    comparison: &Comparison<'_>,
    regressions: &[Regression],
    figures: &[Figure],
) -> String {
    fill(TEMPLATE, Page::of(comparison, regressions, figures))
}

#[derive(Serialize)]
struct Page {
    title: String,
    subject: String,
    verdict: &'static str,
    sentence: String,
    problems: Vec<Problem>,
    problems_total: usize,
    runs: String,
    strategies: Vec<Column>,
    sections: Vec<Section>,
    brackets: String,
    baseline: String,
    certainty: &'static str,
    differences: Vec<Differences>,
    charts: Vec<Drawing>,
    chart_style: &'static str,
    facts: Vec<(&'static str, String)>,
    command_line: String,
    version: &'static str,
}

#[derive(Serialize)]
struct Problem {
    kind: &'static str,
    text: String,
}

#[derive(Serialize)]
struct Column {
    name: &'static str,
    /// Between them a name may be broken.
    words: Vec<&'static str>,
    /// How the charts show it: the elements of a small drawing.
    key: String,
}

#[derive(Serialize)]
struct Section {
    name: &'static str,
    rows: Vec<Means>,
}

#[derive(Serialize)]
struct Means {
    title: &'static str,
    cells: Vec<Cell>,
}

#[derive(Serialize)]
struct Cell {
    mean: String,
    best: bool,
}

/// A strategy against the baseline, in words.
#[derive(Serialize)]
struct Differences {
    name: &'static str,
    better: Vec<String>,
    worse: Vec<String>,
    same: String,
}

impl Page {
    fn of(comparison: &Comparison<'_>, regressions: &[Regression], figures: &[Figure]) -> Page {
        let mut problems = problems(comparison, regressions);
        let problems_total = problems.len();
        problems.truncate(LISTED);
        let seeds = comparison.seeds().len();
        Page {
            title: comparison.scenario.name.clone(),
            subject: subject(comparison),
            verdict: if problems_total > 0 { "FAILED" } else { "COMPARED" },
            sentence: sentence::of(comparison),
            problems,
            problems_total,
            runs: if seeds == 1 { "one run".to_owned() } else { format!("{seeds} runs") },
            strategies: comparison.strategies.iter().map(|strategy| column(*strategy)).collect(),
            sections: SHOWN.iter().map(|(name, rows)| section(comparison, name, rows)).collect(),
            brackets: tables::brackets(comparison),
            baseline: comparison.baseline_name(),
            certainty: if seeds == 1 {
                "One seed tells little: more of them (--seeds 20) tell chance from difference, and give each its 95 % interval."
            } else {
                "With its 95 % interval, taken seed by seed over the same cars."
            },
            differences: differences(comparison),
            charts: figures.iter().map(|figure| Drawing::of(&figure.chart)).collect(),
            chart_style: STYLE,
            facts: facts(comparison),
            command_line: comparison.command_line.clone(),
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

fn subject(comparison: &Comparison<'_>) -> String {
    let scenario = comparison.scenario;
    let begin = local(scenario.start, scenario.utc_offset);
    let strategies = match comparison.strategies.len() {
        1 => "1 strategy".to_owned(),
        several => format!("{several} strategies"),
    };
    format!(
        "{strategies} · {} · {} chargers · {} kW · {} from {} {}",
        terminal::seeds(comparison),
        scenario.chargers.len(),
        short(scenario.site.max_power.kw()),
        duration(scenario.duration.s()),
        begin.day_and_date(),
        begin.clock()
    )
}

fn problems(comparison: &Comparison<'_>, regressions: &[Regression]) -> Vec<Problem> {
    let failed = comparison.failures().flat_map(|(strategy, run)| {
        run.failed.iter().map(move |outcome| {
            let (condition, found) = (outcome.condition(), outcome.found());
            format!("{strategy}, seed {}: expected {condition}, found {found}", run.seed)
        })
    });
    let worse = regressions.iter().map(|it| Problem { kind: "worse", text: it.sentence() });
    worse.chain(failed.map(|text| Problem { kind: "failed", text })).collect()
}

fn column(strategy: crate::allocation::Strategy) -> Column {
    let mut key = Svg::new(34.0, 12.0);
    let mut path = Path::default();
    path.polyline([(1.0, 6.0), (33.0, 6.0)], false);
    key.path(&path, &look::line(strategy));
    look::mark(&mut key, strategy, (17.0, 6.0), 4.5);
    let name = strategy.name();
    Column { name, words: name.split('_').collect(), key: key.body().to_owned() }
}

fn section(comparison: &Comparison<'_>, name: &'static str, rows: &[Row]) -> Section {
    let row = |(metric, title): &Row| {
        let cells = tables::means(comparison, metric).into_iter().zip(comparison.best(metric));
        Means { title, cells: cells.map(|(mean, best)| Cell { mean, best }).collect() }
    };
    Section { name, rows: rows.iter().map(row).collect() }
}

fn differences(comparison: &Comparison<'_>) -> Vec<Differences> {
    let own = |at: &usize| comparison.baseline != Baseline::Strategy(*at);
    let all = |at: usize| {
        let mut told = Differences {
            name: comparison.strategies[at].name(),
            better: Vec::new(),
            worse: Vec::new(),
            same: String::new(),
        };
        let mut same = Vec::new();
        for (metric, title) in SHOWN.iter().flat_map(|(_, rows)| rows.iter()) {
            let Some(difference) = comparison.difference(at, metric) else { continue };
            if !difference.is_significant() {
                same.push(*title);
                continue;
            }
            let worse =
                better(metric).is_some_and(|better: Better| better.worse(difference.mean) > 0.0);
            let lines = if worse { &mut told.worse } else { &mut told.better };
            lines.push(in_words(title, difference));
        }
        told.same = same.join("; ");
        told
    };
    (0..comparison.strategies.len()).filter(own).map(all).collect()
}

/// `demand met, %: +1.31 ±0.42, 93.1 instead of 91.8`.
fn in_words(title: &str, difference: Difference) -> String {
    let (before, now) = (difference.first, difference.first + difference.mean);
    let places = tables::decimals(before.abs().max(now.abs()))
        .max(tables::decimals(difference.half_width.unwrap_or(0.0).max(difference.mean.abs())));
    format!(
        "{title}: {}, {} instead of {}",
        tables::change(Some(difference)),
        number(now, places),
        number(before, places)
    )
}

fn facts(comparison: &Comparison<'_>) -> Vec<(&'static str, String)> {
    let names: Vec<&str> = comparison.strategies.iter().map(|strategy| strategy.name()).collect();
    let seeds = comparison.seeds();
    let seeds = if seeds.len() <= LISTED {
        seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")
    } else {
        format!("{} of them: {}", seeds.len(), terminal::seeds(comparison))
    };
    let mut rows = vec![
        ("Strategies", names.join(", ")),
        ("Differences are to", comparison.baseline_name()),
        ("Seeds", seeds),
        ("SHA-256 of the scenario", comparison.scenario.sha256.clone()),
        ("Ampacity", env!("CARGO_PKG_VERSION").to_owned()),
    ];
    if comparison.wall_s > 0.0 {
        rows.push(("Wall-clock time", terminal::pace(comparison)));
    }
    rows
}
