//! What `inspect --json` prints.

use serde::Serialize;
use serde_json::{Value, json};

use crate::report::schemas;
use crate::time::Time;
use crate::trace::findings::Kind;
use crate::trace::inspection::LISTED;
use crate::trace::{Form, Inspection};

/// Identifies the layout; the number rises when a key changes its meaning or goes away.
pub const SCHEMA: &str = "ampacity-inspection/1";

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    ampacity_version: &'static str,
    trace: &'a str,
    complete: bool,
    form: &'static str,
    passed_over: u64,
    taken_as_utc: bool,
    inferred_times: u64,
    records: u64,
    calls: u64,
    results: u64,
    errors: u64,
    orphan_answers: u64,
    out_of_order: u64,
    from: Option<String>,
    to: Option<String>,
    charge_points: Vec<Point<'a>>,
    actions: Vec<Exchanged<'a>>,
    broken_lines: Cases<Broken<'a>>,
    unanswered_calls: Cases<Unanswered<'a>>,
    findings: Vec<Found<'a>>,
}

#[derive(Serialize)]
struct Point<'a> {
    charge_point_id: Option<&'a str>,
    records: u64,
}

#[derive(Serialize)]
struct Exchanged<'a> {
    action: &'a str,
    from_charge_point: u64,
    from_central_system: u64,
    errors: u64,
    unanswered: u64,
    latency_ms_p50: Option<u64>,
    latency_ms_p95: Option<u64>,
    latency_ms_max: Option<u64>,
}

#[derive(Serialize)]
struct Cases<T> {
    count: u64,
    first: Vec<T>,
}

#[derive(Serialize)]
struct Broken<'a> {
    line: u64,
    reason: &'a str,
}

#[derive(Serialize)]
struct Unanswered<'a> {
    line: u64,
    charge_point_id: Option<&'a str>,
    action: &'a str,
}

#[derive(Serialize)]
struct Found<'a> {
    kind: &'static str,
    meaning: &'static str,
    remedy: &'static str,
    count: u64,
    first: Vec<Case<'a>>,
}

#[derive(Serialize)]
struct Case<'a> {
    line: u64,
    charge_point_id: Option<&'a str>,
    connector_id: Option<i64>,
    what: &'a str,
}

/// The text. `trace` is the file, `complete` whether it was read to its end.
#[must_use]
pub fn render(trace: &str, inspection: &Inspection, complete: bool) -> String {
    let instant = |pick: fn((Time, Time)) -> Time| inspection.span.map(|it| pick(it).to_ocpp());
    let document = Document {
        schema: SCHEMA,
        ampacity_version: env!("CARGO_PKG_VERSION"),
        trace,
        complete,
        form: inspection.told.form.name(),
        passed_over: inspection.told.passed_over,
        taken_as_utc: inspection.told.taken_as_utc,
        inferred_times: inspection.told.inferred,
        records: inspection.records,
        calls: inspection.calls,
        results: inspection.results,
        errors: inspection.errors,
        orphan_answers: inspection.orphans,
        out_of_order: inspection.out_of_order,
        from: instant(|span| span.0),
        to: instant(|span| span.1),
        charge_points: (0..inspection.points.len())
            .map(|at| Point {
                charge_point_id: name(inspection, at),
                records: inspection.points[at].1,
            })
            .collect(),
        actions: exchanged(inspection),
        broken_lines: Cases {
            count: inspection.broken.count,
            first: (inspection.broken.first.iter())
                .map(|(line, reason)| Broken { line: *line, reason })
                .collect(),
        },
        unanswered_calls: Cases {
            count: inspection.unanswered.count,
            first: (inspection.unanswered.first.iter())
                .map(|(point, line, action)| Unanswered {
                    line: *line,
                    charge_point_id: name(inspection, *point),
                    action,
                })
                .collect(),
        },
        findings: found(inspection),
    };
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

fn name(inspection: &Inspection, point: usize) -> Option<&str> {
    inspection.points[point].0.as_deref()
}

fn exchanged(inspection: &Inspection) -> Vec<Exchanged<'_>> {
    (inspection.actions.iter())
        .map(|(action, it)| Exchanged {
            action,
            from_charge_point: it.from_point,
            from_central_system: it.to_point,
            errors: it.errors,
            unanswered: it.unanswered,
            latency_ms_p50: it.latencies.quantile_ms(0.5),
            latency_ms_p95: it.latencies.quantile_ms(0.95),
            latency_ms_max: it.latencies.quantile_ms(1.0),
        })
        .collect()
}

fn found(inspection: &Inspection) -> Vec<Found<'_>> {
    (inspection.findings.iter())
        .map(|(kind, cases)| Found {
            kind: kind.name(),
            meaning: kind.meaning(),
            remedy: kind.remedy(),
            count: cases.count,
            first: (cases.first.iter())
                .map(|(point, case)| Case {
                    line: case.line,
                    charge_point_id: name(inspection, *point),
                    connector_id: case.connector,
                    what: &case.what,
                })
                .collect(),
        })
        .collect()
}

/// The JSON Schema of what is printed.
#[must_use]
pub fn schema() -> Value {
    use schemas::{count, list, nullable, object, text};
    let line = || count("Line of the trace, from 1 on");
    let point = || nullable("string", "Charge point; null: the record names none");
    let instant = || json!({ "type": ["string", "null"], "format": "date-time" });
    let latency = |which: &str| {
        let description =
            format!("{which} time between a call and its answer, ms; null: no answer");
        json!({ "type": ["integer", "null"], "minimum": 0, "description": description })
    };
    let cases =
        |item: Value| object(&[("count", count("How many there are")), ("first", listed(&item))]);
    let points = object(&[("charge_point_id", point()), ("records", count("Records of it"))]);
    let actions = object(&[
        ("action", text("Name of the action")),
        ("from_charge_point", count("Calls of the charge point")),
        ("from_central_system", count("Calls of the central system")),
        ("errors", count("Calls answered with a CALLERROR")),
        ("unanswered", count("Calls without an answer")),
        ("latency_ms_p50", latency("Median")),
        ("latency_ms_p95", latency("95th percentile of the")),
        ("latency_ms_max", latency("Longest")),
    ]);
    let broken = object(&[("line", line()), ("reason", text("Why it is no record"))]);
    let unanswered = object(&[
        ("line", line()),
        ("charge_point_id", point()),
        ("action", text("What it asked")),
    ]);
    let case = object(&[
        ("line", line()),
        ("charge_point_id", point()),
        ("connector_id", nullable("integer", "Connector; null: about none")),
        ("what", text("This case in words")),
    ]);
    let kinds: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
    let findings = object(&[
        ("kind", json!({ "enum": kinds })),
        ("meaning", text("What it means")),
        ("remedy", text("What to look at, or to do")),
        ("count", count("How many cases there are")),
        ("first", listed(&case)),
    ]);
    let fields = [
        ("schema", json!({ "const": SCHEMA, "description": "Layout and its version" })),
        ("ampacity_version", text("Version of the program")),
        ("trace", text("The file")),
        ("complete", schemas::flag("Whether it was read to its end")),
        (
            "form",
            json!({ "enum": Form::ALL.map(Form::name), "description": "How the file was read" }),
        ),
        ("passed_over", count("Lines without a frame: other output of a program")),
        ("taken_as_utc", schemas::flag("Whether times without a zone were taken as UTC")),
        ("inferred_times", count("Records whose time is inferred from what frames say")),
        ("records", count("Records, without broken lines")),
        ("calls", count("CALL records")),
        ("results", count("CALLRESULT records")),
        ("errors", count("CALLERROR records")),
        ("orphan_answers", count("Answers to no call in the trace")),
        ("out_of_order", count("Records that are earlier than the one before")),
        ("from", instant()),
        ("to", instant()),
        ("charge_points", list(points)),
        ("actions", list(actions)),
        ("broken_lines", cases(broken)),
        ("unanswered_calls", cases(unanswered)),
        ("findings", list(findings)),
    ];
    schemas::document("Ampacity inspect --json", &fields, &[])
}

/// Some of many.
fn listed(item: &Value) -> Value {
    json!({
        "type": "array",
        "items": item,
        "maxItems": LISTED,
        "description": "The first of them",
    })
}
