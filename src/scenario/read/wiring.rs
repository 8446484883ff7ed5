//! Feeders and phases: `[site]`, `[[site.feeders]]`, and where `[[chargers]]` hang.

use super::problems::Problems;
use super::record::Record;
use super::site::{current, power};
use crate::allocation::network::PhaseRotation;
use crate::csms::{Connection, Feeder, Wiring};
use crate::scenario::suggest;

/// One charger after the other begins at the next phase.
const ALTERNATING: [PhaseRotation; 3] =
    [PhaseRotation::Rst, PhaseRotation::Str, PhaseRotation::Trs];

/// What the site says of its wires; charge points are connected to them afterwards.
pub(super) fn read(root: &Record, problems: &mut Problems<'_>) -> Wiring {
    let Some(record) = root.record("site") else { return Wiring::default() };
    let mut feeders: Vec<Feeder> = Vec::new();
    for feeder in record.records("feeders") {
        let name = feeder.text("name").unwrap_or_default();
        if feeders.iter().any(|known| known.name == name) {
            problems
                .error(feeder.at("name"), &format!("the feeder `{name}` is given twice"))
                .label("names another one already")
                .help("every feeder needs a name of its own");
        }
        let fed_from = feeder.text("fed_from");
        if let Some(above) = fed_from.as_deref() {
            check_known(feeder, "fed_from", above, &feeders, problems);
        }
        let limited = ["max_power_kw", "max_current_a", "unbalance_a"];
        if !limited.iter().any(|key| feeder.has(key)) {
            problems
                .warning(feeder.span.clone(), &format!("the feeder `{name}` limits nothing"))
                .label("none of `max_power_kw`, `max_current_a`, `unbalance_a`")
                .help("say what it carries, for example `max_current_a = 63`");
        }
        feeders.push(Feeder {
            name,
            fed_from,
            max_power: power(feeder, "max_power_kw"),
            max_current: current(feeder, "max_current_a"),
            unbalance: current(feeder, "unbalance_a"),
        });
    }
    Wiring {
        max_current: current(record, "max_current_a"),
        unbalance: current(record, "unbalance_a"),
        voltage_v: record.whole("voltage_v").unwrap_or(Wiring::default().voltage_v),
        feeders,
        ..Wiring::default()
    }
}

/// How a group of charge points is connected: each of them, by its number in the group.
pub(super) fn connections(
    group: &Record,
    feeders: &[Feeder],
    problems: &mut Problems<'_>,
) -> impl Fn(usize) -> Connection + use<> {
    let feeder = group.text("feeder");
    if let Some(name) = feeder.as_deref() {
        check_known(group, "feeder", name, feeders, problems);
    }
    let named = group.text("phase_rotation").unwrap_or_default();
    let alternates = named == "alternating";
    let rotation = PhaseRotation::ALL.into_iter().find(|known| known.name() == named);
    let rotation = rotation.unwrap_or_default();
    let shared_max = power(group, "shared_max_kw");
    move |number| Connection {
        feeder: feeder.clone(),
        rotation: if alternates { ALTERNATING[number % ALTERNATING.len()] } else { rotation },
        shared_max,
    }
}

fn check_known(
    record: &Record,
    key: &'static str,
    name: &str,
    feeders: &[Feeder],
    problems: &mut Problems<'_>,
) {
    if feeders.iter().any(|known| known.name == name) {
        return;
    }
    let known: Vec<&str> = feeders.iter().map(|feeder| feeder.name.as_str()).collect();
    let help = if known.is_empty() {
        "describe it in a [[site.feeders]] table before".to_owned()
    } else {
        suggest::hint(name, "feeders", &known)
    };
    problems
        .error(record.at(key), &format!("unknown feeder `{name}`"))
        .label("not described by a [[site.feeders]] before")
        .help(&help);
}
