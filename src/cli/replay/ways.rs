//! The three ways to hear a recording again.

use super::{Args, Played, Script};
use crate::cli::output::note;
use crate::cli::scenario;
use crate::csms::Setup;
use crate::replay::{central as central_way, stations as stations_way};
use crate::scenario::expand;
use crate::scenario::model::Scenario;
use crate::sim::central_of;

/// Our central system hears the recorded charge points; `None`: it was told why it cannot.
pub(super) fn central(args: &Args, script: &Script) -> anyhow::Result<Option<Played>> {
    let Some((setup, whence)) = setup(args, script)? else { return Ok(None) };
    let heard = central_way::replay(script, &setup, None);
    let mut notes = Vec::new();
    if !heard.strangers.is_empty() {
        let names = heard.strangers.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
        let count = heard.strangers.len();
        notes.push(format!(
            "{count} charge points are not in the set-up, taken as 3 x 32 A: {names}"
        ));
    }
    if let Some((line, reason)) = heard.refused.first() {
        let count = heard.refused.len();
        notes.push(format!("{count} inputs were refused; the first, of line {line}: {reason}"));
    }
    if heard.lost > 0 {
        notes.push(format!("{} frames of charge points found no connection", heard.lost));
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
pub(super) fn stations(args: &Args, script: &Script) -> anyhow::Result<Option<Played>> {
    let Some((scenario, whence)) = site(args)? else { return Ok(None) };
    let fleet = expand(&scenario, scenario.seed);
    let heard = stations_way::replay(script, &scenario, &fleet, scenario.seed);
    let mut notes = Vec::new();
    if !heard.absent.is_empty() {
        let names = heard.absent.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
        notes
            .push(format!("{} charge points are not in the scenario: {names}", heard.absent.len()));
    }
    if heard.lost > 0 {
        notes.push(format!("{} frames of the central system found no connection", heard.lost));
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

/// The scenario of `--config`.
fn site(args: &Args) -> anyhow::Result<Option<(Scenario, String)>> {
    let Some(path) = &args.config else {
        note("ampacity: charge points and cars come from a scenario; name it with --config");
        return Ok(None);
    };
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

/// What the central system is set up with, and where that comes from.
fn setup(args: &Args, script: &Script) -> anyhow::Result<Option<(Setup, String)>> {
    let (mut setup, whence) = if args.config.is_some() {
        let Some((loaded, whence)) = site(args)? else { return Ok(None) };
        (central_of(&loaded, loaded.site.strategy).setup(), whence)
    } else if let Some(setup) = &script.setup {
        (setup.clone(), "as the trace says".to_owned())
    } else {
        note("ampacity: the trace does not say what its site is; name a scenario with --config");
        return Ok(None);
    };
    if let Some(strategy) = args.strategy {
        setup.sites.iter_mut().for_each(|site| site.config.strategy = strategy);
    }
    Ok(Some((setup, whence)))
}

/// Demand is inferred and simulated anew.
pub(super) fn twin(_args: &Args, _script: &Script) -> anyhow::Result<Option<Played>> {
    note("ampacity: not yet");
    Ok(None)
}
