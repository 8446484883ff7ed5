//! What could be in force, told whenever it changes, so that a restart knows what to live with.

use crate::csms::active::Active;
use crate::csms::event::{Event, Output};
use crate::csms::records::{Leftover, Record, Subject};
use crate::csms::trust;
use crate::csms::{Csms, PointIx, Setpoint};

impl Csms {
    /// Tells what has changed since it was told last. Runs with every change of a reservation, so
    /// it only compares.
    pub(super) fn tell_bounds(&mut self, point: PointIx) {
        let state = &mut self.points[point.0];
        if !state.registered || state.retired {
            return;
        }
        let full = state.hardware.full();
        let (by_hand, hardware) = (state.by_hand > 0, state.hardware);
        let start = (state.default_limit.confirmed, state.start_bound());
        if state.default_limit.told.unwrap_or((None, full)) != start {
            state.default_limit.told = Some(start);
            let (confirmed, bound) = start;
            let event = Event::BoundChanged { point, connector: 0, confirmed, bound };
            self.outputs.push_back(Output::Event(event));
        }
        let mut slots = state.start_slots.len();
        for (index, connector) in state.connectors.iter_mut().enumerate() {
            let bound = match &connector.active {
                Some(active) if by_hand => Some((active.known(start.0), full)),
                Some(active) => {
                    let proven = hardware.covering(trust::proven(connector.distrust.as_deref()));
                    let other = connector.outlasts(active).unwrap_or_default();
                    Some((active.known(start.0), active.bound().max(other).max(proven)))
                }
                None if connector.charges() || connector.unsure_until.is_some() => Some(start),
                // A card was let in; which connector it will use is not known.
                None if slots > 0 => {
                    slots -= 1;
                    Some(start)
                }
                None => None,
            };
            if connector.told == bound {
                continue;
            }
            connector.told = bound;
            let connector = index as u32 + 1;
            let event = match bound {
                Some((confirmed, bound)) => {
                    Event::BoundChanged { point, connector, confirmed, bound }
                }
                None => Event::BoundGone { point, connector },
            };
            self.outputs.push_back(Output::Event(event));
        }
    }

    /// Tells what connectors have newly proven to draw in spite of their limits. Runs as often.
    pub(super) fn tell_compliance(&mut self, point: PointIx) {
        let state = &mut self.points[point.0];
        let told = state.records.as_deref().and_then(|records| records.compliance.as_deref());
        let known = || {
            let connectors = (1..).zip(state.connectors.iter());
            connectors.filter_map(|(number, c)| c.distrust.as_deref()?.kept(number))
        };
        if known().eq(told.unwrap_or_default().iter().copied()) {
            return;
        }
        let known = Record::Compliance(known().collect());
        state.records.get_or_insert_default().put(known);
        self.emit(Event::RecordChanged { point, subject: Subject::Compliance });
    }

    /// Tells what sessions have left. Runs as often.
    pub(super) fn tell_leftovers(&mut self, point: PointIx) {
        let state = &mut self.points[point.0];
        let told = state.records.as_deref().and_then(|records| records.leftovers.as_deref());
        let left = || {
            let connectors = (1..).zip(state.connectors.iter());
            connectors.filter_map(|(connector, c)| Some(Leftover { connector, limit: c.leftover? }))
        };
        if left().eq(told.unwrap_or_default().iter().copied()) {
            return;
        }
        let left = Record::Leftovers(left().collect());
        state.records.get_or_insert_default().put(left);
        self.emit(Event::RecordChanged { point, subject: Subject::Leftovers });
    }
}

impl Active {
    /// The limit that is certain to have been accepted, be it by an earlier process; before the
    /// first TxProfile that of the TxDefaultProfile.
    pub(super) fn known(&self, default: Option<Setpoint>) -> Option<Setpoint> {
        let own = self.entry.confirmed();
        if self.profiled || self.reconfirm {
            Some(own)
        } else {
            default.map(|default| default.min(own))
        }
    }
}
