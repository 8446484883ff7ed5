//! What the central system shows: the current allocation by the words of the REST API.

use crate::csms::{Csms, PointIx, SiteIx, Trouble};
use crate::ids::{ChargePointId, SessionId, SiteId};
use crate::ocpp::types::ChargePointStatus;
use crate::time::Time;
use crate::units::Watts;

/// How a site's power is distributed now (GET allocation).
#[derive(Clone, Debug, PartialEq)]
pub struct AllocationView {
    /// Grid connection.
    pub total_capacity: Watts,
    /// Kept for other loads.
    pub reserved: Watts,
    /// What electric vehicles may share.
    pub available: Watts,
    /// Accepted limits of all running sessions.
    pub allocated: Watts,
    /// Available and not allocated.
    pub idle: Watts,
    /// One per connector.
    pub chargers: Vec<ChargerView>,
    /// When the last decision was made.
    pub calculated_at: Time,
}

/// One connector in an [`AllocationView`].
#[derive(Clone, Debug, PartialEq)]
pub struct ChargerView {
    /// Its charge point.
    pub charge_point_id: ChargePointId,
    /// 1-based.
    pub connector_id: u32,
    /// Last reported.
    pub status: ChargePointStatus,
    /// The limit accepted by SetChargingProfile.
    pub allocated: Watts,
    /// The last meter value.
    pub actual_draw: Watts,
    /// The running session.
    pub session_id: Option<SessionId>,
    /// It refuses or ignores limits.
    pub trouble: Option<Trouble>,
}

impl Csms {
    /// How a site's power is distributed now.
    #[must_use]
    pub fn allocation(&self, site: SiteIx) -> AllocationView {
        let state = &self.sites[site.0];
        let mut chargers = Vec::new();
        for point in &state.points {
            let station = &self.points[point.0];
            for (index, connector) in station.connectors.iter().enumerate() {
                let active = connector.active.as_ref();
                let session =
                    active.and_then(|active| self.transactions.get(active.transaction_id));
                chargers.push(ChargerView {
                    charge_point_id: station.id.clone(),
                    connector_id: index as u32 + 1,
                    status: connector.status,
                    allocated: station.allocated_on(connector),
                    actual_draw: Watts(connector.measured_w),
                    session_id: session.map(|transaction| transaction.session.clone()),
                    trouble: connector.trouble(),
                });
            }
        }
        let available = state.ev_limit();
        let allocated = chargers.iter().map(|charger| charger.allocated).sum();
        AllocationView {
            total_capacity: state.contracted(),
            reserved: state.contracted() - available,
            available,
            allocated,
            idle: (available - allocated).floor_zero(),
            chargers,
            calculated_at: state.decided_at,
        }
    }

    /// The identity of a site.
    #[must_use]
    pub fn site_id(&self, site: SiteIx) -> &SiteId {
        &self.sites[site.0].id
    }

    /// Accepted limits of the running sessions at a charge point.
    #[must_use]
    pub fn allocated_at(&self, point: PointIx) -> Watts {
        self.budgets[point.0].allocated
    }
}
