//! The names of the strategies, as the REST API, scenario files and the command line spell them.

use std::fmt;
use std::str::FromStr;

use super::Strategy;

/// A name that no strategy has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown strategy {0:?}; one of {names}", names = names())]
pub struct UnknownStrategy(pub String);

fn names() -> String {
    Strategy::ALL.map(Strategy::name).join(", ")
}

impl Strategy {
    /// Every strategy, in the order in which reports list them.
    pub const ALL: [Strategy; 8] = [
        Strategy::Equal,
        Strategy::FirstComeFirstServed,
        Strategy::Priority,
        Strategy::MaxThroughput,
        Strategy::EarliestDeadlineFirst,
        Strategy::LeastLaxityFirst,
        Strategy::RoundRobin,
        Strategy::ProportionalFair,
    ];

    /// The name in the REST API and in scenario files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Strategy::Equal => "equal",
            Strategy::FirstComeFirstServed => "first_come_first_served",
            Strategy::Priority => "priority",
            Strategy::MaxThroughput => "max_throughput",
            Strategy::EarliestDeadlineFirst => "earliest_deadline_first",
            Strategy::LeastLaxityFirst => "least_laxity_first",
            Strategy::RoundRobin => "round_robin",
            Strategy::ProportionalFair => "proportional_fair",
        }
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Strategy {
    type Err = UnknownStrategy;

    fn from_str(name: &str) -> Result<Strategy, UnknownStrategy> {
        Strategy::ALL
            .into_iter()
            .find(|strategy| strategy.name() == name)
            .ok_or_else(|| UnknownStrategy(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back_and_is_the_name_in_json() {
        for strategy in Strategy::ALL {
            assert_eq!(strategy.to_string().parse(), Ok(strategy));
            let json = serde_json::to_string(&strategy).expect("a unit variant serialises");
            assert_eq!(json, format!("\"{strategy}\""));
        }
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_names_that_exist() {
        let error = "fair".parse::<Strategy>().expect_err("no such strategy");
        for strategy in Strategy::ALL {
            assert!(error.to_string().contains(strategy.name()));
        }
    }
}
