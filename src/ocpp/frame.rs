//! The envelope of OCPP-J: CALL, CALLRESULT and CALLERROR (OCPP-J 1.6 §4.1, §4.2).
//!
//! Reading looks only at the envelope: the payload stays JSON text until somebody knows its type.
//! That a payload is well-formed is found out by whoever reads it; trailing elements of the array
//! thus surface as a malformed payload.

use std::borrow::Cow;

use serde::Serialize;

use super::action::Action;
use super::error::ErrorCode;
use super::scan::{Scanner, is_deeper};

/// The longest text that is read, in bytes. OCPP-J sets no limit; configuration answers of 20 KiB
/// are usual.
pub const MAX_TEXT: usize = 64 * 1024;

/// The deepest nesting that is read, counting the array of the envelope.
pub const MAX_DEPTH: usize = 32;

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// `[2, id, action, payload]`
    Call(Call<'a>),
    /// `[3, id, payload]`
    Result(CallResult<'a>),
    /// `[4, id, code, description, details]`
    Error(CallError<'a>),
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call<'a> {
    /// Chosen by the caller, unique among its calls on this connection.
    pub id: Cow<'a, str>,
    /// Name of the action, not yet checked: see [`Action::from_name`].
    pub action: Cow<'a, str>,
    /// JSON text; `null` when the message has no payload element.
    pub payload: &'a str,
}

/// A response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallResult<'a> {
    /// Id of the call it answers.
    pub id: Cow<'a, str>,
    /// JSON text; `null` when the message has no payload element.
    pub payload: &'a str,
}

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallError<'a> {
    /// Id of the call it answers.
    pub id: Cow<'a, str>,
    /// Why.
    pub code: ErrorCode,
    /// Prose; empty when missing.
    pub description: Cow<'a, str>,
    /// JSON text; `{}` when missing.
    pub details: &'a str,
}

/// Why a text is not a message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameFault {
    /// A message type other than 2, 3 and 4: to be ignored (OCPP-J 1.6 §4.1.3).
    #[error("unknown message type")]
    UnknownType,
    /// More than [`MAX_TEXT`] bytes.
    #[error("message of {length} bytes is longer than {MAX_TEXT}")]
    TooLong {
        /// Bytes of the text.
        length: usize,
    },
    /// Nested deeper than [`MAX_DEPTH`].
    #[error("message is nested deeper than {MAX_DEPTH}")]
    TooDeep {
        /// Id of the CALL to refuse; `None` for other messages.
        call_id: Option<String>,
    },
    /// Not an OCPP-J envelope.
    #[error("malformed message: {what}")]
    Malformed {
        /// Id of the CALL to refuse; `None` for other messages or when it cannot be read.
        call_id: Option<String>,
        /// What was expected and not found.
        what: &'static str,
    },
}

impl FrameFault {
    /// Id of the call that should be answered with a CALLERROR; `None`: nothing to answer.
    #[must_use]
    pub fn call_id(&self) -> Option<&str> {
        match self {
            FrameFault::UnknownType | FrameFault::TooLong { .. } => None,
            FrameFault::TooDeep { call_id } | FrameFault::Malformed { call_id, .. } => {
                call_id.as_deref()
            }
        }
    }

    /// The code of that CALLERROR.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        ErrorCode::FormationViolation
    }
}

impl<'a> Frame<'a> {
    /// Splits a text into its envelope and payload, without copying unless an escape in a name
    /// requires it.
    ///
    /// # Errors
    /// [`FrameFault`] says what is wrong; the payload itself is not checked.
    pub fn parse(text: &'a str) -> Result<Frame<'a>, FrameFault> {
        if text.len() > MAX_TEXT {
            return Err(FrameFault::TooLong { length: text.len() });
        }
        let mut scan = Scanner::open(text).ok_or(malformed("an array"))?;
        match scan.integer().ok_or(malformed("a message type"))? {
            2 => call(scan).map(Frame::Call),
            3 => result(scan).map(Frame::Result),
            4 => error(scan).map(Frame::Error),
            _ => Err(FrameFault::UnknownType),
        }
    }

    /// The beginning of a CALL whose payload cannot be read: its id and action, for a receiver
    /// that has to answer it all the same. Its payload is empty, which is no JSON.
    #[must_use]
    pub fn call_without_payload(text: &'a str) -> Option<Call<'a>> {
        let mut scan = Scanner::open(text)?;
        if scan.integer()? != 2 {
            return None;
        }
        Some(Call { id: scan.text()?, action: scan.text()?, payload: "" })
    }

    /// The message id.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Frame::Call(call) => &call.id,
            Frame::Result(result) => &result.id,
            Frame::Error(error) => &error.id,
        }
    }
}

fn malformed(what: &'static str) -> FrameFault {
    FrameFault::Malformed { call_id: None, what }
}

fn call(mut scan: Scanner<'_>) -> Result<Call<'_>, FrameFault> {
    let id = scan.text().ok_or(malformed("a message id"))?;
    let refuse = |what| FrameFault::Malformed { call_id: Some(id.to_string()), what };
    let action = scan.text().ok_or_else(|| refuse("an action"))?;
    let payload = scan.last().ok_or_else(|| refuse("a payload and a closing bracket"))?;
    if is_deeper(payload, MAX_DEPTH - 1) {
        return Err(FrameFault::TooDeep { call_id: Some(id.into_owned()) });
    }
    Ok(Call { id, action, payload: if payload.is_empty() { "null" } else { payload } })
}

fn result(mut scan: Scanner<'_>) -> Result<CallResult<'_>, FrameFault> {
    let id = scan.text().ok_or(malformed("a message id"))?;
    let payload = scan.last().ok_or(malformed("a payload and a closing bracket"))?;
    if is_deeper(payload, MAX_DEPTH - 1) {
        return Err(FrameFault::TooDeep { call_id: None });
    }
    Ok(CallResult { id, payload: if payload.is_empty() { "null" } else { payload } })
}

fn error(mut scan: Scanner<'_>) -> Result<CallError<'_>, FrameFault> {
    let id = scan.text().ok_or(malformed("a message id"))?;
    let code = scan.text().ok_or(malformed("an error code"))?;
    let code = ErrorCode::from_wire(&code);
    let description = scan.text().unwrap_or_default();
    let details = scan.last().ok_or(malformed("details and a closing bracket"))?;
    if is_deeper(details, MAX_DEPTH - 1) {
        return Err(FrameFault::TooDeep { call_id: None });
    }
    let details = if details.is_empty() { "{}" } else { details };
    Ok(CallError { id, code, description, details })
}

/// Writes a CALL, compact, into `out`, which is cleared first so that it can be reused.
///
/// # Panics
/// When the payload cannot be JSON (a map with keys that are not text); no message type is.
pub fn write_call(out: &mut String, id: &str, action: Action, payload: &impl Serialize) {
    out.clear();
    out.push_str("[2,");
    push_json(out, id);
    out.push_str(",\"");
    out.push_str(action.name());
    out.push_str("\",");
    push_json(out, payload);
    out.push(']');
}

/// Writes a CALLRESULT, compact, into `out`, which is cleared first so that it can be reused.
///
/// # Panics
/// See [`write_call`].
pub fn write_result(out: &mut String, id: &str, payload: &impl Serialize) {
    out.clear();
    out.push_str("[3,");
    push_json(out, id);
    out.push(',');
    push_json(out, payload);
    out.push(']');
}

/// Writes a CALLERROR with empty details, compact, into `out`, which is cleared first so that it
/// can be reused.
pub fn write_error(out: &mut String, id: &str, code: ErrorCode, description: &str) {
    out.clear();
    out.push_str("[4,");
    push_json(out, id);
    out.push_str(",\"");
    out.push_str(code.as_str());
    out.push_str("\",");
    push_json(out, description);
    out.push_str(",{}]");
}

/// Appends a value as compact JSON.
pub(super) fn push_json(out: &mut String, value: &(impl Serialize + ?Sized)) {
    let mut bytes = std::mem::take(out).into_bytes();
    serde_json::to_writer(&mut bytes, value).expect("a payload is JSON");
    *out = String::from_utf8(bytes).expect("JSON is UTF-8");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ocpp::messages::{HeartbeatRequest, StatusNotificationResponse};

    fn call_of(text: &str) -> Call<'_> {
        match Frame::parse(text) {
            Ok(Frame::Call(call)) => call,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn a_call_is_split_without_copying() {
        let call = call_of(r#"[2,"17","Heartbeat",{}]"#);
        assert!(matches!(call.id, Cow::Borrowed("17")));
        assert!(matches!(call.action, Cow::Borrowed("Heartbeat")));
        assert_eq!(call.payload, "{}");
    }

    #[test]
    fn blanks_and_escapes_are_read_as_json_means_them() {
        let text = " [ 2 ,\r\n\"a\\u002Db\\\\\" ,\t\"Reset\" , { \"type\" : \"Hard\" } ] \n";
        let call = call_of(text);
        assert_eq!(call.id, "a-b\\");
        assert_eq!(call.payload, r#"{ "type" : "Hard" }"#);
    }

    #[test]
    fn a_missing_payload_is_null_and_missing_error_fields_are_empty() {
        assert_eq!(call_of(r#"[2,"1","Heartbeat"]"#).payload, "null");
        let Ok(Frame::Error(error)) = Frame::parse(r#"[4,"1","NotSupported"]"#) else { panic!() };
        assert_eq!((error.code, &*error.description), (ErrorCode::NotSupported, ""));
        assert_eq!(error.details, "{}");
        let Ok(Frame::Error(error)) = Frame::parse(r#"[4,"1","Odd","why",{"a":1}]"#) else {
            panic!()
        };
        assert_eq!((error.code, &*error.description), (ErrorCode::Other, "why"));
        assert_eq!(error.details, r#"{"a":1}"#);
    }

    #[test]
    fn an_unknown_message_type_is_to_be_ignored() {
        assert_eq!(Frame::parse(r#"[5,"1",{}]"#), Err(FrameFault::UnknownType));
        assert_eq!(Frame::parse("[0]"), Err(FrameFault::UnknownType));
    }

    #[test]
    fn a_broken_call_can_be_refused_when_its_id_is_readable() {
        for text in [
            r#"[2,"7""#,
            r#"[2,"7"]"#,
            r#"[2,"7",5,{}]"#,
            r#"[2,"7","Heartbeat",{}"#,
            r#"[2,"7","Heartbeat" {}]"#,
        ] {
            assert_eq!(Frame::parse(text).unwrap_err().call_id(), Some("7"), "{text}");
        }
        let deep = format!(r#"[2,"7","X",{}{}]"#, "[".repeat(32), "]".repeat(32));
        assert_eq!(Frame::parse(&deep), Err(FrameFault::TooDeep { call_id: Some("7".to_owned()) }));
        let call = Frame::call_without_payload(&deep).unwrap();
        assert_eq!((&*call.id, &*call.action, call.payload), ("7", "X", ""));
    }

    #[test]
    fn what_cannot_be_answered_names_no_call() {
        for text in [
            "",
            "null",
            "{}",
            "[]",
            "[2]",
            r#"["2","1","Heartbeat",{}]"#,
            r#"[2,1,"Heartbeat",{}]"#,
            r#"[3,"1",{}"#,
            "[2,\"a\nb\",\"Heartbeat\",{}]",
            r#"[2,"\ud800","Heartbeat",{}]"#,
            r#"[99999999999,"1",{}]"#,
        ] {
            assert_eq!(Frame::parse(text).unwrap_err().call_id(), None, "{text}");
        }
        let long = format!(r#"[2,"1","X","{}"]"#, "x".repeat(MAX_TEXT));
        assert!(matches!(Frame::parse(&long), Err(FrameFault::TooLong { .. })));
    }

    #[test]
    fn writers_are_compact_and_reuse_their_buffer() {
        let mut out = "left over".to_owned();
        write_call(&mut out, "a\"b", Action::Heartbeat, &HeartbeatRequest {});
        assert_eq!(out, r#"[2,"a\"b","Heartbeat",{}]"#);
        write_result(&mut out, "1", &StatusNotificationResponse {});
        assert_eq!(out, r#"[3,"1",{}]"#);
        write_error(&mut out, "1", ErrorCode::OccurenceConstraintViolation, "too \"many\"");
        assert_eq!(out, r#"[4,"1","OccurenceConstraintViolation","too \"many\"",{}]"#);
    }
}
