//! The recorded charge points against our central system.
//!
//! Their calls come when they were recorded. An answer of theirs comes as long after our call as the recorded one came
//! after the call that it is paired with; a call that was never recorded is answered in their place
//! (`stand_in`). Connections are as the trace tells them; where it tells none, a charge point is
//! connected from its first frame on. Transaction ids that ours gave stand where the recorded ones stood.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::script::{Framed, Role, Script, What};
use super::slot::{Slot, Transactions};
use super::{stand_in, text};
use crate::charger::CurrentKind;
use crate::csms::setup::SetupPoint;
use crate::csms::{self, Csms, Hardware, Input, Setup};
use crate::ids::ChargePointId;
use crate::ocpp::frame::Frame;
use crate::time::Time;
use crate::trace::payload::Fields;
use crate::trace::{Scribe, write};
use crate::units::{DeciAmps, Watts};

/// Calls that an operator makes: where a trace does not tell what was asked of its central system, these were.
const BY_OPERATORS: [&str; 12] = [
    "RemoteStartTransaction",
    "RemoteStopTransaction",
    "ChangeAvailability",
    "Reset",
    "UnlockConnector",
    "ReserveNow",
    "CancelReservation",
    "UpdateFirmware",
    "GetDiagnostics",
    "SendLocalList",
    "ClearCache",
    "DataTransfer",
];

/// What came of a replay.
#[derive(Debug)]
pub struct Heard {
    /// What was heard and said, as a trace that can be replayed.
    pub trace: Vec<u8>,
    /// By action: answers in the place of a charge point.
    pub stand_ins: BTreeMap<String, u64>,
    /// Frames of charge points that found no connection.
    pub lost: u64,
    /// Inputs and operators' calls that the central system did not take: line, reason.
    pub refused: Vec<(u64, String)>,
    /// Charge points that nobody had commissioned.
    pub strangers: Vec<String>,
    /// The central system as it was at the end.
    pub csms: Csms,
}

/// Replays a script against a central system that is set up like this, to its end or up to and with `until`.
#[must_use]
pub fn replay(script: &Script, setup: &Setup, until: Option<Time>) -> Heard {
    let (setup, strangers) = with_strangers(script, setup);
    let mut driver = Driver::new(script, &setup);
    driver.heard.strangers = strangers;
    driver.plan();
    let end = script.span().map_or(Time(0), |(_, to)| to);
    driver.run(until.map_or(end, |until| until.min(end)));
    driver.heard()
}

/// Charge points of the trace that nobody has commissioned stand at the first site, as common ones.
fn with_strangers(script: &Script, setup: &Setup) -> (Setup, Vec<String>) {
    let mut setup = setup.clone();
    let mut known: BTreeSet<ChargePointId> =
        setup.points.iter().map(|it| it.point.clone()).collect();
    let mut connectors = vec![1; script.points.len()];
    for step in &script.steps {
        match &step.what {
            What::Input(input) => {
                if let Input::AddPoint { point, .. } = &**input {
                    known.insert(point.clone());
                }
            }
            What::Frame(Framed { point, role: Role::Call { slot, .. }, .. }) => {
                let named = slot.connector.unwrap_or(1).clamp(1, MOST_CONNECTORS) as u32;
                connectors[*point] = named.max(connectors[*point]);
            }
            What::Frame(_) => {}
        }
    }
    let site = setup.sites.first().map(|it| it.site.clone());
    let strangers = script.points.iter().zip(connectors).filter(|(id, _)| !known.contains(*id));
    let strangers: Vec<_> = strangers.map(|(id, connectors)| (id.clone(), connectors)).collect();
    setup.points.extend(strangers.iter().map(|(id, connectors)| SetupPoint {
        point: id.clone(),
        site: site.clone(),
        hardware: COMMON,
        connectors: *connectors,
    }));
    (setup, strangers.into_iter().map(|(id, _)| id.to_string()).collect())
}

/// More connectors than any charge point has.
const MOST_CONNECTORS: i64 = 64;

/// 3 x 32 A.
pub const COMMON: Hardware = Hardware {
    kind: CurrentKind::Ac,
    phases: 3,
    max_current: DeciAmps(320),
    max_power: Watts(22_080),
    voltage_v: 230,
};

/// Something that is due.
enum Due {
    /// A step of the script.
    Step(usize),
    /// The recorded answer in this step, to our call of this id.
    Answer { step: usize, id: String },
    /// An answer in the place of a charge point.
    StandIn { point: usize, text: String },
}

struct Driver<'a> {
    script: &'a Script,
    csms: Csms,
    now: Time,
    queue: BTreeMap<(Time, u64), Due>,
    scribe: Scribe<Vec<u8>>,
    online: BTreeSet<usize>,
    by_name: BTreeMap<&'a str, usize>,
    /// Recorded calls of the central system that wait for ours, by charge point.
    calls: Vec<BTreeMap<&'a Slot, VecDeque<usize>>>,
    /// Our transaction ids by the recorded ones, by charge point.
    numbers: Vec<BTreeMap<i64, i64>>,
    /// Our transactions.
    transactions: Vec<Transactions>,
    /// StartTransactions that wait for our answer: by charge point and message id, which one it is and its step.
    starts: BTreeMap<(usize, String), (usize, usize)>,
    started: Vec<usize>,
    /// The status that a charge point last gave calls of an action.
    usual: BTreeMap<(usize, &'a str), String>,
    stand_ins: u64,
    heard: Partial,
}

/// What is counted on the way.
#[derive(Default)]
struct Partial {
    stand_ins: BTreeMap<String, u64>,
    lost: u64,
    refused: Vec<(u64, String)>,
    strangers: Vec<String>,
}

impl<'a> Driver<'a> {
    fn new(script: &'a Script, setup: &Setup) -> Driver<'a> {
        let mut scribe = Scribe::new(Vec::new());
        scribe.begin(setup);
        let points = script.points.len();
        Driver {
            script,
            csms: Csms::with_setup(setup),
            now: Time(0),
            queue: BTreeMap::new(),
            scribe,
            online: BTreeSet::new(),
            by_name: script.points.iter().enumerate().map(|(n, id)| (id.as_str(), n)).collect(),
            calls: vec![BTreeMap::new(); points],
            numbers: vec![BTreeMap::new(); points],
            transactions: vec![Transactions::default(); points],
            starts: BTreeMap::new(),
            started: vec![0; points],
            usual: BTreeMap::new(),
            stand_ins: 0,
            heard: Partial::default(),
        }
    }

    /// What the recording gives goes onto the queue; what it says of the central system is kept for pairing.
    fn plan(&mut self) {
        let told = self.script.setup.is_some();
        for (index, step) in self.script.steps.iter().enumerate() {
            let due = match &step.what {
                What::Input(_) => true,
                What::Frame(Framed { from_point: true, role: Role::Answer(_), .. }) => false,
                What::Frame(Framed { from_point: true, .. }) => true,
                What::Frame(Framed { point, role: Role::Call { slot, answer }, .. }) => {
                    self.calls[*point].entry(slot).or_default().push_back(index);
                    if let Some(status) = answer.and_then(|answer| self.status(answer)) {
                        self.usual.insert((*point, &slot.action), status);
                    }
                    !told && BY_OPERATORS.contains(&&*slot.action)
                }
                What::Frame(_) => false,
            };
            if due {
                self.queue.insert((step.at, order(index)), Due::Step(index));
            }
        }
    }

    fn status(&self, step: usize) -> Option<String> {
        let frame = Frame::parse(&self.script.frame(step)?.text).ok()?;
        let Frame::Result(result) = frame else { return None };
        Some(Fields::of(result.payload).text("status")?.into_owned())
    }

    /// One thing after the other: what a timer says may be answered before the next is due.
    fn run(&mut self, end: Time) {
        self.take();
        loop {
            let next = self.queue.first_key_value().filter(|((at, _), _)| *at <= end);
            let next = next.map(|((at, order), due)| (*at, *order, self.goes_first(*at, due)));
            let timer = self.csms.poll_timeout().filter(|due| *due <= end);
            match (next, timer) {
                (Some((at, _, first)), Some(due)) if due < at || (due == at && !first) => {
                    self.timer(due);
                }
                (Some((at, order, first)), _) => {
                    self.now = self.now.max(at);
                    if let Some(due) = self.queue.remove(&(at, order)) {
                        self.handle(due, first);
                    }
                }
                (None, Some(due)) => self.timer(due),
                (None, None) => break,
            }
        }
    }

    /// Whether something comes before timers of the same instant: at its own one, where it did when it was recorded.
    fn goes_first(&self, at: Time, due: &Due) -> bool {
        match due {
            Due::Step(step) | Due::Answer { step, .. } => {
                let step = &self.script.steps[*step];
                step.before_timers && step.at == at
            }
            Due::StandIn { .. } => false,
        }
    }

    fn timer(&mut self, due: Time) {
        self.now = self.now.max(due);
        self.csms.handle_timeout(self.now);
        self.take();
    }

    fn handle(&mut self, due: Due, before_timers: bool) {
        match due {
            Due::Step(index) => match &self.script.steps[index].what {
                What::Input(input) => self.input(index, input, before_timers),
                What::Frame(frame) if frame.from_point => {
                    if let Role::Call { slot, .. } = &frame.role {
                        self.note_start(frame, slot, index);
                    }
                    let numbers = &self.numbers[frame.point];
                    let text = text::with_transactions(&frame.text, |id| numbers.get(&id).copied());
                    self.deliver(frame.point, &text, before_timers);
                }
                What::Frame(frame) => self.command(index, frame),
            },
            Due::Answer { step, id } => {
                let Some(frame) = self.script.frame(step) else { return };
                if let Some(text) = text::with_id(&frame.text, &id) {
                    self.deliver(frame.point, &text, before_timers);
                }
            }
            Due::StandIn { point, text } => self.deliver(point, &text, false),
        }
    }

    fn input(&mut self, step: usize, input: &Input, before_timers: bool) {
        match input {
            Input::LinkUp { point } => self.link(point.as_str(), true),
            Input::LinkDown { point } => self.link(point.as_str(), false),
            _ => {}
        }
        match self.csms.apply(self.now, input) {
            Ok(()) => self.scribe.input(self.now, input, before_timers),
            Err(refusal) => {
                let line = self.script.steps[step].line;
                self.heard.refused.push((line, refusal.to_string()));
            }
        }
        self.take();
    }

    fn link(&mut self, point: &str, up: bool) {
        if let Some(point) = self.by_name.get(point) {
            if up {
                self.online.insert(*point)
            } else {
                self.online.remove(point)
            };
        }
    }

    /// A call of the recorded central system that an operator has asked for.
    fn command(&mut self, step: usize, frame: &Framed) {
        let Ok(Frame::Call(call)) = Frame::parse(&frame.text) else { return };
        let numbers = &self.numbers[frame.point];
        let payload = text::with_transactions(call.payload, |id| numbers.get(&id).copied());
        let input = Input::Command {
            point: self.script.points[frame.point].clone(),
            command: crate::ids::make("cmd", self.now, step as u64),
            action: call.action.into_owned(),
            payload: payload.into_owned(),
        };
        self.input(step, &input, false);
    }

    fn note_start(&mut self, frame: &Framed, slot: &Slot, step: usize) {
        if &*slot.action != "StartTransaction" {
            return;
        }
        let count = self.started[frame.point];
        self.started[frame.point] += 1;
        if let Ok(call) = Frame::parse(&frame.text) {
            self.starts.insert((frame.point, call.id().to_owned()), (count, step));
        }
    }

    /// A frame reaches the central system, if it can.
    fn deliver(&mut self, point: usize, text: &str, before_timers: bool) {
        let id = &self.script.points[point];
        let Some(index) = self.csms.point(id.as_str()) else {
            self.heard.lost += 1;
            return;
        };
        if !self.online.contains(&point) {
            if self.script.linked.contains(id) {
                self.heard.lost += 1;
                return;
            }
            let up = Input::LinkUp { point: id.clone() };
            self.scribe.input(self.now, &up, before_timers);
            self.online.insert(point);
            self.csms.link_up(self.now, index);
            self.take();
        }
        self.write(point, true, text, before_timers);
        self.csms.handle_frame(self.now, index, text);
        self.take();
    }

    fn write(&mut self, point: usize, from_point: bool, text: &str, before_timers: bool) {
        let point = self.script.points[point].as_str();
        let seen = write::Seen { at: self.now, point, from_point, text, before_timers };
        let written = self.scribe.frame(&seen);
        debug_assert!(written.is_ok(), "memory can be written");
    }

    /// Takes what the central system says.
    fn take(&mut self) {
        while let Some(output) = self.csms.poll_output() {
            let csms::Output::Send { point, text } = output else { continue };
            let Some(point) = self.by_name.get(self.csms.point_id(point).as_str()).copied() else {
                continue;
            };
            self.write(point, false, &text, false);
            match Frame::parse(&text) {
                Ok(Frame::Call(call)) => self.called(point, &call.id, &call.action, call.payload),
                Ok(Frame::Result(result)) => self.answered(point, &result.id, result.payload),
                Ok(Frame::Error(_)) | Err(_) => {}
            }
        }
    }

    /// Ours answers a call of a charge point: a transaction has its number.
    fn answered(&mut self, point: usize, id: &str, payload: &str) {
        let Some((count, step)) = self.starts.remove(&(point, id.to_owned())) else { return };
        let Some(ours) = Fields::of(payload).integer("transactionId") else { return };
        self.transactions[point].named(ours, count);
        let recorded = match &self.script.frame(step).map(|frame| &frame.role) {
            Some(Role::Call { answer: Some(answer), .. }) => self.script.frame(*answer),
            _ => None,
        };
        if let Some(Frame::Result(result)) = recorded.and_then(|it| Frame::parse(&it.text).ok())
            && let Some(theirs) = Fields::of(result.payload).integer("transactionId")
        {
            self.numbers[point].insert(theirs, ours);
        }
    }

    /// Ours calls a charge point: the recorded answer to the same call comes, or one in its place.
    fn called(&mut self, point: usize, id: &str, action: &str, payload: &str) {
        let slot = Slot::of(false, action, payload, &self.transactions[point]);
        let Some(step) = self.paired(point, &slot, payload) else {
            let usual = self.usual.get(&(point, action)).map(String::as_str);
            let text = stand_in::answer(id, action, payload, usual);
            *self.heard.stand_ins.entry(action.to_owned()).or_default() += 1;
            self.stand_ins += 1;
            let after_all = u64::MAX / 2 + self.stand_ins;
            let due = Due::StandIn { point, text };
            self.queue.insert((self.now + stand_in::DELAY, after_all), due);
            return;
        };
        let asked = &self.script.steps[step];
        if let What::Frame(Framed { role: Role::Call { answer: Some(answer), .. }, .. }) =
            &asked.what
        {
            let took = self.script.steps[*answer].at.since(asked.at);
            let due = Due::Answer { step: *answer, id: id.to_owned() };
            self.queue.insert((self.now + took, order(*answer)), due);
        }
    }

    /// The recorded call that ours is paired with: the same, or else the first that waits.
    fn paired(&mut self, point: usize, slot: &Slot, payload: &str) -> Option<usize> {
        let numbers = &self.numbers[point];
        let waiting = self.calls[point].get_mut(slot)?;
        let same = waiting.iter().position(|step| {
            let frame = self.script.frame(*step).and_then(|it| Frame::parse(&it.text).ok());
            let Some(Frame::Call(call)) = frame else { return false };
            text::with_transactions(call.payload, |id| numbers.get(&id).copied()) == payload
        });
        waiting.remove(same.unwrap_or(0))
    }

    fn heard(self) -> Heard {
        let Partial { stand_ins, lost, refused, strangers } = self.heard;
        let (trace, csms) = (self.scribe.into_inner(), self.csms);
        Heard { trace, stand_ins, lost, refused, strangers, csms }
    }
}

/// Things of one instant are due in the order of their steps.
fn order(step: usize) -> u64 {
    step as u64
}
