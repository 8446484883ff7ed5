//! Admission: who gets at least a minimum when not all minimums fit.

use super::contest::Contest;

/// Walks `order` and admits every claim whose minimum still fits beside those admitted before;
/// one that does not fit is skipped, and the walk goes on, because a later and smaller minimum
/// may fit. Moving an admitted claim forward in the order never changes the outcome: this is
/// what makes decisions idempotent, since those who run are moved forward. On a network a claim waits
/// only where a limit that it loads is taken up by others: nobody makes room elsewhere for it.
pub(super) fn walk(contest: &Contest<'_>, order: impl IntoIterator<Item = usize>) -> Vec<bool> {
    let mut admitted = vec![false; contest.claims.len()];
    let mut division = contest.division();
    for claim in order {
        admitted[claim] = division.try_give(claim, contest.claims[claim].min);
    }
    admitted
}
