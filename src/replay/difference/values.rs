//! Two bodies, value by value.

use serde_json::Value;

use super::Gap;
use crate::ocpp::Timestamp;

/// A place where two bodies differ.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Odd {
    /// JSON pointer (RFC 6901).
    pub(super) pointer: String,
    pub(super) expected: String,
    pub(super) found: String,
    pub(super) gap: Option<Gap>,
}

/// Every place where two bodies differ. Numbers are compared by value, instants by what they mean.
pub(super) fn odds(expected: &Value, found: &Value) -> Vec<Odd> {
    let mut out = Vec::new();
    walk("", Some(expected), Some(found), &mut out);
    out
}

fn walk(pointer: &str, expected: Option<&Value>, found: Option<&Value>, out: &mut Vec<Odd>) {
    match (expected, found) {
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            for (key, value) in a {
                walk(&below(pointer, key), Some(value), b.get(key), out);
            }
            for (key, value) in b.iter().filter(|(key, _)| !a.contains_key(*key)) {
                walk(&below(pointer, key), None, Some(value), out);
            }
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) => {
            for index in 0..a.len().max(b.len()) {
                walk(&format!("{pointer}/{index}"), a.get(index), b.get(index), out);
            }
        }
        (Some(a), Some(b)) if same(a, b) => {}
        (a, b) => out.push(Odd {
            pointer: pointer.to_owned(),
            expected: a.map_or("nothing".to_owned(), Value::to_string),
            found: b.map_or("nothing".to_owned(), Value::to_string),
            gap: a.zip(b).and_then(|(a, b)| gap(a, b)),
        }),
    }
}

fn below(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}

fn same(a: &Value, b: &Value) -> bool {
    a == b || gap(a, b).is_some_and(|gap| gap.by == Some(0.0) || gap.seconds == Some(0.0))
}

/// How far apart: numbers, also as texts, and instants.
fn gap(a: &Value, b: &Value) -> Option<Gap> {
    if let (Some(a), Some(b)) = (a.as_f64(), b.as_f64()) {
        return Some(Gap::numbers(a, b));
    }
    let (a, b) = (a.as_str()?, b.as_str()?);
    if let (Ok(a), Ok(b)) = (a.parse::<f64>(), b.parse::<f64>()) {
        return Some(Gap::numbers(a, b));
    }
    let (a, b) = (Timestamp::parse(a)?, Timestamp::parse(b)?);
    Some(Gap::seconds(a.0.since(b.0).s()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn places(expected: &Value, found: &Value) -> Vec<String> {
        odds(expected, found).into_iter().map(|odd| odd.pointer).collect()
    }

    #[test]
    fn what_means_the_same_is_the_same() {
        let a = json!({"n": 16, "t": "2026-05-04T06:00:00Z", "s": "1.0", "l": [1]});
        let b = json!({"l": [1.0], "s": "1", "t": "2026-05-04T08:00:00.000+02:00", "n": 16.0});
        assert_eq!(places(&a, &b), Vec::<String>::new());
    }

    #[test]
    fn every_place_is_told_with_how_far_apart() {
        let a = json!({"a": {"b/c": 10}, "l": [1, 2], "gone": null, "t": "2026-05-04T06:00:00Z"});
        let b = json!({"a": {"b/c": 12}, "l": [1], "new": true, "t": "2026-05-04T06:00:03Z"});
        assert_eq!(places(&a, &b), ["/a/b~1c", "/gone", "/l/1", "/t", "/new"]);
        let odds = odds(&a, &b);
        assert_eq!(odds[0].gap, Some(Gap { by: Some(2.0), pct: Some(20.0), seconds: None }));
        assert_eq!(odds[3].gap, Some(Gap::seconds(3.0)));
        assert_eq!((&*odds[2].expected, &*odds[2].found), ("2", "nothing"));
    }
}
