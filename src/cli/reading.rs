//! What commands that read recorded traffic are told beside the file.

use std::path::Path;

use anyhow::Context;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use jiff::tz::TimeZone;

use crate::report::text::duration;
use crate::scenario::quantity::parse_zone;
use crate::trace::open::open;
use crate::trace::{Form, Opened, Options, Told};

/// Arguments of every command that reads a trace.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Reading {
    /// Form of the trace [default: what its first lines look like].
    #[arg(long, value_name = "FORM", value_parser = form())]
    form: Option<Form>,
    /// Zone of times that are logged without one: an IANA name [default: UTC].
    #[arg(long, value_name = "ZONE", value_parser = zone)]
    timezone: Option<TimeZone>,
    /// Charge point of frames for which nothing names one [default: the name of the file].
    #[arg(long, value_name = "ID", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    charge_point: Option<String>,
}

impl Reading {
    /// Opens a trace in any form; `-` is standard input.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn open(&self, path: &Path) -> anyhow::Result<Opened> {
        let options = Options {
            form: self.form,
            zone: self.timezone.clone(),
            charge_point: self.charge_point.clone(),
        };
        open(path, &options).with_context(|| cannot_read(path))
    }
}

impl Reading {
    /// The zone, and its name.
    pub(super) fn zone(&self) -> Option<(String, TimeZone)> {
        let zone = self.timezone.clone()?;
        Some((zone.iana_name().unwrap_or("UTC").to_owned(), zone))
    }
}

/// What to say when a trace cannot be read.
pub(super) fn cannot_read(path: &Path) -> String {
    format!("cannot read the trace {}", path.display())
}

/// What is said of the times of a trace; nothing when all were logged with their zone.
pub(super) fn about_times(told: &Told) -> Option<String> {
    match (told.taken_as_utc, told.inferred) {
        (true, _) => {
            let ahead = told.ahead.map(|ahead| {
                let way = if ahead.0 > 0 { "later" } else { "earlier" };
                let far = duration(ahead.s().abs());
                format!(", though they are {far} {way} than what the central system says")
            });
            Some(format!(
                "times are logged without a zone, and taken as UTC{}; --timezone ZONE places them",
                ahead.unwrap_or_default()
            ))
        }
        (false, 0) => None,
        (false, count) => Some(format!(
            "{count} of the times are not logged: they are inferred from what frames say"
        )),
    }
}

fn form() -> impl TypedValueParser<Value = Form> {
    PossibleValuesParser::new(Form::ALL.map(Form::name))
        .map(|name| Form::from_name(&name).unwrap_or_default())
}

fn zone(text: &str) -> Result<TimeZone, String> {
    parse_zone(text).map_err(|misread| format!("{}; {}", misread.cause, misread.help))
}
