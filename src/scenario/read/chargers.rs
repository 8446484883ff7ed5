//! `[[chargers]]` and `[models.NAME]`.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::problems::Problems;
use super::quirks;
use super::record::{Located, Record};
use super::site::{current, power};
use super::wiring;
use crate::charger::{ChargerSpec, CurrentKind};
use crate::ids::ChargePointId;
use crate::scenario::catalogue::{self, Model, grid_current};
use crate::scenario::model::{Charger, Site};
use crate::scenario::suggest;

/// More charge points than this are refused.
const MOST: usize = 50_000;

/// The charge points, in the order of the file.
pub(super) fn read(root: &Record, site: &Site, problems: &mut Problems<'_>) -> Vec<Charger> {
    let voltage_v = site.voltage_v;
    let models = models(root, voltage_v, problems);
    let mut chargers: Vec<Charger> = Vec::new();
    let mut taken: BTreeMap<String, Range<usize>> = BTreeMap::new();
    for group in root.records("chargers") {
        let Model { spec, quirks } = model(group, &models, voltage_v, problems);
        let spec = Arc::new(spec);
        let quirks = quirks::read(group, &spec, &quirks, problems);
        let priority = group.whole("priority").unwrap_or(1) as u32;
        let connection = wiring::connections(group, &site.wiring.feeders, problems);
        for (number, id) in identities(group, chargers.len(), problems).into_iter().enumerate() {
            if let Some(first) = taken.insert(id.value.clone(), id.span.clone()) {
                let line = problems.line(&first);
                problems
                    .error(id.span, &format!("charger id `{}` is given twice", id.value))
                    .label(&format!("the first stands in line {line}"))
                    .help("every charge point needs an identity of its own; set `id` or `ids`");
                break;
            }
            let id = ChargePointId::new(&id.value);
            let (spec, quirks) = (Arc::clone(&spec), quirks.clone());
            let connection = connection(number);
            chargers.push(Charger { id, spec, priority, quirks, connection });
        }
        if chargers.len() > MOST {
            problems
                .error(group.at("count"), &format!("more than {MOST} charge points"))
                .label("too many")
                .help("split the site into several scenarios");
            break;
        }
    }
    if root.is_empty_list("chargers") {
        problems
            .error(root.at("chargers"), "the site has no charge points")
            .label("an empty list")
            .help("add a [[chargers]] table, for example with `model = \"ac22\"`");
    }
    chargers
}

/// The identities of a group whose first charge point is number `before + 1` of the file.
fn identities(group: &Record, before: usize, problems: &mut Problems<'_>) -> Vec<Located<String>> {
    let listed = group.texts("ids");
    let count = group.whole("count").map(|count| count as usize);
    if group.has("ids") {
        if group.has("id") {
            problems
                .error(group.at("id"), "`id` and `ids` exclude each other")
                .label("also given by `ids`")
                .help("leave one of them out");
        }
        if let Some(count) = count.filter(|count| *count != listed.len()) {
            let message = format!("`count` is {count}, but `ids` names {}", listed.len());
            problems
                .error(group.at("count"), &message)
                .label("contradicts `ids`")
                .help("leave `count` out: `ids` says how many there are");
        }
        return listed.iter().filter(|id| is_identity(id, problems)).cloned().collect();
    }
    let span = if group.has("id") { group.at("id") } else { group.span.clone() };
    let count = count.unwrap_or(1);
    let name = |n: usize| match group.text("id") {
        Some(id) if count == 1 => id,
        Some(id) if id.ends_with(['_', '-']) => format!("{id}{n:03}"),
        Some(id) => format!("{id}_{n:03}"),
        None => format!("cp_{:03}", before + n),
    };
    let all: Vec<_> = (1..=count).map(|n| Located { value: name(n), span: span.clone() }).collect();
    // One report is enough for a first part that makes every identity wrong.
    if all.last().is_some_and(|id| !is_identity(id, problems)) { Vec::new() } else { all }
}

fn is_identity(id: &Located<String>, problems: &mut Problems<'_>) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    let right = (1..=64).contains(&id.value.len()) && id.value.bytes().all(plain);
    if !right {
        problems
            .error(id.span.clone(), &format!("`{}` is not a charger id", id.value))
            .label("1 to 64 of A-Z a-z 0-9 _ -")
            .help("write for example \"cp_001\"");
    }
    right
}

fn model(
    group: &Record,
    models: &BTreeMap<String, Model>,
    voltage_v: i64,
    problems: &mut Problems<'_>,
) -> Model {
    let name = group.text("model").unwrap_or_default();
    let found = models.get(&name).cloned().or_else(|| catalogue::model(&name, voltage_v));
    let mut model = found.unwrap_or_else(|| {
        if group.text("model").is_some() {
            let known = catalogue::charger_names();
            let known = models.keys().map(String::as_str).chain(known).collect::<Vec<_>>();
            problems
                .error(group.at("model"), &format!("unknown charger model `{name}`"))
                .label("neither in the catalogue nor in [models]")
                .help(&suggest::hint(&name, "models", &known));
        }
        any_model(voltage_v)
    });
    if let Some(connectors) = group.whole("connectors") {
        model.spec.connectors = connectors as u32;
    }
    model
}

fn models(root: &Record, voltage_v: i64, problems: &mut Problems<'_>) -> BTreeMap<String, Model> {
    let used = |name: &str| {
        root.records("chargers").iter().any(|group| group.text("model").as_deref() == Some(name))
    };
    let mut models = BTreeMap::new();
    for (name, record) in root.named("models") {
        let known = catalogue::charger_names();
        if known.contains(&name.value.as_str()) {
            problems
                .error(name.span.clone(), &format!("`{}` is a model of the catalogue", name.value))
                .label("cannot be changed")
                .help(&format!("choose another name, and `base = \"{}\"`", name.value));
        } else if !used(&name.value) {
            problems
                .warning(name.span.clone(), &format!("no charger uses the model `{}`", name.value))
                .label("unused")
                .help(&format!("name it in [[chargers]]: `model = \"{}\"`", name.value));
        }
        let base = record.text("base").unwrap_or_default();
        let base = catalogue::model(&base, voltage_v).unwrap_or_else(|| {
            if record.text("base").is_some() {
                problems
                    .error(record.at("base"), &format!("unknown charger model `{base}`"))
                    .label("not in the catalogue")
                    .help(&suggest::hint(&base, "models", &known));
            }
            any_model(voltage_v)
        });
        let spec = changed(&base.spec, &name.value, record, problems);
        let quirks = quirks::read(record, &spec, &base.quirks, problems);
        models.insert(name.value.clone(), Model { spec, quirks });
    }
    models
}

/// The base with the changes of a `[models.NAME]` table.
fn changed(
    base: &ChargerSpec,
    name: &str,
    record: &Record,
    problems: &mut Problems<'_>,
) -> ChargerSpec {
    let kind = match record.text("kind").as_deref() {
        Some("dc") => CurrentKind::Dc,
        Some(_) => CurrentKind::Ac,
        None => base.kind,
    };
    let same_kind = kind == base.kind;
    let unit = |key, base, other| record.flag(key).unwrap_or(if same_kind { base } else { other });
    let mut spec = ChargerSpec {
        model: name.to_owned(),
        kind,
        connectors: record.whole("connectors").map_or(base.connectors, |n| n as u32),
        phases: record.whole("phases").map_or(base.phases, |n| n as u8),
        apply_delay: record.lasting("apply_delay").unwrap_or(base.apply_delay),
        meter_interval: record.lasting("meter_interval").unwrap_or(base.meter_interval),
        clock_aligned_interval: record
            .lasting("clock_aligned_interval")
            .unwrap_or(base.clock_aligned_interval),
        allows_amps: unit("allows_amps", base.allows_amps, kind == CurrentKind::Ac),
        allows_watts: unit("allows_watts", base.allows_watts, kind == CurrentKind::Dc),
        max_stack_level: record.whole("max_stack_level").map_or(base.max_stack_level, |n| n as i32),
        ..base.clone()
    };
    rate(&mut spec, record, problems);
    if !spec.allows_amps && !spec.allows_watts {
        let key = if record.has("allows_amps") { "allows_amps" } else { "allows_watts" };
        problems
            .error(record.at(key), &format!("the model `{name}` takes no limit at all"))
            .label("neither amperes nor watts")
            .help("set `allows_amps` or `allows_watts` to true");
    }
    spec
}

/// Rated current and power: one that is not given follows from the other, and the two must agree.
fn rate(spec: &mut ChargerSpec, record: &Record, problems: &mut Problems<'_>) {
    let (current, power) = (current(record, "max_current_a"), power(record, "max_power_kw"));
    let (voltage, phases) = (spec.voltage_v, spec.phases);
    match (current, power) {
        (None, Some(power)) if spec.kind == CurrentKind::Dc => {
            spec.max_power = power;
            spec.max_current = grid_current(power, voltage, phases);
        }
        _ => {
            spec.max_current = current.unwrap_or(spec.max_current);
            let carried = spec.max_current.to_power(voltage, phases);
            spec.max_power = power.unwrap_or(spec.max_power.min(carried));
            // Ratings are round figures: 3 x 16 A at 208 V are still sold as 11 kW.
            if spec.max_power.0 as f64 > carried.0 as f64 * 1.15 {
                let (rated, carried) = (spec.max_power.kw(), carried.kw());
                let needed = grid_current(spec.max_power, voltage, phases).amps();
                problems
                    .error(
                        record.at("max_power_kw"),
                        &format!("{rated} kW is more than the current carries"),
                    )
                    .label(&format!("{} on {phases} phases make {carried} kW", spec.max_current))
                    .help(&format!("lower it, or set `max_current_a = {needed}`"));
            }
        }
    }
}

/// Stands in for a model that was not found, and so reported.
fn any_model(voltage_v: i64) -> Model {
    Model { spec: catalogue::chargers(voltage_v).swap_remove(0), quirks: Vec::new() }
}
