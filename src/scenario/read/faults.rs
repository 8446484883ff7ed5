//! `fault` and `recover` in `[[timeline]]`.

use super::problems::Problems;
use super::record::{Located, Record};
use crate::scenario::model::{Charger, Fault, Targets, TimelineAction};
use crate::scenario::suggest;
use crate::time::Span;

/// How far a clock is set back unless `by` says more.
const SKEW: Span = Span::from_s(3600);

/// The keys that only one of the two has, and that neither `set` nor `rebalance` has.
const FAULT_KEYS: [&str; 4] = ["chargers", "count", "for", "by"];

/// A table with `fault`.
pub(super) fn fault(
    record: &Record,
    chargers: &[Charger],
    problems: &mut Problems<'_>,
) -> Option<TimelineAction> {
    let on = targets(record, chargers, problems);
    let name = record.text("fault")?;
    let fault = Fault::ALL.into_iter().find(|fault| fault.name() == name)?;
    let fault = match fault {
        Fault::ClockSkew(_) => Fault::ClockSkew(record.lasting("by").unwrap_or(SKEW)),
        _ if record.has("by") => {
            problems
                .error(record.at("by"), &format!("`by` does not go with `{name}`"))
                .label("only of `clock_skew`")
                .help("leave it out");
            fault
        }
        _ => fault,
    };
    Some(TimelineAction::Fault { fault, on: on?, lasts: record.lasting("for") })
}

/// A table with `recover`.
pub(super) fn recover(
    record: &Record,
    chargers: &[Charger],
    problems: &mut Problems<'_>,
) -> Option<TimelineAction> {
    for key in ["count", "for", "by"].into_iter().filter(|key| record.has(key)) {
        problems
            .error(record.at(key), &format!("`{key}` does not go with `recover`"))
            .label("only with `fault`")
            .help("leave it out; `chargers` says who recovers, without it all do");
    }
    let on = targets(record, chargers, problems);
    let name = record.text("recover")?;
    let fault = Fault::ALL.into_iter().find(|fault| fault.name() == name);
    Some(TimelineAction::Recover { fault, on: on? })
}

/// Reports keys of a fault in a table that has none.
pub(super) fn check_keys(record: &Record, problems: &mut Problems<'_>) {
    for key in FAULT_KEYS.into_iter().filter(|key| record.has(key)) {
        problems
            .error(record.at(key), &format!("`{key}` goes with `fault` only"))
            .label("no fault here")
            .help("leave it out, or write a table of its own with `fault = \"offline\"`");
    }
}

fn targets(record: &Record, chargers: &[Charger], problems: &mut Problems<'_>) -> Option<Targets> {
    let count = record.whole("count").map(|count| count as usize);
    if !record.has("chargers") {
        let most = chargers.len();
        if let Some(count) = count.filter(|count| *count > most) {
            problems
                .error(record.at("count"), &format!("`count` is {count} of {most} chargers"))
                .label("more than there are")
                .help(&format!("choose a number up to {most}, or leave it out for all"));
            return None;
        }
        return Some(count.map_or(Targets::All, Targets::Drawn));
    }
    if record.has("count") {
        problems
            .error(record.at("count"), "`chargers` and `count` exclude each other")
            .label("`chargers` names them already")
            .help("leave one of them out");
    }
    let mut listed = Vec::new();
    for name in record.texts("chargers") {
        listed.extend(named(name, chargers, problems));
    }
    if record.texts("chargers").is_empty() {
        problems
            .error(record.at("chargers"), "`chargers` names none")
            .label("an empty list")
            .help("name some, for example [\"cp_001\", \"lot_*\"], or leave it out for all");
    }
    listed.sort_unstable();
    listed.dedup();
    Some(Targets::Listed(listed))
}

/// The chargers of a name, by their places; * stands for the rest of an identity.
pub(super) fn named(
    name: &Located<String>,
    chargers: &[Charger],
    problems: &mut Problems<'_>,
) -> Vec<usize> {
    let fits = |id: &str| match name.value.strip_suffix('*') {
        Some(first) => id.starts_with(first),
        None => id == name.value,
    };
    let places = (0..chargers.len()).filter(|at| fits(chargers[*at].id.as_str()));
    let places: Vec<usize> = places.collect();
    if places.is_empty() {
        let known: Vec<&str> = chargers.iter().map(|charger| charger.id.as_str()).collect();
        problems
            .error(name.span.clone(), &format!("no charger is called `{}`", name.value))
            .label("unknown")
            .help(&suggest::hint(&name.value, "chargers", &known));
    }
    places
}
