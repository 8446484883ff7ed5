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

use super::Session;
use super::contest::Contest;
use crate::time::Time;
use crate::units::Watts;

/// Claims in rotation order, without those held off.
#[derive(Clone, Debug)]
pub(super) struct Queue {
    pub(super) order: Vec<usize>,
    /// By claim: paused less than the minimum off-time ago.
    pub(super) held: Vec<bool>,
}

/// Whether weights come before the rotation key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weights {
    /// Everybody counts the same.
    Ignored,
    /// Higher weights first.
    Respected,
}

/// The rotation order: rank (see [`ranks`]), then least service, arrival, id.
pub(super) fn queue(contest: &Contest<'_>, weights: Weights) -> Queue {
    let held: Vec<bool> = contest.claims.iter().map(|claim| is_held(contest, claim)).collect();
    let ranks = ranks(contest);
    let mut keyed: Vec<_> = contest
        .claims
        .iter()
        .enumerate()
        .filter(|&(claim, _)| !held[claim])
        .map(|(claim, s)| {
            let weight = if weights == Weights::Respected { s.weight } else { 1 };
            ((Reverse(weight), ranks[claim], s.service, s.arrival, s.id), claim)
        })
        .collect();
    keyed.sort_unstable();
    Queue { order: keyed.into_iter().map(|(_, claim)| claim).collect(), held }
}

/// True when the session runs and may not be rotated out yet: its minimum on-time or its welcome
/// has not passed.
pub(super) fn is_kept(contest: &Contest<'_>, claim: &Session) -> bool {
    claim.is_running() && replaceable_from(contest, claim) > contest.rotation.now
}

/// Ranks by claim, smaller first. Those who must be kept come first, also when capacity falls. When
/// an epoch starts, newcomers follow, then everybody else. Within an epoch those who run follow,
/// then those who wait; a newcomer comes before those who run and were replaceable when it arrived.
fn ranks(contest: &Contest<'_>) -> Vec<usize> {
    const KEPT: usize = 0;
    const NEW: usize = 1;
    const OTHERS: usize = usize::MAX;
    let rank = |claim: &Session| {
        if is_kept(contest, claim) {
            KEPT
        } else if is_newcomer(contest, claim) {
            NEW
        } else {
            OTHERS
        }
    };
    let mut ranks: Vec<usize> = contest.claims.iter().map(rank).collect();
    if !contest.rotation.epoch_starts {
        for (rank, group) in (NEW..).zip(interleaved(contest)) {
            for claim in group {
                ranks[claim] = rank;
            }
        }
    }
    ranks
}

/// Newcomers and replaceable sessions that run, latest instant first: the arrival of a newcomer,
/// the instant from which the other may be rotated out. Alternating groups of the two kinds.
fn interleaved(contest: &Contest<'_>) -> Vec<Vec<usize>> {
    let mut timeline: Vec<(Reverse<Time>, Reverse<bool>, usize)> = Vec::new();
    for (claim, session) in contest.claims.iter().enumerate() {
        if is_newcomer(contest, session) {
            timeline.push((Reverse(session.arrival), Reverse(true), claim));
        } else if session.is_running() && !is_kept(contest, session) {
            timeline.push((Reverse(replaceable_from(contest, session)), Reverse(false), claim));
        }
    }
    timeline.sort_unstable();
    let groups = timeline.chunk_by(|a, b| a.1 == b.1);
    groups.map(|group| group.iter().map(|&(_, _, claim)| claim).collect()).collect()
}

/// The instant from which a running session may be rotated out.
fn replaceable_from(contest: &Contest<'_>, claim: &Session) -> Time {
    let rotation = &contest.rotation;
    (claim.last_switch + rotation.min_on).max(claim.arrival + rotation.welcome)
}

/// Plugged in a moment ago and not yet served.
fn is_newcomer(contest: &Contest<'_>, claim: &Session) -> bool {
    !claim.is_running()
        && claim.last_switch <= claim.arrival
        && claim.arrival + contest.rotation.welcome > contest.rotation.now
}

/// Paused too recently to resume. A session that never ran is not held, nor one without a minimum:
/// it takes whatever is left, so for it nothing is just another rate.
fn is_held(contest: &Contest<'_>, claim: &Session) -> bool {
    !claim.is_running()
        && claim.min > Watts::ZERO
        && claim.last_switch > claim.arrival
        && claim.last_switch + contest.rotation.min_off > contest.rotation.now
}
