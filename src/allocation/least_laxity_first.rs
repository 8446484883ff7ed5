//! `least_laxity_first`, smoothed: power goes where least time is left beyond what charging needs.
//!
//! Laxity is the time until departure less the time that charging at the largest rate still takes.
//! Plain least laxity first gives all to the least and so makes them change places in every period.
//! The smoothed rule (Chen, Kurniawan, Nakahira, Chen, Low: "Smoothed Least-Laxity-First Algorithm
//! for EV Charging", 2021) chooses rates so that at the end of the epoch all who are limited have
//! the same laxity L: `rate = cap (L - laxity + epoch) / epoch`, between minimum and cap. Who gets
//! a place when not all minimums fit is settled at rotation epochs, least laxity first.
//!
//! A car of which only the departure is known is taken to need nothing beyond. One whose departure
//! is not known, or whose wish is fulfilled, counts as one with a week: last, and all of them alike.
//!
//! Laxity goes by what the car can take, so one that can take less is more in a hurry, and where it
//! is limited its rate may rise when its cap falls.
//!
//! On a network whoever is limited by the same thing has the same laxity; who is limited by less rises
//! on alone.

use super::contest::{Choice, Claim, Contest};
use super::progressive;
use super::rise::Riser;
use super::rotation::{self, Order};
use super::{Rotation, equal};
use crate::time::{Span, Time};
use crate::units::Watts;

/// Nobody's laxity counts as more, or as more negative.
const MOST: Span = Span::from_s(7 * 86_400);

/// Microseconds in an hour.
const HOUR: i128 = 3_600_000_000;

/// Admits in rotation order, least laxity first.
pub(super) fn choose(contest: &Contest<'_>) -> Choice {
    equal::admit(contest, rotation::queue(contest, Order::Laxity))
}

/// Time until departure that charging at the cap does not need: negative when the energy cannot be
/// had in time.
pub(super) fn laxity(session: &Claim<'_>, now: Time) -> Span {
    let Some(departure) = session.departure else { return MOST };
    let wanted = session.energy_left.unwrap_or_default();
    if session.is_fulfilled() {
        return MOST;
    }
    let needed = i128::from(wanted) * HOUR / i128::from(session.cap.0.max(1));
    let left = i128::from(departure.0) - i128::from(now.0) - needed;
    let most = i128::from(MOST.0);
    // Within a week either way.
    Span(left.clamp(-most, most) as i64)
}

/// What the rate of an admitted session depends on.
#[derive(Clone, Copy)]
struct Stake<'a> {
    claim: usize,
    session: &'a Claim<'a>,
    /// Those of the session: the search for a level looks at nothing else, many times.
    min: Watts,
    cap: Watts,
    laxity: Span,
}

impl Stake<'_> {
    /// The rate that leaves this laxity at the end of the epoch, between minimum and cap.
    fn rate(&self, level: Span, epoch: Span) -> Watts {
        let (cap, served) = (self.cap, level.0 - self.laxity.0 + epoch.0);
        if served <= 0 {
            return self.min;
        }
        if served >= epoch.0 {
            return cap;
        }
        // Between 0 and the cap; real sites fit 64 bits, where a division is cheap.
        let rate = match cap.0.checked_mul(served) {
            Some(product) => product / epoch.0,
            None => (i128::from(cap.0) * i128::from(served) / i128::from(epoch.0)) as i64,
        };
        Watts(rate).max(self.min)
    }
}

/// Rates by claim: those of the admitted that make their laxities equal.
pub(super) fn rates(contest: &Contest<'_>, choice: &Choice) -> Vec<Watts> {
    let Rotation { looked_at, epoch, .. } = contest.rotation;
    let epoch = epoch.max(Span::from_s(1));
    if contest.network.is_some() {
        let riser = |claim: usize| {
            let session = &contest.claims[claim];
            Riser {
                slope: session.cap.0,
                offset: (laxity(session, looked_at) - epoch).0,
                min: session.min.0,
                cap: session.cap.0,
            }
        };
        return progressive::rates(contest, choice, i128::from(epoch.0), riser);
    }
    let stake = |claim: usize| {
        let session = &contest.claims[claim];
        let laxity = laxity(session, looked_at);
        Stake { claim, session, min: session.min, cap: session.cap, laxity }
    };
    let mut stakes: Vec<Stake<'_>> = choice.admitted_in_order().map(stake).collect();
    stakes.sort_unstable_by_key(|s| (s.laxity, s.session.arrival, s.session.id));
    let level = level(&stakes, epoch, contest.capacity);
    let mut rates = vec![Watts::ZERO; contest.claims.len()];
    let mut left = contest.capacity;
    for stake in &stakes {
        rates[stake.claim] = stake.rate(level, epoch).floor_to(stake.session.step);
        left -= rates[stake.claim];
    }
    hand_out(&stakes, left, &mut rates);
    rates
}

/// The largest level that fits, to a microsecond: an epoch below the least laxity everybody has the
/// minimum, which fits.
fn level(stakes: &[Stake<'_>], epoch: Span, capacity: Watts) -> Span {
    let (Some(first), Some(last)) = (stakes.first(), stakes.last()) else { return Span::ZERO };
    let (mut fits, mut above) = (first.laxity.0 - epoch.0, last.laxity.0 + 1);
    while fits + 1 < above {
        let level = fits + (above - fits) / 2;
        let rates = stakes.iter().map(|stake| i128::from(stake.rate(Span(level), epoch).0));
        if rates.sum::<i128>() <= i128::from(capacity.0) {
            fits = level;
        } else {
            above = level;
        }
    }
    Span(fits)
}

/// Hands out what rounding has left: a quantum each, first to those who had more before, then by
/// laxity. Only different steps can leave more than that; then what was before is restored as far
/// as it goes, and the rest goes round. So the result fed back gives itself.
fn hand_out(stakes: &[Stake<'_>], mut left: Watts, rates: &mut [Watts]) {
    let (had, had_not): (Vec<&Stake<'_>>, Vec<&Stake<'_>>) =
        stakes.iter().partition(|stake| stake.session.previous > rates[stake.claim]);
    let mut raise = |stake: &Stake<'_>, most: Watts| {
        let (step, rate) = (stake.session.step, &mut rates[stake.claim]);
        let fits = step <= left && *rate + step <= most;
        if fits {
            left -= step;
            *rate += step;
        }
        fits
    };
    for stake in had.into_iter().chain(had_not) {
        raise(stake, stake.session.cap);
    }
    let before = |stake: &Stake<'_>| stake.session.cap.min(stake.session.previous);
    let everything = |stake: &Stake<'_>| stake.session.cap;
    for most in [before, everything] {
        while stakes.iter().fold(false, |any, stake| raise(stake, most(stake)) | any) {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::allocation::Session;

    const NOW: Time = Time::from_unix_s(1_777_880_400);

    /// A car of at most 7.4 kW that leaves after so many hours and needs so much.
    fn car(id: u64, hours: i64, energy_left: i64) -> Session {
        Session {
            id,
            arrival: NOW,
            weight: 1,
            min: Watts(1_400),
            cap: Watts(7_400),
            hardware: Watts(7_400),
            step: Watts(100),
            service: 0,
            previous: Watts::ZERO,
            last_switch: NOW,
            wants_power: true,
            departure: Some(NOW + Span::from_s(hours * 3600)),
            energy_left: Some(energy_left),
        }
    }

    fn shares(cars: &[Session], capacity: i64) -> Vec<i64> {
        let rotation = Rotation { epoch_starts: false, ..Rotation::at(NOW) };
        let capacity = Watts(capacity);
        let claims: Vec<Claim<'_>> = cars.iter().filter_map(Claim::of).collect();
        let contest = Contest { capacity, claims: &claims, places: &[], network: None, rotation };
        rates(&contest, &choose(&contest)).into_iter().map(|rate| rate.0).collect()
    }

    #[test]
    fn laxity_is_what_charging_leaves_of_the_time() {
        let hours = |car: &Session| Claim::of(car).map(|claim| laxity(&claim, NOW).hours());
        assert_eq!(hours(&car(1, 3, 14_800)), Some(1.0));
        assert_eq!(hours(&car(1, 1, 14_800)), Some(-1.0), "too late for all of it");
        assert_eq!(hours(&Session { energy_left: None, ..car(1, 2, 0) }), Some(2.0));
        assert_eq!(hours(&Session { departure: None, ..car(1, 1, 14_800) }), Some(168.0), "last");
        assert_eq!(hours(&car(1, 1, 0)), Some(168.0), "it has what it wished for");
        assert_eq!(hours(&car(1, 1, i64::MAX)), Some(-168.0));
    }

    #[test]
    fn who_has_no_time_to_lose_gets_all_and_who_has_some_a_share() {
        let cars = [car(1, 2, 14_800), car(2, 8, 14_800), car(3, 8, 14_800)];
        assert_eq!(shares(&cars, 12_000), [7_400, 2_300, 2_300]);
        assert_eq!(shares(&cars, 10_200), [7_400, 1_400, 1_400]);
    }

    #[test]
    fn laxities_a_little_apart_give_rates_a_little_apart() {
        let mut cars = [car(1, 4, 14_800), car(2, 4, 14_800)];
        assert_eq!(shares(&cars, 8_000), [4_000, 4_000]);
        cars[1].departure = cars[1].departure.map(|at| at + Span::from_s(90));
        assert_eq!(shares(&cars, 8_000), [4_400, 3_600], "a tenth of an epoch, a tenth of the cap");
    }

    #[test]
    fn cars_of_which_nothing_is_known_share_what_others_leave() {
        let unknown = |id| Session { departure: None, energy_left: None, ..car(id, 1, 0) };
        let cars = [unknown(1), car(2, 1, 7_400), unknown(3)];
        assert_eq!(shares(&cars, 13_400), [3_000, 7_400, 3_000]);
    }
}
