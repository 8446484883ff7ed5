//! Head-room: what is left below the limit for vehicles, and where nothing was.

use std::ops::Range;

use crate::report::Report;
use crate::report::charts::axes::{Frame, Key, Scale, TimeScale, legend};
use crate::report::charts::series::{groups, without_flat};
use crate::report::charts::svg::{Path, Svg};
use crate::report::charts::{Bars, Chart, bar_name, files, headed, nothing};
use crate::report::compliance::limit_spans;
use crate::report::text::{duration, number};
use crate::sim::record::Sample;
use crate::time::Time;
use crate::units::Watts;

const UPPER: Frame = Frame { x: 56.0, y: 108.0, w: 824.0, h: 190.0 };
const LOWER: Frame = Frame { x: 56.0, y: 332.0, w: 824.0, h: 70.0 };

/// Draws the chart.
#[must_use]
pub fn draw(report: &Report<'_>) -> Chart {
    let title = "Head-room below the limit for vehicles";
    let m = &report.metrics;
    let room = Room::of(report);
    let over = m.over_limit_s > 0.0 || room.draw.iter().any(|left| *left < 0);
    let detail = if over {
        format!(
            "Over the limit for {} in total, by up to {} kW, {} kWh",
            duration(m.over_limit_s),
            number(m.over_limit_max_kw, 1),
            number(m.over_limit_kwh, 3)
        )
    } else {
        "The true draw was never over the limit, at any event".to_owned()
    };
    let bottom = if over { LOWER.bottom() } else { UPPER.bottom() };
    let mut svg = headed(bottom + 54.0, title, &detail);
    let time = draw_room(&mut svg, report, &room);
    let mut keys = vec![(Key::Box, "plugged", "limit − draw")];
    if over {
        draw_samples_over(&mut svg, report, &room);
        keys.push((Key::Box, "bad", "over the limit"));
    } else {
        time.draw(&mut svg);
    }
    keys.push((Key::Line, "alloc", "limit − reserved worst case"));
    legend(&mut svg, (16.0, 68.0), &keys);
    let caption = "The area is the power the site could still have drawn; below zero it is over its limit. The \
                   line is what the reservations of the central system left: at zero nothing more can be promised. \
                   Where samples are thinned, both show the lowest of each pixel."
        .to_owned();
    Chart { slug: "headroom", title, caption, data: files(["history.csv"]), svg }
}

/// Watts left per sample.
struct Room {
    times: Vec<Time>,
    draw: Vec<i64>,
    committed: Vec<i64>,
}

impl Room {
    fn of(report: &Report<'_>) -> Room {
        Room {
            times: report.record.samples.iter().map(|sample| sample.at).collect(),
            draw: left(report, |sample| sample.draw),
            committed: left(report, |sample| sample.committed),
        }
    }
}

/// Limit for vehicles minus what `used` says, per sample, in watts.
fn left(report: &Report<'_>, used: fn(&Sample) -> Watts) -> Vec<i64> {
    let spans = limit_spans(report.record);
    let mut span = 0;
    let samples = report.record.samples.iter();
    samples
        .map(|sample| {
            while span + 1 < spans.len() && spans[span].1 <= sample.at {
                span += 1;
            }
            spans.get(span).map_or(0, |current| (current.2.ev - used(sample)).0)
        })
        .collect()
}

fn draw_room(svg: &mut Svg, report: &Report<'_>, room: &Room) -> TimeScale {
    let record = report.record;
    let time = TimeScale::new(UPPER, record.from, record.to, report.scenario.utc_offset);
    let kw = |watts: Option<i64>| watts.unwrap_or(0) as f64 / 1000.0;
    let all = || room.draw.iter().chain(&room.committed).copied();
    let scale = Scale::nice(UPPER, kw(all().min()).min(0.0), kw(all().max()).max(1.0), 5);
    scale.draw(svg, "kW");
    let zero = scale.y(0.0);
    let groups = groups(&room.times, 824);
    let lowest = |values: &[i64]| -> Vec<(f64, f64)> {
        let low = |group: &Range<usize>| kw(values[group.clone()].iter().copied().min());
        groups.iter().map(|g| (time.x(room.times[g.start]), scale.y(low(g)))).collect()
    };
    let points = lowest(&room.draw);
    let part = |clip: &dyn Fn(f64) -> f64| {
        let points = without_flat(points.iter().map(|(x, y)| (*x, clip(*y))).collect());
        let mut path = Path::default();
        path.area(&points, zero, true);
        path
    };
    svg.path(&part(&|y| y.min(zero)), "plugged");
    if room.draw.iter().any(|left| *left < 0) {
        svg.path(&part(&|y| y.max(zero)), "bad");
    }
    let mut path = Path::default();
    path.polyline(without_flat(lowest(&room.committed)), true);
    svg.path(&path, "alloc");
    svg.line((UPPER.x, zero), (UPPER.right(), zero), "axis");
    time.draw_marks(svg, &record.marks);
    if room.times.is_empty() {
        nothing(svg, UPPER, "no samples");
    }
    time
}

/// Samples over the limit per bar. They are counted, not multiplied by their interval: a sample at
/// the instant of a step would make minutes of the seconds that the title tells.
fn draw_samples_over(svg: &mut Svg, report: &Report<'_>, room: &Room) {
    let record = report.record;
    let bars = Bars::of(report);
    let mut over = vec![0_u32; bars.count];
    for (at, _) in room.times.iter().zip(&room.draw).filter(|(_, left)| **left < 0) {
        over[bars.index(*at)] += 1;
    }
    let worst = over.iter().copied().max().unwrap_or(0);
    let time = TimeScale::new(LOWER, record.from, record.to, report.scenario.utc_offset);
    // An even number, so that the tick in the middle is a whole one.
    let top = f64::from((worst + worst % 2).max(2));
    let scale = Scale::tight(LOWER, 0.0, top, 2);
    scale.draw(svg, &format!("samples over the limit per {}", bar_name(bars.length)));
    let mut path = Path::default();
    for ((x, width), samples) in bars.boxes(time).iter().zip(&over) {
        if *samples > 0 {
            let top = scale.y(f64::from(*samples));
            path.rect((*x, top), (width.max(0.8), LOWER.bottom() - top));
        }
    }
    svg.path(&path, "bad");
    if worst == 0 {
        nothing(svg, LOWER, "too short for a sample to see it");
    }
    time.draw(svg);
}
