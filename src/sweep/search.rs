//! The smallest value that meets conditions, by bisection.
//!
//! What is looked at next follows from what has been seen alone, so a search that is killed goes on
//! where it was. It takes for granted that who meets the conditions meets them with every larger value
//! too; the two neighbours of the answer are always both seen, and where a figure got worse with a larger
//! value that is told.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::grid::Axis;
use crate::report::assertions::round6;
use crate::scenario::metrics::{METRICS, is_metric};
use crate::scenario::suggest::nearest;

/// A search along one path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Search {
    /// The path and its values, ascending.
    pub axis: Axis,
    /// All must hold, of the means over the seeds; at least one.
    pub conditions: Vec<Condition>,
}

impl Search {
    /// A search among numbers that ascend.
    ///
    /// # Errors
    /// What to write instead.
    pub fn new(axis: Axis, conditions: Vec<Condition>) -> Result<Search, String> {
        if !axis.ascends() {
            return Err(format!(
                "the values of {} must be numbers, each larger than the one before; write \
                 PATH=FROM..TO:STEP, for example site.max_power_kw=10..200:1",
                axis.path
            ));
        }
        Ok(Search { axis, conditions })
    }

    /// Whether the conditions hold, of the means of their metrics; what was not measured proves nothing.
    #[must_use]
    pub fn is_met(&self, means: &[Option<f64>]) -> bool {
        let mut each = self.conditions.iter().zip(means);
        each.all(|(condition, mean)| mean.is_some_and(|mean| condition.holds(mean)))
    }
}

/// A bound of a metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    /// One of the metrics of `summary.json`.
    pub metric: String,
    /// The value is at least the bound; else at most.
    pub at_least: bool,
    /// The bound, itself allowed.
    pub bound: f64,
}

impl Condition {
    /// Reads `METRIC >= NUMBER` or `METRIC <= NUMBER`.
    ///
    /// # Errors
    /// What is wrong, and what to write instead.
    pub fn parse(text: &str) -> Result<Condition, String> {
        let signs = [(">=", true), ("≥", true), ("<=", false), ("≤", false)];
        let found = signs
            .iter()
            .find_map(|(sign, at_least)| text.split_once(sign).map(|parts| (parts, *at_least)));
        let Some(((metric, bound), at_least)) = found else {
            return Err("a condition is METRIC >= NUMBER or METRIC <= NUMBER, for example \
                        \"demand_met_pct >= 95\""
                .to_owned());
        };
        let metric = metric.trim();
        if !is_metric(metric) {
            let meant = nearest(metric, METRICS.iter().map(|known| known.name));
            return Err(match meant {
                Some(name) => format!("there is no metric {metric:?}; did you mean {name}?"),
                None => {
                    format!("there is no metric {metric:?}; summary.json of a run has them all")
                }
            });
        }
        match bound.trim().parse::<f64>() {
            Ok(bound) if bound.is_finite() => {
                Ok(Condition { metric: metric.to_owned(), at_least, bound })
            }
            _ => Err(format!("{:?} is no number to compare {metric} with", bound.trim())),
        }
    }

    pub(super) fn holds(&self, mean: f64) -> bool {
        // As it is written: what is printed is what was judged.
        let mean = round6(mean);
        if self.at_least { mean >= self.bound } else { mean <= self.bound }
    }

    /// Whether `later` is further from holding than `earlier`.
    fn is_worse(&self, earlier: f64, later: f64) -> bool {
        let (earlier, later) = (round6(earlier), round6(later));
        if self.at_least { later < earlier } else { later > earlier }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.metric, if self.at_least { '≥' } else { '≤' }, self.bound)
    }
}

/// What is known of one search: by the place of a value, the means of the conditions' metrics there.
pub type Seen = BTreeMap<usize, Vec<Option<f64>>>;

/// What a search does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Looks at the values in these places.
    Look(Vec<usize>),
    /// It knows.
    Done(Answer),
}

/// What a search came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The value in this place meets the conditions, the one before does not.
    Smallest(usize),
    /// The first value does, so that a smaller one might.
    First,
    /// The last value does not, and so none does.
    None,
}

impl Search {
    /// What to do next, from what has been seen so far.
    #[must_use]
    pub fn step(&self, seen: &Seen) -> Step {
        let last = self.axis.values.len() - 1;
        let ends: Vec<usize> = if last == 0 { vec![0] } else { vec![0, last] };
        let unseen: Vec<usize> = ends.into_iter().filter(|at| !seen.contains_key(at)).collect();
        if !unseen.is_empty() {
            return Step::Look(unseen);
        }
        if self.is_met(&seen[&0]) {
            return Step::Done(Answer::First);
        }
        if !self.is_met(&seen[&last]) {
            return Step::Done(Answer::None);
        }
        let (mut fails, mut meets) = (0, last);
        while meets - fails > 1 {
            let middle = fails + (meets - fails) / 2;
            match seen.get(&middle) {
                None => return Step::Look(vec![middle]),
                Some(means) if self.is_met(means) => meets = middle,
                Some(_) => fails = middle,
            }
        }
        Step::Done(Answer::Smallest(meets))
    }

    /// A condition and two neighbours among the values seen, of which the larger value has the worse
    /// figure; the worst such step.
    #[must_use]
    pub fn uneven(&self, seen: &Seen) -> Option<(&Condition, usize, usize)> {
        let mut worst: Option<(f64, &Condition, usize, usize)> = None;
        for (at, condition) in self.conditions.iter().enumerate() {
            let known: Vec<(usize, f64)> =
                seen.iter().filter_map(|(place, means)| Some((*place, means[at]?))).collect();
            for pair in known.windows(2) {
                let ((before, earlier), (after, later)) = (pair[0], pair[1]);
                let size = (later - earlier).abs();
                let first_or_worse = worst.is_none_or(|(known, ..)| size > known);
                if condition.is_worse(earlier, later) && first_or_worse {
                    worst = Some((size, condition, before, after));
                }
            }
        }
        worst.map(|(_, condition, before, after)| (condition, before, after))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn search(values: &str, condition: &str) -> Search {
        let axis = Axis::parse(&format!("site.max_power_kw={values}")).expect("a grid");
        Search::new(axis, vec![Condition::parse(condition).expect("a condition")])
            .expect("a search")
    }

    /// Searches to the end on a figure known by place, and tells what was looked at.
    fn searched(search: &Search, figure: impl Fn(usize) -> f64) -> (Answer, Seen) {
        let mut seen = Seen::new();
        loop {
            match search.step(&seen) {
                Step::Done(answer) => return (answer, seen),
                Step::Look(places) => {
                    for place in places {
                        assert!(seen.insert(place, vec![Some(figure(place))]).is_none(), "twice");
                    }
                }
            }
        }
    }

    #[test]
    fn conditions_are_bounds_of_known_metrics() {
        let condition = Condition::parse(" demand_met_pct>=95 ").expect("a condition");
        assert_eq!(condition.to_string(), "demand_met_pct ≥ 95");
        assert!(condition.holds(94.999_999_9), "as it is written");
        assert!(!condition.holds(94.999_99));
        assert_eq!(Condition::parse("peak_kw ≤ 40.5").expect("one").to_string(), "peak_kw ≤ 40.5");
        for (text, told) in [
            ("demand_met_pct", "METRIC >= NUMBER"),
            ("demand_met_pct > 95", "METRIC >= NUMBER"),
            ("demand_met_pc >= 95", "did you mean demand_met_pct?"),
            ("demand_met_pct >= 95 %", "\"95 %\" is no number"),
            ("demand_met_pct >= nan", "is no number"),
        ] {
            let problem = Condition::parse(text).expect_err("refused");
            assert!(problem.contains(told), "{text}: {problem}");
        }
        let down = Axis::parse("site.max_power_kw=3,2").expect("a grid");
        assert!(Search::new(down, vec![]).expect_err("refused").contains("FROM..TO:STEP"));
    }

    #[test]
    fn the_ends_are_answers_of_their_own() {
        let search = search("10..20:1", "demand_met_pct >= 95");
        assert_eq!(searched(&search, |_| 99.0).0, Answer::First);
        assert_eq!(searched(&search, |_| 90.0).0, Answer::None);
        assert_eq!(
            searched(&search, |at| if at == 10 { 95.0 } else { 0.0 }).0,
            Answer::Smallest(10)
        );
        let mut nothing = Seen::new();
        nothing.insert(0, vec![None]);
        nothing.insert(10, vec![None]);
        assert_eq!(search.step(&nothing), Step::Done(Answer::None), "not measured is not met");
    }

    #[test]
    fn a_figure_that_gets_worse_with_more_is_told() {
        let search = search("10..20:1", "demand_met_pct >= 95");
        let (answer, seen) =
            searched(&search, |at| [0.0, 96.0][usize::from(at >= 5)] - at as f64 / 20.0);
        assert_eq!(answer, Answer::Smallest(5));
        let (_, before, after) = search.uneven(&seen).expect("it falls on either side");
        assert!(before < after && seen.contains_key(&before));
        let (_, even) = searched(&search, |at| at as f64 * 10.0);
        assert_eq!(search.uneven(&even), None);
    }

    proptest! {
        #[test]
        fn bisection_finds_the_smallest_and_has_seen_the_one_before(
            values in 2_usize..2_000, first in 1_usize..2_000,
        ) {
            let first = first.min(values - 1);
            let search = search(&format!("1..{values}:1"), "demand_met_pct >= 95");
            let (answer, seen) = searched(&search, |at| if at >= first { 95.0 } else { 94.9 });
            prop_assert_eq!(answer, Answer::Smallest(first));
            prop_assert!(seen.contains_key(&first) && seen.contains_key(&(first - 1)));
            prop_assert!(seen.len() as u32 <= 3 + values.ilog2(), "{} looks", seen.len());
        }
    }
}
