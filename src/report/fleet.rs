//! What a fleet that talked to a central system elsewhere can say: energy, connections, limits.
//!
//! Whether the site kept its limit and why somebody had to wait only the central system knows; the
//! assertions of the scenario are not judged here.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::report::assertions::round6;
use crate::report::fairness::Service;
use crate::report::text::{duration, number, short};
use crate::scenario::model::Scenario;
use crate::shell::fleet::{Ending, FleetEnd};

/// Identifies the layout; the number rises when a key changes its meaning or goes away.
pub const SCHEMA: &str = "ampacity-fleet/1";

/// A fleet's run in figures. The fields are the keys of its JSON form; units are the last word of
/// a name.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FleetReport {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// Of the program.
    pub ampacity_version: &'static str,
    /// Title of the scenario.
    pub scenario: String,
    /// Hash of its files.
    pub scenario_sha256: String,
    /// URL of the central system.
    pub central_system: String,
    /// Seed of cars and waits.
    pub seed: u64,
    /// Virtual seconds per second, as asked for.
    pub speed: f64,
    /// Virtual time that passed.
    pub virtual_s: f64,
    /// Time that passed.
    pub wall_s: f64,
    /// Wall-clock time by which the run fell behind its pace.
    pub lag_s: f64,
    /// False when interrupted, or when nobody could connect.
    pub complete: bool,
    /// Cars that plugged in.
    pub sessions: usize,
    /// Those with power at some time.
    pub sessions_with_power: usize,
    /// Cars that found no free charger.
    pub turned_away: u32,
    /// What drivers wished.
    pub energy_requested_kwh: f64,
    /// What they got.
    pub energy_delivered_kwh: f64,
    /// The share of the wish; `None` when nobody wished anything.
    pub demand_met_pct: Option<f64>,
    /// Highest draw of all cars together.
    pub peak_kw: f64,
    /// Charge points of the scenario.
    pub charge_points: usize,
    /// Those that ever had a connection.
    pub charge_points_connected: usize,
    /// Connections made.
    pub connections: u64,
    /// Connections lost before the end.
    pub disconnections: u64,
    /// Connections given up because the central system did not take what was sent.
    pub connections_stalled: u64,
    /// Attempts to connect that failed, by what failed.
    pub failed_attempts: BTreeMap<String, u64>,
    /// OCPP frames to the central system.
    pub frames_sent: u64,
    /// OCPP frames from it.
    pub frames_received: u64,
    /// CALLs of charge points without an answer in time.
    pub calls_timed_out: u64,
    /// CALLs of charge points answered by a CALLERROR.
    pub calls_refused: u64,
    /// Messages about transactions given up after all attempts.
    pub calls_discarded: u64,
    /// Answers that came too late, that nobody had asked for, or that nobody can read.
    pub answers_unusable: u64,
    /// Texts that are no OCPP-J message.
    pub texts_unreadable: u64,
    /// Departures from OCPP 1.6 in payloads that could be read.
    pub deviations: u64,
    /// Messages about transactions not acknowledged when the run ended.
    pub undelivered: usize,
    /// SetChargingProfiles that charge points accepted.
    pub limits_accepted: u64,
    /// SetChargingProfiles answered otherwise.
    pub limits_refused: u64,
    /// How often it was looked whether cars kept to a new limit.
    pub limits_checked: u64,
    /// How often one did not.
    pub limits_exceeded: u64,
}

impl FleetReport {
    /// The figures of a run that has ended.
    #[must_use]
    pub fn new(scenario: &Scenario, end: &FleetEnd, central_system: &str, speed: f64) -> Self {
        let (record, tally) = (&end.record, &end.tally);
        let (service, wire) = (Service::of(record), &tally.wire);
        let requested = service.requested_kwh;
        let met = (requested > 0.0).then(|| 100.0 * service.delivered_kwh / requested);
        let powered = record.sessions.iter().filter(|session| session.first_power.is_some());
        FleetReport {
            schema: SCHEMA,
            ampacity_version: env!("CARGO_PKG_VERSION"),
            scenario: scenario.name.clone(),
            scenario_sha256: scenario.sha256.clone(),
            central_system: central_system.to_owned(),
            seed: record.seed,
            speed,
            virtual_s: round6(record.to.since(record.from).s()),
            wall_s: round6(record.wall_s),
            lag_s: round6(tally.lag_s),
            complete: end.ending == Ending::Over,
            sessions: record.sessions.len(),
            sessions_with_power: powered.count(),
            turned_away: record.turned_away,
            energy_requested_kwh: round6(requested),
            energy_delivered_kwh: round6(service.delivered_kwh),
            demand_met_pct: met.map(round6),
            peak_kw: round6(record.peak.kw()),
            charge_points: tally.charge_points,
            charge_points_connected: tally.connected.len(),
            connections: tally.connections,
            disconnections: tally.disconnections,
            connections_stalled: tally.stalled,
            failed_attempts: tally.failed_attempts.clone(),
            frames_sent: tally.frames_sent,
            frames_received: tally.frames_received,
            calls_timed_out: wire.timed_out_calls,
            calls_refused: wire.refused_calls,
            calls_discarded: wire.discarded_calls,
            answers_unusable: wire.late_answers + wire.unasked_answers + wire.unreadable_answers,
            texts_unreadable: wire.unreadable_texts,
            deviations: wire.deviations,
            undelivered: tally.undelivered,
            limits_accepted: wire.profiles_accepted,
            limits_refused: wire.profiles_refused,
            limits_checked: tally.limits_checked,
            limits_exceeded: tally.limits_exceeded,
        }
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// For people, ending in a newline.
    #[must_use]
    pub fn text(&self) -> String {
        let mut lines = vec![self.headline(), String::new()];
        for (name, text) in self.rows() {
            lines.push(format!("  {name:<22}{text}"));
        }
        lines.push(String::new());
        lines.push(
            "What the site was allowed and why somebody waited, the central system knows: the \
             scenario's\nassertions are not judged here."
                .to_owned(),
        );
        lines.join("\n") + "\n"
    }

    fn headline(&self) -> String {
        let word = if self.complete { "DONE" } else { "INCOMPLETE" };
        format!(
            "{word}  {} of {} charge points were connected to {} for up to {}",
            self.charge_points_connected,
            self.charge_points,
            self.central_system,
            duration(self.virtual_s),
        )
    }

    fn rows(&self) -> Vec<(&'static str, String)> {
        let kwh = |value| number(value, 1);
        let met = self.demand_met_pct.map_or("–".to_owned(), |met| number(met, 1));
        let mut rows = vec![
            (
                "energy",
                format!(
                    "{} of {} kWh wished, {met} %",
                    kwh(self.energy_delivered_kwh),
                    kwh(self.energy_requested_kwh)
                ),
            ),
            (
                "sessions",
                format!(
                    "{}, {} with power; {} cars found no place",
                    self.sessions, self.sessions_with_power, self.turned_away
                ),
            ),
            ("peak draw", format!("{} kW", short(self.peak_kw))),
            (
                "limits",
                format!(
                    "{} accepted, {} refused; {} of {} checked were exceeded",
                    self.limits_accepted,
                    self.limits_refused,
                    self.limits_exceeded,
                    self.limits_checked
                ),
            ),
            ("connections", format!("{} made, {} lost", self.connections, self.disconnections)),
            ("frames", format!("{} sent, {} received", self.frames_sent, self.frames_received)),
            (
                "calls",
                format!(
                    "{} timed out, {} refused, {} given up",
                    self.calls_timed_out, self.calls_refused, self.calls_discarded
                ),
            ),
        ];
        rows.extend(self.findings());
        rows
    }

    /// What is shown only when there is some.
    fn findings(&self) -> Vec<(&'static str, String)> {
        let mut rows = Vec::new();
        if !self.failed_attempts.is_empty() {
            let each: Vec<String> =
                self.failed_attempts.iter().map(|(kind, n)| format!("{n} x {kind}")).collect();
            rows.push(("failed attempts", each.join(", ")));
        }
        let strange = self.answers_unusable + self.texts_unreadable + self.deviations;
        for (name, count, what) in [
            ("stalled", self.connections_stalled, "connections that took nothing any more"),
            ("undelivered", self.undelivered as u64, "messages about transactions"),
            ("not by the book", strange, "answers and payloads of the central system"),
        ] {
            if count > 0 {
                rows.push((name, format!("{count} {what}")));
            }
        }
        if self.lag_s >= 1.0 {
            let lag = duration(self.lag_s);
            rows.push(("lag", format!("{lag} behind: the machine could not keep this speed")));
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quiet() -> FleetReport {
        FleetReport {
            schema: SCHEMA,
            ampacity_version: "0",
            scenario: "Depot".to_owned(),
            scenario_sha256: String::new(),
            central_system: "ws://csms".to_owned(),
            seed: 1,
            speed: 1.0,
            virtual_s: 3600.0,
            wall_s: 3600.0,
            lag_s: 0.1,
            complete: true,
            sessions: 3,
            sessions_with_power: 2,
            turned_away: 0,
            energy_requested_kwh: 40.0,
            energy_delivered_kwh: 30.0,
            demand_met_pct: Some(75.0),
            peak_kw: 22.0,
            charge_points: 4,
            charge_points_connected: 4,
            connections: 5,
            disconnections: 1,
            connections_stalled: 0,
            failed_attempts: BTreeMap::new(),
            frames_sent: 100,
            frames_received: 110,
            calls_timed_out: 0,
            calls_refused: 0,
            calls_discarded: 0,
            answers_unusable: 0,
            texts_unreadable: 0,
            deviations: 0,
            undelivered: 0,
            limits_accepted: 9,
            limits_refused: 0,
            limits_checked: 7,
            limits_exceeded: 0,
        }
    }

    #[test]
    fn people_read_the_verdict_first_and_trouble_only_when_there_is_some() {
        let calm = quiet().text();
        assert!(calm.starts_with("DONE  4 of 4 charge points"), "{calm}");
        assert!(calm.contains("30.0 of 40.0 kWh wished, 75.0 %"), "{calm}");
        assert!(!calm.contains("failed attempts") && !calm.contains("lag"), "{calm}");
        let mut troubled = FleetReport { complete: false, lag_s: 90.0, ..quiet() };
        troubled.failed_attempts.insert("http 401".to_owned(), 12);
        let text = troubled.text();
        assert!(text.starts_with("INCOMPLETE"), "{text}");
        assert!(text.contains("12 x http 401") && text.contains("1 min 30 s"), "{text}");
    }
}
