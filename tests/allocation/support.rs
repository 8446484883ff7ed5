//! Short ways to write sessions and problems.

use ampacity::allocation::{Problem, Rotation, Session, Share, Strategy, solve};
use ampacity::time::{Span, Time};
use ampacity::units::Watts;

/// The instant of decisions, unless a story moves on.
pub(crate) const NOW: Time = Time::from_unix_s(1_780_000_000);

/// Within an epoch, with the default spans.
pub(crate) const ROTATION: Rotation = Rotation {
    now: NOW,
    looked_at: NOW,
    epoch_starts: false,
    min_on: Span::from_s(300),
    min_off: Span::from_s(180),
    welcome: Span::from_s(210),
    epoch: Span::from_s(900),
};

/// A paused car at a 22 kW charger with 0.1 kW steps and a minimum of 3.7 kW. It was plugged in an
/// hour ago, in the order of the ids, and has got nothing yet.
pub(crate) fn car(id: u64) -> Session {
    let arrival = NOW - Span::from_s(3600 - id as i64);
    Session {
        id,
        arrival,
        weight: 1,
        min: Watts(3700),
        cap: Watts(22_000),
        hardware: Watts(22_000),
        step: Watts(100),
        service: 0,
        previous: Watts::ZERO,
        last_switch: arrival,
        wants_power: true,
        departure: None,
        energy_left: None,
    }
}

pub(crate) fn problem(strategy: Strategy, capacity: i64, sessions: &[Session]) -> Problem<'_> {
    let capacity = Watts(capacity);
    Problem { strategy, capacity, sessions, network: None, rotation: ROTATION }
}

pub(crate) fn rates(problem: &Problem<'_>) -> Vec<i64> {
    solve(problem).into_iter().map(|share| share.rate.0).collect()
}

/// What a controller does between two decisions: remembers the rates and who was switched.
pub(crate) fn apply(sessions: &mut [Session], shares: &[Share], now: Time) {
    for (session, share) in sessions.iter_mut().zip(shares) {
        if (session.previous > Watts::ZERO) != (share.rate > Watts::ZERO) {
            session.last_switch = now;
        }
        session.previous = share.rate;
    }
}

/// Counts the energy of `span` at the rates of the last decision as service, in watt-hours.
pub(crate) fn charge(sessions: &mut [Session], span: Span) {
    for session in sessions {
        session.service += session.previous.0 * span.whole_s() / 3600;
    }
}
