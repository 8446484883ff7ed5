//! `sweep.sqlite`: rows as they come.
//!
//! Every row is a transaction of its own that is on the disk when [`Store::add`] returns. A roll-back
//! journal is kept instead of a write-ahead log, which shared file systems cannot do. `sweep.lock`
//! beside it, locked by the operating system and hence free again when its holder dies, keeps a second
//! process out.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use rusqlite::types::{Type, Value};
use rusqlite::{Connection, ErrorCode, OpenFlags, params_from_iter};
use thiserror::Error;

use super::plan::Plan;
use super::row::{KEY, Row, VERDICT, csv_header, push_csv_line};
use super::shard::Shard;
use crate::allocation::Strategy;
use crate::report::metrics::{CATALOGUE, Info};

/// The store's file in the folder of a sweep.
pub const FILE: &str = "sweep.sqlite";
/// The table for everybody else.
pub const TABLE: &str = "sweep.csv";
const LOCK: &str = "sweep.lock";

/// Marks the file as ours: "AmpS".
const APPLICATION: i64 = 0x416d_7053;

/// Why a store cannot be used.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Another process has it.
    #[error(
        "{0}: another process is at work on this sweep; wait for its end, or give another --out"
    )]
    InUse(String),
    /// It holds something else.
    #[error("{0}")]
    Other(String),
    /// It cannot be read or written.
    #[error("{0}")]
    Failed(String),
}

/// The rows of a sweep, or of its part that a shard makes.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
    plan: Plan,
    shard: Shard,
    /// Held until the connection is closed; a merged store has the lock of whoever merges.
    _lock: Option<File>,
}

impl Store {
    /// Opens the store in a folder for a plan, or makes it.
    ///
    /// # Errors
    /// [`StoreError::Other`] when the folder holds another sweep or part, or a file that is none.
    pub fn open(folder: &Path, plan: &Plan, shard: Shard) -> Result<Store, StoreError> {
        let lock = lock(folder)?;
        let store = Store::make(&folder.join(FILE), plan, shard, Some(lock))?;
        let shown = folder.display();
        if let Some(what) = plan.difference(&store.plan) {
            return Err(StoreError::Other(format!(
                "{shown} holds results of {what}; give another --out, or remove the folder"
            )));
        }
        if store.shard != shard {
            return Err(StoreError::Other(format!(
                "{shown} holds part {} of this sweep, not {shard}; give another --out",
                store.shard
            )));
        }
        Ok(store)
    }

    /// Makes a store in a file without a lock; the plan of one that is there already stays.
    pub(super) fn make(
        path: &Path,
        plan: &Plan,
        shard: Shard,
        lock: Option<File>,
    ) -> Result<Store, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection =
            Connection::open_with_flags(path, flags).map_err(|error| failed(path, &error))?;
        if is_empty(&connection).map_err(|error| failed(path, &error))? {
            create(&mut connection, plan, shard).map_err(|error| failed(path, &error))?;
        }
        Store::known(connection, path, lock)
    }

    /// Opens the store in a folder as it is, to read it.
    ///
    /// # Errors
    /// [`StoreError::InUse`] while it is still being written.
    pub fn read(folder: &Path) -> Result<Store, StoreError> {
        let lock = lock(folder)?;
        let path = folder.join(FILE);
        // Writing is needed to undo what a killed process has left half done.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection =
            Connection::open_with_flags(&path, flags).map_err(|error| failed(&path, &error))?;
        Store::known(connection, &path, Some(lock))
    }

    /// A store whose tables are there and ours.
    fn known(connection: Connection, path: &Path, lock: Option<File>) -> Result<Store, StoreError> {
        let foreign = || {
            StoreError::Other(format!(
                "{} was not made by a sweep of this version of ampacity; give another --out, or remove it",
                path.display()
            ))
        };
        let told = |error: &rusqlite::Error| match error.sqlite_error_code() {
            None | Some(ErrorCode::Unknown) => foreign(),
            _ => failed(path, error),
        };
        let application: i64 = connection
            .query_row("PRAGMA application_id", [], |row| row.get(0))
            .map_err(|error| told(&error))?;
        if application != APPLICATION {
            return Err(foreign());
        }
        connection.execute_batch("PRAGMA synchronous = FULL").map_err(|error| told(&error))?;
        let (plan, shard): (String, String) = connection
            .query_row("SELECT plan, shard FROM sweep", [], |row| Ok((row.get(0)?, row.get(1)?)))
            .map_err(|error| told(&error))?;
        let (Some(plan), Ok(shard)) = (Plan::from_text(&plan), Shard::parse(&shard)) else {
            return Err(foreign());
        };
        connection.prepare(&select(&plan)).map(drop).map_err(|error| told(&error))?;
        Ok(Store { connection, path: path.to_owned(), plan, shard, _lock: lock })
    }

    /// What its rows are.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Which of the plan's rows it is to hold.
    #[must_use]
    pub fn shard(&self) -> Shard {
        self.shard
    }

    /// The rows that are there.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn done(&self) -> Result<BTreeSet<u64>, StoreError> {
        let rows = || {
            let mut statement = self.connection.prepare("SELECT row FROM runs ORDER BY row")?;
            let rows = statement.query_map([], |row| row.get::<_, i64>(0))?;
            rows.map(|row| row.map(|row| row as u64)).collect::<rusqlite::Result<_>>()
        };
        rows().map_err(|error| failed(&self.path, &error))
    }

    /// Keeps a row; when this returns it is on the disk.
    ///
    /// # Errors
    /// When the file cannot be written, or holds a row with the same place or key.
    pub fn add(&mut self, row: &Row) -> Result<(), StoreError> {
        insert(&self.connection, &self.plan, row).map_err(|error| failed(&self.path, &error))
    }

    /// From here on rows are kept all or none, until [`Store::commit`].
    pub(super) fn begin(&mut self) -> Result<(), StoreError> {
        self.connection.execute_batch("BEGIN").map_err(|error| failed(&self.path, &error))
    }

    /// See [`Store::begin`].
    pub(super) fn commit(&mut self) -> Result<(), StoreError> {
        self.connection.execute_batch("COMMIT").map_err(|error| failed(&self.path, &error))
    }

    /// The row in a place.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn row(&self, place: u64) -> Result<Option<Row>, StoreError> {
        let mut found = None;
        self.some(place..place + 1, |row| {
            found = Some(row);
            Ok(())
        })?;
        Ok(found)
    }

    /// All rows in the order of the plan, one after the other.
    ///
    /// # Errors
    /// When the file cannot be read, or as `visit` fails.
    pub fn each(&self, visit: impl FnMut(Row) -> Result<(), StoreError>) -> Result<(), StoreError> {
        self.some(0..i64::MAX as u64, visit)
    }

    /// The rows in some places that are there, in the order of the plan.
    ///
    /// # Errors
    /// As [`Store::each`].
    pub fn some(
        &self,
        places: std::ops::Range<u64>,
        mut visit: impl FnMut(Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let cannot = |error| failed(&self.path, &error);
        let mut statement = self.connection.prepare_cached(&select(&self.plan)).map_err(cannot)?;
        let mut rows = statement.query([places.start as i64, places.end as i64]).map_err(cannot)?;
        while let Some(found) = rows.next().map_err(cannot)? {
            visit(read(found).map_err(cannot)?)?;
        }
        Ok(())
    }

    /// Writes `sweep.csv` beside the store, whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written; the text names it.
    pub fn write_table(&self) -> Result<(), StoreError> {
        let path = self.path.with_file_name(TABLE);
        let part = path.with_extension("csv.part");
        let cannot = |error: std::io::Error| {
            StoreError::Failed(format!("cannot write {}: {error}", part.display()))
        };
        let mut file = BufWriter::new(File::create(&part).map_err(cannot)?);
        file.write_all(csv_header(&self.plan).as_bytes()).map_err(cannot)?;
        let mut line = String::new();
        self.each(|row| {
            line.clear();
            push_csv_line(&mut line, &self.plan, &row);
            file.write_all(line.as_bytes()).map_err(cannot)
        })?;
        file.flush().map_err(cannot)?;
        drop(file);
        fs::rename(&part, &path).map_err(cannot)
    }
}

/// Keeps other processes out of a folder as long as the file lives.
pub(super) fn lock(folder: &Path) -> Result<File, StoreError> {
    let path = folder.join(LOCK);
    let shown = path.display();
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|error| StoreError::Failed(format!("cannot write {shown}: {error}")))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse(folder.display().to_string())),
        Err(TryLockError::Error(error)) => {
            Err(StoreError::Failed(format!("cannot lock {shown}: {error}")))
        }
    }
}

fn failed(path: &Path, error: &rusqlite::Error) -> StoreError {
    let shown = path.display();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => StoreError::Other(format!(
            "{shown} is no SQLite file; give another --out, or remove it"
        )),
        Some(ErrorCode::DatabaseBusy) => StoreError::Failed(format!(
            "{shown} is held by another program; close it there, then run the same command again"
        )),
        _ => StoreError::Failed(format!("cannot use {shown}: {error}")),
    }
}

/// Whether nothing is in it: it was made just now, or its maker was killed before it wrote anything.
fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))
}

fn create(connection: &mut Connection, plan: &Plan, shard: Shard) -> rusqlite::Result<()> {
    let grid: Vec<String> =
        plan.axes().map(|axis| format!("{} NOT NULL", quoted(&axis.path))).collect();
    let metric = |info: &Info| {
        format!("{} {}", quoted(info.name), if info.count { "INTEGER" } else { "REAL" })
    };
    let metrics: Vec<String> = CATALOGUE.iter().map(metric).collect();
    let transaction = connection.transaction()?;
    transaction.execute_batch(&format!(
        "PRAGMA application_id = {APPLICATION};
         CREATE TABLE sweep (plan TEXT NOT NULL, shard TEXT NOT NULL);
         CREATE TABLE runs (
            row INTEGER PRIMARY KEY, scenario_sha256 TEXT NOT NULL, strategy TEXT NOT NULL,
            seed INTEGER NOT NULL, ampacity_version TEXT NOT NULL, {}, digest TEXT NOT NULL,
            passed INTEGER NOT NULL, failed TEXT NOT NULL, {},
            UNIQUE (scenario_sha256, strategy, seed, ampacity_version)
         );",
        grid.join(", "),
        metrics.join(", ")
    ))?;
    transaction
        .execute("INSERT INTO sweep VALUES (?1, ?2)", [plan.to_text(), shard.to_string()])?;
    transaction.commit()
}

/// A name as SQL takes it, whatever is in it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn insert(connection: &Connection, plan: &Plan, row: &Row) -> rusqlite::Result<()> {
    let count = KEY.len() + plan.axes().count() + VERDICT.len() + CATALOGUE.len();
    let marks = vec!["?"; count].join(", ");
    let mut values = vec![
        Value::Integer(row.row as i64),
        Value::Text(row.scenario_sha256.clone()),
        Value::Text(row.strategy.name().to_owned()),
        Value::Integer(row.seed as i64),
        Value::Text(plan.ampacity_version.clone()),
    ];
    values.extend(plan.values(plan.place(row.row).point).into_iter().map(typed));
    values.push(Value::Text(row.digest.clone()));
    values.push(Value::Integer(i64::from(row.failed.is_empty())));
    values.push(Value::Text(row.failed.clone()));
    values.extend(row.values.iter().map(|value| value.map_or(Value::Null, Value::Real)));
    let mut statement = connection.prepare_cached(&format!("INSERT INTO runs VALUES ({marks})"))?;
    statement.execute(params_from_iter(values)).map(drop)
}

/// A value of the grid, a number where it is one, so that it can be calculated and sorted with.
fn typed(value: &str) -> Value {
    match (value.parse::<i64>(), value.parse::<f64>()) {
        (Ok(whole), _) => Value::Integer(whole),
        (_, Ok(number)) if number.is_finite() => Value::Real(number),
        _ => Value::Text(value.to_owned()),
    }
}

/// Everything of a row that the plan does not say, and the grid, so that a table without its columns
/// is no table of this plan. Without the table's name SQLite takes an unknown column for a text.
fn select(plan: &Plan) -> String {
    let column = |name: &str| format!("runs.{}", quoted(name));
    let metrics: Vec<String> = CATALOGUE.iter().map(|info| column(info.name)).collect();
    let grid: Vec<String> = plan.axes().map(|axis| column(&axis.path)).collect();
    format!(
        "SELECT row, scenario_sha256, strategy, seed, digest, failed, {}, {} FROM runs \
         WHERE row >= ? AND row < ? ORDER BY row",
        metrics.join(", "),
        grid.join(", ")
    )
}

fn read(found: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    const FIRST: usize = 6;
    let strategy: String = found.get(2)?;
    let strategy: Strategy = strategy.parse().map_err(|unknown| {
        rusqlite::Error::FromSqlConversionFailure(2, Type::Text, Box::new(unknown))
    })?;
    Ok(Row {
        row: found.get::<_, i64>(0)? as u64,
        scenario_sha256: found.get(1)?,
        strategy,
        seed: found.get::<_, i64>(3)? as u64,
        digest: found.get(4)?,
        failed: found.get(5)?,
        values: (FIRST..FIRST + CATALOGUE.len())
            .map(|column| found.get(column))
            .collect::<rusqlite::Result<_>>()?,
    })
}
