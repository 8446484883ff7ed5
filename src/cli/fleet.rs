//! `ampacity fleet SCENARIO --csms URL`.

use std::fs;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use indicatif::ProgressBar;

use super::output::{Colour, data, note};
use super::run::seed;
use super::simulate::{INTERRUPTED, listen_for_interruption};
use super::{Exit, scenario};
use crate::report::fleet::FleetReport;
use crate::report::text;
use crate::scenario::model::{Scenario, TimelineAction};
use crate::shell::fleet::{
    self, Ending, Endpoint, FleetEnd, FleetOptions, Notice, Passwords, trust,
};

/// The fastest pace over sockets.
const FASTEST: f64 = 10_000.0;

/// Arguments of `fleet`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Scenario file (TOML).
    #[arg(value_name = "SCENARIO")]
    scenario: PathBuf,
    /// The central system, ws:// or wss://; the identity of each charge point is appended.
    #[arg(long, value_name = "URL", value_parser = Endpoint::parse)]
    csms: Endpoint,
    /// Pace: `realtime`, or so many times as fast. The central system keeps its own time: profiles
    /// and timestamps fit together only as far as its clock runs at the same pace.
    #[arg(long, value_name = "N", value_parser = speed, default_value = "realtime")]
    speed: f64,
    /// Seed instead of the scenario's.
    #[arg(long, value_name = "N", value_parser = seed, allow_negative_numbers = true)]
    seed: Option<u64>,
    /// Change a value of the scenario, e.g. `chargers.0.count=5`; may be given again.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    overrides: Vec<String>,
    /// Password of every charge point (HTTP Basic, the user is its identity).
    #[arg(long, value_name = "KEY", env = "AMPACITY_FLEET_PASSWORD", hide_env_values = true)]
    password: Option<String>,
    /// File with a line IDENTITY:PASSWORD for each charge point.
    #[arg(long, value_name = "FILE", conflicts_with = "password")]
    passwords: Option<PathBuf>,
    /// Certificates (PEM) to trust behind wss:// instead of the public authorities.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// End when no charge point could connect within so many seconds.
    #[arg(long, value_name = "SECONDS", default_value = "120")]
    give_up_after: u64,
    /// Print the result as JSON.
    #[arg(long, conflicts_with = "quiet")]
    json: bool,
    /// Print nothing but errors.
    #[arg(long, short)]
    quiet: bool,
}

/// Runs the chargers and cars of the scenario against the central system, prints what became of
/// it.
pub(super) fn fleet(args: &Args, colour: Colour) -> anyhow::Result<Exit> {
    let loaded = scenario::load_to_run(&args.scenario, &args.overrides, args.quiet, colour)?;
    let Some((loaded, _)) = loaded else { return Ok(Exit::Invalid) };
    let options = match options(args, &loaded)? {
        Ok(options) => options,
        Err(wrong) => {
            note(format!("ampacity: {wrong}"));
            return Ok(Exit::Invalid);
        }
    };
    if !args.quiet {
        left_to_others(&loaded).into_iter().for_each(note);
    }
    listen_for_interruption();
    let cars = crate::scenario::expand(&loaded, options.seed);
    let show_progress = !args.quiet && io::stderr().is_terminal();
    let bar = if show_progress { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    let mut tell = |notice: Notice<'_>| told(&notice, &loaded, &bar);
    let end = fleet::drive(&loaded, &cars, &options, &INTERRUPTED, &mut tell)
        .context("cannot start the threads of the fleet")?;
    bar.finish_and_clear();
    if end.ending == Ending::NeverConnected {
        note(format!("ampacity: no charge point could ever connect to {}", args.csms));
        return Ok(Exit::Broken);
    }
    let report = FleetReport::new(&loaded, &end, &args.csms.to_string(), args.speed);
    if args.json {
        data(&report.json())?;
    } else if !args.quiet {
        data(&report.text())?;
    }
    Ok(judged(&end))
}

/// What the arguments ask for, or what is wrong with them.
///
/// # Errors
/// When a file cannot be read.
fn options(args: &Args, loaded: &Scenario) -> anyhow::Result<Result<FleetOptions, String>> {
    let passwords = match (&args.password, &args.passwords) {
        (Some(password), _) => Passwords::Same(password.clone()),
        (None, Some(path)) => {
            let text = fs::read_to_string(path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            match Passwords::parse(&text) {
                Ok(passwords) => passwords,
                Err(wrong) => return Ok(Err(format!("{}: {wrong}", path.display()))),
            }
        }
        (None, None) => Passwords::None,
    };
    let tls = match &args.ca {
        Some(_) if !args.csms.is_secure() => {
            return Ok(Err("--ca is for a central system behind wss://".to_owned()));
        }
        Some(path) => {
            let pem = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
            match trust(&pem) {
                Ok(trusted) => Some(trusted),
                Err(wrong) => return Ok(Err(format!("{}: {wrong}", path.display()))),
            }
        }
        None => None,
    };
    let missing = loaded.chargers.iter().map(|charger| passwords.check(charger.id.as_str()));
    if let Some(missing) = missing.filter_map(Result::err).next() {
        return Ok(Err(missing));
    }
    Ok(Ok(FleetOptions {
        endpoint: args.csms.clone(),
        passwords,
        tls,
        speed: args.speed,
        seed: args.seed.unwrap_or(loaded.seed),
        give_up_after: Duration::from_secs(args.give_up_after),
    }))
}

/// What of the scenario is not a fleet's business.
fn left_to_others(scenario: &Scenario) -> Option<String> {
    let own = |action: &TimelineAction| {
        matches!(action, TimelineAction::Fault { .. } | TimelineAction::Recover { .. })
    };
    let entries = scenario.timeline.iter().filter(|entry| !own(&entry.action)).count();
    let what = match entries {
        0 => return None,
        1 => "the entry of [[timeline]] is".to_owned(),
        _ => format!("the {entries} entries of [[timeline]] are"),
    };
    Some(format!("note: {what} left to the operator of the central system"))
}

fn told(notice: &Notice<'_>, scenario: &Scenario, bar: &ProgressBar) {
    match notice {
        Notice::Failed { point, failure } => {
            bar.suspend(|| note(format!("ampacity: {point}: {failure}; it is tried again")));
        }
        Notice::Progress { now, connected, draw } => {
            let clock = text::local(*now, scenario.utc_offset).clock();
            let points = scenario.chargers.len();
            let power = text::short(draw.kw());
            bar.set_message(format!("{clock}  {connected} of {points} connected, {power} kW"));
            bar.tick();
        }
    }
}

fn judged(end: &FleetEnd) -> Exit {
    match end.ending {
        Ending::Interrupted => {
            note("ampacity: interrupted; the results cover the run up to there");
            Exit::Interrupted
        }
        _ if end.record.sessions.is_empty() => {
            note("ampacity: nothing ran: no car plugged in during the whole run");
            Exit::NothingRan
        }
        _ => Exit::Passed,
    }
}

fn speed(text: &str) -> Result<f64, String> {
    match text {
        "realtime" => Ok(1.0),
        "max" => {
            Err("a central system behind sockets keeps its own time: give `realtime`, or how \
                      many times as fast"
                .to_owned())
        }
        _ => text
            .parse()
            .ok()
            .filter(|speed| (0.001..=FASTEST).contains(speed))
            .ok_or_else(|| format!("give `realtime`, or a number from 0.001 to {FASTEST}")),
    }
}
