//! `scenarios/stress.toml` on several seeds, as it is and on its bad day.

use ampacity::scenario::{Scenario, expand};
use ampacity::sim::record::RunRecord;
use ampacity::sim::world::World;

use crate::read;

const SEEDS: [u64; 3] = [1, 2, 3];
/// On the bad day of these, 9.7 s and 0.4 s too much was reserved: see below.
const SEEDS_OF_DROPS: [u64; 2] = [4, 5];
/// What the comment of the scenario names.
const BAD: [&str; 4] = [
    "network.loss=0.05",
    "models.line.quirks=[\"rejects_one_in=33\"]",
    "timeline.1.to=59s",
    "vehicles.0.share=35",
];
const LIMIT_KW: f64 = 69.0;
/// A hold ends when a car is seen to draw at most 0.5 A more than its limit, and from then on falls
/// on: so much for each of 20 cars on one phase of 230 V, if all of them stand there at once.
const TOLERANCE_KW: f64 = 20.0 * 0.115;

fn stress(overrides: &[&str]) -> Scenario {
    read::scenario("scenarios/stress.toml", overrides)
}

fn run(scenario: &Scenario, seed: u64) -> RunRecord {
    let fleet = expand(scenario, seed);
    World::new(scenario, &fleet, scenario.site.strategy, seed, None).run()
}

/// Runs these seeds; the largest time in which more was reserved than the limit, seconds.
fn must_keep_the_limit(name: &str, overrides: &[&str], seeds: &[u64]) -> f64 {
    let mut committed_s = 0.0_f64;
    let scenario = stress(overrides);
    println!(
        "{:<11}{:>5}{:>13}{:>13}{:>11}{:>11}{:>13}{:>10}{:>10}{:>10}",
        name,
        "seed",
        "committed s",
        "over s",
        "worst kW",
        "beyond kW",
        "delivered kW",
        "commands",
        "rejected",
        "silent"
    );
    for &seed in seeds {
        let record = run(&scenario, seed);
        let of = |status: &str| record.commands.iter().filter(|c| c.status == status).count();
        let hours = record.to.since(record.from).hours();
        let delivered_kw = record.energy.grid_kwh / hours;
        println!(
            "{:<11}{seed:>5}{:>13.1}{:>13.1}{:>11.3}{:>11.3}{delivered_kw:>13.2}{:>10}{:>10}{:>10}",
            "",
            record.committed_over_limit.seconds,
            record.over_limit.seconds,
            record.over_limit.max_kw,
            record.uncovered_max_kw,
            record.commands.len(),
            of("rejected"),
            of("timed_out"),
        );
        assert!(of("rejected") > 10 && of("timed_out") > 20, "the links are as bad as they claim");
        committed_s = committed_s.max(record.committed_over_limit.seconds);
        assert!(record.over_limit.max_kw <= TOLERANCE_KW, "{name}, seed {seed}");
        assert!(delivered_kw > 0.5 * LIMIT_KW, "{name}, seed {seed}: {delivered_kw} kW");
    }
    committed_s
}

#[test]
fn what_could_be_in_force_always_fits_when_all_weights_change_every_minute() {
    assert_eq!(must_keep_the_limit("realistic", &[], &SEEDS), 0.0);
}

/// A slow car is seen to draw more than its limit, which then counts in the place of it, until others
/// have made room.
#[test]
fn cars_keep_the_limit_on_a_bad_day_too() {
    let committed_s = must_keep_the_limit("bad", &BAD, &SEEDS);
    assert!(committed_s < 144.0, "{committed_s} s: one per cent of the time");
}

/// While it was suspected to ignore limits, it was budgeted at what its car drew, although a larger limit
/// stayed installed in an earlier form; that counted only once its line had dropped.
#[test]
fn a_suspected_charger_whose_line_drops_needs_no_more_than_before() {
    assert_eq!(must_keep_the_limit("drops", &BAD, &SEEDS_OF_DROPS), 0.0);
}
