//! Scales, ticks and the furniture that all charts share.

use crate::report::charts::svg::{Anchor, Path, Svg, fit, text_width};
use crate::report::text::{local, number, offset};
use crate::time::{Span, Time};

/// The rectangle that data is drawn in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// Left edge.
    pub x: f64,
    /// Upper edge.
    pub y: f64,
    /// Width.
    pub w: f64,
    /// Height.
    pub h: f64,
}

impl Frame {
    /// Right edge.
    #[must_use]
    pub fn right(self) -> f64 {
        self.x + self.w
    }

    /// Lower edge.
    #[must_use]
    pub fn bottom(self) -> f64 {
        self.y + self.h
    }
}

/// Maps values to heights in a frame; `low` is at the bottom.
#[derive(Clone, Debug)]
pub struct Scale {
    frame: Frame,
    /// Value at the bottom.
    pub low: f64,
    /// Value at the top.
    pub high: f64,
    step: f64,
}

impl Scale {
    /// A scale of round numbers that covers `low..=high` with about `ticks` steps.
    #[must_use]
    pub fn nice(frame: Frame, low: f64, high: f64, ticks: u32) -> Scale {
        let span = (high - low).max(1e-9);
        let raw = span / f64::from(ticks.max(1));
        let magnitude = 10_f64.powf(raw.log10().floor());
        let step = [1.0, 2.0, 2.5, 5.0, 10.0]
            .iter()
            .map(|factor| factor * magnitude)
            .find(|step| *step >= raw * 0.999)
            .unwrap_or(magnitude * 10.0);
        let round = |x: f64| if (x - x.round()).abs() < 1e-6 { x.round() } else { x };
        let bottom = round(low / step).floor() * step;
        let top = (round(high / step).ceil() * step).max(bottom + step);
        Scale { frame, low: bottom, high: top, step }
    }

    /// The same steps, but the scale ends where the data does instead of at a round number.
    #[must_use]
    pub fn tight(frame: Frame, low: f64, high: f64, ticks: u32) -> Scale {
        let nice = Scale::nice(frame, low, high, ticks);
        Scale { high: high.max(nice.low + 1e-9), ..nice }
    }

    /// Height of a value.
    #[must_use]
    pub fn y(&self, value: f64) -> f64 {
        self.frame.bottom() - (value - self.low) / (self.high - self.low) * self.frame.h
    }

    /// The round values of the axis.
    #[must_use]
    pub fn ticks(&self) -> Vec<f64> {
        let count = ((self.high - self.low) / self.step + 1e-6).floor() as i64;
        (0..=count).map(|n| self.low + n as f64 * self.step).collect()
    }

    /// A tick's label.
    #[must_use]
    pub fn label(&self, value: f64) -> String {
        let whole = |places: &usize| {
            let steps = self.step * 10_f64.powi(*places as i32);
            (steps - steps.round()).abs() < 1e-6 * steps
        };
        let decimals = (0..6).find(whole).unwrap_or(6);
        number(value, decimals)
    }

    /// Draws grid lines and labels, and `title` above the axis.
    pub fn draw(&self, svg: &mut Svg, title: &str) {
        for value in self.ticks() {
            let y = self.y(value);
            svg.line((self.frame.x, y), (self.frame.right(), y), "grid");
            svg.text((self.frame.x - 7.0, y + 3.8), "", Anchor::End, &self.label(value));
        }
        svg.text((self.frame.x - 34.0, self.frame.y - 9.0), "faint", Anchor::Start, title);
    }
}

/// Maps instants to positions in a frame.
#[derive(Clone, Copy, Debug)]
pub struct TimeScale {
    frame: Frame,
    /// Left end.
    pub from: Time,
    /// Right end.
    pub to: Time,
    utc_offset: Span,
}

/// A tick on a time axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeTick {
    /// When.
    pub at: Time,
    /// `06:00` or `4 May`.
    pub label: String,
    /// `Mon 4 May` below the first label of a day.
    pub day: Option<String>,
}

const STEPS_S: [i64; 18] = [
    1, 5, 15, 60, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800,
    604_800, 1_209_600, 2_419_200,
];

impl TimeScale {
    /// From the run's first to its last instant.
    #[must_use]
    pub fn new(frame: Frame, from: Time, to: Time, utc_offset: Span) -> TimeScale {
        let to = if to > from { to } else { from + Span::from_s(1) };
        TimeScale { frame, from, to, utc_offset }
    }

    /// Position of an instant, kept within the frame.
    #[must_use]
    pub fn x(&self, at: Time) -> f64 {
        let share = at.since(self.from).s() / self.to.since(self.from).s();
        self.frame.x + share.clamp(0.0, 1.0) * self.frame.w
    }

    /// Ticks at round local times, at least `apart` pixels from each other.
    #[must_use]
    pub fn ticks(&self, apart: f64) -> Vec<TimeTick> {
        let seconds = self.to.since(self.from).s();
        let step = STEPS_S
            .into_iter()
            .find(|step| {
                // Dates are set closer than clock times, of which midnight has a date below it.
                let apart = if *step < 86_400 { apart } else { 0.8 * apart };
                *step as f64 / seconds * self.frame.w >= apart
            })
            .unwrap_or(STEPS_S[STEPS_S.len() - 1]);
        // Multi-day steps count from Monday 5 January 1970.
        let anchor = if step > 86_400 { 4 * 86_400 } else { 0 } - self.utc_offset.whole_s();
        let first = (self.from.unix_s() - anchor + step - 1).div_euclid(step) * step + anchor;
        let mut ticks = Vec::new();
        let mut at = first;
        while at <= self.to.unix_s() {
            let when = local(Time::from_unix_s(at), self.utc_offset);
            let midnight = (when.hour, when.minute) == (0, 0);
            let day =
                (step < 86_400 && (ticks.is_empty() || midnight)).then(|| when.day_and_date());
            let label = if step < 86_400 { when.clock() } else { when.date() };
            ticks.push(TimeTick { at: Time::from_unix_s(at), label, day });
            at += step;
        }
        self.drop_crowded_day(&mut ticks);
        ticks
    }

    /// The first tick's day is left out when the next day's would touch it.
    fn drop_crowded_day(&self, ticks: &mut [TimeTick]) {
        let next = ticks.iter().skip(1).find(|tick| tick.day.is_some()).map(|tick| self.x(tick.at));
        if let (Some(first), Some(next)) = (ticks.first_mut(), next)
            && next - self.x(first.at) < 76.0
        {
            first.day = None;
        }
    }

    /// Draws the axis below the frame with its title: 44 pixels high.
    pub fn draw(&self, svg: &mut Svg) {
        let bottom = self.frame.bottom();
        svg.line((self.frame.x, bottom), (self.frame.right(), bottom), "axis");
        for tick in self.ticks(54.0) {
            let x = self.x(tick.at);
            svg.line((x, bottom), (x, bottom + 4.0), "axis");
            svg.text((x, bottom + 16.0), "", Anchor::Middle, &tick.label);
            if let Some(day) = tick.day {
                // Kept inside the drawing when the day begins at its right edge.
                let x = x.min(svg.width - 4.0 - text_width(&day, 11.0) / 2.0);
                svg.text((x, bottom + 29.0), "faint", Anchor::Middle, &day);
            }
        }
        let title = format!("local time (UTC{})", offset(self.utc_offset));
        svg.text((self.frame.right(), bottom + 42.0), "faint", Anchor::End, &title);
    }

    /// Draws short vertical grid lines without labels.
    pub fn draw_grid(&self, svg: &mut Svg) {
        for tick in self.ticks(54.0) {
            let x = self.x(tick.at);
            svg.line((x, self.frame.y), (x, self.frame.bottom()), "grid");
        }
    }

    /// Draws dotted lines at marks and, in two lanes above the frame, as many of their labels as
    /// fit.
    pub fn draw_marks(&self, svg: &mut Svg, marks: &[(Time, String)]) {
        const EXPLAINED: usize = 60;
        let (top, bottom) = (self.frame.y, self.frame.bottom());
        // The lower lane begins behind the title of the value axis.
        let mut taken = [self.frame.x + 110.0, self.frame.x - 40.0];
        let mut rest = Path::default();
        for (index, (at, what)) in marks.iter().enumerate() {
            let x = self.x(*at);
            if index >= EXPLAINED {
                rest.polyline([(x, top), (x, bottom)], false);
                continue;
            }
            let text = format!("{} {what}", self.moment(*at));
            svg.begin_group(&text);
            svg.line((x, top - 4.0), (x, bottom), "mark");
            svg.end_group();
            let label = fit(&text, 9.5, 230.0);
            let width = text_width(&label, 9.5);
            let left = (x - 3.0).min(self.frame.right() - width);
            if let Some(lane) = taken.iter().position(|taken| left >= *taken) {
                let y = top - 8.0 - 12.0 * lane as f64;
                svg.text((left, y), "small", Anchor::Start, &label);
                taken[lane] = left + width + 8.0;
            }
        }
        svg.path(&rest, "mark");
    }

    /// Local clock time, with the date when the axis is longer than a day.
    fn moment(&self, at: Time) -> String {
        let local = local(at, self.utc_offset);
        if self.to.since(self.from) > Span::from_s(86_400) {
            format!("{} {}", local.date(), local.clock())
        } else {
            local.clock()
        }
    }
}

/// What a legend entry looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// A filled box.
    Box,
    /// A line.
    Line,
    /// A dot.
    Dot,
}

/// Draws a legend in one line from `(x, y)`; returns the position after it.
pub fn legend(svg: &mut Svg, (x, y): (f64, f64), entries: &[(Key, &str, &str)]) -> f64 {
    let mut x = x;
    for (key, class, label) in entries {
        match key {
            Key::Box => svg.rect((x, y - 9.0), (14.0, 10.0), class),
            Key::Line => svg.line((x, y - 4.0), (x + 18.0, y - 4.0), class),
            Key::Dot => {
                let mut dot = Path::default();
                dot.dot(x + 7.0, y - 4.0);
                svg.path(&dot, class);
            }
        }
        let indent = if *key == Key::Line { 23.0 } else { 19.0 };
        svg.text((x + indent, y), "", Anchor::Start, label);
        x += indent + text_width(label, 11.0) + 16.0;
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Frame = Frame { x: 60.0, y: 80.0, w: 800.0, h: 200.0 };

    #[test]
    fn scales_end_on_round_numbers_that_cover_the_data() {
        for (low, high) in [(0.0, 97.3), (-12.0, 90.0), (0.0, 0.4), (0.0, 1.0), (0.0, 12_345.0)] {
            let scale = Scale::nice(FRAME, low, high, 5);
            assert!(scale.low <= low && scale.high >= high, "{scale:?}");
            assert!((4..=9).contains(&scale.ticks().len()), "{scale:?}");
        }
        assert_eq!(Scale::nice(FRAME, 0.0, 100.0, 5).ticks(), [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]);
    }

    #[test]
    fn labels_have_the_decimals_that_tell_their_ticks_apart() {
        for (high, labels) in
            [(1.0, ["0.25", "0.50"]), (0.02, ["0.005", "0.010"]), (40.0, ["10", "20"])]
        {
            let scale = Scale::nice(FRAME, 0.0, high, 4);
            let ticks = scale.ticks();
            assert_eq!([scale.label(ticks[1]), scale.label(ticks[2])], labels);
        }
    }

    #[test]
    fn a_flat_series_still_has_a_scale() {
        let scale = Scale::nice(FRAME, 0.0, 0.0, 5);
        assert!(scale.y(0.0).is_finite() && scale.high > scale.low);
    }

    #[test]
    fn ticks_fall_on_round_local_times() {
        let from = Time::from_civil(2026, 5, 4, 4, 0, 0).expect("a date");
        let day = TimeScale::new(FRAME, from, from + Span::from_s(14 * 3600), Span::from_s(7200));
        let ticks = day.ticks(54.0);
        assert_eq!(ticks[0].label, "06:00");
        assert_eq!(ticks[0].day.as_deref(), Some("Mon 4 May"));
        assert_eq!(ticks.last().map(|tick| tick.label.clone()), Some("20:00".to_owned()));
        let month = TimeScale::new(FRAME, from, from + Span::from_s(31 * 86_400), Span::ZERO);
        let ticks = month.ticks(54.0);
        assert!(ticks.iter().all(|tick| tick.day.is_none() && tick.label.contains(' ')));
        assert!(ticks.windows(2).all(|pair| month.x(pair[1].at) - month.x(pair[0].at) >= 50.0));
    }
}
