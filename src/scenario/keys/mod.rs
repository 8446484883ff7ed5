//! The keys of the format: one table of what may stand where, used by the reader and by the JSON
//! Schema, so that the two cannot differ.

use super::catalogue;
use super::metrics::METRICS;
use super::model::{Deadlines, Fault};
use crate::allocation::Strategy;
use crate::allocation::network::PhaseRotation;
use crate::csms::Fallback;
use crate::vehicle;
use Presence::{Default, Optional, Required};

mod energy;
mod equipment;
mod events;

pub(in crate::scenario) use energy::{PV, WINDOW};
pub(in crate::scenario) use equipment::{CHARGERS, CONTROL, MODEL, SITE, TWO_STAGE, VEHICLES};
pub(in crate::scenario) use events::{
    ARRIVALS, ASSERT, DAILY_PEAK, NETWORK, POISSON, SESSIONS, TIMELINE,
};

/// The keys that may stand in one kind of table.
#[derive(Debug)]
pub(in crate::scenario) struct Table {
    /// As written in a file, for messages: `[site]`.
    pub(in crate::scenario) title: &'static str,
    /// For the schema.
    pub(in crate::scenario) doc: &'static str,
    pub(in crate::scenario) keys: &'static [Key],
}

/// One key.
#[derive(Debug)]
pub(in crate::scenario) struct Key {
    pub(in crate::scenario) name: &'static str,
    pub(in crate::scenario) kind: Kind,
    pub(in crate::scenario) presence: Presence,
    /// A sensible value, as TOML; the default where there is one.
    pub(in crate::scenario) example: &'static str,
    /// For the schema.
    pub(in crate::scenario) doc: &'static str,
}

/// Whether a key must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::scenario) enum Presence {
    Required,
    Optional,
    /// `Key::example` counts when the key is absent.
    Default,
}

/// What the value of a key may be. Ranges include both ends.
#[derive(Debug)]
pub(in crate::scenario) enum Kind {
    Text,
    Flag,
    Number {
        min: f64,
        max: f64,
        unit: &'static str,
    },
    Whole {
        min: i64,
        max: i64,
        unit: &'static str,
    },
    /// Bounds in seconds.
    Duration {
        min_s: i64,
        max_s: i64,
    },
    Instant,
    Moment,
    TimeOfDay,
    TimeZone,
    /// One of a closed list of names.
    Choice {
        what: &'static str,
        names: fn() -> Vec<String>,
    },
    /// One of a list that a scenario can extend; checked where it is used.
    Name {
        names: fn() -> Vec<String>,
    },
    TextList,
    /// A list of texts, each a quirk; checked where it is used.
    Quirks,
    Acceptance,
    /// A table of identities and whole numbers from 1 to 1000; checked where it is used.
    Weights,
    Table(&'static Table),
    /// `[[x]]`.
    Tables(&'static Table),
    /// `[[x]]` of several forms, told apart by [`arrivals_form`].
    Arrivals(&'static [&'static Table]),
    /// `[x.NAME]`.
    Named(&'static Table),
}

impl Table {
    pub(in crate::scenario) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// The `kind` of a form of `[[arrivals]]` that has one.
    pub(in crate::scenario) fn arrivals_kind(&self) -> Option<&'static str> {
        if std::ptr::eq(self, &DAILY_PEAK) {
            Some("daily_peak")
        } else if std::ptr::eq(self, &POISSON) {
            Some("poisson")
        } else {
            None
        }
    }

    pub(in crate::scenario) fn names(&self) -> Vec<&'static str> {
        self.keys.iter().map(|key| key.name).collect()
    }
}

const fn key(
    name: &'static str,
    presence: Presence,
    kind: Kind,
    example: &'static str,
    doc: &'static str,
) -> Key {
    Key { name, kind, presence, example, doc }
}

const fn number(min: f64, max: f64, unit: &'static str) -> Kind {
    Kind::Number { min, max, unit }
}

const fn whole(min: i64, max: i64, unit: &'static str) -> Kind {
    Kind::Whole { min, max, unit }
}

const fn lasting(min_s: i64, max_s: i64) -> Kind {
    Kind::Duration { min_s, max_s }
}

/// The largest whole number that every reader of JSON keeps exactly.
const LARGEST_SEED: i64 = (1 << 53) - 1;
const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
const SITE_KW: Kind = number(0.1, 1e6, "kW");
const ANY_KW: Kind = number(0.0, 1e6, "kW");
const STRATEGY: Kind = Kind::Choice { what: "strategies", names: strategy_names };
const CHARGER: Kind = Kind::Name { names: charger_names };
const VEHICLE: Kind = Kind::Name { names: vehicle_names };

pub(in crate::scenario) static ROOT: Table = Table {
    title: "the scenario",
    doc: "A scenario for the EV charging testbed Ampacity",
    keys: &[
        key("name", Required, Kind::Text, "\"Workplace\"", "Title, for people"),
        key(
            "start",
            Required,
            Kind::Instant,
            "\"2026-05-04T06:00:00[Europe/Amsterdam]\"",
            "First instant: a date-time with a zone in brackets, an offset or Z",
        ),
        key("duration", Required, lasting(60, 366 * DAY), "\"14h\"", "Length of the run"),
        key("seed", Default, whole(0, LARGEST_SEED, ""), "1", "Decides every random draw"),
        key(
            "sample_interval",
            Default,
            lasting(1, DAY),
            "\"60s\"",
            "Interval of the rows of history.csv",
        ),
        key("site", Required, Kind::Table(&SITE), "{ max_power_kw = 100 }", "The site"),
        key(
            "chargers",
            Required,
            Kind::Tables(&CHARGERS),
            "[{ model = \"ac22\", count = 20 }]",
            "Groups of charge points",
        ),
        key(
            "models",
            Optional,
            Kind::Named(&MODEL),
            "{ slow22 = { base = \"ac22\", apply_delay = \"5s\" } }",
            "Charger models that extend the catalogue",
        ),
        key(
            "vehicles",
            Optional,
            Kind::Tables(&VEHICLES),
            "[{ model = \"sedan_3p11\" }]",
            "The vehicle mix",
        ),
        key(
            "arrivals",
            Required,
            Kind::Arrivals(&ARRIVALS),
            "[{ kind = \"poisson\", per_hour = 4, stay = \"2h\", energy_kwh = 15 }]",
            "Where cars come from",
        ),
        key("network", Default, Kind::Table(&NETWORK), "{}", "Links to the central system"),
        key(
            "timeline",
            Optional,
            Kind::Tables(&TIMELINE),
            "[{ at = \"12:00\", set = { max_power_kw = 60 } }]",
            "What happens at set instants",
        ),
        key(
            "assert",
            Optional,
            Kind::Tables(&ASSERT),
            "[{ metric = \"over_limit_s\", max = 0 }]",
            "What a run must fulfil",
        ),
    ],
};

/// The strategies and their names.
pub(in crate::scenario) const STRATEGIES: [(&str, Strategy); 8] = [
    ("equal", Strategy::Equal),
    ("first_come_first_served", Strategy::FirstComeFirstServed),
    ("priority", Strategy::Priority),
    ("max_throughput", Strategy::MaxThroughput),
    ("earliest_deadline_first", Strategy::EarliestDeadlineFirst),
    ("least_laxity_first", Strategy::LeastLaxityFirst),
    ("round_robin", Strategy::RoundRobin),
    ("proportional_fair", Strategy::ProportionalFair),
];

/// The table in which a key of this name stands, for keys in the wrong place.
pub(in crate::scenario) fn home_of(name: &str) -> Option<&'static str> {
    let tables = [
        &ROOT,
        &SITE,
        &PV,
        &CONTROL,
        &CHARGERS,
        &MODEL,
        &VEHICLES,
        &DAILY_PEAK,
        &POISSON,
        &SESSIONS,
        &NETWORK,
        &TIMELINE,
        &ASSERT,
    ];
    let homes: Vec<_> = tables.iter().filter(|table| table.key(name).is_some()).collect();
    match homes.as_slice() {
        [home] => Some(home.title),
        _ => None,
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn strategy_names() -> Vec<String> {
    owned(&STRATEGIES.map(|(name, _)| name))
}

fn metric_names() -> Vec<String> {
    METRICS.iter().map(|metric| metric.name.to_owned()).collect()
}

fn charger_names() -> Vec<String> {
    owned(&catalogue::charger_names())
}

fn vehicle_names() -> Vec<String> {
    vehicle::catalogue::catalogue().into_iter().map(|spec| spec.name).collect()
}

fn charger_kinds() -> Vec<String> {
    owned(&["ac", "dc"])
}

fn rotation_names() -> Vec<String> {
    PhaseRotation::ALL
        .map(PhaseRotation::name)
        .into_iter()
        .chain(["alternating"])
        .map(str::to_owned)
        .collect()
}

fn fallbacks() -> Vec<String> {
    owned(&Fallback::ALL.map(Fallback::name))
}

fn deadlines_names() -> Vec<String> {
    owned(&Deadlines::ALL.map(Deadlines::name))
}

fn arrival_names() -> Vec<String> {
    owned(&["daily_peak", "poisson"])
}

fn fault_names() -> Vec<String> {
    owned(&Fault::ALL.map(Fault::name))
}

fn recovery_names() -> Vec<String> {
    let mut names = fault_names();
    names.push("all".to_owned());
    names
}

fn severity_names() -> Vec<String> {
    owned(&["error", "warning"])
}
