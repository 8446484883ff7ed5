//! Was the limit kept, and used?

use crate::allocation::Strategy;
use crate::report::charts::across::Across;
use crate::report::charts::axes::{Frame, Scale};
use crate::report::charts::nothing;
use crate::report::charts::svg::Svg;
use crate::report::compare::Comparison;
use crate::report::compare::charts::bars::{self, Panel};
use crate::report::compare::charts::curves::{curve, quantiles};
use crate::report::compare::charts::{Figure, begun, first_seed, whiskers};
use crate::report::compare::portrait::Portrait;
use crate::report::text::{duration, number, push_decimal};

const HEIGHT: f64 = 240.0;

/// Draws the chart.
#[must_use]
pub fn draw(comparison: &Comparison<'_>, portraits: &[Portrait]) -> Figure {
    let title = "Site limit: was it kept, and used";
    let height = bars::height(comparison);
    let (mut svg, top) = begun(
        |top| top + HEIGHT + 52.0 + height,
        title,
        &detail(comparison),
        &comparison.strategies,
    );
    let left = Frame { x: 56.0, y: top, w: 374.0, h: HEIGHT };
    let right = Frame { x: 510.0, w: 370.0, ..left };
    let curves = |pick: fn(&Portrait) -> &[f64]| -> Vec<(Strategy, Vec<(f64, f64)>)> {
        portraits.iter().map(|portrait| (portrait.strategy, quantiles(pick(portrait)))).collect()
    };
    let drawn = curves(|portrait| &portrait.headroom_kw);
    let reserved = curves(|portrait| &portrait.unreserved_kw);
    draw_curves(&mut svg, left, "limit − true draw, kW", &drawn);
    draw_curves(&mut svg, right, "limit − reserved worst case, kW", &reserved);
    let panels = [
        Panel::of(comparison, "over_limit_s", "draw over limit, s"),
        Panel::of(comparison, "over_limit_max_kw", "draw over, at most, kW"),
        Panel::of(comparison, "committed_over_limit_s", "reserved over limit, s"),
    ];
    bars::draw(&mut svg, top + HEIGHT + 52.0, comparison, &panels);
    let caption = format!(
        "Above, {}: the share of the time in which less than so much was left below the limit for vehicles; what \
         lies left of 0 was over it, and a curve further left used more of the connection. Reserved is the worst case \
         that the ledger allows for. Below: over the limit, integrated at every event, a run. {}",
        first_seed(portraits),
        whiskers(comparison)
    );
    let tables = [("", table(&drawn, &reserved)), ("_by_seed", bars::table(comparison, &panels))];
    Figure::new("compliance", title, caption, svg, tables)
}

fn detail(comparison: &Comparison<'_>) -> String {
    let over = |at: usize| comparison.mean(at, "over_limit_s").unwrap_or(0.0);
    let worst = (0..comparison.strategies.len()).max_by(|a, b| over(*a).total_cmp(&over(*b)));
    match worst.filter(|at| over(*at) > 0.0) {
        None => "No strategy exceeded the limit, at any event of any run".to_owned(),
        Some(at) => format!(
            "Longest over the limit: {}, for {} a run, by up to {} kW",
            comparison.strategies[at],
            duration(over(at)),
            number(comparison.mean(at, "over_limit_max_kw").unwrap_or(f64::NAN), 1)
        ),
    }
}

fn draw_curves(svg: &mut Svg, frame: Frame, title: &str, curves: &[(Strategy, Vec<(f64, f64)>)]) {
    let values = || curves.iter().flat_map(|(_, points)| points).map(|point| point.1);
    let (low, high) = (values().fold(0.0, f64::min), values().fold(1.0, f64::max));
    let up = Scale::nice(frame, 0.0, 100.0, 5);
    let across = Across::nice(frame, low, high, 6);
    if low < 0.0 {
        svg.rect((frame.x, frame.y), (across.x(0.0) - frame.x, frame.h), "reserve");
    }
    up.draw(svg, "time with less left, %");
    across.draw(svg, title);
    if values().next().is_none() {
        return nothing(svg, frame, "no samples");
    }
    svg.line((across.x(0.0), frame.y), (across.x(0.0), frame.bottom()), "limit");
    for (strategy, points) in curves {
        let points = points.iter().map(|(share, kw)| (*kw, *share));
        curve(svg, *strategy, (&across, &up), points, false);
    }
}

fn table(
    drawn: &[(Strategy, Vec<(f64, f64)>)],
    reserved: &[(Strategy, Vec<(f64, f64)>)],
) -> String {
    let mut out = String::from("strategy,time_pct,headroom_kw,unreserved_kw\n");
    for ((strategy, drawn), (_, reserved)) in drawn.iter().zip(reserved) {
        for ((share, headroom), (_, unreserved)) in drawn.iter().zip(reserved) {
            out.push_str(strategy.name());
            for value in [share, headroom, unreserved] {
                out.push(',');
                push_decimal(&mut out, *value);
            }
            out.push('\n');
        }
    }
    out
}
