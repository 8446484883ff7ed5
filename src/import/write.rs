//! The texts of an import: scenario, sessions, summary.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;

use super::Names;
use super::power::Found;
use super::site::{SHARE_OF_PEAK, Site, Station};
use super::tally::Fate;
use crate::charger::CurrentKind;
use crate::scenario::quantity::span_text;
use crate::time::{Span, Time};

/// Columns of a comment in the scenario.
const WIDTH: usize = 98;

/// Rows of the history stay readable: at most about this many.
const SAMPLES: i64 = 36_000;

/// The scenario.
pub(super) fn scenario(site: &Site, names: Names<'_>) -> String {
    let mut out = String::new();
    let head = format!(
        "{}: {} sessions at {} charge points, imported by `ampacity import`. What was inferred:",
        names.title,
        site.stays.len(),
        site.stations.len()
    );
    comment(&mut out, &head, "");
    out.push_str("#\n");
    for fact in facts(site) {
        comment(&mut out, &fact, "  ");
    }
    let changed = [site.tally.lines(false), site.tally.lines(true)].concat();
    if !changed.is_empty() {
        out.push_str("#\n# Rows that were left out or changed:\n#\n");
        changed.iter().for_each(|line| comment(&mut out, line.trim(), "  "));
    }
    out.push_str("#\n# All of it is yours to edit: the limit, the strategy, the cars.\n\n");
    let interval = site.end.since(site.start).whole_s() / SAMPLES;
    let interval = [60, 300, 900].into_iter().find(|step| interval <= *step).unwrap_or(3600);
    let _ = writeln!(out, "name = {}", quoted(names.title));
    let _ = writeln!(
        out,
        "start = \"{}[{}]\"",
        clock(site, site.start, "%Y-%m-%dT%H:%M:%S"),
        site.zone.0
    );
    let _ = writeln!(out, "duration = \"{}\"", span_text(site.end.since(site.start)));
    let _ = writeln!(out, "seed = 1");
    let _ = writeln!(out, "sample_interval = \"{}\"", span_text(Span::from_s(interval)));
    power(&mut out, site);
    chargers(&mut out, site);
    vehicles(&mut out, site);
    let _ = writeln!(out, "\n[[arrivals]]\nsessions = {}", quoted(names.sessions));
    asserts(&mut out);
    out
}

/// What a scenario of somebody's own site begins to assert.
pub(crate) fn asserts(out: &mut String) {
    out.push_str(
        "\n# What every strategy keeps. Add what your site needs, for example demand_met_pct.\n",
    );
    for (metric, max) in [
        ("over_limit_s", "0"),
        ("committed_over_limit_s", "0"),
        ("draw_uncovered_kw", "0"),
        ("turned_away", "0"),
        ("energy_balance_error", "1e-9"),
    ] {
        let _ = write!(out, "\n[[assert]]\nmetric = \"{metric}\"\nmax = {max}\n");
    }
}

fn power(out: &mut String, site: &Site) {
    let why = if site.limit_is_given { "as asked for" } else { "an assumption, see above" };
    let on_three_phases =
        |station: &Station| station.spec.kind == CurrentKind::Ac && station.spec.phases == 3;
    let three_phases = site.car.as_ref().is_some_and(|car| car.ac_phases == 3)
        && site.stations.iter().any(on_three_phases)
        && site.max_power_kw >= 4.14;
    let (minimum, amps) =
        if three_phases { ("4.14", "6 A on three phases") } else { ("1.38", "6 A on one phase") };
    let _ = writeln!(out, "\n[site]");
    let _ = writeln!(out, "max_power_kw = {}          # {why}", site.max_power_kw);
    let _ = writeln!(out, "reserve_kw = 0");
    let _ = writeln!(out, "strategy = \"equal\"");
    let _ = writeln!(out, "min_charge_rate_kw = {minimum}  # {amps}");
}

/// Charge points of one model with so many connectors, by their ids.
pub(crate) fn charger_table(out: &mut String, model: &str, connectors: u64, ids: &[&str]) {
    let _ = writeln!(out, "\n[[chargers]]\nmodel = \"{model}\"");
    if connectors > 1 {
        let _ = writeln!(out, "connectors = {connectors}");
    }
    out.push_str("ids = [");
    let mut column = WIDTH;
    for id in ids {
        let word = format!(" {},", quoted(id));
        if column + word.len() > WIDTH {
            out.push_str("\n   ");
            column = 3;
        }
        column += word.len();
        out.push_str(&word);
    }
    out.push_str("\n]\n");
}

/// Charge points by model and connectors.
fn chargers(out: &mut String, site: &Site) {
    let mut groups: BTreeMap<(i64, &str, usize), Vec<&str>> = BTreeMap::new();
    for station in &site.stations {
        let key = (station.spec.max_power.0, station.spec.model.as_str(), station.connectors);
        groups.entry(key).or_default().push(&station.id);
    }
    for ((_, model, connectors), ids) in groups {
        charger_table(out, model, connectors as u64, &ids);
    }
}

/// One car for all, and how to make it a mix.
fn vehicles(out: &mut String, site: &Site) {
    let Some(car) = &site.car else { return };
    out.push_str(
        "\n# Every car is the weakest of the catalogue that can take each session's energy in its \
         stay. For\n# more realism name several models (`ampacity schema` lists them), each with a \
         `share`.\n",
    );
    let _ = writeln!(out, "[[vehicles]]\nbase = \"{}\"\nname = \"imported\"", car.name);
    let _ = writeln!(out, "battery_kwh = {}", car.battery_kwh);
    if site.stations.iter().any(|station| station.spec.kind == CurrentKind::Dc) {
        let _ = writeln!(out, "dc_max_power_kw = {}", car.dc_max_power.kw());
    }
    out.push_str("acceptance = \"ideal\"\n");
}

/// The sessions, in the plain form.
pub(super) fn sessions(site: &Site) -> String {
    let mut out = String::from("session_id,charger,arrival,departure,kwh");
    let batteries = site.car.is_none();
    out.push_str(if batteries { ",capacity_kwh,init_kwh,max_kw\n" } else { "\n" });
    for stay in &site.stays {
        let visit = &stay.visit;
        let name: String = visit.session.chars().filter(|c| !c.is_control()).collect();
        let name = if name.contains([',', '"']) {
            format!("\"{}\"", name.replace('"', "\"\""))
        } else {
            name
        };
        let at = |at| clock(site, at, "%Y-%m-%dT%H:%M:%S%:z");
        let _ = write!(
            out,
            "{name},{},{},{},{}",
            site.stations[stay.station].id,
            at(visit.arrival),
            at(visit.departure),
            watt_hours(visit.kwh)
        );
        if let (true, Some([capacity, initial, max])) = (batteries, visit.battery) {
            let _ = write!(out, ",{capacity},{initial},{max}");
        }
        out.push('\n');
    }
    out
}

/// What was inferred, left out and changed, for people.
pub(super) fn summary(site: &Site, names: Names<'_>) -> String {
    let mut out = format!(
        "{}: {} of {} sessions become {}\n\n",
        names.list,
        site.stays.len(),
        site.rows,
        names.scenario
    );
    for fact in facts(site) {
        let _ = writeln!(out, "  {fact}");
    }
    for (title, count, lines) in [
        ("left out", site.tally.left_out(), site.tally.lines(false)),
        ("changed", site.tally.changed(), site.tally.lines(true)),
    ] {
        if count > 0 {
            let _ = writeln!(out, "\n  {title}: {count}");
        }
        lines.iter().for_each(|line| out.push_str(&format!("  {line}\n")));
    }
    out
}

/// What is known of the site and how it was inferred, a line each.
fn facts(site: &Site) -> Vec<String> {
    let mut facts = site.notes.clone();
    let day = |at| clock(site, at, "%Y-%m-%d");
    let last = Time(site.end.0 - 1);
    let days = (site.end.since(site.start).whole_s() + 43_200) / 86_400;
    facts.push(format!("period: {} to {}, {days} d", day(site.start), day(last)));
    facts.push(format!(
        "energy: {:.1} kWh in {} sessions, at most {} of them at once",
        site.energy_kwh(),
        site.stays.len(),
        site.most_at_once
    ));
    if site.tally.count(Fate::Lowered) > 0 {
        facts.push(format!(
            "energy that stations could not have given, left out of these: {:.1} kWh",
            site.lowered_kwh
        ));
    }
    facts.push(stations(site));
    for (found, what) in [
        (Found::Measured, "power by the energy and the stay of their sessions"),
        (Found::Contradicted, "more power by their sessions than the list tells"),
    ] {
        let ids: Vec<&str> = site
            .stations
            .iter()
            .filter(|station| station.found == found)
            .map(|station| station.id.as_str())
            .collect();
        let some = ids.iter().take(5).copied().collect::<Vec<_>>().join(", ");
        let more = if ids.len() > 5 { ", .." } else { "" };
        match ids.len() {
            0 => {}
            all if all == site.stations.len() => facts.push(format!("charge points: {what}")),
            several => facts.push(format!("charge points: {several} with {what}: {some}{more}")),
        }
    }
    facts.push(limit(site));
    facts
}

fn stations(site: &Site) -> String {
    let mut models: BTreeMap<(i64, &str), (usize, usize)> = BTreeMap::new();
    for station in &site.stations {
        let key = (station.spec.max_power.0, station.spec.model.as_str());
        let entry = models.entry(key).or_default();
        entry.0 += 1;
        entry.1 += station.connectors;
    }
    let told: Vec<String> = models
        .iter()
        .map(|((_, model), (count, connectors))| match connectors {
            _ if connectors == count => format!("{count} x {model}"),
            _ => format!("{count} x {model} with {connectors} connectors"),
        })
        .collect();
    format!("charge points: {} ({})", site.stations.len(), told.join(", "))
}

fn limit(site: &Site) -> String {
    let limit = site.max_power_kw;
    let compared = format!(
        "the sessions would draw {:.0} kW at most without any, all connectors {:.0} kW",
        site.peak_kw,
        site.rated_kw()
    );
    if site.limit_is_given {
        return format!("limit: {limit} kW as asked for; {compared}");
    }
    let share = SHARE_OF_PEAK * 100.0;
    format!(
        "limit: {limit} kW, an assumption ({share:.0} % of the peak without a limit, and at least the \
         largest connector; --max-power-kw sets your own); {compared}"
    )
}

/// Local time at the site.
fn clock(site: &Site, at: Time, form: &str) -> String {
    let at = Timestamp::from_microsecond(at.0).unwrap_or_default();
    at.to_zoned(site.zone.1.clone()).strftime(form).to_string()
}

/// An energy to a watt-hour, rounded down so that it stays possible, but never nothing.
fn watt_hours(kwh: f64) -> f64 {
    ((kwh * 1000.0 + 1e-6).floor() / 1000.0).max(0.001)
}

/// A TOML string.
pub(crate) fn quoted(text: &str) -> String {
    let clean: String = text.chars().filter(|c| !c.is_control()).collect();
    format!("\"{}\"", clean.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A comment, broken into lines between words.
pub(crate) fn comment(out: &mut String, text: &str, indent: &str) {
    let mut line = format!("# {indent}");
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    for word in clean.split_whitespace() {
        if line.chars().count() + word.chars().count() > WIDTH {
            out.push_str(line.trim_end());
            out.push('\n');
            line = format!("# {indent}  ");
        }
        line.push_str(word);
        line.push(' ');
    }
    out.push_str(line.trim_end());
    out.push('\n');
}
