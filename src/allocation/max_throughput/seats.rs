//! What sessions could take together on a network, as a linear program with a column for each seat:
//! sessions that load the same limits can take each other's place, so however many there are, the
//! program is as small as the network.

use crate::allocation::contest::Contest;
use crate::allocation::network::Grid;
use crate::allocation::rows::Rows;
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
}

impl<'a> Seats<'a> {
    pub(super) fn new(contest: &'a Contest<'a>, grid: &Grid<'_>, claims: &'a [usize]) -> Seats<'a> {
        Seats { contest, claims, rows: Rows::new(contest, grid, claims) }
    }

    /// The seat of each claim, by place in the list of claims.
    pub(super) fn seat_of(&self) -> &[u32] {
        self.rows.seat_of()
    }

    /// The most that claims of these fates can take together, watts, the capacity left aside; what lies
    /// beyond their minimums is the optimum's by seat. Below 0: the minimums do not fit. `None`: too
    /// large a program.
    pub(super) fn most(&self, fates: &[Fate]) -> Option<(i128, Optimum)> {
        if self.rows.seats() > MAX_COLUMNS || self.rows.room().len() > MAX_ROWS {
            return None;
        }
        let mut room = self.rows.room().to_vec();
        let mut minimums = 0;
        let mut upper = vec![0_i128; self.rows.seats()];
        for ((&claim, &seat), fate) in self.claims.iter().zip(self.seat_of()).zip(fates) {
            let (session, seat) = (&self.contest.claims[claim], seat as usize);
            let (min, cap) = (i128::from(session.min.0), i128::from(session.cap.0));
            match fate {
                Fate::Out => {}
                Fate::Open => upper[seat] += cap,
                Fate::In => {
                    upper[seat] += cap - min;
                    minimums += min;
                    for entry in self.rows.loaded_from(seat) {
                        room[entry.row()] -= entry.coefficient() * min;
                    }
                }
            }
        }
        if room.iter().any(|room| *room < 0) {
            return Some((-1, Optimum { sum: 0, values: Vec::new(), worth: Vec::new() }));
        }
        let column = |(seat, upper): (usize, i128)| {
            let uses = self.rows.loaded_from(seat).iter();
            Column { upper, uses: uses.map(|entry| (entry.row(), entry.coefficient())).collect() }
        };
        let columns = upper.into_iter().enumerate().map(column).collect();
        let optimum = Program { room, columns }.maximise()?;
        Some((minimums + optimum.sum, optimum))
    }
}
