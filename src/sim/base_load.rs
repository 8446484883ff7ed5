//! Other loads behind the grid connection, as they are and as their meter tells them.

use crate::csms::Input;
use crate::scenario::model::BaseLoad;
use crate::sim::world::{Central, Event, World};
use crate::time::Time;
use crate::units::Watts;

impl World<'_> {
    /// Plans the steps of the load and the first reading of its meter.
    pub(super) fn plan_base_load(&mut self) {
        let Some(load) = &self.scenario.site.base_load else { return };
        for at in load.steps.iter().map(|(at, _)| *at).filter(|at| *at > self.now) {
            self.queue.push(at, Event::BaseLoad);
        }
        self.queue.push(self.now, Event::BaseLoad);
        self.queue.push(self.now, Event::SiteMeter);
    }

    /// The load takes a step.
    pub(super) fn base_load(&mut self) {
        let load = self.scenario.site.base_load.as_ref().map_or(Watts::ZERO, |l| l.at(self.now));
        self.digest.event(self.now, 10, load.0 as u64, &[]);
        self.limit_moves();
    }

    /// What cars may draw is another now, in truth or by what the central system knows.
    pub(super) fn limit_moves(&mut self) {
        let (now, site) = (self.now, self.site());
        let limit = self.true_limit();
        self.over.set_limit(now, limit.0 * 1000);
        self.committed_over.set_limit(now, self.csms.ev_limit(site).0 * 1000);
        let connection = self.csms.config(site).max_power;
        self.recorder.limit(now, connection, limit);
    }

    /// What cars may draw together: the grid connection less the reserve, or less the other loads
    /// where they are more.
    fn true_limit(&self) -> Watts {
        let config = self.csms.config(self.site());
        let load = self.scenario.site.base_load.as_ref().map(|load| load.at(self.now));
        (config.max_power - config.reserve.max(load.unwrap_or_default())).floor_zero()
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
            power: load.at(self.now),
            valid_for: load.valid_for,
        };
        // A scenario states the worst case, so nothing is to be said against it.
        if self.csms.apply(self.now, &input).is_ok() {
            self.after_central();
        }
    }
}

impl BaseLoad {
    /// What it takes at an instant.
    fn at(&self, at: Time) -> Watts {
        let begun = self.steps.partition_point(|(from, _)| *from <= at);
        begun.checked_sub(1).map_or(Watts::ZERO, |step| self.steps[step].1)
    }

    fn is_silent(&self, at: Time) -> bool {
        self.silent.iter().any(|silent| silent.contains(&at))
    }
}
