//! Filling on a network: claims rise together until something stops each of them, then what rounding
//! to steps has left is handed out in quanta.
//!
//! The rates before rounding are (weighted) max-min fair to within a millionth of a watt. Everybody
//! starts from the step below; quanta go to whoever stands lowest, so that nobody who could be
//! raised by a step stays behind. With one common step, nobody ends a whole step below the exact
//! rate unless a limit that was full to the watt left no room for it.

use std::collections::BTreeMap;

use super::contest::{Choice, Claim, Contest};
use super::division::Division;
use super::floor;
use super::rise::{self, Riser};
use super::rows::Rows;
use crate::units::Watts;

/// Levels in a watt for each unit of weight.
pub(super) const FINE: i128 = 1 << 20;

/// A rate in proportion to the weight.
pub(super) fn weighted(session: &Claim<'_>, weight: i64) -> Riser {
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
    // The order makes no difference, so that in which they lie in memory.
    let admitted = 0..choice.admitted.len();
    let claims: Vec<usize> = admitted.filter(|&claim| choice.admitted[claim]).collect();
    let risers: Vec<Riser> = claims.iter().map(|&claim| riser(claim)).collect();
    let exact = match contest.network.and_then(|network| network.grid()) {
        Some(grid) => rise::rise(&Rows::with_capacity(contest, &grid, &claims), &risers, scale),
        // No set of linear limits: everything above the minimums is handed out.
        None => risers.iter().map(|riser| i128::from(riser.min) * scale).collect(),
    };
    rounded(contest, &claims, &risers, scale, &exact)
}

/// Rounds exact rates of claims, times the scale, to steps and hands out what that leaves: first to who
/// is below what it rose to, then to anybody. By claim of the contest.
pub(super) fn rounded(
    contest: &Contest<'_>,
    claims: &[usize],
    risers: &[Riser],
    scale: i128,
    exact: &[i128],
) -> Vec<Watts> {
    let mut rates = vec![Watts::ZERO; contest.claims.len()];
    let mut division = contest.division();
    for (&claim, exact) in claims.iter().zip(exact) {
        let session = &contest.claims[claim];
        let whole = Watts(floor(*exact, scale) as i64);
        let rate = whole.floor_to(session.step).max(session.min);
        division.give(claim, rate);
        rates[claim] = rate;
    }
    let cap = |at: usize| contest.claims[claims[at]].cap;
    let own = |at: usize| {
        let step = contest.claims[claims[at]].step;
        (-(-Watts(risers[at].cap)).floor_to(step)).min(cap(at))
    };
    let sessions = contest.claims;
    let mut quanta = Quanta { sessions, claims, risers, scale, rates, division };
    quanta.hand_out(own);
    if (0..claims.len()).any(|at| own(at) < cap(at)) {
        quanta.hand_out(cap);
    }
    quanta.rates
}

/// What is handed out after rounding.
struct Quanta<'a> {
    /// By claim of the contest; so are the rates.
    sessions: &'a [Claim<'a>],
    /// Who takes part, and how each rises.
    claims: &'a [usize],
    risers: &'a [Riser],
    scale: i128,
    rates: Vec<Watts>,
    division: Division<'a>,
}

impl Quanta<'_> {
    /// Hands out quanta up to the rates given: to whoever stands on the lowest level, among those on the
    /// same to who held this quantum in the previous decision, then least service, arrival, id. A claim
    /// whose quantum does not fit once never gets another: what is left only shrinks.
    fn hand_out(&mut self, most: impl Fn(usize) -> Watts) {
        // Claims are many, but few are the levels, since kinds of cars are few.
        let mut tiers: BTreeMap<i128, Vec<u32>> = BTreeMap::new();
        let wait = |tiers: &mut BTreeMap<i128, Vec<u32>>, at: usize, rate: Watts| {
            if rate + self.sessions[self.claims[at]].step <= most(at) {
                let level = self.risers[at].level(rate.0, self.scale);
                tiers.entry(level).or_default().push(at as u32);
            }
        };
        for (at, &claim) in self.claims.iter().enumerate() {
            wait(&mut tiers, at, self.rates[claim]);
        }
        while let Some((_, tier)) = tiers.pop_first() {
            for at in self.in_turn(&tier) {
                let claim = self.claims[at];
                let step = self.sessions[claim].step;
                if self.division.try_give(claim, step) {
                    self.rates[claim] += step;
                    wait(&mut tiers, at, self.rates[claim]);
                }
            }
        }
    }

    /// Those of a tier for whose quantum there is room, in the order in which they get it.
    fn in_turn(&self, tier: &[u32]) -> impl Iterator<Item = usize> + use<> {
        let turn = |&at: &u32| {
            let claim = self.claims[at as usize];
            let session = &self.sessions[claim];
            let held_it_before = session.previous > self.rates[claim];
            let fits = self.division.fits(claim, session.step);
            fits.then_some((!held_it_before, session.service, session.arrival, session.id, at))
        };
        let mut turns: Vec<_> = tier.iter().filter_map(turn).collect();
        turns.sort_unstable();
        turns.into_iter().map(|turn| turn.4 as usize)
    }
}
