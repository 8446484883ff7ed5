//! Both stores answer the same, and a history is what integrating its rows second by second gives.

use std::collections::BTreeMap;
use std::path::Path;

use ampacity::allocation::Strategy as Sharing;
use ampacity::charger::CurrentKind;
use ampacity::csms::config::{Hardware, Setpoint, SiteConfig};
use ampacity::csms::manner::{Breed, Manner, Scope};
use ampacity::csms::records::{LocalList, Record, Transfer};
use ampacity::csms::{Calendar, Connection, Days, Feeder, StopTold, Window, Wiring, Wish};
use ampacity::ids::{ChargePointId, SessionId, SiteId};
use ampacity::ocpp::types::{AuthorizationStatus, StopReason};
use ampacity::store::memory::Memory;
use ampacity::store::sqlite::{Options, Sqlite};
use ampacity::store::{
    ANSWERS_KEPT, ApiKeyRow, Bucket, CommandOutcome, CommandRow, ENDED_SAVED, Fact, HISTORY_HOLDS,
    HistoryRow, IdempotentRow, LimitRow, NOTICES_KEPT, NoticeRow, PointRow, Query, RecordRow,
    SiteRow, Store, TransactionEnd, TransactionRow,
};
use ampacity::time::{Span, Time};
use ampacity::units::{DeciAmps, Watts};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

/// Nothing is dropped unasked.
const FOR_EVER: Span = Span(i64::MAX);

fn open(folder: &Path) -> Sqlite {
    Sqlite::open(&folder.join("ampacity.db"), Options::default()).unwrap()
}

fn site(number: u8) -> SiteId {
    SiteId::new(&format!("site_{number}"))
}

fn point(number: u8) -> ChargePointId {
    ChargePointId::new(&format!("CP {number}/ä"))
}

fn session(transaction: i64) -> SessionId {
    SessionId::new(&format!("ses_{transaction}"))
}

fn second(seconds: i64) -> Time {
    Time::from_unix_s(seconds)
}

fn held(site_number: u8, at: i64, watts: i64, active_sessions: u32) -> Fact {
    Fact::History(HistoryRow {
        site: site(site_number),
        at: second(at),
        allocated: Watts(watts),
        draw: Watts(watts / 2),
        active_sessions,
    })
}

/// What its driver wants.
const WISH: Wish =
    Wish { departure: Some(Time::from_unix_s(2_000_000_000)), energy_wh: Some(24_500) };

fn charging(id: i64, started: i64, ended: Option<i64>) -> TransactionRow {
    TransactionRow {
        transaction_id: id,
        session: session(id),
        point: point((id % 3) as u8),
        connector: 1,
        id_tag: format!("CARD{id}"),
        started_at: second(started),
        said: second(started - 7_200),
        meter_start_wh: 1_000 * id,
        stop: ended.map(|at| StopTold { said: second(at - 7_200), meter_stop_wh: 1_007 * id }),
        wish: WISH,
        ended: ended.map(|at| TransactionEnd {
            at: second(at),
            energy_wh: 7 * id,
            reason: StopReason::ALL[id as usize % StopReason::ALL.len()],
        }),
    }
}

fn both(test: impl Fn(&mut dyn Store)) {
    test(&mut Memory::new(FOR_EVER));
    let folder = tempfile::tempdir().unwrap();
    test(&mut open(folder.path()));
}

#[test]
fn a_bucket_is_the_mean_over_what_is_known_of_it() {
    both(|store| {
        store
            .apply(&[
                held(1, 100, 9_000, 1),
                held(1, 400, 3_000, 3),
                held(1, 500, 6_000, 2),
                Fact::HistoryGap(site(1), second(700)),
                held(1, 1_500, 1_000, 0),
                held(2, 150, 77_000, 9),
            ])
            .unwrap();
        let reader = store.reader().unwrap();
        let bucket = |at, allocated_w, active_sessions| Bucket {
            at: second(at),
            allocated_w,
            draw_w: allocated_w / 2.0,
            active_sessions,
        };
        assert_eq!(
            reader.history(&site(1), second(200), second(1_600), Span::from_s(300)).unwrap(),
            [
                // 200 s of 9 kW carried in, then 100 s of 3 kW.
                bucket(200, 7_000.0, 3),
                // 200 s of 6 kW; then unknown.
                bucket(500, 6_000.0, 2),
                // Nothing is known of 800..1100 and 1100..1400; the last bucket is cut at 1600.
                bucket(1_400, 1_000.0, 0),
            ]
        );
        assert_eq!(
            reader.history(&site(3), second(0), second(900), Span::from_s(900)).unwrap(),
            []
        );
    });
}

#[test]
fn a_row_holds_ten_minutes_when_nothing_follows() {
    both(|store| {
        store.apply(&[held(1, 0, 4_000, 1), held(1, 3_600, 2_000, 1)]).unwrap();
        let reader = store.reader().unwrap();
        let known: Vec<i64> = reader
            .history(&site(1), second(-60), Time::NEVER, Span::from_s(60))
            .unwrap()
            .iter()
            .map(|bucket| bucket.at.unix_s())
            .collect();
        let expected: Vec<i64> = (0..10).chain(60..70).map(|minute| minute * 60).collect();
        assert_eq!(known, expected);
    });
}

#[test]
fn a_question_without_a_range_holds_no_bucket() {
    both(|store| {
        store.apply(&[held(1, 0, 4_000, 1)]).unwrap();
        let reader = store.reader().unwrap();
        for (from, to, interval) in [
            (second(60), second(60), Span::from_s(60)),
            (second(60), second(0), Span::from_s(60)),
            (second(0), second(60), Span::ZERO),
            (second(0), second(60), Span::from_s(-60)),
            (Time::NEVER, Time(i64::MIN), Span(i64::MAX)),
        ] {
            assert_eq!(reader.history(&site(1), from, to, interval).unwrap(), [], "{from:?}");
        }
        let all = reader.history(&site(1), Time(i64::MIN), Time::NEVER, Span(i64::MAX)).unwrap();
        assert_eq!(all.len(), 1);
    });
}

#[test]
fn power_and_time_beyond_63_bits_are_still_averaged() {
    both(|store| {
        let rows: Vec<Fact> =
            (0..20_000).map(|number| held(1, number * 600, 4_000_000_000, 1)).collect();
        store.apply(&rows).unwrap();
        let reader = store.reader().unwrap();
        let year = reader
            .history(&site(1), second(0), second(12_000_000), Span::from_s(12_000_000))
            .unwrap();
        assert_eq!(year.len(), 1);
        assert!((year[0].allocated_w / 4e9 - 1.0).abs() < 1e-12, "{year:?}");
    });
}

#[test]
fn forgetting_keeps_what_still_holds() {
    both(|store| {
        let minutes: Vec<Fact> =
            (0..60).map(|minute| held(1, minute * 60, minute * 100, 1)).collect();
        store.apply(&minutes).unwrap();
        let rows =
            [charging(1, 10, Some(500)), charging(2, 20, None), charging(3, 30, Some(2_000))];
        store.apply(&rows.map(Fact::Transaction)).unwrap();
        while store.forget(second(1_530)).unwrap() {}
        let reader = store.reader().unwrap();
        let history = reader.history(&site(1), second(0), second(3_600), Span::from_s(60)).unwrap();
        assert_eq!(history.first().map(|bucket| bucket.at), Some(second(1_500)));
        assert_eq!(history.len(), 35);
        let left: Vec<i64> = reader
            .transactions(None, Time::NEVER, 10)
            .unwrap()
            .iter()
            .map(|row| row.transaction_id)
            .collect();
        assert_eq!(left, [3, 2]);
        assert_eq!(reader.session(&session(1)).unwrap(), None);
        assert_eq!(store.load().unwrap().last_transaction_id, 3, "an id is never given twice");
    });
}

#[test]
fn an_answer_is_kept_for_a_day_whatever_else_is_forgotten() {
    both(|store| {
        let answer = |key: &str, at| {
            Fact::Idempotent(IdempotentRow {
                key: key.to_owned(),
                request_sha256: [7; 32],
                status: 202,
                body: "{}".to_owned(),
                at,
            })
        };
        let now = second(1_000_000);
        let old = now - ANSWERS_KEPT;
        store.apply(&[answer("just", old), answer("over", Time(old.0 - 1))]).unwrap();
        store.apply(&[answer("new", now)]).unwrap();
        while store.forget(now).unwrap() {}
        let reader = store.reader().unwrap();
        let kept = ["over", "just", "new"].map(|key| reader.idempotent(key).unwrap().is_some());
        assert_eq!(kept, [false, true, true]);
    });
}

#[test]
fn of_each_charge_point_the_last_notices_are_kept() {
    both(|store| {
        let count = NOTICES_KEPT as i64 + 20;
        let told: Vec<Fact> = (0..count).map(|number| Fact::Notice(notice(1, number))).collect();
        store.apply(&[Fact::Notice(notice(2, 5))]).unwrap();
        store.apply(&told).unwrap();
        store.apply(&told[..3]).unwrap();
        let reader = store.reader().unwrap();
        let all = reader.notices(&point(1), None, usize::MAX).unwrap();
        let kept: Vec<NoticeRow> = (20..count).rev().map(|number| notice(1, number)).collect();
        assert_eq!(all, kept);
        let even = reader.notices(&point(1), Some("DataTransfer"), 2).unwrap();
        assert_eq!(even, [notice(1, count - 2), notice(1, count - 4)]);
        while store.forget(second(6)).unwrap() {}
        assert_eq!(reader.notices(&point(2), None, 9).unwrap(), [], "that one is over");
        assert_eq!(reader.notices(&point(1), None, usize::MAX).unwrap().len(), NOTICES_KEPT);
    });
}

fn notice(of: u8, number: i64) -> NoticeRow {
    let even = number % 2 == 0;
    NoticeRow {
        notice: format!("ntc_{number}"),
        point: point(of),
        at: second(number),
        action: if even { "DataTransfer" } else { "SignCertificate" }.to_owned(),
        payload: format!("{{\"number\":{number}}}"),
    }
}

#[test]
fn a_restart_gets_the_running_transactions_and_the_last_thousand_that_ended() {
    both(|store| {
        let count = ENDED_SAVED as i64 + 50;
        // Those that began first ended last.
        let mut facts: Vec<Fact> =
            (1..=count).map(|id| Fact::Transaction(charging(id, id, Some(10_000 - id)))).collect();
        facts.push(Fact::Transaction(charging(count + 1, 1, None)));
        store.apply(&facts).unwrap();
        let ids: Vec<i64> =
            store.load().unwrap().transactions.iter().map(|row| row.transaction_id).collect();
        let expected: Vec<i64> = (1..=ENDED_SAVED as i64).chain([count + 1]).collect();
        assert_eq!(ids, expected);
    });
}

#[test]
fn a_run_held_open_does_not_grow() {
    let mut store = Memory::new(Span::from_s(3_600));
    for minute in 0..6_000 {
        store.apply(&[held(1, minute * 60, 1_000, 1)]).unwrap();
    }
    let reader = store.reader().unwrap();
    let known = reader.history(&site(1), second(0), Time::NEVER, Span::from_s(60)).unwrap();
    assert_eq!(known.len(), 60 + 10, "an hour, and how long the last row holds");
}

fn instant() -> impl Strategy<Value = Time> {
    (0..4_000i64).prop_map(second)
}

fn hash() -> impl Strategy<Value = [u8; 32]> {
    any::<u8>().prop_map(|byte| [byte; 32])
}

fn word() -> impl Strategy<Value = String> {
    "[ -~äß\u{0}']{0,6}"
}

fn breed() -> impl Strategy<Value = Breed> {
    (word(), word(), word()).prop_map(|(vendor, model, firmware)| Breed { vendor, model, firmware })
}

/// A feeder and a charge point behind it.
fn wiring(weight: u32) -> Wiring {
    let feeder = Feeder {
        name: "west".to_owned(),
        fed_from: None,
        max_power: Some(Watts(40_000)),
        max_current: Some(DeciAmps::from_amps(63)),
        unbalance: None,
    };
    let connection = Connection { feeder: Some(feeder.name.clone()), ..Connection::default() };
    Wiring {
        unbalance: (weight > 3).then(|| DeciAmps::from_amps(20)),
        feeders: vec![feeder],
        connections: [(ChargePointId::new("cp_1"), connection)].into(),
        ..Wiring::default()
    }
}

/// A window on a weekday.
fn calendar(weight: u32) -> Calendar {
    let window = Window {
        name: "evening peak".to_owned(),
        from: Span::from_s(17 * 3600),
        to: Span::from_s(21 * 3600),
        days: Days::named(["mon", "fri"]).unwrap(),
        max_power: (weight > 4).then_some(Watts(30_000)),
        soft_limit: Some(Watts(10_000)),
    };
    Calendar { time_zone: "Europe/Amsterdam".to_owned(), windows: vec![window] }
}

fn places() -> impl Strategy<Value = Fact> {
    let config = (0..99_000i64, 0..5_000i64, 0..3u8, 1..1_000u32).prop_map(
        |(max_power, reserve, favourite, weight)| SiteConfig {
            max_power: Watts(max_power),
            reserve: Watts(reserve),
            strategy: Sharing::Priority,
            min_charge_rate: Watts(3_700),
            priorities: BTreeMap::from([(point(favourite), weight)]),
            worst_load: (weight > 1).then_some(Watts(reserve)),
            wiring: (weight > 2).then(|| Box::new(wiring(weight))),
            calendar: (weight > 3).then(|| Box::new(calendar(weight))),
        },
    );
    let hardware = (any::<bool>(), 1..=3u8, 60..=320i64).prop_map(|(ac, phases, current)| {
        let kind = if ac { CurrentKind::Ac } else { CurrentKind::Dc };
        let max_power = Watts(current * 69);
        Hardware { kind, phases, max_current: DeciAmps(current), max_power, voltage_v: 230 }
    });
    let setpoint = || (0..320i64).prop_map(Setpoint);
    prop_oneof![
        (0..3u8, word(), option::of(config), instant()).prop_map(|(id, name, config, at)| {
            Fact::Site(SiteRow { site: site(id), name, config, updated_at: at })
        }),
        (0..3u8, option::of(0..3u8), hardware, 1..4u32, any::<bool>()).prop_map(
            |(id, at, hardware, connectors, registered)| {
                let (point, site) = (point(id), at.map(site));
                Fact::Point(PointRow { point, site, hardware, connectors, registered })
            }
        ),
        (0..3u8).prop_map(|id| Fact::PointRemoved(point(id))),
        (0..3u8, option::of(hash())).prop_map(|(id, hash)| Fact::Credential(point(id), hash)),
        (word(), option::of(select(AuthorizationStatus::ALL)))
            .prop_map(|(id_tag, status)| Fact::Card(id_tag, status)),
        (0..3u8, 0..3u32, option::of(setpoint()), setpoint()).prop_map(
            |(id, connector, confirmed, bound)| {
                Fact::Limit(LimitRow { point: point(id), connector, confirmed, bound })
            }
        ),
        (0..3u8, 0..3u32).prop_map(|(id, connector)| Fact::LimitGone(point(id), connector)),
        (0..3u8, option::of(-1..9i64), option::of(word()), instant()).prop_map(
            |(id, version, status, at)| {
                let record = match status {
                    None => Record::LocalList(LocalList { version, at }),
                    status => Record::Firmware(Transfer { status, ..Transfer::default() }),
                };
                Fact::Record(RecordRow { point: point(id), record })
            }
        ),
        (0..3u8, breed()).prop_map(|(id, breed)| Fact::Breed(point(id), breed)),
        (breed(), 0..3u8, any::<bool>()).prop_map(|(breed, scope, relative)| {
            let scopes = [Scope::Transaction, Scope::Connector, Scope::Station];
            let scope = scopes[usize::from(scope)];
            Fact::Manner(breed, Manner { scope, relative, ..Manner::default() })
        }),
    ]
}

fn happenings() -> impl Strategy<Value = Fact> {
    let key = (
        0..4u8,
        word(),
        hash(),
        vec(word(), 0..3),
        vec(0..3u8, 0..3),
        instant(),
        option::of(instant()),
    );
    let outcome = (instant(), word(), word()).prop_map(|(at, status, answer)| CommandOutcome {
        at,
        status,
        answer,
    });
    prop_oneof![
        3 => (1..9i64, 0..3u8, 0..4_000i64, option::of(0..4_000i64)).prop_map(
            |(id, at, started, ended)| {
                Fact::Transaction(TransactionRow { point: point(at), ..charging(id, started, ended) })
            }
        ),
        1 => (0..12i64).prop_map(Fact::LastTransactionId),
        3 => (0..6u8, 0..3u8, word(), instant(), option::of(outcome)).prop_map(
            |(id, at, payload, requested_at, outcome)| {
                let (command, action) = (format!("cmd_{id}"), "Reset".to_owned());
                Fact::Command(CommandRow {
                    command, point: point(at), action, payload, requested_at, outcome,
                })
            }
        ),
        1 => key.prop_map(|(id, name, sha256, scopes, sites, created_at, revoked_at)| {
            let (id, sites) = (format!("key_{id}"), sites.into_iter().map(site).collect());
            Fact::ApiKey(ApiKeyRow { id, name, sha256, scopes, sites, created_at, revoked_at })
        }),
        1 => (0..4u8, hash(), 100..600u16, word(), 0..400_000i64).prop_map(
            |(key, request_sha256, status, body, at)| {
                let (key, at) = (format!("answer {key}"), second(at));
                Fact::Idempotent(IdempotentRow { key, request_sha256, status, body, at })
            }
        ),
        2 => (0..3u8, 0..4_000i64).prop_map(|(of, number)| Fact::Notice(notice(of, number))),
        6 => past(),
    ]
}

fn past() -> impl Strategy<Value = Fact> {
    prop_oneof![
        4 => (0..2u8, 0..4_000i64, 0..90_000i64, 0..9u32)
            .prop_map(|(id, at, watts, sessions)| held(id, at, watts, sessions)),
        1 => (0..2u8, instant()).prop_map(|(id, at)| Fact::HistoryGap(site(id), at)),
    ]
}

#[derive(Clone, Debug)]
enum Step {
    Apply(Vec<Fact>),
    Forget(Time),
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let fact = || prop_oneof![1 => places().boxed(), 2 => happenings().boxed()];
    let step = prop_oneof![
        8 => vec(fact(), 0..12).prop_map(Step::Apply),
        1 => instant().prop_map(Step::Forget),
        1 => Just(Step::Restart),
    ];
    vec(step, 1..12)
}

/// Every answer of a store, as text.
fn answers(reader: &dyn Query) -> Vec<String> {
    let mut all = vec![format!("{:?}", reader.api_keys())];
    for id in 0..3 {
        all.push(format!("{:?}", reader.credential(point(id).as_str())));
        for limit in [0, 2, usize::MAX] {
            let point = point(id);
            all.push(format!("{:?}", reader.commands(Some(&point), limit)));
            all.push(format!("{:?}", reader.notices(&point, None, limit)));
            all.push(format!("{:?}", reader.notices(&point, Some("DataTransfer"), limit)));
            all.push(format!("{:?}", reader.transactions(Some(&point), second(2_000), limit)));
        }
        for (from, to, interval) in [(0, 4_600, 900), (-50, 4_600, 7), (1_234, 2_345, 100)] {
            let interval = Span::from_s(interval);
            let buckets = reader.history(&site(id), second(from), second(to), interval);
            all.push(format!("{buckets:?}"));
        }
    }
    for limit in [3, usize::MAX] {
        all.push(format!("{:?}", reader.commands(None, limit)));
        all.push(format!("{:?}", reader.transactions(None, Time::NEVER, limit)));
    }
    for id in 0..9 {
        all.push(format!("{:?}", reader.session(&session(id))));
        all.push(format!("{:?}", reader.command(&format!("cmd_{id}"))));
        all.push(format!("{:?}", reader.idempotent(&format!("answer {id}"))));
    }
    all
}

/// What the documentation says of a history, a second at a time.
fn by_the_second(facts: &[Fact], from: i64, to: i64, interval: i64) -> Vec<Bucket> {
    let mut rows = BTreeMap::new();
    for fact in facts {
        match fact {
            Fact::History(row) if row.site == site(0) => rows.insert(row.at, Some(row)),
            Fact::HistoryGap(of, at) if *of == site(0) => rows.insert(*at, None),
            _ => None,
        };
    }
    let mut buckets = Vec::new();
    let mut begin = from;
    while begin < to {
        let known: Vec<&HistoryRow> = (begin..(begin + interval).min(to))
            .filter_map(|now| rows.range(..=second(now)).next_back().map(|last| (now, last)))
            .filter(|(now, (at, _))| second(*now).since(**at) < HISTORY_HOLDS)
            .filter_map(|(_, (_, row))| *row)
            .collect();
        if !known.is_empty() {
            let seconds = known.len() as f64;
            buckets.push(Bucket {
                at: second(begin),
                allocated_w: known.iter().map(|row| row.allocated.0).sum::<i64>() as f64 / seconds,
                draw_w: known.iter().map(|row| row.draw.0).sum::<i64>() as f64 / seconds,
                active_sessions: known.iter().map(|row| row.active_sessions).max().unwrap_or(0),
            });
        }
        begin += interval;
    }
    buckets
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..Default::default() })]

    #[test]
    fn both_stores_answer_the_same(steps in steps()) {
        let folder = tempfile::tempdir().unwrap();
        let mut memory = Memory::new(FOR_EVER);
        let mut sqlite = open(folder.path());
        for step in steps {
            match step {
                Step::Apply(facts) => {
                    memory.apply(&facts).unwrap();
                    sqlite.apply(&facts).unwrap();
                    prop_assert_eq!(sqlite.load().unwrap(), memory.load().unwrap());
                }
                Step::Forget(before) => {
                    while memory.forget(before).unwrap() {}
                    while sqlite.forget(before).unwrap() {}
                }
                Step::Restart => {
                    drop(sqlite);
                    sqlite = open(folder.path());
                }
            }
        }
        prop_assert_eq!(sqlite.load().unwrap(), memory.load().unwrap());
        prop_assert_eq!(answers(&*sqlite.reader().unwrap()), answers(&*memory.reader().unwrap()));
    }

    #[test]
    fn facts_told_again_change_nothing(
        facts in vec(prop_oneof![places().boxed(), happenings().boxed()], 1..30),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let stores: [&mut dyn Store; 2] = [&mut Memory::new(FOR_EVER), &mut open(folder.path())];
        for store in stores {
            store.apply(&facts).unwrap();
            let once = (store.load().unwrap(), answers(&*store.reader().unwrap()));
            store.apply(&facts).unwrap();
            prop_assert_eq!(once, (store.load().unwrap(), answers(&*store.reader().unwrap())));
        }
    }

    #[test]
    fn a_history_is_its_rows_integrated(
        facts in vec(past(), 0..40),
        from in -900..4_000i64,
        length in 1..5_000i64,
        interval in 1..2_000i64,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let stores: [&mut dyn Store; 2] = [&mut Memory::new(FOR_EVER), &mut open(folder.path())];
        let to = from + length;
        let expected = by_the_second(&facts, from, to, interval);
        for store in stores {
            store.apply(&facts).unwrap();
            let reader = store.reader().unwrap();
            let found =
                reader.history(&site(0), second(from), second(to), Span::from_s(interval)).unwrap();
            prop_assert_eq!(found.len(), expected.len(), "{:?}\n{:?}", found, expected);
            for (found, expected) in found.iter().zip(&expected) {
                prop_assert_eq!(found.at, expected.at);
                prop_assert_eq!(found.active_sessions, expected.active_sessions);
                prop_assert!((found.allocated_w - expected.allocated_w).abs() < 1e-6);
                prop_assert!((found.draw_w - expected.draw_w).abs() < 1e-6);
            }
        }
    }
}
