//! The three ways to hear a recording again.

use std::collections::BTreeMap;

use anyhow::bail;

use super::{Args, Played, Script};
use crate::cli::output::note;
use crate::cli::scenario;
use crate::csms::Setup;
use crate::import::Names;
use crate::replay::recording::recorded;
use crate::replay::twin::{Options, Seen, twin as twin_of};
use crate::replay::{central as central_way, stations as stations_way};
use crate::report::strategy_name;
use crate::report::text::count;
use crate::scenario::model::Scenario;
use crate::scenario::{Source, expand, load};
use crate::sim::central_of;

/// Our central system hears the recorded charge points; `None`: it was told why it cannot.
pub(super) fn central(args: &Args, script: &Script, seen: &Seen) -> anyhow::Result<Option<Played>> {
    let Some((setup, whence)) = setup(args, script, seen)? else { return Ok(None) };
    let heard = central_way::replay(script, &setup, None);
    let mut notes = Vec::new();
    if !heard.strangers.is_empty() {
        let names = heard.strangers.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
        let count = points(heard.strangers.len());
        notes.push(format!("{count} not in the set-up, taken as 3 x 32 A: {names}"));
    }
    if let Some((line, reason)) = heard.refused.first() {
        let count = count(heard.refused.len() as u64, "input was", "inputs were");
        notes.push(format!("{count} refused; the first, of line {line}: {reason}"));
    }
    if heard.lost > 0 {
        let count = count(heard.lost, "frame", "frames");
        notes.push(format!("{count} of charge points found no connection"));
    }
    Ok(Some(Played {
        against: "our central system",
        whence,
        trace: heard.trace,
        stand_ins: heard.stand_ins,
        notes,
        setup: Some(setup),
    }))
}

/// Simulated charge points hear the recorded central system.
pub(super) fn stations(
    args: &Args,
    script: &Script,
    seen: &Seen,
) -> anyhow::Result<Option<Played>> {
    let Some((scenario, whence)) = site(args, seen)? else { return Ok(None) };
    let fleet = expand(&scenario, scenario.seed);
    let heard = stations_way::replay(script, &scenario, &fleet, scenario.seed);
    let mut notes = Vec::new();
    if !heard.absent.is_empty() {
        let names = heard.absent.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
        notes
            .push(format!("{} charge points are not in the scenario: {names}", heard.absent.len()));
    }
    if heard.lost > 0 {
        let count = count(heard.lost, "frame", "frames");
        notes.push(format!("{count} of the central system found no connection"));
    }
    Ok(Some(Played {
        against: "simulated charge points",
        whence,
        trace: heard.trace,
        stand_ins: heard.stand_ins,
        notes,
        setup: None,
    }))
}

fn points(number: usize) -> String {
    count(number as u64, "charge point is", "charge points are")
}

/// The scenario of `--config`, or the twin of what was seen.
fn site(args: &Args, seen: &Seen) -> anyhow::Result<Option<(Scenario, String)>> {
    let Some(path) = &args.config else { return inferred(args, seen) };
    match scenario::load(path, &[])? {
        Ok((mut loaded, _)) => {
            loaded.site.strategy = args.strategy.unwrap_or(loaded.site.strategy);
            Ok(Some((loaded, format!("as {} says", path.display()))))
        }
        Err(problems) => {
            scenario::show(&problems, false);
            Ok(None)
        }
    }
}

/// The twin of what was seen.
fn inferred(args: &Args, seen: &Seen) -> anyhow::Result<Option<(Scenario, String)>> {
    let list = args.trace.display().to_string();
    let names =
        Names { list: &list, title: "Twin", scenario: "twin.toml", sessions: "twin-sessions.csv" };
    let zone = args.reading.zone().unwrap_or(Options::default().zone);
    let strategy = args.strategy.unwrap_or_default();
    let options = Options { zone, strategy, ..Options::default() };
    let twin = match twin_of(seen, names, &options) {
        Ok(twin) => twin,
        Err(poverty) => {
            note(format!("ampacity: no site can be inferred from {list}: {poverty}"));
            return Ok(None);
        }
    };
    let sessions = |_: &str| Ok(twin.sessions_csv.clone());
    match load(&Source::new("twin.toml", &twin.scenario), &sessions) {
        Ok((loaded, _)) => {
            let sessions = twin.sessions.len();
            let whence = format!(
                "as inferred from the trace: {}, {}, {:.1} kW, {}",
                count(loaded.chargers.len() as u64, "charge point", "charge points"),
                count(sessions as u64, "session", "sessions"),
                loaded.site.max_power.kw(),
                strategy_name(strategy)
            );
            Ok(Some((loaded, whence)))
        }
        Err(problems) => {
            scenario::show(&problems, false);
            bail!("the inferred scenario does not load: this is a bug of the program")
        }
    }
}

/// What the central system is set up with, and where that comes from.
fn setup(args: &Args, script: &Script, seen: &Seen) -> anyhow::Result<Option<(Setup, String)>> {
    let told = script.setup.as_ref().filter(|_| args.config.is_none());
    let (mut setup, whence) = if let Some(setup) = told {
        (setup.clone(), "as the trace says".to_owned())
    } else {
        let Some((loaded, whence)) = site(args, seen)? else { return Ok(None) };
        (central_of(&loaded, loaded.site.strategy).setup(), whence)
    };
    if let Some(strategy) = args.strategy {
        setup.sites.iter_mut().for_each(|site| site.config.strategy = strategy);
    }
    Ok(Some((setup, whence)))
}

/// Demand is inferred and simulated anew.
pub(super) fn twin(args: &Args, seen: &Seen) -> anyhow::Result<Option<Played>> {
    let Some((scenario, whence)) = site(args, seen)? else { return Ok(None) };
    let fleet = expand(&scenario, scenario.seed);
    let (_, trace) = recorded(&scenario, &fleet, scenario.site.strategy, scenario.seed);
    Ok(Some(Played {
        against: "its twin",
        whence,
        trace,
        stand_ins: BTreeMap::new(),
        notes: Vec::new(),
        setup: None,
    }))
}
