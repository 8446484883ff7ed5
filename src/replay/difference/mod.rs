//! Two stories on three levels: what was said, what was decided, what came of it.
//!
//! | level | what is compared |
//! |---|---|
//! | protocol | calls and answers, paired by charge point, connector, transaction and action, one after the other |
//! | decisions | the limit in force at each connector over time |
//! | outcomes | energy of each transaction; of the site energy, peak, what was above its limit, movement of limits |
//!
//! Every difference stands for itself; [`Rules`] say which may be, and which of them were needed.

mod decisions;
mod outcomes;
mod protocol;
pub mod rules;
mod values;

use crate::time::Time;

use super::story::Story;
pub use outcomes::{Outcomes, of as outcomes_of};
pub use rules::{Rule, Rules};

/// On which level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What was said.
    Protocol,
    /// What was decided.
    Decisions,
    /// What came of it.
    Outcomes,
}

impl Level {
    /// All of them.
    pub const ALL: [Level; 3] = [Level::Protocol, Level::Decisions, Level::Outcomes];

    /// The word for programs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Level::Protocol => "protocol",
            Level::Decisions => "decisions",
            Level::Outcomes => "outcomes",
        }
    }
}

/// Whose doing is compared; what the others do is what it hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The central system: its calls, and its answers.
    Central,
    /// The charge points: theirs.
    Stations,
}

/// Something that is not as it was.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// On which level.
    pub level: Level,
    /// Where; `None`: the site.
    pub point: Option<String>,
    /// 1-based, if it is about one.
    pub connector: Option<i64>,
    /// Which transaction of the charge point, from 0 on.
    pub transaction: Option<usize>,
    /// When, by the time of the trace.
    pub at: Time,
    /// An action, `limit`, or the name of an outcome.
    pub subject: String,
    /// What of it: `request/..` or `answer/..` with a JSON pointer, `missing`, `extra`, `time`, `power_w`, `value`.
    pub field: String,
    /// As it was.
    pub expected: String,
    /// As it is.
    pub found: String,
    /// How far apart, where that can be said.
    pub gap: Option<Gap>,
    /// Lines: of the reference, of the replay.
    pub lines: (Option<u64>, Option<u64>),
}

/// How far two values are apart.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Gap {
    /// In the unit of the value.
    pub by: Option<f64>,
    /// In percent of what was expected.
    pub pct: Option<f64>,
    /// For instants, how far apart they are; for limits, how long they differ.
    pub seconds: Option<f64>,
}

impl Gap {
    /// Between two numbers.
    #[must_use]
    pub fn numbers(expected: f64, found: f64) -> Gap {
        let by = (found - expected).abs();
        let pct = (expected != 0.0).then(|| by / expected.abs() * 100.0);
        Gap { by: Some(by), pct, seconds: None }
    }

    /// Between two instants.
    #[must_use]
    pub fn seconds(seconds: f64) -> Gap {
        Gap { seconds: Some(seconds.abs()), ..Gap::default() }
    }
}

/// What a comparison gives.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// What no rule permits, oldest first.
    pub differences: Vec<Difference>,
    /// Differences that a rule permits.
    pub permitted: u64,
    /// How often each rule was needed, in their order.
    pub used: Vec<u64>,
    /// Exchanges, limits and outcomes that were compared.
    pub compared: [u64; 3],
}

impl Comparison {
    /// How many differences there are on a level.
    #[must_use]
    pub fn on(&self, level: Level) -> usize {
        self.differences.iter().filter(|it| it.level == level).count()
    }

    /// The first difference that is none of outcomes: those follow from the others, and come last.
    #[must_use]
    pub fn first(&self) -> Option<&Difference> {
        let early = self.differences.iter().find(|it| it.level != Level::Outcomes);
        early.or_else(|| self.differences.first())
    }
}

/// Compares what a side did with what it did before.
#[must_use]
pub fn compare(before: &Story, now: &Story, side: Side, rules: &Rules) -> Comparison {
    let mut found = Found::default();
    protocol::compare(before, now, side, &mut found);
    decisions::compare(before, now, &mut found);
    outcomes::compare(before, now, &mut found);
    found.judged(rules)
}

/// Compares what came of it alone: for two runs that said different things.
#[must_use]
pub fn compare_outcomes(before: &Story, now: &Story, rules: &Rules) -> Comparison {
    let mut found = Found::default();
    outcomes::compare(before, now, &mut found);
    found.judged(rules)
}

/// What is being found.
#[derive(Default)]
struct Found {
    all: Vec<Difference>,
    compared: [u64; 3],
}

impl Found {
    fn judged(mut self, rules: &Rules) -> Comparison {
        self.all.sort_by_key(|it| (it.at, it.level));
        let mut used = vec![0; rules.0.len()];
        let before = self.all.len();
        self.all.retain(|difference| match rules.permits(difference) {
            Some(rule) => {
                used[rule] += 1;
                false
            }
            None => true,
        });
        let permitted = (before - self.all.len()) as u64;
        Comparison { differences: self.all, permitted, used, compared: self.compared }
    }
}
