//! Transactions: who charges where, told once however often it is reported.

use std::collections::BTreeMap;

use crate::allocation::{Reason, Strategy};
use crate::csms::acceptance::Learned;
use crate::csms::config::Hardware;
use crate::csms::event::{Binding, Event, Trigger};
use crate::csms::point::Active;
use crate::csms::timers::Key;
use crate::csms::{Csms, PointIx};
use crate::ids::{self, SessionId};
use crate::ocpp::messages::{MeterValuesRequest, StartTransactionRequest, StopTransactionRequest};
use crate::ocpp::meter::MeterReading;
use crate::ocpp::types::{ChargePointStatus, StopReason};
use crate::time::{Span, Time};
use crate::units::Watts;

/// A start older than this was queued while offline; its stop may be queued behind it.
const BELATED_AFTER: Span = Span::from_s(300);
/// A sample this young was not queued for long.
const CURRENT_WITHIN: Span = Span::from_s(60);
/// Ended transactions remembered, to recognise repeated messages.
const REMEMBERED: usize = 10_000;
/// No meter of a connector shows more, whatever its unit: 10 MW, 100 kA in tenths of an ampere.
const MOST_SHOWN: i64 = 10_000_000;
/// No register shows more: 10^15 Wh. Sums of them stay far from overflow.
const MOST_REGISTERED_WH: i64 = 1_000_000_000_000_000;
/// Steps of a draw below this are not worth recording as a cause: 0.7 kW.
const STEP_WORTH_W: i64 = 700;

/// A transaction, running or ended.
#[derive(Clone, Debug)]
pub(crate) struct Transaction {
    pub(crate) session: SessionId,
    pub(crate) point: PointIx,
    pub(crate) connector: u32,
    pub(crate) id_tag: String,
    pub(crate) timestamp: Time,
    pub(crate) meter_start: i64,
    pub(crate) ended: bool,
}

/// All transactions of a central system.
#[derive(Debug, Default)]
pub(crate) struct Transactions {
    by_id: BTreeMap<i64, Transaction>,
    /// Ids of the remembered transactions of each charge point, oldest first.
    at_point: BTreeMap<PointIx, Vec<i64>>,
    last_id: i64,
}

impl Transactions {
    /// An id that no transaction has had: positive 32-bit by the advice of errata 3.54.
    pub(crate) fn reserve_id(&mut self) -> i64 {
        self.last_id += 1;
        self.last_id
    }

    /// Ids up to this one are taken.
    pub(super) fn take_ids(&mut self, last: i64) {
        self.last_id = self.last_id.max(last);
    }

    pub(crate) fn get(&self, id: i64) -> Option<&Transaction> {
        self.by_id.get(&id)
    }

    pub(super) fn insert(&mut self, id: i64, transaction: Transaction) {
        self.at_point.entry(transaction.point).or_default().push(id);
        self.by_id.insert(id, transaction);
        if self.by_id.len() > REMEMBERED {
            let oldest = self.by_id.iter().find(|(_, known)| known.ended).map(|(id, _)| *id);
            if let Some((id, forgotten)) = oldest.and_then(|id| self.by_id.remove_entry(&id)) {
                self.at_point.entry(forgotten.point).or_default().retain(|known| *known != id);
            }
        }
    }

    fn same_start(&self, point: PointIx, start: &StartTransactionRequest<'_>) -> Option<i64> {
        let is_same = |transaction: &Transaction| {
            transaction.connector == start.connector_id
                && transaction.meter_start == start.meter_start
                && transaction.timestamp == start.timestamp.0
                && transaction.id_tag.eq_ignore_ascii_case(&start.id_tag)
        };
        let known = self.at_point.get(&point)?;
        known.iter().rev().copied().find(|id| self.get(*id).is_some_and(is_same))
    }
}

impl Csms {
    /// A StartTransaction. The same start told twice keeps its id; a new one on a busy connector
    /// ends the old transaction administratively (ocpp.md §3.3).
    pub(super) fn started(
        &mut self,
        now: Time,
        point: PointIx,
        start: &StartTransactionRequest<'_>,
    ) -> i64 {
        if let Some(id) = self.transactions.same_start(point, start) {
            self.count("StartTransaction repeated".to_owned());
            return id;
        }
        let id = self.transactions.reserve_id();
        let session = SessionId::new(&ids::make("ses", now, id as u64));
        let timestamp = if start.timestamp.is_plausible() { start.timestamp.0 } else { now };
        let index = self.points[point.0].connector(start.connector_id);
        self.transactions.insert(
            id,
            Transaction {
                session: session.clone(),
                point,
                connector: start.connector_id,
                id_tag: start.id_tag.to_string(),
                timestamp,
                meter_start: start.meter_start,
                // Where no connector is, nothing runs.
                ended: index.is_none(),
            },
        );
        let Some(index) = index else {
            self.count("StartTransaction on an unknown connector".to_owned());
            self.emit(Event::IdTaken { transaction_id: id });
            return id;
        };
        if self.points[point.0].connectors[index].active.is_some() {
            self.count("StartTransaction on a busy connector".to_owned());
            self.end(now, point, index, None, StopReason::Other);
        }
        let state = &mut self.points[point.0];
        let connector = &state.connectors[index];
        let charges = connector.charges();
        // A start that waited so long that the car, let in by a card, has left meanwhile.
        let left = connector.reported
            && !charges
            && now.since(timestamp) > CURRENT_WITHIN
            && !state.has_slot(&start.id_tag);
        if !charges && !left {
            state.take_slot(Some(&start.id_tag));
        }
        let bound = state.start_bound();
        let mut active = Active::new(id, start.meter_start, bound, now);
        active.belated = now.since(timestamp) > BELATED_AFTER && !charges;
        active.gone = left.then_some(now);
        state.connectors[index].active = Some(active);
        self.update_reserved(point);
        let connector = start.connector_id;
        self.emit(Event::SessionStarted { point, connector, session, transaction_id: id });
        self.trigger(now, point, Trigger::SessionStart);
        id
    }

    /// A StopTransaction: of a running transaction, of one that ended already, or of one that was
    /// never started here. All are acknowledged (ocpp.md §3.3, Q27).
    pub(super) fn stopped(&mut self, now: Time, point: PointIx, stop: &StopTransactionRequest<'_>) {
        let reason = stop.reason.unwrap_or(StopReason::Local);
        let index = self.points[point.0].connectors.iter().position(|connector| {
            connector
                .active
                .as_ref()
                .is_some_and(|active| active.transaction_id == stop.transaction_id)
        });
        match index {
            Some(index) => self.end(now, point, index, Some(stop.meter_stop), reason),
            None if self.transactions.get(stop.transaction_id).is_some_and(|known| known.ended) => {
                self.count("StopTransaction repeated".to_owned());
            }
            None => self.count("StopTransaction of an unknown transaction".to_owned()),
        }
    }

    fn end(
        &mut self,
        now: Time,
        point: PointIx,
        index: usize,
        meter_stop: Option<i64>,
        reason: StopReason,
    ) {
        let state = &mut self.points[point.0];
        let Some(active) = state.connectors[index].active.take() else { return };
        state.connectors[index].measured_w = 0;
        if state.connectors[index].charges() {
            // Until its own report comes, no other transaction runs here.
            state.connectors[index].status = ChargePointStatus::Finishing;
        }
        self.timers.disarm(Key::Settle(point, index));
        self.timers.disarm(Key::Confirm(point, index));
        let mut energy_wh = active.energy_wh;
        let mut session = None;
        if let Some(transaction) = self.transactions.by_id.get_mut(&active.transaction_id) {
            transaction.ended = true;
            session = Some(transaction.session.clone());
            if let Some(stop) = meter_stop {
                let most = MOST_REGISTERED_WH;
                energy_wh = energy_wh.max(stop.saturating_sub(transaction.meter_start).min(most));
            }
        }
        self.want_default_limit(point);
        self.update_reserved(point);
        if let Some(session) = session {
            let connector = index as u32 + 1;
            let transaction_id = active.transaction_id;
            self.emit(Event::SessionEnded {
                point,
                connector,
                session,
                transaction_id,
                energy_wh,
                reason,
            });
        }
        self.trigger(now, point, Trigger::SessionEnd);
    }

    /// MeterValues: the register feeds the session's energy, the draw feeds the ledger and the
    /// acceptance estimator.
    pub(super) fn metered(&mut self, now: Time, point: PointIx, values: &MeterValuesRequest<'_>) {
        let Some(index) = self.points[point.0].connector(values.connector_id) else { return };
        for (timestamp, mut reading) in MeterReading::by_instant(&values.meter_value) {
            if disbelieve(&mut reading) {
                self.count("MeterValues: impossible value".to_owned());
            }
            // A clock that is ahead must not make an old sample look new, and one that was never
            // set says nothing.
            let taken = if timestamp.is_plausible() { timestamp.0.min(now) } else { now };
            self.take_reading(now, point, index, &reading, taken);
        }
    }

    fn take_reading(
        &mut self,
        now: Time,
        point: PointIx,
        index: usize,
        reading: &MeterReading,
        taken: Time,
    ) {
        let state = &mut self.points[point.0];
        let control = &self.sites[state.site.0].control;
        let hardware = state.hardware;
        let connector = &mut state.connectors[index];
        let before_w = connector.measured_w;
        if let Some(power) = reading.power_w {
            connector.measured_w = power;
        }
        let measured = Watts(connector.measured_w);
        let Some(active) = connector.active.as_mut() else { return };
        if let Some(register) = reading.energy_wh {
            // A register never goes back within a transaction; one that does is not believed.
            let energy_wh = register.saturating_sub(active.meter_start).min(MOST_REGISTERED_WH);
            active.energy_wh = active.energy_wh.max(energy_wh);
        }
        let draws = reading.power_w.is_some_and(|power| power > 0);
        let still_there = draws && active.gone.is_some_and(|gone| taken > gone);
        if active.belated && now.since(taken) < CURRENT_WITHIN || still_there {
            // Messages about a transaction keep their order: no stop is waiting behind this one.
            active.belated = false;
            active.gone = None;
            self.trigger(now, point, Trigger::SessionStart);
            return self.take_reading(now, point, index, reading, taken);
        }
        // A sample that waited for a better line tells of an earlier limit.
        let answers_offer = taken >= active.offered_since;
        let phases_before = active.acceptance.phases();
        let learned = if control.learn_acceptance && answers_offer {
            let (offer, since) = (active.entry.confirmed(), active.offered_since);
            active.acceptance.observe(reading, offer, since, &hardware, taken)
        } else {
            Learned::Nothing
        };
        // Whom max_throughput admits depends on every cap, binding or not.
        let every_cap_counts = self.sites[state.site.0].config.strategy == Strategy::MaxThroughput;
        let matters = active.acceptance.phases() != phases_before
            || active.may_change_allocation(learned, &hardware)
            || (every_cap_counts && learned != Learned::Nothing);
        let tolerance = Watts(control.confirm_tolerance.0 * i64::from(active.phases(&hardware)));
        let confirm_after = control.confirm_after;
        let mut disobeyed = false;
        if reading.power_w.is_some() {
            let allowed = hardware.watts(active.entry.confirmed(), active.phases(&hardware));
            if measured <= allowed + tolerance {
                active.entry.confirmed_by_meter(taken, confirm_after);
            }
            if taken.since(active.offered_since) >= confirm_after {
                disobeyed = active.judge(measured, tolerance, &hardware);
            }
        }
        if learned != Learned::Nothing || (measured.0 - before_w).abs() >= STEP_WORTH_W {
            self.emit(Event::DrawStepped { point });
        }
        self.update_reserved(point);
        if disobeyed {
            // Others must make room for it, or get it back, at once.
            self.trigger(now, point, Trigger::Connection);
        } else if matters {
            self.trigger(now, point, Trigger::Acceptance);
        }
    }
}

/// Leaves out what no meter can show; true when there was such a value.
fn disbelieve(reading: &mut MeterReading) -> bool {
    let possible = |most: i64| move |value: &i64| (-most..=most).contains(value);
    let before = (reading.power_w, reading.current_da, reading.energy_wh);
    reading.power_w = reading.power_w.filter(possible(MOST_SHOWN));
    reading.current_da = reading.current_da.map(|current| current.filter(possible(MOST_SHOWN)));
    reading.energy_wh = reading.energy_wh.filter(possible(MOST_REGISTERED_WH));
    before != (reading.power_w, reading.current_da, reading.energy_wh)
}

impl Active {
    /// Whether what was learned can move anybody's rate. A cap that stays above the session's
    /// rate does not bind and changes nothing, nor does a cap that is lifted where it did not
    /// bind; not deciding then is what keeps large sites cheap.
    fn may_change_allocation(&self, learned: Learned, hardware: &Hardware) -> bool {
        match learned {
            Learned::Nothing => false,
            Learned::More => !matches!(self.binding, Binding::Allocation(Reason::Site)),
            Learned::Less => {
                let worth = self.acceptance.worth_offering(hardware);
                let worth = worth.map(|worth| hardware.watts(worth, self.phases(hardware)));
                self.acceptance.is_full() || worth.is_some_and(|worth| worth < self.rate)
            }
        }
    }

    /// Two samples in a row above everything that was permitted: the charger does not obey, and
    /// is budgeted at what it draws (allocation.md §3). Returns whether that began or ended.
    fn judge(&mut self, measured: Watts, tolerance: Watts, hardware: &Hardware) -> bool {
        let before = self.over_measured.is_some();
        let permitted = hardware.watts(self.entry.bound(), self.phases(hardware));
        if measured > permitted + tolerance {
            self.over_samples += 1;
            if self.over_samples >= 2 {
                self.over_measured = Some(measured + tolerance);
            }
        } else {
            self.over_samples = 0;
            self.over_measured = None;
        }
        self.over_measured.is_some() != before
    }
}
