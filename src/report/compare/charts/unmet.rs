//! How much energy was missing, and how many sessions missed how much.

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
use crate::report::fairness::FULLY_SERVED_KWH;

const HEIGHT: f64 = 230.0;

/// Draws the chart.
#[must_use]
pub fn draw(comparison: &Comparison<'_>, portraits: &[Portrait]) -> Figure {
    let title = "Energy missing: how much, and to how many";
    let detail =
        format!("Fully served sessions, %: {}", range(comparison, "sessions_fully_served_pct"));
    let height = bars::height(comparison);
    let (mut svg, top) =
        begun(|top| top + HEIGHT + 52.0 + height, title, &detail, &comparison.strategies);
    let curves: Vec<(Strategy, Vec<(f64, f64)>)> = portraits
        .iter()
        .map(|portrait| (portrait.strategy, missing(&portrait.unmet_kwh)))
        .collect();
    draw_curves(&mut svg, Frame { x: 56.0, y: top, w: 824.0, h: HEIGHT }, &curves);
    let panels = panels(comparison);
    bars::draw(&mut svg, top + HEIGHT + 52.0, comparison, &panels);
    let caption = format!(
        "Above, {}: how many sessions left with more than so much energy missing; a curve further down \
         is better. Below: what was missing in all of a run's sessions together, and what 95 % of the sessions did \
         not exceed. {}",
        first_seed(portraits),
        whiskers(comparison)
    );
    let distribution = curves::table(
        ["missing_kwh", "sessions_missing_more_pct"],
        curves.iter().map(|(strategy, points)| (*strategy, points.as_slice())),
    );
    let tables = [("", distribution), ("_by_seed", bars::table(comparison, &panels))];
    Figure::new("unmet", title, caption, svg, tables)
}

fn panels(comparison: &Comparison<'_>) -> Vec<Panel> {
    let missing = |run: &crate::report::compare::Run| {
        let missing = run.metrics.energy_requested_kwh - run.metrics.energy_delivered_kwh;
        Some(missing.max(0.0)).filter(|_| run.metrics.sessions > 0)
    };
    let values = comparison.runs.iter().map(|runs| runs.iter().map(missing).collect()).collect();
    vec![
        Panel { title: "missing in a run, kWh", column: "missing_kwh", values },
        Panel::of(comparison, "unmet_kwh_p95", "missing, 95 % of sessions, kWh"),
    ]
}

/// Points of (energy missing, sessions that miss more), from the first that counts as missing on.
fn missing(ascending_kwh: &[f64]) -> Vec<(f64, f64)> {
    let count = ascending_kwh.len();
    if count == 0 {
        return Vec::new();
    }
    let served = ascending_kwh.partition_point(|kwh| *kwh < FULLY_SERVED_KWH);
    let short = 100.0 * (count - served) as f64 / count as f64;
    let points = quantiles(&ascending_kwh[served..]);
    let rest = points.into_iter().map(|(share, kwh)| (kwh, short * (1.0 - share / 100.0)));
    [(0.0, short)].into_iter().chain(rest).collect()
}

fn draw_curves(svg: &mut Svg, frame: Frame, curves: &[(Strategy, Vec<(f64, f64)>)]) {
    let points = || curves.iter().flat_map(|(_, points)| points);
    let kwh = points().map(|point| point.0).fold(0.0, f64::max);
    let share = points().map(|point| point.1).fold(0.0, f64::max);
    let up = Scale::nice(frame, 0.0, if share > 0.0 { share } else { 100.0 }, 4);
    let across = Across::tight(frame, 0.0, if kwh > 0.0 { kwh } else { 10.0 }, 8);
    up.draw(svg, "sessions that miss more, %");
    across.draw(svg, "energy missing, kWh");
    if points().next().is_none() {
        return nothing(svg, frame, "no sessions");
    }
    if share == 0.0 {
        return nothing(svg, frame, "nobody missed anything");
    }
    for (strategy, points) in curves {
        curve(svg, *strategy, (&across, &up), points.iter().copied(), true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_that_misses_little_counts_as_served() {
        assert_eq!(missing(&[]), []);
        assert_eq!(missing(&[0.0, 0.05]), [(0.0, 0.0)]);
        assert_eq!(
            missing(&[0.0, 0.05, 2.0, 6.0]),
            [(0.0, 50.0), (2.0, 25.0), (6.0, 0.0)],
            "half of them miss something, a quarter more than 2 kWh"
        );
    }
}
