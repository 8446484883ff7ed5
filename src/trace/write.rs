//! A frame -> a line.

use serde_json::value::RawValue;

use super::record::{self, CallError, Direction, MessageType, Record, Stamp, Transport};
use crate::ocpp::frame::Frame;
use crate::time::Time;

/// Appends a frame as one line. Returns false, and writes nothing, for a text that is no OCPP-J
/// frame.
pub fn write_line(out: &mut String, at: Time, point: &str, from_point: bool, text: &str) -> bool {
    let Ok(frame) = Frame::parse(text) else { return false };
    let (message_type, action, payload, error) = match &frame {
        Frame::Call(call) => (MessageType::Call, Some(&*call.action), json(call.payload), None),
        Frame::Result(result) => (MessageType::CallResult, None, json(result.payload), None),
        Frame::Error(error) => {
            let error = CallError {
                code: Some(error.code.to_string().into()),
                description: Some((&*error.description).into()),
                details: json(error.details),
            };
            (MessageType::CallError, None, None, Some(error))
        }
    };
    let record = Record {
        schema_version: record::VERSION.into(),
        timestamp: Stamp::milliseconds(at),
        ocpp_version: Some("1.6".into()),
        transport: Transport::Json,
        charge_point_id: Some(point.into()),
        connector_id: None,
        direction: if from_point { Direction::FromPoint } else { Direction::ToPoint },
        message_type,
        message_id: Some(frame.id().into()),
        action: action.map(Into::into),
        payload,
        error,
        raw: Some(text.into()),
        meta: None,
    };
    record.push_line(out);
    true
}

fn json(text: &str) -> Option<&RawValue> {
    serde_json::from_str(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_becomes_a_record_with_everything_in_it() {
        let mut out = String::new();
        let text = r#"[2,"7","Heartbeat",{}]"#;
        assert!(write_line(&mut out, Time(1_500_000), "cp_1", true, text));
        assert_eq!(
            out,
            concat!(
                r#"{"schemaVersion":"1.1","timestamp":"1970-01-01T00:00:01.500Z","ocppVersion":"1.6","#,
                r#""transport":"json","chargePointId":"cp_1","direction":"cp-to-csms","#,
                r#""messageType":"CALL","messageId":"7","action":"Heartbeat","payload":{},"#,
                r#""raw":"[2,\"7\",\"Heartbeat\",{}]"}"#,
                "\n"
            )
        );
    }

    #[test]
    fn an_error_carries_its_code_and_no_payload() {
        let mut out = String::new();
        let text = r#"[4,"7","FormationViolation","no object",{}]"#;
        assert!(write_line(&mut out, Time(0), "cp_1", false, text));
        assert!(out.contains(
            r#""error":{"code":"FormationViolation","description":"no object","details":{}}"#
        ));
        assert!(!out.contains("payload"));
        assert!(!write_line(&mut out, Time(0), "cp_1", false, "hello"));
    }
}
