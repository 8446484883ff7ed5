//! What a station with quirks does by itself.

use crate::charger::Output;
use crate::charger::connector::Phase;
use crate::charger::outbox::{About, Gap};
use crate::charger::point::ChargePoint;
use crate::charger::registration::FIRMWARE;
use crate::charger::serve::json;
use crate::ocpp::action::Action;
use crate::ocpp::messages::{StartTransactionRequest, StopTransactionRequest};
use crate::ocpp::timestamp::Timestamp;
use crate::ocpp::types::{ReadingContext, StopReason};
use crate::time::{Span, Time};

/// Between two reports of an idle firmware by a station that expects no refusal of them.
const FIRMWARE_EVERY: Span = Span::from_s(60);
/// A transaction of a station that was offline began this long ago and took so long.
const OLD: Span = Span::from_s(3 * 3600);
const OLD_LASTED: Span = Span::from_s(3600);
/// A transaction the central system has never heard of.
const UNHEARD_OF: i64 = 9_876_543;

impl ChargePoint {
    /// When the habits have something to do.
    pub(in crate::charger) fn habits_due(&self) -> Time {
        let Some(oddity) = &self.oddity else { return Time::NEVER };
        let late = oddity.late_answers.front().map_or(Time::NEVER, |(at, _)| *at);
        let statuses = oddity.spots.iter().filter_map(|spot| spot.status_at).min();
        let idle = if self.is_connected() { oddity.idle_at } else { Time::NEVER };
        late.min(statuses.unwrap_or(Time::NEVER)).min(idle).min(oddity.firmware_at)
    }

    /// Does what is due.
    pub(in crate::charger) fn run_habits(&mut self, now: Time) {
        let Some(oddity) = &mut self.oddity else { return };
        oddity.now = now;
        while oddity.late_answers.front().is_some_and(|(at, _)| *at <= now) {
            let reply = oddity.late_answers.pop_front().map(|(_, reply)| Output::Send(reply));
            reply.into_iter().for_each(|reply| self.outputs.push_back(reply));
        }
        let mut owed = Vec::new();
        for (c, spot) in oddity.spots.iter_mut().enumerate() {
            if spot.status_at.is_some_and(|at| at <= now) {
                // From here on it is told as it is.
                spot.status_at = Some(Time::NEVER);
                owed.push(c);
            }
        }
        let idle = oddity.idle_at <= now;
        let firmware = oddity.firmware_at <= now;
        for c in owed {
            self.queue_status(now, self.connectors[c].number, self.connectors[c].status);
        }
        if idle && self.is_connected() {
            self.meter_idle_connectors(now);
        }
        if firmware {
            self.tell_firmware(now);
        }
    }

    fn meter_idle_connectors(&mut self, now: Time) {
        for c in 0..self.connectors.len() {
            if self.connectors[c].running().is_none() {
                self.queue_meter_values(now, c, ReadingContext::SamplePeriodic);
            }
        }
        let interval = self.keys.sample_interval();
        if let Some(oddity) = &mut self.oddity {
            let next = if interval > Span::ZERO { now + interval } else { Time::NEVER };
            oddity.idle_at = next;
        }
    }

    fn tell_firmware(&mut self, now: Time) {
        if self.is_connected() {
            let about = About::Odd(Action::FirmwareStatusNotification);
            self.outbox.push(about, "{\"status\":\"Idle\"}".to_owned());
        }
        if let Some(oddity) = &mut self.oddity {
            oddity.firmware_at = now + FIRMWARE_EVERY;
        }
    }

    /// The connection is open and the central system accepts the station.
    pub(in crate::charger) fn greet(&mut self, now: Time) {
        let Some(oddity) = &mut self.oddity else { return };
        oddity.errors = 0;
        let first = !std::mem::replace(&mut oddity.known, true);
        let knobs = &oddity.knobs;
        let (old, unheard) = (knobs.old_messages_on_connect, knobs.stop_without_start);
        let again = knobs.start_again_after_reconnect && !first;
        if knobs.meters_when_idle.is_some() {
            oddity.idle_at = now;
        }
        if knobs.disconnects_after_errors.is_some() {
            oddity.firmware_at = now + FIRMWARE_EVERY;
        }
        if first && old {
            self.queue_old_transaction(now);
        }
        if first && unheard {
            let ended = Timestamp(self.clock(now));
            let stop = stop(UNHEARD_OF, 1200, ended);
            self.outbox.push_transactional(About::Stop, stop, None);
        }
        if again {
            self.start_again();
        }
    }

    /// A transaction that a driver without a card had hours ago.
    fn queue_old_transaction(&mut self, now: Time) {
        self.last_session += 1;
        let session = self.last_session;
        let began = self.clock(now - OLD);
        let request = StartTransactionRequest {
            connector_id: 1,
            id_tag: crate::charger::serve::cut(self.id.as_str(), 20).into(),
            meter_start: 0,
            reservation_id: None,
            timestamp: Timestamp(began),
        };
        let about = About::Start { session };
        self.outbox.push_transactional(about, json(&request), None);
        let text = stop(0, 0, Timestamp(began + OLD_LASTED));
        let key = "\"transactionId\":";
        let at = text.find(key).map_or(text.len(), |at| at + key.len());
        let text = format!("{}{}", &text[..at], &text[at + 1..]);
        self.outbox.push_transactional(About::Stop, text, Some(Gap { session, at }));
    }

    /// Every running transaction is told once more, with its old timestamp.
    fn start_again(&mut self) {
        for c in 0..self.connectors.len() {
            let Some(session) = &self.connectors[c].session else { continue };
            let told =
                matches!(&session.phase, Phase::Running(charge) if charge.transaction_id.is_some());
            let about = About::Start { session: session.serial };
            if let Some(oddity) = self.oddity.as_ref().filter(|_| told) {
                let start = oddity.spots[c].start.clone();
                self.outbox.push_transactional(about, start, None);
            }
        }
    }

    /// A StartTransaction is about to be queued.
    pub(in crate::charger) fn before_start(&mut self, c: usize, about: About, payload: &str) {
        let Some(oddity) = &mut self.oddity else { return };
        oddity.spots[c].start = payload.to_owned();
        if oddity.knobs.duplicate_start {
            self.outbox.push_transactional(about, payload.to_owned(), None);
        }
    }

    /// A StatusNotification is about to be queued.
    pub(in crate::charger) fn before_status(&mut self) {
        if self.oddity.as_ref().is_some_and(|oddity| oddity.knobs.vendor_data_before_status) {
            let payload = "{\"vendorId\":\"Ampacity\",\"messageId\":\"state\",\"data\":\"1\"}";
            self.outbox.push(About::Odd(Action::DataTransfer), payload.to_owned());
        }
    }

    /// A session begins: a register that restarts does so here.
    pub(in crate::charger) fn restart_register(&mut self, now: Time, c: usize) {
        if let Some(oddity) = self.oddity.as_mut().filter(|oddity| oddity.knobs.meter_per_session) {
            oddity.spots[c].base_wh = self.connectors[c].meter.register_wh(now);
        }
    }

    /// What the register of a connector shows, Wh.
    pub(in crate::charger) fn shown_wh(&self, now: Time, c: usize) -> i64 {
        let base_wh = self.oddity.as_ref().map_or(0, |oddity| oddity.spots[c].base_wh);
        self.connectors[c].meter.register_wh(now) - base_wh
    }

    /// One of the station's CALLs was refused.
    pub(in crate::charger) fn count_refusal(&mut self) {
        let Some(oddity) = &mut self.oddity else { return };
        oddity.errors += 1;
        if oddity.knobs.disconnects_after_errors.is_some_and(|most| oddity.errors >= most) {
            oddity.errors = 0;
            self.outputs.push_back(Output::Disconnect);
        }
    }

    /// The connection is gone, and with it the answers that were to follow.
    pub(in crate::charger) fn forget_late_answers(&mut self) {
        if let Some(oddity) = &mut self.oddity {
            oddity.late_answers.clear();
            oddity.firmware_at = Time::NEVER;
        }
    }

    /// Firmware as the station tells it. Stations of other habits are of another kind, so that what
    /// a central system learns of one does not count for the others.
    pub(in crate::charger) fn firmware(&self) -> String {
        match &self.oddity {
            Some(oddity) if oddity.kind != 0 => format!("{FIRMWARE}-{:08x}", oddity.kind),
            _ => FIRMWARE.to_owned(),
        }
    }
}

fn stop(transaction_id: i64, meter_stop: i64, timestamp: Timestamp) -> String {
    json(&StopTransactionRequest {
        id_tag: None,
        meter_stop,
        timestamp,
        transaction_id,
        reason: Some(StopReason::Local),
        transaction_data: None,
    })
}
