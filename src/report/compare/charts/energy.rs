//! Who got how much: delivered of wished, and delivered, over the sessions of the first seed.

use std::fmt::Write;

use crate::report::charts::across::Across;
use crate::report::charts::axes::{Frame, Scale};
use crate::report::charts::nothing;
use crate::report::charts::svg::Svg;
use crate::report::compare::Comparison;
use crate::report::compare::charts::curves::{curve, quantiles};
use crate::report::compare::charts::{Figure, begun, first_seed, range};
use crate::report::compare::portrait::Portrait;
use crate::report::text::{number, push_decimal};

const HEIGHT: f64 = 280.0;

/// Draws the chart.
#[must_use]
pub fn draw(comparison: &Comparison<'_>, portraits: &[Portrait]) -> Figure {
    let title = "Energy per session: who got how much of what they wished";
    let detail = format!("Demand met, %: {}", range(comparison, "demand_met_pct"));
    let (mut svg, top) = begun(|top| top + HEIGHT + 46.0, title, &detail, &comparison.strategies);
    let left = Frame { x: 56.0, y: top, w: 374.0, h: HEIGHT };
    let right = Frame { x: 510.0, w: 370.0, ..left };
    let reach = short_pct(portraits);
    draw_met(&mut svg, left, portraits, reach);
    draw_delivered(&mut svg, right, portraits);
    let rest = if reach < 100.0 {
        format!(" The rest, from {} % on, got all of it with every strategy.", number(reach, 0))
    } else {
        String::new()
    };
    let caption = format!(
        "Sessions of {}. Left: ordered from worst to best served, each strategy in its own order; the \
         higher a curve at its left end, the fewer drivers were disappointed.{rest} Right: ordered by the energy \
         they got.",
        first_seed(portraits)
    );
    Figure::new("energy", title, caption, svg, [("", table(portraits))])
}

/// Up to which share of the sessions somebody misses a hundredth of the wish, rounded up, percent.
fn short_pct(portraits: &[Portrait]) -> f64 {
    let short = |portrait: &Portrait| {
        let count = portrait.met_pct.partition_point(|met| *met < 99.0);
        100.0 * count as f64 / portrait.met_pct.len().max(1) as f64
    };
    let most = portraits.iter().map(short).fold(0.0, f64::max);
    [1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 60.0, 80.0]
        .into_iter()
        .find(|it| *it >= most)
        .unwrap_or(100.0)
}

fn draw_met(svg: &mut Svg, frame: Frame, portraits: &[Portrait], reach: f64) {
    let up = Scale::nice(frame, 0.0, 100.0, 5);
    let across = Across::nice(frame, 0.0, reach, 5);
    up.draw(svg, "delivered of wished, %");
    across.draw(svg, "sessions from worst to best served, %");
    if portraits.iter().all(|portrait| portrait.met_pct.is_empty()) {
        return nothing(svg, frame, "no wishes");
    }
    for portrait in portraits {
        let points = quantiles(&portrait.met_pct);
        let first = points.first().map(|point| (0.0, point.1));
        // The first beyond ends the line at the edge.
        let shown = points.partition_point(|point| point.0 < reach) + 1;
        let shown = points.into_iter().take(shown);
        curve(svg, portrait.strategy, (&across, &up), first.into_iter().chain(shown), false);
    }
}

fn draw_delivered(svg: &mut Svg, frame: Frame, portraits: &[Portrait]) {
    let most = portraits.iter().filter_map(|it| it.delivered_kwh.last().copied());
    let up = Scale::nice(frame, 0.0, most.fold(1.0, f64::max), 5);
    let across = Across::nice(frame, 0.0, 100.0, 5);
    up.draw(svg, "delivered, kWh");
    across.draw(svg, "sessions from least to most energy, %");
    if portraits.iter().all(|portrait| portrait.delivered_kwh.is_empty()) {
        return nothing(svg, frame, "no sessions");
    }
    for portrait in portraits {
        let points = quantiles(&portrait.delivered_kwh);
        let first = points.first().map(|point| (0.0, point.1));
        curve(svg, portrait.strategy, (&across, &up), first.into_iter().chain(points), false);
    }
}

fn table(portraits: &[Portrait]) -> String {
    let mut out =
        String::from("strategy,worst_sessions_pct,met_pct,least_sessions_pct,delivered_kwh\n");
    for portrait in portraits {
        let (met, delivered) = (quantiles(&portrait.met_pct), quantiles(&portrait.delivered_kwh));
        for row in 0..met.len().max(delivered.len()) {
            let _ = write!(out, "{}", portrait.strategy);
            for point in [met.get(row), delivered.get(row)] {
                let (share, value) = point.copied().unwrap_or((f64::NAN, f64::NAN));
                out.push(',');
                push_decimal(&mut out, share);
                out.push(',');
                push_decimal(&mut out, value);
            }
            out.push('\n');
        }
    }
    out
}
