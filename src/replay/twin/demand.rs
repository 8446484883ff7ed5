//! What cars would have taken that left hungry.
//!
//! A car that was done tells its wish: what it took. A car that left before tells only that it wished for more. The
//! share of wishes beyond an energy is estimated from both, as lives are from the living and the dead (Kaplan and
//! Meier); what a hungry car wished for is the mean of all wishes beyond what it took.

/// Fewer wishes that were told say nothing of others.
const FEWEST: usize = 5;

/// The distribution of wishes, mWh.
#[derive(Clone, Debug)]
pub(super) struct Wishes {
    /// Ascending energies at which wishes were told, and the share of cars that wish for more than each.
    beyond: Vec<(i64, f64)>,
    told: usize,
}

impl Wishes {
    /// Of what cars took, and whether that was their wish.
    pub(super) fn new(taken: &[(i64, bool)]) -> Wishes {
        let mut taken = taken.to_vec();
        // A wish that was told comes before one that was not, at the same energy.
        taken.sort_by_key(|(mwh, told)| (*mwh, !told));
        let mut share = 1.0;
        let mut beyond = Vec::new();
        for (place, (mwh, told)) in taken.iter().enumerate() {
            if *told {
                share *= 1.0 - 1.0 / (taken.len() - place) as f64;
                beyond.push((*mwh, share));
            }
        }
        Wishes { told: beyond.len(), beyond }
    }

    /// The mean wish of cars that wish for more than this; `None`: too few wishes were told, or none beyond.
    pub(super) fn mean_beyond(&self, mwh: i64) -> Option<i64> {
        let after = self.beyond.partition_point(|(energy, _)| *energy <= mwh);
        let here = if after == 0 { 1.0 } else { self.beyond[after - 1].1 };
        if self.told < FEWEST || after == self.beyond.len() || here <= 0.0 {
            return None;
        }
        let mut sum = 0.0;
        let (mut from, mut share) = (mwh, here);
        for (energy, beyond) in &self.beyond[after..] {
            sum += (energy - from) as f64 * share;
            (from, share) = (*energy, *beyond);
        }
        Some(mwh + (sum / here).round() as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_hungry_cars_it_is_the_mean_of_the_wishes_beyond() {
        let wishes = Wishes::new(&[10, 20, 30, 40, 50].map(|kwh| (kwh * 1_000_000, true)));
        assert_eq!(wishes.mean_beyond(0), Some(30_000_000));
        assert_eq!(wishes.mean_beyond(25_000_000), Some(40_000_000));
        assert_eq!(wishes.mean_beyond(50_000_000), None, "nobody ever wished for more");
    }

    #[test]
    fn a_hungry_car_speaks_for_larger_wishes() {
        let told = [10, 20, 30, 40, 50].map(|kwh| (kwh * 1_000_000, true));
        let mut taken = told.to_vec();
        taken.extend([(35_000_000, false), (35_000_000, false)]);
        let mean = Wishes::new(&taken).mean_beyond(0).unwrap();
        assert!(mean > 30_000_000, "{mean}");
        assert_eq!(Wishes::new(&taken[..4]).mean_beyond(0), None, "too few");
    }
}
