//! Sites and charge points come, move and go while the rest goes on.

use std::collections::BTreeMap;

use crate::allocation::Strategy;
use crate::csms::control::Site;
use crate::csms::event::{Event, Trigger};
use crate::csms::input::Refusal;
use crate::csms::timers::Key;
use crate::csms::today::Today;
use crate::csms::validate::{check_config, check_hardware};
use crate::csms::{Budget, Control, Csms, Hardware, PointIx, SiteConfig, SiteIx};
use crate::ids::{ChargePointId, SiteId};
use crate::time::Time;
use crate::units::Watts;

/// Until its first configuration a site has no power to share.
pub(super) fn unconfigured() -> SiteConfig {
    SiteConfig {
        max_power: Watts::ZERO,
        reserve: Watts::ZERO,
        strategy: Strategy::Equal,
        min_charge_rate: Watts(3_700),
        priorities: BTreeMap::new(),
        worst_load: None,
        wiring: None,
        calendar: None,
    }
}

impl Csms {
    /// What people call a site, and since when its configuration holds.
    pub fn describe_site(&mut self, site: SiteIx, name: &str, configured_at: Time) {
        let state = &mut self.sites[site.0];
        state.name = name.to_owned();
        state.configured_at = Some(configured_at);
        self.look_at_calendar(configured_at, site);
    }

    /// A site without configuration.
    pub(super) fn create_site(&mut self, id: &SiteId, name: &str) -> Result<(), Refusal> {
        if id.as_str().is_empty() {
            let problem = "must not be empty".to_owned();
            return Err(Refusal::Invalid { field: "/site_id".to_owned(), problem });
        }
        if self.sites_by_id.contains_key(id) {
            return Err(Refusal::Exists(format!("the site {id}")));
        }
        self.insert_site(id, name, None);
        Ok(())
    }

    /// A site, configured at an instant or not at all.
    pub(super) fn insert_site(
        &mut self,
        id: &SiteId,
        name: &str,
        config: Option<(SiteConfig, Time)>,
    ) {
        let (config, at) = config.unzip();
        let config = config.unwrap_or_else(unconfigured);
        let site = self.add_site(id.clone(), config, self.options.control.clone());
        self.sites[site.0].name = name.to_owned();
        self.sites[site.0].configured_at = at;
    }

    /// A whole configuration.
    pub(super) fn reconfigure(
        &mut self,
        now: Time,
        site: SiteIx,
        config: &SiteConfig,
    ) -> Result<(), Refusal> {
        let here = |id: &ChargePointId| {
            self.by_id.get(id).is_some_and(|point| self.points[point.0].site == site)
        };
        check_config(config, here)?;
        self.adopt(now, site, config.clone());
        Ok(())
    }

    /// A configuration holds from now on, whoever set it; the next decision follows at once.
    pub(super) fn adopt(&mut self, now: Time, site: SiteIx, config: SiteConfig) {
        let state = &mut self.sites[site.0];
        let before = state.ev_limit();
        // What is told again is no news: rates that move with time do not move for it.
        let same = state.configured_at.is_some() && state.config == config;
        let trigger = if same { Trigger::Manual } else { Trigger::Config };
        state.today = Today::of(&config);
        state.config = config;
        state.configured_at = Some(now);
        self.look_at_calendar(now, site);
        let state = &self.sites[site.0];
        let points = state.points.clone();
        for point in &points {
            let weights = &self.sites[site.0].config.priorities;
            let station = &mut self.points[point.0];
            station.weight = weights.get(&station.id).copied().unwrap_or(1);
            self.roster.touch(*point);
        }
        self.lay_out(now, site);
        self.bound_starts_anew(now, site, before);
        self.trigger_site(now, site, trigger);
        self.timers.arm_by(Key::Decide(site), now);
    }

    /// A charge point is commissioned, linked or not.
    pub(super) fn commission(
        &mut self,
        id: &ChargePointId,
        site: Option<SiteIx>,
        hardware: Hardware,
        connectors: u32,
    ) -> Result<(), Refusal> {
        if id.as_str().is_empty() {
            let problem = "must not be empty".to_owned();
            return Err(Refusal::Invalid { field: "/charge_point_id".to_owned(), problem });
        }
        if self.by_id.contains_key(id) {
            return Err(Refusal::Exists(format!("the charge point {id}")));
        }
        check_hardware(&hardware, connectors)?;
        let site = site.unwrap_or_else(|| self.nowhere());
        let point = self.add_point(id.clone(), site, hardware, connectors);
        self.want_default_limit(point);
        self.emit(Event::PointChanged { point });
        Ok(())
    }

    /// A charge point without transaction moves to another site, or to none, and its reservation
    /// with it.
    pub(super) fn link(
        &mut self,
        now: Time,
        point: PointIx,
        to: Option<SiteIx>,
    ) -> Result<(), Refusal> {
        let state = &self.points[point.0];
        let from = state.site;
        if self.site_of(point) == to {
            return Ok(());
        }
        self.refuse_while_used(point)?;
        let held = self.budgets[point.0].reserved;
        if let Some(to) = to {
            let site = &self.sites[to.0];
            let free = (site.ev_limit() - site.reserved).floor_zero();
            if held > free {
                return Err(Refusal::Conflict(format!(
                    "{} could draw {} kW while it is not connected, but only {} kW of {} are free; \
                     connect it first",
                    state.id,
                    held.kw(),
                    free.kw(),
                    site.id
                )));
            }
        }
        let to = to.unwrap_or_else(|| self.nowhere());
        self.sites[from.0].points.retain(|known| *known != point);
        self.sites[from.0].reserved -= held;
        self.budgets[point.0] = Budget::default();
        let weights = &self.sites[to.0].config.priorities;
        let state = &mut self.points[point.0];
        state.weight = weights.get(&state.id).copied().unwrap_or(1);
        state.site = to;
        self.sites[to.0].points.push(point);
        self.lay_out(now, from);
        self.lay_out(now, to);
        self.want_default_limit(point);
        self.update_reserved(point);
        self.pump(now, point);
        self.emit(Event::PointChanged { point });
        self.trigger_site(now, from, Trigger::Connection);
        self.trigger_site(now, to, Trigger::Connection);
        Ok(())
    }

    /// A charge point is decommissioned. Its index stays, its identity is free again.
    pub(super) fn decommission(&mut self, now: Time, point: PointIx) -> Result<(), Refusal> {
        let state = &self.points[point.0];
        if state.line.online {
            return Err(Refusal::Conflict(format!("{} is connected; disconnect it", state.id)));
        }
        self.refuse_while_used(point)?;
        let state = &mut self.points[point.0];
        let site = state.site;
        state.retired = true;
        let told = state.default_limit.told.take().is_some();
        let gone = state.connectors.iter_mut().map(|connector| connector.told.take().is_some());
        let gone: Vec<bool> = std::iter::once(told).chain(gone).collect();
        self.timers.forget(point, gone.len() - 1);
        self.by_id.remove(&self.points[point.0].id);
        self.sites[site.0].points.retain(|known| *known != point);
        self.sites[site.0].reserved -= self.budgets[point.0].reserved;
        self.budgets[point.0] = Budget::default();
        self.lay_out(now, site);
        for (connector, told) in gone.into_iter().enumerate() {
            if told {
                self.emit(Event::BoundGone { point, connector: connector as u32 });
            }
        }
        self.emit(Event::PointChanged { point });
        self.trigger_site(now, site, Trigger::Connection);
        Ok(())
    }

    fn refuse_while_used(&self, point: PointIx) -> Result<(), Refusal> {
        let state = &self.points[point.0];
        let runs = |text: &str| Err(Refusal::Conflict(format!("{}: {text}", state.id)));
        if state.connectors.iter().any(|c| c.active.is_some() || c.charges()) {
            return runs("a transaction runs there; stop it first");
        }
        if !state.start_slots.is_empty() || !state.waiting_cards.is_empty() {
            return runs("a start is under way there; try again when it is over");
        }
        if state.by_hand > 0 {
            return runs("a command waits that may undo its limits; try again when it has ended");
        }
        Ok(())
    }

    /// The site of charge points that are not linked.
    pub(super) fn nowhere(&mut self) -> SiteIx {
        if let Some(site) = self.unlinked {
            return site;
        }
        let site = SiteIx(self.sites.len());
        self.sites.push(Site::new(SiteId::new(""), unconfigured(), Control::default()));
        *self.unlinked.insert(site)
    }
}
