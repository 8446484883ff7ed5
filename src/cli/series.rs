//! The strategies and seeds of commands that run a scenario many times.

use super::run::{LARGEST_SEED, strategy};
use crate::allocation::Strategy;

/// The strategies of the smart-charging guide.
const USUAL: [Strategy; 4] =
    [Strategy::Equal, Strategy::FirstComeFirstServed, Strategy::Priority, Strategy::MaxThroughput];

/// Arguments.
#[derive(Debug, clap::Args)]
pub(super) struct Series {
    /// Strategies, separated by commas.
    #[arg(
        long,
        value_name = "A,B,..",
        value_delimiter = ',',
        value_parser = strategy(),
        default_values = USUAL.map(Strategy::name)
    )]
    pub(super) strategies: Vec<Strategy>,
    /// How many seeds each strategy runs with: the scenario's and those that follow it.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(super) seeds: u32,
}

impl Series {
    /// Why it makes no sense.
    pub(super) fn check(&self) -> Result<(), String> {
        match repeated(&self.strategies) {
            Some(twice) => Err(format!("--strategies names {twice} twice; name it once")),
            None => Ok(()),
        }
    }

    /// The seeds from that of a scenario on, or why there are not so many.
    pub(super) fn seeds_from(&self, first: u64) -> Result<Vec<u64>, String> {
        let last = first.saturating_add(u64::from(self.seeds) - 1);
        if last > LARGEST_SEED {
            let count = self.seeds;
            return Err(format!(
                "there are no {count} seeds from {first} on: the largest is {LARGEST_SEED}; give the \
                 scenario a smaller one"
            ));
        }
        Ok((first..=last).collect())
    }
}

/// Something that is there twice.
pub(super) fn repeated<T: PartialEq + Copy>(all: &[T]) -> Option<T> {
    (1..all.len()).find(|at| all[..*at].contains(&all[*at])).map(|at| all[at])
}
