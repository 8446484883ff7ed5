//! How a strategy looks, the same in every chart: a colour, a dash, a mark.
//!
//! The colours stand in `style.css` as classes, one set for light and one for dark paper. They were
//! chosen to stay apart for readers with any of the three kinds of colour blindness (CIELAB distance
//! of at least 12 after simulating each); the dash of a line and the shape of a mark say the same
//! without any colour.

use std::f64::consts::TAU;

use crate::allocation::Strategy;
use crate::report::charts::WIDTH;
use crate::report::charts::svg::{Anchor, Path, Svg, text_width};

/// The class of a strategy's lines.
#[must_use]
pub fn line(strategy: Strategy) -> String {
    format!("curve s-{strategy}")
}

/// The class of a strategy's areas and marks.
#[must_use]
pub fn fill(strategy: Strategy) -> String {
    format!("f-{strategy}")
}

/// Draws a strategy's mark of about `2 * radius` pixels around a point.
pub fn mark(svg: &mut Svg, strategy: Strategy, (x, y): (f64, f64), radius: f64) {
    let mut path = Path::default();
    path.polyline(
        shape(strategy).into_iter().map(|(dx, dy)| (x + radius * dx, y + radius * dy)),
        false,
    );
    path.close();
    svg.path(&path, &format!("{} halo", fill(strategy)));
}

/// Draws the legend of the strategies from `top` on, in as many lines as it needs; returns the
/// baseline of the last.
pub fn legend(svg: &mut Svg, top: f64, strategies: &[Strategy]) -> f64 {
    let (mut x, mut y) = (16.0, top);
    for strategy in strategies {
        let width = 35.0 + text_width(strategy.name(), 11.0);
        if x > 16.0 && x + width > WIDTH - 12.0 {
            (x, y) = (16.0, y + 17.0);
        }
        let mut sample = Path::default();
        sample.polyline([(x, y - 4.0), (x + 29.0, y - 4.0)], false);
        svg.path(&sample, &line(*strategy));
        mark(svg, *strategy, (x + 14.5, y - 4.0), 4.5);
        svg.text((x + 35.0, y), "", Anchor::Start, strategy.name());
        x += width + 18.0;
    }
    y
}

/// Corners of a mark in a circle of radius 1.
fn shape(strategy: Strategy) -> Vec<(f64, f64)> {
    match strategy {
        Strategy::Equal => corners(16, 1.0, 0.0),
        Strategy::FirstComeFirstServed => corners(4, 1.0, 0.125),
        Strategy::Priority => corners(3, 1.0, -0.25),
        Strategy::MaxThroughput => corners(4, 1.0, 0.0),
        Strategy::EarliestDeadlineFirst => corners(3, 1.0, 0.25),
        Strategy::LeastLaxityFirst => corners(10, 0.42, -0.25),
        Strategy::RoundRobin => corners(8, 0.35, 0.0),
        Strategy::ProportionalFair => corners(8, 0.35, 0.125),
    }
}

/// Corners around the centre, each second of them at `inner` of the radius, the first at `turn`
/// turns from the right.
fn corners(count: usize, inner: f64, turn: f64) -> Vec<(f64, f64)> {
    let corner = |at: usize| {
        let angle = TAU * (at as f64 / count as f64 + turn);
        let radius = if at.is_multiple_of(2) { 1.0 } else { inner };
        (radius * angle.cos(), radius * angle.sin())
    };
    (0..count).map(corner).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::charts::STYLE;

    /// What the style sheet says of a class, on light and on dark paper.
    fn rules(class: &str) -> Vec<&'static str> {
        let start = format!(".chart .{class}{{");
        STYLE.lines().filter_map(|line| line.strip_prefix(start.as_str())).collect()
    }

    #[test]
    fn every_strategy_has_a_colour_a_dash_and_a_mark_of_its_own() {
        for other in Strategy::ALL {
            for one in Strategy::ALL.into_iter().filter(|one| *one != other) {
                for class in ["s", "f"] {
                    let of = |strategy| rules(&format!("{class}-{strategy}"));
                    assert_eq!(of(one).len(), 2, "{one}: one for light, one for dark");
                    assert!(of(one).iter().zip(of(other)).all(|(a, b)| *a != b), "{one}, {other}");
                }
                let dash = |strategy| {
                    let rule = rules(&format!("s-{strategy}"))[0];
                    rule.split_once("dasharray").map(|(_, dash)| dash.to_owned())
                };
                assert_ne!(dash(one), dash(other), "{one}, {other}");
                assert_ne!(shape(one), shape(other), "{one}, {other}");
            }
        }
    }

    #[test]
    fn a_legend_of_all_strategies_stays_inside() {
        let mut svg = Svg::new(WIDTH, 100.0);
        assert!(legend(&mut svg, 68.0, &Strategy::ALL) > 68.0, "it needs two lines");
        assert_eq!(legend(&mut svg, 68.0, &Strategy::ALL[..2]), 68.0);
    }
}
