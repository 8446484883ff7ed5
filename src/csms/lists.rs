//! What there is: sites, charge points, sessions, by the words of the REST API.

use crate::csms::active::Active;
use crate::csms::config::{Hardware, SiteConfig};
use crate::csms::point::{Connector, Point};
use crate::csms::transactions::{StopTold, Transaction};
use crate::csms::{Csms, PointIx, SiteIx, Trouble, Wish};
use crate::ids::{ChargePointId, SessionId, SiteId};
use crate::ocpp::types::ChargePointStatus;
use crate::time::Time;
use crate::units::Watts;

/// A site.
#[derive(Clone, Debug, PartialEq)]
pub struct SiteView {
    /// Its id.
    pub id: SiteId,
    /// For people.
    pub name: String,
    /// `None` before the first configuration.
    pub config: Option<SiteConfig>,
    /// When that was set; the epoch for a site that a scenario brought along.
    pub configured_at: Option<Time>,
    /// Linked charge points.
    pub points: usize,
}

/// A site's power now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SiteTotals {
    /// Accepted limits of running sessions.
    pub allocated: Watts,
    /// Last meter values together.
    pub draw: Watts,
    /// The ledger's worst case.
    pub reserved: Watts,
    /// Running transactions.
    pub active_sessions: u32,
    /// Connectors that refuse or ignore limits.
    pub troubled: u32,
}

/// A charge point.
#[derive(Clone, Debug, PartialEq)]
pub struct PointView {
    /// Its OCPP identity.
    pub id: ChargePointId,
    /// Where it stands; `None`: not linked.
    pub site: Option<SiteId>,
    /// A connection is open.
    pub connected: bool,
    /// It has booted at least once.
    pub registered: bool,
    /// Its rating.
    pub hardware: Hardware,
    /// Under `priority` and `proportional_fair`, 1..=1000.
    pub weight: u32,
    /// What each of its connectors falls back to when nobody reaches it.
    pub fallback: Watts,
    /// Connector 1 first.
    pub connectors: Vec<ConnectorView>,
}

/// A connector.
#[derive(Clone, Debug, PartialEq)]
pub struct ConnectorView {
    /// 1-based.
    pub connector: u32,
    /// Last reported.
    pub status: ChargePointStatus,
    /// Accepted limit of its session.
    pub allocated: Watts,
    /// Last meter value.
    pub draw: Watts,
    /// The running session.
    pub session: Option<SessionId>,
    /// It refuses or ignores limits.
    pub trouble: Option<Trouble>,
}

/// A running session.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionView {
    /// `ses_..`
    pub session: SessionId,
    /// OCPP transactionId.
    pub transaction_id: i64,
    /// Where.
    pub point: ChargePointId,
    /// 1-based.
    pub connector: u32,
    /// The site; `None`: not linked.
    pub site: Option<SiteId>,
    /// Whose.
    pub id_tag: String,
    /// StartTransaction timestamp.
    pub started_at: Time,
    /// By the meter, Wh.
    pub energy_wh: i64,
    /// Accepted limit.
    pub allocated: Watts,
    /// Last meter value.
    pub draw: Watts,
    /// Under `priority` and `proportional_fair`, 1..=1000.
    pub weight: u32,
}

/// A transaction, running or ended not long ago.
#[derive(Clone, Debug, PartialEq)]
pub struct TransactionView {
    /// OCPP transactionId.
    pub transaction_id: i64,
    /// `ses_..`
    pub session: SessionId,
    /// Where.
    pub point: ChargePointId,
    /// As reported, 1-based.
    pub connector: u32,
    /// Whose.
    pub id_tag: String,
    /// When it began, in our time.
    pub started_at: Time,
    /// The same as its station said it.
    pub said: Time,
    /// Register at the start, Wh.
    pub meter_start_wh: i64,
    /// What its driver wants.
    pub wish: Wish,
    /// True when it has ended.
    pub ended: bool,
    /// What its StopTransaction said.
    pub stop: Option<StopTold>,
}

impl Csms {
    /// The site with this id.
    #[must_use]
    pub fn site(&self, id: &str) -> Option<SiteIx> {
        self.sites_by_id.get(id).copied()
    }

    /// All sites, by id.
    pub fn sites(&self) -> impl Iterator<Item = SiteIx> {
        self.sites_by_id.values().copied()
    }

    /// A site.
    #[must_use]
    pub fn site_view(&self, site: SiteIx) -> SiteView {
        let state = &self.sites[site.0];
        SiteView {
            id: state.id.clone(),
            name: state.name.clone(),
            config: state.configured_at.map(|_| state.config.clone()),
            configured_at: state.configured_at,
            points: state.points.len(),
        }
    }

    /// A site's power now.
    #[must_use]
    pub fn totals(&self, site: SiteIx) -> SiteTotals {
        let state = &self.sites[site.0];
        let mut totals = SiteTotals { reserved: state.reserved, ..SiteTotals::default() };
        for point in &state.points {
            totals.allocated += self.budgets[point.0].allocated;
            totals.troubled += u32::from(self.points[point.0].default_limit.exhausted);
            for connector in self.points[point.0].connectors.iter() {
                totals.draw += Watts(connector.measured_w);
                totals.active_sessions += u32::from(connector.active.is_some());
                totals.troubled += u32::from(connector.trouble().is_some());
            }
        }
        totals
    }

    /// Whether a charge point at this site is connected and has a connector that can charge: only
    /// then is there something to configure.
    #[must_use]
    pub fn is_commissioned(&self, site: SiteIx) -> bool {
        use ChargePointStatus::{
            Available, Charging, Finishing, Preparing, SuspendedEv, SuspendedEvse,
        };
        let serves = |connector: &Connector| {
            let status = connector.status;
            matches!(
                status,
                Available | Preparing | Charging | SuspendedEv | SuspendedEvse | Finishing
            )
        };
        self.sites[site.0].points.iter().any(|point| {
            let state = &self.points[point.0];
            state.line.online && state.registered && state.connectors.iter().any(serves)
        })
    }

    /// All commissioned charge points, by identity.
    pub fn points(&self) -> impl Iterator<Item = PointIx> {
        self.by_id.values().copied()
    }

    /// The charge points linked to a site, in the order of their linking.
    #[must_use]
    pub fn points_at(&self, site: SiteIx) -> &[PointIx] {
        &self.sites[site.0].points
    }

    /// The identity of a charge point, also of a decommissioned one.
    #[must_use]
    pub fn point_id(&self, point: PointIx) -> &ChargePointId {
        &self.points[point.0].id
    }

    /// Where a charge point stands; `None`: not linked.
    #[must_use]
    pub fn site_of(&self, point: PointIx) -> Option<SiteIx> {
        let site = self.points[point.0].site;
        self.sites_by_id.contains_key(&self.sites[site.0].id).then_some(site)
    }

    /// SetChargingProfile that a charge point was told in this hour and the 23 before, and how many
    /// it may be told in a day; 0: as many as it takes.
    #[must_use]
    pub fn profile_writes(&self, now: Time, point: PointIx) -> (u32, u32) {
        let state = &self.points[point.0];
        (state.writes.in_a_day(now), self.sites[state.site.0].control.write_budget)
    }

    /// A charge point; `None`: it was decommissioned.
    #[must_use]
    pub fn point_view(&self, point: PointIx) -> Option<PointView> {
        let state = &self.points[point.0];
        if state.retired {
            return None;
        }
        let connectors = state.connectors.iter().enumerate().map(|(index, connector)| {
            let transaction = self.transaction_on(connector);
            ConnectorView {
                connector: index as u32 + 1,
                status: connector.status,
                allocated: state.allocated_on(connector),
                draw: Watts(connector.measured_w),
                session: transaction.map(|(_, transaction)| transaction.session.clone()),
                trouble: connector.trouble(),
            }
        });
        Some(PointView {
            id: state.id.clone(),
            site: self.site_of(point).map(|site| self.site_id(site).clone()),
            connected: state.line.online,
            registered: state.registered,
            hardware: state.hardware,
            weight: state.weight,
            fallback: self.fallback(point),
            connectors: connectors.collect(),
        })
    }

    /// Running sessions at a site, or everywhere, by charge point.
    #[must_use]
    pub fn sessions(&self, site: Option<SiteIx>) -> Vec<SessionView> {
        let mut sessions = Vec::new();
        for point in self.by_id.values() {
            let state = &self.points[point.0];
            if site.is_some_and(|site| state.site != site) {
                continue;
            }
            for connector in state.connectors.iter() {
                if let Some((active, transaction)) = self.transaction_on(connector) {
                    sessions.push(self.session_view(*point, state, connector, active, transaction));
                }
            }
        }
        sessions
    }

    /// A transaction, running or ended not long ago.
    #[must_use]
    pub fn transaction(&self, transaction_id: i64) -> Option<TransactionView> {
        let transaction = self.transactions.get(transaction_id)?;
        Some(TransactionView {
            transaction_id,
            session: transaction.session.clone(),
            point: self.points[transaction.point.0].id.clone(),
            connector: transaction.connector,
            id_tag: transaction.id_tag.clone(),
            started_at: transaction.timestamp,
            said: transaction.said,
            meter_start_wh: transaction.meter_start,
            wish: transaction.wish,
            ended: transaction.ended,
            stop: transaction.stop,
        })
    }

    fn transaction_on<'a>(
        &'a self,
        connector: &'a Connector,
    ) -> Option<(&'a Active, &'a Transaction)> {
        let active = connector.active.as_ref()?;
        Some((active, self.transactions.get(active.transaction_id)?))
    }

    fn session_view(
        &self,
        point: PointIx,
        state: &Point,
        connector: &Connector,
        active: &Active,
        transaction: &Transaction,
    ) -> SessionView {
        SessionView {
            session: transaction.session.clone(),
            transaction_id: active.transaction_id,
            point: state.id.clone(),
            connector: transaction.connector,
            site: self.site_of(point).map(|site| self.site_id(site).clone()),
            id_tag: transaction.id_tag.clone(),
            started_at: transaction.timestamp,
            energy_wh: active.account.wh(),
            allocated: state.allocated_on(connector),
            draw: Watts(connector.measured_w),
            weight: state.weight,
        }
    }
}
