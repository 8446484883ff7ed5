//! A frame -> a line.

use std::io::{self, Write};

use serde_json::value::RawValue;

use super::meta::{Entered, Meta};
use super::record::{self, CallError, Direction, MessageType, Record, Stamp, Transport};
use crate::csms::{Input, Setup};
use crate::ids::ChargePointId;
use crate::ocpp::frame::Frame;
use crate::time::Time;

/// Writes a trace as things happen at one place: what enters besides frames stands in `meta` of the next frame.
#[derive(Debug)]
pub struct Scribe<W> {
    sink: W,
    line: String,
    pending: Meta,
}

impl<W: Write> Scribe<W> {
    /// Writes to `sink`, nothing yet.
    pub fn new(sink: W) -> Scribe<W> {
        Scribe { sink, line: String::new(), pending: Meta::default() }
    }

    /// What the central system is set up with, where that is known; stands with the first frame.
    pub fn begin(&mut self, setup: &Setup) {
        self.pending.central = Some(Box::new(setup.clone()));
    }

    /// Something else than a frame has entered. `before_timers`: see [`Meta`].
    pub fn input(&mut self, at: Time, input: &Input, before_timers: bool) {
        self.pending.before.push(Entered { at, input: input.clone(), before_timers });
    }

    /// A frame was seen; one line is written. A text from a charge point that is no OCPP-J frame is told with
    /// the next one.
    ///
    /// # Errors
    /// When the sink cannot be written.
    pub fn frame(&mut self, it: &Seen<'_>) -> io::Result<()> {
        let meta = if it.before_timers || !self.pending.is_empty() {
            self.pending.before_timers = it.before_timers;
            serde_json::value::to_raw_value(&self.pending).ok()
        } else {
            None
        };
        self.line.clear();
        if !push(&mut self.line, it, meta.as_deref()) {
            self.pending.before_timers = false;
            if it.from_point {
                let point = ChargePointId::new(it.point);
                let input = Input::Frame { point, text: it.text.to_owned() };
                self.input(it.at, &input, it.before_timers);
            }
            return Ok(());
        }
        self.pending = Meta::default();
        self.sink.write_all(self.line.as_bytes())
    }

    /// What was written to, when there is no more to come.
    pub fn into_inner(self) -> W {
        self.sink
    }

    /// What is written to.
    pub fn sink(&mut self) -> &mut W {
        &mut self.sink
    }
}

/// A frame and when it was seen.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// When.
    pub at: Time,
    /// The charge point's identity.
    pub point: &'a str,
    /// True when the charge point sent it.
    pub from_point: bool,
    /// OCPP-J text.
    pub text: &'a str,
    /// See [`Meta::before_timers`].
    pub before_timers: bool,
}

/// Appends a frame as one line. Returns false, and writes nothing, for a text that is no OCPP-J
/// frame.
pub fn write_line(out: &mut String, at: Time, point: &str, from_point: bool, text: &str) -> bool {
    push(out, &Seen { at, point, from_point, text, before_timers: false }, None)
}

fn push(out: &mut String, it: &Seen<'_>, meta: Option<&RawValue>) -> bool {
    let Ok(frame) = Frame::parse(it.text) else { return false };
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
        timestamp: Stamp::exact(it.at),
        ocpp_version: Some("1.6".into()),
        transport: Transport::Json,
        charge_point_id: Some(it.point.into()),
        connector_id: None,
        direction: if it.from_point { Direction::FromPoint } else { Direction::ToPoint },
        message_type,
        message_id: Some(frame.id().into()),
        action: action.map(Into::into),
        payload,
        error,
        raw: Some(it.text.into()),
        meta,
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
