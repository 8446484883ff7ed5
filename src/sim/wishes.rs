//! What drivers say they want, told to the central system as an app of theirs would: as an input.

use crate::csms::{Input, Wish};
use crate::ids::SessionId;
use crate::scenario::model::Deadlines;
use crate::sim::world::World;

impl World<'_> {
    /// A session has begun at a bay: its driver tells what the scenario lets be known.
    pub(super) fn tell_wish(&mut self, bay: usize, session: &SessionId) {
        let Some((visit, still_kwh)) = self.bays[bay].still_wanted() else { return };
        let planned = &self.fleet.sessions[visit];
        let departure = match self.scenario.site.deadlines {
            Deadlines::Truth => planned.departure,
            Deadlines::UserInput => planned.announced_departure,
            Deadlines::Estimate | Deadlines::None => return,
        };
        let energy_wh = (still_kwh * 1000.0).round() as i64;
        let wish = Wish { departure: Some(departure), energy_wh: Some(energy_wh) };
        let taken = self.hear(&Input::Wish { session: session.clone(), wish });
        debug_assert!(taken.is_ok(), "the session has just begun: {taken:?}");
    }
}
