//! The CSV files. Times are UTC as in OCPP (`2026-05-04T06:20:00Z`), powers in kW and energies in
//! kWh with three decimals, an absent value is an empty field, lines end in `\n`.

use crate::report::Report;
use crate::report::compliance::{limit_at, limit_spans, soft_limit_at};
use crate::report::fairness::wanted_until;
use crate::report::oscillation::Movement;
use crate::report::text::{push_csv, push_decimal, push_milli, push_unsigned};
use crate::sim::record::{CommandRecord, SessionRecord};
use crate::time::Time;
use crate::units::Watts;

/// `history.csv`: the site, one row per sample.
#[must_use]
pub fn history(report: &Report<'_>) -> String {
    let mut out = String::with_capacity(90 * (report.record.samples.len() + 1));
    out.push_str(
        "timestamp,max_power_kw,available_kw,allocated_kw,committed_kw,actual_draw_kw,headroom_kw,active_sessions,soft_limit_kw\n",
    );
    let spans = limit_spans(report.record);
    let mut span = 0;
    for sample in &report.record.samples {
        while spans.get(span).is_some_and(|current| current.1 <= sample.at) {
            span += 1;
        }
        let limit = spans.get(span).map_or_else(|| limit_at(report.record, sample.at), |s| s.2);
        sample.at.write_ocpp(&mut out);
        for watts in [
            limit.connection,
            limit.ev,
            sample.allocated,
            sample.committed,
            sample.draw,
            limit.ev - sample.draw,
        ] {
            push_kw(&mut out, watts);
        }
        out.push(',');
        push_unsigned(&mut out, u64::from(sample.active_sessions));
        match soft_limit_at(report.record, sample.at) {
            Some(soft) => push_kw(&mut out, soft),
            None => out.push(','),
        }
        out.push('\n');
    }
    out
}

/// `chargers.csv`, long form: a row for every charger at the first sample, and from then on only
/// when one of its values changed since its last row. The values in between are those of the last
/// row; a month of samples stays readable that way.
#[must_use]
pub fn chargers(report: &Report<'_>) -> String {
    let record = report.record;
    let mut out = String::with_capacity(1 << 16);
    out.push_str("timestamp,charge_point_id,allocated_kw,actual_draw_kw,committed_kw\n");
    let names: Vec<String> = record
        .chargers
        .iter()
        .map(|id| {
            let mut name = String::from(",");
            push_csv(&mut name, id.as_str());
            name
        })
        .collect();
    let mut written: Vec<Option<(Watts, Watts, Watts)>> = vec![None; names.len()];
    let mut stamp = String::with_capacity(20);
    for sample in &record.samples {
        stamp.clear();
        for ((name, last), values) in names.iter().zip(&mut written).zip(&sample.chargers) {
            if *last == Some(*values) {
                continue;
            }
            *last = Some(*values);
            if stamp.is_empty() {
                sample.at.write_ocpp(&mut stamp);
            }
            out.push_str(&stamp);
            out.push_str(name);
            push_kw(&mut out, values.0);
            push_kw(&mut out, values.1);
            push_kw(&mut out, values.2);
            out.push('\n');
        }
    }
    out
}

/// `sessions.csv`: one row per visit, in order of arrival.
#[must_use]
pub fn sessions(report: &Report<'_>) -> String {
    let mut out = String::with_capacity(200 * (report.record.sessions.len() + 1));
    out.push_str(
        "session_id,charge_point_id,connector_id,vehicle,arrival,departure,first_power,satisfied,\
         wish_kwh,feasible_kwh,delivered_kwh,unmet_kwh,satisfaction_pct,soc_arrival_pct,soc_end_pct,\
         wanted_s,charging_s,setpoint_changes,reversals,pauses,stop_reason\n",
    );
    for (session, movement) in report.record.sessions.iter().zip(&report.oscillation.sessions) {
        push_session(&mut out, report, session, movement);
    }
    out
}

/// `commands.csv`: one row per SetChargingProfile, in the order sent.
#[must_use]
pub fn commands(report: &Report<'_>) -> String {
    let mut out = String::with_capacity(120 * (report.record.commands.len() + 1));
    out.push_str(
        "sent,answered,latency_ms,charge_point_id,connector_id,purpose,limit_kw,previous_kw,status,trigger,reason\n",
    );
    for command in &report.record.commands {
        push_command(&mut out, report, command);
    }
    out
}

fn push_session(
    out: &mut String,
    report: &Report<'_>,
    session: &SessionRecord,
    movement: &Movement,
) {
    push_csv(out, session.session.as_ref().map_or("", |id| id.as_str()));
    push_charger(out, report, session.charger, session.connector);
    out.push(',');
    push_csv(out, &session.vehicle);
    for at in [Some(session.arrival), session.departure, session.first_power, session.satisfied] {
        push_time(out, at);
    }
    let unmet = (session.wish_kwh - session.delivered_kwh).max(0.0);
    let satisfaction = 100.0 * session.delivered_kwh / session.wish_kwh;
    let wanted = wanted_until(session, report.record.to).since(session.arrival);
    let charging: f64 = session.charging.iter().map(|(from, to)| to.since(*from).s()).sum();
    for value in [
        session.wish_kwh,
        session.feasible_kwh,
        session.delivered_kwh,
        unmet,
        satisfaction,
        session.soc_pct.0,
        session.soc_pct.1,
        wanted.s(),
        charging,
    ] {
        out.push(',');
        push_decimal(out, value);
    }
    for count in [movement.changes.len(), movement.reversals.len(), movement.pauses as usize] {
        out.push(',');
        push_unsigned(out, count as u64);
    }
    out.push(',');
    push_csv(out, session.stop_reason.as_deref().unwrap_or(""));
    out.push('\n');
}

fn push_command(out: &mut String, report: &Report<'_>, command: &CommandRecord) {
    command.at.write_ocpp(out);
    push_time(out, command.answered);
    out.push(',');
    if let Some(answered) = command.answered {
        push_milli(out, answered.since(command.at).0);
    }
    push_charger(out, report, command.charger, command.connector);
    out.push(',');
    push_csv(out, command.purpose);
    push_kw(out, command.limit);
    push_kw(out, command.previous);
    for text in [command.status, command.trigger, command.reason] {
        out.push(',');
        push_csv(out, text);
    }
    out.push('\n');
}

fn push_charger(out: &mut String, report: &Report<'_>, charger: usize, connector: u32) {
    out.push(',');
    push_csv(out, report.record.chargers.get(charger).map_or("", |id| id.as_str()));
    out.push(',');
    push_unsigned(out, u64::from(connector));
}

fn push_kw(out: &mut String, power: Watts) {
    out.push(',');
    push_milli(out, power.0);
}

fn push_time(out: &mut String, at: Option<Time>) {
    out.push(',');
    if let Some(at) = at {
        at.write_ocpp(out);
    }
}
