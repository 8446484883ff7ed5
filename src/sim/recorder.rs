//! Writes down what happens while a world runs.

use std::collections::BTreeMap;

use crate::allocation::Strategy;
use crate::charger::{ChargerSpec, CurrentKind};
use crate::csms::SiteConfig;
use crate::csms::event::{Event, Outcome, ProfileSent};
use crate::scenario::model::{Fleet, PlannedSession, Scenario};
use crate::sim::bay::Guest;
use crate::sim::record::{CommandRecord, RunRecord, Sample, SessionRecord};
use crate::time::Time;
use crate::units::Watts;
use crate::vehicle::{self, Offer};

/// See the module.
pub(crate) struct Recorder {
    record: RunRecord,
    /// Who charges where: (charge point, connector) -> index of the session.
    charging: BTreeMap<(usize, u32), usize>,
    active: u32,
}

impl Recorder {
    pub(crate) fn new(
        scenario: &Scenario,
        fleet: &Fleet,
        strategy: Strategy,
        seed: u64,
    ) -> Recorder {
        let site = &scenario.site;
        let ev_limit = (site.max_power - site.reserve).floor_zero();
        let sessions = fleet.sessions.iter().map(|session| planned(scenario, session)).collect();
        let record = RunRecord {
            strategy,
            seed,
            from: scenario.start,
            to: scenario.start + scenario.duration,
            chargers: scenario.chargers.iter().map(|charger| charger.id.clone()).collect(),
            limits: vec![(scenario.start, site.max_power, ev_limit)],
            sessions,
            turned_away: fleet.turned_away,
            ..RunRecord::default()
        };
        Recorder { record, charging: BTreeMap::new(), active: 0 }
    }

    /// A transaction is about to be reported at a connector where this visitor stands.
    pub(crate) fn locate(&mut self, point: usize, connector: u32, visit: Option<usize>) {
        if let Some(visit) = visit {
            self.charging.insert((point, connector), visit);
        }
    }

    pub(crate) fn central(&mut self, now: Time, event: Event) {
        match event {
            Event::SessionStarted { point, connector, session, .. } => {
                self.active += 1;
                if let Some(visit) = self.charging.get(&(point.0, connector)) {
                    self.record.sessions[*visit].session = Some(session);
                }
            }
            Event::SessionEnded { point, connector, reason, .. } => {
                self.active -= 1;
                if let Some(visit) = self.charging.remove(&(point.0, connector)) {
                    let reason = reason.as_str().to_owned();
                    self.record.sessions[visit].stop_reason = Some(reason);
                }
            }
            Event::LimitAccepted { point, connector, limit, decided_at } => {
                if let Some(visit) = self.charging.get(&(point.0, connector)) {
                    let session = &mut self.record.sessions[*visit];
                    if session.limits.last().is_none_or(|(_, last)| *last != limit) {
                        session.limits.push((now, limit));
                        session.decided.push(decided_at);
                    }
                }
            }
            Event::ProfileSent(sent) => self.record.commands.push(command(now, &sent)),
            Event::ProfileAnswered { number, outcome } => {
                // Numbers count from 1 and every one was recorded.
                let index = number as usize - 1;
                if let Some(command) = self.record.commands.get_mut(index) {
                    command.status = outcome.name();
                    command.answered = (outcome != Outcome::TimedOut).then_some(now);
                }
            }
            Event::DrawStepped { .. }
            | Event::Probed { .. }
            | Event::LeaseEnded { .. }
            | Event::LimitMoved { .. }
            | Event::WishChanged { .. } => {
                if self.record.causes.last() != Some(&now) {
                    self.record.causes.push(now);
                }
            }
            Event::Rotated { .. } => self.record.rotations.push(now),
            Event::TroubleChanged { point, connector, trouble } => {
                self.record.troubles.push((now, point.0, connector, trouble));
            }
            // For whoever keeps or shows them; a record has its own marks.
            Event::ReservationFell { .. }
            | Event::BoundChanged { .. }
            | Event::BoundGone { .. }
            | Event::IdTaken { .. }
            | Event::PointChanged { .. }
            | Event::BreedLearned { .. }
            | Event::SessionFound { .. }
            | Event::CommandEnded { .. }
            | Event::Noticed { .. }
            | Event::RecordChanged { .. }
            | Event::Rebalanced { .. } => {}
        }
    }

    pub(crate) fn configured(&mut self, now: Time, before: &SiteConfig, config: &SiteConfig) {
        let mut changes = Vec::new();
        if config.max_power != before.max_power {
            changes.push(format!("limit {} kW", config.max_power.kw()));
        }
        if config.reserve != before.reserve {
            changes.push(format!("reserve {} kW", config.reserve.kw()));
        }
        if config.strategy != before.strategy {
            changes.push(format!("strategy {}", config.strategy));
        }
        if config.min_charge_rate != before.min_charge_rate {
            changes.push(format!("minimum rate {} kW", config.min_charge_rate.kw()));
        }
        if config.priorities != before.priorities {
            changes.push("priorities".to_owned());
        }
        if changes.is_empty() {
            changes.push("the same configuration again".to_owned());
        }
        self.mark(now, changes.join(", "));
    }

    /// The grid connection, and what cars may draw together from now on.
    pub(crate) fn limit(&mut self, now: Time, connection: Watts, ev_limit: Watts) {
        let limits = &mut self.record.limits;
        if limits.last().is_some_and(|(at, ..)| *at == now) {
            limits.pop();
        }
        if limits.last().is_none_or(|(_, c, ev)| (*c, *ev) != (connection, ev_limit)) {
            limits.push((now, connection, ev_limit));
        }
    }

    /// What cars that can wait should draw together from now on.
    pub(crate) fn soft_limit(&mut self, now: Time, room: Option<Watts>) {
        let known = &mut self.record.soft_limits;
        if known.last().is_some_and(|(at, _)| *at == now) {
            known.pop();
        }
        if known.last().and_then(|(_, last)| *last) != room {
            known.push((now, room));
        }
    }

    /// Something happened that belongs on the time axes.
    pub(crate) fn mark(&mut self, now: Time, what: String) {
        self.record.marks.push((now, what));
    }

    pub(crate) fn rebalanced(&mut self, now: Time, reason: &str) {
        self.mark(now, format!("rebalance: {reason}"));
    }

    pub(crate) fn sample(
        &mut self,
        now: Time,
        draw_mw: i64,
        committed: Watts,
        chargers: Vec<(Watts, i64, Watts)>,
    ) {
        let chargers: Vec<(Watts, Watts, Watts)> = chargers
            .into_iter()
            .map(|(allocated, draw_mw, reserved)| (allocated, watts(draw_mw), reserved))
            .collect();
        self.record.samples.push(Sample {
            at: now,
            allocated: chargers.iter().map(|(allocated, _, _)| *allocated).sum(),
            committed,
            draw: watts(draw_mw),
            active_sessions: self.active,
            chargers,
        });
    }

    /// A car left, or the run ended with it.
    pub(crate) fn left(&mut self, gone: &Guest, departed: Option<Time>) {
        let session = &mut self.record.sessions[gone.visit];
        session.departure = departed;
        session.first_power = gone.first_power;
        session.satisfied = gone.vehicle.satisfied_at();
        session.delivered_kwh = gone.vehicle.metered_kwh();
        session.soc_pct.1 = gone.vehicle.soc_pct();
        session.charging.clone_from(&gone.charging);
    }

    pub(crate) fn commands(&self) -> &[CommandRecord] {
        &self.record.commands
    }

    pub(crate) fn finish(&mut self, end: Time) -> RunRecord {
        let mut record = std::mem::take(&mut self.record);
        record.to = end;
        // Who had not arrived when the run ended was never part of it; nor were charge points
        // that are not simulated here.
        record.sessions.retain(|session| session.arrival < end);
        let simulated = record.chargers.len();
        record.commands.retain(|command| command.charger < simulated);
        record.troubles.retain(|(_, charger, _, _)| *charger < simulated);
        record
    }
}

fn planned(scenario: &Scenario, session: &PlannedSession) -> SessionRecord {
    let end = scenario.start + scenario.duration;
    let spec = &session.vehicle;
    let stay = session.departure.min(end).since(session.arrival);
    let offer = full_offer(&scenario.chargers[session.charger].spec);
    let (feasible, most) =
        vehicle::feasible(spec, session.initial_kwh, session.wish_kwh, stay, offer);
    let soc = 100.0 * session.initial_kwh / spec.battery_kwh;
    SessionRecord {
        session: None,
        charger: session.charger,
        connector: session.connector,
        vehicle: spec.name.clone(),
        arrival: session.arrival,
        departure: None,
        first_power: None,
        satisfied: None,
        wish_kwh: session.wish_kwh,
        feasible_kwh: feasible,
        most,
        delivered_kwh: 0.0,
        soc_pct: (soc, soc),
        limits: Vec::new(),
        decided: Vec::new(),
        charging: Vec::new(),
        stop_reason: None,
    }
}

/// What the charger offers when nothing limits it.
fn full_offer(spec: &ChargerSpec) -> Offer {
    match spec.kind {
        CurrentKind::Ac => Offer::Ac {
            current: spec.max_current,
            phases: spec.phases,
            voltage_v: spec.voltage_v,
            max_power: spec.max_power,
        },
        CurrentKind::Dc => Offer::Dc { power: spec.max_power },
    }
}

fn command(now: Time, sent: &ProfileSent) -> CommandRecord {
    CommandRecord {
        at: now,
        answered: None,
        charger: sent.point.0,
        connector: sent.connector,
        purpose: sent.purpose,
        limit: sent.limit,
        previous: sent.previous,
        status: "open",
        trigger: sent.trigger.name(),
        reason: sent.reason.name(),
    }
}

fn watts(milliwatts: i64) -> Watts {
    Watts((milliwatts + 500).div_euclid(1000))
}
