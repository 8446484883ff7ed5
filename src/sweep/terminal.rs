//! What `sweep` prints: one metric by point and strategy, or the answers of a search, a sentence each.

use super::plan::Plan;
use super::results::{Quest, Results};
use super::search::{Answer, Condition, Search};
use crate::report::metrics::CATALOGUE;
use crate::report::terminal::Paint;
use crate::report::text::number;

/// Lines of points, or sentences, at most; the rest is counted.
const LINES: usize = 30;
/// A strategy's column is at least so wide.
const NARROWEST: usize = 9;
/// A line is at most so wide; strategies without room stand below.
const WIDEST: usize = 100;

/// Units by the last word of a path.
const UNITS: [(&str, &str); 6] =
    [("_kw", "kW"), ("_kwh", "kWh"), ("_a", "A"), ("_v", "V"), ("_pct", "%"), ("_s", "s")];

/// The text, ending in a newline.
#[must_use]
pub fn render(
    plan: &Plan,
    metric: &str,
    results: &Results,
    quests: &[Quest],
    colour: bool,
) -> String {
    let paint = Paint(colour);
    let seeds = match plan.seeds {
        1 => format!("seed {}", plan.first_seed),
        more => {
            let last = plan.first_seed + u64::from(more) - 1;
            format!("mean of the seeds {} to {last}", plan.first_seed)
        }
    };
    let mut lines = vec![paint.bold(&plan.scenario)];
    if plan.search.is_some() {
        lines.push(format!("{seeds}; {} runs", results.rows));
        lines.push(String::new());
        lines.extend(quests.iter().take(LINES).flat_map(|quest| sentences(plan, quest)));
        lines.extend(more(quests.len().saturating_sub(LINES), "answers, see --json"));
    } else {
        lines.push(format!("{metric}{}, {seeds}", in_unit(metric)));
        if results.cells.values().flatten().any(|cell| cell.failed > 0) {
            lines.push("! an assertion of the scenario fails in at least one run".to_owned());
        }
        lines.extend(tables(plan, metric, results, paint));
    }
    lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// What a search came to, and where it is not to be trusted.
#[must_use]
pub fn sentences(plan: &Plan, quest: &Quest) -> Vec<String> {
    let Some(search) = &plan.search else { return Vec::new() };
    let name = plan.strategies[quest.strategy].name();
    let along = search.axis.values.len() as u64;
    let values = plan.values(quest.point * along);
    let point = plan.grid.iter().zip(values).map(|(axis, value)| format!("{}={value}", axis.path));
    let place = point.collect::<Vec<_>>().join(" ");
    let who = if place.is_empty() { name.to_owned() } else { format!("{place}: {name}") };
    let wanted =
        search.conditions.iter().map(Condition::to_string).collect::<Vec<_>>().join(" and ");
    let value = |at: usize| valued(search, at);
    let last = search.axis.values.len() - 1;
    let figures = |at: usize| found(search, &quest.seen[&at]);
    let mut lines = vec![match quest.answer {
        None => format!("{who}: interrupted before an answer."),
        Some(Answer::First) => format!(
            "{who}: {}, the smallest value searched, already has {wanted}: {}.",
            value(0),
            figures(0)
        ),
        Some(Answer::None) => {
            format!("{who}: no value up to {} has {wanted}: {} there.", value(last), figures(last))
        }
        Some(Answer::Smallest(at)) => format!(
            "{who} needs {} for {wanted}: {}, and {} with {}.",
            value(at),
            figures(at),
            figures(at - 1),
            value(at - 1)
        ),
    }];
    if let Some((condition, before, after)) = search.uneven(&quest.seen) {
        lines.push(format!(
            "  not monotone: {} is worse with {} than with {}, so a smaller value may do as well",
            condition.metric,
            value(after),
            value(before)
        ));
    }
    lines
}

/// A value searched along with the unit that its path names.
fn valued(search: &Search, at: usize) -> String {
    let (path, value) = (&search.axis.path, &search.axis.values[at]);
    match UNITS.iter().find(|(word, _)| path.ends_with(word)) {
        Some((_, unit)) => format!("{value} {unit}"),
        None => format!("{path}={value}"),
    }
}

/// The figures of all conditions, with as many decimals as show whether they hold.
fn found(search: &Search, means: &[Option<f64>]) -> String {
    let one = |(condition, mean): (&Condition, &Option<f64>)| {
        let Some(mean) = *mean else { return "not measured".to_owned() };
        let shows = |decimals: &usize| {
            let scale = 10_f64.powi(*decimals as i32);
            condition.holds((mean * scale).round() / scale) == condition.holds(mean)
        };
        let text = number(mean, (2..6).find(shows).unwrap_or(6));
        match unit(&condition.metric) {
            "" => text,
            unit => format!("{text} {unit}"),
        }
    };
    search.conditions.iter().zip(means).map(one).collect::<Vec<_>>().join(" and ")
}

/// A line for each point, strategies beside each other as far as there is room.
fn tables(plan: &Plan, metric: &str, results: &Results, paint: Paint) -> Vec<String> {
    let width = |at: &usize| plan.strategies[*at].name().len().max(NARROWEST) + 2;
    let axes: Vec<usize> = (0..plan.grid.len())
        .map(|at| {
            let axis = &plan.grid[at];
            let longest = axis.values.iter().map(|value| value.chars().count()).max();
            axis.path.chars().count().max(longest.unwrap_or(0))
        })
        .collect();
    let room = WIDEST.saturating_sub(axes.iter().map(|width| width + 2).sum());
    let mut groups: Vec<Vec<usize>> = vec![Vec::new()];
    for at in 0..plan.strategies.len() {
        let last = groups.len() - 1;
        let used: usize = groups[last].iter().map(width).sum();
        if used > 0 && used + width(&at) > room {
            groups.push(vec![at]);
        } else {
            groups[last].push(at);
        }
    }
    let shown = LINES / groups.len();
    let decimals =
        if CATALOGUE.iter().any(|info| info.name == metric && info.count) { 1 } else { 2 };
    let left = |texts: Vec<&str>| -> String {
        texts.iter().zip(&axes).map(|(text, width)| format!("{text:<width$}  ")).collect()
    };
    let mut lines = Vec::new();
    for group in groups {
        let heads: String = group
            .iter()
            .map(|at| format!("{:>width$} ", plan.strategies[*at].name(), width = width(at) - 1))
            .collect();
        lines.push(String::new());
        let paths = plan.grid.iter().map(|axis| axis.path.as_str()).collect();
        lines.push(paint.bold(&format!("{}{heads}", left(paths))));
        for (point, cells) in results.cells.iter().take(shown) {
            let one = |at: &usize| {
                let text = number(cells[*at].mean().unwrap_or(f64::NAN), decimals);
                let mark = if cells[*at].failed > 0 { "!" } else { " " };
                format!("{text:>width$}{mark}", width = width(at) - 1)
            };
            lines.push(left(plan.values(*point)) + &group.iter().map(one).collect::<String>());
        }
    }
    lines.extend(more(results.cells.len().saturating_sub(shown), "points, see sweep.csv"));
    lines
}

fn more(count: usize, what: &str) -> Option<String> {
    (count > 0).then(|| format!("and {count} more {what}"))
}

fn in_unit(metric: &str) -> String {
    let unit = unit(metric);
    if unit.is_empty() { String::new() } else { format!(" ({unit})") }
}

fn unit(metric: &str) -> &'static str {
    CATALOGUE.iter().find(|info| info.name == metric).map_or("", |info| info.unit)
}
