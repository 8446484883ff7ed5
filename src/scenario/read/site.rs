//! `[site]` and `[site.control]`.

use super::problems::Problems;
use super::record::Record;
use super::wiring;
use crate::allocation::Strategy;
use crate::csms::{Fallback, Wiring};
use crate::scenario::keys::STRATEGIES;
use crate::scenario::model::{Control, Deadlines, Site};
use crate::time::Span;
use crate::units::{DeciAmps, NOMINAL_VOLTAGE_V, Watts};

/// A renewal is due after a third, and may have to be repeated.
const SHORTEST_LEASE: Span = Span::from_s(300);

/// The site. Where a value is wrong, and so reported, any other stands in for it.
pub(super) fn read(root: &Record, problems: &mut Problems<'_>) -> Site {
    let Some(record) = root.record("site") else {
        return Site {
            max_power: Watts::ZERO,
            reserve: Watts::ZERO,
            strategy: Strategy::default(),
            min_charge_rate: Watts::ZERO,
            voltage_v: NOMINAL_VOLTAGE_V,
            base_load: None,
            pv: None,
            calendar: None,
            wiring: Wiring::default(),
            deadlines: Deadlines::default(),
            control: control(root, NOMINAL_VOLTAGE_V),
        };
    };
    check(record, problems);
    let voltage_v = record.whole("voltage_v").unwrap_or(NOMINAL_VOLTAGE_V);
    let deadlines = deadlines(record).unwrap_or_default();
    let own = record.record("control").unwrap_or(record);
    check_lease(own, problems);
    let mut control = control(own, voltage_v);
    control.assumed_stay =
        record.lasting("assumed_stay").filter(|_| deadlines == Deadlines::Estimate);
    Site {
        max_power: power(record, "max_power_kw").unwrap_or_default(),
        reserve: power(record, "reserve_kw").unwrap_or_default(),
        strategy: strategy(record).unwrap_or_default(),
        min_charge_rate: power(record, "min_charge_rate_kw").unwrap_or_default(),
        voltage_v,
        base_load: None,
        pv: None,
        calendar: None,
        wiring: wiring::read(root, problems),
        deadlines,
        control,
    }
}

/// The strategy a record names.
pub(super) fn strategy(record: &Record) -> Option<Strategy> {
    let name = record.text("strategy")?;
    STRATEGIES.iter().find(|(known, _)| *known == name).map(|(_, strategy)| *strategy)
}

fn deadlines(record: &Record) -> Option<Deadlines> {
    let name = record.text("deadlines")?;
    Deadlines::ALL.into_iter().find(|known| known.name() == name)
}

fn fallback(record: &Record) -> Fallback {
    let name = record.text("fallback");
    let known = Fallback::ALL.into_iter().find(|known| Some(known.name()) == name.as_deref());
    known.unwrap_or_default()
}

/// A lease that is over before its renewal could be answered would only take limits away.
fn check_lease(record: &Record, problems: &mut Problems<'_>) {
    let Some(lease) = record.lasting("lease") else { return };
    if lease > Span::ZERO && lease < SHORTEST_LEASE {
        problems
            .error(record.at("lease"), "limits would end before they could be renewed")
            .label("shorter than 5m")
            .help("give at least \"5m\", or \"0s\" for limits without an end");
    }
}

/// A power a record gives in kilowatts.
pub(super) fn power(record: &Record, key: &str) -> Option<Watts> {
    record.number(key).map(Watts::from_kw)
}

/// A current a record gives in amperes.
pub(super) fn current(record: &Record, key: &str) -> Option<DeciAmps> {
    record.number(key).map(|amps| DeciAmps((amps * 10.0).round() as i64))
}

fn check(record: &Record, problems: &mut Problems<'_>) {
    let (Some(max), Some(reserve)) = (record.number("max_power_kw"), record.number("reserve_kw"))
    else {
        return;
    };
    if reserve >= max {
        problems
            .error(
                record.at("reserve_kw"),
                &format!("`reserve_kw` = {reserve} leaves no power for cars"),
            )
            .label(&format!("`max_power_kw` is only {max}"))
            .help("lower `reserve_kw` or raise `max_power_kw`");
        return;
    }
    let left = max - reserve;
    if let Some(min) = record.number("min_charge_rate_kw").filter(|min| *min > left) {
        problems
            .error(
                record.at("min_charge_rate_kw"),
                &format!("no car could ever charge at {min} kW"),
            )
            .label(&format!("above the {left} kW that the site leaves for cars"))
            .help("lower `min_charge_rate_kw`, or raise `max_power_kw` less `reserve_kw`");
    }
}

fn control(record: &Record, voltage_v: i64) -> Control {
    let lasting = |key| record.lasting(key).unwrap_or(Span::ZERO);
    let per_phase = |key| {
        let amps = record.number(key).unwrap_or_default();
        Watts((amps * voltage_v as f64).round() as i64)
    };
    Control {
        coalesce: lasting("coalesce"),
        coalesce_acceptance: lasting("coalesce_acceptance"),
        acceptance_window: lasting("acceptance_window"),
        acceptance_window_max: lasting("acceptance_window_max"),
        reprobe: lasting("reprobe"),
        raise_dead_band: per_phase("raise_dead_band_a"),
        min_raise_interval: lasting("min_raise_interval"),
        settle_max: lasting("settle_max"),
        confirm_after: lasting("confirm_after"),
        confirm_tolerance: per_phase("confirm_tolerance_a"),
        call_timeout: lasting("call_timeout"),
        rotation: lasting("rotation"),
        min_on: lasting("min_on"),
        min_off: lasting("min_off"),
        welcome: lasting("welcome"),
        start_current_a: record.whole("start_current_a").unwrap_or_default(),
        learn_acceptance: record.flag("learn_acceptance").unwrap_or_default(),
        assumed_stay: None,
        lease: record.lasting("lease").filter(|lease| *lease > Span::ZERO),
        write_budget: record.whole("write_budget").unwrap_or_default() as u32,
        fallback: fallback(record),
    }
}
