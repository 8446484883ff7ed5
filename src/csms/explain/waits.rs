//! What a limit waits for before it is at its charger.

use crate::csms::explain::{Cause, LimitReason};
use crate::csms::push::Prospect;
use crate::csms::{Csms, PointIx, SiteIx};
use crate::ids::ChargePointId;
use crate::time::Time;
use crate::units::Watts;

/// What stands between a connector and its target.
#[derive(Clone, Debug, PartialEq)]
pub enum Waits {
    /// The charge point is offline.
    Offline,
    /// The target itself is on its way: its answer is.
    Answer,
    /// Another message to the charge point is on its way; one CALL at a time.
    Line,
    /// A limit of before a restart was not confirmed again yet.
    Confirmation,
    /// A limit was refused; the next attempt is due then.
    Retry(Time),
    /// The next raise is allowed then.
    Interval(Time),
    /// Its charge point was told limits often, and its budget of writes lets the raise go then.
    Budget(Time),
    /// So little is missing that it is not sent.
    DeadBand,
    /// Room is missing: this much.
    Room {
        /// Power that must become free.
        missing: Watts,
        /// Who holds more than it is to have, the largest first.
        ahead: Vec<Ahead>,
    },
}

/// A connector that holds more room than it is to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ahead {
    /// Whose.
    pub charge_point_id: ChargePointId,
    /// 1-based.
    pub connector_id: u32,
    /// Power it holds beyond its target.
    pub excess: Watts,
}

impl Waits {
    /// The word for programs.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Waits::Offline => "offline",
            Waits::Answer => "answer",
            Waits::Line => "line",
            Waits::Confirmation => "confirmation",
            Waits::Retry(_) => "retry",
            Waits::Interval(_) => "interval",
            Waits::Budget(_) => "budget",
            Waits::DeadBand => "dead_band",
            Waits::Room { .. } => "room",
        }
    }

    /// When it ends, where that is known.
    #[must_use]
    pub fn until(&self) -> Option<Time> {
        match self {
            Waits::Retry(until) | Waits::Interval(until) | Waits::Budget(until) => Some(*until),
            _ => None,
        }
    }
}

impl Csms {
    /// Says of every limit what it waits for. `limits`: all sessions of the site, in the order of
    /// its charge points.
    pub(super) fn add_waits(&self, now: Time, site: SiteIx, limits: &mut [LimitReason]) {
        let waits: Vec<Option<Waits>> = {
            let points = &self.sites[site.0].points;
            let places = points.iter().flat_map(|point| {
                let connectors = self.points[point.0].connectors.iter().enumerate();
                connectors.filter(|(_, it)| it.active.is_some()).map(|(index, _)| (*point, index))
            });
            places.zip(limits.iter()).map(|(place, limit)| self.wait(now, place, limit)).collect()
        };
        let ahead = ahead(limits);
        for (limit, mut wait) in limits.iter_mut().zip(waits) {
            if let Some(Waits::Room { ahead: found, .. }) = &mut wait {
                let own = |one: &&Ahead| {
                    one.charge_point_id == limit.charge_point_id
                        && one.connector_id == limit.connector_id
                };
                *found = ahead.iter().filter(|one| !own(one)).cloned().collect();
            }
            limit.waits = wait;
        }
    }

    fn wait(
        &self,
        now: Time,
        (point, index): (PointIx, usize),
        limit: &LimitReason,
    ) -> Option<Waits> {
        let station = &self.points[point.0];
        let active = station.connectors[index].active.as_ref()?;
        if active.gone.is_some() || active.exhausted {
            return None;
        }
        let target = station.tellable(index, active.target?);
        let entry = &active.entry;
        let lower = target < entry.standing() || !active.profiled && target == entry.standing();
        let higher = target > entry.confirmed();
        if !lower && !higher {
            return None;
        }
        if !station.line.online {
            return Some(Waits::Offline);
        }
        if entry.in_flight() == Some(target) {
            return Some(Waits::Answer);
        }
        if lower && !higher {
            let retry = active.retry_at.filter(|at| *at > now);
            let busy = (!station.line.is_free()).then_some(Waits::Line);
            return retry.map(Waits::Retry).or(busy);
        }
        match self.prospect(now, point, index) {
            Prospect::AtTarget | Prospect::Clear(_) => None,
            Prospect::Small => Some(Waits::DeadBand),
            Prospect::Busy if !station.line.is_free() => Some(Waits::Line),
            Prospect::Busy => Some(Waits::Confirmation),
            Prospect::Refused(until) => Some(Waits::Retry(until)),
            Prospect::Interval(until) => Some(Waits::Interval(until)),
            Prospect::Budget(until) => Some(Waits::Budget(until)),
            Prospect::Room { held, room, .. } => {
                let missing = limit.target.unwrap_or_default() - held - room;
                Some(Waits::Room { missing: missing.floor_zero(), ahead: Vec::new() })
            }
        }
    }
}

/// Who holds more than its target, the largest first.
fn ahead(limits: &[LimitReason]) -> Vec<Ahead> {
    let mut ahead: Vec<Ahead> = Vec::new();
    for limit in limits {
        let target = limit.target.unwrap_or(limit.reserved);
        let proven = limit.surplus.iter().filter(|one| one.cause == Cause::Proven);
        let due = proven.map(|one| one.limit).fold(target, Watts::max);
        if limit.reserved > due {
            ahead.push(Ahead {
                charge_point_id: limit.charge_point_id.clone(),
                connector_id: limit.connector_id,
                excess: limit.reserved - due,
            });
        }
    }
    ahead.sort_by_key(|one| -one.excess.0);
    ahead
}
