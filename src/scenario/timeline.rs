//! Draws the timeline of one seed: repetitions become entries, shuffled weights become numbers.
//!
//! Each entry of the file has streams of its own, so that one more leaves the others alone.

use std::collections::BTreeMap;

use super::draw;
use super::model::{Scenario, TimelineAction, TimelineEntry};
use super::streams::stream;
use crate::ids::ChargePointId;
use crate::time::{Span, Time};

/// Largest weight of a charger.
const HEAVIEST: f64 = 1000.0;

/// Every repetition by itself, in ascending order; what happens at the same instant keeps the order
/// of the file.
pub(super) fn expand(scenario: &Scenario, seed: u64) -> Vec<TimelineEntry> {
    let mut all = Vec::with_capacity(scenario.timeline.len());
    for (entry, number) in scenario.timeline.iter().zip(0..) {
        let mut weights = stream(seed, "timeline/weights", number);
        for at in instants(entry, seed, number) {
            let mut action = entry.action.clone();
            if let TimelineAction::Config { priorities, shuffle_priorities, .. } = &mut action
                && std::mem::take(shuffle_priorities)
            {
                let mut drawn: BTreeMap<ChargePointId, u32> = scenario
                    .chargers
                    .iter()
                    .map(|charger| (charger.id.clone(), weight(&mut weights)))
                    .collect();
                drawn.append(priorities);
                *priorities = drawn;
            }
            all.push(TimelineEntry { at, repeats: None, action });
        }
    }
    all.sort_by_key(|entry| entry.at);
    all
}

fn instants(entry: &TimelineEntry, seed: u64, number: u64) -> Vec<Time> {
    let mut instants = vec![entry.at];
    let Some(repeats) = entry.repeats else { return instants };
    let mut gaps = stream(seed, "timeline/gaps", number);
    let (shortest, longest) = (repeats.every.0 as f64, repeats.to.0 as f64);
    let mut at = entry.at;
    loop {
        at += Span(draw::between(&mut gaps, shortest, longest).round() as i64);
        if at >= repeats.until {
            return instants;
        }
        instants.push(at);
    }
}

/// Uniform in its logarithm, so that tens are as likely as hundreds.
fn weight(rng: &mut impl rand::Rng) -> u32 {
    let drawn = libm::exp(libm::log(HEAVIEST) * draw::unit(rng)).round();
    drawn.clamp(1.0, HEAVIEST) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Source, load};

    fn scenario(timeline: &str) -> Scenario {
        let text = format!(
            "name = \"Repeats\"\nstart = \"2026-05-04T06:00:00Z\"\nduration = \"4h\"\n\
             [site]\nmax_power_kw = 50\n[[chargers]]\ncount = 4\nmodel = \"ac22\"\n\
             [[vehicles]]\nmodel = \"sedan_3p11\"\n\
             [[arrivals]]\nkind = \"poisson\"\nper_hour = 2\nstay = \"1h\"\nenergy_kwh = 9\n{timeline}"
        );
        load(&Source::new("repeats.toml", &text), &|_| Err(String::new())).expect("valid").0
    }

    fn minutes(timeline: &[TimelineEntry]) -> Vec<f64> {
        let start = timeline[0].at;
        timeline.iter().map(|entry| entry.at.since(start).s() / 60.0).collect()
    }

    const SHUFFLE: &str = "[[timeline]]\nat = \"+10m\"\nevery = \"20s\"\nto = \"90s\"\n\
                           set = { shuffle_priorities = true, priorities = { cp_002 = 7 } }\n";

    #[test]
    fn entries_repeat_up_to_but_not_at_the_end() {
        let text = "[[timeline]]\nat = \"+1h\"\nevery = \"10m\"\nuntil = \"+90m\"\nrebalance = \"a\"\n\
                    [[timeline]]\nat = \"+70m\"\nrebalance = \"b\"\n";
        let timeline = expand(&scenario(text), 1);
        assert_eq!(minutes(&timeline), [0.0, 10.0, 10.0, 20.0]);
        let second = TimelineAction::Rebalance { reason: "a".to_owned() };
        assert_eq!(timeline[1].action, second, "the order of the file");
        assert!(timeline.iter().all(|entry| entry.repeats.is_none()));
    }

    #[test]
    fn gaps_lie_between_both_ends_and_differ_with_the_seed() {
        let scenario = scenario(SHUFFLE);
        let timeline = expand(&scenario, 1);
        let gaps: Vec<f64> =
            timeline.windows(2).map(|pair| pair[1].at.since(pair[0].at).s()).collect();
        assert!(gaps.iter().all(|gap| (20.0..=90.0).contains(gap)), "{gaps:?}");
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        assert!((50.0..60.0).contains(&mean), "{mean}");
        assert_eq!(timeline, expand(&scenario, 1));
        assert_ne!(minutes(&timeline), minutes(&expand(&scenario, 2)));
    }

    #[test]
    fn shuffled_weights_cover_every_order_of_magnitude_and_named_ones_go_before() {
        let timeline = expand(&scenario(SHUFFLE), 1);
        let mut drawn = Vec::new();
        for entry in &timeline {
            let TimelineAction::Config { priorities, .. } = &entry.action else { panic!() };
            assert_eq!(priorities.len(), 4);
            assert_eq!(priorities[&ChargePointId::new("cp_002")], 7);
            drawn.push(priorities[&ChargePointId::new("cp_001")]);
        }
        let share = |low: u32, high: u32| {
            let within = drawn.iter().filter(|weight| (low..high).contains(*weight)).count();
            within as f64 / drawn.len() as f64
        };
        assert!(drawn.iter().all(|weight| (1..=1000).contains(weight)));
        for decade in [share(1, 10), share(10, 100), share(100, 1001)] {
            assert!((0.2..0.5).contains(&decade), "{drawn:?}");
        }
    }

    #[test]
    fn another_entry_leaves_the_draws_of_the_first_as_they_were() {
        let alone = expand(&scenario(SHUFFLE), 3);
        let both =
            format!("{SHUFFLE}[[timeline]]\nat = \"+11m\"\nevery = \"1m\"\nrebalance = \"x\"\n");
        let mut both = expand(&scenario(&both), 3);
        both.retain(|entry| matches!(entry.action, TimelineAction::Config { .. }));
        assert_eq!(alone, both);
    }
}
