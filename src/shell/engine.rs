//! The engine: one thread that owns a plant and its time.
//!
//! It handles what is due by the clock, takes orders in between, and hands everything that comes
//! of it to the writer. Inputs enter at strictly ascending instants, after everything that was
//! due; that, and the journal, make a live run repeatable.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use thiserror::Error;
use tokio::sync::{broadcast, mpsc, oneshot};

use crate::csms::{Input, Refusal};
use crate::ids::ChargePointId;
use crate::shell::chronicle::Chronicle;
use crate::shell::clock::Clock;
use crate::shell::handle::{
    Attached, Closing, Handle, LiveEvent, Order, Pace, PaceChange, Receipt, View,
};
use crate::shell::journal::Journal;
use crate::shell::recorder::{Entry, Recorder};
use crate::shell::writer::{Batch, Line, Release, Writer};
use crate::sim::plant::{Outside, Plant};
use crate::store::{Fact, Store, StoreError};
use crate::time::{Span, Time};

/// Orders that may wait; then whoever asks waits too.
const ORDERS: usize = 1024;
/// Events or orders handled before the other kind gets its turn.
const BURST: usize = 256;
/// Frames that may wait for a slow charge point.
const FRAMES: usize = 64;
/// Live events that a slow listener may be behind.
const EVENTS: usize = 16_384;
/// The engine looks at least this often whether it is interrupted.
const LOOK: Duration = Duration::from_millis(100);
/// Old history is dropped this often.
const FORGET_EVERY: Span = Span::from_s(3600);

/// How an engine is set up.
#[derive(Debug, Default)]
pub struct EngineOptions {
    /// Inputs are written down here.
    pub journal: Option<Journal>,
    /// Everything that the central system hears and says is recorded here, so that a replay hears the same.
    pub trace: Option<Recorder>,
    /// History and ended transactions older than this are dropped; `None`: kept for ever.
    pub retention: Option<Span>,
    /// The engine goes on after the last event of a simulation, so that it can be looked at.
    pub hold: bool,
}

/// Why an engine ended early.
#[derive(Debug, Error)]
pub enum EngineError {
    /// What must survive cannot be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An input cannot be written down.
    #[error("cannot write the journal: {0}")]
    Journal(io::Error),
}

/// What an engine can tell when it has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct EngineEnd {
    /// Largest delay behind the wall clock, seconds.
    pub max_lag_s: f64,
    /// Inputs taken.
    pub inputs: u64,
}

/// See the module.
pub struct Engine {
    clock: Clock,
    options: EngineOptions,
    orders: mpsc::Receiver<Order>,
    writer: Writer,
    batch: Batch,
    chronicle: Chronicle,
    lines: BTreeMap<ChargePointId, (u64, Line)>,
    generations: u64,
    last_input: Time,
    forgotten_at: Time,
    finished: bool,
    end: EngineEnd,
}

impl Engine {
    /// An engine and the way to it. The store's writer starts at once.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn new(
        store: Box<dyn Store>,
        clock: Clock,
        options: EngineOptions,
    ) -> Result<(Engine, Handle), StoreError> {
        let (sender, orders) = mpsc::channel(ORDERS);
        let (events, _) = broadcast::channel::<Arc<LiveEvent>>(EVENTS);
        let query = Arc::from(store.reader()?);
        let writer = Writer::start(store, events.clone());
        let engine = Engine {
            clock,
            options,
            orders,
            writer,
            batch: Batch::default(),
            chronicle: Chronicle::default(),
            lines: BTreeMap::new(),
            generations: 0,
            last_input: Time(0),
            forgotten_at: Time(0),
            finished: false,
            end: EngineEnd::default(),
        };
        Ok((engine, Handle { orders: sender, events, query }))
    }

    /// Drives the plant until it is over, stopped or `interrupted`. Blocks; `runtime` is where
    /// orders come from.
    ///
    /// # Errors
    /// When facts or the journal cannot be written: then nothing more has left.
    pub fn run(
        mut self,
        plant: &mut dyn Plant,
        runtime: &tokio::runtime::Handle,
        interrupted: &AtomicBool,
    ) -> Result<EngineEnd, EngineError> {
        self.chronicle.begin(plant.now(), plant.csms(), &mut self.batch);
        if let Some(trace) = &self.options.trace {
            trace.saw(plant.now(), Entry::Setup(Box::new(plant.csms().setup())));
        }
        let done = self.drive(plant, runtime, interrupted);
        for (_, line) in self.lines.values() {
            line.close(Closing::Shutdown);
        }
        self.orders.close();
        self.chronicle.end(plant.now(), plant.csms(), &mut self.batch);
        self.writer.push(std::mem::take(&mut self.batch));
        self.writer.finish()?;
        done.map(|()| self.end)
    }

    fn drive(
        &mut self,
        plant: &mut dyn Plant,
        runtime: &tokio::runtime::Handle,
        interrupted: &AtomicBool,
    ) -> Result<(), EngineError> {
        loop {
            self.work(plant);
            self.flush();
            if self.writer.has_failed() || interrupted.load(Ordering::Relaxed) {
                return Ok(());
            }
            self.finished = is_over(plant, &self.clock);
            if self.finished && !self.options.hold {
                return Ok(());
            }
            let wait = self.wait(plant);
            if wait > Duration::ZERO {
                let order = async { tokio::time::timeout(wait, self.orders.recv()).await };
                match runtime.block_on(order) {
                    Ok(Some(Order::Stop)) => return Ok(()),
                    Ok(Some(order)) => self.obey(plant, order)?,
                    // Nobody holds the handle any more; time goes on.
                    Ok(None) => std::thread::sleep(wait),
                    Err(_) => continue,
                }
            }
            for _ in 0..BURST {
                match self.orders.try_recv() {
                    Ok(Order::Stop) => return Ok(()),
                    Ok(order) => self.obey(plant, order)?,
                    Err(_) => break,
                }
            }
        }
    }

    /// How long nothing is due.
    fn wait(&self, plant: &dyn Plant) -> Duration {
        let due = match (plant.next_at(), plant.end()) {
            (Some(at), _) => self.clock.until(at),
            (None, Some(end)) if !self.finished => self.clock.until(end),
            _ => None,
        };
        due.unwrap_or(LOOK).min(LOOK)
    }

    /// Handles what is due, in a burst.
    fn work(&mut self, plant: &mut dyn Plant) {
        let now = self.clock.now();
        for _ in 0..BURST {
            match plant.next_at().filter(|at| *at <= now) {
                Some(due) => {
                    self.end.max_lag_s = self.end.max_lag_s.max(self.clock.lag_s(due));
                    self.step(plant);
                }
                None => break,
            }
        }
        let reached = self.reached(plant);
        self.chronicle.history(reached, plant.csms(), &mut self.batch);
        if let Some(retention) = self.options.retention
            && reached.since(self.forgotten_at) >= FORGET_EVERY
        {
            self.forgotten_at = reached;
            self.batch.forget = Some(reached - retention);
        }
    }

    fn step(&mut self, plant: &mut dyn Plant) {
        plant.step();
        self.collect(plant);
        self.chronicle.history(plant.now(), plant.csms(), &mut self.batch);
    }

    /// The instant up to which everything has been handled.
    fn reached(&self, plant: &dyn Plant) -> Time {
        let now = self.clock.now().min(plant.end().unwrap_or(Time::NEVER));
        let behind = plant.next_at().is_some_and(|at| at <= now);
        let reached = if behind || now == Time::NEVER { plant.now() } else { now };
        reached.max(plant.now()).max(self.last_input)
    }

    fn obey(&mut self, plant: &mut dyn Plant, order: Order) -> Result<(), EngineError> {
        match order {
            Order::Input { input, reply } => {
                let answer = self.input(plant, &input)?;
                if let Some(reply) = reply {
                    // A refusal waits as well: what it rests on may not be kept yet.
                    self.batch.releases.push(Release::Reply { reply, answer });
                }
            }
            Order::Look(question) => question(&self.view(plant)),
            Order::Pace { change, reply } => {
                let answer = self.change_pace(plant, change);
                // Whoever was told that time has passed asks what happened in it.
                self.batch.releases.push(Release::Paced { reply, answer });
            }
            Order::Keep { facts, reply } => {
                self.dismiss(&facts);
                self.batch.facts.extend(facts);
                self.batch.releases.push(Release::Kept(reply));
            }
            Order::Attach { point, reply } => {
                let attached = self.attach(plant, &point)?;
                let generation = attached.as_ref().map(|attached| attached.generation);
                if let (Err(_), Some(generation)) = (reply.send(attached), generation) {
                    self.detach(plant, point, generation)?;
                }
            }
            Order::Detach { point, generation } => self.detach(plant, point, generation)?,
            Order::Frame { point, generation, text } => {
                if self.lines.get(&point).is_some_and(|(current, _)| *current == generation) {
                    let _ = self.input(plant, &Input::Frame { point, text })?;
                }
            }
            // The caller has seen to it.
            Order::Stop => {}
        }
        Ok(())
    }

    fn view<'a>(&self, plant: &'a dyn Plant) -> View<'a> {
        let now = self.reached(plant);
        let lag_s = plant.next_at().map_or(0.0, |due| self.clock.lag_s(due));
        View {
            now,
            csms: plant.csms(),
            simulated: plant.end().is_some(),
            pace: Pace {
                speed: self.clock.speed(),
                paused: self.clock.is_paused(),
                lag_s,
                progress: self.chronicle.progress(now, plant.end()),
                finished: self.finished,
            },
        }
    }

    fn input(
        &mut self,
        plant: &mut dyn Plant,
        input: &Input,
    ) -> Result<Result<Receipt, Refusal>, EngineError> {
        let at = self.reached(plant).max(self.last_input + Span(1));
        while plant.next_at().is_some_and(|due| due <= at) {
            self.step(plant);
        }
        let at = at.max(plant.now());
        self.last_input = at;
        if let Some(journal) = self.options.journal.as_mut() {
            journal.input(at, input).map_err(EngineError::Journal)?;
        }
        if let Err(refusal) = plant.input(at, input) {
            return Ok(Err(refusal));
        }
        self.end.inputs += 1;
        if let Some(trace) = &self.options.trace {
            trace.saw(at, heard(input));
        }
        self.chronicle.input(at, input, plant.csms(), &mut self.batch);
        self.collect(plant);
        if let Input::RemovePoint { point } = input
            && let Some((_, line)) = self.lines.remove(point)
        {
            line.close(Closing::Dismissed);
        }
        Ok(Ok(Receipt { at }))
    }

    fn collect(&mut self, plant: &mut dyn Plant) {
        let now = plant.now();
        while let Some(outside) = plant.poll_outside() {
            match outside {
                Outside::Send { point, text } => {
                    if let Some(trace) = &self.options.trace {
                        trace.saw(now, frame(&point, false, &text));
                    }
                    if let Some((_, line)) = self.lines.get(&point) {
                        let line = line.clone();
                        self.batch.releases.push(Release::Frame { line, text });
                    }
                }
                Outside::Event(event) => {
                    self.chronicle.event(now, event, plant.csms(), &mut self.batch);
                }
                // Only fleets ask for it, and no engine drives them.
                Outside::Connect { .. } | Outside::Disconnect { .. } => {}
            }
        }
    }

    fn attach(
        &mut self,
        plant: &mut dyn Plant,
        point: &ChargePointId,
    ) -> Result<Option<Attached>, EngineError> {
        if plant.csms().point(point.as_str()).is_none() {
            return Ok(None);
        }
        if let Some((_, old)) = self.lines.remove(point) {
            old.close(Closing::Replaced);
            let _ = self.input(plant, &Input::LinkDown { point: point.clone() })?;
        }
        self.generations += 1;
        let generation = self.generations;
        let (frames, to_send) = mpsc::channel(FRAMES);
        let (close, closing) = oneshot::channel();
        self.lines.insert(point.clone(), (generation, Line::new(frames, close)));
        if self.input(plant, &Input::LinkUp { point: point.clone() })?.is_err() {
            self.lines.remove(point);
            return Ok(None);
        }
        Ok(Some(Attached { generation, frames: to_send, closing }))
    }

    fn detach(
        &mut self,
        plant: &mut dyn Plant,
        point: ChargePointId,
        generation: u64,
    ) -> Result<(), EngineError> {
        if self.lines.get(&point).is_some_and(|(current, _)| *current == generation) {
            self.lines.remove(&point);
            let _ = self.input(plant, &Input::LinkDown { point })?;
        }
        Ok(())
    }

    /// A connection whose key has changed must prove itself again.
    fn dismiss(&mut self, facts: &[Fact]) {
        for fact in facts {
            if let Fact::Credential(point, _) = fact
                && let Some((_, line)) = self.lines.get(point)
            {
                line.close(Closing::Dismissed);
            }
        }
    }

    fn change_pace(&mut self, plant: &mut dyn Plant, change: PaceChange) -> Result<(), String> {
        let Some(end) = plant.end() else {
            return Err("real charge points cannot be paused or hurried".to_owned());
        };
        let reached = self.reached(plant);
        match change {
            PaceChange::Pause => self.clock.pause(true, reached),
            PaceChange::Resume => self.clock.pause(false, reached),
            PaceChange::Speed(speed) => self.clock.set_speed(speed, reached),
            PaceChange::Step { .. } | PaceChange::StepUntil(_) if !self.clock.is_paused() => {
                return Err("pause the simulation before stepping it".to_owned());
            }
            PaceChange::Step { events } => {
                for _ in 0..events {
                    if plant.next_at().is_none() {
                        break;
                    }
                    self.step(plant);
                    self.flush_large();
                }
                self.clock.pause(true, plant.now().max(reached));
            }
            PaceChange::StepUntil(until) => {
                while plant.next_at().is_some_and(|due| due <= until) {
                    self.step(plant);
                    self.flush_large();
                }
                self.clock.pause(true, until.min(end).max(reached));
            }
        }
        Ok(())
    }

    fn flush(&mut self) {
        self.writer.push(std::mem::take(&mut self.batch));
    }

    fn flush_large(&mut self) {
        if self.batch.releases.len() + self.batch.facts.len() > 4 * BURST {
            self.flush();
        }
    }
}

/// An input as it is recorded. What was due at its instant has been handled before it.
fn heard(input: &Input) -> Entry {
    match input {
        Input::Frame { point, text } => frame(point, true, text),
        input => Entry::Input { input: input.clone(), before_timers: false },
    }
}

fn frame(point: &ChargePointId, from_point: bool, text: &str) -> Entry {
    let (point, text) = (point.as_str().into(), text.to_owned());
    Entry::Frame { point, from_point, text, before_timers: false }
}

/// A simulation is over when its last event is handled and its time has come to its end.
fn is_over(plant: &dyn Plant, clock: &Clock) -> bool {
    plant.next_at().is_none() && plant.end().is_some_and(|end| clock.now() >= end)
}
