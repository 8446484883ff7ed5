//! Filling on a network: claims rise together until something stops each of them, then what rounding
//! to steps has left is handed out in quanta.
//!
//! The rates before rounding are (weighted) max-min fair to within a millionth of a watt. Everybody
//! starts from the step below; quanta go to whoever stands lowest, so that nobody who could be
//! raised by a step stays behind. With one common step, nobody ends a whole step below the exact
//! rate unless a limit that was full to the watt left no room for it.

use std::collections::BTreeMap;

use super::Session;
use super::contest::{Choice, Contest};
use super::division::Division;
use super::rise::{self, Riser};
use super::rows::Rows;
use crate::units::Watts;

/// Levels in a watt for each unit of weight.
pub(super) const FINE: i128 = 1 << 20;

/// Somebody who takes part in a filling.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) claim: usize,
    pub(super) riser: Riser,
}

/// A rate in proportion to the weight.
pub(super) fn weighted(session: &Session, weight: i128) -> Riser {
    Riser { slope: weight, offset: 0, min: session.min.0, cap: session.cap.0 }
}

/// Fills the capacity and the network with the admitted claims, rising as said; the others get
/// nothing.
pub(super) fn rates(
    contest: &Contest<'_>,
    choice: &Choice,
    scale: i128,
    riser: impl Fn(usize) -> Riser,
) -> Vec<Watts> {
    let part = |claim: usize| Part { claim, riser: riser(claim) };
    let parts: Vec<Part> = choice.admitted_in_order().map(part).collect();
    match exact(contest, &parts, scale) {
        Some(exact) => rounded(contest, &parts, scale, &exact),
        None => {
            let minimums: Vec<i128> =
                parts.iter().map(|part| i128::from(part.riser.min) * scale).collect();
            rounded(contest, &parts, scale, &minimums)
        }
    }
}

/// The rates before rounding, times the scale. `None`: the network is no set of linear limits.
pub(super) fn exact(contest: &Contest<'_>, parts: &[Part], scale: i128) -> Option<Vec<i128>> {
    let grid = contest.network.and_then(|network| network.grid())?;
    let claims: Vec<usize> = parts.iter().map(|part| part.claim).collect();
    let rows = Rows::new(contest, &grid, &claims).with_capacity(contest.capacity);
    let risers: Vec<Riser> = parts.iter().map(|part| part.riser).collect();
    Some(rise::rise(&rows, &risers, scale))
}

/// Rounds exact rates to steps and hands out what that leaves: first to who is below what it rose to,
/// then to anybody. By claim.
pub(super) fn rounded(
    contest: &Contest<'_>,
    parts: &[Part],
    scale: i128,
    exact: &[i128],
) -> Vec<Watts> {
    let mut rates = vec![Watts::ZERO; contest.claims.len()];
    let mut division = contest.division();
    for (part, exact) in parts.iter().zip(exact) {
        let session = &contest.claims[part.claim];
        let whole = Watts(exact.div_euclid(scale) as i64);
        let rate = whole.floor_to(session.step).max(session.min);
        division.give(part.claim, rate);
        rates[part.claim] = rate;
    }
    let own = |part: &Part| -(-Watts(part.riser.cap)).floor_to(contest.claims[part.claim].step);
    let cap = |part: &Part| contest.claims[part.claim].cap;
    let short = |most: &dyn Fn(&Part) -> Watts| -> Vec<(Part, Watts)> {
        parts.iter().map(|part| (*part, most(part).min(cap(part)))).collect()
    };
    let mut hand_out = |most: Vec<(Part, Watts)>| {
        hand_out(contest.claims, most, scale, &mut rates, &mut division);
    };
    hand_out(short(&own));
    if parts.iter().any(|part| own(part) < cap(part)) {
        hand_out(short(&cap));
    }
    rates
}

/// Hands out quanta up to the rates given: to whoever stands on the lowest level, among those on the
/// same to who held this quantum in the previous decision, then least service, arrival, id. A claim
/// whose quantum does not fit once never gets another: what is left only shrinks.
fn hand_out(
    claims: &[Session],
    most: Vec<(Part, Watts)>,
    scale: i128,
    rates: &mut [Watts],
    division: &mut Division<'_>,
) {
    // Claims are many, but few are the levels, since kinds of cars are few.
    let mut tiers: BTreeMap<i128, Vec<(Part, Watts)>> = BTreeMap::new();
    for (part, most) in most {
        let (rate, step) = (rates[part.claim], claims[part.claim].step);
        if rate + step <= most && step <= division.room(part.claim) {
            tiers.entry(part.riser.level(rate.0, scale)).or_default().push((part, most));
        }
    }
    while let Some((_, mut tier)) = tiers.pop_first() {
        tier.sort_unstable_by_key(|(part, _)| {
            let session = &claims[part.claim];
            let held_it_before = session.previous > rates[part.claim];
            (!held_it_before, session.service, session.arrival, session.id)
        });
        for (part, most) in tier {
            let (rate, step) = (&mut rates[part.claim], claims[part.claim].step);
            if division.try_give(part.claim, step) {
                *rate += step;
                if *rate + step <= most {
                    tiers.entry(part.riser.level(rate.0, scale)).or_default().push((part, most));
                }
            }
        }
    }
}
