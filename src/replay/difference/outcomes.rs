//! What came of it: energy, peak, compliance, movement.

use super::{Difference, Found, Gap, Level};
use crate::replay::metered::sum;
use crate::replay::story::{PointStory, Story, Transaction};
use crate::time::Time;

/// What a story comes to, for a whole site, by its meters.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcomes {
    /// Transactions that began.
    pub transactions: u64,
    /// What they took, kWh.
    pub energy_kwh: f64,
    /// The highest power of all connectors together, kW.
    pub peak_kw: f64,
    /// Time above the site's limit, s; 0 where it is not known.
    pub over_limit_s: f64,
    /// Energy above it, kWh.
    pub over_limit_kwh: f64,
    /// Changes of limits during transactions.
    pub limit_changes: u64,
    /// Raises after decreases and decreases after raises.
    pub reversals: u64,
    /// SetChargingProfile calls.
    pub set_charging_profile_calls: u64,
}

impl Outcomes {
    /// Names and values, in the order in which they are reported.
    #[must_use]
    pub fn named(&self) -> [(&'static str, f64); 8] {
        [
            ("transactions", self.transactions as f64),
            ("energy_kwh", self.energy_kwh),
            ("peak_kw", self.peak_kw),
            ("over_limit_s", self.over_limit_s),
            ("over_limit_kwh", self.over_limit_kwh),
            ("limit_changes", self.limit_changes as f64),
            ("reversals", self.reversals as f64),
            ("set_charging_profile_calls", self.set_charging_profile_calls as f64),
        ]
    }
}

pub(super) fn compare(before: &Story, now: &Story, found: &mut Found) {
    let end = before.span.max(now.span).map_or(Time(0), |(_, to)| to);
    for (name, a) in &before.points {
        let Some(b) = now.points.get(name) else { continue };
        for (number, was) in a.transactions.iter().enumerate() {
            found.compared[2] += 1;
            let is = b.transactions.get(number).and_then(Transaction::energy_wh);
            if was.energy_wh() != is {
                let (expected, is_now) = (was.energy_wh(), is);
                let gap = expected.zip(is_now).map(|(a, b)| Gap::numbers(a as f64, b as f64));
                let text = |wh: Option<i64>| wh.map_or("unknown".to_owned(), |wh| wh.to_string());
                found.all.push(Difference {
                    level: Level::Outcomes,
                    point: Some(name.clone()),
                    connector: Some(i64::from(was.connector)),
                    transaction: Some(number),
                    at: was.to.unwrap_or(end),
                    subject: "energy_wh".to_owned(),
                    field: "value".to_owned(),
                    expected: text(expected),
                    found: text(is_now),
                    gap,
                    lines: (None, None),
                });
            }
        }
    }
    for ((name, was), (_, is)) in of(before).named().into_iter().zip(of(now).named()) {
        found.compared[2] += 1;
        if was != is {
            found.all.push(Difference {
                level: Level::Outcomes,
                point: None,
                connector: None,
                transaction: None,
                at: end,
                subject: name.to_owned(),
                field: "value".to_owned(),
                expected: plain(was),
                found: plain(is),
                gap: Some(Gap::numbers(was, is)),
                lines: (None, None),
            });
        }
    }
}

/// What a story comes to.
#[must_use]
pub fn of(story: &Story) -> Outcomes {
    let points = || story.points.values();
    let transactions = || points().flat_map(|point| &point.transactions);
    let energy_wh: i64 = transactions().filter_map(Transaction::energy_wh).sum();
    let series: Vec<_> =
        points().flat_map(|point| point.samples.values()).map(|it| it.power()).collect();
    let power = sum(&series);
    let (mut over_s, mut over_ws) = (0.0, 0.0);
    if let Some(limit) = story.ev_limit {
        for pair in power.windows(2) {
            let above = (pair[0].1 - limit.0).max(0) as f64;
            let seconds = pair[1].0.since(pair[0].0).s();
            over_s += if above > 0.0 { seconds } else { 0.0 };
            over_ws += above * seconds;
        }
    }
    let (mut limit_changes, mut reversals) = (0, 0);
    for point in points() {
        let (changes, turns) = movement(point);
        limit_changes += changes;
        reversals += turns;
    }
    let calls = points().flat_map(|point| &point.exchanges);
    let calls = calls.filter(|it| &*it.slot.action == "SetChargingProfile").count();
    Outcomes {
        transactions: transactions().count() as u64,
        energy_kwh: energy_wh as f64 / 1000.0,
        peak_kw: power.iter().map(|(_, w)| *w).max().unwrap_or(0) as f64 / 1000.0,
        over_limit_s: over_s,
        over_limit_kwh: over_ws / 3.6e6,
        limit_changes,
        reversals,
        set_charging_profile_calls: calls as u64,
    }
}

/// Changes of limits during transactions, and how often they turned.
fn movement(point: &PointStory) -> (u64, u64) {
    let (mut changes, mut turns) = (0, 0);
    for transaction in &point.transactions {
        let Some(steps) = point.limits.get(&transaction.connector) else { continue };
        let within = steps.iter().filter(|step| {
            transaction.from < step.at && transaction.to.is_none_or(|to| step.at < to)
        });
        let limits: Vec<i64> = within.filter_map(|step| Some(step.limit?.0)).collect();
        let moves: Vec<i64> = limits.windows(2).map(|pair| (pair[1] - pair[0]).signum()).collect();
        changes += moves.len() as u64;
        turns += moves.windows(2).filter(|pair| pair[0] * pair[1] < 0).count() as u64;
    }
    (changes, turns)
}

fn plain(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
