//! Which charger had power when: a panel for each strategy, all with the same colours.

use std::fmt::Write;

use crate::report::charts::axes::{Frame, TimeScale};
use crate::report::charts::palette::{STEPS, step};
use crate::report::charts::svg::{Anchor, Path, Svg, fit_name};
use crate::report::charts::{bar_name, headed, nothing};
use crate::report::compare::Comparison;
use crate::report::compare::charts::{Figure, first_seed, look};
use crate::report::compare::portrait::{Columns, Portrait};
use crate::report::text::{number, offset, push_csv, push_decimal};
use crate::time::Span;

const TOP: f64 = 100.0;
const LEFT: f64 = 96.0;
const WIDE: f64 = 340.0;
const PITCH: f64 = 452.0;
/// More chargers share rows.
const MOST_ROWS: usize = 40;
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// Draws the chart.
#[must_use]
pub fn draw(comparison: &Comparison<'_>, portraits: &[Portrait]) -> Figure {
    let title = "Which charger had power when";
    let maps: Vec<Map> = portraits.iter().map(Map::of).collect();
    let rows = maps.iter().map(|map| map.rows.len()).max().unwrap_or(0);
    let row = (220.0 / rows.max(1) as f64).clamp(5.0, 14.0);
    let panel = (rows as f64 * row).max(40.0);
    let down = panel + 68.0;
    let lines = maps.len().div_ceil(2).max(1);
    let mut svg = headed(TOP + lines as f64 * down, title, &detail(portraits, &maps));
    let most = maps.iter().flat_map(Map::values).fold(0.0, f64::max);
    draw_key(&mut svg, most);
    for (place, (map, portrait)) in maps.iter().zip(portraits).enumerate() {
        let x = LEFT + (place % 2) as f64 * PITCH;
        let y = TOP + 8.0 + (place / 2) as f64 * down;
        let frame = Frame { x, y, w: WIDE, h: panel };
        look::mark(&mut svg, portrait.strategy, (x + 5.0, y - 11.0), 4.5);
        svg.text((x + 16.0, y - 7.0), "strong", Anchor::Start, portrait.strategy.name());
        map.draw(&mut svg, frame, row, most);
        draw_times(&mut svg, frame, portrait, comparison.scenario.utc_offset);
    }
    if rows == 0 {
        let frame = Frame { x: LEFT, y: TOP, w: 784.0, h: panel };
        svg.rect((frame.x, frame.y), (frame.w, frame.h), "panel");
        nothing(&mut svg, frame, "no chargers");
    }
    let caption = format!(
        "{} Seed {}. An empty stretch is a charger without power: no car, or one that waited. Panels that \
         look alike are strategies that treat the chargers alike.",
        columns_sentence(portraits),
        first_seed(portraits).trim_start_matches("seed ")
    );
    Figure::new("heatmap", title, caption, svg, [("", table(portraits))])
}

fn detail(portraits: &[Portrait], maps: &[Map]) -> String {
    let chargers = portraits.first().map_or(0, |portrait| portrait.heat.rows.len());
    let shared = maps.first().map_or(1, |map| map.shared);
    match shared {
        1 => format!("Mean draw of each of the {chargers} chargers, kW"),
        shared => format!(
            "Mean draw of the {chargers} chargers, kW; a row is the mean of {shared} neighbours"
        ),
    }
}

fn columns_sentence(portraits: &[Portrait]) -> String {
    match portraits.first().map(|portrait| &portrait.heat.columns) {
        Some(Columns::Week) => {
            "One column for every hour of the week, the mean over all weeks of the run.".to_owned()
        }
        Some(Columns::Run(_, length, _)) => {
            format!("One column for every {}, the mean of its samples.", bar_name(*length))
        }
        None => "Nothing ran.".to_owned(),
    }
}

/// A strategy's rows as they are drawn.
struct Map {
    /// How many chargers a row stands for.
    shared: usize,
    rows: Vec<(String, Vec<Option<f64>>)>,
}

impl Map {
    fn of(portrait: &Portrait) -> Map {
        let all = &portrait.heat.rows;
        let shared = all.len().div_ceil(MOST_ROWS).max(1);
        let row = |some: &[(String, Vec<Option<f64>>)]| {
            let columns = some.first().map_or(0, |row| row.1.len());
            let mean = |column: usize| {
                let known: Vec<f64> = some.iter().filter_map(|row| row.1[column]).collect();
                crate::report::compare::statistics::mean(&known)
            };
            (some[0].0.clone(), (0..columns).map(mean).collect())
        };
        Map { shared, rows: all.chunks(shared).map(row).collect() }
    }

    fn values(&self) -> impl Iterator<Item = f64> {
        self.rows.iter().flat_map(|row| row.1.iter().flatten().copied())
    }

    /// Draws cells as one path for each colour, those beside each other as one box.
    fn draw(&self, svg: &mut Svg, frame: Frame, height: f64, most: f64) {
        svg.rect((frame.x, frame.y), (frame.w, height * self.rows.len() as f64), "panel");
        let mut paths = vec![Path::default(); STEPS];
        for (row, (name, cells)) in self.rows.iter().enumerate() {
            let y = frame.y + row as f64 * height;
            let x = |column: usize| frame.x + frame.w * column as f64 / cells.len().max(1) as f64;
            let shade = |cell: &Option<f64>| {
                let share = cell.filter(|kw| *kw > 0.0)? / most;
                Some(((share * STEPS as f64).ceil() as usize).clamp(1, STEPS) - 1)
            };
            let mut first = 0;
            for same in cells.chunk_by(|a, b| shade(a) == shade(b)) {
                if let Some(shade) = shade(&same[0]) {
                    let (left, right) = (x(first), x(first + same.len()));
                    paths[shade].rect((left, y), (right - left, height));
                }
                first += same.len();
            }
            // Where rows are low, every second or third has a name.
            if row % (10.5 / height).ceil().max(1.0) as usize == 0 {
                let name = fit_name(name, 9.5, 74.0);
                svg.text((frame.x - 5.0, y + height / 2.0 + 3.4), "small", Anchor::End, &name);
            }
        }
        for (shade, path) in paths.iter().enumerate() {
            svg.coloured_path(path, "", &step(shade));
        }
    }
}

fn draw_key(svg: &mut Svg, most: f64) {
    const WIDTH: f64 = 180.0;
    let width = WIDTH / STEPS as f64;
    svg.text((16.0, 68.0), "", Anchor::Start, "0");
    for shade in 0..STEPS {
        svg.swatch((28.0 + shade as f64 * width, 59.0), (width + 0.1, 10.0), &step(shade));
    }
    let text = format!("{} kW", number(most, 1));
    svg.text((34.0 + WIDTH, 68.0), "", Anchor::Start, &text);
}

fn draw_times(svg: &mut Svg, frame: Frame, portrait: &Portrait, utc_offset: Span) {
    match &portrait.heat.columns {
        Columns::Run(first, length, count) => {
            let time = TimeScale::new(frame, *first, *first + *length * *count as i64, utc_offset);
            time.draw(svg);
        }
        Columns::Week => {
            let bottom = frame.bottom();
            let width = frame.w / DAYS.len() as f64;
            svg.line((frame.x, bottom), (frame.right(), bottom), "axis");
            for (day, name) in DAYS.iter().enumerate() {
                let x = frame.x + day as f64 * width;
                svg.line((x, bottom), (x, bottom + 4.0), "axis");
                svg.text((x + width / 2.0, bottom + 16.0), "", Anchor::Middle, name);
            }
            let title = format!("hour of the week, local time (UTC{})", offset(utc_offset));
            svg.text((frame.right(), bottom + 33.0), "faint", Anchor::End, &title);
        }
    }
}

fn table(portraits: &[Portrait]) -> String {
    let week = portraits.first().is_some_and(|portrait| portrait.heat.columns == Columns::Week);
    let when = if week { "weekday,hour" } else { "timestamp" };
    let mut out = format!("strategy,charge_point_id,{when},mean_draw_kw\n");
    for portrait in portraits {
        for (name, cells) in &portrait.heat.rows {
            let mut who = format!("{},", portrait.strategy);
            push_csv(&mut who, name);
            for (column, cell) in cells.iter().enumerate() {
                let _ = write!(out, "{who},");
                match &portrait.heat.columns {
                    Columns::Week => {
                        let _ = write!(out, "{},{}", DAYS[column / 24 % 7], column % 24);
                    }
                    Columns::Run(first, length, _) => {
                        (*first + *length * column as i64).write_ocpp(&mut out);
                    }
                }
                out.push(',');
                push_decimal(&mut out, cell.unwrap_or(f64::NAN));
                out.push('\n');
            }
        }
    }
    out
}
