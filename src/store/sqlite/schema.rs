//! The tables, and the way from every earlier version of them to the present one.
//!
//! Instants are microseconds since the Unix epoch, powers watts, energies watt hours, enums their
//! OCPP words. No foreign keys: facts come in the order in which they became true, and a fact
//! about a charge point that is gone by now is no reason to refuse the others of its batch.

use rusqlite::{Connection, TransactionBehavior};

use super::Place;
use crate::store::StoreError;

/// Marks the files of this program: "Ampc", in the header field that SQLite keeps for this.
const APPLICATION_ID: i64 = 0x416d_7063;

/// Step n leads from version n to version n + 1. A step that was ever published never changes.
const STEPS: [&str; 4] = [
    include_str!("schema_1.sql"),
    include_str!("schema_2.sql"),
    include_str!("schema_3.sql"),
    include_str!("schema_4.sql"),
];

/// Makes sure that the file is ours, and brings its tables up to date.
pub(super) fn prepare(connection: &mut Connection, place: &Place) -> Result<(), StoreError> {
    let version = recognise(connection, place)?;
    let mode: String = connection
        .query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))
        .map_err(|error| place.failed(&error))?;
    if mode != "wal" {
        return Err(place.problem(format!(
            "it cannot keep a write-ahead log here (mode {mode}): put it on a local disk"
        )));
    }
    migrate(connection, version).map_err(|error| place.failed(&error))
}

/// The version of our tables, zero for a new file; the file is left as it is otherwise.
fn recognise(connection: &Connection, place: &Place) -> Result<usize, StoreError> {
    let number = |sql: &str| -> Result<i64, StoreError> {
        connection.query_row(sql, [], |row| row.get(0)).map_err(|error| place.failed(&error))
    };
    let application = number("PRAGMA application_id")?;
    let version = number("PRAGMA user_version")?;
    if application == 0 && version == 0 && number("SELECT count(*) FROM sqlite_schema")? == 0 {
        // Possible only before the first table exists: lets pages go back to the file system.
        connection
            .execute_batch("PRAGMA auto_vacuum = INCREMENTAL")
            .map_err(|error| place.failed(&error))?;
        return Ok(0);
    }
    if application != APPLICATION_ID {
        return Err(place.foreign("it is a database of another program: name another file"));
    }
    match usize::try_from(version) {
        Ok(version) if version <= STEPS.len() => Ok(version),
        _ => Err(place.foreign(&format!(
            "it has version {version}, this program knows versions up to {}: use a later program, \
             or name another file",
            STEPS.len()
        ))),
    }
}

fn migrate(connection: &mut Connection, version: usize) -> rusqlite::Result<()> {
    if version == STEPS.len() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for step in &STEPS[version..] {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", STEPS.len() as i64)?;
    transaction.commit()
}
