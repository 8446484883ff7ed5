//! Was the limit kept? What the samples add to the exact integrals of the record.
//!
//! `over_limit_*` and `committed_over_limit_*` come from the run itself, integrated at every
//! event. What stands here is sampled and says so in its name or description.

use crate::csms::Trouble;
use crate::ids::ChargePointId;
use crate::report::oscillation::{echo_window, exogenous, happened_within};
use crate::scenario::model::Scenario;
use crate::sim::record::{RunRecord, Sample};
use crate::time::{Span, Time};
use crate::units::Watts;

/// Site limits in force at one instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limit {
    /// Grid connection.
    pub connection: Watts,
    /// For vehicles: connection minus reserve.
    pub ev: Watts,
}

/// The limit in force at `at`; the first one before the run's start, zero without any.
#[must_use]
pub fn limit_at(record: &RunRecord, at: Time) -> Limit {
    let later = record.limits.partition_point(|entry| entry.0 <= at);
    record
        .limits
        .get(later.saturating_sub(1))
        .map_or(Limit::default(), |&(_, connection, ev)| Limit { connection, ev })
}

/// The spans in which each limit was in force, clipped to the run, ascending.
#[must_use]
pub fn limit_spans(record: &RunRecord) -> Vec<(Time, Time, Limit)> {
    let mut spans = Vec::with_capacity(record.limits.len());
    for (index, &(from, connection, ev)) in record.limits.iter().enumerate() {
        let from = if index == 0 { record.from } else { from.max(record.from) };
        let to = record.limits.get(index + 1).map_or(record.to, |next| next.0).min(record.to);
        if from < to {
            spans.push((from, to, Limit { connection, ev }));
        }
    }
    spans
}

/// What cars that can wait should draw together at most at `at`; `None`: no soft limit holds.
#[must_use]
pub fn soft_limit_at(record: &RunRecord, at: Time) -> Option<Watts> {
    let begun = record.soft_limits.partition_point(|entry| entry.0 <= at);
    record.soft_limits.get(begun.checked_sub(1)?)?.1
}

/// What the limits and the samples of a run say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Compliance {
    /// Highest EV limit in force, kW.
    pub limit_kw: f64,
    /// Energy the EV limit would have allowed, kWh.
    pub allowed_kwh: f64,
    /// Share of the samples with a draw above the EV limit but within the connection, 0..1.
    pub within_reserve: Option<f64>,
    /// Share of the samples with a draw above the grid connection, 0..1.
    pub over_connection: Option<f64>,
    /// Standard deviation of the draw around its mean in windows without any event, kW.
    pub ripple_kw: Option<f64>,
    /// Ten-minute limit cycles of the allocated total, see [`limit_cycles`].
    pub limit_cycles: u64,
}

/// The chargers that drew more than the ledger had reserved for them, and how much more at most;
/// the worst first.
#[must_use]
pub fn beyond_reservation(record: &RunRecord) -> Vec<(&ChargePointId, Watts)> {
    let all = record.chargers.iter().zip(record.uncovered.iter().copied());
    let mut beyond: Vec<_> = all.filter(|(_, excess)| *excess > Watts::ZERO).collect();
    beyond.sort_by_key(|(_, excess)| std::cmp::Reverse(*excess));
    beyond
}

/// The chargers that the central system reported as refusing or ignoring limits, and what was wrong
/// at worst: in scenario order.
#[must_use]
pub fn reported(record: &RunRecord) -> Vec<(&ChargePointId, Trouble)> {
    let worst = |charger: usize| {
        let told = record.troubles.iter().filter(|(_, of, _, _)| *of == charger);
        told.filter_map(|(_, _, _, trouble)| *trouble).max_by_key(|trouble| trouble.excess())
    };
    let chargers = record.chargers.iter().enumerate();
    chargers.filter_map(|(index, id)| worst(index).map(|trouble| (id, trouble))).collect()
}

impl Compliance {
    /// Reads limits and samples.
    #[must_use]
    pub fn of(scenario: &Scenario, record: &RunRecord) -> Compliance {
        let spans = limit_spans(record);
        let allowed_kwh =
            spans.iter().map(|(from, to, limit)| limit.ev.kw() * to.since(*from).hours()).sum();
        let highest = spans.iter().map(|span| span.2.ev).max().unwrap_or_default();
        let (mut within, mut over) = (0_u64, 0_u64);
        for sample in &record.samples {
            let limit = limit_at(record, sample.at);
            over += u64::from(sample.draw > limit.connection);
            within += u64::from(sample.draw > limit.ev && sample.draw <= limit.connection);
        }
        let share = |count: u64| {
            (!record.samples.is_empty()).then(|| count as f64 / record.samples.len() as f64)
        };
        Compliance {
            limit_kw: highest.kw(),
            allowed_kwh,
            within_reserve: share(within),
            over_connection: share(over),
            ripple_kw: ripple_kw(scenario, record),
            limit_cycles: limit_cycles(&record.samples),
        }
    }
}

/// Pooled standard deviation of the draw over windows of at least three samples in which no event
/// has happened and none still echoes.
fn ripple_kw(scenario: &Scenario, record: &RunRecord) -> Option<f64> {
    let causes = exogenous(record);
    let window = echo_window(&scenario.site.control);
    let quiet = |sample: &Sample| !happened_within(&causes, sample.at, window);
    let (mut squares, mut count) = (0.0, 0_usize);
    for run in record.samples.chunk_by(|a, b| quiet(a) == quiet(b)) {
        if run.len() < 3 || !quiet(&run[0]) {
            continue;
        }
        let mean = run.iter().map(|s| s.draw.kw()).sum::<f64>() / run.len() as f64;
        squares += run.iter().map(|s| (s.draw.kw() - mean).powi(2)).sum::<f64>();
        count += run.len();
    }
    (count > 0).then(|| (squares / count as f64).sqrt())
}

/// Counts limit cycles of the allocated total: four reversals within ten minutes whose swings all
/// exceed two quanta of a three-phase charger (2 x 690 W). Sampled, hence blind to faster ones.
/// After one is counted the search begins anew.
#[must_use]
pub fn limit_cycles(samples: &[Sample]) -> u64 {
    const SWING: Watts = Watts(2 * 690);
    const WITHIN: Span = Span::from_s(600);
    let Some(first) = samples.first() else { return 0 };
    let mut cycles = 0;
    let mut turns: Vec<Time> = Vec::new();
    let (mut extreme, mut direction) = (first.allocated, 0);
    for sample in samples {
        let moved = sample.allocated - extreme;
        if moved.0.signum() == direction {
            extreme = sample.allocated;
        } else if moved.0.abs() > SWING.0 {
            if direction != 0 {
                turns.push(sample.at);
            }
            direction = moved.0.signum();
            extreme = sample.allocated;
        }
        turns.retain(|turn| sample.at.since(*turn).0 <= WITHIN.0);
        if turns.len() >= 4 {
            cycles += 1;
            turns.clear();
        }
    }
    cycles
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(kw: &[f64]) -> Vec<Sample> {
        kw.iter()
            .zip(0..)
            .map(|(kw, n)| Sample {
                at: Time::from_unix_s(n * 60),
                allocated: Watts::from_kw(*kw),
                ..Sample::default()
            })
            .collect()
    }

    #[test]
    fn a_limit_cycle_is_four_swings_in_ten_minutes() {
        assert_eq!(limit_cycles(&samples(&[10.0, 20.0, 10.0, 20.0, 10.0, 20.0])), 1);
        assert_eq!(limit_cycles(&samples(&[10.0, 11.0, 10.0, 11.0, 10.0, 11.0])), 0, "small");
        assert_eq!(limit_cycles(&samples(&[10.0, 20.0, 30.0, 40.0, 50.0, 60.0])), 0, "one way");
        assert_eq!(limit_cycles(&[]), 0);
    }

    #[test]
    fn the_limit_in_force_is_the_last_that_began() {
        let record = RunRecord {
            from: Time::from_unix_s(0),
            to: Time::from_unix_s(7200),
            limits: vec![
                (Time::from_unix_s(0), Watts(100_000), Watts(90_000)),
                (Time::from_unix_s(3600), Watts(50_000), Watts(40_000)),
            ],
            ..RunRecord::default()
        };
        assert_eq!(limit_at(&record, Time::from_unix_s(3599)).ev, Watts(90_000));
        assert_eq!(limit_at(&record, Time::from_unix_s(3600)).ev, Watts(40_000));
        assert_eq!(limit_spans(&record).len(), 2);
        assert_eq!(limit_at(&RunRecord::default(), Time(0)), Limit::default());
    }
}
