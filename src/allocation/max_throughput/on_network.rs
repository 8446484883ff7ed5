//! `max_throughput` on a network.
//!
//! What a set can take is a linear program, solved exactly. The set is exact for up to [`SEARCHED`]
//! sessions that are not in anyway: branch and bound, sessions in rotation order, a place before no
//! place, bounded by the program in which whoever is not settled may take any rate. Beyond, or when the
//! search would cost more than [`MAX_PROGRAMS`] programs, a good set is taken: the best of all whose
//! minimums fit in rotation order, and of those only whose minimums fit what the program gives their
//! seats, in rotation order or those first who can use most beyond their minimum. The next decision may
//! then find a better one.
//!
//! Where the optimum leaves a choice, rates are max-min fair: a seat of which more power would be
//! worth more than it costs others is full, one of which it is worth less is at its minimums, and
//! the rest is filled progressively. Where that does not reach the optimum, each seat gets what the
//! program gives it, shared fairly among those who sit there.

use std::cmp::Reverse;

use super::seats::{Fate, Seats};
use crate::allocation::contest::Contest;
use crate::allocation::network::Grid;
use crate::allocation::order::sort_by_arrival;
use crate::allocation::progressive::{self, FINE};
use crate::allocation::rise::{self, Riser};
use crate::allocation::rows::Rows;
use crate::allocation::simplex::{Optimum, Worth};
use crate::units::Watts;

/// Sessions among which the best set is searched.
const SEARCHED: usize = 25;

/// Programs that a search may solve: some milliseconds to some tens of them.
const MAX_PROGRAMS: usize = 3_000;

/// Admits to those who are in anyway the set with the largest total, or a good one, and says what they
/// get.
pub(super) fn admit(
    contest: &Contest<'_>,
    grid: &Grid<'_>,
    order: &[usize],
    admitted: &mut [bool],
) -> Vec<Watts> {
    let mut sure = admitted.to_vec();
    let mut programs = 0;
    loop {
        let open = admit_best(contest, grid, order, (&sure, admitted), &mut programs);
        let found = rates(contest, grid, admitted);
        let idle = idle(contest, &open, &found, admitted);
        if idle.is_empty() {
            return found;
        }
        if open.len() > SEARCHED {
            idle.into_iter().for_each(|claim| admitted[claim] = true);
            return rates(contest, grid, admitted);
        }
        // Steps leave a place beside what the program fills. Who takes it runs at the next decision,
        // which may know a better set with it: that is found now, not a minute later.
        idle.into_iter().for_each(|claim| sure[claim] = true);
    }
}

/// Admits the best set with those who are sure; returns the claims that had to be decided about.
fn admit_best(
    contest: &Contest<'_>,
    grid: &Grid<'_>,
    order: &[usize],
    (sure, admitted): (&[bool], &mut [bool]),
    programs: &mut usize,
) -> Vec<usize> {
    admitted.copy_from_slice(sure);
    let (mut claims, open): (Vec<usize>, Vec<usize>) =
        order.iter().partition(|&&claim| sure[claim]);
    let mut division = contest.division();
    claims.iter().for_each(|&claim| division.give(claim, contest.claims[claim].min));
    let fits = |claim: &usize| contest.claims[*claim].min <= division.room(*claim);
    let open: Vec<usize> = open.into_iter().filter(fits).collect();
    let mut fates = vec![Fate::In; claims.len()];
    let settled = claims.len();
    claims.extend(&open);
    fates.resize(claims.len(), Fate::Open);
    let mut search = Search::new(contest, grid, &claims, &fates, *programs);
    if open.len() <= SEARCHED {
        // What the search has found when its means end stands.
        let _ended = search.explore(settled, &mut fates);
    } else {
        search.compare(&fates);
    }
    *programs = search.programs;
    for (&claim, fate) in claims.iter().zip(&search.best) {
        admitted[claim] = *fate == Fate::In;
    }
    open
}

/// Who fits beside what the chosen take.
fn idle(contest: &Contest<'_>, open: &[usize], rates: &[Watts], admitted: &[bool]) -> Vec<usize> {
    let mut division = contest.division();
    rates.iter().enumerate().for_each(|(claim, rate)| division.give(claim, *rate));
    let waiting = open.iter().copied().filter(|&claim| !admitted[claim]);
    waiting.filter(|&claim| division.try_give(claim, contest.claims[claim].min)).collect()
}

/// The rates by claim with the largest total that the admitted can have together.
fn rates(contest: &Contest<'_>, grid: &Grid<'_>, admitted: &[bool]) -> Vec<Watts> {
    // Of several optima the program finds one by the order of its columns, which is not to follow turns.
    let mut claims: Vec<usize> = (0..admitted.len()).filter(|&claim| admitted[claim]).collect();
    sort_by_arrival(contest.claims, &mut claims);
    let riser = |&claim: &usize| progressive::weighted(&contest.claims[claim], 1);
    let mut risers: Vec<Riser> = claims.iter().map(riser).collect();
    let whole = Rows::with_capacity(contest, grid, &claims);
    let fair = rise::rise(&whole, &risers, FINE);
    let rounded = |risers: &[Riser], exact: &[i128]| {
        progressive::rounded(contest, &claims, risers, FINE, exact)
    };
    let capacity = i128::from(contest.capacity.0);
    if reaches(&fair, capacity) {
        return rounded(&risers, &fair);
    }
    let seats = Seats::new(contest, grid, &claims);
    let optimum = seats.most(&vec![Fate::In; claims.len()]);
    let Some((most, optimum)) = optimum.filter(|(most, _)| !reaches(&fair, capacity.min(*most)))
    else {
        return rounded(&risers, &fair);
    };
    let ceilings = ceilings(contest, grid, &seats, (&claims, &risers), most, &optimum);
    for (riser, ceiling) in risers.iter_mut().zip(ceilings) {
        riser.cap = ceiling.0;
    }
    rounded(&risers, &rise::rise(&whole, &risers, FINE))
}

/// True when the rates sum to so many watts, but for what levels and the program round off.
fn reaches(rates: &[i128], watts: i128) -> bool {
    rates.iter().sum::<i128>() >= (watts - 1) * FINE
}

/// By claim of the list: a rate up to which the optimum lets it rise. All together they fit the network, and reach
/// its optimum.
fn ceilings(
    contest: &Contest<'_>,
    grid: &Grid<'_>,
    seats: &Seats<'_>,
    (claims, risers): (&[usize], &[Riser]),
    most: i128,
    optimum: &Optimum,
) -> Vec<Watts> {
    let bent = |(riser, seat): (&Riser, &u32)| {
        let mut riser = *riser;
        match optimum.worth[*seat as usize] {
            Worth::Nothing => riser.cap = riser.min,
            Worth::Even => {}
            Worth::More => riser.min = riser.cap,
        }
        riser
    };
    let bent: Vec<Riser> = risers.iter().zip(seats.seat_of()).map(bent).collect();
    let upwards = |rates: Vec<i128>| -> Vec<Watts> {
        rates.iter().map(|rate| Watts(-(-rate).div_euclid(FINE) as i64)).collect()
    };
    let fair = rise::rise(&Rows::new(contest, grid, claims), &bent, FINE);
    if reaches(&fair, most) {
        return upwards(fair);
    }
    let mut room = optimum.values.clone();
    for (riser, seat) in risers.iter().zip(seats.seat_of()) {
        room[*seat as usize] += i128::from(riser.min);
    }
    upwards(rise::rise(&Rows::of_seats(seats.seat_of(), room), risers, FINE))
}

/// The search for a set.
struct Search<'a> {
    contest: &'a Contest<'a>,
    claims: &'a [usize],
    seats: Seats<'a>,
    /// The best set so far, and its total.
    best: Vec<Fate>,
    total: i128,
    /// Solved so far.
    programs: usize,
}

impl<'a> Search<'a> {
    /// Begins with admission in order.
    fn new(
        contest: &'a Contest<'a>,
        grid: &Grid<'_>,
        claims: &'a [usize],
        fates: &[Fate],
        programs: usize,
    ) -> Search<'a> {
        let seats = Seats::new(contest, grid, claims);
        let mut search = Search { contest, claims, seats, best: Vec::new(), total: -1, programs };
        search.best = search.completed(fates);
        search
    }

    /// Looks for better sets among those with the fates that are settled, the next to settle being
    /// that of the claim at this place. `None`: the means have ended.
    fn explore(&mut self, at: usize, fates: &mut [Fate]) -> Option<()> {
        let bound = self.total(fates)?;
        if bound <= self.total {
            return Some(());
        }
        let completed = self.completed(fates);
        let total = self.total(&completed)?;
        if total > self.total {
            self.total = total;
            self.best = completed;
        }
        if total >= bound || at == fates.len() {
            return Some(());
        }
        if !self.twin_waits(at, fates) {
            fates[at] = Fate::In;
            self.explore(at + 1, fates)?;
        }
        fates[at] = Fate::Out;
        self.explore(at + 1, fates)?;
        fates[at] = Fate::Open;
        Some(())
    }

    /// Compares admission in order with two sets that the program of all suggests.
    fn compare(&mut self, fates: &[Fate]) {
        let Some(total) = self.total(&self.best.clone()) else { return };
        let Some((most, optimum)) = self.seats.most(fates) else { return };
        self.total = total;
        if total >= most.min(i128::from(self.contest.capacity.0)) {
            return;
        }
        let spare = |at: usize| {
            let session = &self.contest.claims[self.claims[at]];
            session.cap - session.min
        };
        let in_order: Vec<usize> = (0..fates.len()).filter(|at| fates[*at] == Fate::Open).collect();
        let mut widest = in_order.clone();
        widest.sort_by_key(|&at| Reverse(spare(at)));
        let suggested = [in_order, widest].map(|order| self.suggested(fates, &order, &optimum));
        for set in suggested {
            match self.total(&set) {
                Some(total) if total > self.total => (self.total, self.best) = (total, set),
                _ => {}
            }
        }
    }

    /// Those of an order whose minimums fit what the program gives their seats.
    fn suggested(&self, fates: &[Fate], order: &[usize], optimum: &Optimum) -> Vec<Fate> {
        let mut fates = fates.to_vec();
        let mut left = optimum.values.clone();
        for &at in order {
            let seat = &mut left[self.seats.seat_of()[at] as usize];
            let min = i128::from(self.contest.claims[self.claims[at]].min.0);
            fates[at] = if min <= *seat { Fate::Open } else { Fate::Out };
            *seat -= if min <= *seat { min } else { 0 };
        }
        self.completed(&fates)
    }

    /// The total that claims of these fates can reach at most.
    fn total(&mut self, fates: &[Fate]) -> Option<i128> {
        let settled = self.claims.iter().zip(fates).filter(|(_, fate)| **fate == Fate::In);
        let minimums = settled.map(|(claim, _)| i128::from(self.contest.claims[*claim].min.0));
        if minimums.sum::<i128>() > i128::from(self.contest.capacity.0) {
            return Some(-1);
        }
        self.programs += 1;
        let within = self.programs <= MAX_PROGRAMS;
        let most = self.seats.most(fates).filter(|_| within)?.0;
        Some(most.min(i128::from(self.contest.capacity.0)))
    }

    /// Settles open fates in order: in, where the minimum fits.
    fn completed(&self, fates: &[Fate]) -> Vec<Fate> {
        let mut completed = fates.to_vec();
        let mut division = self.contest.division();
        let minimum = |at: usize| (self.claims[at], self.contest.claims[self.claims[at]].min);
        for at in (0..fates.len()).filter(|at| fates[*at] == Fate::In) {
            let (claim, min) = minimum(at);
            division.give(claim, min);
        }
        for (at, fate) in completed.iter_mut().enumerate().filter(|(_, f)| **f == Fate::Open) {
            let (claim, min) = minimum(at);
            *fate = if division.try_give(claim, min) { Fate::In } else { Fate::Out };
        }
        completed
    }

    /// True when one before that could do the same is out: then the set with the two exchanged is as
    /// good and comes first.
    fn twin_waits(&self, at: usize, fates: &[Fate]) -> bool {
        let kind = |at: usize| {
            let session = &self.contest.claims[self.claims[at]];
            (self.seats.seat_of()[at], session.min, session.cap)
        };
        (0..at).any(|before| fates[before] == Fate::Out && kind(before) == kind(at))
    }
}
