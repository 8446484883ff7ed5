//! Progressive filling: all claims rise together with a common level until they reach their caps or
//! a row that they load is full; whoever loads it stays there, and the others rise on. The result is
//! max-min fair in levels: nobody could rise without somebody of the same level or a lower one falling.
//!
//! A claim's rate is `slope * (level - offset) / scale`, between its minimum and its cap. Levels are
//! whole numbers, fine enough that a level more is no whole watt; at every level loads are exact.
//!
//! The level sweeps over those at which somebody leaves the minimum or reaches the cap. Between
//! two of them what lies on a row is a straight line, so the next row to be full is known from a heap,
//! in which a row whose line has become flatter stands too early and is put right when it comes up.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::rows::Rows;

/// How a claim rises with the level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Riser {
    /// Not negative. 0: stays at its minimum.
    pub(super) slope: i128,
    pub(super) offset: i128,
    /// Watts.
    pub(super) min: i64,
    /// Watts, at least the minimum.
    pub(super) cap: i64,
}

/// Where a claim is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    AtMinimum,
    Rising,
    Done,
}

/// What lies on a row is `fixed + rising * level`, in sixths of a watt times the scale.
#[derive(Clone, Copy, Debug)]
struct Line {
    room: i128,
    fixed: i128,
    rising: i128,
}

/// A claim leaves its minimum, or has reached its cap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Event {
    level: i128,
    arrives: bool,
    claim: usize,
}

struct Filling<'a> {
    rows: &'a Rows,
    risers: &'a [Riser],
    scale: i128,
    stages: Vec<Stage>,
    /// By claim, times the scale; of those that are done.
    values: Vec<i128>,
    lines: Vec<Line>,
    /// By row: the claims that load it.
    members: Vec<Vec<u32>>,
    full: Vec<bool>,
    /// The level at which a row will be full, or earlier.
    next_full: BinaryHeap<Reverse<(i128, usize)>>,
    /// The highest level that is known to fit.
    reached: i128,
}

impl Riser {
    /// The rate at a level, times the scale.
    fn value(&self, level: i128, scale: i128) -> i128 {
        let free = self.slope * (level - self.offset);
        free.clamp(i128::from(self.min) * scale, i128::from(self.cap) * scale)
    }

    /// The level that a rate stands for.
    pub(super) fn level(&self, rate: i64, scale: i128) -> i128 {
        self.offset + (i128::from(rate) * scale).div_euclid(self.slope.max(1))
    }

    /// The first level at which the claim is not below its minimum, and the first at which it is
    /// above its cap. `None`: it does not rise.
    fn events(&self, scale: i128) -> Option<(i128, i128)> {
        let rises = self.slope > 0 && self.cap > self.min;
        let leaves = -(-i128::from(self.min) * scale).div_euclid(self.slope.max(1));
        let arrives = (i128::from(self.cap) * scale).div_euclid(self.slope.max(1)) + 1;
        rises.then_some((self.offset + leaves, self.offset + arrives))
    }
}

/// The rates that claims rise to, times the scale. All minimums together fit the rows.
pub(super) fn rise(rows: &Rows, risers: &[Riser], scale: i128) -> Vec<i128> {
    let mut events = Vec::with_capacity(2 * risers.len());
    for (claim, riser) in risers.iter().enumerate() {
        if let Some((leaves, arrives)) = riser.events(scale) {
            events.push(Event { level: leaves, arrives: false, claim });
            events.push(Event { level: arrives, arrives: true, claim });
        }
    }
    events.sort_unstable();
    let mut filling = Filling::new(rows, risers, scale);
    filling.reached = events.first().map_or(0, |event| event.level - 1);
    let mut waiting = events.as_slice();
    while let Some(Event { level, .. }) = waiting.first() {
        filling.stop_before(Some(*level));
        let (now, later) = waiting.split_at(waiting.partition_point(|e| e.level == *level));
        filling.pass(*level, now);
        waiting = later;
    }
    filling.stop_before(None);
    filling.values
}

impl<'a> Filling<'a> {
    fn new(rows: &'a Rows, risers: &'a [Riser], scale: i128) -> Filling<'a> {
        let line = |room: &i128| Line { room: room * scale, fixed: 0, rising: 0 };
        let mut lines: Vec<Line> = rows.room().iter().map(line).collect();
        let mut members = vec![Vec::new(); lines.len()];
        for (claim, riser) in risers.iter().enumerate() {
            for entry in rows.of(claim) {
                let load = i128::from(entry.coefficient) * i128::from(riser.min) * scale;
                lines[entry.row].fixed += load;
                members[entry.row].push(claim as u32);
            }
        }
        Filling {
            rows,
            risers,
            scale,
            stages: vec![Stage::AtMinimum; risers.len()],
            values: risers.iter().map(|riser| i128::from(riser.min) * scale).collect(),
            full: vec![false; lines.len()],
            lines,
            members,
            next_full: BinaryHeap::new(),
            reached: 0,
        }
    }

    /// Stops whoever loads a row that is full at a level below this one.
    fn stop_before(&mut self, next: Option<i128>) {
        while let Some(&Reverse((level, row))) = self.next_full.peek()
            && next.is_none_or(|next| level < next)
        {
            self.next_full.pop();
            if self.full[row] {
                continue;
            }
            match self.full_at(row) {
                Some(at) if at <= level => self.stop(row, at),
                later => self.next_full.extend(later.map(|at| Reverse((at, row)))),
            }
        }
    }

    /// The last level that a row bears; never below what is known to fit. `None`: it bears all.
    fn full_at(&self, row: usize) -> Option<i128> {
        let Line { room, fixed, rising } = self.lines[row];
        if rising > 0 {
            Some((room - fixed).div_euclid(rising).max(self.reached))
        } else {
            (fixed > room).then_some(self.reached)
        }
    }

    /// Whoever loads a row stays where this level has brought them.
    fn stop(&mut self, row: usize, level: i128) {
        self.reached = level;
        self.full[row] = true;
        for claim in std::mem::take(&mut self.members[row]) {
            let claim = claim as usize;
            let value = self.risers[claim].value(level, self.scale);
            match self.stages[claim] {
                Stage::AtMinimum => self.stages[claim] = Stage::Done,
                Stage::Rising => self.settle(claim, value),
                // Its cap lies between this level and the next, which does not fit.
                Stage::Done if value < self.values[claim] => self.lower(claim, value),
                Stage::Done => {}
            }
        }
    }

    /// Passes the events of one level.
    fn pass(&mut self, level: i128, events: &[Event]) {
        let mut changed = Vec::new();
        for event in events {
            let riser = self.risers[event.claim];
            match (self.stages[event.claim], event.arrives) {
                (Stage::AtMinimum, false) => self.leave(event.claim),
                (Stage::Rising, true) => {
                    self.settle(event.claim, i128::from(riser.cap) * self.scale);
                }
                _ => continue,
            }
            changed.extend(self.rows.of(event.claim).iter().map(|entry| entry.row));
        }
        self.reached = self.reached.max(level - 1);
        changed.sort_unstable();
        changed.dedup();
        for row in changed {
            let at = self.full_at(row).filter(|_| !self.full[row]);
            self.next_full.extend(at.map(|at| Reverse((at, row))));
        }
    }

    /// From its minimum onto the line.
    fn leave(&mut self, claim: usize) {
        let Riser { slope, offset, .. } = self.risers[claim];
        let from = self.values[claim] + slope * offset;
        for entry in self.rows.of(claim) {
            let line = &mut self.lines[entry.row];
            line.fixed -= i128::from(entry.coefficient) * from;
            line.rising += i128::from(entry.coefficient) * slope;
        }
        self.stages[claim] = Stage::Rising;
    }

    /// From the line to where it stays.
    fn settle(&mut self, claim: usize, value: i128) {
        let Riser { slope, offset, .. } = self.risers[claim];
        for entry in self.rows.of(claim) {
            let line = &mut self.lines[entry.row];
            line.fixed += i128::from(entry.coefficient) * (value + slope * offset);
            line.rising -= i128::from(entry.coefficient) * slope;
        }
        self.stages[claim] = Stage::Done;
        self.values[claim] = value;
    }

    fn lower(&mut self, claim: usize, value: i128) {
        for entry in self.rows.of(claim) {
            let less = i128::from(entry.coefficient) * (self.values[claim] - value);
            self.lines[entry.row].fixed -= less;
        }
        self.values[claim] = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCALE: i128 = 1 << 20;

    fn riser(slope: i128, min: i64, cap: i64) -> Riser {
        Riser { slope, offset: 0, min, cap }
    }

    /// Whole watts that claims rise to on rows of so many watts, which they load as listed, in sixths.
    fn watts(room: &[i128], loads: &[&[(usize, i64)]], risers: &[Riser]) -> Vec<i128> {
        let room = room.iter().map(|watts| watts * 6).collect();
        let rates = rise(&Rows::of_lists(room, loads), risers, SCALE);
        rates.into_iter().map(|rate| (rate + SCALE / 1000).div_euclid(SCALE)).collect()
    }

    #[test]
    fn who_is_stopped_by_one_row_leaves_another_to_those_who_rise_on() {
        let risers = [riser(1, 0, 9000), riser(1, 0, 9000), riser(1, 0, 9000)];
        let loads: [&[(usize, i64)]; 3] = [&[(0, 6), (1, 6)], &[(1, 6)], &[(1, 6)]];
        assert_eq!(watts(&[1000, 9000], &loads, &risers), [1000, 4000, 4000]);
    }

    #[test]
    fn minimums_caps_and_weights_bend_the_rise() {
        let risers = [riser(1, 4000, 9000), riser(1, 0, 500), riser(3, 0, 9000), riser(1, 0, 9000)];
        let loads: [&[(usize, i64)]; 4] = [&[(0, 6)], &[(0, 6)], &[(0, 6)], &[(0, 6)]];
        assert_eq!(watts(&[8500], &loads, &risers), [4000, 500, 3000, 1000]);
    }

    #[test]
    fn a_cap_between_two_levels_loads_no_row_beyond_its_bound() {
        // A level is three millionths of a watt to each; the caps are reached where the row is full.
        let risers = [riser(3, 0, 1000), riser(3, 0, 1000), riser(7, 0, 5000)];
        let loads: [&[(usize, i64)]; 3] = [&[(0, 6)], &[(0, 6)], &[(0, 2)]];
        let rows = Rows::of_lists(vec![16_667], &loads);
        let rates = rise(&rows, &risers, SCALE);
        assert!(6 * (rates[0] + rates[1]) + 2 * rates[2] <= 16_667 * SCALE, "{rates:?}");
    }
}
