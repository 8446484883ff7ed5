//! The set of sessions that takes most of a single limit: a knapsack problem.

use crate::allocation::gcd;

/// Cells of the largest table that is built: 32 MiB and some milliseconds.
pub(super) const MAX_CELLS: usize = 1 << 22;

/// A session that may or may not be admitted. The minimum is positive and fits the budget; the cap
/// is no more than the capacity, which the rate could not exceed anyway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) claim: usize,
    pub(super) min: i64,
    pub(super) cap: i64,
}

/// What is to be maximised: `min(goal, sum of caps)` over sets whose minimums fit `budget`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Knapsack<'a> {
    pub(super) items: &'a [Item],
    pub(super) budget: i64,
    pub(super) goal: i64,
    pub(super) max_cells: usize,
}

impl Knapsack<'_> {
    /// The lexicographically first optimal set, in order.
    ///
    /// Admission in order is the lexicographically first set that fits at all. If it reaches the
    /// upper bound it is the answer; if a few of its last members can be exchanged so that the
    /// bound is reached, all before them stay. So the table is built for a growing tail only.
    pub(super) fn solve(&self) -> Vec<Item> {
        let bound = self.upper_bound();
        let greedy = self.greedy(self.items, self.budget);
        if self.value(&greedy) >= bound {
            return greedy;
        }
        let largest = self.items.iter().map(|item| item.min).max().unwrap_or(1);
        let mut window = 8 * i128::from(largest);
        loop {
            let (start, left) = self.tail(window);
            match self.best_tail(start, left) {
                None => return greedy,
                Some(set) if start == 0 || self.value(&set) >= bound => return set,
                Some(_) => window *= 4,
            }
        }
    }

    /// No set can exceed it: the minimums of a set sum to a multiple of their common divisor, and
    /// the caps exceed the minimums by no more than all caps do.
    fn upper_bound(&self) -> i64 {
        let all: i128 = self.items.iter().map(|item| i128::from(item.min)).sum();
        let slack: i128 = self.items.iter().map(|item| i128::from(item.cap - item.min)).sum();
        let minimums = all.min(i128::from(self.budget - self.budget % self.unit()));
        (minimums + slack).min(i128::from(self.goal)) as i64
    }

    /// The greatest common divisor of the minimums: used minimums are counted in it.
    fn unit(&self) -> i64 {
        self.items.iter().fold(0, |unit, item| gcd(unit, item.min.into())).max(1) as i64
    }

    fn value(&self, set: &[Item]) -> i64 {
        let sum: i128 = set.iter().map(|item| i128::from(item.cap)).sum();
        sum.min(i128::from(self.goal)) as i64
    }

    fn greedy(&self, items: &[Item], mut budget: i64) -> Vec<Item> {
        let mut set = Vec::new();
        for item in items {
            if item.min <= budget {
                budget -= item.min;
                set.push(*item);
            }
        }
        set
    }

    /// The first item before which admission in order has at most `window` of the budget left.
    fn tail(&self, window: i128) -> (usize, i64) {
        let mut left = self.budget;
        for (place, item) in self.items.iter().enumerate() {
            if i128::from(left) <= window {
                return (place, left);
            }
            if item.min <= left {
                left -= item.min;
            }
        }
        (self.items.len(), left)
    }

    /// What admission in order takes before `start`, and the lexicographically first best set from
    /// there on with a budget of `left`. `None` when the table would be too large.
    fn best_tail(&self, start: usize, left: i64) -> Option<Vec<Item>> {
        let unit = self.unit();
        let mut left = usize::try_from(left / unit).ok()?;
        let (head, items) = self.items.split_at(start);
        let cells = (left.checked_add(1)?).checked_mul(items.len() + 1)?;
        if cells > self.max_cells {
            return None;
        }
        let table = Table::new(items, left + 1, unit);
        let mut set = self.greedy(head, self.budget);
        let mut reached: i64 = set.iter().map(|item| item.cap).sum();
        let target = self.goal.min(reached + table.best(0, left));
        for (place, item) in items.iter().enumerate() {
            let need = (item.min / unit) as usize;
            if need <= left && reached + item.cap + table.best(place + 1, left - need) >= target {
                left -= need;
                reached += item.cap;
                set.push(*item);
            }
        }
        Some(set)
    }
}

/// `best(k, m)`: the largest sum of caps of items from `k` on whose minimums use at most `m` units.
struct Table {
    cells: Vec<i64>,
    width: usize,
}

impl Table {
    fn new(items: &[Item], width: usize, unit: i64) -> Table {
        let mut cells = vec![0; (items.len() + 1) * width];
        for (place, item) in items.iter().enumerate().rev() {
            let (rows, later) = cells.split_at_mut((place + 1) * width);
            let (row, later) = (&mut rows[place * width..], &later[..width]);
            row.copy_from_slice(later);
            let need = ((item.min / unit) as usize).min(width);
            for (cell, without) in row[need..].iter_mut().zip(later) {
                *cell = (*cell).max(without + item.cap);
            }
        }
        Table { cells, width }
    }

    fn best(&self, place: usize, units: usize) -> i64 {
        self.cells[place * self.width + units]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(rates: &[(i64, i64)]) -> Vec<Item> {
        rates.iter().enumerate().map(|(claim, &(min, cap))| Item { claim, min, cap }).collect()
    }

    fn chosen(rates: &[(i64, i64)], capacity: i64, max_cells: usize) -> Vec<usize> {
        let items = items(rates);
        let knapsack = Knapsack { items: &items, budget: capacity, goal: capacity, max_cells };
        knapsack.solve().into_iter().map(|item| item.claim).collect()
    }

    #[test]
    fn a_session_that_takes_more_displaces_two_that_taper() {
        assert_eq!(chosen(&[(37, 40), (37, 40), (74, 110)], 100, MAX_CELLS), [2]);
    }

    #[test]
    fn among_sets_of_the_same_total_the_first_in_order_wins() {
        assert_eq!(chosen(&[(60, 60), (50, 50), (50, 50), (50, 50)], 100, MAX_CELLS), [1, 2]);
        assert_eq!(chosen(&[(40, 90), (40, 90), (40, 90)], 100, MAX_CELLS), [0, 1]);
    }

    #[test]
    fn an_exchange_at_the_end_of_a_long_order_leaves_its_head_alone() {
        let mut rates = vec![(60, 60); 200];
        rates.extend([(50, 50), (50, 50)]);
        // 16 times 60 W leave 40 W; giving up one of them makes room for both small ones.
        let mut expected: Vec<usize> = (0..15).collect();
        expected.extend([200, 201]);
        assert_eq!(chosen(&rates, 1000, MAX_CELLS), expected);
        assert_eq!(chosen(&rates, 1000, 202 * 101), expected, "no larger table than the whole");
    }

    #[test]
    fn beyond_the_table_admission_in_order_stands() {
        let rates = [(60, 60), (50, 50), (50, 50)];
        assert_eq!(chosen(&rates, 100, 1), [0]);
    }

    #[test]
    fn when_all_minimums_fit_there_is_nothing_to_search() {
        let rates = [(1380, 1380), (4140, 5000), (5000, 7000)];
        assert_eq!(chosen(&rates, 20_000, 0), [0, 1, 2]);
    }

    #[test]
    fn equal_cars_at_their_minimum_need_no_search() {
        let rates = vec![(1380, 1380); 500];
        assert_eq!(chosen(&rates, 100_000, 0).len(), 72);
    }
}
