//! Was it shared evenly?

use crate::report::charts::headed;
use crate::report::compare::Comparison;
use crate::report::compare::charts::bars::{self, Panel};
use crate::report::compare::charts::{Figure, range, whiskers};

const TOP: f64 = 60.0;

/// Draws the chart.
#[must_use]
pub fn draw(comparison: &Comparison<'_>) -> Figure {
    let title = "Fairness: was the energy shared evenly";
    let detail = format!("Jain's index: {}", range(comparison, "jain_satisfaction"));
    let mut svg = headed(TOP + bars::height(comparison), title, &detail);
    let panels = [
        Panel::of(comparison, "jain_satisfaction", "Jain's index"),
        Panel::of(comparison, "satisfaction_min_pct", "worst served, %"),
        Panel::of(comparison, "sessions_fully_served_pct", "fully served, %"),
    ];
    bars::draw(&mut svg, TOP, comparison, &panels);
    let caption = format!(
        "Jain's index of what sessions got of their wishes is 1 when all got the same share. Beside it the \
         share that the worst served session got, and how many sessions got all. Marks instead of bars stand on an \
         axis that does not begin at 0. {}",
        whiskers(comparison)
    );
    let tables = [("_by_seed", bars::table(comparison, &panels))];
    Figure::new("fairness", title, caption, svg, tables)
}
