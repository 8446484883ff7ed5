//! The names of the metrics in `summary.json`, for the checks of `[[assert]]`.

/// Metric name and meaning; the unit is the last word of the name.
pub const METRICS: &[(&str, &str)] = &[
    ("sessions", "visits of cars that plugged in"),
    ("energy_requested_kwh", "sum of what the drivers want"),
    ("energy_delivered_kwh", "sum of what the meters count"),
    ("demand_met_pct", "delivered of what could have been delivered"),
    ("sessions_fully_served_pct", "sessions that got all they wanted"),
    ("unmet_kwh_p95", "95th percentile of the energy a session lacks at its end"),
    ("peak_kw", "highest true draw of the site"),
    ("limit_kw", "largest limit for cars: grid connection less reserve"),
    ("load_factor", "mean draw over peak draw"),
    ("utilisation_pct", "energy drawn of what the limit would have permitted"),
    ("over_limit_s", "time the true draw was over the limit"),
    ("over_limit_kwh", "energy over the limit"),
    ("over_limit_max_kw", "largest excess of the true draw"),
    ("committed_over_limit_s", "time the worst case of all limits in force was over the limit"),
    ("setpoint_changes_per_h", "changes of a session's limit per hour"),
    ("reversals_per_h", "changes of direction of a session's limit per hour"),
    ("total_variation_kw_per_h", "sum of the sizes of all limit changes per hour"),
    ("endogenous_changes", "limit changes without a cause outside the allocator"),
    ("pauses_per_session", "times a session was paused"),
    ("jain_satisfaction", "Jain's index of the shares of demand met, 0..1"),
    ("time_to_first_power_s_p95", "95th percentile from plug-in to first power"),
    ("command_latency_ms_p95", "95th percentile from a command to its answer"),
    ("set_charging_profile_calls", "SetChargingProfile calls sent"),
    ("commands_rejected", "commands a charger refused"),
    ("commands_timed_out", "commands nobody answered in time"),
    ("energy_balance_error", "relative gap between the chargers' meters and the cars' batteries"),
];

/// Whether `name` is a metric.
#[must_use]
pub fn is_metric(name: &str) -> bool {
    METRICS.iter().any(|(known, _)| *known == name)
}
