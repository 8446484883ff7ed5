//! How was the connection used: the site's draw with every strategy against its limit.

use std::fmt::Write;
use std::ops::Range;

use crate::report::charts::axes::{Frame, Scale, TimeScale};
use crate::report::charts::series::{groups, mean, without_flat};
use crate::report::charts::svg::{Anchor, Path, Svg};
use crate::report::charts::{Bars, axes, bar_name, nothing};
use crate::report::compare::Comparison;
use crate::report::compare::charts::{Figure, begun, first_seed, look, range};
use crate::report::compare::portrait::Portrait;
use crate::report::compliance::Limit;
use crate::report::text::{local, push_milli};
use crate::time::{Span, Time};
use crate::units::Watts;

const HEIGHT: f64 = 280.0;
const BETWEEN: f64 = 92.0;
const DAY: Span = Span::from_s(86_400);
/// Samples of a curve; of more, means are drawn.
const MOST_POINTS: usize = 1500;
const BINS: usize = 620;

/// Draws the chart.
#[must_use]
pub fn draw(comparison: &Comparison<'_>, portraits: &[Portrait]) -> Figure {
    let title = "Site power against the limit";
    let detail =
        format!("Share of the limit that was used, %: {}", range(comparison, "utilisation_pct"));
    let panels = panels(comparison, portraits);
    let count = panels.len() as f64;
    let (mut svg, top) = begun(
        |top| top + 22.0 + count * HEIGHT + (count - 1.0) * BETWEEN + 52.0,
        title,
        &detail,
        &comparison.strategies,
    );
    let mut lines = vec![(axes::Key::Line, "limit", "grid connection")];
    if panels.iter().any(Panel::has_reserve) {
        lines.push((axes::Key::Line, "evlimit", "limit for vehicles"));
    }
    axes::legend(&mut svg, (16.0, top - 14.0), &lines);
    for (place, panel) in panels.iter().enumerate() {
        let y = top + 22.0 + place as f64 * (HEIGHT + BETWEEN);
        let frame = Frame { x: 56.0, y, w: 824.0, h: HEIGHT };
        panel.draw(&mut svg, frame, comparison, portraits);
    }
    let caption = format!(
        "{}. The true draw of the site; where curves lie at the limit, the strategy used all of it.{}{}",
        capital(&first_seed(portraits)),
        panels.first().map(Panel::thinned).unwrap_or_default(),
        if panels.len() > 1 {
            " Below, the day on which the strategies differ most, sample by sample."
        } else {
            ""
        }
    );
    Figure::new("site_power", title, caption, svg, [("", table(&panels, portraits))])
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// A span of the run.
struct Panel {
    from: Time,
    to: Time,
    /// What stands above it, where there are several.
    title: Option<String>,
    limits: Vec<(Time, Time, Limit)>,
    /// By strategy: bins of its draw.
    curves: Vec<Vec<Bin>>,
    bin: Option<Span>,
}

/// Samples that are drawn as one point.
struct Bin {
    at: Time,
    mean_w: f64,
    peak: Watts,
}

impl Panel {
    /// `whole`: means over round spans instead of samples, where there are many.
    fn of(portraits: &[Portrait], from: Time, to: Time, whole: Option<&Bars>) -> Panel {
        let inside = |draw: &[(Time, Watts)]| -> Range<usize> {
            // A sample at the end would be a bar of its own.
            let within = |at: Time| if whole.is_some() { at < to } else { at <= to };
            draw.partition_point(|sample| sample.0 < from)
                ..draw.partition_point(|sample| within(sample.0))
        };
        let most = portraits.iter().map(|it| inside(&it.draw).len()).max().unwrap_or(0);
        let thinned = most > MOST_POINTS;
        let grouped = |times: &[Time]| match whole.filter(|_| thinned) {
            Some(bars) => {
                let count = times.len();
                let begins = (0..count)
                    .filter(|at| *at == 0 || bars.index(times[*at]) != bars.index(times[*at - 1]));
                let begins: Vec<usize> = begins.chain([count]).collect();
                begins.windows(2).map(|pair| pair[0]..pair[1]).collect()
            }
            None => groups(times, if thinned { BINS } else { MOST_POINTS }),
        };
        let curve = |portrait: &Portrait| {
            let samples = &portrait.draw[inside(&portrait.draw)];
            let times: Vec<Time> = samples.iter().map(|sample| sample.0).collect();
            let bin = |group: Range<usize>| {
                let watts = samples[group.clone()].iter().map(|sample| sample.1.0);
                let peak = watts.clone().max().unwrap_or(0);
                Bin { at: times[group.start], mean_w: mean(watts), peak: Watts(peak) }
            };
            grouped(&times).into_iter().map(bin).collect()
        };
        let limits = portraits.first().map(|it| it.limits.as_slice()).unwrap_or_default();
        let clipped =
            limits.iter().map(|(begin, end, limit)| ((*begin).max(from), (*end).min(to), *limit));
        Panel {
            from,
            to,
            title: None,
            limits: clipped.filter(|(begin, end, _)| begin < end).collect(),
            curves: portraits.iter().map(curve).collect(),
            bin: thinned
                .then(|| whole.map_or(Span(to.since(from).0 / BINS as i64), |it| it.length)),
        }
    }

    /// Whether the limit for vehicles is ever another one than that of the connection.
    fn has_reserve(&self) -> bool {
        self.limits.iter().any(|(_, _, limit)| limit.ev != limit.connection)
    }

    fn thinned(&self) -> String {
        self.bin
            .map(|bin| {
                let every = bar_name(bin);
                format!(" One step for every {every}: the mean of its samples, whose peak stands in the table.")
            })
            .unwrap_or_default()
    }

    fn draw(
        &self,
        svg: &mut Svg,
        frame: Frame,
        comparison: &Comparison<'_>,
        portraits: &[Portrait],
    ) {
        let drawn = self.curves.iter().flatten().map(|bin| bin.mean_w / 1000.0);
        let limits = self.limits.iter().map(|span| span.2.connection.kw());
        let scale = Scale::tight(frame, 0.0, drawn.chain(limits).fold(1.0, f64::max) * 1.02, 5);
        let time = TimeScale::new(frame, self.from, self.to, comparison.scenario.utc_offset);
        scale.draw(svg, "kW");
        for (portrait, bins) in portraits.iter().zip(&self.curves) {
            let ends = bins.last().map(|last| (portrait.to, last.mean_w));
            let points = bins.iter().map(|bin| (bin.at, bin.mean_w)).chain(ends);
            let points = points.map(|(at, watts)| (time.x(at), scale.y(watts / 1000.0)));
            let mut path = Path::default();
            path.polyline(without_flat(points.collect()), true);
            svg.path(&path, &look::line(portrait.strategy));
        }
        self.draw_limits(svg, time, &scale);
        time.draw(svg);
        if let Some(title) = &self.title {
            svg.text((frame.x + 40.0, frame.y - 9.0), "strong", Anchor::Start, title);
        }
        let marks = portraits.first().map(|it| it.marks.as_slice()).unwrap_or_default();
        let inside = marks.iter().filter(|(at, _)| self.from <= *at && *at <= self.to);
        time.draw_marks(svg, &inside.cloned().collect::<Vec<_>>());
        if self.curves.iter().all(Vec::is_empty) {
            nothing(svg, frame, "no samples");
        }
    }

    /// The lines of both limits; where spans are shorter than a pixel, the lowest of each.
    fn draw_limits(&self, svg: &mut Svg, time: TimeScale, scale: &Scale) {
        let line = |pick: fn(&Limit) -> Watts| {
            let mut points: Vec<(f64, f64)> = Vec::new();
            let mut column = f64::NEG_INFINITY;
            for (begin, end, limit) in &self.limits {
                let (left, right, y) =
                    (time.x(*begin), time.x(*end), scale.y(pick(limit).kw().max(0.0)));
                match points.last_mut() {
                    Some(last) if right - column < 0.8 => last.1 = last.1.max(y),
                    _ => {
                        column = left;
                        points.extend([(left, y), (right, y)]);
                    }
                }
                if let Some(last) = points.last_mut() {
                    last.0 = right;
                }
            }
            let mut path = Path::default();
            path.polyline(points, false);
            path
        };
        if self.has_reserve() {
            svg.path(&line(|limit| limit.ev), "evlimit");
        }
        svg.path(&line(|limit| limit.connection), "limit");
    }
}

/// The whole run and, of one that is longer than two days, the day on which strategies differ most.
fn panels(comparison: &Comparison<'_>, portraits: &[Portrait]) -> Vec<Panel> {
    let from = portraits.iter().map(|it| it.from).min().unwrap_or(comparison.scenario.start);
    let to = portraits.iter().map(|it| it.to).max().unwrap_or(from);
    if to.since(from) <= DAY + DAY {
        return vec![Panel::of(portraits, from, to, None)];
    }
    let bars = Bars::between(from, to, comparison.scenario.utc_offset);
    let mut whole = Panel::of(portraits, from, to, Some(&bars));
    if whole.curves.iter().all(Vec::is_empty) {
        return vec![whole];
    }
    let begin = most_different(portraits, comparison.scenario.utc_offset).unwrap_or(from);
    let mut day = Panel::of(portraits, begin.max(from), (begin + DAY).min(to), None);
    let named = local(begin, comparison.scenario.utc_offset).day_and_date();
    whole.title = Some("the whole run".to_owned());
    day.title = Some(format!("{named}, where strategies differ most"));
    vec![whole, day]
}

/// Start of the local day in which the draws of the strategies are furthest apart, summed over the
/// samples that all have.
fn most_different(portraits: &[Portrait], utc_offset: Span) -> Option<Time> {
    let day = |at: Time| (at + utc_offset).0.div_euclid(DAY.0);
    let count = portraits.iter().map(|it| it.draw.len()).min()?;
    let mut days: Vec<(i64, i64)> = Vec::new();
    for sample in 0..count {
        let watts = || portraits.iter().map(|it| it.draw[sample].1.0);
        let apart = watts().max()? - watts().min()?;
        let today = day(portraits[0].draw[sample].0);
        match days.last_mut() {
            Some(last) if last.0 == today => last.1 += apart,
            _ => days.push((today, apart)),
        }
    }
    // The first of several alike.
    let most = days.iter().rev().max_by_key(|day| day.1)?;
    Some(Time(most.0 * DAY.0) - utc_offset)
}

fn table(panels: &[Panel], portraits: &[Portrait]) -> String {
    let mut out = String::from(
        "part,strategy,timestamp,mean_draw_kw,peak_draw_kw,available_kw,max_power_kw\n",
    );
    for (part, panel) in ["run", "day"].iter().zip(panels) {
        for (portrait, bins) in portraits.iter().zip(&panel.curves) {
            let mut span = 0;
            for bin in bins {
                while span + 1 < panel.limits.len() && panel.limits[span].1 <= bin.at {
                    span += 1;
                }
                let limit = panel.limits.get(span).map(|span| span.2).unwrap_or_default();
                let _ = write!(out, "{part},{},", portrait.strategy);
                bin.at.write_ocpp(&mut out);
                for watts in [bin.mean_w.round() as i64, bin.peak.0, limit.ev.0, limit.connection.0]
                {
                    out.push(',');
                    push_milli(&mut out, watts);
                }
                out.push('\n');
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Draws every hour for three days, `more` watts more on the day of that number.
    fn portrait(day: i64, more: i64) -> Portrait {
        let from = Time::from_civil(2026, 5, 3, 22, 0, 0).expect("a date");
        let watts = |hour: i64| if hour / 24 == day { 5000 + more } else { 5000 };
        let draw = (0..72).map(|hour| (from + Span::from_s(3600) * hour, Watts(watts(hour))));
        Portrait { draw: draw.collect(), from, to: from + DAY * 3, ..Portrait::default() }
    }

    #[test]
    fn the_day_that_is_shown_is_the_one_on_which_strategies_differ_most() {
        let offset = Span::from_s(7200);
        let portraits = [portrait(0, 0), portrait(1, -3000), portrait(2, 2000)];
        let second = portraits[0].from + DAY;
        assert_eq!(most_different(&portraits, offset), Some(second));
        assert_eq!(
            most_different(&portraits[..1], offset),
            Some(portraits[0].from),
            "the first of three"
        );
        assert_eq!(most_different(&[], offset), None);
    }

    #[test]
    fn few_samples_are_drawn_as_they_are_and_steps_of_many_keep_their_peaks() {
        let portraits = [portrait(0, 0), portrait(1, -3000)];
        let part = Panel::of(&portraits, portraits[0].from, portraits[0].to, None);
        assert_eq!(part.curves[1].len(), 72);
        let bars = Bars { first: portraits[0].from, length: DAY, count: 3 };
        let many = |at: usize| {
            let step = |n: i64| (portraits[at].from + Span::from_s(100) * n, Watts(n % 7 * 1000));
            Portrait { draw: (0..2592).map(step).collect(), ..portraits[at].clone() }
        };
        let whole = Panel::of(&[many(0), many(1)], portraits[0].from, portraits[0].to, Some(&bars));
        let peaks: Vec<Watts> = whole.curves[0].iter().map(|bin| bin.peak).collect();
        assert_eq!(peaks, [Watts(6000); 3], "a step for every day");
    }
}
