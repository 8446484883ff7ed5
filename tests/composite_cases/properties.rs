//! Properties of the composite limit and of the store over random profiles.

use std::cell::Cell;

use ampacity::ocpp::profile::{
    Composite, Fate, Kind, Maximum, Period, Profile, ProfileStore, Purpose, Query, RateUnit,
    Reading, Recurrency, Remark, Schedule, SetOutcome, StationLimits, Supply, Tenths, Transaction,
    share,
};
use ampacity::time::{Span, Time};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::naive;

/// Random sets compared with the naive evaluation, and for how many seconds each.
const CASES: u32 = 10_000;
const WINDOW_S: i64 = 240;
const CONNECTORS: u32 = 2;

/// Midnight, so that daily recurrences meet the window.
const T0: Time = Time::from_unix_s(1_777_852_800);

fn at(seconds: i64) -> Time {
    T0 + Span::from_s(seconds)
}

/// A random world: profiles in order of arrival, transactions, supply and reading.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) store: ProfileStore,
    pub(crate) transactions: Vec<Transaction>,
    pub(crate) supply: Supply,
    pub(crate) reading: Reading,
}

impl World {
    fn composite(&self) -> Composite<'_> {
        let World { store, transactions, supply, reading } = self;
        Composite { store, transactions, supply: *supply, reading: *reading }
    }
}

/// An instant within or around the window, or absent.
fn instant() -> impl Strategy<Value = Option<Time>> {
    prop_oneof![2 => Just(None), 3 => (-60..WINDOW_S).prop_map(|s| Some(at(s)))]
}

fn periods() -> impl Strategy<Value = Vec<Period>> {
    let phases = prop_oneof![Just(None), (1..=3_u8).prop_map(Some)];
    let step = (1..120_i64, 0..5_000_i64, phases);
    prop::collection::vec(step, 1..4).prop_map(|steps| {
        let mut start = 0;
        let mut periods = Vec::new();
        for (length, limit, phases) in steps {
            periods.push(Period { start_s: start, limit: Tenths(limit), phases });
            start += length;
        }
        periods
    })
}

fn schedule() -> impl Strategy<Value = Schedule> {
    let duration = prop_oneof![
        2 => Just(None),
        3 => (0..300_i64).prop_map(Some),
        1 => (86_300..90_000_i64).prop_map(Some),
    ];
    // Whole days away, so that recurrences begin, end and start over inside the window.
    let start = (-9..9_i64, -80..WINDOW_S, any::<bool>())
        .prop_map(|(days, seconds, given)| given.then(|| at(seconds - days * 86_400)));
    let min_rate = prop::option::of((0..300_i64).prop_map(Tenths));
    (duration, start, any::<bool>(), periods(), min_rate).prop_map(
        |(duration_s, start, watts, mut periods, min_rate)| {
            if watts {
                periods.iter_mut().for_each(|period| period.limit.0 *= 40);
            }
            let unit = if watts { RateUnit::W } else { RateUnit::A };
            Schedule { duration_s, start, unit, periods, min_rate }
        },
    )
}

fn purpose() -> impl Strategy<Value = Purpose> {
    prop_oneof![
        Just(Purpose::ChargePointMaxProfile),
        Just(Purpose::TxDefaultProfile),
        Just(Purpose::TxProfile)
    ]
}

fn profile() -> impl Strategy<Value = Profile> {
    let kind = prop_oneof![
        Just((Kind::Absolute, None)),
        Just((Kind::Relative, None)),
        Just((Kind::Recurring, Some(Recurrency::Daily))),
        Just((Kind::Recurring, Some(Recurrency::Weekly))),
    ];
    let transaction = prop_oneof![1 => Just(None), 4 => (1..3_i64).prop_map(Some)];
    (0..8_i32, transaction, 0..3_i32, purpose(), kind, instant(), instant(), schedule()).prop_map(
        |(id, transaction_id, stack_level, purpose, (kind, recurrency), from, to, mut schedule)| {
            if kind == Kind::Recurring {
                schedule.start = schedule.start.or(Some(T0));
            }
            Profile {
                id,
                transaction_id: transaction_id.filter(|_| purpose == Purpose::TxProfile),
                stack_level,
                purpose,
                kind,
                recurrency,
                valid_from: from,
                valid_to: to,
                schedule,
            }
        },
    )
}

/// A profile and a connector that suits its purpose.
fn placed() -> impl Strategy<Value = (u32, Profile)> {
    (profile(), 0..=CONNECTORS).prop_map(|(profile, connector)| match profile.purpose {
        Purpose::ChargePointMaxProfile => (0, profile),
        Purpose::TxDefaultProfile => (connector, profile),
        Purpose::TxProfile => (connector.max(1), profile),
    })
}

fn limits() -> StationLimits {
    StationLimits {
        connectors: CONNECTORS,
        max_stack_level: 2,
        max_periods: 3,
        max_installed: 6,
        allow_amps: true,
        allow_watts: true,
        smart_charging: true,
    }
}

fn world() -> impl Strategy<Value = World> {
    let transaction = |connector: u32| {
        prop::option::of(0..90_i64).prop_map(move |ago| {
            ago.map(|ago| Transaction {
                connector,
                id: Some(i64::from(connector)),
                start: at(-ago),
            })
        })
    };
    let supply = (prop_oneof![Just(230_i64), Just(120_i64)], 1..=3_u8)
        .prop_map(|(voltage_v, phases)| Supply::fixed(voltage_v, phases));
    let reading = (any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(a, b, c)| Reading {
        default_without_transaction: a,
        one_default_stack: b,
        recurs_before_start: c,
    });
    let profiles = prop::collection::vec((placed(), -50..50_i64), 0..8);
    let remote = prop::option::of((profile(), 1..=CONNECTORS));
    (profiles, remote, transaction(1), transaction(2), supply, reading).prop_map(
        |(profiles, remote, first, second, supply, reading)| {
            let mut store = ProfileStore::new(limits());
            for ((connector, profile), installed) in profiles {
                store.install(connector, profile, at(installed));
            }
            let transactions: Vec<Transaction> = first.into_iter().chain(second).collect();
            if let Some((profile, connector)) = remote {
                remote_start(&mut store, connector, profile, &transactions);
            }
            World { store, transactions, supply, reading }
        },
    )
}

/// The profile comes with a RemoteStartTransaction; it waits where no transaction runs.
fn remote_start(
    store: &mut ProfileStore,
    connector: u32,
    profile: Profile,
    transactions: &[Transaction],
) {
    let purpose = Purpose::TxProfile;
    let pending = Profile { purpose, transaction_id: None, ..profile };
    assert_eq!(store.set_pending(connector, pending), SetOutcome::Accepted);
    if let Some(running) = transactions.iter().find(|tx| tx.connector == connector) {
        assert!(store.bind_pending(connector, running.id, T0));
    }
}

fn check<S: Strategy>(
    cases: u32,
    strategy: &S,
    test: impl Fn(S::Value) -> Result<(), TestCaseError>,
) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    if let Err(failure) = TestRunner::new(config).run(strategy, test) {
        panic!("{failure}");
    }
}

#[test]
fn the_composite_limit_equals_a_naive_evaluation_at_every_second() {
    let (compared, limited) = (Cell::new(0_u32), Cell::new(0_u64));
    check(CASES, &world(), |world| {
        let composite = world.composite();
        for connector in 1..=CONNECTORS {
            let (mut limit, mut power) = (composite.limit(connector, at(0)), None);
            for second in 0..WINDOW_S {
                let expected = naive::amps(&world, connector, at(second));
                if at(second) >= limit.until {
                    limit = composite.limit(connector, at(second));
                    power = None;
                }
                prop_assert_eq!(limit.current.map(|c| c.0), expected, "at {}", second);
                let watts = naive::watts(&world, connector, at(second));
                let power =
                    power.get_or_insert_with(|| composite.power_limit(connector, at(second)).power);
                prop_assert_eq!(power.map(|p| p.0), watts, "power at {}", second);
                limited.set(limited.get() + u64::from(expected.is_some()));
            }
        }
        compared.set(compared.get() + 1);
        Ok(())
    });
    let seconds = u64::from(CASES) * u64::from(CONNECTORS) * WINDOW_S as u64;
    println!("{} sets, {} of {seconds} seconds limited", compared.get(), limited.get());
    assert!(compared.get() >= CASES);
    assert!(limited.get() > seconds / 4, "most worlds must say something");
}

#[test]
fn a_composite_schedule_equals_a_naive_evaluation_at_every_second() {
    let compared = Cell::new(0_u32);
    let query = (0..=CONNECTORS, any::<bool>(), 0..60_i64);
    check(CASES, &(world(), query), |(world, (connector, watts, from))| {
        let unit = if watts { RateUnit::W } else { RateUnit::A };
        let maximum = Maximum { connector: Tenths(4_800), station: Tenths(8_000) };
        let from = at(from);
        let query = Query { connector, from, duration_s: WINDOW_S, unit, maximum };
        let periods = world.composite().schedule(&query);
        prop_assert_eq!(periods.first().map(|period| period.start_s), Some(0));
        for pair in periods.windows(2) {
            let same = (pair[0].limit, pair[0].phases, pair[0].unlimited)
                == (pair[1].limit, pair[1].phases, pair[1].unlimited);
            prop_assert!(pair[0].start_s < pair[1].start_s && !same);
        }
        for second in 0..WINDOW_S {
            let found = periods.iter().rev().find(|period| period.start_s <= second);
            let period = found.expect("the first starts at 0");
            let expected = naive::planned(&world, &query, from + Span::from_s(second));
            let (num, den) = (i128::from(period.limit.num), i128::from(period.limit.den));
            let got = (!period.unlimited).then_some(naive::Fraction { num, den });
            prop_assert_eq!(got, expected, "at {}", second);
        }
        compared.set(compared.get() + 1);
        Ok(())
    });
    println!("{} schedules", compared.get());
    assert!(compared.get() >= CASES);
}

/// Of every profile it is said why it is or is not the limit, and that fits the limit.
#[test]
fn the_account_of_an_instant_fits_its_limit() {
    let limiting = Cell::new(0_u32);
    check(2_000, &(world(), 0..=CONNECTORS, any::<bool>()), |(world, connector, watts)| {
        let unit = if watts { RateUnit::W } else { RateUnit::A };
        let maximum = Maximum { connector: Tenths(4_800), station: Tenths(20_000) };
        let query = Query { connector, from: T0, duration_s: WINDOW_S, unit, maximum };
        for period in world.composite().schedule(&query) {
            let t = T0 + Span::from_s(period.start_s);
            let composite = world.composite();
            let account = composite.account(&query, t);
            let speaks = |remark: &&Remark<'_>| matches!(remark.fate, Fate::Limits | Fate::Looser);
            prop_assert_eq!(account.iter().filter(speaks).count() == 0, period.unlimited);
            let limits = account.iter().filter(|remark| remark.fate == Fate::Limits);
            if connector > 0 {
                prop_assert_eq!(limits.clone().count() == 0, period.unlimited, "{:?}", account);
            }
            for remark in limits {
                limiting.set(limiting.get() + 1);
                let purpose = remark.installed.profile.purpose;
                let same = |other: &&Remark<'_>| {
                    speaks(other)
                        && other.connector == remark.connector
                        && other.installed.profile.purpose == purpose
                };
                prop_assert_eq!(account.iter().filter(same).count(), 1, "one of a stack");
            }
        }
        Ok(())
    });
    assert!(limiting.get() > 1_000, "only {} limits explained", limiting.get());
}

#[test]
fn the_limit_holds_until_it_says() {
    check(1_000, &(world(), 0..WINDOW_S), |(world, second)| {
        let composite = world.composite();
        let limit = composite.limit(1, at(second));
        prop_assert!(limit.until > at(second));
        let last = Time(limit.until.0.min(at(WINDOW_S + 90_000).0) - 1);
        for later in [Time((at(second).0 + last.0) / 2), last] {
            prop_assert_eq!(composite.limit(1, later).current, limit.current, "at {}", later);
        }
        Ok(())
    });
}

#[test]
fn no_limit_exceeds_that_of_a_purpose_that_applies() {
    check(1_000, &(world(), 0..WINDOW_S), |(world, second)| {
        let (composite, t) = (world.composite(), at(second));
        for connector in 1..=CONNECTORS {
            let current = composite.limit(connector, t).current;
            let volts = i128::from(world.supply.voltage_v);
            let fed = i128::from(world.supply.min_phases);
            for rate in naive::applying(&world, connector, t) {
                let current = i128::from(current.expect("something applies").0);
                let limit = i128::from(rate.limit.0);
                match rate.unit {
                    RateUnit::A => prop_assert!(current <= limit),
                    // The hardware feeds at least this many phases, whatever the profile names.
                    RateUnit::W => prop_assert!(current * volts * fed <= limit),
                }
            }
        }
        let charging: Vec<u32> = (1..=CONNECTORS).collect();
        let shared = share::shared_limits(&composite, &charging, t);
        for (limit, connector) in shared.iter().zip(&charging) {
            prop_assert!(
                limit.current.is_some() == composite.limit(*connector, t).current.is_some()
            );
            prop_assert!(limit.current <= composite.limit(*connector, t).current);
        }
        if let Some(cap) = composite.station_limit(t).current {
            let total: i64 = shared.iter().filter_map(|limit| limit.current).map(|c| c.0).sum();
            prop_assert!(total <= cap.0);
        }
        Ok(())
    });
}

#[test]
fn a_higher_limit_in_a_profile_never_lowers_the_composite() {
    let raise = (0..8_usize, 0..3_usize, 1..2_000_i64);
    check(1_000, &(world(), raise, 0..WINDOW_S), |(world, (which, period, by), second)| {
        let mut raised = ProfileStore::new(limits());
        for (index, installed) in world.store.installed().iter().enumerate() {
            let mut profile = installed.profile.clone();
            if let Some(period) = profile.schedule.periods.get_mut(period)
                && index == which
            {
                period.limit.0 += by;
            }
            raised.install(installed.connector, profile, installed.at);
        }
        let t = at(second);
        let before = world.composite().limit(1, t).current;
        let after = Composite { store: &raised, ..world.composite() }.limit(1, t).current;
        prop_assert!(after >= before);
        Ok(())
    });
}

#[test]
fn a_store_never_holds_two_profiles_of_one_id_or_one_place() {
    let requests = prop::collection::vec((placed(), 0..=CONNECTORS + 1, any::<bool>()), 0..20);
    let running = [1, 2].map(|c| Transaction { connector: c, id: Some(c.into()), start: T0 });
    let accepted = Cell::new(0_u32);
    check(1_000, &requests, |requests| {
        let mut store = ProfileStore::new(limits());
        for ((suitable, profile), any_connector, stray) in requests {
            let connector = if stray { any_connector } else { suitable };
            let before = store.clone();
            let outcome = store.set(connector, profile.clone(), &running, T0);
            if outcome == SetOutcome::Accepted {
                accepted.set(accepted.get() + 1);
                prop_assert_eq!(store.get(profile.id).map(|i| &i.profile), Some(&profile));
            } else {
                prop_assert_eq!(&store, &before);
            }
            let installed = store.installed();
            prop_assert!(installed.len() <= limits().max_installed);
            for (index, one) in installed.iter().enumerate() {
                for other in &installed[index + 1..] {
                    let (a, b) = (&one.profile, &other.profile);
                    let place = (one.connector, a.purpose, a.stack_level);
                    prop_assert_ne!(a.id, b.id);
                    prop_assert_ne!(place, (other.connector, b.purpose, b.stack_level));
                }
            }
        }
        Ok(())
    });
    assert!(accepted.get() > 1_000, "only {} accepted", accepted.get());
}
