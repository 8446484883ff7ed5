//! Charge points that draw more than the charging profiles allow that they accepted.
//!
//! Whoever follows a limit needs some time: what counts is the highest limit of the last [`FOLLOWING`]. Only what
//! two values in a row show is told, once until it is over. Transactions that began before the trace are left
//! out, since profiles that were accepted before it may allow more; so are values that came late, and those that came
//! while a call about profiles has no answer.

use std::collections::{BTreeMap, VecDeque};

use super::accepted::{Accepted, Allowed, is_about_profiles};
use super::draw::{Draw, Verdict};
use super::running::Change;
use super::{Answer, Check, Finding, Kind};
use crate::time::{Span, Time};
use crate::trace::correlate::Asked;
use crate::trace::record::Direction;

/// How long a charge point and a car may take to follow a limit.
const FOLLOWING: Span = Span::from_s(30);

/// Limits that are kept for a connector; of more the oldest two become the higher one.
const KEPT: usize = 64;

#[derive(Debug, Default)]
pub(super) struct Limits {
    accepted: Accepted,
    watched: BTreeMap<i64, Watched>,
}

/// A connector with a transaction that began in the trace.
#[derive(Debug)]
struct Watched {
    from: Time,
    /// Until when its limits are known.
    known: Time,
    /// The limits, each until its instant.
    limits: VecDeque<(Time, Allowed)>,
    previous: Option<Draw>,
    /// When it was first seen above the limit, if it still is.
    above: Option<Time>,
    told: bool,
}

impl Check for Limits {
    fn call(&mut self, call: &Asked, out: &mut Vec<Finding>) {
        if call.direction == Direction::ToPoint {
            self.accepted.call(call);
            return;
        }
        match &*call.action {
            "StartTransaction" | "StopTransaction" => {
                self.go_on(call.at);
                match self.accepted.call(call) {
                    Some(Change::Begun(connector)) => {
                        self.watched.insert(connector, Watched::new(call.at));
                    }
                    Some(Change::Ended(connector, _)) => {
                        self.watched.remove(&connector);
                    }
                    _ => {}
                }
            }
            "MeterValues" => self.sampled(call, out),
            _ => {}
        }
    }

    fn answer(&mut self, call: &Asked, answer: &Answer<'_>, _out: &mut Vec<Finding>) {
        if is_about_profiles(call) || &*call.action == "StartTransaction" {
            self.go_on(answer.record.timestamp.at());
        }
        self.accepted.answer(call, answer);
    }
}

impl Limits {
    /// The limits up to now are as they have been; from now on they may be others.
    fn go_on(&mut self, to: Time) {
        for (connector, watched) in &mut self.watched {
            watched.go_on(&self.accepted, *connector, to);
        }
    }

    fn sampled(&mut self, call: &Asked, out: &mut Vec<Finding>) {
        let Some(samples) = call.samples() else { return };
        let Some((told, reading)) = samples.readings.last() else { return };
        let sampled = self.accepted.sampled_at(call, *told);
        let Some(watched) = self.watched.get_mut(&samples.connector) else { return };
        let id = self.accepted.running().on(samples.connector).and_then(|it| it.id);
        let in_doubt = self.accepted.is_in_doubt(samples.connector);
        let other = samples.transaction.is_some_and(|it| Some(it) != id);
        let Some(at) = sampled.filter(|_| !in_doubt && !other) else {
            (watched.previous, watched.above) = (None, None);
            return;
        };
        watched.go_on(&self.accepted, samples.connector, call.at);
        let draw = Draw::new(at, reading);
        if let Some(what) = watched.judge(draw, self.accepted.units()) {
            let what = match id {
                Some(id) => format!("transaction {id} {what}"),
                None => what,
            };
            out.push(Kind::LimitExceeded.at(call.line, Some(samples.connector), what));
        }
    }
}

impl Watched {
    fn new(at: Time) -> Watched {
        let limits = VecDeque::new();
        Watched { from: at, known: at, limits, previous: None, above: None, told: false }
    }

    fn go_on(&mut self, accepted: &Accepted, connector: i64, to: Time) {
        let Ok(connector) = u32::try_from(connector) else { return };
        while self.known < to {
            let (allowed, until) = accepted.allowed(connector, self.known);
            // However odd the clocks are, it goes on.
            let until = if until > self.known { until.min(to) } else { to };
            self.known = until;
            match self.limits.back_mut() {
                Some(last) if last.1 == allowed => last.0 = until,
                _ => self.limits.push_back((until, allowed)),
            }
            if self.limits.len() > KEPT
                && let Some((_, oldest)) = self.limits.pop_front()
                && let Some(next) = self.limits.front_mut()
            {
                next.1 = next.1.higher(oldest);
            }
        }
    }

    /// What is wrong with a draw, in words, if it is news.
    fn judge(&mut self, draw: Draw, units: (bool, bool)) -> Option<String> {
        let window = |from: Time| from - FOLLOWING;
        let (now, mean_from) = (window(draw.at), self.previous.map(|it| window(it.at)));
        let highest = |from: Time| {
            let within = self.limits.iter().filter(|(until, _)| *until > from).map(|it| it.1);
            // What was allowed before the transaction is not known.
            if from < self.from { None } else { within.reduce(Allowed::higher) }
        };
        let verdict = match (highest(now), mean_from.and_then(highest)) {
            (Some(allowed), _) if draw.is_measured() => draw.against(allowed, units),
            (_, Some(allowed)) => draw.mean_against(self.previous.as_ref(), allowed),
            _ => Verdict::Unknown,
        };
        self.previous = Some(draw);
        let keep = mean_from.unwrap_or(now).min(now);
        while self.limits.front().is_some_and(|(until, _)| *until < keep) {
            self.limits.pop_front();
        }
        match verdict {
            Verdict::Unknown => None,
            Verdict::Within => {
                self.above = None;
                self.told = false;
                None
            }
            Verdict::Above(what) => {
                let since = self.above.get_or_insert(draw.at);
                let again = *since < draw.at && !self.told;
                self.told |= again;
                again.then(|| format!("{what} since {since}"))
            }
        }
    }
}
