//! The metrics of `summary.json`: the one table of their names, units and meanings.
//!
//! Scenarios may assert on them, so the names live here; `report` computes them.

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Key in `summary.json`; a unit is the last word of the name.
    pub name: &'static str,
    /// Unit for people; empty for numbers without one.
    pub unit: &'static str,
    /// One sentence.
    pub meaning: &'static str,
}

const fn metric(name: &'static str, unit: &'static str, meaning: &'static str) -> Metric {
    Metric { name, unit, meaning }
}

/// The metrics that a part of a run has, too. Those of sessions are about the ones that arrive in it, to
/// their end; those of commands about the ones sent in it; the others, `energy_delivered_kwh` among them,
/// about just that time.
pub const OF_WINDOWS: &[&str] = &[
    "sessions",
    "energy_requested_kwh",
    "energy_delivered_kwh",
    "demand_met_pct",
    "demand_met_of_feasible_pct",
    "sessions_fully_served_pct",
    "sessions_without_power",
    "unmet_kwh_p95",
    "satisfaction_min_pct",
    "peak_kw",
    "over_limit_s",
    "over_limit_kwh",
    "over_limit_max_kw",
    "committed_over_limit_s",
    "committed_over_limit_kwh",
    "committed_over_limit_max_kw",
    "over_soft_limit_s",
    "over_soft_limit_kwh",
    "jain_satisfaction",
    "time_to_first_power_s_p95",
    "command_latency_ms_p95",
    "set_charging_profile_calls",
    "commands_rejected",
    "commands_timed_out",
    "commands_failed",
];

/// All metrics, in the order of `summary.json`.
pub const METRICS: &[Metric] = &[
    metric("sessions", "", "Visits, also those that never got a transaction."),
    metric("turned_away", "", "Cars that found no free charger."),
    metric("energy_requested_kwh", "kWh", "Sum of what drivers wished, at the meter."),
    metric("energy_delivered_kwh", "kWh", "Sum of what they got, at the meter."),
    metric("demand_met_pct", "%", "Delivered energy of the energy wished, over all sessions."),
    metric(
        "demand_met_of_feasible_pct",
        "%",
        "Delivered energy of what the cars could have taken in their stay without any site limit.",
    ),
    metric(
        "optimal_demand_met_pct",
        "%",
        "What any allocator could have delivered at most within the limit, known afterwards, of the energy wished.",
    ),
    metric(
        "uncontrolled_demand_met_pct",
        "%",
        "What cars would have taken without any control of the energy wished.",
    ),
    metric(
        "uncontrolled_over_limit_kwh",
        "kWh",
        "Energy above the limit for vehicles without any control.",
    ),
    metric(
        "uncontrolled_over_limit_max_kw",
        "kW",
        "Largest draw above the limit for vehicles without any control.",
    ),
    metric("sessions_fully_served_pct", "%", "Sessions that left with less than 0.1 kWh missing."),
    metric("sessions_without_power", "", "Sessions that wished energy and never had power."),
    metric(
        "unmet_kwh_p95",
        "kWh",
        "Missing energy that 95 % of the sessions do not exceed (nearest rank).",
    ),
    metric("satisfaction_min_pct", "%", "Delivered of wished energy of the worst served session."),
    metric("peak_kw", "kW", "Highest true draw."),
    metric("limit_kw", "kW", "Highest limit for vehicles in force: grid connection minus reserve."),
    metric("load_factor", "", "Mean draw divided by the peak, 0 to 1."),
    metric(
        "utilisation_pct",
        "%",
        "Energy drawn of the energy that the limit for vehicles allowed.",
    ),
    metric(
        "over_limit_s",
        "s",
        "Time the true draw was above the limit for vehicles, integrated at every event.",
    ),
    metric(
        "over_limit_kwh",
        "kWh",
        "Energy above the limit for vehicles, integrated at every event.",
    ),
    metric("over_limit_max_kw", "kW", "Largest draw above the limit for vehicles."),
    metric(
        "committed_over_limit_s",
        "s",
        "Time the worst case of the reservations was above the limit for vehicles.",
    ),
    metric(
        "committed_over_limit_kwh",
        "kWh",
        "Integral of the reservations above the limit for vehicles.",
    ),
    metric(
        "committed_over_limit_max_kw",
        "kW",
        "Largest excess of the reservations over the limit for vehicles.",
    ),
    metric(
        "wires_over_limit_s",
        "s",
        "Time the true draw was above the limit of a feeder, a phase or unbalance: of the worst one.",
    ),
    metric(
        "wires_over_limit_max_kw",
        "kW",
        "Largest draw above the limit of a feeder, a phase or unbalance.",
    ),
    metric(
        "wires_committed_over_limit_s",
        "s",
        "Time the worst case of the reservations was above such a limit: of the worst one.",
    ),
    metric(
        "over_soft_limit_s",
        "s",
        "Time the true draw was above what a soft limit left for vehicles.",
    ),
    metric(
        "over_soft_limit_kwh",
        "kWh",
        "Energy drawn above what soft limits left for vehicles, integrated at every event.",
    ),
    metric(
        "time_within_reserve_pct",
        "%",
        "Samples with a draw above the limit for vehicles but within the grid connection.",
    ),
    metric("time_over_connection_pct", "%", "Samples with a draw above the grid connection."),
    metric(
        "setpoint_changes_per_h",
        "1/h",
        "Changes of accepted limits above 0.1 kW per hour in which a session wanted energy.",
    ),
    metric(
        "reversals_per_h",
        "1/h",
        "Changes in the opposite direction of the change before, per hour in which a session wanted energy.",
    ),
    metric("reversal_ratio_pct", "%", "Reversals among the changes that could have been one."),
    metric(
        "total_variation_kw_per_h",
        "kW/h",
        "Sum of all absolute limit changes per hour in which a session wanted energy.",
    ),
    metric(
        "wasted_movement_kw_per_h",
        "kW/h",
        "Total variation minus the net movement of every session.",
    ),
    metric(
        "setpoint_tick_std_kw",
        "kW",
        "Standard deviation of a limit's change from one sample interval to the next.",
    ),
    metric(
        "endogenous_changes",
        "",
        "Changes of limits that no arrival, departure, fulfilment, rotation, config, limit or acceptance step explains.",
    ),
    metric(
        "pauses_per_session",
        "",
        "Changes from a charging limit to none while energy was wanted, per session with a transaction.",
    ),
    metric("longest_pause_s", "s", "Longest pause of a session that wanted energy."),
    metric("shortest_on_s", "s", "Shortest time between a resume and the next pause."),
    metric(
        "ripple_kw",
        "kW",
        "Standard deviation of the site's draw in windows without any event (sampled).",
    ),
    metric(
        "limit_cycles",
        "",
        "Four swings of the allocated total above 1.4 kW within ten minutes (sampled).",
    ),
    metric(
        "jain_satisfaction",
        "",
        "Jain's fairness index over delivered / wished energy of the sessions, 1 is even.",
    ),
    metric(
        "time_to_first_power_s_p95",
        "s",
        "Wait from plug-in to first power that 95 % of the sessions do not exceed; without power: the whole wait.",
    ),
    metric(
        "command_latency_ms_p95",
        "ms",
        "Time to the answer of a SetChargingProfile that 95 % of the answered ones do not exceed.",
    ),
    metric("set_charging_profile_calls", "", "SetChargingProfile requests sent."),
    metric(
        "set_charging_profile_per_charger_per_h",
        "1/h",
        "SetChargingProfile requests per charger and hour of the run.",
    ),
    metric(
        "profile_writes_per_day_max",
        "",
        "Most SetChargingProfile requests that one charger got in any 24 hours of the run.",
    ),
    metric(
        "commands_rejected",
        "",
        "SetChargingProfile requests answered by Rejected or NotSupported.",
    ),
    metric("commands_timed_out", "", "SetChargingProfile requests without an answer in time."),
    metric("commands_failed", "", "SetChargingProfile requests answered by a CALLERROR."),
    metric(
        "energy_balance_error",
        "",
        "Gap between what charge points metered and what batteries gained and conversion lost, relative to the metered energy; 0 but for rounding.",
    ),
    metric(
        "draw_uncovered_kw",
        "kW",
        "Largest draw of a charge point beyond what the ledger had reserved for it; 0: the ledger covered everything.",
    ),
];

/// Whether `name` is a metric.
#[must_use]
pub fn is_metric(name: &str) -> bool {
    METRICS.iter().any(|known| known.name == name)
}
