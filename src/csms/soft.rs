//! Division under a soft limit: what can wait gets what the soft limit leaves, what cannot wait
//! gets more, up to the hard one.
//!
//! A session cannot wait when its driver has told when the car leaves and how much it needs, and
//! when from now on it needs at least half of what it can take for as long as the soft limit holds:
//! what it misses then it cannot get afterwards, at its equal part of the site's power. From then on
//! it gets that rate, so that the site goes above its soft limit evenly and not in a last burst; half
//! leaves room for others who cannot wait either. Nor is a session paused for a soft limit within
//! its minimum on-time: clouds pass more often than cars like to be switched.

use crate::allocation::{Problem, Reason, Session, Share};
use crate::csms::calendar::Soft;
use crate::csms::census::Census;
use crate::csms::control::{excess, relieve, share_out};
use crate::csms::event::Binding;
use crate::csms::{Csms, PointIx, SiteIx};
use crate::time::{Span, Time};
use crate::units::Watts;

/// A session cannot wait once it needs this part of what it can take, and until it needs only the
/// other part.
const BEGINS: i64 = 2;
const ENDS: i64 = 4;
/// A rate that is so many quanta more than needed stays.
const SLACK: i64 = 2;
const HOUR_US: i128 = 3_600_000_000;

/// A division, and what the soft limit has to do with it.
pub(super) struct Deal {
    /// By session.
    pub(super) shares: Vec<Share>,
    /// What of the divided power nobody has.
    pub(super) left: Watts,
    /// What is drawn beyond the hard limit whatever is decided.
    pub(super) over: Watts,
    /// By session, where a soft limit divides less than there is.
    softly: Option<Vec<Press>>,
}

/// What a session gets beyond the soft limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Press {
    /// Nothing; it can wait.
    None,
    /// What it needs, because it cannot wait.
    CannotWait,
    /// Its minimum, because it was switched on a short time ago.
    Keeps,
}

/// How things are when a soft limit holds.
struct Wait {
    now: Time,
    until: Time,
    /// What a session may expect once the soft limit is over.
    later: Watts,
    min_on: Span,
}

impl Deal {
    /// The rate of a session and what binds it, where it is `parked`, or offered a `larger` one than its
    /// share to see what it takes.
    pub(super) fn decided(
        &self,
        session: usize,
        (parked, larger): (Option<Watts>, Option<Watts>),
    ) -> (Watts, Binding) {
        let parked = parked.map(|rate| (rate, Binding::Parked));
        let other = parked.or(larger.map(|rate| (rate, Binding::Probe)));
        other.unwrap_or_else(|| (self.shares[session].rate, self.binding(session)))
    }

    /// What binds the share of a session.
    fn binding(&self, session: usize) -> Binding {
        let reason = self.shares[session].reason;
        let Some(press) = &self.softly else { return Binding::Allocation(reason) };
        match (press[session], reason) {
            (Press::CannotWait, _) => Binding::CannotWait,
            (Press::None, Reason::Site) => Binding::SoftLimit,
            _ => Binding::Allocation(reason),
        }
    }

    /// Whether a later decision may differ although nothing happens: whoever can wait cannot for
    /// ever.
    pub(super) fn moves_with_time(&self) -> bool {
        self.softly.is_some()
    }
}

impl Csms {
    /// Divides the power of a site; `problem` says afterwards what was divided.
    pub(super) fn deal(&self, site: SiteIx, problem: &mut Problem<'_>, census: &Census) -> Deal {
        let hard = problem.capacity;
        let state = &self.sites[site.0];
        let room = state.soft_room().map(|room| (room - census.uncontrolled).floor_zero());
        let Some((soft, capacity)) = state.soft().zip(room.filter(|room| *room < hard)) else {
            let shares = share_out(problem, census);
            let left = problem.capacity - total(&shares);
            return Deal { shares, left, over: Watts::ZERO - problem.capacity, softly: None };
        };
        problem.capacity = capacity;
        let mut shares = share_out(problem, census);
        let whole = hard - (capacity - problem.capacity);
        let wait = self.while_soft(site, soft, problem);
        let (wanted, mut press): (Vec<Watts>, Vec<Press>) = (census.sessions.iter().zip(&shares))
            .zip(&census.places)
            .map(|((session, share), place)| wait.beyond(session, share, self.pressed(*place)))
            .unzip();
        let above = excess(&shares, census);
        let rates = relieve(
            &Problem { capacity: whole, ..*problem },
            census.wired.as_ref(),
            &above,
            &shares,
            &wanted,
        );
        for ((share, rate), press) in shares.iter_mut().zip(rates).zip(&mut press) {
            if rate == share.rate && *press == Press::Keeps {
                *press = Press::None;
            } else if *press == Press::Keeps {
                share.reason = Reason::Hold;
            }
            share.rate = rate;
        }
        let left = problem.capacity - total(&shares);
        Deal { shares, left, over: Watts::ZERO - whole, softly: Some(press) }
    }

    /// Who cannot wait is remembered, so that nobody comes and goes at the edge of it.
    pub(super) fn remember_pressed(&mut self, census: &Census, deal: &Deal) {
        let Some(press) = &deal.softly else { return };
        for ((point, index), press) in census.places.iter().zip(press) {
            if let Some(active) = self.points[point.0].connectors[*index].active.as_mut() {
                active.pressed = *press == Press::CannotWait;
            }
        }
    }

    fn pressed(&self, (point, index): (PointIx, usize)) -> bool {
        let active = self.points[point.0].connectors[index].active.as_ref();
        active.is_some_and(|active| active.pressed)
    }

    fn while_soft(&self, site: SiteIx, soft: Soft, problem: &Problem<'_>) -> Wait {
        let state = &self.sites[site.0];
        let wanting = problem.sessions.iter().filter(|session| session.wants_power).count();
        Wait {
            now: problem.rotation.looked_at,
            until: soft.until,
            later: Watts(state.ev_limit().0 / wanting.max(1) as i64),
            min_on: problem.rotation.min_on,
        }
    }
}

impl Wait {
    /// What a session is to get at least although its share is what it is.
    fn beyond(&self, session: &Session, share: &Share, pressed: bool) -> (Watts, Press) {
        if let Some(rate) = self.needed(session, pressed).filter(|_| session.wants_power) {
            return (rate, Press::CannotWait);
        }
        let on = session.previous > Watts::ZERO && share.rate == Watts::ZERO;
        let keeps = on && self.now.since(session.last_switch) < self.min_on;
        if keeps && session.wants_power && session.hardware >= session.min {
            return (session.min, Press::Keeps);
        }
        (Watts::ZERO, Press::None)
    }

    /// The rate a session needs until the soft limit ends; `None`: it can wait.
    fn needed(&self, session: &Session, pressed: bool) -> Option<Watts> {
        let (departure, energy) = session.departure.zip(session.energy_left)?;
        if energy <= 0 || session.hardware < session.min {
            return None;
        }
        let cap = session.cap.max(session.min);
        let until = self.until.min(departure);
        let later = i128::from(self.later.min(cap).0) * i128::from(departure.since(until).0);
        let missing = i128::from(energy) * HOUR_US - later;
        if missing <= 0 {
            return None;
        }
        let left = i128::from(until.since(self.now).0.max(1));
        let exact = ((missing + left - 1) / left).min(i128::from(cap.0)) as i64;
        if exact * (if pressed { ENDS } else { BEGINS }) < cap.0 {
            return None;
        }
        let step = session.step.0;
        let rate = Watts((exact + step - 1).div_euclid(step) * step).max(session.min).min(cap);
        let stays = rate <= session.previous && session.previous.0 <= rate.0 + SLACK * step;
        Some(if pressed && stays { session.previous.min(cap) } else { rate })
    }
}

fn total(shares: &[Share]) -> Watts {
    shares.iter().map(|share| share.rate).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3600;

    fn at(seconds: i64) -> Time {
        Time::from_unix_s(1_777_880_400 + seconds)
    }

    fn wait() -> Wait {
        let (now, until) = (at(0), at(4 * HOUR));
        Wait { now, until, later: Watts(7_000), min_on: Span::from_s(300) }
    }

    fn session(departure: i64, energy_left: i64) -> Session {
        Session {
            id: 1,
            arrival: at(0),
            weight: 1,
            min: Watts(4_140),
            cap: Watts(11_040),
            hardware: Watts(22_080),
            step: Watts(690),
            service: 0,
            previous: Watts::ZERO,
            last_switch: at(-HOUR),
            wants_power: true,
            departure: Some(at(departure)),
            energy_left: Some(energy_left),
        }
    }

    #[test]
    fn who_gets_it_afterwards_can_wait() {
        assert_eq!(wait().needed(&session(8 * HOUR, 28_000), false), None, "4 h at 7 kW");
        assert_eq!(wait().needed(&session(8 * HOUR, 49_000), false), None, "5.25 kW until then");
        let rate = wait().needed(&session(8 * HOUR, 51_000), false);
        assert_eq!(rate, Some(Watts(6_210)), "5.75 kW, more than half of what it can take");
    }

    #[test]
    fn who_leaves_while_the_soft_limit_holds_gets_what_it_needs_until_then() {
        assert_eq!(wait().needed(&session(2 * HOUR, 11_000), false), None);
        assert_eq!(wait().needed(&session(2 * HOUR, 14_000), false), Some(Watts(7_590)));
        assert_eq!(wait().needed(&session(2 * HOUR, 99_000), false), Some(Watts(11_040)), "all");
        assert_eq!(wait().needed(&session(-60, 1_000), false), Some(Watts(11_040)), "overdue");
        assert_eq!(wait().needed(&session(2 * HOUR, 0), false), None, "it has all it wants");
    }

    #[test]
    fn nobody_comes_and_goes_at_the_edge() {
        let begun = Session { previous: Watts(6_210), ..session(2 * HOUR, 10_800) };
        assert_eq!(wait().needed(&begun, false), None, "5.4 kW are less than half");
        assert_eq!(wait().needed(&begun, true), Some(Watts(6_210)), "but it has begun");
        let little = Session { previous: Watts(6_210), ..session(2 * HOUR, 5_000) };
        assert_eq!(wait().needed(&little, true), None, "a quarter is enough");
    }

    #[test]
    fn what_was_switched_on_just_now_is_not_paused_for_a_soft_limit() {
        let share = Share { rate: Watts::ZERO, reason: Reason::Site, limit: None };
        let unknown = Session { departure: None, ..session(0, 0) };
        let on = |since: i64| Session {
            previous: Watts(4_140),
            last_switch: at(-since),
            ..unknown.clone()
        };
        assert_eq!(wait().beyond(&on(60), &share, false), (Watts(4_140), Press::Keeps));
        assert_eq!(wait().beyond(&on(301), &share, false), (Watts::ZERO, Press::None));
        assert_eq!(wait().beyond(&unknown, &share, false), (Watts::ZERO, Press::None));
    }
}
