//! `earliest_deadline_first`: who departs first gets all it can take, those who stay longer what is
//! left.
//!
//! With one car at a time this is what meets every deadline that can be met (Liu and Layland,
//! 1973); with many it comes close (allocation.md §5.3). As with first come, first served nothing
//! rotates: whoever is overtaken was overtaken by an arrival. Cars whose departure is unknown, or
//! whose wish is fulfilled although they still take power, come last, by arrival.

use super::contest::{Choice, Claim, Contest};
use super::{in_order, order};
use crate::time::Time;

/// Admits in order of departure whoever's minimum fits beside the full rates of those before.
pub(super) fn choose(contest: &Contest<'_>) -> Choice {
    let claims = contest.claims;
    let deadline = |claim: &Claim<'_>| claim.departure.filter(|_| !claim.is_fulfilled());
    let (mut order, mut last): (Vec<usize>, Vec<usize>) =
        (0..claims.len()).partition(|&claim| deadline(&claims[claim]).is_some());
    order::sort(claims, &mut order, &[&|claim| deadline(&claims[claim]).unwrap_or(Time::NEVER).0]);
    order::sort_by_arrival(claims, &mut last);
    order.extend(last);
    in_order::choose(contest, order, vec![false; claims.len()])
}
