//! `max_throughput` against a mixed-integer program on instances too large to enumerate.

use ampacity::allocation::{Session, Strategy};
use ampacity::units::Watts;
use good_lp::{Expression, ProblemVariables, Solution, SolverModel, constraint, microlp, variable};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::support::{car, problem, rates};

const INSTANCES: usize = 300;

/// Max sum of rates, each zero or within minimum and cap, on one limit.
fn optimum(sessions: &[Session], capacity: i64) -> f64 {
    let mut variables = ProblemVariables::new();
    let pairs: Vec<_> = sessions
        .iter()
        .map(|_| (variables.add(variable().binary()), variables.add(variable().min(0.0))))
        .collect();
    let total: Expression = pairs.iter().map(|(_, rate)| *rate).sum();
    let mut model = variables.maximise(total.clone()).using(microlp);
    model.add_constraint(constraint!(total.clone() <= capacity as f64));
    for ((on, rate), session) in pairs.iter().zip(sessions) {
        model.add_constraint(constraint!(*rate >= session.min.0 as f64 * *on));
        model.add_constraint(constraint!(*rate <= session.cap.0 as f64 * *on));
    }
    let solution = model.solve().expect("everybody paused is feasible");
    solution.eval(total)
}

#[test]
fn the_total_is_that_of_the_mixed_integer_program() {
    let mut rng = ChaCha8Rng::seed_from_u64(300);
    let (mut instances, mut better_than_equal) = (0, 0);
    for _ in 0..INSTANCES {
        let n = rng.random_range(6..=14);
        let sessions: Vec<Session> = (0..n)
            .map(|id| {
                let min = rng.random_range(14..=74) * 100;
                let cap = min + rng.random_range(0..=12) * rng.random_range(0..=1) * 100;
                Session { min: Watts(min), cap: Watts(cap), ..car(id) }
            })
            .collect();
        let capacity = rng.random_range(50..=300) * 100;
        let total: i64 = rates(&problem(Strategy::MaxThroughput, capacity, &sessions)).iter().sum();
        let equal: i64 = rates(&problem(Strategy::Equal, capacity, &sessions)).iter().sum();
        let best = optimum(&sessions, capacity);
        assert!((total as f64 - best).abs() < 1e-3, "{total} W against {best} W at {capacity} W");
        instances += 1;
        better_than_equal += usize::from(total > equal);
    }
    println!("{instances} instances solved, {better_than_equal} with more than `equal` delivers");
    assert_eq!(instances, INSTANCES);
    assert!(better_than_equal > INSTANCES / 10, "the search matters: {better_than_equal}");
}
