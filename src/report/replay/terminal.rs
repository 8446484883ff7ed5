//! What `replay` prints: at most 40 lines.

use super::{Replayed, clock, place};
use crate::replay::difference::{Difference, Level, Outcomes, outcomes_of};
use crate::report::terminal::Paint;
use crate::report::text::{count, duration, number, printable, short};
use crate::time::Time;

/// Differences that are listed.
const LISTED: usize = 8;
/// Sessions that are listed at the first divergence.
const SESSIONS: usize = 4;
/// Exchanges before the first divergence.
const LEAD: usize = 3;
/// Columns; what a trace says may be longer.
const WIDTH: usize = 130;

/// The text, ending in a newline.
#[must_use]
pub fn render(it: &Replayed<'_>, colour: bool) -> String {
    let paint = Paint(colour);
    let mut lines = heading(it, paint);
    lines.push(String::new());
    lines.extend(table(it, paint));
    if let Some(first) = it.comparison.first() {
        lines.push(String::new());
        lines.extend(divergence(it, first, paint));
        lines.extend(others(it));
    }
    lines.extend(rules(it));
    lines.iter().map(|line| format!("{}\n", cut(&printable(line)))).collect()
}

fn heading(it: &Replayed<'_>, paint: Paint) -> Vec<String> {
    let differ = it.comparison.differences.len();
    let verdict = if it.passed() { paint.green("SAME") } else { paint.red("DIFFERS") };
    let what = match differ {
        0 => "nothing differs".to_owned(),
        1 => "1 difference".to_owned(),
        many => format!("{} differences", number(many as f64, 0)),
    };
    let (from, to) = it.before.span.unwrap_or((Time(0), Time(0)));
    let exchanges: usize = it.before.points.values().map(|point| point.exchanges.len()).sum();
    let mut lines = vec![
        format!("{verdict}  {} against {}: {what}", it.trace, it.against),
        format!(
            "{} of {}, {} from {from} on; compared with {}",
            count(exchanges as u64, "exchange", "exchanges"),
            count(it.before.points.len() as u64, "charge point", "charge points"),
            duration(to.since(from).s()),
            it.reference
        ),
        format!("set up {}", it.setup),
    ];
    if !it.stand_ins.is_empty() {
        let all: Vec<String> =
            it.stand_ins.iter().map(|(action, count)| format!("{count} {action}")).collect();
        lines.push(format!("answered in the place of what was not recorded: {}", all.join(", ")));
    }
    lines.extend(it.notes.iter().cloned());
    lines
}

fn table(it: &Replayed<'_>, paint: Paint) -> Vec<String> {
    let head = format!("{:<12}{:>12}{:>10}", "level", "compared", "differ");
    let mut lines = vec![paint.bold(&head)];
    for (level, compared) in Level::ALL.into_iter().zip(it.comparison.compared) {
        let differ = number(it.comparison.on(level) as f64, 0);
        lines.push(format!("{:<12}{:>12}{differ:>10}", level.name(), number(compared as f64, 0)));
    }
    if it.comparison.permitted > 0 {
        lines.push(format!("{} more are permitted by rules", it.comparison.permitted));
    }
    let (before, now) = (outcomes_of(it.before), outcomes_of(it.now));
    lines.push(outcomes("was", &before));
    lines.push(outcomes("is", &now));
    lines
}

fn outcomes(name: &str, it: &Outcomes) -> String {
    format!(
        "{name:<4}{}, {} kWh, peak {} kW, {} kWh above the limit in {}; {}, {}",
        count(it.transactions, "transaction", "transactions"),
        short(it.energy_kwh),
        short(it.peak_kw),
        short(it.over_limit_kwh),
        duration(it.over_limit_s),
        count(it.limit_changes, "change of limits", "changes of limits"),
        count(it.reversals, "reversal", "reversals")
    )
}

fn divergence(it: &Replayed<'_>, first: &Difference, paint: Paint) -> Vec<String> {
    let mut lines = vec![
        format!("{} {}  {}", paint.bold("First divergence:"), clock(first.at), place(first)),
        format!("  {} {}: {} {}", first.level.name(), first.subject, first.field, lines_of(first)),
        format!("  expected {}", first.expected),
        format!("  found    {}", first.found),
    ];
    let lead = it.lead(first, it.now, LEAD);
    if !lead.is_empty() {
        lines.push("  before it, at this charge point:".to_owned());
        lines.extend(lead.iter().map(|line| format!("    {line}")));
    }
    if let Some(inputs) = &it.inputs {
        lines.push(format!(
            "  the allocator had: {}, {} kW to divide of {} kW, {} kW committed",
            inputs.strategy,
            short(inputs.capacity_kw),
            short(inputs.ev_limit_kw),
            short(inputs.committed_kw)
        ));
        for session in inputs.sessions.iter().take(SESSIONS) {
            let kw = |value: Option<f64>| value.map_or("–".to_owned(), short);
            lines.push(format!(
                "    {} / {}: {} to {} kW, gets {} by {}, accepted {}, draws {}",
                session.charge_point_id,
                session.connector_id,
                kw(session.min_kw),
                kw(session.cap_kw),
                kw(session.rate_kw),
                session.binding,
                kw(session.accepted_kw),
                short(session.draw_kw)
            ));
        }
        let more = inputs.sessions.len().saturating_sub(SESSIONS);
        if more > 0 {
            lines.push(format!("    and {more} more; --json has them all"));
        }
    }
    lines
}

fn others(it: &Replayed<'_>) -> Vec<String> {
    let first = it.comparison.first();
    let rest = it.comparison.differences.iter().filter(|one| Some(*one) != first);
    let rest: Vec<&Difference> = rest.collect();
    let mut lines = Vec::new();
    for one in rest.iter().take(LISTED) {
        lines.push(format!(
            "{} {}: {} {}: expected {}, found {}",
            clock(one.at),
            place(one),
            one.subject,
            one.field,
            one.expected,
            one.found
        ));
    }
    if rest.len() > LISTED {
        let more = number((rest.len() - LISTED) as f64, 0);
        lines.push(format!("and {more} more; --out writes them all"));
    }
    lines
}

fn rules(it: &Replayed<'_>) -> Vec<String> {
    let unused = it.rules.0.iter().zip(&it.comparison.used).filter(|(_, used)| **used == 0);
    let unused = unused.filter(|(rule, _)| rule.is_users());
    unused.map(|(rule, _)| format!("rule not needed: {}", rule.line())).collect()
}

fn lines_of(it: &Difference) -> String {
    let line = |name: &str, number: Option<u64>| number.map(|n| format!("line {n} {name}"));
    let both = [line("of the reference", it.lines.0), line("of the replay", it.lines.1)];
    let both: Vec<String> = both.into_iter().flatten().collect();
    if both.is_empty() { String::new() } else { format!("({})", both.join(", ")) }
}

/// At most so many columns.
fn cut(text: &str) -> String {
    match text.char_indices().nth(WIDTH) {
        None => text.trim_end().to_owned(),
        Some((end, _)) => format!("{}..", &text[..end]),
    }
}
