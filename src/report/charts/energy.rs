//! Energy delivered against energy wished.

use crate::report::Report;
use crate::report::charts::axes::{Frame, Key, Scale, legend};
use crate::report::charts::svg::{Anchor, Path, Svg};
use crate::report::charts::{Chart, files, headed, nothing};
use crate::report::fairness::FULLY_SERVED_KWH;
use crate::report::text::number;

const LEFT: Frame = Frame { x: 56.0, y: 102.0, w: 370.0, h: 300.0 };
const RIGHT: Frame = Frame { x: 510.0, y: 102.0, w: 370.0, h: 300.0 };
const HEIGHT: f64 = 446.0;

/// Draws the chart.
#[must_use]
pub fn draw(report: &Report<'_>) -> Chart {
    let title = "Energy delivered and wished";
    let m = &report.metrics;
    let met = |value: Option<f64>| number(value.unwrap_or(f64::NAN), 1);
    let detail = format!(
        "{} of {} kWh: {} %; {} % of the sessions were fully served",
        number(m.energy_delivered_kwh, 1),
        number(m.energy_requested_kwh, 1),
        met(m.demand_met_pct),
        met(m.sessions_fully_served_pct)
    );
    let mut svg = headed(HEIGHT, title, &detail);
    legend(
        &mut svg,
        (16.0, 68.0),
        &[
            (Key::Dot, "draw-s dots", "fully served"),
            (Key::Dot, "bad-s dots", "energy missing"),
            (Key::Line, "diagonal", "delivered = wished"),
        ],
    );
    draw_scatter(&mut svg, report);
    draw_ranking(&mut svg, report);
    let caption = "Left: a session below the diagonal left with less than it wished. Right: the sessions from worst to best \
                   served; the emptier the upper left corner, the more drivers were disappointed."
        .to_owned();
    Chart { slug: "energy", title, caption, data: files(["sessions.csv"]), svg }
}

fn draw_scatter(svg: &mut Svg, report: &Report<'_>) {
    let sessions = &report.record.sessions;
    let highest = sessions.iter().map(|s| s.wish_kwh.max(s.delivered_kwh)).fold(1.0, f64::max);
    let scale = Scale::nice(LEFT, 0.0, highest, 5);
    scale.draw(svg, "delivered, kWh");
    let x = |kwh: f64| LEFT.x + kwh / scale.high * LEFT.w;
    for value in scale.ticks() {
        svg.line((x(value), LEFT.y), (x(value), LEFT.bottom()), "grid");
        svg.text((x(value), LEFT.bottom() + 16.0), "", Anchor::Middle, &scale.label(value));
    }
    svg.line((LEFT.x, LEFT.bottom()), (LEFT.right(), LEFT.bottom()), "axis");
    svg.text((LEFT.right(), LEFT.bottom() + 33.0), "faint", Anchor::End, "wished, kWh");
    if sessions.is_empty() {
        return nothing(svg, LEFT, "no sessions");
    }
    svg.line((LEFT.x, LEFT.bottom()), (LEFT.right(), LEFT.y), "diagonal");
    let (mut served, mut missing) = (Path::default(), Path::default());
    for session in sessions {
        let full = session.wish_kwh - session.delivered_kwh < FULLY_SERVED_KWH;
        let path = if full { &mut served } else { &mut missing };
        path.dot(x(session.wish_kwh), scale.y(session.delivered_kwh));
    }
    svg.path(&served, "draw-s dots");
    svg.path(&missing, "bad-s dots");
}

fn draw_ranking(svg: &mut Svg, report: &Report<'_>) {
    let mut shares: Vec<f64> = report
        .record
        .sessions
        .iter()
        .filter(|s| s.wish_kwh > 0.0)
        .map(|s| (100.0 * s.delivered_kwh / s.wish_kwh).min(100.0))
        .collect();
    shares.sort_by(f64::total_cmp);
    let scale = Scale::nice(RIGHT, 0.0, 100.0, 5);
    scale.draw(svg, "delivered of wished, %");
    svg.line((RIGHT.x, RIGHT.bottom()), (RIGHT.right(), RIGHT.bottom()), "axis");
    let title = "sessions from worst to best served, %";
    svg.text((RIGHT.right(), RIGHT.bottom() + 33.0), "faint", Anchor::End, title);
    for percent in [0, 20, 40, 60, 80, 100] {
        let x = RIGHT.x + f64::from(percent) / 100.0 * RIGHT.w;
        svg.text((x, RIGHT.bottom() + 16.0), "", Anchor::Middle, &percent.to_string());
    }
    if shares.is_empty() {
        return nothing(svg, RIGHT, "no wishes");
    }
    let count = shares.len();
    let mut area = Path::default();
    let mut before = None;
    let mut points = Vec::new();
    for column in 0..=370_usize.min(count) {
        // One step per session, or per pixel when there are more sessions than pixels.
        let steps = 370_usize.min(count);
        let index = (column * count / steps).min(count - 1);
        let share = shares[index];
        if before != Some(share) || column == steps {
            points.push((RIGHT.x + column as f64 / steps as f64 * RIGHT.w, scale.y(share)));
        }
        before = Some(share);
    }
    area.area(&points, RIGHT.bottom(), true);
    svg.path(&area, "plugged");
    let mut edge = Path::default();
    edge.polyline(points, true);
    svg.stroked_path(&edge, "draw-s", 2.0);
}
