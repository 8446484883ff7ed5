//! Other loads and photovoltaics behind the grid connection, as they are and as their meter tells
//! them; and what that leaves for cars.

use crate::csms::Input;
use crate::scenario::model::BaseLoad;
use crate::sim::world::{Central, Event, World};
use crate::time::Time;
use crate::units::Watts;

impl World<'_> {
    /// Plans the steps of the load and the first reading of its meter.
    pub(super) fn plan_base_load(&mut self) {
        let Some(load) = &self.scenario.site.base_load else { return };
        let steps = load.steps.iter().chain(&self.fleet.pv);
        for at in steps.map(|(at, _)| *at).filter(|at| *at > self.now) {
            self.queue.push(at, Event::BaseLoad);
        }
        self.queue.push(self.now, Event::BaseLoad);
        self.queue.push(self.now, Event::SiteMeter);
    }

    /// The load takes a step.
    pub(super) fn base_load(&mut self) {
        let load = self.other_loads().unwrap_or_default();
        self.digest.event(self.now, 10, load.0 as u64, &[]);
        self.limit_moves();
    }

    /// What cars may draw is another now, in truth or by what the central system knows.
    pub(super) fn limit_moves(&mut self) {
        let (now, site) = (self.now, self.site());
        let limit = self.true_limit();
        self.over.drawn.set_limit(now, limit.0 * 1000);
        self.over.committed.set_limit(now, self.csms.ev_limit_in_force(site).0 * 1000);
        self.recorder.limit(now, self.csms.contracted(site), limit);
        let soft = self.soft_room();
        self.over.soft.set_limit(now, soft.map_or(i64::MAX, |room| room.0 * 1000));
        self.recorder.soft_limit(now, soft);
    }

    /// What cars should draw together at most where a soft limit holds: what that leaves beside the
    /// other loads as they are.
    fn soft_room(&self) -> Option<Watts> {
        let site = self.site();
        let others = self.other_loads().unwrap_or(self.csms.config(site).reserve);
        Some((self.csms.soft_limit(site)? - others).floor_zero().min(self.true_limit()))
    }

    /// What other loads take less what photovoltaics give, where a meter sees them.
    fn other_loads(&self) -> Option<Watts> {
        let load = self.scenario.site.base_load.as_ref()?;
        Some(held(&load.steps, self.now) - held(&self.fleet.pv, self.now))
    }

    /// What cars may draw together: the grid connection less the reserve, or less the other loads
    /// where they are more.
    fn true_limit(&self) -> Watts {
        let (site, load) = (self.site(), self.other_loads().unwrap_or_default());
        let kept = self.csms.config(site).reserve.max(load);
        (self.csms.contracted(site) - kept).floor_zero()
    }

    /// The meter of the load tells what it shows, unless it is silent.
    pub(super) fn site_meter(&mut self) {
        let Some(load) = &self.scenario.site.base_load else { return };
        self.queue.push(self.now + load.meter_every, Event::SiteMeter);
        if self.central == Central::Elsewhere || load.is_silent(self.now) {
            return;
        }
        let input = Input::Load {
            site: self.csms.site_id(self.site()).clone(),
            power: self.other_loads().unwrap_or_default(),
            valid_for: load.valid_for,
        };
        // A scenario states the worst case, so nothing is to be said against it.
        if self.hear(&input).is_ok() {
            self.after_central();
        }
    }
}

/// What holds at an instant of steps in time.
fn held(steps: &[(Time, Watts)], at: Time) -> Watts {
    let begun = steps.partition_point(|(from, _)| *from <= at);
    begun.checked_sub(1).map_or(Watts::ZERO, |step| steps[step].1)
}

impl BaseLoad {
    fn is_silent(&self, at: Time) -> bool {
        self.silent.iter().any(|silent| silent.contains(&at))
    }
}
