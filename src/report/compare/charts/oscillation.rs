//! Did charge rates swing?

use crate::report::charts::headed;
use crate::report::compare::Comparison;
use crate::report::compare::charts::bars::{self, Panel};
use crate::report::compare::charts::{Figure, range, whiskers};

const TOP: f64 = 60.0;

/// Draws the chart.
#[must_use]
pub fn draw(comparison: &Comparison<'_>) -> Figure {
    let title = "Oscillation: how much charge rates moved";
    let detail = format!("Reversals an hour: {}", range(comparison, "reversals_per_h"));
    let mut svg = headed(TOP + bars::height(comparison), title, &detail);
    let panels = [
        Panel::of(comparison, "setpoint_changes_per_h", "changes, 1/h"),
        Panel::of(comparison, "reversals_per_h", "reversals, 1/h"),
        Panel::of(comparison, "total_variation_kw_per_h", "variation, kW/h"),
    ];
    bars::draw(&mut svg, TOP, comparison, &panels);
    let caption = format!(
        "Per hour in which a session wanted energy: changes of its limit, how many of them went back on \
         the one before, and by how many kilowatts it moved in all; shorter is calmer. {}",
        whiskers(comparison)
    );
    let tables = [("_by_seed", bars::table(comparison, &panels))];
    Figure::new("oscillation", title, caption, svg, tables)
}
