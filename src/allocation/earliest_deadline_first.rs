//! `earliest_deadline_first`: who departs first gets all it can take, those who stay longer what is
//! left.
//!
//! With one car at a time this is what meets every deadline that can be met (Liu and Layland,
//! 1973); with many it comes close (allocation.md §5.3). As with first come, first served nothing
//! rotates: whoever is overtaken was overtaken by an arrival. Cars whose departure is unknown, or
//! whose wish is fulfilled although they still take power, come last, by arrival.

use super::contest::{Choice, Contest};
use super::in_order;
use crate::time::Time;

/// Admits in order of departure whoever's minimum fits beside the full rates of those before.
pub(super) fn choose(contest: &Contest<'_>) -> Choice {
    let claims = contest.claims;
    let mut order: Vec<usize> = (0..claims.len()).collect();
    order.sort_unstable_by_key(|&claim| {
        let session = &claims[claim];
        let deadline = session.departure.filter(|_| !session.is_fulfilled());
        (deadline.unwrap_or(Time::NEVER), session.arrival, session.id)
    });
    in_order::choose(contest, order, vec![false; claims.len()])
}
