//! SIGKILL at any moment: what `apply` had acknowledged is there afterwards.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use ampacity::csms::Wish;
use ampacity::csms::config::Setpoint;
use ampacity::ids::{ChargePointId, SessionId, SiteId};
use ampacity::store::sqlite::{Options, Sqlite};
use ampacity::store::{Fact, HistoryRow, LimitRow, Store, TransactionRow};
use ampacity::time::{Span, Time};
use ampacity::units::Watts;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Set for the process that writes until it is killed: the file.
const VICTIM: &str = "AMPACITY_STORE_CRASH_VICTIM";
const ROUNDS: usize = 30;
const TEST: &str = "what_was_acknowledged_survives_sigkill";

fn open(path: &Path) -> Sqlite {
    Sqlite::open(path, Options::default()).unwrap()
}

fn instant(number: i64) -> Time {
    Time::from_unix_s(60 * number)
}

/// What its driver wants.
const WISH: Wish =
    Wish { departure: Some(Time::from_unix_s(2_000_000_000)), energy_wh: Some(24_500) };

/// Everything that becomes true when transaction `number` begins.
fn batch(number: i64) -> Vec<Fact> {
    let point = ChargePointId::new("CP1");
    vec![
        Fact::LastTransactionId(number),
        Fact::Transaction(TransactionRow {
            transaction_id: number,
            session: SessionId::new(&format!("ses_{number}")),
            point: point.clone(),
            connector: 1,
            id_tag: "CARD".repeat(50),
            started_at: instant(number),
            said: instant(number),
            meter_start_wh: number,
            stop: None,
            wish: WISH,
            ended: None,
        }),
        Fact::Limit(LimitRow { point, connector: 1, confirmed: None, bound: Setpoint(number) }),
        Fact::History(HistoryRow {
            site: SiteId::new("site"),
            at: instant(number),
            allocated: Watts(number),
            draw: Watts(number),
            active_sessions: 1,
        }),
    ]
}

/// Continues where the file ends; a line on stderr for each batch that was acknowledged.
fn write_until_killed(path: &Path) {
    let mut store = open(path);
    let first = store.load().unwrap().last_transaction_id + 1;
    for number in first.. {
        store.apply(&batch(number)).unwrap();
        eprintln!("kept {number}");
        if number % 16 == 0 {
            store.forget(instant(0)).unwrap();
        }
    }
}

/// The last number acknowledged before the killing, `before` when there is none.
fn kill_one(path: &Path, chance: &mut ChaCha8Rng, before: i64) -> i64 {
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args([TEST, "--exact", "--nocapture"])
        .env(VICTIM, path)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = victim.stderr.take().unwrap();
    let mut said = Vec::new();
    // Half of the victims die while they start, the others in the middle of their work.
    if chance.random_bool(0.5) {
        pipe.by_ref().take(chance.random_range(1..500)).read_to_end(&mut said).unwrap();
    }
    std::thread::sleep(Duration::from_micros(chance.random_range(0..20_000)));
    victim.kill().unwrap();
    victim.wait().unwrap();
    pipe.read_to_end(&mut said).unwrap();
    let said = String::from_utf8(said).unwrap();
    let whole = said.rfind('\n').map_or("", |end| &said[..end]);
    whole.lines().fold(before, |last, line| {
        let number = line.strip_prefix("kept ").and_then(|number| number.parse().ok());
        let number: i64 = number.unwrap_or_else(|| panic!("the victim failed by itself: {said}"));
        assert_eq!(number, last.max(number - 1) + 1, "an id is never given twice");
        number
    })
}

#[test]
fn what_was_acknowledged_survives_sigkill() {
    if let Some(path) = std::env::var_os(VICTIM) {
        return write_until_killed(Path::new(&path));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ampacity.db");
    let mut chance = ChaCha8Rng::seed_from_u64(1);
    let mut acknowledged = 0;
    for round in 0..ROUNDS {
        acknowledged = kill_one(&path, &mut chance, acknowledged);
        let mut store = open(&path);
        let saved = store.load().unwrap();
        let kept = saved.last_transaction_id;
        assert!(kept >= acknowledged, "round {round}: {acknowledged} of {kept} is lost");
        let ids: Vec<i64> = saved.transactions.iter().map(|row| row.transaction_id).collect();
        assert_eq!(ids, (1..=kept).collect::<Vec<i64>>(), "round {round}");
        let bounds: Vec<i64> = saved.limits.iter().map(|row| row.bound.0).collect();
        let expected: Vec<i64> = (kept > 0).then_some(kept).into_iter().collect();
        assert_eq!(bounds, expected, "round {round}: a batch is kept whole");
        let minutes = store
            .reader()
            .unwrap()
            .history(&SiteId::new("site"), instant(1), instant(kept + 1), Span::from_s(60))
            .unwrap();
        let watts: Vec<f64> = minutes.iter().map(|bucket| bucket.allocated_w).collect();
        assert_eq!(watts, (1..=kept).map(|number| number as f64).collect::<Vec<f64>>());
        acknowledged = kept;
    }
    assert!(acknowledged > 0, "nothing was ever written");
}
