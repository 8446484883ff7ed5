//! The limits that can bind a division on a network, as the rows of a packing problem.

use super::Session;
use super::contest::Contest;
use super::network::{Grid, WHOLE};
use crate::units::Watts;

/// Rows over some of the claims, named by their place among them. All loads in sixths of a watt.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    /// By row: what it bears.
    room: Vec<i128>,
    /// By claim: where its entries begin; then the end.
    starts: Vec<usize>,
    entries: Vec<Entry>,
}

/// That a claim loads a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    pub(super) row: usize,
    /// Load for each watt of the claim.
    pub(super) coefficient: i64,
}

impl Rows {
    /// The limits of the network which these claims can overload when all go up to their caps, each
    /// with what the network's own loads leave. The capacity is none of them.
    pub(super) fn new(contest: &Contest<'_>, grid: &Grid<'_>, claims: &[usize]) -> Rows {
        let place = |claim: usize| grid.places[contest.places[claim]];
        let mut loads = grid.held.clone();
        for &claim in claims {
            loads.add(grid.limits, place(claim), contest.claims[claim].cap);
        }
        let mut row_of: Vec<Option<usize>> = vec![None; grid.limits.all().len()];
        let mut room = Vec::new();
        for limit in grid.limits.overloaded(&loads) {
            row_of[limit] = Some(room.len());
            room.push(grid.limits.left(grid.held, limit).max(0));
        }
        let (mut starts, mut entries) = (vec![0], Vec::new());
        for &claim in claims {
            grid.limits.visit(place(claim), |limit, coefficient| {
                entries.extend(row_of[limit].map(|row| Entry { row, coefficient }));
            });
            starts.push(entries.len());
        }
        Rows { room, starts, entries }
    }

    /// Adds a row that all claims load with their whole rate.
    pub(super) fn with_capacity(mut self, capacity: Watts) -> Rows {
        let entry = Entry { row: self.room.len(), coefficient: WHOLE };
        self.room.push(i128::from(capacity.0) * i128::from(WHOLE));
        let mut entries = Vec::with_capacity(self.entries.len() + self.starts.len());
        let mut starts = vec![0];
        for claim in 0..self.starts.len() - 1 {
            entries.extend_from_slice(self.of(claim));
            entries.push(entry);
            starts.push(entries.len());
        }
        Rows { starts, entries, ..self }
    }

    /// Rows that bear so much, and what each claim loads them with.
    #[cfg(test)]
    pub(super) fn of_lists(room: Vec<i128>, loads: &[&[(usize, i64)]]) -> Rows {
        let (mut starts, mut entries) = (vec![0], Vec::new());
        for list in loads {
            entries.extend(list.iter().map(|&(row, coefficient)| Entry { row, coefficient }));
            starts.push(entries.len());
        }
        Rows { room, starts, entries }
    }

    pub(super) fn room(&self) -> &[i128] {
        &self.room
    }

    /// The rows that a claim loads.
    pub(super) fn of(&self, claim: usize) -> &[Entry] {
        &self.entries[self.starts[claim]..self.starts[claim + 1]]
    }
}

/// By session of some problem: true when it loads a limit that all together would overload with
/// their hardware.
pub(super) fn contend(grid: &Grid<'_>, claims: &[Session], places: &[usize]) -> Vec<bool> {
    let mut loads = grid.held.clone();
    for (claim, &place) in claims.iter().zip(places) {
        loads.add(grid.limits, grid.places[place], claim.hardware);
    }
    let mut contended = vec![false; grid.limits.all().len()];
    grid.limits.overloaded(&loads).for_each(|limit| contended[limit] = true);
    let contends = |place: &usize| {
        let mut any = false;
        grid.limits.visit(grid.places[*place], |limit, _| any |= contended[limit]);
        any
    };
    places.iter().map(contends).collect()
}
