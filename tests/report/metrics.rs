//! Every figure of the hand-made run, computed by hand.

use ampacity::report::Report;
use ampacity::report::metrics::{CATALOGUE, Metrics};
use ampacity::sim::record::RunRecord;
use ampacity::time::Span;
use ampacity::units::Watts;

use crate::fixture::{minute, record, scenario};

/// What stands behind each figure is in the comments of the fixture. Energy was wanted for
/// 1 + 1.5 + 0.5 + 0 + 0.5 = 3.5 hours; there are four counted changes, two of them reversals.
const BY_HAND: &[(&str, Option<f64>)] = &[
    ("sessions", Some(5.0)),
    ("turned_away", Some(1.0)),
    ("energy_requested_kwh", Some(50.0)),
    ("energy_delivered_kwh", Some(29.95)),
    ("demand_met_pct", Some(59.9)),
    ("demand_met_of_feasible_pct", Some(100.0 * 29.95 / 45.0)),
    ("optimal_demand_met_pct", Some(90.0)),
    ("uncontrolled_demand_met_pct", Some(90.0)),
    // 20 kW a car: two at once for 10 and 14 minutes, three for 16, under a limit of 30 kW.
    ("uncontrolled_over_limit_kwh", Some(12.0)),
    ("uncontrolled_over_limit_max_kw", Some(30.0)),
    ("sessions_fully_served_pct", Some(60.0)),
    ("sessions_without_power", Some(1.0)),
    ("unmet_kwh_p95", Some(10.0)),
    ("satisfaction_min_pct", Some(0.0)),
    ("peak_kw", Some(30.0)),
    ("limit_kw", Some(30.0)),
    ("load_factor", Some(0.5)),
    ("utilisation_pct", Some(60.0)),
    ("over_limit_s", Some(42.5)),
    ("over_limit_kwh", Some(0.0125)),
    ("over_limit_max_kw", Some(2.0)),
    ("committed_over_limit_s", Some(0.0)),
    ("committed_over_limit_kwh", Some(0.0)),
    ("committed_over_limit_max_kw", Some(0.0)),
    ("wires_over_limit_s", Some(0.0)),
    ("wires_over_limit_max_kw", Some(0.0)),
    ("wires_committed_over_limit_s", Some(0.0)),
    ("over_soft_limit_s", Some(1800.0)),
    ("over_soft_limit_kwh", Some(1.5)),
    ("time_within_reserve_pct", Some(0.0)),
    ("time_over_connection_pct", Some(0.0)),
    ("setpoint_changes_per_h", Some(4.0 / 3.5)),
    ("reversals_per_h", Some(2.0 / 3.5)),
    ("reversal_ratio_pct", Some(100.0)),
    ("total_variation_kw_per_h", Some(28.1 / 3.5)),
    ("wasted_movement_kw_per_h", Some(24.1 / 3.5)),
    // 18 ticks with changes of -5, 5, 0.05, -11.05 and 7 kW.
    ("setpoint_tick_std_kw", Some(3.497_746)),
    ("endogenous_changes", Some(2.0)),
    ("pauses_per_session", Some(1.0 / 3.0)),
    ("longest_pause_s", Some(1200.0)),
    ("shortest_on_s", Some(3060.0)),
    ("ripple_kw", None),
    ("limit_cycles", Some(0.0)),
    // Shares of 1, 0.5, 0 and 0.99375.
    ("jain_satisfaction", Some(0.694_825)),
    ("time_to_first_power_s_p95", Some(1800.0)),
    ("command_latency_ms_p95", Some(250.0)),
    ("set_charging_profile_calls", Some(5.0)),
    ("set_charging_profile_per_charger_per_h", Some(5.0 / 6.0)),
    ("profile_writes_per_day_max", Some(4.0)),
    ("commands_rejected", Some(1.0)),
    ("commands_timed_out", Some(1.0)),
    ("commands_failed", Some(1.0)),
    ("energy_balance_error", Some(0.0)),
    ("draw_uncovered_kw", Some(0.0)),
];

#[test]
fn every_figure_is_what_a_person_computes() {
    let metrics = Metrics::of(&scenario(), &record());
    assert_eq!(BY_HAND.len(), CATALOGUE.len());
    for (name, expected) in BY_HAND {
        let found = metrics.get(name).unwrap_or_else(|| panic!("no metric {name}"));
        let close = match (found, expected) {
            (Some(found), Some(expected)) => (found - expected).abs() < 1e-6,
            (found, expected) => found == *expected,
        };
        assert!(close, "{name}: found {found:?}, by hand {expected:?}");
    }
}

#[test]
fn every_key_of_the_contract_is_there() {
    let contract = "sessions energy_requested_kwh energy_delivered_kwh demand_met_pct \
        sessions_fully_served_pct unmet_kwh_p95 peak_kw limit_kw load_factor utilisation_pct \
        over_limit_s over_limit_kwh over_limit_max_kw committed_over_limit_s \
        setpoint_changes_per_h reversals_per_h total_variation_kw_per_h endogenous_changes \
        pauses_per_session jain_satisfaction time_to_first_power_s_p95 command_latency_ms_p95 \
        set_charging_profile_calls commands_rejected commands_timed_out";
    for key in contract.split_whitespace() {
        assert!(CATALOGUE.iter().any(|info| info.name == key), "{key}");
    }
}

#[test]
fn a_run_in_which_nothing_happened_has_figures_but_no_rates() {
    let metrics = Metrics::of(&scenario(), &RunRecord::default());
    assert_eq!(metrics.sessions, 0);
    for name in ["demand_met_pct", "reversals_per_h", "jain_satisfaction", "load_factor"] {
        assert_eq!(metrics.get(name), Some(None), "{name}");
    }
}

#[test]
fn a_cause_within_the_window_explains_a_change_and_one_before_it_does_not() {
    let mut record = record();
    // The unexplained changes happen 30 and 45 minutes after the start; the window is 185 s.
    record.causes = vec![minute(30) - Span::from_s(185), minute(45) - Span::from_s(186)];
    let scenario = scenario();
    let report = Report::new(&scenario, &record, "");
    assert_eq!(report.oscillation.endogenous, [(0, minute(45))]);
}

#[test]
fn draws_between_the_limits_count_as_within_the_reserve() {
    let mut record = record();
    record.samples[0].draw = Watts(30_001);
    record.samples[1].draw = Watts(40_000);
    record.samples[2].draw = Watts(40_001);
    let metrics = Metrics::of(&scenario(), &record);
    let share = |count: f64| Some(100.0 * count / 13.0);
    assert_eq!(metrics.time_within_reserve_pct, share(2.0));
    assert_eq!(metrics.time_over_connection_pct, share(1.0));
}

#[test]
fn ripple_is_seen_only_where_nothing_happens() {
    let mut record = record();
    record.sessions.truncate(1);
    record.samples.iter_mut().zip(0..).for_each(|(sample, n)| {
        sample.draw = Watts(if n % 2 == 0 { 10_000 } else { 12_000 });
    });
    // Quiet are minutes 10 to 50 and 90 to 120: five samples around 10.8 and four around 11 kW.
    let metrics = Metrics::of(&scenario(), &record);
    let squares = 3.0 * 0.8 * 0.8 + 2.0 * 1.2 * 1.2 + 4.0;
    let by_hand = f64::sqrt(squares / 9.0);
    let found = metrics.ripple_kw.expect("quiet windows");
    assert!((found - by_hand).abs() < 1e-9, "{found} {by_hand}");
}
