//! Keys of limits that come and go with the day, and of the sun.

use super::Presence::{Default, Optional, Required};
use super::{ANY_KW, Kind, SITE_KW, Table, key, number};

pub(in crate::scenario) static WINDOW: Table = Table {
    title: "[[site.windows]]",
    doc: "A time of the day with limits of its own; where windows overlap the lowest counts",
    keys: &[
        key("name", Optional, Kind::Text, "\"evening peak\"", "For people"),
        key("from", Required, Kind::TimeOfDay, "\"17:00\"", "Local time at which it begins"),
        key(
            "to",
            Required,
            Kind::TimeOfDay,
            "\"21:00\"",
            "Local time at which it ends; of the next day where that is not later than `from`",
        ),
        key(
            "days",
            Default,
            Kind::TextList,
            "[\"mon\", \"tue\", \"wed\", \"thu\", \"fri\", \"sat\", \"sun\"]",
            "Days on which it begins: mon, tue, wed, thu, fri, sat, sun",
        ),
        key(
            "max_power_kw",
            Optional,
            ANY_KW,
            "60",
            "Hard limit: the most that the grid connection may carry then",
        ),
        key(
            "soft_limit_kw",
            Optional,
            ANY_KW,
            "0",
            "Soft limit: what the site takes from the grid for cars that can wait; 0: what \
             photovoltaics give beyond other loads",
        ),
    ],
};

pub(in crate::scenario) static PV: Table = Table {
    title: "[site.pv]",
    doc: "Photovoltaics behind the meter of the base load: modules that lie flat, drawn clouds",
    keys: &[
        key("peak_kw", Required, SITE_KW, "60", "Power under 1000 W/m2"),
        key("latitude", Required, number(-90.0, 90.0, "degrees"), "52.4", "North positive"),
        key("longitude", Required, number(-180.0, 180.0, "degrees"), "4.9", "East positive"),
        key(
            "clouds",
            Default,
            number(0.0, 1.0, ""),
            "0.3",
            "Share of the time in which a cloud passes",
        ),
    ],
};
