//! From charging profiles to the offer on the pilot.

use crate::charger::connector::Connector;
use crate::charger::point::ChargePoint;
use crate::charger::{CurrentKind, Output};
use crate::ocpp::profile::share::{shared_limits, shared_power_limits};
use crate::ocpp::profile::{Composite, Reading, Supply};
use crate::time::Time;
use crate::units::DeciAmps;
use crate::vehicle::Offer;

impl ChargePoint {
    /// The installed profiles as they combine on this station, which cannot drop phases.
    pub(super) fn composite(&self) -> Composite<'_> {
        Composite {
            store: &self.store,
            transactions: &self.transactions,
            supply: Supply::fixed(self.spec.voltage_v, self.spec.phases),
            reading: Reading::default(),
        }
    }

    /// Offers every connector what its profiles and the hardware allow now. A connector without a
    /// running transaction, or with a refused idTag, is offered nothing.
    pub(super) fn update_offers(&mut self, now: Time) {
        self.apply_at = if self.apply_at <= now { Time::NEVER } else { self.apply_at };
        let is_charging = |c: &&Connector| c.running().is_some_and(|charge| !charge.blocked);
        let charging: Vec<u32> =
            self.connectors.iter().filter(is_charging).map(|c| c.number).collect();
        let (offers, until) = match self.spec.kind {
            CurrentKind::Ac => self.ac_offers(&charging, self.clock(now)),
            CurrentKind::Dc => self.dc_offers(&charging, self.clock(now)),
        };
        self.limits_until = self.when_clock_shows(until);
        for c in 0..self.connectors.len() {
            let place = charging.iter().position(|number| *number == self.connectors[c].number);
            let allowed = place.map_or(Offer::None, |place| offers[place]);
            let offer = self.bent_offer(c, place.is_some(), allowed);
            self.set_offer(now, c, offer);
        }
    }

    /// By the station's clock, as the profiles are.
    fn ac_offers(&self, charging: &[u32], clock: Time) -> (Vec<Offer>, Time) {
        let limits = shared_limits(&self.composite(), charging, clock);
        let until = limits.iter().map(|limit| limit.until).fold(Time::NEVER, Time::min);
        let offer = |current: Option<DeciAmps>| {
            let allowed = current.map_or(self.spec.max_current, |c| c.min(self.spec.max_current));
            match allowed.signalled() {
                DeciAmps::ZERO => Offer::None,
                current => Offer::Ac {
                    current,
                    phases: self.spec.phases,
                    voltage_v: self.spec.voltage_v,
                    max_power: self.spec.max_power,
                },
            }
        };
        (limits.iter().map(|limit| offer(limit.current)).collect(), until)
    }

    fn dc_offers(&self, charging: &[u32], clock: Time) -> (Vec<Offer>, Time) {
        let limits = shared_power_limits(&self.composite(), charging, clock);
        let until = limits.iter().map(|limit| limit.until).fold(Time::NEVER, Time::min);
        let rated = self.spec.max_power;
        let offers = limits.iter().map(|limit| match limit.power.unwrap_or(rated).min(rated) {
            power if power.0 > 0 => Offer::Dc { power },
            _ => Offer::None,
        });
        (offers.collect(), until)
    }

    fn set_offer(&mut self, now: Time, c: usize, offer: Offer) {
        if self.connectors[c].offer != offer {
            self.connectors[c].offer = offer;
            let connector = self.connectors[c].number;
            self.outputs.push_back(Output::Offer { connector, offer });
            self.refresh_status(now, c);
        }
    }
}
