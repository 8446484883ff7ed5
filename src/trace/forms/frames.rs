//! OCPP-J frames within other text: where they begin and end, and what they are as records.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::ocpp::Frame;
use crate::time::Time;
use crate::trace::record::VERSION;
use crate::trace::record::{CallError, Direction, Fault, MessageType, Record, Stamp, Transport};

/// What a record's `meta` says when no clock was there to tell when the frame was seen.
const INFERRED: &str = r#"{"timestamp":"inferred"}"#;

/// What a log says of a frame beside its text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen<'a> {
    /// Charge point.
    pub(super) point: &'a str,
    /// Which way the frame went.
    pub(super) direction: Direction,
    /// When.
    pub(super) at: Time,
    /// Whether that is a guess.
    pub(super) inferred: bool,
}

/// Where the next frame begins, from a place on: `[`, a message type, a comma and a quote, with blanks around.
pub(super) fn begins(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = from;
    loop {
        at += bytes.get(at..)?.iter().position(|byte| *byte == b'[')?;
        let kind = blanks(bytes, at + 1);
        if matches!(bytes.get(kind), Some(b'2' | b'3' | b'4')) {
            let comma = blanks(bytes, kind + 1);
            if bytes.get(comma) == Some(&b',') && bytes.get(blanks(bytes, comma + 1)) == Some(&b'"')
            {
                return Some(at);
            }
        }
        at += 1;
    }
}

/// Where the array that begins at a place ends; `None` when it is not closed.
pub(super) fn ends(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut depth, mut at) = (0_usize, from);
    loop {
        match bytes.get(at)? {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            b'"' => at = quote(bytes, at + 1)?,
            _ => {}
        }
        at += 1;
    }
}

/// The frame as a record.
///
/// # Errors
/// When the envelope, or the payload, is no JSON.
pub(super) fn record<'a>(text: &'a str, seen: Seen<'a>) -> Result<Record<'a>, Fault> {
    let frame = parse(text)?;
    let message_id = match &frame {
        Frame::Call(call) => call.id.clone(),
        Frame::Result(result) => result.id.clone(),
        Frame::Error(error) => error.id.clone(),
    };
    let (message_type, action, payload, error) = match frame {
        Frame::Call(call) => {
            (MessageType::Call, Some(call.action), Some(json(call.payload)?), None)
        }
        Frame::Result(result) => (MessageType::CallResult, None, Some(json(result.payload)?), None),
        Frame::Error(error) => {
            let error = CallError {
                code: Some(code(text).unwrap_or_else(|| error.code.to_string().into())),
                description: Some(error.description),
                details: Some(json(error.details)?),
            };
            (MessageType::CallError, None, None, Some(error))
        }
    };
    Ok(Record {
        schema_version: VERSION.into(),
        timestamp: Stamp::exact(seen.at),
        ocpp_version: None,
        transport: Transport::Json,
        charge_point_id: Some(seen.point.into()),
        connector_id: None,
        direction: seen.direction,
        message_type,
        message_id: Some(message_id),
        action,
        payload,
        error,
        raw: Some(text.into()),
        meta: seen.inferred.then(|| json(INFERRED)).transpose()?,
    })
}

/// The envelope of a frame.
///
/// # Errors
/// In words, when it is none.
pub(super) fn parse(text: &str) -> Result<Frame<'_>, Fault> {
    Frame::parse(text).map_err(|fault| Fault::Frame(fault.to_string()))
}

fn json(text: &str) -> Result<&RawValue, Fault> {
    serde_json::from_str(text)
        .map_err(|error| Fault::Frame(format!("a frame whose payload is no JSON: {error}")))
}

/// The error code as it stands there, also one that OCPP does not know.
fn code(text: &str) -> Option<Cow<'_, str>> {
    let parts: Vec<&RawValue> = serde_json::from_str(text).ok()?;
    serde_json::from_str::<String>(parts.get(2)?.get()).ok().map(Cow::Owned)
}

fn blanks(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
        at += 1;
    }
    at
}

/// Where a text that begins before `at` has its last quote.
fn quote(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        let (mut all, mut from) = (Vec::new(), 0);
        while let Some(start) = begins(text, from) {
            from = ends(text, start).unwrap_or(text.len());
            all.push(&text[start..from]);
        }
        all
    }

    #[test]
    fn frames_are_found_between_other_text_and_not_within_texts() {
        let line = r#"[ocpp  ] x [1.2 3] [2, 3] recv: [ 2 ,"a]\"[3,\"","X",{"b":[{}]}] and [3,"b",{}][4,"c","d"]"#;
        assert_eq!(
            found(line),
            [r#"[ 2 ,"a]\"[3,\"","X",{"b":[{}]}]"#, r#"[3,"b",{}]"#, r#"[4,"c","d"]"#]
        );
        assert_eq!(found(r#"[[2,"a","X",{}]]"#), [r#"[2,"a","X",{}]"#]);
        assert_eq!(found("[2,\"a"), ["[2,\"a"]);
        assert_eq!(found("[5,\"a\"] [2] [2,"), [""; 0]);
    }

    #[test]
    fn a_frame_becomes_a_record_that_says_no_more_than_the_frame_and_the_log() {
        let seen =
            Seen { point: "cp", direction: Direction::ToPoint, at: Time(1_500), inferred: true };
        let mut line = String::new();
        record(r#"[4, "7", "NotQuite", "why", {"a":1}]"#, seen).unwrap().push_line(&mut line);
        assert_eq!(
            line.trim_end(),
            concat!(
                r#"{"schemaVersion":"1.1","timestamp":"1970-01-01T00:00:00.001500Z","transport":"json","#,
                r#""chargePointId":"cp","direction":"csms-to-cp","messageType":"CALLERROR","messageId":"7","#,
                r#""error":{"code":"NotQuite","description":"why","details":{"a":1}},"#,
                r#""raw":"[4, \"7\", \"NotQuite\", \"why\", {\"a\":1}]","meta":{"timestamp":"inferred"}}"#,
            )
        );
        let told = |text| record(text, seen).map(|_| ()).unwrap_err().to_string();
        assert!(told(r#"[2,"7","X",{"a":}]"#).starts_with("a frame whose payload is no JSON: "));
        assert_eq!(told(r#"[2,"7","X",{}"#), "malformed message: a payload and a closing bracket");
    }
}
