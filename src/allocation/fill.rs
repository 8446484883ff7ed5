//! Weighted water filling on a single limit: `x_i = clamp(w_i * level, min_i, cap_i)`, rounded to
//! each session's own step. Exact: the level is a fraction of integers.
//!
//! Rounding hands out quanta one by one, each to the session that is furthest below its exact
//! share. With one common step this is largest remainder, so nobody ends a full quantum away from
//! the exact share. With different steps a coarse session may be rounded at the cost of fine ones,
//! which then end up to one coarse quantum away; nobody who could still be raised by what is left
//! stays where they are.

use std::collections::BTreeMap;

use super::contest::Claim;
use super::floor;
use crate::units::Watts;

/// What the exact share of a session depends on, in plain integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Stake {
    weight: u32,
    min: i64,
    cap: i64,
    step: i64,
}

/// All sessions of one stake. A site has many cars but few kinds of them, and what is computed by
/// kind costs the same at any number of cars.
#[derive(Clone, Copy, Debug)]
struct Class {
    stake: Stake,
    count: i128,
}

/// The common level: power per unit of weight, as a fraction. The denominator is positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Level {
    numerator: i128,
    denominator: i128,
}

/// A level at which one session leaves its minimum or reaches its cap.
struct Breakpoint {
    /// `rate / weight` is the level.
    rate: i128,
    weight: i128,
    /// What passing it adds to the power that no longer depends on the level.
    fixed: i128,
    /// What passing it adds to the weight of the sessions that rise with the level.
    rising: i128,
}

/// Divides `capacity` among `sessions`, whose minimums together fit it, by `weight`.
pub(super) fn fill(
    sessions: &[&Claim<'_>],
    weight: impl Fn(&Claim<'_>) -> u32,
    capacity: Watts,
) -> Vec<Watts> {
    let stake =
        |s: &&Claim<'_>| Stake { weight: weight(s), min: s.min.0, cap: s.cap.0, step: s.step.0 };
    let stakes: Vec<Stake> = sessions.iter().map(stake).collect();
    let wanted: i128 = stakes.iter().map(|stake| i128::from(stake.cap)).sum();
    if wanted <= i128::from(capacity.0) {
        return sessions.iter().map(|session| session.cap).collect();
    }
    let (classes, class_of) = classes(&stakes);
    let level = level(&classes, i128::from(capacity.0));
    let by_class = start(&classes, level, capacity.0);
    let mut rates: Vec<i64> = class_of.into_iter().map(|class| by_class[class]).collect();
    hand_out(sessions, &stakes, level, capacity.0, &mut rates);
    rates.into_iter().map(Watts).collect()
}

/// The classes of the stakes, and the class of each.
fn classes(stakes: &[Stake]) -> (Vec<Class>, Vec<usize>) {
    let mut classes: Vec<Class> = Vec::new();
    let mut known: BTreeMap<Stake, usize> = BTreeMap::new();
    let class_of = stakes.iter().map(|&stake| {
        let class = *known.entry(stake).or_insert(classes.len());
        match classes.get_mut(class) {
            Some(class) => class.count += 1,
            None => classes.push(Class { stake, count: 1 }),
        }
        class
    });
    let class_of = class_of.collect();
    (classes, class_of)
}

/// The level at which the exact shares sum to the capacity, for `sum of minimums <= capacity < sum
/// of caps`: sweeps the sorted breakpoints and solves the linear piece that crosses the capacity.
fn level(classes: &[Class], capacity: i128) -> Level {
    let mut breakpoints = Vec::with_capacity(2 * classes.len());
    let mut fixed = 0;
    for &Class { stake: Stake { weight, min, cap, .. }, count } in classes {
        let (weight, min, cap) = (i128::from(weight), i128::from(min), i128::from(cap));
        let (minimums, caps, rising) = (count * min, count * cap, count * weight);
        breakpoints.push(Breakpoint { rate: min, weight, fixed: -minimums, rising });
        breakpoints.push(Breakpoint { rate: cap, weight, fixed: caps, rising: -rising });
        fixed += minimums;
    }
    breakpoints.sort_unstable_by(|a, b| (a.rate * b.weight).cmp(&(b.rate * a.weight)));
    let mut rising = 0;
    for Breakpoint { rate, weight, fixed: to_fixed, rising: to_rising } in breakpoints {
        if fixed * weight + rising * rate >= capacity * weight {
            // Nobody rising: the minimums alone make the capacity, any level up to here will do.
            return if rising > 0 {
                Level { numerator: capacity - fixed, denominator: rising }
            } else {
                Level { numerator: rate, denominator: weight }
            };
        }
        fixed += to_fixed;
        rising += to_rising;
    }
    unreachable!("the caps together exceed the capacity, so some breakpoint reaches it")
}

/// The state from which quanta are handed out: everybody at most `slack` below the exact share,
/// with the smallest slack whose sum fits. One step of slack always fits, because then everybody
/// is at or below the exact share; with one common step that is the answer at once. By class.
fn start(classes: &[Class], level: Level, capacity: i64) -> Vec<i64> {
    let steps = classes.iter().map(|class| class.stake.step);
    let (finest, coarsest) = (steps.clone().min().unwrap_or(1), steps.max().unwrap_or(1));
    let (mut below, mut enough) =
        if finest == coarsest { (coarsest - 1, coarsest) } else { (-1, coarsest) };
    while below + 1 < enough {
        let slack = below + (enough - below) / 2;
        let taken = classes.iter().map(|c| c.count * i128::from(raised(&c.stake, level, slack)));
        let sum: i128 = taken.sum();
        if sum <= i128::from(capacity) {
            enough = slack;
        } else {
            below = slack;
        }
    }
    classes.iter().map(|class| raised(&class.stake, level, enough)).collect()
}

/// The smallest rate on the grid that is at most `slack` below the exact share.
fn raised(stake: &Stake, level: Level, slack: i64) -> i64 {
    let target = i128::from(stake.weight) * level.numerator - i128::from(slack) * level.denominator;
    let step = i128::from(stake.step);
    let quanta = -floor(-target, level.denominator * step);
    (quanta * step).clamp(i128::from(stake.min), i128::from(stake.cap)) as i64
}

/// Hands out what is left, quantum by quantum, until nobody's quantum fits or all are at their
/// caps. Whoever is furthest below the exact share is served first; among those equally far, who
/// held this quantum in the previous decision, then least service, arrival, id. A session whose
/// quantum does not fit once never gets another: what is left only shrinks.
fn hand_out(
    sessions: &[&Claim<'_>],
    stakes: &[Stake],
    level: Level,
    capacity: i64,
    rates: &mut [i64],
) {
    let shortfall = |stake: &Stake, rate: i64| {
        i128::from(stake.weight) * level.numerator - i128::from(rate) * level.denominator
    };
    // Sessions are many, but few are the distances below the share, since kinds of cars are few.
    let mut tiers: BTreeMap<i128, Vec<usize>> = BTreeMap::new();
    for (place, (stake, &rate)) in stakes.iter().zip(rates.iter()).enumerate() {
        if rate < stake.cap {
            tiers.entry(shortfall(stake, rate)).or_default().push(place);
        }
    }
    let finest = stakes.iter().map(|stake| stake.step).min().unwrap_or(1);
    let mut left = capacity - rates.iter().sum::<i64>();
    while left >= finest
        && let Some((_, mut tier)) = tiers.pop_last()
    {
        let wanted: i128 = tier.iter().map(|&place| i128::from(stakes[place].step)).sum();
        if wanted > i128::from(left) {
            tier.sort_unstable_by_key(|&place| {
                let session = sessions[place];
                let held_it_before = session.previous.0 > rates[place];
                (!held_it_before, session.service, session.arrival, session.id)
            });
        }
        for place in tier {
            let stake = &stakes[place];
            if stake.step <= left {
                left -= stake.step;
                rates[place] += stake.step;
                if rates[place] < stake.cap {
                    tiers.entry(shortfall(stake, rates[place])).or_default().push(place);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::allocation::Session;
    use crate::time::Time;

    fn class(weight: u32, min: i64, cap: i64, count: i128) -> Class {
        Class { stake: Stake { weight, min, cap, step: 100 }, count }
    }

    fn session(id: u64, step: i64, min: i64, cap: i64) -> Session {
        Session {
            id,
            arrival: Time(0),
            weight: 1,
            min: Watts(min),
            cap: Watts(cap),
            hardware: Watts(cap),
            step: Watts(step),
            service: 0,
            previous: Watts::ZERO,
            last_switch: Time(0),
            wants_power: true,
            departure: None,
            energy_left: None,
        }
    }

    fn shares(sessions: &[Session], capacity: i64) -> Vec<i64> {
        let claims: Vec<Claim<'_>> = sessions.iter().filter_map(Claim::of).collect();
        let borrowed: Vec<&Claim<'_>> = claims.iter().collect();
        fill(&borrowed, |claim| claim.weight(), Watts(capacity))
            .into_iter()
            .map(|rate| rate.0)
            .collect()
    }

    #[test]
    fn the_level_solves_the_piece_between_two_breakpoints() {
        let stakes = [class(3, 3700, 22_000, 1), class(1, 3700, 22_000, 2)];
        let found = level(&stakes, 30_000);
        assert_eq!(found, Level { numerator: 30_000, denominator: 5 }, "18, 6 and 6 kW");
        let found = level(&stakes, 12_000);
        assert_eq!(found, Level { numerator: 12_000 - 7400, denominator: 3 }, "two at the minimum");
        let found = level(&stakes, 60_000);
        assert_eq!(found, Level { numerator: 60_000 - 22_000, denominator: 2 }, "one at the cap");
    }

    #[test]
    fn minimums_that_make_the_capacity_exactly_leave_everybody_there() {
        let sessions = [session(1, 100, 3700, 22_000), session(2, 100, 7400, 22_000)];
        assert_eq!(shares(&sessions, 11_100), [3700, 7400]);
    }

    #[test]
    fn a_coarse_step_rounds_to_the_nearer_side_at_the_cost_of_fine_ones() {
        let sessions = [session(1, 690, 4140, 22_080), session(2, 100, 5000, 50_000)];
        // Exact share 6000 W: 6210 is nearer than 5520.
        assert_eq!(shares(&sessions, 12_000), [6210, 5700]);
        // Exact share 5700 W: 5520 is nearer than 6210, and the rest goes to the fine step.
        assert_eq!(shares(&sessions, 11_400), [5520, 5800]);
    }

    #[test]
    fn the_extra_quantum_stays_with_its_holder() {
        let mut sessions =
            [session(1, 100, 0, 22_000), session(2, 100, 0, 22_000), session(3, 100, 0, 22_000)];
        assert_eq!(shares(&sessions, 10_000), [3400, 3300, 3300]);
        for (session, rate) in sessions.iter_mut().zip([3300, 3300, 3400]) {
            session.previous = Watts(rate);
        }
        assert_eq!(shares(&sessions, 10_000), [3300, 3300, 3400]);
        sessions[0].service = 9000;
        sessions[2].previous = Watts::ZERO;
        assert_eq!(
            shares(&sessions, 10_000),
            [3300, 3400, 3300],
            "without a holder, least service"
        );
    }
}
