//! How fast a run is: events and OCPP frames per second, and how the cost grows with the fleet.
//!
//! `cargo bench --bench pace` (or, for other sizes, `-- 50 500`) prints one row per fleet size: the best of five runs of one day,
//! report and files not included, and the ratio to the row before. Absolute figures belong to the
//! machine; the ratios are what to watch.

use std::time::Instant;

use ampacity::scenario::{self, Source};
use ampacity::sim::world::World;

/// One day of a workplace with `chargers` charge points and as many cars, three times too many
/// for the grid connection.
fn day(chargers: usize) -> String {
    format!(
        r#"
name = "Bench"
start = "2026-05-04T00:00:00Z"
duration = "24h"
seed = 1

[site]
max_power_kw = {limit}
reserve_kw = 10
strategy = "equal"
min_charge_rate_kw = 3.7

[[chargers]]
count = {chargers}
model = "ac22"

[[vehicles]]
model = "compact_3p11"
share = 2

[[vehicles]]
model = "city_1p"
share = 1

[[arrivals]]
kind = "daily_peak"
count = {chargers}
at = "08:30"
spread = "90m"
stay = "8h"
stay_spread = "2h"
energy_kwh = 25
energy_spread_kwh = 10
"#,
        limit = 10 + 3 * chargers,
    )
}

fn main() {
    println!(
        "{:>8} {:>10} {:>10} {:>9} {:>12} {:>12} {:>8}",
        "chargers", "events", "frames", "wall s", "events/s", "frames/s", "ratio"
    );
    let mut before: Option<f64> = None;
    let asked: Vec<usize> = std::env::args().filter_map(|word| word.parse().ok()).collect();
    let sizes = if asked.is_empty() { vec![10, 100, 1000] } else { asked };
    for chargers in sizes {
        let source = Source::new("bench.toml", &day(chargers));
        let loaded = scenario::load(&source, &|name| Err(format!("{name}: no files here")));
        let Ok((scenario, _)) = loaded else {
            panic!("the bench scenario does not load: {loaded:?}")
        };
        let fleet = scenario::expand(&scenario, scenario.seed);
        let mut best = f64::INFINITY;
        let mut counts = (0, 0);
        for _ in 0..5 {
            let began = Instant::now();
            let record =
                World::new(&scenario, &fleet, scenario.site.strategy, scenario.seed, None).run();
            best = best.min(began.elapsed().as_secs_f64());
            counts = (record.events, record.frames);
        }
        let (events, frames) = counts;
        let ratio = before.map_or_else(|| "-".to_owned(), |before| format!("{:.1}", best / before));
        println!(
            "{chargers:>8} {events:>10} {frames:>10} {best:>9.3} {:>12.0} {:>12.0} {ratio:>8}",
            events as f64 / best,
            frames as f64 / best,
        );
        before = Some(best);
    }
}
