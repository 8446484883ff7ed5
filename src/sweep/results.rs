//! What a sweep has found: means by point and strategy, and how far its searches are.

use std::collections::BTreeMap;

use super::plan::Plan;
use super::search::{Answer, Seen, Step};
use super::store::{Store, StoreError};
use crate::report::metrics::CATALOGUE;

/// A metric over the seeds of a point and strategy.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cell {
    sum: f64,
    measured: u32,
    /// How many runs there are.
    pub runs: u32,
    /// How many of them do not hold all assertions.
    pub failed: u32,
}

impl Cell {
    /// Mean over the runs that have a value; `None` when none has.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (self.measured > 0).then(|| self.sum / f64::from(self.measured))
    }

    fn add(&mut self, value: Option<f64>) {
        self.runs += 1;
        if let Some(value) = value {
            self.sum += value;
            self.measured += 1;
        }
    }
}

/// One metric by point and strategy.
#[derive(Clone, Debug, Default)]
pub struct Results {
    /// By point, of those that have a run: a cell for each strategy.
    pub cells: BTreeMap<u64, Vec<Cell>>,
    /// How many rows there are.
    pub rows: u64,
    /// Whether a car plugged in during any run.
    pub any_session: bool,
}

impl Results {
    /// Those of a metric in a store.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn of(store: &Store, metric: &str) -> Result<Results, StoreError> {
        let plan = store.plan();
        let (metric, sessions) = (column(metric), column("sessions"));
        let mut results = Results::default();
        store.each(|row| {
            let place = plan.place(row.row);
            let none = || vec![Cell::default(); plan.strategies.len()];
            let cell = &mut results.cells.entry(place.point).or_insert_with(none)[place.strategy];
            cell.add(metric.and_then(|metric| row.values[metric]));
            cell.failed += u32::from(!row.failed.is_empty());
            results.rows += 1;
            results.any_session |=
                sessions.and_then(|sessions| row.values[sessions]).is_some_and(|it| it > 0.0);
            Ok(())
        })?;
        Ok(results)
    }
}

/// A search at one point of the grid with one strategy.
#[derive(Clone, Debug, PartialEq)]
pub struct Quest {
    /// Point of the grid, from 0; what is searched along left out.
    pub point: u64,
    /// Strategy by its place.
    pub strategy: usize,
    /// Means of the conditions' metrics by place, where all seeds have run.
    pub seen: Seen,
    /// What it came to; `None`: not yet.
    pub answer: Option<Answer>,
}

/// All searches of a sweep, as far as the store has rows; none when it searches for nothing.
///
/// # Errors
/// When the store cannot be read.
pub fn quests(store: &Store) -> Result<Vec<Quest>, StoreError> {
    let plan = store.plan();
    let Some(search) = &plan.search else { return Ok(Vec::new()) };
    let columns: Vec<Option<usize>> =
        search.conditions.iter().map(|condition| column(&condition.metric)).collect();
    let mut cells: BTreeMap<(u64, usize), Vec<Cell>> = BTreeMap::new();
    store.each(|row| {
        let place = plan.place(row.row);
        let none = || vec![Cell::default(); columns.len()];
        let cell = cells.entry((place.point, place.strategy)).or_insert_with(none);
        for (cell, column) in cell.iter_mut().zip(&columns) {
            cell.add(column.and_then(|column| row.values[column]));
        }
        Ok(())
    })?;
    let along = search.axis.values.len() as u64;
    let mut quests = Vec::new();
    for point in 0..plan.points() / along {
        for strategy in 0..plan.strategies.len() {
            let there = cells.range((point * along, 0)..((point + 1) * along, 0));
            let whole = there.filter(|((_, at), cells)| {
                *at == strategy && cells.iter().all(|cell| cell.runs == plan.seeds)
            });
            let means = |cells: &[Cell]| cells.iter().map(Cell::mean).collect();
            let seen: Seen =
                whole.map(|((place, _), cells)| ((place % along) as usize, means(cells))).collect();
            let answer = match search.step(&seen) {
                Step::Done(answer) => Some(answer),
                Step::Look(_) => None,
            };
            quests.push(Quest { point, strategy, seen, answer });
        }
    }
    Ok(quests)
}

/// The rows that searches want to see next; empty when all know their answers.
#[must_use]
pub fn wanted(plan: &Plan, quests: &[Quest]) -> Vec<u64> {
    let Some(search) = &plan.search else { return Vec::new() };
    let along = search.axis.values.len() as u64;
    let rows = |quest: &Quest| match search.step(&quest.seen) {
        Step::Done(_) => Vec::new(),
        Step::Look(places) => places
            .into_iter()
            .flat_map(|place| plan.rows_of(quest.point * along + place as u64, quest.strategy))
            .collect(),
    };
    quests.iter().flat_map(rows).collect()
}

/// Where a metric stands in a row's values.
fn column(metric: &str) -> Option<usize> {
    CATALOGUE.iter().position(|info| info.name == metric)
}
