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
use std::ops::Range;

use super::floor;
use super::rows::Rows;

/// How a claim rises with the level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Riser {
    /// Not negative. 0: stays at its minimum.
    pub(super) slope: i64,
    pub(super) offset: i64,
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
#[derive(Clone, Copy, Debug)]
struct Event<L> {
    level: L,
    arrives: bool,
    claim: u32,
}

struct Filling<'a> {
    rows: &'a Rows,
    risers: &'a [Riser],
    scale: i128,
    stages: Vec<Stage>,
    /// By claim, times the scale; of those that are done.
    values: Vec<i128>,
    lines: Vec<Line>,
    /// By row: the seats that load it.
    seats: Lists,
    /// By seat: its claims.
    members: Lists,
    full: Vec<bool>,
    /// By row: its line has changed at this level.
    changed: Vec<bool>,
    /// The level at which a row will be full, or earlier.
    next_full: BinaryHeap<Reverse<(i128, usize)>>,
    /// The highest level that is known to fit.
    reached: i128,
}

impl Riser {
    /// The rate at a level, times the scale.
    fn value(&self, level: i128, scale: i128) -> i128 {
        let free = i128::from(self.slope) * (level - i128::from(self.offset));
        free.clamp(i128::from(self.min) * scale, i128::from(self.cap) * scale)
    }

    /// Its slope, and how far below nothing its line is at level 0.
    fn line(&self) -> (i128, i128) {
        let slope = i128::from(self.slope);
        (slope, slope * i128::from(self.offset))
    }

    /// The level that a rate stands for.
    pub(super) fn level(&self, rate: i64, scale: i128) -> i128 {
        let slope = i128::from(self.slope.max(1));
        i128::from(self.offset) + floor(i128::from(rate) * scale, slope)
    }

    /// The first level at which the claim is not below its minimum, and the first at which it is
    /// above its cap. `None`: it does not rise.
    fn events(&self, scale: i128) -> Option<(i128, i128)> {
        let rises = self.slope > 0 && self.cap > self.min;
        let (slope, offset) = (i128::from(self.slope.max(1)), i128::from(self.offset));
        let leaves = -floor(-i128::from(self.min) * scale, slope);
        let arrives = floor(i128::from(self.cap) * scale, slope) + 1;
        rises.then_some((offset + leaves, offset + arrives))
    }
}

/// Lists by number, one behind the other in memory.
struct Lists {
    /// Where each begins; then the end.
    starts: Vec<u32>,
    items: Vec<u32>,
}

impl Lists {
    /// So many lists of these: the number of a list, and what is on it.
    fn new(count: usize, items: impl Iterator<Item = (u32, usize)> + Clone) -> Lists {
        let mut starts = vec![0; count + 1];
        items.clone().for_each(|(list, _)| starts[list as usize + 1] += 1);
        (0..count).for_each(|list| starts[list + 1] += starts[list]);
        let mut next = starts.clone();
        let mut listed = vec![0; starts[count] as usize];
        for (list, item) in items {
            listed[next[list as usize] as usize] = item as u32;
            next[list as usize] += 1;
        }
        Lists { starts, items: listed }
    }

    /// Where a list stands.
    fn places(&self, list: u32) -> Range<usize> {
        self.starts[list as usize] as usize..self.starts[list as usize + 1] as usize
    }
}

/// The rates that claims rise to, times the scale. All minimums together fit the rows.
pub(super) fn rise(rows: &Rows, risers: &[Riser], scale: i128) -> Vec<i128> {
    // Real sites fit 64 bits, which takes half the memory.
    let narrow = sorted(risers, |riser| {
        let (leaves, arrives) = riser.events(scale)?;
        Some((i64::try_from(leaves).ok()?, i64::try_from(arrives).ok()?))
    });
    let rising = risers.iter().filter(|riser| riser.events(scale).is_some()).count();
    if narrow.len() == 2 * rising {
        sweep(rows, risers, scale, &narrow)
    } else {
        sweep(rows, risers, scale, &sorted(risers, |riser| riser.events(scale)))
    }
}

/// What claims do on which levels, in order of levels.
fn sorted<L: Copy + Ord>(risers: &[Riser], of: impl Fn(&Riser) -> Option<(L, L)>) -> Vec<Event<L>> {
    let mut events = Vec::with_capacity(2 * risers.len());
    for (claim, riser) in risers.iter().enumerate() {
        if let Some((leaves, arrives)) = of(riser) {
            let claim = claim as u32;
            events.push(Event { level: leaves, arrives: false, claim });
            events.push(Event { level: arrives, arrives: true, claim });
        }
    }
    // Claims are many, but few are the levels, since kinds of cars are few; and what several claims do
    // on one level does the same in any order.
    events.sort_unstable_by_key(|event| (event.level, event.arrives));
    events
}

fn sweep<L: Copy + Ord + Into<i128>>(
    rows: &Rows,
    risers: &[Riser],
    scale: i128,
    events: &[Event<L>],
) -> Vec<i128> {
    let mut filling = Filling::new(rows, risers, scale);
    filling.reached = events.first().map_or(0, |event| event.level.into() - 1);
    for now in events.chunk_by(|one, other| one.level == other.level) {
        let level = now[0].level.into();
        filling.stop_before(Some(level));
        filling.pass(level, now.iter().map(|event| (event.claim as usize, event.arrives)));
    }
    filling.stop_before(None);
    filling.values
}

impl<'a> Filling<'a> {
    fn new(rows: &'a Rows, risers: &'a [Riser], scale: i128) -> Filling<'a> {
        let line = |room: &i128| Line { room: room * scale, fixed: 0, rising: 0 };
        let mut lines: Vec<Line> = rows.room().iter().map(line).collect();
        for (claim, riser) in risers.iter().enumerate() {
            for entry in rows.loaded_by(claim) {
                lines[entry.row()].fixed += entry.coefficient() * i128::from(riser.min) * scale;
            }
        }
        let loads = |seat: usize| {
            rows.loaded_from(seat).iter().map(move |entry| (entry.row() as u32, seat))
        };
        let sits = rows.seat_of().iter().zip(0..).map(|(&seat, claim)| (seat, claim));
        Filling {
            rows,
            risers,
            scale,
            stages: vec![Stage::AtMinimum; risers.len()],
            values: risers.iter().map(|riser| i128::from(riser.min) * scale).collect(),
            full: vec![false; lines.len()],
            changed: vec![false; lines.len()],
            lines,
            seats: Lists::new(rows.room().len(), (0..rows.seats()).flat_map(loads)),
            members: Lists::new(rows.seats(), sits),
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
        for seat in self.seats.places(row as u32) {
            for place in self.members.places(self.seats.items[seat]) {
                self.stop_claim(self.members.items[place] as usize, level);
            }
        }
    }

    fn stop_claim(&mut self, claim: usize, level: i128) {
        let value = self.risers[claim].value(level, self.scale);
        match self.stages[claim] {
            Stage::AtMinimum => self.stages[claim] = Stage::Done,
            Stage::Rising => self.settle(claim, value),
            // Its cap lies between this level and the next, which does not fit.
            Stage::Done if value < self.values[claim] => self.lower(claim, value),
            Stage::Done => {}
        }
    }

    /// Passes what claims do on one level: arrive, or leave.
    fn pass(&mut self, level: i128, events: impl Iterator<Item = (usize, bool)>) {
        let mut changed = Vec::new();
        for (claim, arrives) in events {
            match (self.stages[claim], arrives) {
                (Stage::AtMinimum, false) => self.leave(claim),
                (Stage::Rising, true) => {
                    self.settle(claim, i128::from(self.risers[claim].cap) * self.scale);
                }
                _ => continue,
            }
            for entry in self.rows.loaded_by(claim) {
                if !std::mem::replace(&mut self.changed[entry.row()], true) {
                    changed.push(entry.row());
                }
            }
        }
        self.reached = self.reached.max(level - 1);
        for row in changed {
            self.changed[row] = false;
            let at = self.full_at(row).filter(|_| !self.full[row]);
            self.next_full.extend(at.map(|at| Reverse((at, row))));
        }
    }

    /// From its minimum onto the line.
    fn leave(&mut self, claim: usize) {
        let (slope, zero) = self.risers[claim].line();
        let from = self.values[claim] + zero;
        for entry in self.rows.loaded_by(claim) {
            let line = &mut self.lines[entry.row()];
            line.fixed -= entry.coefficient() * from;
            line.rising += entry.coefficient() * slope;
        }
        self.stages[claim] = Stage::Rising;
    }

    /// From the line to where it stays.
    fn settle(&mut self, claim: usize, value: i128) {
        let (slope, zero) = self.risers[claim].line();
        for entry in self.rows.loaded_by(claim) {
            let line = &mut self.lines[entry.row()];
            line.fixed += entry.coefficient() * (value + zero);
            line.rising -= entry.coefficient() * slope;
        }
        self.stages[claim] = Stage::Done;
        self.values[claim] = value;
    }

    fn lower(&mut self, claim: usize, value: i128) {
        for entry in self.rows.loaded_by(claim) {
            let less = entry.coefficient() * (self.values[claim] - value);
            self.lines[entry.row()].fixed -= less;
        }
        self.values[claim] = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCALE: i128 = 1 << 20;

    fn riser(slope: i64, min: i64, cap: i64) -> Riser {
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
