//! Uploads of diagnostics and logs (§5.9; security whitepaper, GetLog). What is uploaded does not
//! exist; where to, how long it takes and what is told about it does.

use crate::charger::outbox::About;
use crate::charger::point::ChargePoint;
use crate::charger::serve::{cut, json};
use crate::ocpp::messages::{DiagnosticsStatusNotificationRequest, LogStatusNotificationRequest};
use crate::ocpp::types::{DiagnosticsStatus, UploadLogStatus};
use crate::time::{Span, Time};

/// How long an upload takes.
pub const UPLOAD_TIME: Span = Span::from_s(20);
/// Between attempts, when the central system leaves it to the station.
pub const RETRY_INTERVAL: Span = Span::from_s(60);
/// Most attempts after the first, whatever the central system asks for.
const RETRIES_MAX: i64 = 20;
/// Longest wait between two attempts: a day.
const RETRY_INTERVAL_MAX_S: i64 = 86_400;
/// Most characters of a file's name (§6.26).
const FILE_NAME_MAX_CHARS: usize = 255;

/// Which kind of upload; one of each may be under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Channel {
    Diagnostics,
    Log,
}

impl Channel {
    pub(super) const ALL: [Channel; 2] = [Channel::Diagnostics, Channel::Log];
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Uploading,
    /// Failed, and tried again later.
    Waiting,
    Uploaded,
    Failed,
}

/// An upload that was asked for and is not over yet.
#[derive(Debug)]
pub(super) struct Upload {
    /// Of a GetLog.
    request_id: Option<i64>,
    location: String,
    patience: Patience,
    state: State,
    /// When it goes on; never, once it is over.
    pub(super) at: Time,
    /// The status was not handed to the queue yet.
    untold: bool,
}

/// How often and how soon a transfer is tried again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    retries: i64,
    interval: Span,
}

impl Patience {
    /// As a request gives it; absent fields leave it to the station.
    pub(super) fn new(retries: Option<i64>, interval_s: Option<i64>) -> Patience {
        let interval = interval_s.map(|s| Span::from_s(s.clamp(0, RETRY_INTERVAL_MAX_S)));
        Patience {
            retries: retries.unwrap_or(0).clamp(0, RETRIES_MAX),
            interval: interval.unwrap_or(RETRY_INTERVAL),
        }
    }

    /// The wait before the next attempt; `None` when there is none left.
    pub(super) fn next(&mut self) -> Option<Span> {
        self.retries -= 1;
        (self.retries >= 0).then_some(self.interval)
    }
}

/// Whether a file can be sent to or fetched from this place. Names under `.invalid` never resolve
/// (RFC 6761), any other host answers.
pub(super) fn is_reachable(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let known = ["http", "https", "ftp", "ftps", "sftp"];
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    known.iter().any(|scheme_known| scheme_known.eq_ignore_ascii_case(scheme))
        && !name.is_empty()
        && !name.contains(char::is_whitespace)
        && !name.to_ascii_lowercase().ends_with(".invalid")
}

impl ChargePoint {
    /// Name of a file that is made at `now`, e.g. `cp_1-diagnostics-2026-05-04T060000Z.log`.
    pub(super) fn file_name(&self, now: Time, what: &str) -> String {
        let stamp = self.clock(now).to_ocpp().replace(':', "");
        let tail = format!("-{what}-{stamp}.log");
        let head = cut(self.id.as_str(), FILE_NAME_MAX_CHARS - tail.len());
        format!("{head}{tail}")
    }

    /// Begins an upload in place of the one on the same channel, if there is one.
    pub(super) fn begin_upload(
        &mut self,
        now: Time,
        channel: Channel,
        request_id: Option<i64>,
        location: &str,
        patience: Patience,
    ) {
        self.extras_mut().uploads[channel as usize] = Some(Upload {
            request_id,
            location: location.to_owned(),
            patience,
            state: State::Uploading,
            at: now + UPLOAD_TIME,
            untold: true,
        });
        self.report_upload(channel);
    }

    fn upload_mut(&mut self, channel: Channel) -> Option<&mut Upload> {
        self.extras.as_mut()?.uploads[channel as usize].as_mut()
    }

    /// Whether an upload is under way.
    pub(super) fn is_uploading(&self, channel: Channel) -> bool {
        let upload = self.extras.as_deref().and_then(|e| e.uploads[channel as usize].as_ref());
        upload.is_some_and(|upload| matches!(upload.state, State::Uploading | State::Waiting))
    }

    pub(super) fn run_upload(&mut self, now: Time, channel: Channel) {
        let Some(upload) = self.upload_mut(channel).filter(|upload| upload.at <= now) else {
            return;
        };
        let before = upload.state;
        (upload.state, upload.at) = match before {
            State::Waiting => (State::Uploading, now + UPLOAD_TIME),
            State::Uploading if is_reachable(&upload.location) => (State::Uploaded, Time::NEVER),
            State::Uploading => match upload.patience.next() {
                Some(wait) => (State::Waiting, now + wait),
                None => (State::Failed, Time::NEVER),
            },
            over => (over, Time::NEVER),
        };
        // Between two attempts the central system knows all there is to know.
        if upload.state != State::Waiting {
            upload.untold = true;
            self.report_upload(channel);
        }
    }

    /// Tells how the upload stands, unless that was told or nobody listens.
    pub(super) fn report_upload(&mut self, channel: Channel) {
        let connected = self.is_connected();
        let Some(upload) = self.upload_mut(channel).filter(|upload| upload.untold && connected)
        else {
            return;
        };
        upload.untold = false;
        self.queue_upload_status(channel);
    }

    /// Tells how the upload stands; idle when there is none.
    pub(super) fn queue_upload_status(&mut self, channel: Channel) {
        let upload = self.upload_mut(channel).map(|upload| (upload.state, upload.request_id));
        let state = upload.map(|(state, _)| state);
        match channel {
            Channel::Diagnostics => {
                let status = match state {
                    None => DiagnosticsStatus::Idle,
                    Some(State::Uploading | State::Waiting) => DiagnosticsStatus::Uploading,
                    Some(State::Uploaded) => DiagnosticsStatus::Uploaded,
                    Some(State::Failed) => DiagnosticsStatus::UploadFailed,
                };
                let payload = json(&DiagnosticsStatusNotificationRequest { status });
                self.outbox.push(About::Diagnostics, payload);
            }
            Channel::Log => {
                let status = match state {
                    None => UploadLogStatus::Idle,
                    Some(State::Uploading | State::Waiting) => UploadLogStatus::Uploading,
                    Some(State::Uploaded) => UploadLogStatus::Uploaded,
                    Some(State::Failed) => UploadLogStatus::UploadFailure,
                };
                let request_id = upload.and_then(|(_, request_id)| request_id);
                let payload = json(&LogStatusNotificationRequest { status, request_id });
                self.outbox.push(About::Log, payload);
            }
        }
    }

    /// A status was acknowledged, or refused for good: an upload that is over is forgotten.
    pub(super) fn upload_told(&mut self, channel: Channel) {
        let over = self.upload_mut(channel).is_some_and(|upload| {
            matches!(upload.state, State::Uploaded | State::Failed) && !upload.untold
        });
        if over {
            self.extras_mut().uploads[channel as usize] = None;
        }
    }

    /// A status was lost with the link.
    pub(super) fn upload_untold(&mut self, channel: Channel) {
        if let Some(upload) = self.upload_mut(channel) {
            upload.untold = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_url_with_a_host_that_can_exist_is_reachable() {
        for url in ["ftp://files.example/logs", "HTTPS://user:secret@host:8443/a?b", "sftp://h"] {
            assert!(is_reachable(url), "{url}");
        }
        for url in [
            "",
            "logs",
            "file:///logs",
            "gopher://host/logs",
            "http:///logs",
            "http://a b/logs",
            "http://server.invalid/logs",
            "http://user@SERVER.INVALID:80/logs",
        ] {
            assert!(!is_reachable(url), "{url}");
        }
    }
}
