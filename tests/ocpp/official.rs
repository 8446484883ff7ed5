//! The tables against the official JSON schemas, which are not part of this project: the
//! environment variable `AMPACITY_OCPP_SCHEMAS` names their folder.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ampacity::ocpp::Action;
use ampacity::ocpp::schema::{self, Field, Kind};
use serde_json::Value;

/// Units the schemas lack, or have for one of two messages only.
const EXTRA_VALUES: [&str; 2] = ["Hertz", "Celsius"];

/// Compares one schema with the table of its message; differences are collected as text.
struct Comparison {
    root: Value,
    differences: Vec<String>,
}

impl Comparison {
    fn read(file: &Path) -> Comparison {
        let text = std::fs::read_to_string(file).unwrap_or_else(|e| panic!("{file:?}: {e}"));
        let text = text.trim_start_matches('\u{feff}');
        let root = serde_json::from_str(text).unwrap_or_else(|e| panic!("{file:?}: {e}"));
        Comparison { root, differences: Vec::new() }
    }

    fn differ(&mut self, path: &str, what: impl std::fmt::Display) {
        self.differences.push(format!("{path}: {what}"));
    }

    fn object(&mut self, schema: &Value, fields: &[Field], path: &str) {
        if schema["additionalProperties"] != Value::Bool(false) {
            self.differ(path, "unknown fields are allowed");
        }
        let empty = serde_json::Map::new();
        let properties = schema["properties"].as_object().unwrap_or(&empty);
        let theirs: BTreeSet<&str> = properties.keys().map(String::as_str).collect();
        let ours: BTreeSet<&str> = fields.iter().map(|field| field.name).collect();
        if theirs != ours {
            self.differ(path, format!("fields {theirs:?}, table {ours:?}"));
        }
        let required = |name: &str| {
            schema["required"].as_array().is_some_and(|names| names.iter().any(|n| n == name))
        };
        for field in fields {
            let path = format!("{path}.{}", field.name);
            if required(field.name) != field.required {
                self.differ(&path, format!("required: {}", required(field.name)));
            }
            if let Some(schema) = properties.get(field.name) {
                self.kind(schema, &field.kind, &path);
            }
        }
    }

    fn kind(&mut self, schema: &Value, kind: &Kind, path: &str) {
        let schema = match schema["$ref"].as_str() {
            Some(reference) => {
                let pointer = reference.trim_start_matches('#');
                self.root.pointer(pointer).cloned().unwrap_or_else(|| panic!("{path}: {reference}"))
            }
            None => schema.clone(),
        };
        let expected = match kind {
            Kind::Integer(..) | Kind::Register => "integer",
            Kind::Limit(_) => "number",
            Kind::Bool => "boolean",
            Kind::Object(_) => "object",
            Kind::List(..) | Kind::LooseList(..) => "array",
            _ => "string",
        };
        if schema["type"] != expected {
            self.differ(path, format!("{} in the schema, {expected} in the table", schema["type"]));
        }
        match kind {
            Kind::Prose(max) | Kind::Text(max) => {
                let theirs = schema["maxLength"].as_u64().map_or(usize::MAX, |max| max as usize);
                if theirs != *max || !schema["enum"].is_null() || schema["format"] == "date-time" {
                    self.differ(path, format!("{schema}, at most {max} in the table"));
                }
            }
            Kind::Limit(_) if schema["multipleOf"] != 0.1 => self.differ(path, "no decimals given"),
            Kind::Enum(names) | Kind::LooseEnum(names, _) => self.names(&schema, names, path),
            Kind::Time | Kind::Occurred if schema["format"] != "date-time" => {
                self.differ(path, "no date-time");
            }
            Kind::Object(fields) => self.object(&schema, fields, path),
            Kind::List(element, min) | Kind::LooseList(element, min) => {
                if schema["minItems"].as_u64().unwrap_or(0) as usize > *min {
                    self.differ(path, "the schema wants more elements");
                }
                self.kind(&schema["items"], element, &format!("{path}[]"));
            }
            _ => {}
        }
    }

    fn names(&mut self, schema: &Value, names: &[&str], path: &str) {
        let empty = Vec::new();
        let listed = schema["enum"].as_array().unwrap_or(&empty);
        let theirs: BTreeSet<&str> = listed.iter().filter_map(Value::as_str).collect();
        let ours: BTreeSet<&str> = names.iter().copied().collect();
        let missing: Vec<_> = theirs.difference(&ours).collect();
        let extra: Vec<_> =
            ours.difference(&theirs).filter(|name| !EXTRA_VALUES.contains(name)).collect();
        if !missing.is_empty() || !extra.is_empty() {
            self.differ(path, format!("values missing {missing:?}, extra {extra:?}"));
        }
    }
}

#[test]
fn the_tables_agree_with_the_official_schemas() {
    let Some(folder) = std::env::var_os("AMPACITY_OCPP_SCHEMAS").map(PathBuf::from) else {
        println!("skipped: AMPACITY_OCPP_SCHEMAS does not name the folder of the OCPP 1.6 schemas");
        return;
    };
    let mut differences = Vec::new();
    for &action in Action::ALL {
        let name = action.name();
        for (file, fields) in [
            (format!("{name}.json"), schema::request(action)),
            (format!("{name}Response.json"), schema::response(action)),
        ] {
            let mut comparison = Comparison::read(&folder.join(&file));
            let root = comparison.root.clone();
            comparison.object(&root, fields, &file);
            differences.append(&mut comparison.differences);
        }
    }
    assert!(differences.is_empty(), "{differences:#?}");
}
