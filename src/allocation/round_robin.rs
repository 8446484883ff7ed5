//! `round_robin`: full power in turns. Who has the turn gets all it can take for a rotation epoch;
//! then those go first who have received least.
//!
//! The time-sliced relative of `equal`: the same energy in the long run, in fewer and larger
//! portions, for cars and chargers that are efficient at full power only.
//!
//! A turn is kept in two passes. The first leaves everybody who may not lose power now what they
//! have: within an epoch all who run, when one starts those within their minimum on-time; a newly
//! plugged car gets its minimum. The second gives what is left in order, all that each can take:
//! within an epoch to those who run and then to those who wait, when one starts to who received
//! least. So the result fed back leaves the second pass nothing to give, whatever its order by
//! then is.

use super::contest::{Choice, Claim, Contest};
use super::order;
use super::rotation::{self, Order, Queue};
use crate::units::Watts;

/// Admits whom both passes give power.
pub(super) fn choose(contest: &Contest<'_>) -> Choice {
    let Queue { order: ranked, held } = rotation::queue(contest, Order::Service);
    let order = turns(contest, &ranked);
    let (admitted, rates) = pass_twice(contest, &ranked, &order);
    Choice::new(contest, order, admitted, held).with_rates(rates)
}

/// The order of the second pass. When an epoch starts nobody's rank counts, or who has started
/// since would stand before others for it.
fn turns(contest: &Contest<'_>, ranked: &[usize]) -> Vec<usize> {
    let mut order = ranked.to_vec();
    if contest.rotation.epoch_starts {
        order::sort(contest.claims, &mut order, &[&|claim| contest.claims[claim].service]);
    }
    order
}

/// By claim: whether it gets something, and what.
fn pass_twice(contest: &Contest<'_>, ranked: &[usize], order: &[usize]) -> (Vec<bool>, Vec<Watts>) {
    let mut admitted = vec![false; contest.claims.len()];
    let mut rates = vec![Watts::ZERO; contest.claims.len()];
    let mut division = contest.division();
    let mut raise = |claim: usize, most: Watts| {
        let session = &contest.claims[claim];
        let has = rates[claim];
        let rate = most.min(has + division.room(claim).floor_to(session.step));
        if rate >= session.min {
            division.give(claim, rate - has);
            admitted[claim] = true;
            rates[claim] = rate;
        }
    };
    for &claim in ranked {
        if let Some(kept) = kept(contest, &contest.claims[claim]) {
            raise(claim, kept);
        }
    }
    for &claim in order {
        raise(claim, contest.claims[claim].cap);
    }
    (admitted, rates)
}

/// What the first pass leaves or gives a session, between minimum and cap.
fn kept(contest: &Contest<'_>, session: &Claim<'_>) -> Option<Watts> {
    if rotation::is_newcomer(contest, session) {
        return Some(session.min);
    }
    let keeps = session.is_running()
        && (!contest.rotation.epoch_starts || rotation::is_kept(contest, session));
    keeps.then(|| session.previous.floor_to(session.step).clamp(session.min, session.cap))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::allocation::{Rotation, Session};
    use crate::time::{Span, Time};

    const NOW: Time = Time::from_unix_s(1_777_880_400);

    /// A car of 3.7 to 22 kW that came an hour ago, has got so much energy and this rate before.
    fn car(id: u64, service: i64, previous: i64) -> Session {
        let arrival = NOW - Span::from_s(3600);
        Session {
            id,
            arrival,
            weight: 1,
            min: Watts(3700),
            cap: Watts(22_000),
            hardware: Watts(22_000),
            step: Watts(100),
            service,
            previous: Watts(previous),
            last_switch: arrival,
            wants_power: true,
            departure: None,
            energy_left: None,
        }
    }

    fn shares(cars: &[Session], capacity: i64, epoch_starts: bool) -> Vec<i64> {
        let rotation = Rotation { epoch_starts, ..Rotation::at(NOW) };
        let capacity = Watts(capacity);
        let claims: Vec<Claim<'_>> = cars.iter().filter_map(Claim::of).collect();
        let contest = Contest { capacity, claims: &claims, places: &[], network: None, rotation };
        choose(&contest).rates.into_iter().flatten().map(|rate| rate.0).collect()
    }

    #[test]
    fn a_turn_lasts_until_the_next_epoch_and_passes_to_who_got_least() {
        let cars = [car(1, 9000, 22_000), car(2, 3000, 8_000), car(3, 0, 0)];
        assert_eq!(shares(&cars, 30_000, false), [22_000, 8_000, 0]);
        assert_eq!(shares(&cars, 30_000, true), [0, 8_000, 22_000]);
    }

    #[test]
    fn power_that_becomes_free_goes_to_those_who_run_and_then_to_those_who_wait() {
        let cars = [car(1, 9000, 22_000), car(2, 3000, 8_000), car(3, 0, 0)];
        assert_eq!(shares(&cars, 50_000, false), [22_000, 22_000, 6_000]);
    }

    #[test]
    fn a_newcomer_gets_its_minimum_from_who_ran_longest() {
        let newcomer = Session { arrival: NOW, last_switch: NOW, ..car(3, 0, 0) };
        let cars = [car(1, 9000, 22_000), car(2, 3000, 8_000), newcomer];
        assert_eq!(shares(&cars, 30_000, false), [18_300, 8_000, 3_700]);
    }

    #[test]
    fn who_just_started_keeps_what_it_has_when_an_epoch_starts() {
        let started = Session { last_switch: NOW - Span::from_s(60), ..car(1, 9000, 10_000) };
        let cars = [started, car(2, 3000, 20_000), car(3, 0, 0)];
        assert_eq!(shares(&cars, 30_000, true), [10_000, 0, 20_000]);
    }
}
