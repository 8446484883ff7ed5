//! Where the limit of the site was lower for a while.
//!
//! Nobody tells it on the wire; it shows in what the limits of all connectors add up to. While cars ask for more
//! than there is, that sum stands just below the limit of the site, and falls and rises with it.

use std::collections::{BTreeMap, BTreeSet};

use crate::time::{Span, Time};
use crate::units::Watts;

/// Sums are looked at by quarters of an hour.
const QUARTER: Span = Span::from_s(900);
/// A sum below this share of the limit is a lower limit; above, something that a division leaves over.
const LOWER: f64 = 0.85;
/// A limit is lower for so many quarters at least; a division leaves something over for a shorter time.
const LASTS: i64 = 4;
/// Sums within this of each other are those of one limit.
const SAME: f64 = 0.04;

/// The steps of a limit that moves, each from an instant on: `sums` are what the limits added up to from an instant
/// on, `wanting` are times in which a car was given less than it asked for. None where the limit does not move.
pub(super) fn steps(
    sums: &[(Time, Watts)],
    highest: Watts,
    wanting: &[(Time, Time)],
) -> Vec<(Time, Watts)> {
    let scarce: BTreeSet<i64> =
        wanting.iter().flat_map(|(from, to)| quarter(*from) + 1..quarter(*to)).collect();
    let levels = levels(sums);
    let mut steps = Vec::new();
    let mut now = highest;
    for (number, level) in &levels {
        let rises = level.0 as f64 > now.0 as f64 * (1.0 + SAME / 2.0);
        if rises {
            // However many ask for more, the limit is no longer the lower one.
            now = highest;
            let above = first(sums, *number, |sum| sum >= *level);
            steps.push((above, now));
            continue;
        }
        let hour: Option<Vec<Watts>> =
            (*number..number + LASTS).map(|it| levels.get(&it).copied()).collect();
        let same = |it: &Watts| ((level.0 - it.0).abs() as f64) < level.0 as f64 * SAME;
        let Some(hour) = hour.filter(|hour| hour.iter().all(same)) else { continue };
        let lasts = (*number..number + LASTS).all(|it| scarce.contains(&it));
        if lasts && (level.0 as f64) < now.0 as f64 * LOWER {
            now = hour.into_iter().max().unwrap_or(*level);
            let below = last_above(sums, *number, now);
            steps.push((below, now));
        }
    }
    steps
}

fn quarter(at: Time) -> i64 {
    at.0.div_euclid(QUARTER.0)
}

/// The highest sum in every quarter of an hour but for its first minute, in which a lower limit may come into force.
fn levels(sums: &[(Time, Watts)]) -> BTreeMap<i64, Watts> {
    let mut levels: BTreeMap<i64, Watts> = BTreeMap::new();
    let minute = Span::from_s(60);
    for (place, (from, sum)) in sums.iter().enumerate() {
        let to = sums.get(place + 1).map_or(*from + Span(1), |(at, _)| *at);
        for number in quarter(*from)..=quarter(Time(to.0 - 1)) {
            let begins = Time(number * QUARTER.0) + minute;
            let most = levels.entry(number).or_default();
            if to > begins {
                *most = (*most).max(*sum);
            }
        }
    }
    levels
}

/// The first instant in a quarter of an hour whose sum is so.
fn first(sums: &[(Time, Watts)], number: i64, so: impl Fn(Watts) -> bool) -> Time {
    let begins = Time(number * QUARTER.0);
    let found = sums.iter().find(|(at, sum)| *at >= begins && so(*sum));
    found.map_or(begins, |(at, _)| *at)
}

/// When the sum fell to this limit: the end of the last time before this quarter of an hour, or in its first minute,
/// in which it was above.
fn last_above(sums: &[(Time, Watts)], number: i64, limit: Watts) -> Time {
    let latest = Time(number * QUARTER.0) + Span::from_s(60);
    let end = sums.partition_point(|(at, _)| *at <= latest);
    let above = sums[..end].iter().rposition(|(_, sum)| *sum > limit);
    match above.and_then(|place| sums.get(place + 1)) {
        Some((at, _)) => (*at).min(latest),
        None => Time(number * QUARTER.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lower_limit_shows_while_cars_ask_for_more_and_only_then() {
        let at = |minute: i64| Time::from_unix_s(1_777_874_400 + minute * 60);
        let sums = [
            (at(0), Watts(104_000)),
            (at(60), Watts(64_500)),
            (at(150), Watts(103_000)),
            (at(300), Watts(20_000)),
        ];
        let highest = Watts(104_000);
        let wanting = [(at(0), at(400))];
        let steps = steps(&sums, highest, &wanting);
        assert_eq!(steps[..2], [(at(60), Watts(64_500)), (at(150), highest)]);
        assert!(super::steps(&sums, highest, &[]).is_empty(), "nobody asked for more");
        let little = [(at(0), Watts(104_000)), (at(60), Watts(96_000)), (at(200), Watts(104_000))];
        assert!(super::steps(&little, highest, &wanting).is_empty());
    }
}
