//! Keys of what happens: arrivals, the network, the timeline, and what must hold.

use super::Presence::{Default, Optional, Required};
use super::{
    ANY_KW, DAY, Key, Kind, STRATEGY, Table, arrival_names, fault_names, key, lasting,
    metric_names, number, recovery_names, severity_names, whole,
};

pub(in crate::scenario) static ARRIVALS: [&Table; 3] = [&DAILY_PEAK, &POISSON, &SESSIONS];

const KIND: Key = key(
    "kind",
    Required,
    Kind::Choice { what: "kinds of arrivals", names: arrival_names },
    "\"daily_peak\"",
    "How cars come",
);
const STAY: Key = key("stay", Required, lasting(600, 30 * DAY), "\"8h\"", "Mean stay");
const STAY_SPREAD: Key =
    key("stay_spread", Default, lasting(0, 30 * DAY), "\"0s\"", "Standard deviation of the stay");
const ENERGY: Key =
    key("energy_kwh", Required, number(0.5, 1000.0, "kWh"), "15", "Mean wish, at the meter");
const ENERGY_SPREAD: Key = key(
    "energy_spread_kwh",
    Default,
    number(0.0, 1000.0, "kWh"),
    "0",
    "Standard deviation of the wish",
);
const EARLY: Key = key(
    "early_leavers",
    Default,
    number(0.0, 1.0, ""),
    "0",
    "Share of drivers that leave after 30 to 90 % of the stay they announced",
);

pub(in crate::scenario) static DAILY_PEAK: Table = Table {
    title: "[[arrivals]] of kind \"daily_peak\"",
    doc: "Cars that come around a time of day, every day",
    keys: &[
        KIND,
        key("count", Required, whole(1, 100_000, ""), "30", "Cars a day"),
        key("at", Required, Kind::TimeOfDay, "\"08:30\"", "Local time of day of the peak"),
        key("spread", Default, lasting(0, DAY / 2), "\"45m\"", "Standard deviation of the arrival"),
        key("weekdays_only", Default, Kind::Flag, "false", "Only Monday to Friday"),
        STAY,
        STAY_SPREAD,
        ENERGY,
        ENERGY_SPREAD,
        EARLY,
    ],
};

pub(in crate::scenario) static POISSON: Table = Table {
    title: "[[arrivals]] of kind \"poisson\"",
    doc: "Cars that come independently of each other",
    keys: &[
        KIND,
        key("per_hour", Required, number(0.001, 10_000.0, "cars per hour"), "4", "Mean rate"),
        key("from", Default, Kind::TimeOfDay, "\"00:00\"", "Local time of day it begins"),
        key("to", Default, Kind::TimeOfDay, "\"24:00\"", "Local time of day it ends"),
        STAY,
        STAY_SPREAD,
        ENERGY,
        ENERGY_SPREAD,
        EARLY,
    ],
};

pub(in crate::scenario) static SESSIONS: Table = Table {
    title: "[[arrivals]] with `sessions`",
    doc: "Listed sessions of a CSV file",
    keys: &[
        key("sessions", Required, Kind::Text, "\"sessions.csv\"", "Path, relative to the scenario"),
        key(
            "time_zone",
            Optional,
            Kind::TimeZone,
            "\"Europe/Amsterdam\"",
            "Zone of local times in the file; that of the start unless given",
        ),
        key(
            "epoch",
            Optional,
            Kind::Instant,
            "\"2019-03-01T00:00:00[America/Los_Angeles]\"",
            "What minutes and periods in the file count from; the start unless given",
        ),
        key(
            "period_min",
            Default,
            number(0.1, 1440.0, "min"),
            "5",
            "Length of a period of an ACN-Sim events file",
        ),
        key(
            "map_stations",
            Default,
            Kind::Flag,
            "false",
            "Give the stations of the file to the chargers in order of first appearance",
        ),
    ],
};

pub(in crate::scenario) static NETWORK: Table = Table {
    title: "[network]",
    doc: "The links between chargers and central system",
    keys: &[
        key("latency", Default, lasting(0, 60), "\"20ms\"", "One way"),
        key("jitter", Default, lasting(0, 60), "\"10ms\"", "Added to it, uniform from 0"),
        key("loss", Default, number(0.0, 0.9, ""), "0", "Share of frames that vanish"),
    ],
};

pub(in crate::scenario) static TIMELINE: Table = Table {
    title: "[[timeline]]",
    doc: "What happens at an instant: one of `set`, `rebalance`, `fault` and `recover`",
    keys: &[
        key(
            "at",
            Required,
            Kind::Moment,
            "\"12:00\"",
            "The first such time of day after the start, a time after the start as \"+26h\", or a \
             date-time",
        ),
        key(
            "every",
            Optional,
            lasting(1, 366 * DAY),
            "\"30s\"",
            "It happens again after this, and again, until the run ends or `until`",
        ),
        key(
            "to",
            Optional,
            lasting(1, 366 * DAY),
            "\"90s\"",
            "Each gap is drawn evenly from `every` to this, once for all strategies",
        ),
        key("until", Optional, Kind::Moment, "\"14:00\"", "It does not happen again from then on"),
        key(
            "set",
            Optional,
            Kind::Table(&SET),
            "{ max_power_kw = 60 }",
            "Changes the site's config; absent keys stay",
        ),
        key("rebalance", Optional, Kind::Text, "\"manual\"", "Rebalances, for this reason"),
        key(
            "fault",
            Optional,
            Kind::Choice { what: "faults", names: fault_names },
            "\"offline\"",
            "Goes wrong at `chargers`, at `count` that the seed draws, or at all",
        ),
        key(
            "chargers",
            Optional,
            Kind::TextList,
            "[\"cp_001\", \"lot_*\"]",
            "Whom a fault or a recovery concerns; * stands for the rest of an identity",
        ),
        key("count", Optional, whole(1, 50_000, ""), "3", "How many chargers a fault concerns"),
        key(
            "for",
            Optional,
            lasting(1, 366 * DAY),
            "\"10m\"",
            "How long a fault lasts; without it until a recovery. Of a reboot, the time without power",
        ),
        key("by", Optional, lasting(1, 366 * DAY), "\"1h\"", "How far clock_skew sets clocks back"),
        key(
            "recover",
            Optional,
            Kind::Choice { what: "faults", names: recovery_names },
            "\"all\"",
            "The fault that is over at `chargers`, or at all",
        ),
    ],
};

pub(in crate::scenario) static SET: Table = Table {
    title: "`set`",
    doc: "A change of the site's config",
    keys: &[
        key("max_power_kw", Optional, ANY_KW, "60", "Grid connection"),
        key("reserve_kw", Optional, ANY_KW, "5", "Kept for other loads"),
        key("strategy", Optional, STRATEGY, "\"priority\"", "How the power is divided"),
        key(
            "min_charge_rate_kw",
            Optional,
            number(0.0, 1000.0, "kW"),
            "3.7",
            "Smallest rate worth offering",
        ),
        key(
            "priorities",
            Optional,
            Kind::Weights,
            "{ cp_001 = 5, \"lot_*\" = 2 }",
            "Weights of chargers, 1 to 1000; the others keep theirs; * stands for the rest of an identity",
        ),
        key(
            "shuffle_priorities",
            Default,
            Kind::Flag,
            "false",
            "Draws every weight anew from 1 to 1000, tens as likely as hundreds; `priorities` go before",
        ),
    ],
};

pub(in crate::scenario) static ASSERT: Table = Table {
    title: "[[assert]]",
    doc: "A condition on a metric of summary.json",
    keys: &[
        key(
            "metric",
            Required,
            Kind::Choice { what: "metrics", names: metric_names },
            "\"over_limit_s\"",
            "Metric",
        ),
        key("min", Optional, number(-1e12, 1e12, ""), "0", "At least"),
        key("max", Optional, number(-1e12, 1e12, ""), "0", "At most"),
        key(
            "baseline",
            Optional,
            Kind::Text,
            "\"baseline.json\"",
            "summary.json of an earlier run, instead of min and max",
        ),
        key(
            "within_pct",
            Optional,
            number(0.0, 1e6, "%"),
            "2",
            "How far from the baseline's value is tolerated, percent of it",
        ),
        key(
            "from",
            Optional,
            Kind::Moment,
            "\"16:00\"",
            "Only from then on: sessions that arrive, commands sent, power drawn",
        ),
        key("to", Optional, Kind::Moment, "\"20:00\"", "Only until then"),
        key(
            "severity",
            Default,
            Kind::Choice { what: "severities", names: severity_names },
            "\"error\"",
            "A failed error fails the run, a failed warning is shown only",
        ),
    ],
};
