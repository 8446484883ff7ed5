//! Boot, heartbeat, status reports, reset: how the station stands with the central system.

use crate::charger::connector::Phase;
use crate::charger::keys::KeyId;
use crate::charger::outbox::About;
use crate::charger::point::{ChargePoint, Power};
use crate::charger::security::event;
use crate::charger::serve::{cut, json};
use crate::charger::status::Status;
use crate::ocpp::messages::{
    BootNotificationRequest, BootNotificationResponse, HeartbeatRequest, StatusNotificationRequest,
};
use crate::ocpp::timestamp::Timestamp;
use crate::ocpp::types::{ChargePointErrorCode, RegistrationStatus, ResetType, StopReason};
use crate::time::{Span, Time};

/// Vendor in BootNotification.
pub const VENDOR: &str = "Ampacity";
/// Firmware version in BootNotification.
pub const FIRMWARE: &str = env!("CARGO_PKG_VERSION");

/// Wait after a BootNotification without a usable answer, and when the central system leaves the
/// choice to the station (interval 0, §4.2).
const BOOT_RETRY: Span = Span::from_s(30);
/// Between the answer to a Reset and going down: time for the StopTransactions.
const SOFT_RESET_DELAY: Span = Span::from_s(5);
const HARD_RESET_DELAY: Span = Span::from_s(1);
/// From going down to the BootNotification.
pub(super) const REBOOT_TIME: Span = Span::from_s(15);

impl ChargePoint {
    /// A new connection needs no BootNotification once the station is accepted (OCPP-J §5).
    pub(super) fn on_link_up(&mut self, now: Time) {
        if self.is_connected() {
            self.on_connected(now);
        }
    }

    /// The station may send at will: statuses the central system lacks, then what drivers wait for.
    fn on_connected(&mut self, now: Time) {
        self.heartbeat_at = now + self.keys.span(KeyId::HeartbeatInterval);
        self.greet(now);
        if self.station_reported != Some(self.station_status) {
            self.report_station_status(now);
        }
        for c in 0..self.connectors.len() {
            if self.connectors[c].reported != Some(self.connectors[c].status) {
                self.report_status(now, c);
            }
        }
        self.advance_waiting(now);
        self.report_extras();
    }

    /// Forgets every CALL that a lost link makes pointless, and what it was for begins anew.
    pub(super) fn drop_calls(&mut self, now: Time) {
        self.forget_late_answers();
        for call in self.outbox.link_down() {
            match call.about {
                About::Status { connector: 0 } => self.station_reported = None,
                About::Status { connector } => {
                    if let Some(c) = self.index(connector) {
                        self.connectors[c].reported = None;
                    }
                }
                About::Authorize { session } => {
                    if let Some(c) = self.session_index(session)
                        && let Some(session) = &mut self.connectors[c].session
                    {
                        session.phase = Phase::Waiting;
                    }
                }
                about => self.on_untold(about),
            }
        }
        if !self.is_accepted() && self.boot_at == Time::NEVER {
            self.boot_at = now;
        }
        self.advance_waiting(now);
    }

    pub(super) fn queue_boot(&mut self) {
        let updated = self.extras.as_deref().and_then(|extras| extras.firmware.clone());
        let firmware = updated.unwrap_or_else(|| self.firmware());
        let (model, serial) = (cut(&self.spec.model, 20), cut(self.id.as_str(), 25));
        let request = BootNotificationRequest {
            charge_point_vendor: VENDOR.into(),
            charge_point_model: model.into(),
            charge_point_serial_number: Some(serial.into()),
            charge_box_serial_number: None,
            firmware_version: Some(firmware.as_str().into()),
            iccid: None,
            imsi: None,
            meter_type: None,
            meter_serial_number: None,
        };
        let payload = json(&request);
        self.outbox.push(About::Boot, payload);
    }

    pub(super) fn on_boot_answer(&mut self, now: Time, answer: &BootNotificationResponse) {
        let was_accepted = self.is_accepted();
        self.set_clock(now, answer.current_time);
        self.registration = Some(answer.status);
        if answer.status == RegistrationStatus::Accepted {
            self.commissioned = true;
            self.keys.set_heartbeat_s(answer.interval);
            if was_accepted {
                self.heartbeat_at = now + self.keys.span(KeyId::HeartbeatInterval);
            } else {
                self.station_reported = None;
                for connector in self.connectors.iter_mut() {
                    connector.reported = None;
                }
                self.on_connected(now);
            }
            return;
        }
        if was_accepted {
            self.drop_calls(now);
        }
        let wait = Span::from_s(answer.interval.clamp(0, 86_400));
        self.boot_at = now + if wait == Span::ZERO { BOOT_RETRY } else { wait };
    }

    pub(super) fn on_boot_failed(&mut self, now: Time) {
        if !self.is_accepted() {
            self.boot_at = now + BOOT_RETRY;
        }
    }

    pub(super) fn queue_heartbeat(&mut self) {
        self.outbox.push(About::Heartbeat, json(&HeartbeatRequest {}));
    }

    /// A heartbeat at exactly every interval; one that still waits is not doubled.
    pub(super) fn on_heartbeat_due(&mut self, now: Time) {
        let interval = self.keys.span(KeyId::HeartbeatInterval);
        let missed = now.since(self.heartbeat_at).0 / interval.0;
        self.heartbeat_at += interval * (missed + 1);
        if !self.outbox.holds(About::Heartbeat) {
            self.queue_heartbeat();
        }
    }

    /// Reports the status of a connector, if anybody listens; otherwise it is reported on the next
    /// connection.
    pub(super) fn report_status(&mut self, now: Time, c: usize) {
        if self.is_connected() {
            self.connectors[c].reported = Some(self.connectors[c].status);
            self.queue_status(now, self.connectors[c].number, self.connectors[c].status);
        }
    }

    fn report_station_status(&mut self, now: Time) {
        if self.is_connected() {
            self.station_reported = Some(self.station_status);
            self.queue_status(now, 0, self.station_status);
        }
    }

    pub(super) fn queue_status(&mut self, now: Time, connector: u32, status: Status) {
        let request = StatusNotificationRequest {
            connector_id: connector,
            error_code: ChargePointErrorCode::NoError,
            info: None,
            status,
            timestamp: Some(Timestamp(self.clock(now))),
            vendor_id: None,
            vendor_error_code: None,
        };
        self.before_status();
        self.outbox.push(About::Status { connector }, json(&request));
    }

    pub(super) fn set_station_status(&mut self, now: Time, status: Status) {
        if self.station_status != status {
            self.station_status = status;
            self.report_station_status(now);
        }
    }

    /// Ends every session and goes down after a short while (§5.14). A second Reset changes
    /// nothing.
    pub(super) fn reset(&mut self, now: Time, kind: ResetType) {
        let (reason, delay) = match kind {
            ResetType::Soft => (StopReason::SoftReset, SOFT_RESET_DELAY),
            ResetType::Hard => (StopReason::HardReset, HARD_RESET_DELAY),
        };
        if self.power == Power::On {
            self.power = Power::Resetting(now + delay);
            self.security_event(now, event::RESET, None);
        }
        for c in 0..self.connectors.len() {
            self.end_session(now, c, reason);
            self.cancel_remote_start(now, c);
        }
    }

    /// Goes down without a warning, and with it the link: what ran ends with the meter's last
    /// reading, and is told after the boot.
    pub(super) fn go_dark(&mut self, now: Time, lasts: Span, reason: StopReason) {
        self.power = Power::Down(now + lasts);
        self.registration = None;
        for c in 0..self.connectors.len() {
            self.end_session(now, c, reason);
            self.cancel_remote_start(now, c);
        }
        self.security_event(now, event::RESET, Some(reason.as_str()));
        self.link_down(now);
    }

    /// Goes down or comes up when it is time.
    pub(super) fn run_power(&mut self, now: Time) {
        if let Power::Resetting(at) = self.power
            && at <= now
        {
            self.power = Power::Down(at + REBOOT_TIME);
            self.registration = None;
            self.drop_calls(now);
        }
        if let Power::Down(until) = self.power
            && until <= now
        {
            self.power = Power::On;
            self.keys.reboot();
            self.store.after_reboot(&self.transactions);
            self.boot_new_firmware(now);
            self.boot_at = now;
        }
    }
}
