//! Offers beyond what a car has shown to take, to see whether it takes more.
//!
//! The headroom above what was learned shows a car that goes up with its offer, and at once
//! ([`acceptance`](super::acceptance)). Some cars do not: they go on only when they are offered
//! clearly more. So while power that nobody else lacks is left after a decision, a car that is held at
//! what it has shown is offered as much of it as it can be told, for a short time, once in a while.
//! Where that shows nothing new, the next time is twice as far away (10, 20, 40 min, ..), so that a
//! car which takes no more is left alone. All cars of a site have their times together. Whoever lacks
//! power ends it: then an offer is what was learned again.
//!
//! Nothing is decided for it alone: it begins and ends with a decision, whatever made that necessary.

use crate::allocation::{Reason, Session, Share};
use crate::charger::CurrentKind;
use crate::csms::census::Census;
use crate::csms::config::{Hardware, Setpoint};
use crate::csms::event::{Event, Trigger};
use crate::csms::timers::Key;
use crate::csms::{Csms, PointIx, SiteIx};
use crate::time::{Span, Time};
use crate::units::Watts;

/// A charger is told, the car follows, a sample shows it: then the window of the acceptance begins.
const FOLLOWS: Span = Span::from_s(120);
/// The wait is doubled so often at most.
const DOUBLINGS: u32 = 6;
/// Clearly more than the headroom: 4 A, or 2.8 kW (DC).
const STEPS: i64 = 4;
const POWER: Watts = Watts(2_800);

/// The larger offers of one session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reprobe {
    /// When the next may begin; `None`: it takes all it is offered, as far as is known.
    due: Option<Time>,
    /// What had been learned when that was said: a battery that takes less since then is nearly full,
    /// and is left alone.
    since: Option<Setpoint>,
    running: Option<Running>,
    /// How many in a row have shown nothing new.
    failed: u32,
}

/// A larger offer that stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Running {
    until: Time,
    /// It stays the same until it ends: what moves by itself would be a swing.
    rate: Watts,
    /// What had been learned when it began.
    known: Option<Setpoint>,
}

impl Reprobe {
    /// The rate to offer instead of a `share`, where `most` is there for it and less than `least`
    /// above the share shows nothing.
    fn offer(
        &self,
        now: Time,
        shown: Option<Setpoint>,
        share: Watts,
        (least, most): (Watts, Watts),
    ) -> Option<Watts> {
        match self.running {
            Some(running) => Some(running.rate)
                .filter(|rate| running.until > now && *rate > share && *rate <= most),
            None => {
                let due = self.due.is_some_and(|due| due <= now) && shown >= self.since;
                Some(most).filter(|most| due && *most >= share + least)
            }
        }
    }

    /// When it wants a decision.
    fn next(&self, now: Time) -> Option<Time> {
        // Where one is due already there is no room for it: a decision that finds some begins it.
        self.running.map(|running| running.until).or(self.due.filter(|due| *due > now))
    }

    /// A decision: whether it is held at what it has `shown`, and what more it is `offered`. `every`: between
    /// the first two; `lasts`: how long one takes. Returns whether one began or ended.
    fn decided(
        &mut self,
        now: Time,
        (held, shown, offered): (bool, Option<Setpoint>, Option<Watts>),
        (every, lasts): (Span, Span),
    ) -> bool {
        let before = self.running;
        if let Some(Running { known, .. }) = self.running.filter(|_| offered.is_none()) {
            let more = shown.zip(known).is_none_or(|(shown, known)| shown > known);
            // One that was cut short has shown nothing either.
            self.failed = if more { 0 } else { self.failed + 1 };
            self.running = None;
            self.due = None;
        }
        if let (Some(rate), None) = (offered, self.running) {
            self.running = Some(Running { until: now + lasts, rate, known: shown });
        }
        let due = self.due.filter(|due| *due > now || shown >= self.since);
        match (held, due) {
            // At the same instants for all, so that they go up and down together.
            (true, None) => {
                let wait = every * (1 << self.failed.min(DOUBLINGS));
                self.due = Some((now + wait).next_multiple(every));
                self.since = shown;
            }
            // It takes all it gets, as far as is known.
            (false, _) if shown.is_none() => self.due = None,
            _ => {}
        }
        before != self.running
    }
}

impl Csms {
    /// The larger offers that a decision makes, by session. `left`: what it leaves over.
    pub(super) fn reprobes(
        &self,
        now: Time,
        site: SiteIx,
        census: &Census,
        shares: &[Share],
        mut left: Watts,
    ) -> Vec<Option<Watts>> {
        let lacks =
            |(session, share): (&Session, &Share)| session.wants_power && share.reason.is_lack();
        let control = &self.sites[site.0].control;
        if control.reprobe <= Span::ZERO || census.sessions.iter().zip(shares).any(lacks) {
            return vec![None; shares.len()];
        }
        let offer = |((session, share), place): ((&Session, &Share), &(PointIx, usize))| {
            let state = &self.points[place.0.0];
            let active = state.connectors[place.1].active.as_ref()?;
            if share.reason != Reason::Acceptance {
                return None;
            }
            let missing = session.hardware - share.rate;
            let least = clearly(&state.hardware, session.step).min(missing).max(session.step);
            let most = share.rate + missing.min(left.floor_to(session.step));
            let shown = active.acceptance.largest();
            let rate = active.reprobe.offer(now, shown, share.rate, (least, most))?;
            left -= rate - share.rate;
            Some(rate)
        };
        census.sessions.iter().zip(shares).zip(&census.places).map(offer).collect()
    }

    /// Keeps which of them began or ended, and when the next is due.
    pub(super) fn note_reprobes(
        &mut self,
        now: Time,
        site: SiteIx,
        (census, shares): (&Census, &[Share]),
        offers: &[Option<Watts>],
    ) {
        let control = self.sites[site.0].control.clone();
        if control.reprobe <= Span::ZERO {
            return;
        }
        let (mut next, mut changed) = (Time::NEVER, false);
        for ((share, place), offer) in shares.iter().zip(&census.places).zip(offers) {
            let active = self.points[place.0.0].connectors[place.1].active.as_mut();
            let Some(active) = active else { continue };
            let shown = active.acceptance.largest();
            let held = share.reason == Reason::Acceptance;
            let times = (control.reprobe, lasts(active.acceptance.window(&control)));
            changed |= active.reprobe.decided(now, (held, shown, *offer), times);
            next = next.min(active.reprobe.next(now).unwrap_or(Time::NEVER));
        }
        if changed {
            self.emit(Event::Probed { site });
        }
        if next < Time::NEVER {
            self.timers.arm(Key::Reprobe(site), next);
        } else {
            self.timers.disarm(Key::Reprobe(site));
        }
    }

    /// One may begin, or has lasted long enough.
    pub(super) fn reprobe_due(&mut self, now: Time, site: SiteIx) {
        self.trigger_site(now, site, Trigger::Probe);
    }
}

fn lasts(window: Span) -> Span {
    FOLLOWS + window
}

fn clearly(hardware: &Hardware, step: Watts) -> Watts {
    match hardware.kind {
        CurrentKind::Ac => Watts(step.0 * STEPS),
        CurrentKind::Dc => POWER,
    }
}
