//! Security events: what the station saw that the central system should know of.

use crate::charger::outbox::About;
use crate::charger::point::ChargePoint;
use crate::charger::serve::json;
use crate::ocpp::messages::SecurityEventNotificationRequest;
use crate::ocpp::timestamp::Timestamp;
use crate::time::Time;

pub(in crate::charger) const FIRMWARE_UPDATED: &str = "FirmwareUpdated";
pub(in crate::charger) const INVALID_CENTRAL_SYSTEM_CERTIFICATE: &str =
    "InvalidCentralSystemCertificate";
pub(in crate::charger) const INVALID_CHARGE_POINT_CERTIFICATE: &str =
    "InvalidChargePointCertificate";
pub(in crate::charger) const INVALID_FIRMWARE_CERTIFICATE: &str =
    "InvalidFirmwareSigningCertificate";
pub(in crate::charger) const INVALID_FIRMWARE_SIGNATURE: &str = "InvalidFirmwareSignature";
pub(in crate::charger) const RECONFIGURATION: &str = "ReconfigurationOfSecurityParameters";
pub(in crate::charger) const RESET: &str = "ResetOrReboot";

/// Most events kept for a central system that cannot be reached; the oldest go first.
const KEPT_EVENTS: usize = 50;

impl ChargePoint {
    /// Something happened. It is told in its turn, also after an outage or a reboot.
    pub(in crate::charger) fn security_event(&mut self, now: Time, kind: &str, info: Option<&str>) {
        let request = SecurityEventNotificationRequest {
            kind: kind.into(),
            timestamp: Timestamp(self.clock(now)),
            tech_info: info.map(Into::into),
        };
        let events = &mut self.extras_mut().events;
        if events.len() >= KEPT_EVENTS {
            events.pop_front();
        }
        events.push_back(json(&request));
        self.send_security_event();
    }

    /// Sends the oldest event that was not acknowledged, if somebody listens.
    pub(in crate::charger) fn send_security_event(&mut self) {
        if self.is_connected()
            && !self.outbox.holds(About::SecurityEvent)
            && let Some(payload) = self.extras.as_deref().and_then(|extras| extras.events.front())
        {
            self.outbox.push(About::SecurityEvent, payload.clone());
        }
    }

    /// The oldest event was acknowledged, or refused for good.
    pub(in crate::charger) fn security_event_told(&mut self) {
        self.extras_mut().events.pop_front();
        self.send_security_event();
    }
}
