//! `report.html`: one offline page with everything a person asks first.

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

use crate::report::assertions::Outcome;
use crate::report::charts::{Chart, STYLE};
use crate::report::metrics::CATALOGUE;
use crate::report::text::{duration, local, number, short};
use crate::report::{Report, Verdict, strategy_name, terminal};
use crate::scenario::model::Severity;
use crate::sim::record::SessionRecord;
use crate::time::Time;

/// What the pages share: the frame with its style, the charts, how to repeat it.
const SHARED: [(&str, &str); 3] = [
    ("base.html", include_str!("templates/base.html")),
    ("charts.html", include_str!("templates/charts.html")),
    ("repeat.html", include_str!("templates/repeat.html")),
];
const TEMPLATE: &str = include_str!("templates/run.html");

/// Sessions listed on the page; the rest is in `sessions.csv`.
const LISTED: usize = 200;

/// The page, with `charts` inside it. It loads nothing and runs no script.
#[must_use]
pub fn render(report: &Report<'_>, charts: &[Chart]) -> String {
    fill(TEMPLATE, Page::of(report, charts))
}

/// Fills a template that extends `base.html`.
pub(in crate::report) fn fill(template: &'static str, page: impl Serialize) -> String {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let shared =
        SHARED.into_iter().try_for_each(|(name, text)| environment.add_template(name, text));
    // The templates are part of the program and covered by tests: an error here is a bug, and the
    // page says so instead of ending a run whose other files are fine.
    shared
        .and_then(|()| environment.render_str(template, Serde(page)))
        .unwrap_or_else(|error| format!("<!doctype html><title>Bug</title><pre>{error:#}</pre>"))
}

#[derive(Serialize)]
struct Page {
    title: String,
    subject: String,
    passed: bool,
    verdict: &'static str,
    tally: String,
    sentence: String,
    outcomes: Vec<OutcomeRow>,
    tiles: Vec<Tile>,
    charts: Vec<Drawing>,
    chart_style: &'static str,
    sessions: Vec<SessionRow>,
    sessions_total: usize,
    commands: Vec<(String, String)>,
    triggers: Vec<(String, usize)>,
    metrics: Vec<MetricRow>,
    deviations: Vec<(String, u64)>,
    facts: Vec<(&'static str, String)>,
    command_line: String,
    version: &'static str,
}

#[derive(Serialize)]
struct OutcomeRow {
    state: &'static str,
    condition: String,
    found: String,
}

#[derive(Serialize)]
struct Tile {
    name: &'static str,
    value: String,
    unit: &'static str,
    note: String,
    bad: bool,
}

/// A chart for `charts.html`.
#[derive(Serialize)]
pub(in crate::report) struct Drawing {
    slug: &'static str,
    svg: String,
    caption: String,
    data: Vec<String>,
}

impl Drawing {
    pub(in crate::report) fn of(chart: &Chart) -> Drawing {
        let Chart { slug, caption, data, .. } = chart;
        Drawing { slug, svg: chart.to_inline(), caption: caption.clone(), data: data.clone() }
    }
}

#[derive(Serialize)]
struct SessionRow {
    charger: String,
    vehicle: String,
    arrival: String,
    stay: String,
    wait: String,
    wish: String,
    delivered: String,
    percent: String,
    bar: i64,
    changes: usize,
    pauses: u32,
    served: bool,
}

#[derive(Serialize)]
struct MetricRow {
    name: &'static str,
    value: String,
    unit: &'static str,
    meaning: &'static str,
}

impl Page {
    fn of(report: &Report<'_>, charts: &[Chart]) -> Page {
        let subject = terminal::subject(report);
        Page {
            title: report.scenario.name.clone(),
            subject: subject
                .strip_prefix(&format!("{} · ", report.scenario.name))
                .unwrap_or(&subject)
                .to_owned(),
            passed: report.verdict() == Verdict::Passed,
            verdict: report.verdict().word(),
            tally: terminal::tally(&report.outcomes),
            sentence: terminal::sentence(report),
            outcomes: report.outcomes.iter().map(outcome_row).collect(),
            tiles: tiles(report),
            charts: charts.iter().map(Drawing::of).collect(),
            chart_style: STYLE,
            sessions: session_rows(report),
            sessions_total: report.record.sessions.len(),
            commands: commands(report),
            triggers: triggers(report),
            metrics: metric_rows(report),
            deviations: report.record.deviations.clone(),
            facts: facts(report),
            command_line: report.command_line.clone(),
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

fn outcome_row(outcome: &Outcome) -> OutcomeRow {
    let state = match (outcome.passed, outcome.severity) {
        (true, _) => "holds",
        (false, Severity::Error) => "failed",
        (false, Severity::Warning) => "warning",
    };
    OutcomeRow { state, condition: outcome.condition(), found: outcome.found() }
}

fn tiles(report: &Report<'_>) -> Vec<Tile> {
    let m = &report.metrics;
    let figure = |value: Option<f64>, decimals| number(value.unwrap_or(f64::NAN), decimals);
    let tile = |name, value, unit, note: String| Tile { name, value, unit, note, bad: false };
    let mut over = tile(
        "Time over limit",
        short(m.over_limit_s),
        "s",
        if m.over_limit_s > 0.0 {
            format!("up to {} kW over", number(m.over_limit_max_kw, 1))
        } else {
            format!("limit for vehicles {} kW", short(m.limit_kw))
        },
    );
    over.bad = m.over_limit_s > 0.0;
    let mut endogenous = tile(
        "Unexplained changes",
        m.endogenous_changes.to_string(),
        "",
        "of charge rates, without an outside cause".to_owned(),
    );
    endogenous.bad = m.endogenous_changes > 0;
    let lost = m.commands_rejected + m.commands_timed_out + m.commands_failed;
    vec![
        over,
        tile(
            "Demand met",
            figure(m.demand_met_pct, 1),
            "%",
            format!(
                "{} of {} kWh",
                number(m.energy_delivered_kwh, 1),
                number(m.energy_requested_kwh, 1)
            ),
        ),
        tile(
            "Fully served",
            figure(m.sessions_fully_served_pct, 1),
            "%",
            format!("of {} sessions; {} turned away", m.sessions, m.turned_away),
        ),
        tile(
            "Peak",
            number(m.peak_kw, 1),
            "kW",
            format!("capacity used {} %", figure(m.utilisation_pct, 1)),
        ),
        tile("Fairness", figure(m.jain_satisfaction, 3), "", "Jain's index, 1 is even".to_owned()),
        tile(
            "First power",
            m.time_to_first_power_s_p95.map_or_else(|| "–".to_owned(), duration),
            "",
            "or sooner after plug-in, 95 % of sessions".to_owned(),
        ),
        endogenous,
        tile(
            "SetChargingProfile",
            number(m.set_charging_profile_calls as f64, 0),
            "",
            format!("{lost} rejected, failed or timed out"),
        ),
    ]
}

fn session_rows(report: &Report<'_>) -> Vec<SessionRow> {
    let zip = report.record.sessions.iter().zip(&report.oscillation.sessions);
    zip.take(LISTED)
        .map(|(session, movement)| {
            let percent = 100.0 * session.delivered_kwh / session.wish_kwh;
            SessionRow {
                charger: charger_name(report, session),
                vehicle: session.vehicle.clone(),
                arrival: moment(report, session.arrival),
                stay: duration(
                    session.departure.unwrap_or(report.record.to).since(session.arrival).s(),
                ),
                wait: session.first_power.map_or_else(
                    || "never".to_owned(),
                    |at| duration(at.since(session.arrival).s()),
                ),
                wish: number(session.wish_kwh, 1),
                delivered: number(session.delivered_kwh, 1),
                percent: number(percent, 0),
                bar: if percent.is_finite() { percent.clamp(0.0, 100.0).round() as i64 } else { 0 },
                changes: movement.changes.len(),
                pauses: movement.pauses,
                served: session.wish_kwh - session.delivered_kwh
                    < crate::report::fairness::FULLY_SERVED_KWH,
            }
        })
        .collect()
}

fn charger_name(report: &Report<'_>, session: &SessionRecord) -> String {
    let name = report.record.chargers.get(session.charger).map_or("?", |id| id.as_str());
    if session.connector > 1 { format!("{name}/{}", session.connector) } else { name.to_owned() }
}

fn moment(report: &Report<'_>, at: Time) -> String {
    let local = local(at, report.scenario.utc_offset);
    format!("{} {}", local.day_and_date(), local.clock())
}

fn commands(report: &Report<'_>) -> Vec<(String, String)> {
    let m = &report.metrics;
    let mut rows = Vec::new();
    for status in ["accepted", "rejected", "error", "timed_out", "open"] {
        let count = report.record.commands.iter().filter(|c| c.status == status).count();
        rows.push((status.replace('_', " "), number(count as f64, 0)));
    }
    rows.push((
        "answer, 95 % within".to_owned(),
        m.command_latency_ms_p95.map_or_else(|| "–".to_owned(), |ms| format!("{} ms", short(ms))),
    ));
    rows
}

/// What made the central system decide, most frequent first.
fn triggers(report: &Report<'_>) -> Vec<(String, usize)> {
    let mut names: Vec<&str> = report.record.commands.iter().map(|c| c.trigger).collect();
    names.sort_unstable();
    let mut rows: Vec<(String, usize)> =
        names.chunk_by(|a, b| a == b).map(|same| (same[0].replace('_', " "), same.len())).collect();
    rows.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    rows
}

fn metric_rows(report: &Report<'_>) -> Vec<MetricRow> {
    let rows = CATALOGUE.iter().zip(report.metrics.values());
    rows.map(|(info, value)| {
        let value = match value {
            None => "–".to_owned(),
            Some(value) if info.count => number(value, 0),
            Some(value) => number(value, 3),
        };
        MetricRow { name: info.name, value, unit: info.unit, meaning: info.meaning }
    })
    .collect()
}

fn facts(report: &Report<'_>) -> Vec<(&'static str, String)> {
    let record = report.record;
    let mut rows = vec![
        ("Strategy", strategy_name(record.strategy)),
        ("Seed", record.seed.to_string()),
        ("Chargers", record.chargers.len().to_string()),
        ("From (UTC)", record.from.to_ocpp()),
        ("To (UTC)", record.to.to_ocpp()),
        ("Digest of all events", record.digest.clone()),
        ("SHA-256 of the scenario", report.scenario.sha256.clone()),
        ("Events", number(record.events as f64, 0)),
        ("OCPP frames", number(record.frames as f64, 0)),
    ];
    rows.extend(terminal::beyond(report).map(|who| ("Drew more than was reserved", who)));
    rows.extend(terminal::reported(report).map(|who| ("Refused or ignored limits", who)));
    if let Some(speedup) = report.speedup() {
        let pace = format!("{} ({} times real time)", duration(record.wall_s), number(speedup, 0));
        rows.push(("Wall-clock time", pace));
    }
    rows
}
