//! Keys of what stands at a site: the site itself, chargers, cars.

use super::Presence::{Default, Optional, Required};
use super::{
    ANY_KW, CHARGER, DAY, HOUR, Kind, PV, SITE_KW, STRATEGY, Table, VEHICLE, WINDOW, charger_kinds,
    deadlines_names, fallbacks, key, lasting, number, rotation_names, whole,
};

pub(in crate::scenario) static SITE: Table = Table {
    title: "[site]",
    doc: "The site and its allocator, by the names of the REST API",
    keys: &[
        key("max_power_kw", Required, SITE_KW, "100", "Grid connection"),
        key("reserve_kw", Default, ANY_KW, "0", "Kept for other loads"),
        key("strategy", Default, STRATEGY, "\"equal\"", "How the power is divided"),
        key(
            "min_charge_rate_kw",
            Default,
            number(0.0, 1000.0, "kW"),
            "1.38",
            "Smallest rate worth offering; 1.38 kW is 6 A on one phase at 230 V",
        ),
        key("voltage_v", Default, whole(100, 1000, "V"), "230", "Nominal phase voltage"),
        key(
            "max_current_a",
            Optional,
            AMPS,
            "160",
            "The most on each phase of the grid connection, other loads included",
        ),
        key(
            "unbalance_a",
            Optional,
            AMPS,
            "20",
            "The most that cars which do not use all phases may together draw on any phase",
        ),
        key(
            "feeders",
            Optional,
            Kind::Tables(&FEEDER),
            "[{ name = \"west\", max_current_a = 63 }]",
            "Lines and boards that feed chargers, each after the one that feeds it",
        ),
        key(
            "base_load",
            Optional,
            Kind::Table(&BASE_LOAD),
            "{ steps = [{ at = \"00:00\", kw = 20 }], worst_kw = 60 }",
            "Other loads behind the same grid connection",
        ),
        key(
            "pv",
            Optional,
            Kind::Table(&PV),
            "{ peak_kw = 60, latitude = 52.4, longitude = 4.9 }",
            "Photovoltaics, as the meter of the base load sees them",
        ),
        key(
            "windows",
            Optional,
            Kind::Tables(&WINDOW),
            "[{ from = \"17:00\", to = \"21:00\", max_power_kw = 60 }]",
            "Times of the day with limits of their own",
        ),
        key(
            "deadlines",
            Default,
            Kind::Choice { what: "sources of deadlines", names: deadlines_names },
            "\"user_input\"",
            "What is known of departures and wishes: when drivers leave indeed (truth), what they plan \
             (user_input), the assumed stay (estimate), nothing (none)",
        ),
        key(
            "assumed_stay",
            Default,
            lasting(60, 60 * DAY),
            "\"8h\"",
            "How long cars are taken to stay where deadlines are an estimate",
        ),
        key(
            "control",
            Default,
            Kind::Table(&CONTROL),
            "{}",
            "Damping and safety of the control loop",
        ),
    ],
};

/// What a wire of any size carries.
const AMPS: Kind = number(1.0, 100_000.0, "A");

pub(in crate::scenario) static FEEDER: Table = Table {
    title: "[[site.feeders]]",
    doc: "A line or a board that feeds chargers, with limits of its own",
    keys: &[
        key("name", Required, Kind::Text, "\"west\"", "Its name, by which chargers name it"),
        key(
            "fed_from",
            Optional,
            Kind::Text,
            "\"hall\"",
            "The feeder that feeds it; else the grid",
        ),
        key("max_power_kw", Optional, ANY_KW, "40", "The most that it carries in all"),
        key("max_current_a", Optional, AMPS, "63", "The most on each of its phases"),
        key(
            "unbalance_a",
            Optional,
            AMPS,
            "20",
            "The most that cars which do not use all phases may together draw on any of its phases",
        ),
    ],
};

pub(in crate::scenario) static BASE_LOAD: Table = Table {
    title: "[site.base_load]",
    doc: "Other loads behind the same grid connection: cars get what they and the reserve leave",
    keys: &[
        key(
            "steps",
            Optional,
            Kind::Tables(&LOAD_STEP),
            "[{ at = \"00:00\", kw = 20 }, { at = \"07:30\", kw = 45 }]",
            "What they take from a time of day on, every day",
        ),
        key(
            "file",
            Optional,
            Kind::Text,
            "\"load.csv\"",
            "Instead of `steps`: a CSV with the columns time and kw, each row from its time on",
        ),
        key(
            "worst_kw",
            Required,
            ANY_KW,
            "60",
            "What counts while the meter is silent: the most that they take",
        ),
        key(
            "meter_every",
            Default,
            lasting(1, HOUR),
            "\"10s\"",
            "Their meter tells every so often",
        ),
        key("valid_for", Default, lasting(1, DAY), "\"60s\"", "How long a reading holds"),
        key(
            "silent",
            Optional,
            Kind::Tables(&SILENCE),
            "[{ from = \"12:00\", lasts = \"10m\" }]",
            "When the meter tells nothing",
        ),
    ],
};

pub(in crate::scenario) static LOAD_STEP: Table = Table {
    title: "[[site.base_load.steps]]",
    doc: "What other loads take from a time of day on",
    keys: &[
        key("at", Required, Kind::TimeOfDay, "\"07:30\"", "Local time of day"),
        key(
            "kw",
            Required,
            number(-1_000_000.0, 1_000_000.0, "kW"),
            "45",
            "Power; negative where they feed in",
        ),
    ],
};

pub(in crate::scenario) static SILENCE: Table = Table {
    title: "[[site.base_load.silent]]",
    doc: "A time in which the meter of other loads tells nothing",
    keys: &[
        key("from", Required, Kind::Moment, "\"12:00\"", "When it begins"),
        key("lasts", Required, lasting(1, DAY), "\"10m\"", "How long"),
    ],
};

pub(in crate::scenario) static CONTROL: Table = Table {
    title: "[site.control]",
    doc: "Parameters of the site control loop",
    keys: &[
        key("coalesce", Default, lasting(0, HOUR), "\"1s\"", "Changes within it make one decision"),
        key(
            "coalesce_acceptance",
            Default,
            lasting(0, HOUR),
            "\"30s\"",
            "What cars prove to accept waits this long for company",
        ),
        key(
            "acceptance_window",
            Default,
            lasting(0, HOUR),
            "\"60s\"",
            "A car is below its offer for this long before others get what it leaves",
        ),
        key(
            "acceptance_window_max",
            Default,
            lasting(0, DAY),
            "\"16m\"",
            "One whose draw trembles has to be ever longer, up to this",
        ),
        key(
            "reprobe",
            Default,
            lasting(0, DAY),
            "\"10m\"",
            "While power is left over, cars are offered clearly more than they take after it, ever more rarely in vain; 0s: never",
        ),
        key(
            "raise_dead_band_a",
            Default,
            number(0.0, 100.0, "A"),
            "1",
            "A smaller raise is not sent; per phase",
        ),
        key(
            "min_raise_interval",
            Default,
            lasting(0, DAY),
            "\"60s\"",
            "At most one raise per connector in this time; up to 16 times as long while limits swing",
        ),
        key(
            "settle_max",
            Default,
            lasting(0, DAY),
            "\"30s\"",
            "A decrease holds its old reservation at most this long",
        ),
        key(
            "confirm_after",
            Default,
            lasting(1, HOUR),
            "\"9s\"",
            "A meter sample this long after a decrease may end its hold",
        ),
        key(
            "confirm_tolerance_a",
            Default,
            number(0.0, 100.0, "A"),
            "0.5",
            "Draw within this of the limit confirms it; per phase",
        ),
        key(
            "call_timeout",
            Default,
            lasting(1, HOUR),
            "\"30s\"",
            "Then a call counts as unanswered",
        ),
        key(
            "rotation",
            Default,
            lasting(0, DAY),
            "\"15m\"",
            "Rotation epoch; 0: every decision begins anew, also one that was only asked for",
        ),
        key("min_on", Default, lasting(0, DAY), "\"5m\"", "Minimum on-time"),
        key("min_off", Default, lasting(0, DAY), "\"3m\"", "Minimum off-time"),
        key(
            "welcome",
            Default,
            lasting(0, DAY),
            "\"210s\"",
            "A car younger than this gets its minimum if at all possible",
        ),
        key(
            "start_current_a",
            Default,
            whole(6, 80, "A"),
            "6",
            "What a start may draw before its first limit; per phase",
        ),
        key(
            "lease",
            Default,
            lasting(0, DAY),
            "\"15m\"",
            "Limits end after it unless they are renewed, at charge points that end them; 0s: never",
        ),
        key(
            "write_budget",
            Default,
            whole(0, 100_000, ""),
            "1000",
            "SetChargingProfile per charge point in any 24 hours, which wear its flash: raises and renewals wait so that it lasts; 0: no limit",
        ),
        key(
            "fallback",
            Default,
            Kind::Choice { what: "policies", names: fallbacks },
            "\"slots\"",
            "What charge points fall back to when nobody tells them anything",
        ),
        key("learn_acceptance", Default, Kind::Flag, "true", "Learn what each car accepts"),
    ],
};

pub(in crate::scenario) static CHARGERS: Table = Table {
    title: "[[chargers]]",
    doc: "A group of like charge points",
    keys: &[
        key("model", Required, CHARGER, "\"ac22\"", "A catalogue model or one of [models]"),
        key("count", Optional, whole(1, 10_000, ""), "20", "How many; 1 unless `ids` says more"),
        key(
            "id",
            Optional,
            Kind::Text,
            "\"garage_\"",
            "The identity of a single charger, or the first part of the identities of several",
        ),
        key("ids", Optional, Kind::TextList, "[\"CA-303\", \"CA-304\"]", "All identities"),
        key(
            "priority",
            Default,
            whole(1, 1000, ""),
            "1",
            "Weight under priority and proportional_fair",
        ),
        key(
            "quirks",
            Default,
            Kind::Quirks,
            "[]",
            "What they do other than the standard says, beside what their model does",
        ),
        key("connectors", Optional, whole(1, 32, ""), "1", "Connectors of each charge point"),
        key(
            "feeder",
            Optional,
            Kind::Text,
            "\"west\"",
            "What feeds them; else the grid connection",
        ),
        key(
            "phase_rotation",
            Default,
            Kind::Choice { what: "rotations", names: rotation_names },
            "\"RST\"",
            "Phases of the grid at the terminals of each, the first of which one-phase cars use; or \
             alternating: RST, STR, TRS, one charger after the other",
        ),
        key(
            "shared_max_kw",
            Optional,
            ANY_KW,
            "22",
            "The most that the connectors of one charge point draw together",
        ),
    ],
};

pub(in crate::scenario) static MODEL: Table = Table {
    title: "[models.NAME]",
    doc: "A charger model: a catalogue model with changes",
    keys: &[
        key("base", Required, CHARGER, "\"ac22\"", "The catalogue model that fills the gaps"),
        key(
            "kind",
            Optional,
            Kind::Choice { what: "kinds", names: charger_kinds },
            "\"ac\"",
            "Current",
        ),
        key("phases", Optional, whole(1, 3, ""), "3", "Phases connected to the grid"),
        key(
            "max_current_a",
            Optional,
            number(6.0, 2000.0, "A"),
            "32",
            "Largest current per phase, at the grid side",
        ),
        key(
            "max_power_kw",
            Optional,
            number(0.1, 2000.0, "kW"),
            "22",
            "Rated power of one connector",
        ),
        key("connectors", Optional, whole(1, 32, ""), "1", "Connectors"),
        key(
            "apply_delay",
            Optional,
            lasting(0, HOUR),
            "\"1s\"",
            "Between an accepted profile and the changed offer",
        ),
        key("meter_interval", Optional, lasting(1, DAY), "\"60s\"", "MeterValueSampleInterval"),
        key(
            "clock_aligned_interval",
            Optional,
            lasting(0, DAY),
            "\"0s\"",
            "ClockAlignedDataInterval; 0 is off",
        ),
        key("allows_amps", Optional, Kind::Flag, "true", "Takes limits in amperes"),
        key("allows_watts", Optional, Kind::Flag, "false", "Takes limits in watts"),
        key("max_stack_level", Optional, whole(0, 1000, ""), "8", "ChargeProfileMaxStackLevel"),
        key("quirks", Default, Kind::Quirks, "[]", "What it does other than the standard says"),
    ],
};

pub(in crate::scenario) static VEHICLES: Table = Table {
    title: "[[vehicles]]",
    doc: "One kind of car and its share of the mix",
    keys: &[
        key("model", Optional, VEHICLE, "\"sedan_3p11\"", "A catalogue car as it is"),
        key("base", Optional, VEHICLE, "\"sedan_3p11\"", "A catalogue car to change"),
        key("share", Default, number(1e-6, 1e6, ""), "1", "Relative share of the mix"),
        key("name", Optional, Kind::Text, "\"old sedan\"", "For reports"),
        key("battery_kwh", Optional, number(1.0, 2000.0, "kWh"), "60", "Usable energy"),
        key(
            "ac_phases",
            Optional,
            whole(0, 3, ""),
            "3",
            "Phases of the on-board charger; 0: no AC",
        ),
        key(
            "ac_max_current_a",
            Optional,
            number(6.0, 80.0, "A"),
            "16",
            "Largest current per phase",
        ),
        key("ac_max_power_kw", Optional, number(1.0, 60.0, "kW"), "11", "Largest AC power"),
        key(
            "dc_max_power_kw",
            Optional,
            number(0.0, 2000.0, "kW"),
            "100",
            "Largest DC power; 0: no DC",
        ),
        key("min_current_a", Optional, number(6.0, 32.0, "A"), "6", "Smallest AC current it takes"),
        key(
            "acceptance",
            Optional,
            Kind::Acceptance,
            "{ transition_soc = 0.8, end_share = 0.1 }",
            "Share of the maximum power accepted over the state of charge",
        ),
        key("efficiency", Optional, number(0.5, 1.0, ""), "0.9", "Metered energy that is stored"),
        key(
            "reaction",
            Optional,
            lasting(0, 60),
            "\"2s\"",
            "From a changed offer to a changed draw",
        ),
        key(
            "ramp_per_s",
            Optional,
            number(0.0, 1000.0, "A/s or kW/s"),
            "2",
            "Ramp of rising power: A/s per phase (AC), kW/s (DC); 0: at once",
        ),
        key(
            "fall_time_constant",
            Optional,
            lasting(0, 600),
            "\"12s\"",
            "Falling power approaches its new limit exponentially with it, slower than cars may; 0s: at \
             once",
        ),
        key(
            "swing",
            Optional,
            number(0.0, 50.0, "A or kW"),
            "1.5",
            "What it takes swings by up to so much around what it accepts: A per phase (AC), kW (DC)",
        ),
    ],
};

pub(in crate::scenario) static TWO_STAGE: Table = Table {
    title: "acceptance",
    doc: "Constant up to a state of charge, then falling linearly",
    keys: &[
        key("transition_soc", Required, number(0.0, 1.0, ""), "0.8", "Where it begins to fall"),
        key("end_share", Required, number(0.0, 1.0, ""), "0.1", "Share accepted at 100 %"),
    ],
};
