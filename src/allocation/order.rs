//! Claims in an order: by numbers, the first of them that differs, then by arrival and id.
//!
//! Most of a decision about thousands of sessions is sorting. So claims are not compared with each other:
//! a number and the place of its claim are packed into one word, and words are sorted, which takes
//! neither a look at the claim nor a branch that cannot be foreseen.

use std::cmp::Ordering;

use super::contest::Claim;

/// What a claim is sorted by; smaller goes first.
pub(super) type Number<'a> = &'a dyn Fn(usize) -> i64;

/// Fewer claims are compared with each other.
const FEW: usize = 24;

/// Sorts claims by these numbers, then arrival, then id.
pub(super) fn sort(claims: &[Claim<'_>], order: &mut [usize], numbers: &[Number<'_>]) {
    Sorting { claims, numbers }.sort(order, 0);
}

/// Sorts claims by arrival, then id.
pub(super) fn sort_by_arrival(claims: &[Claim<'_>], order: &mut [usize]) {
    sort(claims, order, &[]);
}

struct Sorting<'a> {
    claims: &'a [Claim<'a>],
    numbers: &'a [Number<'a>],
}

impl Sorting<'_> {
    /// Sorts claims that do not differ in the numbers before the given one.
    fn sort(&self, order: &mut [usize], from: usize) {
        let differ_by_id_only = from > self.numbers.len();
        let many = order.len() > FEW && !differ_by_id_only;
        let Some((mut words, bits)) = many.then(|| self.pack(order, from)).flatten() else {
            return order.sort_unstable_by(|&one, &other| self.compare(one, other, from));
        };
        words.sort_unstable();
        let mask = (1 << bits) - 1;
        for (place, word) in order.iter_mut().zip(&words) {
            *place = (word & mask) as usize;
        }
        let mut rest = order;
        for same in words.chunk_by(|one, other| one >> bits == other >> bits) {
            let (run, later) = rest.split_at_mut(same.len());
            if run.len() > 1 {
                self.sort(run, from + 1);
            }
            rest = later;
        }
    }

    /// Words that sort as the claims do by one number, with the claim in so many of their lower bits.
    /// `None`: the numbers lie too far apart.
    fn pack(&self, order: &[usize], at: usize) -> Option<(Vec<u64>, u32)> {
        let bits = usize::BITS - self.claims.len().leading_zeros();
        let numbers = order.iter().map(|&claim| self.number(claim, at));
        let (least, most) = numbers
            .clone()
            .fold((i64::MAX, i64::MIN), |(low, high), it| (low.min(it), high.max(it)));
        let fits = most.abs_diff(least).leading_zeros() >= bits;
        let word = |(&claim, number): (&usize, i64)| number.abs_diff(least) << bits | claim as u64;
        fits.then(|| (order.iter().zip(numbers).map(word).collect(), bits))
    }

    /// Those to sort by, and then the arrival.
    fn number(&self, claim: usize, at: usize) -> i64 {
        self.numbers.get(at).map_or_else(|| self.claims[claim].arrival.0, |number| number(claim))
    }

    fn compare(&self, one: usize, other: usize, from: usize) -> Ordering {
        let by = |at: usize| self.number(one, at).cmp(&self.number(other, at));
        let differs = (from..=self.numbers.len()).map(by).find(|order| order.is_ne());
        differs.unwrap_or_else(|| self.claims[one].id.cmp(&self.claims[other].id))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::allocation::Session;
    use crate::time::Time;
    use crate::units::Watts;

    fn car(id: u64, arrival: i64) -> Session {
        Session {
            id,
            arrival: Time(arrival),
            weight: 1,
            min: Watts(0),
            cap: Watts(100),
            hardware: Watts(100),
            step: Watts(100),
            service: 0,
            previous: Watts::ZERO,
            last_switch: Time(arrival),
            wants_power: true,
            departure: None,
            energy_left: None,
        }
    }

    /// Few values, so that many are the same, and now and then one at the end of what there is.
    fn number() -> impl Strategy<Value = i64> {
        prop_oneof![
            20 => 0..4_i64,
            10 => 1_780_000_000_000_000..1_780_000_000_000_009_i64,
            1 => prop_oneof![Just(i64::MIN), Just(i64::MAX)],
        ]
    }

    proptest! {
        #[test]
        fn packed_words_sort_as_claims_that_are_compared(
            numbers in prop::collection::vec((number(), number(), number()), 1..200),
            left_out in 1..5_usize,
        ) {
            // Every id once, but not in the order of places.
            let id = |place: usize| (place as u64 * 7_919) % 104_729;
            let cars: Vec<Session> =
                numbers.iter().enumerate().map(|(place, it)| car(id(place), it.2)).collect();
            let claims: Vec<Claim<'_>> = cars.iter().filter_map(Claim::of).collect();
            let some = (0..claims.len()).filter(|place| !place.is_multiple_of(left_out + 1));
            let mut order: Vec<usize> = some.clone().collect();
            sort(&claims, &mut order, &[&|at| numbers[at].0, &|at| numbers[at].1]);
            let mut expected: Vec<usize> = some.collect();
            expected.sort_by_key(|&at| (numbers[at].0, numbers[at].1, numbers[at].2, id(at)));
            prop_assert_eq!(order, expected);
        }
    }
}
