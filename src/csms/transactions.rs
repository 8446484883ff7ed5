//! Transactions: who charges where, told once however often it is reported.

use std::collections::{BTreeMap, VecDeque};

use crate::csms::account::{Account, Scale};
use crate::csms::active::Active;
use crate::csms::event::{Event, Trigger};
use crate::csms::gate::REPORTS;
use crate::csms::line::Order;
use crate::csms::point::Connector;
use crate::csms::timers::Key;
use crate::csms::{Csms, PointIx, Wish};
use crate::ids::{self, SessionId};
use crate::ocpp::messages::{StartTransactionRequest, StopTransactionRequest};
use crate::ocpp::meter::MeterReading;
use crate::ocpp::types::{ChargePointStatus, StopReason};
use crate::time::{Span, Time};

/// A start older than this was queued while offline; its stop may be queued behind it.
const BELATED_AFTER: Span = Span::from_s(300);
/// What is this young was not queued for long.
pub(super) const CURRENT_WITHIN: Span = Span::from_s(60);
/// Ended transactions remembered, to recognise repeated messages.
const REMEMBERED: usize = 10_000;
/// Stops of transactions that were never started here, remembered to recognise repetitions.
const STRAYS: usize = 1_000;

/// A transaction, running or ended.
#[derive(Clone, Debug)]
pub(crate) struct Transaction {
    pub(crate) session: SessionId,
    pub(crate) point: PointIx,
    pub(crate) connector: u32,
    pub(crate) id_tag: String,
    /// When it began, in our time.
    pub(crate) timestamp: Time,
    /// The same as its station said it, to recognise a repetition.
    pub(crate) said: Time,
    pub(crate) meter_start: i64,
    pub(crate) wish: Wish,
    pub(crate) ended: bool,
    /// What its end said, to recognise a repetition.
    pub(crate) stop: Option<StopTold>,
}

/// What a StopTransaction says that no other one does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StopTold {
    /// Its timestamp, as its station said it.
    pub said: Time,
    /// The register, Wh.
    pub meter_stop_wh: i64,
}

impl StopTold {
    fn of(stop: &StopTransactionRequest<'_>) -> StopTold {
        StopTold { said: stop.timestamp.0, meter_stop_wh: stop.meter_stop }
    }
}

/// A stop that was recorded, and what is to be known to recognise it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stray {
    pub(super) point: PointIx,
    pub(super) told: StopTold,
    /// The id that it named; `None`: that was not kept.
    pub(super) id: Option<i64>,
}

/// All transactions of a central system.
#[derive(Debug, Default)]
pub(crate) struct Transactions {
    by_id: BTreeMap<i64, Transaction>,
    /// Ids of the remembered transactions of each charge point, oldest first.
    at_point: BTreeMap<PointIx, Vec<i64>>,
    /// Stops without a start that were recorded, and where.
    strays: VecDeque<Stray>,
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

    /// What the driver of a transaction wants has become known.
    pub(super) fn wished(&mut self, id: i64, wish: Wish) {
        if let Some(transaction) = self.by_id.get_mut(&id) {
            transaction.wish = wish;
        }
    }

    /// Whether a stop without a start is told for the first time; it is remembered.
    fn is_new_stray(&mut self, point: PointIx, stop: &StopTransactionRequest<'_>) -> bool {
        let (told, id) = (StopTold::of(stop), stop.transaction_id);
        // Without a clock different stops may say the same words.
        let dated = stop.timestamp.is_plausible();
        let is_same = |stray: &Stray| {
            (stray.point, stray.told) == (point, told) && (dated || stray.id == Some(id))
        };
        let is_new = !self.strays.iter().any(is_same);
        if is_new {
            self.remember_stop(Stray { point, told, id: Some(id) });
        }
        is_new
    }

    /// A stop that is a repetition from now on, whatever transaction it names.
    pub(super) fn remember_stop(&mut self, stop: Stray) {
        if self.strays.len() == STRAYS {
            self.strays.pop_front();
        }
        self.strays.push_back(stop);
    }

    fn same_start(&self, point: PointIx, start: &StartTransactionRequest<'_>) -> Option<i64> {
        // Without a clock the same words mean the same start only while it runs.
        let dated = start.timestamp.is_plausible();
        let is_same = |transaction: &Transaction| {
            transaction.connector == start.connector_id
                && transaction.meter_start == start.meter_start
                && transaction.said == start.timestamp.0
                && (dated || !transaction.ended)
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
        let (timestamp, off) = self.points[point.0].clock.read(start.timestamp, now);
        if off {
            self.count("a clock is off".to_owned());
        }
        let index = self.points[point.0].connector(start.connector_id);
        self.transactions.insert(
            id,
            Transaction {
                session: session.clone(),
                point,
                connector: start.connector_id,
                id_tag: start.id_tag.to_string(),
                timestamp,
                said: start.timestamp.0,
                meter_start: start.meter_start,
                wish: Wish::default(),
                // Where no connector is, nothing runs.
                ended: index.is_none(),
                stop: None,
            },
        );
        let Some(index) = index else {
            self.count("StartTransaction on an unknown connector".to_owned());
            self.emit(Event::IdTaken { transaction_id: id });
            return id;
        };
        if self.points[point.0].connectors[index].active.is_some() {
            self.count("StartTransaction on a busy connector".to_owned());
            // What the register shows now is the best that is known of the old one.
            let register = Some((start.meter_start, timestamp));
            let reason = StopReason::Other;
            self.end(now, point, index, Ending { at: timestamp, register, stop: None, reason });
        }
        let state = &mut self.points[point.0];
        let connector = &state.connectors[index];
        let charges = connector.charges();
        // A start that waited so long that the car, let in by a card, has left meanwhile.
        let since = connector.stated_at.is_none_or(|stated| stated > start.timestamp.0);
        let left = connector.reported
            && !charges
            && since
            && now.since(timestamp) > CURRENT_WITHIN
            && !state.has_slot(&start.id_tag);
        if !charges && !left {
            state.take_slot(Some(&start.id_tag));
        }
        let bound = state.start_bound_at(&state.connectors[index]);
        let account =
            Account::new(start.meter_start, state.connectors[index].meter_scale, timestamp);
        let mut active = Active::new(id, account, bound, now);
        active.belated = now.since(timestamp) > BELATED_AFTER && !charges;
        if active.belated {
            // Who came first is told by who began first.
            active.started = timestamp;
        }
        active.gone = left.then_some(now);
        state.connectors[index].active = Some(active);
        state.connectors[index].unasked = false;
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
        let (at, _) = self.points[point.0].clock.read(stop.timestamp, now);
        let rated = self.points[point.0].hardware.max_power;
        let index = self.points[point.0].connectors.iter().position(|connector| {
            connector
                .active
                .as_ref()
                .is_some_and(|active| active.transaction_id == stop.transaction_id)
        });
        let index = index.or_else(|| {
            let meant = self.meant_by(point, stop)?;
            self.transactions.is_new_stray(point, stop).then_some(meant)
        });
        let Some(index) = index else {
            let known = self.transactions.get(stop.transaction_id);
            return match known.is_some_and(|known| known.ended && known.point == point) {
                true => self.count("StopTransaction repeated".to_owned()),
                false => self.stray_stop(now, point, stop, (at, reason)),
            };
        };
        if let Some(active) = self.points[point.0].connectors[index].active.as_mut() {
            let values = stop.transaction_data.as_deref().unwrap_or_default();
            for (taken, reading) in MeterReading::by_instant(values) {
                let taken = if taken.is_plausible() { taken.0.min(at) } else { at };
                active.account.show(reading.energy_mwh, None, taken, rated);
            }
        }
        let (register, stop) = (Some((stop.meter_stop, at)), Some(StopTold::of(stop)));
        self.end(now, point, index, Ending { at, register, stop, reason });
    }

    /// The running transaction that a stop with id -1 or 0 ends: its station never learned the id,
    /// because the answer to its start was lost for good (errata 3.18).
    fn meant_by(&self, point: PointIx, stop: &StopTransactionRequest<'_>) -> Option<usize> {
        if stop.transaction_id > 0 {
            return None;
        }
        let is_meant = |connector: &Connector| {
            let active = connector.active.as_ref()?;
            let start = self.transactions.get(active.transaction_id)?;
            let same = |card: &str| start.id_tag.eq_ignore_ascii_case(card);
            let fits = stop.id_tag.as_deref().is_none_or(same) && start.said <= stop.timestamp.0;
            fits.then_some(())
        };
        let connectors = self.points[point.0].connectors.iter().enumerate();
        let mut meant = connectors.filter_map(|(index, c)| is_meant(c).map(|()| index));
        meant.next().filter(|_| meant.next().is_none())
    }

    /// A transaction of which only the end was told: its start was lost for good (id -1, errata
    /// 3.18), or the station charges without asking. What its end says is kept, once.
    fn stray_stop(
        &mut self,
        now: Time,
        point: PointIx,
        stop: &StopTransactionRequest<'_>,
        (at, reason): (Time, StopReason),
    ) {
        self.count("StopTransaction of an unknown transaction".to_owned());
        if !self.transactions.is_new_stray(point, stop) {
            return;
        }
        let state = &self.points[point.0];
        let idle = |connector: &Connector| connector.active.is_none();
        let connector = state.connectors.iter().position(idle).unwrap_or(0) as u32 + 1;
        let rated = state.hardware.max_power;
        let values = stop.transaction_data.as_deref().unwrap_or_default();
        let mut registers = MeterReading::by_instant(values)
            .filter_map(|(taken, reading)| Some((taken, reading.energy_mwh?)));
        let first = registers.next().filter(|(taken, _)| taken.is_plausible());
        let (began, meter_start) =
            first.map_or((at, stop.meter_stop), |(taken, register)| (taken.0, register / 1000));
        let mut account = Account::new(meter_start, Scale::default(), began.min(at));
        account.close(stop.meter_stop, at, rated);
        let transaction_id = self.transactions.reserve_id();
        let transaction = Transaction {
            session: SessionId::new(&ids::make("ses", now, transaction_id as u64)),
            point,
            connector,
            id_tag: stop.id_tag.as_deref().unwrap_or_default().to_owned(),
            timestamp: began.min(at),
            said: stop.timestamp.0,
            meter_start,
            wish: Wish::default(),
            ended: true,
            stop: Some(StopTold::of(stop)),
        };
        self.transactions.insert(transaction_id, transaction);
        let energy_wh = account.wh();
        self.emit(Event::SessionFound { point, transaction_id, at, energy_wh, reason });
    }

    fn end(&mut self, now: Time, point: PointIx, index: usize, ending: Ending) {
        let state = &mut self.points[point.0];
        let rated = state.hardware.max_power;
        let Some(mut active) = state.connectors[index].active.take() else { return };
        state.connectors[index].measured_w = 0;
        let older = state.clock.is_older(ending.at);
        let connector = &mut state.connectors[index];
        if !older {
            // It ran until now.
            connector.unsure_until = None;
        } else if !connector.reported {
            // Nobody knows what has begun since.
            connector.unsure_until = Some(now + REPORTS);
            state.line.want(Order::TriggerStatus { connector: index });
            self.timers.arm_by(Key::Slots(point), now + REPORTS);
        }
        if connector.charges() && !(older && connector.reported) {
            // Until its own report comes, no other transaction runs here.
            connector.status = ChargePointStatus::Finishing;
        }
        let state = &mut self.points[point.0];
        self.timers.disarm(Key::Settle(point, index));
        self.timers.disarm(Key::Confirm(point, index));
        if let Some((register, at)) = ending.register {
            active.account.close(register, at, rated);
        }
        if let Some(bound) = active.leaves.max(state.connectors[index].leftover) {
            self.clear_leftover(point, index, bound);
        }
        let (mut session, mut at) = (None, ending.at);
        if let Some(transaction) = self.transactions.by_id.get_mut(&active.transaction_id) {
            transaction.ended = true;
            transaction.stop = ending.stop;
            at = at.max(transaction.timestamp);
            session = Some(transaction.session.clone());
        }
        self.want_default_limit(point);
        self.clear_cap(point);
        self.update_reserved(point);
        if let Some(session) = session {
            let connector = index as u32 + 1;
            let transaction_id = active.transaction_id;
            self.emit(Event::SessionEnded {
                point,
                connector,
                session,
                transaction_id,
                at,
                energy_wh: active.account.wh(),
                reason: ending.reason,
            });
        }
        self.trigger(now, point, Trigger::SessionEnd);
    }
}

/// How a transaction ends.
#[derive(Clone, Copy, Debug)]
struct Ending {
    /// When, in our time.
    at: Time,
    /// The register, Wh, and when it was read; `None`: it was not told.
    register: Option<(i64, Time)>,
    stop: Option<StopTold>,
    reason: StopReason,
}
