//! Allocated against drawn, one small panel per charger.

use std::ops::Range;

use crate::report::Report;
use crate::report::charts::axes::{Frame, Key, Scale, TimeScale, legend};
use crate::report::charts::series::{extremes, groups, mean, without_flat};
use crate::report::charts::svg::{Anchor, Path, Svg, fit_name};
use crate::report::charts::{Chart, busiest, files, headed, nothing};
use crate::report::text::{duration, number, offset};
use crate::time::Time;
use crate::units::Watts;

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
    let view = View::of(report);
    let panels: Vec<Series> = shown.iter().map(|charger| view.series(report, *charger)).collect();
    let tops: Vec<f64> = panels.iter().map(Series::highest_kw).collect();
    let common = tops.iter().copied().fold(1.0, f64::max);
    let shared = alike(report, &shown);
    let mut scales =
        if shared { "one scale for all" } else { "each with a scale of its own" }.to_owned();
    if view.means {
        scales.push_str(&format!("; means over {}", duration(view.seconds)));
    }
    let rows = shown.len().div_ceil(COLUMNS).max(1);
    let height = ORIGIN.1 + rows as f64 * PITCH.1 + 4.0;
    let width = if shared { PANEL.0 } else { PANEL.0 - 14.0 };
    let mut svg =
        headed(height, title, &format!("{which}; power in kW, {scales}; energy at the right"));
    let mut keys =
        vec![(Key::Box, "draw", "drawn"), (Key::Box, "offer", "allocated but not drawn")];
    if !view.means {
        keys.push((Key::Line, "offer-line", "allocated"));
    }
    legend(&mut svg, (16.0, 68.0), &keys);
    for (place, charger) in shown.iter().enumerate() {
        let frame = Frame {
            x: ORIGIN.0 + (place % COLUMNS) as f64 * PITCH.0,
            y: ORIGIN.1 + (place / COLUMNS) as f64 * PITCH.1,
            w: width,
            h: PANEL.1,
        };
        let top = if shared { common } else { tops[place].max(1.0) } * 1.06;
        let lowest = place + COLUMNS >= shown.len();
        let labelled = !shared || place % COLUMNS == 0;
        let time = TimeScale::new(frame, record.from, record.to, report.scenario.utc_offset);
        let scale = Scale::tight(frame, 0.0, top, 3);
        draw_axes(&mut svg, frame, &scale, labelled);
        draw_series(&mut svg, frame, time, &scale, &panels[place], view.means);
        draw_name(&mut svg, frame, record.chargers[*charger].as_str(), energy[*charger]);
        draw_times(&mut svg, frame, time, lowest);
    }
    if shown.is_empty() {
        nothing(&mut svg, Frame { x: 45.0, y: 106.0, w: 835.0, h: 72.0 }, "no chargers");
    }
    let zone = format!("local time (UTC{})", offset(report.scenario.utc_offset));
    svg.text((880.0, height - 8.0), "faint", Anchor::End, &zone);
    let caption = "A pale area above the dark one is power that was promised but not taken: by a car that tapers, or a \
                   limit that was raised before the car followed."
        .to_owned();
    Chart { slug: "chargers", title, caption, data: files(["chargers.csv"]), svg }
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

/// Whether the ratings are close enough for one scale.
fn alike(report: &Report<'_>, shown: &[usize]) -> bool {
    let ratings = || {
        shown.iter().filter_map(|c| report.scenario.chargers.get(*c)).map(|c| c.spec.max_power.0)
    };
    ratings().max().unwrap_or(0) <= 3 * ratings().min().unwrap_or(0)
}

/// How samples become points, the same for every panel.
struct View {
    times: Vec<Time>,
    groups: Vec<Range<usize>>,
    /// Long runs show means: the extremes of hours would fill the panel.
    means: bool,
    seconds: f64,
}

/// What a panel shows: (when, watts) for limits and draws.
struct Series {
    offered: Vec<(Time, f64)>,
    drawn: Vec<(Time, f64)>,
}

impl View {
    fn of(report: &Report<'_>) -> View {
        let times: Vec<Time> = report.record.samples.iter().map(|sample| sample.at).collect();
        let means = times.len() > 3000;
        let groups = groups(&times, if means { 160 } else { 3000 });
        let seconds = report.virtual_s() / groups.len().max(1) as f64;
        View { times, groups, means, seconds }
    }

    fn series(&self, report: &Report<'_>, charger: usize) -> Series {
        let values = |pick: fn(&(Watts, Watts, Watts)) -> i64| -> Vec<(Time, f64)> {
            let samples = report.record.samples.iter();
            let all: Vec<i64> = samples.map(|s| s.chargers.get(charger).map_or(0, pick)).collect();
            if self.means {
                let groups = self.groups.iter();
                groups
                    .map(|g| (self.times[g.start], mean(all[g.clone()].iter().copied())))
                    .collect()
            } else {
                let kept = extremes(&self.times, &all, 260).into_iter();
                kept.map(|i| (self.times[i], all[i] as f64)).collect()
            }
        };
        Series { offered: values(|c| c.0.0), drawn: values(|c| c.1.0) }
    }
}

impl Series {
    fn highest_kw(&self) -> f64 {
        self.offered.iter().chain(&self.drawn).map(|point| point.1).fold(0.0, f64::max) / 1000.0
    }
}

fn draw_axes(svg: &mut Svg, frame: Frame, scale: &Scale, labelled: bool) {
    svg.rect((frame.x, frame.y), (frame.w, frame.h), "panel");
    for value in scale.ticks() {
        let y = scale.y(value);
        svg.line((frame.x, y), (frame.right(), y), "grid");
        if labelled {
            svg.text((frame.x - 4.0, y + 3.4), "small", Anchor::End, &scale.label(value));
        }
    }
}

fn draw_series(
    svg: &mut Svg,
    frame: Frame,
    time: TimeScale,
    scale: &Scale,
    series: &Series,
    means: bool,
) {
    let points = |series: &[(Time, f64)]| {
        let points = series.iter().map(|(at, watts)| (time.x(*at), scale.y(watts / 1000.0)));
        without_flat(points.collect())
    };
    let offered = points(&series.offered);
    let (mut pale, mut line, mut dark) = (Path::default(), Path::default(), Path::default());
    pale.area(&offered, frame.bottom(), true);
    line.polyline(offered.iter().copied(), true);
    dark.area(&points(&series.drawn), frame.bottom(), true);
    svg.path(&pale, "offer");
    svg.path(&dark, "draw");
    if !means {
        svg.path(&line, "offer-line");
    }
}

fn draw_name(svg: &mut Svg, frame: Frame, name: &str, energy_kwh: f64) {
    let name = fit_name(name, 11.0, 124.0);
    svg.text((frame.x, frame.y - 5.0), "strong", Anchor::Start, &name);
    let decimals = if energy_kwh >= 100.0 { 0 } else { 1 };
    let energy = format!("{} kWh", number(energy_kwh, decimals));
    svg.text((frame.right(), frame.y - 5.0), "faint", Anchor::End, &energy);
}

fn draw_times(svg: &mut Svg, frame: Frame, time: TimeScale, labelled: bool) {
    svg.line((frame.x, frame.bottom()), (frame.right(), frame.bottom()), "axis");
    for tick in time.ticks(44.0) {
        let x = time.x(tick.at);
        svg.line((x, frame.bottom()), (x, frame.bottom() + 3.0), "axis");
        if labelled && x > frame.x + 8.0 && x < frame.right() - 8.0 {
            svg.text((x, frame.bottom() + 13.0), "small", Anchor::Middle, &tick.label);
        }
    }
}
