//! Full power in an order: each session gets all it can take of what earlier ones have left.
//!
//! The result is the lexicographic maximum of the rates in that order over all feasible rates
//! (allocation.md §2.2).

use super::contest::{Choice, Contest};
use crate::units::Watts;

/// Admits of an order whoever's minimum fits beside the full rates of those before; those held off
/// come last and get nothing.
pub(super) fn choose(contest: &Contest<'_>, order: Vec<usize>, held: Vec<bool>) -> Choice {
    let mut admitted = vec![false; contest.claims.len()];
    let mut rates = vec![Watts::ZERO; contest.claims.len()];
    let mut division = contest.division();
    for &claim in order.iter().filter(|&&claim| !held[claim]) {
        let session = &contest.claims[claim];
        let rate = session.cap.min(division.room(claim).floor_to(session.step));
        if rate >= session.min {
            division.give(claim, rate);
            admitted[claim] = true;
            rates[claim] = rate;
        }
    }
    Choice::new(contest, order, admitted, held).with_rates(rates)
}
