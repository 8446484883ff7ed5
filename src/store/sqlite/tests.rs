//! What only SQLite can get wrong: files, locks, plans, the amount of work.

use std::fs;
use std::path::PathBuf;

use rusqlite::{StatementStatus, params};
use tempfile::TempDir;

use super::*;
use crate::ids::SiteId;
use crate::store::HistoryRow;
use crate::store::window::Window;
use crate::time::Span;
use crate::units::Watts;

const START: Time = Time::from_unix_s(1_777_800_000);

struct Desk {
    folder: TempDir,
}

impl Desk {
    fn new() -> Desk {
        Desk { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("ampacity.db")
    }

    fn open(&self) -> Result<Sqlite, StoreError> {
        Sqlite::open(&self.path(), Options::default())
    }

    /// A store whose site has a row every ten seconds.
    fn with_rows(&self, count: i64) -> Sqlite {
        let mut store = self.open().unwrap();
        let rows: Vec<Fact> = (0..count).map(row).collect();
        store.apply(&rows).unwrap();
        store
    }
}

fn row(number: i64) -> Fact {
    Fact::History(HistoryRow {
        site: SiteId::new("site"),
        at: START + Span::from_s(10 * number),
        allocated: Watts(number % 100 * 100),
        draw: Watts(number % 90 * 100),
        active_sessions: (number % 7) as u32,
    })
}

/// The steps of SQLite's virtual machine that a day in quarters of an hour costs, an hour after
/// the first row.
fn steps_of_a_day(store: &Sqlite) -> i32 {
    let from = START + Span::from_s(3600);
    let to = from + Span::from_s(24 * 3600);
    let window = Window::new(from, to, Span::from_s(900)).unwrap();
    let buckets = history::buckets(&store.connection, &SiteId::new("site"), &window).unwrap();
    assert_eq!(buckets.len(), 96);
    let question = store.connection.prepare_cached(history::BUCKET).unwrap();
    assert_eq!(question.reset_status(StatementStatus::Run), 96);
    question.reset_status(StatementStatus::VmStep)
}

#[test]
fn a_history_question_reads_ranges_of_the_key() {
    let desk = Desk::new();
    let store = desk.with_rows(100);
    for statistics in ["", "ANALYZE"] {
        store.connection.execute_batch(statistics).unwrap();
        for sql in [history::BUCKET, history::NEXT] {
            let mut plan = store.connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let mut lines: Vec<String> = plan
                .query_map(params!["site", 0, 1], |row| row.get(3))
                .unwrap()
                .map(Result::unwrap)
                .collect();
            let range = "SEARCH history USING PRIMARY KEY (site=? AND at>? AND at<?)";
            assert!(lines.iter().any(|line| line == range), "{lines:#?}");
            lines.retain(|line| !line.starts_with("SEARCH history USING PRIMARY KEY (site=? AND"));
            assert!(lines.iter().all(|line| line.starts_with("SCALAR SUBQUERY")), "{lines:#?}");
        }
    }
}

#[test]
fn a_history_question_costs_what_its_range_holds_however_much_there_is() {
    let desk = Desk::new();
    let mut store = desk.with_rows(10_000);
    let before = steps_of_a_day(&store);
    let more: Vec<Fact> = (10_000..60_000).map(row).collect();
    store.apply(&more).unwrap();
    assert_eq!(steps_of_a_day(&store), before);
}

#[test]
fn every_question_and_every_deletion_goes_by_an_index() {
    let desk = Desk::new();
    let store = desk.open().unwrap();
    for sql in [
        &read::transactions(true),
        &read::transactions(false),
        &read::of_session(),
        &read::commands(true),
        &read::commands(false),
        read::NOTICES,
        &rows::running(),
        &rows::ended(),
        forget::TRANSACTIONS,
        forget::COMMANDS,
        forget::NOTICES,
        write::OLD_NOTICES,
        forget::ANSWERS,
        forget::HISTORY,
        forget::NEXT_SITE,
    ] {
        let mut plan = store.connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let mut rows = plan.raw_query();
        while let Some(row) = rows.next().unwrap() {
            let line: String = row.get(3).unwrap();
            // All commands, the newest first: the index is read from its end.
            let ordered = *sql == read::commands(false) && line.contains("USING INDEX");
            let searches = line.starts_with("SEARCH") || ordered;
            let gathers = line.contains("SUBQUERY");
            assert!(searches || gathers, "{sql}\n{line}");
        }
    }
}

#[test]
fn a_second_writer_is_turned_away_until_the_first_is_gone() {
    let desk = Desk::new();
    let first = desk.open().unwrap();
    let refused = desk.open().unwrap_err();
    assert!(matches!(refused, StoreError::InUse { .. }), "{refused}");
    assert!(refused.to_string().contains("ampacity.db is in use by another process"), "{refused}");
    let reader = first.reader().unwrap();
    drop(first);
    desk.open().unwrap();
    assert_eq!(reader.api_keys().unwrap(), [], "a reader outlives its store");
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::new();
    let _store = desk.with_rows(1);
    for entry in fs::read_dir(desk.folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", entry.path().display());
    }
}

#[test]
fn files_of_others_are_left_alone() {
    let desk = Desk::new();
    let text = b"name = \"Not a database, but longer than the header of one would be, by far.\"\n";
    fs::write(desk.path(), text.repeat(3)).unwrap();
    let refused = desk.open().unwrap_err();
    assert!(matches!(refused, StoreError::Foreign { .. }), "{refused}");
    assert_eq!(fs::read(desk.path()).unwrap(), text.repeat(3));

    fs::remove_file(desk.path()).unwrap();
    let other = Connection::open(desk.path()).unwrap();
    other.execute_batch("CREATE TABLE theirs (x); PRAGMA user_version = 1").unwrap();
    drop(other);
    let before = fs::read(desk.path()).unwrap();
    let refused = desk.open().unwrap_err();
    assert!(refused.to_string().contains("a database of another program"), "{refused}");
    assert_eq!(fs::read(desk.path()).unwrap(), before);
}

#[test]
fn a_later_version_is_left_alone() {
    let desk = Desk::new();
    let store = desk.open().unwrap();
    store.connection.execute_batch("PRAGMA user_version = 99").unwrap();
    drop(store);
    let before = fs::read(desk.path()).unwrap();
    let refused = desk.open().unwrap_err();
    assert!(matches!(refused, StoreError::Foreign { .. }), "{refused}");
    assert!(refused.to_string().contains("it has version 99"), "{refused}");
    assert_eq!(fs::read(desk.path()).unwrap(), before);
}

#[test]
fn a_place_where_no_file_can_be_is_named_with_the_remedy() {
    let desk = Desk::new();
    let nowhere = desk.folder.path().join("missing/ampacity.db");
    let refused = Sqlite::open(&nowhere, Options::default()).unwrap_err().to_string();
    assert!(refused.contains("missing/ampacity.db"), "{refused}");
    assert!(refused.contains("the folder must exist"), "{refused}");
    let refused = Sqlite::open(Path::new(""), Options::default()).unwrap_err().to_string();
    assert!(refused.contains("name another file"), "{refused}");
    fs::create_dir(desk.path()).unwrap();
    let refused = desk.open().unwrap_err().to_string();
    assert!(refused.contains("it must be a file"), "{refused}");
}

#[test]
fn a_batch_is_kept_whole_or_not_at_all() {
    let desk = Desk::new();
    let mut store = desk.with_rows(2);
    store
        .connection
        .execute_batch(
            "CREATE TEMP TRIGGER full BEFORE INSERT ON history WHEN new.active_sessions = 6
             BEGIN SELECT raise(ABORT, 'no more'); END",
        )
        .unwrap();
    let refused = store.apply(&[row(5), row(6)]).unwrap_err().to_string();
    assert!(refused.contains("no more") && refused.contains("ampacity.db"), "{refused}");
    let rows: i64 =
        store.connection.query_row("SELECT count(*) FROM history", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 2);
    store.apply(&[row(5)]).unwrap();
}

#[test]
fn readers_see_what_is_kept_while_the_writer_is_at_work() {
    let desk = Desk::new();
    let mut store = desk.with_rows(2);
    let reader = store.reader().unwrap();
    let ask = || {
        reader
            .history(&SiteId::new("site"), START, START + Span::from_s(40), Span::from_s(10))
            .unwrap()
            .len()
    };
    let transaction =
        store.connection.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    write::tell(&transaction, &Fact::HistoryGap(SiteId::new("site"), START)).unwrap();
    assert_eq!(ask(), 4, "not held up, and nothing seen that is not kept");
    transaction.commit().unwrap();
    assert_eq!(ask(), 3);
    store.apply(&[Fact::HistoryGap(SiteId::new("site"), START + Span::from_s(10))]).unwrap();
    assert_eq!(ask(), 0);
}

#[test]
fn forgetting_goes_in_chunks_and_gives_room_back() {
    let desk = Desk::new();
    let mut store = desk.with_rows(2 * forget::CHUNK as i64 + 100);
    let pages = |store: &Sqlite| -> i64 {
        store.connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap()
    };
    let before = pages(&store);
    let mut calls = 1;
    while store.forget(Time::NEVER).unwrap() {
        calls += 1;
    }
    assert_eq!(calls, 3);
    let rows: i64 =
        store.connection.query_row("SELECT count(*) FROM history", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 1, "the last row still holds");
    assert!(pages(&store) * 2 < before, "{} of {before} pages", pages(&store));
}

#[test]
fn a_word_nobody_knows_is_named_with_its_file() {
    let desk = Desk::new();
    let mut store = desk.open().unwrap();
    store.connection.execute_batch("INSERT INTO card VALUES ('CARD1', 'Perhaps')").unwrap();
    let refused = store.load().unwrap_err().to_string();
    assert!(refused.contains("ampacity.db") && refused.contains("Perhaps"), "{refused}");
}
