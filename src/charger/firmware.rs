//! A firmware update: downloaded, checked, installed while nobody charges, in force after a reboot
//! (§4.5, §5.19; security whitepaper, SignedUpdateFirmware).
//!
//! There is no file. What a location holds is taken to be the text of its URL: a signature is one
//! over these bytes, and the version it brings is the file's name.

use crate::charger::outbox::About;
use crate::charger::point::{ChargePoint, Power};
use crate::charger::security::event;
use crate::charger::serve::{cut, json};
use crate::charger::status::Status;
use crate::charger::upload::{Patience, is_reachable};
use crate::ocpp::messages::{
    FirmwareStatusNotificationRequest, SignedFirmwareStatusNotificationRequest,
};
use crate::ocpp::types::{FirmwareStatus, SignedFirmwareStatus};
use crate::time::{Span, Time};

/// How long a download takes.
pub const DOWNLOAD_TIME: Span = Span::from_s(60);
/// How long the signature of a firmware is checked.
pub const VERIFY_TIME: Span = Span::from_s(5);
/// How long an installation takes, without the reboot at its end.
pub const INSTALL_TIME: Span = Span::from_s(90);
/// Between the last message and going down.
const REBOOT_DELAY: Span = Span::from_s(1);
/// Most characters of a firmware's version (§6.3).
const VERSION_MAX_CHARS: usize = 50;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Waits for the time to retrieve it, or to try again.
    Scheduled,
    Downloading,
    Downloaded,
    /// Waits for the time to install it.
    InstallScheduled,
    /// Waits for the sessions at all connectors to end; no new one begins.
    Waiting,
    Installing,
    Rebooting,
    Over,
}

/// What a SignedUpdateFirmware has that an UpdateFirmware has not.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signed {
    pub(super) request_id: i64,
    /// By the station's clock; absent: at once.
    pub(super) install: Option<Time>,
    /// Whether the signature is the one of the signing certificate over the firmware.
    pub(super) genuine: bool,
}

/// An update that was asked for and is not over yet.
#[derive(Debug)]
pub(super) struct Update {
    location: String,
    signed: Option<Signed>,
    patience: Patience,
    step: Step,
    /// When it goes on by itself.
    pub(super) at: Time,
    status: SignedFirmwareStatus,
    /// The status was not handed to the queue yet.
    untold: bool,
}

impl ChargePoint {
    /// Begins an update in place of one that is not being installed yet. `retrieve`: by the
    /// station's clock.
    pub(super) fn begin_update(
        &mut self,
        now: Time,
        location: &str,
        retrieve: Time,
        patience: Patience,
        signed: Option<Signed>,
    ) {
        let at = self.when_clock_shows(retrieve);
        let scheduled = signed.is_some() && at > now;
        self.extras_mut().update = Some(Update {
            location: location.to_owned(),
            signed,
            patience,
            step: Step::Scheduled,
            at,
            status: match scheduled {
                true => SignedFirmwareStatus::DownloadScheduled,
                false => SignedFirmwareStatus::Idle,
            },
            untold: scheduled,
        });
        self.release_connectors(now);
        self.report_update();
    }

    fn update_step(&self) -> Option<Step> {
        let update = self.extras.as_deref()?.update.as_ref()?;
        (update.step != Step::Over).then_some(update.step)
    }

    /// Whether an update is under way.
    pub(super) fn is_updating(&self) -> bool {
        self.update_step().is_some()
    }

    /// Whether an update has come too far to be replaced by another.
    pub(super) fn is_installing(&self) -> bool {
        matches!(self.update_step(), Some(Step::Installing | Step::Rebooting))
    }

    /// No new session begins, because a firmware waits for the station to be idle or is being
    /// installed.
    pub(super) fn is_withheld(&self) -> bool {
        matches!(self.update_step(), Some(Step::Waiting | Step::Installing | Step::Rebooting))
    }

    /// Takes an update as far as it gets.
    pub(super) fn run_update(&mut self, now: Time) {
        loop {
            let idle = self.connectors.iter().all(|c| c.session.is_none() && c.remote.is_none());
            let update = self.extras.as_mut().and_then(|extras| extras.update.as_mut());
            let Some(update) = update else { return };
            let due = update.at <= now || (update.step == Step::Waiting && idle);
            if update.step == Step::Over || !due {
                return;
            }
            match update.step {
                Step::Downloading => self.on_transferred(now),
                Step::Downloaded => self.on_verified(now),
                Step::Scheduled => {
                    let next = (Step::Downloading, now + DOWNLOAD_TIME);
                    self.go_on(next, SignedFirmwareStatus::Downloading);
                }
                Step::InstallScheduled => self.await_idleness(now),
                Step::Waiting => {
                    let next = (Step::Installing, now + INSTALL_TIME);
                    self.go_on(next, SignedFirmwareStatus::Installing);
                }
                Step::Installing => {
                    let next = (Step::Rebooting, Time::NEVER);
                    self.go_on(next, SignedFirmwareStatus::InstallRebooting);
                    if self.power == Power::On {
                        self.power = Power::Resetting(now + REBOOT_DELAY);
                    }
                }
                Step::Rebooting | Step::Over => return,
            }
        }
    }

    fn update_mut(&mut self) -> Option<&mut Update> {
        self.extras.as_mut()?.update.as_mut()
    }

    /// Enters a step and tells of it, if the kind of update has a word for it.
    fn go_on(&mut self, (step, at): (Step, Time), status: SignedFirmwareStatus) {
        let Some(update) = self.update_mut() else { return };
        update.step = step;
        update.at = at;
        if update.signed.is_some() || FirmwareStatus::from_wire(status.as_str()).is_some() {
            update.status = status;
            update.untold = true;
            self.report_update();
        }
    }

    fn on_transferred(&mut self, now: Time) {
        let Some(update) = self.update_mut() else { return };
        if is_reachable(&update.location) {
            let check = if update.signed.is_some() { VERIFY_TIME } else { Span::ZERO };
            self.go_on((Step::Downloaded, now + check), SignedFirmwareStatus::Downloaded);
        } else if let Some(wait) = update.patience.next() {
            update.step = Step::Scheduled;
            update.at = now + wait;
        } else {
            self.go_on((Step::Over, Time::NEVER), SignedFirmwareStatus::DownloadFailed);
        }
    }

    fn on_verified(&mut self, now: Time) {
        let signed = self.update_mut().and_then(|update| update.signed);
        let Some(signed) = signed else { return self.await_idleness(now) };
        if !signed.genuine {
            self.go_on((Step::Over, Time::NEVER), SignedFirmwareStatus::InvalidSignature);
            self.security_event(now, event::INVALID_FIRMWARE_SIGNATURE, None);
            return;
        }
        self.go_on((Step::Downloaded, Time::NEVER), SignedFirmwareStatus::SignatureVerified);
        match signed.install.map(|at| self.when_clock_shows(at)).filter(|at| *at > now) {
            Some(at) => {
                self.go_on((Step::InstallScheduled, at), SignedFirmwareStatus::InstallScheduled);
            }
            None => self.await_idleness(now),
        }
    }

    /// Connectors that are free serve nobody from here on, the others no longer than their session.
    fn await_idleness(&mut self, now: Time) {
        if let Some(update) = self.update_mut() {
            update.step = Step::Waiting;
            update.at = Time::NEVER;
        }
        for c in 0..self.connectors.len() {
            self.settle_availability(now, c);
        }
    }

    /// The station comes up again: a firmware that was installed is in force.
    pub(super) fn boot_new_firmware(&mut self, now: Time) {
        if self.update_step() != Some(Step::Rebooting) {
            return;
        }
        let version = self.update_mut().map(|update| {
            let path = update.location.split(['?', '#']).next().unwrap_or_default();
            let file = path.rsplit('/').next().unwrap_or_default();
            let name = file.rsplit_once('.').map_or(file, |(name, _)| name);
            cut(name, VERSION_MAX_CHARS).to_owned()
        });
        self.extras_mut().firmware = version.filter(|version| !version.is_empty());
        if let Some(update) = self.update_mut() {
            update.step = Step::Over;
            update.status = SignedFirmwareStatus::Installed;
            update.untold = true;
        }
        self.release_connectors(now);
        self.security_event(now, event::FIRMWARE_UPDATED, None);
    }

    /// Connectors that only waited for the update serve again.
    fn release_connectors(&mut self, now: Time) {
        if self.is_withheld() {
            return;
        }
        for c in 0..self.connectors.len() {
            let connector = &self.connectors[c];
            if connector.operative && connector.status == Status::Unavailable {
                self.set_status(now, c, connector.unused_status());
                self.settle_reservation(now, c);
            }
        }
    }

    /// Tells how the update stands, unless that was told or nobody listens.
    pub(super) fn report_update(&mut self) {
        let connected = self.is_connected();
        if let Some(update) = self.update_mut().filter(|update| update.untold && connected) {
            update.untold = false;
            let signed = update.signed.is_some();
            self.queue_firmware_status(signed);
        }
    }

    /// Tells how the update stands, in the words of the one or the other kind; idle when there is
    /// none.
    pub(super) fn queue_firmware_status(&mut self, signed: bool) {
        let update = self.extras.as_deref().and_then(|extras| extras.update.as_ref());
        let status = update.map_or(SignedFirmwareStatus::Idle, |update| update.status);
        if signed {
            let request_id = update
                .filter(|_| status != SignedFirmwareStatus::Idle)
                .and_then(|update| update.signed)
                .map(|signed| signed.request_id);
            let request = SignedFirmwareStatusNotificationRequest { status, request_id };
            self.outbox.push(About::SignedFirmware, json(&request));
        } else {
            let request = FirmwareStatusNotificationRequest { status: plain(status) };
            self.outbox.push(About::Firmware, json(&request));
        }
    }

    /// A status was acknowledged, or refused for good: an update that is over is forgotten.
    pub(super) fn update_told(&mut self) {
        if self.update_mut().is_some_and(|update| update.step == Step::Over && !update.untold) {
            self.extras_mut().update = None;
        }
    }

    /// A status was lost with the link.
    pub(super) fn update_untold(&mut self) {
        if let Some(update) = self.update_mut() {
            update.untold = update.status != SignedFirmwareStatus::Idle;
        }
    }
}

/// The nearest word that FirmwareStatusNotification has.
fn plain(status: SignedFirmwareStatus) -> FirmwareStatus {
    use SignedFirmwareStatus as Long;
    match status {
        Long::SignatureVerified | Long::InstallScheduled => FirmwareStatus::Downloaded,
        Long::InstallRebooting => FirmwareStatus::Installing,
        Long::InvalidSignature | Long::InstallVerificationFailed => {
            FirmwareStatus::InstallationFailed
        }
        Long::DownloadPaused => FirmwareStatus::Downloading,
        other => FirmwareStatus::from_wire(other.as_str()).unwrap_or(FirmwareStatus::Idle),
    }
}
