//! The store of `serve`: one SQLite file, one writer, readers that never wait for it.
//!
//! The file keeps a write-ahead log (`-wal`, `-shm` beside it) and every batch of facts is one
//! transaction that is on the disk when [`Store::apply`] returns, also after a loss of power
//! (`synchronous = FULL`). A `.lock` file beside it, locked by the operating system and hence free
//! again when its holder dies, keeps a second process out.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::{Fact, Query, Saved, Store, StoreError};
use crate::time::Time;

mod forget;
mod history;
mod read;
mod rows;
mod schema;
#[cfg(test)]
mod tests;
mod write;

/// Kept prepared statements of a connection; there are fewer different ones.
const STATEMENTS: usize = 48;

/// How a database is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long to wait for another program that holds the file, a backup for example. 5 s.
    pub busy_timeout: Duration,
    /// How many connections for reading are kept open between questions, 0..; more are opened
    /// while more questions are asked at once. 4.
    pub idle_readers: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options { busy_timeout: Duration::from_secs(5), idle_readers: 4 }
    }
}

/// Facts in an SQLite file.
#[derive(Debug)]
pub struct Sqlite {
    connection: Connection,
    pool: Arc<read::Pool>,
    /// Held until everything above is closed.
    _lock: File,
}

impl Sqlite {
    /// Opens the file, or makes it; its folder must exist. Tables of an earlier version are
    /// brought up to date.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when another store has it open, in this process or another;
    /// [`StoreError::Foreign`] when it is no SQLite file, belongs to another program or was
    /// written by a later version, all of which leave it unchanged; [`StoreError::Database`] when
    /// it cannot be read or written.
    pub fn open(path: &Path, options: Options) -> Result<Sqlite, StoreError> {
        let place = Place::new(path)?;
        let lock = place.lock()?;
        place.make()?;
        let mut connection = place.connect(OpenFlags::SQLITE_OPEN_READ_WRITE, &options)?;
        schema::prepare(&mut connection, &place)?;
        connection
            .execute_batch("PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 16777216")
            .map_err(|error| place.failed(&error))?;
        let pool = Arc::new(read::Pool::new(place, options));
        Ok(Sqlite { connection, pool, _lock: lock })
    }

    fn place(&self) -> &Place {
        self.pool.place()
    }
}

impl Store for Sqlite {
    fn load(&mut self) -> Result<Saved, StoreError> {
        rows::saved(&self.connection).map_err(|error| self.place().failed(&error))
    }

    fn apply(&mut self, facts: &[Fact]) -> Result<(), StoreError> {
        if facts.is_empty() {
            return Ok(());
        }
        let all_or_none = |connection: &mut Connection| {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for fact in facts {
                write::tell(&transaction, fact)?;
            }
            transaction.commit()
        };
        all_or_none(&mut self.connection).map_err(|error| self.place().failed(&error))
    }

    fn forget(&mut self, before: Time) -> Result<bool, StoreError> {
        forget::forget(&mut self.connection, before).map_err(|error| self.place().failed(&error))
    }

    fn reader(&self) -> Result<Box<dyn Query>, StoreError> {
        Ok(Box::new(read::Reader::open(&self.pool)?))
    }
}

/// Where the file is, and how to speak of its failures.
#[derive(Clone, Debug)]
struct Place {
    path: PathBuf,
}

impl Place {
    /// An absolute path: SQLite reads a meaning into some relative ones, `:memory:` for example.
    fn new(path: &Path) -> Result<Place, StoreError> {
        let place = |path: &Path| Place { path: path.to_path_buf() };
        std::path::absolute(path)
            .map(|absolute| place(&absolute))
            .map_err(|error| place(path).problem(format!("{error}: name another file")))
    }

    /// Keeps other processes out as long as the file lives.
    fn lock(&self) -> Result<File, StoreError> {
        let mut path = self.path.clone().into_os_string();
        path.push(".lock");
        let path = PathBuf::from(path);
        let unusable = |error: std::io::Error| {
            let lock = path.display();
            self.problem(format!(
                "{lock}: {error}: the folder must exist, be writable and on a local disk"
            ))
        };
        let file = private(&path).map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse { path: self.text() }),
            Err(TryLockError::Error(error)) => Err(unusable(error)),
        }
    }

    /// Makes the file, still empty, unless it is there.
    fn make(&self) -> Result<(), StoreError> {
        if self.path.exists() {
            return Ok(());
        }
        private(&self.path).map(drop).map_err(|error| {
            self.problem(format!("{error}: the folder must exist and be writable"))
        })
    }

    fn connect(&self, flags: OpenFlags, options: &Options) -> Result<Connection, StoreError> {
        let open = || {
            let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(&self.path, flags)?;
            connection.busy_timeout(options.busy_timeout)?;
            connection.set_prepared_statement_cache_capacity(STATEMENTS);
            Ok(connection)
        };
        open().map_err(|error| self.failed(&error))
    }

    fn text(&self) -> String {
        self.path.display().to_string()
    }

    fn problem(&self, problem: String) -> StoreError {
        StoreError::Database { path: self.text(), problem }
    }

    fn foreign(&self, problem: &str) -> StoreError {
        StoreError::Foreign { path: self.text(), problem: problem.to_owned() }
    }

    /// What SQLite says, and what to do about it.
    fn failed(&self, error: &rusqlite::Error) -> StoreError {
        let remedy = match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => {
                return self.foreign("it is no SQLite file: name another file");
            }
            Some(ErrorCode::DiskFull) => ": make room on its disk",
            Some(ErrorCode::CannotOpen) => ": it must be a file, in a folder that exists",
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
                ": make the file and its folder writable"
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                ": another program holds it; end that one"
            }
            Some(ErrorCode::DatabaseCorrupt) => ": restore it from a backup",
            Some(ErrorCode::SystemIoFailure) => ": check its disk",
            _ => "",
        };
        self.problem(format!("{error}{remedy}"))
    }
}

/// Opens a file for writing; if it is new, only its owner may read it, because what charge points
/// and operators log in with can be guessed from what is kept. SQLite gives the files that it puts
/// beside its database the same permissions.
fn private(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).write(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
