//! Who holds room at a site, and why more than was accepted.

use crate::csms::active::Active;
use crate::csms::config::{Control, Setpoint};
use crate::csms::lease::Ends;
use crate::csms::point::{Connector, Point, starts};
use crate::csms::trust;
use crate::ids::ChargePointId;
use crate::time::Time;
use crate::units::Watts;

/// A limit above the accepted one that may be in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Surplus {
    /// Why.
    pub cause: Cause,
    /// The power it permits.
    pub limit: Watts,
    /// When it ends at the latest, where that is known.
    pub until: Option<Time>,
}

/// Why more may be drawn than was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A higher limit is on its way.
    InFlight,
    /// A higher limit was sent and not answered, or came back with a reboot.
    Unanswered,
    /// It was lowered, and the car was not seen to follow yet.
    NotSeenToFollow,
    /// A higher limit in another form of profile may overrule the accepted one, or outlast it.
    LeftOver,
    /// It has proven to draw more than it was permitted.
    Proven,
    /// A command of an operator on its way may undo limits.
    ByHand,
    /// Offline, or without a word since, a reboot may have fallen back to what bounds a start.
    Offline,
    /// Its limit may have ended, and what bounds a start may be in force instead.
    LeaseOver,
    /// No limit of its own was accepted yet: what bounds a start holds.
    StartBound,
}

impl Cause {
    /// The word for programs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Cause::InFlight => "in_flight",
            Cause::Unanswered => "unanswered",
            Cause::NotSeenToFollow => "not_seen_to_follow",
            Cause::LeftOver => "left_over",
            Cause::Proven => "proven",
            Cause::ByHand => "by_hand",
            Cause::Offline => "offline",
            Cause::LeaseOver => "lease_over",
            Cause::StartBound => "start_bound",
        }
    }
}

/// Room that no decision gives away.
#[derive(Clone, Debug, PartialEq)]
pub struct Holder {
    /// Whose.
    pub charge_point_id: ChargePointId,
    /// 1-based; `None`: any of its connectors.
    pub connector_id: Option<u32>,
    /// Why.
    pub holding: Holding,
    /// When it ends by itself, where that is known.
    pub until: Option<Time>,
    /// Room that is not divided because of it.
    pub uncontrolled: Watts,
    /// Its part of the sum of everything that could be in force.
    pub reserved: Watts,
}

/// Why room is held without a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holding {
    /// The charge point is offline.
    Offline,
    /// A session that takes limits in no form.
    Uncontrollable,
    /// A session that was reported long after its start, and may be over.
    Belated,
    /// It charges, by its status or its meter, and its transaction is not known.
    UnknownTransaction,
    /// After a new connection something may run there, until it reports.
    Unsure,
    /// A card was let in, and its start is not told yet.
    Start,
}

impl Holding {
    /// The word for programs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Holding::Offline => "offline",
            Holding::Uncontrollable => "uncontrollable",
            Holding::Belated => "belated",
            Holding::UnknownTransaction => "unknown_transaction",
            Holding::Unsure => "unsure",
            Holding::Start => "start",
        }
    }
}

impl Point {
    /// Why more than the accepted limit of a session may be in force, the largest first.
    pub(super) fn surplus(
        &self,
        connector: &Connector,
        active: &Active,
        control: &Control,
    ) -> Vec<Surplus> {
        let hardware = &self.hardware;
        let start = hardware.watts(self.start_bound_at(connector), hardware.phases);
        if active.gone.is_some() {
            // What may have begun since.
            let until = connector.unsure_until;
            let since = Surplus { cause: Cause::Offline, limit: start, until };
            return if self.line.online && until.is_none() { Vec::new() } else { vec![since] };
        }
        let phases = active.phases(hardware);
        let accepted = self.allocated_on(connector);
        let mut found = Vec::new();
        let mut add = |cause, limit: Watts, until| {
            if limit > accepted {
                found.push(Surplus { cause, limit, until });
            }
        };
        let power = |limit: Option<Setpoint>| hardware.watts(limit.unwrap_or_default(), phases);
        let entry = &active.entry;
        if !active.profiled {
            add(Cause::StartBound, power(Some(entry.confirmed())), None);
        }
        add(Cause::InFlight, power(entry.in_flight()), None);
        add(Cause::Unanswered, power(entry.unanswered()), None);
        if let Some((old, lowered_at)) = entry.largest_hold() {
            let until = lowered_at + self.patience(connector, control);
            add(Cause::NotSeenToFollow, power(Some(old)), Some(until));
        }
        add(Cause::LeftOver, power(active.beneath.max(connector.outlasts(active))), None);
        add(Cause::Proven, trust::proven(connector.distrust.as_deref()), None);
        if self.by_hand > 0 {
            add(Cause::ByHand, power(Some(hardware.full())), None);
        } else if self.may_have_fallen_back(connector, active) {
            let unsure = connector.unsure_until.filter(|_| self.line.online);
            let reached = self.line.online && !self.line.unheard && unsure.is_none();
            let cause = if reached { Cause::LeaseOver } else { Cause::Offline };
            add(cause, start, unsure);
        }
        found.sort_by_key(|surplus| -surplus.limit.0);
        found
    }

    /// When the limit of a session that nobody reaches ends.
    fn held_until(&self, active: &Active) -> Option<Time> {
        active.lease.last_end().filter(|_| self.ends == Ends::Yes)
    }

    /// Room that is held here without a decision: the parts of what the census calls uncontrolled,
    /// and of the reservation what no session has.
    pub(super) fn holders(&self) -> Vec<Holder> {
        let online = self.line.online;
        let holder = |connector_id, holding, until, power| Holder {
            charge_point_id: self.id.clone(),
            connector_id,
            holding,
            until,
            uncontrolled: power,
            reserved: power,
        };
        let mut holders = Vec::new();
        for ((number, connector), (held, _)) in (1..).zip(self.connectors.iter()).zip(self.rooms())
        {
            let controlled = online && connector.controlled().is_some();
            if held == Watts::ZERO || controlled {
                continue;
            }
            let (holding, until) = match &connector.active {
                Some(active) if !online && active.gone.is_none() => {
                    (Holding::Offline, self.held_until(active))
                }
                _ if !online => (Holding::Offline, None),
                Some(active) if active.gone.is_some() => (Holding::Unsure, connector.unsure_until),
                Some(active) if active.exhausted => (Holding::Uncontrollable, None),
                Some(_) => (Holding::Belated, None),
                None if connector.charges() => (Holding::UnknownTransaction, None),
                None if connector.unsure_until.is_some() => {
                    (Holding::Unsure, connector.unsure_until)
                }
                None => (Holding::UnknownTransaction, None),
            };
            let mut holder = holder(Some(number), holding, until, held);
            if connector.active.is_some() {
                // Its reservation stands with its session.
                holder.reserved = Watts::ZERO;
            }
            holders.push(holder);
        }
        let reserved = starts(self.rooms(), self.start_slots.len());
        if reserved > Watts::ZERO {
            // Offline everything is out of control.
            let uncontrolled = if online { self.free_starts() } else { reserved };
            let until = self.start_slots.iter().map(|slot| slot.until).max();
            holders.push(Holder { uncontrolled, ..holder(None, Holding::Start, until, reserved) });
        }
        holders
    }
}
