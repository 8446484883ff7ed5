//! `least_laxity_first`, smoothed: power goes where least time is left beyond what charging needs.
//!
//! Laxity is the time until departure less the time that charging at the largest rate still takes.
//! Plain least laxity first gives all to the least and so makes them change places in every period.
//! The smoothed rule (Chen, Kurniawan, Nakahira, Chen, Low: "Smoothed Least-Laxity-First Algorithm
//! for EV Charging", 2021) chooses rates so that at the end of the epoch all who are limited have
//! the same laxity L: `rate = cap (L - laxity + epoch) / epoch`, between minimum and cap. Who gets
//! a place when not all minimums fit is settled at rotation epochs, least laxity first.
//!
//! A car of which only the departure is known is taken to need nothing beyond, one of which nothing
//! is known to have a week: they get their minimum, and what others leave.

use super::contest::{Choice, Contest};
use super::rotation::{self, Order};
use super::{Session, equal};
use crate::time::{Span, Time};
use crate::units::Watts;

/// Nobody's laxity counts as more, in seconds: a week.
const MOST: i64 = 7 * 86_400;

/// Admits in rotation order, least laxity first.
pub(super) fn choose(contest: &Contest<'_>) -> Choice {
    equal::admit(contest, rotation::queue(contest, Order::Laxity))
}

/// Time until departure that charging at the cap does not need, in seconds: negative when the energy
/// cannot be had in time.
pub(super) fn laxity(session: &Session, now: Time) -> i64 {
    let Some(departure) = session.departure else { return MOST };
    let left = departure.since(now).0 / 1_000_000;
    let wanted = i128::from(session.energy_left.unwrap_or_default().max(0));
    let rate = i128::from(session.cap.0.max(1));
    let needed = i64::try_from(wanted * 3600 / rate).unwrap_or(MOST);
    left.saturating_sub(needed).clamp(-MOST, MOST)
}

/// Rates by claim: those of the admitted that make their laxities equal.
pub(super) fn rates(contest: &Contest<'_>, choice: &Choice) -> Vec<Watts> {
    let admitted: Vec<usize> = choice.admitted_in_order().collect();
    let epoch = contest.rotation.epoch.max(Span::from_s(1)).0 / 1_000_000;
    let now = contest.rotation.now;
    let claims = admitted.iter().map(|&claim| &contest.claims[claim]);
    let stakes: Vec<(&Session, i64)> = claims.map(|claim| (claim, laxity(claim, now))).collect();
    let total = |level: i64| -> i128 {
        let rates = stakes.iter().map(|&(session, laxity)| rate_at(session, laxity, level, epoch));
        rates.map(|rate| i128::from(rate.0)).sum()
    };
    // The largest level that fits: at the lower one everybody has the minimum, which fits.
    let (mut fits, mut above) = (-MOST - epoch, MOST + epoch);
    while fits + 1 < above {
        let level = fits + (above - fits) / 2;
        if total(level) <= i128::from(contest.capacity.0) {
            fits = level;
        } else {
            above = level;
        }
    }
    let mut rates = vec![Watts::ZERO; contest.claims.len()];
    let mut left = contest.capacity;
    for (&claim, &(session, laxity)) in admitted.iter().zip(&stakes) {
        rates[claim] = rate_at(session, laxity, fits, epoch);
        left -= rates[claim];
    }
    hand_out(contest.claims, &admitted, now, left, &mut rates);
    rates
}

/// The rate that leaves this laxity at the end of the epoch, on the grid between minimum and cap.
fn rate_at(session: &Session, laxity: i64, level: i64, epoch: i64) -> Watts {
    let served = i128::from(level - laxity + epoch).clamp(0, i128::from(epoch));
    let rate = i128::from(session.cap.0) * served / i128::from(epoch);
    // Between 0 and the cap.
    Watts(rate as i64).floor_to(session.step).max(session.min)
}

/// Hands out what rounding has left, a quantum each in turn: first to those who had it before, then
/// by laxity.
fn hand_out(
    claims: &[Session],
    admitted: &[usize],
    now: Time,
    mut left: Watts,
    rates: &mut [Watts],
) {
    let mut order = admitted.to_vec();
    order.sort_unstable_by_key(|&claim| {
        let session = &claims[claim];
        let had = session.previous > rates[claim];
        (!had, laxity(session, now), session.arrival, session.id)
    });
    let mut gave = true;
    while gave {
        gave = false;
        for &claim in &order {
            let session = &claims[claim];
            if session.step <= left && rates[claim] + session.step <= session.cap {
                left -= session.step;
                rates[claim] += session.step;
                gave = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::allocation::Rotation;

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
        let rotation = Rotation {
            now: NOW,
            epoch_starts: false,
            min_on: Span::from_s(300),
            min_off: Span::from_s(180),
            welcome: Span::from_s(210),
            epoch: Span::from_s(900),
        };
        let contest = Contest { capacity: Watts(capacity), claims: cars, rotation };
        rates(&contest, &choose(&contest)).into_iter().map(|rate| rate.0).collect()
    }

    #[test]
    fn laxity_is_what_charging_leaves_of_the_time() {
        assert_eq!(laxity(&car(1, 3, 14_800), NOW), 3600);
        assert_eq!(laxity(&car(1, 1, 14_800), NOW), -3600, "too late for all of it");
        assert_eq!(laxity(&Session { departure: None, ..car(1, 1, 0) }, NOW), MOST);
        assert_eq!(laxity(&Session { energy_left: None, ..car(1, 2, 0) }, NOW), 7200);
        assert_eq!(laxity(&car(1, 1, i64::MAX), NOW), -MOST + 3600);
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
