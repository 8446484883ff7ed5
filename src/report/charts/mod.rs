//! The charts: SVG that stands alone as a file and can be put inside the HTML page.
//!
//! All are 900 pixels wide, use colours that colour-blind people can tell apart (Okabe and Ito;
//! viridis where there are many), follow the reader's dark mode, name units on their axes, thin
//! long series without losing a peak, and draw a frame even when there is nothing to show. What they
//! draw stands in tables:
//!
//! | chart | table |
//! |---|---|
//! | [`site_power`] | `history.csv` the site, `chargers.csv` the layers |
//! | [`headroom`] | `history.csv`: `headroom_kw`, and `available_kw` less `committed_kw` |
//! | [`chargers`] | `chargers.csv` |
//! | [`sessions`] | `sessions.csv` |
//! | [`setpoints`] | `sessions.csv` the counts, `commands.csv` when |
//! | [`energy`] | `sessions.csv` |

pub mod across;
pub mod axes;
pub mod chargers;
pub mod energy;
pub mod headroom;
pub mod palette;
pub mod series;
pub mod sessions;
pub mod setpoints;
pub mod site_power;
pub mod svg;

use crate::report::Report;
use crate::report::text::xml;
use crate::time::{Span, Time};
use svg::{Anchor, Svg};

/// Width of every chart in pixels.
pub const WIDTH: f64 = 900.0;

/// Style rules of all charts; the page includes them once, a file carries its own copy.
pub const STYLE: &str = include_str!("style.css");

/// A finished chart.
#[derive(Clone, Debug)]
pub struct Chart {
    /// File name without its extension.
    pub slug: &'static str,
    /// Title, also drawn in the chart.
    pub title: &'static str,
    /// One sentence on how to read it.
    pub caption: String,
    /// The files that hold what it draws, from the report's folder.
    pub data: Vec<String>,
    /// What is drawn.
    pub(in crate::report) svg: Svg,
}

impl Chart {
    /// The chart as a file of its own.
    #[must_use]
    pub fn to_file(&self) -> String {
        let style = format!("<style>\n{STYLE}</style>\n");
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}\n", self.element(&style))
    }

    /// The chart for a page that includes [`STYLE`].
    #[must_use]
    pub fn to_inline(&self) -> String {
        self.element("")
    }

    fn element(&self, style: &str) -> String {
        let (width, height) = (self.svg.width.round() as i64, self.svg.height.round() as i64);
        let label = xml(self.title);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" role=\"img\" aria-label=\"{label}\" \
             width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\n{style}\
             <rect class=\"bg\" width=\"{width}\" height=\"{height}\"/>\n{}</svg>",
            self.svg.body()
        )
    }
}

/// All charts of a run, in the order of the page.
#[must_use]
pub fn all(report: &Report<'_>) -> Vec<Chart> {
    vec![
        site_power::draw(report),
        headroom::draw(report),
        chargers::draw(report),
        sessions::draw(report),
        setpoints::draw(report),
        energy::draw(report),
    ]
}

/// The names of the files that hold what a chart draws.
fn files<const N: usize>(names: [&str; N]) -> Vec<String> {
    names.map(str::to_owned).to_vec()
}

/// A drawing with its title and a line of detail below it.
pub(in crate::report) fn headed(height: f64, title: &str, detail: &str) -> Svg {
    let mut svg = Svg::new(WIDTH, height);
    svg.text((16.0, 26.0), "title", Anchor::Start, title);
    svg.text((16.0, 44.0), "sub", Anchor::Start, detail);
    svg
}

/// Writes `text` in the middle of a frame that has nothing to show.
pub(in crate::report) fn nothing(svg: &mut Svg, frame: axes::Frame, text: &str) {
    let middle = (frame.x + frame.w / 2.0, frame.y + frame.h / 2.0 + 4.0);
    svg.text(middle, "sub", Anchor::Middle, text);
}

/// Bars of a histogram over time: round local spans, at most about 72 of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::report) struct Bars {
    /// Start of the first bar; may lie before the run.
    pub(in crate::report) first: Time,
    /// Length of each.
    pub(in crate::report) length: Span,
    /// How many.
    pub(in crate::report) count: usize,
}

impl Bars {
    fn of(report: &Report<'_>) -> Bars {
        Bars::between(report.record.from, report.record.to, report.scenario.utc_offset)
    }

    /// Bars that cover a span of time.
    pub(in crate::report) fn between(from: Time, to: Time, utc_offset: Span) -> Bars {
        let whole = to.since(from).whole_s().max(1);
        let length = [300, 900, 1800, 3600, 7200, 10_800, 21_600, 86_400, 604_800]
            .into_iter()
            .find(|step| whole <= step * 72)
            .map_or(Span::from_s(2_419_200), Span::from_s);
        let local = (from + utc_offset).0;
        let first = Time(local - local.rem_euclid(length.0)) - utc_offset;
        let count = (to.since(first).0 / length.0 + 1).max(1) as usize;
        Bars { first, length, count }
    }

    /// The bar that an instant falls into.
    pub(in crate::report) fn index(&self, at: Time) -> usize {
        let index = at.since(self.first).0.max(0) / self.length.0;
        (index as usize).min(self.count - 1)
    }

    /// Left edge and width of every bar, with a gap of a pixel.
    fn boxes(&self, time: axes::TimeScale) -> Vec<(f64, f64)> {
        let edge = |index: usize| time.x(self.first + self.length * index as i64);
        (0..self.count).map(|i| (edge(i) + 0.5, (edge(i + 1) - edge(i) - 1.0).max(0.0))).collect()
    }
}

/// The length of a bar in words: `hour`, `15 min`.
pub(in crate::report) fn bar_name(length: Span) -> String {
    match length.whole_s() {
        3600 => "hour".to_owned(),
        86_400 => "day".to_owned(),
        604_800 => "week".to_owned(),
        seconds => crate::report::text::duration(seconds as f64),
    }
}

/// The `most` busiest of `weights`, as indices in their original order.
fn busiest(weights: &[f64], most: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by(|a, b| weights[*b].total_cmp(&weights[*a]).then(a.cmp(b)));
    order.truncate(most);
    order.sort_unstable();
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busiest_keep_their_order() {
        assert_eq!(busiest(&[1.0, 5.0, 0.0, 5.0, 3.0], 3), [1, 3, 4]);
        assert_eq!(busiest(&[2.0, 2.0, 2.0], 2), [0, 1], "ties go to the first");
    }

    #[test]
    fn bars_have_names_that_people_use() {
        assert_eq!(bar_name(Span::from_s(900)), "15 min");
        assert_eq!(bar_name(Span::from_s(3600)), "hour");
        assert_eq!(bar_name(Span::from_s(86_400)), "day");
    }
}
