//! Stories on networks: feeders, phases, shared maximums, unbalance. Rates in watts.

use ampacity::allocation::Strategy::{
    EarliestDeadlineFirst, Equal, FirstComeFirstServed, LeastLaxityFirst, MaxThroughput, Priority,
    RoundRobin,
};
use ampacity::allocation::network::{
    Grid, Kind, Limits, Network, Node, PhaseRotation, Phases, Place,
};
use ampacity::allocation::{
    Problem, Reason, Rotation, Session, Share, Strategy, admission_order, solve,
};
use ampacity::time::Span;
use ampacity::units::Watts;

use crate::support::{NOW, ROTATION, apply, car, charge, problem};

const SITE: i64 = 100_000;
const FEEDER_32A: [Watts; 3] = [Watts(7360); 3];

/// A car of one phase up to 32 A, in steps of 1 A.
fn one_phase(id: u64) -> Session {
    let (min, cap, step) = (Watts(1380), Watts(7360), Watts(230));
    Session { min, cap, hardware: cap, step, ..car(id) }
}

/// One of three phases up to 32 A.
fn three_phase(id: u64) -> Session {
    let (min, cap, step) = (Watts(4140), Watts(22_080), Watts(690));
    Session { min, cap, hardware: cap, step, ..car(id) }
}

fn at(node: usize, phases: Phases) -> Place {
    Place { node, phases }
}

/// What a problem on this network comes to.
fn within<T>(
    (network, places): (&Network, &[Place]),
    problem: &Problem<'_>,
    solve: impl Fn(&Problem<'_>) -> T,
) -> T {
    let limits = Limits::new(network);
    let grid = Grid { limits: &limits, held: &limits.unloaded(), places };
    solve(&Problem { network: Some(&grid), ..*problem })
}

fn shares(
    strategy: Strategy,
    network: &Network,
    sessions: &[Session],
    places: &[Place],
) -> Vec<Share> {
    within((network, places), &problem(strategy, SITE, sessions), solve)
}

fn rates(
    strategy: Strategy,
    network: &Network,
    sessions: &[Session],
    places: &[Place],
) -> Vec<i64> {
    let shares = shares(strategy, network, sessions, places);
    shares.into_iter().map(|share| share.rate.0).collect()
}

/// With `max_throughput` an epoch begins with these rates, and they stay for all of it.
fn assert_stays<const N: usize>(
    network: &Network,
    places: &[Place],
    capacity: i64,
    mut sessions: [Session; N],
    expected: &[i64],
) {
    for minute in 0..15 {
        let now = NOW + Span::from_s(60 * minute);
        let rotation = Rotation { epoch_starts: minute == 0, now, ..ROTATION };
        let problem = Problem { rotation, ..problem(MaxThroughput, capacity, &sessions) };
        let shares = within((network, places), &problem, solve);
        let rates: Vec<i64> = shares.iter().map(|share| share.rate.0).collect();
        assert_eq!(rates, expected, "after {minute} min");
        apply(&mut sessions, &shares, now);
        charge(&mut sessions, Span::from_s(60));
    }
}

/// A feeder of 32 A under a site that has plenty.
fn feeder() -> Network {
    let feeder = Node { parent: Some(0), per_phase: Some(FEEDER_32A), ..Node::default() };
    Network { nodes: vec![Node { power: Some(Watts(SITE)), ..Node::default() }, feeder] }
}

#[test]
fn a_full_feeder_is_divided_although_the_site_has_power_to_spare() {
    let sessions = [three_phase(1), three_phase(2), three_phase(3), three_phase(4)];
    let places = [at(1, Phases::ALL), at(1, Phases::ALL), at(1, Phases::ALL), at(0, Phases::ALL)];
    let given = |strategy| rates(strategy, &feeder(), &sessions, &places);
    assert_eq!(given(Equal), [7590, 7590, 6900, 22_080], "32 A among three: 11, 11 and 10");
    assert_eq!(given(FirstComeFirstServed), [22_080, 0, 0, 22_080]);
    assert_eq!(given(RoundRobin)[3], 22_080);
    assert_eq!(given(MaxThroughput).iter().sum::<i64>(), 44_160);
    let reasons = shares(Equal, &feeder(), &sessions, &places);
    let limit = reasons[0].limit.map(|limit| Limits::new(&feeder()).all()[limit]);
    assert_eq!(reasons[0].reason, Reason::Network);
    assert_eq!(limit.map(|limit| (limit.node, limit.kind)), Some((1, Kind::Phase(0))));
    assert_eq!((reasons[3].reason, reasons[3].limit), (Reason::Cap, None));
}

#[test]
fn cars_of_one_phase_fill_l1_and_hold_back_cars_of_three_under_equal() {
    let sessions = [one_phase(1), one_phase(2), one_phase(3), three_phase(4)];
    let places = [Phases::L1, Phases::L1, Phases::L1, Phases::ALL].map(|phases| at(1, phases));
    // On L1 a level of 2208 W loads three times itself and once a third; the car of three phases has
    // its minimum, 6 A, and the others share the 26 A that this leaves.
    assert_eq!(rates(Equal, &feeder(), &sessions, &places), [2070, 2070, 1840, 4140]);
    // Every watt on L1 is worth three to the car of three phases.
    assert_eq!(rates(MaxThroughput, &feeder(), &sessions, &places), [0, 0, 0, 22_080]);
}

#[test]
fn among_the_admitted_the_largest_total_goes_to_cars_of_three_phases() {
    let begun = NOW - Span::from_s(60);
    let started = |car: Session| Session { previous: car.min, last_switch: begun, ..car };
    let sessions = [1, 2, 3].map(|id| started(one_phase(id)));
    let sessions = [sessions.as_slice(), &[started(three_phase(4))]].concat();
    let places = [Phases::L1, Phases::L1, Phases::L1, Phases::ALL].map(|phases| at(1, phases));
    // Within their minimum on-time all keep 6 A; 14 A of L1 are left for the car of three phases.
    assert_eq!(rates(MaxThroughput, &feeder(), &sessions, &places), [1380, 1380, 1380, 9660]);
}

#[test]
fn wired_to_different_phases_three_cars_of_one_phase_charge_at_full() {
    let sessions = [one_phase(1), one_phase(2), one_phase(3)];
    let wired = |rotations: [PhaseRotation; 3]| rotations.map(|rotation| at(1, rotation.first(1)));
    let alike = wired([PhaseRotation::Rst; 3]);
    let rotated = wired([PhaseRotation::Rst, PhaseRotation::Str, PhaseRotation::Trs]);
    for strategy in Strategy::ALL {
        assert_eq!(rates(strategy, &feeder(), &sessions, &rotated), [7360; 3], "{strategy}");
        let total: i64 = rates(strategy, &feeder(), &sessions, &alike).iter().sum();
        assert_eq!(total, 7360, "{strategy}");
    }
}

#[test]
fn two_connectors_share_the_maximum_of_their_charge_point() {
    let point =
        |parent| Node { parent: Some(parent), power: Some(Watts(22_080)), ..Node::default() };
    let network = Network { nodes: vec![Node::default(), point(0), point(0)] };
    let sessions = [three_phase(1), three_phase(2), three_phase(3)];
    let places = [at(1, Phases::ALL), at(1, Phases::ALL), at(2, Phases::ALL)];
    assert_eq!(rates(Equal, &network, &sessions, &places), [11_040, 11_040, 22_080]);
    assert_eq!(rates(FirstComeFirstServed, &network, &sessions, &places), [22_080, 0, 22_080]);
    let heavy = [Session { weight: 3, ..three_phase(1) }, three_phase(2), three_phase(3)];
    assert_eq!(rates(Priority, &network, &heavy, &places), [16_560, 5520, 22_080]);
}

#[test]
fn unbalance_bounds_cars_of_one_and_two_phases_alone() {
    let unbalance = Some(Watts(4600));
    let network = Network { nodes: vec![Node { unbalance, ..Node::default() }] };
    let sessions = [one_phase(1), one_phase(2), one_phase(3), three_phase(4)];
    let l12 = Phases::L1.and(Phases::L2);
    let places = [Phases::L1, l12, Phases::L3, Phases::ALL].map(|phases| at(0, phases));
    // On L1: a car of one phase and half of one of two, 3066 W each before rounding; of 20 A they leave
    // half an ampere, which is a step for the one of two.
    assert_eq!(rates(Equal, &network, &sessions, &places), [2990, 3220, 4600, 22_080]);
}

#[test]
fn a_session_waits_only_for_those_who_share_a_full_limit() {
    let small = Node { parent: Some(0), power: Some(Watts(8500)), ..Node::default() };
    let network = Network { nodes: vec![Node::default(), small, small] };
    let running = |id| Session { previous: Watts(4140), service: 9000, ..three_phase(id) };
    let waits = three_phase(5);
    let sessions = [running(1), running(2), running(3), running(4), waits];
    let places = [1, 1, 2, 2, 1].map(|node| at(node, Phases::ALL));
    let mut turn = problem(Equal, SITE, &sessions);
    turn.rotation.epoch_starts = true;
    let given = within((&network, &places), &turn, solve);
    let rate: Vec<i64> = given.iter().map(|share| share.rate.0).collect();
    assert_eq!(rate, [4140, 0, 4140, 4140, 4140], "the other feeder keeps its two");
    assert_eq!(given[1].reason, Reason::Rotation);
    assert!(given[1].limit.is_some(), "it waits for room on its feeder");
    let order = within((&network, &places), &turn, |turn| admission_order(turn, &[0, 1, 2, 3, 4]));
    assert_eq!(order, [4, 0, 2, 3, 1], "who gave up its place is last");
}

#[test]
fn acceptance_counts_only_where_a_limit_is_contended() {
    let tapering = |id| Session { cap: Watts(6210), ..three_phase(id) };
    let sessions = [tapering(1), tapering(2), tapering(3)];
    let places = [at(1, Phases::ALL), at(1, Phases::ALL), at(0, Phases::ALL)];
    for strategy in Strategy::ALL {
        let given = rates(strategy, &feeder(), &sessions, &places);
        assert_eq!(given, [6210, 6210, 22_080], "{strategy}");
    }
}

#[test]
fn what_is_held_on_a_limit_is_not_divided() {
    let network = feeder();
    let limits = Limits::new(&network);
    let mut held = limits.unloaded();
    held.add(&limits, at(1, Phases::L2), Watts(4600));
    let sessions = [three_phase(1), one_phase(2)];
    let places = [at(1, Phases::ALL), at(1, Phases::L1)];
    let grid = Grid { limits: &limits, held: &held, places: &places };
    let contested =
        Problem { network: Some(&grid), ..problem(FirstComeFirstServed, SITE, &sessions) };
    let given: Vec<i64> = solve(&contested).iter().map(|share| share.rate.0).collect();
    assert_eq!(given, [8280, 4600], "12 A are left on L2, and 20 A of 32 then on L1");
}

#[test]
fn who_has_least_time_goes_first_on_each_feeder() {
    let leaves = |hours: i64, car: Session| Session {
        departure: Some(NOW + Span::from_s(hours * 3600)),
        energy_left: Some(40_000),
        ..car
    };
    let sessions =
        [leaves(9, three_phase(1)), leaves(2, three_phase(2)), leaves(9, three_phase(3))];
    let places = [at(1, Phases::ALL), at(1, Phases::ALL), at(0, Phases::ALL)];
    let given = |strategy| rates(strategy, &feeder(), &sessions, &places);
    assert_eq!(given(EarliestDeadlineFirst), [0, 22_080, 22_080]);
    assert_eq!(given(LeastLaxityFirst), [4140, 17_940, 22_080]);
}

/// Two of one phase and one of two phases on a site that bears little unbalance. The one of two phases
/// alone could use most, but not in its steps of 3 A: what they leave is the place of another car, and
/// with that one in, the two of one phase use more.
#[test]
fn who_takes_the_place_that_steps_leave_is_reckoned_with_at_once() {
    let unbalance = Some(Watts(1918));
    let network = Network { nodes: vec![Node { unbalance, ..Node::default() }] };
    let places = [Phases::L3, Phases::L2, Phases::L2.and(Phases::L3)].map(|phases| at(0, phases));
    let small = |id, min| {
        let cap = Watts(1900);
        Session { arrival: NOW, last_switch: NOW, min: Watts(min), cap, hardware: cap, ..car(id) }
    };
    let since = NOW - Span::from_s(301);
    let (min, cap, step, previous) = (Watts(2760), Watts(4140), Watts(690), Watts(690));
    let both = Session { arrival: since, last_switch: since, min, cap, step, previous, ..car(3) };
    let both = Session { hardware: cap, ..both };
    let sessions = [small(1, 100), small(2, 600), both];
    assert_stays(&network, &places, 3973, sessions, &[1900, 1900, 0]);
}

/// Three cars in steps of 3 A and 1 A, whose fair level leaves power of the feeder unused, because one
/// loads two phases.
#[test]
fn what_the_optimum_lets_a_car_rise_to_does_not_depend_on_what_it_had() {
    let (power, unbalance) = (Some(Watts(10_960)), Some(Watts(7946)));
    let network = Network { nodes: vec![Node { power, unbalance, ..Node::default() }] };
    let phases = [Phases::L1, Phases::L1, Phases::L1.and(Phases::L3), Phases::L2];
    let places = phases.map(|phases| at(0, phases));
    let car = |id, cap, step| {
        let (cap, step) = (Watts(cap), Watts(step));
        let session = Session { arrival: NOW, last_switch: NOW, min: Watts::ZERO, ..car(id) };
        Session { cap, hardware: cap, step, ..session }
    };
    let long = NOW - Span::from_s(301);
    let (service, previous) = (1000, Watts(4830));
    let first =
        Session { arrival: long, last_switch: long, service, previous, ..car(1, 4830, 690) };
    let sessions = [first, car(2, 4600, 230), car(3, 4830, 690), car(4, 1300, 100)];
    assert_stays(&network, &places, 46_580, sessions, &[3450, 2990, 2760, 1300]);
}
