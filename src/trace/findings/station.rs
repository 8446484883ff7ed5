//! Heartbeats, uploads, firmware.

use super::{Answer, Check, Finding, Kind};
use crate::time::{Span, Time};
use crate::trace::correlate::Asked;
use crate::trace::payload::Fields;
use crate::trace::record::Direction;

/// Two heartbeats with nothing between them are the interval apart. Any other message may put the next one off
/// (OCPP 1.6 §4.6), and a TriggerMessage may call for one.
#[derive(Debug, Default)]
pub(super) struct Heartbeats {
    interval: Option<Span>,
    /// The latest heartbeat, if nothing came after it.
    latest: Option<Time>,
}

impl Check for Heartbeats {
    fn call(&mut self, call: &Asked, out: &mut Vec<Finding>) {
        let heartbeat = call.direction == Direction::FromPoint && &*call.action == "Heartbeat";
        let before = self.latest.take();
        if !heartbeat {
            return;
        }
        self.latest = Some(call.at);
        if let (Some(before), Some(interval)) = (before, self.interval) {
            let apart = call.at.since(before);
            if apart * 2 < interval || apart * 2 > interval * 3 {
                let what = format!("{apart} after the heartbeat before, not {interval}");
                out.push(Kind::HeartbeatIrregular.at(call.line, None, what));
            }
        }
    }

    fn answer(&mut self, call: &Asked, answer: &Answer<'_>, _out: &mut Vec<Finding>) {
        let said = || Fields::of(answer.record.body());
        let asked = || Fields::of(&call.body);
        let is = |status: &str| said().text("status").as_deref() == Some(status);
        let seconds = match &*call.action {
            "BootNotification" if is("Accepted") => said().integer("interval"),
            "ChangeConfiguration"
                if is("Accepted")
                    && asked().text("key").as_deref() == Some("HeartbeatInterval") =>
            {
                asked().integer("value")
            }
            _ => return,
        };
        self.interval = seconds.filter(|s| (1..=i64::from(i32::MAX)).contains(s)).map(Span::from_s);
        self.latest = None;
    }
}

/// What a charge point tells of the files it sends and fetches.
#[derive(Debug, Default)]
pub(super) struct Transfers;

impl Check for Transfers {
    fn call(&mut self, call: &Asked, out: &mut Vec<Finding>) {
        let (kind, fine): (Kind, &[&str]) = match &*call.action {
            "DiagnosticsStatusNotification" | "LogStatusNotification" => {
                (Kind::DiagnosticsFailed, &["Idle", "Uploading", "Uploaded"])
            }
            "FirmwareStatusNotification" | "SignedFirmwareStatusNotification" => {
                (Kind::FirmwareFailed, &FIRMWARE_GOES_ON)
            }
            _ => return,
        };
        let fields = Fields::of(&call.body);
        let Some(status) = fields.text("status") else { return };
        if !fine.contains(&&*status) {
            let what = format!("{} says {status}", call.action);
            out.push(kind.at(call.line, None, what));
        }
    }
}

/// Every status of an update that is no failure, of the specification and its security extension.
const FIRMWARE_GOES_ON: [&str; 10] = [
    "Downloaded",
    "Downloading",
    "DownloadScheduled",
    "DownloadPaused",
    "Idle",
    "Installing",
    "Installed",
    "InstallRebooting",
    "InstallScheduled",
    "SignatureVerified",
];
