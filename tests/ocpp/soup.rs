//! Whatever comes over the wire: readers answer, they do not panic.

use ampacity::ocpp::messages::MeterValuesRequest;
use ampacity::ocpp::{Action, DeviationKind, Frame, MeterReading, Reader};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::Value;

use crate::payloads::{check, message, payload};
use crate::typed::echo;

/// Any JSON, small.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (-20_i64..20).prop_map(Value::from),
        (-20_i64..20).prop_map(|n| Value::from(n as f64 / 2.0)),
        "\\PC{0,30}".prop_map(Value::from),
        "[-0-9T:.Z+ ]{0,30}".prop_map(Value::from),
        select(&["", "accepted", "1,5", "16.0", "TRUE", "2026-05-04 12:00", "L1N", "%"][..])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("[a-zA-Z]{1,12}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// What is done to a place in a payload.
#[derive(Clone, Debug)]
enum Damage {
    Replace(Value),
    AddMember(String, Value),
    RemoveMember(Index),
    Recase(Index),
    Empty,
    Wrap,
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        4 => json().prop_map(Damage::Replace),
        1 => ("[a-zA-Z]{1,12}", json()).prop_map(|(name, value)| Damage::AddMember(name, value)),
        1 => any::<Index>().prop_map(Damage::RemoveMember),
        1 => any::<Index>().prop_map(Damage::Recase),
        1 => Just(Damage::Empty),
        1 => Just(Damage::Wrap),
    ]
}

/// The places of a payload, itself first.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                places(value, &format!("{at}/{name}"), found);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                places(value, &format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

fn apply(payload: &mut Value, place: Index, damage: Damage) {
    let mut found = Vec::new();
    places(payload, "", &mut found);
    let pointer: &String = place.get(&found);
    let target = payload.pointer_mut(pointer).expect("the place is there");
    match (damage, target) {
        (Damage::Replace(value), target) => *target = value,
        (Damage::AddMember(name, value), Value::Object(members)) => {
            members.insert(name, value);
        }
        (Damage::RemoveMember(which), Value::Object(members)) if !members.is_empty() => {
            let name = which.get(&members.keys().cloned().collect::<Vec<_>>()).clone();
            members.remove(&name);
        }
        (Damage::Recase(which), Value::Object(members)) if !members.is_empty() => {
            let name = which.get(&members.keys().cloned().collect::<Vec<_>>()).clone();
            let value = members.remove(&name).expect("the member is there");
            members.insert(name.to_uppercase(), value);
        }
        (Damage::Empty, Value::Array(items)) => items.clear(),
        (Damage::Empty, Value::String(text)) => text.clear(),
        (Damage::Wrap, target) => *target = Value::Array(vec![target.take()]),
        _ => {}
    }
}

/// Deviations that are kept as they are, so that the strict checker still objects.
fn stays_wrong(kind: DeviationKind) -> bool {
    use DeviationKind as D;
    // A list whose elements were all dropped is as empty as one that came so.
    matches!(kind, D::LongText | D::EmptyList | D::DroppedElement)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn a_damaged_payload_is_repaired_or_refused(
        (action, side, mut payload) in payload(),
        damages in proptest::collection::vec((any::<Index>(), damage()), 1..4)
    ) {
        for (place, damage) in damages {
            apply(&mut payload, place, damage);
        }
        let text = payload.to_string();
        let strict = check(action, side, &text);
        match echo(action, side, &text) {
            Ok(echo) => {
                if !echo.deviations.iter().any(|deviation| stays_wrong(deviation.kind)) {
                    prop_assert_eq!(check(action, side, &echo.payload), Ok(()), "{}", text);
                }
                if strict.is_ok() {
                    let clock_only = echo
                        .deviations
                        .iter()
                        .all(|deviation| deviation.kind == DeviationKind::ImplausibleTime);
                    prop_assert!(clock_only, "{}: {:?}", text, echo.deviations);
                }
                if let Err(fault) = strict && echo.deviations.is_empty() {
                    prop_assert!(fault.description.ends_with("one decimal"), "{}: {}", text, fault);
                }
            }
            Err(_) => prop_assert!(strict.is_err(), "{text} is conforming and was refused"),
        }
    }

    #[test]
    fn any_json_as_a_payload_is_read_or_refused((action, side) in message(), payload in json()) {
        let _ = echo(action, side, &payload.to_string());
    }

    #[test]
    fn any_text_as_a_frame_is_split_or_refused(text in "\\PC*") {
        let _ = Frame::parse(&text);
    }

    #[test]
    fn frame_like_bytes_are_split_and_read_or_refused(
        pieces in proptest::collection::vec(
            select(&[
                "[", "]", "{", "}", "\"", "\\", ",", ":", " ", "2", "3", "4", "[2,\"1\",", "\"MeterValues\"",
                "\"meterValue\":", "\"sampledValue\":", "\"connectorId\":1", "null", "\u{e4}", "\\u12", "\n",
            ][..]),
            0..24
        )
    ) {
        let text: String = pieces.concat();
        if let Ok(Frame::Call(call)) = Frame::parse(&text) {
            let mut reader = Reader::new();
            if let Ok(read) = reader.request::<MeterValuesRequest<'_>>(Action::MeterValues, call.payload) {
                let _ = MeterReading::by_instant(&read.value.meter_value).count();
            }
        }
    }

    #[test]
    fn a_damaged_frame_is_split_or_refused(
        bytes in proptest::collection::vec((any::<Index>(), any::<u8>()), 0..4), cut in any::<Index>()
    ) {
        let mut frame = br#"[2,"19223201","StatusNotification",{"connectorId":1,"status":"Charging"}]"#.to_vec();
        for (place, byte) in bytes {
            let at = place.index(frame.len());
            frame[at] = byte;
        }
        frame.truncate(cut.index(frame.len() + 1));
        let text = String::from_utf8_lossy(&frame);
        let _ = Frame::parse(&text);
    }
}
