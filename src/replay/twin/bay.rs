//! One connector: which car stands there, and what its meter counts.

use super::limits::InForce;
use super::power::Power;
use super::seen::{Arrived, Departed, Sample, Visit};
use crate::ocpp::MeterReading;
use crate::ocpp::types::{ChargePointStatus as Status, StopReason};
use crate::time::{Span, Time};

/// A card that is presented longer before the start than this was presented for something else.
const CARD: Span = Span::from_s(10 * 60);
/// What registers in kWh with two decimals are rounded down by, and a little more.
const ROUNDED_MWH: i64 = 20_000;
/// Power below which nobody charges.
const IDLE_W: i64 = 100;

/// A connector.
#[derive(Debug)]
pub(super) struct Bay {
    point: usize,
    connector: u32,
    visit: Option<Open>,
    /// The limit in force, and since when.
    limit: (InForce, Time),
    /// Whether anything was told of this connector.
    known: bool,
}

/// A car that is there.
#[derive(Debug)]
struct Open {
    visit: Visit,
    /// The register, and when it showed that.
    register: Option<(Time, i64)>,
    /// Power of the last reading, and whether power is measured at all.
    power_w: i64,
    measured: bool,
    running: bool,
    /// Id of the transaction; `None`: not known.
    transaction: Option<i64>,
    /// When the last transaction ended.
    stopped: Option<Time>,
    /// The status told that it left, before its transaction ended.
    left: Option<Time>,
}

/// The start of a transaction, as it is asked for.
#[derive(Clone, Debug)]
pub(super) struct Start {
    pub(super) at: Time,
    pub(super) id_tag: Option<String>,
    pub(super) meter_wh: Option<i64>,
    /// When the card was presented.
    pub(super) card: Option<Time>,
}

impl Bay {
    pub(super) fn new(point: usize, connector: u32) -> Bay {
        Bay { point, connector, visit: None, limit: (InForce::default(), Time(0)), known: false }
    }

    /// Id of the transaction that runs.
    pub(super) fn runs(&self, id: i64) -> bool {
        self.visit.as_ref().is_some_and(|it| it.running && it.transaction == Some(id))
    }

    /// Whether a transaction runs.
    pub(super) fn is_running(&self) -> bool {
        self.visit.as_ref().is_some_and(|it| it.running)
    }

    /// Phases on which its car draws; 0: not known.
    pub(super) fn phases(&self) -> u8 {
        self.visit
            .as_ref()
            .and_then(|it| it.visit.samples.iter().rev().map(Sample::phases).find(|it| *it > 0))
            .unwrap_or(0)
    }

    /// What its car drew last, W.
    pub(super) fn power_w(&self) -> i64 {
        self.visit.as_ref().map_or(0, |it| it.power_w)
    }

    /// A limit comes into force, perhaps the same again.
    pub(super) fn limited(&mut self, at: Time, limit: InForce) {
        if self.limit.0 != limit {
            self.limit = (limit, at);
        }
    }

    /// The status of the connector. `begins`: when the charge point was first heard of.
    pub(super) fn status(&mut self, at: Time, status: Status, begins: Time) -> Option<Visit> {
        let first = !std::mem::replace(&mut self.known, true);
        match status {
            Status::Available | Status::Reserved | Status::Unavailable => {
                if let Some(open) = self.visit.as_mut().filter(|it| it.running) {
                    // Its StopTransaction is still to come.
                    open.left.get_or_insert(at);
                    return None;
                }
                let plain = status == Status::Available;
                plain.then(|| self.gone(at, Departed::Unplugged)).flatten()
            }
            Status::Preparing => {
                // Where the status stays at Finishing, the next car tells that the last one left.
                let before = self.stopped_car();
                let arrived = if first { (begins, Arrived::Before) } else { (at, Arrived::Plug) };
                self.comes(arrived);
                before
            }
            Status::Charging | Status::SuspendedEv | Status::SuspendedEvse => {
                if self.visit.is_none() {
                    self.comes(if first { (begins, Arrived::Before) } else { (at, Arrived::Plug) });
                }
                let Some(open) = &mut self.visit else { return None };
                match status {
                    Status::SuspendedEv => {
                        open.visit.suspended_by_car.get_or_insert(at);
                    }
                    Status::Charging if open.visit.suspended_by_car.take().is_some() => {
                        open.visit.pauses += 1;
                    }
                    _ => {}
                }
                None
            }
            Status::Finishing | Status::Faulted => None,
        }
    }

    /// StartTransaction. What it returns is the visit that must have ended before.
    pub(super) fn start(&mut self, start: Start) -> Option<Visit> {
        self.known = true;
        let other = self.visit.as_ref().is_some_and(|open| {
            let card = &open.visit.id_tag;
            open.running || (card.is_some() && *card != start.id_tag)
        });
        let before = other.then(|| self.gone(start.at, Departed::Stopped)).flatten();
        let card = start.card.filter(|card| start.at.since(*card) <= CARD);
        let arrived = match card {
            Some(card) => (card, Arrived::Card),
            None => (start.at, Arrived::Start),
        };
        self.comes(arrived);
        let open = self.visit.as_mut()?;
        open.visit.id_tag = start.id_tag;
        open.visit.transactions += 1;
        open.running = true;
        open.transaction = None;
        open.stopped = None;
        open.left = None;
        if let Some(wh) = start.meter_wh {
            // What was counted between two transactions of a stay was counted, too.
            open.counts(start.at, wh * 1000, &mut Power::default());
        }
        before
    }

    /// StartTransaction is answered.
    pub(super) fn started(&mut self, at: Time, id: i64) {
        if let Some(open) = self.visit.as_mut().filter(|it| it.running) {
            open.transaction = Some(id);
            open.visit.started = Some(at);
        }
    }

    /// A reading of the meter. `begins`: when the charge point was first heard of.
    pub(super) fn reads(
        &mut self,
        at: Time,
        transaction: Option<i64>,
        reading: &MeterReading,
        begins: Time,
        power: &mut Power,
    ) {
        let first = !std::mem::replace(&mut self.known, true);
        let draws = reading.power_w.is_some_and(|it| it > IDLE_W);
        if self.visit.is_none() && (transaction.is_some() || draws) {
            self.comes((if first { begins } else { at }, Arrived::Before));
        }
        let limit = self.limit;
        let Some(open) = &mut self.visit else { return };
        if transaction.is_some() && open.visit.transactions == 0 {
            open.visit.transactions = 1;
            open.running = true;
            open.transaction = transaction;
        }
        open.reads(at, reading, limit, power);
    }

    /// StopTransaction.
    pub(super) fn stop(
        &mut self,
        at: Time,
        meter_wh: Option<i64>,
        reason: Option<StopReason>,
        power: &mut Power,
    ) -> Option<Visit> {
        let open = self.visit.as_mut()?;
        open.running = false;
        open.stopped = Some(at);
        if let Some(wh) = meter_wh {
            open.counts(at, wh * 1000, power);
        }
        match (reason, open.left) {
            (Some(StopReason::EvDisconnected), _) => self.gone(at, Departed::Unplugged),
            (_, Some(left)) => self.gone(left.max(at), Departed::Unplugged),
            _ => None,
        }
    }

    /// The trace ends.
    pub(super) fn end(mut self, at: Time) -> Option<Visit> {
        self.stopped_car().or_else(|| self.gone(at, Departed::TraceEnds))
    }

    /// A car whose transaction has ended and of which no more was heard.
    fn stopped_car(&mut self) -> Option<Visit> {
        let stopped = self.visit.as_ref().filter(|it| !it.running)?.stopped?;
        self.gone(stopped, Departed::Stopped)
    }

    fn comes(&mut self, (arrival, arrived): (Time, Arrived)) {
        let (point, connector) = (self.point, self.connector);
        self.visit.get_or_insert_with(|| Open {
            visit: Visit {
                point,
                connector,
                arrival,
                arrived,
                departure: arrival,
                departed: Departed::TraceEnds,
                id_tag: None,
                transactions: 0,
                started: None,
                delivered_mwh: 0,
                suspended_by_car: None,
                pauses: 0,
                samples: Vec::new(),
            },
            register: None,
            power_w: 0,
            measured: false,
            running: false,
            transaction: None,
            stopped: None,
            left: None,
        });
    }

    fn gone(&mut self, departure: Time, departed: Departed) -> Option<Visit> {
        let Open { visit, .. } = self.visit.take()?;
        Some(Visit { departure: departure.max(visit.arrival), departed, ..visit })
    }
}

impl Open {
    fn reads(
        &mut self,
        at: Time,
        reading: &MeterReading,
        limit: (InForce, Time),
        power: &mut Power,
    ) {
        let before = self.register;
        if let Some(mwh) = reading.energy_mwh {
            self.counts(at, mwh, power);
        }
        let power_w = reading.power_w.map(|watts| match reading.power_of_one_phase {
            true => watts * self.visit.samples.last().map_or(1, |it| i64::from(it.phases().max(1))),
            false => watts,
        });
        if power_w.is_none() && self.measured {
            return;
        }
        self.measured |= power_w.is_some();
        // What is not measured is what the register says.
        let counted = before.zip(self.register).and_then(|((from, a), (to, b))| {
            let hours = to.since(from).s() / 3600.0;
            (hours > 0.0 && b >= a).then(|| ((b - a) as f64 / 1000.0 / hours).round() as i64)
        });
        self.power_w = power_w.or(counted).unwrap_or(self.power_w);
        let sample = Sample {
            at,
            energy_mwh: self.visit.delivered_mwh,
            power_w: self.power_w,
            current_da: reading.current_da,
            offered_da: reading.offered_da,
            offered_w: reading.offered_w,
            limit: limit.0,
            limit_since: limit.1,
            soc_pct: reading.soc_pct,
        };
        match self.visit.samples.as_mut_slice() {
            [.., a, b] if sample.is_like(a) && sample.is_like(b) => *b = sample,
            _ => self.visit.samples.push(sample),
        }
    }

    /// The register shows this much. Where it falls by more than rounding makes it was set back.
    fn counts(&mut self, at: Time, mwh: i64, power: &mut Power) {
        if self.register.is_some_and(|(_, before)| (before - ROUNDED_MWH..before).contains(&mwh)) {
            return;
        }
        if let Some((from, before)) = self.register
            && mwh > before
        {
            self.visit.delivered_mwh += mwh - before;
            power.add(from, at, (mwh - before) as f64);
        }
        self.register = Some((at, mwh));
    }
}
