//! `[network]` and `[[timeline]]`.

use std::collections::BTreeMap;

use super::Run;
use super::faults;
use super::problems::Problems;
use super::record::Record;
use super::site::{power, strategy};
use crate::ids::ChargePointId;
use crate::scenario::model::{Charger, Network, Repeats, Site, TimelineAction, TimelineEntry};
use crate::scenario::quantity::span_text;
use crate::time::{Span, Time};

/// An entry is repeated at most so often in a run.
const MOST_REPETITIONS: i64 = 100_000;

/// The links.
pub(super) fn network(root: &Record) -> Network {
    let record = root.record("network").unwrap_or(root);
    Network {
        latency: record.lasting("latency").unwrap_or(Span::ZERO),
        jitter: record.lasting("jitter").unwrap_or(Span::ZERO),
        loss: record.number("loss").unwrap_or_default(),
    }
}

/// The timeline, in ascending order; entries of the same instant keep the order of the file.
pub(super) fn timeline(
    root: &Record,
    run: &Run,
    site: &Site,
    chargers: &[Charger],
    problems: &mut Problems<'_>,
) -> Vec<TimelineEntry> {
    let mut entries: Vec<(TimelineEntry, &Record)> = Vec::new();
    for record in root.records("timeline") {
        let action = action(record, chargers, problems);
        let at = record.moment("at").map(|moment| run.resolve(moment));
        if let Some(at) = at.filter(|at| !run.holds(*at)) {
            let length = span_text(run.length());
            problems
                .error(record.at("at"), &format!("{at} is outside the run"))
                .label(&format!("the run takes {length} from {}", run.start))
                .help("choose a time within the run, for example \"+2h\", or a longer `duration`");
        }
        let repeats = repeats(record, run, at, problems);
        if let (Some(at), Some(action)) = (at, action) {
            entries.push((TimelineEntry { at, repeats, action }, record));
        }
    }
    entries.sort_by_key(|(entry, _)| entry.at);
    check_reserve(&entries, site, problems);
    entries.into_iter().map(|(entry, _)| entry).collect()
}

/// `every`, `to` and `until` of an entry that happens at `at` first.
fn repeats(
    record: &Record,
    run: &Run,
    at: Option<Time>,
    problems: &mut Problems<'_>,
) -> Option<Repeats> {
    if !record.has("every") {
        for key in ["to", "until"].into_iter().filter(|key| record.has(key)) {
            problems
                .error(record.at(key), &format!("`{key}` goes with `every` only"))
                .label("nothing is repeated here")
                .help("leave it out, or say how often, for example `every = \"30s\"`");
        }
        return None;
    }
    let every = record.lasting("every")?;
    let to = record.lasting("to").unwrap_or(every);
    if to < every {
        problems
            .error(record.at("to"), "no gap can be drawn")
            .label(&format!("shorter than `every`, {}", span_text(every)))
            .help("swap `every` and `to`, or leave `to` out");
    }
    let until = record.moment("until").map(|moment| run.resolve(moment));
    if until.zip(at).is_some_and(|(until, at)| until <= at) {
        problems
            .error(record.at("until"), "it ends before it begins")
            .label("not later than `at`")
            .help("choose a later time, for example \"+2h\", or leave it out");
    }
    let until = until.map_or(run.end, |until| until.min(run.end));
    if run.known && run.length().0 / every.0 > MOST_REPETITIONS {
        problems
            .error(record.at("every"), "it happens too often")
            .label(&format!("more than {MOST_REPETITIONS} times in {}", span_text(run.length())))
            .help("choose a longer gap");
        return None;
    }
    Some(Repeats { every, to, until })
}

/// The weights that `set` gives, by identity.
fn priorities(
    set: &Record,
    chargers: &[Charger],
    problems: &mut Problems<'_>,
) -> BTreeMap<ChargePointId, u32> {
    let mut all = BTreeMap::new();
    for (name, weight) in set.weights("priorities") {
        let places = faults::named(name, chargers, problems);
        all.extend(places.into_iter().map(|place| (chargers[place].id.clone(), *weight)));
    }
    all
}

const ACTIONS: [&str; 4] = ["set", "rebalance", "fault", "recover"];

fn action(
    record: &Record,
    chargers: &[Charger],
    problems: &mut Problems<'_>,
) -> Option<TimelineAction> {
    let given: Vec<&str> = ACTIONS.into_iter().filter(|key| record.has(key)).collect();
    let [given] = given.as_slice() else {
        let label = match given.len() {
            0 => "none is given".to_owned(),
            _ => format!("{} are given", given.join(" and ")),
        };
        problems
            .error(
                record.span.clone(),
                "[[timeline]] needs one of `set`, `rebalance`, `fault` and `recover`",
            )
            .label(&label)
            .help("write one table for each, for example with `set = { max_power_kw = 60 }`");
        return None;
    };
    match *given {
        "fault" => return faults::fault(record, chargers, problems),
        "recover" => return faults::recover(record, chargers, problems),
        _ => faults::check_keys(record, problems),
    }
    if let Some(reason) = record.text("rebalance") {
        return Some(TimelineAction::Rebalance { reason });
    }
    let set = record.record("set")?;
    if set.is_blank() {
        problems
            .error(record.at("set"), "`set` changes nothing")
            .label("empty")
            .help(&format!("known keys: {}", set.table.names().join(", ")));
    }
    Some(TimelineAction::Config {
        max_power: power(set, "max_power_kw"),
        reserve: power(set, "reserve_kw"),
        strategy: strategy(set),
        min_charge_rate: power(set, "min_charge_rate_kw"),
        priorities: priorities(set, chargers, problems),
        shuffle_priorities: set.flag("shuffle_priorities").unwrap_or_default(),
    })
}

/// Follows the config along the timeline: the reserve never exceeds the connection.
fn check_reserve(entries: &[(TimelineEntry, &Record)], site: &Site, problems: &mut Problems<'_>) {
    let (mut max, mut reserve) = (site.max_power, site.reserve);
    for (entry, record) in entries {
        let TimelineAction::Config { max_power, reserve: kept, .. } = &entry.action else {
            continue;
        };
        max = max_power.unwrap_or(max);
        reserve = kept.unwrap_or(reserve);
        if reserve > max && site.max_power > site.reserve {
            let (max, reserve) = (max.kw(), reserve.kw());
            problems
                .error(record.at("set"), "the reserve exceeds the grid connection from here on")
                .label(&format!("{reserve} kW reserve of {max} kW"))
                .help("set `reserve_kw` and `max_power_kw` together");
        }
    }
}
