//! What was decided: the limit in force at each connector over time.

use std::collections::BTreeSet;

use super::{Difference, Found, Gap, Level};
use crate::replay::limits::{LimitStep, held};
use crate::replay::story::{PointStory, Story, Transaction};
use crate::time::{Span, Time};
use crate::units::Watts;

/// What differs no longer than this is told by the instants of calls, if at all.
const BRIEF: Span = Span::from_s(1);

pub(super) fn compare(before: &Story, now: &Story, found: &mut Found) {
    let nothing = PointStory::default();
    let end = before.span.max(now.span).map_or(Time(0), |(_, to)| to);
    let names: BTreeSet<&String> = before.points.keys().chain(now.points.keys()).collect();
    for name in names {
        let a = before.points.get(name).unwrap_or(&nothing);
        let b = now.points.get(name).unwrap_or(&nothing);
        let connectors: BTreeSet<&u32> = a.limits.keys().chain(b.limits.keys()).collect();
        for connector in connectors {
            let steps = |it: &PointStory| it.limits.get(connector).cloned().unwrap_or_default();
            let (was, is) = (steps(a), steps(b));
            found.compared[1] += was.len().max(is.len()) as u64;
            for stretch in stretches(&was, &is, end) {
                let transactions = if a.transactions.is_empty() { b } else { a };
                let transaction = running(&transactions.transactions, *connector, stretch.from);
                found.all.push(stretch.told(name, *connector, transaction));
            }
        }
    }
}

/// A time in which two limits differ.
struct Stretch {
    from: Time,
    to: Time,
    /// The largest gap, W; unlimited against a limit has none.
    by: Option<f64>,
    /// Both at its beginning.
    was: Option<Watts>,
    is: Option<Watts>,
}

impl Stretch {
    fn told(self, point: &str, connector: u32, transaction: Option<usize>) -> Difference {
        let text = |limit: Option<Watts>| limit.map_or("no limit".to_owned(), |it| it.to_string());
        let seconds = self.to.since(self.from).s();
        let pct = match (self.by, self.was) {
            (Some(by), Some(was)) if was > Watts::ZERO => Some(by / was.0 as f64 * 100.0),
            _ => None,
        };
        Difference {
            level: Level::Decisions,
            point: Some(point.to_owned()),
            connector: Some(i64::from(connector)),
            transaction,
            at: self.from,
            subject: "limit".to_owned(),
            field: "power_w".to_owned(),
            expected: text(self.was),
            found: format!("{} for {}", text(self.is), self.to.since(self.from)),
            gap: Some(Gap { by: self.by, pct, seconds: Some(seconds) }),
            lines: (None, None),
        }
    }
}

/// Every time in which they differ for longer than a moment.
fn stretches(was: &[LimitStep], is: &[LimitStep], end: Time) -> Vec<Stretch> {
    let instants: BTreeSet<Time> = was.iter().chain(is).map(|step| step.at).collect();
    let mut found: Vec<Stretch> = Vec::new();
    let mut open: Option<Stretch> = None;
    for at in instants {
        let (a, b) = (held(was, at), held(is, at));
        if a == b {
            found.extend(open.take().map(|it| Stretch { to: at, ..it }));
            continue;
        }
        let by = a.zip(b).map(|(a, b)| (b - a).0.abs() as f64);
        match &mut open {
            Some(open) => open.by = open.by.zip(by).map(|(x, y)| x.max(y)),
            None => open = Some(Stretch { from: at, to: at, by, was: a, is: b }),
        }
    }
    found.extend(open.map(|it| Stretch { to: end.max(it.from), ..it }));
    found.retain(|it| it.to.since(it.from) > BRIEF);
    found
}

/// Which transaction runs on a connector.
fn running(all: &[Transaction], connector: u32, at: Time) -> Option<usize> {
    let here = |it: &Transaction| {
        it.connector == connector && it.from <= at && it.to.is_none_or(|to| at <= to)
    };
    all.iter().rposition(here)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(of: &[(i64, i64)]) -> Vec<LimitStep> {
        let step = |(at, w): &(i64, i64)| LimitStep {
            at: Time(at * 1_000_000),
            limit: (*w >= 0).then_some(Watts(*w)),
        };
        of.iter().map(step).collect()
    }

    fn told(was: &[(i64, i64)], is: &[(i64, i64)]) -> Vec<(f64, Option<f64>)> {
        let found = stretches(&steps(was), &steps(is), Time(100_000_000));
        found.iter().map(|it| (it.to.since(it.from).s(), it.by)).collect()
    }

    #[test]
    fn a_limit_that_is_another_for_a_while_is_one_difference() {
        let was = [(0, 7000), (50, 3000)];
        assert_eq!(told(&was, &was), []);
        assert_eq!(
            told(&was, &[(0, 7000), (10, 6000), (20, 5000), (50, 3000)]),
            [(40.0, Some(2000.0))]
        );
        assert_eq!(told(&was, &[(1, 7000), (50, 3000)]), [], "a moment");
        assert_eq!(told(&was, &[(0, 7000)]), [(50.0, Some(4000.0))], "to the end");
        assert_eq!(told(&was, &[(0, 7000), (50, -1)]), [(50.0, None)], "no limit any more");
    }
}
