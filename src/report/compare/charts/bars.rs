//! A figure of every strategy beside the others: bars, or marks where all bars would look alike.

use crate::report::charts::across::Across;
use crate::report::charts::axes::Frame;
use crate::report::charts::svg::{Anchor, Svg};
use crate::report::charts::{WIDTH, nothing};
use crate::report::compare::charts::{Spread, look};
use crate::report::compare::{Comparison, tables};
use crate::report::text::{number, push_csv, push_decimal};

const PITCH: f64 = 22.0;
const LEFT: f64 = 186.0;
const RIGHT: f64 = WIDTH - 16.0;
const GAP: f64 = 26.0;
/// Room for a figure beside its bar.
const FIGURE: f64 = 62.0;

/// One figure of all strategies.
#[derive(Clone, Debug)]
pub struct Panel {
    /// What it is, with its unit.
    pub title: &'static str,
    /// Its column in a table.
    pub column: &'static str,
    /// By strategy: the values of its runs.
    pub values: Vec<Vec<Option<f64>>>,
}

impl Panel {
    /// That of a metric.
    #[must_use]
    pub fn of(comparison: &Comparison<'_>, metric: &'static str, title: &'static str) -> Panel {
        let strategies = 0..comparison.strategies.len();
        let values = strategies.map(|at| comparison.values(at, metric)).collect();
        Panel { title, column: metric, values }
    }

    fn spreads(&self) -> Vec<Option<Spread>> {
        self.values.iter().map(|values| Spread::of(values)).collect()
    }
}

/// Height of panels, their titles and axes included.
#[must_use]
pub fn height(comparison: &Comparison<'_>) -> f64 {
    46.0 + PITCH * comparison.strategies.len() as f64
}

/// Draws panels side by side from `top` on, a row for each strategy.
pub fn draw(svg: &mut Svg, top: f64, comparison: &Comparison<'_>, panels: &[Panel]) {
    let rows = PITCH * comparison.strategies.len() as f64;
    let first = top + 20.0;
    for (row, strategy) in comparison.strategies.iter().enumerate() {
        let y = first + (row as f64 + 0.5) * PITCH;
        if row % 2 == 0 {
            svg.rect((12.0, y - PITCH / 2.0), (RIGHT - 12.0, PITCH), "band");
        }
        look::mark(svg, *strategy, (22.0, y), 4.5);
        svg.text((33.0, y + 3.8), "", Anchor::Start, strategy.name());
    }
    let count = panels.len() as f64;
    let width = (RIGHT - LEFT - GAP * (count - 1.0)) / count;
    for (place, panel) in panels.iter().enumerate() {
        let x = LEFT + place as f64 * (width + GAP);
        svg.text((x, top + 10.0), "strong", Anchor::Start, panel.title);
        draw_panel(svg, Frame { x, y: first, w: width, h: rows }, comparison, panel);
    }
}

/// A table of what panels draw: a row for each run.
#[must_use]
pub fn table(comparison: &Comparison<'_>, panels: &[Panel]) -> String {
    let mut out = String::from("strategy,seed");
    for panel in panels {
        out.push(',');
        push_csv(&mut out, panel.column);
    }
    out.push('\n');
    for (at, runs) in comparison.runs.iter().enumerate() {
        for (place, run) in runs.iter().enumerate() {
            out.push_str(&format!("{},{}", comparison.strategies[at], run.seed));
            for panel in panels {
                out.push(',');
                push_decimal(&mut out, panel.values[at][place].unwrap_or(f64::NAN));
            }
            out.push('\n');
        }
    }
    out
}

fn draw_panel(svg: &mut Svg, frame: Frame, comparison: &Comparison<'_>, panel: &Panel) {
    let spreads = panel.spreads();
    let known = || spreads.iter().flatten();
    let high = known().map(|spread| spread.high).fold(f64::NEG_INFINITY, f64::max);
    let low = known().map(|spread| spread.low).fold(f64::INFINITY, f64::min);
    if !high.is_finite() {
        return nothing(svg, frame, "nothing to show");
    }
    // From 0 on, bars of 0.93 and 0.98 would look the same; what differs by less than a hundredth is
    // the same, and no axis should make much of it.
    let zoomed = low > 0.5 * high && high - low > 0.01 * high;
    let plot = Frame { w: frame.w - FIGURE, ..frame };
    let across = if zoomed {
        let margin = 0.08 * (high - low);
        Across::nice(plot, low - margin, high, 2)
    } else {
        let (high, steps) = if high > 0.0 { (high, 2) } else { (1.0, 1) };
        Across::nice(plot, 0.0, high, steps)
    };
    across.draw(svg, "");
    let places = tables::decimals(known().map(|spread| spread.mean.abs()).fold(0.0, f64::max))
        .max(if zoomed { tables::decimals(high - low) } else { 0 });
    for (row, (strategy, spread)) in comparison.strategies.iter().zip(&spreads).enumerate() {
        let y = frame.y + (row as f64 + 0.5) * PITCH;
        let Some(spread) = spread else {
            svg.text((plot.x + 4.0, y + 3.8), "faint", Anchor::Start, "–");
            continue;
        };
        let x = across.x(spread.mean);
        if zoomed {
            spread.draw_across(svg, &across, y);
            look::mark(svg, *strategy, (x, y), 5.0);
        } else {
            svg.rect((plot.x, y - 6.5), (x - plot.x, 13.0), &look::fill(*strategy));
            spread.draw_across(svg, &across, y);
        }
        let end = across.x(spread.high).max(x) + if zoomed { 9.0 } else { 5.0 };
        svg.text((end, y + 3.8), "", Anchor::Start, &number(spread.mean, places));
    }
}
