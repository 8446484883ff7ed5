//! What survives: facts go in, state and history come out.
//!
//! A [`Fact`] is something that was acknowledged to somebody or will be. Whoever drives a central
//! system gives its facts to a [`Store`] before anything that depends on them leaves the process:
//! a frame, an answer of the REST API. Facts are idempotent: told again, they change nothing.
//!
//! Runs keep their facts in memory, `serve` in SQLite; both answer the same questions.

use thiserror::Error;

use crate::csms::{Breed, Manner};
use crate::ids::{ChargePointId, SessionId, SiteId};
use crate::ocpp::types::AuthorizationStatus;
use crate::time::{Span, Time};

pub mod memory;
pub mod sqlite;

mod fact;
mod window;

pub use fact::{
    ApiKeyRow, CommandOutcome, CommandRow, Fact, HistoryRow, IdempotentRow, LimitRow, NoticeRow,
    PointRow, RecordRow, SiteRow, TransactionEnd, TransactionRow,
};

/// How long a [`HistoryRow`] holds when nothing follows it: 10 minutes. Whoever drives a central
/// system tells the allocation of every site at least once a minute, so a longer silence means
/// that nobody was there, and what happened then is unknown.
pub const HISTORY_HOLDS: Span = Span::from_s(600);

/// How long a stored answer is kept for a repeated request: 24 hours.
pub const ANSWERS_KEPT: Span = Span::from_s(24 * 3600);

/// How many ended transactions [`Saved`] holds, the last ones: enough to know what a charge point
/// repeats after a restart.
pub const ENDED_SAVED: usize = 1000;

/// How many notices are kept of each charge point, the last ones: a station that tells something
/// every minute cannot fill a disk.
pub const NOTICES_KEPT: usize = 500;

/// One bucket of a history: half open, `[at, at + interval)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Bucket {
    /// Where it begins.
    pub at: Time,
    /// Time-weighted mean over the part of the bucket that is known, watts.
    pub allocated_w: f64,
    /// The same of the draw.
    pub draw_w: f64,
    /// The largest number of transactions.
    pub active_sessions: u32,
}

/// Everything that a restarted central system continues with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Saved {
    /// All sites.
    pub sites: Vec<SiteRow>,
    /// All commissioned charge points.
    pub points: Vec<PointRow>,
    /// All cards.
    pub cards: Vec<(String, AuthorizationStatus)>,
    /// Running transactions, and the last [`ENDED_SAVED`] that ended; by id.
    pub transactions: Vec<TransactionRow>,
    /// Transaction ids up to this one are taken.
    pub last_transaction_id: i64,
    /// What could be in force.
    pub limits: Vec<LimitRow>,
    /// What else is known of charge points; by charge point and subject.
    pub records: Vec<RecordRow>,
    /// What charge points are, by identity.
    pub breeds: Vec<(ChargePointId, Breed)>,
    /// How charge points of a kind are known to take limits, by kind.
    pub manners: Vec<(Breed, Manner)>,
}

/// Why a store failed.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The database says no.
    #[error("the database {path}: {problem}")]
    Database {
        /// The file.
        path: String,
        /// What it says.
        problem: String,
    },
    /// The file is something else, or of a later version.
    #[error("{path} is no database of this program: {problem}")]
    Foreign {
        /// The file.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Another process has it open.
    #[error("{path} is in use by another process: end that one first, or name another file")]
    InUse {
        /// The file.
        path: String,
    },
}

/// Takes facts. One writer at a time; readers come from [`Store::reader`].
pub trait Store: Send {
    /// Everything to continue with.
    ///
    /// # Errors
    /// When the data cannot be read.
    fn load(&mut self) -> Result<Saved, StoreError>;

    /// Keeps the facts, all or none; they survive the process once this has returned.
    ///
    /// # Errors
    /// When they cannot be written.
    fn apply(&mut self, facts: &[Fact]) -> Result<(), StoreError>;

    /// Forgets what ended before `before`: history, except the last row of a site until then,
    /// which still holds; transactions; commands, also those whose end was never told; notices. Stored
    /// answers are forgotten [`ANSWERS_KEPT`] after they were given, whatever `before` says.
    ///
    /// One call does a bounded amount of work, so that facts never wait long: it returns whether
    /// there is more to forget, and is to be called again then.
    ///
    /// # Errors
    /// When the data cannot be written.
    fn forget(&mut self, before: Time) -> Result<bool, StoreError>;

    /// A view for other threads; it sees what `apply` has kept.
    ///
    /// # Errors
    /// When it cannot be opened.
    fn reader(&self) -> Result<Box<dyn Query>, StoreError>;
}

/// Answers questions; cheap to call from any thread.
pub trait Query: Send + Sync {
    /// Buckets of `[from, to)` that hold data, in order; a bucket in which nothing is known is
    /// absent, never zero. `from` begins the first bucket, the last one ends at `to`. A range or
    /// an interval that is not positive holds no bucket.
    ///
    /// Rows are a step function: each holds from its instant until the next row or gap, at most
    /// [`HISTORY_HOLDS`]; one before `from` may reach in. The work grows with the rows and the
    /// buckets of the range, so a caller bounds their number.
    ///
    /// # Errors
    /// When the data cannot be read.
    fn history(
        &self,
        site: &SiteId,
        from: Time,
        to: Time,
        interval: Span,
    ) -> Result<Vec<Bucket>, StoreError>;

    /// Transactions, the newest first (by start, then by id): of a charge point or of all,
    /// beginning before `before`, at most `limit`.
    ///
    /// # Errors
    /// When the data cannot be read.
    fn transactions(
        &self,
        point: Option<&ChargePointId>,
        before: Time,
        limit: usize,
    ) -> Result<Vec<TransactionRow>, StoreError>;

    /// The transaction of a session.
    ///
    /// # Errors
    /// When the data cannot be read.
    fn session(&self, session: &SessionId) -> Result<Option<TransactionRow>, StoreError>;

    /// Commands, the newest first (by request, then by id): to a charge point or to all, at most
    /// `limit`.
    ///
    /// # Errors
    /// When the data cannot be read.
    fn commands(
        &self,
        point: Option<&ChargePointId>,
        limit: usize,
    ) -> Result<Vec<CommandRow>, StoreError>;

    /// One command.
    ///
    /// # Errors
    /// When the data cannot be read.
    fn command(&self, command: &str) -> Result<Option<CommandRow>, StoreError>;

    /// Notices of a charge point, the newest first, of one action or of all, at most `limit`.
    ///
    /// # Errors
    /// When the data cannot be read.
    fn notices(
        &self,
        point: &ChargePointId,
        action: Option<&str>,
        limit: usize,
    ) -> Result<Vec<NoticeRow>, StoreError>;

    /// The hash of what a charge point must present.
    ///
    /// # Errors
    /// When the data cannot be read.
    fn credential(&self, point: &str) -> Result<Option<[u8; 32]>, StoreError>;

    /// All keys of the REST API, withdrawn ones too.
    ///
    /// # Errors
    /// When the data cannot be read.
    fn api_keys(&self) -> Result<Vec<ApiKeyRow>, StoreError>;

    /// A stored answer.
    ///
    /// # Errors
    /// When the data cannot be read.
    fn idempotent(&self, key: &str) -> Result<Option<IdempotentRow>, StoreError>;
}
