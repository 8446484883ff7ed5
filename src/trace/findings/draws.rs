//! Draws that nobody allowed: without a transaction, and more together than a charge point may.

use std::collections::BTreeMap;

use super::accepted::{Accepted, Allowed};
use super::draw::Draw;
use super::running::Change;
use super::{Answer, Check, Finding, Kind};
use crate::time::{Span, Time};
use crate::trace::correlate::Asked;
use crate::trace::payload::Fields;
use crate::trace::record::Direction;

/// Less than this may be a car that keeps its battery warm, or a meter that is not quite right, W.
const SOMETHING_W: i64 = 500;

/// A sum may be above its limit by that much, percent: profiles in A say nothing of the voltage.
const VOLTAGE_PERCENT: i64 = 10;

/// A value without a transaction may belong to one that ended or begins now.
const AROUND: Span = Span::from_s(60);

/// What was drawn so long ago is not known any more.
pub(super) const STALE: Span = Span::from_s(15 * 60);

/// How long charge points may take to follow a limit.
pub(super) const FOLLOWING: Span = Span::from_s(30);

/// The latest values of the connectors of a charge point.
#[derive(Debug, Default)]
pub(super) struct Draws {
    accepted: Accepted,
    connectors: BTreeMap<i64, Seen>,
    booted: bool,
    /// When the charge point was first seen above its maximum, if it still is.
    above: Option<Time>,
    told: bool,
}

#[derive(Debug, Default)]
struct Seen {
    latest: Option<Draw>,
    /// Whether it is known what transaction it has: one has ended, or it was free.
    familiar: bool,
    /// When its last transaction ended.
    ended: Option<Time>,
    /// Since when it draws without one.
    stray: Option<Time>,
    told: bool,
}

impl Check for Draws {
    fn call(&mut self, call: &Asked, out: &mut Vec<Finding>) {
        if call.direction == Direction::ToPoint {
            self.accepted.call(call);
            return;
        }
        match &*call.action {
            "BootNotification" => self.booted = true,
            "StatusNotification" => self.status(call),
            "StartTransaction" | "StopTransaction" => self.transaction(call),
            "MeterValues" => self.sampled(call, out),
            _ => {}
        }
    }

    fn answer(&mut self, call: &Asked, answer: &Answer<'_>, _out: &mut Vec<Finding>) {
        self.accepted.answer(call, answer);
    }
}

impl Draws {
    fn status(&mut self, call: &Asked) {
        let fields = Fields::of(&call.body);
        let Some(connector) = fields.integer("connectorId").filter(|it| *it > 0) else { return };
        if fields.text("status").as_deref() == Some("Available") {
            self.connectors.entry(connector).or_default().familiar = true;
        }
    }

    fn transaction(&mut self, call: &Asked) {
        let (connector, ended) = match self.accepted.call(call) {
            Some(Change::Begun(connector)) => (connector, None),
            Some(Change::Ended(connector, _)) => (connector, Some(call.at)),
            _ => return,
        };
        let seen = self.connectors.entry(connector).or_default();
        *seen = Seen { familiar: true, ended, ..Seen::default() };
    }

    fn sampled(&mut self, call: &Asked, out: &mut Vec<Finding>) {
        let Some(samples) = call.samples() else { return };
        let Some((told, reading)) = samples.readings.last() else { return };
        let Some(at) = self.accepted.sampled_at(call, *told).filter(|_| samples.connector > 0)
        else {
            return;
        };
        let draw = Draw::new(at, reading);
        let seen = self.connectors.entry(samples.connector).or_default();
        let free = self.accepted.running().on(samples.connector).is_none()
            && samples.transaction.is_none_or(|id| id <= 0);
        if free && let Some(what) = seen.stray(draw, self.booted) {
            out.push(Kind::DrawAboveLimit.at(call.line, Some(samples.connector), what));
        }
        if !free || draw.power_w().is_some_and(|w| w < SOMETHING_W) {
            seen.stray = None;
        }
        seen.latest = Some(draw);
        if self.connectors.len() > 1 {
            self.together(call, out);
        }
    }

    /// The connectors together against the ChargePointMaxProfile.
    fn together(&mut self, call: &Asked, out: &mut Vec<Finding>) {
        if !self.accepted.any() || self.accepted.is_in_doubt(0) {
            return;
        }
        let limit = |at| self.accepted.station(at).0;
        let allowed = Allowed::higher(limit(call.at), limit(call.at - FOLLOWING));
        let Some(limit_w) = allowed.power_w else { return };
        let fresh = self.connectors.values().filter_map(|it| it.latest);
        let fresh = || fresh.clone().filter(|it| call.at.since(it.at) <= STALE);
        let sum: i64 = fresh().filter_map(|it| it.power_w()).sum();
        if !is_above(sum, limit_w) {
            (self.above, self.told) = (None, false);
            return;
        }
        let since = *self.above.get_or_insert(call.at);
        // One value is older than the other: all must have been told since.
        let all = fresh().all(|it| it.at >= since);
        if all && !self.told && call.at.since(since) >= FOLLOWING {
            self.told = true;
            let what = format!(
                "the connectors together draw {sum} W where {limit_w} W are allowed since {since}"
            );
            out.push(Kind::DrawAboveLimit.at(call.line, None, what));
        }
    }
}

impl Seen {
    /// What is wrong with a draw without transaction, in words, if it is news.
    fn stray(&mut self, draw: Draw, booted: bool) -> Option<String> {
        let power = draw.power_w().or_else(|| Some(draw.mean_w(self.latest.as_ref()?)?.0))?;
        let known = booted && self.familiar;
        let over = self.ended.is_none_or(|ended| draw.at.since(ended) > AROUND);
        if !known || !over || power < SOMETHING_W {
            return None;
        }
        let since = *self.stray.get_or_insert(draw.at);
        let lasts = draw.at.since(since) >= AROUND && !self.told;
        self.told |= lasts;
        lasts.then(|| format!("{power} W are drawn without a transaction since {since}"))
    }
}

/// Whether a sum is above its limit by more than meters and voltage may make of it.
pub(super) fn is_above(sum_w: i64, limit_w: i64) -> bool {
    sum_w > limit_w + (limit_w / 100 * VOLTAGE_PERCENT).max(SOMETHING_W)
}
