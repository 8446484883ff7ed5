//! Lines of a log -> records: what all dialects have in common.

use std::borrow::Cow;
use std::io::{self, BufRead};
use std::ops::Range;

use jiff::tz::TimeZone;

use super::clock::Clock;
use super::frames::{self, Seen};
use super::sense::{Sense, Way};
use super::stamp::{self, Shown};
use super::{Dialect, Said};
use crate::ocpp::frame::MAX_TEXT;
use crate::time::{Span, Time};
use crate::trace::lines::Lines;
use crate::trace::read::Line;
use crate::trace::record::{Direction, Fault};

/// A frame that was printed with line breaks in it has no more lines.
const LONGEST_FRAME_LINES: u32 = 1000;

/// Reads a log frame by frame; holds a line, and the lines that a frame goes on in.
pub(crate) struct Log<R> {
    lines: Lines<R>,
    dialect: &'static dyn Dialect,
    /// Charge point of frames for which nothing names one.
    nameless: String,
    zone: Option<TimeZone>,
    sense: Sense,
    clock: Clock,
    passed_over: u64,
    /// The line, and those that a frame goes on in.
    text: String,
    /// Its number, from 1 on.
    number: u64,
    /// How far it was read.
    at: usize,
    /// Whether there was anything in it.
    found: bool,
    /// A line that was taken, and does not belong to the frame before.
    held: Option<Result<(), Fault>>,
    /// What was said last in the line: also of frames that follow at once.
    point: String,
    said: Option<(Option<Way>, Option<Shown>)>,
}

/// A frame in the text.
struct Place {
    frame: Range<usize>,
    direction: Direction,
    at: Time,
    inferred: bool,
}

impl<R: BufRead> Log<R> {
    /// Stands before the first line. `nameless`: charge point of frames for which nothing names one.
    pub(crate) fn new(
        source: R,
        dialect: &'static dyn Dialect,
        nameless: String,
        zone: Option<TimeZone>,
    ) -> Log<R> {
        Log {
            lines: Lines::new(source),
            dialect,
            nameless,
            sense: Sense::new(Direction::FromPoint, dialect.unannounced()),
            clock: Clock::new(zone.clone(), None),
            zone,
            passed_over: 0,
            text: String::new(),
            number: 0,
            at: 0,
            found: true,
            held: None,
            point: String::new(),
            said: None,
        }
    }

    /// The same, knowing what a look ahead has shown.
    pub(super) fn having_learned<S>(mut self, scout: &Log<S>) -> Log<R> {
        self.sense.learn(scout.sense.learned());
        self.clock = Clock::new(self.zone.clone(), scout.clock.first_said);
        self
    }

    /// The next frame, or what should be one; `None` at the end.
    ///
    /// # Errors
    /// When the source cannot be read.
    pub(crate) fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        let place = match self.advance()? {
            None => return Ok(None),
            Some(place) => place,
        };
        let record = place.and_then(|place| {
            let seen = Seen {
                point: &self.point,
                direction: place.direction,
                at: place.at,
                inferred: place.inferred,
            };
            frames::record(&self.text[place.frame], seen)
        });
        Ok(Some(Line { number: self.number, record }))
    }

    /// Lines without a frame, blank ones not counted.
    pub(crate) fn passed_over(&self) -> u64 {
        self.passed_over
    }

    /// Whether times without a zone were taken as UTC.
    pub(crate) fn taken_as_utc(&self) -> bool {
        self.clock.taken_as_utc
    }

    /// How far those are ahead of what the central system said then, if that is a zone.
    pub(crate) fn ahead(&self) -> Option<Span> {
        self.clock.ahead
    }

    /// How many instants are guesses.
    pub(crate) fn inferred(&self) -> u64 {
        self.clock.inferred
    }

    fn advance(&mut self) -> io::Result<Option<Result<Place, Fault>>> {
        loop {
            while let Some(start) = frames::begins(&self.text, self.at) {
                self.found = true;
                match frames::ends(&self.text, start) {
                    Some(end) => {
                        if let Some(found) = self.frame(start..end) {
                            return Ok(Some(found));
                        }
                    }
                    None if self.goes_on()? => {}
                    None => {
                        if let Some(fault) = self.unclosed(start) {
                            return Ok(Some(Err(fault)));
                        }
                    }
                }
            }
            if !self.found {
                self.found = true;
                if let Some(fault) = self.without_frame() {
                    return Ok(Some(Err(fault)));
                }
            }
            match self.line()? {
                None => return Ok(None),
                Some(Ok(())) => {}
                Some(Err(fault)) => return Ok(Some(Err(fault))),
            }
        }
    }

    /// A whole frame; `None` when nobody announced it and it is none.
    fn frame(&mut self, frame: Range<usize>) -> Option<Result<Place, Fault>> {
        let before = self.at..frame.start;
        self.at = frame.end;
        if let Err(fault) = self.listen(before, frame.end) {
            // Other output may look like a frame; nobody's frame is lost.
            return frames::parse(&self.text[frame]).ok().map(|_| Err(fault));
        }
        let (way, shown) = self.said.unwrap_or_default();
        let parsed = match frames::parse(&self.text[frame.clone()]) {
            Ok(parsed) => parsed,
            Err(fault) => return Some(Err(fault)),
        };
        let Some(direction) = self.sense.direction(&self.point, way, &parsed) else {
            let what = "a frame, and nothing says which way it went";
            return Some(Err(Fault::Frame(what.to_owned())));
        };
        let (at, inferred) = self.clock.place(shown, &parsed);
        Some(Ok(Place { frame, direction, at, inferred }))
    }

    /// Takes what the text around a frame says.
    fn listen(&mut self, before: Range<usize>, end: usize) -> Result<(), Fault> {
        let text = &self.text;
        let before = &text[before];
        let separates = |c: char| c.is_whitespace() || ",;[]".contains(c);
        if self.said.is_some() && before.chars().all(separates) {
            return Ok(());
        }
        let after = &text[end..frames::begins(text, end).unwrap_or(text.len())];
        let Some(Said { point, way }) = self.dialect.said(before, after) else {
            let what = "a frame that nothing announces in the way of the other lines";
            return Err(Fault::Frame(what.to_owned()));
        };
        let anywhere = self.dialect.unannounced();
        let behind = || stamp::find(after, anywhere).filter(|_| anywhere);
        let shown = stamp::find(before, anywhere).or_else(behind);
        // What the line said before still holds where this part is silent.
        let (_, earlier) = self.said.unwrap_or_default();
        self.said = Some((way, shown.or(earlier)));
        self.point.clear();
        self.point.push_str(point.unwrap_or(&self.nameless));
        Ok(())
    }

    /// A frame without an end; nothing when it was announced by nobody.
    fn unclosed(&mut self, start: usize) -> Option<Fault> {
        let announced = self.dialect.said(&self.text[self.at..start], "").is_some();
        // Another one may follow in the line.
        self.at = start + 1;
        announced.then(|| Fault::Frame("a frame that is cut off or lacks characters".to_owned()))
    }

    /// The line has no frame: it is something else, or one that lost its beginning.
    fn without_frame(&mut self) -> Option<Fault> {
        let text = self.text.as_str();
        let quote = text.find('"').unwrap_or(0);
        let bracket = text.rfind('[').unwrap_or(0);
        let beginning = |c: char| c.is_whitespace() || c.is_ascii_digit() || "[,".contains(c);
        let announced = !self.dialect.unannounced()
            && [quote, bracket].into_iter().any(|end| {
                let before = text[..end].trim_end_matches(beginning);
                end > 0 && self.dialect.said(before, "").is_some()
            });
        if announced {
            return Some(Fault::Frame("a frame that lacks its beginning".to_owned()));
        }
        self.passed_over += 1;
        None
    }

    /// Goes to the next line that is not blank.
    fn line(&mut self) -> io::Result<Option<Result<(), Fault>>> {
        loop {
            let taken = match self.held.take() {
                Some(taken) => taken,
                None => match self.lines.next()? {
                    Some(taken) => taken,
                    None => return Ok(None),
                },
            };
            self.text.clear();
            self.at = 0;
            self.number = self.lines.number();
            self.said = None;
            self.found = true;
            if let Err(fault) = taken {
                return Ok(Some(Err(fault)));
            }
            if self.lines.bytes().trim_ascii().is_empty() {
                continue;
            }
            match self.lines.text() {
                Ok(text) => self.text.push_str(&without_colours(text)),
                Err(fault) => {
                    if frames::begins(&String::from_utf8_lossy(self.lines.bytes()), 0).is_some() {
                        return Ok(Some(Err(fault)));
                    }
                    self.passed_over += 1;
                    continue;
                }
            }
            self.found = false;
            return Ok(Some(Ok(())));
        }
    }

    /// Whether the next line goes on with the frame at the end of this one; then it is part of the text.
    fn goes_on(&mut self) -> io::Result<bool> {
        let lines = self.lines.number() - self.number;
        let long = self.text.len() > MAX_TEXT || lines >= u64::from(LONGEST_FRAME_LINES);
        if self.held.is_some() || long {
            return Ok(false);
        }
        let Some(taken) = self.lines.next()? else { return Ok(false) };
        if taken.is_ok()
            && let Ok(next) = self.lines.text()
            && is_inside(next)
        {
            self.text.push('\n');
            self.text.push_str(&without_colours(next));
            return Ok(true);
        }
        self.held = Some(taken);
        Ok(false)
    }
}

/// Whether a line looks like the inside of JSON that was printed with line breaks, and not like the next of a log.
fn is_inside(line: &str) -> bool {
    let line = line.trim_start();
    let inside = match line.as_bytes().first() {
        Some(b'{' | b'}' | b']' | b'"' | b',') => true,
        Some(b'[') => {
            let next = line[1..].trim_start().bytes().next();
            matches!(next, None | Some(b'{' | b'[' | b'"' | b']'))
        }
        _ => false,
    };
    inside && frames::begins(line, 0).is_none()
}

/// A text without the codes that colour it on a terminal (ECMA-48 §5.4).
fn without_colours(text: &str) -> Cow<'_, str> {
    if !text.contains('\u{1b}') {
        return text.into();
    }
    let mut plain = String::with_capacity(text.len());
    let mut parts = text.split('\u{1b}');
    plain.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let rest = match part.strip_prefix('[') {
            Some(code) => {
                let end = code.find(|c: char| ('@'..='~').contains(&c));
                end.map_or("", |end| &code[end + 1..])
            }
            None => part,
        };
        plain.push_str(rest);
    }
    plain.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::forms::Form;

    /// What a log of a form holds: line, and direction with the message id or what is wrong; and lines passed over.
    fn read(form: Form, text: &str) -> (Vec<(u64, String)>, u64) {
        let dialect = form.dialect().expect("a log");
        let mut log = Log::new(text.as_bytes(), dialect, "nameless".to_owned(), None);
        let mut all = Vec::new();
        while let Some(line) = log.next_line().expect("memory can be read") {
            let told = match &line.record {
                Ok(record) => {
                    let arrow = if record.direction == Direction::FromPoint { '<' } else { '>' };
                    let point = record.charge_point_id.as_deref().unwrap_or_default();
                    format!("{point} {arrow} {}", record.message_id.as_deref().unwrap_or_default())
                }
                Err(fault) => fault.to_string(),
            };
            all.push((line.number, told));
        }
        (all, log.passed_over())
    }

    fn told(all: &[(u64, String)]) -> Vec<(u64, &str)> {
        all.iter().map(|(number, told)| (*number, told.as_str())).collect()
    }

    #[test]
    fn frames_may_share_a_line_or_take_several() {
        let text = "\u{feff}[MO] Recv: WS pong\r\n\
            [MO] Send: [2,\"1\",\"Heartbeat\",{}]11:52:55.587 > [MO] Recv: [3,\"1\",{}] [3,\"2\",\r\n\
            {\r\n  \"status\":\r\n\"Accepted\"}\r\n]\r\n\
            \u{1b}[32m[MO] Send: [3,\"3\",\n\
            [MO] Send: [3,\"4\",{}]\u{1b}[0m\n";
        let (all, passed_over) = read(Form::MicroOcpp, text);
        assert_eq!(
            told(&all),
            [
                (2, "nameless < 1"),
                (2, "nameless > 1"),
                (2, "nameless > 2"),
                (7, "a frame that is cut off or lacks characters"),
                (8, "nameless < 4"),
            ]
        );
        assert_eq!(passed_over, 1);
    }

    #[test]
    fn broken_frames_are_told_and_other_output_is_passed_over() {
        let text = "2026-05-04 06:00:00.1 INFO (MainThread) [ocpp] CP 1: receive message [2,\"1\",\"Heartbeat\",{}]\n\
            2026-05-04 06:00:00.2 WARNING (MainThread) [other] [\"a\",\"b\"]\n\
            2026-05-04 06:00:00.3 INFO (MainThread) [ocpp] CP 1: send 3,\"1\",{}]\n\
            2026-05-04 06:00:00.3 INFO (MainThread) [ocpp] CP 1: send [3,1\",{}]\n\
            2026-05-04 06:00:00.3 INFO (MainThread) [ocpp] CP 1: send [3,\"1\",{\"a:1}]\n\
            2026-05-04 06:00:00.3 INFO (MainThread) [ocpp] CP 1: send [3,\"1\",{\"a\":}]\n\
            2026-05-04 06:00:00.3 INFO (MainThread) [ocpp] CP 1: snd [3,\"1\",{}]\n\
            2026-05-04 06:00:00.3 INFO (MainThread) [ocpp] CP 1: counts [3,\"1\" or so\n\
            Traceback\n";
        let (all, passed_over) = read(Form::HomeAssistant, text);
        let (numbers, words): (Vec<u64>, Vec<&str>) = told(&all).into_iter().unzip();
        assert_eq!(numbers, [1, 3, 4, 5, 6, 7]);
        assert_eq!(words[0], "CP 1 < 1");
        assert_eq!(words[1], "a frame that lacks its beginning");
        assert_eq!(words[2], "a frame that lacks its beginning");
        assert_eq!(words[3], "a frame that is cut off or lacks characters");
        assert!(words[4].starts_with("a frame whose payload is no JSON"), "{}", words[4]);
        assert_eq!(words[5], "a frame that nothing announces in the way of the other lines");
        assert_eq!(passed_over, 2);
    }

    #[test]
    fn plain_frames_need_no_words_unless_nothing_else_tells() {
        let text = "1777896000.5 [2,\"1\",\"Heartbeat\",{}]\n[3,\"1\",{}]\n[3,\"x\",{}]\n\
            from cp_2: [2,\"1\",\"DataTransfer\",{}] 2026-05-04T12:00:00Z\n";
        let (all, passed_over) = read(Form::Plain, text);
        assert_eq!(
            told(&all),
            [
                (1, "nameless < 1"),
                (2, "nameless > 1"),
                (3, "a frame, and nothing says which way it went"),
                (4, "cp_2 < 1"),
            ]
        );
        assert_eq!(passed_over, 0);
    }
}
