//! Paired differences and how sure they are.
//!
//! The same seed gives two strategies the same cars, so what differs between seeds drops out of the
//! difference of a pair. The mean of the differences has a Student t distribution (Gosset, 1908) with
//! one degree of freedom less than there are pairs; its 95 % interval is what is told.

/// 97.5 % points of Student's t distribution by degrees of freedom, from 1 on.
const T: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
    2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
    2.052, 2.048, 2.045, 2.042,
];
/// The same for many degrees of freedom: (degrees, point); the last is the normal distribution's.
const T_OF_MANY: [(f64, f64); 5] =
    [(30.0, 2.042), (40.0, 2.021), (60.0, 2.000), (120.0, 1.980), (f64::INFINITY, 1.960)];

/// Smaller differences are noise of the last digits of a float.
const NOTHING: f64 = 1e-9;

/// The mean of paired differences.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// Mean of the first of each pair.
    pub first: f64,
    /// What the second of a pair has more than the first, on the mean.
    pub mean: f64,
    /// The 95 % interval reaches so far to both sides; `None`: one pair tells nothing of it.
    pub half_width: Option<f64>,
    /// Number of pairs.
    pub pairs: usize,
}

impl Difference {
    /// That of the pairs `(first, second)`; `None` without any.
    #[must_use]
    pub fn of(pairs: &[(f64, f64)]) -> Option<Difference> {
        let differences: Vec<f64> = pairs.iter().map(|(first, second)| second - first).collect();
        let first = mean(&pairs.iter().map(|(first, _)| *first).collect::<Vec<_>>())?;
        let mean = mean(&differences)?;
        let freedom = differences.len() - 1;
        let half_width = (freedom > 0).then(|| {
            let squares: f64 = differences.iter().map(|d| (d - mean) * (d - mean)).sum();
            let variance = squares / freedom as f64;
            t_975(freedom) * (variance / differences.len() as f64).sqrt()
        });
        Some(Difference { first, mean, half_width, pairs: differences.len() })
    }

    /// Whether the interval leaves out 0; of a single pair, whether it differs at all.
    #[must_use]
    pub fn is_significant(&self) -> bool {
        self.mean.abs() > self.half_width.unwrap_or(0.0).max(NOTHING)
    }
}

/// `None` without values.
#[must_use]
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The point that Student's t stays below with 97.5 %; between those of the table by the reciprocal of
/// the degrees of freedom, as usual.
fn t_975(freedom: usize) -> f64 {
    if let Some(point) = freedom.checked_sub(1).and_then(|place| T.get(place)) {
        return *point;
    }
    let many = freedom as f64;
    let next = T_OF_MANY.iter().position(|(degrees, _)| *degrees >= many).unwrap_or(1).max(1);
    let ((low, above), (high, below)) = (T_OF_MANY[next - 1], T_OF_MANY[next]);
    let part = (1.0 / low - 1.0 / many) / (1.0 / low - 1.0 / high);
    above + (below - above) * part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_that_of_the_textbook() {
        // Ten pairs, mean 1.58, standard deviation 1.22998: 1.58 ± 2.262 * 1.22998 / √10.
        let more = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
        let base = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
        let pairs: Vec<(f64, f64)> = base.into_iter().zip(more).collect();
        let difference = Difference::of(&pairs).expect("ten pairs");
        assert!((difference.mean - 1.58).abs() < 1e-9, "{difference:?}");
        assert!((difference.half_width.expect("an interval") - 0.8798).abs() < 1e-3);
        assert!(difference.is_significant());
    }

    #[test]
    fn what_scatters_more_than_it_differs_is_not_significant() {
        let difference = Difference::of(&[(1.0, 2.0), (2.0, 1.5), (3.0, 3.1)]).expect("pairs");
        assert!(!difference.is_significant(), "{difference:?}");
        let same = Difference::of(&[(0.1 + 0.2, 0.3), (1.0, 1.0)]).expect("pairs");
        assert!(!same.is_significant(), "{same:?}");
    }

    #[test]
    fn the_same_difference_every_time_is_certain_and_one_pair_has_no_interval() {
        let each = Difference::of(&[(1.0, 2.0), (5.0, 6.0)]).expect("pairs");
        assert_eq!(each, Difference { first: 3.0, mean: 1.0, half_width: Some(0.0), pairs: 2 });
        assert!(each.is_significant());
        let one = Difference::of(&[(1.0, 2.0)]).expect("a pair");
        assert_eq!((one.half_width, one.is_significant()), (None, true));
        assert_eq!(Difference::of(&[]), None);
    }

    #[test]
    fn points_between_the_rows_of_the_table_fall_with_the_degrees_of_freedom() {
        let points: Vec<f64> = [1, 30, 31, 50, 60, 99, 200, 100_000].map(t_975).to_vec();
        assert!(points.windows(2).all(|pair| pair[0] > pair[1]), "{points:?}");
        assert!((t_975(50) - 2.009).abs() < 0.001 && (t_975(99) - 1.984).abs() < 0.001);
    }
}
