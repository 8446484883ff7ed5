//! How often charge rates changed, over time and by charger.

use crate::report::Report;
use crate::report::charts::axes::{Frame, Key, Scale, TimeScale, legend};
use crate::report::charts::svg::{Anchor, Path, Svg, fit_name};
use crate::report::charts::{Bars, Chart, bar_name, busiest, files, headed, nothing};
use crate::report::text::{number, short};

const UPPER: Frame = Frame { x: 56.0, y: 108.0, w: 824.0, h: 150.0 };
const LOWER: Frame = Frame { x: 56.0, y: 344.0, w: 824.0, h: 120.0 };
const HEIGHT: f64 = 536.0;
const MOST_BARS: usize = 60;

/// Draws the chart.
#[must_use]
pub fn draw(report: &Report<'_>) -> Chart {
    let title = "Set-point changes and reversals";
    let m = &report.metrics;
    let detail = format!(
        "{} changes, {} reversals, {} without an outside cause; {} changes per hour and session",
        number(report.oscillation.changes() as f64, 0),
        number(report.oscillation.reversals() as f64, 0),
        number(m.endogenous_changes as f64, 0),
        m.setpoint_changes_per_h.map_or_else(|| "–".to_owned(), short),
    );
    let mut svg = headed(HEIGHT, title, &detail);
    legend(
        &mut svg,
        (16.0, 68.0),
        &[
            (Key::Box, "change", "same direction as before"),
            (Key::Box, "reversal", "reversal"),
            (Key::Box, "bad", "without an outside cause"),
        ],
    );
    draw_over_time(&mut svg, report);
    draw_by_charger(&mut svg, report);
    let caption = "Changes of accepted limits above 0.1 kW while a car still wanted energy. Orange marks a change that no \
                   arrival, departure, rotation, config or acceptance step explains: the sign of a controller that swings by itself."
        .to_owned();
    Chart { slug: "setpoints", title, caption, data: files(["sessions.csv", "commands.csv"]), svg }
}

/// Counts of a bar: all changes, reversals among them, unexplained among them.
#[derive(Clone, Copy, Default)]
struct Count {
    changes: f64,
    reversals: f64,
    unexplained: f64,
}

fn draw_over_time(svg: &mut Svg, report: &Report<'_>) {
    let record = report.record;
    let bars = Bars::of(report);
    let mut counts = vec![Count::default(); bars.count];
    for movement in &report.oscillation.sessions {
        for at in &movement.changes {
            counts[bars.index(*at)].changes += 1.0;
        }
        for at in &movement.reversals {
            counts[bars.index(*at)].reversals += 1.0;
        }
    }
    for (_, at) in &report.oscillation.endogenous {
        counts[bars.index(*at)].unexplained += 1.0;
    }
    let time = TimeScale::new(UPPER, record.from, record.to, report.scenario.utc_offset);
    let scale = scale_of(UPPER, &counts);
    scale.draw(svg, &format!("changes per {}", bar_name(bars.length)));
    let boxes = bars.boxes(time);
    draw_bars(svg, &scale, UPPER, &boxes, &counts);
    time.draw(svg);
    time.draw_marks(svg, &record.marks);
}

fn draw_by_charger(svg: &mut Svg, report: &Report<'_>) {
    let record = report.record;
    let mut all = vec![Count::default(); record.chargers.len()];
    for (session, movement) in record.sessions.iter().zip(&report.oscillation.sessions) {
        if let Some(count) = all.get_mut(session.charger) {
            count.changes += movement.changes.len() as f64;
            count.reversals += movement.reversals.len() as f64;
        }
    }
    for (session, _) in &report.oscillation.endogenous {
        if let Some(count) = all.get_mut(record.sessions[*session].charger) {
            count.unexplained += 1.0;
        }
    }
    let weights: Vec<f64> = all.iter().map(|count| count.changes).collect();
    let shown = busiest(&weights, MOST_BARS);
    let counts: Vec<Count> = shown.iter().map(|charger| all[*charger]).collect();
    let scale = scale_of(LOWER, &counts);
    let title = if shown.len() < all.len() {
        format!(
            "changes per charger, the {} busiest of {}",
            shown.len(),
            number(all.len() as f64, 0)
        )
    } else {
        "changes per charger".to_owned()
    };
    scale.draw(svg, &title);
    if shown.is_empty() {
        return nothing(svg, LOWER, "no chargers");
    }
    let pitch = LOWER.w / shown.len() as f64;
    let width = (pitch * 0.72).min(40.0);
    let boxes: Vec<(f64, f64)> = (0..shown.len())
        .map(|place| (LOWER.x + (place as f64 + 0.5) * pitch - width / 2.0, width))
        .collect();
    draw_bars(svg, &scale, LOWER, &boxes, &counts);
    svg.line((LOWER.x, LOWER.bottom()), (LOWER.right(), LOWER.bottom()), "axis");
    for ((x, width), charger) in boxes.iter().zip(&shown) {
        let name = record.chargers[*charger].as_str();
        let x = x + width / 2.0;
        if pitch >= 84.0 {
            let name = fit_name(name, 11.0, pitch - 6.0);
            svg.text((x, LOWER.bottom() + 16.0), "", Anchor::Middle, &name);
        } else {
            let name = fit_name(name, 9.5, 74.0);
            svg.turned_text((x + 3.0, LOWER.bottom() + 10.0), -50, "small", Anchor::End, &name);
        }
    }
}

fn scale_of(frame: Frame, counts: &[Count]) -> Scale {
    let most = counts.iter().map(|count| count.changes).fold(0.0, f64::max);
    Scale::nice(frame, 0.0, most.max(4.0), 4)
}

fn draw_bars(svg: &mut Svg, scale: &Scale, frame: Frame, boxes: &[(f64, f64)], counts: &[Count]) {
    let (mut changes, mut reversals, mut unexplained) =
        (Path::default(), Path::default(), Path::default());
    for ((x, width), count) in boxes.iter().zip(counts).filter(|(_, count)| count.changes > 0.0) {
        let bar = |path: &mut Path, value: f64, width: f64| {
            if value > 0.0 {
                let top = scale.y(value);
                path.rect((*x, top), (width, frame.bottom() - top));
            }
        };
        bar(&mut changes, count.changes, *width);
        bar(&mut reversals, count.reversals, *width);
        bar(&mut unexplained, count.unexplained, (*width * 0.35).max(1.0));
    }
    svg.path(&changes, "change");
    svg.path(&reversals, "reversal");
    svg.path(&unexplained, "bad");
}
