//! Every strategy against exhaustive search: thousands of small instances, all feasible vectors.
//! Rates are in quanta of 100 W.

use std::cmp::Reverse;

use ampacity::allocation::{Session, Strategy, solve};
use ampacity::units::Watts;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::support::{NOW, car, problem, rates};
use ampacity::time::{Span, Time};

const QUANTUM: i64 = 100;
const INSTANCES: usize = 10_000;

/// One random instance; all sessions are past welcome, minimum on-time and minimum off-time.
struct Instance {
    capacity: i64,
    sessions: Vec<Session>,
}

/// Within half an hour, so that laxities lie close together; unknown for one in five.
fn draw_departure(rng: &mut ChaCha8Rng) -> Option<Time> {
    let stay = Span::from_s(rng.random_range(0..=1800));
    (rng.random_range(0..5) > 0).then(|| NOW + stay)
}

/// What a session may get, normalised by hand: minimum and cap in quanta.
#[derive(Clone, Copy)]
struct Domain {
    min: i64,
    cap: i64,
    step: i64,
}

impl Instance {
    fn draw(rng: &mut ChaCha8Rng, steps: &[i64]) -> Instance {
        let n = rng.random_range(1..=5);
        let sessions = (0..n)
            .map(|id| {
                let arrival = NOW - Span::from_s(3600 + rng.random_range(0..3));
                let step = steps[rng.random_range(0..steps.len())];
                let min = step * rng.random_range(0..=4);
                Session {
                    arrival,
                    weight: rng.random_range(1..=4),
                    min: Watts(min * QUANTUM),
                    cap: Watts(rng.random_range(0..=7) * step * QUANTUM),
                    hardware: Watts((min + rng.random_range(0..=7) * step) * QUANTUM),
                    step: Watts(step * QUANTUM),
                    service: rng.random_range(0..3),
                    previous: Watts(rng.random_range(0..=4) * rng.random_range(0..=1) * QUANTUM),
                    last_switch: NOW - Span::from_s(1800),
                    departure: draw_departure(rng),
                    energy_left: Some(rng.random_range(1..=700)),
                    ..car(id)
                }
            })
            .collect();
        Instance { capacity: rng.random_range(0..=20), sessions }
    }

    fn rates(&self, strategy: Strategy) -> Vec<i64> {
        let watts = rates(&problem(strategy, self.capacity * QUANTUM, &self.sessions));
        watts.into_iter().map(|rate| rate / QUANTUM).collect()
    }

    /// The same when an epoch starts.
    fn rates_of_an_epoch(&self, strategy: Strategy) -> Vec<i64> {
        let mut problem = problem(strategy, self.capacity * QUANTUM, &self.sessions);
        problem.rotation.epoch_starts = true;
        rates(&problem).into_iter().map(|rate| rate / QUANTUM).collect()
    }

    /// `None`: ineligible.
    fn domains(&self) -> Vec<Option<Domain>> {
        let contended =
            self.sessions.iter().map(|s| s.hardware.0 / QUANTUM).sum::<i64>() > self.capacity;
        let domain = |s: &Session| {
            let (min, hardware) = (s.min.0 / QUANTUM, s.hardware.0 / QUANTUM);
            let cap = if contended { (s.cap.0 / QUANTUM).clamp(min, hardware) } else { hardware };
            (hardware > 0).then_some(Domain { min, cap, step: s.step.0 / QUANTUM })
        };
        self.sessions.iter().map(domain).collect()
    }

    /// All vectors of rates within domains and capacity.
    fn feasible(&self) -> Vec<Vec<i64>> {
        let mut vectors = vec![vec![]];
        for domain in self.domains() {
            let mut options = vec![0];
            options.extend(
                domain
                    .into_iter()
                    .flat_map(|d| (d.min.max(d.step)..=d.cap).step_by(d.step as usize)),
            );
            vectors = vectors
                .iter()
                .flat_map(|head: &Vec<i64>| {
                    options.iter().map(|&rate| {
                        let mut vector = head.clone();
                        vector.push(rate);
                        vector
                    })
                })
                .filter(|vector| vector.iter().sum::<i64>() <= self.capacity)
                .collect();
        }
        vectors
    }

    /// Places in the order of a key, ineligible sessions left out.
    fn order<K: Ord>(&self, key: impl Fn(&Session) -> K) -> Vec<usize> {
        let domains = self.domains();
        let mut order: Vec<usize> =
            (0..self.sessions.len()).filter(|&place| domains[place].is_some()).collect();
        order.sort_by_key(|&place| key(&self.sessions[place]));
        order
    }

    /// Who is admitted by minimums in the order given.
    fn admitted(&self, order: &[usize]) -> Vec<bool> {
        let domains = self.domains();
        let mut admitted = vec![false; self.sessions.len()];
        let mut left = self.capacity;
        for &place in order {
            let min = domains[place].expect("ordered sessions are eligible").min;
            if min <= left {
                left -= min;
                admitted[place] = true;
            }
        }
        admitted
    }
}

fn rotation_key(s: &Session) -> (bool, i64, i64, u64) {
    (s.previous == Watts::ZERO, s.service, s.arrival.0, s.id)
}

fn sorted(vector: &[i64]) -> Vec<i64> {
    let mut sorted = vector.to_vec();
    sorted.sort_unstable();
    sorted
}

/// The admitted set is that of admission in rotation order, and no vector with the same set has a
/// larger sorted vector.
fn check_equal(instance: &Instance, feasible: &[Vec<i64>]) {
    let rates = instance.rates(Strategy::Equal);
    let domains = instance.domains();
    let admitted = instance.admitted(&instance.order(rotation_key));
    let same_set = |vector: &&Vec<i64>| {
        vector.iter().zip(&admitted).zip(&domains).all(|((&rate, &admitted), domain)| {
            if admitted { domain.is_some_and(|d| rate >= d.min) } else { rate == 0 }
        })
    };
    let best = feasible.iter().filter(same_set).map(|v| sorted(v)).max().expect("minimums fit");
    assert!(same_set(&&rates), "{rates:?} admits others than {admitted:?}");
    assert_eq!(sorted(&rates), best, "{rates:?} is not leximin for C={}", instance.capacity);
}

/// No feasible vector is larger, read in order of arrival; of departure; of service, when everybody
/// may lose their turn.
fn check_full_power_in_order(instance: &Instance, feasible: &[Vec<i64>]) {
    let check = |rates: Vec<i64>, order: Vec<usize>| {
        let read = |vector: &Vec<i64>| order.iter().map(|&place| vector[place]).collect::<Vec<_>>();
        let best = feasible.iter().map(read).max().expect("nothing is feasible always");
        assert_eq!(read(&rates), best);
    };
    let by_arrival = instance.order(|s| (s.arrival, s.id));
    check(instance.rates(Strategy::FirstComeFirstServed), by_arrival);
    let by_departure = |s: &Session| (s.departure.unwrap_or(Time::NEVER), s.arrival, s.id);
    check(instance.rates(Strategy::EarliestDeadlineFirst), instance.order(by_departure));
    let by_service = instance.order(|s| (s.service, s.arrival, s.id));
    check(instance.rates_of_an_epoch(Strategy::RoundRobin), by_service);
}

/// Time that charging at the cap leaves until departure, seconds; a week where that is unknown.
fn laxity(session: &Session, cap: i64) -> f64 {
    let Some(departure) = session.departure else { return 7.0 * 86_400.0 };
    let energy = session.energy_left.map_or(0.0, |energy| energy as f64);
    departure.since(NOW).s() - energy * 3600.0 / (cap.max(1) * QUANTUM) as f64
}

/// One laxity at the end of the epoch explains all rates to within a quantum.
fn check_least_laxity_first(instance: &Instance) {
    let rates = instance.rates(Strategy::LeastLaxityFirst);
    let domains = instance.domains();
    let cap = |s: &Session| {
        let place = instance.sessions.iter().position(|known| known.id == s.id);
        place.and_then(|place| domains[place]).map_or(0, |domain| domain.cap)
    };
    let in_a_hurry = |s: &Session| (laxity(s, cap(s)) * 1e6).floor() as i64;
    let key = |s: &Session| (s.previous == Watts::ZERO, in_a_hurry(s), s.arrival, s.id);
    let admitted = instance.admitted(&instance.order(key));
    let stakes: Vec<(usize, f64, Domain)> = (0..rates.len())
        .filter(|&place| admitted[place])
        .filter_map(|place| Some((place, domains[place]?)))
        .map(|(place, domain)| (place, laxity(&instance.sessions[place], domain.cap), domain))
        .collect();
    let total: i64 = rates.iter().sum();
    let caps: i64 = stakes.iter().map(|(_, _, domain)| domain.cap).sum();
    assert_eq!(total, caps.min(instance.capacity), "the admitted use all they can");
    let exact = |level: f64, laxity: f64, d: &Domain| {
        let epoch = 900.0;
        (d.cap as f64 * (level - laxity + epoch) / epoch).clamp(d.min as f64, d.cap as f64)
    };
    let (mut low, mut high) = (-1e6, 1e6);
    for _ in 0..100 {
        let level = (low + high) / 2.0;
        let sum: f64 = stakes.iter().map(|(_, laxity, d)| exact(level, *laxity, d)).sum();
        if sum < total as f64 { low = level } else { high = level }
    }
    for (place, laxity, domain) in &stakes {
        let over = rates[*place] as f64 - exact(high, *laxity, domain);
        assert!(over.abs() < 1.0 + 1e-6, "{rates:?} leaves the quota at {place} by {over}");
    }
    let paused = (0..rates.len()).filter(|&place| !admitted[place]);
    assert!(paused.map(|place| rates[place]).all(|rate| rate == 0));
}

/// One level explains all rates to within a quantum, and larger remainders are rounded up first.
fn check_priority(instance: &Instance) {
    let rates = instance.rates(Strategy::Priority);
    let domains = instance.domains();
    let admitted = instance.admitted(&instance.order(|s| (Reverse(s.weight), rotation_key(s))));
    let stakes: Vec<(usize, f64, Domain)> = (0..rates.len())
        .filter(|&place| admitted[place])
        .filter_map(|p| Some((p, f64::from(instance.sessions[p].weight), domains[p]?)))
        .collect();
    let caps: i64 = stakes.iter().map(|(_, _, d)| d.cap).sum();
    let total: i64 = rates.iter().sum();
    assert_eq!(total, caps.min(instance.capacity), "the admitted use all they can");
    let exact =
        |level: f64, weight: f64, d: &Domain| (weight * level).clamp(d.min as f64, d.cap as f64);
    let (mut low, mut high) = (0.0, 100.0);
    for _ in 0..100 {
        let level = (low + high) / 2.0;
        let sum: f64 = stakes.iter().map(|(_, weight, d)| exact(level, *weight, d)).sum();
        if sum < total as f64 { low = level } else { high = level }
    }
    let mut rounded_down: f64 = 0.0;
    let mut rounded_up: f64 = 1.0;
    for (place, weight, d) in &stakes {
        let over = rates[*place] as f64 - exact(high, *weight, d);
        assert!(over.abs() < 1.0 - 1e-9, "{rates:?} leaves the quota at {place}");
        if over < -1e-9 {
            rounded_down = rounded_down.max(-over);
        } else if over > 1e-9 {
            rounded_up = rounded_up.min(1.0 - over);
        }
    }
    assert!(rounded_up > rounded_down - 1e-9, "{rates:?} rounds a smaller remainder up");
    let paused = (0..rates.len()).filter(|&place| !admitted[place]);
    assert!(paused.map(|place| rates[place]).all(|rate| rate == 0));
}

/// No feasible vector has a larger total; among the sets that reach it, the first in rotation
/// order is taken.
fn check_max_throughput(instance: &Instance, feasible: &[Vec<i64>]) {
    let rates = instance.rates(Strategy::MaxThroughput);
    let total = |vector: &Vec<i64>| vector.iter().sum::<i64>();
    let best = feasible.iter().map(total).max().expect("nothing is feasible always");
    assert_eq!(total(&rates), best);
    let domains = instance.domains();
    let order: Vec<usize> = instance
        .order(rotation_key)
        .into_iter()
        .filter(|&place| domains[place].is_some_and(|d| d.min > 0))
        .collect();
    let set = |vector: &Vec<i64>| order.iter().map(|&p| vector[p] > 0).collect::<Vec<_>>();
    let first = feasible.iter().filter(|vector| total(vector) == best).map(set).max();
    assert_eq!(Some(set(&rates)), first, "{rates:?} is not the first best set");
}

#[test]
fn no_strategy_can_be_improved_on_by_exhaustive_search() {
    let mut rng = ChaCha8Rng::seed_from_u64(20_260_504);
    let (mut instances, mut vectors, mut contended) = (0, 0, 0);
    for _ in 0..INSTANCES {
        let instance = Instance::draw(&mut rng, &[1]);
        let feasible = instance.feasible();
        check_equal(&instance, &feasible);
        check_full_power_in_order(&instance, &feasible);
        check_priority(&instance);
        check_least_laxity_first(&instance);
        check_max_throughput(&instance, &feasible);
        instances += 1;
        vectors += feasible.len();
        contended += usize::from(
            instance.order(rotation_key).len() > 1
                && instance.admitted(&instance.order(rotation_key)).contains(&false),
        );
    }
    println!("{instances} instances, {vectors} feasible vectors, {contended} with somebody paused");
    assert_eq!(instances, INSTANCES);
    assert!(vectors > 500_000, "the instances are not trivial: {vectors}");
    assert!(contended > INSTANCES / 4, "minimums compete often enough: {contended}");
}

/// With different steps full power in an order stays exact, and the largest total is missed by
/// less than the coarsest step.
#[test]
fn different_steps_keep_the_optimum_to_within_a_step() {
    let mut rng = ChaCha8Rng::seed_from_u64(230);
    let (mut instances, mut missed) = (0, 0);
    for _ in 0..INSTANCES / 2 {
        let instance = Instance::draw(&mut rng, &[1, 2, 3]);
        let feasible = instance.feasible();
        check_full_power_in_order(&instance, &feasible);
        let total: i64 = instance.rates(Strategy::MaxThroughput).iter().sum();
        let best = feasible.iter().map(|vector| vector.iter().sum::<i64>()).max();
        let gap = best.expect("nothing is feasible always") - total;
        let coarsest = instance.domains().iter().flatten().map(|d| d.step).max().unwrap_or(1);
        assert!((0..coarsest).contains(&gap), "{gap} quanta below the optimum");
        instances += 1;
        missed += usize::from(gap > 0);
    }
    println!("{instances} instances with different steps, {missed} below the optimum");
    assert_eq!(instances, INSTANCES / 2);
}

/// With different steps: nobody can be raised by what is left, and nobody stands higher above one
/// who could take more than by the own step (or on the own minimum) and by what the other's step
/// could not use.
#[test]
fn different_steps_are_fair_to_within_the_quanta_of_both() {
    let mut rng = ChaCha8Rng::seed_from_u64(690);
    for _ in 0..INSTANCES {
        let n = rng.random_range(2..=12);
        let sessions: Vec<Session> = (0..n)
            .map(|id| {
                let step = [100, 230, 690][rng.random_range(0..3)];
                Session {
                    min: Watts(step * rng.random_range(0..=8)),
                    cap: Watts(step * rng.random_range(8..=64)),
                    hardware: Watts(step * 64),
                    step: Watts(step),
                    ..car(id)
                }
            })
            .collect();
        let capacity = rng.random_range(0..n as i64 * 12_000);
        let shares = solve(&problem(Strategy::Equal, capacity, &sessions));
        let total: i64 = shares.iter().map(|share| share.rate.0).sum();
        assert!(total <= capacity);
        for (poor, low) in sessions.iter().zip(&shares) {
            let raisable = low.rate >= poor.min.max(poor.step) && low.rate < poor.cap;
            if !raisable {
                continue;
            }
            assert!(poor.step.0 > capacity - total, "one more quantum of {} fits", poor.id);
            for (rich, high) in sessions.iter().zip(&shares) {
                let fair = rich.min.max(low.rate + rich.step) + poor.step;
                assert!(high.rate < fair, "{low:?} {poor:?} {high:?} {rich:?}");
            }
        }
    }
}
