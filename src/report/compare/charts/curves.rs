//! Distributions as curves, one a strategy.

use std::fmt::Write;

use crate::allocation::Strategy;
use crate::report::charts::across::Across;
use crate::report::charts::axes::Scale;
use crate::report::charts::svg::{Path, Svg};
use crate::report::compare::charts::look;
use crate::report::text::push_decimal;

/// Steps of a distribution of more values than that.
const STEPS: usize = 1000;

/// Points of a distribution: (share of the values, value), the lowest value first; the share in
/// percent is that of the values up to and with it. A step for each value, at most a
/// thousand.
#[must_use]
pub fn quantiles(ascending: &[f64]) -> Vec<(f64, f64)> {
    let count = ascending.len();
    let steps = count.min(STEPS);
    let point = |step: usize| {
        // The value that so many values do not exceed: the nearest rank.
        let rank = (step * count).div_ceil(steps);
        (100.0 * step as f64 / steps as f64, ascending[rank - 1])
    };
    (1..=steps).map(point).collect()
}

/// Draws a curve through points of values; `stepped`: first to the side, then up or down.
pub fn curve(
    svg: &mut Svg,
    strategy: Strategy,
    (across, up): (&Across, &Scale),
    points: impl IntoIterator<Item = (f64, f64)>,
    stepped: bool,
) {
    let mut path = Path::default();
    path.polyline(points.into_iter().map(|(x, y)| (across.x(x), up.y(y))), stepped);
    svg.path(&path, &look::line(strategy));
}

/// A table of points: the strategy and two columns of the names given.
#[must_use]
pub fn table<'a>(
    columns: [&str; 2],
    curves: impl IntoIterator<Item = (Strategy, &'a [(f64, f64)])>,
) -> String {
    let mut out = format!("strategy,{},{}\n", columns[0], columns[1]);
    for (strategy, points) in curves {
        for (first, second) in points {
            let _ = write!(out, "{strategy},");
            push_decimal(&mut out, *first);
            out.push(',');
            push_decimal(&mut out, *second);
            out.push('\n');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distribution_holds_every_value_of_a_few_and_the_ends_of_many() {
        assert_eq!(quantiles(&[]), []);
        assert_eq!(quantiles(&[2.0, 5.0]), [(50.0, 2.0), (100.0, 5.0)]);
        let many: Vec<f64> = (1..=13_676).map(f64::from).collect();
        let points = quantiles(&many);
        assert_eq!(points.len(), STEPS);
        assert_eq!(points[STEPS - 1], (100.0, 13_676.0));
        assert_eq!(points[499], (50.0, 6838.0), "half of them do not exceed it");
    }
}
