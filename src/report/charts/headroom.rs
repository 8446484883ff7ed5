//! Head-room: what is left below the limit for vehicles, and for how long nothing was.

use crate::report::Report;
use crate::report::charts::axes::{Frame, Key, Scale, TimeScale, legend};
use crate::report::charts::series::{extremes, without_flat};
use crate::report::charts::svg::{Path, Svg};
use crate::report::charts::{Chart, bar_length, bar_name, headed, nothing};
use crate::report::compliance::limit_spans;
use crate::report::text::{duration, number};
use crate::sim::record::Sample;
use crate::time::Time;
use crate::units::Watts;

const UPPER: Frame = Frame { x: 56.0, y: 102.0, w: 824.0, h: 190.0 };
const LOWER: Frame = Frame { x: 56.0, y: 326.0, w: 824.0, h: 70.0 };
const HEIGHT: f64 = 450.0;

/// Draws the chart.
#[must_use]
pub fn draw(report: &Report<'_>) -> Chart {
    let title = "Head-room below the limit for vehicles";
    let m = &report.metrics;
    let detail = if m.over_limit_s > 0.0 {
        format!(
            "Over the limit for {} in total, by up to {} kW, {} kWh",
            duration(m.over_limit_s),
            number(m.over_limit_max_kw, 1),
            number(m.over_limit_kwh, 3)
        )
    } else {
        "The true draw was never over the limit, at any event".to_owned()
    };
    let mut svg = headed(HEIGHT, title, &detail);
    let room = Room::of(report);
    draw_room(&mut svg, report, &room);
    draw_time_over(&mut svg, report, &room);
    legend(
        &mut svg,
        (16.0, 68.0),
        &[
            (Key::Box, "draw", "limit − draw"),
            (Key::Box, "bad", "over the limit"),
            (Key::Line, "alloc", "limit − reserved worst case"),
        ],
    );
    let caption = "The area is the power the site could still have drawn; below zero it is over its limit. The \
                   line is what the reservations of the central system left: at zero nothing more can be promised."
        .to_owned();
    Chart { slug: "headroom", title, caption, svg }
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

fn draw_room(svg: &mut Svg, report: &Report<'_>, room: &Room) {
    let record = report.record;
    let time = TimeScale::new(UPPER, record.from, record.to, report.scenario.utc_offset);
    let kw = |watts: Option<i64>| watts.unwrap_or(0) as f64 / 1000.0;
    let all = || room.draw.iter().chain(&room.committed).copied();
    let scale = Scale::nice(UPPER, kw(all().min()).min(0.0), kw(all().max()).max(1.0), 5);
    scale.draw(svg, "kW");
    let zero = scale.y(0.0);
    let points: Vec<(f64, f64)> = extremes(&room.times, &room.draw, 700)
        .into_iter()
        .map(|i| (time.x(room.times[i]), scale.y(room.draw[i] as f64 / 1000.0)))
        .collect();
    let part = |clip: &dyn Fn(f64) -> f64| {
        let points = without_flat(points.iter().map(|(x, y)| (*x, clip(*y))).collect());
        let mut path = Path::default();
        path.area(&points, zero, false);
        path
    };
    svg.path(&part(&|y| y.min(zero)), "draw");
    if room.draw.iter().any(|left| *left < 0) {
        svg.path(&part(&|y| y.max(zero)), "bad");
    }
    let line = extremes(&room.times, &room.committed, 700)
        .into_iter()
        .map(|i| (time.x(room.times[i]), scale.y(room.committed[i] as f64 / 1000.0)))
        .collect();
    let mut path = Path::default();
    path.polyline(without_flat(line), false);
    svg.path(&path, "alloc");
    svg.line((UPPER.x, zero), (UPPER.right(), zero), "axis");
    time.draw_marks(svg, &record.marks);
    if room.times.is_empty() {
        nothing(svg, UPPER, "no samples");
    }
}

/// Seconds over the limit per bar, by samples: each stands for the time until the next one.
fn draw_time_over(svg: &mut Svg, report: &Report<'_>, room: &Room) {
    let record = report.record;
    let length = bar_length(record.from, record.to, 96);
    let bars = (record.to.since(record.from).0 / length.0 + 1).max(1) as usize;
    let mut over_min = vec![0.0_f64; bars];
    for index in (0..room.draw.len()).filter(|index| room.draw[*index] < 0) {
        let from = room.times[index];
        let to = room.times.get(index + 1).copied().unwrap_or(record.to);
        let bar = (from.since(record.from).0.max(0) / length.0) as usize;
        if let Some(bar) = over_min.get_mut(bar) {
            *bar += to.since(from).s() / 60.0;
        }
    }
    let worst = over_min.iter().copied().fold(0.0, f64::max);
    let time = TimeScale::new(LOWER, record.from, record.to, report.scenario.utc_offset);
    let scale = Scale::nice(LOWER, 0.0, worst.max(1.0), 2);
    scale.draw(svg, &format!("minutes over the limit per {} (sampled)", bar_name(length)));
    let mut path = Path::default();
    for (index, minutes) in over_min.iter().enumerate().filter(|(_, minutes)| **minutes > 0.0) {
        let left = time.x(record.from + length * index as i64);
        let right = time.x(record.from + length * (index as i64 + 1));
        let top = scale.y(*minutes);
        path.rect((left, top), ((right - left - 1.0).max(0.8), LOWER.bottom() - top));
    }
    svg.path(&path, "bad");
    if worst == 0.0 {
        nothing(svg, LOWER, "not over the limit in any sample");
    }
    time.draw(svg);
}
