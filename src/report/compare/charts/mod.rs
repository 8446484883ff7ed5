//! The charts of a comparison, each with the tables of what it draws.
//!
//! Time charts and distributions show the first seed, of which every strategy leaves a
//! [`Portrait`]; bars and marks show the mean over all seeds, with whiskers from the lowest to the
//! highest. A strategy has the same colour, dash and mark in all of them ([`look`]).
//!
//! | chart | tables in `charts/` | what it answers |
//! |---|---|---|
//! | [`tradeoff`] | `tradeoff.csv` | what does energy cost in swings? |
//! | [`site_power`] | `site_power.csv` | how was the connection used? |
//! | [`energy`] | `energy.csv` | who got how much? |
//! | [`unmet`] | `unmet.csv`, `unmet_by_seed.csv` | how much was missing, and to how many? |
//! | [`fairness`] | `fairness_by_seed.csv` | was it shared evenly? |
//! | [`waiting`] | `waiting.csv`, `waiting_by_seed.csv` | how long until power flowed? |
//! | [`oscillation`] | `oscillation_by_seed.csv` | did charge rates swing? |
//! | [`compliance`] | `compliance.csv`, `compliance_by_seed.csv` | was the limit kept, and used? |
//! | [`heatmap`] | `heatmap.csv` | which charger had power when? |

pub mod bars;
pub mod compliance;
pub mod curves;
pub mod energy;
pub mod fairness;
pub mod heatmap;
pub mod look;
pub mod oscillation;
pub mod site_power;
pub mod tradeoff;
pub mod unmet;
pub mod waiting;

use crate::allocation::Strategy;
use crate::report::charts::across::Across;
use crate::report::charts::svg::{Path, Svg};
use crate::report::charts::{Chart, headed};
use crate::report::compare::portrait::Portrait;
use crate::report::compare::statistics::mean;
use crate::report::compare::{Comparison, tables};
use crate::report::text::number;

/// A chart and what it draws.
#[derive(Clone, Debug)]
pub struct Figure {
    /// The chart.
    pub chart: Chart,
    /// File name without its folder, and text.
    pub tables: Vec<(String, String)>,
}

impl Figure {
    /// Puts together what a chart module has made. `tables` are named by what follows the slug.
    fn new(
        slug: &'static str,
        title: &'static str,
        caption: String,
        svg: Svg,
        tables: impl IntoIterator<Item = (&'static str, String)>,
    ) -> Figure {
        let named = |(rest, text)| (format!("{slug}{rest}.csv"), text);
        let tables: Vec<(String, String)> = tables.into_iter().map(named).collect();
        let data = tables.iter().map(|(name, _)| format!("charts/{name}")).collect();
        Figure { chart: Chart { slug, title, caption, data, svg }, tables }
    }
}

/// All charts of a comparison, in the order of the page. `portraits` are those of the first seed, in
/// the order of the strategies.
#[must_use]
pub fn all(comparison: &Comparison<'_>, portraits: &[Portrait]) -> Vec<Figure> {
    vec![
        tradeoff::draw(comparison),
        site_power::draw(comparison, portraits),
        energy::draw(comparison, portraits),
        unmet::draw(comparison, portraits),
        fairness::draw(comparison),
        waiting::draw(comparison, portraits),
        oscillation::draw(comparison),
        compliance::draw(comparison, portraits),
        heatmap::draw(comparison, portraits),
    ]
}

/// Mean, lowest and highest of the values of all seeds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// Their mean.
    pub mean: f64,
    /// The lowest.
    pub low: f64,
    /// The highest.
    pub high: f64,
}

impl Spread {
    /// `None` without any value.
    #[must_use]
    pub fn of(values: &[Option<f64>]) -> Option<Spread> {
        let known: Vec<f64> = values.iter().copied().flatten().collect();
        Some(Spread {
            mean: mean(&known)?,
            low: known.iter().copied().min_by(f64::total_cmp)?,
            high: known.iter().copied().max_by(f64::total_cmp)?,
        })
    }

    /// Draws a whisker from the lowest to the highest value along a horizontal axis, with an edge that
    /// parts it from a bar of any colour.
    fn draw_across(&self, svg: &mut Svg, across: &Across, y: f64) {
        let mut path = Path::default();
        let (left, right) = (across.x(self.low), across.x(self.high));
        if right > left {
            for x in [left, right] {
                path.polyline([(x, y - 3.5), (x, y + 3.5)], false);
            }
            path.polyline([(left, y), (right, y)], false);
        }
        svg.path(&path, "whisker-edge");
        svg.path(&path, "whisker");
    }
}

/// A drawing with title, detail and the legend of the strategies; where its frame may begin.
fn begun(
    height: impl FnOnce(f64) -> f64,
    title: &str,
    detail: &str,
    strategies: &[Strategy],
) -> (Svg, f64) {
    // Measured on a sheet of its own: the height of the drawing follows from that of the legend.
    let mut sheet = headed(0.0, title, detail);
    let top = look::legend(&mut sheet, 68.0, strategies) + 38.0;
    let mut svg = headed(height(top), title, detail);
    look::legend(&mut svg, 68.0, strategies);
    (svg, top)
}

/// What is said of whiskers.
fn whiskers(comparison: &Comparison<'_>) -> String {
    match comparison.seeds().len() {
        0 | 1 => "One seed: no whiskers.".to_owned(),
        seeds => format!(
            "Means of {seeds} seeds, with whiskers from the lowest to the highest. All strategies met \
             the same cars, so a difference can be certain although whiskers overlap: the table of differences tells."
        ),
    }
}

/// What is said of the seed of a distribution.
fn first_seed(portraits: &[Portrait]) -> String {
    portraits.first().map(|first| format!("seed {}", first.seed)).unwrap_or_default()
}

/// A metric in words: `from 1.2 (equal) to 3.4 (priority)`; says where the strategies do not differ.
fn range(comparison: &Comparison<'_>, metric: &str) -> String {
    let known = (0..comparison.strategies.len())
        .filter_map(|at| comparison.mean(at, metric).map(|mean| (mean, comparison.strategies[at])));
    let known: Vec<(f64, Strategy)> = known.collect();
    let by_mean = |a: &&(f64, Strategy), b: &&(f64, Strategy)| a.0.total_cmp(&b.0);
    let (Some(low), Some(high)) = (known.iter().min_by(by_mean), known.iter().max_by(by_mean))
    else {
        return "unknown".to_owned();
    };
    let places = tables::decimals(high.0.abs());
    let (from, to) = (number(low.0, places), number(high.0, places));
    if from == to {
        return format!(
            "{from} with {}",
            if known.len() == 1 { high.1.name() } else { "every strategy" }
        );
    }
    let certain =
        if comparison.best(metric).contains(&true) { "" } else { ": no significant difference" };
    format!("{from} ({}) to {to} ({}){certain}", low.1, high.1)
}
