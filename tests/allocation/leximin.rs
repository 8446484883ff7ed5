//! Fair rates on networks against the linear program: the lowest level as high as possible, then the
//! next, and so on. In milliwatts, so that rounding is out of sight.

use ampacity::allocation::{Session, Strategy};
use ampacity::units::Watts;
use good_lp::{
    Expression, ProblemVariables, Solution, SolverModel, Variable, constraint, microlp, variable,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::random_network::{Constraint, two_levels};
use crate::support::{car, problem, rates};

const INSTANCES: usize = 1500;
const MILLI: i64 = 1000;
/// Watts. What one quantum of every session, a milliwatt, can add up to on three phases, and what the
/// program takes for nothing.
const TOLERANCE: f64 = 0.06;
const NOTHING: f64 = 1e-6;

/// A program over the rates, in watts, and a level.
struct Lp<'a> {
    sessions: &'a [Session],
    constraints: &'a [Constraint],
}

fn watts(milli: i64) -> f64 {
    milli as f64 / MILLI as f64
}

impl Lp<'_> {
    /// The largest value of what `objective` makes of rates and level, everybody having at least
    /// `floor`, or `floor` plus the weight times the level where `rises`.
    fn most(
        &self,
        floor: &[f64],
        rises: &[bool],
        objective: impl Fn(&[Variable], Variable) -> Expression,
    ) -> f64 {
        let mut variables = ProblemVariables::new();
        let level = variables.add(variable().min(0.0).max(1e6));
        let bounded =
            |session: &Session| variable().min(watts(session.min.0)).max(watts(session.cap.0));
        let rates: Vec<Variable> =
            self.sessions.iter().map(|session| variables.add(bounded(session))).collect();
        let goal = objective(&rates, level);
        let mut model = variables.maximise(goal.clone()).using(microlp);
        for constraint in self.constraints {
            let parts = constraint.coefficients.iter().zip(&rates);
            let load: Expression = parts.map(|(part, rate)| *part as f64 / 6.0 * *rate).sum();
            model.add_constraint(constraint!(load <= watts(constraint.bound) / 6.0));
        }
        for (at, rate) in rates.iter().enumerate() {
            let weight = if rises[at] { f64::from(self.sessions[at].weight) } else { 0.0 };
            model.add_constraint(constraint!(*rate >= floor[at] + weight * level));
        }
        model.solve().expect("the minimums are feasible").eval(goal)
    }

    /// The leximin of the levels `rate / weight`.
    fn leximin(&self) -> Vec<f64> {
        let n = self.sessions.len();
        let weight = |at: usize| f64::from(self.sessions[at].weight);
        let min = |at: usize| watts(self.sessions[at].min.0);
        let mut rates: Vec<Option<f64>> = vec![None; n];
        while rates.contains(&None) {
            let rises: Vec<bool> = rates.iter().map(Option::is_none).collect();
            let settled = |at: usize| (rates[at].unwrap_or(0.0) - NOTHING).max(0.0);
            let floor: Vec<f64> = (0..n).map(settled).collect();
            let level = self.most(&floor, &rises, |_, level| level.into());
            let at_level = |at: usize| (weight(at) * level).max(min(at));
            let floor: Vec<f64> = (0..n)
                .map(|at| if rises[at] { weight(at) * level - NOTHING } else { floor[at] })
                .collect();
            let none = vec![false; n];
            let stuck: Vec<usize> = (0..n)
                .filter(|&at| rises[at])
                .filter(|&at| {
                    let most = self.most(&floor, &none, |rates, _| rates[at].into());
                    most <= at_level(at) + 1e3 * NOTHING
                })
                .collect();
            assert!(!stuck.is_empty(), "something stops the level");
            stuck.into_iter().for_each(|at| rates[at] = Some(at_level(at)));
        }
        rates.into_iter().flatten().collect()
    }
}

fn draw(rng: &mut ChaCha8Rng) -> Vec<Session> {
    let n = rng.random_range(2..=7);
    (0..n)
        .map(|id| {
            let min = rng.random_range(0..=3) * 1380 * MILLI;
            let cap = Watts(min + rng.random_range(0..=60) * 230 * MILLI);
            let weight = rng.random_range(1..=4);
            Session { min: Watts(min), cap, hardware: cap, step: Watts(1), weight, ..car(id) }
        })
        .collect()
}

#[test]
fn fair_rates_are_those_of_the_linear_program() {
    let mut rng = ChaCha8Rng::seed_from_u64(1500);
    let (mut instances, mut limited, mut worst) = (0, 0, 0.0_f64);
    while instances < INSTANCES {
        let mut sessions = draw(&mut rng);
        let wiring = two_levels(&mut rng, &sessions, MILLI, 0.9);
        let constraints = wiring.constraints();
        let minimums: Vec<i64> = sessions.iter().map(|session| session.min.0).collect();
        let fit = |it: &Constraint| it.load(&minimums) <= it.bound;
        sessions.retain(|session| session.cap > Watts::ZERO);
        if sessions.len() < minimums.len() || !constraints.iter().all(fit) {
            continue;
        }
        instances += 1;
        for strategy in [Strategy::Equal, Strategy::Priority] {
            let mut alike = sessions.clone();
            if strategy == Strategy::Equal {
                alike.iter_mut().for_each(|session| session.weight = 1);
            }
            let ours = wiring.on(&problem(strategy, i64::MAX / 8, &alike), rates);
            let best = Lp { sessions: &alike, constraints: &constraints }.leximin();
            for ((rate, best), session) in ours.iter().zip(&best).zip(&sessions) {
                let off = (watts(*rate) - best).abs();
                worst = worst.max(off);
                limited += usize::from(*rate < session.cap.0);
                assert!(off <= TOLERANCE, "{strategy}: {ours:?} against {best:?} in {wiring:?}");
            }
        }
    }
    println!("{instances} networks, {limited} rates below their caps, at most {worst:.4} W off");
    assert!(limited > INSTANCES, "limits bind: {limited}");
}

/// What fairness costs on networks (allocation.md §2.4): a car of one phase on a full one holds
/// back cars of three.
#[test]
fn equal_delivers_less_than_the_network_permits() {
    let mut rng = ChaCha8Rng::seed_from_u64(925);
    let mut parts: Vec<f64> = Vec::new();
    while parts.len() < INSTANCES {
        let sessions: Vec<Session> =
            draw(&mut rng).into_iter().map(|s| Session { min: Watts::ZERO, ..s }).collect();
        let wiring = two_levels(&mut rng, &sessions, MILLI, 0.6);
        let constraints = wiring.constraints();
        let lp = Lp { sessions: &sessions, constraints: &constraints };
        let none = vec![false; sessions.len()];
        let most = lp.most(&vec![0.0; sessions.len()], &none, |rates, _| rates.iter().sum());
        let equal = wiring.on(&problem(Strategy::Equal, i64::MAX / 8, &sessions), rates);
        let free = wiring.on(&problem(Strategy::MaxThroughput, i64::MAX / 8, &sessions), rates);
        let total = |rates: &[i64]| watts(rates.iter().sum());
        assert!((total(&free) - most).abs() < TOLERANCE, "{free:?}: {most} in {wiring:?}");
        assert!(total(&equal) <= most + TOLERANCE);
        if most > 0.0 {
            parts.push(100.0 * total(&equal) / most);
        }
    }
    let mean = parts.iter().sum::<f64>() / parts.len() as f64;
    let worst = parts.iter().copied().fold(100.0, f64::min);
    println!("equal delivers {mean:.1} % of the most on average, {worst:.1} % at worst");
    assert!(mean < 99.0 && worst < 80.0, "fairness has a price: {mean} {worst}");
}
