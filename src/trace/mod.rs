//! OCPP traffic in the Open OCPP Trace format, version 1.1: one JSON object a line.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::ocpp::frame::Frame;
use crate::time::Time;

/// One frame as a trace record; field names and order are the format's.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    schema_version: &'static str,
    timestamp: String,
    ocpp_version: &'static str,
    transport: &'static str,
    charge_point_id: &'a str,
    direction: &'static str,
    message_type: &'static str,
    message_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<CallError<'a>>,
    raw: &'a str,
}

#[derive(Serialize)]
struct CallError<'a> {
    code: String,
    description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<&'a RawValue>,
}

/// Appends a frame as one line. Returns false, and writes nothing, for a text that is no OCPP-J
/// frame.
pub fn write_line(out: &mut String, at: Time, point: &str, from_point: bool, text: &str) -> bool {
    let Ok(frame) = Frame::parse(text) else { return false };
    let (message_type, action, payload, error) = match &frame {
        Frame::Call(call) => ("CALL", Some(&*call.action), json(call.payload), None),
        Frame::Result(result) => ("CALLRESULT", None, json(result.payload), None),
        Frame::Error(error) => {
            let details = json(error.details);
            let code = error.code.to_string();
            let error = CallError { code, description: &error.description, details };
            ("CALLERROR", None, None, Some(error))
        }
    };
    let record = Record {
        schema_version: "1.1",
        timestamp: milliseconds(at),
        ocpp_version: "1.6",
        transport: "json",
        charge_point_id: point,
        direction: if from_point { "cp-to-csms" } else { "csms-to-cp" },
        message_type,
        message_id: frame.id(),
        action,
        payload,
        error,
        raw: text,
    };
    let Ok(line) = serde_json::to_string(&record) else { return false };
    out.push_str(&line);
    out.push('\n');
    true
}

fn json(text: &str) -> Option<&RawValue> {
    serde_json::from_str(text).ok()
}

/// The instant with milliseconds, as the format's fixtures have it.
fn milliseconds(at: Time) -> String {
    let mut text = at.to_ocpp();
    text.pop();
    let milliseconds = at.0.div_euclid(1000).rem_euclid(1000);
    text.push_str(&format!(".{milliseconds:03}Z"));
    text
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
