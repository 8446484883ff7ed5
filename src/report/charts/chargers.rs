//! Allocated against drawn, one small panel per charger.

use crate::report::Report;
use crate::report::charts::axes::{Frame, Key, Scale, TimeScale, legend};
use crate::report::charts::series::{extremes, without_flat};
use crate::report::charts::svg::{Anchor, Path, Svg, fit};
use crate::report::charts::{Chart, busiest, headed, nothing};
use crate::report::text::{number, offset, short};
use crate::sim::record::Sample;

const COLUMNS: usize = 4;
const MOST: usize = 24;
const PITCH: (f64, f64) = (213.0, 106.0);
const PANEL: (f64, f64) = (196.0, 72.0);
const ORIGIN: (f64, f64) = (45.0, 106.0);

/// Draws the chart.
#[must_use]
pub fn draw(report: &Report<'_>) -> Chart {
    let title = "Chargers: allocated and drawn";
    let record = report.record;
    let energy = energy_kwh(report);
    let shown = busiest(&energy, MOST);
    let all = record.chargers.len();
    let which = if shown.len() < all {
        format!("the {} of {all} chargers with the most energy", shown.len())
    } else {
        format!("all {all} chargers")
    };
    let tops: Vec<f64> =
        shown.iter().map(|charger| highest_kw(record.samples.iter(), *charger)).collect();
    let common = tops.iter().copied().fold(0.0, f64::max).max(1.0);
    let least = tops.iter().copied().filter(|top| *top > 0.0).fold(common, f64::min);
    let shared = common <= 3.0 * least;
    let scales = if shared { "one scale for all" } else { "each with a scale of its own" };
    let rows = shown.len().div_ceil(COLUMNS).max(1);
    let height = ORIGIN.1 + rows as f64 * PITCH.1 + 26.0;
    let mut svg =
        headed(height, title, &format!("{which}; {scales}, kW; energy delivered at the right"));
    legend(
        &mut svg,
        (16.0, 68.0),
        &[
            (Key::Box, "draw", "drawn"),
            (Key::Box, "offer", "allocated but not drawn"),
            (Key::Line, "offer-line", "allocated"),
        ],
    );
    for (place, charger) in shown.iter().enumerate() {
        let frame = Frame {
            x: ORIGIN.0 + (place % COLUMNS) as f64 * PITCH.0,
            y: ORIGIN.1 + (place / COLUMNS) as f64 * PITCH.1,
            w: PANEL.0,
            h: PANEL.1,
        };
        let top = if shared { common } else { tops[place].max(1.0) };
        let lowest = place + COLUMNS >= shown.len();
        let labelled = !shared || place % COLUMNS == 0;
        draw_panel(&mut svg, report, frame, *charger, top, (labelled, lowest), energy[*charger]);
    }
    if shown.is_empty() {
        nothing(&mut svg, Frame { x: 45.0, y: 106.0, w: 835.0, h: 72.0 }, "no chargers");
    }
    let zone = format!("local time (UTC{})", offset(report.scenario.utc_offset));
    svg.text((880.0, height - 8.0), "faint", Anchor::End, &zone);
    let caption = "A pale area above the dark one is power that was promised but not taken: by a car that tapers, or a \
                   limit that was raised before the car followed."
        .to_owned();
    Chart { slug: "chargers", title, caption, svg }
}

fn energy_kwh(report: &Report<'_>) -> Vec<f64> {
    let mut energy = vec![0.0; report.record.chargers.len()];
    for session in &report.record.sessions {
        if let Some(sum) = energy.get_mut(session.charger) {
            *sum += session.delivered_kwh;
        }
    }
    energy
}

fn highest_kw<'s>(samples: impl Iterator<Item = &'s Sample>, charger: usize) -> f64 {
    samples
        .filter_map(|sample| sample.chargers.get(charger))
        .map(|values| values.0.max(values.1))
        .max()
        .unwrap_or_default()
        .kw()
}

fn draw_panel(
    svg: &mut Svg,
    report: &Report<'_>,
    frame: Frame,
    charger: usize,
    top: f64,
    (labelled, lowest): (bool, bool),
    energy_kwh: f64,
) {
    let record = report.record;
    let time = TimeScale::new(frame, record.from, record.to, report.scenario.utc_offset);
    let scale = Scale::nice(frame, 0.0, top, 2);
    svg.rect((frame.x, frame.y), (frame.w, frame.h), "panel");
    for value in scale.ticks() {
        let y = scale.y(value);
        svg.line((frame.x, y), (frame.right(), y), "grid");
        if labelled {
            svg.text((frame.x - 4.0, y + 3.4), "small", Anchor::End, &scale.label(value));
        }
    }
    let times: Vec<_> = record.samples.iter().map(|s| s.at).collect();
    let series = |pick: &dyn Fn(&Sample) -> i64| {
        let values: Vec<i64> = record.samples.iter().map(pick).collect();
        let points = extremes(&times, &values, 170)
            .into_iter()
            .map(|i| (time.x(times[i]), scale.y(values[i] as f64 / 1000.0)))
            .collect();
        without_flat(points)
    };
    let offered = series(&|s| s.chargers.get(charger).map_or(0, |c| c.0.0));
    let drawn = series(&|s| s.chargers.get(charger).map_or(0, |c| c.1.0));
    let (mut pale, mut line, mut dark) = (Path::default(), Path::default(), Path::default());
    pale.area(&offered, frame.bottom(), false);
    line.polyline(offered.iter().copied(), false);
    dark.area(&drawn, frame.bottom(), false);
    svg.path(&pale, "offer");
    svg.path(&dark, "draw");
    svg.path(&line, "offer-line");
    svg.line((frame.x, frame.bottom()), (frame.right(), frame.bottom()), "axis");
    let name = fit(record.chargers[charger].as_str(), 11.0, 128.0);
    svg.text((frame.x, frame.y - 5.0), "strong", Anchor::Start, &name);
    let energy = format!(
        "{} kWh",
        if energy_kwh >= 100.0 { number(energy_kwh, 0) } else { short(energy_kwh) }
    );
    svg.text((frame.right(), frame.y - 5.0), "faint", Anchor::End, &energy);
    for tick in time.ticks(48.0) {
        let x = time.x(tick.at);
        svg.line((x, frame.bottom()), (x, frame.bottom() + 3.0), "axis");
        if lowest && x > frame.x + 8.0 && x < frame.right() - 8.0 {
            svg.text((x, frame.bottom() + 13.0), "small", Anchor::Middle, &tick.label);
        }
    }
}
