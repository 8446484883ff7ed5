//! The forms in which traffic is kept, and which of them a file has.
//!
//! A form of log is a small file with a `Dialect` in it: what the text before a frame says. Everything else, as
//! finding frames and telling broken ones, instants and directions, is done for all of them in `log`.
//!
//! | file | what it is |
//! |---|---|
//! | `steve`, `evcc`, `home_assistant`, `mobilityhouse`, `micro_ocpp`, `plain` | dialects of logs |
//! | `har` | HAR documents of browsers and proxies |
//! | `log` | lines of a log -> records |
//! | `frames` | where a frame begins and ends, and the record that it is |
//! | `stamp` | instants as loggers write them |
//! | `clock` | when a frame was seen: what the log says, or else what the frames say |
//! | `sense` | which way a frame went |

mod clock;
mod evcc;
mod frames;
mod har;
mod home_assistant;
mod log;
mod micro_ocpp;
mod mobilityhouse;
mod plain;
mod sense;
mod stamp;
mod steve;

use std::io::BufRead;

use jiff::tz::TimeZone;

use sense::Way;

pub(super) use har::Har;
pub(super) use log::Log;

/// How traffic is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// Open OCPP Trace: JSON Lines.
    #[default]
    Trace,
    /// Log of SteVe.
    Steve,
    /// Log of evcc, of level TRACE.
    Evcc,
    /// Log of Home Assistant with the OCPP integration.
    HomeAssistant,
    /// Log of a program that uses the Python package `ocpp`, of either side.
    MobilityHouse,
    /// Console of a charge point with MicroOcpp.
    MicroOcpp,
    /// Frames, with instants and words for the direction or without.
    Plain,
    /// HAR 1.2, with the WebSocket messages that browsers and proxies put into it.
    Har,
}

impl Form {
    /// All forms.
    pub const ALL: [Form; 8] = [
        Form::Trace,
        Form::Steve,
        Form::Evcc,
        Form::HomeAssistant,
        Form::MobilityHouse,
        Form::MicroOcpp,
        Form::Plain,
        Form::Har,
    ];

    /// The name, for people and programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Form::Trace => "open-ocpp-trace",
            Form::Steve => "steve",
            Form::Evcc => "evcc",
            Form::HomeAssistant => "home-assistant",
            Form::MobilityHouse => "mobilityhouse",
            Form::MicroOcpp => "micro-ocpp",
            Form::Plain => "plain",
            Form::Har => "har",
        }
    }

    /// The form of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Form> {
        Form::ALL.into_iter().find(|form| form.name() == name)
    }

    /// What it is, to be read after "read as".
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Form::Trace => "Open OCPP Trace",
            Form::Steve => "log of SteVe",
            Form::Evcc => "log of evcc",
            Form::HomeAssistant => "log of Home Assistant",
            Form::MobilityHouse => "log of the Python package ocpp",
            Form::MicroOcpp => "console of MicroOcpp",
            Form::Plain => "plain frames",
            Form::Har => "HAR",
        }
    }

    /// The dialect, of a log.
    pub(super) const fn dialect(self) -> Option<&'static dyn Dialect> {
        match self {
            Form::Trace | Form::Har => None,
            Form::Steve => Some(&steve::Steve),
            Form::Evcc => Some(&evcc::Evcc),
            Form::HomeAssistant => Some(&home_assistant::HomeAssistant),
            Form::MobilityHouse => Some(&mobilityhouse::MobilityHouse),
            Form::MicroOcpp => Some(&micro_ocpp::MicroOcpp),
            Form::Plain => Some(&plain::Plain),
        }
    }
}

/// What the reader of a file is told beside the file.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The form; `None`: what the first lines look like.
    pub form: Option<Form>,
    /// Zone of times that are logged without one; `None`: UTC.
    pub zone: Option<TimeZone>,
    /// Charge point of frames for which nothing names one; `None`: the name of the file.
    pub charge_point: Option<String>,
}

/// How a program writes frames into its log.
pub(super) trait Dialect: Sync {
    /// What the text before a frame says, up to the frame before or the beginning of the line, and the text behind
    /// it; `None` when it does not announce a frame.
    fn said<'a>(&self, before: &'a str, after: &'a str) -> Option<Said<'a>>;

    /// Whether any frame will do, also one that nothing announces.
    fn unannounced(&self) -> bool {
        false
    }
}

/// What a log says of a frame, beside when it was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Said<'a> {
    /// Charge point.
    point: Option<&'a str>,
    /// Which way the frame went.
    way: Option<Way>,
}

/// The form of a file, by votes of its lines; the default when none votes.
#[derive(Debug, Default)]
pub(super) struct Votes {
    counts: [u32; Form::ALL.len()],
}

impl Votes {
    /// So many lines are enough.
    const ENOUGH: u32 = 32;

    /// Lets a line vote; whether enough have.
    pub(super) fn take(&mut self, line: &str) -> bool {
        if let Some(form) = form_of(line) {
            self.counts[form as usize] += 1;
        }
        self.counts.iter().sum::<u32>() >= Votes::ENOUGH
    }

    /// The form with most votes, the first of equals.
    pub(super) fn form(&self) -> Form {
        let most = self.counts.iter().max().copied().unwrap_or(0);
        let first = self.counts.iter().position(|count| *count == most).unwrap_or(0);
        Form::ALL[first]
    }
}

/// The form that a line looks like.
fn form_of(line: &str) -> Option<Form> {
    let line = line.trim_start_matches('\u{feff}').trim();
    if line.starts_with('{') && line.contains("\"schemaVersion\"") {
        return Some(Form::Trace);
    }
    let start = frames::begins(line, 0)?;
    let before = &line[..start];
    let announced = Form::ALL.into_iter().find(|form| {
        let dialect = form.dialect().filter(|dialect| !dialect.unannounced());
        dialect.is_some_and(|dialect| dialect.said(before, "").is_some())
    });
    Some(announced.unwrap_or(Form::Plain))
}

/// Whether a text begins as a HAR document does: an object whose first key is `log`, an object.
pub(super) fn is_har(head: &str) -> bool {
    let rest = head.trim_start_matches('\u{feff}').trim_start();
    let after =
        |rest: &str, token: &str| rest.strip_prefix(token).map(|it| it.trim_start().to_owned());
    after(rest, "{")
        .and_then(|rest| after(&rest, "\"log\""))
        .and_then(|rest| after(&rest, ":"))
        .is_some_and(|rest| rest.starts_with('{'))
}

/// The log, knowing what its first lines show: they stand in `head`, too.
pub(super) fn knowing<R: BufRead>(
    log: Log<R>,
    head: &[u8],
    dialect: &'static dyn Dialect,
) -> Log<R> {
    let mut scout = Log::new(head, dialect, String::new(), None);
    // What is wrong there is told when it is read again.
    while let Ok(Some(_)) = scout.next_line() {}
    log.having_learned(&scout)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_told_by_the_lines_of_it_that_there_are_most_of() {
        let frame = r#"[2,"1","Heartbeat",{}]"#;
        let lines = [
            (Form::Trace, r#"{"schemaVersion":"1.1","raw":"[2,\"1\"]"}"#.to_owned()),
            (
                Form::Steve,
                format!(
                    "[INFO ] 2026-05-04 06:00:00,123 de.rwth.idsg.steve.ocpp.ws.WebSocketLogger (qtp1-2) - \
                     [chargeBoxId=A, sessionId=u] Received: {frame}"
                ),
            ),
            (Form::Evcc, format!("[ocpp  ] TRACE 2026/05/04 06:00:00 recv A: {frame}")),
            (
                Form::HomeAssistant,
                format!(
                    "2026-05-04 06:00:00.1 INFO (MainThread) [ocpp] A: receive message {frame}"
                ),
            ),
            (Form::MobilityHouse, format!("INFO:ocpp:A: receive message {frame}")),
            (Form::MicroOcpp, format!("[MO] Send: {frame}")),
            (Form::Plain, format!("2026-05-04T06:00:00Z -> {frame}")),
        ];
        for (form, line) in &lines {
            assert_eq!(form_of(line), Some(*form), "{line}");
            let mut votes = Votes::default();
            votes.take("something else");
            votes.take(frame);
            votes.take(line);
            assert!(!votes.take(line));
            assert_eq!(votes.form(), *form);
        }
        assert_eq!(form_of("nothing"), None);
        assert_eq!(Votes::default().form(), Form::Trace);
        assert!(is_har("\u{feff} {\n \"log\" : {"));
        assert!(!is_har(r#"{"log":"a line"}"#) && !is_har(r#"{"schemaVersion""#));
    }
}
