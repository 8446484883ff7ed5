//! `ampacity explain RUNDIR --charger ID --at TIME`.

mod page;

use std::cell::Cell;
use std::path::PathBuf;

use serde::Serialize;
use serde_json::Value;

use super::inputs::{self, Outcome};
use super::output::{Colour, data, note};
use super::simulate::flat_out;
use super::{Exit, scenario};
use crate::api;
use crate::csms::PointIx;
use crate::csms::explain::Explanation;
use crate::scenario::expand;
use crate::scenario::model::Scenario;
use crate::scenario::quantity::{Misread, parse_instant, parse_moment};
use crate::scenario::suggest::nearest;
use crate::sim::plant::Plant;
use crate::sim::record::CommandRecord;
use crate::sim::world::World;
use crate::time::{Span, Time};

/// Arguments of `explain`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder of a run, as `run` has written it.
    #[arg(value_name = "RUNDIR")]
    run: PathBuf,
    /// The charger to explain.
    #[arg(long, value_name = "ID")]
    charger: String,
    /// When: a local time of day (09:30, 09:30:15), a time after the start (+1h30m), or a date-time
    /// (2026-05-04T09:30:00+02:00).
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    at: String,
    /// Print everything as JSON, in the words of the API.
    #[arg(long)]
    json: bool,
}

/// Repeats the run up to the instant and tells why the charger had the limit it had.
pub(super) fn explain(args: &Args, colour: Colour) -> anyhow::Result<Exit> {
    let (inputs, outcome) = inputs::read(&args.run)?;
    let shown = args.run.display();
    if inputs.ampacity_version != env!("CARGO_PKG_VERSION") {
        note(format!(
            "ampacity: the run in {shown} is of version {}; what follows is what this version does",
            inputs.ampacity_version
        ));
    }
    let loaded = match inputs.scenario() {
        Ok(loaded) => loaded,
        Err(problems) => {
            note(format!("ampacity: the scenario in {shown} does not load any more:"));
            scenario::show(&problems, colour.on_stderr());
            return Ok(Exit::Invalid);
        }
    };
    if loaded.sha256 != outcome.scenario_sha256 {
        note(format!(
            "ampacity: the scenario in {shown} was changed after the run; what follows is of the \
             changed one"
        ));
    }
    let at = match instant(&args.at, &loaded, &outcome) {
        Ok(at) => at,
        Err(wrong) => {
            note(format!("ampacity: --at {}: {}; {}", args.at, wrong.cause, wrong.help));
            return Ok(Exit::Invalid);
        }
    };
    let fleet = expand(&loaded, inputs.seed);
    let mut world = World::new(&loaded, &fleet, inputs.strategy, inputs.seed, None);
    let stop = Cell::new(false);
    let later = flat_out(&mut world, &stop, &inputs.journal, at, false);
    let Some(point) = world.csms().point(&args.charger) else {
        note(unknown(&args.charger, &world));
        return Ok(Exit::Invalid);
    };
    let told = world.csms().explain(at, world.site());
    let commands = commands(&world, point, &told);
    if args.json {
        data(&format!(
            "{}\n",
            serde_json::to_string_pretty(&answer(args, &world, &told, &commands)?)?
        ))?;
    } else {
        let page = page::Page {
            scenario: &loaded,
            inputs: &inputs,
            charger: &args.charger,
            told: &told,
            commands: &commands,
        };
        data(&page.text())?;
    }
    if outcome.complete {
        flat_out(&mut world, &stop, later, Time::NEVER, false);
        if Plant::digest(&world) != outcome.digest {
            note(format!(
                "ampacity: repeated, the run in {shown} comes out differently: it was made by \
                 another build or its files were changed; this is what the program does now"
            ));
        }
    }
    Ok(Exit::Passed)
}

/// Reads an instant of the run.
fn instant(text: &str, scenario: &Scenario, outcome: &Outcome) -> Result<Time, Misread> {
    let (start, zone) = (scenario.start, &scenario.zone);
    let dated = text.contains('-') && text.starts_with(|c: char| c.is_ascii_digit());
    let at = if dated {
        parse_instant(text, Some(zone))?.time
    } else {
        parse_moment(text)?.instant(start, zone)
    };
    let end = if outcome.complete {
        start + scenario.duration
    } else {
        start + Span::from_s_f64(outcome.virtual_s)
    };
    if (start..=end).contains(&at) {
        return Ok(at);
    }
    let cause = "outside of the run".to_owned();
    let (from, to) = (page::date_time(start, zone), page::date_time(end, zone));
    Err(Misread { cause, help: format!("it lasts from {from} to {to}") })
}

/// Chargers that a message names at most.
const LISTED: usize = 5;

fn unknown(charger: &str, world: &World<'_>) -> String {
    let csms = world.csms();
    let known = csms.points_at(world.site()).iter().map(|point| csms.point_id(*point).as_str());
    let known: Vec<&str> = known.collect();
    let help = match nearest(charger, known.iter().copied()) {
        Some(near) => format!("did you mean {near}?"),
        None => {
            let dots = if known.len() > LISTED { ", .." } else { "" };
            let first: Vec<&str> = known.into_iter().take(LISTED).collect();
            format!("there are {}{dots}", first.join(", "))
        }
    };
    format!("ampacity: the run has no charger {charger} at that time; {help}")
}

/// The SetChargingProfiles behind the limit of a connector.
struct Commands<'a> {
    connector: u32,
    /// The one that set the limit it has.
    set_by: Option<&'a CommandRecord>,
    /// One that came after that.
    since: Option<&'a CommandRecord>,
}

/// For every connector of the charger with a transaction; of one without any, what bounds a start.
fn commands<'a>(world: &'a World<'_>, point: PointIx, told: &Explanation) -> Vec<Commands<'a>> {
    let id = world.csms().point_id(point);
    let own = |command: &&CommandRecord| command.charger == point.0;
    let last = |connector: u32, from: Time| {
        let sent = world.commands().iter().filter(own);
        let mut sent = sent.filter(|it| it.connector == connector && it.at >= from).rev();
        let since = sent.clone().next().filter(|it| it.status != "accepted");
        (sent.find(|it| it.status == "accepted"), since)
    };
    let start = last(0, Time(i64::MIN));
    let mut found = Vec::new();
    for limit in told.limits.iter().filter(|limit| limit.charge_point_id == *id) {
        let (set_by, since) = last(limit.connector_id, limit.arrival);
        // Before the first limit of its own, what bounds a start is in force.
        let set_by = set_by.or(start.0);
        found.push(Commands { connector: limit.connector_id, set_by, since });
    }
    if found.is_empty() {
        found.push(Commands { connector: 0, set_by: start.0, since: start.1 });
    }
    found
}

/// The answer as JSON.
#[derive(Serialize)]
struct Answer<'a> {
    charge_point_id: &'a str,
    connectors: Vec<ConnectorAnswer>,
    site: Value,
}

#[derive(Serialize)]
struct ConnectorAnswer {
    /// 0: the whole charger, which has no transaction.
    connector_id: u32,
    limit: Option<Value>,
    set_by: Option<CommandAnswer>,
    since: Option<CommandAnswer>,
}

#[derive(Serialize)]
struct CommandAnswer {
    purpose: &'static str,
    limit_kw: f64,
    previous_kw: f64,
    sent_at: String,
    answered_at: Option<String>,
    status: &'static str,
    trigger: &'static str,
    reason: &'static str,
}

fn answer<'a>(
    args: &'a Args,
    world: &World<'_>,
    told: &Explanation,
    commands: &[Commands<'_>],
) -> anyhow::Result<Answer<'a>> {
    let site = api::explained(world.csms().site_id(world.site()).as_str(), told)?;
    let limit = |connector: u32| {
        let limits = site["limits"].as_array()?;
        let own = |limit: &&Value| {
            limit["charge_point_id"] == args.charger.as_str() && limit["connector_id"] == connector
        };
        limits.iter().find(own).cloned()
    };
    let connectors = commands.iter().map(|one| ConnectorAnswer {
        connector_id: one.connector,
        limit: limit(one.connector),
        set_by: one.set_by.map(command),
        since: one.since.map(command),
    });
    Ok(Answer { charge_point_id: &args.charger, connectors: connectors.collect(), site })
}

fn command(record: &CommandRecord) -> CommandAnswer {
    CommandAnswer {
        purpose: record.purpose,
        limit_kw: record.limit.kw(),
        previous_kw: record.previous.kw(),
        sent_at: record.at.to_ocpp(),
        answered_at: record.answered.map(Time::to_ocpp),
        status: record.status,
        trigger: record.trigger,
        reason: record.reason,
    }
}
