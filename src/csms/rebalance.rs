//! The end of a manual rebalance: when the decision is made and its limits are answered.

use std::collections::BTreeSet;

use crate::csms::event::{Event, Trigger};
use crate::csms::timers::Key;
use crate::csms::{Csms, PointIx, Setpoint, SiteIx};
use crate::time::{Span, Time};

/// A rebalance waits this long for the answers to what it sent.
const PATIENCE: Span = Span::from_s(10);

/// A manual rebalance that has not ended.
#[derive(Debug)]
pub(crate) struct Rebalance {
    id: String,
    until: Time,
    decided: bool,
    /// Connectors whose target it changed and whose new limit is not answered yet.
    open: Vec<Open>,
    updated: BTreeSet<PointIx>,
}

#[derive(Debug)]
struct Open {
    point: PointIx,
    index: usize,
    /// Number of the SetChargingProfile that left.
    sent: Option<u64>,
}

impl Csms {
    /// Decides anew although nothing happened, and tells when that is done.
    pub(super) fn ask_rebalance(&mut self, now: Time, site: SiteIx, id: &str) {
        self.sites[site.0].rebalances.push(Rebalance {
            id: id.to_owned(),
            until: now + PATIENCE,
            decided: false,
            open: Vec::new(),
            updated: BTreeSet::new(),
        });
        self.timers.arm_by(Key::Rebalance(site), now + PATIENCE);
        self.trigger_site(now, site, Trigger::Manual);
    }

    /// The targets before a decision; empty when nobody asks what it changes.
    pub(super) fn targets_before(
        &self,
        site: SiteIx,
        places: &[(PointIx, usize)],
    ) -> Vec<Option<Setpoint>> {
        if self.sites[site.0].rebalances.iter().all(|rebalance| rebalance.decided) {
            return Vec::new();
        }
        places.iter().map(|place| self.target_at(*place)).collect()
    }

    /// A decision was made and is about to be sent.
    pub(super) fn rebalances_decided(
        &mut self,
        site: SiteIx,
        places: &[(PointIx, usize)],
        before: &[Option<Setpoint>],
    ) {
        let pairs = places.iter().zip(before);
        let changed: Vec<(PointIx, usize)> = pairs
            .filter(|(place, before)| self.target_at(**place) != **before)
            .map(|(place, _)| *place)
            .collect();
        for rebalance in self.sites[site.0].rebalances.iter_mut().filter(|known| !known.decided) {
            rebalance.decided = true;
            rebalance.open =
                changed.iter().map(|&(point, index)| Open { point, index, sent: None }).collect();
        }
    }

    /// A limit of a transaction leaves.
    pub(super) fn rebalance_sent(&mut self, point: PointIx, index: usize, number: u64) {
        let site = self.points[point.0].site;
        for rebalance in &mut self.sites[site.0].rebalances {
            let open = rebalance.open.iter_mut();
            for open in open.filter(|open| (open.point, open.index) == (point, index)) {
                open.sent = Some(number);
                rebalance.updated.insert(point);
            }
        }
    }

    /// A limit of a transaction was answered, or will not be.
    pub(super) fn rebalance_answered(&mut self, now: Time, point: PointIx, number: u64) {
        let site = self.points[point.0].site;
        if self.sites[site.0].rebalances.is_empty() {
            return;
        }
        for rebalance in &mut self.sites[site.0].rebalances {
            rebalance.open.retain(|open| open.sent != Some(number));
        }
        self.finish_rebalances(now, site);
    }

    /// Tells the rebalances that have ended.
    pub(super) fn finish_rebalances(&mut self, now: Time, site: SiteIx) {
        if self.sites[site.0].rebalances.is_empty() {
            return;
        }
        let rebalances = std::mem::take(&mut self.sites[site.0].rebalances);
        let mut left = Vec::new();
        for rebalance in rebalances {
            let waits = |open: &Open| open.sent.is_some() || self.will_send(site, open);
            let open = !rebalance.decided || rebalance.open.iter().any(waits);
            if open && rebalance.until > now {
                left.push(rebalance);
                continue;
            }
            let chargers_updated = rebalance.updated.len() as u32;
            self.emit(Event::Rebalanced { site, rebalance: rebalance.id, chargers_updated });
        }
        if let Some(until) = left.iter().map(|rebalance| rebalance.until).min() {
            self.timers.arm(Key::Rebalance(site), until);
        } else {
            self.timers.disarm(Key::Rebalance(site));
        }
        self.sites[site.0].rebalances = left;
    }

    /// Whether a new limit is still to be sent to a connector.
    fn will_send(&self, site: SiteIx, open: &Open) -> bool {
        let state = &self.points[open.point.0];
        let Some(active) = state.connectors[open.index].active.as_ref() else { return false };
        let Some(target) = active.target else { return false };
        state.line.online
            && (target < active.entry.standing()
                || !active.profiled
                || self.sites[site.0].raises.contains(&(open.point, open.index)))
    }

    fn target_at(&self, (point, index): (PointIx, usize)) -> Option<Setpoint> {
        self.points[point.0].connectors[index].active.as_ref()?.target
    }
}
