//! What is written reads back the same, whatever it is.

use ampacity::ocpp::Frame;
use ampacity::time::Time;
use ampacity::trace::record::{CallError, Direction, MessageType, Stamp, Transport};
use ampacity::trace::{Record, write_line};
use proptest::prelude::*;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::tape::inspected;

/// Any JSON, three levels deep.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn any_text() -> impl Strategy<Value = Option<String>> {
    prop::option::of(any::<String>())
}

fn raw(value: &Value) -> Box<RawValue> {
    serde_json::value::to_raw_value(value).expect("JSON")
}

proptest! {
    #[test]
    fn a_record_that_is_written_and_read_is_written_the_same_again(
        texts in prop::array::uniform8(any_text()),
        jsons in prop::array::uniform3(prop::option::of(any_json())),
        at in 0_i64..4_000_000_000_000_000,
        connector in prop::option::of(any::<u32>()),
        kind in 0..3_usize,
        from_point: bool,
        json_transport: bool,
    ) {
        let jsons = jsons.map(|json| json.as_ref().map(raw));
        let [payload, details, meta] = jsons.each_ref().map(Option::as_deref);
        let [version, point, id, action, raw, code, description, _] = texts.map(|it| it.map(Into::into));
        let error = CallError { code, description, details };
        let record = Record {
            schema_version: "1.1".into(),
            timestamp: Stamp::exact(Time(at)),
            ocpp_version: version,
            transport: if json_transport { Transport::Json } else { Transport::Soap },
            charge_point_id: point,
            connector_id: connector,
            direction: if from_point { Direction::FromPoint } else { Direction::ToPoint },
            message_type: [MessageType::Call, MessageType::CallResult, MessageType::CallError][kind],
            message_id: id,
            action: if kind == 0 { action.or(Some("Reset".into())) } else { action },
            payload,
            error: (kind == 2).then_some(error),
            raw,
            meta,
        };
        let (mut first, mut second) = (String::new(), String::new());
        record.push_line(&mut first);
        let read = Record::parse(first.trim_end()).expect("a record");
        read.push_line(&mut second);
        prop_assert_eq!(&first, &second);
        prop_assert_eq!(first.lines().count(), 1, "a record is a line");
        prop_assert_eq!(&read.message_id, &record.message_id);
        prop_assert_eq!(read.timestamp.at(), Time(at));
        prop_assert_eq!(read.payload.map(RawValue::get), record.payload.map(RawValue::get));
        prop_assert_eq!(&read.raw, &record.raw);
    }

    #[test]
    fn a_frame_comes_back_as_it_was_sent(
        id: String, action: String, payload in any_json(), from_point: bool, point: String,
    ) {
        let frame = serde_json::to_string(&(2, &id, &action, &payload)).expect("JSON");
        let mut line = String::new();
        prop_assert!(write_line(&mut line, Time(0), &point, from_point, &frame));
        let record = Record::parse(line.trim_end()).expect("a record");
        prop_assert_eq!(record.raw.as_deref(), Some(&*frame));
        let Ok(Frame::Call(call)) = Frame::parse(&frame) else { panic!("{frame}") };
        prop_assert_eq!(record.body(), call.payload);
        prop_assert_eq!(record.charge_point_id.as_deref(), Some(&*point));
        prop_assert_eq!((record.message_id.as_deref(), record.action.as_deref()), (Some(&*id), Some(&*action)));
    }

    #[test]
    fn whatever_stands_in_a_file_is_counted_or_told(lines in prop::collection::vec(any::<String>(), 0..20)) {
        let text = lines.join("\n");
        let inspection = inspected(&text);
        let filled = text.split('\n').filter(|line| !line.as_bytes().trim_ascii().is_empty()).count();
        prop_assert_eq!(inspection.records + inspection.broken.count, filled as u64);
    }
}
