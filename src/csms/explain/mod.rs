//! Why every connector of a site has the limit it has, and what it waits for.
//!
//! A look at what is known, by the same functions that decide and push: nothing changes, nothing is
//! sent. What an [`Explanation`] says of a limit is what the last decision said; beside it stands
//! what a decision at this instant would give.

mod reserved;
mod sentence;
mod waits;

pub use reserved::{Cause, Holder, Holding, Surplus};
pub use waits::{Ahead, Waits};

use crate::allocation::{self, Strategy};
use crate::charger::CurrentKind;
use crate::csms::active::Active;
use crate::csms::census::Census;
use crate::csms::config::{Hardware, Setpoint};
use crate::csms::control::{admission_order, parked};
use crate::csms::event::{Binding, Trigger};
use crate::csms::point::Connector;
use crate::csms::{Csms, PointIx, SiteIx, Trouble};
use crate::ids::{ChargePointId, SessionId};
use crate::time::Time;
use crate::units::{DeciAmps, Watts};

/// How a site came to its limits, and each connector to its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// The instant it is about.
    pub at: Time,
    /// The rule.
    pub strategy: Strategy,
    /// What the grid connection may carry.
    pub max_power: Watts,
    /// Kept for other loads, and for a fall of the limit that is near.
    pub reserve: Watts,
    /// What electric vehicles may share: the connection less what is kept.
    pub ev_limit: Watts,
    /// The soft limit in force for what the site takes from the grid, and what it leaves for cars
    /// that can wait.
    pub soft: Option<(Watts, Watts)>,
    /// Room of what cannot be controlled now.
    pub uncontrolled: Watts,
    /// What is divided: the rest, less what chargers draw above their shares whatever they are
    /// told. Below zero: shed.
    pub capacity: Watts,
    /// Sum of everything that could be in force.
    pub committed: Watts,
    /// Sessions that want power, among which it is divided.
    pub contenders: usize,
    /// When the last decision was made.
    pub decided_at: Time,
    /// One per connector with a transaction, by charge point in the order of their linking.
    pub limits: Vec<LimitReason>,
    /// Room held by what is not divided among sessions: by charge point.
    pub holders: Vec<Holder>,
}

/// One connector with a transaction.
#[derive(Clone, Debug, PartialEq)]
pub struct LimitReason {
    /// Its charge point.
    pub charge_point_id: ChargePointId,
    /// 1-based.
    pub connector_id: u32,
    /// Its session.
    pub session: Option<SessionId>,
    /// OCPP transactionId.
    pub transaction_id: i64,
    /// StartTransaction.
    pub arrival: Time,
    /// Phases the car was seen to use.
    pub phases: Option<u8>,
    /// The largest power the car was seen to take while it took less than it was offered.
    pub taken: Option<Watts>,
    /// The hardware's rating on the phases of the session.
    pub hardware: Watts,
    /// What the decision is about; `None`: it takes no part, because it is offline, takes no
    /// limits, was reported too late, or its car has left.
    pub claim: Option<Claim>,
    /// The decision; `None` before the first.
    pub decided: Option<Watts>,
    /// What binds it.
    pub binding: Binding,
    /// The feeder or the phase that binds, where one does.
    pub wire: Option<String>,
    /// What made it necessary.
    pub trigger: Trigger,
    /// The decision as it can be told, what the push protocol works towards.
    pub target: Option<Watts>,
    /// The limit the charger accepted for this transaction; `None` before the first.
    pub accepted: Option<Watts>,
    /// The last meter value.
    pub draw: Watts,
    /// The largest that could be in force or drawn: the reservation.
    pub reserved: Watts,
    /// Why that is more than was accepted, the largest first.
    pub surplus: Vec<Surplus>,
    /// What the target waits for; `None`: it stands, or is on no way.
    pub waits: Option<Waits>,
    /// It refuses or ignores limits.
    pub trouble: Option<Trouble>,
    /// All of this in a sentence.
    pub sentence: String,
}

/// A session as the allocator sees it, and what a decision now would give it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Place in the order in which power goes to the sessions of the site, from 1.
    pub order: u32,
    /// Smallest rate that charges at all.
    pub min: Watts,
    /// Largest rate worth offering.
    pub cap: Watts,
    /// Under `priority` and `proportional_fair`, 1..=1000.
    pub weight: u32,
    /// Watt-hours received; smaller is served first on rotation.
    pub service_wh: i64,
    /// False: full, or suspended by the car for long.
    pub wants_power: bool,
    /// Last change between paused and running.
    pub last_switch: Time,
    /// What a decision now would give.
    pub rate: Watts,
    /// What would bind it.
    pub binding: Binding,
}

impl Csms {
    /// Why the limits of a site are what they are at `now`. Changes nothing.
    #[must_use]
    pub fn explain(&self, now: Time, site: SiteIx) -> Explanation {
        let state = &self.sites[site.0];
        let census = self.fresh_census(site);
        let (capacity, claims) = self.claims(now, site, &census);
        let mut explained = Explanation {
            at: now,
            strategy: state.config.strategy,
            max_power: state.contracted(),
            reserve: state.contracted() - state.ev_limit(),
            ev_limit: state.ev_limit(),
            soft: state.soft().map(|soft| soft.limit).zip(state.soft_room()),
            uncontrolled: census.uncontrolled,
            capacity,
            committed: state.reserved,
            contenders: census.sessions.iter().filter(|session| session.wants_power).count(),
            decided_at: state.decided_at,
            limits: Vec::new(),
            holders: Vec::new(),
        };
        let mut claims = census.places.iter().zip(claims).peekable();
        for point in &state.points {
            let station = &self.points[point.0];
            for (index, (connector, (reserved, _))) in
                station.connectors.iter().zip(station.rooms()).enumerate()
            {
                let Some(active) = &connector.active else { continue };
                let place = (*point, index);
                let claim = claims.next_if(|(claimed, _)| **claimed == place);
                let claim = claim.map(|(_, claim)| claim);
                let limit = self.limit_reason(place, connector, active, claim);
                let surplus = station.surplus(connector, active, &state.control);
                explained.limits.push(LimitReason { reserved, surplus, ..limit });
            }
            explained.holders.extend(station.holders());
        }
        self.add_waits(now, site, &mut explained.limits);
        let sentences: Vec<String> =
            explained.limits.iter().map(|limit| sentence::of(limit, &explained, state)).collect();
        for (limit, sentence) in explained.limits.iter_mut().zip(sentences) {
            limit.sentence = sentence;
        }
        explained
    }

    /// What is divided, and what a decision now would give each session of the census.
    fn claims(&self, now: Time, site: SiteIx, census: &Census) -> (Watts, Vec<Claim>) {
        let mut problem = self.problem(now, site, false, census);
        let deal = self.deal(site, &mut problem, census);
        let parked = parked(census, &deal.shares, deal.left, problem.rotation.epoch_starts);
        let all: Vec<usize> = (0..deal.shares.len()).collect();
        let mut order = vec![0; deal.shares.len()];
        for (place, session) in (1..).zip(admission_order(&problem, census.wired.as_ref(), &all)) {
            order[session] = place;
        }
        let spare = deal.left - parked.iter().flatten().copied().sum();
        let larger = self.reprobes(now, site, census, &deal.shares, spare);
        let offers = parked.into_iter().zip(larger).enumerate();
        let decided = offers.map(|(session, offer)| deal.decided(session, offer));
        let claim = |((session, (rate, binding)), order): ((&allocation::Session, _), u32)| Claim {
            order,
            min: session.min,
            cap: session.cap,
            weight: session.weight,
            service_wh: session.service,
            wants_power: session.wants_power,
            last_switch: session.last_switch,
            rate,
            binding,
        };
        let claims = census.sessions.iter().zip(decided).zip(order).map(claim);
        (problem.capacity, claims.collect())
    }

    /// Everything about a session but its reservation, what it waits for and the sentence.
    fn limit_reason(
        &self,
        (point, index): (PointIx, usize),
        connector: &Connector,
        active: &Active,
        claim: Option<Claim>,
    ) -> LimitReason {
        let station = &self.points[point.0];
        let hardware = &station.hardware;
        let transaction = self.transactions.get(active.transaction_id);
        let phases = active.phases(hardware);
        let power = |setpoint| hardware.watts(setpoint, phases);
        LimitReason {
            charge_point_id: station.id.clone(),
            connector_id: index as u32 + 1,
            session: transaction.map(|transaction| transaction.session.clone()),
            transaction_id: active.transaction_id,
            arrival: active.started,
            phases: active.acceptance.phases(),
            taken: active.acceptance.largest().map(|largest| drawn(hardware, largest, phases)),
            hardware: power(hardware.full()),
            claim,
            decided: active.target.map(|_| active.rate),
            binding: active.binding,
            wire: active.wire.map(|limit| self.wire(station.site, limit)),
            trigger: active.trigger,
            target: active.target.map(|target| power(station.tellable(index, target))),
            accepted: active.profiled.then(|| active.allocated(hardware)),
            draw: Watts(connector.measured_w),
            reserved: Watts::ZERO,
            surplus: Vec::new(),
            waits: None,
            trouble: connector.trouble(),
            sentence: String::new(),
        }
    }
}

/// The power of a draw, which may lie below what a limit can be.
fn drawn(hardware: &Hardware, draw: Setpoint, phases: u8) -> Watts {
    match hardware.kind {
        CurrentKind::Ac => DeciAmps(draw.0).to_power(hardware.voltage_v, phases),
        CurrentKind::Dc => Watts(draw.0),
    }
}
