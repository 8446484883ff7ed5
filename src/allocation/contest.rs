//! What every strategy works on: the eligible sessions with their rates on the grid of their
//! steps, and who of them is admitted.

use std::ops::Deref;

use super::division::Division;
use super::network::Bounds;
use super::order::sort_by_arrival;
use super::{Problem, Rotation, Session, rotation, rows};
use crate::units::Watts;

/// A division among sessions whose hardware could together take more than the capacity.
#[derive(Clone, Copy, Debug)]
pub(super) struct Contest<'a> {
    /// Never negative.
    pub(super) capacity: Watts,
    /// All eligible; strategies name them by their place here.
    pub(super) claims: &'a [Claim<'a>],
    /// By claim: its place in the problem.
    pub(super) places: &'a [usize],
    /// What bounds the rates beside the capacity.
    pub(super) network: Option<&'a dyn Bounds>,
    pub(super) rotation: Rotation,
}

/// An eligible session, with its rates on the grid of its step. What decisions do not change stays where
/// it is: copies of all sessions of a large site would be most of the memory that a decision takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim<'a> {
    pub(super) session: &'a Session,
    pub(super) min: Watts,
    pub(super) cap: Watts,
    pub(super) hardware: Watts,
    /// Here, too, since each walk over the claims needs it: positive.
    pub(super) step: Watts,
}

impl Deref for Claim<'_> {
    type Target = Session;

    fn deref(&self) -> &Session {
        self.session
    }
}

/// Who takes part in the division.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    /// All claims: those that may run in the strategy's order, then those held off.
    pub(super) order: Vec<usize>,
    /// By claim: gets at least its minimum.
    pub(super) admitted: Vec<bool>,
    /// By claim: paused too recently to resume.
    pub(super) held: Vec<bool>,
    /// By claim: the rates, where they have been found on the way.
    pub(super) rates: Option<Vec<Watts>>,
}

impl<'a> Contest<'a> {
    /// A division in which nobody has anything yet.
    pub(super) fn division(&self) -> Division<'a> {
        match self.network {
            None => Division::of_capacity(self.capacity),
            Some(network) => Division::on_network(self.capacity, network.empty(), self.places),
        }
    }
}

impl<'a> Claim<'a> {
    /// At least 1.
    pub(super) fn weight(&self) -> u32 {
        self.session.weight.max(1)
    }

    /// That of a session; see [`Session::normalised`].
    pub(super) fn of(session: &'a Session) -> Option<Claim<'a>> {
        let step = session.step;
        let min = -(-session.min.floor_zero()).floor_to(step);
        let hardware = session.hardware.floor_to(step);
        let eligible = session.wants_power && hardware >= min && hardware > Watts::ZERO;
        eligible.then(|| Claim {
            session,
            min,
            cap: session.cap.floor_to(step).clamp(min, hardware),
            hardware,
            step,
        })
    }
}

impl Session {
    /// The session with all rates on the grid that decisions use: the minimum rounded up to a
    /// multiple of the step, cap and hardware rounded down, and the cap moved into
    /// `min..=hardware`. A cap below the minimum so becomes the minimum: a car that tapers is
    /// offered the minimum until it stops by itself. `None` when the session is ineligible: it
    /// asks for nothing, or its hardware cannot offer the minimum (or anything at all).
    ///
    /// # Panics
    /// When the step is not positive.
    #[must_use]
    pub fn normalised(&self) -> Option<Session> {
        let claim = Claim::of(self)?;
        let (min, cap, hardware, weight) = (claim.min, claim.cap, claim.hardware, claim.weight());
        Some(Session { min, cap, hardware, weight, ..self.clone() })
    }

    /// True when the previous decision gave the session power.
    pub(super) fn is_running(&self) -> bool {
        self.previous > Watts::ZERO
    }

    /// True when the energy that was wished for is there, whatever the car still takes.
    pub(super) fn is_fulfilled(&self) -> bool {
        self.energy_left.is_some_and(|left| left <= 0)
    }
}

impl Choice {
    /// A choice over the claims of `candidates` and, after them, those held off.
    pub(super) fn new(
        contest: &Contest<'_>,
        candidates: Vec<usize>,
        admitted: Vec<bool>,
        held: Vec<bool>,
    ) -> Choice {
        let claims = contest.claims;
        let mut last: Vec<usize> = (0..claims.len()).filter(|&claim| held[claim]).collect();
        sort_by_arrival(claims, &mut last);
        let mut order = candidates;
        order.extend(last);
        Choice { order, admitted, held, rates: None }
    }

    /// Everybody who is not held off, in no particular order: the choice of every strategy with
    /// rotation when all their minimums fit at once. `None` when they do not.
    pub(super) fn everybody(contest: &Contest<'_>) -> Option<Choice> {
        let held = rotation::held(contest);
        let mut division = contest.division();
        let mut minimums = (0..held.len()).filter(|&claim| !held[claim]);
        let fit = minimums.all(|claim| division.try_give(claim, contest.claims[claim].min));
        fit.then(|| Choice {
            order: (0..held.len()).collect(),
            admitted: held.iter().map(|held| !held).collect(),
            held,
            rates: None,
        })
    }

    /// The choice with the rates that were found on the way to it, by claim: full power in an order is
    /// admission and division at once.
    pub(super) fn with_rates(self, rates: Vec<Watts>) -> Choice {
        Choice { rates: Some(rates), ..self }
    }

    /// The admitted claims in the strategy's order.
    pub(super) fn admitted_in_order(&self) -> impl Iterator<Item = usize> {
        self.order.iter().copied().filter(|&claim| self.admitted[claim])
    }
}

/// The contest of these claims, which have these places in the problem.
pub(super) fn of<'a>(
    problem: &Problem<'a>,
    places: &'a [usize],
    claims: &'a [Claim<'a>],
) -> Contest<'a> {
    let Problem { capacity, network, rotation, .. } = *problem;
    Contest { capacity: capacity.floor_zero(), claims, places, network, rotation }
}

/// The claims of a problem, and the place of the session of each.
pub(super) fn eligible<'a>(problem: &Problem<'a>) -> (Vec<usize>, Vec<Claim<'a>>) {
    let count = problem.sessions.len();
    let (mut places, mut claims) = (Vec::with_capacity(count), Vec::with_capacity(count));
    for (place, session) in problem.sessions.iter().enumerate() {
        if let Some(claim) = Claim::of(session) {
            places.push(place);
            claims.push(claim);
        }
    }
    (places, claims)
}

/// By claim: whether a limit that it loads would be overloaded if everybody took the hardware maximum,
/// so that something has to be divided. The others can have theirs, whatever is decided for these.
pub(super) fn contend(problem: &Problem<'_>, places: &[usize], claims: &[Claim<'_>]) -> Vec<bool> {
    let capacity = problem.capacity.floor_zero();
    let wanted: i128 = claims.iter().map(|claim| i128::from(claim.hardware.0)).sum();
    if wanted > i128::from(capacity.0) {
        return vec![true; claims.len()];
    }
    let Some(network) = problem.network else { return vec![false; claims.len()] };
    if let Some(grid) = network.grid() {
        return rows::contend(&grid, claims, places);
    }
    let mut division = Division::on_network(capacity, network.empty(), places);
    let mut all = claims.iter().enumerate();
    let fit = all.all(|(claim, session)| division.try_give(claim, session.hardware));
    vec![!fit; claims.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Time;

    fn session(min: i64, cap: i64, hardware: i64, step: i64) -> Session {
        Session {
            id: 1,
            arrival: Time(0),
            weight: 1,
            min: Watts(min),
            cap: Watts(cap),
            hardware: Watts(hardware),
            step: Watts(step),
            service: 0,
            previous: Watts::ZERO,
            last_switch: Time(0),
            wants_power: true,
            departure: None,
            energy_left: None,
        }
    }

    fn rates(session: &Session) -> Option<(i64, i64, i64)> {
        session.normalised().map(|s| (s.min.0, s.cap.0, s.hardware.0))
    }

    #[test]
    fn rates_move_onto_the_grid_of_the_step() {
        assert_eq!(rates(&session(3700, 11_000, 22_000, 690)), Some((4140, 10_350, 21_390)));
    }

    #[test]
    fn a_tapering_car_keeps_its_minimum() {
        assert_eq!(rates(&session(3700, 900, 22_000, 100)), Some((3700, 3700, 22_000)));
    }

    #[test]
    fn no_minimum_leaves_any_multiple_of_the_step() {
        assert_eq!(rates(&session(0, 150, 50_000, 100)), Some((0, 100, 50_000)));
        assert_eq!(rates(&session(-5, 0, 50_000, 100)), Some((0, 0, 50_000)));
    }

    #[test]
    fn hardware_below_the_minimum_and_no_wish_for_power_are_ineligible() {
        assert_eq!(rates(&session(3700, 3600, 3600, 100)), None);
        assert_eq!(rates(&session(0, 0, 99, 100)), None);
        let full = Session { wants_power: false, ..session(3700, 11_000, 22_000, 100) };
        assert_eq!(rates(&full), None);
    }
}
