//! `max_throughput`: the set of sessions that can take the most power now, shared max-min fairly.
//!
//! A set whose minimums fit can take `min(capacity, sum of caps)`. Which set takes most is a
//! knapsack problem; among the best sets the lexicographically first in rotation order is taken,
//! so that those who run go on and places rotate as under the other strategies. Sessions within
//! their minimum on-time are in whatever the total, those within their minimum off-time are out.
//!
//! With different steps the fill may leave less than one quantum of the finest session below its
//! cap; the total is optimal to within that.
//!
//! # Exactness
//! The search looks at a growing tail of the order and is exact as long as it ends before its
//! table would exceed [`MAX_CELLS`] cells: always when `sessions * capacity / (greatest common
//! divisor of the minimums)` is below that, and mostly far beyond, since a set that takes the whole
//! capacity needs no further search. Otherwise admission in rotation order stands, and the total
//! misses the optimum by less than the smallest minimum of a session left out. In that case alone
//! the next decision may find a better set; it is then optimal and stays.

//!
//! On a network a set can take less than its caps and the capacity say, because a car of one phase
//! stands in the way of one of three: see `on_network.rs`, which solves linear programs.

mod knapsack;
mod on_network;
mod seats;

use super::admission;
use super::contest::{Choice, Claim, Contest};
use super::rotation::{self, Order, Queue};
use crate::units::Watts;
use knapsack::{Item, Knapsack, MAX_CELLS};

/// Admits the lexicographically first set with the largest total. On a network the rates that make it
/// so are found on the way; on a single limit any division that leaves nothing does.
pub(super) fn choose(contest: &Contest<'_>) -> Choice {
    let claims = contest.claims;
    let Queue { order, held } = rotation::queue(contest, Order::Service);
    let is_forced = |claim: &usize| {
        claims[*claim].min == Watts::ZERO || rotation::is_kept(contest, &claims[*claim])
    };
    let forced = order.iter().copied().filter(is_forced);
    let mut admitted = admission::walk(contest, forced);
    if let Some(network) = contest.network {
        let Some(grid) = network.grid() else {
            admitted = admission::walk(contest, order.iter().copied());
            return Choice::new(contest, order, admitted, held);
        };
        let rates = on_network::admit(contest, &grid, &order, &mut admitted);
        return Choice { rates: Some(rates), ..Choice::new(contest, order, admitted, held) };
    }
    let of_admitted = |rate: fn(&Claim<'_>) -> Watts, admitted: &[bool]| -> i128 {
        let rates = claims.iter().zip(admitted).filter(|(_, admitted)| **admitted);
        rates.map(|(claim, _)| i128::from(rate(claim).0)).sum()
    };
    let used = of_admitted(|claim| claim.min, &admitted);
    let sure = of_admitted(|claim| claim.cap, &admitted);
    let budget = i128::from(contest.capacity.0) - used;
    let items: Vec<Item> = order
        .iter()
        .filter(|claim| !admitted[**claim] && i128::from(claims[**claim].min.0) <= budget)
        .map(|&claim| Item {
            claim,
            min: claims[claim].min.0,
            cap: claims[claim].cap.min(contest.capacity).0,
        })
        .collect();
    let knapsack = Knapsack {
        items: &items,
        budget: budget as i64,
        goal: (i128::from(contest.capacity.0) - sure).max(0) as i64,
        max_cells: MAX_CELLS,
    };
    for item in knapsack.solve() {
        admitted[item.claim] = true;
    }
    Choice::new(contest, order, admitted, held)
}
