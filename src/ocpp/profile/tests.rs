use super::*;
use crate::time::Span;
use crate::units::Watts;

pub(super) const T0: Time = Time::from_unix_s(1_777_852_800);

/// An absolute profile from `T0` with periods (start in s, tenths of an ampere).
pub(super) fn amps(id: i32, purpose: Purpose, level: i32, periods: &[(i64, i64)]) -> Profile {
    let period = |(start_s, limit): &(i64, i64)| Period {
        start_s: *start_s,
        limit: Tenths(*limit),
        phases: None,
    };
    Profile {
        id,
        transaction_id: None,
        stack_level: level,
        purpose,
        kind: Kind::Absolute,
        recurrency: None,
        valid_from: None,
        valid_to: None,
        schedule: Schedule {
            duration_s: None,
            start: Some(T0),
            unit: RateUnit::A,
            periods: periods.iter().map(period).collect(),
            min_rate: None,
        },
    }
}

fn watts(id: i32, purpose: Purpose, watts: i64, phases: Option<u8>) -> Profile {
    let mut profile = amps(id, purpose, 0, &[(0, watts * 10)]);
    profile.schedule.unit = RateUnit::W;
    profile.schedule.periods[0].phases = phases;
    profile
}

fn for_transaction(id: i32, level: i32, transaction: i64, tenths: i64) -> Profile {
    let profile = amps(id, Purpose::TxProfile, level, &[(0, tenths)]);
    Profile { transaction_id: Some(transaction), ..profile }
}

fn store() -> ProfileStore {
    ProfileStore::new(StationLimits {
        connectors: 2,
        max_stack_level: 3,
        max_periods: 2,
        max_installed: 3,
        allow_amps: true,
        allow_watts: true,
        smart_charging: true,
    })
}

fn running(connector: u32, id: i64) -> Transaction {
    Transaction { connector, id: Some(id), start: T0 }
}

fn ids(store: &ProfileStore) -> Vec<i32> {
    let mut ids: Vec<i32> = store.installed().iter().map(|i| i.profile.id).collect();
    ids.sort_unstable();
    ids
}

fn view<'a>(store: &'a ProfileStore, transactions: &'a [Transaction]) -> Composite<'a> {
    Composite { store, transactions, supply: Supply::stated(230), reading: Reading::default() }
}

const REJECTED: SetOutcome = SetOutcome::Rejected;
const OUT_OF_RANGE: SetOutcome = SetOutcome::Error(Refusal::PropertyConstraintViolation);

#[test]
fn each_refusal_has_its_answer_and_installs_nothing() {
    let fine = || amps(1, Purpose::TxDefaultProfile, 0, &[(0, 160)]);
    let with = |change: fn(&mut Profile)| {
        let mut profile = fine();
        change(&mut profile);
        profile
    };
    let cases = [
        (3, fine(), OUT_OF_RANGE),
        (1, with(|p| p.stack_level = -1), OUT_OF_RANGE),
        (1, with(|p| p.schedule.periods[0].limit = Tenths(-1)), OUT_OF_RANGE),
        (1, with(|p| p.schedule.periods[0].phases = Some(4)), OUT_OF_RANGE),
        (1, with(|p| p.schedule.duration_s = Some(-1)), OUT_OF_RANGE),
        (
            1,
            with(|p| p.schedule.periods.clear()),
            SetOutcome::Error(Refusal::OccurenceConstraintViolation),
        ),
        (1, with(|p| p.stack_level = 4), REJECTED),
        (1, with(|p| p.schedule.periods[0].start_s = 1), REJECTED),
        (1, amps(1, Purpose::TxDefaultProfile, 0, &[(0, 1), (0, 2)]), REJECTED),
        (1, amps(1, Purpose::TxDefaultProfile, 0, &[(0, 1), (5, 2), (6, 3)]), REJECTED),
        (1, with(|p| p.kind = Kind::Recurring), REJECTED),
        (1, with(|p| p.purpose = Purpose::ChargePointMaxProfile), REJECTED),
        (0, for_transaction(1, 0, 7, 160), REJECTED),
        (1, for_transaction(1, 0, 8, 160), REJECTED),
        (2, for_transaction(1, 0, 7, 160), REJECTED),
        (1, with(|p| p.purpose = Purpose::TxProfile), REJECTED),
    ];
    for (connector, profile, expected) in cases {
        let mut store = store();
        let outcome = store.set(connector, profile.clone(), &[running(1, 7)], T0);
        assert_eq!(outcome, expected, "{profile:?} on {connector}");
        assert!(store.installed().is_empty());
    }
    let accepted = store().set(1, for_transaction(1, 3, 7, 160), &[running(1, 7)], T0);
    assert_eq!(accepted, SetOutcome::Accepted);
}

#[test]
fn units_and_the_feature_itself_can_be_missing() {
    let profile = || watts(1, Purpose::TxDefaultProfile, 11_000, None);
    let mut no_watts = ProfileStore::new(StationLimits { allow_watts: false, ..*store().limits() });
    assert_eq!(no_watts.set(1, profile(), &[], T0), REJECTED);
    let mut none = ProfileStore::new(StationLimits { smart_charging: false, ..*store().limits() });
    let refused = SetOutcome::Error(Refusal::NotSupported);
    assert_eq!(none.set(1, profile(), &[], T0), refused);
    assert_eq!(none.set_pending(1, profile()), SetOutcome::NotSupported);
}

#[test]
fn the_maximum_counts_what_is_left_after_replacement() {
    let mut store = store();
    for level in 0..3 {
        store.install(1, amps(level, Purpose::TxDefaultProfile, level, &[(0, 160)]), T0);
    }
    let another = amps(9, Purpose::TxDefaultProfile, 3, &[(0, 160)]);
    assert_eq!(store.set(1, another, &[], T0), REJECTED);
    let same_level = amps(9, Purpose::TxDefaultProfile, 2, &[(0, 100)]);
    assert_eq!(store.set(1, same_level, &[], T0), SetOutcome::Accepted);
    assert_eq!(ids(&store), [0, 1, 9]);
    let moved = amps(0, Purpose::TxDefaultProfile, 2, &[(0, 100)]);
    assert_eq!(store.set(1, moved, &[], T0), SetOutcome::Accepted);
    assert_eq!(ids(&store), [0, 1], "one replaced by its id, one by its level");
}

#[test]
fn a_profile_moves_to_another_connector_with_its_id() {
    let mut store = store();
    store.install(1, amps(5, Purpose::TxDefaultProfile, 0, &[(0, 160)]), T0);
    store.install(2, amps(5, Purpose::TxDefaultProfile, 0, &[(0, 100)]), T0);
    assert_eq!(store.installed().len(), 1);
    assert_eq!(store.get(5).map(|installed| installed.connector), Some(2));
}

#[test]
fn a_remote_start_profile_waits_is_obeyed_and_learns_its_transaction() {
    let mut store = store();
    let mut profile = amps(1, Purpose::TxProfile, 0, &[(0, 200)]);
    profile.kind = Kind::Relative;
    assert_eq!(store.set_pending(1, for_transaction(1, 0, 7, 200)), REJECTED);
    assert_eq!(store.set_pending(1, amps(1, Purpose::TxDefaultProfile, 0, &[(0, 1)])), REJECTED);
    assert_eq!(store.set_pending(1, profile), SetOutcome::Accepted);
    assert!(store.installed().is_empty());

    assert!(store.bind_pending(1, None, T0));
    let unanswered = [Transaction { id: None, ..running(1, 0) }];
    assert_eq!(view(&store, &unanswered).limit(1, T0).current, Some(DeciAmps(200)));
    assert!(store.bind_pending(1, Some(123), T0));
    assert!(!store.bind_pending(1, Some(124), T0), "bound once and for all");
    assert_eq!(store.get(1).and_then(|i| i.profile.transaction_id), Some(123));
    assert_eq!(view(&store, &[running(1, 123)]).limit(1, T0).current, Some(DeciAmps(200)));
    assert_eq!(view(&store, &[running(1, 124)]).limit(1, T0).current, None);
    assert!(store.transaction_ended(1));
    assert!(store.installed().is_empty());
}

#[test]
fn a_reboot_keeps_all_but_the_profiles_of_lost_transactions() {
    let mut store = store();
    store.install(0, amps(1, Purpose::ChargePointMaxProfile, 0, &[(0, 320)]), T0);
    store.install(1, for_transaction(2, 0, 7, 160), T0);
    store.install(2, for_transaction(3, 0, 8, 160), T0);
    store.set_pending(2, amps(4, Purpose::TxProfile, 0, &[(0, 100)]));
    store.after_reboot(&[running(1, 7)]);
    assert_eq!(ids(&store), [1, 2]);
    assert!(!store.cancel_pending(2));
}

#[test]
fn the_strictest_purpose_wins_and_the_answer_lasts_until_one_changes() {
    let mut store = store();
    store.install(0, amps(1, Purpose::ChargePointMaxProfile, 0, &[(0, 130), (400, 60)]), T0);
    store.install(1, amps(2, Purpose::TxDefaultProfile, 0, &[(0, 100), (50, 90)]), T0);
    store.install(1, for_transaction(3, 0, 7, 320), T0);
    let with_tx = [running(1, 7)];
    let limit = view(&store, &with_tx).limit(1, T0);
    assert_eq!(limit.current, Some(DeciAmps(130)));
    assert_eq!(limit.until, T0 + Span::from_s(400), "the overruled TxDefault sets no timer");
    let idle = view(&store, &[]).limit(1, T0);
    assert_eq!(idle, Limit { current: Some(DeciAmps(100)), until: T0 + Span::from_s(50) });
}

#[test]
fn watts_become_amperes_rounded_down_and_stay_watts_for_dc() {
    let mut store = store();
    store.install(1, watts(1, Purpose::TxDefaultProfile, 11_000, None), T0);
    let view = view(&store, &[]);
    assert_eq!(view.limit(1, T0).current, Some(DeciAmps(159)), "15.94 A");
    assert_eq!(view.power_limit(1, T0).power, Some(Watts(11_000)));
}

#[test]
fn hardware_on_three_phases_divides_a_one_phase_watt_limit_by_three() {
    let mut store = store();
    store.install(1, watts(1, Purpose::TxDefaultProfile, 3_680, Some(1)), T0);
    let stated = view(&store, &[]);
    assert_eq!(stated.limit(1, T0).current, Some(DeciAmps(160)));
    let fixed = Composite { supply: Supply::fixed(230, 3), ..stated };
    assert_eq!(fixed.limit(1, T0).current, Some(DeciAmps(53)));
}

#[test]
fn a_station_maximum_counts_from_its_installation_when_relative() {
    let mut store = store();
    let mut cap = amps(1, Purpose::ChargePointMaxProfile, 0, &[(0, 320), (60, 160)]);
    cap.kind = Kind::Relative;
    store.install(0, cap, T0);
    let view = view(&store, &[]);
    assert_eq!(view.limit(2, T0).until, T0 + Span::from_s(60));
    assert_eq!(view.limit(1, T0 + Span::from_s(60)).current, Some(DeciAmps(160)));
}

#[test]
fn connectors_that_charge_share_the_station_maximum() {
    let mut store = store();
    store.install(0, amps(1, Purpose::ChargePointMaxProfile, 0, &[(0, 320)]), T0);
    store.install(2, amps(2, Purpose::TxDefaultProfile, 0, &[(0, 100), (9, 90)]), T0);
    let limits = share::shared_limits(&view(&store, &[]), &[1, 2], T0);
    let currents: Vec<_> = limits.iter().map(|limit| limit.current).collect();
    assert_eq!(currents, [Some(DeciAmps(220)), Some(DeciAmps(100))]);
    assert_eq!(limits[0].until, T0 + Span::from_s(9), "what one gives up the other gains");
}

#[test]
fn a_replacement_valid_only_later_leaves_a_gap_until_then() {
    let mut store = store();
    assert_eq!(
        store.set(1, amps(1, Purpose::TxDefaultProfile, 0, &[(0, 100)]), &[], T0),
        SetOutcome::Accepted
    );
    let mut later = amps(2, Purpose::TxDefaultProfile, 0, &[(0, 60)]);
    later.valid_from = Some(T0 + Span::from_s(600));
    assert_eq!(store.set(1, later, &[], T0), SetOutcome::Accepted);
    let gap = view(&store, &[]).limit(1, T0);
    assert_eq!(gap, Limit { current: None, until: T0 + Span::from_s(600) });
    let then = view(&store, &[]).limit(1, T0 + Span::from_s(600));
    assert_eq!(then.current, Some(DeciAmps(60)));
}

#[test]
fn a_limit_in_amperes_stays_per_phase_when_it_names_more_phases_than_there_are() {
    let mut store = store();
    let mut profile = amps(1, Purpose::TxDefaultProfile, 0, &[(0, 320)]);
    profile.schedule.periods[0].phases = Some(3);
    store.install(1, profile, T0);
    let one_phase = Composite { supply: Supply::fixed(230, 1), ..view(&store, &[]) };
    assert_eq!(one_phase.limit(1, T0).current, Some(DeciAmps(320)), "errata 3.34");
}

#[test]
fn a_changed_or_removed_default_acts_on_the_running_transaction_at_once() {
    let mut store = store();
    let running = [running(1, 7)];
    for tenths in [160, 80] {
        let default = amps(1, Purpose::TxDefaultProfile, 0, &[(0, tenths)]);
        assert_eq!(store.set(0, default, &running, T0), SetOutcome::Accepted);
        assert_eq!(view(&store, &running).limit(1, T0).current, Some(DeciAmps(tenths)));
    }
    let defaults = Some(Purpose::TxDefaultProfile);
    assert!(store.clear(&ClearFilter { purpose: defaults, ..ClearFilter::default() }));
    assert_eq!(view(&store, &running).limit(1, T0).current, None, "errata 3.8");
}
