//! The strict checker: what the official schemas and the ranges of the specification allow.

use serde_json::{Map, Value};

use super::{Fault, Field, Kind, request, response};
use crate::ocpp::action::Action;
use crate::ocpp::error::ErrorCode;
use crate::ocpp::messages::charging_profile::{is_tenth, tenths};
use crate::ocpp::timestamp::Timestamp;

/// What is wrong with a payload, where, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// See [`Fault`].
    pub code: ErrorCode,
    /// JSON pointer into the payload (RFC 6901); empty: the payload as a whole.
    pub pointer: String,
    /// Prose.
    pub problem: String,
}

/// Proves that `payload` is a request of `action` as we are willing to send it.
///
/// # Errors
/// The first violation, see [`Fault`].
pub fn check_request(action: Action, payload: &str) -> Result<(), Fault> {
    check(request(action), payload)
}

/// Proves that `payload` is a response of `action` as we are willing to send it.
///
/// # Errors
/// The first violation, see [`Fault`].
pub fn check_response(action: Action, payload: &str) -> Result<(), Fault> {
    check(response(action), payload)
}

/// Finds the first violation in a request of `action`, as whoever wrote it by hand needs to hear
/// it. `None`: it is as we are willing to send it.
#[must_use]
pub fn find_flaw(action: Action, members: &Map<String, Value>) -> Option<Flaw> {
    let violation = object(request(action), members).err()?;
    let mut pointer = String::new();
    for step in violation.steps.iter().rev() {
        pointer.push('/');
        match step {
            Step::Field(name) => pointer.push_str(&name.replace('~', "~0").replace('/', "~1")),
            Step::Element(index) => pointer.push_str(&index.to_string()),
        }
    }
    let problem = match violation.expected {
        Some(expected) => format!("{}; {expected}", violation.what),
        None => violation.what.to_owned(),
    };
    Some(Flaw { code: violation.code, pointer, problem })
}

fn check(fields: &[Field], payload: &str) -> Result<(), Fault> {
    match serde_json::from_str(payload) {
        Ok(Value::Object(members)) => object(fields, &members)
            .map_err(|violation| Fault::new(violation.code, &violation.path(), violation.what)),
        Ok(_) => Err(Fault::new(ErrorCode::FormationViolation, "", "not an object")),
        Err(error) => Err(Fault::new(ErrorCode::FormationViolation, "", error)),
    }
}

/// A step from an object or list into it.
enum Step {
    Field(String),
    Element(usize),
}

/// A violation whose path grows on the way out, so that conforming payloads make no paths.
struct Violation {
    code: ErrorCode,
    /// The innermost first.
    steps: Vec<Step>,
    what: &'static str,
    /// What would have been right.
    expected: Option<String>,
}

impl Violation {
    fn new(code: ErrorCode, what: &'static str) -> Violation {
        Violation { code, steps: Vec::new(), what, expected: None }
    }

    fn within(mut self, step: Step) -> Violation {
        self.steps.push(step);
        self
    }

    /// What the innermost field expects.
    fn expecting(mut self, expected: impl FnOnce() -> String) -> Violation {
        self.expected.get_or_insert_with(expected);
        self
    }

    /// E.g. `meterValue[0].sampledValue[2].value`.
    fn path(&self) -> String {
        let mut path = String::new();
        for step in self.steps.iter().rev() {
            match step {
                Step::Field(name) if path.is_empty() => path.push_str(name),
                Step::Field(name) => path.extend([".", name]),
                Step::Element(index) => path.push_str(&format!("[{index}]")),
            }
        }
        path
    }
}

fn object(fields: &[Field], members: &Map<String, Value>) -> Result<(), Violation> {
    for name in members.keys() {
        if !fields.iter().any(|field| field.name == name) {
            let possible = || {
                let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
                let none = names.is_empty();
                if none { "no fields".to_owned() } else { format!("one of {}", names.join(", ")) }
            };
            return Err(Violation::new(ErrorCode::FormationViolation, "unknown")
                .expecting(possible)
                .within(Step::Field(name.clone())));
        }
    }
    fields.iter().try_for_each(|field| {
        let result = match members.get(field.name) {
            Some(member) => value(&field.kind, member),
            None if field.required => Err(Violation::new(ErrorCode::ProtocolError, "missing")),
            None => Ok(()),
        };
        result.map_err(|violation| {
            violation.expecting(|| field.kind.describe()).within(Step::Field(field.name.to_owned()))
        })
    })
}

fn value(kind: &Kind, value: &Value) -> Result<(), Violation> {
    match kind {
        Kind::Prose(max) | Kind::Text(max) => {
            demand(text(value)?.chars().count() <= *max, "text too long")
        }
        Kind::Integer(min, max) => demand((*min..=*max).contains(&integer(value)?), "out of range"),
        Kind::Register => integer(value).map(|_| ()),
        Kind::Limit(min) => {
            let number = value.as_f64().ok_or_else(|| mistyped("not a number"))?;
            demand(number >= *min && tenths(number).is_some(), "out of range")?;
            demand(is_tenth(number), "more than one decimal")
        }
        Kind::Bool => value.as_bool().map(|_| ()).ok_or_else(|| mistyped("not a truth value")),
        Kind::Enum(names) | Kind::LooseEnum(names, _) => {
            demand(names.contains(&text(value)?), "not a value of the enumeration")
        }
        Kind::Time | Kind::Occurred => {
            demand(Timestamp::parse(text(value)?).is_some(), "not an RFC 3339 timestamp")
        }
        Kind::Object(fields) => {
            object(fields, value.as_object().ok_or_else(|| mistyped("not an object"))?)
        }
        Kind::List(element, min) | Kind::LooseList(element, min) => {
            let items = value.as_array().ok_or_else(|| mistyped("not a list"))?;
            list(element, *min, items)
        }
    }
}

fn list(element: &Kind, min: usize, items: &[Value]) -> Result<(), Violation> {
    if items.len() < min {
        return Err(Violation::new(ErrorCode::OccurenceConstraintViolation, "list too short"));
    }
    items.iter().enumerate().try_for_each(|(index, item)| {
        value(element, item).map_err(|violation| {
            violation.expecting(|| element.describe()).within(Step::Element(index))
        })
    })
}

impl Kind {
    /// What such a field holds, as the end of a sentence.
    fn describe(&self) -> String {
        match self {
            Kind::Prose(usize::MAX) | Kind::Text(usize::MAX) => "a text".to_owned(),
            Kind::Prose(max) | Kind::Text(max) => format!("a text of at most {max} characters"),
            Kind::Integer(i64::MIN, i64::MAX) | Kind::Register => "a whole number".to_owned(),
            Kind::Integer(min, i64::MAX) => format!("a whole number from {min} on"),
            Kind::Integer(min, max) => format!("a whole number, {min} to {max}"),
            Kind::Limit(min) if *min == f64::NEG_INFINITY => "a number with one decimal".to_owned(),
            Kind::Limit(min) => format!("a number from {min} on, with one decimal at most"),
            Kind::Bool => "true or false".to_owned(),
            Kind::Enum(names) | Kind::LooseEnum(names, _) => format!("one of {}", names.join(", ")),
            Kind::Time | Kind::Occurred => {
                "an RFC 3339 timestamp such as 2026-05-04T12:00:00Z".to_owned()
            }
            Kind::Object(fields) => {
                let must = fields.iter().filter(|field| field.required);
                let names: Vec<&str> = must.map(|field| field.name).collect();
                format!("an object with {}", names.join(", "))
            }
            Kind::List(_, 0) | Kind::LooseList(_, 0) => "a list".to_owned(),
            Kind::List(_, min) | Kind::LooseList(_, min) => format!("a list of {min} or more"),
        }
    }
}

fn text(value: &Value) -> Result<&str, Violation> {
    value.as_str().ok_or_else(|| mistyped("not a text"))
}

fn integer(value: &Value) -> Result<i64, Violation> {
    value.as_i64().ok_or_else(|| mistyped("not an integer"))
}

fn mistyped(what: &'static str) -> Violation {
    Violation::new(ErrorCode::TypeConstraintViolation, what)
}

fn demand(condition: bool, what: &'static str) -> Result<(), Violation> {
    if condition {
        Ok(())
    } else {
        Err(Violation::new(ErrorCode::PropertyConstraintViolation, what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(action: Action, payload: &str) -> Option<ErrorCode> {
        check_request(action, payload).err().map(|fault| fault.code)
    }

    #[test]
    fn each_violation_has_its_code() {
        use ErrorCode as E;
        let profile = |periods: &str| {
            format!(
                r#"{{"connectorId":1,"csChargingProfiles":{{"chargingProfileId":1,"stackLevel":0,
                "chargingProfilePurpose":"TxProfile","chargingProfileKind":"Relative",
                "chargingSchedule":{{"chargingRateUnit":"A","chargingSchedulePeriod":{periods}}}}}}}"#
            )
        };
        let limit = |limit: &str| profile(&format!(r#"[{{"startPeriod":0,"limit":{limit}}}]"#));
        for (action, payload, expected) in [
            (Action::Reset, r#"{"type":"Hard"}"#.to_owned(), None),
            (Action::Reset, r#"{"type":"hard"}"#.into(), Some(E::PropertyConstraintViolation)),
            (Action::Reset, r#"{"type":1}"#.into(), Some(E::TypeConstraintViolation)),
            (Action::Reset, "{}".into(), Some(E::ProtocolError)),
            (Action::Reset, "[]".into(), Some(E::FormationViolation)),
            (Action::Reset, "{".into(), Some(E::FormationViolation)),
            (Action::Heartbeat, r#"{"x":1}"#.into(), Some(E::FormationViolation)),
            (Action::Heartbeat, "null".into(), Some(E::FormationViolation)),
            (Action::SetChargingProfile, limit("16.3"), None),
            (Action::SetChargingProfile, limit("0.3"), None),
            (Action::SetChargingProfile, limit("16.35"), Some(E::PropertyConstraintViolation)),
            (
                Action::SetChargingProfile,
                limit(&f64::from(16.3_f32).to_string()),
                Some(E::PropertyConstraintViolation),
            ),
            (Action::SetChargingProfile, limit("-1"), Some(E::PropertyConstraintViolation)),
            (Action::SetChargingProfile, limit("1e13"), Some(E::PropertyConstraintViolation)),
            (Action::SetChargingProfile, profile("[]"), Some(E::OccurenceConstraintViolation)),
        ] {
            assert_eq!(code(action, &payload), expected, "{payload}");
        }
    }

    #[test]
    fn a_fault_names_the_place() {
        let payload = r#"{"connectorId":1,"meterValue":[{"timestamp":"2026-05-04T12:00:00Z",
            "sampledValue":[{"value":"1"},{"value":2}]}]}"#;
        let fault = check_request(Action::MeterValues, payload).unwrap_err();
        assert_eq!(
            fault.to_string(),
            "TypeConstraintViolation: meterValue[0].sampledValue[1].value: not a text"
        );
    }

    #[test]
    fn a_flaw_points_at_its_place_and_says_what_would_be_right() {
        for (payload, pointer, problem) in [
            (
                r#"{"connectorId":1,"a/b":2}"#,
                "/a~1b",
                "unknown; one of connectorId, transactionId, meterValue",
            ),
            (r#"{"meterValue":[]}"#, "/connectorId", "missing; a whole number, 0 to 4294967295"),
            (
                r#"{"connectorId":1,"meterValue":[{"timestamp":"2026-05-04T12:00:00Z",
                "sampledValue":[{"value":"1","phase":"L9"}]}]}"#,
                "/meterValue/0/sampledValue/0/phase",
                "not a value of the enumeration; one of L1, L2, L3, N, L1-N, L2-N, L3-N, L1-L2, L2-L3, L3-L1",
            ),
        ] {
            let Ok(Value::Object(members)) = serde_json::from_str(payload) else { panic!() };
            let flaw = find_flaw(Action::MeterValues, &members).unwrap();
            assert_eq!((flaw.pointer.as_str(), flaw.problem.as_str()), (pointer, problem));
        }
    }

    #[test]
    fn a_composite_schedule_may_say_no_limit_with_a_negative_one() {
        let payload = r#"{"status":"Accepted","chargingSchedule":{"chargingRateUnit":"A",
            "chargingSchedulePeriod":[{"startPeriod":0,"limit":-1}]}}"#;
        assert_eq!(check_response(Action::GetCompositeSchedule, payload), Ok(()));
    }
}
