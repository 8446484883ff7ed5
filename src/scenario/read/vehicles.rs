//! `[[vehicles]]`: the mix, and whether it fits the chargers.

use std::sync::Arc;

use super::problems::Problems;
use super::record::Record;
use crate::charger::CurrentKind;
use crate::scenario::model::{Arrivals, Charger, ListedSession, VehicleMix};
use crate::scenario::suggest;
use crate::units::{DeciAmps, Watts};
use crate::vehicle::VehicleSpec;
use crate::vehicle::catalogue::catalogue;

/// Whether a car can charge at a charger of this kind.
pub(in crate::scenario) fn fits(car: &VehicleSpec, kind: CurrentKind) -> bool {
    match kind {
        CurrentKind::Ac => car.ac_phases > 0,
        CurrentKind::Dc => car.dc_max_power > Watts::ZERO,
    }
}

/// The mix, in the order of the file.
pub(super) fn read(root: &Record, problems: &mut Problems<'_>) -> Vec<VehicleMix> {
    root.records("vehicles")
        .iter()
        .filter_map(|record| {
            let spec = vehicle(record, problems)?;
            let share = record.number("share").unwrap_or(1.0);
            Some(VehicleMix { spec: Arc::new(spec), share })
        })
        .collect()
}

/// Checks that the mix suits the chargers and the arrivals.
pub(super) fn check_mix(
    root: &Record,
    mix: &[VehicleMix],
    chargers: &[Charger],
    arrivals: &[Arrivals],
    problems: &mut Problems<'_>,
) {
    let records = root.records("vehicles");
    if problems.has_errors() {
        return; // The mix is not the one the author means.
    }
    let suits = |car: &VehicleMix| chargers.iter().any(|c| fits(&car.spec, c.spec.kind));
    let drawn = arrivals.iter().any(|arrivals| match arrivals {
        Arrivals::Sessions(listed) => listed.iter().any(is_drawn),
        _ => true,
    });
    if drawn && !mix.iter().any(suits) {
        let at = records.first().map_or(0..0, |record| record.span.clone());
        let (message, label) = match mix {
            [] => ("cars are to be drawn, but there are no [[vehicles]]", "no vehicle mix"),
            _ => ("no car of the mix can charge here", "the chargers have another kind of current"),
        };
        let help = "add a [[vehicles]] table, for example with `model = \"sedan_3p11\"`";
        problems.error(at, message).label(label).help(help);
        return;
    }
    for (car, record) in mix.iter().zip(records).filter(|(car, _)| !suits(car)) {
        let message = format!("`{}` can charge at none of the chargers", car.spec.name);
        problems
            .warning(record.span.clone(), &message)
            .label("left out of the mix")
            .help("add a charger of its kind of current, or remove the car");
    }
    let stranded = arrivals.iter().find_map(|arrivals| match arrivals {
        Arrivals::Sessions(listed) => listed
            .iter()
            .filter(|session| is_drawn(session))
            .filter_map(|session| session.charger)
            .find(|at| !mix.iter().any(|car| fits(&car.spec, chargers[*at].spec.kind))),
        _ => None,
    });
    if let Some(charger) = stranded {
        let id = &chargers[charger].id;
        let at = records.first().map_or(0..0, |record| record.span.clone());
        problems
            .error(
                at,
                &format!("no car of the mix can charge at `{id}`, where sessions are listed"),
            )
            .label("wrong kind of current")
            .help("add a car that takes the current of this charger");
    }
}

/// Whether the car of a session is one of the mix that the seed draws.
fn is_drawn(session: &ListedSession) -> bool {
    session.battery.is_none() && session.vehicle.is_none()
}

fn vehicle(record: &Record, problems: &mut Problems<'_>) -> Option<VehicleSpec> {
    let as_it_is = record.has("model");
    if as_it_is == record.has("base") {
        let message = "[[vehicles]] needs either `model` or `base`";
        problems
            .error(record.span.clone(), message)
            .label(if as_it_is { "both are given" } else { "neither is given" })
            .help("`model` takes a car as it is, `base` takes one to change it");
        return None;
    }
    let key = if as_it_is { "model" } else { "base" };
    let name = record.text(key)?;
    let cars = catalogue();
    let Some(base) = cars.iter().find(|car| car.name == name) else {
        let known: Vec<&str> = cars.iter().map(|car| car.name.as_str()).collect();
        problems
            .error(record.at(key), &format!("unknown vehicle model `{name}`"))
            .label("not in the catalogue")
            .help(&suggest::hint(&name, "vehicles", &known));
        return None;
    };
    if as_it_is {
        let change = record
            .table
            .keys
            .iter()
            .find(|key| !["model", "share"].contains(&key.name) && record.has(key.name));
        if let Some(change) = change {
            let message = format!("`{}` changes a car that `model` takes as it is", change.name);
            let problem = problems.error(record.at(change.name), &message);
            problem
                .label("not with `model`")
                .help(&format!("write `base = \"{name}\"` instead of `model`"));
        }
        return Some(base.clone());
    }
    Some(changed(base, record, problems))
}

/// The base with the changes of a `[[vehicles]]` table.
fn changed(base: &VehicleSpec, record: &Record, problems: &mut Problems<'_>) -> VehicleSpec {
    let current = |key| record.number(key).map(|amps| DeciAmps((amps * 10.0).round() as i64));
    let power = |key| record.number(key).map(Watts::from_kw);
    let ac_max_current = current("ac_max_current_a").unwrap_or(base.ac_max_current);
    let ac_phases = record.whole("ac_phases").map_or(base.ac_phases, |phases| phases as u8);
    let electric = record.has("ac_max_current_a") || record.has("ac_phases");
    let derived = ac_max_current.to_power(crate::units::NOMINAL_VOLTAGE_V, ac_phases);
    let spec = VehicleSpec {
        name: record.text("name").unwrap_or_else(|| base.name.clone()),
        battery_kwh: record.number("battery_kwh").unwrap_or(base.battery_kwh),
        ac_phases,
        ac_max_current,
        ac_max_power: power("ac_max_power_kw").unwrap_or(if electric {
            derived
        } else {
            base.ac_max_power
        }),
        dc_max_power: power("dc_max_power_kw").unwrap_or(base.dc_max_power),
        min_current: current("min_current_a").unwrap_or(base.min_current),
        acceptance: record.acceptance("acceptance").unwrap_or_else(|| base.acceptance.clone()),
        efficiency: record.number("efficiency").unwrap_or(base.efficiency),
        reaction: record.lasting("reaction").unwrap_or(base.reaction),
        ramp_per_s: record.number("ramp_per_s").unwrap_or(base.ramp_per_s),
        fall_time_constant: record.lasting("fall_time_constant").unwrap_or(base.fall_time_constant),
        swing: record.number("swing").unwrap_or(base.swing),
    };
    if spec.ac_phases == 0 && spec.dc_max_power == Watts::ZERO {
        problems
            .error(
                record.span.clone(),
                &format!("`{}` can charge neither with AC nor DC", spec.name),
            )
            .label("no phases and no DC power")
            .help("set `ac_phases` or `dc_max_power_kw`");
    }
    if spec.ac_phases > 0 && spec.min_current > spec.ac_max_current {
        let at = if record.has("min_current_a") { "min_current_a" } else { "ac_max_current_a" };
        problems
            .error(record.at(at), &format!("`{}` can never charge with AC", spec.name))
            .label(&format!("needs {}, takes {} at most", spec.min_current, spec.ac_max_current))
            .help("lower `min_current_a` or raise `ac_max_current_a`");
    }
    spec
}
