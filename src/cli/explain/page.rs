//! The answer for people: at most forty lines.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Commands;
use crate::cli::inputs::Inputs;
use crate::csms::explain::{Claim, Explanation, LimitReason, Surplus, Waits};
use crate::report::text::short;
use crate::scenario::model::Scenario;
use crate::sim::record::CommandRecord;
use crate::time::Time;
use crate::units::Watts;

/// Lines of the whole page, at most.
const MOST_LINES: usize = 40;
/// Names in a list, before the rest is a number.
const NAMED: usize = 3;

/// See the module.
pub(super) struct Page<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) inputs: &'a Inputs,
    pub(super) charger: &'a str,
    pub(super) told: &'a Explanation,
    pub(super) commands: &'a [Commands<'a>],
}

impl Page<'_> {
    pub(super) fn text(&self) -> String {
        let told = self.told;
        let mut text = format!(
            "{} at {}  ({}, strategy {}, seed {})\n\n",
            self.charger,
            date_time(told.at, &self.scenario.zone),
            self.scenario.name,
            told.strategy,
            self.inputs.seed
        );
        let own = |limit: &&LimitReason| limit.charge_point_id.as_str() == self.charger;
        for commands in self.commands {
            let mut own = told.limits.iter().filter(own);
            match own.find(|limit| limit.connector_id == commands.connector) {
                Some(limit) => self.session(&mut text, limit, commands),
                None => self.nobody(&mut text, commands),
            }
        }
        self.site(&mut text);
        self.others(&mut text);
        text
    }

    /// One connector with a transaction.
    fn session(&self, text: &mut String, limit: &LimitReason, commands: &Commands<'_>) {
        let _ = writeln!(text, "{}\n", limit.sentence);
        if let Some(command) = commands.set_by {
            line(text, "set by", &self.command(command));
        }
        if let Some(command) = commands.since {
            line(text, "then", &self.command(command));
        }
        let session = limit.session.as_ref().map(ToString::to_string).unwrap_or_default();
        let phases =
            limit.phases.map_or("phases not seen yet".to_owned(), |n| format!("{n} phases"));
        line(
            text,
            "session",
            &format!(
                "{session}, transaction {}, since {}; {phases}, draws {}",
                limit.transaction_id,
                self.clock(limit.arrival),
                kw(limit.draw)
            ),
        );
        if let Some(claim) = &limit.claim {
            line(text, "inputs", &inputs(claim, limit, self.told.limits.len()));
        }
        if let Some(decided) = limit.decided {
            let target = limit.target.unwrap_or(decided);
            let mut decision = format!(
                "{}, bound by {}, because of {}",
                kw(decided),
                limit.binding.name(),
                limit.trigger.name()
            );
            if target != decided {
                let _ = write!(decision, "; told as {}", kw(target));
            }
            if let Some(now) = limit.claim.filter(|claim| claim.rate != decided) {
                let (rate, why) = (kw(now.rate), now.binding.name());
                let _ = write!(decision, "; a decision now would give {rate} ({why})");
            }
            line(text, "decision", &decision);
        }
        let surplus: Vec<String> = limit.surplus.iter().map(|one| self.surplus(one)).collect();
        let why =
            if surplus.is_empty() { String::new() } else { format!(": {}", surplus.join(", ")) };
        line(text, "reserved", &format!("{}{why}", kw(limit.reserved)));
        if let Some(waits) = &limit.waits {
            line(text, "waits", &self.waits(waits));
        }
        text.push('\n');
    }

    /// A charger without a transaction.
    fn nobody(&self, text: &mut String, commands: &Commands<'_>) {
        let _ = writeln!(text, "{}: no transaction at that time\n", self.charger);
        if let Some(command) = commands.set_by {
            line(text, "start", &self.command(command));
        }
        if let Some(command) = commands.since {
            line(text, "then", &self.command(command));
        }
        let own = |holder: &&crate::csms::explain::Holder| {
            holder.charge_point_id.as_str() == self.charger
        };
        for holder in self.told.holders.iter().filter(own) {
            line(text, "reserved", &format!("{}: {}", kw(holder.reserved), holder.holding.name()));
        }
        text.push('\n');
    }

    fn site(&self, text: &mut String) {
        let told = self.told;
        let mut sum = kw(told.max_power);
        if told.reserve > Watts::ZERO {
            let _ = write!(sum, " - {} reserve", kw(told.reserve));
        }
        let available = match told.soft {
            Some((limit, room)) if room < told.ev_limit => {
                let (all, limit, left) = (kw(told.ev_limit), kw(limit), kw(room));
                let _ = write!(sum, " = {all}, of which a soft limit of {limit} leaves {left}");
                room
            }
            _ => told.ev_limit,
        };
        if told.uncontrolled > Watts::ZERO {
            let mut whose: Vec<String> = Vec::new();
            for holder in told.holders.iter().filter(|it| it.uncontrolled > Watts::ZERO) {
                whose.push(format!("{} {}", holder.charge_point_id, holder.holding.name()));
            }
            let more = whose.len().saturating_sub(NAMED);
            whose.truncate(NAMED);
            let more = if more > 0 { format!(", {more} more") } else { String::new() };
            let _ = write!(
                sum,
                " - {} not controlled ({}{more})",
                kw(told.uncontrolled),
                whose.join(", ")
            );
        }
        let excess = available - told.uncontrolled - told.capacity;
        if excess > Watts::ZERO {
            let _ = write!(sum, " - {} drawn above what is permitted", kw(excess));
        }
        let _ = write!(sum, " = {} among {}", kw(told.capacity), told.contenders);
        line(text, "site", &sum);
        line(
            text,
            "",
            &format!(
                "{} may be in force together; decided at {}",
                kw(told.committed),
                self.clock(told.decided_at)
            ),
        );
    }

    /// Everybody with a transaction, a line each, in the order in which power goes to them.
    fn others(&self, text: &mut String) {
        let mut others: Vec<&LimitReason> = self.told.limits.iter().collect();
        if others.is_empty() {
            return;
        }
        others.sort_by_key(|limit| limit.claim.map_or(u32::MAX, |claim| claim.order));
        let name =
            |limit: &LimitReason| format!("{}/{}", limit.charge_point_id, limit.connector_id);
        let width = others.iter().map(|limit| name(limit).len()).max().unwrap_or(0).max(7);
        let _ = writeln!(
            text,
            "\n  order  {:width$}  accepted  decided  reserved     draw  reason      waits for",
            "charger"
        );
        let room = MOST_LINES.saturating_sub(text.lines().count() + 1).max(1);
        let hidden = others.len().saturating_sub(room);
        for limit in others.iter().take(room) {
            let order = limit.claim.map_or("-".to_owned(), |claim| claim.order.to_string());
            let power = |power: Option<Watts>| power.map_or("-".to_owned(), |it| short(it.kw()));
            let row = format!(
                "  {order:>5}  {:width$}  {:>8}  {:>7}  {:>8}  {:>7}  {:10}  {}",
                name(limit),
                power(limit.accepted),
                power(limit.decided),
                power(Some(limit.reserved)),
                power(Some(limit.draw)),
                limit.binding.name(),
                limit.waits.as_ref().map_or("", Waits::name),
            );
            let _ = writeln!(text, "{}", row.trim_end());
        }
        if hidden > 0 {
            let _ = writeln!(text, "         and {hidden} more");
        }
    }

    fn command(&self, command: &CommandRecord) -> String {
        let end = match (command.answered, command.status) {
            (Some(at), status) => format!("{status} {}", self.clock(at)),
            (None, "open") => "not answered yet".to_owned(),
            (None, status) => status.replace('_', " "),
        };
        format!(
            "{} of {} (before: {}), sent {}, {end}; {} ({})",
            command.purpose,
            kw(command.limit),
            kw(command.previous),
            self.clock(command.at),
            command.trigger,
            command.reason
        )
    }

    fn surplus(&self, surplus: &Surplus) -> String {
        let until = surplus.until.map(|until| format!(" until {}", self.clock(until)));
        format!("{} {}{}", kw(surplus.limit), surplus.cause.name(), until.unwrap_or_default())
    }

    fn waits(&self, waits: &Waits) -> String {
        let mut text = waits.name().replace('_', " ");
        if let Some(until) = waits.until() {
            let _ = write!(text, " until {}", self.clock(until));
        }
        if let Waits::Room { missing, ahead } = waits {
            let _ = write!(text, ": {} are missing", kw(*missing));
            for one in ahead.iter().take(NAMED) {
                let (point, connector) = (&one.charge_point_id, one.connector_id);
                let _ = write!(text, ", {point}/{connector} holds {} too much", kw(one.excess));
            }
        }
        text
    }

    fn clock(&self, at: Time) -> String {
        written(at, &self.scenario.zone, "%H:%M:%S")
    }
}

fn inputs(claim: &Claim, limit: &LimitReason, sessions: usize) -> String {
    let taken = limit.taken.map(|taken| format!(", its car takes {}", kw(taken)));
    let asks = if claim.wants_power { "" } else { ", asks for nothing" };
    format!(
        "{} in order of {sessions}; {} to {} of {}{}{asks}; weight {}, {} kWh so far",
        ordinal(claim.order),
        kw(claim.min),
        kw(claim.cap),
        kw(limit.hardware),
        taken.unwrap_or_default(),
        claim.weight,
        short(claim.service_wh as f64 / 1000.0)
    )
}

fn ordinal(number: u32) -> String {
    let ending = match (number % 100, number % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

fn line(text: &mut String, what: &str, value: &str) {
    let _ = writeln!(text, "  {what:<9} {value}");
}

/// Kilowatts to the hundredth.
fn kw(power: Watts) -> String {
    let text = format!("{:.2}", power.kw());
    format!("{} kW", text.trim_end_matches('0').trim_end_matches('.'))
}

/// `Mon 2026-05-04 09:30:00 +02:00`.
pub(super) fn date_time(at: Time, zone: &TimeZone) -> String {
    written(at, zone, "%a %Y-%m-%d %H:%M:%S %:z")
}

fn written(at: Time, zone: &TimeZone, form: &str) -> String {
    match Timestamp::from_microsecond(at.0) {
        Ok(timestamp) => timestamp.to_zoned(zone.clone()).strftime(form).to_string(),
        Err(_) => at.to_ocpp(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_powers_are_written_as_people_do() {
        let told: Vec<String> = [1, 2, 3, 4, 11, 12, 21, 113].map(ordinal).to_vec();
        assert_eq!([kw(Watts(22_000)), kw(Watts(6_900))], ["22 kW", "6.9 kW"]);
        assert_eq!(told, ["1st", "2nd", "3rd", "4th", "11th", "12th", "21st", "113th"]);
    }
}
