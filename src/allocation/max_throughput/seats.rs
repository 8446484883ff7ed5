//! What sessions could take together on a network, as a linear program with a column for each kind of
//! seat: sessions that load the same limits can take each other's place, so however many there are,
//! the program is as small as the network.

use std::collections::BTreeMap;

use crate::allocation::contest::Contest;
use crate::allocation::network::Grid;
use crate::allocation::rows::{Entry, Rows};
use crate::allocation::simplex::{Column, Optimum, Program};

/// Columns and rows of the largest program that is solved; a tableau of some hundred kilobytes.
const MAX_COLUMNS: usize = 512;
const MAX_ROWS: usize = 160;

/// Whether a session has a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Out,
    /// Not settled: counted as if any rate up to its cap were possible.
    Open,
    In,
}

/// Some claims and the seats they have.
#[derive(Clone, Debug)]
pub(super) struct Seats<'a> {
    contest: &'a Contest<'a>,
    claims: &'a [usize],
    rows: Rows,
    /// By seat: the rows it loads.
    uses: Vec<Vec<(usize, i128)>>,
    /// By place in `claims`.
    seat_of: Vec<usize>,
}

impl<'a> Seats<'a> {
    pub(super) fn new(contest: &'a Contest<'a>, grid: &Grid<'_>, claims: &'a [usize]) -> Seats<'a> {
        let rows = Rows::new(contest, grid, claims);
        let mut uses: Vec<Vec<(usize, i128)>> = Vec::new();
        let mut known: BTreeMap<&[Entry], usize> = BTreeMap::new();
        let seat = |at: usize| {
            *known.entry(rows.of(at)).or_insert_with_key(|entries| {
                let of_entry = |entry: &Entry| (entry.row, i128::from(entry.coefficient));
                uses.push(entries.iter().map(of_entry).collect());
                uses.len() - 1
            })
        };
        let seat_of = (0..claims.len()).map(seat).collect();
        Seats { contest, claims, rows, uses, seat_of }
    }

    /// The seat of each claim, by place in the list of claims.
    pub(super) fn seat_of(&self) -> &[usize] {
        &self.seat_of
    }

    /// The most that claims of these fates can take together, watts, the capacity left aside; what lies
    /// beyond their minimums is the optimum's by seat. Below 0: the minimums do not fit. `None`: too
    /// large a program.
    pub(super) fn most(&self, fates: &[Fate]) -> Option<(i128, Optimum)> {
        if self.uses.len() > MAX_COLUMNS || self.rows.room().len() > MAX_ROWS {
            return None;
        }
        let mut room = self.rows.room().to_vec();
        let mut minimums = 0;
        let mut upper = vec![0_i128; self.uses.len()];
        for ((&claim, &seat), fate) in self.claims.iter().zip(&self.seat_of).zip(fates) {
            let session = &self.contest.claims[claim];
            let (min, cap) = (i128::from(session.min.0), i128::from(session.cap.0));
            match fate {
                Fate::Out => {}
                Fate::Open => upper[seat] += cap,
                Fate::In => {
                    upper[seat] += cap - min;
                    minimums += min;
                    self.uses[seat].iter().for_each(|&(row, use_)| room[row] -= use_ * min);
                }
            }
        }
        if room.iter().any(|room| *room < 0) {
            return Some((-1, Optimum { sum: 0, values: Vec::new(), worth: Vec::new() }));
        }
        let columns = upper.into_iter().zip(&self.uses);
        let columns = columns.map(|(upper, uses)| Column { upper, uses: uses.clone() }).collect();
        let optimum = Program { room, columns }.maximise()?;
        Some((minimums + optimum.sum, optimum))
    }
}
