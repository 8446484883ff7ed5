//! What `inspect` prints: what there is, how fast answers came, what is wrong. At most 40 lines.

use crate::report::terminal::Paint;
use crate::report::text::{count, duration, number, printable};
use crate::time::Time;
use crate::trace::findings::{Finding, Kind};
use crate::trace::inspection::{Exchanges, Listed};
use crate::trace::{Form, Inspection};

/// Actions that are listed, those with most calls.
const ACTIONS: usize = 8;
/// Kinds of findings that are listed, three lines each.
const KINDS: usize = 7;
/// Charge points that are named.
const NAMES: usize = 3;
/// Columns; what a trace says may be longer.
const WIDTH: usize = 110;

/// The text, ending in a newline.
#[must_use]
pub fn render(trace: &str, inspection: &Inspection, colour: bool) -> String {
    let paint = Paint(colour);
    let mut lines = heading(trace, inspection, paint);
    lines.push(String::new());
    lines.extend(actions(inspection, paint));
    lines.push(String::new());
    lines.extend(findings(inspection, paint));
    lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
}

fn heading(trace: &str, inspection: &Inspection, paint: Paint) -> Vec<String> {
    let (from, to) = inspection.span.unwrap_or((Time(0), Time(0)));
    let records = count(inspection.records, "record", "records");
    let mut lines = vec![
        format!(
            "{}: {records} of {}; {} from {from} on",
            paint.bold(&printable(trace)),
            points(inspection),
            duration(to.since(from).s())
        ),
        format!(
            "{}, {}, {}; {} without an answer, {} without a call",
            count(inspection.calls, "call", "calls"),
            count(inspection.results, "result", "results"),
            count(inspection.errors, "error", "errors"),
            count(inspection.unanswered.count, "call", "calls"),
            count(inspection.orphans, "answer", "answers"),
        ),
    ];
    lines.extend(reading(inspection));
    if let Some((line, reason)) = inspection.broken.first.first() {
        let broken = count(inspection.broken.count, "line is", "lines are");
        let first = format!("{broken} no record; the first is line {line}: {}", printable(reason));
        lines.push(paint.red(&cut(&first)));
    }
    if inspection.out_of_order > 0 {
        let early = count(inspection.out_of_order, "record is", "records are");
        lines.push(format!("{early} earlier than the one before"));
    }
    lines
}

/// How the trace was read, when there is something to tell of that.
fn reading(inspection: &Inspection) -> Option<String> {
    let told = &inspection.told;
    let mut said = Vec::new();
    if told.form != Form::Trace {
        said.push(format!("read as {}", told.form.title()));
    }
    if told.passed_over > 0 {
        said.push(format!(
            "{} without a frame passed over",
            count(told.passed_over, "line", "lines")
        ));
    }
    if told.taken_as_utc {
        let ahead = told.ahead.map(|ahead| format!(" (off by {})", duration(ahead.s().abs())));
        let ahead = ahead.unwrap_or_default();
        said.push(format!("times taken as UTC{ahead}, see --timezone"));
    } else if told.inferred > 0 {
        said.push("times inferred from what frames say".to_owned());
    }
    (!said.is_empty()).then(|| cut(&said.join("; ")))
}

/// How many charge points, and the first names.
fn points(inspection: &Inspection) -> String {
    let names = inspection.points.iter().filter_map(|(name, _)| name.as_deref());
    let some: Vec<String> = names.take(NAMES).map(printable).collect();
    let all = count(inspection.points.len() as u64, "charge point", "charge points");
    match some.len() {
        0 => "charge points without a name".to_owned(),
        few if few < inspection.points.len() => format!("{all} ({}, ..)", some.join(", ")),
        _ => format!("{all} ({})", some.join(", ")),
    }
}

fn actions(inspection: &Inspection, paint: Paint) -> Vec<String> {
    let mut all: Vec<(&str, &Exchanges)> =
        inspection.actions.iter().map(|(action, it)| (&**action, it)).collect();
    // The order of the alphabet decides between equals.
    all.sort_by_key(|(_, it)| std::cmp::Reverse(it.from_point + it.to_point));
    let row = |cells: [&str; 7]| {
        let [action, calls, errors, open, median, most, longest] = cells;
        format!("{action:<30}{calls:>12}{errors:>9}{open:>9}{median:>10}{most:>10}{longest:>10}")
    };
    let head = ["action", "calls", "errors", "open", "p50 ms", "p95 ms", "max ms"];
    let mut lines = vec![paint.bold(&row(head))];
    for (action, it) in all.iter().take(ACTIONS) {
        let plain = |count: u64| number(count as f64, 0);
        let latency = |share| it.latencies.quantile_ms(share).map_or_else(|| "–".to_owned(), plain);
        lines.push(row([
            &printable(action),
            &plain(it.from_point + it.to_point),
            &plain(it.errors),
            &plain(it.unanswered),
            &latency(0.5),
            &latency(0.95),
            &latency(1.0),
        ]));
    }
    if all.len() > ACTIONS {
        lines.push(format!("and {} more; --json has them all", all.len() - ACTIONS));
    }
    lines
}

fn findings(inspection: &Inspection, paint: Paint) -> Vec<String> {
    let kinds = inspection.findings.len();
    if kinds == 0 {
        return vec!["no findings".to_owned()];
    }
    let all = count(inspection.found(), "finding", "findings");
    let mut lines = vec![format!("{all} of {}", count(kinds as u64, "kind", "kinds"))];
    for (kind, cases) in inspection.findings.iter().take(KINDS) {
        lines.extend(finding(inspection, *kind, cases, paint));
    }
    let more: Vec<&str> = inspection.findings.keys().skip(KINDS).map(|kind| kind.name()).collect();
    if !more.is_empty() {
        lines.push(cut(&format!("more in --json: {}", more.join(", "))));
    }
    lines
}

/// A kind: what it means, where it is first seen, what to do.
fn finding(
    inspection: &Inspection,
    kind: Kind,
    cases: &Listed<(usize, Finding)>,
    paint: Paint,
) -> Vec<String> {
    let times = number(cases.count as f64, 0);
    let mut lines = vec![format!("{} ({times}): {}", paint.bold(kind.name()), kind.meaning())];
    if let Some((point, case)) = cases.first.first() {
        let mut place = format!("line {}", case.line);
        if let Some(name) = &inspection.points[*point].0 {
            place.push_str(&format!(", {}", printable(name)));
        }
        if let Some(connector) = case.connector {
            place.push_str(&format!(", connector {connector}"));
        }
        lines.push(cut(&format!("  {place}: {}", printable(&case.what))));
    }
    lines.push(format!("  -> {}", kind.remedy()));
    lines
}

/// At most so many columns.
fn cut(text: &str) -> String {
    if text.chars().count() <= WIDTH {
        return text.to_owned();
    }
    let kept: String = text.chars().take(WIDTH - 2).collect();
    format!("{kept}..")
}
