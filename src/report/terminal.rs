//! What `run` prints: the verdict first, then at most 40 lines, then one sentence.

use crate::report::assertions::Outcome;
use crate::report::text::{duration, local, number, short};
use crate::report::{Report, Verdict, compliance, strategy_name};
use crate::scenario::model::Severity;
use crate::sim::record::WireRecord;

/// More failed assertions than this are counted instead of listed.
const LISTED: usize = 8;

/// The text, ending in a newline. `colour` adds ANSI colour to the verdict and to failed lines.
#[must_use]
pub fn render(report: &Report<'_>, colour: bool) -> String {
    let paint = Paint(colour);
    let mut lines = vec![headline(report, paint), format!("        {}", subject(report))];
    lines.extend(failures(&report.outcomes, paint));
    for (title, rows) in sections(report) {
        lines.push(String::new());
        lines.push(paint.bold(title));
        lines.extend(rows.into_iter().map(|(name, text)| format!("  {name:<22}{text}")));
    }
    lines.push(String::new());
    lines.push(sentence(report));
    lines.join("\n") + "\n"
}

/// The run in one sentence that an operator understands; also the page's lead.
#[must_use]
pub fn sentence(report: &Report<'_>) -> String {
    let m = &report.metrics;
    let limit = match report.scenario.site.base_load {
        None => format!("the {} kW limit for vehicles", short(m.limit_kw)),
        Some(_) => format!("its moving limit for vehicles, {} kW at most,", short(m.limit_kw)),
    };
    let kept = if m.over_limit_s > 0.0 {
        let worst = number(m.over_limit_max_kw, 1);
        format!("exceeded {limit} for {}, by up to {worst} kW,", duration(m.over_limit_s))
    } else {
        format!("stayed within {limit}")
    };
    let energy = m.demand_met_pct.map_or_else(
        || "and no driver wished any energy".to_owned(),
        |met| format!("and delivered {} % of the energy that drivers wished", number(met, 1)),
    );
    let calm = match (m.endogenous_changes, m.setpoint_changes_per_h) {
        (0, None) => String::new(),
        (0, Some(_)) => "; every change of a charge rate had an outside cause".to_owned(),
        (1, _) => "; one change of a charge rate had no outside cause".to_owned(),
        (n, _) => format!("; {n} changes of charge rates had no outside cause"),
    };
    format!("In {} the site {kept} {energy}{calm}.", duration(report.virtual_s()))
}

/// Scenario, strategy, seed and time in one line.
#[must_use]
pub fn subject(report: &Report<'_>) -> String {
    let start = local(report.record.from, report.scenario.utc_offset);
    format!(
        "{} · {} · seed {} · {} from {} {}",
        report.scenario.name,
        strategy_name(report.record.strategy),
        report.record.seed,
        duration(report.virtual_s()),
        start.day_and_date(),
        start.clock(),
    )
}

/// `3 of 3 assertions hold`, or what is to be said without any.
#[must_use]
pub fn tally(outcomes: &[Outcome]) -> String {
    let passed = outcomes.iter().filter(|outcome| outcome.passed).count();
    match outcomes.len() {
        0 => "the scenario asserts nothing".to_owned(),
        1 if passed == 1 => "its one assertion holds".to_owned(),
        1 => "its one assertion does not hold".to_owned(),
        all => format!("{passed} of {all} assertions hold"),
    }
}

fn headline(report: &Report<'_>, paint: Paint) -> String {
    let tally = tally(&report.outcomes);
    let verdict = report.verdict();
    let word = verdict.word();
    match verdict {
        Verdict::Passed => format!("{}  {tally}", paint.green(word)),
        Verdict::Failed => format!("{}  {tally}", paint.red(word)),
        Verdict::Incomplete => {
            let (part, whole) = (report.virtual_s(), report.scenario.duration.s());
            let share = format!("after {} of {}", duration(part), duration(whole));
            format!("{}  {share}; so far {tally}", paint.yellow(word))
        }
    }
}

fn failures(outcomes: &[Outcome], paint: Paint) -> Vec<String> {
    let failed: Vec<&Outcome> = outcomes.iter().filter(|outcome| !outcome.passed).collect();
    let mut lines: Vec<String> = failed
        .iter()
        .take(LISTED)
        .map(|outcome| {
            let text = format!("expected {}, found {}", outcome.condition(), outcome.found());
            match outcome.severity {
                Severity::Error => format!("  {} {text}", paint.red("failed ")),
                Severity::Warning => format!("  {} {text}", paint.yellow("warning")),
            }
        })
        .collect();
    if failed.len() > LISTED {
        lines.push(format!("  and {} more, see junit.xml", failed.len() - LISTED));
    }
    lines
}

type Rows = Vec<(&'static str, String)>;

fn sections(report: &Report<'_>) -> Vec<(&'static str, Rows)> {
    vec![
        ("Energy", energy(report)),
        ("Site limit", site(report)),
        ("Charge rates", rates(report)),
        ("OCPP", ocpp(report)),
    ]
}

fn energy(report: &Report<'_>) -> Rows {
    let m = &report.metrics;
    vec![
        (
            "delivered",
            format!(
                "{} kWh of {} kWh wished, {} of it; {} of what was feasible",
                number(m.energy_delivered_kwh, 1),
                number(m.energy_requested_kwh, 1),
                percent(m.demand_met_pct),
                percent(m.demand_met_of_feasible_pct),
            ),
        ),
        (
            "could have been",
            format!(
                "{} at best within the limit; {} without control, over it by up to {} kW",
                percent(m.optimal_demand_met_pct),
                percent(m.uncontrolled_demand_met_pct),
                number(m.uncontrolled_over_limit_max_kw, 1),
            ),
        ),
        (
            "fully served",
            format!(
                "{} of {} sessions; {} without power, {} turned away",
                percent(m.sessions_fully_served_pct),
                m.sessions,
                m.sessions_without_power,
                m.turned_away,
            ),
        ),
        ("missing, 95 %", format!("{} kWh or less", optional(m.unmet_kwh_p95, 1))),
        (
            "first power, 95 %",
            m.time_to_first_power_s_p95.map_or_else(
                || "–".to_owned(),
                |s| format!("{} after plug-in or sooner", duration(s)),
            ),
        ),
        ("fairness (Jain)", format!("{} (1 is even)", optional(m.jain_satisfaction, 3))),
    ]
}

fn site(report: &Report<'_>) -> Rows {
    let m = &report.metrics;
    let over = |s: f64, kw: f64, kwh: f64| {
        if s > 0.0 {
            format!("{}, up to {} kW, {} kWh", duration(s), number(kw, 1), number(kwh, 3))
        } else {
            "never".to_owned()
        }
    };
    let mut rows = vec![
        (
            "peak",
            format!("{} kW of {} kW for vehicles", number(m.peak_kw, 1), number(m.limit_kw, 1)),
        ),
        ("draw over limit", over(m.over_limit_s, m.over_limit_max_kw, m.over_limit_kwh)),
        (
            "reserved over limit",
            over(
                m.committed_over_limit_s,
                m.committed_over_limit_max_kw,
                m.committed_over_limit_kwh,
            ),
        ),
        (
            "capacity used",
            format!("{}, load factor {}", percent(m.utilisation_pct), optional(m.load_factor, 2)),
        ),
    ];
    if !report.record.soft_limits.is_empty() {
        let kwh = number(m.over_soft_limit_kwh, 1);
        let what = match m.over_soft_limit_s {
            seconds if seconds > 0.0 => format!("{kwh} kWh beyond it, in {}", duration(seconds)),
            _ => "never".to_owned(),
        };
        rows.push(("over soft limit", what));
    }
    rows.extend(wires(report).map(|what| ("feeders, phases", what)));
    rows.extend(beyond(report).map(|who| ("beyond reservation", who)));
    rows.extend(reported(report).map(|who| ("reported", who)));
    rows
}

/// The fullest of the site's wires, and whether any carried too much; `None` where none is limited.
pub(super) fn wires(report: &Report<'_>) -> Option<String> {
    let used = |wire: &&WireRecord| (wire.peak.0 * 1000).checked_div(wire.limit.0);
    let fullest = report.record.wires.iter().max_by_key(used)?;
    let most = format!(
        "{}: {} kW of {} kW",
        fullest.name,
        number(fullest.peak.kw(), 1),
        number(fullest.limit.kw(), 1)
    );
    let over = report.metrics.wires_over_limit_s;
    Some(if over > 0.0 {
        let worst = number(report.metrics.wires_over_limit_max_kw, 1);
        format!("{most}; one was over its limit for {}, up to {worst} kW", duration(over))
    } else {
        format!("{most}; none over its limit")
    })
}

/// Which chargers drew more than was reserved for them, and how much more at most, the worst
/// first; `None` when none did.
pub(super) fn beyond(report: &Report<'_>) -> Option<String> {
    let chargers = compliance::beyond_reservation(report.record);
    let named = chargers
        .iter()
        .map(|(charger, excess)| format!("{charger} by up to {} kW", number(excess.kw(), 1)));
    listed(named.collect())
}

/// Which chargers the central system reported, and why; `None` when it reported none.
pub(super) fn reported(report: &Report<'_>) -> Option<String> {
    let named = compliance::reported(report.record).into_iter().map(|(charger, trouble)| {
        let what = trouble.name().replace('_', " ");
        match trouble.excess() {
            Some(excess) => format!("{charger} {what}, by {} kW", number(excess.kw(), 1)),
            None => format!("{charger} {what}"),
        }
    });
    listed(named.collect())
}

fn listed(mut named: Vec<String>) -> Option<String> {
    const NAMED: usize = 4;
    let more = named.len().saturating_sub(NAMED);
    named.truncate(NAMED);
    if more > 0 {
        named.push(format!("{more} more"));
    }
    (!named.is_empty()).then(|| named.join("; "))
}

fn rates(report: &Report<'_>) -> Rows {
    let m = &report.metrics;
    vec![
        ("changes", format!("{} per hour and session", optional(m.setpoint_changes_per_h, 2))),
        ("reversals", format!("{} per hour and session", optional(m.reversals_per_h, 2))),
        (
            "variation",
            format!("{} kW per hour and session", optional(m.total_variation_kw_per_h, 1)),
        ),
        ("without a cause", m.endogenous_changes.to_string()),
        (
            "pauses",
            format!(
                "{} per session, longest {}",
                optional(m.pauses_per_session, 2),
                duration(m.longest_pause_s)
            ),
        ),
    ]
}

fn ocpp(report: &Report<'_>) -> Rows {
    let m = &report.metrics;
    let deviations: u64 = report.record.deviations.iter().map(|d| d.1).sum();
    let mut rows = vec![
        (
            "SetChargingProfile",
            format!(
                "{} sent; {} rejected, {} failed, {} timed out",
                m.set_charging_profile_calls,
                m.commands_rejected,
                m.commands_failed,
                m.commands_timed_out,
            ),
        ),
        (
            "answered, 95 %",
            m.command_latency_ms_p95
                .map_or_else(|| "–".to_owned(), |ms| format!("in {} ms or sooner", short(ms))),
        ),
    ];
    if deviations > 0 {
        rows.push(("deviations", format!("{deviations} from OCPP 1.6, see summary.json")));
    }
    if let Some(speedup) = report.speedup() {
        rows.push((
            "pace",
            format!(
                "{} events, {} frames in {}: {} times real time",
                number(report.record.events as f64, 0),
                number(report.record.frames as f64, 0),
                duration(report.record.wall_s),
                number(speedup, 0),
            ),
        ));
    }
    rows
}

fn percent(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{} %", number(value, 1)))
}

fn optional(value: Option<f64>, decimals: usize) -> String {
    number(value.unwrap_or(f64::NAN), decimals)
}

/// ANSI colours, or none.
#[derive(Clone, Copy)]
pub(crate) struct Paint(pub(crate) bool);

impl Paint {
    fn wrap(self, code: &str, text: &str) -> String {
        if self.0 { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    pub(crate) fn green(self, text: &str) -> String {
        self.wrap("1;32", text)
    }

    pub(crate) fn red(self, text: &str) -> String {
        self.wrap("1;31", text)
    }

    fn yellow(self, text: &str) -> String {
        self.wrap("33", text)
    }

    pub(crate) fn bold(self, text: &str) -> String {
        self.wrap("1", text)
    }
}
