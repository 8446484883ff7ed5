//! The comparison as tables in files.

use std::fmt::Write;

use crate::report::assertions::round6;
use crate::report::compare::statistics::Difference;
use crate::report::compare::{Comparison, sentence, yardstick};
use crate::report::metrics::CATALOGUE;
use crate::report::text::{number, push_csv, push_decimal};

/// `comparison.csv`: a row for each metric of each run.
#[must_use]
pub fn csv(comparison: &Comparison<'_>) -> String {
    let mut out = String::from("strategy,seed,metric,unit,value\n");
    for (strategy, runs) in comparison.strategies.iter().zip(&comparison.runs) {
        for run in runs {
            for (info, value) in CATALOGUE.iter().zip(run.metrics.values()) {
                let _ = write!(out, "{strategy},{},{},", run.seed, info.name);
                push_csv(&mut out, info.unit);
                out.push(',');
                if let Some(value) = value {
                    push_decimal(&mut out, round6(value));
                }
                out.push('\n');
            }
        }
    }
    out
}

/// `comparison.md`: the table of means, that of differences, and the sentence.
#[must_use]
pub fn markdown(comparison: &Comparison<'_>) -> String {
    let names: Vec<String> = comparison.strategies.iter().map(|it| format!("`{it}`")).collect();
    let runs = comparison.seeds().len();
    let mut out = format!("# {}\n\n{}\n\n", comparison.scenario.name, sentence::of(comparison));
    let _ = writeln!(
        out,
        "Means of {runs} runs each; **bold**: best, or not significantly different.\n"
    );
    let _ = writeln!(out, "| | {} |\n|---|{}", names.join(" | "), "---:|".repeat(names.len()));
    for (section, rows) in yardstick::SHOWN {
        let _ = writeln!(out, "| *{section}* |{}", " |".repeat(names.len()));
        for (metric, title) in rows {
            let best = comparison.best(metric);
            let cells = means(comparison, metric)
                .into_iter()
                .zip(best)
                .map(|(mean, best)| if best { format!("**{mean}**") } else { mean });
            let _ = writeln!(out, "| {title} | {} |", cells.collect::<Vec<_>>().join(" | "));
        }
    }
    let _ = writeln!(
        out,
        "\nDifference to {}, with its 95 % interval; –: no significant difference.\n",
        comparison.baseline_name()
    );
    let _ = writeln!(out, "| | {} |\n|---|{}", names.join(" | "), "---:|".repeat(names.len()));
    for (metric, title) in yardstick::SHOWN.iter().flat_map(|(_, rows)| rows.iter()) {
        let cells = (0..names.len()).map(|at| change(comparison.difference(at, metric)));
        let _ = writeln!(out, "| {title} | {} |", cells.collect::<Vec<_>>().join(" | "));
    }
    let _ = writeln!(out, "\n{}\n", brackets(comparison));
    let _ = writeln!(out, "Made by `{}`.", comparison.command_line);
    out
}

/// Between what the strategies lie.
#[must_use]
pub fn brackets(comparison: &Comparison<'_>) -> String {
    let mean =
        |metric: &str, decimals| number(comparison.mean(0, metric).unwrap_or(f64::NAN), decimals);
    format!(
        "Possible within the limit, known afterwards: {} % of the energy wished. Without control: {} %, \
         over the limit by up to {} kW.",
        mean("optimal_demand_met_pct", 2),
        mean("uncontrolled_demand_met_pct", 2),
        mean("uncontrolled_over_limit_max_kw", 1),
    )
}

/// The means of a metric by strategy, with as many decimals as the largest deserves.
#[must_use]
pub fn means(comparison: &Comparison<'_>, metric: &str) -> Vec<String> {
    let means: Vec<f64> = (0..comparison.strategies.len())
        .map(|at| comparison.mean(at, metric).unwrap_or(f64::NAN))
        .collect();
    let places = decimals(means.iter().copied().fold(0.0, |most, mean| mean.abs().max(most)));
    means.into_iter().map(|mean| number(mean, places)).collect()
}

/// A difference: `+1.31 ±0.42`, `–` where it is not significant, nothing for the baseline itself.
#[must_use]
pub fn change(difference: Option<Difference>) -> String {
    let Some(difference) = difference else { return String::new() };
    if !difference.is_significant() {
        return "–".to_owned();
    }
    let places = decimals(difference.half_width.unwrap_or(0.0).max(difference.mean.abs()));
    let sign = if difference.mean > 0.0 { "+" } else { "" };
    let mean = format!("{sign}{}", number(difference.mean, places));
    match difference.half_width {
        Some(half) => format!("{mean} ±{}", number(half, places)),
        None => mean,
    }
}

/// As many decimals as a value deserves.
pub(super) fn decimals(value: f64) -> usize {
    match value.abs() {
        0.0 => 0,
        size if size >= 1000.0 => 0,
        size if size >= 100.0 => 1,
        size if size >= 1.0 => 2,
        _ => 3,
    }
}
