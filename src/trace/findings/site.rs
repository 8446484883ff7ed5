//! What all charge points of a trace draw together, against the limit of their site.

use std::collections::{BTreeMap, BTreeSet};

use super::clocks::{Clock, Told};
use super::draw::Draw;
use super::draws::{FOLLOWING, STALE};
use super::running::{Change, Running};
use super::{Answer, Finding, Kind};
use crate::time::Time;
use crate::trace::correlate::Asked;
use crate::trace::record::Direction;
use crate::units::Watts;

/// Meters may be wrong by that much, percent.
const PERCENT: i64 = 3;

/// Number of a charge point, and its connector.
type Place = (usize, i64);

/// Adds up the latest values of all connectors.
#[derive(Debug)]
pub(in crate::trace) struct Site {
    limit: Watts,
    points: BTreeMap<usize, Point>,
    /// What connectors draw, W, and the value it comes from.
    draws: BTreeMap<Place, (i64, Draw)>,
    /// The same by the instant at which it was told.
    by_time: BTreeSet<(Time, Place)>,
    sum_w: i64,
    above: Option<Time>,
    told: bool,
}

#[derive(Debug, Default)]
struct Point {
    clock: Clock,
    running: Running,
}

impl Site {
    pub(in crate::trace) fn new(limit: Watts) -> Site {
        Site {
            limit,
            points: BTreeMap::new(),
            draws: BTreeMap::new(),
            by_time: BTreeSet::new(),
            sum_w: 0,
            above: None,
            told: false,
        }
    }

    /// A call of a charge point, or to it.
    pub(in crate::trace) fn call(&mut self, point: usize, call: &Asked, out: &mut Vec<Finding>) {
        if call.direction == Direction::ToPoint {
            return;
        }
        let known = self.points.entry(point).or_default();
        match known.running.call(call) {
            Some(Change::Begun(connector) | Change::Ended(connector, _)) => {
                self.forget((point, connector));
            }
            _ => self.sampled(point, call),
        }
        self.judge(call, out);
    }

    /// A call is answered.
    pub(in crate::trace) fn answer(&mut self, point: usize, call: &Asked, answer: &Answer<'_>) {
        self.points.entry(point).or_default().running.answer(call, answer);
    }

    fn sampled(&mut self, point: usize, call: &Asked) {
        let Some(samples) = call.samples() else { return };
        let Some((told, reading)) = samples.readings.last() else { return };
        let clock = &mut self.points.entry(point).or_default().clock;
        let at_once = told.is_none_or(|told| clock.hear(call.line, call.at, told) == Told::AtOnce);
        if !at_once || samples.connector <= 0 {
            return;
        }
        let place = (point, samples.connector);
        let draw = Draw::new(call.at, reading);
        let before = self.forget(place);
        let mean = || Some(draw.mean_w(&before?)?.0);
        self.put(place, draw.power_w().or_else(mean).unwrap_or(0).max(0), draw);
    }

    fn put(&mut self, place: Place, power_w: i64, draw: Draw) {
        self.sum_w += power_w;
        self.draws.insert(place, (power_w, draw));
        self.by_time.insert((draw.at, place));
    }

    fn forget(&mut self, place: Place) -> Option<Draw> {
        let (power_w, draw) = self.draws.remove(&place)?;
        self.sum_w -= power_w;
        self.by_time.remove(&(draw.at, place));
        Some(draw)
    }

    fn judge(&mut self, call: &Asked, out: &mut Vec<Finding>) {
        while let Some((_, place)) =
            self.by_time.first().copied().filter(|(told, _)| call.at.since(*told) > STALE)
        {
            self.forget(place);
        }
        let limit = self.limit.0;
        if self.sum_w <= limit + limit * PERCENT / 100 {
            (self.above, self.told) = (None, false);
            return;
        }
        let since = *self.above.get_or_insert(call.at);
        // Some values are older than others: all must have been told since.
        let all = self.by_time.first().is_none_or(|(told, _)| *told >= since);
        if all && !self.told && call.at.since(since) >= FOLLOWING {
            self.told = true;
            let sum = self.sum_w;
            let what =
                format!("all together draw {sum} W, the site's limit is {limit} W since {since}");
            out.push(Kind::DrawAboveLimit.at(call.line, None, what));
        }
    }
}
