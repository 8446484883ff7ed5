//! Which connector is taken when.

use std::collections::BTreeMap;

use super::model::Charger;
use crate::charger::CurrentKind;
use crate::time::{Span, Time};

/// The stays at every connector of the site.
pub(super) struct Occupancy<'a> {
    chargers: &'a [Charger],
    /// By charger and connector (from 0): departure by arrival.
    stays: Vec<Vec<BTreeMap<Time, Time>>>,
}

impl<'a> Occupancy<'a> {
    pub(super) fn new(chargers: &'a [Charger]) -> Occupancy<'a> {
        let connectors =
            |charger: &Charger| vec![BTreeMap::new(); charger.spec.connectors as usize];
        Occupancy { chargers, stays: chargers.iter().map(connectors).collect() }
    }

    /// Takes a connector (from 1) for a stay.
    pub(super) fn take(&mut self, charger: usize, connector: u32, from: Time, to: Time) {
        self.stays[charger][connector as usize - 1].insert(from, to);
    }

    /// The connectors of one charger that are free for a stay, with `gap` before and after it.
    pub(super) fn free_at(
        &self,
        charger: usize,
        (from, to): (Time, Time),
        gap: Span,
    ) -> impl Iterator<Item = (usize, u32)> {
        self.stays[charger].iter().zip(1..).filter_map(move |(stays, connector)| {
            let before = stays.range(..=from).next_back();
            let after = stays.range(from..).next();
            let free = before.is_none_or(|(_, departure)| *departure + gap <= from)
                && after.is_none_or(|(arrival, _)| *arrival >= to + gap);
            free.then_some((charger, connector))
        })
    }

    /// The same over all chargers whose kind of current suits the car.
    pub(super) fn free(
        &self,
        suits: impl Fn(CurrentKind) -> bool,
        stay: (Time, Time),
        gap: Span,
    ) -> Vec<(usize, u32)> {
        (0..self.chargers.len())
            .filter(|charger| suits(self.chargers[*charger].spec.kind))
            .flat_map(|charger| self.free_at(charger, stay, gap))
            .collect()
    }
}
