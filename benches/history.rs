//! How long a history question takes out of a million rows, and what keeping facts costs.
//!
//! `cargo bench --bench history` fills a database with one row every ten seconds (or, for another
//! number of rows, `-- 100000`) and prints the median and the worst of a hundred questions at
//! different places. Absolute figures belong to the machine.

use std::time::{Duration, Instant};

use ampacity::ids::SiteId;
use ampacity::store::sqlite::{Options, Sqlite};
use ampacity::store::{Fact, HistoryRow, Store};
use ampacity::time::{Span, Time};
use ampacity::units::Watts;

const HOUR: i64 = 3600;
const SPACING: i64 = 10;

fn row(site: &SiteId, number: i64) -> Fact {
    Fact::History(HistoryRow {
        site: site.clone(),
        at: Time::from_unix_s(1_700_000_000 + number * SPACING),
        allocated: Watts(50_000 + number % 977 * 10),
        draw: Watts(40_000 + number % 877 * 10),
        active_sessions: (number % 12) as u32,
    })
}

fn show(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let (median, worst) = (times[times.len() / 2], times[times.len() - 1]);
    println!("{what:<44} {:>10.3} {:>10.3}", ms(median), ms(worst));
}

fn main() {
    let asked: Option<i64> = std::env::args().find_map(|word| word.parse().ok());
    let count = asked.unwrap_or(1_000_000);
    let folder = tempfile::tempdir().expect("a folder for the database");
    let path = folder.path().join("ampacity.db");
    let mut store = Sqlite::open(&path, Options::default()).expect("a new database");
    let site = SiteId::new("site_01HXMNOPQR3456789012345678");

    let began = Instant::now();
    for first in (0..count).step_by(10_000) {
        let rows: Vec<Fact> =
            (first..count.min(first + 10_000)).map(|number| row(&site, number)).collect();
        store.apply(&rows).expect("room for the rows");
    }
    println!("{count} rows in {:.1} s", began.elapsed().as_secs_f64());

    println!("{:<44} {:>10} {:>10}", "", "median ms", "worst ms");
    let reader = store.reader().expect("a reader");
    for (what, range, interval) in [
        ("1 h in minutes", HOUR, 60),
        ("24 h in quarters of an hour", 24 * HOUR, 900),
        ("7 days in hours", 7 * 24 * HOUR, HOUR),
    ] {
        let last_start = count * SPACING - range;
        let times = (0..100).map(|place| {
            let from = Time::from_unix_s(1_700_000_000 + (last_start * place / 100).max(0));
            let began = Instant::now();
            let buckets = reader
                .history(&site, from, from + Span::from_s(range), Span::from_s(interval))
                .expect("an answer");
            assert!(!buckets.is_empty(), "{what} at {}", from.to_ocpp());
            began.elapsed()
        });
        show(what, times.collect());
    }
    let times = (count..count + 200).map(|number| {
        let began = Instant::now();
        store.apply(&[row(&site, number)]).expect("room for a row");
        began.elapsed()
    });
    show("one fact onto the disk", times.collect());
    let times = (0..100).map(|_| {
        let began = Instant::now();
        store.forget(Time::NEVER).expect("forgetting");
        began.elapsed()
    });
    show("one call of forget, with plenty to forget", times.collect());
}
