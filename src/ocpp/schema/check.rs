//! The strict checker: what the official schemas and the ranges of the specification allow.

use serde_json::{Map, Value};

use super::{Fault, Field, Kind, request, response};
use crate::ocpp::action::Action;
use crate::ocpp::error::ErrorCode;
use crate::ocpp::messages::charging_profile::{is_tenth, tenths};
use crate::ocpp::timestamp::Timestamp;

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

fn check(fields: &[Field], payload: &str) -> Result<(), Fault> {
    match serde_json::from_str(payload) {
        Ok(Value::Object(members)) => object(fields, &members)
            .map_err(|violation| Fault::new(violation.code, &violation.path, violation.what)),
        Ok(_) => Err(Fault::new(ErrorCode::FormationViolation, "", "not an object")),
        Err(error) => Err(Fault::new(ErrorCode::FormationViolation, "", error)),
    }
}

/// A violation whose path grows on the way out, so that conforming payloads make no paths.
struct Violation {
    code: ErrorCode,
    path: String,
    what: &'static str,
}

impl Violation {
    fn new(code: ErrorCode, what: &'static str) -> Violation {
        Violation { code, path: String::new(), what }
    }

    fn within(self, step: &str) -> Violation {
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        Violation { path: format!("{step}{dot}{}", self.path), ..self }
    }
}

fn object(fields: &[Field], members: &Map<String, Value>) -> Result<(), Violation> {
    for name in members.keys() {
        if !fields.iter().any(|field| field.name == name) {
            return Err(Violation::new(ErrorCode::FormationViolation, "unknown").within(name));
        }
    }
    fields.iter().try_for_each(|field| {
        let result = match members.get(field.name) {
            Some(member) => value(&field.kind, member),
            None if field.required => Err(Violation::new(ErrorCode::ProtocolError, "missing")),
            None => Ok(()),
        };
        result.map_err(|violation| violation.within(field.name))
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
        value(element, item).map_err(|violation| violation.within(&format!("[{index}]")))
    })
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
    fn a_composite_schedule_may_say_no_limit_with_a_negative_one() {
        let payload = r#"{"status":"Accepted","chargingSchedule":{"chargingRateUnit":"A",
            "chargingSchedulePeriod":[{"startPeriod":0,"limit":-1}]}}"#;
        assert_eq!(check_response(Action::GetCompositeSchedule, payload), Ok(()));
    }
}
