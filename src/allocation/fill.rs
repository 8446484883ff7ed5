//! Weighted water filling on a single limit: `x_i = clamp(w_i * level, min_i, cap_i)`, rounded to
//! each session's own step. Exact: the level is a fraction of integers.
//!
//! Rounding hands out quanta one by one, each to the session that is furthest below its exact
//! share. With one common step this is largest remainder, so nobody ends a full quantum away from
//! the exact share. With different steps a coarse session may be rounded at the cost of fine ones,
//! which then end up to one coarse quantum away; nobody who could still be raised by what is left
//! stays where they are.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Session;
use crate::time::Time;
use crate::units::Watts;

/// One admitted session, in plain integers.
#[derive(Clone, Copy, Debug)]
struct Stake {
    weight: i128,
    min: i64,
    cap: i64,
    step: i64,
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

/// A candidate for the next quantum. The greatest is served first: furthest below the exact share
/// (in units of 1 / level denominator), then who held this quantum in the previous decision, then
/// least service, arrival, id.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    shortfall: i128,
    held_it_before: bool,
    service: Reverse<i64>,
    arrival: Reverse<Time>,
    id: Reverse<u64>,
    place: usize,
}

/// Divides `capacity` among `sessions`, whose minimums together fit it, by `weight`.
pub(super) fn fill(
    sessions: &[&Session],
    weight: impl Fn(&Session) -> u32,
    capacity: Watts,
) -> Vec<Watts> {
    let stakes: Vec<Stake> = sessions
        .iter()
        .map(|s| Stake {
            weight: i128::from(weight(s)),
            min: s.min.0,
            cap: s.cap.0,
            step: s.step.0,
        })
        .collect();
    let wanted: i128 = stakes.iter().map(|stake| i128::from(stake.cap)).sum();
    if wanted <= i128::from(capacity.0) {
        return sessions.iter().map(|session| session.cap).collect();
    }
    let level = level(&stakes, i128::from(capacity.0));
    let mut rates = start(&stakes, level, capacity.0);
    hand_out(sessions, &stakes, level, capacity.0, &mut rates);
    rates.into_iter().map(Watts).collect()
}

/// The level at which the exact shares sum to the capacity, for `sum of minimums <= capacity < sum
/// of caps`: sweeps the sorted breakpoints and solves the linear piece that crosses the capacity.
fn level(stakes: &[Stake], capacity: i128) -> Level {
    let mut breakpoints = Vec::with_capacity(2 * stakes.len());
    for &Stake { weight, min, cap, .. } in stakes {
        let (min, cap) = (i128::from(min), i128::from(cap));
        breakpoints.push(Breakpoint { rate: min, weight, fixed: -min, rising: weight });
        breakpoints.push(Breakpoint { rate: cap, weight, fixed: cap, rising: -weight });
    }
    breakpoints.sort_unstable_by(|a, b| (a.rate * b.weight).cmp(&(b.rate * a.weight)));
    let mut fixed: i128 = stakes.iter().map(|stake| i128::from(stake.min)).sum();
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
/// is at or below the exact share; with one common step that is the answer at once.
fn start(stakes: &[Stake], level: Level, capacity: i64) -> Vec<i64> {
    let coarsest = stakes.iter().map(|stake| stake.step).max().unwrap_or(1);
    let finest = stakes.iter().map(|stake| stake.step).min().unwrap_or(1);
    let (mut below, mut enough) =
        if finest == coarsest { (coarsest - 1, coarsest) } else { (-1, coarsest) };
    while below + 1 < enough {
        let slack = below + (enough - below) / 2;
        let sum: i128 = stakes.iter().map(|s| i128::from(raised(s, level, slack))).sum();
        if sum <= i128::from(capacity) {
            enough = slack;
        } else {
            below = slack;
        }
    }
    stakes.iter().map(|stake| raised(stake, level, enough)).collect()
}

/// The smallest rate on the grid that is at most `slack` below the exact share.
fn raised(stake: &Stake, level: Level, slack: i64) -> i64 {
    let target = stake.weight * level.numerator - i128::from(slack) * level.denominator;
    let step = i128::from(stake.step);
    let divisor = level.denominator * step;
    // Real sites fit 64 bits, where a division costs a tenth of the wide one.
    let quanta = match (i64::try_from(target), i64::try_from(divisor)) {
        (Ok(target), Ok(divisor)) if target > i64::MIN => {
            i128::from(-(-target).div_euclid(divisor))
        }
        _ => -(-target).div_euclid(divisor),
    };
    (quanta * step).clamp(i128::from(stake.min), i128::from(stake.cap)) as i64
}

/// Hands out what is left, quantum by quantum, until nobody's quantum fits or all are at their
/// caps. A session whose quantum does not fit once never gets another: what is left only shrinks.
fn hand_out(
    sessions: &[&Session],
    stakes: &[Stake],
    level: Level,
    capacity: i64,
    rates: &mut [i64],
) {
    let turn = |place: usize, rate: i64| Turn {
        shortfall: stakes[place].weight * level.numerator - i128::from(rate) * level.denominator,
        held_it_before: sessions[place].previous.0 > rate,
        service: Reverse(sessions[place].service),
        arrival: Reverse(sessions[place].arrival),
        id: Reverse(sessions[place].id),
        place,
    };
    let finest = stakes.iter().map(|stake| stake.step).min().unwrap_or(1);
    let mut left = capacity - rates.iter().sum::<i64>();
    let mut turns: BinaryHeap<Turn> = (0..stakes.len())
        .filter(|&place| rates[place] < stakes[place].cap)
        .map(|place| turn(place, rates[place]))
        .collect();
    while left >= finest
        && let Some(Turn { place, .. }) = turns.pop()
    {
        let Stake { step, cap, .. } = stakes[place];
        if step <= left {
            left -= step;
            rates[place] += step;
            if rates[place] < cap {
                turns.push(turn(place, rates[place]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stake(weight: i128, min: i64, cap: i64) -> Stake {
        Stake { weight, min, cap, step: 100 }
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
        }
    }

    fn shares(sessions: &[Session], capacity: i64) -> Vec<i64> {
        let borrowed: Vec<&Session> = sessions.iter().collect();
        fill(&borrowed, |s| s.weight, Watts(capacity)).into_iter().map(|rate| rate.0).collect()
    }

    #[test]
    fn the_level_solves_the_piece_between_two_breakpoints() {
        let stakes = [stake(3, 3700, 22_000), stake(1, 3700, 22_000), stake(1, 3700, 22_000)];
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
