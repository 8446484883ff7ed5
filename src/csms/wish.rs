//! What drivers want: when they leave, and how much they need until then.
//!
//! OCPP 1.6 has no message for it, so it comes from an app or a desk. Strategies that go by
//! deadlines use it, and so does a soft limit; otherwise it is kept and shown.

use serde::{Deserialize, Serialize};

use crate::csms::event::{Event, Trigger};
use crate::csms::input::Refusal;
use crate::csms::{Csms, PointIx};
use crate::ids::SessionId;
use crate::time::Time;

/// No car stores more than this, 10 MWh.
const MOST_WH: i64 = 10_000_000;

/// What a driver is known to want; nothing of it needs to be known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// When the car leaves.
    pub departure: Option<Time>,
    /// Energy from the start of the transaction on, Wh, 0..=10 MWh.
    pub energy_wh: Option<i64>,
}

impl Csms {
    /// A driver's wish is known from now on, whole; it replaces what was known before.
    pub(super) fn set_wish(
        &mut self,
        now: Time,
        session: &SessionId,
        wish: Wish,
    ) -> Result<(), Refusal> {
        if wish.energy_wh.is_some_and(|energy| !(0..=MOST_WH).contains(&energy)) {
            let problem = format!("must be from 0 to {MOST_WH} Wh");
            return Err(Refusal::Invalid { field: "/wish/energy_wh".to_owned(), problem });
        }
        let Some((point, index)) = self.running(session) else {
            return Err(Refusal::Conflict(format!("session {session} does not run")));
        };
        let connector = &mut self.points[point.0].connectors[index];
        let Some(active) = connector.active.as_mut().filter(|active| active.wish != wish) else {
            return Ok(());
        };
        active.wish = wish;
        let transaction_id = active.transaction_id;
        self.transactions.wished(transaction_id, wish);
        self.roster.touch(point);
        self.emit(Event::WishChanged { point, connector: index as u32 + 1, transaction_id });
        let site = &self.sites[self.points[point.0].site.0];
        if site.config.strategy.heeds_deadlines() || site.soft().is_some() {
            self.trigger(now, point, Trigger::Wish);
        }
        Ok(())
    }

    /// Where a session runs: charge point and index of the connector.
    fn running(&self, session: &SessionId) -> Option<(PointIx, usize)> {
        self.points().find_map(|point| {
            let connectors = &self.points[point.0].connectors;
            let index = connectors.iter().position(|connector| {
                let active = connector.active.as_ref();
                active
                    .and_then(|active| self.transactions.get(active.transaction_id))
                    .is_some_and(|transaction| transaction.session == *session)
            })?;
            Some((point, index))
        })
    }
}
