//! `[[assert]]`: bounds of a metric, given or taken from an earlier run, for all of a run or a part.

use serde::Deserialize;
use serde_json::Value;

use super::problems::Problems;
use super::record::Record;
use super::{Files, Run};
use crate::scenario::metrics::OF_WINDOWS;
use crate::scenario::model::{Assertion, Reference, Severity, Window};
use crate::scenario::quantity::{Moment, span_text};

/// What a run must fulfil, in the order of the file.
pub(super) fn read(
    root: &Record,
    run: &Run,
    files: &mut Files<'_>,
    problems: &mut Problems<'_>,
) -> Vec<Assertion> {
    let one = |record: &Record| {
        let metric = record.text("metric").unwrap_or_default();
        let severity = match record.text("severity").as_deref() {
            Some("warning") => Severity::Warning,
            _ => Severity::Error,
        };
        check_bounds(record, problems);
        let baseline = reference(record, &metric, files, problems);
        let (min, max) = match &baseline {
            Some(Reference { value, within_pct, .. }) => {
                let slack = value.abs() * within_pct / 100.0;
                (Some(value - slack), Some(value + slack))
            }
            None => (record.number("min"), record.number("max")),
        };
        let window = window(record, run, &metric, problems);
        let line = problems.line(&record.span);
        Assertion { line, metric, min, max, baseline, window, severity }
    };
    root.records("assert").iter().map(one).collect()
}

fn check_bounds(record: &Record, problems: &mut Problems<'_>) {
    let given = |key: &&str| record.has(key);
    if let Some(bound) = ["min", "max"].iter().find(|key| given(key)).filter(|_| given(&"baseline"))
    {
        problems
            .error(record.at(bound), "the bounds of this [[assert]] come from `baseline`")
            .label(&format!("`{bound}` beside it"))
            .help("leave one of the two out, or write two [[assert]]");
    } else if !["min", "max", "baseline"].iter().any(given) {
        problems
            .error(record.span.clone(), "[[assert]] states no condition")
            .label("neither `min` nor `max`")
            .help("add for example `max = 0`");
    }
    if let (Some(low), Some(high)) = (record.number("min"), record.number("max"))
        && low > high
    {
        problems
            .error(record.at("min"), "no value can fulfil this [[assert]]")
            .label(&format!("`min` = {low} is above `max` = {high}"))
            .help("swap `min` and `max`, or leave one out");
    }
}

/// What a summary.json is read for.
#[derive(Deserialize)]
struct Summary {
    metrics: serde_json::Map<String, Value>,
}

/// `baseline` and `within_pct`: what an earlier run had.
fn reference(
    record: &Record,
    metric: &str,
    files: &mut Files<'_>,
    problems: &mut Problems<'_>,
) -> Option<Reference> {
    let (file, within) = (record.text("baseline"), record.number("within_pct"));
    let (file, within_pct) = match (file, within) {
        (Some(file), Some(within)) => (file, within),
        (Some(_), None) if record.has("within_pct") => return None,
        (Some(_), None) => {
            problems
                .error(
                    record.at("baseline"),
                    "it is not said how far from the baseline is tolerated",
                )
                .label("without `within_pct`")
                .help("add for example `within_pct = 2`");
            return None;
        }
        (None, _) => {
            if record.has("within_pct") && !record.has("baseline") {
                problems
                    .error(record.at("within_pct"), "`within_pct` goes with `baseline` only")
                    .label("percent of nothing")
                    .help("add `baseline = \"baseline.json\"`, the summary.json of an earlier run");
            }
            return None;
        }
    };
    if let Some(key) = ["from", "to"].into_iter().find(|key| record.has(key)) {
        problems
            .error(record.at(key), "a baseline is about a whole run")
            .label("its summary.json knows nothing of parts")
            .help("leave it out, or give `min` and `max`");
        return None;
    }
    let text = match files.read(&file) {
        Ok(text) => text,
        Err(cause) => {
            problems
                .error(record.at("baseline"), &format!("`{file}` cannot be read"))
                .label(&cause)
                .help("paths are relative to the scenario file; it is the summary.json of a run");
            return None;
        }
    };
    let value = serde_json::from_str::<Summary>(&text)
        .map_err(|cause| format!("no summary.json of a run: {cause}"))
        .and_then(|summary| match summary.metrics.get(metric) {
            Some(value) => {
                value.as_f64().ok_or_else(|| format!("that run had no value for `{metric}`"))
            }
            None => Err(format!("it knows no `{metric}`")),
        });
    match value {
        Ok(value) => Some(Reference { file, value, within_pct }),
        Err(cause) => {
            problems
                .error(record.at("baseline"), &format!("`{file}` gives no bounds"))
                .label(&cause)
                .help("keep the summary.json of a run of this version as the baseline");
            None
        }
    }
}

/// `from` and `to`; a time of day is the first one from the start of the run, or from `from` on.
fn window(record: &Record, run: &Run, metric: &str, problems: &mut Problems<'_>) -> Option<Window> {
    let key = ["from", "to"].into_iter().find(|key| record.has(key))?;
    if !metric.is_empty() && !OF_WINDOWS.contains(&metric) {
        problems
            .error(record.at(key), &format!("`{metric}` is known of whole runs only"))
            .label("a part of the run")
            .help(&format!("leave it out; parts of a run have {}", OF_WINDOWS.join(", ")));
        return None;
    }
    let from = record.moment("from").map_or(run.start, |moment| run.resolve(moment));
    let to = record.moment("to").map_or(run.end, |moment| match moment {
        Moment::TimeOfDay(_) => moment.instant(from, &run.zone),
        _ => run.resolve(moment),
    });
    if !run.known {
        return None;
    }
    let length = span_text(run.length());
    let outside = format!("the run takes {length} from {}", run.start);
    let help = "choose a time within the run, for example \"+2h\", or a longer `duration`";
    for (key, at) in [("from", from), ("to", to)] {
        if at < run.start || at > run.end {
            problems
                .error(record.at(key), &format!("{at} is outside the run"))
                .label(&outside)
                .help(help);
            return None;
        }
    }
    if to <= from {
        problems
            .error(record.at("to"), "this part of the run ends before it begins")
            .label("not later than `from`")
            .help("choose a later time, for example \"+2h\", or leave it out");
        return None;
    }
    Some(Window { from, to })
}
