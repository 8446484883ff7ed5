//! The limits that can bind a division on a network, as the rows of a packing problem.

use std::collections::BTreeMap;

use super::contest::{Claim, Contest};
use super::network::{Grid, Phases, WHOLE};
use crate::units::Watts;

/// Rows over some of the claims, named by their place among them. All loads in sixths of a watt.
///
/// Claims are many, but most have a seat in common: they load the same rows, as those on the same
/// phases of a feeder do. So what is loaded is kept by seat.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    /// By row: what it bears.
    room: Vec<i128>,
    /// By claim: its seat. Seats are numbered as the first claim of each comes.
    seat_of: Vec<u32>,
    /// By seat: where its entries begin; then the end.
    starts: Vec<u32>,
    entries: Vec<Entry>,
}

/// That claims of a seat load a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    row: u32,
    coefficient: u32,
}

impl Entry {
    fn new(row: usize, coefficient: i64) -> Entry {
        Entry { row: row as u32, coefficient: coefficient as u32 }
    }

    pub(super) fn row(self) -> usize {
        self.row as usize
    }

    /// Load for each watt of the claim.
    pub(super) fn coefficient(self) -> i128 {
        i128::from(self.coefficient)
    }
}

impl Rows {
    /// The limits of the network which these claims can overload when all go up to their caps, each
    /// with what the network's own loads leave. The capacity is none of them.
    pub(super) fn new(contest: &Contest<'_>, grid: &Grid<'_>, claims: &[usize]) -> Rows {
        Rows::build(contest, grid, claims, None)
    }

    /// The same, and the capacity as the last row, which all claims load with their whole rate.
    pub(super) fn with_capacity(contest: &Contest<'_>, grid: &Grid<'_>, claims: &[usize]) -> Rows {
        Rows::build(contest, grid, claims, Some(contest.capacity))
    }

    fn build(
        contest: &Contest<'_>,
        grid: &Grid<'_>,
        claims: &[usize],
        capacity: Option<Watts>,
    ) -> Rows {
        let place = |claim: usize| grid.places[contest.places[claim]];
        let mut loads = grid.held.clone();
        for &claim in claims {
            loads.add(grid.limits, place(claim), contest.claims[claim].cap);
        }
        let mut row_of: Vec<Option<u32>> = vec![None; grid.limits.all().len()];
        let mut room = Vec::new();
        for limit in grid.limits.overloaded(&loads) {
            row_of[limit] = Some(room.len() as u32);
            room.push(grid.limits.left(grid.held, limit).max(0));
        }
        let of_capacity = capacity.map(|_| Entry::new(room.len(), WHOLE));
        room.extend(capacity.map(|capacity| i128::from(capacity.0) * i128::from(WHOLE)));
        let mut rows = Rows {
            room,
            seat_of: Vec::with_capacity(claims.len()),
            starts: vec![0],
            entries: vec![],
        };
        // From the first row on, and for the same phases, it is the same way up.
        let mut ways: BTreeMap<(Option<u32>, Phases), u32> = BTreeMap::new();
        let mut seats: BTreeMap<Vec<Entry>, u32> = BTreeMap::new();
        for &claim in claims {
            let place = place(claim);
            let mut first = None;
            grid.limits.visit(place, |limit, _| first = first.or(row_of[limit]));
            let seat = *ways.entry((first, place.phases)).or_insert_with(|| {
                let mut list = Vec::new();
                grid.limits.visit(place, |limit, coefficient| {
                    list.extend(row_of[limit].map(|row| Entry::new(row as usize, coefficient)));
                });
                list.extend(of_capacity);
                *seats.entry(list).or_insert_with_key(|list| rows.add_seat(list))
            });
            rows.seat_of.push(seat);
        }
        rows
    }

    fn add_seat(&mut self, entries: &[Entry]) -> u32 {
        self.entries.extend_from_slice(entries);
        self.starts.push(self.entries.len() as u32);
        self.starts.len() as u32 - 2
    }

    /// A row for each seat, which bears so many watts of the claims that sit there.
    pub(super) fn of_seats(seat_of: &[u32], room: Vec<i128>) -> Rows {
        let mut rows = Rows { room, seat_of: seat_of.to_vec(), starts: vec![0], entries: vec![] };
        for seat in 0..rows.room.len() {
            rows.add_seat(&[Entry::new(seat, 1)]);
        }
        rows
    }

    /// Rows that bear so much, and what each claim, on a seat of its own, loads them with.
    #[cfg(test)]
    pub(super) fn of_lists(room: Vec<i128>, loads: &[&[(usize, i64)]]) -> Rows {
        let mut rows = Rows { room, seat_of: vec![], starts: vec![0], entries: vec![] };
        for list in loads {
            let entry = |&(row, coefficient): &(usize, i64)| Entry::new(row, coefficient);
            let seat = rows.add_seat(&list.iter().map(entry).collect::<Vec<_>>());
            rows.seat_of.push(seat);
        }
        rows
    }

    pub(super) fn room(&self) -> &[i128] {
        &self.room
    }

    /// The seat of each claim.
    pub(super) fn seat_of(&self) -> &[u32] {
        &self.seat_of
    }

    pub(super) fn seats(&self) -> usize {
        self.starts.len() - 1
    }

    /// The rows that claims of a seat load.
    pub(super) fn loaded_from(&self, seat: usize) -> &[Entry] {
        &self.entries[self.starts[seat] as usize..self.starts[seat + 1] as usize]
    }

    /// The rows that a claim loads.
    pub(super) fn loaded_by(&self, claim: usize) -> &[Entry] {
        self.loaded_from(self.seat_of[claim] as usize)
    }
}

/// By session of some problem: true when it loads a limit that all together would overload with
/// their hardware.
pub(super) fn contend(grid: &Grid<'_>, claims: &[Claim<'_>], places: &[usize]) -> Vec<bool> {
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
