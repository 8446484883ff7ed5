//! Facts into rows.

use rusqlite::{Connection, Params, params};

use crate::charger::CurrentKind;
use crate::ids::SiteId;
use crate::store::{
    ApiKeyRow, CommandRow, Fact, HISTORY_HOLDS, HistoryRow, IdempotentRow, LimitRow, NOTICES_KEPT,
    NoticeRow, PointRow, RecordRow, SiteRow, TransactionRow,
};
use crate::time::Time;

/// The row of the table `counter` with the largest transaction id given away.
pub(super) const LAST_TRANSACTION_ID: &str = "last_transaction_id";

/// Keeps one fact, within the caller's transaction.
pub(super) fn tell(connection: &Connection, fact: &Fact) -> rusqlite::Result<()> {
    let run = Run(connection);
    match fact {
        Fact::Site(row) => site(&run, row),
        Fact::Point(row) => point(&run, row),
        Fact::PointRemoved(point) => {
            run.run("DELETE FROM point WHERE point = ?1", [point.as_str()])?;
            run.run("DELETE FROM credential WHERE point = ?1", [point.as_str()])?;
            run.run("DELETE FROM record WHERE point = ?1", [point.as_str()])?;
            run.run("DELETE FROM breed WHERE point = ?1", [point.as_str()])?;
            run.run("DELETE FROM charging_limit WHERE point = ?1", [point.as_str()])
        }
        Fact::Credential(point, Some(sha256)) => run.run(
            "INSERT OR REPLACE INTO credential (point, sha256) VALUES (?1, ?2)",
            params![point.as_str(), sha256],
        ),
        Fact::Credential(point, None) => {
            run.run("DELETE FROM credential WHERE point = ?1", [point.as_str()])
        }
        Fact::Card(id_tag, Some(status)) => run.run(
            "INSERT OR REPLACE INTO card (id_tag, status) VALUES (?1, ?2)",
            params![id_tag, status.as_str()],
        ),
        Fact::Card(id_tag, None) => run.run("DELETE FROM card WHERE id_tag = ?1", [id_tag]),
        Fact::ApiKey(row) => api_key(&run, row),
        Fact::Transaction(row) => transaction(&run, row),
        Fact::LastTransactionId(id) => taken(&run, *id),
        Fact::Limit(row) => limit(&run, row),
        Fact::LimitGone(point, connector) => run.run(
            "DELETE FROM charging_limit WHERE point = ?1 AND connector = ?2",
            params![point.as_str(), connector],
        ),
        Fact::Breed(point, breed) => run.run(
            "INSERT OR REPLACE INTO breed (point, vendor, model, firmware) VALUES (?1, ?2, ?3, ?4)",
            params![point.as_str(), breed.vendor, breed.model, breed.firmware],
        ),
        Fact::Manner(breed, manner) => run.run(
            "INSERT OR REPLACE INTO manner (vendor, model, firmware, manner)
             VALUES (?1, ?2, ?3, ?4)",
            params![breed.vendor, breed.model, breed.firmware, json(manner)?],
        ),
        Fact::Command(row) => command(&run, row),
        Fact::Record(row) => record(&run, row),
        Fact::Notice(row) => notice(&run, row),
        Fact::History(row) => history(&run, &row.site, row.at, Some(row)),
        Fact::HistoryGap(site, at) => history(&run, site, *at, None),
        Fact::Idempotent(row) => answer(&run, row),
    }
}

/// Statements are prepared once a connection.
struct Run<'a>(&'a Connection);

impl Run<'_> {
    fn run(&self, sql: &str, values: impl Params) -> rusqlite::Result<()> {
        self.0.prepare_cached(sql)?.execute(values).map(|_| ())
    }
}

/// JSON text; the types that come here have no form that JSON lacks.
fn json<T: serde::Serialize>(value: &T) -> rusqlite::Result<String> {
    serde_json::to_string(value)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

fn site(run: &Run<'_>, row: &SiteRow) -> rusqlite::Result<()> {
    let config = row.config.as_ref().map(json).transpose()?;
    run.run(
        "INSERT OR REPLACE INTO site (site, name, config, updated_at) VALUES (?1, ?2, ?3, ?4)",
        params![row.site.as_str(), row.name, config, row.updated_at.0],
    )
}

fn point(run: &Run<'_>, row: &PointRow) -> rusqlite::Result<()> {
    let hardware = &row.hardware;
    run.run(
        "INSERT OR REPLACE INTO point (point, site, kind, phases, max_current_deci_a, max_power_w,
             voltage_v, connectors, registered)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            row.point.as_str(),
            row.site.as_ref().map(SiteId::as_str),
            match hardware.kind {
                CurrentKind::Ac => "ac",
                CurrentKind::Dc => "dc",
            },
            hardware.phases,
            hardware.max_current.0,
            hardware.max_power.0,
            hardware.voltage_v,
            row.connectors,
            row.registered,
        ],
    )
}

fn api_key(run: &Run<'_>, row: &ApiKeyRow) -> rusqlite::Result<()> {
    run.run(
        "INSERT OR REPLACE INTO api_key (id, name, sha256, scopes, sites, created_at, revoked_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            row.id,
            row.name,
            row.sha256,
            json(&row.scopes)?,
            json(&row.sites)?,
            row.created_at.0,
            row.revoked_at.map(|at| at.0),
        ],
    )
}

fn transaction(run: &Run<'_>, row: &TransactionRow) -> rusqlite::Result<()> {
    let end = row.ended.as_ref();
    run.run(
        "INSERT OR REPLACE INTO charging_transaction (transaction_id, session, point, connector,
             id_tag, started_at, meter_start_wh, ended_at, energy_wh, reason, said, stop_said,
             meter_stop_wh, departure, wish_wh)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        params![
            row.transaction_id,
            row.session.as_str(),
            row.point.as_str(),
            row.connector,
            row.id_tag,
            row.started_at.0,
            row.meter_start_wh,
            end.map(|end| end.at.0),
            end.map(|end| end.energy_wh),
            end.map(|end| end.reason.as_str()),
            row.said.0,
            row.stop.map(|stop| stop.said.0),
            row.stop.map(|stop| stop.meter_stop_wh),
            row.wish.departure.map(|at| at.0),
            row.wish.energy_wh,
        ],
    )?;
    taken(run, row.transaction_id)
}

fn taken(run: &Run<'_>, id: i64) -> rusqlite::Result<()> {
    run.run(
        "INSERT INTO counter (name, value) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE excluded.value > value",
        params![LAST_TRANSACTION_ID, id.max(0)],
    )
}

fn limit(run: &Run<'_>, row: &LimitRow) -> rusqlite::Result<()> {
    run.run(
        "INSERT OR REPLACE INTO charging_limit (point, connector, confirmed, bound)
         VALUES (?1, ?2, ?3, ?4)",
        params![
            row.point.as_str(),
            row.connector,
            row.confirmed.map(|setpoint| setpoint.0),
            row.bound.0,
        ],
    )
}

fn command(run: &Run<'_>, row: &CommandRow) -> rusqlite::Result<()> {
    let outcome = row.outcome.as_ref();
    run.run(
        "INSERT OR REPLACE INTO command (command, point, action, payload, requested_at, ended_at,
             status, answer)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            row.command,
            row.point.as_str(),
            row.action,
            row.payload,
            row.requested_at.0,
            outcome.map(|outcome| outcome.at.0),
            outcome.map(|outcome| outcome.status.as_str()),
            outcome.map(|outcome| outcome.answer.as_str()),
        ],
    )
}

fn record(run: &Run<'_>, row: &RecordRow) -> rusqlite::Result<()> {
    run.run(
        "INSERT OR REPLACE INTO record (point, subject, body) VALUES (?1, ?2, ?3)",
        params![row.point.as_str(), row.record.subject().name(), json(&row.record)?],
    )
}

/// Notices of the charge point ?1 before the last ?2.
pub(super) const OLD_NOTICES: &str = "DELETE FROM notice WHERE point = ?1 AND (at, notice) <=
    (SELECT at, notice FROM notice WHERE point = ?1 ORDER BY at DESC, notice DESC
     LIMIT 1 OFFSET ?2)";

fn notice(run: &Run<'_>, row: &NoticeRow) -> rusqlite::Result<()> {
    run.run(
        "INSERT OR REPLACE INTO notice (point, at, notice, action, payload)
         VALUES (?1, ?2, ?3, ?4, ?5)",
        params![row.point.as_str(), row.at.0, row.notice, row.action, row.payload],
    )?;
    run.run(OLD_NOTICES, params![row.point.as_str(), NOTICES_KEPT as i64])
}

/// Every row knows how long it holds, so that a mean is a sum over single rows; the one before
/// ends where this one begins.
fn history(
    run: &Run<'_>,
    site: &SiteId,
    at: Time,
    row: Option<&HistoryRow>,
) -> rusqlite::Result<()> {
    run.run(
        "INSERT OR REPLACE INTO history (site, at, until, allocated_w, draw_w, active_sessions)
         VALUES (?1, ?2, min(?3, coalesce(
             (SELECT at FROM history WHERE site = ?1 AND at > ?2 ORDER BY at LIMIT 1), ?3)),
             ?4, ?5, ?6)",
        params![
            site.as_str(),
            at.0,
            (at + HISTORY_HOLDS).0,
            row.map(|row| row.allocated.0),
            row.map(|row| row.draw.0),
            row.map(|row| row.active_sessions),
        ],
    )?;
    run.run(
        "UPDATE history SET until = ?2
         WHERE site = ?1 AND until > ?2
             AND at = (SELECT max(at) FROM history WHERE site = ?1 AND at < ?2)",
        params![site.as_str(), at.0],
    )
}

fn answer(run: &Run<'_>, row: &IdempotentRow) -> rusqlite::Result<()> {
    run.run(
        "INSERT OR REPLACE INTO answer (key, request_sha256, status, body, at)
         VALUES (?1, ?2, ?3, ?4, ?5)",
        params![row.key, row.request_sha256, row.status, row.body, row.at.0],
    )
}
