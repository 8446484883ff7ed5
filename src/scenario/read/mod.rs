//! From the text of a scenario to a validated [`Scenario`].

mod arrivals;
mod asserts;
mod base_load;
mod chargers;
mod collisions;
mod energy;
mod events;
mod faults;
mod problems;
mod quirks;
mod record;
mod sessions;
mod sessions_header;
mod sheet;
mod site;
mod value;
mod vehicles;
mod wiring;

use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};
use toml::de::DeTable;

use self::problems::Problems;
use self::record::Record;
use super::diagnostic::Diagnostic;
use super::keys::ROOT;
use super::model::Scenario;
use super::quantity::Moment;
use super::source::Source;
use crate::time::{Span, Time};

pub(super) use self::vehicles::fits;

const DAY: Span = Span::from_s(86_400);

/// First and last instant of the run and the zone of its local times.
struct Run {
    start: Time,
    end: Time,
    utc_offset: Span,
    zone: TimeZone,
    /// False when the file does not say it rightly; then nothing is checked against it.
    known: bool,
}

/// Reads the files that a scenario names, and hashes all it has read.
struct Files<'f> {
    open: &'f dyn Fn(&str) -> Result<String, String>,
    hash: Sha256,
}

/// Loads a scenario. `files` returns the text of a file that the scenario names, by its path
/// relative to the scenario file, or the reason why it cannot be read.
///
/// # Errors
/// All problems of the scenario and of the files it names, by position, warnings included; at
/// least one of them is an error. A scenario that loads may come with warnings.
pub fn load(
    source: &Source,
    files: &dyn Fn(&str) -> Result<String, String>,
) -> Result<(Scenario, Vec<Diagnostic>), Vec<Diagnostic>> {
    let mut problems = Problems::new(source);
    let (toml, mistakes) = DeTable::parse_recoverable(source.text());
    for mistake in &mistakes {
        not_toml(mistake, source, &mut problems);
    }
    if problems.has_errors() {
        return Err(problems.sorted());
    }
    let mut files = Files { open: files, hash: Sha256::new() };
    files.hash.update(source.text().as_bytes());
    let root = Record::read(&ROOT, toml.get_ref(), 0..0, &mut problems);
    let scenario = scenario(&root, source, &mut files, &mut problems);
    if problems.has_errors() {
        return Err(problems.sorted());
    }
    Ok((scenario, problems.sorted()))
}

fn scenario(
    root: &Record,
    source: &Source,
    files: &mut Files<'_>,
    problems: &mut Problems<'_>,
) -> Scenario {
    let run = Run::read(root);
    let sample_interval = root.lasting("sample_interval").unwrap_or(Span::from_s(60));
    if run.known && sample_interval > run.length() {
        problems
            .error(root.at("sample_interval"), "`sample_interval` is longer than the run")
            .label("no sample but the first")
            .help("choose a shorter interval or a longer `duration`");
    }
    let mut site = site::read(root, problems);
    site.base_load = base_load::read(root, &run, files, problems);
    site.calendar = energy::calendar(root, &run, problems);
    site.pv = energy::pv(root, problems);
    let chargers = chargers::read(root, &site, problems);
    let vehicles = vehicles::read(root, problems);
    let arrivals = arrivals::read(root, &run, (&chargers, &vehicles), files, problems);
    vehicles::check_mix(root, &vehicles, &chargers, &arrivals, problems);
    Scenario {
        name: root.text("name").unwrap_or_default(),
        slug: source.stem().to_owned(),
        start: run.start,
        utc_offset: run.utc_offset,
        zone: run.zone.clone(),
        duration: run.length(),
        seed: root.whole("seed").unwrap_or_default().unsigned_abs(),
        vehicles,
        arrivals,
        network: events::network(root),
        timeline: events::timeline(root, &run, &site, &chargers, problems),
        chargers,
        site,
        asserts: asserts::read(root, &run, files, problems),
        sha256: files.hex(),
        sample_interval,
    }
}

impl Run {
    fn read(root: &Record) -> Run {
        let start = root.instant("start");
        let duration = root.lasting("duration");
        let known = start.is_some() && duration.is_some();
        let zone = start.as_ref().map_or(TimeZone::UTC, |start| start.zone.clone());
        let utc_offset = start.as_ref().map_or(Span::ZERO, |start| start.utc_offset);
        let start = start.map_or(Time(0), |start| start.time);
        Run { start, end: start + duration.unwrap_or(DAY), utc_offset, zone, known }
    }

    fn length(&self) -> Span {
        self.end.since(self.start)
    }

    fn holds(&self, at: Time) -> bool {
        !self.known || (self.start..self.end).contains(&at)
    }

    /// The instant a moment means.
    fn resolve(&self, moment: Moment) -> Time {
        moment.instant(self.start, &self.zone)
    }
}

impl Files<'_> {
    fn read(&mut self, path: &str) -> Result<String, String> {
        let text = (self.open)(path)?;
        self.hash.update(path.as_bytes());
        self.hash.update(text.as_bytes());
        Ok(text)
    }

    fn hex(&self) -> String {
        self.hash.clone().finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Reports a mistake of the TOML reader, in words for people who do not know TOML by heart.
fn not_toml(mistake: &toml::de::Error, source: &Source, problems: &mut Problems<'_>) {
    let span = mistake.span().unwrap_or(0..0);
    let cause = mistake.message().lines().next().unwrap_or("not TOML");
    let text = source.text().get(span.clone()).unwrap_or_default().trim();
    let expected = cause.split_once("expected ").map(|(_, what)| what);
    let (cause, help) = match (cause, expected) {
        ("duplicate key", _) => (
            format!("`{text}` is given twice"),
            "keep one; a table is opened once, the entries of a list with [[double brackets]]"
                .to_owned(),
        ),
        ("string values must be quoted, expected literal string", _) if text.is_empty() => {
            ("a value is missing".to_owned(), "write a value after the `=`".to_owned())
        }
        ("string values must be quoted, expected literal string", _) => (
            format!("`{text}` is not a value"),
            format!("texts, durations and names need quotes: \"{text}\""),
        ),
        (_, Some(what)) if what.starts_with('`') => {
            (cause.to_owned(), format!("add the missing {what}"))
        }
        _ => (cause.to_owned(), "correct it; all other checks follow then".to_owned()),
    };
    problems.error(span, &format!("not TOML: {cause}")).label("here").help(&help);
}
