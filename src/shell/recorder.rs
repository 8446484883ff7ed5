//! Traffic as it goes on, written to a trace that grows.
//!
//! Whoever carries frames hands them over and goes on; a thread of its own writes them, whole lines in one
//! `write` each time, at the end of the file. What is handed over and not yet written is bounded: when a disk
//! is slower than the traffic for longer than [`PATIENCE`], frames go on unrecorded, and are counted.
//! A file that ends within a line, after a crash, gets that line ended first: it costs itself alone.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::csms::{Input, Setup};
use crate::shell::clock::Clock;
use crate::time::Time;
use crate::trace::redact::Redactor;
use crate::trace::{Scribe, write};

/// Bytes of frames that may wait to be written.
const WAITING: usize = 32 << 20;
/// How long a frame waits for room among them.
pub const PATIENCE: Duration = Duration::from_millis(500);
/// Between two writes, while there is something to write; the file is at most this and one `write` behind.
const BATCH: Duration = Duration::from_millis(50);
/// What is written at once at least, when so much waits.
const LARGE: usize = 1 << 20;
/// Between two requests to the system to put the file on its disk.
const SYNC: Duration = Duration::from_secs(1);
/// What an entry takes besides its text, bytes.
const ENTRY: usize = 128;

/// The way to the writer; clones share it.
#[derive(Clone, Debug)]
pub struct Recorder {
    shared: Arc<Shared>,
}

/// The thread that writes.
#[derive(Debug)]
pub struct RecorderThread {
    shared: Arc<Shared>,
    thread: JoinHandle<Recorded>,
}

/// What was recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Lines written.
    pub records: u64,
    /// Frames that went on unrecorded: the disk was too slow, or full.
    pub lost: u64,
    /// Texts that are no frames of OCPP-J; those of charge points stand in `meta` of the next record.
    pub no_frames: u64,
    /// What the system said first when it could not write.
    pub problem: Option<String>,
}

/// Something that is recorded.
#[derive(Debug)]
pub enum Entry {
    /// What a central system is set up with.
    Setup(Box<Setup>),
    /// Something else than a frame.
    Input {
        /// What.
        input: Input,
        /// Timers that were due at its instant came after it.
        before_timers: bool,
    },
    /// A frame.
    Frame {
        /// The charge point's identity.
        point: Arc<str>,
        /// True when the charge point sent it.
        from_point: bool,
        /// OCPP-J text.
        text: String,
        /// Timers that were due at its instant came after it.
        before_timers: bool,
    },
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// There is something to write, or nothing more to come.
    something: Condvar,
    /// There is room again.
    room: Notify,
}

#[derive(Debug)]
struct State {
    clock: Clock,
    entries: VecDeque<(Time, Entry)>,
    bytes: usize,
    lost: u64,
    over: bool,
}

impl Recorder {
    /// Opens a trace, at its end, and starts its writer. With a redactor nothing is written before it is redacted.
    ///
    /// # Errors
    /// When the file cannot be opened, or its last line not be ended.
    pub fn open(path: &Path, redactor: Option<Redactor>) -> io::Result<(Recorder, RecorderThread)> {
        let file = open_at_end(path)?;
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                clock: Clock::real(),
                entries: VecDeque::new(),
                bytes: 0,
                lost: 0,
                over: false,
            }),
            something: Condvar::new(),
            room: Notify::new(),
        });
        let theirs = Arc::clone(&shared);
        let writer = Writer {
            file,
            scribe: Scribe::new(Vec::new()),
            redactor,
            torn: false,
            dirty: false,
            synced: Instant::now(),
            done: Recorded::default(),
        };
        let thread = std::thread::Builder::new()
            .name("recorder".to_owned())
            .spawn(move || writer.run(&theirs))?;
        Ok((Recorder { shared: Arc::clone(&shared) }, RecorderThread { shared, thread }))
    }

    /// Hands over what is seen now; waits for room at most [`PATIENCE`].
    pub async fn see(&self, entry: Entry) {
        let room = async {
            loop {
                let notified = self.shared.room.notified();
                if self.shared.state().bytes < WAITING {
                    return;
                }
                notified.await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, room).await;
        let mut state = self.shared.state();
        if waited.is_err() {
            state.lost += 1;
            return;
        }
        // Under the lock, so that times ascend in the file.
        let at = state.clock.now();
        self.shared.put(state, at, entry);
    }

    /// Hands over what was seen at an instant, without waiting; what has no room is counted as lost.
    pub fn saw(&self, at: Time, entry: Entry) {
        let mut state = self.shared.state();
        if state.bytes >= WAITING {
            state.lost += 1;
            return;
        }
        self.shared.put(state, at, entry);
    }
}

impl RecorderThread {
    /// Writes what is left and ends.
    #[must_use]
    pub fn finish(self) -> Recorded {
        self.shared.state().over = true;
        self.shared.something.notify_all();
        // A panic of the thread is one of this program: it goes on here.
        self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, mut state: MutexGuard<'_, State>, at: Time, entry: Entry) {
        state.bytes += entry.bytes();
        state.entries.push_back((at, entry));
        drop(state);
        self.something.notify_one();
    }

    /// Waits for something to write, not for ever; whether that is the last.
    fn next(&self) -> (VecDeque<(Time, Entry)>, bool) {
        let mut state = self.state();
        if state.entries.is_empty() && !state.over {
            let waited = self.something.wait_timeout(state, SYNC);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        (std::mem::take(&mut state.entries), state.over)
    }
}

impl Entry {
    fn bytes(&self) -> usize {
        ENTRY
            + match self {
                Entry::Frame { text, .. }
                | Entry::Input { input: Input::Frame { text, .. }, .. } => text.len(),
                Entry::Setup(_) | Entry::Input { .. } => 0,
            }
    }
}

struct Writer {
    file: File,
    scribe: Scribe<Vec<u8>>,
    redactor: Option<Redactor>,
    /// The file may end within a line.
    torn: bool,
    /// The system may not have put everything on its disk.
    dirty: bool,
    synced: Instant,
    done: Recorded,
}

impl Writer {
    fn run(mut self, shared: &Shared) -> Recorded {
        loop {
            let (entries, over) = shared.next();
            let mut taken = 0;
            for (at, entry) in entries {
                taken += entry.bytes();
                self.take(at, &entry);
                if self.scribe.sink().len() >= LARGE {
                    self.write();
                }
            }
            self.write();
            shared.state().bytes -= taken;
            shared.room.notify_waiters();
            if over {
                let _ = self.file.sync_all();
                self.done.lost += shared.state().lost;
                return self.done;
            }
            if self.dirty && self.synced.elapsed() >= SYNC {
                // A system that cannot says so at the next write too.
                let _ = self.file.sync_data();
                self.synced = Instant::now();
                self.dirty = false;
            }
            if taken > 0 {
                std::thread::sleep(BATCH);
            }
        }
    }

    /// The lines that come of an entry.
    fn take(&mut self, at: Time, entry: &Entry) {
        match entry {
            Entry::Setup(setup) => self.scribe.begin(setup),
            Entry::Input { input, before_timers } => self.scribe.input(at, input, *before_timers),
            Entry::Frame { point, from_point, text, before_timers } => {
                let before = self.scribe.sink().len();
                let (from_point, before_timers) = (*from_point, *before_timers);
                let seen = write::Seen { at, point, from_point, text, before_timers };
                // Memory takes everything.
                let _ = self.scribe.frame(&seen);
                if self.scribe.sink().len() == before {
                    self.done.no_frames += 1;
                }
            }
        }
    }

    /// Everything that waits, in one `write`.
    fn write(&mut self) {
        let mut bytes = std::mem::take(self.scribe.sink());
        if bytes.is_empty() {
            return;
        }
        if let Some(redactor) = &mut self.redactor {
            bytes = redacted(redactor, &bytes);
        }
        if self.torn {
            bytes.insert(0, b'\n');
        }
        let records = bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
        let records = records - u64::from(self.torn);
        match self.file.write_all(&bytes) {
            Ok(()) => {
                self.done.records += records;
                self.dirty = true;
                self.torn = false;
            }
            Err(problem) => {
                tracing::error!(%problem, "the trace cannot be written; traffic goes on unrecorded");
                self.done.lost += records;
                self.done.problem.get_or_insert_with(|| problem.to_string());
                self.torn = true;
            }
        }
    }
}

fn redacted(redactor: &mut Redactor, bytes: &[u8]) -> Vec<u8> {
    let mut out = String::with_capacity(bytes.len());
    for line in String::from_utf8_lossy(bytes).lines() {
        // What was just written is a record.
        let _ = redactor.line(line, &mut out);
    }
    out.into_bytes()
}

/// Opens a file to write at its end, which is that of a line.
fn open_at_end(path: &Path) -> io::Result<File> {
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    if file.metadata()?.len() > 0 {
        file.seek(SeekFrom::End(-1))?;
        let mut last = [0];
        file.read_exact(&mut last)?;
        if last != *b"\n" {
            file.write_all(b"\n")?;
        }
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::redact::Key;
    use crate::trace::{Reader, Record};

    fn frame(number: u64) -> Entry {
        let text = format!(r#"[2,"{number}","Authorize",{{"idTag":"04A2B3C4"}}]"#);
        Entry::Frame { point: "cp_1".into(), from_point: true, text, before_timers: false }
    }

    #[test]
    fn frames_stand_in_their_order_behind_what_a_crash_has_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trace.jsonl");
        for round in 0..2_u64 {
            let (recorder, thread) = Recorder::open(&path, None).unwrap();
            (0..1000).for_each(|number| recorder.saw(Time(1_800_000_000_000_000), frame(number)));
            let done = thread.finish();
            assert_eq!((done.records, done.lost, done.problem), (1000, 0, None));
            if round == 0 {
                let whole = std::fs::read(&path).unwrap();
                std::fs::write(&path, &whole[..whole.len() - 30]).unwrap();
            }
        }
        let bytes = std::fs::read(&path).unwrap();
        let mut reader = Reader::new(bytes.as_slice());
        let mut ids = Vec::new();
        while let Some(line) = reader.next_line().unwrap() {
            match line.record {
                Ok(Record { message_id, .. }) => ids.push(message_id.unwrap().into_owned()),
                Err(_) => assert_eq!(line.number, 1000, "the one that was cut"),
            }
        }
        let wanted = (0..999).chain(0..1000).map(|it| it.to_string());
        assert!(ids.into_iter().eq(wanted));
    }

    #[test]
    fn with_a_key_no_secret_comes_near_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trace.jsonl");
        let key = Key::new(b"sixteen bytes or more").unwrap();
        let (recorder, thread) = Recorder::open(&path, Some(Redactor::at_once(key))).unwrap();
        recorder.saw(
            Time(1_800_000_000_000_000),
            Entry::Input { input: Input::LinkUp { point: "cp_1".into() }, before_timers: false },
        );
        recorder.saw(Time(1_800_000_000_000_001), frame(1));
        assert_eq!(thread.finish().records, 1);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains("04A2B3C4") && !text.contains("cp_1"), "{text}");
        assert!(text.contains("TAG-") && text.contains("link_up"), "{text}");
    }

    #[test]
    fn a_text_that_is_no_frame_stands_with_the_next_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trace.jsonl");
        let (recorder, thread) = Recorder::open(&path, None).unwrap();
        let broken = Entry::Frame {
            point: "cp_1".into(),
            from_point: true,
            text: "[2,".to_owned(),
            before_timers: false,
        };
        recorder.saw(Time(1_800_000_000_000_000), broken);
        recorder.saw(Time(1_800_000_000_000_001), frame(1));
        let done = thread.finish();
        assert_eq!((done.records, done.no_frames), (1, 1));
        assert!(std::fs::read_to_string(&path).unwrap().contains(r#""text":"[2,""#));
    }
}
