//! What a central system is set up with: enough to build another one that answers the same inputs
//! in the same way.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::csms::config::{Control, Hardware, SiteConfig};
use crate::csms::{Csms, Options, PointIx};
use crate::ids::{ChargePointId, SiteId};
use crate::ocpp::types::AuthorizationStatus;
use crate::time::{Span, Time};

/// Sites, charge points and options of a central system to which nothing has happened yet. What
/// runs is not in it: transactions, connections, limits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Setup {
    /// Heartbeat interval given at boot.
    pub heartbeat: Span,
    /// Status of cards that `cards` does not name.
    pub unknown_card: AuthorizationStatus,
    /// Known cards.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub cards: BTreeMap<String, AuthorizationStatus>,
    /// Time a driver has between Authorize and the start.
    pub start_window: Span,
    /// The control loop of sites that are added later.
    pub control: Control,
    /// Sites, in the order in which they were made.
    pub sites: Vec<SetupSite>,
    /// Charge points, in the order of their commissioning.
    pub points: Vec<SetupPoint>,
}

/// A site.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SetupSite {
    /// Its id.
    pub site: SiteId,
    /// For people.
    pub name: String,
    /// When it was configured; `None`: never, so nothing may be drawn there.
    pub configured_at: Option<Time>,
    /// What holds.
    pub config: SiteConfig,
    /// Its control loop.
    pub control: Control,
}

/// A charge point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SetupPoint {
    /// Its OCPP identity.
    pub point: ChargePointId,
    /// Where it stands; `None`: not linked.
    pub site: Option<SiteId>,
    /// Its rating.
    pub hardware: Hardware,
    /// Physical connectors, 1..
    pub connectors: u32,
}

impl Csms {
    /// What this central system is set up with.
    #[must_use]
    pub fn setup(&self) -> Setup {
        let Options { heartbeat, unknown_card, cards, start_window, control } = &self.options;
        let sites = self.sites.iter().enumerate();
        let sites = sites.filter(|(index, _)| self.unlinked.is_none_or(|it| it.0 != *index));
        let points = self.points.iter().filter(|point| !point.retired);
        Setup {
            heartbeat: *heartbeat,
            unknown_card: *unknown_card,
            cards: cards.clone(),
            start_window: *start_window,
            control: control.clone(),
            sites: sites
                .map(|(_, site)| SetupSite {
                    site: site.id.clone(),
                    name: site.name.clone(),
                    configured_at: site.configured_at,
                    config: site.config.clone(),
                    control: site.control.clone(),
                })
                .collect(),
            points: points
                .map(|point| SetupPoint {
                    point: point.id.clone(),
                    site: (self.unlinked != Some(point.site))
                        .then(|| self.sites[point.site.0].id.clone()),
                    hardware: point.hardware,
                    connectors: point.connectors.len() as u32,
                })
                .collect(),
        }
    }

    /// A central system that is set up like this. What is there twice, or has no connector, is
    /// passed over; a site that is not there counts as none.
    #[must_use]
    pub fn with_setup(setup: &Setup) -> Csms {
        let mut csms = Csms::new(Options {
            heartbeat: setup.heartbeat,
            unknown_card: setup.unknown_card,
            cards: setup.cards.clone(),
            start_window: setup.start_window,
            control: setup.control.clone(),
        });
        for it in &setup.sites {
            if csms.site(it.site.as_str()).is_some() {
                continue;
            }
            let site = csms.add_site(it.site.clone(), it.config.clone(), it.control.clone());
            match it.configured_at {
                Some(at) => csms.describe_site(site, &it.name, at),
                None => {
                    csms.sites[site.0].name.clone_from(&it.name);
                    csms.sites[site.0].configured_at = None;
                }
            }
        }
        for it in &setup.points {
            if it.connectors == 0 || csms.point(it.point.as_str()).is_some() {
                continue;
            }
            let site = it.site.as_ref().and_then(|site| csms.site(site.as_str()));
            let site = site.unwrap_or_else(|| csms.nowhere());
            let _: PointIx = csms.insert_point(it.point.clone(), site, it.hardware, it.connectors);
        }
        for site in 0..csms.sites.len() {
            csms.lay_out(Time(0), crate::csms::SiteIx(site));
        }
        csms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_up_is_written_down_and_makes_the_same_again() {
        let mut csms = Csms::new(Options::default());
        let config = crate::csms::registry::unconfigured();
        let site = csms.add_site(SiteId::new("site_1"), config, Control::default());
        csms.describe_site(site, "Home", Time(5));
        csms.add_point(ChargePointId::new("cp_1"), site, Hardware::ac22(), 2);
        let nowhere = csms.nowhere();
        csms.add_point(ChargePointId::new("cp_2"), nowhere, Hardware::ac22(), 1);
        let setup = csms.setup();
        assert_eq!((setup.sites.len(), setup.points[1].site.clone()), (1, None));
        let text = serde_json::to_string(&setup).unwrap();
        let again: Setup = serde_json::from_str(&text).unwrap();
        assert_eq!(Csms::with_setup(&again).setup(), setup);
    }
}
