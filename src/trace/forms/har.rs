//! HAR 1.2 documents: `log.entries[]._webSocketMessages[] {type: send | receive, time, opcode, data}`, as the developer
//! tools of browsers and intercepting proxies export them. The WebSocket client is the charge point, unless the calls
//! show otherwise; its identity is the last part of the URL (OCPP-J 1.6 §3.1.1).
//!
//! A document is one value: its messages are held, and sorted by time. Numbers of lines are those of the messages in
//! the document.

use std::fmt;
use std::io::{self, BufRead};
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::Value;

use super::frames::{self, Seen};
use super::sense::{Sense, Way};
use super::stamp::{self, Shown};
use crate::time::{Span, Time};
use crate::trace::packed::Cut;
use crate::trace::read::Line;
use crate::trace::record::{Direction, Fault};

/// Messages of a HAR document, one after the other.
#[derive(Debug)]
pub(crate) struct Har {
    messages: Vec<Kept>,
    next: usize,
    /// What is wrong with the document as a whole, told at the end.
    fault: Option<Fault>,
    sense: Sense,
    passed_over: u64,
    inferred: u64,
    latest: Time,
}

/// A text message of a WebSocket.
#[derive(Debug)]
struct Kept {
    number: u64,
    at: Option<Time>,
    way: Option<Way>,
    point: Arc<str>,
    data: String,
}

impl Har {
    /// Reads the document. `nameless`: charge point of messages whose URL names none.
    ///
    /// # Errors
    /// When the source cannot be read. A document that breaks off gives what stands before the break.
    pub(crate) fn read(source: impl BufRead, nameless: &str) -> io::Result<Har> {
        let mut taken = Taken { nameless: nameless.to_owned(), ..Taken::default() };
        let mut reader = serde_json::Deserializer::from_reader(source);
        let fault = match Document(&mut taken).deserialize(&mut reader) {
            Ok(()) => None,
            Err(error) if error.is_io() => {
                let error = io::Error::from(error);
                match error.get_ref().and_then(|it| it.downcast_ref::<Cut>()) {
                    Some(cut) => Some(Fault::CutOff(cut.0.clone())),
                    None => return Err(error),
                }
            }
            Err(error) => Some(Fault::Malformed(error.to_string())),
        };
        taken.close();
        let mut har = Har {
            messages: taken.done,
            next: 0,
            fault,
            sense: Sense::new(Direction::ToPoint, false),
            passed_over: taken.passed_over,
            inferred: 0,
            latest: Time(-1000),
        };
        har.messages.sort_by_key(|message| message.at);
        har.look_ahead();
        Ok(har)
    }

    /// The next message, or what should be one; `None` at the end.
    pub(crate) fn next_line(&mut self) -> Option<Line<'_>> {
        let Some(kept) = self.messages.get(self.next) else {
            let number = self.messages.iter().map(|it| it.number).max().unwrap_or(0) + 1;
            return self.fault.take().map(|fault| Line { number, record: Err(fault) });
        };
        self.next += 1;
        let text = kept.data.trim();
        let frame = match frames::parse(text) {
            Ok(frame) => frame,
            Err(fault) => return Some(Line { number: kept.number, record: Err(fault) }),
        };
        let Some(direction) = self.sense.direction(&kept.point, kept.way, &frame) else {
            let fault = Fault::Frame("a message that was neither sent nor received".to_owned());
            return Some(Line { number: kept.number, record: Err(fault) });
        };
        let at = kept.at.unwrap_or(self.latest + Span::from_ms(1));
        self.latest = at;
        let inferred = kept.at.is_none();
        self.inferred += u64::from(inferred);
        let seen = Seen { point: &kept.point, direction, at, inferred };
        Some(Line { number: kept.number, record: frames::record(text, seen) })
    }

    /// Messages that are no frames.
    pub(crate) fn passed_over(&self) -> u64 {
        self.passed_over
    }

    /// How many instants are guesses.
    pub(crate) fn inferred(&self) -> u64 {
        self.inferred
    }

    /// Learns which side recorded.
    fn look_ahead(&mut self) {
        for kept in &self.messages {
            if let Ok(frame) = frames::parse(kept.data.trim()) {
                self.sense.direction(&kept.point, kept.way, &frame);
            }
            if self.sense.learned().is_some() {
                return;
            }
        }
    }
}

/// What was read so far.
#[derive(Default)]
struct Taken {
    done: Vec<Kept>,
    /// Messages of the entry that is being read: its URL may come behind them.
    open: Vec<(u64, Message)>,
    url: String,
    nameless: String,
    count: u64,
    passed_over: u64,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default, rename = "type")]
    kind: Value,
    #[serde(default)]
    time: Value,
    #[serde(default)]
    opcode: Value,
    #[serde(default)]
    data: Value,
}

impl Taken {
    fn message(&mut self, message: Message) {
        self.count += 1;
        let text = message.opcode.as_u64().is_none_or(|opcode| opcode == 1);
        let frame = message.data.as_str().is_some_and(|data| frames::begins(data, 0).is_some());
        if text && frame {
            self.open.push((self.count, message));
        } else {
            self.passed_over += 1;
        }
    }

    /// The entry ends.
    fn close(&mut self) {
        let name = identity(&self.url);
        let point: Arc<str> = name.as_deref().unwrap_or(&self.nameless).into();
        for (number, message) in self.open.drain(..) {
            let way = match message.kind.as_str() {
                Some("send") => Some(Way::Out),
                Some("receive") => Some(Way::In),
                _ => None,
            };
            let Value::String(data) = message.data else { continue };
            let at = instant(&message.time);
            self.done.push(Kept { number, at, way, point: point.clone(), data });
        }
        self.url.clear();
    }
}

/// Seconds since 1970 with a fraction, or milliseconds, or a text.
fn instant(time: &Value) -> Option<Time> {
    if let Some(text) = time.as_str() {
        return match stamp::find(text, true)? {
            Shown::Instant(at) | Shown::Local(at) => Some(at),
            Shown::OfDay(_) => None,
        };
    }
    let value = time.as_f64().filter(|value| (0.0..1e14).contains(value))?;
    let seconds = if value > 1e11 { value / 1000.0 } else { value };
    Some(Time((seconds * 1e6).round() as i64))
}

/// The last part of a URL's path, decoded.
fn identity(url: &str) -> Option<String> {
    let path = url.split(['?', '#']).next()?;
    let (_, path) = path.split_once("://")?;
    let (_, path) = path.split_once('/')?;
    let last = path.rsplit('/').find(|part| !part.is_empty())?;
    let mut bytes = Vec::new();
    let mut rest = last.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let code = behind.get(..2).and_then(|code| std::str::from_utf8(code).ok());
        let code = code.and_then(|code| u8::from_str_radix(code, 16).ok());
        match (first, code) {
            (b'%', Some(code)) => {
                bytes.push(code);
                rest = &behind[2..];
            }
            _ => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

/// Visits what a macro names of an object's keys, and passes over the others.
macro_rules! object {
    ($name:ident, $what:literal, $($key:literal => $inner:ident),*) => {
        struct $name<'a>(&'a mut Taken);

        impl<'de> DeserializeSeed<'de> for $name<'_> {
            type Value = ();
            fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<(), D::Error> {
                source.deserialize_map(self)
            }
        }

        impl<'de> Visitor<'de> for $name<'_> {
            type Value = ();
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($what)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
                while let Some(key) = map.next_key::<String>()? {
                    match &*key {
                        $($key => map.next_value_seed($inner(&mut *self.0))?,)*
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(())
            }
        }
    };
}

/// The same of the items of a list.
macro_rules! list {
    ($name:ident, $what:literal, $inner:ident) => {
        struct $name<'a>(&'a mut Taken);

        impl<'de> DeserializeSeed<'de> for $name<'_> {
            type Value = ();
            fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<(), D::Error> {
                source.deserialize_seq(self)
            }
        }

        impl<'de> Visitor<'de> for $name<'_> {
            type Value = ();
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($what)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
                while items.next_element_seed($inner(&mut *self.0))?.is_some() {}
                Ok(())
            }
        }
    };
}

object!(Document, "a HAR document", "log" => Recording);
object!(Recording, "the log of a HAR document", "entries" => Entries);
list!(Entries, "a list of entries", Whole);
object!(Entry, "an entry", "_webSocketMessages" => Messages, "request" => Request);
list!(Messages, "a list of WebSocket messages", One);
object!(Request, "a request", "url" => Url);

/// An entry and its end.
struct Whole<'a>(&'a mut Taken);

impl<'de> DeserializeSeed<'de> for Whole<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<(), D::Error> {
        Entry(&mut *self.0).deserialize(source)?;
        self.0.close();
        Ok(())
    }
}

struct One<'a>(&'a mut Taken);

impl<'de> DeserializeSeed<'de> for One<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<(), D::Error> {
        self.0.message(Message::deserialize(source)?);
        Ok(())
    }
}

struct Url<'a>(&'a mut Taken);

impl<'de> DeserializeSeed<'de> for Url<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<(), D::Error> {
        self.0.url = String::deserialize(source).map_err(D::Error::custom)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOOT: &str = r#"[2,\"1\",\"BootNotification\",{}]"#;

    /// What a document holds: number, charge point, whether it is from it, instant; or what is wrong.
    fn read(text: &str) -> (Vec<String>, u64) {
        let mut har = Har::read(text.as_bytes(), "nameless").expect("memory can be read");
        let mut all = Vec::new();
        while let Some(line) = har.next_line() {
            let told = line.record.map(|record| {
                let point = record.charge_point_id.as_deref().unwrap_or_default();
                let arrow = if record.direction == Direction::FromPoint { '<' } else { '>' };
                format!("{point} {arrow} {}", record.timestamp.at().0)
            });
            all.push(format!("{} {}", line.number, told.unwrap_or_else(|it| it.to_string())));
        }
        (all, har.passed_over())
    }

    #[test]
    fn messages_of_all_sockets_come_in_the_order_of_time() {
        let text = format!(
            r#"{{"log":{{"version":"1.2","entries":[
                {{"_webSocketMessages":[
                    {{"type":"send","time":2.5,"opcode":1,"data":"{BOOT}"}},
                    {{"type":"receive","time":4,"opcode":1,"data":"[3,\"1\",{{}}]"}},
                    {{"type":"receive","time":4,"opcode":2,"data":"AAAA"}},
                    {{"type":"receive","time":4.1,"opcode":1,"data":"[3,\"1\""}}],
                  "request":{{"method":"GET","url":"ws://host/ocpp/RDAM%20123/?a=b"}}}},
                {{"request":{{"url":"ws://host"}},"_webSocketMessages":[
                    {{"type":"send","time":"1970-01-01T00:00:03Z","data":"{BOOT}"}}]}},
                {{"request":{{"url":"http://host/page"}}}}]}}}}"#
        );
        let (all, passed_over) = read(&text);
        assert_eq!(
            all,
            [
                "1 RDAM 123 < 2500000",
                "5 nameless < 3000000",
                "2 RDAM 123 > 4000000",
                "4 malformed message: a payload and a closing bracket",
            ]
        );
        assert_eq!(passed_over, 1);
        // Recorded at the other end.
        let (all, _) = read(&text.replace("\"send\"", "\"receive\""));
        assert_eq!(all[0], "1 RDAM 123 < 2500000");
    }

    #[test]
    fn a_document_that_breaks_off_gives_what_stands_before_the_break() {
        let text = format!(
            r#"{{"log":{{"entries":[{{"request":{{"url":"ws://h/A"}},"_webSocketMessages":[
                {{"type":"send","time":1,"data":"{BOOT}"}},{{"type":"send","time""#
        );
        let (all, _) = read(&text);
        assert_eq!(all[0], "1 A < 1000000");
        assert!(all[1].starts_with("2 EOF while parsing"), "{}", all[1]);
        assert_eq!(all.len(), 2);
        assert!(read("[]").0[0].contains("expected a HAR document"));
    }
}
