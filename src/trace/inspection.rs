//! Everything a trace tells when it is read once.

use std::collections::BTreeMap;

use super::correlate::{Asked, Correlator, Role};
use super::findings::{Answer, Check, Finding, Kind, Site, Ups, checks};
use super::open::Told;
use super::read::Line;
use super::record::{Direction, MessageType, Record};
use crate::time::{Span, Time};
use crate::units::Watts;

/// Cases of one sort that are listed; the others are counted.
pub const LISTED: usize = 100;

/// What was read.
#[derive(Debug, Default)]
pub struct Inspection {
    /// How the trace was read: whoever opened it puts it here.
    pub told: Told,
    /// Records, without broken lines.
    pub records: u64,
    /// Records that are calls.
    pub calls: u64,
    /// Records that are results.
    pub results: u64,
    /// Records that are errors.
    pub errors: u64,
    /// Answers to no call in the trace.
    pub orphans: u64,
    /// Records that are earlier than the one before.
    pub out_of_order: u64,
    /// The earliest and the latest instant; `None` without records.
    pub span: Option<(Time, Time)>,
    /// Charge points in the order in which they appear, with how many records each has; the name is `None` for the
    /// records that have none.
    pub points: Vec<(Option<String>, u64)>,
    /// By action, in the order of the alphabet.
    pub actions: BTreeMap<Box<str>, Exchanges>,
    /// Lines that are no records: number and reason.
    pub broken: Listed<(u64, String)>,
    /// Calls without an answer: number of the charge point, line, action.
    pub unanswered: Listed<(usize, u64, String)>,
    /// What is wrong, kind by kind: number of the charge point, and the case. Kinds without cases are not there.
    pub findings: BTreeMap<Kind, Listed<(usize, Finding)>>,
}

/// The first cases of a sort, and how many there are.
#[derive(Clone, Debug)]
pub struct Listed<T> {
    /// All of them.
    pub count: u64,
    /// The first [`LISTED`].
    pub first: Vec<T>,
}

/// The calls of an action and their answers.
#[derive(Clone, Debug, Default)]
pub struct Exchanges {
    /// Calls of the charge point.
    pub from_point: u64,
    /// Calls of the central system.
    pub to_point: u64,
    /// Calls that were answered with a CALLERROR.
    pub errors: u64,
    /// Calls without an answer.
    pub unanswered: u64,
    /// How long the answers took.
    pub latencies: Latencies,
}

/// Lengths of time in whole milliseconds, counted: as many numbers as there are different ones.
#[derive(Clone, Debug, Default)]
pub struct Latencies {
    by_ms: BTreeMap<u64, u64>,
    count: u64,
}

/// What is known of a trace besides what it tells.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// What all charge points together may draw.
    pub site_limit: Option<Watts>,
}

/// Takes a trace line by line.
#[derive(Default)]
pub struct Inspector {
    seen: Inspection,
    correlator: Correlator,
    /// The state machines of each charge point.
    checks: Vec<Vec<Box<dyn Check>>>,
    /// All charge points together, if their limit is known.
    site: Option<Site>,
    ups: Ups,
    latest: Option<Time>,
    /// What the checks have just found.
    found: Vec<Finding>,
}

impl Inspector {
    /// An inspector who knows more than the trace tells.
    #[must_use]
    pub fn new(options: Options) -> Inspector {
        Inspector { site: options.site_limit.map(Site::new), ..Inspector::default() }
    }

    /// Takes the next line.
    pub fn take(&mut self, line: &Line<'_>) {
        match &line.record {
            Ok(record) => self.record(line.number, record),
            Err(fault) => self.seen.broken.push(|| (line.number, fault.to_string())),
        }
    }

    /// The end of the trace: what is still open is judged.
    #[must_use]
    pub fn finish(mut self) -> Inspection {
        let end = self.seen.span.map_or(Time(0), |(_, to)| to);
        let mut open: Vec<Vec<&Asked>> = vec![Vec::new(); self.checks.len()];
        for (point, call) in self.correlator.unanswered() {
            open[point].push(call);
            self.seen.exchanges(&call.action).unanswered += 1;
            self.seen.unanswered.push(|| (point, call.line, call.action.to_string()));
        }
        for (point, (checks, open)) in self.checks.iter_mut().zip(&open).enumerate() {
            checks.iter_mut().for_each(|check| check.end(open, end, &mut self.found));
            self.seen.keep(point, &mut self.found);
        }
        self.seen
    }

    fn record(&mut self, line: u64, record: &Record<'_>) {
        let at = record.timestamp.at();
        self.seen.count(record.message_type, at);
        self.seen.out_of_order += u64::from(self.latest.is_some_and(|latest| at < latest));
        self.latest = Some(at);
        let ups = self.ups.record(line, record);
        let turn = self.correlator.take(line, record);
        if turn.point == self.checks.len() {
            self.checks.push(checks());
            let name = record.charge_point_id.as_deref().map(str::to_owned);
            self.seen.points.push((name, 0));
        }
        self.seen.points[turn.point].1 += 1;
        let found = &mut self.found;
        self.checks[turn.point].iter_mut().for_each(|check| check.record(line, record, found));
        let checks = self.checks[turn.point].iter_mut();
        let answer = Answer { line, record };
        match turn.role {
            Role::Call(call) => {
                let exchanges = self.seen.exchanges(&call.action);
                match call.direction {
                    Direction::FromPoint => exchanges.from_point += 1,
                    Direction::ToPoint => exchanges.to_point += 1,
                }
                checks.for_each(|check| check.call(call, found));
                if let Some(site) = &mut self.site {
                    site.call(turn.point, call, found);
                }
            }
            Role::Answer(call) => {
                let exchanges = self.seen.exchanges(&call.action);
                exchanges.errors += u64::from(record.message_type == MessageType::CallError);
                exchanges.latencies.add(at.since(call.at));
                checks.for_each(|check| check.answer(&call, &answer, found));
                if let Some(site) = &mut self.site {
                    site.answer(turn.point, &call, &answer);
                }
            }
            Role::Orphan => {
                self.seen.orphans += 1;
                checks.for_each(|check| check.orphan(&answer, found));
            }
        }
        let point = turn.point;
        self.seen.keep(point, &mut self.found);
        for (name, finding) in ups {
            let named = self.seen.points.iter().position(|(it, _)| it.as_deref() == Some(&*name));
            self.seen.keep(named.unwrap_or(point), &mut vec![finding]);
        }
    }
}

impl Inspection {
    /// How many findings there are.
    #[must_use]
    pub fn found(&self) -> u64 {
        self.findings.values().map(|it| it.count).sum()
    }

    fn count(&mut self, message_type: MessageType, at: Time) {
        self.records += 1;
        match message_type {
            MessageType::Call => self.calls += 1,
            MessageType::CallResult => self.results += 1,
            MessageType::CallError => self.errors += 1,
        }
        let (from, to) = self.span.unwrap_or((at, at));
        self.span = Some((from.min(at), to.max(at)));
    }

    fn exchanges(&mut self, action: &str) -> &mut Exchanges {
        if !self.actions.contains_key(action) {
            self.actions.insert(action.into(), Exchanges::default());
        }
        self.actions.get_mut(action).expect("it is there")
    }

    /// Takes over what was found at a charge point.
    fn keep(&mut self, point: usize, found: &mut Vec<Finding>) {
        for finding in found.drain(..) {
            self.findings.entry(finding.kind).or_default().push(|| (point, finding));
        }
    }
}

impl<T> Listed<T> {
    fn push(&mut self, case: impl FnOnce() -> T) {
        self.count += 1;
        if self.first.len() < LISTED {
            self.first.push(case());
        }
    }
}

impl<T> Default for Listed<T> {
    fn default() -> Listed<T> {
        Listed { count: 0, first: Vec::new() }
    }
}

impl Latencies {
    /// The smallest of which this share is no longer, ms; `None` when there are none. A share of 1 is the longest.
    #[must_use]
    pub fn quantile_ms(&self, share: f64) -> Option<u64> {
        let rank = ((share * self.count as f64).ceil() as u64).max(1);
        let mut below = 0;
        self.by_ms.iter().find_map(|(ms, count)| {
            below += count;
            (below >= rank).then_some(*ms)
        })
    }

    /// A clock that was set back took no time.
    fn add(&mut self, span: Span) {
        let ms = u64::try_from(span.0 / 1000).unwrap_or(0);
        *self.by_ms.entry(ms).or_default() += 1;
        self.count += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_lengths_that_occurred() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.quantile_ms(0.5), None);
        for ms in [30, 10, 20, 20, -5] {
            latencies.add(Span::from_ms(ms));
        }
        let quantiles = [0.0, 0.2, 0.5, 0.8, 0.95, 1.0].map(|it| latencies.quantile_ms(it));
        assert_eq!(quantiles, [0, 0, 20, 20, 30, 30].map(Some));
    }
}
