//! A trace -> what happened, step by step, and what answers what.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead};

use super::slot::{Slot, Transactions};
use crate::allocation::Strategy;
use crate::csms::{Input, Setup};
use crate::ids::ChargePointId;
use crate::time::Time;
use crate::trace::correlate::{Correlator, Role as Correlated};
use crate::trace::meta::Meta;
use crate::trace::payload::Fields;
use crate::trace::read::{Line, Reader};
use crate::trace::record::{Direction, MessageType, Record};

/// A trace in memory, in an order in which it can have happened.
#[derive(Debug, Default)]
pub struct Script {
    /// What the recorded central system was set up with, where the trace says so.
    pub setup: Option<Setup>,
    /// Oldest first.
    pub steps: Vec<Step>,
    /// Charge points in the order in which they appear.
    pub points: Vec<ChargePointId>,
    /// Charge points whose connections the trace tells.
    pub linked: BTreeSet<ChargePointId>,
    /// Lines that are no records, with the reason.
    pub broken: Vec<(u64, String)>,
    /// Records that a replay has no use for: without charge point, or without a frame.
    pub unusable: u64,
}

/// Something that happened.
#[derive(Clone, Debug)]
pub struct Step {
    /// When; never before the step before of the same charge point.
    pub at: Time,
    /// Line of the trace, from 1 on.
    pub line: u64,
    /// Timers that were due at this instant came after it.
    pub before_timers: bool,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum What {
    /// Something else than a frame entered the central system.
    Input(Box<Input>),
    /// A frame.
    Frame(Framed),
}

/// A frame of a trace.
#[derive(Clone, Debug)]
pub struct Framed {
    /// Number of its charge point in [`Script::points`].
    pub point: usize,
    /// True when the charge point sent it.
    pub from_point: bool,
    /// OCPP-J text.
    pub text: String,
    /// What it is to the others.
    pub role: Role,
}

/// What a frame is to the others.
#[derive(Clone, Debug)]
pub enum Role {
    /// A call; what it is about, and the step that answers it.
    Call {
        /// What it is paired by.
        slot: Slot,
        /// Index into [`Script::steps`].
        answer: Option<usize>,
    },
    /// An answer to the call in this step.
    Answer(usize),
    /// An answer to nothing in this trace.
    Orphan,
}

impl Script {
    /// Reads a trace to its end. What is no record is noted.
    ///
    /// # Errors
    /// When the source cannot be read.
    pub fn read(source: impl BufRead) -> io::Result<Script> {
        let mut reader = Reader::new(source);
        let mut writer = ScriptWriter::default();
        while let Some(line) = reader.next_line()? {
            writer.take(&line);
        }
        Ok(writer.finish())
    }

    /// The first and the last instant; `None` without steps.
    #[must_use]
    pub fn span(&self) -> Option<(Time, Time)> {
        Some((self.steps.first()?.at, self.steps.last()?.at))
    }

    /// Sites have another strategy, also where the trace tells a new configuration.
    pub fn set_strategy(&mut self, strategy: Strategy) {
        for step in &mut self.steps {
            if let What::Input(input) = &mut step.what
                && let Input::Configure { config, .. } = &mut **input
            {
                config.strategy = strategy;
            }
        }
    }

    /// Frames.
    pub fn frames(&self) -> impl Iterator<Item = (usize, &Step, &Framed)> {
        self.steps.iter().enumerate().filter_map(|(index, step)| match &step.what {
            What::Frame(frame) => Some((index, step, frame)),
            What::Input(_) => None,
        })
    }

    /// A frame by its step.
    #[must_use]
    pub fn frame(&self, step: usize) -> Option<&Framed> {
        match &self.steps.get(step)?.what {
            What::Frame(frame) => Some(frame),
            What::Input(_) => None,
        }
    }
}

/// Takes a trace line by line; see [`Script::read`].
#[derive(Debug, Default)]
pub struct ScriptWriter {
    script: Script,
    correlator: Correlator,
    by_name: BTreeMap<String, usize>,
    /// Where a record went, by its index in the trace.
    place: Vec<Option<usize>>,
    transactions: Vec<Transactions>,
    /// StartTransactions of each charge point so far.
    starts: Vec<usize>,
    /// Which transaction a StartTransaction in a step began.
    began: BTreeMap<usize, usize>,
    last: Vec<Time>,
}

impl ScriptWriter {
    /// Takes the next line.
    pub fn take(&mut self, line: &Line<'_>) {
        match &line.record {
            Ok(record) => self.record(line.number, record),
            Err(fault) => self.script.broken.push((line.number, fault.to_string())),
        }
    }

    /// Everything in an order in which it can have happened: by instant, and of one charge point as it stands.
    #[must_use]
    pub fn finish(self) -> Script {
        let mut script = self.script;
        if script.steps.is_sorted_by_key(|step| step.at) {
            return script;
        }
        let mut order: Vec<usize> = (0..script.steps.len()).collect();
        order.sort_by_key(|index| (script.steps[*index].at, *index));
        let mut place = vec![0; order.len()];
        order.iter().enumerate().for_each(|(new, old)| place[*old] = new);
        let mut steps: Vec<Option<Step>> = script.steps.into_iter().map(Some).collect();
        let moved = order.iter().map(|old| steps[*old].take().expect("each once"));
        script.steps = moved.collect();
        for step in &mut script.steps {
            if let What::Frame(frame) = &mut step.what {
                match &mut frame.role {
                    Role::Call { answer: Some(at), .. } | Role::Answer(at) => *at = place[*at],
                    Role::Call { answer: None, .. } | Role::Orphan => {}
                }
            }
        }
        script
    }

    fn record(&mut self, line: u64, record: &Record<'_>) {
        let meta = Meta::of(record.meta.map(serde_json::value::RawValue::get));
        self.inputs(line, &meta);
        // Every record is correlated, so that an index means the same everywhere.
        let turn = self.correlator.take(line, record);
        let (call, answers) = match turn.role {
            Correlated::Call(_) => (true, None),
            Correlated::Answer(asked) => (false, Some(asked.index)),
            Correlated::Orphan => (false, None),
        };
        let text = frame_text(record);
        let (Some(name), Some(text)) = (record.charge_point_id.as_deref(), text) else {
            self.place.push(None);
            self.script.unusable += 1;
            return;
        };
        let point = self.point(name);
        let step = self.script.steps.len();
        self.place.push(Some(step));
        let from_point = record.direction == Direction::FromPoint;
        let role = if call {
            self.call(point, step, from_point, record)
        } else {
            let asked = answers.and_then(|index| self.place[index as usize]);
            asked.map_or(Role::Orphan, |asked| self.answer(point, step, asked, record))
        };
        let at = record.timestamp.at().max(self.last[point]);
        self.last[point] = at;
        let what = What::Frame(Framed { point, from_point, text, role });
        let before_timers = meta.before_timers;
        self.script.steps.push(Step { at, line, before_timers, what });
    }

    fn inputs(&mut self, line: u64, meta: &Meta) {
        if let Some(setup) = &meta.central {
            self.script.setup.get_or_insert_with(|| (**setup).clone());
        }
        for entered in &meta.before {
            if let Input::LinkUp { point } = &entered.input {
                self.script.linked.insert(point.clone());
            }
            let what = What::Input(Box::new(entered.input.clone()));
            let (at, before_timers) = (entered.at, entered.before_timers);
            self.script.steps.push(Step { at, line, before_timers, what });
        }
    }

    fn call(&mut self, point: usize, step: usize, from_point: bool, record: &Record<'_>) -> Role {
        let action = record.action.as_deref().unwrap_or_default();
        if from_point && action == "StartTransaction" {
            self.began.insert(step, self.starts[point]);
            self.starts[point] += 1;
        }
        let slot = Slot::of(from_point, action, record.body(), &self.transactions[point]);
        Role::Call { slot, answer: None }
    }

    fn answer(&mut self, point: usize, step: usize, asked: usize, record: &Record<'_>) -> Role {
        if let What::Frame(Framed { role: Role::Call { answer, .. }, .. }) =
            &mut self.script.steps[asked].what
        {
            *answer = Some(step);
        }
        if let (Some(count), MessageType::CallResult) =
            (self.began.remove(&asked), record.message_type)
            && let Some(id) = Fields::of(record.body()).integer("transactionId")
        {
            self.transactions[point].named(id, count);
        }
        Role::Answer(asked)
    }

    fn point(&mut self, name: &str) -> usize {
        if let Some(known) = self.by_name.get(name) {
            return *known;
        }
        let number = self.script.points.len();
        self.script.points.push(ChargePointId::new(name));
        self.by_name.insert(name.to_owned(), number);
        self.transactions.push(Transactions::default());
        self.starts.push(0);
        self.last.push(Time(i64::MIN));
        number
    }
}

/// The frame as it was sent, or one that says what the record does; `None` for SOAP, and where an id is missing.
fn frame_text(record: &Record<'_>) -> Option<String> {
    if let Some(raw) = record.raw.as_deref()
        && crate::ocpp::frame::Frame::parse(raw).is_ok()
    {
        return Some(raw.to_owned());
    }
    let id = serde_json::Value::from(record.message_id.as_deref()?);
    Some(match record.message_type {
        MessageType::Call => {
            let action = serde_json::Value::from(record.action.as_deref()?);
            format!("[2,{id},{action},{}]", record.body())
        }
        MessageType::CallResult => format!("[3,{id},{}]", record.body()),
        MessageType::CallError => {
            let error = record.error.as_ref()?;
            let said = |text: &Option<std::borrow::Cow<'_, str>>| {
                serde_json::Value::from(text.as_deref().unwrap_or_default())
            };
            let details = error.details.map_or("{}", serde_json::value::RawValue::get);
            format!("[4,{id},{},{},{details}]", said(&error.code), said(&error.description))
        }
    })
}
