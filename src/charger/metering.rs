//! When MeterValues are sent: every interval of a transaction, at clock-aligned instants, on
//! request, and with the end of a transaction (ocpp.md §3.4).

use crate::charger::keys::KeyId;
use crate::charger::outbox::{About, Gap};
use crate::charger::point::ChargePoint;
use crate::charger::sample::{Reading, TransactionField};
use crate::ocpp::types::ReadingContext;
use crate::time::{Span, Time};

const DAY: Span = Span::from_s(86_400);

impl ChargePoint {
    /// The first multiple of `MeterValueSampleInterval` after `now`, counted from the start of the
    /// transaction; never when the interval is 0.
    pub(super) fn next_sample(&self, started: Time, now: Time) -> Time {
        let interval = self.keys.sample_interval();
        if interval == Span::ZERO {
            return Time::NEVER;
        }
        let passed = now.since(started).0.div_euclid(interval.0);
        started + interval * (passed + 1)
    }

    /// `MeterValueSampleInterval` changed.
    pub(super) fn reschedule_samples(&mut self, now: Time) {
        for c in 0..self.connectors.len() {
            let started = self.connectors[c].running().map(|charge| charge.started);
            let next = started.map(|started| self.next_sample(started, now));
            if let (Some(next), Some(charge)) = (next, self.connectors[c].charge_mut()) {
                charge.next_sample = next;
            }
        }
    }

    /// The first multiple of `ClockAlignedDataInterval` after `now`, counted anew from every
    /// midnight UTC by the station's clock.
    pub(super) fn schedule_clock_sample(&mut self, now: Time) {
        let interval = self.keys.span(KeyId::ClockAlignedDataInterval);
        self.clock_sample_at = if interval == Span::ZERO {
            Time::NEVER
        } else {
            let shown = self.clock(now);
            let midnight = shown.next_multiple(DAY) - DAY;
            let passed = shown.since(midnight).0 / interval.0;
            let next = (midnight + interval * (passed + 1)).min(midnight + DAY);
            self.when_clock_shows(next)
        };
    }

    /// Sends the samples that are due.
    pub(super) fn run_samples(&mut self, now: Time) {
        for c in 0..self.connectors.len() {
            if let Some(charge) = self.connectors[c].running()
                && charge.next_sample <= now
            {
                let next = self.next_sample(charge.started, now);
                self.queue_meter_values(now, c, ReadingContext::SamplePeriodic);
                if let Some(charge) = self.connectors[c].charge_mut() {
                    charge.next_sample = next;
                }
            }
        }
        if self.clock_sample_at <= now {
            for c in 0..self.connectors.len() {
                self.queue_meter_values(now, c, ReadingContext::SampleClock);
            }
            self.schedule_clock_sample(now);
        }
    }

    /// Queues MeterValues of one connector; false when nothing is configured to be sampled.
    /// Readings outside a transaction are dropped while nobody listens.
    pub(super) fn queue_meter_values(
        &mut self,
        now: Time,
        c: usize,
        context: ReadingContext,
    ) -> bool {
        let mut reading = self.reading(now, c);
        reading.draw = self.shown_draw(now, c, reading.draw);
        let measurands = match context {
            ReadingContext::SampleClock => self.keys.measurands(KeyId::MeterValuesAlignedData),
            _ => self.keys.sampled_data(),
        };
        if !reading.shows_any(measurands) {
            return false;
        }
        let running = self.connectors[c].running().map(|charge| charge.transaction_id);
        let transaction = match running {
            None => TransactionField::Absent,
            Some(Some(id)) => TransactionField::Known(id),
            Some(None) => TransactionField::Gap,
        };
        let mut payload = self.outbox.buffer();
        let number = self.connectors[c].number;
        let gap = reading.write_request(&mut payload, number, transaction, context, measurands);
        let may_send =
            self.is_connected() || (context == ReadingContext::Trigger && self.is_reachable());
        if running.is_some() {
            let serial = self.connectors[c].session.as_ref().map_or(0, |session| session.serial);
            let gap = gap.map(|at| Gap { session: serial, at });
            self.outbox.push_transactional(About::Meter, payload, gap);
        } else if may_send {
            self.outbox.push(About::Meter, payload);
        }
        true
    }

    /// An element of `transactionData`, as `StopTxnSampledData` configures it; empty when it
    /// configures nothing.
    pub(super) fn transaction_data(&self, now: Time, c: usize, begins: bool) -> String {
        let reading = self.reading(now, c);
        let measurands = self.keys.measurands(KeyId::StopTxnSampledData);
        let mut text = String::new();
        if reading.shows_any(measurands) {
            let context = match begins {
                true => ReadingContext::TransactionBegin,
                false => ReadingContext::TransactionEnd,
            };
            reading.write_meter_value(&mut text, context, measurands);
        }
        text
    }

    fn reading(&self, now: Time, c: usize) -> Reading {
        let connector = &self.connectors[c];
        Reading {
            at: self.clock(now),
            register_wh: self.shown_wh(now, c),
            draw: connector.meter.draw(),
            offer: connector.offer,
            soc_tenths: connector.soc_tenths,
            phases: self.spec.phases,
            voltage_v: self.spec.voltage_v,
        }
    }
}
