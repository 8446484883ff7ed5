//! What the charts of a comparison need of a strategy's first run.
//!
//! A run's record holds millions of values; the records of all strategies at a time would be too
//! much for a year. So this is taken from each as soon as it is made, and the record let go.

use crate::allocation::Strategy;
use crate::report::Report;
use crate::report::charts::Bars;
use crate::report::compliance::{Limit, limit_spans};
use crate::report::fairness::Service;
use crate::sim::record::RunRecord;
use crate::time::{Span, Time};
use crate::units::Watts;

/// From this length on the heat map folds a run onto one week.
const FOLDED_FROM: Span = Span::from_s(14 * 86_400);
const WEEK: Span = Span::from_s(7 * 86_400);
const HOUR: Span = Span::from_s(3600);
/// Monday 5 January 1970.
const A_MONDAY: Time = Time::from_unix_s(4 * 86_400);

/// The first run of a strategy, as the charts show it.
#[derive(Clone, Debug, Default)]
pub struct Portrait {
    /// Whose.
    pub strategy: Strategy,
    /// Its seed.
    pub seed: u64,
    /// First instant of the run.
    pub from: Time,
    /// Last instant of the run.
    pub to: Time,
    /// Faults, config changes, rebalances: when and what.
    pub marks: Vec<(Time, String)>,
    /// Spans in which each limit was in force.
    pub limits: Vec<(Time, Time, Limit)>,
    /// True draw of the site, per sample.
    pub draw: Vec<(Time, Watts)>,
    /// Limit for vehicles less true draw, per sample, ascending, kW.
    pub headroom_kw: Vec<f64>,
    /// Limit for vehicles less what the ledger had reserved, per sample, ascending, kW.
    pub unreserved_kw: Vec<f64>,
    /// Delivered of the energy wished, per session with a wish, ascending, percent.
    pub met_pct: Vec<f64>,
    /// Energy delivered per session, ascending, kWh.
    pub delivered_kwh: Vec<f64>,
    /// Energy missing per session, ascending, kWh.
    pub unmet_kwh: Vec<f64>,
    /// Time from plug-in to first power, per session that had any, ascending, s.
    pub wait_s: Vec<f64>,
    /// Sessions with a wish that never had power.
    pub without_power: u64,
    /// Charger by time.
    pub heat: Heat,
}

/// Mean draw of every charger over time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heat {
    /// What a column is.
    pub columns: Columns,
    /// By charger, in scenario order: its identity, and the mean draw of each column, kW; `None`: no
    /// sample fell into it.
    pub rows: Vec<(String, Vec<Option<f64>>)>,
}

/// What the columns of a heat map are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Columns {
    /// Spans of the run, one after the other.
    Run(Time, Span, usize),
    /// The hours of a week from Monday on, each the mean over all weeks.
    Week,
}

impl Default for Columns {
    fn default() -> Columns {
        Columns::Run(Time(0), HOUR, 0)
    }
}

impl Columns {
    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        match self {
            Columns::Run(_, _, count) => *count,
            Columns::Week => (WEEK.0 / HOUR.0) as usize,
        }
    }

    fn of(record: &RunRecord, utc_offset: Span) -> Columns {
        if record.to.since(record.from) >= FOLDED_FROM {
            return Columns::Week;
        }
        let Bars { first, length, count } = Bars::between(record.from, record.to, utc_offset);
        Columns::Run(first, length, count)
    }

    /// The column that an instant falls into.
    fn index(&self, at: Time, utc_offset: Span) -> usize {
        let index = match self {
            Columns::Run(first, length, _) => at.since(*first).0.max(0) / length.0,
            Columns::Week => (at + utc_offset).since(A_MONDAY).0.rem_euclid(WEEK.0) / HOUR.0,
        };
        (index as usize).min(self.count().saturating_sub(1))
    }
}

impl Portrait {
    /// Takes what the charts need.
    #[must_use]
    pub fn of(report: &Report<'_>) -> Portrait {
        let record = report.record;
        let limits = limit_spans(record);
        let left = |used: fn(&crate::sim::record::Sample) -> Watts| {
            let mut span = 0;
            let samples = record.samples.iter();
            sorted(samples.filter_map(|sample| {
                while span + 1 < limits.len() && limits[span].1 <= sample.at {
                    span += 1;
                }
                limits.get(span).map(|(_, _, limit)| (limit.ev - used(sample)).kw())
            }))
        };
        let service = Service::of(record);
        let wishing = record.sessions.iter().filter(|session| session.wish_kwh > 0.0);
        Portrait {
            strategy: record.strategy,
            seed: record.seed,
            from: record.from,
            to: record.to,
            marks: record.marks.clone(),
            draw: record.samples.iter().map(|sample| (sample.at, sample.draw)).collect(),
            headroom_kw: left(|sample| sample.draw),
            unreserved_kw: left(|sample| sample.committed),
            met_pct: sorted(service.satisfaction.iter().map(|share| (100.0 * share).min(100.0))),
            delivered_kwh: sorted(record.sessions.iter().map(|session| session.delivered_kwh)),
            unmet_kwh: sorted(service.unmet_kwh.iter().copied()),
            wait_s: sorted(wishing.filter_map(|session| {
                let powered = session.first_power?;
                Some(powered.since(session.arrival).s().max(0.0))
            })),
            without_power: service.without_power,
            heat: heat(record, report.scenario.utc_offset),
            limits,
        }
    }
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

fn heat(record: &RunRecord, utc_offset: Span) -> Heat {
    let columns = Columns::of(record, utc_offset);
    let (width, chargers) = (columns.count(), record.chargers.len());
    let mut watts = vec![0_i64; width * chargers];
    let mut samples = vec![0_i64; width];
    for sample in record.samples.iter().filter(|_| width > 0) {
        let column = columns.index(sample.at, utc_offset);
        samples[column] += 1;
        for (charger, (_, draw, _)) in sample.chargers.iter().enumerate().take(chargers) {
            watts[charger * width + column] += draw.0;
        }
    }
    let mean =
        |(sum, count): (&i64, &i64)| (*count > 0).then(|| *sum as f64 / *count as f64 / 1000.0);
    let row = |(charger, id): (usize, &crate::ids::ChargePointId)| {
        let sums = &watts[charger * width..(charger + 1) * width];
        (id.as_str().to_owned(), sums.iter().zip(&samples).map(mean).collect())
    };
    Heat { rows: record.chargers.iter().enumerate().map(row).collect(), columns }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::record::Sample;

    const TWO_HOURS: Span = Span::from_s(7200);

    /// A sample every half hour from Monday 4 May 2026 on; one charger draws 7 kW at the local hour 10
    /// of every Wednesday.
    fn record(days: i64) -> RunRecord {
        let from = Time::from_civil(2026, 5, 3, 22, 0, 0).expect("a date");
        let sample = |step: i64| {
            let hour = step / 2;
            let draws = (hour / 24 % 7, hour % 24) == (2, 10);
            let kw = Watts(if draws { 7000 } else { 0 });
            Sample {
                at: from + Span::from_s(1800) * step,
                draw: kw,
                chargers: vec![(kw, kw, kw), (Watts(0), Watts(0), Watts(0))],
                ..Sample::default()
            }
        };
        RunRecord {
            from,
            to: from + Span::from_s(86_400) * days,
            chargers: vec!["a".into(), "b".into()],
            samples: (0..days * 48).map(sample).collect(),
            ..RunRecord::default()
        }
    }

    #[test]
    fn a_long_run_is_folded_onto_a_week_of_local_hours() {
        let heat = heat(&record(21), TWO_HOURS);
        assert_eq!((heat.columns.count(), &heat.columns), (168, &Columns::Week));
        let (name, cells) = &heat.rows[0];
        assert_eq!(name, "a");
        for (column, cell) in cells.iter().enumerate() {
            let expected = if column == 2 * 24 + 10 { 7.0 } else { 0.0 };
            assert_eq!(*cell, Some(expected), "column {column}");
        }
        assert!(heat.rows[1].1.iter().all(|cell| *cell == Some(0.0)));
    }

    #[test]
    fn a_short_run_keeps_its_time_and_says_where_it_has_no_sample() {
        let mut record = record(3);
        record.samples.retain(|sample| sample.at.since(record.from) < Span::from_s(2 * 86_400));
        let heat = heat(&record, TWO_HOURS);
        let Columns::Run(first, length, count) = heat.columns else { panic!("{heat:?}") };
        assert_eq!((first, length), (record.from, Span::from_s(3600)));
        let cells = &heat.rows[0].1;
        assert_eq!(cells.len(), count);
        assert_eq!((cells[0], cells[2 * 24]), (Some(0.0), None));
    }
}
