//! One profile at one instant (OCPP 1.6 §3.13.4, §7.8-§7.14).

use super::{Kind, Period, Profile, RateUnit, Recurrency, Tenths};
use crate::time::Time;

/// A limit as a schedule period states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// In tenths of `unit`.
    pub limit: Tenths,
    /// A per phase or W in total.
    pub unit: RateUnit,
    /// numberPhases of the period, if it names any.
    pub phases: Option<u8>,
}

/// What a profile, or a stack of them, says at an instant, and how long that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// `None`: gives no limit.
    pub rate: Option<Rate>,
    /// The answer holds at least until just before this instant; [`Time::NEVER`]: for ever.
    pub until: Time,
}

/// What the schedule of a profile without a fixed start counts from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Basis {
    /// Start of the running transaction of the connector.
    pub transaction: Option<Time>,
    /// What stands in for it when nothing runs. `None`: now, whenever that is, so that a relative
    /// schedule rests at its first period.
    pub anchor: Option<Time>,
    /// Whether a recurring schedule also extends backwards from its startSchedule.
    pub recurs_before_start: bool,
}

/// Why a profile gives no limit at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// validFrom is to come, at this instant.
    NotYetValid(Time),
    /// validTo has passed, at this instant.
    NoLongerValid(Time),
    /// The schedule starts at this instant.
    Ahead(Time),
    /// The duration of the schedule has run out; a recurring one starts over at this instant.
    RunOut(Option<Time>),
    /// Recurring, without the startSchedule or the recurrencyKind that gives it its rhythm.
    Baseless,
}

/// Where a schedule stands at an instant.
enum Place {
    /// Seconds since its start, and the seconds until it starts over.
    At { elapsed: i64, restart: Option<i64> },
    /// It starts in so many seconds.
    Ahead(i64),
    /// It rests at its first period, because its start moves with the clock.
    Resting,
    /// It lacks the start it needs.
    Nowhere,
}

/// What `profile` says at `t`. Instants are floored to whole seconds.
#[must_use]
pub fn limit_at(profile: &Profile, basis: &Basis, t: Time) -> Answer {
    let now = t.unix_s();
    let valid_from = profile.valid_from.map_or(i64::MIN, Time::unix_s);
    let valid_to = profile.valid_to.map_or(i64::MAX, Time::unix_s);
    if now >= valid_to {
        return Answer { rate: None, until: Time::NEVER };
    }
    if now < valid_from {
        return Answer { rate: None, until: instant(valid_from) };
    }
    let (period, holds_for) = match place(profile, basis, now) {
        Place::Nowhere => (None, None),
        Place::Ahead(seconds) => (None, Some(seconds)),
        Place::Resting => (running_period(profile, 0).0, None),
        Place::At { elapsed, restart } => {
            let (period, next) = running_period(profile, elapsed);
            (period, earlier(next, restart))
        }
    };
    let until = holds_for.map_or(i64::MAX, |seconds| now.saturating_add(seconds)).min(valid_to);
    let unit = profile.schedule.unit;
    let rate = period.map(|period| Rate { limit: period.limit, unit, phases: period.phases });
    Answer { rate, until: instant(until) }
}

/// Why `profile` says nothing at `t`; `None`: it gives a limit ([`limit_at`]).
#[must_use]
pub fn silence_at(profile: &Profile, basis: &Basis, t: Time) -> Option<Silence> {
    match (profile.valid_from, profile.valid_to) {
        (_, Some(to)) if t.unix_s() >= to.unix_s() => return Some(Silence::NoLongerValid(to)),
        (Some(from), _) if t.unix_s() < from.unix_s() => return Some(Silence::NotYetValid(from)),
        _ => {}
    }
    let (elapsed, restart) = match place(profile, basis, t.unix_s()) {
        Place::Nowhere => return Some(Silence::Baseless),
        Place::Ahead(seconds) => {
            return Some(Silence::Ahead(instant(t.unix_s().saturating_add(seconds))));
        }
        Place::Resting => (0, None),
        Place::At { elapsed, restart } => (elapsed, restart),
    };
    let again = restart.map(|seconds| instant(t.unix_s().saturating_add(seconds)));
    running_period(profile, elapsed).0.is_none().then_some(Silence::RunOut(again))
}

/// The second `seconds` after the Unix epoch, [`Time::NEVER`] where that cannot be said.
fn instant(seconds: i64) -> Time {
    Time(seconds.saturating_mul(1_000_000))
}

fn earlier(a: Option<i64>, b: Option<i64>) -> Option<i64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, other) => one.or(other),
    }
}

fn place(profile: &Profile, basis: &Basis, now: i64) -> Place {
    let start = match profile.kind {
        Kind::Recurring => return recurring_place(profile, basis, now),
        Kind::Relative => basis.transaction.or(basis.anchor),
        // Without startSchedule the text counts from the start of charging (§7.13).
        Kind::Absolute => {
            profile.schedule.start.or(basis.transaction).or(profile.valid_from).or(basis.anchor)
        }
    };
    match start.map(|start| now - start.unix_s()) {
        None => Place::Resting,
        Some(elapsed) if elapsed < 0 => Place::Ahead(-elapsed),
        Some(elapsed) => Place::At { elapsed, restart: None },
    }
}

fn recurring_place(profile: &Profile, basis: &Basis, now: i64) -> Place {
    let (Some(start), Some(recurrency)) = (profile.schedule.start, profile.recurrency) else {
        return Place::Nowhere;
    };
    let since = now - start.unix_s();
    if since < 0 && !basis.recurs_before_start {
        return Place::Ahead(-since);
    }
    let length = recurrency.length_s();
    let elapsed = since.rem_euclid(length);
    Place::At { elapsed, restart: Some(length - elapsed) }
}

/// The period in force `elapsed` seconds after the start, and in how many seconds that ends.
fn running_period(profile: &Profile, elapsed: i64) -> (Option<Period>, Option<i64>) {
    let schedule = &profile.schedule;
    let end = schedule.duration_s.unwrap_or(i64::MAX);
    if elapsed >= end {
        return (None, None);
    }
    let begun = schedule.periods.partition_point(|period| period.start_s <= elapsed);
    let next = schedule.periods.get(begun).map_or(end, |period| period.start_s.min(end));
    let period = begun.checked_sub(1).map(|last| schedule.periods[last]);
    (period, (next < i64::MAX).then(|| next - elapsed))
}

impl Recurrency {
    /// Length of a recurrence in seconds; days are UTC days without daylight saving (errata 3.78).
    #[must_use]
    pub const fn length_s(self) -> i64 {
        match self {
            Recurrency::Daily => 86_400,
            Recurrency::Weekly => 604_800,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{T0, amps};
    use super::*;
    use crate::ocpp::profile::Purpose;
    use crate::time::Span;

    fn at(seconds: i64) -> Time {
        T0 + Span::from_s(seconds)
    }

    fn said(profile: &Profile, basis: &Basis, seconds: i64) -> (Option<i64>, Option<i64>) {
        let answer = limit_at(profile, basis, at(seconds));
        let until = (answer.until != Time::NEVER).then(|| answer.until.since(T0).whole_s());
        (answer.rate.map(|rate| rate.limit.0), until)
    }

    #[test]
    fn an_absolute_schedule_runs_from_its_start_to_its_duration() {
        let mut profile = amps(1, Purpose::TxDefaultProfile, 0, &[(0, 160), (60, 80)]);
        profile.schedule.start = Some(at(10));
        profile.schedule.duration_s = Some(100);
        let basis = Basis::default();
        assert_eq!(said(&profile, &basis, 0), (None, Some(10)));
        assert_eq!(said(&profile, &basis, 10), (Some(160), Some(70)));
        assert_eq!(said(&profile, &basis, 70), (Some(80), Some(110)));
        assert_eq!(said(&profile, &basis, 110), (None, None));
    }

    #[test]
    fn valid_to_is_exclusive_and_ends_the_answer() {
        let mut profile = amps(1, Purpose::TxDefaultProfile, 0, &[(0, 160)]);
        profile.valid_from = Some(at(5));
        profile.valid_to = Some(at(20));
        let basis = Basis::default();
        assert_eq!(said(&profile, &basis, 4), (None, Some(5)));
        assert_eq!(said(&profile, &basis, 5), (Some(160), Some(20)));
        assert_eq!(said(&profile, &basis, 20), (None, None));
    }

    #[test]
    fn a_daily_schedule_starts_over_and_cuts_what_is_longer() {
        let mut profile =
            amps(1, Purpose::TxDefaultProfile, 0, &[(0, 100), (80_000, 160), (90_000, 200)]);
        profile.kind = Kind::Recurring;
        profile.recurrency = Some(Recurrency::Daily);
        profile.schedule.duration_s = Some(200_000);
        let mut basis = Basis::default();
        assert_eq!(said(&profile, &basis, 86_399), (Some(160), Some(86_400)));
        assert_eq!(said(&profile, &basis, 86_400), (Some(100), Some(166_400)));
        assert_eq!(said(&profile, &basis, -1), (None, Some(0)));
        basis.recurs_before_start = true;
        assert_eq!(said(&profile, &basis, -1), (Some(160), Some(0)));
    }

    #[test]
    fn a_relative_schedule_rests_until_there_is_something_to_count_from() {
        let mut profile = amps(1, Purpose::TxDefaultProfile, 0, &[(0, 160), (60, 80)]);
        profile.kind = Kind::Relative;
        profile.schedule.start = None;
        let idle = Basis::default();
        assert_eq!(said(&profile, &idle, 1000), (Some(160), None));
        let running = Basis { transaction: Some(at(1000)), ..idle };
        assert_eq!(said(&profile, &running, 1059), (Some(160), Some(1060)));
        assert_eq!(said(&profile, &running, 1060), (Some(80), None));
    }

    #[test]
    fn fractions_of_a_second_are_floored() {
        let mut profile = amps(1, Purpose::TxDefaultProfile, 0, &[(0, 160), (60, 80)]);
        profile.schedule.start = Some(Time(T0.0 + 900_000));
        let answer = limit_at(&profile, &Basis::default(), Time(at(60).0 + 100_000));
        assert_eq!(answer.rate.map(|rate| rate.limit), Some(Tenths(80)));
    }

    #[test]
    fn numbers_at_the_end_of_the_range_do_not_overflow() {
        let mut profile = amps(1, Purpose::TxDefaultProfile, 0, &[(0, 160), (i64::MAX, 80)]);
        profile.schedule.duration_s = Some(i64::MAX - 1);
        assert_eq!(limit_at(&profile, &Basis::default(), at(9)).until, Time::NEVER);
    }
}
