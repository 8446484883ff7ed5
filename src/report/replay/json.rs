//! `replay.json`, and what `replay --json` prints.

use serde::Serialize;
use serde_json::{Value, json};

use super::{Inputs, Replayed, clock};
use crate::replay::difference::{Difference, Level, outcomes_of};
use crate::report::schemas;

/// Identifies the layout; the number rises when a key changes its meaning or goes away.
pub const SCHEMA: &str = "ampacity-replay/1";

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    ampacity_version: &'static str,
    trace: &'a str,
    against: &'a str,
    reference: &'a str,
    set_up: &'a str,
    passed: bool,
    charge_points: usize,
    compared: Counts,
    differ: Counts,
    permitted: u64,
    stand_ins: &'a std::collections::BTreeMap<String, u64>,
    notes: &'a [String],
    outcomes: Both,
    first_divergence: Option<First<'a>>,
    differences: Vec<One<'a>>,
    rules: Vec<Rule<'a>>,
}

#[derive(Serialize)]
struct Counts {
    protocol: u64,
    decisions: u64,
    outcomes: u64,
}

#[derive(Serialize)]
struct Both {
    expected: std::collections::BTreeMap<&'static str, f64>,
    found: std::collections::BTreeMap<&'static str, f64>,
}

#[derive(Serialize)]
struct First<'a> {
    difference: One<'a>,
    before_it_expected: Vec<String>,
    before_it_found: Vec<String>,
    allocator_inputs: Option<&'a Inputs>,
}

#[derive(Serialize)]
struct One<'a> {
    level: &'static str,
    charge_point_id: Option<&'a str>,
    connector_id: Option<i64>,
    transaction: Option<usize>,
    at: String,
    subject: &'a str,
    field: &'a str,
    expected: &'a str,
    found: &'a str,
    by: Option<f64>,
    by_pct: Option<f64>,
    by_s: Option<f64>,
    line_expected: Option<u64>,
    line_found: Option<u64>,
}

#[derive(Serialize)]
struct Rule<'a> {
    reason: &'a str,
    permitted: u64,
}

/// The document, ending in a newline.
///
/// # Panics
/// When it cannot be JSON; it can.
#[must_use]
pub fn render(it: &Replayed<'_>) -> String {
    let comparison = it.comparison;
    let [protocol, decisions, outcomes] = comparison.compared;
    let on = |level| comparison.on(level) as u64;
    let first = comparison.first().map(|first| First {
        difference: one(first),
        before_it_expected: it.lead(first, it.before, 5),
        before_it_found: it.lead(first, it.now, 5),
        allocator_inputs: it.inputs.as_ref(),
    });
    let rules = it.rules.0.iter().zip(&comparison.used).filter(|(rule, _)| rule.is_users());
    let document = Document {
        schema: SCHEMA,
        ampacity_version: env!("CARGO_PKG_VERSION"),
        trace: it.trace,
        against: it.against,
        reference: &it.reference,
        set_up: &it.setup,
        passed: it.passed(),
        charge_points: it.before.points.len(),
        compared: Counts { protocol, decisions, outcomes },
        differ: Counts {
            protocol: on(Level::Protocol),
            decisions: on(Level::Decisions),
            outcomes: on(Level::Outcomes),
        },
        permitted: comparison.permitted,
        stand_ins: &it.stand_ins,
        notes: &it.notes,
        outcomes: Both {
            expected: outcomes_of(it.before).named().into(),
            found: outcomes_of(it.now).named().into(),
        },
        first_divergence: first,
        differences: comparison.differences.iter().map(one).collect(),
        rules: rules.map(|(rule, n)| Rule { reason: &rule.reason, permitted: *n }).collect(),
    };
    let mut text = serde_json::to_string_pretty(&document).expect("a replay is JSON");
    text.push('\n');
    text
}

/// The schema of the document.
#[must_use]
pub fn schema() -> Value {
    let counts = || {
        let levels = Level::ALL.map(|level| (level.name(), schemas::count("On this level")));
        schemas::object(&levels)
    };
    let instant = || json!({ "type": "string", "format": "date-time" });
    let or_null = |kind: &str, what: &str| schemas::nullable(kind, what);
    let one = schemas::object(&[
        ("level", json!({ "enum": Level::ALL.map(Level::name) })),
        ("charge_point_id", or_null("string", "Where; null: the site")),
        ("connector_id", or_null("integer", "1-based; 0: the whole charge point")),
        ("transaction", or_null("integer", "Which of the charge point, from 0 on")),
        ("at", instant()),
        ("subject", schemas::text("An action, limit, or the name of an outcome")),
        ("field", schemas::text("What of it; within a body with a JSON pointer")),
        ("expected", schemas::text("As it was")),
        ("found", schemas::text("As it is")),
        ("by", or_null("number", "How far apart, in the unit of the value")),
        ("by_pct", or_null("number", "The same in percent of what was expected")),
        ("by_s", or_null("number", "How far apart in time, or how long, s")),
        ("line_expected", or_null("integer", "Line of the reference")),
        ("line_found", or_null("integer", "Line of the replay's trace")),
    ]);
    let outcomes = || schemas::map(json!({ "type": "number" }));
    let lines = || schemas::list(schemas::text("An exchange in a line"));
    let kw = |what: &str| or_null("number", what);
    let session = schemas::object(&[
        ("charge_point_id", schemas::text("Its charge point")),
        ("connector_id", schemas::count("1-based")),
        ("min_kw", kw("Smallest rate that charges, kW; null: it takes no part")),
        ("cap_kw", kw("Largest rate worth offering, kW")),
        ("rate_kw", kw("What a decision gives, kW")),
        ("binding", schemas::text("What binds it")),
        ("accepted_kw", kw("The limit that was accepted, kW")),
        ("draw_kw", kw("What the meter showed, kW")),
    ]);
    let inputs = schemas::object(&[
        ("at", instant()),
        ("strategy", schemas::text("The rule")),
        ("ev_limit_kw", kw("What electric vehicles may share, kW")),
        ("capacity_kw", kw("What is divided, kW")),
        ("committed_kw", kw("Everything that could be in force, kW")),
        ("sessions", schemas::list(session)),
    ]);
    let first = json!({ "anyOf": [
        schemas::object(&[
            ("difference", one.clone()),
            ("before_it_expected", lines()),
            ("before_it_found", lines()),
            ("allocator_inputs", json!({ "anyOf": [inputs, { "type": "null" }] })),
        ]),
        { "type": "null" },
    ] });
    let rule = schemas::object(&[
        ("reason", schemas::text("Why it may be")),
        ("permitted", schemas::count("Differences that it permits; 0: it is not needed")),
    ]);
    let fields = [
        ("schema", json!({ "const": SCHEMA, "description": "Layout and its version" })),
        ("ampacity_version", schemas::text("Version of the program")),
        ("trace", schemas::text("The recording, as the user named it")),
        ("against", schemas::text("Who heard it")),
        ("reference", schemas::text("What it is compared with")),
        ("set_up", schemas::text("Where the set-up of the site comes from")),
        ("passed", schemas::flag("Whether nothing differs that no rule permits")),
        ("charge_points", schemas::count("Charge points of the reference")),
        ("compared", counts()),
        ("differ", counts()),
        ("permitted", schemas::count("Differences that rules permit")),
        ("stand_ins", schemas::map(schemas::count("Answers that were not recorded, by action"))),
        ("notes", schemas::list(schemas::text("What a reader should know"))),
        ("outcomes", schemas::object(&[("expected", outcomes()), ("found", outcomes())])),
        ("first_divergence", first),
        ("differences", schemas::list(one)),
        ("rules", schemas::list(rule)),
    ];
    schemas::document("Ampacity replay.json", &fields, &[])
}

fn one(it: &Difference) -> One<'_> {
    let gap = it.gap.unwrap_or_default();
    One {
        level: it.level.name(),
        charge_point_id: it.point.as_deref(),
        connector_id: it.connector,
        transaction: it.transaction,
        at: clock(it.at),
        subject: &it.subject,
        field: &it.field,
        expected: &it.expected,
        found: &it.found,
        by: gap.by,
        by_pct: gap.pct,
        by_s: gap.seconds,
        line_expected: it.lines.0,
        line_found: it.lines.1,
    }
}
