//! What most simulated stations never hold, in one box: cards, reservations, uploads, an update of
//! the firmware, certificates.

use std::collections::VecDeque;

use crate::charger::authorization::Cache;
use crate::charger::firmware::Update;
use crate::charger::local_list::LocalList;
use crate::charger::outbox::About;
use crate::charger::point::{ChargePoint, Power};
use crate::charger::reservation::Reservation;
use crate::charger::security::Vault;
use crate::charger::upload::{Channel, Upload};
use crate::time::Time;

/// See the module. All of it survives a reboot.
#[derive(Debug, Default)]
pub(super) struct Extras {
    pub(super) list: LocalList,
    pub(super) cache: Cache,
    pub(super) reservations: Vec<Reservation>,
    /// By [`Channel`].
    pub(super) uploads: [Option<Upload>; Channel::ALL.len()],
    pub(super) update: Option<Update>,
    /// Version that an update installed; `None`: as it left the factory.
    pub(super) firmware: Option<String>,
    pub(super) vault: Vault,
    /// Payloads of security events that were not acknowledged, oldest first.
    pub(super) events: VecDeque<String>,
}

impl ChargePoint {
    /// The box, made when it is first needed.
    pub(super) fn extras_mut(&mut self) -> &mut Extras {
        self.extras.get_or_insert_default()
    }

    /// Uploads, updates and reservations go on.
    pub(super) fn run_extras(&mut self, now: Time) {
        if self.extras.is_some() && !matches!(self.power, Power::Down(_)) {
            self.expire_reservations(now);
            for channel in Channel::ALL {
                self.run_upload(now, channel);
            }
            self.run_update(now);
        }
    }

    /// When [`ChargePoint::run_extras`] has something to do.
    pub(super) fn extras_timeout(&self) -> Time {
        let Some(extras) = self.extras.as_deref() else { return Time::NEVER };
        if matches!(self.power, Power::Down(_)) {
            return Time::NEVER;
        }
        let uploads = extras.uploads.iter().flatten().map(|upload| upload.at);
        let update = extras.update.iter().map(|update| update.at);
        let expiry = extras.reservations.iter().map(|r| self.when_clock_shows(r.expires));
        uploads.chain(update).chain(expiry).fold(Time::NEVER, Time::min)
    }

    /// A CALL was acknowledged whose answer says nothing, or it was refused for good.
    pub(super) fn on_told(&mut self, about: About) {
        match about {
            About::Diagnostics => self.upload_told(Channel::Diagnostics),
            About::Log => self.upload_told(Channel::Log),
            About::Firmware | About::SignedFirmware => self.update_told(),
            About::SecurityEvent => self.security_event_told(),
            _ => {}
        }
    }

    /// A CALL was lost with the link.
    pub(super) fn on_untold(&mut self, about: About) {
        match about {
            About::Diagnostics => self.upload_untold(Channel::Diagnostics),
            About::Log => self.upload_untold(Channel::Log),
            About::Firmware | About::SignedFirmware => self.update_untold(),
            _ => {}
        }
    }

    /// Tells what could not be told while nobody listened.
    pub(super) fn report_extras(&mut self) {
        if self.extras.is_some() {
            for channel in Channel::ALL {
                self.report_upload(channel);
            }
            self.report_update();
            self.send_security_event();
        }
    }
}
