//! What `compare` prints: the table of means, the differences to the baseline, one sentence.

use crate::report::compare::gate::Regression;
use crate::report::compare::{Comparison, sentence, tables, yardstick};
use crate::report::terminal::Paint;
use crate::report::text::{duration, number};

/// Width of what stands before the columns, and of a column.
const FIRST: usize = 26;
const COLUMN: usize = 17;
/// Strategies beside each other.
const ABREAST: usize = 4;
/// More failed assertions, or regressions, are counted instead of listed.
const LISTED: usize = 8;

/// The text, ending in a newline.
#[must_use]
pub fn render(comparison: &Comparison<'_>, regressions: &[Regression], colour: bool) -> String {
    let paint = Paint(colour);
    let mut lines = vec![
        paint.bold(&comparison.scenario.name),
        format!(
            "{}, the same arrivals for each strategy; * best, or not significantly different from it",
            seeds(comparison)
        ),
    ];
    let all: Vec<usize> = (0..comparison.strategies.len()).collect();
    for some in all.chunks(ABREAST) {
        lines.push(String::new());
        lines.extend(heads(comparison, some, paint));
        for (section, rows) in yardstick::SHOWN {
            lines.push(paint.bold(section));
            lines.extend(
                rows.iter().map(|(metric, title)| means(comparison, some, metric, title, paint)),
            );
        }
    }
    for some in all.chunks(ABREAST) {
        let rows = differences(comparison, some);
        lines.push(String::new());
        lines.push(paint.bold(&format!("Difference to {}", comparison.baseline_name())));
        if rows.is_empty() {
            lines.push("  no significant difference in anything".to_owned());
        } else {
            lines.push("  with its 95 % interval; –: no significant difference".to_owned());
            lines.extend(heads(comparison, some, paint));
            lines.extend(rows);
        }
    }
    lines.push(String::new());
    lines.push(tables::brackets(comparison));
    lines.extend(verdicts(comparison, regressions, paint));
    lines.push(String::new());
    lines.push(sentence::of(comparison));
    lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// `seeds 3 to 7`.
#[must_use]
pub fn seeds(comparison: &Comparison<'_>) -> String {
    let seeds = comparison.seeds();
    match (seeds.first(), seeds.last()) {
        (Some(first), Some(last)) if first != last => format!("seeds {first} to {last}"),
        (Some(only), _) => format!("seed {only}"),
        _ => "no seed".to_owned(),
    }
}

/// How long it took, and how long the runs would have taken one after the other.
#[must_use]
pub fn pace(comparison: &Comparison<'_>) -> String {
    let (all, each) = (comparison.wall_s, comparison.runs_wall_s());
    let runs: usize = comparison.runs.iter().map(Vec::len).sum();
    let share = if each > 0.0 { all / each } else { f64::NAN };
    format!(
        "{runs} runs in {}, {} of the {} that they took together",
        duration(all),
        number(share, 2),
        duration(each)
    )
}

/// The names of strategies, broken at a word where they are too long for a column.
fn heads(comparison: &Comparison<'_>, some: &[usize], paint: Paint) -> Vec<String> {
    let split = |at: &usize| {
        let name = comparison.strategies[*at].name();
        let fits = |place: &usize| *place < COLUMN - 2 && name.len() - place < COLUMN - 1;
        let mut places = name.match_indices('_').map(|(place, _)| place + 1);
        match places.rfind(fits) {
            Some(place) if name.len() > COLUMN - 3 => name.split_at(place),
            _ => ("", name),
        }
    };
    let names: Vec<(&str, &str)> = some.iter().map(split).collect();
    let line = |part: fn(&(&'static str, &'static str)) -> &'static str| {
        let cells: String =
            names.iter().map(|name| format!("{:>COLUMN$}", format!("{} ", part(name)))).collect();
        paint.bold(&format!("{:FIRST$}{cells}", ""))
    };
    let mut lines = Vec::new();
    if names.iter().any(|name| !name.0.is_empty()) {
        lines.push(line(|name| name.0));
    }
    lines.push(line(|name| name.1));
    lines
}

fn means(
    comparison: &Comparison<'_>,
    some: &[usize],
    metric: &str,
    title: &str,
    paint: Paint,
) -> String {
    let (best, means) = (comparison.best(metric), tables::means(comparison, metric));
    let cell = |at: &usize| {
        let mark = if best[*at] { "*" } else { " " };
        let text = format!("{:>COLUMN$}", format!("{}{mark}", means[*at]));
        if best[*at] { paint.bold(&text) } else { text }
    };
    format!("  {title:<width$}{}", some.iter().map(cell).collect::<String>(), width = FIRST - 2)
}

/// Rows in which somebody differs significantly.
fn differences(comparison: &Comparison<'_>, some: &[usize]) -> Vec<String> {
    let rows = yardstick::SHOWN.iter().flat_map(|(_, rows)| rows.iter());
    let row = |(metric, title): &yardstick::Row| {
        let each: Vec<_> = some.iter().map(|at| comparison.difference(*at, metric)).collect();
        let any = each.iter().flatten().any(|difference| difference.is_significant());
        let cells: String =
            each.into_iter().map(|it| format!("{:>COLUMN$}", tables::change(it) + " ")).collect();
        any.then(|| format!("  {title:<width$}{cells}", width = FIRST - 2))
    };
    rows.filter_map(row).collect()
}

fn verdicts(comparison: &Comparison<'_>, regressions: &[Regression], paint: Paint) -> Vec<String> {
    let failed = comparison.failures().flat_map(|(strategy, run)| {
        run.failed.iter().map(move |outcome| {
            let (seed, condition, found) = (run.seed, outcome.condition(), outcome.found());
            format!("{strategy}, seed {seed}: expected {condition}, found {found}")
        })
    });
    let mut lines = Vec::new();
    let kinds: [(&str, Vec<String>); 2] = [
        ("failed ", failed.collect()),
        ("worse  ", regressions.iter().map(Regression::sentence).collect()),
    ];
    for (word, all) in kinds {
        lines.extend(all.iter().take(LISTED).map(|text| format!("  {} {text}", paint.red(word))));
        if all.len() > LISTED {
            lines.push(format!("  and {} more, see comparison.json", all.len() - LISTED));
        }
    }
    if !lines.is_empty() {
        lines.insert(0, String::new());
    }
    lines
}
