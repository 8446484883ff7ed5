//! The recorded central system against simulated charge points.
//!
//! Its calls come when they were recorded; those about a transaction as long after our StartTransaction as they came
//! after the recorded one. Its answer to a call of ours is the recorded one to the call that ours is paired with, and
//! takes as long; a call that was never recorded is answered in its place. What cars do comes from the scenario.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::script::{Framed, Role, Script, What};
use super::slot::{Slot, Transactions};
use super::{stand_in, text};
use crate::csms::Input;
use crate::ids::ChargePointId;
use crate::ocpp::frame::Frame;
use crate::scenario::model::{Fleet, Scenario};
use crate::sim::plant::{Outside, Plant};
use crate::sim::world::World;
use crate::time::{Span, Time};
use crate::trace::payload::Fields;
use crate::trace::{Scribe, write};

/// A charge point whose connection nobody recorded tries again after this.
const TRY_AGAIN: Span = Span::from_s(10);

/// What came of a replay.
#[derive(Debug)]
pub struct Heard {
    /// What was heard and said, as a trace.
    pub trace: Vec<u8>,
    /// By action: answers in the place of the recorded central system.
    pub stand_ins: BTreeMap<String, u64>,
    /// Frames of the recorded central system that found no connection.
    pub lost: u64,
    /// Charge points of the trace that the scenario does not have.
    pub absent: Vec<String>,
}

/// Replays a script against the charge points and cars of a scenario.
#[must_use]
pub fn replay(script: &Script, scenario: &Scenario, fleet: &Fleet, seed: u64) -> Heard {
    let strategy = scenario.site.strategy;
    let world = World::new(scenario, fleet, strategy, seed, None).without_central();
    let mut driver = Driver::new(script, world);
    driver.plan();
    driver.run(script.span().map_or(Time(0), |(_, to)| to));
    let Driver { scribe, stand_ins, lost, absent, .. } = driver;
    Heard { trace: scribe.into_inner(), stand_ins, lost, absent }
}

/// Something that is due at a charge point.
enum Due {
    Link {
        up: bool,
    },
    /// A frame of the recorded central system.
    Frame(String),
}

struct Driver<'a> {
    script: &'a Script,
    world: World<'a>,
    queue: BTreeMap<(Time, u64), (usize, Due)>,
    numbered: u64,
    scribe: Scribe<Vec<u8>>,
    by_name: BTreeMap<&'a str, usize>,
    online: BTreeSet<usize>,
    /// Recorded calls of charge points that wait for ours, by charge point.
    calls: Vec<BTreeMap<&'a Slot, VecDeque<usize>>>,
    /// Recorded calls of the central system about transactions that have not begun here.
    early: BTreeMap<(usize, usize), Vec<usize>>,
    /// When the recorded transactions began.
    began: BTreeMap<(usize, usize), Time>,
    transactions: Vec<Transactions>,
    started: Vec<usize>,
    stand_ins: BTreeMap<String, u64>,
    lost: u64,
    absent: Vec<String>,
}

impl<'a> Driver<'a> {
    fn new(script: &'a Script, world: World<'a>) -> Driver<'a> {
        let points = script.points.len();
        let known = |id: &ChargePointId| world.points().iter().any(|point| point.id() == id);
        let absent = script.points.iter().filter(|id| !known(id));
        let absent = absent.map(ToString::to_string).collect();
        Driver {
            script,
            world,
            queue: BTreeMap::new(),
            numbered: 0,
            scribe: Scribe::new(Vec::new()),
            by_name: script.points.iter().enumerate().map(|(n, id)| (id.as_str(), n)).collect(),
            online: BTreeSet::new(),
            calls: vec![BTreeMap::new(); points],
            early: BTreeMap::new(),
            began: BTreeMap::new(),
            transactions: vec![Transactions::default(); points],
            started: vec![0; points],
            stand_ins: BTreeMap::new(),
            lost: 0,
            absent,
        }
    }

    fn plan(&mut self) {
        let mut starts = vec![0; self.script.points.len()];
        for (index, step) in self.script.steps.iter().enumerate() {
            match &step.what {
                What::Input(input) => self.plan_link(step.at, input),
                What::Frame(Framed {
                    point,
                    from_point: true,
                    role: Role::Call { slot, .. },
                    ..
                }) => {
                    if &*slot.action == "StartTransaction" {
                        self.began.insert((*point, starts[*point]), step.at);
                        starts[*point] += 1;
                    }
                    self.calls[*point].entry(slot).or_default().push_back(index);
                }
                What::Frame(Framed { point, role: Role::Call { slot, .. }, text, .. }) => {
                    match slot.transaction {
                        Some(count) => {
                            self.early.entry((*point, count)).or_default().push(index);
                        }
                        None => self.push(step.at, *point, Due::Frame(text.clone())),
                    }
                }
                What::Frame(_) => {}
            }
        }
    }

    fn plan_link(&mut self, at: Time, input: &Input) {
        let (id, up) = match input {
            Input::LinkUp { point } => (point, true),
            Input::LinkDown { point } => (point, false),
            _ => return,
        };
        if let Some(point) = self.by_name.get(id.as_str()).copied() {
            self.push(at, point, Due::Link { up });
        }
    }

    fn push(&mut self, at: Time, point: usize, due: Due) {
        self.numbered += 1;
        self.queue.insert((at, self.numbered), (point, due));
    }

    fn run(&mut self, end: Time) {
        self.take();
        loop {
            let next = self.queue.first_key_value().map(|(key, _)| *key);
            let next = next.filter(|(at, _)| *at <= end);
            let event = self.world.next_at().filter(|at| *at <= end);
            match (next, event) {
                (next, Some(event)) if next.is_none_or(|(at, _)| event <= at) => {
                    self.world.step();
                    self.take();
                }
                (Some(key), _) => {
                    if let Some((point, due)) = self.queue.remove(&key) {
                        self.handle(key.0, point, due);
                    }
                }
                (None, _) => break,
            }
        }
    }

    fn handle(&mut self, at: Time, point: usize, due: Due) {
        let at = at.max(self.world.now());
        match due {
            Due::Link { up } => self.link(at, point, up),
            Due::Frame(text) => {
                if !self.online.contains(&point) {
                    self.lost += 1;
                    return;
                }
                self.write(at, point, false, &text);
                let id = self.script.points[point].clone();
                let taken = self.world.input(at, &Input::Frame { point: id, text });
                self.lost += u64::from(taken.is_err());
                self.take();
            }
        }
    }

    fn link(&mut self, at: Time, point: usize, up: bool) {
        let id = self.script.points[point].clone();
        let input = if up { Input::LinkUp { point: id } } else { Input::LinkDown { point: id } };
        if up == self.online.contains(&point) || self.world.input(at, &input).is_err() {
            return;
        }
        self.scribe.input(at, &input, false);
        if up {
            self.online.insert(point)
        } else {
            self.online.remove(&point)
        };
        self.take();
    }

    fn write(&mut self, at: Time, point: usize, from_point: bool, text: &str) {
        let point = self.script.points[point].as_str();
        let seen = write::Seen { at, point, from_point, text, before_timers: false };
        let written = self.scribe.frame(&seen);
        debug_assert!(written.is_ok(), "memory can be written");
    }

    /// Takes what charge points do.
    fn take(&mut self) {
        while let Some(outside) = self.world.poll_outside() {
            let now = self.world.now();
            match outside {
                Outside::Connect { point } => {
                    if let Some(number) = self.by_name.get(point.as_str()).copied()
                        && !self.script.linked.contains(&point)
                    {
                        self.push(now, number, Due::Link { up: true });
                    }
                }
                Outside::Disconnect { point } => {
                    let Some(number) = self.by_name.get(point.as_str()).copied() else { continue };
                    self.push(now, number, Due::Link { up: false });
                    if !self.script.linked.contains(&point) {
                        self.push(now + TRY_AGAIN, number, Due::Link { up: true });
                    }
                }
                Outside::Send { point, text } => {
                    let Some(number) = self.by_name.get(point.as_str()).copied() else { continue };
                    if self.online.contains(&number) {
                        self.write(now, number, true, &text);
                        self.said(now, number, &text);
                    }
                }
                Outside::Event(_) => {}
            }
        }
    }

    /// A charge point calls: the recorded answer to the same call comes, or one in its place.
    fn said(&mut self, now: Time, point: usize, text: &str) {
        let Ok(Frame::Call(call)) = Frame::parse(text) else { return };
        let slot = Slot::of(true, &call.action, call.payload, &self.transactions[point]);
        let count = self.started[point];
        if &*call.action == "StartTransaction" {
            self.started[point] += 1;
            self.begins(now, point, count);
        }
        let step = self.calls[point].get_mut(&slot).and_then(VecDeque::pop_front);
        let Some(step) = step else {
            *self.stand_ins.entry(call.action.to_string()).or_default() += 1;
            let answer = stand_in::central(&call.id, &call.action, now, self.numbered);
            self.named(point, &call.action, count, &answer);
            return self.push(now + stand_in::DELAY, point, Due::Frame(answer));
        };
        let asked = &self.script.steps[step];
        let Some(Framed { role: Role::Call { answer: Some(answer), .. }, .. }) =
            self.script.frame(step)
        else {
            return;
        };
        let took = self.script.steps[*answer].at.since(asked.at);
        let Some(recorded) = self.script.frame(*answer) else { return };
        if let Some(text) = text::with_id(&recorded.text, &call.id) {
            self.named(point, &call.action, count, &text);
            self.push(now + took, point, Due::Frame(text));
        }
    }

    /// What the recorded central system said of a transaction comes as long after its beginning.
    fn begins(&mut self, now: Time, point: usize, count: usize) {
        let Some(began) = self.began.get(&(point, count)).copied() else { return };
        for step in self.early.remove(&(point, count)).unwrap_or_default() {
            if let Some(frame) = self.script.frame(step) {
                let after = self.script.steps[step].at.since(began);
                self.push(now + after, point, Due::Frame(frame.text.clone()));
            }
        }
    }

    fn named(&mut self, point: usize, action: &str, count: usize, answer: &str) {
        if action == "StartTransaction"
            && let Ok(Frame::Result(result)) = Frame::parse(answer)
            && let Some(id) = Fields::of(result.payload).integer("transactionId")
        {
            self.transactions[point].named(id, count);
        }
    }
}
