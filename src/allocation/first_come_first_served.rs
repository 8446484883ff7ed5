//! `first_come_first_served`: earlier sessions get all they can take, later ones what is left.
//! No rotation and so no minimum on-time, off-time or welcome: the result is the lexicographic
//! maximum of the rates in order of arrival, whatever was before.

use super::contest::{Choice, Contest};
use super::in_order;
use super::order::sort_by_arrival;

/// Admits in order of arrival whoever's minimum fits beside the full rates of earlier sessions.
pub(super) fn choose(contest: &Contest<'_>) -> Choice {
    let claims = contest.claims;
    let mut order: Vec<usize> = (0..claims.len()).collect();
    sort_by_arrival(claims, &mut order);
    in_order::choose(contest, order, vec![false; claims.len()])
}
