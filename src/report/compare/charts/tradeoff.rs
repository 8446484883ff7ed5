//! What does energy cost in swings: demand met against how much charge rates moved.

use crate::report::charts::across::Across;
use crate::report::charts::axes::{Frame, Scale};
use crate::report::charts::nothing;
use crate::report::charts::svg::{Anchor, Path, Svg, text_width};
use crate::report::compare::Comparison;
use crate::report::compare::charts::bars::{self, Panel};
use crate::report::compare::charts::{Figure, Spread, begun, look, range, whiskers};
use crate::report::text::number;

const HEIGHT: f64 = 300.0;
const MET: &str = "demand_met_pct";
/// What could have been delivered: metric, class of its line, name.
const BRACKETS: [(&str, &str, &str); 2] = [
    ("optimal_demand_met_pct", "softlimit", "possible within the limit"),
    ("uncontrolled_demand_met_pct", "evlimit", "without control"),
];

/// Draws the chart.
#[must_use]
pub fn draw(comparison: &Comparison<'_>) -> Figure {
    let title = "Trade-off: energy delivered against movement of charge rates";
    let detail = format!("Demand met, %: {}", range(comparison, MET));
    let (mut svg, top) = begun(|top| top + HEIGHT + 46.0, title, &detail, &comparison.strategies);
    let left = Frame { x: 56.0, y: top, w: 374.0, h: HEIGHT };
    let right = Frame { x: 510.0, w: 370.0, ..left };
    let panels = [
        Panel::of(comparison, MET, ""),
        Panel::of(comparison, "total_variation_kw_per_h", ""),
        Panel::of(comparison, "setpoint_changes_per_h", ""),
        Panel::of(comparison, BRACKETS[0].0, ""),
        Panel::of(comparison, BRACKETS[1].0, ""),
    ];
    draw_plane(&mut svg, left, comparison, &panels[1], "variation of charge rates, kW/h");
    draw_plane(&mut svg, right, comparison, &panels[2], "changes of charge rates, 1/h");
    let caption = format!(
        "The best place is the upper left: much energy, calm rates. Lines: what the best of all plans could have \
         delivered within the limit, known afterwards ({}), and what cars would have taken without any control, \
         regardless of the limit ({}). {}",
        bracket(comparison, BRACKETS[0].0),
        bracket(comparison, BRACKETS[1].0),
        whiskers(comparison)
    );
    Figure::new("tradeoff", title, caption, svg, [("", bars::table(comparison, &panels))])
}

fn bracket(comparison: &Comparison<'_>, metric: &str) -> String {
    comparison
        .mean(0, metric)
        .map_or_else(|| "unknown".to_owned(), |met| format!("{} %", number(met, 1)))
}

/// A strategy's place: how much its rates moved, and how much it delivered.
struct Place {
    at: usize,
    moved: Spread,
    met: Spread,
}

fn places(comparison: &Comparison<'_>, moved: &Panel) -> Vec<Place> {
    let place = |at: usize| {
        let met = Spread::of(&comparison.values(at, MET))?;
        Some(Place { at, moved: Spread::of(&moved.values[at])?, met })
    };
    (0..comparison.strategies.len()).filter_map(place).collect()
}

fn draw_plane(
    svg: &mut Svg,
    frame: Frame,
    comparison: &Comparison<'_>,
    moved: &Panel,
    title: &str,
) {
    let places = places(comparison, moved);
    let brackets = BRACKETS.map(|(metric, class, name)| (comparison.mean(0, metric), class, name));
    let known = || brackets.iter().filter_map(|(met, _, _)| *met);
    let low = places.iter().map(|it| it.met.low).chain(known()).fold(f64::INFINITY, f64::min);
    let high = places.iter().map(|it| it.met.high).chain(known()).fold(f64::NEG_INFINITY, f64::max);
    let (low, high) = if low < high { (low, high) } else { (0.0, 100.0) };
    let margin = 0.05 * (high - low);
    let up = Scale::nice(frame, (low - margin).max(0.0), (high + margin).min(100.0), 5);
    let most = places.iter().map(|it| it.moved.high).fold(0.0, f64::max);
    let across = Across::nice(frame, 0.0, if most > 0.0 { most } else { 1.0 }, 5);
    up.draw(svg, "demand met, %");
    across.draw(svg, title);
    if places.is_empty() {
        return nothing(svg, frame, "nothing to show");
    }
    let mut taken = draw_brackets(svg, frame, &up, &brackets);
    for Place { at, moved, met } in &places {
        let (x, y) = (across.x(moved.mean), up.y(met.mean));
        moved.draw_across(svg, &across, y);
        let mut upright = Path::default();
        if met.high > met.low {
            upright.polyline([(x, up.y(met.low)), (x, up.y(met.high))], false);
        }
        svg.path(&upright, "whisker-edge");
        svg.path(&upright, "whisker");
        look::mark(svg, comparison.strategies[*at], (x, y), 6.5);
        let (left, above) = (across.x(moved.low), up.y(met.high));
        taken.push(Boxed { x: x - 7.0, y: y - 7.0, w: 14.0, h: 14.0 });
        taken.push(Boxed { x: left, y: y - 3.5, w: across.x(moved.high) - left, h: 7.0 });
        taken.push(Boxed { x, y: above, w: 1.0, h: up.y(met.low) - above });
    }
    for Place { at, moved, met } in &places {
        let name = comparison.strategies[*at].name();
        name_beside(svg, frame, (across.x(moved.mean), up.y(met.mean)), name, &mut taken);
    }
}

/// Where something stands already.
#[derive(Clone, Copy)]
struct Boxed {
    x: f64,
    y: f64,
    w: f64,
    h: f64,
}

impl Boxed {
    fn meets(&self, other: &Boxed) -> bool {
        let apart = self.x + self.w <= other.x
            || other.x + other.w <= self.x
            || self.y + self.h <= other.y
            || other.y + other.h <= self.y;
        !apart
    }
}

/// Draws the lines of what could have been delivered, their names above them or, where two would
/// meet, below the lower one.
fn draw_brackets(
    svg: &mut Svg,
    frame: Frame,
    up: &Scale,
    brackets: &[(Option<f64>, &str, &str)],
) -> Vec<Boxed> {
    let mut taken = Vec::new();
    for (met, class, name) in brackets {
        let Some(met) = met else { continue };
        let y = up.y(*met);
        svg.line((frame.x, y), (frame.right(), y), class);
        let width = text_width(name, 9.5);
        let lines = [y - 12.0, y + 3.0].map(|top| Boxed {
            x: frame.right() - width,
            y: top,
            w: width,
            h: 11.0,
        });
        let free =
            lines.iter().find(|it| it.y >= frame.y && !taken.iter().any(|other| it.meets(other)));
        if let Some(free) = free {
            svg.text((frame.right(), free.y + 8.5), "small", Anchor::End, name);
            taken.push(*free);
        }
    }
    taken
}

/// Writes a name where it covers nothing, beside the mark or a little above or below; leaves it to the
/// legend where there is no such place.
fn name_beside(
    svg: &mut Svg,
    frame: Frame,
    (x, y): (f64, f64),
    name: &str,
    taken: &mut Vec<Boxed>,
) {
    let (w, h) = (text_width(name, 9.5), 11.0);
    let beside = [x + 10.0, x - 10.0 - w, x + 4.0, x - 4.0 - w];
    let heights = [y - 5.5, y - 18.0, y + 8.0, y - 30.0, y + 20.0];
    let tries = heights.into_iter().flat_map(|y| beside.map(|x| (x, y)));
    let inside = |it: &Boxed| {
        it.x >= frame.x
            && it.x + it.w <= frame.right()
            && it.y >= frame.y
            && it.y + h <= frame.bottom()
    };
    let free = tries
        .map(|(x, y)| Boxed { x, y, w, h })
        .find(|it| inside(it) && !taken.iter().any(|other| it.meets(other)));
    if let Some(free) = free {
        svg.text((free.x, free.y + 8.5), "small", Anchor::Start, name);
        taken.push(free);
    }
}
