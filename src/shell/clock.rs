//! The wall clock, and virtual time that follows it at a pace.

use std::time::{Duration, Instant, SystemTime};

use crate::time::{Span, Time};

/// Virtual time tied to the wall clock.
///
/// Between two changes of the pace virtual time is linear in monotonic time, so a system clock
/// that is set never bends a simulation. A clock of real chargers ([`Clock::real`]) also follows
/// the system clock where that has gone ahead; back it never goes.
#[derive(Clone, Debug)]
pub struct Clock {
    wall: Instant,
    virtual_at_wall: Time,
    /// Virtual seconds per second; `None`: as fast as possible.
    speed: Option<f64>,
    paused: bool,
    follows_system: bool,
}

impl Clock {
    /// A simulation's clock: `start` is now, time passes `speed` times as fast.
    #[must_use]
    pub fn simulated(start: Time, speed: Option<f64>) -> Clock {
        Clock {
            wall: Instant::now(),
            virtual_at_wall: start,
            speed,
            paused: false,
            follows_system: false,
        }
    }

    /// The time of real chargers: the system clock's, but never going back.
    #[must_use]
    pub fn real() -> Clock {
        let now = system_now();
        Clock { follows_system: true, ..Clock::simulated(now, Some(1.0)) }
    }

    /// How far virtual time has come; [`Time::NEVER`] when it is as fast as possible.
    #[must_use]
    pub fn now(&self) -> Time {
        match (self.paused, self.speed) {
            (true, _) => self.virtual_at_wall,
            (false, None) => Time::NEVER,
            (false, Some(speed)) => {
                let passed = self.wall.elapsed().as_secs_f64() * speed;
                let linear = self.virtual_at_wall + Span::from_s_f64(passed);
                if self.follows_system { linear.max(system_now()) } else { linear }
            }
        }
    }

    /// How long until virtual time reaches `at`; `None`: never, while paused.
    #[must_use]
    pub fn until(&self, at: Time) -> Option<Duration> {
        if self.paused || at == Time::NEVER {
            return None;
        }
        let Some(speed) = self.speed else { return Some(Duration::ZERO) };
        let ahead = at.since(self.now()).s();
        Some(Duration::from_secs_f64((ahead / speed).clamp(0.0, 3600.0)))
    }

    /// Virtual seconds per second of wall clock; `None`: as fast as possible.
    #[must_use]
    pub fn speed(&self) -> Option<f64> {
        self.speed
    }

    /// Whether time stands still.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// Stops or continues; `at` is how far the simulation has come, so that what could not be
    /// done in time is not made up for in a rush.
    pub fn pause(&mut self, paused: bool, at: Time) {
        self.tie(at);
        self.paused = paused;
    }

    /// Another speed from now on.
    pub fn set_speed(&mut self, speed: Option<f64>, at: Time) {
        self.tie(at);
        self.speed = speed;
    }

    /// Seconds of wall clock by which something due at `due` is late.
    #[must_use]
    pub fn lag_s(&self, due: Time) -> f64 {
        match self.speed {
            Some(speed) if !self.paused => (self.now().since(due).s() / speed).max(0.0),
            _ => 0.0,
        }
    }

    /// The pace goes on from `at`.
    fn tie(&mut self, at: Time) {
        self.virtual_at_wall = at;
        self.wall = Instant::now();
    }
}

/// The system clock.
#[must_use]
pub fn system_now() -> Time {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Time = Time::from_unix_s(1_777_874_400);

    #[test]
    fn a_paused_clock_stands_and_goes_on_from_where_it_stood() {
        let mut clock = Clock::simulated(START, Some(1000.0));
        let reached = START + Span::from_s(10);
        clock.pause(true, reached);
        assert_eq!(clock.now(), reached);
        assert_eq!(clock.until(reached + Span::from_s(1)), None, "it never comes");
        clock.pause(false, reached);
        assert!(clock.now() >= reached);
    }

    #[test]
    fn as_fast_as_possible_everything_is_due() {
        let clock = Clock::simulated(START, None);
        assert_eq!(clock.now(), Time::NEVER);
        assert_eq!(clock.until(START + Span::from_s(3600)), Some(Duration::ZERO));
        assert!(clock.lag_s(START).abs() < f64::EPSILON, "and nothing is late");
    }

    #[test]
    fn speed_divides_the_wait() {
        let clock = Clock::simulated(START, Some(60.0));
        let wait = clock.until(START + Span::from_s(600)).unwrap();
        assert!(wait <= Duration::from_secs(10));
        assert!(clock.now() < START + Span::from_s(600));
    }
}
