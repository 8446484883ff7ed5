//! Sessions as a Gantt chart: plugged in, charging, satisfied or not.

use std::collections::BTreeMap;

use crate::report::Report;
use crate::report::charts::axes::{Frame, Key, TimeScale, legend};
use crate::report::charts::svg::{Anchor, Path, Svg, fit_name};
use crate::report::charts::{Chart, busiest, files, headed, nothing};
use crate::report::fairness::FULLY_SERVED_KWH;
use crate::report::text::{local, number};
use crate::sim::record::SessionRecord;
use crate::time::Time;

const MOST_ROWS: usize = 80;
/// Up to this many sessions each is explained when pointed at.
const EXPLAINED: usize = 600;

/// Draws the chart.
#[must_use]
pub fn draw(report: &Report<'_>) -> Chart {
    let title = "Sessions";
    let rows = Rows::of(report);
    let shown = rows.lanes.len();
    let pitch = (560.0 / shown.max(1) as f64).clamp(9.5, 22.0);
    let frame = Frame { x: 112.0, y: 108.0, w: 768.0, h: (pitch * shown as f64).max(60.0) };
    let sessions = &report.record.sessions;
    let unserved = sessions.iter().filter(|s| !served(s)).count();
    let left_out = if rows.all > shown {
        format!("; the {shown} busiest of {} connectors", rows.all)
    } else {
        String::new()
    };
    let detail = format!(
        "{} visits, {} of them with energy missing{left_out}",
        number(sessions.len() as f64, 0),
        number(unserved as f64, 0),
    );
    let mut svg = headed(frame.bottom() + 54.0, title, &detail);
    rows.draw_labels(&mut svg, frame, pitch);
    let time =
        TimeScale::new(frame, report.record.from, report.record.to, report.scenario.utc_offset);
    time.draw_grid(&mut svg);
    rows.draw_bars(&mut svg, report, frame, time, pitch);
    time.draw(&mut svg);
    time.draw_marks(&mut svg, &report.record.marks);
    legend(
        &mut svg,
        (16.0, 68.0),
        &[
            (Key::Box, "plugged", "plugged in"),
            (Key::Box, "draw", "charging"),
            (Key::Box, "good", "wish fulfilled"),
            (Key::Box, "bad", "left with energy missing"),
        ],
    );
    if sessions.is_empty() {
        nothing(&mut svg, frame, "no sessions");
    }
    let caption = "One row per connector. Pale without dark is a car that waits, is paused, or is done; a green mark is \
                   where its wish was fulfilled, an orange end is a departure before that."
        .to_owned();
    Chart { slug: "sessions", title, caption, data: files(["sessions.csv"]), svg }
}

fn served(session: &SessionRecord) -> bool {
    session.wish_kwh - session.delivered_kwh < FULLY_SERVED_KWH
}

/// Connectors that are shown, each with the row it is drawn in.
struct Rows {
    lanes: BTreeMap<(usize, u32), usize>,
    labels: Vec<String>,
    all: usize,
}

impl Rows {
    fn of(report: &Report<'_>) -> Rows {
        let mut busy: BTreeMap<(usize, u32), f64> =
            (0..report.record.chargers.len()).map(|charger| ((charger, 1), 0.0)).collect();
        for session in &report.record.sessions {
            let end = session.departure.unwrap_or(report.record.to);
            *busy.entry((session.charger, session.connector)).or_default() +=
                end.since(session.arrival).s();
        }
        let lanes: Vec<(usize, u32)> = busy.keys().copied().collect();
        let weights: Vec<f64> = busy.values().copied().collect();
        let kept: Vec<(usize, u32)> =
            busiest(&weights, MOST_ROWS).iter().map(|i| lanes[*i]).collect();
        let labels = kept
            .iter()
            .map(|(charger, connector)| {
                let name = report.record.chargers.get(*charger).map_or("?", |id| id.as_str());
                let several = lanes.iter().any(|lane| lane.0 == *charger && lane.1 > 1);
                if several { format!("{name}/{connector}") } else { name.to_owned() }
            })
            .collect();
        Rows { lanes: kept.into_iter().zip(0..).collect(), labels, all: lanes.len() }
    }

    fn draw_labels(&self, svg: &mut Svg, frame: Frame, pitch: f64) {
        let (class, size) = if pitch < 13.0 { ("small", 9.5) } else { ("", 11.0) };
        for (row, label) in self.labels.iter().enumerate() {
            let y = frame.y + row as f64 * pitch;
            if row % 2 == 0 {
                svg.rect((frame.x, y), (frame.w, pitch), "band");
            }
            let label = fit_name(label, size, 92.0);
            svg.text((frame.x - 7.0, y + pitch / 2.0 + 0.36 * size), class, Anchor::End, &label);
        }
    }

    fn draw_bars(
        &self,
        svg: &mut Svg,
        report: &Report<'_>,
        frame: Frame,
        time: TimeScale,
        pitch: f64,
    ) {
        let sessions = &report.record.sessions;
        let thickness = pitch * 0.66;
        let mut layers = Layers::default();
        for session in sessions {
            let Some(row) = self.lanes.get(&(session.charger, session.connector)) else { continue };
            let y = frame.y + (*row as f64 + 0.5) * pitch;
            layers.add(session, time, y, report.record.to);
            if sessions.len() <= EXPLAINED {
                svg.begin_group(&explanation(report, session));
                layers.flush(svg, thickness);
                svg.end_group();
            }
        }
        layers.flush(svg, thickness);
    }
}

/// Paths of one session, or of many of them.
#[derive(Default)]
struct Layers {
    plugged: Path,
    charging: Path,
    satisfied: Path,
    missing: Path,
}

impl Layers {
    fn add(&mut self, session: &SessionRecord, time: TimeScale, y: f64, end_of_run: Time) {
        let end = session.departure.unwrap_or(end_of_run);
        let (left, right) = (time.x(session.arrival), time.x(end));
        // On a month's scale a mark of fixed width would hide the visit.
        let mark = (0.12 * (right - left)).clamp(0.4, 2.0);
        self.plugged.polyline([(left, y), (right.max(left + 0.6), y)], false);
        // Spans closer than a third of a pixel are drawn as one.
        let mut open: Option<(f64, f64)> = None;
        for (from, to) in &session.charging {
            let (from, to) = (time.x(*from), time.x(*to));
            match &mut open {
                Some(last) if from - last.1 < 0.35 => last.1 = last.1.max(to),
                _ => {
                    if let Some((from, to)) = open.replace((from, to)) {
                        self.charging.polyline([(from, y), (to, y)], false);
                    }
                }
            }
        }
        if let Some((from, to)) = open {
            self.charging.polyline([(from, y), (to.max(from + 0.3), y)], false);
        }
        if served(session) {
            if let Some(at) = session.satisfied {
                let (x, half) = (time.x(at), mark / 2.0);
                self.satisfied.polyline([(x - half, y), (x + half, y)], false);
            }
        } else if session.departure.is_some() {
            self.missing.polyline([(right - 1.5 * mark, y), (right, y)], false);
        }
    }

    fn flush(&mut self, svg: &mut Svg, thickness: f64) {
        svg.stroked_path(&self.plugged, "plugged-s", thickness);
        svg.stroked_path(&self.charging, "draw-s", thickness);
        svg.stroked_path(&self.satisfied, "good-s", thickness + 2.0);
        svg.stroked_path(&self.missing, "bad-s", thickness);
        *self = Layers::default();
    }
}

fn explanation(report: &Report<'_>, session: &SessionRecord) -> String {
    let clock = |at: Time| local(at, report.scenario.utc_offset).clock();
    let end = session.departure.map_or_else(|| "end of run".to_owned(), clock);
    format!(
        "{}, {}–{}: {} of {} kWh",
        session.vehicle,
        clock(session.arrival),
        end,
        number(session.delivered_kwh, 1),
        number(session.wish_kwh, 1)
    )
}
