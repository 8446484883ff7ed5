//! Site power over time: draw stacked by charger against the limits.

use std::ops::Range;

use crate::report::Report;
use crate::report::charts::axes::{Frame, Key, Scale, TimeScale, legend};
use crate::report::charts::palette::colours;
use crate::report::charts::series::{groups, mean, without_flat};
use crate::report::charts::svg::{Anchor, Path, Svg, fit_name, text_width};
use crate::report::charts::{Chart, files, headed, nothing};
use crate::report::compliance::limit_spans;
use crate::report::text::{duration, number, short};
use crate::sim::record::Sample;
use crate::time::Time;

const FRAME: Frame = Frame { x: 56.0, y: 108.0, w: 824.0, h: 310.0 };
const HEIGHT: f64 = 472.0;

/// Draws the chart.
#[must_use]
pub fn draw(report: &Report<'_>) -> Chart {
    let title = "Site power";
    let m = &report.metrics;
    let detail = format!(
        "{} kWh drawn; peak {} kW under a limit of {} kW for vehicles",
        number(report.record.energy.grid_kwh, 1),
        number(m.peak_kw, 1),
        short(m.limit_kw)
    );
    let mut svg = headed(HEIGHT, title, &detail);
    let record = report.record;
    let time = TimeScale::new(FRAME, record.from, record.to, report.scenario.utc_offset);
    let scale = Scale::tight(FRAME, 0.0, highest_kw(report), 6);
    let bins = Bins::of(report);
    scale.draw(&mut svg, "kW");
    draw_reserve(&mut svg, report, time, &scale);
    let shown = draw_layers(&mut svg, report, &bins, time, &scale);
    draw_totals(&mut svg, report, &bins, time, &scale);
    draw_excess(&mut svg, report, time, &scale);
    draw_limits(&mut svg, report, time, &scale);
    time.draw(&mut svg);
    time.draw_marks(&mut svg, &record.marks);
    draw_legend(&mut svg, report, &bins, &shown);
    if record.samples.is_empty() {
        nothing(&mut svg, FRAME, "no samples");
    }
    let means = if bins.thinned {
        format!(", as means over {}, below a violet line of the peaks", duration(bins.seconds))
    } else {
        String::new()
    };
    let lines = if has_reserve(report) {
        "the solid orange line is the grid connection, the dashed one the limit for vehicles"
    } else {
        "the orange line is the grid connection, all of it for vehicles"
    };
    let softly = if record.soft_limits.is_empty() {
        ""
    } else {
        " The dotted line is what a soft limit leaves for cars that can wait."
    };
    let caption = format!(
        "True draw stacked by charger{means}. The thin line is what the central system allocated; {lines}, {}.{softly}",
        if m.over_limit_s > 0.0 {
            format!("exceeded for {} in total", duration(m.over_limit_s))
        } else {
            "never exceeded".to_owned()
        }
    );
    Chart { slug: "site_power", title, caption, data: files(["history.csv", "chargers.csv"]), svg }
}

/// Whether the limit for vehicles is ever another one than that of the connection.
fn has_reserve(report: &Report<'_>) -> bool {
    limit_spans(report.record).iter().any(|span| span.2.ev != span.2.connection)
}

fn highest_kw(report: &Report<'_>) -> f64 {
    let record = report.record;
    let limits = record.limits.iter().map(|limit| limit.1);
    let samples = record.samples.iter().map(|sample| sample.allocated.max(sample.draw));
    let highest = limits.chain(samples).chain([record.peak]).max().unwrap_or_default();
    highest.kw().max(1.0)
}

fn draw_reserve(svg: &mut Svg, report: &Report<'_>, time: TimeScale, scale: &Scale) {
    for (from, to, limit) in limit_spans(report.record) {
        let (left, right) = (time.x(from), time.x(to));
        let (top, bottom) = (scale.y(limit.connection.kw()), scale.y(limit.ev.kw().max(0.0)));
        svg.rect((left, top), (right - left, bottom - top), "reserve");
    }
}

/// Samples that are drawn as one point.
struct Bins {
    groups: Vec<Range<usize>>,
    starts: Vec<Time>,
    /// Whether groups hold several samples: then layers are means and peaks get a line.
    thinned: bool,
    seconds: f64,
}

impl Bins {
    fn of(report: &Report<'_>) -> Bins {
        let samples = &report.record.samples;
        let times: Vec<Time> = samples.iter().map(|sample| sample.at).collect();
        let thinned = times.len() > 1500;
        let groups = groups(&times, if thinned { 620 } else { 1500 });
        let starts: Vec<Time> = groups.iter().map(|group| times[group.start]).collect();
        let seconds = report.virtual_s() / groups.len().max(1) as f64;
        Bins { groups, starts, thinned, seconds }
    }

    /// One point per group.
    fn points(&self, time: TimeScale, y: impl Fn(&Range<usize>) -> f64) -> Vec<(f64, f64)> {
        let pairs = self.starts.iter().zip(&self.groups);
        without_flat(pairs.map(|(start, group)| (time.x(*start), y(group))).collect())
    }
}

/// Draws the stack from its upper edge down, so that every layer needs its upper edge only.
/// Returns the chargers that drew anything, with their colours.
fn draw_layers(
    svg: &mut Svg,
    report: &Report<'_>,
    bins: &Bins,
    time: TimeScale,
    scale: &Scale,
) -> Vec<(usize, String)> {
    let samples = &report.record.samples;
    let drawn = |sample: &Sample, charger: usize| sample.chargers.get(charger).map_or(0, |c| c.1.0);
    let used: Vec<usize> = (0..report.record.chargers.len())
        .filter(|charger| samples.iter().any(|sample| drawn(sample, *charger) > 0))
        .collect();
    let shown: Vec<(usize, String)> = used.iter().copied().zip(colours(used.len())).collect();
    let mut heights = vec![0.0_f64; bins.groups.len()];
    let mut edges: Vec<Vec<(f64, f64)>> = Vec::with_capacity(used.len());
    for charger in &used {
        for (height, group) in heights.iter_mut().zip(&bins.groups) {
            *height += mean(samples[group.clone()].iter().map(|s| drawn(s, *charger)));
        }
        let pairs = bins.starts.iter().zip(&heights);
        let edge = pairs.map(|(start, watts)| (time.x(*start), scale.y(watts / 1000.0)));
        edges.push(without_flat(edge.collect()));
    }
    // Outlines that part the layers of a day would hide those of a month.
    let class = if bins.thinned { "" } else { "layer" };
    for (edge, (charger, colour)) in edges.iter().zip(&shown).rev() {
        let mut path = Path::default();
        path.area(edge, FRAME.bottom(), !bins.thinned);
        svg.begin_group(report.record.chargers[*charger].as_str());
        svg.coloured_path(&path, class, colour);
        svg.end_group();
    }
    shown
}

/// Lines over the stack: what was allocated, and where the stack shows means, the peaks.
fn draw_totals(svg: &mut Svg, report: &Report<'_>, bins: &Bins, time: TimeScale, scale: &Scale) {
    let samples = &report.record.samples;
    let mut line = |pick: fn(&Sample) -> i64, class: &str| {
        let highest = |group: &Range<usize>| {
            let watts = samples[group.clone()].iter().map(pick).max().unwrap_or(0);
            scale.y(watts as f64 / 1000.0)
        };
        let mut path = Path::default();
        path.polyline(bins.points(time, highest), true);
        svg.path(&path, class);
    };
    line(|sample| sample.allocated.0, "alloc");
    if bins.thinned {
        line(|sample| sample.draw.0, "peaks");
    }
}

/// Marks the part of the draw that is above the limit for vehicles.
fn draw_excess(svg: &mut Svg, report: &Report<'_>, time: TimeScale, scale: &Scale) {
    let spans = limit_spans(report.record);
    let mut over = Path::default();
    let mut span = 0;
    let mut column = i64::MIN;
    for sample in &report.record.samples {
        while spans.get(span).is_some_and(|current| current.1 <= sample.at) {
            span += 1;
        }
        let Some((_, _, limit)) = spans.get(span) else { break };
        let x = time.x(sample.at);
        if sample.draw > limit.ev && (x * 2.0) as i64 != column {
            column = (x * 2.0) as i64;
            over.polyline([(x, scale.y(limit.ev.kw())), (x, scale.y(sample.draw.kw()))], false);
        }
    }
    svg.stroked_path(&over, "bad-s", 2.0);
}

fn draw_limits(svg: &mut Svg, report: &Report<'_>, time: TimeScale, scale: &Scale) {
    let spans = limit_spans(report.record);
    let edge = |height: &dyn Fn(usize) -> f64| {
        let mut path = Path::default();
        let points = spans.iter().enumerate().flat_map(|(index, (from, to, _))| {
            [(time.x(*from), height(index)), (time.x(*to), height(index))]
        });
        path.polyline(points, false);
        path
    };
    if has_reserve(report) {
        svg.path(&edge(&|i| scale.y(spans[i].2.ev.kw())), "evlimit");
    }
    svg.path(&edge(&|i| scale.y(spans[i].2.connection.kw())), "limit");
    draw_soft_limit(svg, report, time, scale);
}

/// What soft limits leave for cars that can wait, where any hold.
fn draw_soft_limit(svg: &mut Svg, report: &Report<'_>, time: TimeScale, scale: &Scale) {
    let record = report.record;
    let ends = record.soft_limits.iter().skip(1).map(|entry| entry.0).chain([record.to]);
    let mut path = Path::default();
    let mut line: Vec<(f64, f64)> = Vec::new();
    for ((from, room), to) in record.soft_limits.iter().zip(ends) {
        match room {
            Some(room) => {
                let y = scale.y(room.kw());
                line.extend([(time.x(*from), y), (time.x(to), y)]);
            }
            None => path.polyline(std::mem::take(&mut line), false),
        }
    }
    path.polyline(line, false);
    svg.path(&path, "softlimit");
}

fn draw_legend(svg: &mut Svg, report: &Report<'_>, bins: &Bins, shown: &[(usize, String)]) {
    let mut lines = vec![(Key::Line, "limit", "grid connection")];
    if has_reserve(report) {
        lines.push((Key::Line, "evlimit", "limit for vehicles"));
    }
    if !report.record.soft_limits.is_empty() {
        lines.push((Key::Line, "softlimit", "soft limit"));
    }
    lines.push((Key::Line, "alloc", "allocated"));
    if bins.thinned {
        lines.push((Key::Line, "peaks", "peaks of the draw"));
    }
    let mut x = legend(svg, (16.0, 68.0), &lines);
    let name = |charger: usize| report.record.chargers[charger].as_str();
    if shown.len() <= 6 {
        for (charger, colour) in shown {
            let label = fit_name(name(*charger), 11.0, 84.0);
            svg.swatch((x, 59.0), (14.0, 10.0), colour);
            svg.text((x + 19.0, 68.0), "", Anchor::Start, &label);
            x += 35.0 + text_width(&label, 11.0);
        }
    } else if let (Some(first), Some(last)) = (shown.first(), shown.last()) {
        let first = fit_name(name(first.0), 11.0, 110.0);
        svg.text((x, 68.0), "", Anchor::Start, &first);
        x += text_width(&first, 11.0) + 4.0;
        let width = 160.0 / shown.len() as f64;
        for (index, (_, colour)) in shown.iter().enumerate() {
            svg.swatch((x + index as f64 * width, 59.0), (width + 0.1, 10.0), colour);
        }
        let last = fit_name(name(last.0), 11.0, 110.0);
        svg.text((x + 166.0, 68.0), "", Anchor::Start, &last);
    }
}
