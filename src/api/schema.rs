//! Checks a JSON value against the schemas of the OpenAPI document.
//!
//! The document is not only shown: it is what requests are held against, so that it cannot say
//! anything else than what is true. Exactly the keywords that our own document uses are known;
//! [`Schemas::unknown_keywords`] finds any other, and a test asks it.

use serde_json::{Map, Value};

use crate::api::problem::FieldError;
use crate::api::values;
use crate::scenario::suggest::nearest;

/// Beyond this a number with a fraction point may be another one than was written: 2^53.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The named schemas of a document.
#[derive(Clone, Debug)]
pub(super) struct Schemas(Map<String, Value>);

impl Schemas {
    /// Those under `components/schemas` of a document.
    pub(super) fn of(document: &Value) -> Schemas {
        let schemas = document.pointer("/components/schemas").and_then(Value::as_object);
        Schemas(schemas.cloned().unwrap_or_default())
    }

    /// Adds everything that is wrong with `value` to `errors`. Whole numbers that are written
    /// with a fraction (`3.0`) become integers where integers are wanted.
    pub(super) fn check(
        &self,
        schema: &Value,
        value: &mut Value,
        pointer: &str,
        errors: &mut Vec<FieldError>,
    ) {
        let schema = self.resolve(schema);
        if let Some(forms) = schema.get("oneOf").and_then(Value::as_array) {
            return self.check_forms(forms, value, pointer, errors);
        }
        if let Some(allowed) = schema.get("enum").and_then(Value::as_array)
            && !allowed.contains(value)
        {
            let what = unknown_name(value, allowed);
            return errors.push(FieldError::at(pointer, what));
        }
        if let Some(wanted) = schema.get("type")
            && !has_type(wanted, value)
        {
            let what = format!("is {}; {} is needed", kind_of(value), type_names(wanted));
            return errors.push(FieldError::at(pointer, what));
        }
        match value {
            Value::Object(fields) => self.check_object(schema, fields, pointer, errors),
            Value::Array(items) => self.check_array(schema, items, pointer, errors),
            Value::Number(_) => check_number(schema, value, pointer, errors),
            Value::String(text) => check_text(schema, text, pointer, errors),
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn resolve<'a>(&'a self, mut schema: &'a Value) -> &'a Value {
        while let Some(name) = schema.get("$ref").and_then(Value::as_str) {
            let name = name.rsplit('/').next().unwrap_or_default();
            match self.0.get(name) {
                Some(next) => schema = next,
                None => return schema,
            }
        }
        schema
    }

    /// One of several forms. What is wrong is told by the form that fits best.
    fn check_forms(
        &self,
        forms: &[Value],
        value: &mut Value,
        pointer: &str,
        errors: &mut Vec<FieldError>,
    ) {
        let mut best: Option<Vec<FieldError>> = None;
        for form in forms {
            let mut candidate = value.clone();
            let mut wrong = Vec::new();
            self.check(form, &mut candidate, pointer, &mut wrong);
            if wrong.is_empty() {
                *value = candidate;
                return;
            }
            // Errors deeper inside mean that the outer shape was right.
            let depth = |errors: &[FieldError]| {
                errors.iter().filter_map(|error| error.pointer.as_ref()).map(String::len).max()
            };
            let nullable = form.get("type").and_then(Value::as_str) == Some("null");
            if !nullable && best.as_ref().is_none_or(|known| depth(&wrong) > depth(known)) {
                best = Some(wrong);
            }
        }
        errors.extend(best.unwrap_or_default());
    }

    fn check_object(
        &self,
        schema: &Value,
        fields: &mut Map<String, Value>,
        pointer: &str,
        errors: &mut Vec<FieldError>,
    ) {
        let none = Map::new();
        let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
        for name in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
            let name = name.as_str().unwrap_or_default();
            if !fields.contains_key(name) {
                errors.push(FieldError::at(inside(pointer, name), "is missing"));
            }
        }
        if let Some(most) = schema.get("maxProperties").and_then(Value::as_u64)
            && fields.len() as u64 > most
        {
            let what = format!("has {} entries; at most {most} are allowed", fields.len());
            errors.push(FieldError::at(pointer, what));
        }
        let others = schema.get("additionalProperties");
        let names = schema.get("propertyNames");
        for (name, value) in fields.iter_mut() {
            let place = inside(pointer, name);
            if let Some(property) = properties.get(name) {
                self.check(property, value, &place, errors);
                continue;
            }
            if let Some(names) = names {
                self.check(names, &mut Value::String(name.clone()), &place, errors);
            }
            match others {
                Some(Value::Bool(false)) => {
                    let hint = nearest(name, properties.keys().map(String::as_str));
                    let hint = hint.map(|known| format!("; did you mean {known}?"));
                    let what = format!("is no known field{}", hint.unwrap_or_default());
                    errors.push(FieldError::at(place, what));
                }
                Some(schema @ Value::Object(_)) => self.check(schema, value, &place, errors),
                _ => {}
            }
        }
    }

    fn check_array(
        &self,
        schema: &Value,
        items: &mut [Value],
        pointer: &str,
        errors: &mut Vec<FieldError>,
    ) {
        let length = items.len() as u64;
        let bound = |name: &str| schema.get(name).and_then(Value::as_u64);
        if bound("minItems").is_some_and(|least| length < least) {
            errors.push(FieldError::at(pointer, "has too few entries"));
        }
        if bound("maxItems").is_some_and(|most| length > most) {
            errors.push(FieldError::at(pointer, "has too many entries"));
        }
        if let Some(inner) = schema.get("items") {
            for (index, item) in items.iter_mut().enumerate() {
                self.check(inner, item, &inside(pointer, &index.to_string()), errors);
            }
        }
    }
}

fn check_number(schema: &Value, value: &mut Value, pointer: &str, errors: &mut Vec<FieldError>) {
    let number = value.as_f64().unwrap_or(f64::NAN);
    let bound = |name: &str| schema.get(name).and_then(Value::as_f64);
    let whole = schema.get("type").is_some_and(|wanted| includes(wanted, "integer"));
    let what = match (bound("minimum"), bound("exclusiveMinimum"), bound("maximum")) {
        (Some(least), _, _) if number < least => format!("is {value}; at least {least} is needed"),
        (_, Some(least), _) if number <= least => {
            format!("is {value}; more than {least} is needed")
        }
        (_, _, Some(most)) if number > most => format!("is {value}; at most {most} is allowed"),
        _ if bound("multipleOf").is_some_and(|step| !is_multiple(number, step)) => {
            let step = bound("multipleOf").unwrap_or_default();
            format!("is {value}; a multiple of {step} is needed")
        }
        _ if whole && value.as_i64().is_none() && number.abs() > EXACT => {
            format!("is {value}; a whole number of at most 64 bits is needed")
        }
        _ => String::new(),
    };
    if !what.is_empty() {
        errors.push(FieldError::at(pointer, what));
    } else if whole && value.as_i64().is_none() {
        *value = Value::from(number as i64);
    }
}

/// Whether a number is a multiple of a step, as far as binary fractions can tell.
fn is_multiple(number: f64, step: f64) -> bool {
    let steps = number / step;
    (steps - steps.round()).abs() < 1e-6
}

fn check_text(schema: &Value, text: &str, pointer: &str, errors: &mut Vec<FieldError>) {
    let length = text.chars().count() as u64;
    let bound = |name: &str| schema.get(name).and_then(Value::as_u64);
    if let Some(least) = bound("minLength").filter(|least| length < *least) {
        let what = format!("has {length} characters; at least {least} are needed");
        return errors.push(FieldError::at(pointer, what));
    }
    if let Some(most) = bound("maxLength").filter(|most| length > *most) {
        let what = format!("has {length} characters; at most {most} are allowed");
        return errors.push(FieldError::at(pointer, what));
    }
    let pattern = schema.get("pattern").and_then(Value::as_str).and_then(values::pattern);
    if let Some(pattern) = pattern.filter(|pattern| !(pattern.matches)(text)) {
        let what = format!("{}: {} is needed", shown(text), pattern.words);
        return errors.push(FieldError::at(pointer, what));
    }
    if schema.get("format").and_then(Value::as_str) == Some("date-time")
        && values::read_time(text).is_none()
    {
        let what = format!(
            "{}: an instant such as 2026-05-01T12:00:00Z is needed (RFC 3339; a + in a query is \
             written %2B)",
            shown(text)
        );
        errors.push(FieldError::at(pointer, what));
    }
}

/// A text in quotes, shortened.
fn shown(text: &str) -> String {
    let short: String = text.chars().take(80).collect();
    let dots = if short.len() < text.len() { ".." } else { "" };
    format!("{short:?}{dots}")
}

fn unknown_name(value: &Value, allowed: &[Value]) -> String {
    let names: Vec<&str> = allowed.iter().filter_map(Value::as_str).collect();
    let given = value.as_str().unwrap_or_default();
    let hint = nearest(given, names.iter().copied());
    let hint = hint.map(|known| format!("; did you mean {known}?")).unwrap_or_default();
    let given = value.as_str().map_or_else(|| kind_of(value).to_owned(), shown);
    format!("is {given}; one of {} is needed{hint}", names.join(", "))
}

fn includes(wanted: &Value, name: &str) -> bool {
    match wanted {
        Value::String(only) => only == name,
        Value::Array(several) => several.iter().any(|one| one == name),
        _ => false,
    }
}

fn has_type(wanted: &Value, value: &Value) -> bool {
    let is = |name: &str| includes(wanted, name);
    match value {
        Value::Null => is("null"),
        Value::Bool(_) => is("boolean"),
        Value::Number(number) => {
            let whole = number.as_f64().is_some_and(|number| number.fract() == 0.0);
            is("number") || (is("integer") && whole)
        }
        Value::String(_) => is("string"),
        Value::Array(_) => is("array"),
        Value::Object(_) => is("object"),
    }
}

fn type_names(wanted: &Value) -> String {
    let word = |name: &str| match name {
        "integer" => "a whole number",
        "number" => "a number",
        "string" => "a text",
        "boolean" => "true or false",
        "array" => "a list",
        "object" => "an object",
        _ => "null",
    };
    match wanted {
        Value::String(only) => word(only).to_owned(),
        Value::Array(several) => {
            let words = several.iter().filter_map(Value::as_str).map(word);
            words.collect::<Vec<_>>().join(" or ")
        }
        _ => String::new(),
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(number) if number.is_f64() => "a number with a fraction",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// A JSON pointer one level deeper (RFC 6901).
fn inside(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Keywords with a meaning for a check.
    const KNOWN: [&str; 21] = [
        "$ref",
        "type",
        "properties",
        "required",
        "additionalProperties",
        "propertyNames",
        "minProperties",
        "maxProperties",
        "items",
        "minItems",
        "maxItems",
        "enum",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "multipleOf",
        "minLength",
        "maxLength",
        "pattern",
        "format",
        "oneOf",
    ];
    /// Keywords that only explain.
    const EXPLAINING: [&str; 6] =
        ["title", "description", "example", "examples", "default", "deprecated"];
    /// Formats that other keywords or the type keep.
    const FORMATS: [&str; 8] =
        ["date-time", "double", "int32", "int64", "uint32", "uint64", "uri", "password"];

    fn wrong(schema: &Value, mut value: Value) -> Vec<String> {
        let schemas = Schemas(Map::new());
        let mut errors = Vec::new();
        schemas.check(schema, &mut value, "", &mut errors);
        errors.into_iter().map(|e| format!("{}: {}", e.pointer.unwrap(), e.detail)).collect()
    }

    #[test]
    fn everything_wrong_is_told_at_once_and_by_its_place() {
        let schema = json!({
            "type": "object",
            "required": ["max", "rule"],
            "additionalProperties": false,
            "properties": {
                "max": {"type": "number", "minimum": 0},
                "rule": {"type": "string", "enum": ["equal", "priority"]},
                "weights": {"type": "object", "additionalProperties": {"type": "integer"}},
            }
        });
        let value = json!({"max": -1, "rule": "equl", "weights": {"a/b": 1.5}, "maxx": 2});
        assert_eq!(
            wrong(&schema, value),
            [
                "/max: is -1; at least 0 is needed",
                "/maxx: is no known field; did you mean max?",
                "/rule: is \"equl\"; one of equal, priority is needed; did you mean equal?",
                "/weights/a~1b: is a number with a fraction; a whole number is needed",
            ]
        );
        assert_eq!(wrong(&schema, json!({})).len(), 2);
        assert!(wrong(&schema, json!({"max": 0.5, "rule": "equal"})).is_empty());
    }

    #[test]
    fn a_whole_number_with_a_fraction_becomes_an_integer() {
        let schemas = Schemas(Map::new());
        let mut value = json!(3.0);
        let mut errors = Vec::new();
        schemas.check(&json!({"type": "integer"}), &mut value, "", &mut errors);
        assert!(errors.is_empty());
        assert_eq!(value, json!(3));
    }

    #[test]
    fn numbers_keep_to_their_step_and_to_64_bits() {
        let tenths = json!({"type": "number", "multipleOf": 0.1});
        for fine in [json!(0.3), json!(16.3), json!(32), json!(229.9)] {
            assert!(wrong(&tenths, fine).is_empty());
        }
        assert_eq!(wrong(&tenths, json!(16.35)), [": is 16.35; a multiple of 0.1 is needed"]);
        let whole = json!({"type": "integer"});
        assert!(wrong(&whole, json!(i64::MIN)).is_empty());
        assert_eq!(wrong(&whole, json!(u64::MAX)).len(), 1);
        assert_eq!(wrong(&whole, json!(1e300)).len(), 1);
    }

    #[test]
    fn of_several_forms_the_nearest_tells_what_is_wrong() {
        let schema = json!({"oneOf": [
            {"type": "null"},
            {"type": "object", "required": ["kind"],
             "properties": {"kind": {"type": "string", "enum": ["ac", "dc"]}}},
        ]});
        assert!(wrong(&schema, Value::Null).is_empty());
        assert!(wrong(&schema, json!({"kind": "ac"})).is_empty());
        assert_eq!(wrong(&schema, json!({"kind": "xx"})).len(), 1);
        assert_eq!(wrong(&schema, json!(1)), [": is a number; an object is needed"]);
    }

    #[test]
    fn the_document_uses_no_keyword_that_a_check_would_pass_over() {
        let document = crate::api::docs::document();
        let mut found = Vec::new();
        for schema in Schemas::of(document).0.values() {
            unknown(schema, &mut found);
        }
        let operations = document["paths"].as_object().unwrap().values();
        for operation in operations.flat_map(|item| item.as_object().unwrap().values()) {
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                unknown(&parameter["schema"], &mut found);
            }
            let body = "/requestBody/content/application~1json/schema";
            operation.pointer(body).into_iter().for_each(|schema| unknown(schema, &mut found));
        }
        assert_eq!(found, [""; 0]);
    }

    fn unknown(schema: &Value, found: &mut Vec<String>) {
        for (key, inner) in schema.as_object().into_iter().flatten() {
            let text = inner.as_str().unwrap_or_default();
            match key.as_str() {
                "properties" => inner.as_object().unwrap().values().for_each(|s| unknown(s, found)),
                "oneOf" => inner.as_array().unwrap().iter().for_each(|s| unknown(s, found)),
                "items" | "additionalProperties" | "propertyNames" => unknown(inner, found),
                "$ref" => {
                    let name = text.trim_start_matches("#/components/schemas/");
                    let schemas = Schemas::of(crate::api::docs::document());
                    assert!(schemas.0.contains_key(name), "{text} leads nowhere");
                }
                "pattern" if values::pattern(text).is_none() => found.push(text.to_owned()),
                "format" if !FORMATS.contains(&text) => found.push(text.to_owned()),
                key if KNOWN.contains(&key) || EXPLAINING.contains(&key) => {}
                key => found.push(key.to_owned()),
            }
        }
    }
}
