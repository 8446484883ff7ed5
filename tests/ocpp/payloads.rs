//! Random conforming payloads, made from the tables, and what every reader has to do with them.

use std::ops::RangeInclusive;

use ampacity::ocpp::schema::{self, Field, Kind};
use ampacity::ocpp::{Action, Fault};
use ampacity::time::Time;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value};

use crate::typed::{Side, echo};

/// 2000-01-01 to 2099-12-31.
const SECONDS: RangeInclusive<i64> = 946_684_800..=4_102_444_799;

pub(crate) fn fields(action: Action, side: Side) -> &'static [Field] {
    match side {
        Side::Request => schema::request(action),
        Side::Response => schema::response(action),
    }
}

pub(crate) fn check(action: Action, side: Side, payload: &str) -> Result<(), Fault> {
    match side {
        Side::Request => schema::check_request(action, payload),
        Side::Response => schema::check_response(action, payload),
    }
}

/// An action and the side of it.
pub(crate) fn message() -> impl Strategy<Value = (Action, Side)> {
    (select(Action::ALL), select(&[Side::Request, Side::Response][..]))
}

/// A conforming payload of any message.
pub(crate) fn payload() -> impl Strategy<Value = (Action, Side, Value)> {
    message().prop_flat_map(|(action, side)| {
        object(fields(action, side)).prop_map(move |payload| (action, side, payload))
    })
}

fn object(fields: &'static [Field]) -> BoxedStrategy<Value> {
    let members: Vec<_> = fields
        .iter()
        .map(|field| {
            let value = value(&field.kind);
            let present = if field.required {
                value.prop_map(Some).boxed()
            } else {
                proptest::option::of(value).boxed()
            };
            present.prop_map(|value| (field.name.to_owned(), value))
        })
        .collect();
    members
        .prop_map(|members| {
            let present = members.into_iter().filter_map(|(name, value)| Some((name, value?)));
            Value::Object(present.collect::<Map<String, Value>>())
        })
        .boxed()
}

fn value(kind: &'static Kind) -> BoxedStrategy<Value> {
    match kind {
        Kind::Prose(max) | Kind::Text(max) => {
            let longest = (*max).min(60);
            proptest::collection::vec(any::<char>(), 0..=longest)
                .prop_map(|text| Value::from(text.into_iter().collect::<String>()))
                .boxed()
        }
        Kind::Integer(min, max) => (*min..=*max).prop_map(Value::from).boxed(),
        Kind::Register => any::<i64>().prop_map(Value::from).boxed(),
        Kind::Limit(min) => {
            let lowest = if *min < 0.0 { -100 } else { 0 };
            (lowest..10_000_000_i64)
                .prop_map(|tenths| match tenths % 10 {
                    0 => Value::from(tenths / 10),
                    _ => Value::from(tenths as f64 / 10.0),
                })
                .boxed()
        }
        Kind::Bool => any::<bool>().prop_map(Value::from).boxed(),
        Kind::Enum(names) | Kind::LooseEnum(names, _) => {
            select(*names).prop_map(Value::from).boxed()
        }
        Kind::Time | Kind::Occurred => {
            SECONDS.prop_map(|second| Value::from(Time::from_unix_s(second).to_ocpp())).boxed()
        }
        Kind::Object(fields) => object(fields),
        Kind::List(element, min) | Kind::LooseList(element, min) => {
            proptest::collection::vec(value(element), *min..*min + 3).prop_map(Value::Array).boxed()
        }
    }
}

/// Every field that holds a text of limited length, as a path of names, and its limit.
fn limited(
    fields: &'static [Field],
    path: &[&'static str],
    found: &mut Vec<(Vec<&'static str>, usize)>,
) {
    for field in fields {
        let path = [path, &[field.name]].concat();
        match &field.kind {
            Kind::Prose(max) | Kind::Text(max) if *max < usize::MAX => found.push((path, *max)),
            Kind::Object(fields) => limited(fields, &path, found),
            Kind::List(element, _) | Kind::LooseList(element, _) => match element {
                Kind::Object(fields) => limited(fields, &path, found),
                Kind::Text(max) => found.push((path, *max)),
                _ => {}
            },
            _ => {}
        }
    }
}

/// The value at a path, in the first element of each list on the way; `None` where it is absent.
fn reach<'v>(value: &'v mut Value, path: &[&str]) -> Option<&'v mut Value> {
    let mut at = value;
    for name in path {
        at = at.get_mut(*name)?;
        if at.is_array() {
            at = at.get_mut(0)?;
        }
    }
    Some(at)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn a_conforming_payload_passes_and_comes_back_as_it_was((action, side, payload) in payload()) {
        let text = payload.to_string();
        prop_assert_eq!(check(action, side, &text), Ok(()));
        let echo = echo(action, side, &text);
        let echo = echo.map_err(|fault| TestCaseError::fail(format!("{text}: {fault}")))?;
        prop_assert_eq!(&echo.deviations, &[]);
        prop_assert_eq!(check(action, side, &echo.payload), Ok(()));
        let again: Value = serde_json::from_str(&echo.payload).expect("an echo is JSON");
        prop_assert_eq!(again, payload);
    }

    #[test]
    fn a_text_one_character_too_long_is_noticed_by_both_readers((action, side, payload) in payload()) {
        let mut places = Vec::new();
        limited(fields(action, side), &[], &mut places);
        for (path, max) in places {
            let mut payload = payload.clone();
            let Some(place) = reach(&mut payload, &path) else { continue };
            *place = Value::from("ß".repeat(max));
            let text = payload.to_string();
            prop_assert_eq!(echo(action, side, &text).map(|echo| echo.deviations.len()), Ok(0));
            *reach(&mut payload, &path).expect("the place is there") = Value::from("ß".repeat(max + 1));
            let text = payload.to_string();
            prop_assert_eq!(echo(action, side, &text).map(|echo| echo.deviations.len()), Ok(1));
            prop_assert!(check(action, side, &text).is_err());
        }
    }

    #[test]
    fn a_missing_required_field_is_a_protocol_error((action, side, payload) in payload()) {
        for field in fields(action, side).iter().filter(|field| field.required) {
            let mut payload = payload.clone();
            payload.as_object_mut().expect("a payload is an object").remove(field.name);
            let text = payload.to_string();
            let code = check(action, side, &text).map_err(|fault| fault.code);
            prop_assert_eq!(code, Err(ampacity::ocpp::ErrorCode::ProtocolError));
            if !matches!(field.kind, Kind::Occurred) {
                let code = echo(action, side, &text).map_err(|fault| fault.code).map(|_| ());
                prop_assert_eq!(code, Err(ampacity::ocpp::ErrorCode::ProtocolError));
            }
        }
    }
}
