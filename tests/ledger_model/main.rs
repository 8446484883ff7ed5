//! The ledger of a whole central system against a model of its charge points, over random
//! interleavings of answers, time-outs, losses, refusals, drops and reboots.
//!
//! The model knows what is in force at every charge point; the ledger knows only what it was told.
//! After every step: what any car may be drawing is reserved, and no reservation grows beyond what the
//! site and its feeder carry. When the noise ends, everybody has what was decided, and nothing is
//! reserved beyond it.
//!
//! `AMPACITY_LEDGER=N` goes through N interleavings instead of the few of the default, and
//! `AMPACITY_LEDGER_SEED=S` through others.

mod known;
mod ops;
mod profiles;
mod station;
mod world;

use std::cell::Cell;

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use ops::Op;
use station::Nature;
use world::World;

const USUAL: u32 = 200;
const STEPS: u64 = 100_000;

fn number(name: &str) -> Option<u32> {
    std::env::var(name).ok()?.parse().ok()
}

/// An interleaving, and the calm after it; what was wrong, if anything.
fn go(natures: &[Nature], ops: &[Op]) -> Result<World, String> {
    let mut world = World::new(natures);
    for op in ops {
        world.go(op);
        if let Some(broken) = &world.broken {
            return Err(format!("{op:?}: {broken}"));
        }
    }
    world.calm_down().map_or(Ok(world), |wrong| Err(format!("in the end: {wrong}")))
}

#[test]
fn what_may_be_in_force_is_reserved_whatever_lines_and_stations_do() {
    let config = Config {
        cases: number("AMPACITY_LEDGER").unwrap_or(USUAL),
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..Config::default()
    };
    let seed = [number("AMPACITY_LEDGER_SEED").unwrap_or(0).to_le_bytes(); 8].concat();
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let (steps, charging) = (Cell::new(0), Cell::new(0));
    let mut runner = TestRunner::new_with_rng(config, rng);
    let outcome = runner.run(&(ops::natures(), ops::ops()), |(natures, ops)| {
        let world = go(&natures, &ops).map_err(TestCaseError::fail)?;
        steps.set(steps.get() + world.steps);
        charging.set(charging.get() + world.charging());
        Ok(())
    });
    if let Err(TestError::Fail(why, (natures, ops))) = &outcome {
        panic!("{why}\n{natures:#?}\n{ops:?}");
    }
    outcome.expect("enough cases");
    println!("{} steps, {} sessions at the end", steps.get(), charging.get());
    assert!(steps.get() >= STEPS, "only {} steps", steps.get());
    assert!(charging.get() > 0, "nobody charged");
}
