//! Admission: who gets at least a minimum when not all minimums fit.

use super::Session;
use crate::units::Watts;

/// Walks `order` and admits every claim whose minimum still fits beside those admitted before;
/// one that does not fit is skipped, and the walk goes on, because a later and smaller minimum
/// may fit. Moving an admitted claim forward in the order never changes the outcome: this is
/// what makes decisions idempotent, since those who run are moved forward.
pub(super) fn walk(
    claims: &[Session],
    order: impl IntoIterator<Item = usize>,
    capacity: Watts,
) -> Vec<bool> {
    let mut admitted = vec![false; claims.len()];
    let mut left = capacity;
    for claim in order {
        if claims[claim].min <= left {
            left -= claims[claim].min;
            admitted[claim] = true;
        }
    }
    admitted
}
