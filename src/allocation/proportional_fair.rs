//! `proportional_fair`: the division in which nobody's rate could grow by a larger part than the
//! rates of others shrink in sum, each part counted by its weight.
//!
//! That is the maximum of `sum of w_i log x_i` between minimums and caps (Kelly, 1997). On a single
//! limit its conditions say that one level explains all rates, `x_i = clamp(w_i * level, min_i,
//! cap_i)`: what weighted max-min fairness gives, too, so it is filled as `priority` is. They differ
//! in who waits. Under `priority` a lower weight waits as long as higher ones need the places; here
//! a weight never gives precedence: places go round to who received least for its weight, so in the
//! long run energy stands to each other as the weights do.
//!
//! On a network the two rules part: `sum of w_i log x_i` makes whoever loads several limits that bind
//! pay at each of them, and weighted max-min fairness lets only the tightest count. This takes the
//! latter there, too. The exact maximum has no solution in whole numbers short of an iteration that ends
//! by a tolerance, and what it adds is to give less to a car of three phases because it burdens
//! three, which nobody who asks for shares by weight means.

use super::contest::{Choice, Contest};
use super::equal;
use super::rotation::{self, Order};

/// Admits in rotation order, least service for the weight first.
pub(super) fn choose(contest: &Contest<'_>) -> Choice {
    equal::admit(contest, rotation::queue(contest, Order::ServiceByWeight))
}

#[cfg(test)]
mod tests {
    use crate::allocation::{Problem, Rotation, Session, Strategy, solve};
    use crate::time::{Span, Time};
    use crate::units::Watts;

    const NOW: Time = Time::from_unix_s(1_777_880_400);

    /// A car of 3.7 to 22 kW of this weight that came an hour ago and has got so much.
    fn car(id: u64, weight: u32, service: i64) -> Session {
        let arrival = NOW - Span::from_s(3600);
        Session {
            id,
            arrival,
            weight,
            min: Watts(3700),
            cap: Watts(22_000),
            hardware: Watts(22_000),
            step: Watts(100),
            service,
            previous: Watts::ZERO,
            last_switch: arrival,
            wants_power: true,
            departure: None,
            energy_left: None,
        }
    }

    fn shares(strategy: Strategy, cars: &[Session], capacity: i64) -> Vec<i64> {
        let rotation = Rotation { epoch_starts: true, ..Rotation::at(NOW) };
        let capacity = Watts(capacity);
        let problem = Problem { strategy, capacity, sessions: cars, network: None, rotation };
        solve(&problem).into_iter().map(|share| share.rate.0).collect()
    }

    #[test]
    fn rates_stand_to_each_other_as_the_weights_do() {
        let cars = [car(1, 3, 0), car(2, 1, 0), car(3, 1, 0)];
        assert_eq!(shares(Strategy::ProportionalFair, &cars, 30_000), [18_000, 6_000, 6_000]);
    }

    #[test]
    fn a_low_weight_has_its_turn_and_under_priority_it_has_none() {
        let cars = [car(1, 3, 9_000), car(2, 1, 2_000)];
        assert_eq!(shares(Strategy::ProportionalFair, &cars, 4_000), [0, 4_000]);
        assert_eq!(shares(Strategy::Priority, &cars, 4_000), [4_000, 0]);
        let cars = [car(1, 3, 9_000), car(2, 1, 4_000)];
        assert_eq!(shares(Strategy::ProportionalFair, &cars, 4_000), [4_000, 0], "3000 for each 1");
    }
}
