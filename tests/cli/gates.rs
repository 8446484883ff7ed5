//! What a CI is told: assertions about parts of a run and about an earlier one, workflow commands,
//! summaries, schemas.

use serde_json::Value;

use super::support::{Place, TINY};

const WORKFLOW: [(&str, &str); 2] =
    [("GITHUB_ACTIONS", "true"), ("GITHUB_STEP_SUMMARY", "step.md")];

/// The tiny scenario with more assertions.
fn tiny_that_asserts(place: &Place, name: &str, assertions: &str) {
    place.write(name, format!("{TINY}\n{assertions}"));
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

#[test]
fn a_part_of_a_run_is_judged_by_what_happens_in_it() {
    let place = Place::new();
    // All cars that come have come by then, so the parts add up to the whole.
    let asserts = r#"
[[assert]]
metric = "energy_delivered_kwh"
min = 0
to = "09:00"

[[assert]]
metric = "energy_delivered_kwh"
min = 0
from = "+1h"

[[assert]]
metric = "sessions"
max = 0
to = "+1s"

[[assert]]
metric = "peak_kw"
max = 1
from = "+1h"
to = "+90m"
"#;
    tiny_that_asserts(&place, "parts.toml", asserts);
    let done = place.ampacity(&["run", "parts.toml", "--json"]);
    assert_eq!((done.code, done.stderr.as_str()), (1, ""), "{}", done.stdout);
    let summary = json(&done.stdout);
    let value = |at: usize| summary["assertions"][at]["value"].as_f64().expect("a value");
    let whole = summary["metrics"]["energy_delivered_kwh"].as_f64().expect("a value");
    assert!(value(1) > 0.0 && value(2) > 0.0);
    assert!((value(1) + value(2) - whole).abs() < 2e-6, "{} + {} is {whole}", value(1), value(2));
    assert_eq!(value(3), 0.0, "nobody is that early");
    let last = &summary["assertions"][4];
    assert_eq!(last["passed"], false, "{last}");
    assert_eq!(last["window"]["from"], "2026-05-04T07:00:00Z", "{last}");
    let done = place.ampacity(&["run", "parts.toml"]);
    let line = "peak_kw ≤ 1 from 2026-05-04T07:00:00Z to 2026-05-04T07:30:00Z";
    assert!(done.stdout.contains(line), "{}", done.stdout);
}

#[test]
fn a_run_is_held_to_what_an_earlier_one_had() {
    let place = Place::new();
    place.ampacity(&["run", "tiny.toml", "--out", "before"]).succeeded();
    let near = "[[assert]]\nmetric = \"energy_delivered_kwh\"\nbaseline = \"before/summary.json\"\n\
                within_pct = 1\n";
    tiny_that_asserts(&place, "near.toml", near);
    place.ampacity(&["run", "near.toml"]).succeeded();
    let less = place.ampacity(&["run", "near.toml", "--set", "site.max_power_kw=8"]);
    assert_eq!(less.code, 1, "{}", less.stdout);
    let text = "within 1 % of ";
    assert!(
        less.stdout.contains(text) && less.stdout.contains("before/summary.json"),
        "{}",
        less.stdout
    );
}

#[test]
fn a_workflow_gets_a_summary_and_the_lines_of_what_failed() {
    let place = Place::new();
    tiny_that_asserts(
        &place,
        "sites/bad.toml",
        "[[assert]]\nmetric = \"demand_met_pct\"\nmin = 101\n",
    );
    let text = place.read("sites/bad.toml");
    let line = text.lines().position(|line| line.contains("101")).expect("its bound") - 1;
    let done = place.ampacity_with(&WORKFLOW, &["run", "sites/bad.toml", "--json"]);
    assert_eq!(done.code, 1);
    json(&done.stdout);
    let expected = format!(
        "::error file=sites/bad.toml,line={line},title=ampacity::equal, seed 3: expected \
         demand_met_pct ≥ 101, found "
    );
    assert!(done.stderr.starts_with(&expected), "{}", done.stderr);
    place.ampacity_with(&WORKFLOW, &["run", "tiny.toml"]).succeeded();
    let summary = place.read("step.md");
    assert!(summary.contains("### FAILED: ") && summary.contains("### PASSED: "), "{summary}");
    assert!(summary.contains("| **failed** | demand_met_pct ≥ 101 | "), "{summary}");
    assert!(summary.contains("| holds | over_limit_s ≤ 0 | 0 |"), "{summary}");
}

#[test]
fn a_workflow_gets_the_table_of_a_comparison_and_what_got_worse() {
    let place = Place::new();
    let compare = |out: &str, more: &[&str]| {
        let args = ["compare", "tiny.toml", "--strategies", "equal", "--seeds", "4", "--out", out];
        place.ampacity_with(&WORKFLOW, &[&args[..], more].concat())
    };
    compare("before", &[]).succeeded();
    let gate = ["--set", "site.max_power_kw=9", "--baseline", "before", "--max-regression", "1"];
    let done = compare("after", &gate);
    assert_eq!(done.code, 1, "{}", done.stderr);
    assert!(
        done.stderr.contains("::error file=tiny.toml,title=ampacity::equal: "),
        "{}",
        done.stderr
    );
    assert!(place.read("step.md").contains("- **worse:** equal: demand_met_pct is "));
}

#[test]
fn a_summary_that_cannot_be_written_is_told_and_changes_nothing() {
    let place = Place::new();
    let nowhere = [("GITHUB_STEP_SUMMARY", "no/such/folder/step.md")];
    let done = place.ampacity_with(&nowhere, &["run", "tiny.toml"]);
    assert_eq!(done.code, 0);
    assert!(
        done.stderr.contains("GITHUB_STEP_SUMMARY, no/such/folder/step.md: "),
        "{}",
        done.stderr
    );
}

#[test]
fn every_document_is_as_its_schema_says() {
    let place = Place::new();
    let near = "[[assert]]\nmetric = \"peak_kw\"\nbaseline = \"before/summary.json\"\nwithin_pct = 1\n\n\
                [[assert]]\nmetric = \"sessions\"\nmax = 0\nfrom = \"09:00\"\n";
    place.ampacity(&["run", "tiny.toml", "--out", "before"]).succeeded();
    tiny_that_asserts(&place, "near.toml", near);
    let schema = |name: &str| {
        let done = place.ampacity(&["schema", name]);
        done.succeeded();
        json(&done.stdout)
    };
    let summary = place.ampacity(&["run", "near.toml", "--json"]);
    check(&schema("summary"), &json(&summary.stdout), "summary");
    let compare =
        ["compare", "near.toml", "--seeds", "2", "--json", "--strategies", "equal,priority"];
    let comparison = place.ampacity(&compare);
    check(&schema("comparison"), &json(&comparison.stdout), "comparison");
    let limits = ["--smallest", "site.max_power_kw=6..20:2", "--such-that", "demand_met_pct >= 90"];
    let seeds = ["sweep", "tiny.toml", "--seeds", "2", "--json", "--strategies", "equal,priority"];
    let sweep = place.ampacity(&[&seeds[..], &limits].concat());
    check(&schema("sweep"), &json(&sweep.stdout), "sweep");
}

/// Checks a value against what our schemas use of JSON Schema; keys that no schema names are wrong here.
pub(crate) fn check(schema: &Value, value: &Value, place: &str) {
    if let Some(choice) = schema["enum"].as_array() {
        assert!(choice.contains(value), "{place}: {value} is none of {choice:?}");
    }
    if let Some(expected) = schema.get("const") {
        assert_eq!(value, expected, "{place}");
    }
    if let Some(choice) = schema["anyOf"].as_array() {
        let fits = |kind: &Value| match kind["enum"].as_array() {
            Some(choice) => choice.contains(value),
            None => has_type(&kind["type"], value),
        };
        let fitting = choice.iter().find(|kind| fits(kind));
        let fitting = fitting.unwrap_or_else(|| panic!("{place}: {value}"));
        if value.is_object() {
            return check(fitting, value, place);
        }
    }
    if let Some(kind) = schema.get("type") {
        assert!(has_type(kind, value), "{place}: {value} is not of type {kind}");
    }
    for name in schema["required"].as_array().into_iter().flatten() {
        let name = name.as_str().expect("a name");
        assert!(value.get(name).is_some(), "{place} lacks {name}");
    }
    for (name, field) in value.as_object().into_iter().flatten() {
        let place = format!("{place}.{name}");
        let known = schema["properties"].get(name).or(schema.get("additionalProperties"));
        check(known.unwrap_or_else(|| panic!("{place} is in no schema")), field, &place);
    }
    for (at, item) in value.as_array().into_iter().flatten().enumerate() {
        check(&schema["items"], item, &format!("{place}[{at}]"));
    }
}

fn has_type(kind: &Value, value: &Value) -> bool {
    let is = |kind: &Value| match kind.as_str().expect("a type") {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("no type {other}"),
    };
    kind.as_array().map_or_else(|| is(kind), |kinds| kinds.iter().any(is))
}
