//! Rotation: in which order sessions take the places that the capacity has for minimums.
//!
//! Within an epoch those who run stay and the others wait; when an epoch starts, those who got
//! least so far go first. A session that runs keeps its place for the minimum on-time, one that
//! was paused stays paused for the minimum off-time, and a newly plugged car takes the place of
//! one that could be rotated out anyway, because some cars give up on a charger that offers
//! nothing after plug-in.
//!
//! Whether a newcomer may take a place is settled at its arrival, not by the time of the decision:
//! otherwise the end of somebody's minimum on-time would change the result within an epoch although
//! nothing happened.

use std::cmp::Reverse;

use super::contest::{Claim, Contest};
use super::{Rotation, Strategy, least_laxity_first, order};
use crate::time::Time;
use crate::units::Watts;

/// Weights go up to this, so a service times it stays distinct when divided by a weight.
const LARGEST_WEIGHT: i64 = 1000;

/// Claims in rotation order, without those held off.
#[derive(Clone, Debug)]
pub(super) struct Queue {
    pub(super) order: Vec<usize>,
    /// By claim: paused less than the minimum off-time ago.
    pub(super) held: Vec<bool>,
}

/// What decides between sessions of the same rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Who received least goes first.
    Service,
    /// Higher weights go first, whatever the rank; then who received least.
    Weights,
    /// Who received least for its weight goes first.
    ServiceByWeight,
    /// Who has least laxity goes first.
    Laxity,
}

impl Order {
    /// That of a strategy with rotation.
    pub(super) fn of(strategy: Strategy) -> Order {
        match strategy {
            Strategy::Priority => Order::Weights,
            Strategy::ProportionalFair => Order::ServiceByWeight,
            Strategy::LeastLaxityFirst => Order::Laxity,
            _ => Order::Service,
        }
    }

    /// Smaller goes first.
    fn key(self, session: &Claim<'_>, rotation: &Rotation) -> i64 {
        match self {
            Order::Service | Order::Weights => session.service,
            Order::ServiceByWeight => {
                session.service.saturating_mul(LARGEST_WEIGHT) / i64::from(session.weight())
            }
            Order::Laxity => least_laxity_first::laxity(session, rotation.looked_at).0,
        }
    }
}

/// The rotation order of all that are not held off.
pub(super) fn queue(contest: &Contest<'_>, by: Order) -> Queue {
    let held = held(contest);
    let mut order: Vec<usize> = (0..held.len()).filter(|&claim| !held[claim]).collect();
    sort(contest, by, &mut order);
    Queue { order, held }
}

/// By claim: paused less than the minimum off-time ago.
pub(super) fn held(contest: &Contest<'_>) -> Vec<bool> {
    contest.claims.iter().map(|claim| is_held(contest, claim)).collect()
}

/// Sorts some of the claims into rotation order: rank (see [`ranks`]), then as asked, then arrival
/// and id.
pub(super) fn sort(contest: &Contest<'_>, by: Order, order: &mut [usize]) {
    let ranks = ranks(contest);
    let claim = |claim: usize| &contest.claims[claim];
    let heaviest = |at: usize| -i64::from(claim(at).weight());
    let rank = |at: usize| i64::from(ranks[at]);
    let key = |at: usize| by.key(claim(at), &contest.rotation);
    match by {
        Order::Weights => order::sort(contest.claims, order, &[&heaviest, &rank, &key]),
        _ => order::sort(contest.claims, order, &[&rank, &key]),
    }
}

/// True when the session runs and may not be rotated out yet: its minimum on-time or its welcome
/// has not passed.
pub(super) fn is_kept(contest: &Contest<'_>, claim: &Claim<'_>) -> bool {
    claim.is_running() && replaceable_from(contest, claim) > contest.rotation.now
}

/// Ranks by claim, smaller first. Those who must be kept come first, also when capacity falls. When
/// an epoch starts, newcomers follow, then everybody else. Within an epoch those who run follow,
/// then those who wait; a newcomer comes before those who run and were replaceable when it arrived.
fn ranks(contest: &Contest<'_>) -> Vec<u32> {
    const KEPT: u32 = 0;
    const NEW: u32 = 1;
    const OTHERS: u32 = u32::MAX;
    let rank = |claim: &Claim<'_>| {
        if is_kept(contest, claim) {
            KEPT
        } else if is_newcomer(contest, claim) {
            NEW
        } else {
            OTHERS
        }
    };
    let mut ranks: Vec<u32> = contest.claims.iter().map(rank).collect();
    if !contest.rotation.epoch_starts {
        interleave(contest, NEW, &mut ranks);
    }
    ranks
}

/// Ranks newcomers and replaceable sessions that run in alternating groups of the two kinds, from
/// `first` on, latest instant first: the arrival of a newcomer, the instant from which the other
/// may be rotated out; at one instant the newcomer comes first.
fn interleave(contest: &Contest<'_>, first: u32, ranks: &mut [u32]) {
    let claims = contest.claims;
    let mut newcomers: Vec<usize> =
        (0..claims.len()).filter(|&claim| is_newcomer(contest, &claims[claim])).collect();
    newcomers.sort_unstable_by_key(|&claim| Reverse(claims[claim].arrival));
    // Newcomers are few: finding the place of every other among them is cheaper than sorting all.
    let mut taken = vec![false; newcomers.len() + 1];
    for (claim, session) in claims.iter().enumerate() {
        if session.is_running() && !is_kept(contest, session) {
            let since = replaceable_from(contest, session);
            let place = newcomers.partition_point(|&newcomer| claims[newcomer].arrival >= since);
            ranks[claim] = first + 2 * place as u32;
            taken[place] = true;
        }
    }
    let mut group = 0;
    for (place, &newcomer) in newcomers.iter().enumerate() {
        group = if taken[place] { place } else { group };
        ranks[newcomer] = first + 2 * group as u32 + 1;
    }
}

/// The instant from which a running session may be rotated out.
fn replaceable_from(contest: &Contest<'_>, claim: &Claim<'_>) -> Time {
    let rotation = &contest.rotation;
    (claim.last_switch + rotation.min_on).max(claim.arrival + rotation.welcome)
}

/// Plugged in a moment ago and not yet served.
pub(super) fn is_newcomer(contest: &Contest<'_>, claim: &Claim<'_>) -> bool {
    !claim.is_running()
        && claim.last_switch <= claim.arrival
        && claim.arrival + contest.rotation.welcome > contest.rotation.now
}

/// Paused too recently to resume. A session that never ran is not held, nor one without a minimum:
/// it takes whatever is left, so for it nothing is just another rate.
fn is_held(contest: &Contest<'_>, claim: &Claim<'_>) -> bool {
    !claim.is_running()
        && claim.min > Watts::ZERO
        && claim.last_switch > claim.arrival
        && claim.last_switch + contest.rotation.min_off > contest.rotation.now
}
