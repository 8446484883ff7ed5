//! The JSON Schema of the file format, for editors, made from the key tables of the reader.

use serde_json::{Map, Value, json};
use toml::de::DeValue;

use crate::charger::quirks::{Entry, Parameter, QUIRKS};

use super::keys::{Key, Kind, Presence, ROOT, TWO_STAGE, Table};

/// The schema (draft 2020-12) of a scenario file.
#[must_use]
pub fn schema() -> Value {
    let mut schema = table(&ROOT);
    if let Value::Object(root) = &mut schema {
        root.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
        root.insert("title".into(), json!("Ampacity scenario"));
    }
    schema
}

fn table(table: &Table) -> Value {
    let properties: Map<String, Value> =
        table.keys.iter().map(|key| (key.name.to_owned(), property(key))).collect();
    let required: Vec<&str> = table
        .keys
        .iter()
        .filter(|key| key.presence == Presence::Required)
        .map(|key| key.name)
        .collect();
    json!({
        "type": "object",
        "description": table.doc,
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn property(key: &Key) -> Value {
    let mut property = kind(&key.kind);
    if let Value::Object(fields) = &mut property {
        fields.insert("description".into(), json!(key.doc));
        let example = example(key);
        match key.presence {
            Presence::Default => fields.insert("default".into(), example),
            _ => fields.insert("examples".into(), json!([example])),
        };
    }
    property
}

fn kind(kind: &Kind) -> Value {
    match kind {
        Kind::Text => json!({ "type": "string", "minLength": 1, "maxLength": 200 }),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Number { min, max, unit } => {
            let mut number = json!({ "type": "number", "minimum": min, "maximum": max });
            with_unit(&mut number, unit);
            number
        }
        Kind::Whole { min, max, unit } => {
            let mut whole = json!({ "type": "integer", "minimum": min, "maximum": max });
            with_unit(&mut whole, unit);
            whole
        }
        Kind::Duration { .. } => json!({
            "type": "string",
            "pattern": r"^(\s*[0-9]+(\.[0-9]+)?\s*(ms|s|min|m|h|d|w))+\s*$",
        }),
        Kind::Instant | Kind::Moment => json!({ "type": "string" }),
        Kind::TimeOfDay => json!({
            "type": "string",
            "pattern": "^([01]?[0-9]|2[0-4]):[0-5]?[0-9](:[0-5]?[0-9])?$",
        }),
        Kind::TimeZone => json!({ "type": "string" }),
        Kind::Choice { names, .. } => json!({ "enum": names() }),
        Kind::Name { names } => {
            json!({ "anyOf": [{ "enum": names() }, { "type": "string" }] })
        }
        Kind::TextList => json!({ "type": "array", "items": { "type": "string" } }),
        Kind::Quirks => {
            json!({ "type": "array", "items": { "oneOf": QUIRKS.iter().map(quirk).collect::<Vec<_>>() } })
        }
        Kind::Acceptance => json!({ "oneOf": [{ "const": "ideal" }, table(&TWO_STAGE), curve()] }),
        Kind::Weights => {
            let weight = json!({ "type": "integer", "minimum": 1, "maximum": 1000 });
            json!({ "type": "object", "additionalProperties": weight, "minProperties": 1 })
        }
        Kind::Table(inner) => table(inner),
        Kind::Tables(inner) => json!({ "type": "array", "items": table(inner) }),
        Kind::Arrivals(forms) => {
            let forms: Vec<Value> = forms.iter().map(|form| arrivals(form)).collect();
            json!({ "type": "array", "items": { "oneOf": forms } })
        }
        Kind::Named(inner) => json!({ "type": "object", "additionalProperties": table(inner) }),
    }
}

/// One form of arrivals, with its own `kind`.
fn arrivals(form: &Table) -> Value {
    let mut schema = table(form);
    if let Some(kind) = form.arrivals_kind() {
        schema["properties"]["kind"] = json!({ "const": kind });
    }
    schema
}

/// One row of the table of quirks.
fn quirk(entry: &Entry) -> Value {
    let name = entry.name;
    let mut form = match entry.parameter {
        Parameter::None => json!({ "const": name }),
        Parameter::Whole { .. } => json!({ "pattern": format!("^{name}=-?[0-9]+$") }),
        Parameter::Id => json!({ "pattern": format!("^{name}=(-?[0-9]+|stale)$") }),
        Parameter::OneOf(_) | Parameter::Style(_) => {
            json!({ "enum": entry.parameter.examples(name) })
        }
    };
    form["type"] = json!("string");
    form["description"] = json!(format!("The station {}", entry.about));
    form
}

fn curve() -> Value {
    let share = json!({ "type": "number", "minimum": 0, "maximum": 1 });
    let point = json!({ "type": "array", "items": share, "minItems": 2, "maxItems": 2 });
    json!({
        "type": "object",
        "description": "Straight lines between [state of charge, share] points",
        "properties": { "table": { "type": "array", "items": point, "minItems": 1 } },
        "required": ["table"],
        "additionalProperties": false,
    })
}

fn with_unit(schema: &mut Value, unit: &str) {
    if !unit.is_empty() {
        schema["x-unit"] = json!(unit);
    }
}

fn example(key: &Key) -> Value {
    DeValue::parse(key.example).map_or(Value::Null, |value| to_json(value.get_ref()))
}

fn to_json(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => json!(text),
        DeValue::Integer(number) => json!(number.as_str().parse::<i64>().unwrap_or_default()),
        DeValue::Float(number) => json!(number.as_str().parse::<f64>().unwrap_or_default()),
        DeValue::Boolean(flag) => json!(flag),
        DeValue::Datetime(at) => json!(at.to_string()),
        DeValue::Array(items) => items.iter().map(|item| to_json(item.get_ref())).collect(),
        DeValue::Table(table) => Value::Object(
            table
                .iter()
                .map(|(key, value)| (key.get_ref().to_string(), to_json(value.get_ref())))
                .collect(),
        ),
    }
}
