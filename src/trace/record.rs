//! A message as the format records it.

use std::borrow::Cow;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::ocpp::Timestamp;
use crate::ocpp::frame::Frame;
use crate::time::Time;

/// The version that is written. Whatever has the same major version is read.
pub const VERSION: &str = "1.1";

/// One message. Names and order of the fields are the format's.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record<'a> {
    /// Version of the format.
    #[serde(borrow)]
    pub schema_version: Cow<'a, str>,
    /// When the message was seen.
    #[serde(borrow)]
    pub timestamp: Stamp<'a>,
    /// Version of the protocol, as `1.6`.
    #[serde(borrow, default, deserialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub ocpp_version: Option<Cow<'a, str>>,
    /// How the message travelled.
    pub transport: Transport,
    /// Identity of the charge point.
    #[serde(borrow, default, deserialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub charge_point_id: Option<Cow<'a, str>>,
    /// Connector that the message is about; 0 is the charge point as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connector_id: Option<u32>,
    /// Which way the message went.
    pub direction: Direction,
    /// Call or answer.
    pub message_type: MessageType,
    /// What a call and its answer have in common.
    #[serde(borrow, default, deserialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub message_id: Option<Cow<'a, str>>,
    /// Of every call; an answer may repeat that of its call.
    #[serde(borrow, default, deserialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub action: Option<Cow<'a, str>>,
    /// JSON text of the body.
    #[serde(borrow, default, deserialize_with = "json", skip_serializing_if = "Option::is_none")]
    pub payload: Option<&'a RawValue>,
    /// Of a CALLERROR, and of nothing else.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub error: Option<CallError<'a>>,
    /// The frame as it was sent.
    #[serde(borrow, default, deserialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub raw: Option<Cow<'a, str>>,
    /// Whatever a producer adds: an object.
    #[serde(borrow, default, deserialize_with = "json", skip_serializing_if = "Option::is_none")]
    pub meta: Option<&'a RawValue>,
}

/// What a CALLERROR says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CallError<'a> {
    /// Code, as it stood in the frame.
    #[serde(borrow, default, deserialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub code: Option<Cow<'a, str>>,
    /// Prose.
    #[serde(borrow, default, deserialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub description: Option<Cow<'a, str>>,
    /// JSON text.
    #[serde(borrow, default, deserialize_with = "json", skip_serializing_if = "Option::is_none")]
    pub details: Option<&'a RawValue>,
}

/// How a message travelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// OCPP-J: JSON over WebSocket.
    Json,
    /// OCPP-S.
    Soap,
}

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Direction {
    /// From the charge point to the central system.
    #[serde(rename = "cp-to-csms")]
    FromPoint,
    /// From the central system to the charge point.
    #[serde(rename = "csms-to-cp")]
    ToPoint,
}

impl Direction {
    /// The way an answer goes.
    #[must_use]
    pub const fn opposite(self) -> Direction {
        match self {
            Direction::FromPoint => Direction::ToPoint,
            Direction::ToPoint => Direction::FromPoint,
        }
    }
}

/// Call or answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MessageType {
    /// A request.
    #[serde(rename = "CALL")]
    Call,
    /// A response.
    #[serde(rename = "CALLRESULT")]
    CallResult,
    /// A refusal.
    #[serde(rename = "CALLERROR")]
    CallError,
}

/// An instant, and the text that says it.
#[derive(Clone, Debug)]
pub struct Stamp<'a> {
    text: Cow<'a, str>,
    at: Time,
}

impl Stamp<'_> {
    /// The instant; what the text says below a microsecond is cut.
    #[must_use]
    pub fn at(&self) -> Time {
        self.at
    }

    /// The instant with milliseconds, as the format's fixtures have it, or with microseconds where it has some.
    #[must_use]
    pub fn exact(at: Time) -> Stamp<'static> {
        let mut text = at.to_ocpp();
        text.pop();
        let micros = at.0.rem_euclid(1_000_000);
        text.push_str(&match micros % 1000 {
            0 => format!(".{:03}Z", micros / 1000),
            _ => format!(".{micros:06}Z"),
        });
        Stamp { text: text.into(), at }
    }
}

impl Serialize for Stamp<'_> {
    fn serialize<S: Serializer>(&self, sink: S) -> Result<S::Ok, S::Error> {
        sink.serialize_str(&self.text)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Stamp<'a> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Stamp<'a>, D::Error> {
        let text = Borrowed::deserialize(source)?.0;
        match Timestamp::parse(&text) {
            Some(Timestamp(at)) => Ok(Stamp { text, at }),
            None => Err(D::Error::custom(format_args!(
                "the timestamp {text:?} is none of RFC 3339, as 2026-05-04T06:00:00.000Z"
            ))),
        }
    }
}

/// Why a line is no record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Longer than [`read::LONGEST_LINE`](super::read::LONGEST_LINE).
    #[error("longer than {} MiB", super::read::LONGEST_LINE >> 20)]
    TooLong,
    /// Bytes that are no text.
    #[error("no UTF-8 from byte {0} on")]
    NotText(usize),
    /// Something else than a JSON object.
    #[error("no JSON object")]
    NoObject,
    /// No JSON, or a field is missing or wrong.
    #[error("{0}")]
    Malformed(String),
    /// Written for a later format.
    #[error("schemaVersion {0} is not known; 1.0 and 1.1 are")]
    Version(String),
    /// A CALL must say what it asks for.
    #[error("a CALL without action")]
    NoAction,
    /// A CALLERROR must say what it is.
    #[error("a CALLERROR without error")]
    NoError,
    /// Only a CALLERROR has an error.
    #[error("an error in a message that is no CALLERROR")]
    StrayError,
}

impl<'a> Record<'a> {
    /// Reads a line, without copying what has no escapes.
    ///
    /// # Errors
    /// [`Fault`] says why it is no record of this major version of the format.
    pub fn parse(line: &'a str) -> Result<Record<'a>, Fault> {
        // A list would pass for a structure whose fields come in order.
        if !line.trim_start().starts_with('{') {
            return Err(Fault::NoObject);
        }
        let record: Record<'a> = serde_json::from_str(line).map_err(|it| malformed(&it))?;
        if record.schema_version.split('.').next() != Some("1") {
            return Err(Fault::Version(record.schema_version.into_owned()));
        }
        match (record.message_type, &record.action, &record.error) {
            (MessageType::Call, None, _) => Err(Fault::NoAction),
            (MessageType::CallError, _, None) => Err(Fault::NoError),
            (MessageType::Call | MessageType::CallResult, _, Some(_)) => Err(Fault::StrayError),
            _ => Ok(record),
        }
    }

    /// Appends the record as a line.
    ///
    /// # Panics
    /// When a record cannot be JSON; none is.
    pub fn push_line(&self, out: &mut String) {
        let line = serde_json::to_string(self).expect("a record is JSON");
        out.push_str(&line);
        out.push('\n');
    }

    /// JSON text of the body: the payload, or what the raw frame has for one; `null` when there is
    /// neither.
    #[must_use]
    pub fn body(&self) -> &str {
        let raw = || match Frame::parse(self.raw.as_deref()?) {
            Ok(Frame::Call(call)) => Some(call.payload),
            Ok(Frame::Result(result)) => Some(result.payload),
            _ => None,
        };
        self.payload.map(RawValue::get).or_else(raw).unwrap_or("null")
    }
}

/// What serde says, with the place as a column: a line is a line.
fn malformed(error: &serde_json::Error) -> Fault {
    let said = error.to_string();
    let what = said.rsplit_once(" at line ").map_or(&*said, |(what, _)| what);
    match error.column() {
        0 => Fault::Malformed(what.to_owned()),
        column => Fault::Malformed(format!("{what} (column {column})")),
    }
}

/// serde borrows a plain `Cow` and copies one inside an `Option`.
#[derive(Deserialize)]
#[serde(transparent)]
struct Borrowed<'a>(#[serde(borrow)] Cow<'a, str>);

/// A text; `null` is as good as none.
fn text<'de, D: Deserializer<'de>>(source: D) -> Result<Option<Cow<'de, str>>, D::Error> {
    Ok(Option::<Borrowed<'de>>::deserialize(source)?.map(|it| it.0))
}

/// Any value that is there, `null` too.
fn json<'de, D: Deserializer<'de>>(source: D) -> Result<Option<&'de RawValue>, D::Error> {
    Deserialize::deserialize(source).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &str = r#"{"schemaVersion":"1.0","timestamp":"2026-05-04T06:00:00+02:00","transport":"json","direction":"cp-to-csms","messageType":"CALL","action":"Heartbeat"}"#;

    #[test]
    fn the_least_that_the_schema_asks_for_is_a_record_and_writes_the_same_line() {
        let record = Record::parse(LEAST).unwrap();
        assert_eq!(record.timestamp.at().to_ocpp(), "2026-05-04T04:00:00Z");
        assert_eq!(record.body(), "null");
        let mut line = String::new();
        record.push_line(&mut line);
        assert_eq!(line.trim_end(), LEAST);
    }

    #[test]
    fn a_line_that_is_no_record_says_why() {
        let told = |old: &str, new: &str| {
            assert!(LEAST.contains(old), "{old}");
            Record::parse(&LEAST.replace(old, new)).map(|_| ()).unwrap_err().to_string()
        };
        assert_eq!(told("1.0", "2.0"), "schemaVersion 2.0 is not known; 1.0 and 1.1 are");
        assert_eq!(told(r#","action":"Heartbeat""#, ""), "a CALL without action");
        assert_eq!(told(r#""CALL""#, r#""CALLERROR""#), "a CALLERROR without error");
        let stray = r#""Heartbeat","error":{}"#;
        assert_eq!(told(r#""Heartbeat""#, stray), "an error in a message that is no CALLERROR");
        let direction = r#""direction":"cp-to-csms","#;
        let end = LEAST.len() - direction.len();
        assert_eq!(told(direction, ""), format!("missing field `direction` (column {end})"));
        assert!(told("json", "pigeon").starts_with("unknown variant `pigeon`, expected"));
        assert!(told("2026-05-04T", "yesterday ").contains("is none of RFC 3339"));
        assert!(told(r#"Heartbeat"}"#, "Heart").starts_with("EOF while parsing a string"));
        assert_eq!(Record::parse("[]").unwrap_err(), Fault::NoObject);
    }

    #[test]
    fn a_record_without_payload_has_that_of_its_raw_frame() {
        let raw = r#""Heartbeat","raw":"[2,\"1\",\"Heartbeat\",{\"a\":1}]""#;
        let line = LEAST.replace(r#""Heartbeat""#, raw);
        assert_eq!(Record::parse(&line).unwrap().body(), r#"{"a":1}"#);
        let line = line.replace(r#""raw""#, r#""payload":null,"raw""#);
        assert_eq!(Record::parse(&line).unwrap().body(), "null");
    }

    #[test]
    fn fields_that_nobody_knows_are_passed_over_and_meta_is_kept() {
        let line = LEAST.replace(r#""Heartbeat""#, r#""Heartbeat","meta":{"by": "me"},"colour":1"#);
        let mut written = String::new();
        Record::parse(&line).unwrap().push_line(&mut written);
        assert_eq!(written.trim_end(), line.replace(r#","colour":1"#, ""));
    }
}
