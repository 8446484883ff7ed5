//! Which way of a metric is the better one, and which metrics a table shows.

/// The better direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
}

impl Better {
    /// `higher` or `lower`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Better::Higher => "higher",
            Better::Lower => "lower",
        }
    }

    /// How much worse a difference is; negative: better.
    #[must_use]
    pub fn worse(self, difference: f64) -> f64 {
        match self {
            Better::Higher => -difference,
            Better::Lower => difference,
        }
    }
}

const HIGHER: &[&str] = &[
    "energy_delivered_kwh",
    "demand_met_pct",
    "demand_met_of_feasible_pct",
    "sessions_fully_served_pct",
    "satisfaction_min_pct",
    "utilisation_pct",
    "jain_satisfaction",
    "time_within_reserve_pct",
    "shortest_on_s",
];

const LOWER: &[&str] = &[
    "turned_away",
    "sessions_without_power",
    "unmet_kwh_p95",
    "over_limit_s",
    "over_limit_kwh",
    "over_limit_max_kw",
    "committed_over_limit_s",
    "committed_over_limit_kwh",
    "committed_over_limit_max_kw",
    "wires_over_limit_s",
    "wires_over_limit_max_kw",
    "wires_committed_over_limit_s",
    "over_soft_limit_s",
    "over_soft_limit_kwh",
    "time_over_connection_pct",
    "setpoint_changes_per_h",
    "reversals_per_h",
    "reversal_ratio_pct",
    "total_variation_kw_per_h",
    "wasted_movement_kw_per_h",
    "setpoint_tick_std_kw",
    "endogenous_changes",
    "pauses_per_session",
    "longest_pause_s",
    "ripple_kw",
    "limit_cycles",
    "time_to_first_power_s_p95",
    "command_latency_ms_p95",
    "set_charging_profile_calls",
    "set_charging_profile_per_charger_per_h",
    "profile_writes_per_day_max",
    "commands_rejected",
    "commands_timed_out",
    "commands_failed",
    "energy_balance_error",
    "draw_uncovered_kw",
];

/// A metric of the table: its name, and what people call it.
pub type Row = (&'static str, &'static str);

/// What a table shows, by the question that it answers.
pub const SHOWN: [(&str, &[Row]); 4] = [
    (
        "Energy",
        &[
            ("demand_met_pct", "demand met, %"),
            ("sessions_fully_served_pct", "fully served, %"),
            ("unmet_kwh_p95", "missing, 95 %, kWh"),
            ("satisfaction_min_pct", "worst served, %"),
            ("jain_satisfaction", "fairness (Jain)"),
            ("time_to_first_power_s_p95", "first power, 95 %, s"),
        ],
    ),
    (
        "Site limit",
        &[
            ("over_limit_s", "draw over limit, s"),
            ("over_limit_max_kw", "draw over, at most, kW"),
            ("committed_over_limit_s", "reserved over limit, s"),
            ("utilisation_pct", "capacity used, %"),
        ],
    ),
    (
        "Charge rates",
        &[
            ("setpoint_changes_per_h", "changes, 1/h"),
            ("reversals_per_h", "reversals, 1/h"),
            ("total_variation_kw_per_h", "variation, kW/h"),
            ("pauses_per_session", "pauses a session"),
            ("endogenous_changes", "without a cause"),
        ],
    ),
    ("OCPP", &[("set_charging_profile_per_charger_per_h", "limits told, 1/h")]),
];

/// What must not get worse from one strategy to another: the service and the limit.
pub const SERVICE: &[&str] = &[
    "demand_met_pct",
    "sessions_fully_served_pct",
    "over_limit_s",
    "over_limit_max_kw",
    "over_limit_kwh",
    "committed_over_limit_s",
];

/// The better direction of a metric; `None`: neither is.
#[must_use]
pub fn better(metric: &str) -> Option<Better> {
    if HIGHER.contains(&metric) {
        Some(Better::Higher)
    } else {
        LOWER.contains(&metric).then_some(Better::Lower)
    }
}

/// The names of all metrics that a table shows.
pub fn shown() -> impl Iterator<Item = &'static str> {
    SHOWN.iter().flat_map(|(_, rows)| rows.iter().map(|(name, _)| *name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::metrics::is_metric;

    #[test]
    fn every_name_is_a_metric_and_what_is_shown_has_a_direction() {
        let named = HIGHER.iter().chain(LOWER).chain(SERVICE).copied().chain(shown());
        named.for_each(|name| assert!(is_metric(name), "{name}"));
        shown().for_each(|name| assert!(better(name).is_some(), "{name}"));
        assert_eq!(better("sessions"), None);
        assert!(HIGHER.iter().all(|name| !LOWER.contains(name)));
    }
}
