//! Means over buckets, made in the database.

use rusqlite::{Connection, OptionalExtension, params};

use crate::ids::SiteId;
use crate::store::Bucket;
use crate::store::window::Window;
use crate::time::Time;

/// The means over one bucket of the site ?1, from ?2 to ?3; NULL when nothing is known of it.
///
/// One range of the primary key: from the row that may reach into the bucket to its end. `total`
/// sums integers exactly up to 63 bits and goes on in floating point beyond.
pub(super) const BUCKET: &str = "
SELECT total(allocated_w * (min(until, ?3) - max(at, ?2))) / total(min(until, ?3) - max(at, ?2)),
    total(draw_w * (min(until, ?3) - max(at, ?2))) / total(min(until, ?3) - max(at, ?2)),
    max(active_sessions)
FROM history
WHERE site = ?1 AND at < ?3
    AND at >= coalesce((SELECT max(at) FROM history WHERE site = ?1 AND at <= ?2), ?2)
    AND until > ?2 AND allocated_w IS NOT NULL";

/// The first row of the site ?1 from ?2 on, before ?3.
pub(super) const NEXT: &str = "
SELECT at FROM history WHERE site = ?1 AND at >= ?2 AND at < ?3 AND allocated_w IS NOT NULL
ORDER BY at LIMIT 1";

/// All buckets in which something is known; the others are leapt over, however many there are.
pub(super) fn buckets(
    connection: &Connection,
    site: &SiteId,
    window: &Window,
) -> rusqlite::Result<Vec<Bucket>> {
    // One view of the data for all buckets; nothing is written, so it may simply be dropped.
    let view = connection.unchecked_transaction()?;
    let mut mean = view.prepare_cached(BUCKET)?;
    let mut next = view.prepare_cached(NEXT)?;
    let mut buckets = Vec::new();
    let mut at = window.from;
    while at < window.to {
        let end = (at + window.interval).min(window.to);
        let known = mean.query_row(params![site.as_str(), at.0, end.0], |row| {
            let active_sessions: Option<u32> = row.get(2)?;
            let Some(active_sessions) = active_sessions else { return Ok(None) };
            let (allocated_w, draw_w) = (row.get(0)?, row.get(1)?);
            Ok(Some(Bucket { at, allocated_w, draw_w, active_sessions }))
        })?;
        if let Some(bucket) = known {
            buckets.push(bucket);
            at = end;
            continue;
        }
        let row = next
            .query_row(params![site.as_str(), end.0, window.to.0], |row| row.get(0).map(Time))
            .optional()?;
        let Some(row) = row else { break };
        at = window.begin(row.since(window.from).0 / window.interval.0);
    }
    Ok(buckets)
}
