//! A simulation -> a trace that can be replayed.

use std::io::{self, Write};

use crate::allocation::Strategy;
use crate::scenario::model::{Fleet, Scenario};
use crate::sim::record::RunRecord;
use crate::sim::tap::{self, Tap};
use crate::sim::world::World;
use crate::trace::{Scribe, write};

/// What the central system of a world hears and says becomes lines of a trace.
///
/// # Errors
/// When the trace cannot be written.
pub fn note_down(
    scribe: &mut Scribe<impl Write>,
    scenario: &Scenario,
    seen: tap::Seen<'_>,
) -> io::Result<()> {
    match seen {
        tap::Seen::Setup(setup) => scribe.begin(setup),
        tap::Seen::Input { at, input, before_timers } => scribe.input(at, input, before_timers),
        tap::Seen::Frame(tap::Frame { at, point, from_point, text, before_timers }) => {
            let point = scenario.chargers[point].id.as_str();
            return scribe.frame(&write::Seen { at, point, from_point, text, before_timers });
        }
    }
    Ok(())
}

/// Runs a scenario to its end, with its trace in memory.
#[must_use]
pub fn recorded(
    scenario: &Scenario,
    fleet: &Fleet,
    strategy: Strategy,
    seed: u64,
) -> (RunRecord, Vec<u8>) {
    let mut scribe = Scribe::new(Vec::new());
    let tap: Tap<'_> = Box::new(|seen| {
        let written = note_down(&mut scribe, scenario, seen);
        debug_assert!(written.is_ok(), "memory can be written");
    });
    let record = World::new(scenario, fleet, strategy, seed, Some(tap)).run();
    (record, scribe.into_inner())
}
