//! The writer: facts first, then everything that depends on them.
//!
//! One thread owns the store. Batches come in the order in which things happened; several that
//! wait are kept in one transaction. Frames, answers and live events of a batch leave only when
//! its facts are safe, so nothing anybody was told can be lost by a crash.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::{broadcast, mpsc, oneshot};

use crate::csms::Refusal;
use crate::shell::handle::{Closing, LiveEvent, Receipt};
use crate::store::{Fact, Store, StoreError};
use crate::time::Time;

/// Batches that may wait; then the engine waits too.
const BATCHES: usize = 256;

/// What waits for the facts of its batch.
pub(super) enum Release {
    /// A frame to a real charge point.
    Frame { line: Line, text: String },
    /// An answer to an input.
    Reply { reply: oneshot::Sender<Result<Receipt, Refusal>>, answer: Result<Receipt, Refusal> },
    /// An answer to a change of pace.
    Paced { reply: oneshot::Sender<Result<(), String>>, answer: Result<(), String> },
    /// Facts were kept.
    Kept(oneshot::Sender<()>),
    /// Something happened.
    Event(Arc<LiveEvent>),
}

/// Facts and what depends on them.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) facts: Vec<Fact>,
    pub(super) releases: Vec<Release>,
    /// Forget what is older.
    pub(super) forget: Option<Time>,
}

impl Batch {
    pub(super) fn is_empty(&self) -> bool {
        self.facts.is_empty() && self.releases.is_empty() && self.forget.is_none()
    }
}

/// One connection of a real charge point, as the engine and the writer see it.
#[derive(Clone)]
pub(super) struct Line {
    frames: mpsc::Sender<String>,
    closing: Arc<Mutex<Option<oneshot::Sender<Closing>>>>,
}

impl Line {
    pub(super) fn new(frames: mpsc::Sender<String>, closing: oneshot::Sender<Closing>) -> Line {
        Line { frames, closing: Arc::new(Mutex::new(Some(closing))) }
    }

    /// Asks whoever pumps the connection to close it. The first reason counts.
    pub(super) fn close(&self, why: Closing) {
        let closing = self.closing.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(closing) = closing {
            let _ = closing.send(why);
        }
    }

    fn send(&self, text: String) {
        if let Err(mpsc::error::TrySendError::Full(_)) = self.frames.try_send(text) {
            self.close(Closing::TooSlow);
        }
    }
}

/// The writer's thread and the way to it.
pub(super) struct Writer {
    batches: SyncSender<Batch>,
    thread: JoinHandle<Result<(), StoreError>>,
    failed: Arc<AtomicBool>,
}

impl Writer {
    pub(super) fn start(
        mut store: Box<dyn Store>,
        events: broadcast::Sender<Arc<LiveEvent>>,
    ) -> Writer {
        let (batches, waiting) = sync_channel(BATCHES);
        let failed = Arc::new(AtomicBool::new(false));
        let fails = Arc::clone(&failed);
        let thread = std::thread::spawn(move || {
            let done = write(store.as_mut(), &waiting, &events);
            if done.is_err() {
                fails.store(true, Ordering::Release);
            }
            done
        });
        Writer { batches, thread, failed }
    }

    /// Hands a batch over. False: the store has failed and nothing leaves any more.
    pub(super) fn push(&self, batch: Batch) -> bool {
        batch.is_empty() || self.batches.send(batch).is_ok()
    }

    /// True once the store has failed.
    pub(super) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    /// Waits until everything is written.
    pub(super) fn finish(self) -> Result<(), StoreError> {
        drop(self.batches);
        // A panic of the writer's thread is one of this program: it goes on here.
        self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

fn write(
    store: &mut dyn Store,
    waiting: &Receiver<Batch>,
    events: &broadcast::Sender<Arc<LiveEvent>>,
) -> Result<(), StoreError> {
    let mut forget = None;
    while let Ok(mut batch) = waiting.recv() {
        while let Ok(more) = waiting.try_recv() {
            batch.facts.extend(more.facts);
            batch.releases.extend(more.releases);
            batch.forget = more.forget.or(batch.forget);
        }
        if !batch.facts.is_empty() {
            store.apply(&batch.facts)?;
        }
        for release in batch.releases {
            match release {
                Release::Frame { line, text } => line.send(text),
                Release::Reply { reply, answer } => drop(reply.send(answer)),
                Release::Paced { reply, answer } => drop(reply.send(answer)),
                Release::Kept(reply) => drop(reply.send(())),
                Release::Event(event) => drop(events.send(event)),
            }
        }
        // In pieces, so that nobody waits long for the rest of it.
        forget = batch.forget.or(forget);
        if let Some(before) = forget
            && !store.forget(before)?
        {
            forget = None;
        }
    }
    Ok(())
}
