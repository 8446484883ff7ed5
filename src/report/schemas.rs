//! JSON Schemas (draft 2020-12) of the documents for programs, one for each version of their layout.
//!
//! What is required stays there with its meaning and type as long as the layout has this number. Readers
//! accept keys that they do not know: later programs may write more.

use serde_json::{Map, Value, json};

use crate::allocation::Strategy;
use crate::report::metrics::{CATALOGUE, Info};
use crate::report::{compare, summary};

/// The schema of `summary.json`.
#[must_use]
pub fn summary() -> Value {
    let wires = object(&[
        ("name", json!({ "type": "string" })),
        ("limit_kw", number("What it carries, kW")),
        ("peak_kw", number("Highest true draw through it, kW")),
        ("over_limit_s", number("Time over the limit, s")),
        ("committed_over_limit_s", number("Time in which more was reserved than the limit, s")),
    ]);
    let performance = object(&[
        ("wall_s", number("Wall-clock time, s; depends on the machine")),
        ("speedup", nullable("number", "Virtual seconds per wall-clock second")),
        ("events", count("Events of the simulation")),
        ("ocpp_frames", count("OCPP frames, both directions")),
    ]);
    let mut fields = heading(summary::SCHEMA);
    fields.extend([
        ("strategy", strategy()),
        ("seed", count("Seed of everything that is drawn")),
        ("virtual_s", number("Length of the run, s")),
        ("digest", text("Hash over all events")),
        ("complete", flag("Whether it came to its end")),
        ("passed", flag("Whether it is complete and no assertion of severity error failed")),
        ("assertions", list(assertion())),
        ("performance", performance),
        ("metrics", metrics()),
        ("deviations", map(count("Deviations from OCPP 1.6 that were tolerated, by kind"))),
    ]);
    let optional = [
        ("beyond_reservation_kw", map(number("Draw beyond what was reserved, by charger, kW"))),
        ("wires", list(wires)),
        ("reported", map(text("What the central system found wrong, by charger"))),
    ];
    document("Ampacity summary.json", &fields, &optional)
}

/// The schema of `comparison.json`.
#[must_use]
pub fn comparison() -> Value {
    let difference = object(&[
        ("mean", number("Mean difference to the baseline over the pairs")),
        (
            "interval",
            json!({
                "type": ["array", "null"],
                "items": { "type": "number" },
                "minItems": 2,
                "maxItems": 2,
                "description": "Its 95 % interval; null: one pair tells nothing of it",
            }),
        ),
        ("pairs", count("Seeds that both have run")),
        ("significant", flag("Whether the interval leaves out 0")),
    ]);
    let row = object(&[
        ("unit", text("Unit; empty for counts and indices")),
        ("better", json!({ "enum": ["higher", "lower", null] })),
        ("mean", map(nullable("number", "Mean over all seeds, by strategy"))),
        ("difference", map(difference)),
        ("best", list(strategy())),
    ]);
    let run = object(&[
        ("strategy", strategy()),
        ("seed", count("Seed of the run")),
        ("digest", text("Hash over all its events")),
        ("complete", flag("Whether it came to its end")),
        ("failed", list(assertion())),
        ("metrics", metrics()),
    ]);
    let regression = object(&[
        ("strategy", strategy()),
        ("metric", metric_name()),
        ("before", number("Mean of the baseline over the pairs")),
        ("now", number("Mean now")),
        (
            "worse_pct",
            nullable("number", "How much worse, percent of the baseline; null: that was 0"),
        ),
    ]);
    let performance = object(&[
        ("wall_s", number("Wall-clock time of everything, s; depends on the machine")),
        ("runs_wall_s", number("That of the runs one after the other, s")),
    ]);
    let rows: Vec<(&str, Value)> = CATALOGUE.iter().map(|info| (info.name, row.clone())).collect();
    let mut fields = heading(compare::json::SCHEMA);
    fields.extend([
        ("seeds", list(count("Seeds that every strategy has run"))),
        ("strategies", list(strategy())),
        ("baseline", json!({ "anyOf": [strategy(), { "type": "null" }] })),
        ("passed", flag("Whether nothing got worse than tolerated and no assertion failed")),
        ("sentence", text("What it means")),
        ("regressions", list(regression)),
        ("metrics", object(&rows)),
        ("runs", list(run)),
        ("performance", performance),
    ]);
    document("Ampacity comparison.json", &fields, &[])
}

/// A document of these fields, and of some that may be left out.
#[must_use]
pub fn document(title: &str, fields: &[(&str, Value)], optional: &[(&str, Value)]) -> Value {
    let mut schema = object(fields);
    if let Value::Object(root) = &mut schema {
        root.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
        root.insert("title".into(), json!(title));
        if let Some(Value::Object(properties)) = root.get_mut("properties") {
            properties.extend(optional.iter().map(|(name, it)| ((*name).to_owned(), it.clone())));
        }
    }
    schema
}

/// An object with these fields.
#[must_use]
pub fn object(fields: &[(&str, Value)]) -> Value {
    let properties: Map<String, Value> =
        fields.iter().map(|(name, field)| ((*name).to_owned(), field.clone())).collect();
    let required: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

/// What every document begins with.
#[must_use]
pub fn heading(schema: &'static str) -> Vec<(&'static str, Value)> {
    vec![
        ("schema", json!({ "const": schema, "description": "Layout and its version" })),
        ("ampacity_version", text("Version of the program")),
        ("scenario", text("Name of the scenario")),
        ("scenario_sha256", text("SHA-256 of the scenario and the files it names")),
    ]
}

/// The name of a strategy.
#[must_use]
pub fn strategy() -> Value {
    json!({ "enum": Strategy::ALL.map(Strategy::name) })
}

/// The name of a metric.
#[must_use]
pub fn metric_name() -> Value {
    json!({ "enum": CATALOGUE.iter().map(|info| info.name).collect::<Vec<_>>() })
}

/// Values by name.
#[must_use]
pub fn map(value: Value) -> Value {
    with("additionalProperties", value, "object")
}

/// Any number of these.
#[must_use]
pub fn list(item: Value) -> Value {
    with("items", item, "array")
}

/// A text.
#[must_use]
pub fn text(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}

/// A whole number, never negative.
#[must_use]
pub fn count(description: &str) -> Value {
    json!({ "type": "integer", "minimum": 0, "description": description })
}

/// True or false.
#[must_use]
pub fn flag(description: &str) -> Value {
    json!({ "type": "boolean", "description": description })
}

/// A value of this type, or `null`: there was nothing to base it on.
#[must_use]
pub fn nullable(kind: &str, description: &str) -> Value {
    json!({ "type": [kind, "null"], "description": description })
}

fn with(key: &str, schema: Value, kind: &str) -> Value {
    [("type".to_owned(), json!(kind)), (key.to_owned(), schema)].into_iter().collect()
}

fn number(description: &str) -> Value {
    json!({ "type": "number", "description": description })
}

fn metrics() -> Value {
    let field = |info: &Info| {
        let meaning = match info.unit {
            "" => info.meaning.to_owned(),
            unit => format!("{} [{unit}]", info.meaning),
        };
        (info.name, if info.count { count(&meaning) } else { nullable("number", &meaning) })
    };
    object(&CATALOGUE.iter().map(field).collect::<Vec<_>>())
}

fn assertion() -> Value {
    let mut schema = object(&[
        ("line", count("Line of the scenario file")),
        ("metric", metric_name()),
        ("min", nullable("number", "Lower bound, inclusive")),
        ("max", nullable("number", "Upper bound, inclusive")),
        ("severity", json!({ "enum": ["error", "warning"] })),
        ("value", nullable("number", "What the run had; null: nothing to measure")),
        ("passed", flag("Whether the value exists and lies within the bounds")),
    ]);
    let baseline = object(&[
        ("file", text("summary.json that the bounds come from")),
        ("value", number("What stands there")),
        ("within_pct", number("How far from it is tolerated, percent of it")),
    ]);
    let instant = json!({ "type": "string", "format": "date-time" });
    let window = object(&[("from", instant.clone()), ("to", instant)]);
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.insert("baseline".into(), baseline);
        properties.insert("window".into(), window);
    }
    schema
}
