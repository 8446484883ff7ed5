//! Windows of the day in which a site has limits of its own.
//!
//! A hard limit is what the grid connection may carry then: it is kept as every limit is, and kept
//! from its first second on, so chargers are lowered a little before it falls. A soft limit is what
//! the site would rather not take from the grid, in hours of a dear tariff or beyond its own
//! photovoltaics: it decides what is divided, but never what is allowed.
//!
//! Times of day are local. One that a change of the clocks skips counts as that much later (RFC
//! 5545).

use jiff::civil::Weekday;
use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use crate::time::{Span, Time};
use crate::units::Watts;

/// Every window has begun and ended within so many days.
const AHEAD_DAYS: i64 = 9;
const DAY: Span = Span::from_s(86_400);

/// The windows of a site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calendar {
    /// Where the site is: an IANA name such as `Europe/Amsterdam`, or an offset such as `+02:00`.
    pub time_zone: String,
    /// They may overlap: the lowest limit counts.
    pub windows: Vec<Window>,
}

/// A time of the day with limits of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// For people.
    pub name: String,
    /// Local time of day at which it begins, 0 to 24 h.
    pub from: Span,
    /// Local time of day at which it ends; of the next day where that is not later.
    pub to: Span,
    /// The days on which it begins.
    pub days: Days,
    /// What the grid connection may carry, where that is less than at other times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_power: Option<Watts>,
    /// What the site takes from the grid for what can wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soft_limit: Option<Watts>,
}

/// Days of the week.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Days(u8);

/// What a calendar says at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Day {
    /// What the grid connection may carry, where a window says so.
    pub(crate) hard: Option<Watts>,
    /// The same with falls that are to be expected.
    pub(crate) expected: Option<Watts>,
    pub(crate) soft: Option<Soft>,
    /// When it says something else.
    pub(crate) until: Time,
}

/// A soft limit in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Soft {
    pub(crate) limit: Watts,
    /// When more may be taken than now.
    pub(crate) until: Time,
}

/// A window on a certain day.
struct Occurrence<'a> {
    from: Time,
    to: Time,
    window: &'a Window,
}

impl Days {
    /// All of them.
    pub const ALL: Days = Days(0b111_1111);

    const NAMES: [&'static str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

    /// The days of these names, `mon` to `sun`; `None` when one is unknown.
    pub fn named<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<Days> {
        let place = |name: &str| Days::NAMES.iter().position(|known| *known == name);
        let mut days = names.into_iter().map(|name| place(name).map(|day| 1 << day));
        days.try_fold(0, |all, day: Option<u8>| Some(all | day?)).map(Days)
    }

    /// Their names, from Monday on.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let days = Days::NAMES.into_iter().enumerate();
        days.filter(move |(day, _)| self.0 & (1 << day) != 0).map(|(_, name)| name)
    }

    fn contains(self, day: Weekday) -> bool {
        self.0 & (1 << day.to_monday_zero_offset()) != 0
    }
}

impl Calendar {
    /// The zone of its local times; `None`: there is no such one.
    pub(crate) fn zone(&self) -> Option<TimeZone> {
        zone(&self.time_zone)
    }

    /// The least that any window leaves of the grid connection.
    pub(crate) fn least(&self) -> Option<Watts> {
        self.windows.iter().filter_map(|window| window.max_power).min()
    }

    /// What holds at `now`. Falls of the hard limit are expected so long before.
    pub(crate) fn at(&self, now: Time, zone: &TimeZone, expected: Span) -> Day {
        let occurrences = self.occurrences(now, zone);
        // What lies behind it is not known here.
        let horizon = now + DAY * (AHEAD_DAYS - 2);
        let hard = |at: Time| lowest(&occurrences, at, at, |window| window.max_power);
        let soft = |at: Time| lowest(&occurrences, at, at, |window| window.soft_limit);
        let mut changes: Vec<Time> = occurrences.iter().flat_map(|o| [o.from, o.to]).collect();
        changes.sort_unstable();
        let later = || changes.iter().copied().filter(|at| *at > now);
        let soon = || later().filter(|at| *at < horizon);
        let early = occurrences.iter().filter(|o| o.window.max_power.is_some());
        let early = early.map(|o| o.from - expected).filter(|at| *at > now);
        let limit = soft(now);
        let more = |at: &Time| soft(*at).is_none_or(|then| limit.is_some_and(|now| then > now));
        Day {
            hard: hard(now),
            expected: lowest(&occurrences, now, now + expected, |window| window.max_power),
            soft: limit
                .map(|limit| Soft { limit, until: soon().find(more).unwrap_or(Time::NEVER) }),
            until: later().chain(early).min().unwrap_or(Time::NEVER),
        }
    }

    /// Windows that begin from the day before `now` on.
    fn occurrences(&self, now: Time, zone: &TimeZone) -> Vec<Occurrence<'_>> {
        let Ok(instant) = Timestamp::from_microsecond(now.0) else { return Vec::new() };
        let today = zone.to_datetime(instant).date();
        let mut occurrences = Vec::new();
        for day in (-1..AHEAD_DAYS).filter_map(|days| today.checked_add(days.days()).ok()) {
            let at = |time: Span| {
                let shown = day.at(0, 0, 0, 0).checked_add(SignedDuration::from_micros(time.0));
                let at = zone.to_ambiguous_timestamp(shown.ok()?).compatible().ok()?;
                Some(Time(at.as_microsecond()))
            };
            let begins = self.windows.iter().filter(|window| window.days.contains(day.weekday()));
            occurrences.extend(begins.filter_map(|window| {
                let next_day = if window.to > window.from { Span::ZERO } else { DAY };
                Some(Occurrence { from: at(window.from)?, to: at(window.to + next_day)?, window })
            }));
        }
        occurrences
    }
}

/// The lowest limit of the windows that hold at some instant of `from..=to`.
fn lowest(
    occurrences: &[Occurrence<'_>],
    from: Time,
    to: Time,
    limit: impl Fn(&Window) -> Option<Watts>,
) -> Option<Watts> {
    let holds = |o: &&Occurrence<'_>| o.from <= to && from < o.to;
    occurrences.iter().filter(holds).filter_map(|o| limit(o.window)).min()
}

/// The zone of an IANA name or of an offset from UTC, by the rules built into the program.
pub(crate) fn zone(name: &str) -> Option<TimeZone> {
    DateTimeParser::new().parse_time_zone_with(&TimeZoneDatabase::bundled(), name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT_ONCE: Span = Span::ZERO;

    fn at(text: &str) -> Time {
        Time::parse_ocpp_exact(text).unwrap()
    }

    fn window(from: i64, to: i64) -> Window {
        Window {
            name: "peak".to_owned(),
            from: Span::from_s(from * 3600),
            to: Span::from_s(to * 3600),
            days: Days::ALL,
            max_power: Some(Watts(60_000)),
            soft_limit: None,
        }
    }

    fn calendar(windows: &[Window]) -> (Calendar, TimeZone) {
        let time_zone = "Europe/Amsterdam".to_owned();
        let calendar = Calendar { time_zone, windows: windows.to_vec() };
        let zone = calendar.zone().unwrap();
        (calendar, zone)
    }

    #[test]
    fn a_window_holds_by_local_time_on_its_days() {
        let days = Days::named(["mon", "fri"]).unwrap();
        let (calendar, zone) = calendar(&[Window { days, ..window(17, 21) }]);
        let hard = |text: &str| calendar.at(at(text), &zone, AT_ONCE).hard;
        assert_eq!(hard("2026-05-04T14:59:59Z"), None, "Monday, 16:59:59");
        assert_eq!(hard("2026-05-04T15:00:00Z"), Some(Watts(60_000)));
        assert_eq!(hard("2026-05-04T18:59:59Z"), Some(Watts(60_000)));
        assert_eq!(hard("2026-05-04T19:00:00Z"), None);
        assert_eq!(hard("2026-05-05T16:00:00Z"), None, "not on Tuesday");
        assert_eq!(hard("2026-12-04T15:30:00Z"), None, "Friday in winter, 16:30");
        let next = calendar.at(at("2026-05-04T19:00:00Z"), &zone, AT_ONCE).until;
        assert_eq!(next, at("2026-05-08T15:00:00Z"), "Friday is the next day that counts");
    }

    #[test]
    fn a_window_over_midnight_belongs_to_the_day_on_which_it_begins() {
        let days = Days::named(["sun"]).unwrap();
        let (calendar, zone) = calendar(&[Window { days, ..window(22, 6) }]);
        let hard = |text: &str| calendar.at(at(text), &zone, AT_ONCE).hard.is_some();
        assert!(hard("2026-05-03T21:00:00Z") && hard("2026-05-04T03:59:59Z"));
        assert!(!hard("2026-05-04T04:00:00Z") && !hard("2026-05-04T21:00:00Z"));
        // Clocks went from 02:00 to 03:00 in the night to this Sunday, and do so only once.
        let (calendar, zone) = self::calendar(&[window(2, 3)]);
        let on = |text: &str| calendar.at(at(text), &zone, AT_ONCE).hard.is_some();
        assert!(!on("2026-03-29T00:59:59Z") && !on("2026-03-29T02:00:00Z"));
        assert!(on("2026-03-30T00:30:00Z"));
    }

    #[test]
    fn a_window_that_ends_where_it_begins_lasts_the_whole_day() {
        let (calendar, zone) = calendar(&[window(0, 24), window(7, 7)]);
        for hour in 0..48 {
            let now = at("2026-05-04T00:10:00Z") + Span::from_s(hour * 3600);
            assert_eq!(calendar.at(now, &zone, AT_ONCE).hard, Some(Watts(60_000)));
        }
    }

    #[test]
    fn the_lowest_of_several_counts_and_a_fall_is_expected() {
        let lower = Window { max_power: Some(Watts(20_000)), ..window(18, 19) };
        let (calendar, zone) = calendar(&[window(17, 21), lower]);
        let now = at("2026-05-04T15:59:00Z");
        let day = calendar.at(now, &zone, Span::from_s(90));
        assert_eq!(day.hard, Some(Watts(60_000)));
        assert_eq!(day.expected, Some(Watts(20_000)), "in a minute");
        assert_eq!(day.until, at("2026-05-04T16:00:00Z"));
        let before = calendar.at(now - Span::from_s(60), &zone, Span::from_s(90));
        assert_eq!(before.expected, Some(Watts(60_000)));
        assert_eq!(before.until, at("2026-05-04T15:58:30Z"), "90 s before it falls");
    }

    #[test]
    fn a_soft_limit_lasts_until_more_may_be_taken() {
        let soft = |from, to, kw: i64| Window {
            max_power: None,
            soft_limit: Some(Watts(kw * 1000)),
            ..window(from, to)
        };
        let (calendar, zone) = calendar(&[soft(17, 19, 20), soft(19, 21, 10), soft(21, 23, 30)]);
        let told = |text: &str| calendar.at(at(text), &zone, AT_ONCE).soft;
        let until = |text: &str| at(text);
        let first = Soft { limit: Watts(20_000), until: until("2026-05-04T19:00:00Z") };
        assert_eq!(told("2026-05-04T15:30:00Z"), Some(first), "less after it is no way out");
        let last = Soft { limit: Watts(30_000), until: until("2026-05-04T21:00:00Z") };
        assert_eq!(told("2026-05-04T19:30:00Z"), Some(last));
        assert_eq!(told("2026-05-04T21:30:00Z"), None);
        let (always, zone) = self::calendar(&[soft(0, 24, 5)]);
        let day = always.at(at("2026-05-04T15:30:00Z"), &zone, AT_ONCE);
        assert_eq!(day.soft, Some(Soft { limit: Watts(5_000), until: Time::NEVER }));
    }

    #[test]
    fn zones_are_names_or_offsets() {
        for known in ["UTC", "Europe/Amsterdam", "+02:00", "-03:30"] {
            assert!(zone(known).is_some(), "{known}");
        }
        for unknown in ["", "Europe/Amsterdm", "+2", "noon"] {
            assert!(zone(unknown).is_none(), "{unknown}");
        }
        assert_eq!(Days::named(["mon", "moon"]), None);
        assert_eq!(
            Days::named(["sun", "mon"]).unwrap().names().collect::<Vec<_>>(),
            ["mon", "sun"]
        );
    }
}
