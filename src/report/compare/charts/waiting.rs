//! How long from plug-in until power flowed.

use crate::allocation::Strategy;
use crate::report::charts::across::Across;
use crate::report::charts::axes::{Frame, Scale};
use crate::report::charts::nothing;
use crate::report::charts::svg::Svg;
use crate::report::compare::Comparison;
use crate::report::compare::charts::bars::{self, Panel};
use crate::report::compare::charts::curves::{self, curve, quantiles};
use crate::report::compare::charts::{Figure, begun, first_seed, range, whiskers};
use crate::report::compare::portrait::Portrait;

const HEIGHT: f64 = 230.0;

/// Draws the chart.
#[must_use]
pub fn draw(comparison: &Comparison<'_>, portraits: &[Portrait]) -> Figure {
    let title = "Waiting: how long until power flowed";
    let detail = format!(
        "95 % of the sessions had power within, s: {}",
        range(comparison, "time_to_first_power_s_p95")
    );
    let height = bars::height(comparison);
    let (mut svg, top) =
        begun(|top| top + HEIGHT + 52.0 + height, title, &detail, &comparison.strategies);
    let curves: Vec<(Strategy, Vec<(f64, f64)>)> =
        portraits.iter().map(|portrait| (portrait.strategy, powered(portrait))).collect();
    draw_curves(&mut svg, Frame { x: 56.0, y: top, w: 824.0, h: HEIGHT }, &curves);
    let panels = [
        Panel::of(comparison, "time_to_first_power_s_p95", "95 % had power within, s"),
        Panel::of(comparison, "sessions_without_power", "sessions that never had power"),
    ];
    bars::draw(&mut svg, top + HEIGHT + 52.0, comparison, &panels);
    let caption = format!(
        "Above, {}: the share of the sessions that had power so long after plug-in, time by its size; a curve \
         further up is better, and one that ends below 100 % left sessions without any. Below, who never had power \
         counts with the time waited in vain. {}",
        first_seed(portraits),
        whiskers(comparison)
    );
    let distribution = curves::table(
        ["wait_s", "sessions_with_power_pct"],
        curves.iter().map(|(strategy, points)| (*strategy, points.as_slice())),
    );
    let tables = [("", distribution), ("_by_seed", bars::table(comparison, &panels))];
    Figure::new("waiting", title, caption, svg, tables)
}

/// Points of (time since plug-in, sessions that have had power).
fn powered(portrait: &Portrait) -> Vec<(f64, f64)> {
    let with = portrait.wait_s.len() as f64;
    let all = with + portrait.without_power as f64;
    quantiles(&portrait.wait_s).into_iter().map(|(share, s)| (s, share * with / all)).collect()
}

fn draw_curves(svg: &mut Svg, frame: Frame, curves: &[(Strategy, Vec<(f64, f64)>)]) {
    let waits = || curves.iter().flat_map(|(_, points)| points).map(|point| point.0);
    let (shortest, longest) = (waits().fold(f64::INFINITY, f64::min), waits().fold(60.0, f64::max));
    let up = Scale::nice(frame, 0.0, 100.0, 5);
    let across = Across::durations(frame, shortest.clamp(1.0, 60.0), longest);
    up.draw(svg, "sessions with power, %");
    across.draw(svg, "time since plug-in");
    if waits().next().is_none() {
        return nothing(svg, frame, "no session had power");
    }
    for (strategy, points) in curves {
        let Some(last) = points.last() else { continue };
        let end = (f64::MAX, last.1);
        let begin = (0.0, 0.0);
        let points = [begin].into_iter().chain(points.iter().copied()).chain([end]);
        curve(svg, *strategy, (&across, &up), points, true);
    }
}
