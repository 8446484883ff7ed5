//! `first_come_first_served`: earlier sessions get all they can take, later ones what is left.
//! No rotation and so no minimum on-time, off-time or welcome: the result is the lexicographic
//! maximum of the rates in order of arrival, whatever was before.

use super::contest::{Choice, Contest, sort_by_arrival};
use crate::units::Watts;

/// Admits in order of arrival whoever's minimum fits beside the full rates of earlier sessions.
pub(super) fn choose(contest: &Contest<'_>) -> Choice {
    let claims = contest.claims;
    let mut order: Vec<usize> = (0..claims.len()).collect();
    sort_by_arrival(claims, &mut order);
    let mut choice =
        Choice { order, admitted: vec![true; claims.len()], held: vec![false; claims.len()] };
    choice.admitted = take(contest, &choice).into_iter().map(|rate| rate.is_some()).collect();
    choice
}

/// The rates by claim, 0 for those who do not fit.
pub(super) fn rates(contest: &Contest<'_>, choice: &Choice) -> Vec<Watts> {
    take(contest, choice).into_iter().map(Option::unwrap_or_default).collect()
}

fn take(contest: &Contest<'_>, choice: &Choice) -> Vec<Option<Watts>> {
    let mut rates = vec![None; contest.claims.len()];
    let mut left = contest.capacity;
    for claim in choice.admitted_in_order() {
        let session = &contest.claims[claim];
        let rate = session.cap.min(left.floor_to(session.step));
        if rate >= session.min {
            left -= rate;
            rates[claim] = Some(rate);
        }
    }
    rates
}
