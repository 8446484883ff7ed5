//! The same stations, cars, links and weights under four push protocols.
//!
//! The others are what is usual in the field; they send the same shares. What is compared is how
//! decisions come to the stations, nothing else.

use std::thread;

use crate::plant::{AMPERE_W, Central, Conditions, Outcome, POINTS, Plant};
use crate::protocols::{Ours, Rule, Simple};

const SEEDS: [u64; 6] = [1, 2, 3, 4, 5, 6];
/// Each lasts so many hours; `AMPACITY_STRESS_HOURS` says another number.
const HOURS: i64 = 1;

const CONDITIONS: [Conditions; 2] = [
    Conditions {
        name: "realistic",
        loss: 0.01,
        rejects_one_in: 200,
        slow_cars: 3,
        drops_per_h: 1.0,
    },
    Conditions { name: "bad", loss: 0.05, rejects_one_in: 33, slow_cars: 6, drops_per_h: 6.0 },
];

/// A limit counts as followed at most 0.5 A on one phase above it, and the cars are twenty.
const TOLERANCE_W: i64 = POINTS as i64 * 115;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Others(Rule),
    Ours,
}

const PROTOCOLS: [(&str, Protocol); 4] = [
    ("broadcast", Protocol::Others(Rule::Naive)),
    ("barrier on answers", Protocol::Others(Rule::Barrier)),
    ("reduce, 5 s, grow", Protocol::Others(Rule::Wait)),
    ("reservation ledger", Protocol::Ours),
];

fn run(conditions: Conditions, protocol: Protocol, seed: u64) -> Outcome {
    let mut central: Box<dyn Central> = match protocol {
        Protocol::Others(rule) => Box::new(Simple::new(rule)),
        Protocol::Ours => Box::new(Ours::new()),
    };
    let hours = std::env::var("AMPACITY_STRESS_HOURS").ok().and_then(|hours| hours.parse().ok());
    Plant::run(conditions, seed, hours.unwrap_or(HOURS), &mut *central)
}

/// Means over all seeds, and the worst of all.
fn over_seeds(conditions: Conditions, protocol: Protocol) -> Outcome {
    let mut all = Outcome::default();
    for seed in SEEDS {
        let one = run(conditions, protocol, seed);
        let share = 1.0 / SEEDS.len() as f64;
        all.enforced_over += one.enforced_over * share;
        all.drawn_over += one.drawn_over * share;
        all.delivered_w += one.delivered_w * share;
        all.worst_w = all.worst_w.max(one.worst_w);
    }
    all
}

#[test]
fn the_ledger_alone_keeps_the_limit_while_all_weights_change_every_minute() {
    println!(
        "{:<11}{:<20}{:>14}{:>12}{:>14}{:>13}",
        "links", "protocol", "enforced > C", "drawn > C", "worst over A", "delivered A"
    );
    for conditions in CONDITIONS {
        let outcomes = thread::scope(|scope| {
            let runs = PROTOCOLS
                .map(|(_, protocol)| scope.spawn(move || over_seeds(conditions, protocol)));
            runs.map(|run| run.join().expect("a run"))
        });
        for ((name, protocol), o) in PROTOCOLS.into_iter().zip(outcomes) {
            println!(
                "{:<11}{name:<20}{:>12.3} %{:>10.2} %{:>14.2}{:>13.1}",
                conditions.name,
                100.0 * o.enforced_over,
                100.0 * o.drawn_over,
                o.worst_w as f64 / AMPERE_W,
                o.delivered_w / AMPERE_W,
            );
            assert!(o.delivered_w > 0.5 * 100.0 * AMPERE_W, "{name}: {} W", o.delivered_w);
            if protocol == Protocol::Ours {
                assert_eq!(o.enforced_over, 0.0, "{}: what is enforced fits", conditions.name);
                assert!(o.worst_w <= TOLERANCE_W, "{}: {} W over", conditions.name, o.worst_w);
            } else {
                assert!(o.enforced_over > 0.001, "{name}: the plant has become harmless");
                assert!(o.worst_w > 2 * TOLERANCE_W, "{name}: the plant has become harmless");
            }
        }
    }
}
