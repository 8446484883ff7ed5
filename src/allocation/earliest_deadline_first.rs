//! `earliest_deadline_first`: who departs first gets all it can take, those who stay longer what is
//! left.
//!
//! With one car at a time this is what meets every deadline that can be met (Liu and Layland,
//! 1973); with many it comes close (allocation.md §5.3). As with first come, first served nothing
//! rotates: whoever is overtaken was overtaken by an arrival. Cars whose departure is unknown, or
//! whose wish is fulfilled although they still take power, come last, by arrival.

use super::contest::{self, Choice, Contest};
use super::in_order;
use crate::time::Time;

/// Admits in order of departure whoever's minimum fits beside the full rates of those before.
pub(super) fn choose(contest: &Contest<'_>) -> Choice {
    let claims = contest.claims;
    let mut order: Vec<usize> = (0..claims.len()).collect();
    contest::sort(claims, &mut order, |claim| {
        let deadline = claims[claim].departure.filter(|_| !claims[claim].is_fulfilled());
        deadline.unwrap_or(Time::NEVER)
    });
    in_order::choose(contest, order, vec![false; claims.len()])
}
