//! What enters from outside, by public ids.

use crate::csms::input::{Input, Refusal};
use crate::csms::{Csms, PointIx, SiteIx};
use crate::ids::{ChargePointId, SiteId};
use crate::ocpp::types::AuthorizationStatus;
use crate::time::Time;

/// An idTag has at most 20 characters (OCPP 1.6 §7.28).
const LONGEST_ID_TAG: usize = 20;

impl Csms {
    /// Takes an input at `now`. Afterwards take everything from [`Csms::poll_output`] and ask
    /// [`Csms::poll_timeout`] anew.
    ///
    /// # Errors
    /// When it is refused; nothing has changed then.
    pub fn apply(&mut self, now: Time, input: &Input) -> Result<(), Refusal> {
        match input {
            Input::AddSite { site, name } => self.create_site(site, name),
            Input::Configure { site, config } => {
                let site = self.known_site(site)?;
                self.reconfigure(now, site, config)?;
                self.use_freed_room(now, site);
                Ok(())
            }
            Input::Load { site, power, valid_for } => {
                let site = self.known_site(site)?;
                self.tell_load(now, site, *power, *valid_for)?;
                self.use_freed_room(now, site);
                Ok(())
            }
            Input::Rebalance { site, rebalance, .. } => {
                let site = self.known_site(site)?;
                self.ask_rebalance(now, site, rebalance);
                Ok(())
            }
            Input::AddPoint { point, site, hardware, connectors } => {
                let site = site.as_ref().map(|site| self.known_site(site)).transpose()?;
                self.commission(point, site, *hardware, *connectors)
            }
            Input::Link { point, site } => {
                let site = site.as_ref().map(|site| self.known_site(site)).transpose()?;
                let point = self.known_point(point)?;
                self.link(now, point, site)
            }
            Input::RemovePoint { point } => {
                let point = self.known_point(point)?;
                self.decommission(now, point)
            }
            Input::Wish { session, wish } => self.set_wish(now, session, *wish),
            Input::Command { point, command, action, payload } => {
                let point = self.known_point(point)?;
                self.command(now, point, command, action, payload)
            }
            Input::Card { id_tag, status } => self.set_card(id_tag, *status),
            Input::LinkUp { point } => {
                let point = self.known_point(point)?;
                if self.points[point.0].line.online {
                    // The old connection was replaced before its end was noticed.
                    self.link_down(now, point);
                }
                self.link_up(now, point);
                Ok(())
            }
            Input::LinkDown { point } => {
                let point = self.known_point(point)?;
                if self.points[point.0].line.online {
                    self.link_down(now, point);
                    self.use_freed_room(now, self.points[point.0].site);
                }
                Ok(())
            }
            Input::Frame { point, text } => {
                let point = self.known_point(point)?;
                let state = &self.points[point.0];
                if !state.line.online {
                    return Err(Refusal::Conflict(format!("{} is not connected", state.id)));
                }
                self.handle_frame(now, point, text);
                Ok(())
            }
        }
    }

    fn known_site(&self, id: &SiteId) -> Result<SiteIx, Refusal> {
        self.site(id.as_str()).ok_or_else(|| Refusal::NoSuchSite(id.clone()))
    }

    fn known_point(&self, id: &ChargePointId) -> Result<PointIx, Refusal> {
        self.point(id.as_str()).ok_or_else(|| Refusal::NoSuchPoint(id.clone()))
    }

    fn set_card(
        &mut self,
        id_tag: &str,
        status: Option<AuthorizationStatus>,
    ) -> Result<(), Refusal> {
        if !(1..=LONGEST_ID_TAG).contains(&id_tag.chars().count()) {
            let problem = format!("must be 1 to {LONGEST_ID_TAG} characters long");
            return Err(Refusal::Invalid { field: "/id_tag".to_owned(), problem });
        }
        let id_tag = id_tag.to_ascii_lowercase();
        match status {
            Some(status) => self.options.cards.insert(id_tag, status),
            None => self.options.cards.remove(&id_tag),
        };
        Ok(())
    }
}
