//! Worked examples: capacity and caps in tenths of a kilowatt, by hand.

use ampacity::allocation::Strategy::{Equal, FirstComeFirstServed, MaxThroughput, Priority};
use ampacity::allocation::{Reason, Session, Strategy, admission_order, solve};
use ampacity::time::{Span, Time};
use ampacity::units::Watts;

use crate::support::{NOW, car, problem, rates};

/// Rates in units of 0.1 kW.
struct Case {
    name: &'static str,
    capacity: i64,
    min: i64,
    caps: [i64; 3],
    equal: [i64; 3],
    fcfs: [i64; 3],
    /// With weights 3, 1, 1.
    priority: [i64; 3],
    max_throughput_total: i64,
}

const CASES: [Case; 7] = [
    Case {
        name: "three cars on a site that has room for all (the example of the REST API)",
        capacity: 900,
        min: 37,
        caps: [220, 220, 220],
        equal: [220, 220, 220],
        fcfs: [220, 220, 220],
        priority: [220, 220, 220],
        max_throughput_total: 660,
    },
    Case {
        name: "a third does not divide: one gets the odd quantum less",
        capacity: 500,
        min: 37,
        caps: [220, 220, 220],
        equal: [167, 167, 166],
        fcfs: [220, 220, 60],
        priority: [220, 140, 140],
        max_throughput_total: 500,
    },
    Case {
        name: "what the first two leave is below the third's minimum",
        capacity: 460,
        min: 37,
        caps: [220, 220, 220],
        equal: [154, 153, 153],
        fcfs: [220, 220, 0],
        priority: [220, 120, 120],
        max_throughput_total: 460,
    },
    Case {
        name: "the first car tapers to its minimum",
        capacity: 300,
        min: 37,
        caps: [37, 220, 220],
        equal: [37, 132, 131],
        fcfs: [37, 220, 43],
        priority: [37, 132, 131],
        max_throughput_total: 300,
    },
    Case {
        name: "a high minimum binds under priority",
        capacity: 300,
        min: 74,
        caps: [220, 220, 220],
        equal: [100, 100, 100],
        fcfs: [220, 80, 0],
        priority: [152, 74, 74],
        max_throughput_total: 300,
    },
    Case {
        name: "two minimums fit, three do not",
        capacity: 100,
        min: 37,
        caps: [220, 220, 220],
        equal: [50, 50, 0],
        fcfs: [100, 0, 0],
        priority: [63, 37, 0],
        max_throughput_total: 100,
    },
    Case {
        name: "no minimum fits",
        capacity: 30,
        min: 37,
        caps: [220, 220, 220],
        equal: [0, 0, 0],
        fcfs: [0, 0, 0],
        priority: [0, 0, 0],
        max_throughput_total: 0,
    },
];

fn cars(case: &Case, weights: [u32; 3]) -> Vec<Session> {
    let rates = case.caps.into_iter().zip(weights);
    rates
        .zip(1..)
        .map(|((cap, weight), id)| Session {
            weight,
            min: Watts(case.min * 100),
            cap: Watts(cap * 100),
            ..car(id)
        })
        .collect()
}

fn tenths(strategy: Strategy, case: &Case, weights: [u32; 3]) -> Vec<i64> {
    let sessions = cars(case, weights);
    let watts = rates(&problem(strategy, case.capacity * 100, &sessions));
    assert!(watts.iter().all(|rate| rate % 100 == 0), "{}: {strategy} off the grid", case.name);
    watts.into_iter().map(|rate| rate / 100).collect()
}

#[test]
fn worked_examples_come_out_as_by_hand() {
    for case in &CASES {
        let same = [1, 1, 1];
        assert_eq!(tenths(Equal, case, same), case.equal, "equal: {}", case.name);
        assert_eq!(tenths(FirstComeFirstServed, case, same), case.fcfs, "fcfs: {}", case.name);
        assert_eq!(tenths(Priority, case, [3, 1, 1]), case.priority, "priority: {}", case.name);
        let total: i64 = tenths(MaxThroughput, case, same).iter().sum();
        assert_eq!(total, case.max_throughput_total, "max_throughput: {}", case.name);
    }
}

#[test]
fn what_stays_idle_is_what_nobody_can_use() {
    for (case, idle) in CASES.iter().zip([240, 0, 20, 0, 0, 0, 30]) {
        let used: i64 = tenths(FirstComeFirstServed, case, [1, 1, 1]).iter().sum();
        assert_eq!(case.capacity - used, idle, "first_come_first_served: {}", case.name);
    }
    for (case, idle) in CASES.iter().zip([240, 0, 0, 0, 0, 0, 30]) {
        for strategy in [Equal, Priority, MaxThroughput] {
            let used: i64 = tenths(strategy, case, [1, 1, 1]).iter().sum();
            assert_eq!(case.capacity - used, idle, "{strategy}: {}", case.name);
        }
    }
}

#[test]
fn throughput_prefers_the_car_that_takes_more_to_two_that_taper() {
    let small = |id| Session { cap: Watts(4000), ..car(id) };
    let large = Session { min: Watts(7400), cap: Watts(11_000), ..car(3) };
    let sessions = [small(1), small(2), large];
    assert_eq!(rates(&problem(Equal, 10_000, &sessions)), [4000, 4000, 0]);
    assert_eq!(rates(&problem(FirstComeFirstServed, 10_000, &sessions)), [4000, 4000, 0]);
    assert_eq!(rates(&problem(MaxThroughput, 10_000, &sessions)), [0, 0, 10_000]);
}

#[test]
fn without_capacity_everybody_pauses() {
    let sessions = [car(1), car(2), Session { min: Watts::ZERO, ..car(3) }];
    for strategy in Strategy::ALL {
        for capacity in [0, -1, -50_000] {
            assert_eq!(rates(&problem(strategy, capacity, &sessions)), [0, 0, 0], "{strategy}");
        }
    }
}

#[test]
fn no_session_is_no_work_and_one_session_gets_all_it_can() {
    for strategy in Strategy::ALL {
        assert!(rates(&problem(strategy, 10_000, &[])).is_empty());
        assert_eq!(rates(&problem(strategy, 10_050, &[car(1)])), [10_000]);
        assert_eq!(rates(&problem(strategy, 30_000, &[car(1)])), [22_000]);
    }
}

#[test]
fn hardware_below_the_minimum_is_ineligible_but_no_error() {
    let weak = Session { hardware: Watts(3600), ..car(1) };
    let full = Session { wants_power: false, ..car(2) };
    for strategy in Strategy::ALL {
        let sessions = [weak.clone(), full.clone(), car(3)];
        let shares = solve(&problem(strategy, 10_000, &sessions));
        assert_eq!(shares[0].reason, Reason::Ineligible);
        assert_eq!(shares[1].reason, Reason::Ineligible);
        assert_eq!([0, 1, 2].map(|i: usize| shares[i].rate.0), [0, 0, 10_000]);
    }
}

#[test]
fn without_a_minimum_any_multiple_of_the_step_will_do() {
    let sessions: Vec<Session> =
        (1..=3).map(|id| Session { min: Watts::ZERO, ..car(id) }).collect();
    assert_eq!(rates(&problem(Equal, 250, &sessions)), [100, 100, 0]);
    assert_eq!(rates(&problem(FirstComeFirstServed, 250, &sessions)), [200, 0, 0]);
    assert_eq!(rates(&problem(Equal, 1000, &sessions)), [400, 300, 300]);
}

#[test]
fn equal_arrivals_are_told_apart_by_id() {
    let sessions = [9, 7, 8].map(|id| Session { arrival: NOW - Span::from_s(900), ..car(id) });
    assert_eq!(rates(&problem(FirstComeFirstServed, 26_000, &sessions)), [0, 22_000, 4000]);
    assert_eq!(rates(&problem(Equal, 8000, &sessions)), [0, 4000, 4000]);
}

#[test]
fn a_clock_that_went_back_disturbs_nothing() {
    let mut sessions = [car(1), car(2), car(3)];
    sessions[0].previous = Watts(5000);
    sessions[1].previous = Watts(5000);
    for strategy in [Equal, Priority, MaxThroughput] {
        let mut back = problem(strategy, 10_000, &sessions);
        back.rotation.now = NOW - Span::from_s(86_400);
        assert_eq!(rates(&back), [5000, 5000, 0], "{strategy}");
    }
}

#[test]
fn a_change_of_strategy_pauses_nobody_who_can_stay() {
    let running = |id| Session { previous: Watts(5000), service: 9000, ..car(id) };
    let sessions = [car(1), running(2), running(3)];
    for strategy in [Equal, Priority, MaxThroughput] {
        assert_eq!(rates(&problem(strategy, 10_000, &sessions)), [0, 5000, 5000], "{strategy}");
    }
}

#[test]
fn the_reason_names_the_binding_constraint() {
    let tapering = Session { cap: Watts(4000), ..car(1) };
    let own_limit = Session { cap: Watts(5000), hardware: Watts(5000), ..car(2) };
    let sessions = [tapering, own_limit, car(3), car(4)];
    let reasons = |strategy, capacity| -> Vec<Reason> {
        solve(&problem(strategy, capacity, &sessions)).iter().map(|share| share.reason).collect()
    };
    use Reason::{Acceptance, Cap, Rotation, Site};
    assert_eq!(reasons(Equal, 80_000), [Cap, Cap, Cap, Cap], "nobody contends");
    assert_eq!(reasons(Equal, 30_000), [Acceptance, Cap, Site, Site]);
    assert_eq!(reasons(Equal, 12_000), [Acceptance, Site, Site, Rotation]);
    assert_eq!(reasons(FirstComeFirstServed, 12_000), [Acceptance, Cap, Site, Site]);
    assert_eq!(reasons(Equal, 3000), [Site; 4], "less than anybody's minimum");
}

#[test]
fn acceptance_counts_only_while_somebody_contends() {
    let sessions = [1, 2, 3].map(|id| Session { cap: Watts(6000), ..car(id) });
    for strategy in Strategy::ALL {
        assert_eq!(rates(&problem(strategy, 66_000, &sessions)), [22_000; 3], "{strategy}");
        assert_eq!(rates(&problem(strategy, 65_900, &sessions)), [6000; 3], "{strategy}");
    }
}

#[test]
fn power_goes_to_sessions_in_the_strategys_order() {
    let heavy = Session { weight: 5, ..car(3) };
    let full = Session { wants_power: false, ..car(0) };
    let small = |id| Session { cap: Watts(4000), ..car(id) };
    let large = Session { min: Watts(7400), cap: Watts(11_000), ..car(9) };
    let sessions = [heavy, full, car(2), car(1)];
    let order = |strategy, capacity, sessions: &[Session]| {
        let problem = problem(strategy, capacity, sessions);
        let all: Vec<usize> = (0..sessions.len()).collect();
        admission_order(&problem, &all)
    };
    assert_eq!(order(Equal, 30_000, &sessions), [3, 2, 0, 1]);
    assert_eq!(order(FirstComeFirstServed, 30_000, &sessions), [3, 2, 0, 1]);
    assert_eq!(order(Priority, 30_000, &sessions), [0, 3, 2, 1]);
    assert_eq!(order(MaxThroughput, 10_000, &[small(1), small(2), large]), [2, 0, 1]);
}

#[test]
fn extreme_quantities_do_not_overflow() {
    let endless = Watts(i64::MAX);
    let sessions = [1, 2, 3].map(|id| Session {
        cap: endless,
        hardware: endless,
        weight: 1000,
        service: i64::MAX,
        arrival: Time(0),
        ..car(id)
    });
    for strategy in Strategy::ALL {
        let total: i64 = rates(&problem(strategy, 1_000_000_000_000, &sessions)).iter().sum();
        assert_eq!(total, 1_000_000_000_000, "{strategy}");
    }
}
