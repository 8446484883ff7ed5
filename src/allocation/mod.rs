//! Strategies that divide a site's power among charging sessions: pure functions over one input.
//!
//! A [`Problem`] is everything a decision depends on; [`solve`] returns one rate per session and
//! the reason for each. No I/O, no clock, no floats in a decision, no dependence on the order in
//! which sessions are listed. Definitions: `allocation.md` §2 of the design notes.
//!
//! | strategy | who is admitted | what the admitted get |
//! |---|---|---|
//! | `equal` | in rotation order | max-min fair |
//! | `first_come_first_served` | by arrival | all they can take, in order |
//! | `priority` | by weight, then rotation | weighted max-min fair |
//! | `max_throughput` | the set that takes most | max-min fair |
//! | `earliest_deadline_first` | by departure | all they can take, in order |
//! | `least_laxity_first` | in rotation order, least laxity first | equal laxity afterwards |
//! | `round_robin` | in rotation order | all they can take, in order |
//! | `proportional_fair` | in rotation order by weight | weighted max-min fair |
//!
//! Common to all: a session is admitted with its minimum or gets nothing, rates lie on the grid of
//! the session's step, and the sum never exceeds the capacity. While the hardware of all sessions
//! together fits, nothing is divided and everybody gets the hardware maximum; only otherwise does
//! it count what each car accepts. A decision fed back as `previous` gives itself again.
//!
//! Below the connection a site may have a [`network`] of feeders with limits of their own, by phase,
//! too. Then all this holds for every limit: a session waits, and its cap counts, only where a limit
//! that it loads is contended, and fairness is max-min: nobody gets more at the cost of somebody who
//! has no more, and who is not limited by what limits others rises beyond them.
//!
//! [`offline`] says what the best of all could have delivered, known afterwards.
//!
//! Two things do not hold and are not promised: more capacity may lower a single session, because
//! one more may be admitted with it; and with different steps a rate may be a quantum of another
//! session away from its exact share.

mod admission;
mod contest;
mod division;
mod earliest_deadline_first;
mod equal;
mod fill;
mod first_come_first_served;
mod in_order;
mod least_laxity_first;
mod max_throughput;
pub mod network;
pub mod offline;
mod order;
mod priority;
mod progressive;
mod proportional_fair;
mod relief;
mod rise;
mod rotation;
mod round_robin;
mod rows;
mod simplex;
mod strategy;

use serde::{Deserialize, Serialize};

use crate::time::{Span, Time};
use crate::units::Watts;
use contest::{Choice, Claim, Contest};
use division::Stopped;
use network::Bounds;

pub use relief::relieve;
pub use strategy::UnknownStrategy;

/// How a site divides its power, by the names of the REST API.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Max-min fairness: everybody gets the same, nobody more than they can take.
    #[default]
    Equal,
    /// Earlier sessions get full power; what is left goes to later ones.
    FirstComeFirstServed,
    /// Weighted max-min fairness by per-charger weights.
    Priority,
    /// The largest total the site can deliver now.
    MaxThroughput,
    /// Who departs first gets full power; what is left goes to those who stay longer.
    EarliestDeadlineFirst,
    /// Power goes where least time is left beyond what charging needs, smoothed: after a rotation
    /// epoch everybody who is limited has the same time left.
    LeastLaxityFirst,
    /// Full power in turns, for a rotation epoch each.
    RoundRobin,
    /// Rates as the weights, so that no other division gains more in parts than it costs in parts;
    /// who waits has its turn, whatever its weight.
    ProportionalFair,
}

impl Strategy {
    /// True when earlier sessions of an order get all they can take, so that a minimum that fits
    /// is no promise of a place.
    fn serves_in_order(self) -> bool {
        use Strategy::{EarliestDeadlineFirst, FirstComeFirstServed, RoundRobin};
        matches!(self, FirstComeFirstServed | EarliestDeadlineFirst | RoundRobin)
    }

    /// True when weights matter.
    #[must_use]
    pub fn heeds_weights(self) -> bool {
        matches!(self, Strategy::Priority | Strategy::ProportionalFair)
    }

    /// True when it matters when cars leave and what they need until then.
    #[must_use]
    pub fn heeds_deadlines(self) -> bool {
        matches!(self, Strategy::EarliestDeadlineFirst | Strategy::LeastLaxityFirst)
    }

    /// True when the cap of every session matters, binding or not: who is admitted may depend on
    /// it, or how much time a car has left.
    #[must_use]
    pub fn heeds_every_cap(self) -> bool {
        matches!(self, Strategy::MaxThroughput | Strategy::LeastLaxityFirst)
    }

    /// True when a decision of the next rotation epoch may differ although everybody has a place
    /// and nothing has happened: turns end, laxities pass, wishes are fulfilled.
    #[must_use]
    pub fn moves_with_time(self) -> bool {
        self.heeds_deadlines() || self == Strategy::RoundRobin
    }

    /// True when places change at rotation epochs and are kept for a minimum on-time.
    fn rotates(self) -> bool {
        !matches!(self, Strategy::FirstComeFirstServed | Strategy::EarliestDeadlineFirst)
    }
}

/// One session that wants power. All rates are multiples of `step` (see [`Session::normalised`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Unique and stable; last tie-breaker of every order.
    pub id: u64,
    /// StartTransaction time.
    pub arrival: Time,
    /// 1..=1000.
    pub weight: u32,
    /// Smallest rate that charges at all: the larger of the site's minimum and the EVSE's.
    pub min: Watts,
    /// Largest rate worth offering now, acceptance included; below `min` means "tapering":
    /// the session is then treated as `cap == min` (see allocation.md §2.0).
    pub cap: Watts,
    /// Largest rate of the hardware, used when nobody contends. `hardware < min`: ineligible.
    pub hardware: Watts,
    /// Quantum of the session's rate: AC 1 A x phases x voltage, DC 100 W. Positive.
    pub step: Watts,
    /// Watt-hours received since plug-in or the last reset; smaller is served first on rotation.
    pub service: i64,
    /// Rate of the previous decision; positive means "running".
    pub previous: Watts,
    /// When the session last went from paused to running or back.
    pub last_switch: Time,
    /// False: connected, but asks for nothing (full, or suspended by the car for long).
    pub wants_power: bool,
    /// When the car is expected to leave, where that is known.
    pub departure: Option<Time>,
    /// Energy that it still needs by then, Wh, where that is known.
    pub energy_left: Option<i64>,
}

/// What rotation may do at this instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The instant of the decision.
    pub now: Time,
    /// The instant for which laxities count, and to which `Session::energy_left` belongs: what has
    /// only become later since moves nobody's rate.
    pub looked_at: Time,
    /// True when this decision is the first of a clock-aligned rotation epoch.
    pub epoch_starts: bool,
    /// Minimum on-time before a session may be rotated out (default 5 min).
    pub min_on: Span,
    /// Minimum off-time before a paused session may resume (default 3 min).
    pub min_off: Span,
    /// A session younger than this is welcomed with its minimum if at all possible (3.5 min).
    pub welcome: Span,
    /// Length of an epoch (default 15 min); laxities are made equal for its end.
    pub epoch: Span,
}

#[cfg(test)]
impl Rotation {
    /// Within an epoch, with the default spans.
    fn at(now: Time) -> Rotation {
        Rotation {
            now,
            looked_at: now,
            epoch_starts: false,
            min_on: Span::from_s(300),
            min_off: Span::from_s(180),
            welcome: Span::from_s(210),
            epoch: Span::from_s(900),
        }
    }
}

/// Everything a decision depends on.
#[derive(Clone, Debug)]
pub struct Problem<'a> {
    /// The rule.
    pub strategy: Strategy,
    /// Power to divide: limit minus reserve minus what cannot be controlled. Negative: shed.
    pub capacity: Watts,
    /// The sessions, in any order.
    pub sessions: &'a [Session],
    /// What bounds their rates besides: the network between the connection and the connectors.
    pub network: Option<&'a dyn Bounds>,
    /// Rotation state.
    pub rotation: Rotation,
}

/// Why a session got the rate it got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The hardware or the user's own limit binds.
    Cap,
    /// What the car accepts binds.
    Acceptance,
    /// The site's capacity binds: a fair share, what earlier sessions left, or a capacity below
    /// the session's minimum.
    Site,
    /// The same of a limit of the network below the connection; [`Share::limit`] says which.
    Network,
    /// Paused: its minimum does not fit beside those who have the places now.
    Rotation,
    /// Paused less than the minimum off-time ago, or running only because its minimum on-time has
    /// not passed.
    Hold,
    /// Below what the hardware can offer, or the session asks for nothing.
    Ineligible,
}

impl Reason {
    /// True when the session could use more and others stand in its way.
    #[must_use]
    pub fn is_lack(self) -> bool {
        matches!(self, Reason::Site | Reason::Network | Reason::Rotation | Reason::Hold)
    }
}

/// The rate of one session and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// 0, or `min + k * step` up to `cap`.
    pub rate: Watts,
    /// The binding constraint.
    pub reason: Reason,
    /// The limit of the network that stops the session from getting more, by its place in
    /// [`network::Limits::all`]; also of one that waits for its turn there.
    pub limit: Option<usize>,
}

/// Divides the capacity. The result lists one share per session of the problem, in its order, and
/// does not depend on that order. A negative capacity counts as none.
///
/// Expects unique ids and positive steps. O(n log n), except that `max_throughput` may have to
/// search for its set (see `max_throughput.rs` for the bound).
///
/// # Panics
/// When a step is not positive.
#[must_use]
pub fn solve(problem: &Problem<'_>) -> Vec<Share> {
    let (mut places, mut claims) = contest::eligible(problem);
    let contend = contest::contend(problem, &places, &claims);
    let nothing = Share { rate: Watts::ZERO, reason: Reason::Ineligible, limit: None };
    let mut shares = vec![nothing; problem.sessions.len()];
    if contend.contains(&false) {
        for ((place, claim), _) in places.iter().zip(&claims).zip(&contend).filter(|it| !it.1) {
            shares[*place] = Share { rate: claim.hardware, reason: Reason::Cap, limit: None };
        }
        let mut each = contend.iter();
        places.retain(|_| each.next() == Some(&true));
        let mut each = contend.iter();
        claims.retain(|_| each.next() == Some(&true));
    }
    let contest = contest::of(problem, &places, &claims);
    if !claims.is_empty() {
        decide(problem.strategy, &contest, &mut shares);
    }
    shares
}

/// Puts the shares of claims, of which there is at least one, in their sessions' places.
fn decide(strategy: Strategy, contest: &Contest<'_>, shares: &mut [Share]) {
    let mut choice = everybody(strategy, contest).unwrap_or_else(|| choose(strategy, contest));
    let found = choice.rates.take();
    let rates = found.unwrap_or_else(|| divide(strategy, contest, &choice));
    let shares_of = reasoned(strategy, contest, &choice, &rates);
    contest.places.iter().zip(shares_of).for_each(|(&place, share)| shares[place] = share);
}

/// Some sessions of the problem (by their place in it) in the order in which power goes to them:
/// the admitted first, in the strategy's order; then those who wait, those held off, and those who
/// cannot or do not want to charge. Raise in this order, shed in its reverse.
///
/// # Panics
/// When `among` names a place that the problem does not have, or a step is not positive.
#[must_use]
pub fn admission_order(problem: &Problem<'_>, among: &[usize]) -> Vec<usize> {
    let (places, claims) = contest::eligible(problem);
    let contest = contest::of(problem, &places, &claims);
    let mut wanted = vec![false; problem.sessions.len()];
    for &place in among {
        wanted[place] = true;
    }
    let is_wanted = |claim: &usize| wanted[places[*claim]];
    let mut order: Vec<usize> = match everybody(problem.strategy, &contest) {
        // Sorting all to find the places of a few would be most of the work.
        Some(all) => {
            let mut running: Vec<usize> = all.admitted_in_order().filter(is_wanted).collect();
            rotation::sort(&contest, rotation::Order::of(problem.strategy), &mut running);
            let mut held: Vec<usize> =
                (0..claims.len()).filter(|&claim| all.held[claim]).filter(is_wanted).collect();
            order::sort_by_arrival(&claims, &mut held);
            running.extend(held);
            running
        }
        None => {
            let choice = choose(problem.strategy, &contest);
            let waiting = choice.order.iter().copied().filter(|&claim| !choice.admitted[claim]);
            choice.admitted_in_order().chain(waiting).filter(is_wanted).collect()
        }
    };
    for claim in &mut order {
        *claim = places[*claim];
        wanted[*claim] = false;
    }
    let mut rest: Vec<usize> = (0..wanted.len()).filter(|&place| wanted[place]).collect();
    rest.sort_unstable_by_key(|&place| {
        let session = &problem.sessions[place];
        (session.arrival, session.id)
    });
    order.extend(rest);
    order
}

/// The choice when nobody has to wait, which needs no order. Where earlier ones get all they can
/// take, sessions wait also when all minimums fit; and on a network where one may stand in the way of
/// others that take more.
fn everybody(strategy: Strategy, contest: &Contest<'_>) -> Option<Choice> {
    let displaces = strategy == Strategy::MaxThroughput && contest.network.is_some();
    if strategy.serves_in_order() || displaces { None } else { Choice::everybody(contest) }
}

fn choose(strategy: Strategy, contest: &Contest<'_>) -> Choice {
    match strategy {
        Strategy::Equal => equal::choose(contest),
        Strategy::FirstComeFirstServed => first_come_first_served::choose(contest),
        Strategy::Priority => priority::choose(contest),
        Strategy::MaxThroughput => max_throughput::choose(contest),
        Strategy::EarliestDeadlineFirst => earliest_deadline_first::choose(contest),
        Strategy::LeastLaxityFirst => least_laxity_first::choose(contest),
        Strategy::RoundRobin => round_robin::choose(contest),
        Strategy::ProportionalFair => proportional_fair::choose(contest),
    }
}

/// Divides what the choice has not divided already.
fn divide(strategy: Strategy, contest: &Contest<'_>, choice: &Choice) -> Vec<Watts> {
    match strategy {
        Strategy::LeastLaxityFirst => least_laxity_first::rates(contest, choice),
        _ if strategy.heeds_weights() => share_out(contest, choice, |claim| claim.weight()),
        _ => share_out(contest, choice, |_| 1),
    }
}

/// Fills the capacity, and the network if there is one, with the admitted claims by weight; the others
/// get nothing.
fn share_out(
    contest: &Contest<'_>,
    choice: &Choice,
    weight: impl Fn(&Claim<'_>) -> u32,
) -> Vec<Watts> {
    if contest.network.is_some() {
        // Only how weights stand to each other counts, also where a level is rounded.
        let weight = |claim: usize| i128::from(weight(&contest.claims[claim]));
        let common = choice.admitted_in_order().map(weight).fold(0, gcd).max(1);
        let riser = |claim: usize| {
            progressive::weighted(&contest.claims[claim], (weight(claim) / common) as i64)
        };
        return progressive::rates(contest, choice, progressive::FINE, riser);
    }
    let admitted: Vec<usize> = choice.admitted_in_order().collect();
    let sessions: Vec<&Claim<'_>> = admitted.iter().map(|&claim| &contest.claims[claim]).collect();
    let mut rates = vec![Watts::ZERO; contest.claims.len()];
    for (claim, rate) in admitted.iter().zip(fill::fill(&sessions, weight, contest.capacity)) {
        rates[*claim] = rate;
    }
    rates
}

/// Rounds down. The divisor is positive; real sites fit 64 bits, where a division costs a tenth of the
/// wide one.
fn floor(dividend: i128, divisor: i128) -> i128 {
    match (i64::try_from(dividend), i64::try_from(divisor)) {
        (Ok(dividend), Ok(divisor)) => i128::from(dividend.div_euclid(divisor)),
        _ => dividend.div_euclid(divisor),
    }
}

/// The greatest common divisor of numbers that are not negative.
fn gcd(mut a: i128, mut b: i128) -> i128 {
    while b != 0 {
        (a, b) = match (u64::try_from(a), u64::try_from(b)) {
            (Ok(x), Ok(y)) => (b, i128::from(x % y)),
            _ => (b, a % b),
        };
    }
    a
}

/// The rate of every claim with the constraint that binds it, and the limit of the network that this is.
fn reasoned<'a>(
    strategy: Strategy,
    contest: &'a Contest<'_>,
    choice: &'a Choice,
    rates: &'a [Watts],
) -> impl Iterator<Item = Share> + 'a {
    let kept = kept_on(strategy, contest, choice);
    let mut given = contest.division();
    if contest.network.is_some() {
        rates.iter().enumerate().for_each(|(claim, rate)| given.give(claim, *rate));
    }
    let empty = contest.division();
    let limited = move |stopped: Option<Stopped>| match stopped {
        Some(Stopped::ByNetwork(limit)) => (Reason::Network, limit),
        _ => (Reason::Site, None),
    };
    let reason = move |claim: usize| {
        let session = &contest.claims[claim];
        if choice.held[claim] || kept[claim] {
            (Reason::Hold, None)
        } else if !choice.admitted[claim] {
            let never_fits = empty.stops(claim, session.min);
            let taken = || limited(given.stops(claim, session.min));
            match never_fits {
                Some(_) => limited(never_fits),
                None if strategy.rotates() => (Reason::Rotation, taken().1),
                None => taken(),
            }
        } else if rates[claim] < session.cap {
            limited(given.stops(claim, session.step))
        } else if session.cap < session.hardware {
            (Reason::Acceptance, None)
        } else {
            (Reason::Cap, None)
        }
    };
    rates.iter().enumerate().map(move |(claim, &rate)| {
        let (reason, limit) = reason(claim);
        Share { rate, reason, limit }
    })
}

/// By claim: runs only because its minimum on-time has not passed; without it another session
/// would have the place.
fn kept_on(strategy: Strategy, contest: &Contest<'_>, choice: &Choice) -> Vec<bool> {
    let claims = contest.claims;
    let may_be_kept = |claim: usize| {
        choice.admitted[claim] && strategy.rotates() && rotation::is_kept(contest, &claims[claim])
    };
    let somebody_waits = (0..claims.len()).any(|c| !choice.admitted[c] && !choice.held[c]);
    if !somebody_waits || !(0..claims.len()).any(may_be_kept) {
        return vec![false; claims.len()];
    }
    let rotation = Rotation { min_on: Span::ZERO, ..contest.rotation };
    let without = choose(strategy, &Contest { rotation, ..*contest });
    (0..claims.len()).map(|claim| may_be_kept(claim) && !without.admitted[claim]).collect()
}
