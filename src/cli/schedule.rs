//! `ampacity schedule FILE`.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::Context;
use serde::Serialize;

use super::output::{data, note};
use super::{Exit, scenario};
use crate::ocpp::messages::ChargingSchedulePeriod;
use crate::ocpp::profile::case::{
    Case, Note, Problem, Situation, Verdict, expected_text, read_cases,
};
use crate::ocpp::profile::evaluate::Silence;
use crate::ocpp::profile::{Fate, RateUnit, Reading, Remark, SchedulePeriod, SetOutcome};
use crate::time::Span;

/// A file beyond this is a mistake.
const LARGEST_FILE: u64 = 16 << 20;

/// What stands below the long help.
pub(super) const EXAMPLE: &str = r#"A case, or a list of them as {"composite_cases": [..]}:

  {
    "id": "ten ampere, six by day",
    "station": {"connectors": 1, "default_limit_A": 32},
    "profiles": [
      {"connectorId": 1, "profile": {
        "chargingProfileId": 1, "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Recurring", "recurrencyKind": "Daily",
        "chargingSchedule": {
          "startSchedule": "2026-05-04T00:00:00Z", "chargingRateUnit": "A",
          "chargingSchedulePeriod": [
            {"startPeriod": 0, "limit": 10}, {"startPeriod": 28800, "limit": 6}]}}}],
    "transactions": [
      {"connectorId": 1, "transactionId": 7, "start": "2026-05-04T07:30:00Z"}],
    "query": {"connectorId": 1, "start": "2026-05-04T07:45:00Z", "duration": 3600, "unit": "A"},
    "expect": {"status": "Accepted", "periods": [
      {"startPeriod": 0, "limit": 10}, {"startPeriod": 900, "limit": 6}]}
  }

`profiles` are SetChargingProfile requests in order of arrival; a TxProfile without transactionId
came with a RemoteStartTransaction. `station`, `transactions` and `expect` may be left out."#;

/// Arguments of `schedule`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLE)]
pub(super) struct Args {
    /// JSON file with one case or many.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Print the answers alone, as JSON.
    #[arg(long)]
    json: bool,
}

/// Answers every case of the file; an expectation that is not met fails.
pub(super) fn schedule(args: &Args) -> anyhow::Result<Exit> {
    let bytes = scenario::bytes(&args.file, LARGEST_FILE)
        .with_context(|| format!("cannot read {}", args.file.display()))?;
    let text = String::from_utf8_lossy(&bytes);
    let read = read_cases(text.trim_start_matches('\u{feff}')).and_then(|cases| {
        let answered = |case: Case| Situation::of(&case).map(|situation| (case, situation));
        cases.into_iter().map(answered).collect::<Result<Vec<(Case, Situation)>, Problem>>()
    });
    let cases = match read {
        Ok(cases) => cases,
        Err(problem) => {
            note(format!("{}: {problem}", args.file.display()));
            return Ok(Exit::Invalid);
        }
    };
    let judged = cases.iter().map(|(case, situation)| (case, situation, situation.judge(case)));
    let judged: Vec<(&Case, &Situation, Verdict)> = judged.collect();
    if args.json {
        let answers: Vec<Answer<'_>> =
            cases.iter().map(|(case, situation)| answer(case, situation)).collect();
        data(&format!("{}\n", serde_json::to_string(&answers)?))?;
        for (case, situation, verdict) in &judged {
            remarks(case, situation, *verdict)
                .iter()
                .for_each(|it| note(format!("{}: {it}", case.id)));
        }
    } else {
        let tables = judged.iter().map(|(case, situation, it)| table(case, situation, *it));
        data(&tables.collect::<Vec<_>>().join("\n"))?;
    }
    let failed = judged.iter().any(|(_, _, verdict)| matches!(verdict, Verdict::Differs(_)));
    Ok(if failed { Exit::Failed } else { Exit::Passed })
}

/// A case's answer to GetCompositeSchedule.
#[derive(Serialize)]
struct Answer<'a> {
    id: &'a str,
    status: &'static str,
    periods: Vec<Period>,
}

#[derive(Serialize)]
struct Period {
    #[serde(flatten)]
    wire: ChargingSchedulePeriod,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unlimited: bool,
}

fn answer<'a>(case: &'a Case, situation: &Situation) -> Answer<'a> {
    let period = |period: &SchedulePeriod| Period {
        wire: ChargingSchedulePeriod {
            start_period: period.start_s,
            limit: period.limit.floor(),
            number_phases: period.phases,
        },
        unlimited: period.unlimited,
    };
    let periods = situation.periods(Reading::default());
    Answer {
        id: &case.id,
        status: status(situation),
        periods: periods.iter().map(period).collect(),
    }
}

const fn status(situation: &Situation) -> &'static str {
    if situation.accepted { "Accepted" } else { "Rejected" }
}

/// What a reader has to know beyond the answer.
fn remarks(case: &Case, situation: &Situation, verdict: Verdict) -> Vec<String> {
    let mut lines: Vec<String> = situation.notes.iter().map(noted).collect();
    let expected = case.expect.as_ref().map(expected_text).unwrap_or_default();
    match verdict {
        Verdict::Unasked | Verdict::AsExpected => {}
        Verdict::OtherReading(point) => {
            lines.push(format!("the other reading of {point} gives {expected}"));
        }
        Verdict::Differs(None) => lines.push(format!("not as expected: {expected}")),
        Verdict::Differs(Some(point)) => lines.push(format!(
            "not as expected: {expected}; the other reading of {point} would be (name it in \
             `ambiguity` to let that pass)"
        )),
    }
    lines
}

fn noted((id, note): &(i32, Note)) -> String {
    match note {
        Note::Deviates(deviation) => format!("profile {id}: read in spite of {deviation}"),
        Note::Waits => format!("profile {id}: waits for a transaction on its connector"),
        Note::Refused(outcome, why) => {
            let answer = match outcome {
                SetOutcome::Error(code) => format!("CALLERROR {}", code.code()),
                other => format!("{other:?}"),
            };
            format!("profile {id}: not installed; a charge point answers {answer}: {why}")
        }
    }
}

fn table(case: &Case, situation: &Situation, verdict: Verdict) -> String {
    let query = situation.query();
    let whose = match query.connector {
        0 => "the charge point as a whole".to_owned(),
        connector => format!("connector {connector}"),
    };
    let judged = match verdict {
        Verdict::Unasked => "",
        Verdict::AsExpected => ", as expected",
        Verdict::OtherReading(_) => ", not as expected, as documented",
        Verdict::Differs(_) => ", NOT AS EXPECTED",
    };
    let mut out = format!("{}: {}{judged}\n", case.id, status(situation));
    if let Some(description) = &case.description {
        let _ = writeln!(out, "  {description}");
    }
    let _ = writeln!(out, "  {whose}, {} s from {}", query.duration_s, query.from);
    for line in remarks(case, situation, verdict) {
        let _ = writeln!(out, "  ! {line}");
    }
    let rows: Vec<Row> =
        situation.periods(Reading::default()).iter().map(|it| row(situation, it)).collect();
    let heading = ["from s", "at", "limit", "phases"].map(str::to_owned);
    let width = |column: usize| {
        let cells = rows.iter().map(|row| &row.cells[column]).chain([&heading[column]]);
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths = [width(0), width(1), width(2), width(3)];
    let line = |cells: &[String; 4]| {
        let [start, at, limit, phases] = widths;
        let [c0, c1, c2, c3] = cells;
        format!("  {c0:>start$}  {c1:<at$}  {c2:>limit$}  {c3:>phases$}  ")
    };
    if !rows.is_empty() {
        let _ = writeln!(out, "{}because", line(&heading));
    }
    for row in &rows {
        let margin = " ".repeat(line(&row.cells).chars().count());
        let lead = line(&row.cells);
        for (index, why) in row.because.iter().enumerate() {
            let _ = writeln!(out, "{}{why}", if index == 0 { &lead } else { &margin });
        }
    }
    out
}

/// A line of the table, and more below its last column.
struct Row {
    cells: [String; 4],
    because: Vec<String>,
}

fn row(situation: &Situation, period: &SchedulePeriod) -> Row {
    let query = situation.query();
    let unit = match query.unit {
        RateUnit::A => "A",
        RateUnit::W => "W",
    };
    let at = query.from + Span::from_s(period.start_s);
    let account = situation.account(period);
    let (limiting, others): (Vec<_>, Vec<_>) =
        account.iter().partition(|remark| remark.fate == Fate::Limits);
    let mut because = match limiting.as_slice() {
        [] if period.unlimited => {
            vec!["no profile gives a limit: what the charge point can do".to_owned()]
        }
        [] => vec!["what the charge point can do".to_owned()],
        some => some.iter().map(|remark| name(remark)).collect(),
    };
    because.extend(others.iter().map(|it| format!("not {}: {}", name(it), why(it))));
    let phases = period.phases.map_or_else(|| "-".to_owned(), |phases| phases.to_string());
    let limit = period.limit.floor().0 as f64 / 10.0;
    Row {
        cells: [period.start_s.to_string(), at.to_string(), format!("{limit} {unit}"), phases],
        because,
    }
}

fn name(remark: &Remark<'_>) -> String {
    let profile = &remark.installed.profile;
    let (id, level) = (profile.id, profile.stack_level);
    let at = match remark.connector {
        0 => String::new(),
        connector => format!(" at connector {connector}"),
    };
    format!("{:?} {id} (level {level}){at}", profile.purpose)
}

fn why(remark: &Remark<'_>) -> String {
    match remark.fate {
        // Only what does not limit is asked for a reason.
        Fate::Limits | Fate::Looser => "what is in force beside it is stricter".to_owned(),
        Fate::LowerLevel(id) => format!("{id} is on a higher level"),
        Fate::Shadowed(id) => format!("the connector's own {id} prevails over connector 0"),
        Fate::Overruled(id) => format!("TxProfile {id} prevails"),
        Fate::OtherTransaction => "its transaction does not run here".to_owned(),
        Fate::Idle => "no transaction runs".to_owned(),
        Fate::Silent(Silence::NotYetValid(from)) => format!("valid from {from}"),
        Fate::Silent(Silence::NoLongerValid(to)) => format!("was valid until {to}"),
        Fate::Silent(Silence::Ahead(at)) => format!("its schedule starts at {at}"),
        Fate::Silent(Silence::RunOut(None)) => "its duration has run out".to_owned(),
        Fate::Silent(Silence::RunOut(Some(at))) => {
            format!("its duration has run out, it starts over at {at}")
        }
        Fate::Silent(Silence::Baseless) => {
            "Recurring needs startSchedule and recurrencyKind".to_owned()
        }
    }
}
