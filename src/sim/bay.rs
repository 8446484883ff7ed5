//! A parking bay: one connector and the car that stands there.

use crate::scenario::model::PlannedSession;
use crate::time::Time;
use crate::vehicle::{Draw, Offer, Vehicle};

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Bay {
    guest: Option<Guest>,
    /// What the connector offers now, car or not.
    offer: Offer,
}

/// A car that is plugged in.
#[derive(Debug)]
pub(crate) struct Guest {
    pub(crate) visit: usize,
    pub(crate) vehicle: Vehicle,
    pub(crate) draw_mw: i64,
    pub(crate) first_power: Option<Time>,
    /// Spans with power; the last may be open.
    pub(crate) charging: Vec<(Time, Time)>,
    charging_since: Option<Time>,
    told: Option<(Draw, bool)>,
    timer: Time,
}

/// What a car did since it was last looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change {
    pub(crate) step_mw: i64,
    pub(crate) draw: Draw,
    pub(crate) wants_power: bool,
    pub(crate) soc_pct: Option<f64>,
    /// The charge point has not been told yet.
    pub(crate) news: bool,
    /// A new timer to arm.
    pub(crate) timer: Option<Time>,
}

impl Bay {
    pub(crate) fn visit(&self) -> Option<usize> {
        self.guest.as_ref().map(|guest| guest.visit)
    }

    /// The visitor, and what is left of the wish by the last look at the car, kWh.
    pub(crate) fn still_wanted(&self) -> Option<(usize, f64)> {
        let guest = self.guest.as_ref()?;
        let left = guest.vehicle.wish_kwh() - guest.vehicle.metered_kwh();
        Some((guest.visit, left.max(0.0)))
    }

    pub(crate) fn arrive(&mut self, now: Time, visit: usize, session: &PlannedSession) {
        let mut vehicle =
            Vehicle::new(session.vehicle.clone(), session.initial_kwh, session.wish_kwh, now);
        vehicle.set_offer(now, self.offer);
        self.guest = Some(Guest {
            visit,
            vehicle,
            draw_mw: 0,
            first_power: None,
            charging: Vec::new(),
            charging_since: None,
            told: None,
            timer: Time::NEVER,
        });
    }

    pub(crate) fn offer(&mut self, now: Time, offer: Offer) {
        self.offer = offer;
        if let Some(guest) = self.guest.as_mut() {
            guest.vehicle.set_offer(now, offer);
        }
    }

    /// True when the timer that fires now is the one that counts.
    pub(crate) fn timer_is(&self, now: Time) -> bool {
        self.guest.as_ref().is_some_and(|guest| guest.timer == now)
    }

    /// Brings the car up to now.
    pub(crate) fn settle(&mut self, now: Time) -> Option<Change> {
        let guest = self.guest.as_mut()?;
        guest.vehicle.advance(now);
        let draw = guest.vehicle.draw();
        let wants_power = guest.vehicle.wants_power();
        let step_mw = draw.power_mw - guest.draw_mw;
        guest.draw_mw = draw.power_mw;
        guest.follow_power(now);
        let news = guest.told != Some((draw, wants_power));
        guest.told = Some((draw, wants_power));
        let due = guest.vehicle.next_change();
        let moved = due != guest.timer && due < Time::NEVER;
        guest.timer = due;
        Some(Change {
            step_mw,
            draw,
            wants_power,
            soc_pct: Some(guest.vehicle.soc_pct()),
            news,
            timer: moved.then_some(due),
        })
    }

    /// The car leaves.
    pub(crate) fn leave(&mut self, now: Time) -> Option<Guest> {
        let mut guest = self.guest.take()?;
        guest.vehicle.advance(now);
        if let Some(since) = guest.charging_since.take() {
            guest.charging.push((since, now));
        }
        Some(guest)
    }
}

impl Guest {
    fn follow_power(&mut self, now: Time) {
        match (self.charging_since, self.draw_mw > 0) {
            (None, true) => {
                self.first_power.get_or_insert(now);
                self.charging_since = Some(now);
            }
            (Some(since), false) => {
                self.charging_since = None;
                if now > since {
                    self.charging.push((since, now));
                }
            }
            _ => {}
        }
    }
}
