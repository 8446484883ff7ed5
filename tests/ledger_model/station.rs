//! A charge point that keeps to OCPP 1.6, as simple as can be, and the car in front of it. What is
//! in force there, and what the car may be drawing, is known exactly: the truth that the ledger of the
//! central system has to cover.

use std::collections::VecDeque;

use ampacity::time::{Span, Time};
use serde_json::{Value, json};

use crate::profiles::Profiles;

/// Rated current, tenths of an ampere.
pub(crate) const RATED_DA: i64 = 320;
pub(crate) const RATED_W: i64 = 22_000;
/// Whoever is connected again has told within this what has begun meanwhile, and who was let in has within
/// that: nobody keeps room for longer for what was never told.
const REPORTED: Span = Span::from_s(120);
const STARTED: Span = Span::from_s(300);
/// A CALL without an answer is given up after this.
const TIMEOUT: Span = Span::from_s(60);

/// What distinguishes one from another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Nature {
    /// Limits end when they are told to.
    pub(crate) timely: bool,
    /// Of the car.
    pub(crate) phases: i64,
    /// The car follows a lower limit after this; 5 s at most (IEC 61851-1).
    pub(crate) lag: Span,
}

/// How the next limit is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Refuses,
    /// With a CALLERROR.
    Fails,
    /// It takes the limit and says nothing.
    Mute,
}

/// What a reboot leaves. A TxDefaultProfile stays (errata 3.37) unless all is lost, and then
/// nothing is charged before the central system has said so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reboot {
    /// Everything, and the car charges on.
    Remembers,
    /// The car charges on without the limit of its transaction.
    Resumes,
    /// The transaction has ended.
    Ends,
    /// Nothing.
    Blank,
}

#[derive(Clone, Debug)]
enum Call {
    Boot,
    Authorize,
    Status(Time),
    Start { serial: usize, at: Time },
    Stop { serial: usize, at: Time },
    Meter { serial: usize, at: Time, draw_w: i64 },
}

#[derive(Clone, Debug)]
struct Session {
    serial: usize,
    began: Time,
    /// The central system has let it in.
    let_in: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Station {
    nature: Nature,
    /// Frames on their way to the central system, and from it.
    pub(crate) said: VecDeque<String>,
    pub(crate) heard: VecDeque<String>,
    pub(crate) mood: Option<Mood>,
    /// The most that the car wants, W.
    pub(crate) appetite_w: i64,
    profiles: Profiles,
    session: Option<Session>,
    /// Transaction ids as they were told, by number of the session here.
    ids: Vec<Option<i64>>,
    /// A card was presented, and is not answered.
    asks: bool,
    booted: bool,
    outbox: VecDeque<Call>,
    awaits: Option<(String, Call, Time)>,
    calls: u64,
    in_force_w: i64,
    /// Higher limits, and until when they were in force.
    lowered: Vec<(Time, i64)>,
}

impl Station {
    pub(crate) fn new(nature: Nature) -> Station {
        Station {
            nature,
            said: VecDeque::new(),
            heard: VecDeque::new(),
            mood: None,
            appetite_w: RATED_W,
            profiles: Profiles::new(nature.timely),
            session: None,
            ids: Vec::new(),
            asks: false,
            booted: false,
            outbox: VecDeque::new(),
            awaits: None,
            calls: 0,
            in_force_w: 0,
            lowered: Vec::new(),
        }
    }

    pub(crate) fn charges(&self) -> bool {
        self.session.is_some()
    }

    /// What the limits here permit the car, W.
    pub(crate) fn in_force_w(&self) -> i64 {
        self.in_force_w
    }

    /// The most that the car may be drawing.
    pub(crate) fn may_draw_w(&self, now: Time) -> i64 {
        let followed = |until: &Time| now.since(*until) >= self.nature.lag;
        let before = self.lowered.iter().filter(|(until, _)| !followed(until));
        before.map(|(_, watts)| *watts).max().unwrap_or(0).max(self.in_force_w)
    }

    /// A session runs here whose start was not told yet.
    pub(crate) fn is_untold(&self) -> bool {
        self.session.as_ref().is_some_and(|session| self.ids[session.serial].is_none())
    }

    /// The start of its session should have been told long ago on a connection that began then.
    pub(crate) fn is_overdue(&self, now: Time, connected: Time) -> bool {
        self.is_untold()
            && self.session.as_ref().is_some_and(|session| {
                let within = if session.let_in { STARTED } else { REPORTED };
                now.since(connected.max(session.began)) >= within
            })
    }

    /// When a limit ends, or a CALL is given up.
    pub(crate) fn due(&self, now: Time) -> Option<Time> {
        let given_up = self.awaits.as_ref().map(|(_, _, since)| *since + TIMEOUT);
        self.profiles.next_end(now).into_iter().chain(given_up).min()
    }

    /// Time has passed, or something has happened: what is in force now?
    pub(crate) fn look(&mut self, now: Time) {
        self.lowered.retain(|(until, _)| now.since(*until) < Span::from_s(30));
        let watts = match &self.session {
            None => {
                self.lowered.clear();
                0
            }
            Some(session) => {
                let amps = self.profiles.limit_da(now, session.began).unwrap_or(RATED_DA);
                // Below 6 A a pilot permits nothing.
                let amps = if amps < 60 { 0 } else { amps.min(RATED_DA) };
                (amps * 230 * self.nature.phases / 10).min(RATED_W)
            }
        };
        // A lower TxDefaultProfile before the start was told: nobody keeps room for the seconds in which
        // the car follows it.
        if watts < self.in_force_w && self.session.is_some() && !self.is_untold() {
            self.lowered.push((now, self.in_force_w));
        }
        self.in_force_w = watts;
    }

    /// A driver comes, or leaves. Without a line only a charge point lets in whoever comes that knows
    /// what bounds a start.
    pub(crate) fn visit(&mut self, now: Time, online: bool) {
        if self.session.is_some() {
            self.end(now);
        } else if online {
            let asked = std::mem::replace(&mut self.asks, true);
            self.outbox.extend((!asked).then_some(Call::Authorize));
        } else if self.booted && self.profiles.bound_starts() {
            self.begin(now, false);
        }
    }

    fn begin(&mut self, now: Time, let_in: bool) {
        let serial = self.ids.len();
        self.ids.push(None);
        self.session = Some(Session { serial, began: now, let_in });
        self.outbox.push_back(Call::Start { serial, at: now });
        self.outbox.push_back(Call::Status(now));
    }

    fn end(&mut self, now: Time) {
        let Some(Session { serial, .. }) = self.session.take() else { return };
        self.profiles.end_transaction();
        self.outbox.push_back(Call::Stop { serial, at: now });
        self.outbox.push_back(Call::Status(now));
    }

    pub(crate) fn meter(&mut self, now: Time) {
        let draw_w = self.appetite_w.min(self.may_draw_w(now));
        if let Some(Session { serial, .. }) = self.session {
            self.outbox.push_back(Call::Meter { serial, at: now, draw_w });
        }
    }

    pub(crate) fn connect(&mut self, now: Time) {
        let hello = if self.booted { Call::Status(now) } else { Call::Boot };
        self.outbox.push_front(hello);
    }

    /// The line is gone, and all that was on it.
    pub(crate) fn disconnect(&mut self) {
        self.said.clear();
        self.heard.clear();
        self.give_up();
        self.asks = false;
        self.outbox.retain(Call::lasts);
    }

    pub(crate) fn reboot(&mut self, now: Time, what: Reboot) {
        self.disconnect();
        self.booted = false;
        match what {
            Reboot::Remembers => {}
            Reboot::Resumes => self.profiles.end_transaction(),
            Reboot::Ends => self.end(now),
            Reboot::Blank => {
                self.end(now);
                self.profiles = Profiles::new(self.nature.timely);
            }
        }
        self.outbox.retain(Call::lasts);
    }

    /// What tells of transactions is kept and told again, the rest is not.
    fn give_up(&mut self) {
        if let Some((_, call, _)) = self.awaits.take() {
            self.asks &= !matches!(call, Call::Authorize);
            if call.lasts() {
                self.outbox.push_front(call);
            }
        }
    }

    /// Says what is to be said next.
    pub(crate) fn speak(&mut self, now: Time) {
        if self.awaits.as_ref().is_some_and(|(_, _, since)| now.since(*since) >= TIMEOUT) {
            self.give_up();
            if !self.booted {
                self.outbox.push_front(Call::Boot);
            }
        }
        if self.awaits.is_some() {
            return;
        }
        let first = self.outbox.front();
        if let Some(call) = first.filter(|call| self.booted || matches!(call, Call::Boot)).cloned()
        {
            self.outbox.pop_front();
            self.calls += 1;
            let id = format!("c{}", self.calls);
            let (action, payload) = self.worded(&call);
            self.said.push_back(json!([2, id, action, payload]).to_string());
            self.awaits = Some((id, call, now));
        }
    }

    fn worded(&self, call: &Call) -> (&'static str, Value) {
        match call {
            Call::Boot => {
                let model = if self.nature.timely { "timely" } else { "lasting" };
                let boot = json!({"chargePointVendor": "Acme", "chargePointModel": model});
                ("BootNotification", boot)
            }
            Call::Authorize => ("Authorize", json!({"idTag": "CARD"})),
            Call::Status(at) => {
                let status = if self.charges() { "Charging" } else { "Available" };
                let told = json!({"connectorId": 1, "errorCode": "NoError", "status": status,
                    "timestamp": at.to_string()});
                ("StatusNotification", told)
            }
            Call::Start { serial, at } => {
                let start = json!({"connectorId": 1, "idTag": "CARD", "meterStart": serial,
                    "timestamp": at.to_string()});
                ("StartTransaction", start)
            }
            Call::Stop { serial, at } => {
                let stop = json!({"transactionId": self.ids[*serial], "meterStop": 0,
                    "timestamp": at.to_string()});
                ("StopTransaction", stop)
            }
            Call::Meter { serial, at, draw_w } => {
                let phases = self.nature.phases;
                let amps = |phase: i64| {
                    let share = if phase <= phases { draw_w * 10 / (230 * phases) } else { 0 };
                    json!({"value": format!("{}.{}", share / 10, share % 10), "unit": "A",
                        "measurand": "Current.Import", "phase": format!("L{phase}")})
                };
                let power = json!({"value": draw_w.to_string(), "unit": "W",
                    "measurand": "Power.Active.Import"});
                let sampled = [power, amps(1), amps(2), amps(3)];
                let values = json!({"connectorId": 1, "transactionId": self.ids[*serial], "meterValue":
                    [{"timestamp": at.to_string(), "sampledValue": sampled}]});
                ("MeterValues", without_null(values))
            }
        }
    }

    /// A frame has arrived.
    pub(crate) fn hear(&mut self, now: Time, text: &str) {
        let frame: Value = serde_json::from_str(text).expect("the central system writes JSON");
        let id = frame[1].as_str().unwrap_or_default();
        match frame[0].as_i64() {
            Some(2) => self.serve(now, id, frame[2].as_str().unwrap_or_default(), &frame[3]),
            _ if self.awaits.as_ref().is_some_and(|(awaited, _, _)| awaited == id) => {
                let call = self.awaits.take().map(|(_, call, _)| call);
                self.answered(now, call.as_ref(), &frame[2]);
            }
            _ => {}
        }
        self.look(now);
    }

    fn answered(&mut self, now: Time, call: Option<&Call>, payload: &Value) {
        match call {
            Some(Call::Boot) => {
                self.booted = true;
                self.outbox.push_front(Call::Status(now));
            }
            Some(Call::Authorize) => {
                self.asks = false;
                if payload["idTagInfo"]["status"] == "Accepted" && self.session.is_none() {
                    self.begin(now, true);
                }
            }
            Some(Call::Start { serial, .. }) => {
                self.ids[*serial] = payload["transactionId"].as_i64();
            }
            _ => {}
        }
    }

    fn serve(&mut self, now: Time, id: &str, action: &str, request: &Value) {
        let running = self.session.as_ref().and_then(|session| self.ids[session.serial]);
        let accepted = |yes: bool| json!({"status": if yes { "Accepted" } else { "Rejected" }});
        let answer = match action {
            "SetChargingProfile" => match self.mood.take() {
                Some(Mood::Refuses) => accepted(false),
                Some(Mood::Fails) => {
                    let error = json!([4, id, "InternalError", "", {}]);
                    return self.said.push_back(error.to_string());
                }
                mood => {
                    let taken = self.profiles.install(now, request, running);
                    if mood.is_some() {
                        return;
                    }
                    accepted(taken)
                }
            },
            "ClearChargingProfile" => {
                let found = self.profiles.clear(request["id"].as_i64());
                json!({"status": if found { "Accepted" } else { "Unknown" }})
            }
            "GetCompositeSchedule" => {
                let began = self.session.as_ref().map_or(now, |session| session.began);
                self.profiles.composite(now, began, request)
            }
            "GetConfiguration" => json!({"configurationKey": [
                {"key": "ChargeProfileMaxStackLevel", "readonly": true, "value": "8"}]}),
            "TriggerMessage" => {
                match request["requestedMessage"].as_str() {
                    Some("MeterValues") => self.meter(now),
                    _ => self.outbox.push_back(Call::Status(now)),
                }
                accepted(true)
            }
            "RemoteStopTransaction" => {
                let ours = running.is_some() && request["transactionId"].as_i64() == running;
                if ours {
                    self.end(now);
                }
                accepted(ours)
            }
            _ => accepted(true),
        };
        self.said.push_back(json!([3, id, answer]).to_string());
    }
}

impl Call {
    fn lasts(&self) -> bool {
        matches!(self, Call::Start { .. } | Call::Stop { .. })
    }
}

fn without_null(mut value: Value) -> Value {
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|_, field| !field.is_null());
    }
    value
}
