//! What the engine's plant says, as facts to keep and events to tell.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use tracing::{debug, info};

use crate::csms::{Csms, Event, Input, Notice, PointIx, SiteIx, SiteTotals, Trouble};
use crate::ids::{ChargePointId, SiteId};
use crate::shell::handle::LiveEvent;
use crate::shell::rekeying::Rekeying;
use crate::shell::writer::{Batch, Release};
use crate::store::{
    CommandOutcome, CommandRow, Fact, HistoryRow, LimitRow, NoticeRow, PointRow, RecordRow,
    SiteRow, TransactionEnd, TransactionRow,
};
use crate::time::{Span, Time};
use crate::units::Watts;

/// A site's history gets a row at most this often, and only when something has changed ..
const ROW_EVERY: Span = Span::from_s(1);
/// .. or when the last one is this old, so that a crash leaves a short gap only.
const REFRESH_EVERY: Span = Span::from_s(60);

/// Kinds of events that a log shows only when asked for details.
const ROUTINE: [&str; 7] = [
    "limit_accepted",
    "profile_sent",
    "profile_answered",
    "rotated",
    "charge_point_changed",
    "record_changed",
    // Some stations tell something of their vendor before each status.
    "notice",
];

/// See the module.
#[derive(Default)]
pub(super) struct Chronicle {
    began: Time,
    sequence: u64,
    /// Commands that wait for their end.
    commands: BTreeMap<String, CommandRow>,
    rekeying: Rekeying,
    /// Last row of each site's history.
    rows: BTreeMap<SiteId, (Time, SiteTotals)>,
    looked_at: Time,
}

impl Chronicle {
    /// The state that a plant begins with.
    pub(super) fn begin(&mut self, now: Time, csms: &Csms, batch: &mut Batch) {
        self.began = now;
        for site in csms.sites() {
            batch.facts.push(site_fact(csms, site, now));
            batch.facts.push(Fact::HistoryGap(csms.site_id(site).clone(), now));
        }
        batch.facts.extend(csms.points().filter_map(|point| point_fact(csms, point)));
        self.history(now, csms, batch);
    }

    /// Nothing is known from now on.
    pub(super) fn end(&mut self, now: Time, csms: &Csms, batch: &mut Batch) {
        self.looked_at = Time(i64::MIN / 2);
        self.history(now, csms, batch);
        let gaps = csms.sites().map(|site| Fact::HistoryGap(csms.site_id(site).clone(), now));
        batch.facts.extend(gaps);
    }

    /// Share of a simulation that is over.
    pub(super) fn progress(&self, now: Time, end: Option<Time>) -> f64 {
        let whole = end.map_or(0.0, |end| end.since(self.began).s());
        if whole > 0.0 { (now.since(self.began).s() / whole).clamp(0.0, 1.0) } else { 0.0 }
    }

    /// An input was taken.
    pub(super) fn input(&mut self, now: Time, input: &Input, csms: &Csms, batch: &mut Batch) {
        match input {
            Input::AddSite { site, .. } => {
                self.site_changed(now, site, csms, batch, "site_added", json!({}));
            }
            Input::Configure { site, config } => {
                let data = json!({
                    "max_power_kw": config.max_power.kw(),
                    "reserve_kw": config.reserve.kw(),
                    "strategy": config.strategy.name(),
                    "min_charge_rate_kw": config.min_charge_rate.kw(),
                    "worst_load_kw": config.worst_load.map(Watts::kw),
                });
                self.site_changed(now, site, csms, batch, "config_changed", data);
            }
            Input::RemovePoint { point } => {
                batch.facts.push(Fact::PointRemoved(point.clone()));
                let data = json!({ "charge_point_id": point.as_str() });
                self.tell(now, None, "charge_point_removed", data, batch);
            }
            Input::Card { id_tag, status } => {
                batch.facts.push(Fact::Card(id_tag.clone(), *status));
            }
            Input::Command { point, command, action, payload } => {
                self.rekeying.asked(point, command, action, payload);
                let row = CommandRow {
                    command: command.clone(),
                    point: point.clone(),
                    action: action.clone(),
                    payload: Csms::shown_payload(action, payload),
                    requested_at: now,
                    outcome: None,
                };
                batch.facts.push(Fact::Command(row.clone()));
                self.commands.insert(command.clone(), row);
            }
            Input::LinkUp { point } => self.link(now, point, true, csms, batch),
            Input::LinkDown { point } => self.link(now, point, false, csms, batch),
            // The core tells of these itself, where something follows.
            Input::Rebalance { .. }
            | Input::Load { .. }
            | Input::Wish { .. }
            | Input::AddPoint { .. }
            | Input::Link { .. }
            | Input::Frame { .. } => {}
        }
    }

    /// The core tells something.
    pub(super) fn event(&mut self, now: Time, event: Event, csms: &Csms, batch: &mut Batch) {
        match event {
            Event::SessionStarted { point, connector, session, transaction_id } => {
                batch.facts.extend(transaction_fact(csms, transaction_id, None));
                let data = json!({
                    "charge_point_id": csms.point_id(point).as_str(),
                    "connector_id": connector,
                    "session_id": session.as_str(),
                    "transaction_id": transaction_id,
                });
                self.tell_at(now, csms, point, "session_started", data, batch);
            }
            Event::SessionEnded {
                point,
                connector,
                session,
                transaction_id,
                at,
                energy_wh,
                reason,
            } => {
                let end = TransactionEnd { at, energy_wh, reason };
                batch.facts.extend(transaction_fact(csms, transaction_id, Some(end)));
                let data = json!({
                    "charge_point_id": csms.point_id(point).as_str(),
                    "connector_id": connector,
                    "session_id": session.as_str(),
                    "transaction_id": transaction_id,
                    "energy_kwh": energy_wh as f64 / 1000.0,
                    "reason": reason.as_str(),
                });
                self.tell_at(now, csms, point, "session_ended", data, batch);
            }
            Event::WishChanged { point, connector, transaction_id } => {
                batch.facts.extend(transaction_fact(csms, transaction_id, None));
                let view = csms.transaction(transaction_id);
                let wish = view.as_ref().map(|view| view.wish).unwrap_or_default();
                let data = json!({
                    "charge_point_id": csms.point_id(point).as_str(),
                    "connector_id": connector,
                    "session_id": view.map(|view| view.session.to_string()),
                    "departure_at": wish.departure.map(Time::to_ocpp),
                    "energy_kwh": wish.energy_wh.map(|energy| energy as f64 / 1000.0),
                });
                self.tell_at(now, csms, point, "wish_changed", data, batch);
            }
            Event::LimitAccepted { point, connector, limit, .. } => {
                let data = json!({
                    "charge_point_id": csms.point_id(point).as_str(),
                    "connector_id": connector,
                    "allocated_kw": limit.kw(),
                });
                self.tell_at(now, csms, point, "limit_accepted", data, batch);
            }
            Event::ProfileSent(sent) => {
                let data = json!({
                    "number": sent.number,
                    "charge_point_id": csms.point_id(sent.point).as_str(),
                    "connector_id": sent.connector,
                    "purpose": sent.purpose,
                    "limit_kw": sent.limit.kw(),
                    "previous_kw": sent.previous.kw(),
                    "trigger": sent.trigger.name(),
                    "reason": sent.reason.name(),
                });
                self.tell_at(now, csms, sent.point, "profile_sent", data, batch);
            }
            Event::ProfileAnswered { number, outcome } => {
                let data = json!({ "number": number, "outcome": outcome.name() });
                self.tell(now, None, "profile_answered", data, batch);
            }
            Event::LimitMoved { site } => {
                let data = json!({ "available_kw": csms.ev_limit(site).kw() });
                let site = Some(csms.site_id(site).to_string());
                self.tell(now, site, "limit_moved", data, batch);
            }
            Event::Rotated { site } => {
                let site = Some(csms.site_id(site).to_string());
                self.tell(now, site, "rotated", json!({}), batch);
            }
            Event::Rebalanced { site, rebalance, chargers_updated } => {
                let site = Some(csms.site_id(site).to_string());
                let data =
                    json!({ "rebalance_id": rebalance, "chargers_updated": chargers_updated });
                self.tell(now, site, "rebalanced", data, batch);
            }
            Event::PointChanged { point } => {
                batch.facts.extend(point_fact(csms, point));
                let data = json!({ "charge_point_id": csms.point_id(point).as_str() });
                self.tell_at(now, csms, point, "charge_point_changed", data, batch);
            }
            Event::CommandEnded { point, command, outcome, answer } => {
                batch.facts.extend(self.rekeying.ended(&command, outcome));
                if let Some(mut row) = self.commands.remove(&command) {
                    let status = outcome.name().to_owned();
                    row.outcome = Some(CommandOutcome { at: now, status, answer });
                    batch.facts.push(Fact::Command(row));
                }
                let data = json!({
                    "charge_point_id": csms.point_id(point).as_str(),
                    "command_id": command,
                    "outcome": outcome.name(),
                });
                self.tell_at(now, csms, point, "command_ended", data, batch);
            }
            Event::Noticed { point, notice } => self.noticed(now, csms, point, *notice, batch),
            Event::RecordChanged { point, subject } => {
                let id = csms.point_id(point);
                if let Some(record) = csms.record_of(point, subject) {
                    batch.facts.push(Fact::Record(RecordRow { point: id.clone(), record }));
                }
                let data = json!({ "charge_point_id": id.as_str(), "subject": subject.name() });
                self.tell_at(now, csms, point, "record_changed", data, batch);
            }
            Event::BoundChanged { point, connector, confirmed, bound } => {
                let point = csms.point_id(point).clone();
                batch.facts.push(Fact::Limit(LimitRow { point, connector, confirmed, bound }));
            }
            Event::BoundGone { point, connector } => {
                let point = csms.point_id(point).clone();
                batch.facts.push(Fact::LimitGone(point, connector));
            }
            Event::IdTaken { transaction_id } => {
                batch.facts.push(Fact::LastTransactionId(transaction_id));
            }
            Event::BreedLearned { point } => {
                if let Some(breed) = csms.breed(point) {
                    let id = csms.point_id(point).clone();
                    batch.facts.push(Fact::Breed(id, breed.clone()));
                    let manner = csms.manner_of(breed);
                    batch.facts.extend(manner.map(|manner| Fact::Manner(breed.clone(), manner)));
                }
            }
            Event::TroubleChanged { point, connector, trouble } => {
                let data = json!({
                    "charge_point_id": csms.point_id(point).as_str(),
                    "connector_id": connector,
                    "trouble": trouble.map(Trouble::name),
                    "excess_kw": trouble.and_then(Trouble::excess).map(Watts::kw),
                });
                self.tell_at(now, csms, point, "trouble_changed", data, batch);
            }
            Event::SessionFound { point, transaction_id, at, energy_wh, reason } => {
                let end = TransactionEnd { at, energy_wh, reason };
                batch.facts.extend(transaction_fact(csms, transaction_id, Some(end)));
                let data = json!({
                    "charge_point_id": csms.point_id(point).as_str(),
                    "transaction_id": transaction_id,
                    "energy_kwh": energy_wh as f64 / 1000.0,
                    "reason": reason.as_str(),
                });
                self.tell_at(now, csms, point, "session_found", data, batch);
            }
            // Meter values show in the history; a listener that wants each of them reads a trace.
            Event::DrawStepped { .. }
            | Event::Probed { .. }
            | Event::LeaseEnded { .. }
            | Event::ReservationFell { .. } => {}
        }
    }

    /// Adds to the history what has changed since the last look.
    pub(super) fn history(&mut self, now: Time, csms: &Csms, batch: &mut Batch) {
        if now.since(self.looked_at) < ROW_EVERY {
            return;
        }
        self.looked_at = now;
        for site in csms.sites() {
            let totals = csms.totals(site);
            let id = csms.site_id(site);
            let same = self.rows.get(id).is_some_and(|(at, last)| {
                let shown = |t: &SiteTotals| (t.allocated, t.draw, t.active_sessions);
                shown(last) == shown(&totals) && now.since(*at) < REFRESH_EVERY
            });
            if !same {
                self.rows.insert(id.clone(), (now, totals));
                batch.facts.push(Fact::History(HistoryRow {
                    site: id.clone(),
                    at: now,
                    allocated: totals.allocated,
                    draw: totals.draw,
                    active_sessions: totals.active_sessions,
                }));
            }
        }
    }

    fn noticed(
        &mut self,
        now: Time,
        csms: &Csms,
        point: PointIx,
        notice: Notice,
        batch: &mut Batch,
    ) {
        let id = csms.point_id(point);
        let data = json!({
            "charge_point_id": id.as_str(),
            "notice_id": notice.id,
            "action": notice.action.name(),
            "payload": serde_json::from_str::<Value>(&notice.payload).unwrap_or_default(),
        });
        batch.facts.push(Fact::Notice(NoticeRow {
            notice: notice.id,
            point: id.clone(),
            at: now,
            action: notice.action.name().to_owned(),
            payload: notice.payload,
        }));
        self.tell_at(now, csms, point, "notice", data, batch);
    }

    fn site_changed(
        &mut self,
        now: Time,
        id: &SiteId,
        csms: &Csms,
        batch: &mut Batch,
        kind: &'static str,
        data: Value,
    ) {
        if let Some(site) = csms.site(id.as_str()) {
            batch.facts.push(site_fact(csms, site, now));
            self.tell(now, Some(id.to_string()), kind, data, batch);
        }
    }

    fn link(&mut self, now: Time, point: &ChargePointId, up: bool, csms: &Csms, batch: &mut Batch) {
        let kind = if up { "charge_point_connected" } else { "charge_point_disconnected" };
        if let Some(index) = csms.point(point.as_str()) {
            let data = json!({ "charge_point_id": point.as_str() });
            self.tell_at(now, csms, index, kind, data, batch);
        }
    }

    fn tell_at(
        &mut self,
        now: Time,
        csms: &Csms,
        point: PointIx,
        kind: &'static str,
        data: Value,
        batch: &mut Batch,
    ) {
        let site = csms.site_of(point).map(|site| csms.site_id(site).to_string());
        self.tell(now, site, kind, data, batch);
    }

    fn tell(
        &mut self,
        now: Time,
        site_id: Option<String>,
        kind: &'static str,
        data: Value,
        batch: &mut Batch,
    ) {
        self.sequence += 1;
        let site = site_id.as_deref().unwrap_or_default();
        if ROUTINE.contains(&kind) {
            debug!(at = %now.to_ocpp(), site, %data, "{kind}");
        } else {
            info!(at = %now.to_ocpp(), site, %data, "{kind}");
        }
        let event = LiveEvent { sequence: self.sequence, at: now.to_ocpp(), site_id, kind, data };
        batch.releases.push(Release::Event(Arc::new(event)));
    }
}

fn site_fact(csms: &Csms, site: SiteIx, now: Time) -> Fact {
    let view = csms.site_view(site);
    let updated_at = view.configured_at.unwrap_or(now);
    Fact::Site(SiteRow { site: view.id, name: view.name, config: view.config, updated_at })
}

fn point_fact(csms: &Csms, point: PointIx) -> Option<Fact> {
    let view = csms.point_view(point)?;
    Some(Fact::Point(PointRow {
        point: view.id,
        site: view.site,
        hardware: view.hardware,
        connectors: view.connectors.len() as u32,
        registered: view.registered,
    }))
}

fn transaction_fact(
    csms: &Csms,
    transaction_id: i64,
    ended: Option<TransactionEnd>,
) -> Option<Fact> {
    let view = csms.transaction(transaction_id)?;
    Some(Fact::Transaction(TransactionRow {
        transaction_id,
        session: view.session,
        point: view.point,
        connector: view.connector,
        id_tag: view.id_tag,
        started_at: view.started_at,
        said: view.said,
        meter_start_wh: view.meter_start_wh,
        stop: view.stop,
        wish: view.wish,
        ended,
    }))
}
