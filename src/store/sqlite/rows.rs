//! Rows into facts.

use rusqlite::types::Type;
use rusqlite::{Connection, Error, OptionalExtension, Params, Row};
use serde::de::DeserializeOwned;

use super::write::LAST_TRANSACTION_ID;
use crate::charger::CurrentKind;
use crate::csms::config::{Hardware, Setpoint};
use crate::csms::{Breed, StopTold, Wish};
use crate::ids::{ChargePointId, SessionId, SiteId};
use crate::ocpp::types::{AuthorizationStatus, StopReason};
use crate::store::{
    ApiKeyRow, CommandOutcome, CommandRow, ENDED_SAVED, IdempotentRow, LimitRow, NoticeRow,
    PointRow, RecordRow, Saved, SiteRow, TransactionEnd, TransactionRow,
};
use crate::time::Time;
use crate::units::{DeciAmps, Watts};

/// Columns of a transaction, in the order that [`transaction`] reads.
pub(super) const TRANSACTION: &str = "transaction_id, session, point, connector, id_tag, \
     started_at, meter_start_wh, ended_at, energy_wh, reason, said, stop_said, meter_stop_wh, \
     departure, wish_wh";

/// Columns of a command, in the order that [`command`] reads.
pub(super) const COMMAND: &str =
    "command, point, action, payload, requested_at, ended_at, status, answer";

/// All rows of a question.
pub(super) fn all<T>(
    connection: &Connection,
    sql: &str,
    values: impl Params,
    read: fn(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    connection.prepare_cached(sql)?.query_map(values, read)?.collect()
}

/// The first row of a question.
pub(super) fn one<T>(
    connection: &Connection,
    sql: &str,
    values: impl Params,
    read: fn(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Option<T>> {
    connection.prepare_cached(sql)?.query_row(values, read).optional()
}

/// The running transactions.
pub(super) fn running() -> String {
    format!("SELECT {TRANSACTION} FROM charging_transaction WHERE ended_at IS NULL")
}

/// The last ?1 transactions that ended.
pub(super) fn ended() -> String {
    format!(
        "SELECT {TRANSACTION} FROM charging_transaction WHERE ended_at IS NOT NULL
         ORDER BY ended_at DESC, transaction_id DESC LIMIT ?1"
    )
}

/// Everything to continue with.
pub(super) fn saved(connection: &Connection) -> rusqlite::Result<Saved> {
    let mut transactions = all(connection, &running(), [], transaction)?;
    transactions.extend(all(connection, &ended(), [ENDED_SAVED as i64], transaction)?);
    transactions.sort_by_key(|row| row.transaction_id);
    let last = one(
        connection,
        "SELECT value FROM counter WHERE name = ?1",
        [LAST_TRANSACTION_ID],
        |row| row.get(0),
    )?;
    Ok(Saved {
        sites: all(
            connection,
            "SELECT site, name, config, updated_at FROM site ORDER BY site",
            [],
            site,
        )?,
        points: all(
            connection,
            "SELECT point, site, kind, phases, max_current_deci_a, max_power_w, voltage_v,
                 connectors, registered
             FROM point ORDER BY point",
            [],
            point,
        )?,
        cards: all(connection, "SELECT id_tag, status FROM card ORDER BY id_tag", [], card)?,
        transactions,
        last_transaction_id: last.unwrap_or_default(),
        limits: all(
            connection,
            "SELECT point, connector, confirmed, bound FROM charging_limit
             ORDER BY point, connector",
            [],
            limit,
        )?,
        records: records(connection)?,
        breeds: all(
            connection,
            "SELECT vendor, model, firmware, point FROM breed ORDER BY point",
            [],
            |row| Ok((ChargePointId::new(text(row, 3)?), breed(row)?)),
        )?,
        manners: all(
            connection,
            "SELECT vendor, model, firmware, manner FROM manner ORDER BY vendor, model, firmware",
            [],
            |row| Ok((breed(row)?, json(text(row, 3)?, 3)?)),
        )?,
    })
}

/// All records, by charge point and subject.
fn records(connection: &Connection) -> rusqlite::Result<Vec<RecordRow>> {
    let mut rows = all(connection, "SELECT point, body FROM record", [], record)?;
    rows.sort_by(|a, b| a.point.cmp(&b.point).then(a.record.subject().cmp(&b.record.subject())));
    Ok(rows)
}

/// Reads [`TRANSACTION`].
pub(super) fn transaction(row: &Row<'_>) -> rusqlite::Result<TransactionRow> {
    let ended_at: Option<i64> = row.get(7)?;
    let ended = match ended_at {
        None => None,
        Some(at) => Some(TransactionEnd {
            at: Time(at),
            energy_wh: row.get(8)?,
            reason: word(row, 9, StopReason::from_wire)?,
        }),
    };
    let (started_at, said): (i64, Option<i64>) = (row.get(5)?, row.get(10)?);
    let (stop_said, register): (Option<i64>, Option<i64>) = (row.get(11)?, row.get(12)?);
    let stop = stop_said.zip(register);
    Ok(TransactionRow {
        transaction_id: row.get(0)?,
        session: SessionId::new(text(row, 1)?),
        point: ChargePointId::new(text(row, 2)?),
        connector: row.get(3)?,
        id_tag: row.get(4)?,
        started_at: Time(started_at),
        said: Time(said.unwrap_or(started_at)),
        meter_start_wh: row.get(6)?,
        stop: stop.map(|(said, meter_stop_wh)| StopTold { said: Time(said), meter_stop_wh }),
        wish: Wish { departure: row.get::<_, Option<i64>>(13)?.map(Time), energy_wh: row.get(14)? },
        ended,
    })
}

/// Reads [`COMMAND`].
pub(super) fn command(row: &Row<'_>) -> rusqlite::Result<CommandRow> {
    let ended_at: Option<i64> = row.get(5)?;
    let outcome = match ended_at {
        None => None,
        Some(at) => Some(CommandOutcome { at: Time(at), status: row.get(6)?, answer: row.get(7)? }),
    };
    Ok(CommandRow {
        command: row.get(0)?,
        point: ChargePointId::new(text(row, 1)?),
        action: row.get(2)?,
        payload: row.get(3)?,
        requested_at: Time(row.get(4)?),
        outcome,
    })
}

/// Reads id, name, sha256, scopes, sites, created_at, revoked_at.
pub(super) fn api_key(row: &Row<'_>) -> rusqlite::Result<ApiKeyRow> {
    let revoked_at: Option<i64> = row.get(6)?;
    Ok(ApiKeyRow {
        id: row.get(0)?,
        name: row.get(1)?,
        sha256: row.get(2)?,
        scopes: json(text(row, 3)?, 3)?,
        sites: json(text(row, 4)?, 4)?,
        created_at: Time(row.get(5)?),
        revoked_at: revoked_at.map(Time),
    })
}

/// Reads key, request_sha256, status, body, at.
pub(super) fn answer(row: &Row<'_>) -> rusqlite::Result<IdempotentRow> {
    Ok(IdempotentRow {
        key: row.get(0)?,
        request_sha256: row.get(1)?,
        status: row.get(2)?,
        body: row.get(3)?,
        at: Time(row.get(4)?),
    })
}

/// Reads notice, point, at, action, payload.
pub(super) fn notice(row: &Row<'_>) -> rusqlite::Result<NoticeRow> {
    Ok(NoticeRow {
        notice: row.get(0)?,
        point: ChargePointId::new(text(row, 1)?),
        at: Time(row.get(2)?),
        action: row.get(3)?,
        payload: row.get(4)?,
    })
}

fn record(row: &Row<'_>) -> rusqlite::Result<RecordRow> {
    Ok(RecordRow { point: ChargePointId::new(text(row, 0)?), record: json(text(row, 1)?, 1)? })
}

fn site(row: &Row<'_>) -> rusqlite::Result<SiteRow> {
    let config: Option<String> = row.get(2)?;
    Ok(SiteRow {
        site: SiteId::new(text(row, 0)?),
        name: row.get(1)?,
        config: config.map(|config| json(&config, 2)).transpose()?,
        updated_at: Time(row.get(3)?),
    })
}

fn point(row: &Row<'_>) -> rusqlite::Result<PointRow> {
    let site: Option<String> = row.get(1)?;
    Ok(PointRow {
        point: ChargePointId::new(text(row, 0)?),
        site: site.as_deref().map(SiteId::new),
        hardware: Hardware {
            kind: word(row, 2, kind)?,
            phases: row.get(3)?,
            max_current: DeciAmps(row.get(4)?),
            max_power: Watts(row.get(5)?),
            voltage_v: row.get(6)?,
        },
        connectors: row.get(7)?,
        registered: row.get(8)?,
    })
}

fn kind(text: &str) -> Option<CurrentKind> {
    match text {
        "ac" => Some(CurrentKind::Ac),
        "dc" => Some(CurrentKind::Dc),
        _ => None,
    }
}

fn card(row: &Row<'_>) -> rusqlite::Result<(String, AuthorizationStatus)> {
    Ok((row.get(0)?, word(row, 1, AuthorizationStatus::from_wire)?))
}

fn limit(row: &Row<'_>) -> rusqlite::Result<LimitRow> {
    let confirmed: Option<i64> = row.get(2)?;
    Ok(LimitRow {
        point: ChargePointId::new(text(row, 0)?),
        connector: row.get(1)?,
        confirmed: confirmed.map(Setpoint),
        bound: Setpoint(row.get(3)?),
    })
}

/// Reads vendor, model, firmware.
fn breed(row: &Row<'_>) -> rusqlite::Result<Breed> {
    Ok(Breed { vendor: row.get(0)?, model: row.get(1)?, firmware: row.get(2)? })
}

fn text<'a>(row: &'a Row<'_>, column: usize) -> rusqlite::Result<&'a str> {
    row.get_ref(column)?.as_str().map_err(Error::from)
}

/// One of the words of an enum.
fn word<T>(row: &Row<'_>, column: usize, read: fn(&str) -> Option<T>) -> rusqlite::Result<T> {
    let found = text(row, column)?;
    read(found).ok_or_else(|| {
        let problem = format!("the word {found:?} means nothing here");
        Error::FromSqlConversionFailure(column, Type::Text, problem.into())
    })
}

fn json<T: DeserializeOwned>(text: &str, column: usize) -> rusqlite::Result<T> {
    serde_json::from_str(text)
        .map_err(|error| Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))
}
