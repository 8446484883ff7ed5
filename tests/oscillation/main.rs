//! Four seeds of oscillation, and what a restless site costs the flash of its charge points: with the
//! damping of the control loop off they grow, with the defaults they do not.
//!
//! Each has a small scenario of its own. What it tells is in its first lines.

#[path = "../scenarios/read.rs"]
mod read;

use ampacity::allocation::Strategy;
use ampacity::report::Report;
use ampacity::report::metrics::Metrics;
use ampacity::scenario::{Scenario, expand};
use ampacity::sim::record::RunRecord;
use ampacity::sim::world::World;

/// A loop that follows everything at once.
const UNDAMPED: [&str; 9] = [
    "site.control.coalesce=0s",
    "site.control.coalesce_acceptance=0s",
    "site.control.acceptance_window=0s",
    "site.control.acceptance_window_max=0s",
    "site.control.raise_dead_band_a=0",
    "site.control.min_raise_interval=0s",
    "site.control.min_on=0s",
    "site.control.min_off=0s",
    "site.control.rotation=0s",
];

fn scenario(name: &str, overrides: &[&str]) -> Scenario {
    read::scenario(&format!("tests/oscillation/{name}.toml"), overrides)
}

fn run(what: &str, scenario: &Scenario, strategy: Strategy) -> Metrics {
    recorded(what, scenario, strategy).0
}

fn recorded(what: &str, scenario: &Scenario, strategy: Strategy) -> (Metrics, RunRecord) {
    let fleet = expand(scenario, scenario.seed);
    let record = World::new(scenario, &fleet, strategy, scenario.seed, None).run();
    let metrics = Report::new(scenario, &record, "").metrics;
    println!(
        "{what:<34}{:>10.2}{:>12.2}{:>9.2}{:>8.2}{:>12}{:>9.1}{:>10.1}",
        changes(&metrics),
        metrics.reversals_per_h.unwrap_or_default(),
        metrics.total_variation_kw_per_h.unwrap_or_default(),
        metrics.pauses_per_session.unwrap_or_default(),
        metrics.endogenous_changes,
        metrics.energy_delivered_kwh,
        metrics.set_charging_profile_per_charger_per_h.unwrap_or_default(),
    );
    assert_eq!(metrics.over_limit_s, 0.0, "{what}");
    (metrics, record)
}

fn changes(metrics: &Metrics) -> f64 {
    metrics.setpoint_changes_per_h.unwrap_or_default()
}

fn header() {
    println!(
        "{:<34}{:>10}{:>12}{:>9}{:>8}{:>12}{:>9}{:>10}",
        "", "changes/h", "reversals/h", "kW/h", "pauses", "endogenous", "kWh", "told/h"
    );
}

/// The same seed of oscillation without and with damping.
fn both(name: &str) -> (Metrics, Metrics) {
    header();
    let without = scenario(name, &UNDAMPED);
    let without = run(&format!("{name}, undamped"), &without, without.site.strategy);
    let with = scenario(name, &[]);
    let with = run(&format!("{name}, defaults"), &with, with.site.strategy);
    assert_eq!(with.committed_over_limit_s, 0.0, "{name}");
    (without, with)
}

/// At most a fifth of the changes, and of the reversals.
fn must_be_calmer(without: &Metrics, with: &Metrics) {
    let reversals = |metrics: &Metrics| metrics.reversals_per_h.unwrap_or_default();
    assert!(changes(with) <= changes(without) / 5.0, "{} of {}", changes(with), changes(without));
    assert!(reversals(with) <= reversals(without) / 5.0);
    assert_eq!(with.endogenous_changes, 0);
}

/// Without rotation epochs every rebalance looks at the clock, and gives the turn to others. With them
/// a decision that was only asked for changes nothing, nor does a configuration that is told again.
#[test]
fn a_storm_of_rebalances_and_of_the_same_configuration_moves_nothing() {
    let (without, with) = both("rebalance_storm");
    must_be_calmer(&without, &with);
    let mut calm = scenario("rebalance_storm", &[]);
    calm.timeline.clear();
    let calm = run("the same without the storm", &calm, calm.site.strategy);
    assert!(changes(&with) <= 1.1 * changes(&calm), "{} per hour", changes(&with));
    assert!(with.reversals_per_h <= calm.reversals_per_h.map(|calm| 1.1 * calm + 0.1));
}

#[test]
fn flapping_strategies_move_limits_ever_more_rarely_and_pause_nobody_who_can_stay() {
    let (without, with) = both("strategy_flapping");
    must_be_calmer(&without, &with);
    assert_eq!(with.pauses_per_session, Some(0.0));
    assert!(with.energy_delivered_kwh > 0.8 * without.energy_delivered_kwh, "calm has its price");
}

#[test]
fn a_draw_that_trembles_is_learned_once() {
    let (without, with) = both("acceptance_noise");
    must_be_calmer(&without, &with);
}

#[test]
fn a_meter_that_lags_does_not_make_limits_chase_their_own_effect() {
    let (without, with) = both("meter_lag");
    // Here cars come and go: most of the changes that are left are theirs.
    assert!(changes(&with) <= changes(&without) / 2.0, "{} per hour", changes(&with));
    assert!(with.reversals_per_h <= without.reversals_per_h.map(|all| all / 5.0));
    assert_eq!((with.endogenous_changes, with.pauses_per_session), (0, Some(0.0)));
    assert!(with.energy_delivered_kwh > without.energy_delivered_kwh);
}

/// Raises and renewals that one charge point was told at most in the whole run, which no limit needs.
fn free_at_most(record: &RunRecord) -> usize {
    let free = |charger| {
        let commands = record.commands.iter().filter(move |command| command.charger == charger);
        commands.filter(|c| c.limit > c.previous || c.trigger == "renewal").count()
    };
    (0..record.chargers.len()).map(free).max().unwrap_or(0)
}

#[test]
fn a_budget_of_writes_is_kept_on_a_restless_site_and_costs_the_more_energy_the_smaller_it_is() {
    header();
    let told = |budget: u32| {
        let scenario = scenario("tired_flash", &[&format!("site.control.write_budget={budget}")]);
        let what = format!("budget {budget}");
        let (metrics, record) = recorded(&what, &scenario, scenario.site.strategy);
        let (most, free) = (metrics.profile_writes_per_day_max, free_at_most(&record));
        println!("    most in a day {most}, raises and renewals {free}");
        assert_eq!(metrics.committed_over_limit_s, 0.0, "{what}");
        (metrics, most, free)
    };
    let (without, unlimited, _) = told(0);
    assert!(unlimited > 1_000, "the site has become calm: {unlimited}");
    for (budget, kept) in [(1_000, 0.85), (400, 0.6), (100, 0.45)] {
        let (with, most, free) = told(budget);
        assert!(free as u64 <= u64::from(budget), "{free} of {budget}");
        // Where one raise is followed by several decreases, all of them go.
        assert!(most <= u64::from(budget) * 5 / 4, "{most} of {budget}");
        assert!(with.energy_delivered_kwh > kept * without.energy_delivered_kwh, "{budget}");
    }
}

#[test]
fn an_ordinary_day_is_not_touched_by_the_budget_of_writes() {
    header();
    for name in ["rebalance_storm", "acceptance_noise", "meter_lag"] {
        let usual = scenario(name, &[]);
        let without = scenario(name, &["site.control.write_budget=0"]);
        let strategy = usual.site.strategy;
        let (usual, without) = (run(name, &usual, strategy), run(name, &without, strategy));
        assert_eq!(usual, without, "{name}");
    }
}
