//! Answers questions over connections of their own, which the writer never holds up.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OpenFlags, params};

use super::rows::{self, COMMAND, TRANSACTION};
use super::{Options, Place, history};
use crate::ids::{ChargePointId, SessionId, SiteId};
use crate::store::window::Window;
use crate::store::{
    ApiKeyRow, Bucket, CommandRow, IdempotentRow, NoticeRow, Query, StoreError, TransactionRow,
};
use crate::time::{Span, Time};

/// Connections for reading: a question takes one and gives it back.
#[derive(Debug)]
pub(super) struct Pool {
    place: Place,
    options: Options,
    idle: Mutex<Vec<Connection>>,
}

impl Pool {
    pub(super) fn new(place: Place, options: Options) -> Pool {
        Pool { place, options, idle: Mutex::default() }
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Result<Connection, StoreError> {
        if let Some(connection) = self.idle().pop() {
            return Ok(connection);
        }
        let connection = self.place.connect(OpenFlags::SQLITE_OPEN_READ_ONLY, &self.options)?;
        connection
            .execute_batch("PRAGMA query_only = TRUE")
            .map_err(|error| self.place.failed(&error))?;
        Ok(connection)
    }

    fn give_back(&self, connection: Connection) {
        let mut idle = self.idle();
        if idle.len() < self.options.idle_readers {
            idle.push(connection);
        }
    }

    /// A connection that failed is closed; the next question opens another.
    fn ask<T>(
        &self,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let connection = self.take()?;
        let answer = question(&connection).map_err(|error| self.place.failed(&error))?;
        self.give_back(connection);
        Ok(answer)
    }
}

/// A view of the file.
#[derive(Debug)]
pub(super) struct Reader {
    pool: Arc<Pool>,
}

impl Reader {
    /// Opens a first connection, so that a problem shows here and not at the first question.
    pub(super) fn open(pool: &Arc<Pool>) -> Result<Reader, StoreError> {
        let connection = pool.take()?;
        pool.give_back(connection);
        Ok(Reader { pool: Arc::clone(pool) })
    }
}

/// Transactions before ?1, at most ?2 of them; of the charge point ?3, or it is NULL.
pub(super) fn transactions(of_point: bool) -> String {
    let of_point = if of_point { "point = ?3" } else { "?3 IS NULL" };
    format!(
        "SELECT {TRANSACTION} FROM charging_transaction WHERE started_at < ?1 AND {of_point}
         ORDER BY started_at DESC, transaction_id DESC LIMIT ?2"
    )
}

/// At most ?1 commands; to the charge point ?2, or it is NULL.
pub(super) fn commands(of_point: bool) -> String {
    let of_point = if of_point { "point = ?2" } else { "?2 IS NULL" };
    format!(
        "SELECT {COMMAND} FROM command WHERE {of_point}
         ORDER BY requested_at DESC, command DESC LIMIT ?1"
    )
}

/// At most ?2 notices of the charge point ?1; of the action ?3, or it is NULL.
pub(super) const NOTICES: &str = "SELECT notice, point, at, action, payload FROM notice
    WHERE point = ?1 AND (?3 IS NULL OR action = ?3) ORDER BY at DESC, notice DESC LIMIT ?2";

/// The transaction of session ?1.
pub(super) fn of_session() -> String {
    format!("SELECT {TRANSACTION} FROM charging_transaction WHERE session = ?1")
}

fn at_most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

impl Query for Reader {
    fn history(
        &self,
        site: &SiteId,
        from: Time,
        to: Time,
        interval: Span,
    ) -> Result<Vec<Bucket>, StoreError> {
        let Some(window) = Window::new(from, to, interval) else { return Ok(Vec::new()) };
        self.pool.ask(|connection| history::buckets(connection, site, &window))
    }

    fn transactions(
        &self,
        point: Option<&ChargePointId>,
        before: Time,
        limit: usize,
    ) -> Result<Vec<TransactionRow>, StoreError> {
        let sql = transactions(point.is_some());
        let values = params![before.0, at_most(limit), point.map(ChargePointId::as_str)];
        self.pool.ask(|connection| rows::all(connection, &sql, values, rows::transaction))
    }

    fn session(&self, session: &SessionId) -> Result<Option<TransactionRow>, StoreError> {
        let sql = of_session();
        self.pool
            .ask(|connection| rows::one(connection, &sql, [session.as_str()], rows::transaction))
    }

    fn commands(
        &self,
        point: Option<&ChargePointId>,
        limit: usize,
    ) -> Result<Vec<CommandRow>, StoreError> {
        let sql = commands(point.is_some());
        let values = params![at_most(limit), point.map(ChargePointId::as_str)];
        self.pool.ask(|connection| rows::all(connection, &sql, values, rows::command))
    }

    fn command(&self, command: &str) -> Result<Option<CommandRow>, StoreError> {
        let sql = format!("SELECT {COMMAND} FROM command WHERE command = ?1");
        self.pool.ask(|connection| rows::one(connection, &sql, [command], rows::command))
    }

    fn notices(
        &self,
        point: &ChargePointId,
        action: Option<&str>,
        limit: usize,
    ) -> Result<Vec<NoticeRow>, StoreError> {
        let values = params![point.as_str(), at_most(limit), action];
        self.pool.ask(|connection| rows::all(connection, NOTICES, values, rows::notice))
    }

    fn credential(&self, point: &str) -> Result<Option<[u8; 32]>, StoreError> {
        let sql = "SELECT sha256 FROM credential WHERE point = ?1";
        self.pool.ask(|connection| rows::one(connection, sql, [point], |row| row.get(0)))
    }

    fn api_keys(&self) -> Result<Vec<ApiKeyRow>, StoreError> {
        let sql = "SELECT id, name, sha256, scopes, sites, created_at, revoked_at FROM api_key
                   ORDER BY id";
        self.pool.ask(|connection| rows::all(connection, sql, [], rows::api_key))
    }

    fn idempotent(&self, key: &str) -> Result<Option<IdempotentRow>, StoreError> {
        let sql = "SELECT key, request_sha256, status, body, at FROM answer WHERE key = ?1";
        self.pool.ask(|connection| rows::one(connection, sql, [key], rows::answer))
    }
}
