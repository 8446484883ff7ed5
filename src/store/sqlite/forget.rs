//! Makes room, a bounded amount of work at a time.

use rusqlite::{Connection, TransactionBehavior, params};

use super::rows;
use crate::store::ANSWERS_KEPT;
use crate::time::Time;

/// Rows deleted in one call at most, so that it takes milliseconds.
pub(super) const CHUNK: usize = 5_000;

/// Free pages given back to the file system in one call at most; 8 MB.
const PAGES: usize = 2_000;

pub(super) const TRANSACTIONS: &str = "DELETE FROM charging_transaction WHERE transaction_id IN
    (SELECT transaction_id FROM charging_transaction WHERE ended_at < ?1 LIMIT ?2)";

/// A command whose end was never told (the process died) is over when it was asked for.
pub(super) const COMMANDS: &str = "DELETE FROM command WHERE command IN
    (SELECT command FROM command WHERE coalesce(ended_at, requested_at) < ?1 LIMIT ?2)";

pub(super) const NOTICES: &str = "DELETE FROM notice WHERE (point, at, notice) IN
    (SELECT point, at, notice FROM notice WHERE at < ?1 LIMIT ?2)";

pub(super) const ANSWERS: &str =
    "DELETE FROM answer WHERE key IN (SELECT key FROM answer WHERE at < ?1 LIMIT ?2)";

/// Rows of the site ?1 before the last one until ?2, which still holds; at most ?3.
pub(super) const HISTORY: &str = "DELETE FROM history WHERE site = ?1 AND at IN
    (SELECT at FROM history
     WHERE site = ?1 AND at < (SELECT max(at) FROM history WHERE site = ?1 AND at <= ?2)
     ORDER BY at LIMIT ?3)";

pub(super) const NEXT_SITE: &str = "SELECT site FROM history WHERE site > ?1 ORDER BY site LIMIT 1";

/// Deletes at most [`CHUNK`] rows that are over at `before`; true when there may be more.
pub(super) fn forget(connection: &mut Connection, before: Time) -> rusqlite::Result<bool> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut left = CHUNK;
    history(&transaction, before, &mut left)?;
    delete(&transaction, TRANSACTIONS, before, &mut left)?;
    delete(&transaction, COMMANDS, before, &mut left)?;
    delete(&transaction, NOTICES, before, &mut left)?;
    let newest = rows::one(&transaction, "SELECT max(at) FROM answer", [], |row| row.get(0))?;
    let newest = Time(newest.flatten().unwrap_or(before.0));
    let cut = newest.max(before) - ANSWERS_KEPT;
    delete(&transaction, ANSWERS, cut, &mut left)?;
    transaction.commit()?;
    if left == 0 {
        return Ok(true);
    }
    // Gives the pages back and renews the planner's statistics where they are stale.
    let mut pages = connection.prepare(&format!("PRAGMA incremental_vacuum({PAGES})"))?;
    let mut freed = pages.query([])?;
    while freed.next()?.is_some() {}
    connection.execute_batch("PRAGMA optimize")?;
    Ok(false)
}

/// Runs a deletion of what is over at `cut` (?1), of `left` rows at most (?2); counts them down.
fn delete(connection: &Connection, sql: &str, cut: Time, left: &mut usize) -> rusqlite::Result<()> {
    if *left > 0 {
        *left -= connection.prepare_cached(sql)?.execute([cut.0, *left as i64])?;
    }
    Ok(())
}

/// Deletes the rows of each site before the last one until `before`, which still holds. Sites are
/// found by stepping through the key, not by reading all rows.
fn history(connection: &Connection, before: Time, left: &mut usize) -> rusqlite::Result<()> {
    let mut site = String::new();
    while *left > 0 {
        let next = rows::one(connection, NEXT_SITE, [&site], |row| row.get(0))?;
        let Some(next) = next else { break };
        site = next;
        let mut rows = connection.prepare_cached(HISTORY)?;
        *left -= rows.execute(params![site, before.0, *left as i64])?;
    }
    Ok(())
}
